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

int main(void)
{
    RUN(test_what_is_coming_is_visible);
    RUN(test_what_was_coming_from_a_dead_host);
    RUN(test_a_stall_pages);
    rig_stop();
    return check_finish();
}
