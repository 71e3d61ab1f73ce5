#include "collector/core/observe/traffic.h"

#include "common/base/base.h"

/* Growth over three standard deviations of its everyday is news (its tails are heavier than those
 * of the normal distribution, so this is a few per day, not per year). */
static const double news_variances = 3 * 3;
/* A quiet hour of the night is no measure: at least this share of the usual peak ahead. */
static const double ratio_base_min = 0.04;

void pl_traffic_init(struct pl_traffic *t)
{
    *t = (struct pl_traffic){0};
    pl_ladder_init(&t->ladder);
    pl_baseline_init(&t->baseline);
}

static enum pl_rung fast_of(int scale)
{
    return (enum pl_rung)(PL_RUNG_8S + scale);
}

static enum pl_rung slow_of(int scale)
{
    return (enum pl_rung)(PL_RUNG_8S + scale + 2);
}

/* Before the quickest scale is due, none is. */
static void follow_growth(struct pl_traffic *t)
{
    t->rested_s += t->ladder.interval_s;
    if (t->rested_s < pl_growth_rest_s(fast_of(0))) return;
    for (int n = 0; n < PL_TRAFFIC_SCALES; n++) {
        pl_growth_step(&t->scales[n], &t->ladder, fast_of(n), slow_of(n), t->rested_s);
    }
    pl_growth_step(&t->swell, &t->ladder, PL_RUNG_30S, PL_RUNG_32MIN, t->rested_s);
    t->rested_s = 0;
}

void pl_traffic_step(struct pl_traffic *t, double value, int64_t unix_ms)
{
    follow_growth(t);
    pl_ladder_step(&t->ladder, value, unix_ms);
    pl_baseline_step(&t->baseline, value, unix_ms);
    pl_trail_step(&t->trail, value, unix_ms);
}

double pl_traffic_swell(const struct pl_traffic *t)
{
    return pl_growth_now(&t->ladder, PL_RUNG_30S, PL_RUNG_32MIN);
}

double pl_traffic_slope(const struct pl_traffic *t, int n, bool *is_news)
{
    double growth = pl_growth_now(&t->ladder, fast_of(n), slow_of(n));
    bool is_known = t->scales[n].known_s >= pl_rung_memory_s(slow_of(n));
    *is_news = is_known && growth * growth > news_variances * t->scales[n].variance;
    return growth * t->ladder.level[slow_of(n)];
}

double pl_traffic_ratio(const struct pl_traffic *t)
{
    double usual = pl_baseline_now(&t->baseline);
    if (usual < 0) return -1;
    usual = PL_MAX(usual, ratio_base_min * t->baseline.ahead_peak);
    return usual > 0 ? t->ladder.level[PL_RUNG_2MIN] / usual : -1;
}
