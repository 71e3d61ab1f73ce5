/* random.h - what only tests draw from a seeded generator. */
#pragma once

#include "common/base/rng.h"

/* Uniform in [0, 1). */
static inline double pl_rng_unit(struct pl_rng *rng)
{
    return (double)(pl_rng_u64(rng) >> 11) * 0x1p-53;
}
