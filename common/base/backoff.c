#include "common/base/backoff.h"

#include "common/base/assert.h"

int64_t pl_backoff_next_ms(struct pl_backoff *b, struct pl_rng *rng)
{
    PL_ASSERT(b->base_ms > 0 && b->cap_ms >= b->base_ms && b->floor_ms <= b->base_ms);
    PL_ASSERT(b->floor_ms >= 0 && b->cap_ms < UINT32_MAX);
    int64_t ceiling_ms = b->base_ms;
    for (uint32_t i = 0; i < b->attempt && ceiling_ms < b->cap_ms; i++) ceiling_ms *= 2;
    if (ceiling_ms > b->cap_ms) ceiling_ms = b->cap_ms;
    b->attempt++;
    return b->floor_ms + pl_rng_below(rng, (uint32_t)(ceiling_ms - b->floor_ms + 1));
}

void pl_backoff_reset(struct pl_backoff *b)
{
    b->attempt = 0;
}
