/* What is remembered of a pool's traffic: averages on uneven steps, growth beside the everyday one,
 * and the usual day. */
#include "tests/check.h"

#include "collector/core/observe/traffic.h"
#include "common/base/rng.h"

#include <math.h>

enum { DAY_S = 86400 };

static struct pl_traffic traffic; // too large for a stack frame

/* ---- averages ---- */

/* An exponential average by its definition: every sample of the past, each by its age. */
static double naive_level(const double *values, const int64_t *at_ms, int count, double memory_s)
{
    double level = values[0], known_s = 0;
    for (int i = 1; i < count; i++) {
        double interval_s = (double)PL_MAX(at_ms[i] - at_ms[i - 1], 1) / 1000;
        known_s += interval_s;
        double weight = 1 - exp(-interval_s / memory_s);
        weight = fmax(weight, interval_s / (known_s + interval_s)); // young: a plain average
        level += weight * (values[i] - level);
    }
    return level;
}

static void test_levels_agree_with_their_definition(void)
{
    enum { COUNT = 400 };
    static double values[COUNT];
    static int64_t at_ms[COUNT];
    struct pl_rng rng = pl_rng_init(41);
    struct pl_ladder l;
    pl_ladder_init(&l);
    for (int i = 0; i < COUNT; i++) {
        /* 1 ms to 1 h apart, most of them near the one before. */
        int64_t step_ms = 1 + (int64_t)pl_rng_below(&rng, i % 50 == 49 ? 3600000 : 20000);
        at_ms[i] = i == 0 ? 1700000000000 : at_ms[i - 1] + step_ms;
        values[i] = (double)pl_rng_below(&rng, 1000);
        pl_ladder_step(&l, values[i], at_ms[i]);
        for (enum pl_rung r = 0; r < PL_RUNG_COUNT; r++) {
            double want = naive_level(values, at_ms, i + 1, pl_rung_memory_s(r));
            CHECK_NEAR(l.level[r], want, 1 + want * 0.01); // intervals within 1 % share weights
        }
    }
}

static void test_interval_does_not_change_the_level(void)
{
    /* 100 for an hour, then 200 for ten minutes, by seconds and by minutes. */
    struct pl_ladder seconds, minutes;
    pl_ladder_init(&seconds);
    pl_ladder_init(&minutes);
    for (int s = 0; s <= 4200; s++) {
        double value = s <= 3600 ? 100 : 200;
        pl_ladder_step(&seconds, value, 1000 * s);
        if (s % 60 == 0) pl_ladder_step(&minutes, value, 1000 * s);
    }
    for (enum pl_rung r = PL_RUNG_2S; r < PL_RUNG_COUNT; r++) {
        CHECK_NEAR(seconds.level[r], minutes.level[r], 0.5);
    }
}

static void test_time_that_stands_still(void)
{
    struct pl_ladder l;
    pl_ladder_init(&l);
    for (int s = -60; s <= 5; s++) pl_ladder_step(&l, 100, 1000 * s);
    pl_ladder_step(&l, 900, 5000);
    pl_ladder_step(&l, 900, 4000);
    CHECK_INT(l.unix_ms, 5000);
    CHECK(l.level[PL_RUNG_2S] >= 100 && l.level[PL_RUNG_2S] < 102);
}

static void test_noise_is_what_the_level_scatters(void)
{
    /* 100 a second, Poisson-like: 50 to 150 evenly, a standard deviation of 29. */
    struct pl_rng rng = pl_rng_init(5);
    struct pl_ladder l;
    double sum = 0, squares = 0, told = 0;
    pl_ladder_init(&l);
    for (int s = 0; s < 5 * 3600; s++) {
        pl_ladder_step(&l, 50 + (double)pl_rng_below(&rng, 101), 1000 * s);
        if (s < 3600) continue;
        double off = l.level[PL_RUNG_30S] - 100;
        sum += off;
        squares += off * off;
        told += pl_ladder_noise(&l, PL_RUNG_30S);
    }
    double n = 4 * 3600.0;
    double scatter = sqrt(squares / n - sum / n * sum / n);
    CHECK_NEAR(told / n, scatter, 0.15 * scatter);
}

/* Quarters of a second scatter twice as much; what is said of an average is the same. */
static void test_noise_knows_how_long_samples_stand_for(void)
{
    static const int64_t steps_ms[] = {1000, 250, 1000, 250};
    struct pl_rng rng = pl_rng_init(5);
    struct pl_ladder l;
    int64_t now_ms = 0;
    pl_ladder_init(&l);
    for (size_t phase = 0; phase < PL_LEN(steps_ms); phase++) {
        int64_t half = steps_ms[phase] == 1000 ? 20 : 40;
        for (int64_t end_ms = now_ms + 4 * 3600 * 1000; now_ms < end_ms;) {
            now_ms += steps_ms[phase];
            double value = 100 - (double)half + (double)pl_rng_below(&rng, (uint32_t)half * 2 + 1);
            pl_ladder_step(&l, value, now_ms);
            bool settled = phase == 0 ? now_ms > 3600 * 1000 : end_ms - now_ms < 14390 * 1000;
            if (!settled) continue; // only the first hour learns, and ten seconds of a change
            CHECK_NEAR(pl_ladder_noise(&l, PL_RUNG_2S), 5.8, 1.5); // 11.8 * sqrt(1 / (2 * 2))
        }
    }
}

/* ---- growth ---- */

/* `hours` of even traffic with a burst to the threefold, `burst_s` long, every hour. */
static void feed_bursts(int hours, int burst_s)
{
    pl_traffic_init(&traffic);
    for (int s = 0; s < hours * 3600; s += 10) {
        bool burst = s % 3600 >= 1800 && s % 3600 < 1800 + burst_s;
        pl_traffic_step(&traffic, burst ? 300 : 100, 1000LL * s);
    }
}

static void test_growth_is_a_share_per_second(void)
{
    /* Doubling every ten minutes is 0.00116 per second on every scale that is fast enough. */
    pl_traffic_init(&traffic);
    for (int s = 0; s < 7200; s++) pl_traffic_step(&traffic, exp2(s / 600.0), 1000LL * s);
    double rate = log(2) / 600;
    for (enum pl_rung r = PL_RUNG_8S; r < PL_RUNG_60S; r++) {
        CHECK_NEAR(pl_growth_now(&traffic.ladder, r, r + 2), rate, 0.2 * rate);
    }
    bool is_news;
    double slope = pl_traffic_slope(&traffic, 1, &is_news);
    CHECK_NEAR(slope, rate * exp2(7199 / 600.0), 0.25 * rate * exp2(12));
}

static void test_a_daily_burst_becomes_a_habit(void)
{
    feed_bursts(2, 120);
    double once = traffic.swell.habit;
    feed_bursts(72, 120);
    CHECK(traffic.swell.habit > 4 * once);
    /* And it does not hide what is larger: the habit stays under the burst itself. */
    feed_bursts(72, 120);
    for (int s = 72 * 3600; s < 72 * 3600 + 120; s += 10) {
        pl_traffic_step(&traffic, 600, 1000LL * s);
    }
    CHECK(pl_traffic_swell(&traffic) > traffic.swell.habit);
}

static void test_one_surge_does_not_raise_the_everyday(void)
{
    feed_bursts(48, 60);
    double before = pl_growth_everyday(&traffic.scales[4]);
    for (int s = 48 * 3600; s < 49 * 3600; s += 10) {
        pl_traffic_step(&traffic, 100 + (s - 48 * 3600), 1000LL * s);
    }
    CHECK(pl_growth_everyday(&traffic.scales[4]) < 1.5 * before + 1e-6);
}

static void test_rungs_faster_than_the_samples_say_nothing(void)
{
    pl_traffic_init(&traffic);
    for (int s = 0; s < 2 * DAY_S; s += 300) pl_traffic_step(&traffic, 100 + s % 7, 1000LL * s);
    pl_traffic_step(&traffic, 500, 1000LL * 2 * DAY_S);
    const struct pl_ladder *l = &traffic.ladder;
    CHECK(pl_growth_now(l, PL_RUNG_8S, PL_RUNG_30S) == 0);
    CHECK(pl_growth_now(l, PL_RUNG_60S, PL_RUNG_4MIN) == 0);
    CHECK(pl_growth_now(l, PL_RUNG_4MIN, PL_RUNG_16MIN) > 0);
}

/* ---- the usual day ---- */

/* A day of the naive model: one value per slot. */
static double day_value(int day, int slot)
{
    return 100 + slot % 24 * 10 + (day == 2 && slot == 100 ? 5000 : 0);
}

static void test_baseline_agrees_with_a_table_of_days(void)
{
    static double usual[PL_BASELINE_SLOTS];
    struct pl_baseline *b = &traffic.baseline;
    pl_baseline_init(b);
    for (int day = 0; day < 5; day++) {
        for (int slot = 0; slot < PL_BASELINE_SLOTS; slot++) {
            int64_t at_ms = (int64_t)(day * PL_BASELINE_SLOTS + slot) * PL_BASELINE_SLOT_MS;
            double value = day_value(day, slot);
            for (int i = 0; i < 5; i++) pl_baseline_step(b, value - 2 + i, at_ms + i * 60000);
            if (day == 0) {
                CHECK(pl_baseline_now(b) < 0);
                usual[slot] = value;
                continue;
            }
            CHECK_NEAR(pl_baseline_now(b), usual[slot], 0.01);
            double peak = 0, agreed = 0;
            for (int k = slot; k <= slot + PL_BASELINE_AHEAD_SLOTS; k++) {
                int i = k % PL_BASELINE_SLOTS;
                peak = fmax(peak, usual[i]);
                /* Beyond midnight lies what this very day began with. */
                double last = day_value(k < PL_BASELINE_SLOTS ? day - 1 : day, i);
                if (day > 1) agreed = fmax(agreed, fmin(usual[i], last));
            }
            CHECK_NEAR(b->ahead_peak, peak, 0.01);
            if (day > 1) CHECK_NEAR(b->ahead_recurring, agreed, 0.01);
            usual[slot] += 0.3 * (value - usual[slot]);
        }
    }
}

static void test_seconds_to_a_usual_value(void)
{
    struct pl_baseline *b = &traffic.baseline;
    pl_baseline_init(b);
    CHECK(pl_baseline_seconds_to(b, 1, 0) < 0);
    for (int s = 0; s < DAY_S; s += 60) pl_baseline_step(b, s < 50000 ? 10 : 80, 1000LL * s);
    pl_baseline_step(
        b, 10, 1000LL * (DAY_S + 48000)); // slot 166, from 49,800 s on, has one high value of five
    CHECK_INT(pl_baseline_seconds_to(b, 20, 1000LL * (DAY_S + 48000)), 49800 + 150 - 48000);
    CHECK(pl_baseline_seconds_to(b, 81, 1000LL * (DAY_S + 48000)) < 0);
    CHECK_INT(pl_baseline_seconds_to(b, 5, 1000LL * (DAY_S + 48299)), 0);
}

static void test_ratio(void)
{
    pl_traffic_init(&traffic);
    CHECK(pl_traffic_ratio(&traffic) < 0);
    for (int s = 0; s < DAY_S; s += 60) pl_traffic_step(&traffic, 100, 1000LL * s);
    for (int s = DAY_S; s < DAY_S + 3600; s += 60) pl_traffic_step(&traffic, 150, 1000LL * s);
    CHECK_NEAR(pl_traffic_ratio(&traffic), 1.5, 0.01);
}

static void test_the_usual_day_is_a_line_between_slots(void)
{
    struct pl_baseline *b = &traffic.baseline;
    pl_baseline_init(b);
    CHECK(pl_baseline_at(b, 1000) < 0);
    pl_baseline_step(b, 100, 10 * PL_BASELINE_SLOT_MS);
    pl_baseline_step(b, 200, 11 * PL_BASELINE_SLOT_MS);
    pl_baseline_step(b, 0, 12 * PL_BASELINE_SLOT_MS);
    CHECK(pl_baseline_at(b, 10 * PL_BASELINE_SLOT_MS - 1) < 0); // of another slot
    CHECK_NEAR(pl_baseline_at(b, 10 * PL_BASELINE_SLOT_MS), 100, 0);
    CHECK_NEAR(pl_baseline_at(b, 11 * PL_BASELINE_SLOT_MS), 150, 0.01);
    CHECK_NEAR(pl_baseline_at(b, 11 * PL_BASELINE_SLOT_MS + 150000), 200, 0.01);
    CHECK_NEAR(pl_baseline_at(b, 12 * PL_BASELINE_SLOT_MS - 1), 200, 0.01);
    CHECK(pl_baseline_at(b, 12 * PL_BASELINE_SLOT_MS) < 0); // not over yet
    int64_t tomorrow_ms = (11 + PL_BASELINE_SLOTS) * (int64_t)PL_BASELINE_SLOT_MS;
    CHECK_NEAR(pl_baseline_at(b, tomorrow_ms), 150, 0.01);
}

/* ---- the course of the last hour ---- */

/* The mean of all values of the slot, by looking at every one of them; -1: none. */
static double naive_mean(const double *values, const int64_t *at_ms, int count, int64_t slot)
{
    double sum = 0;
    int n = 0;
    for (int i = 0; i < count; i++) {
        if (at_ms[i] / PL_TRAIL_SLOT_MS != slot) continue;
        sum += values[i];
        n++;
    }
    return n == 0 ? -1 : sum / n;
}

static void test_trail_agrees_with_its_definition(void)
{
    enum { COUNT = 1500 };
    static double values[COUNT];
    static int64_t at_ms[COUNT];
    struct pl_rng rng = pl_rng_init(9);
    struct pl_trail trail = {0};
    CHECK(pl_trail_mean(&trail, 0) < 0);
    for (int i = 0; i < COUNT; i++) { // gaps of all sizes, also one longer than the hour
        uint32_t step = i == 700 ? 5000000 : i % 97 == 0 ? 300000 : 5000;
        at_ms[i] = i == 0 ? 1700000003000 : at_ms[i - 1] + 1 + (int64_t)pl_rng_below(&rng, step);
        values[i] = (double)pl_rng_below(&rng, 1000);
        pl_trail_step(&trail, values[i], at_ms[i]);
        if (i % 50 != 0) continue;
        for (uint32_t back = 0; back < PL_TRAIL_SLOTS; back++) {
            double want = naive_mean(values, at_ms, i + 1, at_ms[i] / PL_TRAIL_SLOT_MS - back);
            CHECK_NEAR(pl_trail_mean(&trail, back), want, 0.01);
        }
        CHECK(pl_trail_mean(&trail, PL_TRAIL_SLOTS) < 0);
    }
    double newest = pl_trail_mean(&trail, 0);
    pl_trail_step(&trail, newest, 1000); // a clock that was set back
    CHECK_NEAR(pl_trail_mean(&trail, 0), newest, 0.01);
}

int main(void)
{
    RUN(test_levels_agree_with_their_definition);
    RUN(test_interval_does_not_change_the_level);
    RUN(test_time_that_stands_still);
    RUN(test_noise_is_what_the_level_scatters);
    RUN(test_noise_knows_how_long_samples_stand_for);
    RUN(test_growth_is_a_share_per_second);
    RUN(test_a_daily_burst_becomes_a_habit);
    RUN(test_one_surge_does_not_raise_the_everyday);
    RUN(test_rungs_faster_than_the_samples_say_nothing);
    RUN(test_baseline_agrees_with_a_table_of_days);
    RUN(test_seconds_to_a_usual_value);
    RUN(test_ratio);
    RUN(test_the_usual_day_is_a_line_between_slots);
    RUN(test_trail_agrees_with_its_definition);
    return check_finish();
}
