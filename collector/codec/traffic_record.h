/* traffic_record.h - what is remembered of a pool's traffic, as the bytes that Redis keeps.
 *
 *     pl:traffic  field: pool name
 *
 *     u8 version; u8 unit, of enum pl_traffic_source
 *     ladder     i64 unix_ms; f64 known_s, interval_s, newest, variance; 12 f64 level
 *     growth     7 scales and the swell: f64 known_s, waited_s, typical, variance, habit
 *     f64        habit of the swell
 *     baseline   i64 slot; f64 sum, ahead_peak, ahead_recurring; u32 count;
 *                288 times f32 usual, f32 yesterday, u8 days
 *
 * Integers as in common/base/bytes.h, f32 and f64 as the bits of IEEE 754 in them. A day of traffic
 * takes a day to learn again, so a collector that starts reads this back and judges at once. */
#pragma once

#include "collector/core/observe/source.h"
#include "collector/core/observe/traffic.h"
#include "common/base/base.h"
#include "common/base/bytes.h"

enum {
    PL_TRAFFIC_RECORD_BYTES = 3094,
    PL_TRAFFIC_RECORD_AHEAD_MS = 60 * 1000, // what our clock may have been set back by
    PL_TRAFFIC_RECORD_KEEP_DAYS = 30,       // an older record is nobody's everyday any more
};

/* Into `out`, which has room for PL_TRAFFIC_RECORD_BYTES; all of them are written. */
void pl_record_traffic_write(struct pl_writer *out, enum pl_traffic_source unit,
                             const struct pl_traffic *traffic);
/* 0, `*unit` and `*out`; PL_E_VERSION for another layout, PL_E_TRUNCATED or PL_E_SYNTAX for another
 * length, PL_E_RANGE for a number that cannot be, or a time beyond the bounds above. Both are
 * untouched then. */
PL_MUST_CHECK int pl_record_traffic_read(struct pl_span in, int64_t now_unix_ms,
                                         enum pl_traffic_source *unit, struct pl_traffic *out);
