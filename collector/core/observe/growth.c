#include "collector/core/observe/growth.h"

#include "common/base/base.h"

#include <math.h>

/* A size counts as at most so many medians, or one surge would raise the floor for a day. */
static const double typical_max = 4;
/* The running median moves by this share of the day's weight per sample, up or down. */
static const double typical_step = 8;
/* Nearly idle series would grow without limit: this share of a usual day is added to what growth
 * is a share of. */
static const double idle_share = 0.005;
/* A burst of minutes leaves its mark by a tenth or two; one that comes every hour leaves it all. */
static const double habit_rise_s = 1800;
static const double habit_fade_s = 2 * 86400.0;
/* Rungs nearer to each other than this share of an interval show noise, not growth. */
static const double lag_min = 0.75;

/* Growth of before now: what happens now must not hide itself. */
static void remember(struct pl_growth *g, const struct pl_ladder *l)
{
    double day = l->weight[PL_RUNG_DAY];
    double size = fabs(g->per_s);
    double step = PL_MIN(0.5, typical_step * day);
    if (g->typical <= 0) g->typical = size;
    g->typical *= size > g->typical ? 1 + step : 1 - step;
    double counted = PL_MIN(size, typical_max * g->typical);
    g->variance += day * (counted * counted - g->variance);
}

void pl_growth_step(struct pl_growth *g, const struct pl_ladder *l, enum pl_rung fast,
                    enum pl_rung slow)
{
    remember(g, l);
    /* A rung cannot be faster than the samples come. */
    double lag_s = pl_rung_memory_s(slow) - PL_MAX(pl_rung_memory_s(fast), l->interval_s);
    double whole = l->level[slow] + idle_share * l->level[PL_RUNG_DAY];
    bool known = lag_s > l->interval_s * lag_min && whole > 0;
    g->per_s = known ? (l->level[fast] - l->level[slow]) / (whole * lag_s) : 0;
}

void pl_growth_habit_step(double *habit, const struct pl_growth *before, const struct pl_ladder *l)
{
    double up = PL_MAX(before->per_s, 0);
    double memory_s = up > *habit ? habit_rise_s : habit_fade_s;
    *habit += PL_MIN(1, l->interval_s / memory_s) * (up - *habit);
}

double pl_growth_everyday(const struct pl_growth *g)
{
    return sqrt(g->variance);
}
