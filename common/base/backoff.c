#include "common/base/backoff.h"

#include "common/base/assert.h"

int64_t pl_backoff_next_ms(struct pl_backoff *b, struct pl_rng *rng)
{
    PL_ASSERT(b->base_ms > 0 && b->cap_ms >= b->base_ms && b->floor_ms <= b->base_ms);
    int64_t ceiling_ms = b->base_ms;
    for (uint32_t i = 0; i < b->attempt && ceiling_ms < b->cap_ms; i++) ceiling_ms *= 2;
    if (ceiling_ms > b->cap_ms) ceiling_ms = b->cap_ms;
    b->attempt++;
    double span_ms = (double)(ceiling_ms - b->floor_ms + 1);
    return b->floor_ms + (int64_t)(pl_rng_unit(rng) * span_ms);
}

void pl_backoff_reset(struct pl_backoff *b)
{
    b->attempt = 0;
}
