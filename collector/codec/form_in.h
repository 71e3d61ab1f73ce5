/* form_in.h - the body of a form (application/x-www-form-urlencoded), as browsers and providers
 * send it. */
#pragma once

#include "common/base/base.h"
#include "common/base/span.h"

enum { PL_FORM_FIELDS_MAX = 64 };

struct pl_form_field {
    struct pl_span name, value; // decoded; any bytes but NUL
};

/* Split and decode `body` into `fields` (PL_FORM_FIELDS_MAX), in its order; their bytes are in
 * `buf`, which has room for body.len. Returns how many. PL_E_SYNTAX: a '%' without two hexadecimal
 * digits, a NUL, or a field without a name; PL_E_FULL: too many fields. */
PL_MUST_CHECK int pl_form_parse(struct pl_span body, uint8_t *buf, struct pl_form_field *fields);
/* The value of the first field of that name; empty if there is none. */
struct pl_span pl_form_value(const struct pl_form_field *fields, int count, const char *name);
