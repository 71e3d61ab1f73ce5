/* What was learned of a host, written down and read again. */
#include "tests/check.h"

#include "collector/codec/learned_record.h"
#include "collector/core/judge/rule.h"
#include "common/base/err.h"
#include "common/base/rng.h"

static struct pl_capacity_learner learner, back; // too large for a stack frame
static struct pl_rules rules;
static uint8_t buf[PL_LEARNED_BYTES_MAX];

/* Some hours of a host whose CPU and memory follow its requests. */
static struct pl_span learned_record(void)
{
    struct pl_rng rng = pl_rng_init(5);
    pl_capacity_init(&learner);
    for (int s = 0; s < 20000; s++) {
        struct pl_sample sample = {.seq = (uint64_t)s + 1,
                                   .unix_ms = (1000000 + s) * INT64_C(1000)};
        for (size_t m = 0; m < PL_METRIC_COUNT; m++) sample.values[m] = PL_ABSENT;
        int32_t per_s = 50 + s / 100;
        sample.values[PL_TRAFFIC_REQUESTS] = 10 * per_s;
        sample.values[PL_CPU_BUSY] = 200 + 15 * per_s + (int32_t)pl_rng_below(&rng, 50);
        sample.values[PL_SERVICE_CPU] = 100 + 15 * per_s + (int32_t)pl_rng_below(&rng, 50);
        sample.values[PL_MEMORY_USED] = 3000 + 4 * per_s;
        (void)pl_capacity_step(&learner, rules.levels, PL_SOURCE_REQUESTS, &sample,
                               sample.unix_ms); // the last answer is looked at
    }
    struct pl_writer w = pl_writer_init(buf, sizeof buf);
    pl_learned_write(&learner, &w);
    CHECK_INT(w.err, 0);
    return (struct pl_span){w.ptr, w.len};
}

static void test_learning_goes_on_where_it_was(void)
{
    struct pl_span record = learned_record();
    CHECK(record.len > 200 && record.len < 2500);
    REQUIRE(pl_learned_read(record, &back) == 0);
    static struct pl_capacity_learner resumed;
    pl_capacity_init(&resumed);
    CHECK(pl_capacity_adopt(&resumed, rules.levels, &back, learner.newest_unix_ms));
    const struct pl_host_capacity *was = &learner.answer, *is = &resumed.answer;
    CHECK_INT(is->gap, PL_GAP_NONE);
    CHECK_INT(is->source, PL_SOURCE_REQUESTS);
    CHECK(is->cpu_of_service && was->cpu_of_service);
    CHECK_INT(is->first_limit, was->first_limit);
    CHECK_NEAR(is->per_s.p50, was->per_s.p50, 0.01 * was->per_s.p50);
    CHECK_NEAR(is->per_s.p10, was->per_s.p10, 0.01 * was->per_s.p10);
    CHECK_NEAR(is->neighbours, was->neighbours, 1e-3);
    CHECK(!pl_capacity_adopt(&learner, rules.levels, &back, 0)); // it has newer
}

static void test_every_truncation_is_refused(void)
{
    struct pl_span record = learned_record();
    for (size_t len = 0; len < record.len; len++) {
        CHECK(pl_learned_read((struct pl_span){record.ptr, len}, &back) < 0);
    }
}

static void test_what_no_learning_makes_is_refused(void)
{
    static const struct {
        size_t at;
        uint8_t byte;
        int err;
    } rows[] = {
        {0, 2, PL_E_VERSION},
        {1, PL_SOURCE_COUNT, PL_E_RANGE},
        {2, PL_CPU_OF_SERVICE + 1, PL_E_RANGE},
        {3, 0, PL_E_SYNTAX},   // no resources, but there are some
        {4, 0x7f, PL_E_RANGE}, // neighbours: infinite, or no number
        {4, 0xbf, PL_E_RANGE}, // less than nothing
    };
    for (size_t i = 0; i < PL_LEN(rows); i++) {
        struct pl_span record = learned_record();
        buf[rows[i].at] = rows[i].byte;
        CHECK_INT(pl_learned_read(record, &back), rows[i].err);
    }
}

static void test_an_unknown_resource_is_skipped(void)
{
    struct pl_span record = learned_record();
    buf[8] = 0xff; // the metric of the first resource: the CPU
    REQUIRE(pl_learned_read(record, &back) == 0);
    CHECK(!back.learning[PL_LEARNED_CPU].curve.started);
    CHECK(back.learning[PL_LEARNED_MEMORY].curve.started);
}

int main(void)
{
    pl_rules_default(&rules);
    RUN(test_learning_goes_on_where_it_was);
    RUN(test_every_truncation_is_refused);
    RUN(test_what_no_learning_makes_is_refused);
    RUN(test_an_unknown_resource_is_skipped);
    return check_finish();
}
