/* quantity.h - numbers as people write them in a configuration or on a command line.
 *
 * A unit is never guessed: a duration or a size that has none is refused (0 needs none), because
 * "hold: 10" means ten seconds to one reader and ten milliseconds to the next. Numbers are plain
 * decimals: no sign except in integers, no leading zeros, no exponent, no blanks. Each function
 * returns 0 and fills `*out`, or leaves it untouched and returns PL_E_SYNTAX, or PL_E_RANGE beyond
 * int64_t. */
#pragma once

#include "common/base/base.h"
#include "common/base/span.h"

/* -12, 0, 345. */
PL_MUST_CHECK int pl_quantity_integer(struct pl_span in, int64_t *out);
/* 250ms, 10s, 5m, 2h, 7d, 0: milliseconds. */
PL_MUST_CHECK int pl_quantity_duration(struct pl_span in, int64_t *out_ms);
/* 0.75 or 75%: parts per million, so at most six decimals (four before a % sign). */
PL_MUST_CHECK int pl_quantity_share(struct pl_span in, int64_t *out_ppm);
/* 512B, 64KiB, 64 MiB, 2GiB, 0: bytes. One blank before the unit is allowed. */
PL_MUST_CHECK int pl_quantity_size(struct pl_span in, int64_t *out_bytes);
