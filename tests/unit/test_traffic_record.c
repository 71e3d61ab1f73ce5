/* What is remembered of traffic, there and back: the memory that was read judges as the one that
 * was written; other lengths, layouts, times and numbers are refused. */
#include "tests/check.h"

#include "collector/codec/traffic_record.h"
#include "common/base/err.h"

#include <math.h>

enum { INTERVAL_MS = 10000, STEPS = 3 * 86400 / 10 };
static const int64_t start_ms = 1746057600000;

static uint8_t buf[PL_TRAFFIC_RECORD_BYTES + 1];
static struct pl_traffic traffic, got;
static enum pl_traffic_source unit;
static int64_t now_ms;

/* Three days with a peak each evening. */
static double value_at(int64_t unix_ms)
{
    return 100 + 50 * sin((double)(unix_ms % 86400000) / 86400000 * 6.28);
}

static struct pl_span written(void)
{
    struct pl_writer w = pl_writer_init(buf, sizeof buf);
    pl_traffic_init(&traffic);
    for (int i = 0; i < STEPS; i++) {
        now_ms = start_ms + (int64_t)i * INTERVAL_MS;
        pl_traffic_step(&traffic, value_at(now_ms), now_ms);
    }
    pl_record_traffic_write(&w, PL_SOURCE_REQUESTS, &traffic);
    return (struct pl_span){buf, w.len};
}

static void test_it_goes_on_as_before(void)
{
    struct pl_span whole = written();
    REQUIRE(pl_record_traffic_read(whole, now_ms, &unit, &got) == 0);
    for (int i = 1; i <= 1000; i++) { // beyond the next slots of five minutes
        int64_t unix_ms = now_ms + (int64_t)i * INTERVAL_MS;
        bool news, got_news;
        pl_traffic_step(&traffic, value_at(unix_ms), unix_ms);
        pl_traffic_step(&got, value_at(unix_ms), unix_ms);
        double slope = pl_traffic_slope(&traffic, PL_TRAFFIC_SCALES - 1, &news);
        CHECK_NEAR(pl_traffic_slope(&got, PL_TRAFFIC_SCALES - 1, &got_news), slope, 1e-12);
        CHECK_NEAR(pl_traffic_swell(&got), pl_traffic_swell(&traffic), 1e-12);
        CHECK_NEAR(pl_traffic_ratio(&got), pl_traffic_ratio(&traffic), 1e-12);
        CHECK_NEAR(got.baseline.ahead_recurring, traffic.baseline.ahead_recurring, 1e-12);
        CHECK_INT(got_news, news);
    }
    CHECK(pl_traffic_ratio(&got) > 0);
    CHECK_INT(unit, PL_SOURCE_REQUESTS);
}

static void test_other_lengths(void)
{
    struct pl_span whole = written();
    CHECK_INT(whole.len, PL_TRAFFIC_RECORD_BYTES);
    for (size_t cut = 0; cut < whole.len; cut++)
        CHECK_INT(pl_record_traffic_read((struct pl_span){buf, cut}, now_ms, &unit, &got),
                  PL_E_TRUNCATED);
    CHECK_INT(pl_record_traffic_read((struct pl_span){buf, sizeof buf}, now_ms, &unit, &got),
              PL_E_SYNTAX);
}

static void test_other_layouts_and_times(void)
{
    static const int64_t day_ms = 86400000;
    struct pl_span whole = written();
    int64_t keep_ms = PL_TRAFFIC_RECORD_KEEP_DAYS * day_ms;
    CHECK_INT(pl_record_traffic_read(whole, now_ms + keep_ms, &unit, &got), 0);
    CHECK_INT(pl_record_traffic_read(whole, now_ms + keep_ms + 1, &unit, &got), PL_E_RANGE);
    CHECK_INT(pl_record_traffic_read(whole, now_ms - PL_TRAFFIC_RECORD_AHEAD_MS, &unit, &got), 0);
    CHECK_INT(pl_record_traffic_read(whole, now_ms - PL_TRAFFIC_RECORD_AHEAD_MS - 1, &unit, &got),
              PL_E_RANGE);
    buf[1] = PL_SOURCE_NONE;
    CHECK_INT(pl_record_traffic_read(whole, now_ms, &unit, &got), PL_E_RANGE);
    buf[1] = PL_SOURCE_COUNT;
    CHECK_INT(pl_record_traffic_read(whole, now_ms, &unit, &got), PL_E_RANGE);
    buf[0]++;
    CHECK_INT(pl_record_traffic_read(whole, now_ms, &unit, &got), PL_E_VERSION);
}

/* Every number is one that traffic can have: no infinity, no NaN, nothing below zero. */
static void test_other_numbers(void)
{
    static const double bad[] = {-1, (double)INFINITY, (double)NAN};
    enum { KNOWN_AT = 2 + 8 };
    struct pl_span whole = written();
    got = (struct pl_traffic){.habit = 7};
    for (size_t i = 0; i < PL_LEN(bad); i++) {
        struct pl_writer w = pl_writer_init(buf + KNOWN_AT, 8);
        uint64_t bits;
        memcpy(&bits, &bad[i], sizeof bits);
        pl_put_u64(&w, bits);
        CHECK_INT(pl_record_traffic_read(whole, now_ms, &unit, &got), PL_E_RANGE);
    }
    CHECK_NEAR(got.habit, 7, 0); // untouched
}

int main(void)
{
    RUN(test_it_goes_on_as_before);
    RUN(test_other_lengths);
    RUN(test_other_layouts_and_times);
    RUN(test_other_numbers);
    return check_finish();
}
