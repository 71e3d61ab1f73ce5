/* What a pool can take, of what its hosts can take and of what the balancer gives them. */
#include "tests/check.h"
#include "tests/unit/engine_rig.h"

#include "common/base/rng.h"

enum { HOSTS = 4, RANGE_PERCENT = 10 };

/* A pool of one live host per capacity, each at its mean traffic; capacity 0: not known. */
static struct pl_fleet *pool_of(const double *per_s, const double *traffic, uint32_t count)
{
    static struct pl_fleet fleet;
    static _Alignas(16) char memory[1 << 20];
    memset(memory, 0, sizeof memory);
    pl_fleet_init(&fleet, memory, HOSTS);
    uint32_t pool;
    struct pl_name web = rig_name_of("web");
    CHECK(pl_fleet_add_pool(&fleet, &web, 0, &pool) == 0);
    for (uint32_t i = 0; i < count; i++) {
        char text[] = "fe0";
        text[2] = (char)('1' + i);
        struct pl_name name = rig_name_of(text);
        uint32_t host;
        CHECK(pl_fleet_add_host(&fleet, &name, pool, &host) == 0);
        struct pl_host *h = &fleet.hosts[host];
        pl_fleet_set(&fleet, host, PL_LIVE, &(struct pl_tiers){0});
        h->traffic_mean_per_s = traffic[i];
        struct pl_host_capacity *a = &h->capacity.answer;
        if (per_s[i] <= 0) continue;
        a->gap = PL_GAP_NONE;
        a->source = PL_SOURCE_CONNECTIONS;
        a->per_s = (struct pl_estimate){per_s[i] * (100 - RANGE_PERCENT) / 100, per_s[i],
                                        per_s[i] * (100 + RANGE_PERCENT) / 100};
        a->first_limit = PL_LEARNED_MEMORY;
        a->resource[PL_LEARNED_MEMORY] = (struct pl_resource_capacity){
            .per_s = a->per_s, .base = 0.3, .slope = 0.6 / per_s[i], .limit = 0.9};
        a->resource[PL_LEARNED_CPU] =
            (struct pl_resource_capacity){.per_s.p50 = 1.5 * per_s[i], .base = 0, .limit = 0.9};
    }
    return &fleet;
}

static const struct pl_capacity learned = {.source = PL_CAPACITY_UNKNOWN};

static struct pl_headroom survey(const double *per_s, const double *traffic, uint32_t count)
{
    struct pl_headroom h = pl_headroom_survey(pool_of(per_s, traffic, count), 0,
                                              PL_SOURCE_CONNECTIONS, &learned, 1000);
    pl_headroom_traffic(&h, h.usual_per_s);
    return h;
}

static void test_pools(void)
{
    static const struct {
        double per_s[HOSTS], traffic[HOSTS];
        uint32_t count;
        double whole, spare, headroom, imbalance;
    } rows[] = {
        /* Under 50 % of two machines is zero headroom. */
        {{100, 100}, {50, 50}, 2, 200, 100, 0, 1},
        {{100, 100}, {25, 25}, 2, 200, 100, 0.5, 1},
        {{100, 100, 100}, {40, 40, 40}, 3, 300, 200, 0.4, 1},
        {{100, 100, 100, 100}, {90, 90, 90, 90}, 4, 400, 300, -0.2, 1},
        /* One host has nobody to stand in for it. */
        {{100}, {60}, 1, 100, 0, 0.4, 1},
        /* Imbalance costs: fe1 is full when the pool takes 125. */
        {{100, 100}, {80, 20}, 2, 125, 100, 0, 1.6},
        /* The small host ends the pool; losing the large one hurts most. */
        {{100, 300}, {50, 50}, 2, 200, 100, 0, 1},
        {{100, 300}, {25, 75}, 2, 400, 100, 0, 1.5},
        /* Three unlike hosts at equal shares: without fe3 half of the pool is fe1's. */
        {{100, 200, 300}, {30, 30, 30}, 3, 300, 200, 0.55, 1},
        /* A host that takes no traffic is no help yet, and ends nothing. */
        {{100, 100, 100}, {50, 50, 0}, 3, 200, 100, 0, 1.5},
    };
    for (size_t i = 0; i < PL_LEN(rows); i++) {
        struct pl_headroom h = survey(rows[i].per_s, rows[i].traffic, rows[i].count);
        CHECK_INT(h.source, PL_CAPACITY_LEARNED);
        CHECK_INT(h.gap, PL_GAP_NONE);
        CHECK_NEAR(h.whole.p50, rows[i].whole, 1e-9);
        CHECK_NEAR(h.whole.p10, 0.9 * rows[i].whole, 1e-9);
        CHECK_NEAR(h.spare.p50, rows[i].spare, 1e-9);
        CHECK_NEAR(h.headroom, rows[i].headroom, 1e-9);
        CHECK_NEAR(h.imbalance, rows[i].imbalance, 1e-9);
        CHECK(!h.uncertain);
        struct pl_capacity c = pl_headroom_capacity(&h, &learned);
        CHECK_NEAR(c.per_s, rows[i].spare > 0 ? rows[i].spare : rows[i].whole, 1e-9);
    }
}

/* The same by brute force: take each host away, spread its share, look for the first full one. */
static void test_losses_agree_with_trying_them(void)
{
    struct pl_rng rng = pl_rng_init(3);
    for (int round = 0; round < 500; round++) {
        double per_s[HOSTS], traffic[HOSTS], sum = 0, spare = 1e99;
        uint32_t count = 2 + pl_rng_below(&rng, HOSTS - 1);
        for (uint32_t i = 0; i < count; i++) {
            per_s[i] = 10 + 100 * pl_rng_unit(&rng);
            traffic[i] = 1 + 50 * pl_rng_unit(&rng);
            sum += traffic[i];
        }
        for (uint32_t lost = 0; lost < count; lost++) {
            for (uint32_t i = 0; i < count; i++) {
                if (i == lost) continue;
                double share = traffic[i] / (sum - traffic[lost]);
                spare = PL_MIN(spare, per_s[i] / share);
            }
        }
        CHECK_NEAR(survey(per_s, traffic, count).spare.p50, spare, 1e-6);
    }
}

static void test_an_unknown_host_is_like_its_peers_or_ends_knowledge(void)
{
    static const double per_s[] = {100, 0, 120}, traffic[] = {40, 40, 40};
    struct pl_fleet *fleet = pool_of(per_s, traffic, 3);
    fleet->hosts[1].capacity.answer.gap = PL_GAP_SPAN;
    struct pl_headroom h = pl_headroom_survey(fleet, 0, PL_SOURCE_CONNECTIONS, &learned, 1);
    CHECK_INT(h.source, PL_CAPACITY_UNKNOWN);
    CHECK_INT(h.gap, PL_GAP_SPAN);
    CHECK_INT(h.gap_host, 1);
    CHECK_NEAR(h.usual_per_s, 120, 1e-9);
    for (int i = 0; i < 3; i++) {
        fleet->hosts[i].facts[PL_FACT_CORES].value = 4;
        fleet->hosts[i].facts[PL_FACT_MEMORY].value = 1 << 20;
    }
    h = pl_headroom_survey(fleet, 0, PL_SOURCE_CONNECTIONS, &learned, 1);
    CHECK_INT(h.source, PL_CAPACITY_LEARNED);
    CHECK_INT(h.borrowed_count, 1);
    CHECK_NEAR(h.whole.p50, 300, 1e-9);
    fleet->hosts[1].facts[PL_FACT_MEMORY].value = 1 << 19; // half of the others'
    h = pl_headroom_survey(fleet, 0, PL_SOURCE_CONNECTIONS, &learned, 1);
    CHECK_INT(h.source, PL_CAPACITY_UNKNOWN);
}

static void test_what_somebody_said_wins(void)
{
    static const double per_s[] = {100, 100}, traffic[] = {20, 20};
    const struct pl_capacity said = {
        .source = PL_CAPACITY_CONFIGURED, .per_s = 1000, .unit = PL_SOURCE_CONNECTIONS};
    struct pl_headroom h =
        pl_headroom_survey(pool_of(per_s, traffic, 2), 0, PL_SOURCE_CONNECTIONS, &said, 1);
    CHECK_INT(h.source, PL_CAPACITY_CONFIGURED);
    CHECK_NEAR(h.whole.p50, 1000, 0);
    CHECK_NEAR(h.spare.p50, 500, 1e-9);
    pl_headroom_traffic(&h, 40);
    CHECK_NEAR(h.headroom, 0.92, 1e-9);
    CHECK_NEAR(pl_headroom_capacity(&h, &said).per_s, 500, 1e-9);
    CHECK(h.lost_host != PL_NO_INDEX);
}

/* What is silent takes nothing of it, and before any traffic is known nothing is taken off. */
static void test_what_somebody_said_is_of_all_hosts(void)
{
    static const double per_s[] = {100, 100, 100, 100}, traffic[] = {30, 20, 10, 0}, none[4] = {0};
    const struct pl_capacity said = {
        .source = PL_CAPACITY_CONFIGURED, .per_s = 1000, .unit = PL_SOURCE_CONNECTIONS};
    struct pl_fleet *fleet = pool_of(per_s, traffic, 4);
    pl_fleet_set(fleet, 3, PL_SILENT, &(struct pl_tiers){0});
    struct pl_headroom h = pl_headroom_survey(fleet, 0, PL_SOURCE_CONNECTIONS, &said, 1);
    CHECK_NEAR(h.whole.p50, 750, 1e-9);
    CHECK_NEAR(h.spare.p50, 375, 1e-9); // the busiest has half of the traffic
    CHECK_INT(h.lost_host, h.busiest_host);
    h = pl_headroom_survey(pool_of(per_s, none, 4), 0, PL_SOURCE_CONNECTIONS, &said, 1);
    CHECK_NEAR(h.spare.p50, 0, 0);
    CHECK_NEAR(pl_headroom_capacity(&h, &said).per_s, 1000, 0);
}

/* Narrow pages, wide warns, and what spans more than a factor four is no knowledge. */
static void test_doubt_decides_what_it_may_do(void)
{
    static const struct {
        double p10, p90;
        enum pl_capacity_source source;
        bool uncertain;
    } rows[] = {
        {90, 130, PL_CAPACITY_LEARNED, false},
        {70, 130, PL_CAPACITY_LEARNED, true},
        {40, 200, PL_CAPACITY_UNKNOWN, false},
    };
    static const double per_s[] = {100, 100}, traffic[] = {40, 40};
    for (size_t i = 0; i < PL_LEN(rows); i++) {
        struct pl_fleet *fleet = pool_of(per_s, traffic, 2);
        for (int n = 0; n < 2; n++) {
            fleet->hosts[n].capacity.answer.per_s =
                (struct pl_estimate){rows[i].p10, 100, rows[i].p90};
        }
        struct pl_headroom h = pl_headroom_survey(fleet, 0, PL_SOURCE_CONNECTIONS, &learned, 1);
        struct pl_capacity c = pl_headroom_capacity(&h, &learned);
        CHECK_INT(c.source, rows[i].source);
        CHECK_INT(c.uncertain, rows[i].uncertain);
    }
}

static void test_what_to_buy(void)
{
    static const struct {
        double demanded;
        uint32_t more_hosts;
        double factor; // of the memory of each
    } rows[] = {
        {100, 0, 0},
        {101, 1, (0.3 + 0.6 * 1.01) / 0.9},
        {140, 1, (0.3 + 0.6 * 1.4) / 0.9},
        {160, 1, 0}, // the CPU of one host ends at 150
        {200, 1, 0},
        {201, 2, 0},
    };
    static const double per_s[] = {100, 100}, traffic[] = {40, 40};
    for (size_t i = 0; i < PL_LEN(rows); i++) {
        struct pl_fleet *fleet = pool_of(per_s, traffic, 2);
        struct pl_headroom h = pl_headroom_survey(fleet, 0, PL_SOURCE_CONNECTIONS, &learned, 1);
        struct pl_shortfall s = pl_headroom_shortfall(&h, fleet, rows[i].demanded);
        CHECK(s.known);
        CHECK_INT(s.more_hosts, rows[i].more_hosts);
        CHECK_NEAR(s.each_factor, rows[i].factor, 1e-9);
        if (s.each_factor > 0) CHECK_INT(s.resource, PL_LEARNED_MEMORY);
    }
}

int main(void)
{
    RUN(test_pools);
    RUN(test_losses_agree_with_trying_them);
    RUN(test_an_unknown_host_is_like_its_peers_or_ends_knowledge);
    RUN(test_what_somebody_said_wins);
    RUN(test_what_somebody_said_is_of_all_hosts);
    RUN(test_doubt_decides_what_it_may_do);
    RUN(test_what_to_buy);
    return check_finish();
}
