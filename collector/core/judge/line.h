/* line.h - a straight line through what was learned of a resource, and how far to believe it.
 *
 * Utilisation Law: use = base + slope * load (Denning and Buzen, The Operational Analysis of
 * Queueing Network Models, 1978). The line goes through the bins of a curve by weighted least
 * squares; bins off the line lose weight (Huber, iterated). What a level needs is answered as a
 * range: from the error of slope and base at that distance, from how far the answer lies beyond
 * what was seen, and from how much a short memory disagrees with the long one. */
#pragma once

#include "collector/core/observe/curve.h"

/* One in ten is below p10, one in ten above p90. Loads per second, >= 0; all 0: not known. */
struct pl_estimate {
    double p10, p50, p90;
};

enum pl_line_gap {
    PL_LINE_KNOWN,
    PL_LINE_NEW,  // too few values yet
    PL_LINE_SPAN, // the load did not vary by PL_LINE_SPAN_MIN
    PL_LINE_FLAT, // the use does not follow the load, or too little of it to be told from chance
};

enum { PL_LINE_WEIGHT_MIN = 60 }; // values, before a line is drawn
#define PL_LINE_SPAN_MIN 1.5      // factor between the largest and the smallest load

struct pl_line {
    enum pl_line_gap gap;
    double base, slope;    // PL_LINE_KNOWN; of a flat one the mean use and 0; else 0
    double mean_load;      // around which the two errors are independent
    double level_variance; // of the use at the mean load
    double slope_variance;
    double weight;             // values
    double load_min, load_max; // that were seen for some time
    double drift; // share by which the slope was larger lately than over the long memory
};

/* The line of a curve at that time; its drift is 0. */
struct pl_line pl_line_fit(const struct pl_curve *c, int64_t unix_ms);
/* Lately the mean use was `used` at a mean load of `load`. */
void pl_line_drift(struct pl_line *line, double load, double used);
/* The load at which the use reaches `level`; all 0 unless the line is known and starts below. */
struct pl_estimate pl_line_reach(const struct pl_line *line, double level);
