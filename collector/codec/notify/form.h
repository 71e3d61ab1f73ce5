/* form.h - text in URLs and HTML forms, and text as base64. */
#pragma once

#include "common/base/text.h"

/* Percent-encoded but for letters, digits and "-._~" (RFC 3986 section 2.3): fits any part of a URL
 * and a form. */
void pl_text_percent(struct pl_text *out, struct pl_span in);
/* "Name=value", with '&' in front unless `out` is empty: application/x-www-form-urlencoded. */
void pl_form_field(struct pl_text *out, const char *name, struct pl_span value);
/* Base64 in one line (RFC 4648 section 4). */
void pl_text_base64(struct pl_text *out, struct pl_span in);
