/* query.h - percent-decoding, query parameters and times, all strict.
 *
 * A request that is not exactly what the route understands is refused with the name of the
 * offending parameter, so that a misspelt `step` never silently becomes the default. */
#pragma once

#include "common/base/base.h"
#include "common/base/span.h"

/* Decode %XX of `in` into `buf` of `cap` bytes, NUL-terminated. Returns the length, PL_E_SYNTAX
 * for a '%' without two hexadecimal digits, for an encoded or raw control byte and for a byte
 * outside ASCII (nothing here is named with one), PL_E_TOO_BIG if it does not fit. '+' is itself,
 * as in RFC 3986: times carry it, and nothing here holds a blank. */
PL_MUST_CHECK int pl_percent_decode(struct pl_span in, char *buf, size_t cap);

/* The byte that "%XX" at the beginning of `at` stands for, or PL_E_SYNTAX. */
PL_MUST_CHECK int pl_percent_byte(struct pl_span at);
/* Cut the first `name=value` and the '&' behind it off `*query`, which is not empty; neither is
 * decoded. */
void pl_query_next(struct pl_span *query, struct pl_span *name, struct pl_span *value);

enum { PL_QUERY_VALUE_LEN_MAX = 127 };

/* One parameter a route understands. */
struct pl_query_param {
    const char *name;
    bool present;
    char value[PL_QUERY_VALUE_LEN_MAX + 1]; // decoded; empty while not present
};

/* Split name=value&name=value into `params` (`count` items). 0, or PL_E_NOT_FOUND for a name that
 * is not among them, PL_E_DUPLICATE for a repeated one, PL_E_SYNTAX or PL_E_TOO_BIG for a value
 * that does not decode. `*culprit` is then the name as sent. An empty query is fine. */
PL_MUST_CHECK int pl_query_parse(struct pl_span query, struct pl_query_param *params, size_t count,
                                 struct pl_span *culprit);

/* An unsigned decimal number from `min` to `max`, digits only, no sign. */
PL_MUST_CHECK int pl_query_u64(const char *text, uint64_t min, uint64_t max, uint64_t *out);

/* RFC 3339 with a 'T', up to three decimals of the second and 'Z' or an offset, or unsigned unix
 * seconds with up to three decimals; to unix ms, years 1970-9999. PL_E_SYNTAX or PL_E_RANGE. */
PL_MUST_CHECK int pl_query_time(const char *text, int64_t *unix_ms);
