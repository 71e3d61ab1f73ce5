/* What comes back after a restart: hosts, what they held, alerts, pages; in any order, early or
 * late. */
#include "tests/check.h"

#include "common/base/err.h"
#include "tests/unit/engine_rig.h"

enum { BOOT = 1 };

static struct pl_boot_id boot_of(uint8_t number)
{
    return (struct pl_boot_id){.bytes = {number}};
}

static uint32_t restore_host(const char *host, const char *pool)
{
    struct pl_hello hello = rig_hello_of(host, pool);
    uint32_t index = PL_NO_INDEX;
    CHECK_INT(pl_engine_restore_host(rig.engine, &hello, rig.now, &index), 0);
    return index;
}

/* The last `seconds` before now at that load, seq from 1. */
static void restore_history(uint32_t host, int32_t cpu_bp, int seconds)
{
    struct pl_boot_id boot = boot_of(BOOT);
    for (int i = 1; i <= seconds; i++) {
        struct pl_sample sample = rig_sample_of((uint64_t)i, cpu_bp);
        sample.unix_ms -= 1000 * (seconds - i);
        pl_engine_restore_sample(rig.engine, host, &boot, &sample);
    }
    rig.seq[host] = (uint64_t)seconds;
}

static struct pl_alert alert_of(enum pl_rule rule, enum pl_alert_state state, uint32_t paged)
{
    struct pl_alert a;
    struct pl_name web = rig_name_of("web");
    pl_alert_init(&a, rule, &web);
    a.state = state;
    a.tier = PL_TIER_PAGE;
    a.revision = 5;
    a.paged = a.delivered = paged;
    a.opened_unix_ms = rig.now.unix_ms - 60000;
    a.finding = (struct pl_finding){.tier = PL_TIER_PAGE, .host_count = 1};
    return a;
}

static void restore_alert(enum pl_rule rule, enum pl_alert_state state, uint32_t paged)
{
    struct pl_alert a = alert_of(rule, state, paged);
    CHECK_INT(pl_engine_restore_alert(rig.engine, &a, rig.now), 0);
}

static void restore_page(bool resolved)
{
    struct pl_page page = {
        .number = 77,
        .created_unix_ms = rig.now.unix_ms - 60000,
        .resolved = resolved,
        .alert = alert_of(PL_RULE_LIMIT, resolved ? PL_ALERT_RESOLVED : PL_ALERT_FIRING, 0)};
    CHECK_INT(pl_engine_restore_page(rig.engine, &page, rig.now), 0);
}

static void start(void)
{
    struct pl_engine_config config = rig_config_of(8, 1);
    rig_start(&config);
}

static void test_an_overload_goes_on_without_a_second_page(void)
{
    start();
    uint32_t fe1 = restore_host("fe1", "web");
    restore_history(fe1, 9700, 60);
    restore_alert(PL_RULE_LIMIT, PL_ALERT_FIRING, 1);
    rig_run(PL_NO_INDEX, 0, 20); // the agent takes its time
    CHECK_TEXT(rig_effects(), "");
    CHECK_INT(rig_join("fe1", "web"), fe1);
    rig_run(fe1, 9700, 60);
    CHECK_TEXT(rig_effects(), "");
    rig_run(fe1, 3000, 16);
    CHECK_TEXT(rig_effects(), "RESOLVED limit/web; SAVE_PAGE limit/web resolved");
}

static void test_an_overload_that_ended_meanwhile_is_resolved(void)
{
    start();
    uint32_t fe1 = restore_host("fe1", "web");
    restore_history(fe1, 9700, 60);
    restore_alert(PL_RULE_LIMIT, PL_ALERT_FIRING, 1);
    CHECK_INT(rig_join("fe1", "web"), fe1);
    rig_run(fe1, 3000, 15);
    CHECK_TEXT(rig_effects(), "");
    rig_run(fe1, 3000, 1);
    CHECK_TEXT(rig_effects(), "RESOLVED limit/web; SAVE_PAGE limit/web resolved");
}

static void test_an_overload_of_before_pages_at_the_first_sample(void)
{
    start();
    uint32_t fe1 = restore_host("fe1", "web");
    restore_history(fe1, 9700, 60);
    CHECK_TEXT(rig_effects(), ""); // restored samples alone fire nothing
    CHECK_INT(rig_join("fe1", "web"), fe1);
    rig_run(fe1, 9700, 1);
    CHECK_TEXT(rig_effects(), "OPENED limit/web; SAVE_PAGE limit/web firing");
    CHECK_INT(pl_engine_alert(rig.engine, PL_RULE_LIMIT)->since_unix_ms, rig.now.unix_ms - 60000);
}

static void test_a_host_that_does_not_come_back(void)
{
    start();
    uint32_t fe1 = restore_host("fe1", "web"), fe2 = restore_host("fe2", "web");
    restore_history(fe1, 9700, 60);
    restore_history(fe2, 3000, 60);
    restore_alert(PL_RULE_LIMIT, PL_ALERT_FIRING, 1);
    CHECK_INT(rig_join("fe2", "web"), fe2);
    rig_run(fe2, 3000, 29);
    CHECK_TEXT(rig_effects(), "");
    rig_run(fe2, 3000, 1);
    CHECK_TEXT(rig_effects(), "SILENT fe1; OPENED silent/web; SAVE_PAGE silent/web firing");
    rig_run(fe2, 3000, 600); // it was overloaded when last heard: that is not over
    CHECK_INT(pl_engine_alert(rig.engine, PL_RULE_LIMIT)->state, PL_ALERT_FIRING);
}

static void test_silence_goes_on_without_a_second_page(void)
{
    start();
    uint32_t fe1 = restore_host("fe1", "web");
    restore_history(fe1, 3000, 60);
    restore_alert(PL_RULE_SILENT, PL_ALERT_FIRING, 1);
    rig_run(PL_NO_INDEX, 0, 120);
    CHECK_TEXT(rig_effects(), "SILENT fe1");
}

static void test_a_page_that_was_not_finished(void)
{
    static const struct {
        const char *name;
        bool page_first;
        enum pl_alert_state state;
        bool resolved; // what the page told
        const char *want;
    } cases[] = {
        {"fires", false, PL_ALERT_FIRING, false, "SEND_PAGE limit/web firing"},
        {"fires, page first", true, PL_ALERT_FIRING, false, "SEND_PAGE limit/web firing"},
        {"over since", false, PL_ALERT_RESOLVED, false,
         "SAVE_PAGE limit/web resolved; SEND_PAGE limit/web resolved"},
        {"over since, page first", true, PL_ALERT_RESOLVED, false,
         "SAVE_PAGE limit/web resolved; SEND_PAGE limit/web resolved"},
        {"is over", false, PL_ALERT_RESOLVED, true, "SEND_PAGE limit/web resolved"},
    };
    for (size_t i = 0; i < PL_LEN(cases); i++) {
        printf("# %s\n", cases[i].name);
        start();
        uint32_t fe1 = restore_host("fe1", "web");
        restore_history(fe1, 9700, 60);
        if (cases[i].page_first) restore_page(cases[i].resolved);
        struct pl_alert a = alert_of(PL_RULE_LIMIT, cases[i].state, 0);
        bool over_since = cases[i].state == PL_ALERT_RESOLVED && !cases[i].resolved;
        a.revision += over_since;
        CHECK_INT(pl_engine_restore_alert(rig.engine, &a, rig.now), 0);
        if (!cases[i].page_first) restore_page(cases[i].resolved);
        CHECK_INT(pl_engine_page_count(rig.engine), 1);
        rig_run(PL_NO_INDEX, 0, 1);
        CHECK_TEXT(rig_effects(), cases[i].want);
        rig_answer(PL_RESULT_SENT);
        CHECK_TEXT(rig_effects(), "DROP_PAGE limit/web");
        CHECK_INT(pl_engine_alert(rig.engine, PL_RULE_LIMIT)->paged,
                  cases[i].state == PL_ALERT_FIRING);
        rig_run(PL_NO_INDEX, 0, 10);
        CHECK_TEXT(rig_effects(), "");
    }
}

static void test_a_page_whose_record_was_never_written(void)
{
    start();
    restore_alert(PL_RULE_LIMIT, PL_ALERT_FIRING, 0); // it fires and nobody was told
    rig_run(PL_NO_INDEX, 0, 1);
    CHECK_TEXT(rig_effects(), "SAVE_PAGE limit/web firing");
    start();
    struct pl_alert a = alert_of(PL_RULE_LIMIT, PL_ALERT_FIRING, 0);
    a.failed = 1; // telling was given up before
    CHECK_INT(pl_engine_restore_alert(rig.engine, &a, rig.now), 0);
    rig_run(PL_NO_INDEX, 0, 1);
    CHECK_TEXT(rig_effects(), "");
}

static void test_redis_comes_late(void)
{
    start();
    uint32_t fe1 = rig_join("fe1", "web");
    rig_run(fe1, 9700, 11);
    CHECK_TEXT(rig_effects(), "SAVE_HOST fe1; OPENED limit/web; SAVE_PAGE limit/web firing");
    pl_engine_page_saved(rig.engine, rig.page, rig.now);
    CHECK_TEXT(rig_effects(), "SEND_PAGE limit/web firing");
    CHECK_INT(restore_host("fe1", "api"), fe1); // it lives elsewhere now
    CHECK_INT(pl_engine_fleet(rig.engine)->pool_count, 1);
    uint64_t last_seq = pl_engine_fleet(rig.engine)->hosts[fe1].last_seq;
    restore_history(fe1, 1000, 60);
    CHECK_INT(pl_engine_fleet(rig.engine)->hosts[fe1].last_seq, last_seq);
    restore_alert(PL_RULE_LIMIT, PL_ALERT_RESOLVED, 0);
    restore_page(false);
    const struct pl_alert *a = pl_engine_alert(rig.engine, PL_RULE_LIMIT);
    CHECK_INT(a->state, PL_ALERT_FIRING);
    CHECK_INT(a->revision, 6);
    CHECK_INT(pl_engine_page_count(rig.engine), 1);
    CHECK_TEXT(rig_effects(), "DROP_PAGE limit/web"); // the record; the page here goes on
}

static void test_late_records_of_who_was_told(void)
{
    start();
    uint32_t fe1 = rig_join("fe1", "web");
    rig_run(fe1, 8000, 11);
    CHECK_TEXT(rig_effects(), "SAVE_HOST fe1; OPENED limit/web"); // a warning here
    restore_alert(PL_RULE_LIMIT, PL_ALERT_FIRING, 1);             // it paged before
    rig_run(fe1, 8000, 1);
    CHECK_TEXT(rig_effects(), "SAVE_PAGE limit/web resolved");
}

/* An hour of 100/s until now. */
static struct pl_traffic an_hour(void)
{
    struct pl_traffic traffic;
    pl_traffic_init(&traffic);
    for (int64_t s = -3600; s <= 0; s++) pl_traffic_step(&traffic, 100, rig.now.unix_ms + s * 1000);
    return traffic;
}

static void test_what_is_remembered_of_traffic(void)
{
    struct pl_name web = rig_name_of("web"), api = rig_name_of("api");
    start();
    struct pl_traffic traffic = an_hour();
    (void)restore_host("fe1", "web");
    const struct pl_saturation *s = pl_engine_saturation(rig.engine, 0);
    pl_engine_restore_traffic(rig.engine, &api, PL_SOURCE_REQUESTS, &traffic); // nobody is in it
    CHECK(!s->traffic.ladder.started);
    pl_engine_restore_traffic(rig.engine, &web, PL_SOURCE_REQUESTS, &traffic);
    CHECK_NEAR(s->traffic.ladder.known_s, 3600, 0);
    CHECK_INT(s->unit, PL_SOURCE_REQUESTS);
    traffic.ladder.known_s = 3599; // less than is known by now
    pl_engine_restore_traffic(rig.engine, &web, PL_SOURCE_SEGMENTS, &traffic);
    CHECK_INT(s->unit, PL_SOURCE_REQUESTS);
}

static void test_remembered_traffic_in_another_unit_than_configured(void)
{
    struct pl_engine_config config = rig_config_of(8, 1);
    struct pl_name web = rig_name_of("web");
    struct pl_pool_config pool = {
        .name = web,
        .capacity = {.source = PL_CAPACITY_CONFIGURED, .per_s = 50, .unit = PL_SOURCE_CONNECTIONS}};
    config.pools = &pool;
    config.pool_count = 1;
    rig_start(&config);
    struct pl_traffic traffic = an_hour();
    const struct pl_saturation *s = pl_engine_saturation(rig.engine, 0);
    pl_engine_restore_traffic(rig.engine, &web, PL_SOURCE_REQUESTS, &traffic);
    CHECK(!s->traffic.ladder.started);
    pl_engine_restore_traffic(rig.engine, &web, PL_SOURCE_CONNECTIONS, &traffic);
    CHECK(s->traffic.ladder.started);
}

static void test_records_that_do_not_fit(void)
{
    start();
    struct pl_alert a = alert_of(PL_RULE_LIMIT, PL_ALERT_FIRING, UINT32_MAX);
    CHECK_INT(pl_engine_restore_alert(rig.engine, &a, rig.now), 0);
    CHECK_INT(pl_engine_alert(rig.engine, PL_RULE_LIMIT)->paged, 1); // one target is configured
    a.rule = PL_RULE_COUNT;
    CHECK_INT(pl_engine_restore_alert(rig.engine, &a, rig.now), PL_E_RANGE);
    a = alert_of(PL_RULE_LIMIT, PL_ALERT_FIRING, 0);
    a.finding.named_count = PL_FINDING_HOSTS_MAX + 1;
    CHECK_INT(pl_engine_restore_alert(rig.engine, &a, rig.now), PL_E_RANGE);
    struct pl_page page = {.target = 1, .alert = alert_of(PL_RULE_LIMIT, PL_ALERT_FIRING, 0)};
    CHECK_INT(pl_engine_restore_page(rig.engine, &page, rig.now), PL_E_RANGE);
    struct pl_sample sample = rig_sample_of(1, 3000);
    struct pl_boot_id boot = boot_of(BOOT);
    pl_engine_restore_sample(rig.engine, 7, &boot, &sample); // nobody is there
    for (uint32_t i = 0; i < 8; i++) {
        char host[] = "fe0";
        host[2] = (char)('0' + i);
        CHECK_INT(restore_host(host, "web"), i);
    }
    struct pl_hello hello = rig_hello_of("fe8", "web");
    uint32_t index = 777;
    CHECK_INT(pl_engine_restore_host(rig.engine, &hello, rig.now, &index), PL_E_FULL);
    CHECK_INT(index, 777);
}

int main(void)
{
    RUN(test_an_overload_goes_on_without_a_second_page);
    RUN(test_an_overload_that_ended_meanwhile_is_resolved);
    RUN(test_an_overload_of_before_pages_at_the_first_sample);
    RUN(test_a_host_that_does_not_come_back);
    RUN(test_silence_goes_on_without_a_second_page);
    RUN(test_a_page_that_was_not_finished);
    RUN(test_a_page_whose_record_was_never_written);
    RUN(test_redis_comes_late);
    RUN(test_late_records_of_who_was_told);
    RUN(test_what_is_remembered_of_traffic);
    RUN(test_remembered_traffic_in_another_unit_than_configured);
    RUN(test_records_that_do_not_fit);
    rig_stop();
    return check_finish();
}
