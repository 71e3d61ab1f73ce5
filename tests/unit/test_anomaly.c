/* Stories about one series: what is told, when, and what is not. */
#include "tests/check.h"

#include "collector/core/judge/anomaly.h"
#include "common/base/rng.h"

#include <math.h>

enum { STEP_S = 300, DAY = 288, ROWS = 20 * DAY, BEGIN_S = 1749945600 };

static const double told = 0.5; // what deserves a look

static double series[ROWS], scores[ROWS];
static int64_t stamps[ROWS];

/* About Gaussian, mean 0 and deviation 1. */
static double noise(struct pl_rng *rng)
{
    double sum = 0;
    for (int i = 0; i < 12; i++) sum += (double)pl_rng_below(rng, 1000001) / 1e6;
    return sum - 6;
}

/* A noisy level with a day's rhythm of the given height, sampled every `step_s`. */
static void calm(double rhythm, int64_t step_s)
{
    struct pl_rng rng = pl_rng_init(7);
    for (int i = 0; i < ROWS; i++) {
        stamps[i] = BEGIN_S + i * step_s;
        double day = (double)(stamps[i] % 86400) / 86400;
        series[i] = 100 + rhythm * sin(2 * M_PI * day) + noise(&rng);
    }
}

static void judge(void)
{
    static struct pl_anomaly a;
    pl_anomaly_init(&a);
    for (int i = 0; i < ROWS; i++) {
        scores[i] = pl_anomaly_step(&a, series[i], stamps[i]);
        CHECK(scores[i] >= 0 && scores[i] <= 1);
    }
}

static double highest(int from, int to)
{
    double most = 0;
    for (int i = from; i < to; i++) most = fmax(most, scores[i]);
    return most;
}

static void test_says_nothing_while_it_learns(void)
{
    calm(0, STEP_S);
    series[50] = 1e6;
    judge();
    CHECK(highest(0, PL_TRAIT_WARM_ROWS) == 0);
    CHECK(highest(PL_TRAIT_WARM_ROWS, ROWS) > 0);
}

static void test_noise_and_rhythm_are_usual(void)
{
    static const double rhythms[] = {0, 2, 20};
    for (size_t i = 0; i < PL_LEN(rhythms); i++) {
        calm(rhythms[i], STEP_S);
        judge();
        int count = 0;
        for (int k = 3 * DAY; k < ROWS; k++) count += scores[k] >= told;
        CHECK(count <= 6); // in 17 days
    }
}

static void test_a_spike_is_told_at_once_and_once(void)
{
    calm(2, STEP_S);
    series[3000] += 30;
    judge();
    CHECK(scores[3000] > told);
    CHECK(highest(3001, 3201) == 0);
}

static void test_a_larger_spike_scores_higher(void)
{
    double before = told;
    static const double heights[] = {20, 60, 180, 540};
    for (size_t i = 0; i < PL_LEN(heights); i++) {
        calm(2, STEP_S);
        series[3000] += heights[i];
        judge();
        CHECK(scores[3000] >= before);
        before = scores[3000];
    }
}

static void test_a_shift_of_the_level_is_told(void)
{
    static const double steps[] = {-8, 8};
    for (size_t k = 0; k < PL_LEN(steps); k++) {
        calm(2, STEP_S);
        for (int i = 3000; i < ROWS; i++) series[i] += steps[k];
        judge();
        CHECK(highest(3000, 3012) > told);
        CHECK(highest(3300, ROWS) < told); // by then it is usual
    }
}

static void test_a_flat_line_is_told(void)
{
    calm(5, STEP_S);
    for (int i = 4000; i < 4000 + DAY; i++) series[i] = series[4000];
    judge();
    CHECK(highest(4000, 4040) > told);
    CHECK(highest(4040, 4200) == 0);
}

static void test_a_drift_is_told(void)
{
    calm(2, STEP_S);
    for (int i = 3000; i < ROWS; i++) series[i] += (i - 3000) * 0.03; // 9 deviations a day
    judge();
    CHECK(highest(3000, 3000 + 2 * DAY) > told);
}

static void test_noon_at_midnight_is_told(void)
{
    calm(20, STEP_S);
    int midnight = 10 * DAY;
    while (stamps[midnight] % 86400 != 0) midnight++;
    for (int i = midnight; i < midnight + 24; i++) series[i] += 18; // within the usual range
    judge();
    CHECK(highest(midnight, midnight + 24) > told);
}

static void test_what_comes_every_day_is_told_ever_less(void)
{
    calm(2, STEP_S);
    for (int i = 2 * DAY; i < ROWS; i += DAY) series[i + 7 * (i / DAY % 5)] += 15;
    judge();
    double first = highest(2 * DAY, 3 * DAY);
    CHECK(first > told);
    CHECK(highest(15 * DAY, ROWS) < first - 0.1);
}

static void test_gaps_teach_nothing(void)
{
    calm(2, STEP_S);
    judge();
    static struct pl_anomaly a;
    pl_anomaly_init(&a);
    for (int i = 0; i < ROWS; i++) {
        if (i % 3 == 0) CHECK(pl_anomaly_step(&a, (double)NAN, stamps[i]) == 0);
        CHECK(pl_anomaly_step(&a, series[i], stamps[i]) == scores[i]);
    }
}

static void test_any_stamp_and_any_value_is_taken(void)
{
    static const double values[] = {
        0, -0.0, (double)INFINITY, -(double)INFINITY, 1e308, -1e308, 5e-324, 1, (double)NAN};
    static const int64_t times[] = {0, 1, INT64_MIN, INT64_MAX, -86400, -1, 1, 1};
    static struct pl_anomaly a;
    struct pl_rng rng = pl_rng_init(11);
    for (int world = 0; world < 50; world++) {
        pl_anomaly_init(&a);
        for (int i = 0; i < 500; i++) {
            uint64_t edge = pl_rng_below(&rng, (uint32_t)world + 10);
            double value = edge < PL_LEN(values) ? values[edge] : (double)edge;
            double score = pl_anomaly_step(&a, value, times[pl_rng_below(&rng, PL_LEN(times))]);
            CHECK(score >= 0 && score <= 1);
        }
    }
}

static void test_a_constant_series_is_not_odd(void)
{
    static const double levels[] = {0, 1e-30, 5, -1e90, 1e100};
    for (size_t k = 0; k < PL_LEN(levels); k++) {
        calm(0, STEP_S);
        for (int i = 0; i < ROWS; i++) series[i] = levels[k];
        judge();
        CHECK(highest(0, ROWS) < told);
    }
}

/* The scale and the sign convention of the unit do not matter. */
static void test_the_unit_does_not_matter(void)
{
    static double expected[ROWS];
    calm(2, STEP_S);
    series[3000] += 30;
    judge();
    memcpy(expected, scores, sizeof expected);
    for (int i = 0; i < ROWS; i++) series[i] *= 1024; // a power of two: exact
    judge();
    for (int i = 0; i < ROWS; i++) CHECK(fabs(scores[i] - expected[i]) < 1e-9);
}

static void test_learns_the_interval(void)
{
    static const int64_t steps_s[] = {1, 60, 300, 3600};
    static struct pl_anomaly a;
    for (size_t k = 0; k < PL_LEN(steps_s); k++) {
        struct pl_rng rng = pl_rng_init(5);
        pl_anomaly_init(&a);
        int64_t now_s = BEGIN_S;
        for (int i = 0; i < 1000; i++) {
            uint64_t luck = pl_rng_below(&rng, 20);
            now_s += luck == 0 ? 0 : luck == 1 ? 100 * steps_s[k] : steps_s[k];
            (void)pl_anomaly_step(&a, 1, now_s); // only the interval is looked at
            if (i > 100) CHECK_NEAR(a.interval_s, (double)steps_s[k], 0.5 * (double)steps_s[k]);
        }
        double before = a.interval_s;
        for (int i = 0; i < 100; i++) (void)pl_anomaly_step(&a, 1, now_s); // tells nothing
        CHECK(a.interval_s == before);
    }
}

int main(void)
{
    RUN(test_says_nothing_while_it_learns);
    RUN(test_noise_and_rhythm_are_usual);
    RUN(test_a_spike_is_told_at_once_and_once);
    RUN(test_a_larger_spike_scores_higher);
    RUN(test_a_shift_of_the_level_is_told);
    RUN(test_a_flat_line_is_told);
    RUN(test_a_drift_is_told);
    RUN(test_noon_at_midnight_is_told);
    RUN(test_what_comes_every_day_is_told_ever_less);
    RUN(test_gaps_teach_nothing);
    RUN(test_any_stamp_and_any_value_is_taken);
    RUN(test_a_constant_series_is_not_odd);
    RUN(test_the_unit_does_not_matter);
    RUN(test_learns_the_interval);
    return check_finish();
}
