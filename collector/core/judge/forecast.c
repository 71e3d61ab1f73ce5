#include "collector/core/judge/forecast.h"

#include "common/base/base.h"

#include <math.h>

/* Crossings come after this share of the straight line's time: growth is exponential at first. */
static const double speeding_up = 0.7;
/* Where eight of ten crossings lie around the middle, as factors; measured, see the README of this
 * room. What recurs may come early by any time, but hardly late. */
static const double growth_early = 2.5, growth_late = 2.5;
static const double season_early = 6, season_late = 1.5;
/* The season is believed when it comes this near to the capacity. */
static const double season_reach = 0.97;
static const double over_deviations = 2;
/* A straight line says nothing about what comes long after the capacity. */
static const double drawn_max = 1.5;

static void by_growth(struct pl_forecast *f, const struct pl_traffic *t, double capacity)
{
    double level = t->ladder.level[PL_RUNG_30S];
    for (int n = 0; n < PL_TRAFFIC_SCALES; n++) {
        bool is_news;
        double slope = pl_traffic_slope(t, n, &is_news);
        if (!is_news) continue;
        if (slope < 0) return; // it has turned: what longer memories saw is over
        f->source = PL_FORECAST_GROWTH;
        f->seconds = speeding_up * PL_MAX(capacity - level, 0) / slope;
        f->early_s = f->seconds / growth_early;
        f->late_s = f->seconds * growth_late;
        f->double_s = log(2) * level / slope;
        return;
    }
}

static void by_season(struct pl_forecast *f, const struct pl_traffic *t, double capacity)
{
    double ratio = pl_traffic_ratio(t);
    if (ratio <= 0) return;
    double seconds =
        pl_baseline_seconds_to(&t->baseline, season_reach * capacity / ratio, t->ladder.unix_ms);
    if (seconds < 0) return;
    f->source = PL_FORECAST_SEASON;
    f->seconds = seconds;
    f->early_s = seconds / season_early;
    f->late_s = seconds * season_late;
}

/* One sample that noise explains is not the crossing. */
static bool is_over(const struct pl_ladder *l, double capacity)
{
    double noise = l->interval_s > 0 ? sqrt(l->variance / l->interval_s) : 0;
    return l->level[PL_RUNG_30S] >= capacity || l->newest - over_deviations * noise >= capacity;
}

struct pl_forecast pl_forecast_make(const struct pl_traffic *t, double capacity)
{
    struct pl_forecast f = {0};
    by_growth(&f, t, capacity);
    if (f.source == PL_FORECAST_NONE) by_season(&f, t, capacity);
    if (is_over(&t->ladder, capacity)) {
        f.source = PL_FORECAST_NOW;
        f.seconds = f.early_s = f.late_s = 0;
    }
    return f;
}

double pl_forecast_at(const struct pl_forecast *f, const struct pl_traffic *t, double capacity,
                      double ahead_s)
{
    double level = t->ladder.level[PL_RUNG_30S];
    if (f->source == PL_FORECAST_GROWTH && f->seconds > 0) {
        double value = level + (capacity - level) * ahead_s / f->seconds;
        return value <= drawn_max * capacity ? value : -1;
    }
    double ratio = pl_traffic_ratio(t);
    if (ratio <= 0) return -1;
    double usual = pl_baseline_at(&t->baseline, t->ladder.unix_ms + (int64_t)(1000 * ahead_s));
    return usual < 0 ? -1 : ratio * usual;
}
