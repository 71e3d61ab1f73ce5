/* growth.h - how fast a series grows, beside how fast it grows on ordinary days.
 *
 * Growth is the difference of two rungs of the ladder, per second and as a share of the slower one:
 * 0.001 means a tenth of a per cent more every second. Every series grows and shrinks all day, so a
 * number alone says nothing. Two memories make it news: the *everyday*, the variance of growth over
 * a day, in which no single event counts for much; and the *habit*, the height of the bursts that
 * this series has several times a day (a batch every hour, a crawler), which variance hides because
 * they are short. While less than a day is known, all of it counts the same.
 *
 * Neighbouring values of growth are nearly the same, so they are remembered only four times per
 * memory of the faster rung: most samples cost nothing here. */
#pragma once

#include "collector/core/observe/ladder.h"

/* What is remembered of the growth between two rungs. */
struct pl_growth {
    double known_s;  // remembered so far
    double waited_s; // since it was last looked at
    double typical;  // running median of its size
    double variance; // everyday, winsorised
    double habit;    // of bursts: rises within half an hour, fades over two days
};

/* Growth between two rungs now, `fast` being the one with the shorter memory; 0 where samples come
 * too seldom to tell them apart. */
double pl_growth_now(const struct pl_ladder *l, enum pl_rung fast, enum pl_rung slow);
/* How long growth of a rung need not be looked at again. */
double pl_growth_rest_s(enum pl_rung fast);
/* Remember growth as it is, `passed_s` after the last call; to be called before a pl_ladder_step(),
 * so that the newest sample is measured by those before it. */
void pl_growth_step(struct pl_growth *g, const struct pl_ladder *l, enum pl_rung fast,
                    enum pl_rung slow, double passed_s);
/* Everyday growth, one standard deviation; 0 while nothing is known. */
double pl_growth_everyday(const struct pl_growth *g);
