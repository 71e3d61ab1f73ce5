/* The default rules, one story each: what machines send, and who is told when. */
#include "tests/check.h"

#include "tests/unit/engine_rig.h"

enum { HOSTS = 4 };

static uint32_t hosts[HOSTS];

static const struct pl_alert *alert_of(enum pl_rule rule)
{
    return pl_engine_alert(rig.engine, rule); // of pool 0
}

/* Two machines of pool web. */
static void start(void)
{
    struct pl_engine_config config = rig_config_of(HOSTS, 1);
    rig_start(&config);
    hosts[0] = rig_join("fe1", "web");
    hosts[1] = rig_join("fe2", "web");
    (void)rig_effects();
}

/* The pager hears what the newest page says. */
static void deliver(void)
{
    pl_engine_page_saved(rig.engine, rig.page, rig.now);
    (void)rig_effects();
    rig_answer(PL_RESULT_SENT);
    (void)rig_effects();
}

/* One second of a pool in which the first host shows `value` of a metric, and the second is calm.
 */
static void second_of(enum pl_metric metric, int32_t value)
{
    rig_pass(1000);
    for (uint32_t h = 0; h < 2; h++) {
        struct pl_sample sample = rig_sample_of(++rig.seq[hosts[h]], 2000);
        if (h == 0) sample.values[metric] = value;
        (void)pl_engine_sample(rig.engine, hosts[h], &sample, rig.now);
    }
    pl_engine_tick(rig.engine, rig.now);
}

static void seconds_of(enum pl_metric metric, int32_t value, int seconds)
{
    for (int i = 0; i < seconds; i++) second_of(metric, value);
}

/* Between the first second over a level and the page lie ten more: they are not called "ok". */
static void test_what_is_coming_is_visible(void)
{
    start();
    seconds_of(PL_CPU_BUSY, 2000, 5);
    CHECK_INT(pl_engine_pool_health(rig.engine, 0), PL_HEALTH_OK);
    seconds_of(PL_CPU_BUSY, 10000, 2);
    CHECK_INT(alert_of(PL_RULE_LIMIT)->state, PL_ALERT_OK); // a single busy second is no news
    CHECK_INT(pl_engine_pool_health(rig.engine, 0), PL_HEALTH_OK);
    int64_t crossed_unix_ms = rig.now.unix_ms - 1000;
    seconds_of(PL_CPU_BUSY, 10000, 1);
    const struct pl_alert *a = alert_of(PL_RULE_LIMIT);
    CHECK_INT(a->state, PL_ALERT_PENDING);
    CHECK_INT(a->since_unix_ms, crossed_unix_ms);
    CHECK_INT(a->finding.tier, PL_TIER_PAGE);
    CHECK_INT(a->finding.hold_ms, 10000);
    CHECK_INT(a->finding.value_bp, 10000);
    CHECK_TEXT(a->finding.hosts[0].text, "fe1");
    CHECK_INT(pl_engine_pool_health(rig.engine, 0), PL_HEALTH_WATCH);
    CHECK_INT(pl_engine_fleet(rig.engine)->hosts[hosts[0]].health, PL_HEALTH_WATCH);
    CHECK_TEXT(rig_effects(), "");
    second_of(PL_CPU_BUSY, 3000);
    CHECK_INT(a->state, PL_ALERT_OK);
    CHECK_INT(pl_engine_pool_health(rig.engine, 0), PL_HEALTH_OK);
    seconds_of(PL_CPU_BUSY, 10000, 10);
    CHECK_INT(a->state, PL_ALERT_PENDING);
    second_of(PL_CPU_BUSY, 10000);
    CHECK_TEXT(rig_effects(), "OPENED limit/web; SAVE_PAGE limit/web firing");
    CHECK_INT(a->finding.hold_ms, 0);
    CHECK_INT(pl_engine_pool_health(rig.engine, 0), PL_HEALTH_ACT);
}

/* Who is not heard any more is not about to page. */
static void test_what_was_coming_from_a_dead_host(void)
{
    start();
    seconds_of(PL_CPU_BUSY, 10000, 5);
    CHECK_INT(alert_of(PL_RULE_LIMIT)->state, PL_ALERT_PENDING);
    rig_run(hosts[1], 2000, 10);
    CHECK_INT(alert_of(PL_RULE_LIMIT)->state, PL_ALERT_OK);
}

/* A machine dies over its limit: its alert stays, and says since when nothing is known. */
static void test_a_frozen_alert_says_since_when(void)
{
    start();
    seconds_of(PL_CPU_BUSY, 9700, 20);
    const struct pl_alert *a = alert_of(PL_RULE_LIMIT);
    CHECK_INT(a->state, PL_ALERT_FIRING);
    CHECK_INT(a->unknown_unix_ms, 0);
    int64_t heard_unix_ms = rig.now.unix_ms;
    rig_run(hosts[1], 2000, 60);
    CHECK_INT(a->state, PL_ALERT_FIRING);
    CHECK_INT(a->unknown_unix_ms, heard_unix_ms);
    (void)rig_feed(hosts[0], 9700);
    CHECK_INT(a->unknown_unix_ms, 0);
}

static void test_a_stall_pages(void)
{
    static const struct {
        enum pl_metric metric;
        enum pl_resource resource;
    } cases[] = {{PL_PSI_MEMORY_FULL, PL_RESOURCE_MEMORY_STALL},
                 {PL_PSI_IO_FULL, PL_RESOURCE_IO_STALL}};
    for (size_t i = 0; i < PL_LEN(cases); i++) {
        enum pl_metric metric = cases[i].metric;
        start();
        seconds_of(metric, 1900, 60);
        CHECK_TEXT(rig_effects(), "");
        seconds_of(metric, 2500, 10);
        CHECK_TEXT(rig_effects(), "");
        CHECK_INT(alert_of(PL_RULE_STALL)->state, PL_ALERT_PENDING);
        second_of(metric, 2500);
        CHECK_TEXT(rig_effects(), "OPENED stall/web; SAVE_PAGE stall/web firing");
        deliver();
        const struct pl_finding *f = &alert_of(PL_RULE_STALL)->finding;
        CHECK_INT(f->resource, cases[i].resource);
        CHECK_INT(f->value_bp, 2500);
        CHECK_INT(f->host_count, 1);
        CHECK_TEXT(f->hosts[0].text, "fe1");
        CHECK_INT(alert_of(PL_RULE_LIMIT)->state, PL_ALERT_OK);
        CHECK_INT(pl_engine_pool_health(rig.engine, 0), PL_HEALTH_ACT);
        seconds_of(metric, 1100, 60); // between the levels it goes on
        CHECK_INT(alert_of(PL_RULE_STALL)->state, PL_ALERT_FIRING);
        seconds_of(metric, 0, 30);
        CHECK_TEXT(rig_effects(), "");
        second_of(metric, 0);
        CHECK_TEXT(rig_effects(), "RESOLVED stall/web; SAVE_PAGE stall/web resolved");
    }
}

/* Seconds in which fe1 and fe2 accept so many connections each; negative: the host is gone. */
static void serve(int32_t fe1_per_s, int32_t fe2_per_s, int seconds)
{
    const int32_t per_s[] = {fe1_per_s, fe2_per_s};
    for (int i = 0; i < seconds; i++) {
        rig_pass(1000);
        for (uint32_t h = 0; h < 2; h++) {
            if (per_s[h] < 0) continue;
            struct pl_sample sample = rig_sample_of(++rig.seq[hosts[h]], 2000);
            sample.values[PL_TCP_ACCEPTED] = 10 * per_s[h];
            (void)pl_engine_sample(rig.engine, hosts[h], &sample, rig.now);
        }
        pl_engine_tick(rig.engine, rig.now);
    }
}

enum { DAY_S = 86400, LEARNED_S = DAY_S + 1200 };

static void test_a_collapse_pages_and_is_latched(void)
{
    start();
    serve(100, 100, LEARNED_S);
    const struct pl_alert *a = alert_of(PL_RULE_COLLAPSE);
    CHECK_TEXT(rig_effects(), "");
    serve(4, 4, 58); // the half minute is under a fifth, not yet for ten seconds
    CHECK_INT(a->state, PL_ALERT_PENDING);
    CHECK_INT(pl_engine_pool_health(rig.engine, 0), PL_HEALTH_WATCH);
    CHECK_TEXT(rig_effects(), "");
    serve(4, 4, 12);
    CHECK_TEXT(rig_effects(), "OPENED collapse/web; SAVE_PAGE collapse/web firing; "
                              "SEND_PAGE collapse/web firing");
    deliver();
    CHECK_INT(pl_engine_pool_health(rig.engine, 0), PL_HEALTH_ACT);
    CHECK_INT(a->finding.host_count, 2);
    CHECK(a->finding.value_bp > 1000 && a->finding.value_bp < 2000);
    serve(4, 4, 3600); // what came lately is forgotten, what was expected is not
    CHECK(pl_alert_pages(a));
    serve(45, 45, 600); // under half: not normal
    CHECK(pl_alert_pages(a));
    CHECK_INT(a->clear_mono_ms, PL_NEVER_MS);
    serve(60, 60, 250);
    CHECK(a->clear_mono_ms != PL_NEVER_MS);
    serve(10, 10, 60); // those who were turned away came back, and it fell again
    CHECK_INT(a->clear_mono_ms, PL_NEVER_MS);
    serve(100, 100, 290);
    CHECK_TEXT(rig_effects(), "");
    serve(100, 100, 60);
    CHECK_TEXT(rig_effects(), "RESOLVED collapse/web; SAVE_PAGE collapse/web resolved; "
                              "SEND_PAGE collapse/web resolved");
}

/* No usual day yet; hardly any traffic; a night; half of the pool gone: none of them collapses. */
static void test_what_is_no_collapse(void)
{
    start();
    serve(100, 100, 7200);
    serve(1, 1, 600);
    CHECK_TEXT(rig_effects(), ""); // on the first day
    start();
    serve(2, 2, LEARNED_S);
    serve(0, 0, 600);
    CHECK_TEXT(rig_effects(), "");
    start();
    serve(100, 100, LEARNED_S);
    for (int32_t per_s = 100; per_s > 2; per_s -= 1) serve(per_s, per_s, 120); // a quiet Saturday
    serve(2, 2, 3600);
    CHECK_TEXT(rig_effects(), "");
    start();
    serve(100, 100, LEARNED_S);
    for (int minute = 0; minute < 30; minute++) { // one burst a minute, as from clients in step
        serve(3000, 3000, 1);
        serve(0, 0, 59);
    }
    CHECK_TEXT(rig_effects(), "");
    start();
    serve(100, 100, LEARNED_S);
    serve(5, -1, 200);
    CHECK_INT(alert_of(PL_RULE_SILENT)->state, PL_ALERT_FIRING);
    CHECK_INT(alert_of(PL_RULE_COLLAPSE)->state, PL_ALERT_OK);
}

static void test_a_pool_out_of_balance_warns(void)
{
    start();
    serve(100, 100, 120);
    serve(160, 40, 90); // 1.6 times a fair share, reached in half a minute
    const struct pl_alert *a = alert_of(PL_RULE_IMBALANCE);
    CHECK_TEXT(rig_effects(), "");
    CHECK_INT(a->state, PL_ALERT_PENDING);
    serve(160, 40, 60);
    CHECK_TEXT(rig_effects(), "OPENED imbalance/web");
    CHECK_INT(a->tier, PL_TIER_WARN);
    CHECK_TEXT(a->finding.hosts[0].text, "fe1");
    CHECK(a->finding.value_bp >= 15000 && a->finding.value_bp <= 16000);
    CHECK_INT(pl_engine_pool_health(rig.engine, 0), PL_HEALTH_WATCH);
    serve(120, 80, 150);
    CHECK_TEXT(rig_effects(), "RESOLVED imbalance/web");
    serve(4, 1, 300); // too little to compare
    CHECK_TEXT(rig_effects(), "");
}

/* A machine with three times the processors may take three times the traffic, and no more. */
static void test_fair_is_by_processors(void)
{
    static const struct {
        int32_t fe1_per_s, fe2_per_s;
        const char *want;
    } cases[] = {{150, 50, ""}, {100, 100, "OPENED imbalance/web"}, {190, 10, ""}};
    for (size_t i = 0; i < PL_LEN(cases); i++) {
        struct pl_engine_config config = rig_config_of(HOSTS, 1);
        rig_start(&config);
        for (uint32_t h = 0; h < 2; h++) {
            struct pl_hello hello = rig_hello_of(h == 0 ? "fe1" : "fe2", "web");
            hello.facts[PL_FACT_CORES].value = h == 0 ? 24 : 4;
            hello.facts[PL_FACT_CPU_LIMIT].value = h == 0 ? 12000 : -1;
            CHECK_INT(pl_engine_join(rig.engine, &hello, rig.now, &hosts[h]), 0);
        }
        (void)rig_effects();
        serve(cases[i].fe1_per_s, cases[i].fe2_per_s, 200);
        CHECK_TEXT(rig_effects(), cases[i].want);
    }
}

/* Overload that comes and goes: a page with its end, then one that stays. */
static void test_the_pager_hears_of_a_flapping_pool_twice(void)
{
    int pages = 0, ends = 0;
    start();
    for (int cycle = 0; cycle < 12; cycle++) {
        for (int s = 0; s < 60; s++) {
            second_of(PL_CPU_BUSY, s < 20 ? 9700 : 2000);
            const char *said = rig_effects();
            pages += strstr(said, "SAVE_PAGE limit/web firing") != NULL;
            ends += strstr(said, "SAVE_PAGE limit/web resolved") != NULL;
            if (strstr(said, "SAVE_PAGE")) deliver();
        }
    }
    CHECK_INT(pages, 2); // the second cycle came within two minutes: nobody heard of it
    CHECK_INT(ends, 1);
    CHECK(alert_of(PL_RULE_LIMIT)->unstable);
    seconds_of(PL_CPU_BUSY, 2000, 500);
    CHECK_TEXT(rig_effects(), "");
    seconds_of(PL_CPU_BUSY, 2000, 62);
    CHECK_TEXT(rig_effects(), "RESOLVED limit/web; SAVE_PAGE limit/web resolved; "
                              "SEND_PAGE limit/web resolved");
}

/* Three hosts of which one dies under rising load: that the traffic is gone is no second page,
 * until the machine is back and the traffic is not. */
static void test_a_consequence_waits_for_its_cause(void)
{
    start();
    uint32_t fe3 = rig_join("fe3", "web");
    hosts[2] = fe3;
    (void)rig_effects();
    serve(100, 100, LEARNED_S);
    (void)rig_effects();
    for (int s = 0; s < 60; s++) { // fe3 dies while its load rises
        struct pl_sample sample = rig_sample_of(++rig.seq[fe3], 1000 + 100 * s);
        sample.values[PL_TCP_ACCEPTED] = 1000;
        (void)pl_engine_sample(rig.engine, fe3, &sample, rig.now);
        serve(100, 100, 1);
    }
    serve(100, 100, 10);
    const struct pl_alert *silent = alert_of(PL_RULE_SILENT),
                          *collapse = alert_of(PL_RULE_COLLAPSE);
    CHECK(pl_alert_pages(silent));
    (void)rig_effects();
    deliver();
    serve(2, 2, 120);
    CHECK_TEXT(rig_effects(), "OPENED collapse/web");
    CHECK_INT(collapse->state, PL_ALERT_FIRING);
    CHECK_INT(collapse->tier, PL_TIER_PAGE);
    CHECK(collapse->hidden && !pl_alert_pages(collapse));
    CHECK_INT(collapse->hidden_by, PL_RULE_SILENT);
    for (int s = 0; s < 16; s++) {
        struct pl_sample sample = rig_sample_of(++rig.seq[fe3], 1000);
        sample.values[PL_TCP_ACCEPTED] = 20;
        (void)pl_engine_sample(rig.engine, fe3, &sample, rig.now);
        serve(2, 2, 1);
    }
    CHECK_TEXT(rig_effects(), "BACK fe3; RESOLVED silent/web; SAVE_PAGE silent/web resolved; "
                              "RAISED collapse/web; SAVE_PAGE collapse/web firing; "
                              "SEND_PAGE silent/web resolved; SEND_PAGE collapse/web firing");
    CHECK(!collapse->hidden && pl_alert_pages(collapse));
}

/* Who was told before there was a cause goes on knowing. */
static void test_what_paged_first_is_not_hidden(void)
{
    start();
    hosts[2] = rig_join("fe3", "web");
    serve(100, 100, LEARNED_S);
    serve(2, 2, 120);
    const struct pl_alert *collapse = alert_of(PL_RULE_COLLAPSE);
    CHECK(pl_alert_pages(collapse));
    (void)rig_effects();
    for (int s = 0; s < 60; s++) {
        struct pl_sample sample = rig_sample_of(++rig.seq[hosts[2]], 1000 + 100 * s);
        (void)pl_engine_sample(rig.engine, hosts[2], &sample, rig.now);
        serve(2, 2, 1);
    }
    serve(2, 2, 10);
    CHECK(pl_alert_pages(alert_of(PL_RULE_SILENT)));
    CHECK(pl_alert_pages(collapse));
}

/* Two machines and a capacity somebody gave: over half of it nobody may be lost. */
static void test_a_pool_without_a_spare_warns(void)
{
    struct pl_engine_config config = rig_config_of(HOSTS, 1);
    struct pl_pool_config pool = {
        .name = rig_name_of("web"),
        .notify = 1,
        .capacity = {PL_CAPACITY_CONFIGURED, 1000, false, PL_SOURCE_CONNECTIONS}};
    config.pools = &pool;
    config.pool_count = 1;
    rig_start(&config);
    hosts[0] = rig_join("fe1", "web");
    hosts[1] = rig_join("fe2", "web");
    (void)rig_effects();
    serve(200, 200, 600);
    CHECK_TEXT(rig_effects(), "");
    serve(256, 256, 60); // over half of 1000 within half a minute, by too little for a page
    CHECK_TEXT(rig_effects(), "OPENED saturation/web");
    CHECK_INT(alert_of(PL_RULE_SATURATION)->tier, PL_TIER_WARN);
    serve(256, 256, 90);
    CHECK_TEXT(rig_effects(), "OPENED no_spare/web");
    const struct pl_alert *a = alert_of(PL_RULE_NO_SPARE);
    CHECK_INT(a->tier, PL_TIER_WARN);
    CHECK(a->finding.value_bp >= 10000 && a->finding.value_bp < 11500);
    CHECK_INT(a->finding.named_count, 1);
    serve(245, 245, 600); // at the edge it goes on
    CHECK_INT(a->state, PL_ALERT_FIRING);
    serve(200, 200, 420);
    CHECK_TEXT(rig_effects(), "RESOLVED no_spare/web");
    CHECK(!pl_alert_pages(alert_of(PL_RULE_SATURATION)));
}

/* A pool with levels of its own, beside one without. */
static void test_a_pool_with_rules_of_its_own(void)
{
    struct pl_engine_config config = rig_config_of(HOSTS, 1);
    struct pl_rules batch = config.rules;
    batch.levels[PL_RESOURCE_CPU].page_bp = 9900;
    batch.silent_intervals = 30;
    struct pl_pool_config pool = {.name = rig_name_of("batch"), .notify = 1, .rules = &batch};
    config.pools = &pool;
    config.pool_count = 1;
    rig_start(&config);
    uint32_t b1 = rig_join("b1", "batch"), w1 = rig_join("w1", "web");
    (void)rig_effects();
    for (int s = 0; s < 20; s++) {
        rig_pass(1000);
        (void)rig_feed(b1, 9500);
        (void)rig_feed(w1, 9500);
        pl_engine_tick(rig.engine, rig.now);
    }
    CHECK_INT(pl_engine_alert(rig.engine, PL_RULE_LIMIT)->tier, PL_TIER_WARN);
    CHECK_INT(pl_engine_alert(rig.engine, PL_RULE_COUNT + PL_RULE_LIMIT)->tier, PL_TIER_PAGE);
    (void)rig_effects();
    for (int s = 0; s < 20; s++) rig_run(PL_NO_INDEX, 0, 1);
    CHECK_INT(pl_engine_fleet(rig.engine)->hosts[b1].presence, PL_LIVE);
    CHECK_INT(pl_engine_fleet(rig.engine)->hosts[w1].presence, PL_SILENT);
    CHECK_INT(pl_engine_rules(rig.engine, 0)->silent_intervals, 30);
    CHECK_INT(pl_engine_rules(rig.engine, PL_NO_INDEX)->silent_intervals, 5);
}

int main(void)
{
    RUN(test_what_is_coming_is_visible);
    RUN(test_what_was_coming_from_a_dead_host);
    RUN(test_a_frozen_alert_says_since_when);
    RUN(test_a_stall_pages);
    RUN(test_a_collapse_pages_and_is_latched);
    RUN(test_what_is_no_collapse);
    RUN(test_a_pool_out_of_balance_warns);
    RUN(test_fair_is_by_processors);
    RUN(test_the_pager_hears_of_a_flapping_pool_twice);
    RUN(test_a_consequence_waits_for_its_cause);
    RUN(test_what_paged_first_is_not_hidden);
    RUN(test_a_pool_without_a_spare_warns);
    RUN(test_a_pool_with_rules_of_its_own);
    rig_stop();
    return check_finish();
}
