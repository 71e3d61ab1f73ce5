/* curve.h - how much of a resource is used at which load: a point per bin, whatever the age.
 *
 * The load axis is cut into bins of an eighth of an octave (9 %), 32 of them: a factor of 16. Each
 * keeps the mean load of what fell into it and a robust level of use. The level is Huber's location
 * estimate with a clip of half a mean deviation, which is nearly the median: each value moves it by
 * a step that no outlier can make longer. It needs no history, and a step that shrinks with the
 * weight of the bin makes it an average over all of its past, of which PL_CURVE_MEMORY_MS ago
 * counts 1/e. (Huber, Robust Estimation of a Location Parameter, 1964; Robbins and Monro, 1951.)
 *
 * The bins move when the load outgrows them, at once where nothing is lost by it. A value above all
 * of them that would cost some of what is known is left out, and one below counts into the lowest,
 * until PL_CURVE_OUTSIDE_MAX more lay outside than a tenth of those inside: a minute's attack must
 * not cost what days have taught. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum { PL_CURVE_BINS = 32, PL_CURVE_BINS_PER_OCTAVE = 8, PL_CURVE_OUTSIDE_MAX = 24 };
#define PL_CURVE_MEMORY_MS (INT64_C(3) * 86400 * 1000)

struct pl_curve_bin {
    float load;           // mean
    float used;           // level, share of the whole
    float spread;         // mean distance from it
    float weight;         // values in it, forgotten exponentially; 0: empty
    uint32_t unix_minute; // of the newest
};

struct pl_curve {
    bool started;
    int32_t lowest; // number of bins[0]: it begins at a load of 2^(lowest / 8)
    float outside;  // values lately
    struct pl_curve_bin bins[PL_CURVE_BINS];
};

/* Asks memory for what a step at that load will touch. */
void pl_curve_fetch(const struct pl_curve *c, double load);
/* All zero is an empty curve. One value: `load` >= 0, `used` 0 to 1. */
void pl_curve_step(struct pl_curve *c, double load, double used, int64_t unix_ms);
/* The whole of the resource has changed: every use is `factor` (> 0) times what it was. */
void pl_curve_rescale(struct pl_curve *c, double factor);
/* What a bin weighs now, in values. */
double pl_curve_weight(const struct pl_curve_bin *bin, int64_t unix_ms);
