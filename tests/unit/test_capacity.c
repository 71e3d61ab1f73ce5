/* Capacity learned from traffic that never came near it: one host. */
#include "tests/check.h"

#include "collector/core/judge/capacity.h"
#include "collector/core/judge/rule.h"
#include "common/base/rng.h"

#include <math.h>

enum { HOUR_S = 3600, DAY_S = 86400, START_S = 1000000 };

static struct pl_capacity_learner learner; // too large for a stack frame
static struct pl_rules rules;

/* ---- a machine that obeys the laws exactly, and a noisy one ---- */

struct machine {
    double base, cost; // CPU share without traffic, and per connection/s of a busy machine
    double waking;     // what a connection costs more that finds it asleep, as a share of that
    double noise;      // of the CPU in one sample, deviation as a share of its use
    double memory_base, memory_cost; // share per connection inside at a time
    double service_s;                // of a connection that waits for nobody
    double neighbour; // share of the CPU others use; service.cpu is reported if not 0
    int wave_s;       // from one low to the next; 0: a day
    double low, high; // traffic at night and at noon
};

static double normal(struct pl_rng *rng)
{
    double sum = -6;
    for (int i = 0; i < 12; i++) sum += pl_rng_unit(rng);
    return sum;
}

static int32_t bp(double share)
{
    return (int32_t)lround(fmin(fmax(share, 0), 1) * 10000);
}

static double traffic_of(const struct machine *m, int s)
{
    double day = 0.5 - 0.5 * cos(2 * M_PI * s / (m->wave_s > 0 ? m->wave_s : DAY_S));
    return m->low + (m->high - m->low) * day;
}

/* Of a connection while that share of the CPU is busy: the idle rest is how often it must be woken.
 */
static double cost_at(const struct machine *m, double busy)
{
    return m->cost * (1 + m->waking * fmax(1 - busy, 0));
}

static struct pl_sample nothing_at(int s)
{
    struct pl_sample sample = {.seq = (uint64_t)s + 1, .unix_ms = (START_S + s) * INT64_C(1000)};
    for (size_t i = 0; i < PL_METRIC_COUNT; i++) sample.values[i] = PL_ABSENT;
    return sample;
}

static struct pl_sample sample_of(const struct machine *m, int s, struct pl_rng *rng)
{
    struct pl_sample sample = nothing_at(s);
    double x = traffic_of(m, s);
    x = fmax(x + sqrt(x) * normal(rng), 0); // arrivals are Poisson
    double service = m->base + cost_at(m, m->base + m->cost * x) * x;
    service = fmax(service * (1 + m->noise * normal(rng)), 0);
    double others = m->neighbour * (0.4 + 1.2 * pl_rng_unit(rng));
    double busy = fmin(service + others, 0.99);
    sample.values[PL_TCP_ACCEPTED] = (int32_t)lround(x * 10);
    sample.values[PL_CPU_BUSY] = bp(busy);
    if (m->neighbour > 0) sample.values[PL_SERVICE_CPU] = bp(service);
    double inside = x * m->service_s / (1 - busy);
    sample.values[PL_MEMORY_USED] = bp(m->memory_base + m->memory_cost * inside);
    return sample;
}

static void feed(const struct machine *m, int from_s, int to_s, struct pl_rng *rng)
{
    for (int s = from_s; s < to_s; s++) {
        struct pl_sample sample = sample_of(m, s, rng);
        (void)pl_capacity_step(&learner, rules.levels, PL_SOURCE_CONNECTIONS, &sample,
                               sample.unix_ms); // the last answer is looked at
    }
}

static const struct pl_host_capacity *learn(const struct machine *m, int seconds, uint64_t seed)
{
    struct pl_rng rng = pl_rng_init(seed);
    pl_capacity_init(&learner);
    feed(m, 0, seconds, &rng);
    return &learner.answer;
}

static double truth_of(const struct machine *m)
{
    return (0.9 - m->base) / cost_at(m, 0.9);
}

/* ---- what is known, and what is missing ---- */

static const struct machine plain = {
    .base = 0.04, .cost = 0.002, .noise = 0.1, .memory_base = 0.3, .low = 50, .high = 220};

static void test_a_day_under_half_tells_the_limit(void)
{
    const struct pl_host_capacity *a = learn(&plain, DAY_S, 1);
    CHECK_INT(a->gap, PL_GAP_NONE);
    CHECK_INT(a->source, PL_SOURCE_CONNECTIONS);
    CHECK_INT(a->first_limit, PL_LEARNED_CPU);
    CHECK_NEAR(a->per_s.p50, truth_of(&plain), 0.05 * truth_of(&plain));
    CHECK(a->per_s.p10 < a->per_s.p50 && a->per_s.p50 < a->per_s.p90);
    CHECK_INT(a->resource[PL_LEARNED_MEMORY].gap, PL_GAP_FLAT);
    CHECK_INT(a->resource[PL_LEARNED_NETWORK].gap, PL_GAP_SOURCE);
}

/* A bin has a few values only, all of them together are enough. */
static void test_two_waves_of_minutes_tell_the_limit(void)
{
    struct machine quick = plain;
    quick.wave_s = 210;
    quick.low = 70;
    const struct pl_host_capacity *a = learn(&quick, 420, 1);
    double truth = truth_of(&quick);
    CHECK_INT(a->gap, PL_GAP_NONE);
    CHECK_NEAR(a->per_s.p50, truth, 0.08 * truth);
    CHECK(a->per_s.p10 <= truth && truth <= a->per_s.p90);
}

/* A clock that is a millisecond fast does not make every period of five seconds one of six. */
static void test_a_period_ends_with_the_nearest_sample(void)
{
    enum { PERIODS = 60, EACH = 5 };
    struct pl_rng rng = pl_rng_init(1);
    pl_capacity_init(&learner);
    for (int s = 0; s <= PERIODS * EACH; s++) {
        struct pl_sample sample = sample_of(&plain, s, &rng);
        sample.unix_ms -= s;
        (void)pl_capacity_step(&learner, rules.levels, PL_SOURCE_CONNECTIONS, &sample,
                               sample.unix_ms); // what it has taken is looked at
    }
    CHECK(learner.learning[PL_LEARNED_CPU].recent_weight >= PERIODS - 1);
    CHECK(learner.learning[PL_LEARNED_MEMORY].recent_weight >= PERIODS - 1);
}

/* The service is known a minute late, beside somebody who takes the rest of the machine. */
static void test_a_service_beside_a_full_machine_is_learned_in_minutes(void)
{
    struct machine m = {.cost = 0.0014,
                        .waking = 0.1,
                        .noise = 0.15,
                        .memory_base = 0.3,
                        .neighbour = 0.9,
                        .wave_s = 210,
                        .low = 31,
                        .high = 84};
    enum { RUNS = 20 };
    int near = 0, inside = 0;
    for (uint64_t seed = 1; seed <= RUNS; seed++) {
        const struct pl_host_capacity *a = learn(&m, 480, seed);
        double truth = (0.9 - a->neighbours / 2) / cost_at(&m, 1); // others take the rest
        CHECK(a->cpu_of_service && a->gap == PL_GAP_NONE);
        near += fabs(a->per_s.p50 / truth - 1) <= 0.1;
        inside += a->per_s.p10 <= truth && truth <= a->per_s.p90;
    }
    CHECK_INT(near, RUNS);
    CHECK(inside >= 0.9 * RUNS);
}

static void test_unknown_says_why(void)
{
    struct machine even = plain;
    even.low = 180;
    CHECK_INT(learn(&plain, 120, 1)->gap, PL_GAP_NEW);
    const struct pl_host_capacity *a = learn(&even, DAY_S / 2, 1);
    CHECK_INT(a->gap, PL_GAP_SPAN);
    CHECK_NEAR(a->per_s.p50, 0, 0);
    CHECK(a->resource[PL_LEARNED_CPU].seen_min > 160 && a->resource[PL_LEARNED_CPU].seen_max < 240);
    struct machine idle = plain;
    idle.cost = 0;
    CHECK_INT(learn(&idle, DAY_S, 1)->gap, PL_GAP_FLAT);
    struct machine full = plain;
    full.base = 0.93;
    full.noise = 0;
    full.cost = 0.0002;
    CHECK_INT(learn(&full, DAY_S, 1)->gap, PL_GAP_FULL);
}

/* ---- the goal: nine of ten within the range, all within five per cent ---- */

static struct machine random_machine(struct pl_rng *rng)
{
    struct machine m = {.base = 0.01 + 0.09 * pl_rng_unit(rng), .memory_base = 0.2};
    m.waking = 0.2 * pl_rng_unit(rng);              // under half load real ones cost 5 to 10 % more
    double high_use = 0.3 + 0.2 * pl_rng_unit(rng); // at noon, the base included
    m.high = 30 * pow(100, pl_rng_unit(rng));
    m.low = m.high * (0.1 + 0.4 * pl_rng_unit(rng));
    m.cost = (high_use - m.base) / m.high;
    m.noise = 0.02 + 0.2 * pl_rng_unit(rng);
    return m;
}

static void test_random_machines_are_learned_under_half_load(void)
{
    enum { RUNS = 60 };
    int inside = 0, near = 0;
    struct pl_rng rng = pl_rng_init(7);
    for (int i = 0; i < RUNS; i++) {
        struct machine m = random_machine(&rng);
        int seconds = HOUR_S * (10 + (int)pl_rng_below(&rng, 30));
        const struct pl_host_capacity *a = learn(&m, seconds, pl_rng_u64(&rng));
        double truth = truth_of(&m);
        inside += a->per_s.p10 <= truth && truth <= a->per_s.p90;
        near += fabs(a->per_s.p50 / truth - 1) <= 0.05;
    }
    printf("# within the range: %d of %d, within 5 %%: %d\n", inside, RUNS, near);
    CHECK(inside >= 0.9 * RUNS);
    CHECK(near >= 0.9 * RUNS);
}

/* ---- what is not a line of the traffic ---- */

/* The service's own CPU beside somebody who wants half of the machine: under contention the two get
 * equal parts, so half of what the neighbour wants is lost. */
static void test_a_neighbour_lowers_the_limit(void)
{
    struct machine m = plain;
    m.neighbour = 0.3;
    const struct pl_host_capacity *a = learn(&m, DAY_S, 5);
    double truth = (0.9 - m.neighbour / 2 - m.base) / m.cost;
    CHECK(a->cpu_of_service);
    CHECK_NEAR(a->neighbours, 0.3, 0.02);
    CHECK_NEAR(a->per_s.p50, truth, 0.1 * truth);
    CHECK(a->per_s.p10 <= truth && truth <= a->per_s.p90);
}

/* Little: what is inside grows without bound as the CPU fills, and memory with it. */
static void test_memory_is_named_before_it_runs_out(void)
{
    /* Full where 0.3 + 0.06 y = 0.9: y = 10 inside; x = 10 (1 - rho(x)) / service_s. */
    struct machine m = {.base = 0.04,
                        .cost = 0.004,
                        .noise = 0.1,
                        .memory_base = 0.3,
                        .memory_cost = 0.06,
                        .service_s = 0.04,
                        .low = 30,
                        .high = 110};
    const struct pl_host_capacity *a = learn(&m, DAY_S, 9);
    double most = 10 / m.service_s;
    double truth = most * (1 - m.base) / (1 + most * m.cost);
    CHECK_INT(a->first_limit, PL_LEARNED_MEMORY);
    CHECK(a->resource[PL_LEARNED_MEMORY].per_s.p50 < a->resource[PL_LEARNED_CPU].per_s.p50);
    CHECK_NEAR(a->per_s.p50, truth, 0.05 * truth);
    CHECK(a->per_s.p10 <= truth && truth <= a->per_s.p90);
}

/* Requests that only wait: memory ends it, on a machine that others keep half busy. */
static void test_memory_ends_what_takes_no_cpu(void)
{
    struct machine m = {.base = 0.5,
                        .cost = 0.00001,
                        .noise = 0.1,
                        .memory_base = 0.2,
                        .memory_cost = 0.01,
                        .service_s = 1,
                        .low = 6,
                        .high = 16};
    const struct pl_host_capacity *a = learn(&m, DAY_S, 9);
    double truth = (0.9 - m.memory_base) / m.memory_cost * (1 - m.base) / m.service_s;
    CHECK_INT(a->resource[PL_LEARNED_CPU].gap, PL_GAP_FLAT);
    CHECK_INT(a->first_limit, PL_LEARNED_MEMORY);
    CHECK_NEAR(a->per_s.p50, truth, 0.05 * truth);
    CHECK(a->per_s.p10 <= truth && truth <= a->per_s.p90);
}

/* Workers of a few MiB each that mostly wait, in a small control group with a high weight. The rest
 * of the machine is another's, who now and then takes all of it: that says nothing about them.
 * After a minute the group gets `limit_mib` instead of what the machine has. */
static const struct pl_host_capacity *learn_prefork(int seconds, double limit_mib)
{
    enum { LIMITED_S = 60, MACHINE_MIB = 24000, EACH_MIB = 6, BASE_MIB = 60, WAVE_S = 210 };
    struct pl_rng rng = pl_rng_init(3);
    double busy = 0.1;
    pl_capacity_init(&learner);
    for (int s = 0; s < seconds; s++) {
        struct pl_sample sample = nothing_at(s);
        double x = 18 - 9 * cos(2 * M_PI * s / WAVE_S),
               whole = s < LIMITED_S ? MACHINE_MIB : limit_mib;
        double inside = fmax(x + sqrt(x) * normal(&rng), 0); // each for a second
        if (s % 10 == 0) busy = pl_rng_unit(&rng) < 0.5 ? 0.1 : 1;
        sample.values[PL_TCP_ACCEPTED] = (int32_t)lround(fmax(x + sqrt(x) * normal(&rng), 0) * 10);
        sample.values[PL_SERVICE_CPU] = bp(0.0025 * x);
        sample.values[PL_SERVICE_CPU_WEIGHT] = 10000;
        sample.values[PL_CPU_BUSY] = bp(busy);
        sample.values[PL_SERVICE_MEMORY] = bp((BASE_MIB + EACH_MIB * inside) / whole);
        sample.values[PL_SERVICE_MEMORY_LIMIT] = (int32_t)(whole * 10);
        (void)pl_capacity_step(&learner, rules.levels, PL_SOURCE_CONNECTIONS, &sample,
                               sample.unix_ms); // the last answer is looked at
    }
    return &learner.answer;
}

static void test_memory_of_waiting_workers_is_named_at_half(void)
{
    const struct pl_host_capacity *a = learn_prefork(480, 466);
    double truth = (0.9 * 466 - 60) / 6;
    CHECK_INT(a->gap, PL_GAP_NONE);
    CHECK_INT(a->first_limit, PL_LEARNED_SERVICE_MEMORY);
    CHECK(a->resource[PL_LEARNED_SERVICE_MEMORY].seen_max < 0.5 * truth);
    CHECK_NEAR(a->per_s.p50, truth, 0.1 * truth);
    CHECK(a->per_s.p10 <= truth && truth <= a->per_s.p90);
    CHECK(a->resized); // the limit was known at once, and what was learned before counts
}

/* A proxy closes what it opened for each connection, and that waits for a minute. The agent counts
 * it only now and then. A server that opens none needs no ports. */
static void test_local_ports_end_who_opens_connections(void)
{
    enum { PORTS = 28232, WAIT_S = 60, COUNT_S = 120 };
    for (int opens = 0; opens <= 1; opens++) {
        struct pl_rng rng = pl_rng_init(6);
        double waiting = 0;
        int32_t counted = 0;
        pl_capacity_init(&learner);
        for (int s = 0; s < 6 * HOUR_S; s++) {
            struct pl_sample sample = nothing_at(s);
            double x = 150 - 80 * cos(2 * M_PI * s / HOUR_S) + 8 * normal(&rng);
            waiting += x - waiting / WAIT_S; // a wave of an hour hardly tells this from a queue
            if (s % COUNT_S == 0) counted = opens == 0 ? 0 : bp((waiting + 20) / PORTS);
            sample.values[PL_TCP_ACCEPTED] = (int32_t)lround(10 * x);
            sample.values[PL_CPU_BUSY] = bp(0.02 + 0.001 * x);
            sample.values[PL_PORTS_USED] = counted;
            (void)pl_capacity_step(&learner, rules.levels, PL_SOURCE_CONNECTIONS, &sample,
                                   sample.unix_ms); // the last answer is looked at
        }
        const struct pl_host_capacity *a = &learner.answer;
        double truth = 0.85 * PORTS / WAIT_S;
        CHECK_INT(a->first_limit, opens ? PL_LEARNED_PORTS : PL_LEARNED_CPU);
        if (opens == 1) CHECK_NEAR(a->per_s.p50, truth, 0.08 * truth);
        if (opens == 0) CHECK_INT(a->resource[PL_LEARNED_PORTS].gap, PL_GAP_FLAT);
    }
}

/* A short accept queue fills up with what waits inside; TCP memory does too. */
static void test_a_queue_may_be_the_first_limit(void)
{
    static const struct {
        enum pl_metric metric;
        double each, limit; // share per connection inside
        enum pl_learned first;
    } rows[] = {
        {PL_LISTEN_QUEUE, 0.002, 0.7, PL_LEARNED_ACCEPT_QUEUE},
        {PL_TCP_MEMORY_USED, 0.0025, 0.85, PL_LEARNED_TCP_MEMORY},
    };
    for (size_t i = 0; i < PL_LEN(rows); i++) {
        struct pl_rng rng = pl_rng_init(7);
        pl_capacity_init(&learner);
        for (int s = 0; s < 6 * HOUR_S; s++) {
            double x = traffic_of(&(struct machine){.wave_s = HOUR_S, .low = 40, .high = 110}, s);
            struct pl_sample sample = nothing_at(s);
            double busy = 0.02 + 0.001 * x, inside = x / (1 - busy);
            sample.values[PL_TCP_ACCEPTED] = (int32_t)lround(10 * x);
            sample.values[PL_CPU_BUSY] = bp(busy);
            sample.values[rows[i].metric] = bp(rows[i].each * inside * (1 + 0.3 * normal(&rng)));
            (void)pl_capacity_step(&learner, rules.levels, PL_SOURCE_CONNECTIONS, &sample,
                                   sample.unix_ms); // the last answer is looked at
        }
        double most = rows[i].limit / rows[i].each, truth = most * 0.98 / (1 + most * 0.001);
        CHECK_INT(learner.answer.first_limit, rows[i].first);
        CHECK_NEAR(learner.answer.per_s.p50, truth, 0.06 * truth);
    }
}

/* ---- what changes ---- */

static void test_a_larger_machine_counts_at_once(void)
{
    struct pl_fact_value before[PL_FACT_COUNT] = {0}, after[PL_FACT_COUNT] = {0};
    before[PL_FACT_CORES].value = 2;
    after[PL_FACT_CORES].value = 4;
    before[PL_FACT_MEMORY].value = after[PL_FACT_MEMORY].value = 1 << 20;
    before[PL_FACT_CPU_LIMIT].value = after[PL_FACT_CPU_LIMIT].value = -1;
    (void)learn(&plain, DAY_S, 1);
    pl_capacity_resize(&learner, rules.levels, before, after, 77);
    const struct pl_host_capacity *a = &learner.answer;
    double truth = (0.9 - plain.base / 2) / (plain.cost / 2);
    CHECK(a->resized);
    CHECK_INT(a->resized_unix_ms, 77);
    CHECK_NEAR(a->resized_by[PL_LEARNED_CPU], 2, 1e-9);
    CHECK_NEAR(a->resized_by[PL_LEARNED_MEMORY], 1, 1e-9);
    CHECK_NEAR(a->per_s.p50, truth, 0.05 * truth);
    struct machine larger = plain; // and goes on as before
    larger.base /= 2;
    larger.cost /= 2;
    struct pl_rng rng = pl_rng_init(2);
    feed(&larger, DAY_S, DAY_S + 6 * HOUR_S, &rng);
    CHECK_NEAR(a->per_s.p50, truth, 0.05 * truth);
}

/* A release that costs half as much again: the range must hold both at once, the middle moves. */
static void test_a_dearer_request_shows_within_an_hour(void)
{
    struct pl_rng rng = pl_rng_init(3);
    double before = learn(&plain, DAY_S, 1)->per_s.p50;
    struct machine dearer = plain;
    dearer.cost *= 1.5;
    feed(&dearer, DAY_S + 8 * HOUR_S, DAY_S + 9 * HOUR_S, &rng);
    const struct pl_host_capacity *a = &learner.answer;
    CHECK(a->resource[PL_LEARNED_CPU].drift > 0.25);
    CHECK(a->per_s.p50 < 0.9 * before);
    CHECK(a->per_s.p10 <= truth_of(&dearer) && truth_of(&plain) <= a->per_s.p90);
    feed(&dearer, DAY_S + 9 * HOUR_S, 8 * DAY_S, &rng);
    CHECK_NEAR(a->per_s.p50, truth_of(&dearer), 0.05 * truth_of(&dearer));
}

static void test_another_unit_begins_anew(void)
{
    (void)learn(&plain, DAY_S, 1);
    struct pl_rng rng = pl_rng_init(2);
    struct pl_sample sample = sample_of(&plain, DAY_S, &rng);
    sample.values[PL_TRAFFIC_REQUESTS] = 1000;
    (void)pl_capacity_step(&learner, rules.levels, PL_SOURCE_REQUESTS, &sample, sample.unix_ms);
    CHECK_INT(learner.answer.gap, PL_GAP_SOURCE);
    CHECK_NEAR(learner.answer.per_s.p50, 0, 0);
}

/* ---- which number counts ---- */

static void test_a_source_is_taken_after_a_minute_and_left_after_ten(void)
{
    static const struct {
        int from_s, to_s;
        uint8_t best, choice; // at the end
    } story[] = {
        {0, 59, PL_SOURCE_CONNECTIONS, PL_SOURCE_NONE},
        {59, 61, PL_SOURCE_CONNECTIONS, PL_SOURCE_CONNECTIONS},
        {61, 120, PL_SOURCE_REQUESTS, PL_SOURCE_CONNECTIONS},
        {120, 121, PL_SOURCE_CONNECTIONS, PL_SOURCE_CONNECTIONS}, // it begins again
        {121, 181, PL_SOURCE_REQUESTS, PL_SOURCE_CONNECTIONS},
        {181, 182, PL_SOURCE_REQUESTS, PL_SOURCE_REQUESTS},
        {182, 500, PL_SOURCE_CONNECTIONS, PL_SOURCE_REQUESTS},
        {500, 501, PL_SOURCE_REQUESTS, PL_SOURCE_REQUESTS},
        {501, 1101, PL_SOURCE_CONNECTIONS, PL_SOURCE_REQUESTS},
        {1101, 1102, PL_SOURCE_CONNECTIONS, PL_SOURCE_CONNECTIONS},
    };
    struct pl_settled settled = {0};
    for (size_t i = 0; i < PL_LEN(story); i++) {
        for (int s = story[i].from_s; s < story[i].to_s; s++) {
            bool changed = pl_settled_step(&settled, story[i].best, 1000000 + s * 1000);
            CHECK(!changed || settled.choice == story[i].best);
        }
        CHECK_INT(settled.choice, story[i].choice);
    }
}

int main(void)
{
    pl_rules_default(&rules);
    RUN(test_a_day_under_half_tells_the_limit);
    RUN(test_two_waves_of_minutes_tell_the_limit);
    RUN(test_a_period_ends_with_the_nearest_sample);
    RUN(test_a_service_beside_a_full_machine_is_learned_in_minutes);
    RUN(test_unknown_says_why);
    RUN(test_random_machines_are_learned_under_half_load);
    RUN(test_a_neighbour_lowers_the_limit);
    RUN(test_memory_is_named_before_it_runs_out);
    RUN(test_memory_ends_what_takes_no_cpu);
    RUN(test_memory_of_waiting_workers_is_named_at_half);
    RUN(test_local_ports_end_who_opens_connections);
    RUN(test_a_queue_may_be_the_first_limit);
    RUN(test_a_larger_machine_counts_at_once);
    RUN(test_a_dearer_request_shows_within_an_hour);
    RUN(test_another_unit_begins_anew);
    RUN(test_a_source_is_taken_after_a_minute_and_left_after_ten);
    return check_finish();
}
