#include "collector/core/judge/surge.h"

#include "common/base/assert.h"
#include "common/base/base.h"

#include <math.h>

/* ---- the constants; the README of this room says what each costs and buys ---- */

/* A level over the capacity by one part in twenty is no rounding matter of how it was learned. */
static const double over_used = 1.05;
/* A sample that stands for so long is no estimate: the traffic was what it says. */
static const double fact_s = 50;
/* Two seconds of traffic are little: they must be over by this many deviations of their noise (one
 * in 700 by chance alone), unless the rise to them was so steep that no noise explains it. */
static const double quick_deviations = 3;
static const double step_deviations = 6;
static const double quick_worth = 0.8; // under this share of the capacity no look is worth it

static const double growth_used_min = 0.42; // half of two machines is where headroom ends
static const double growth_everyday = 2.5;  // deviations taken off the growth
static const double growth_known_s = 1920;  // younger series have no half hour to grow from
static const double growth_habit = 0.9;     // of a usual burst is no news either
static const double growth_ahead_s = 3600;
static const double growth_max = 9;      // e^9: far beyond any threshold; keeps exp() in range
static const double growth_doubt = 0.6;  // the lower u, the further it must carry
static const uint32_t growth_count = 3;  // a rise: two samples make a line, the third confirms it
static const double growth_seconds = 18; // and at one sample a second three are not enough

static const double season_used_min = 0.62;
static const double season_reach = 0.97; // the profile is an average: its peak is a little higher
static const double recurring_used_min = 0.45;
static const double recurring_reach = 0.9; // two witnesses may be believed a little earlier
static const uint32_t season_count = 2;
static const double season_seconds = 30;

/* Samples that stand for so long are enough, however few. */
static const double covered_enough_s = 180;

const char *pl_surge_reason_name(enum pl_surge_reason reason)
{
    switch (reason) {
    case PL_SURGE_NONE: return "none";
    case PL_SURGE_OVER: return "over";
    case PL_SURGE_GROWTH: return "growth";
    case PL_SURGE_SEASON: return "season";
    case PL_SURGE_RECURRING: return "recurring";
    case PL_SURGE_REASON_COUNT: break;
    }
    PL_UNREACHABLE("surge reason");
}

void pl_surge_policy_default(struct pl_surge_policy *policy)
{
    *policy = (struct pl_surge_policy){.warn_share = 0.85, .time_to_act_s = 20 * 60};
}

void pl_surge_init(struct pl_surge *s)
{
    *s = (struct pl_surge){0};
}

/* Count a sample in which the reason is there; false until it has been there long enough. */
static bool seen(struct pl_surge_seen *s, bool there, double interval_s, uint32_t count,
                 double seconds)
{
    if (!there) {
        *s = (struct pl_surge_seen){0};
        return false;
    }
    if (s->count > 0) s->seconds += interval_s;
    s->covered_s += interval_s;
    if (s->count < UINT32_MAX) s->count++;
    return s->covered_s >= covered_enough_s || (s->count >= count && s->seconds >= seconds);
}

/* ---- what there is to know, in units of capacity; WARN reads the same of a smaller one ---- */

struct facts {
    double over;      // the most certain of what was just measured; over the capacity from 1 on
    double used;      // u
    double carries;   // factor by which growth carries u in an hour; 1: no growth worth the name
    double expected;  // largest value of the coming hour, by the season
    double recurring; // what the days agree on in that hour
};

static double less_noise(const struct pl_ladder *l, enum pl_rung rung, double deviations)
{
    return l->level[rung] - deviations * pl_ladder_noise(l, rung);
}

/* The last two seconds: less their noise, or where a step has got to. */
static double quick_of(const struct pl_ladder *l)
{
    double quick = l->level[PL_RUNG_2S];
    double noise = pl_ladder_noise(l, PL_RUNG_2S);
    bool is_step = quick - l->level[PL_RUNG_32MIN] > step_deviations * noise;
    if (!is_step) return quick - quick_deviations * noise;
    /* An average is as old as its memory; the slope to the next one says where it is now. */
    double lag_s = pl_rung_memory_s(PL_RUNG_2S);
    double apart_s = pl_rung_memory_s(PL_RUNG_8S) - lag_s;
    return quick + (quick - l->level[PL_RUNG_8S]) * lag_s / apart_s;
}

double pl_surge_growth_in_s(const struct pl_traffic *t)
{
    return PL_MAX(growth_known_s - t->ladder.known_s, 0);
}

static double carries(const struct pl_traffic *t)
{
    const struct pl_growth *g = &t->swell;
    if (pl_surge_growth_in_s(t) > 0) return 1;
    double floor = PL_MAX(growth_everyday * pl_growth_everyday(g), growth_habit * g->habit);
    double growth = (pl_traffic_swell(t) - floor) * growth_ahead_s;
    return growth > 0 ? exp(PL_MIN(growth, growth_max)) : 1;
}

static struct facts look(const struct pl_traffic *t, double capacity, double worth)
{
    const struct pl_ladder *l = &t->ladder;
    double used = less_noise(l, PL_RUNG_30S, 1) / capacity;
    struct facts f = {.over = used / over_used, .used = used, .carries = 1};
    if (l->newest >= quick_worth * worth * capacity) {
        double fact = l->interval_s >= fact_s ? l->newest / over_used : 0;
        f.over = PL_MAX(f.over, PL_MAX(fact, quick_of(l)) / capacity);
    }
    if (used < growth_used_min * worth) return f;
    f.carries = carries(t);
    f.expected = pl_traffic_ratio(t) * t->baseline.ahead_peak / capacity;
    f.recurring = t->baseline.ahead_recurring / capacity;
    return f;
}

static bool is_growing(const struct facts *f)
{
    if (f->used < growth_used_min || f->carries <= 1) return false;
    return f->used * f->carries >= 1 + growth_doubt * (1 - f->used);
}

static enum pl_surge_reason season_of(const struct facts *f)
{
    if (f->used >= season_used_min && f->expected >= season_reach) return PL_SURGE_SEASON;
    if (f->used < recurring_used_min || f->expected < recurring_reach) return PL_SURGE_NONE;
    return f->recurring >= recurring_reach ? PL_SURGE_RECURRING : PL_SURGE_NONE;
}

static enum pl_surge_reason reason_of(struct pl_surge *s, enum pl_tier tier, const struct facts *f,
                                      double interval_s)
{
    enum pl_surge_reason season = season_of(f);
    bool grows = seen(&s->growth[tier], is_growing(f), interval_s, growth_count, growth_seconds);
    bool in_season =
        seen(&s->season[tier], season != PL_SURGE_NONE, interval_s, season_count, season_seconds);
    if (f->over >= 1) return PL_SURGE_OVER;
    if (grows) return PL_SURGE_GROWTH;
    return in_season ? season : PL_SURGE_NONE;
}

struct pl_surge_finding pl_surge_step(struct pl_surge *s, const struct pl_surge_policy *policy,
                                      const struct pl_traffic *t, double capacity)
{
    PL_ASSERT(capacity > 0 && policy->warn_share > 0);
    double more = 1 / policy->warn_share;
    struct facts page = look(t, capacity, policy->warn_share);
    struct facts warn = {.over = more * page.over,
                         .used = more * page.used,
                         .carries = page.carries,
                         .expected = more * page.expected,
                         .recurring = more * page.recurring};
    struct pl_surge_finding f = {.used = page.used};
    enum pl_surge_reason pages = reason_of(s, PL_TIER_PAGE, &page, t->ladder.interval_s);
    enum pl_surge_reason warns = reason_of(s, PL_TIER_WARN, &warn, t->ladder.interval_s);
    f.reason = pages != PL_SURGE_NONE ? pages : warns;
    if (f.reason == PL_SURGE_NONE) return f;
    f.tier = PL_TIER_WARN;
    if (pages == PL_SURGE_NONE) return f;
    bool in_time =
        pages == PL_SURGE_OVER || pl_forecast_make(t, capacity).early_s <= policy->time_to_act_s;
    if (in_time) f.tier = PL_TIER_PAGE;
    return f;
}
