/* growth.h - how fast a series grows, beside how fast it grows on ordinary days.
 *
 * Growth is the difference of two rungs of the ladder, per second and as a share of the slower one:
 * 0.001 means a tenth of a per cent more every second. Every series grows and shrinks all day, so a
 * number alone says nothing. Two memories make it news: the *everyday*, the variance of growth over
 * a day, in which no single event counts for much; and the *habit*, the height of the bursts that
 * this series has several times a day (a batch every hour, a crawler), which variance hides because
 * they are short. */
#pragma once

#include "collector/core/observe/ladder.h"

struct pl_growth {
    double per_s;    // now; the rest is about before now
    double typical;  // running median of its size
    double variance; // everyday, winsorised
};

/* Take the slope between two rungs, `fast` being the one with the shorter memory, after each
 * pl_ladder_step(). */
void pl_growth_step(struct pl_growth *g, const struct pl_ladder *l, enum pl_rung fast,
                    enum pl_rung slow);
/* The height of habitual bursts, per second: rises within half an hour, fades over two days. Take
 * growth in as it was before the newest sample's pl_growth_step(); `*habit` begins as 0. */
void pl_growth_habit_step(double *habit, const struct pl_growth *before, const struct pl_ladder *l);
/* Everyday growth, one standard deviation; 0 while nothing is known. */
double pl_growth_everyday(const struct pl_growth *g);
