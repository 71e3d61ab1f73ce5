#include "common/base/rng.h"

#include "common/base/assert.h"

struct pl_rng pl_rng_init(uint64_t seed)
{
    return (struct pl_rng){seed};
}

uint64_t pl_rng_u64(struct pl_rng *rng)
{
    uint64_t z = (rng->state += 0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
}

uint32_t pl_rng_below(struct pl_rng *rng, uint32_t limit)
{
    PL_ASSERT(limit > 0);
    return (uint32_t)(((pl_rng_u64(rng) >> 32) * limit) >> 32);
}
