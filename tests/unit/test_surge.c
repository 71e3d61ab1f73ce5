/* Stories of pools that run full, or only seem to: who is paged, when, and what the clock says. */
#include "tests/check.h"

#include "collector/core/judge/surge.h"
#include "common/base/rng.h"

#include <math.h>

enum { DAY_S = 86400, DAWN_S = 6 * 3600, NEVER = -1 };

/* Traffic of a pool whose capacity is 1,000 a second, at second `s` of the day. */
typedef double shape_of(double s);

static struct pl_traffic traffic; // too large for a stack frame
static struct pl_surge surge;
static struct pl_surge_policy policy;
static struct pl_rng rng;

static double noisy(double value)
{
    /* About Poisson: its variance is the value. */
    return fmax(value + sqrt(fmax(value, 0)) * 3.46 * (pl_rng_unit(&rng) - 0.5), 0);
}

static void begin(void)
{
    rng = pl_rng_init(17);
    pl_traffic_init(&traffic);
    pl_surge_init(&surge);
    pl_surge_policy_default(&policy);
}

/* A day between a third and half of the capacity, as most are. */
static double usual_day(double s)
{
    return 420 - 80 * cos(2 * M_PI * (s - 3 * 3600) / DAY_S);
}

static struct pl_surge_finding feed(double value, double s)
{
    pl_traffic_step(&traffic, value, (int64_t)(1000 * s));
    return pl_surge_step(&surge, &policy, &traffic, 1000);
}

/* Two usual days, then `shape` for `hours` from dawn on, a sample every `interval_s`. Seconds after
 * dawn of the first page, or NEVER; `*finding` is that of the page, or the last one. */
static double run_days(shape_of *before, shape_of *shape, double hours, int interval_s,
                       struct pl_surge_finding *finding)
{
    begin();
    int s = 0;
    for (; s < 2 * DAY_S + DAWN_S; s += interval_s) {
        (void)feed(noisy(before(s % DAY_S)), s); // judged later
    }
    for (int dawn = s; s < dawn + hours * 3600; s += interval_s) {
        *finding = feed(noisy(shape(s - dawn)), s);
        if (finding->tier == PL_TIER_PAGE) return s - dawn;
    }
    return NEVER;
}

static double crowd(double s) // doubles every four minutes, over after 40 minutes and 6 doublings
{
    return 340 + (s < 1800 ? 0 : fmin(20 * exp2((s - 1800) / 240), 3000));
}

static double ramp(double s) // to the double capacity in 30 minutes
{
    return 340 + (s < 1800 ? 0 : fmin((s - 1800) * 0.92, 1660));
}

static double flood(double s) // from one second to the next
{
    return s < 1800 ? 340 : 1800;
}

static double crawler(double s)
{
    return usual_day(DAWN_S + s) + (s < 1800 || s > 3600 ? 0 : 120);
}

static double plateau(double s) // a campaign that ends at 93 %, slowly
{
    return 340 + fmin(s * 0.04, 590);
}

static double spike(double s) // one odd sample
{
    return s >= 1800 && s < 1860 ? 900 : 340;
}

static double quiet_day(double s)
{
    return usual_day(DAWN_S + s);
}

static const struct {
    const char *name;
    shape_of *shape;
    int interval_s;
    double hours;
    double page_after_s, page_before_s; // both NEVER: nobody is woken
    enum pl_surge_reason reason;
} stories[] = {
    /* The crowd crosses at 1800 + 240 * log2(33) = 3010 s. */
    {"crowd, 10 s", crowd, 10, 2, 2200, 3010 - 180, PL_SURGE_GROWTH},
    {"crowd, 1 s", crowd, 1, 2, 2200, 3010 - 180, PL_SURGE_GROWTH},
    {"crowd, 1 min", crowd, 60, 2, 2200, 3010 - 120, PL_SURGE_GROWTH},
    {"ramp, 10 s", ramp, 10, 2, 1830, 2517 - 300, PL_SURGE_GROWTH},
    {"ramp, 1 min", ramp, 60, 2, 1860, 2517 - 180, PL_SURGE_GROWTH},
    {"flood, 1 s", flood, 1, 1, 1800, 1803, PL_SURGE_OVER},
    {"flood, 10 s", flood, 10, 1, 1800, 1810, PL_SURGE_OVER},
    {"flood, 5 min", flood, 300, 1, 1800, 1800, PL_SURGE_OVER},
    {"quiet day, 1 s", quiet_day, 1, 4, NEVER, NEVER, PL_SURGE_NONE},
    {"quiet day, 10 s", quiet_day, 10, 18, NEVER, NEVER, PL_SURGE_NONE},
    {"quiet day, 5 min", quiet_day, 300, 18, NEVER, NEVER, PL_SURGE_NONE},
    {"quiet day, 1 h", quiet_day, 3600, 18, NEVER, NEVER, PL_SURGE_NONE},
    {"crawler", crawler, 10, 4, NEVER, NEVER, PL_SURGE_NONE},
    {"one odd sample", spike, 60, 2, NEVER, NEVER, PL_SURGE_NONE},
};

static void test_stories(void)
{
    for (size_t i = 0; i < PL_LEN(stories); i++) {
        struct pl_surge_finding f;
        double at_s =
            run_days(usual_day, stories[i].shape, stories[i].hours, stories[i].interval_s, &f);
        bool ok = at_s >= stories[i].page_after_s && at_s <= stories[i].page_before_s;
        CHECK(ok);
        CHECK_INT(ok ? f.reason : stories[i].reason, stories[i].reason);
        if (!ok) printf("# %s: paged at %.0f s\n", stories[i].name, at_s);
    }
}

static void test_a_slow_plateau_is_seen_but_wakes_nobody(void)
{
    begin();
    bool warned = false, paged = false;
    for (int s = 0; s < 6 * 3600; s += 10) {
        struct pl_surge_finding f = feed(noisy(plateau(s)), s);
        warned = warned || f.tier == PL_TIER_WARN;
        paged = paged || f.tier == PL_TIER_PAGE;
    }
    CHECK(warned);
    CHECK(!paged);
}

/* ---- the season ---- */

static double evening_peak(double s) // usual 600, 900 for an hour from 08:00 on
{
    return s >= 8 * 3600 && s < 9 * 3600 ? 900 : 600;
}

static double higher_today(double s) // the same day from 06:00, 15 % more of everything
{
    return s >= 7200 && s < 3 * 3600 ? 1035 : 690;
}

static double full_peak(double s) // as evening_peak, but over the capacity every day
{
    return s >= 8 * 3600 && s < 9 * 3600 ? 1500 : 480;
}

static double as_full_peak(double s)
{
    return full_peak(DAWN_S + s);
}

static void test_the_season_pages_an_hour_ahead(void)
{
    struct pl_surge_finding f;
    double at_s = run_days(evening_peak, higher_today, 2, 60, &f);
    CHECK(at_s >= 3000 && at_s <= 4200); // of 7200
    CHECK_INT(f.reason, PL_SURGE_SEASON);
    struct pl_forecast forecast = pl_forecast_make(&traffic, 1000);
    CHECK_INT(forecast.source, PL_FORECAST_SEASON);
    CHECK_NEAR(forecast.seconds, 7200 - at_s, 600);
    CHECK(forecast.early_s < forecast.seconds && forecast.seconds < forecast.late_s);
}

static void test_what_recurs_pages_from_lower(void)
{
    struct pl_surge_finding f;
    double at_s = run_days(full_peak, as_full_peak, 2, 60, &f);
    CHECK(at_s >= 3000 && at_s <= 4200);
    CHECK_INT(f.reason, PL_SURGE_RECURRING);
}

/* ---- tiers and the time to act ---- */

static void test_what_comes_later_than_the_remedy_waits(void)
{
    struct pl_surge_finding f;
    double usual = run_days(evening_peak, higher_today, 2, 60, &f);
    CHECK(usual < 4200);
    begin();
    policy.time_to_act_s = 60;
    int s = 0;
    for (; s < 2 * DAY_S + DAWN_S; s += 60) (void)feed(noisy(evening_peak(s % DAY_S)), s);
    int dawn = s;
    bool warned = false;
    for (f.tier = PL_TIER_NONE; f.tier != PL_TIER_PAGE && s < dawn + 7200; s += 60) {
        f = feed(noisy(higher_today(s - dawn)), s);
        warned = warned || f.tier == PL_TIER_WARN;
    }
    CHECK(warned);
    CHECK(s - dawn > usual + 1800);
}

static void test_over_pages_whatever_the_clock_says(void)
{
    begin();
    policy.time_to_act_s = 0;
    struct pl_surge_finding f = {0};
    for (int s = 0; s < 600; s++) f = feed(s < 300 ? 300 : 2000, s);
    CHECK_INT(f.tier, PL_TIER_PAGE);
    CHECK_INT(f.reason, PL_SURGE_OVER);
    struct pl_forecast forecast = pl_forecast_make(&traffic, 1000);
    CHECK_INT(forecast.source, PL_FORECAST_NOW);
    CHECK_INT(forecast.seconds, 0);
}

/* ---- the clock ---- */

static void test_clock_on_a_straight_line(void)
{
    begin();
    int s = 0;
    for (; s < DAY_S; s++) (void)feed(noisy(300), s);
    for (int start = s; s < start + 500; s++) (void)feed(noisy(300 + (s - start)), s);
    struct pl_forecast f = pl_forecast_make(&traffic, 1000);
    CHECK_INT(f.source, PL_FORECAST_GROWTH);
    CHECK_NEAR(f.seconds, 200, 100); // the line has 200 s to go; surges speed up
    CHECK(f.early_s < 200 && f.late_s > 200);
    CHECK_NEAR(f.double_s, 800 * log(2), 250);
}

/* What is drawn says the same as the numbers beside it. */
static void test_the_curve_reaches_the_capacity_when_the_clock_says(void)
{
    begin();
    int s = 0;
    for (; s < DAY_S; s++) (void)feed(noisy(300), s);
    for (int start = s; s < start + 500; s++) (void)feed(noisy(300 + (s - start)), s);
    struct pl_forecast f = pl_forecast_make(&traffic, 1000);
    CHECK_NEAR(pl_forecast_at(&f, &traffic, 1000, 0), traffic.ladder.level[PL_RUNG_30S], 0.001);
    CHECK_NEAR(pl_forecast_at(&f, &traffic, 1000, f.seconds), 1000, 0.001);
    CHECK(pl_forecast_at(&f, &traffic, 1000, 20 * f.seconds) < 0);
}

static void test_the_curve_follows_the_day_while_nothing_grows(void)
{
    begin();
    for (int s = 0; s < 2 * DAY_S + DAWN_S; s += 60) (void)feed(evening_peak(s % DAY_S), s);
    for (int s = DAWN_S; s < DAWN_S + 3600; s += 60) (void)feed(690, 2 * DAY_S + s);
    struct pl_forecast none = {0};
    CHECK_NEAR(pl_forecast_at(&none, &traffic, 2000, 0), 690, 10);
    CHECK_NEAR(pl_forecast_at(&none, &traffic, 2000, 3600 + 600), 900 * 690 / 600.0, 15);
    begin();
    CHECK(pl_forecast_at(&none, &traffic, 2000, 600) < 0); // no day is known yet
}

/* 970 a second jump by 31 from second to second: one of 1,030 is not the crossing, many are. */
static void test_a_noisy_second_over_is_not_now(void)
{
    begin();
    int s = 0;
    for (; s < 3600; s++) (void)feed(noisy(970), s);
    (void)feed(1030, s++);
    CHECK(pl_forecast_make(&traffic, 1000).source != PL_FORECAST_NOW);
    (void)feed(1300, s++);
    CHECK_INT(pl_forecast_make(&traffic, 1000).source, PL_FORECAST_NOW);
    (void)feed(970, s++);
    for (int end = s + 60; s < end; s++) (void)feed(noisy(1030), s);
    (void)feed(990, s++);
    CHECK_INT(pl_forecast_make(&traffic, 1000).source, PL_FORECAST_NOW);
}

static void test_clock_is_silent_when_nothing_happens(void)
{
    begin();
    CHECK_INT(pl_forecast_make(&traffic, 1000).source, PL_FORECAST_NONE);
    for (int s = 0; s < 3600; s++) (void)feed(800, s);
    struct pl_forecast f = pl_forecast_make(&traffic, 1000);
    CHECK_INT(f.source, PL_FORECAST_NONE);
    CHECK(f.double_s == 0);
    CHECK_INT(pl_forecast_make(&traffic, 800).source, PL_FORECAST_NOW);
}

/* ---- whatever comes ---- */

/* Units do not matter, and nothing that can be measured leads to a number that is none. */
static void test_any_series_gives_numbers(void)
{
    static const double unit = 1 << 20; // a power of two: the same digits
    static struct pl_traffic scaled;
    struct pl_surge scaled_surge;
    for (uint64_t seed = 0; seed < 20; seed++) {
        begin();
        rng = pl_rng_init(seed);
        pl_traffic_init(&scaled);
        pl_surge_init(&scaled_surge);
        double s = 0;
        for (int i = 0; i < 2000; i++) {
            s += pl_rng_below(&rng, 20) == 0 ? pl_rng_below(&rng, 200000) : pl_rng_below(&rng, 90);
            double value = pl_rng_below(&rng, 8) == 0 ? 0 : pl_rng_below(&rng, 1500);
            struct pl_surge_finding f = feed(value, s);
            pl_traffic_step(&scaled, unit * value, (int64_t)(1000 * s));
            struct pl_surge_finding g = pl_surge_step(&scaled_surge, &policy, &scaled, unit * 1000);
            struct pl_forecast forecast = pl_forecast_make(&traffic, 1000);
            CHECK(isfinite(f.used) && isfinite(forecast.seconds) && forecast.seconds >= 0);
            CHECK_INT(g.tier, f.tier);
            CHECK_INT(g.reason, f.reason);
        }
    }
}

static void test_reasons_have_names(void)
{
    CHECK_TEXT(pl_surge_reason_name(PL_SURGE_GROWTH), "growth");
    CHECK_TEXT(pl_surge_reason_name(PL_SURGE_RECURRING), "recurring");
}

int main(void)
{
    RUN(test_stories);
    RUN(test_a_slow_plateau_is_seen_but_wakes_nobody);
    RUN(test_the_season_pages_an_hour_ahead);
    RUN(test_what_recurs_pages_from_lower);
    RUN(test_what_comes_later_than_the_remedy_waits);
    RUN(test_over_pages_whatever_the_clock_says);
    RUN(test_clock_on_a_straight_line);
    RUN(test_a_noisy_second_over_is_not_now);
    RUN(test_clock_is_silent_when_nothing_happens);
    RUN(test_the_curve_reaches_the_capacity_when_the_clock_says);
    RUN(test_the_curve_follows_the_day_while_nothing_grows);
    RUN(test_any_series_gives_numbers);
    RUN(test_reasons_have_names);
    return check_finish();
}
