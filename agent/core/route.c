#include "agent/core/route.h"

#include "common/base/assert.h"

void pl_route_init(struct pl_route *r, uint32_t count, uint64_t seed)
{
    PL_ASSERT(count > 0);
    *r = (struct pl_route){.count = count,
                           .backoff = {.floor_ms = PL_ROUTE_FLOOR_MS,
                                       .base_ms = PL_ROUTE_BASE_MS,
                                       .cap_ms = PL_ROUTE_CAP_MS},
                           .rng = pl_rng_init(seed)};
}

void pl_route_prove(struct pl_route *r)
{
    r->proved = true;
    pl_backoff_reset(&r->backoff);
}

int64_t pl_route_fail(struct pl_route *r, enum pl_route_end end)
{
    r->backoff.cap_ms = end == PL_ROUTE_ANSWERED ? PL_ROUTE_ANSWERED_CAP_MS : PL_ROUTE_CAP_MS;
    uint32_t round = r->backoff.attempt;
    int64_t wait_ms = pl_backoff_next_ms(&r->backoff, &r->rng);
    bool list_failed = !r->proved && r->index + 1 == r->count;
    if (!list_failed) r->backoff.attempt = round;
    r->index = r->proved || list_failed ? 0 : r->index + 1;
    r->proved = false;
    return wait_ms;
}
