/* rng.h - seeded pseudo-random numbers for jitter, simulations and property tests. Not for secrets.
 * SplitMix64 (Steele, Lea, Flood: "Fast Splittable Pseudorandom Number Generators", 2014). */
#pragma once

#include <stdint.h>

struct pl_rng {
    uint64_t state;
};

/* Any seed is good, 0 too. */
struct pl_rng pl_rng_init(uint64_t seed);
uint64_t pl_rng_u64(struct pl_rng *rng);
/* Uniform in [0, limit); `limit` at least 1. The bias of the multiply-shift is below 2^-32. */
uint32_t pl_rng_below(struct pl_rng *rng, uint32_t limit);
