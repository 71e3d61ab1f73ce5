#include "collector/core/observe/trail.h"

#include "common/base/base.h"

/* Begin the slot `slot`; those between the last one and it are gaps. */
static void advance(struct pl_trail *t, int64_t slot)
{
    int64_t steps = t->known == 0 ? 1 : PL_MIN(slot - t->slot, PL_TRAIL_SLOTS);
    for (int64_t i = 0; i < steps; i++) t->mean[(slot - i) % PL_TRAIL_SLOTS] = -1;
    t->known = (uint32_t)PL_MIN(t->known + steps, PL_TRAIL_SLOTS);
    t->slot = slot;
    t->count = 0;
}

void pl_trail_step(struct pl_trail *t, double value, int64_t unix_ms)
{
    int64_t slot = PL_MAX(unix_ms, 0) / PL_TRAIL_SLOT_MS;
    if (t->known == 0 || slot > t->slot) advance(t, slot);
    float *mean = &t->mean[t->slot % PL_TRAIL_SLOTS];
    t->count++;
    *mean = t->count == 1 ? (float)value : *mean + ((float)value - *mean) / (float)t->count;
}

double pl_trail_mean(const struct pl_trail *t, uint32_t back)
{
    if (back >= t->known) return -1;
    return (double)t->mean[(t->slot - back) % PL_TRAIL_SLOTS];
}
