/* The spool against a naive model; the sampling schedule; the order of collectors. */
#include "tests/check.h"

#include "agent/core/route.h"
#include "agent/core/schedule.h"
#include "agent/core/spool.h"
#include "common/base/err.h"

static struct pl_sample sample_at(int64_t unix_ms)
{
    struct pl_sample sample = {.unix_ms = unix_ms};
    for (int m = 0; m < PL_METRIC_COUNT; m++) sample.values[m] = (int32_t)unix_ms * 100 + m;
    return sample;
}

static void test_capacity(void)
{
    CHECK_INT(pl_spool_capacity(900000, 1000), 900);
    CHECK_INT(pl_spool_capacity(900001, 1000), 901);
    CHECK_INT(pl_spool_capacity(900000, 100), 9000);
    CHECK_INT(pl_spool_capacity(900000, 10), 9000);
    CHECK_INT(pl_spool_capacity(1, 60000), 1);
    CHECK_INT(pl_spool_capacity(INT64_MAX, 1), 9000);
    CHECK(pl_spool_bytes(900) <= 256 * 1024);
}

static void test_ack_bounds(void)
{
    struct pl_spool_slot memory[4];
    struct pl_spool s;
    pl_spool_init(&s, memory, PL_LEN(memory));
    CHECK_INT(pl_spool_ack(&s, 0), 0); // "none of this boot id"
    CHECK_INT(pl_spool_ack(&s, 1), PL_E_RANGE);
    struct pl_sample sample = sample_at(1);
    pl_spool_push(&s, &sample);
    CHECK_INT(sample.seq, 1);
    CHECK_INT(pl_spool_ack(&s, 2), PL_E_RANGE);
    CHECK_INT(pl_spool_count(&s), 1);
    CHECK_INT(pl_spool_ack(&s, 1), 0);
    CHECK_INT(pl_spool_ack(&s, 1), 0);
    CHECK_INT(pl_spool_count(&s), 0);
    CHECK_INT(s.first_seq, 2);
}

/* While everything is acknowledged in time, only the first slot is ever written. */
static void test_memory_in_use_stays_small(void)
{
    static struct pl_spool_slot memory[100];
    struct pl_spool s;
    pl_spool_init(&s, memory, PL_LEN(memory));
    for (uint64_t i = 1; i <= 1000; i++) {
        struct pl_sample sample = sample_at((int64_t)i);
        pl_spool_push(&s, &sample);
        CHECK_INT(pl_spool_ack(&s, i), 0);
    }
    CHECK_INT(memory[0].unix_ms, 1000);
    CHECK_INT(memory[1].unix_ms, 0);
}

enum { MODEL_MAX = 4000 };

/* All samples ever pushed, and which of them must still be there. */
struct model {
    int64_t unix_ms[MODEL_MAX + 1]; // by seq
    uint64_t first_seq, next_seq, dropped_count;
};

static void check_same(const struct pl_spool *s, const struct model *m)
{
    CHECK_INT(s->first_seq, m->first_seq);
    CHECK_INT(s->next_seq, m->next_seq);
    CHECK_INT(s->dropped_count, m->dropped_count);
    for (uint64_t seq = m->first_seq; seq < m->next_seq; seq++) {
        struct pl_sample got, want = sample_at(m->unix_ms[seq]);
        want.seq = seq;
        pl_spool_get(s, seq, &got);
        CHECK(got.seq == seq && got.unix_ms == want.unix_ms &&
              memcmp(got.values, want.values, sizeof got.values) == 0);
    }
}

static void run_model(uint64_t seed)
{
    static struct pl_spool_slot memory[37];
    static struct model m;
    struct pl_rng rng = pl_rng_init(seed);
    struct pl_spool s;
    uint32_t capacity = 1 + pl_rng_below(&rng, PL_LEN(memory));
    pl_spool_init(&s, memory, capacity);
    m = (struct model){.first_seq = 1, .next_seq = 1};
    while (m.next_seq < 400) {
        if (pl_rng_below(&rng, 3) > 0) {
            struct pl_sample sample = sample_at((int64_t)(m.next_seq * 3 + seed));
            m.unix_ms[m.next_seq++] = sample.unix_ms;
            pl_spool_push(&s, &sample);
            if (m.next_seq - m.first_seq > capacity) {
                m.first_seq++;
                m.dropped_count++;
            }
        } else {
            uint64_t seq = pl_rng_below(&rng, (uint32_t)m.next_seq + 3);
            CHECK_INT(pl_spool_ack(&s, seq), seq < m.next_seq ? 0 : PL_E_RANGE);
            if (seq < m.next_seq && seq >= m.first_seq) m.first_seq = seq + 1;
        }
        check_same(&s, &m);
    }
}

static void test_against_model(void)
{
    for (uint64_t seed = 1; seed <= 60; seed++) run_model(seed);
}

static void test_schedule(void)
{
    static const struct {
        int64_t now_ms, late_ms, due_ms;
    } story[] = {
        {5000, 0, 6000},      // the first
        {6003, 3, 7000},      // late, but the grid stays
        {7000, 0, 8000},      //
        {8999, 999, 9000},    // nearly a whole interval late
        {9000, 0, 10000},     //
        {13500, 3500, 14000}, // four ticks missed: one sample, no burst
        {14000, 0, 15000},
    };
    struct pl_schedule s;
    pl_schedule_init(&s, 1000, 5000);
    for (size_t i = 0; i < PL_LEN(story); i++) {
        printf("# at %" PRId64 "\n", story[i].now_ms);
        CHECK_INT(pl_schedule_step(&s, story[i].now_ms), story[i].late_ms);
        CHECK_INT(s.due_mono_ms, story[i].due_ms);
    }
}

static void test_schedule_directed(void)
{
    struct pl_schedule s;
    pl_schedule_init(&s, 1000, 0);
    CHECK_INT(pl_schedule_step(&s, 0), 0);
    pl_schedule_direct(&s, 250, 1000, 300);
    CHECK_INT(s.due_mono_ms, 550); // sooner than it was
    CHECK_INT(pl_schedule_step(&s, 550), 0);
    CHECK_INT(s.due_mono_ms, 800);
    CHECK_INT(pl_schedule_step(&s, 1300), 500); // its end has come
    CHECK_INT(s.interval_ms, 1000);
    CHECK_INT(s.due_mono_ms, 1800);
    pl_schedule_direct(&s, 1, 4000, 1400); // below the limit
    CHECK_INT(s.interval_ms, PL_SCHEDULE_INTERVAL_MIN_MS);
    pl_schedule_set_base(&s, 5000, 1450); // a WELCOME ends the directive
    CHECK_INT(s.interval_ms, 5000);
    CHECK_INT(s.due_mono_ms, 1500); // not put off
    CHECK_INT(pl_schedule_step(&s, 1500), 0);
    CHECK_INT(s.due_mono_ms, 6500);
    pl_schedule_set_base(&s, UINT32_MAX, 1600);
    CHECK_INT(s.interval_ms, PL_SCHEDULE_INTERVAL_MAX_MS);
    pl_schedule_set_base(&s, 0, 1700);
    CHECK_INT(s.interval_ms, 1000);
    CHECK_INT(s.due_mono_ms, 2700);
}

static void test_schedule_hastened(void)
{
    struct pl_schedule s;
    pl_schedule_init(&s, 1000, 0);
    CHECK_INT(pl_schedule_step(&s, 0), 0);
    pl_schedule_hasten(&s, 250, 2000, 100);
    CHECK_INT(s.due_mono_ms, 350);
    pl_schedule_hasten(&s, 500, 9000, 200); // slower: nothing new
    pl_schedule_hasten(&s, 250, 1000, 200); // ends before: likewise
    CHECK_INT(s.interval_ms, 250);
    CHECK_INT(s.until_mono_ms, 2100);
    pl_schedule_hasten(&s, 250, 2000, 300); // again: longer
    CHECK_INT(pl_schedule_step(&s, 2250), 1900);
    CHECK_INT(s.interval_ms, 250);
    CHECK_INT(pl_schedule_step(&s, 2350), 0);
    CHECK_INT(s.due_mono_ms, 3350); // over
    pl_schedule_direct(&s, 5000, 60000, 2400);
    pl_schedule_hasten(&s, 250, 2000, 2500); // what the collector asks for lasts longer
    CHECK_INT(s.interval_ms, 250);
    CHECK_INT(s.until_mono_ms, 62400);
    pl_schedule_calm(&s, 2600);
    CHECK_INT(s.interval_ms, 1000);
    CHECK_INT(s.due_mono_ms, 2750); // not put off
    CHECK_INT(pl_schedule_step(&s, 2750), 0);
    CHECK_INT(s.due_mono_ms, 3750);
    pl_schedule_calm(&s, 2800); // calm already
    CHECK_INT(s.due_mono_ms, 3750);
}

static void check_route(enum pl_route_end end, int64_t cap_ms)
{
    struct pl_route r;
    pl_route_init(&r, 3, 11);
    int64_t round_max_ms = PL_ROUTE_BASE_MS, longest_ms = 0;
    for (uint32_t attempt = 1; attempt <= 300; attempt++) {
        int64_t wait_ms = pl_route_fail(&r, end);
        CHECK(wait_ms >= PL_ROUTE_FLOOR_MS && wait_ms <= round_max_ms);
        CHECK_INT(r.index, attempt % 3);
        longest_ms = PL_MAX(longest_ms, wait_ms);
        if (attempt % 3 == 0) round_max_ms = PL_MIN(round_max_ms * 2, cap_ms);
    }
    CHECK(longest_ms > cap_ms * 9 / 10);
    CHECK(pl_route_fail(&r, PL_ROUTE_UNREACHED) <= PL_ROUTE_CAP_MS); // it has gone meanwhile
    CHECK_INT(r.index, 1);
    pl_route_prove(&r);
    CHECK(pl_route_fail(&r, end) <= PL_ROUTE_BASE_MS);
    CHECK_INT(r.index, 0); // a proved connection ended: from the top, without a long wait
    CHECK(!r.proved);
}

static void test_route(void)
{
    check_route(PL_ROUTE_UNREACHED, PL_ROUTE_CAP_MS);
    check_route(PL_ROUTE_ANSWERED, PL_ROUTE_ANSWERED_CAP_MS);
}

/* A thousand agents that lose one collector at once come back over the whole first second. */
static void test_route_spreads_a_fleet(void)
{
    int buckets[10] = {0};
    for (uint64_t seed = 0; seed < 1000; seed++) {
        struct pl_route r;
        pl_route_init(&r, 1, seed * 7919);
        pl_route_prove(&r);
        buckets[pl_route_fail(&r, PL_ROUTE_ANSWERED) * 10 / (PL_ROUTE_BASE_MS + 1)]++;
    }
    for (size_t i = 1; i < PL_LEN(buckets); i++) CHECK(buckets[i] > 60 && buckets[i] < 160);
}

/* 5,000 agents have tried for ten minutes when their collector is back. */
static void test_route_after_an_outage(void)
{
    enum { AGENTS = 5000, OUTAGE_MS = 600000, SECONDS = PL_ROUTE_CAP_MS / 1000 };
    int in_second[SECONDS + 1] = {0};
    int64_t sum_ms = 0;
    for (uint64_t seed = 0; seed < AGENTS; seed++) {
        struct pl_route r;
        pl_route_init(&r, 1, seed * 7919);
        int64_t at_ms = 0;
        while (at_ms < OUTAGE_MS) at_ms += pl_route_fail(&r, PL_ROUTE_UNREACHED);
        in_second[(at_ms - OUTAGE_MS) / 1000]++;
        sum_ms += at_ms - OUTAGE_MS;
    }
    CHECK_INT(in_second[SECONDS], 0);
    CHECK(in_second[0] < AGENTS * 4 / 10 && in_second[SECONDS - 1] > 0);
    CHECK_NEAR((double)sum_ms / AGENTS, PL_ROUTE_CAP_MS / 3.0, 100);
}

int main(void)
{
    RUN(test_capacity);
    RUN(test_ack_bounds);
    RUN(test_memory_in_use_stays_small);
    RUN(test_against_model);
    RUN(test_schedule);
    RUN(test_schedule_directed);
    RUN(test_schedule_hastened);
    RUN(test_route);
    RUN(test_route_spreads_a_fleet);
    RUN(test_route_after_an_outage);
    return check_finish();
}
