/* Bins of use against load, and the line through them. */
#include "tests/check.h"

#include "collector/core/judge/line.h"
#include "common/base/rng.h"

#include <math.h>
#include <stdlib.h>

enum { MINUTE = 60000, DAY = 86400000 };
static const int64_t start = INT64_C(1750000000000);

static struct pl_curve curve;

static const struct pl_curve_bin *fullest(void)
{
    const struct pl_curve_bin *found = &curve.bins[0];
    for (int i = 1; i < PL_CURVE_BINS; i++) {
        if (curve.bins[i].weight > found->weight) found = &curve.bins[i];
    }
    return found;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* ---- one bin ---- */

static void test_a_level_is_nearly_the_median(void)
{
    enum { COUNT = 2001 };
    static double values[COUNT];
    struct pl_rng rng = pl_rng_init(17);
    for (int round = 0; round < 50; round++) {
        curve = (struct pl_curve){0};
        double middle = 0.1 + 0.5 * pl_rng_unit(&rng), width = 0.2 * pl_rng_unit(&rng);
        for (int i = 0; i < COUNT; i++) {
            bool is_odd = pl_rng_below(&rng, 10) == 0; // a tenth comes from elsewhere
            values[i] = is_odd ? 0.99 : middle + width * (pl_rng_unit(&rng) - 0.5);
            pl_curve_step(&curve, 100, values[i], start + i * 1000);
        }
        qsort(values, COUNT, sizeof values[0], compare);
        CHECK_NEAR((double)fullest()->used, values[COUNT / 2], 0.05 * width + 0.001);
        CHECK_NEAR((double)fullest()->load, 100, 1e-3);
        CHECK_NEAR((double)fullest()->weight, COUNT, 0.02 * COUNT);
    }
}

static void test_what_is_old_is_forgotten(void)
{
    curve = (struct pl_curve){0};
    for (int i = 0; i < 1000; i++) pl_curve_step(&curve, 100, 0.2, start);
    double weight = pl_curve_weight(fullest(), start + PL_CURVE_MEMORY_MS);
    CHECK_NEAR(weight, 1000 / exp(1), 1);
    CHECK_NEAR(pl_curve_weight(fullest(), start - DAY), 1000, 1); // a clock that was set back
    for (int i = 0; i < 1000; i++) {
        pl_curve_step(&curve, 100, 0.4, start + 4 * PL_CURVE_MEMORY_MS + i * MINUTE);
    }
    CHECK_NEAR((double)fullest()->used, 0.4, 0.01);
}

/* ---- where the bins are ---- */

/* Every bin but the lowest holds loads of its own eighth of an octave only. */
static void check_places(void)
{
    for (int i = 1; i < PL_CURVE_BINS; i++) {
        if (curve.bins[i].weight <= 0) continue;
        double from = exp2((curve.lowest + i) / (double)PL_CURVE_BINS_PER_OCTAVE);
        double to = exp2((curve.lowest + i + 1) / (double)PL_CURVE_BINS_PER_OCTAVE);
        double load = (double)curve.bins[i].load;
        CHECK(load >= 0.9999 * from && load <= 1.0001 * to);
    }
}

static void test_bins_follow_the_load(void)
{
    curve = (struct pl_curve){0};
    for (int i = 0; i < 200; i++) pl_curve_step(&curve, 100, 0.1, start);
    for (int i = 0; i < 50; i++)
        pl_curve_step(&curve, 1, 0.05, start); // room below: bins move down
    for (int i = 0; i < 50; i++) pl_curve_step(&curve, 0, 0.04, start); // counts into the lowest
    CHECK_NEAR((double)fullest()->load, 100, 1e-3);
    double weight = 0;
    for (int i = 0; i < PL_CURVE_BINS; i++) weight += (double)curve.bins[i].weight;
    CHECK_NEAR(weight, 300, 1e-3);
    check_places();
    for (int i = 0; i < 500; i++) pl_curve_step(&curve, 1000, 0.7, start);
    CHECK_NEAR((double)fullest()->load, 1000, 1e-2);
    check_places();
}

/* Values far above, or a spike at the very beginning, only count when they come again and again. */
static void test_a_spike_costs_nothing_that_is_known(void)
{
    curve = (struct pl_curve){0};
    for (int i = 0; i < 200; i++) pl_curve_step(&curve, 100, 0.1, start);
    for (int i = 1; i < PL_CURVE_OUTSIDE_MAX; i++) pl_curve_step(&curve, 1e9, 1, start);
    CHECK_NEAR((double)fullest()->load, 100, 1e-3);
    CHECK_NEAR((double)fullest()->weight, 200, 1e-3);
    pl_curve_step(&curve, 1e9, 1, start); // it lasts: all others are far below
    pl_curve_step(&curve, 10, 0.1, start);
    CHECK_NEAR((double)curve.bins[0].load, 10, 1e-3);
    CHECK_NEAR((double)curve.bins[PL_CURVE_BINS - 1].load, 1e9, 1e3);

    curve = (struct pl_curve){0};
    for (int i = 0; i < 5; i++) pl_curve_step(&curve, 1e5, 0.1, start);
    for (int i = 0; i < 200; i++) pl_curve_step(&curve, 100 + i % 100, 0.1, start);
    double largest = 0;
    for (int i = 0; i < PL_CURVE_BINS; i++)
        largest = fmax(largest, (double)(curve.bins[i].weight > 0) * (double)curve.bins[i].load);
    CHECK(largest < 200);
    check_places();
}

/* ---- the line ---- */

static void draw(double base, double slope, double from, double to)
{
    curve = (struct pl_curve){0};
    for (int i = 0; i <= 500; i++) {
        double load = from + i * (to - from) / 500;
        pl_curve_step(&curve, load, base + slope * load, start);
    }
}

static void test_a_straight_line_is_found(void)
{
    draw(0.05, 0.002, 40, 200);
    struct pl_line line = pl_line_fit(&curve, start);
    CHECK_INT(line.gap, PL_LINE_KNOWN);
    CHECK_NEAR(line.base, 0.05, 0.001);
    CHECK_NEAR(line.slope, 0.002, 1e-5);
    struct pl_estimate e = pl_line_reach(&line, 0.9);
    CHECK_NEAR(e.p50, 1.04 * 425, 4); // a busy service saves a little
    CHECK(e.p10 < e.p50 && e.p50 < e.p90);
    CHECK_NEAR(pl_line_reach(&line, 0.04).p50, 0, 0); // it never was as low
}

static void test_the_further_the_answer_the_wider(void)
{
    draw(0.05, 0.002, 40, 200);
    struct pl_line line = pl_line_fit(&curve, start);
    double last = 1;
    for (int tenths = 3; tenths < 10; tenths++) {
        struct pl_estimate e = pl_line_reach(&line, tenths / 10.0);
        CHECK(e.p90 / e.p10 > last);
        last = e.p90 / e.p10;
    }
    CHECK(last > 1.07 * 1.1); // the line is exact; that it goes on as far again is a guess
    struct pl_estimate e = pl_line_reach(&line, 0.9);
    CHECK(e.p90 / e.p50 > 1.01 * e.p50 / e.p10); // it is rather cheaper there than dearer
}

/* A job every night that costs as much as the day's traffic must not turn the line. */
static void test_some_odd_bins_do_not_turn_the_line(void)
{
    draw(0.05, 0.002, 40, 200);
    for (int i = 0; i < PL_CURVE_BINS; i++) {
        bool is_night = curve.bins[i].load > 40 && curve.bins[i].load < 50;
        if (is_night) curve.bins[i].used += 0.3F;
    }
    struct pl_line line = pl_line_fit(&curve, start);
    struct pl_estimate e = pl_line_reach(&line, 0.9);
    CHECK_NEAR(e.p50, 425, 0.12 * 425);
    CHECK(e.p10 < 425 && 425 < e.p90);
}

static void test_what_is_no_line(void)
{
    static const struct {
        double base, slope, from, to;
        enum pl_line_gap gap;
    } rows[] = {
        {0.05, 0.002, 100, 145, PL_LINE_SPAN},  {0.05, 0.002, 100, 165, PL_LINE_KNOWN},
        {0.3, 0, 40, 200, PL_LINE_FLAT},        {0.5, -0.001, 40, 200, PL_LINE_FLAT},
        {0.05, 0.00005, 40, 200, PL_LINE_FLAT}, // a hundredth of the whole may be anything
    };
    for (size_t i = 0; i < PL_LEN(rows); i++) {
        draw(rows[i].base, rows[i].slope, rows[i].from, rows[i].to);
        struct pl_line line = pl_line_fit(&curve, start);
        CHECK_INT(line.gap, rows[i].gap);
        if (rows[i].gap != PL_LINE_KNOWN) CHECK_NEAR(pl_line_reach(&line, 0.9).p50, 0, 0);
    }
    curve = (struct pl_curve){0};
    CHECK_INT(pl_line_fit(&curve, start).gap, PL_LINE_NEW);
    for (int i = 0; i < 20; i++) pl_curve_step(&curve, 50 + 5 * i, 0.3, start);
    CHECK_INT(pl_line_fit(&curve, start).gap, PL_LINE_NEW);
}

static void test_drift_moves_the_middle_half_way(void)
{
    draw(0.05, 0.002, 40, 200);
    struct pl_line line = pl_line_fit(&curve, start);
    struct pl_estimate before = pl_line_reach(&line, 0.9);
    pl_line_drift(&line, 100, 0.05 + 0.002 * 1.4 * 100);
    CHECK_NEAR(line.drift, 0.4, 0.01);
    struct pl_estimate after = pl_line_reach(&line, 0.9);
    CHECK_NEAR(after.p50, before.p50 / 1.2, 0.01 * before.p50);
    CHECK(after.p10 < before.p50 / 1.4 && after.p90 > before.p50);
}

int main(void)
{
    RUN(test_a_level_is_nearly_the_median);
    RUN(test_what_is_old_is_forgotten);
    RUN(test_bins_follow_the_load);
    RUN(test_a_spike_costs_nothing_that_is_known);
    RUN(test_a_straight_line_is_found);
    RUN(test_the_further_the_answer_the_wider);
    RUN(test_some_odd_bins_do_not_turn_the_line);
    RUN(test_what_is_no_line);
    RUN(test_drift_moves_the_middle_half_way);
    return check_finish();
}
