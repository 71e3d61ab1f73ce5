/* ladder.h - a series as averages of every memory from seconds to a day.
 *
 * Exponential averages on irregular time steps: a sample that comes dt after the one before it
 * weighs 1 - exp(-dt / memory), so that one sample a second and one an hour give the same picture,
 * and a gap needs no rule of its own: what is older than the memory is forgotten. While the series
 * is younger than a memory, its average is the plain one of all there is. Two averages of
 * different memory make a slope; that is all the surge rule knows about the past, and it is why its
 * state has a fixed size. The variance of single samples is kept beside them, because small counts
 * jump without anything having changed; for what one second shows, so that samples of a quarter of
 * a second, which jump more, and those of a second tell the same. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* Each memory between the quick one and half an hour is twice the one before it. */
enum pl_rung {
    PL_RUNG_2S,
    PL_RUNG_8S,
    PL_RUNG_15S,
    PL_RUNG_30S,
    PL_RUNG_60S,
    PL_RUNG_2MIN,
    PL_RUNG_4MIN,
    PL_RUNG_8MIN,
    PL_RUNG_16MIN,
    PL_RUNG_32MIN,
    PL_RUNG_HOUR,
    PL_RUNG_DAY,
    PL_RUNG_COUNT,
    PL_RUNG_NOISY_COUNT = PL_RUNG_30S + 1 // the longer memories have averaged it away
};

struct pl_ladder {
    bool started;
    int64_t unix_ms;     // of the newest sample
    double known_s;      // from the first sample to the newest
    double interval_s;   // between it and the one before
    double newest;       // its value
    double variance;     // of one second's value around what it measures, over an hour
    double weights_of_s; // the interval `weight` is made for
    double level[PL_RUNG_COUNT];
    double weight[PL_RUNG_COUNT]; // of the newest sample in each level
    /* Variance of each level whose noise matters, as a share of `variance`. */
    double spread[PL_RUNG_NOISY_COUNT];
};

void pl_ladder_init(struct pl_ladder *l);
/* One more value, >= 0. A time that does not advance counts as PL_LADDER_INTERVAL_MIN_MS. */
enum { PL_LADDER_INTERVAL_MIN_MS = 1 };
void pl_ladder_step(struct pl_ladder *l, double value, int64_t unix_ms);

/* The memory of a rung, seconds. */
double pl_rung_memory_s(enum pl_rung rung);
/* Standard deviation that sampling noise alone gives a level up to PL_RUNG_30S: counts are
 * Poisson-like, so their variance grows with the level; averaging takes off what its weight leaves.
 */
double pl_ladder_noise(const struct pl_ladder *l, enum pl_rung rung);
