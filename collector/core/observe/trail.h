/* trail.h - the last hour of one number, as means of ten seconds: what a chart shows of it.
 *
 * A ring of slots cut at multiples of PL_TRAIL_SLOT_MS. Slots nothing came in stay gaps. All zero
 * is an empty trail. */
#pragma once

#include <stdint.h>

enum { PL_TRAIL_SLOT_MS = 10000, PL_TRAIL_SLOTS = 360 };

struct pl_trail {
    int64_t slot;               // newest one, counted from the epoch; 0: nothing came yet
    uint32_t count;             // values in it so far
    uint32_t known;             // slots up to and with the newest one that mean something
    float mean[PL_TRAIL_SLOTS]; // negative: a gap
};

/* One value, >= 0. A time before the newest slot counts into that. */
void pl_trail_step(struct pl_trail *t, double value, int64_t unix_ms);
/* Mean of the slot that is `back` slots before the newest (0: the newest, not over yet); negative:
 * a gap, or longer ago than is known. */
double pl_trail_mean(const struct pl_trail *t, uint32_t back);
