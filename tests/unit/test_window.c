/* The row ring of one host, its slope, and how old a sample is by somebody else's clock. */
#include "tests/check.h"

#include "collector/core/observe/age.h"
#include "collector/core/observe/window.h"

static struct pl_window window; // too large for a stack frame

static struct pl_sample sample_at(int64_t unix_ms, int32_t cpu)
{
    struct pl_sample s = {.unix_ms = unix_ms};
    for (size_t m = 0; m < PL_METRIC_COUNT; m++) s.values[m] = (int32_t)(1000 * m);
    s.values[PL_CPU_BUSY] = cpu;
    return s;
}

static void test_every_judged_metric_has_its_own_column(void)
{
    pl_window_init(&window);
    struct pl_sample s = sample_at(5, 0);
    pl_window_push(&window, &s);
    int judged_count = 0;
    for (enum pl_metric m = 0; m < PL_METRIC_COUNT; m++) {
        if (!pl_metric_info(m)->judged) continue;
        judged_count++;
        CHECK_INT(pl_window_value(&window, 0, m), s.values[m]);
    }
    CHECK_INT(judged_count, PL_WINDOW_COLUMNS);
}

static void test_ring_keeps_the_newest_rows(void)
{
    pl_window_init(&window);
    CHECK_INT(pl_window_value(&window, 0, PL_CPU_BUSY), PL_ABSENT);
    CHECK_INT(pl_window_unix_ms(&window, 0), 0);
    for (int i = 0; i < 3 * PL_WINDOW_ROWS / 2; i++) {
        struct pl_sample s = sample_at(1000 * i, i);
        pl_window_push(&window, &s);
        int oldest = i < PL_WINDOW_ROWS ? i : PL_WINDOW_ROWS - 1;
        CHECK_INT(pl_window_value(&window, 0, PL_CPU_BUSY), i);
        CHECK_INT(pl_window_value(&window, (uint16_t)oldest, PL_CPU_BUSY), i - oldest);
        CHECK_INT(pl_window_unix_ms(&window, (uint16_t)oldest), 1000 * (i - oldest));
        CHECK_INT(pl_window_value(&window, (uint16_t)(oldest + 1), PL_CPU_BUSY), PL_ABSENT);
    }
}

static void test_slope(void)
{
    /* Rows oldest first as {seconds, cpu}; the slope over the last 60 s. */
    static const struct {
        const char *name;
        int32_t rows[8][2];
        int row_count;
        bool known;
        double per_second;
    } cases[] = {
        {"straight", {{0, 0}, {1, 10}, {2, 20}, {3, 30}, {4, 40}}, 5, true, 10},
        {"four are too few", {{0, 0}, {1, 10}, {2, 20}, {3, 30}}, 4, false, 0},
        {"flat", {{0, 7}, {1, 7}, {2, 7}, {3, 7}, {4, 7}}, 5, true, 0},
        {"falling, uneven", {{0, 90}, {1, 80}, {4, 50}, {5, 40}, {8, 10}}, 5, true, -10},
        {"holes", {{0, 0}, {1, PL_ABSENT}, {2, 20}, {3, 30}, {4, 40}, {5, 50}}, 6, true, 10},
        {"too old does not count",
         {{0, 999}, {70, 0}, {71, 1}, {72, 2}, {73, 3}, {74, 4}},
         6,
         true,
         1},
        {"only old ones", {{0, 0}, {1, 1}, {2, 2}, {3, 3}, {4, 4}, {100, 5}}, 6, false, 0},
        {"clock set back", {{900, 0}, {1, 1}, {2, 2}, {3, 3}, {4, 4}, {5, 5}}, 6, true, 1},
        {"one moment", {{1, 1}, {1, 2}, {1, 3}, {1, 4}, {1, 5}}, 5, false, 0},
    };
    for (size_t i = 0; i < PL_LEN(cases); i++) {
        printf("# %s\n", cases[i].name);
        pl_window_init(&window);
        for (int r = 0; r < cases[i].row_count; r++) {
            struct pl_sample s = sample_at(1000 * cases[i].rows[r][0], cases[i].rows[r][1]);
            pl_window_push(&window, &s);
        }
        double per_second = -777;
        CHECK_INT(pl_window_slope(&window, PL_CPU_BUSY, 60000, &per_second), cases[i].known);
        CHECK_NEAR(per_second, cases[i].known ? cases[i].per_second : -777, 1e-6);
    }
}

/* ---- age ---- */

static void test_age_ignores_what_the_other_clock_shows(void)
{
    static const int64_t skews_ms[] = {0, 3600000, -3600000, INT64_C(-1750000000000)};
    for (size_t i = 0; i < PL_LEN(skews_ms); i++) {
        struct pl_age a = {0};
        int64_t unix_ms = INT64_C(1750000000000) + skews_ms[i], mono_ms = 50;
        pl_age_hello(&a, unix_ms, mono_ms);
        CHECK_INT(pl_age_step(&a, unix_ms - 20000, mono_ms), 20000);
        CHECK_INT(pl_age_step(&a, unix_ms - 10000, mono_ms + 1), 10001);
        CHECK_INT(pl_age_step(&a, unix_ms + 5000, mono_ms + 5000), 0);
        CHECK_INT(pl_age_step(&a, unix_ms + 6000, mono_ms + 5990),
                  0); // its way was shorter than HELLO's
        CHECK_INT(pl_age_step(&a, unix_ms + 7000, mono_ms + 7000), 0);
        CHECK_INT(pl_age_step(&a, unix_ms + 900000, mono_ms + 8000), 0); // an old clock was ahead
        CHECK_INT(pl_age_step(&a, unix_ms + 9000, mono_ms + 9000), 0);
    }
}

static void test_age_without_hello_begins_at_zero(void)
{
    struct pl_age a = {0};
    CHECK_INT(pl_age_step(&a, 1000, 99), 0);
    CHECK_INT(pl_age_step(&a, 1500, 699), 100);
}

static void test_age_of_a_clock_set_back(void)
{
    struct pl_age a = {0};
    pl_age_hello(&a, 100000, 0);
    CHECK_INT(pl_age_step(&a, 101000, 1000), 0);
    /* The agent's clock loses a minute and samples go on once a second: late for ten seconds. */
    for (int s = 2; s < 12; s++) {
        CHECK_INT(pl_age_step(&a, 40000 + 1000 * s, 1000 * s), 60000);
    }
    CHECK_INT(pl_age_step(&a, 52000, 12000), 0);
    CHECK_INT(pl_age_step(&a, 53000, 13000), 0);
    /* And two seconds more: not late, and yet not believed to be two seconds old for ever. */
    for (int s = 14; s < 24; s++) CHECK_INT(pl_age_step(&a, 38000 + 1000 * s, 1000 * s), 2000);
    CHECK_INT(pl_age_step(&a, 62000, 24000), 0);
}

static void test_age_of_resent_samples_is_never_believed(void)
{
    struct pl_age a = {0};
    pl_age_hello(&a, 10000000, 0);
    /* 15 minutes from the spool, at only 1.1 times the speed they were taken at. */
    int64_t stamp_ms = 10000000 - 900000, now_ms = 0;
    while (stamp_ms < 10000000 + now_ms - PL_AGE_LATE_MS) {
        CHECK(pl_age_step(&a, stamp_ms, now_ms) > PL_AGE_LATE_MS);
        stamp_ms += 1100;
        now_ms += 1000;
    }
    CHECK(pl_age_step(&a, stamp_ms, now_ms) <= PL_AGE_LATE_MS);
}

int main(void)
{
    RUN(test_every_judged_metric_has_its_own_column);
    RUN(test_ring_keeps_the_newest_rows);
    RUN(test_slope);
    RUN(test_age_ignores_what_the_other_clock_shows);
    RUN(test_age_without_hello_begins_at_zero);
    RUN(test_age_of_a_clock_set_back);
    RUN(test_age_of_resent_samples_is_never_believed);
    return check_finish();
}
