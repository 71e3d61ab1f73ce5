#include "collector/core/observe/growth.h"

#include "common/base/base.h"

#include <math.h>

static const double looks_per_memory = 4;
static const double day_s = 86400;
/* A size counts as at most so many medians, or one surge would raise the floor for a day. */
static const double typical_max = 4;
/* The running median moves by this share of the day's weight per look, up or down. */
static const double typical_step = 8;
/* Nearly idle series would grow without limit: this share of a usual day is added to what growth
 * is a share of. */
static const double idle_share = 0.005;
/* A burst of minutes leaves its mark by a tenth or two; one that comes every hour leaves it all. */
static const double habit_rise_s = 1800;
static const double habit_fade_s = 2 * 86400.0;
/* Rungs nearer to each other than this share of an interval show noise, not growth. */
static const double lag_min = 0.75;

double pl_growth_now(const struct pl_ladder *l, enum pl_rung fast, enum pl_rung slow)
{
    /* A rung cannot be faster than the samples come. */
    double lag_s = pl_rung_memory_s(slow) - PL_MAX(pl_rung_memory_s(fast), l->interval_s);
    double whole = l->level[slow] + idle_share * l->level[PL_RUNG_DAY];
    if (lag_s <= l->interval_s * lag_min || whole <= 0) return 0;
    return (l->level[fast] - l->level[slow]) / (whole * lag_s);
}

static void remember(struct pl_growth *g, double growth)
{
    double size = fabs(growth);
    g->known_s += g->waited_s;
    double day = PL_MIN(1, g->waited_s / PL_MIN(g->known_s, day_s));
    double step = PL_MIN(0.5, typical_step * day);
    if (g->typical <= 0) g->typical = size;
    g->typical *= size > g->typical ? 1 + step : 1 - step;
    double counted = PL_MIN(size, typical_max * g->typical);
    g->variance += day * (counted * counted - g->variance);
    double up = PL_MAX(growth, 0);
    double memory_s = up > g->habit ? habit_rise_s : habit_fade_s;
    g->habit += PL_MIN(1, g->waited_s / memory_s) * (up - g->habit);
}

double pl_growth_rest_s(enum pl_rung fast)
{
    return pl_rung_memory_s(fast) / looks_per_memory;
}

void pl_growth_step(struct pl_growth *g, const struct pl_ladder *l, enum pl_rung fast,
                    enum pl_rung slow, double passed_s)
{
    g->waited_s += passed_s;
    if (g->waited_s < pl_growth_rest_s(fast)) return;
    remember(g, pl_growth_now(l, fast, slow));
    g->waited_s = 0;
}

double pl_growth_everyday(const struct pl_growth *g)
{
    return sqrt(g->variance);
}
