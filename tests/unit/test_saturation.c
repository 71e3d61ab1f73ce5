/* The rule `saturation`: hosts that report one by one become one traffic, and one page. */
#include "tests/check.h"
#include "tests/unit/engine_rig.h"

#include <math.h>

static struct pl_saturation saturation; // too large for a stack frame
static struct pl_rules rules;

static struct pl_host host_of(uint32_t interval_ms)
{
    struct pl_host host = {.interval_ms = interval_ms};
    for (size_t m = 0; m < PL_METRIC_COUNT; m++) host.last.values[m] = PL_ABSENT;
    return host;
}

/* ---- rounds ---- */

/* The newest round's traffic after one more report; `per_s` negative: the host cannot tell. */
static double report(struct pl_host *host, double per_s, uint32_t live_count, int64_t at_ms)
{
    double scale = pl_metric_info(PL_TCP_ACCEPTED)->scale;
    host->last.values[PL_TCP_ACCEPTED] = per_s < 0 ? PL_ABSENT : (int32_t)(per_s * scale);
    CHECK(!pl_rule_saturation_step(&saturation, &rules, host, live_count, at_ms)); // no capacity
    return saturation.traffic.ladder.newest;
}

static void test_a_round_has_every_host_once(void)
{
    struct pl_host a = host_of(1000), b = host_of(1000);
    pl_saturation_init(&saturation);
    CHECK_NEAR(report(&a, 100, 2, 0), 0, 0);
    CHECK_NEAR(report(&b, 50, 2, 400), 150, 0);
    CHECK_NEAR(report(&a, 200, 2, 1000), 150, 0); // half of the news is none
    CHECK_NEAR(report(&b, 60, 2, 1400), 260, 0);
    CHECK_NEAR(report(&b, 70, 2, 2400), 260, 0); // they changed order
    CHECK_NEAR(report(&a, 300, 2, 2600), 370, 0);
    CHECK_INT(saturation.round, 4);
}

static void test_a_round_waits_for_nobody_for_ever(void)
{
    struct pl_host a = host_of(1000), b = host_of(1000);
    pl_saturation_init(&saturation);
    (void)report(&a, 100, 2, 0);
    CHECK_NEAR(report(&b, 50, 2, 400), 150, 0);
    CHECK_NEAR(report(&a, 110, 2, 1000), 150, 0); // b is late, or gone and a has its traffic
    CHECK_NEAR(report(&a, 160, 2, 2000), 150, 0);
    CHECK_NEAR(report(&a, 165, 2, 3000), 165, 0); // the newest of a, and nothing of b
    CHECK_NEAR(report(&b, 30, 2, 3100), 165, 0);
    CHECK_NEAR(report(&a, 120, 2, 4000), 150, 0);
}

static void test_one_host_is_a_round(void)
{
    struct pl_host a = host_of(60000);
    pl_saturation_init(&saturation);
    for (int i = 1; i < 9; i++) CHECK_NEAR(report(&a, i, 1, 60000 * i), i, 0);
    CHECK_NEAR(report(&a, -1, 1, 600000), 8, 0); // a host that cannot tell changes nothing
    CHECK_INT(saturation.traffic.ladder.unix_ms, 480000);
}

/* ---- a pool in the engine ---- */

static const struct pl_capacity thousand = {
    .source = PL_CAPACITY_CONFIGURED, .per_s = 2000, .unit = PL_SOURCE_CONNECTIONS};

static uint32_t fe1, fe2;

static void start(const struct pl_capacity *capacity)
{
    struct pl_engine_config config = rig_config_of(4, 1);
    rig_start(&config);
    fe1 = rig_join("fe1", "web");
    fe2 = rig_join("fe2", "web");
    if (capacity) pl_engine_capacity(rig.engine, 0, capacity);
    (void)rig_effects();
}

static void feed(uint32_t host, double per_s)
{
    struct pl_sample sample = rig_sample_of(++rig.seq[host], 3000);
    sample.values[PL_TCP_ACCEPTED] = (int32_t)(per_s * pl_metric_info(PL_TCP_ACCEPTED)->scale);
    (void)pl_engine_sample(rig.engine, host, &sample, rig.now); // it is new
}

/* One second of both hosts, or of fe1 alone, and a tick. */
static void second(double per_s, bool both)
{
    rig_pass(400);
    feed(fe1, both ? per_s / 2 : per_s);
    rig_pass(300);
    if (both) feed(fe2, per_s / 2);
    rig_pass(300);
    pl_engine_tick(rig.engine, rig.now);
}

static double wavy(int s, double per_s)
{
    return per_s * (1 + 0.03 * sin(s * 0.7) + 0.02 * sin(s * 0.11));
}

static const struct pl_alert *alert(void)
{
    return pl_engine_alert(rig.engine, PL_RULE_SATURATION);
}

static void test_a_crowd_is_one_page_before_it_arrives(void)
{
    start(&thousand);
    for (int s = 0; s < 7200; s++) second(wavy(s, 400), true);
    CHECK_TEXT(rig_effects(), "");
    int paged_s = -1, s = 0;
    for (; s < 1500; s++) { // doubles every ten minutes: over after 793 s
        second(wavy(s, 400 * exp2(s / 600.0)), true);
        if (paged_s < 0 && pl_alert_pages(alert())) paged_s = s;
    }
    CHECK(paged_s > 60 && paged_s < 800 - 180);
    CHECK(strncmp(rig_effects(), "OPENED saturation/web; SAVE_PAGE saturation/web firing", 54) ==
              0 ||
          strstr(rig.said, "RAISED saturation/web; SAVE_PAGE saturation/web firing") != NULL);
    CHECK(strstr(rig.said, "RESOLVED") == NULL);
    for (int quiet = 0; quiet < 30 * 60 && alert()->state == PL_ALERT_FIRING; quiet++) {
        second(wavy(quiet, 400), true);
    }
    CHECK_INT(alert()->state, PL_ALERT_RESOLVED);
    rig_stop();
}

static void test_what_the_finding_tells(void)
{
    start(&thousand);
    for (int s = 0; s < 7200; s++) second(wavy(s, 400), true);
    for (int s = 0; s < 3000 && !pl_alert_pages(alert()); s++) {
        second(wavy(s, 400 + s * 0.5), true);
    }
    const struct pl_finding *f = &alert()->finding;
    CHECK_INT(f->tier, PL_TIER_PAGE);
    CHECK_INT(f->surge.reason, PL_SURGE_GROWTH);
    CHECK(f->value_bp > 4500 && f->value_bp < 9000);
    CHECK_INT(f->level_bp, 10000);
    double left_s = (1000 - f->value_bp / 10.0) / 0.5;
    CHECK_NEAR(f->surge.left_s, left_s, 0.6 * left_s);
    CHECK(f->surge.early_s < f->surge.left_s && f->surge.left_s < f->surge.late_s);
    CHECK(f->surge.double_s > 0);
    CHECK(f->since_unix_ms > 0 && f->since_unix_ms <= rig.now.unix_ms);
    rig_stop();
}

static void test_a_flood_pages_within_seconds(void)
{
    start(&thousand);
    for (int s = 0; s < 600; s++) second(wavy(s, 300), true);
    (void)rig_effects();
    for (int s = 0; s < 2; s++) second(2000, true);
    CHECK(pl_alert_pages(alert()));
    CHECK_INT(alert()->finding.surge.reason, PL_SURGE_OVER);
    CHECK_INT(alert()->finding.surge.left_s, 0);
    rig_stop();
}

/* A pool that pages is not "ok", and its state does not come and go with every verdict. */
static void test_traffic_is_part_of_the_state(void)
{
    start(&thousand);
    for (int s = 0; s < 60; s++) second(300, true);
    CHECK_INT(pl_engine_pool_health(rig.engine, 0), PL_HEALTH_OK);
    for (int s = 0; s < 60; s++) {
        second(s % 2 == 0 ? 2000 : 300, true);
        if (s > 3) CHECK_INT(pl_engine_pool_health(rig.engine, 0), PL_HEALTH_ACT);
    }
    int calm_s = 0;
    for (; pl_engine_pool_health(rig.engine, 0) != PL_HEALTH_OK && calm_s < 600; calm_s++) {
        second(300, true);
    }
    CHECK(calm_s >= PL_HEALTH_CALM_MS / 1000 && calm_s < 400);
    CHECK(pl_alert_pages(alert())); // the alert itself waits longer
    rig_stop();
}

/* The traffic of a host that dies goes to the others: the pool has no more of it than before. */
static void test_a_dead_host_is_no_surge(void)
{
    start(&thousand);
    for (int s = 0; s < 3600; s++) second(wavy(s, 600), true);
    for (int s = 0; s < 600; s++) second(wavy(s, 600), false);
    CHECK_INT(alert()->state, PL_ALERT_OK);
    for (int s = 0; s < 600; s++) second(wavy(s, 600), true);
    CHECK_INT(alert()->state, PL_ALERT_OK);
    rig_stop();
}

static void test_without_a_capacity_it_only_remembers(void)
{
    start(NULL);
    for (int s = 0; s < 600; s++) second(300 + 10 * s, true);
    CHECK_INT(alert()->state, PL_ALERT_OK);
    const struct pl_saturation *s = pl_engine_saturation(rig.engine, 0);
    CHECK(s->traffic.ladder.level[PL_RUNG_2S] > 6000);
    pl_engine_capacity(rig.engine, 0, &thousand); // learned at last
    second(6300, true);
    CHECK(pl_alert_pages(alert()));
    rig_stop();
}

static void test_a_pool_that_fell_silent_proves_nothing(void)
{
    start(&thousand);
    for (int s = 0; s < 60; s++) second(1500, true);
    CHECK(pl_alert_pages(alert()));
    for (int s = 0; s < 3600; s++) {
        rig_pass(1000);
        pl_engine_tick(rig.engine, rig.now);
    }
    CHECK(pl_alert_pages(alert()));
    rig_stop();
}

/* ---- nothing configured ---- */

/* One second of two hosts whose CPU follows their connections: full at 220/s each. */
static void busy_second(int s, double per_s, double part_of_fe1)
{
    const double base = 0.02, cost = 0.004;
    for (uint32_t host = fe1; host <= fe2; host++) {
        double own = per_s * (host == fe1 ? part_of_fe1 : 1 - part_of_fe1);
        own *= 1 + 0.1 * sin(s * 1.7 + host);
        double cpu = (base + cost * own) * (1 + 0.1 * sin(s * 2.9 + 3 * host));
        rig_pass(300);
        struct pl_sample sample = rig_sample_of(++rig.seq[host], (int32_t)(10000 * cpu));
        sample.values[PL_TCP_ACCEPTED] = (int32_t)(10 * own);
        (void)pl_engine_sample(rig.engine, host, &sample, rig.now); // it is new
    }
    rig_pass(400);
    pl_engine_tick(rig.engine, rig.now);
}

static const struct pl_headroom *headroom(void)
{
    return &pl_engine_saturation(rig.engine, 0)->headroom;
}

/* A day between 60 and 150 connections/s, which two machines take with a third of their CPU. */
static void busy_day(double part_of_fe1)
{
    enum { DAY_S = 86400 };
    start(NULL);
    for (int s = 0; s < DAY_S; s++) {
        busy_second(s, 105 - 45 * cos(2 * M_PI * s / DAY_S), part_of_fe1);
    }
}

static void test_under_half_of_two_machines_is_no_headroom(void)
{
    busy_day(0.5);
    CHECK_TEXT(rig_effects(), "");
    CHECK_INT(headroom()->source, PL_CAPACITY_LEARNED);
    CHECK_INT(headroom()->unit, PL_SOURCE_CONNECTIONS);
    CHECK(!headroom()->uncertain);
    CHECK_INT(headroom()->first_limit, PL_LEARNED_CPU);
    CHECK_NEAR(headroom()->whole.p50, 440, 22);
    CHECK_NEAR(headroom()->spare.p50, 220, 11);
    CHECK_NEAR(headroom()->headroom, 1 - 60.0 / 220, 0.03);
    int paged_s = -1;
    for (int s = 0; s < 900 && paged_s < 0; s++) { // doubles every ten minutes: over after 1,124 s
        busy_second(s, 60 * exp2(s / 600.0), 0.5);
        if (pl_alert_pages(alert())) paged_s = s;
    }
    CHECK(paged_s > 60);
    for (int s = 0; s < 3600; s++) busy_second(s, 215, 0.5); // 45 % of each CPU
    CHECK_NEAR(headroom()->headroom, 0.02, 0.06);
    CHECK(pl_alert_pages(alert()));
    rig_stop();
}

static void test_imbalance_costs_capacity(void)
{
    busy_day(0.7);
    CHECK_NEAR(headroom()->imbalance, 1.4, 0.02);
    CHECK_INT(headroom()->busiest_host, fe1);
    CHECK_NEAR(headroom()->whole.p50, 220 / 0.7, 0.05 * 220 / 0.7);
    rig_stop();
}

/* A capacity that may as well be half or twice as much wakes nobody. */
static void test_doubt_warns_only(void)
{
    const struct pl_capacity doubtful = {.source = PL_CAPACITY_CONFIGURED,
                                         .per_s = 2000,
                                         .uncertain = true,
                                         .unit = PL_SOURCE_CONNECTIONS};
    start(&doubtful);
    for (int s = 0; s < 600; s++) second(wavy(s, 300), true);
    for (int s = 0; s < 60; s++) second(2000, true);
    CHECK_INT(alert()->state, PL_ALERT_FIRING);
    CHECK_INT(alert()->tier, PL_TIER_WARN);
    CHECK(!pl_alert_pages(alert()));
    rig_stop();
}

/* What the collector wrote down is enough to judge by at once, and in the same unit. */
static void test_a_restart_knows_the_capacity(void)
{
    busy_day(0.5);
    static struct pl_capacity_learner learned[2];
    for (uint32_t i = 0; i < 2; i++) learned[i] = pl_engine_fleet(rig.engine)->hosts[i].capacity;
    rig_stop();
    struct pl_engine_config config = rig_config_of(4, 1);
    rig_start(&config);
    rig_pass(INT64_C(86400) * 1000);
    for (uint32_t i = 0; i < 2; i++) {
        struct pl_hello hello = rig_hello_of(i == 0 ? "fe1" : "fe2", "web");
        uint32_t host;
        CHECK_INT(pl_engine_restore_host(rig.engine, &hello, rig.now, &host), 0);
        learned[i].source = PL_SOURCE_REQUESTS; // as if
        pl_engine_restore_learned(rig.engine, host, &learned[i], rig.now);
    }
    CHECK_INT(pl_engine_saturation(rig.engine, 0)->unit, PL_SOURCE_REQUESTS);
    CHECK_NEAR(pl_engine_fleet(rig.engine)->hosts[1].capacity.answer.per_s.p50, 220, 11);
    rig_stop();
}

/* Until traffic has varied there is no capacity, and nothing is judged. */
static void test_even_traffic_teaches_nothing(void)
{
    start(NULL);
    for (int s = 0; s < 3600; s++) busy_second(s, 100, 0.5);
    CHECK_INT(headroom()->source, PL_CAPACITY_UNKNOWN);
    CHECK_INT(headroom()->gap, PL_GAP_SPAN);
    CHECK(headroom()->gap_host == fe1 || headroom()->gap_host == fe2);
    for (int s = 0; s < 30; s++) busy_second(s, 200, 0.5);
    CHECK_TEXT(rig_effects(), "");
    rig_stop();
}

int main(void)
{
    pl_rules_default(&rules);
    RUN(test_a_round_has_every_host_once);
    RUN(test_a_round_waits_for_nobody_for_ever);
    RUN(test_one_host_is_a_round);
    RUN(test_a_crowd_is_one_page_before_it_arrives);
    RUN(test_what_the_finding_tells);
    RUN(test_a_flood_pages_within_seconds);
    RUN(test_traffic_is_part_of_the_state);
    RUN(test_a_dead_host_is_no_surge);
    RUN(test_without_a_capacity_it_only_remembers);
    RUN(test_a_pool_that_fell_silent_proves_nothing);
    RUN(test_under_half_of_two_machines_is_no_headroom);
    RUN(test_imbalance_costs_capacity);
    RUN(test_doubt_warns_only);
    RUN(test_a_restart_knows_the_capacity);
    RUN(test_even_traffic_teaches_nothing);
    return check_finish();
}
