/* allowance.h - how often somebody may ask: so many at once, then one more each so often.
 *
 * The generic cell rate algorithm (ITU-T I.371): one moment is all that is remembered. What is
 * refused costs nothing, so whoever keeps asking is let through as often as whoever waits. */
#pragma once

#include "common/base/base.h"

#include <stdint.h>

struct pl_allowance_plan {
    int64_t every_ms; // above 0
    int64_t burst;    // at once, after a pause of burst x every_ms; at least 1
};

struct pl_allowance {
    int64_t full_mono_ms; // when everything is free again; all zero: it is
};

/* Take one. 0: taken; else how long until one is free. */
int64_t pl_allowance_take(struct pl_allowance *a, const struct pl_allowance_plan *plan,
                          int64_t now_mono_ms);
