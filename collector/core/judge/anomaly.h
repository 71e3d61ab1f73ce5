/* anomaly.h - how unusual is this value of a series that has no capacity: a score in [0, 1].
 *
 * For context on dashboards and in pages (latency, errors, saturation signals), never a reason to
 * page. Each trait of a value (trait.h) is turned into its rarity among its own past (rarity.h);
 * the two rarest together are the surprise. Beside it stands the size of the jump itself, not
 * ranked, because ranks mean little where the history is short or noise is coarse.
 *
 * A surprise is told once: the score is 0 until something is more unusual than what was said within
 * the last 17 hours, and a series that is often surprising must be more so each time. 0.5 is where
 * it deserves a look. One detector and one set of constants for every series; how often the series
 * is sampled is learned from its stamps. Fixed memory, bounded work per value, no look ahead. */
#pragma once

#include "collector/core/judge/rarity.h"
#include "collector/core/judge/trait.h"

enum { PL_ANOMALY_PEAKS_MAX = 64 }; // past surprises kept; then the least one makes room

struct pl_anomaly {
    struct pl_traits traits;
    struct pl_rarity past[PL_TRAIT_COUNT];
    int64_t last_unix_s;
    double interval_s; // usual time between values; 0: not known yet
    bool has_begun;

    double told;        // the largest surprise told in the running episode; 0: none is running
    uint32_t told_rows; // values since it was told
    double peaks[PL_ANOMALY_PEAKS_MAX]; // what was told in episodes that have ended
    uint32_t peak_count;
};

void pl_anomaly_init(struct pl_anomaly *a);
/* One more value and the time it was taken. Stamps may repeat, step back or leave holes. Returns
 * its score, 0 for the first PL_TRAIT_WARM_ROWS values. A gap (NAN) scores 0 and teaches nothing;
 * infinite and huge values count as 1e100. */
double pl_anomaly_step(struct pl_anomaly *a, double value, int64_t unix_s);
