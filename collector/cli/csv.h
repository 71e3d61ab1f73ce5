/* csv.h - one row of a time series: "2026-05-01 14:03:12,87.5".
 *
 * Pure, so that every way a line can be wrong is a unit test. Times are UTC: the form above, RFC
 * 3339, or unix seconds. An empty value or "nan" is a gap, not a mistake: measuring systems have
 * them. */
#pragma once

#include "common/base/base.h"
#include "common/base/span.h"

enum { PL_CSV_LINE_LEN_MAX = 255 };

struct pl_csv_row {
    struct pl_span time_text, value_text; // borrowed from the line
    int64_t unix_ms;
    double value; // NAN: a gap; else finite
};

/* Both take a line without its newline (a final CR is ignored) and return NULL, or what is wrong
 * with it: "has no comma". `*out` is untouched then. */
PL_MUST_CHECK const char *pl_csv_header(struct pl_span line);
PL_MUST_CHECK const char *pl_csv_row(struct pl_span line, struct pl_csv_row *out);

/* A time in one of the forms above, to unix ms. PL_E_SYNTAX or PL_E_RANGE. */
PL_MUST_CHECK int pl_csv_time(struct pl_span text, int64_t *unix_ms);
/* A finite decimal number that fills `text`: digits, sign, point, exponent. */
PL_MUST_CHECK int pl_csv_number(struct pl_span text, double *out);
