/* ics_line.h - content lines of a calendar (RFC 5545 section 3.1): folded at 75 octets, never
 * within a character, ended with CR LF. */
#pragma once

#include "common/base/text.h"

/* `name` with its ':', and the value in two parts that need no escape; "" for none. */
void pl_ics_line(struct pl_text *out, const char *name, const char *value, const char *more);
/* A value of type TEXT (section 3.3.11): backslash, comma, semicolon and line end are escaped,
 * other control characters left out. */
void pl_ics_text(struct pl_text *out, const char *name, const char *text);
/* "20261224T170000Z". */
void pl_ics_time(struct pl_text *out, const char *name, int64_t unix_s);
