/* Targets that take nothing: when that is so, and who hears of it. Targets: 0 and 1 are Alex', 2
 * and 3 are Kim's. */
#include "tests/check.h"
#include "tests/unit/engine_rig.h"

enum { TARGETS = 4, MINUTE = 60 };

static const struct pl_name names[TARGETS] = {{5, "push1"}, {4, "sms1"}, {5, "push2"}, {4, "sms2"}};

/* ---- health ---- */

static struct pl_targets_health health;
static struct pl_now now;

static bool step(enum pl_result_class class, int64_t after_s)
{
    now.mono_ms += after_s * 1000;
    now.unix_ms += after_s * 1000;
    return pl_health_step(&health, 5, class, now);
}

static void begin(void)
{
    health = (struct pl_targets_health){0};
    now = (struct pl_now){1000000, INT64_C(1750000000000)};
}

static void test_what_makes_a_target_broken(void)
{
    begin();
    CHECK(step(PL_RESULT_BROKEN, 0));
    CHECK_INT(health.broken, pl_target_bit(5));
    CHECK(!step(PL_RESULT_BROKEN, 1));
    CHECK(step(PL_RESULT_SENT, 1));
    CHECK_INT(health.broken, 0);
    /* Three refusals in a row, and not two and a busy moment. */
    CHECK(!step(PL_RESULT_REJECT, 1) && !step(PL_RESULT_REJECT, 1));
    CHECK(!step(PL_RESULT_RETRY, 1) && !step(PL_RESULT_REJECT, 1) && !step(PL_RESULT_REJECT, 1));
    CHECK(step(PL_RESULT_REJECT, 1));
}

static void test_five_minutes_without_success(void)
{
    begin();
    for (int i = 0; i < 30; i++) CHECK(!step(PL_RESULT_RETRY, i == 0 ? 0 : 10)); // 290 s
    CHECK(step(PL_RESULT_RETRY, 10));
    CHECK_INT(health.items[5].failing_unix_ms, now.unix_ms - PL_HEALTH_FAILING_MS);
    begin();
    CHECK(!step(PL_RESULT_RETRY, 0) && !step(PL_RESULT_RETRY, 10 * MINUTE)); // two are too few
    CHECK(step(PL_RESULT_RETRY, 1));
    begin();
    for (int i = 0; i < 10; i++) CHECK(!step(PL_RESULT_RETRY, 60 * MINUTE)); // one per trouble
    CHECK(!step(PL_RESULT_SENT, 1));
}

/* ---- who hears of it ---- */

static struct pl_route roster;

static void resolve(const void *arg, uint32_t policy, int64_t unix_ms, struct pl_route *out)
{
    (void)unix_ms;
    (void)policy;
    *out = *(const struct pl_route *)arg;
}

static struct pl_engine_config config_of(void)
{
    roster = (struct pl_route){
        .step_count = 2,
        .steps = {{0, 1, {{2, {0, 1}}}}, {5 * MINUTE * 1000, 1, {{2, {2, 3}}}}},
    };
    struct pl_engine_config config = rig_config_of(2, TARGETS);
    config.default_policy = 7;
    config.routes = (struct pl_route_source){resolve, &roster};
    config.target_names = names;
    return config;
}

static const struct pl_alert *alert(void)
{
    uint32_t index =
        pl_engine_find_alert(rig.engine, PL_RULE_NOTIFIER, &(struct pl_name){8, PL_OWN_POOL});
    return index == PL_NO_INDEX ? NULL : pl_engine_alert(rig.engine, index);
}

/* The targets of the pages about it in the outbox. */
static uint64_t told(void)
{
    uint64_t targets = 0;
    for (uint32_t n = 0; n < pl_engine_page_count(rig.engine); n++) {
        const struct pl_page *page = pl_engine_page_at(rig.engine, n);
        if (page->alert.rule == PL_RULE_NOTIFIER) targets |= pl_target_bit(page->target);
    }
    return targets;
}

static void answer(enum pl_rule rule, uint8_t target, enum pl_result_class class)
{
    for (uint32_t n = 0; n < pl_engine_page_count(rig.engine); n++) {
        const struct pl_page *page = pl_engine_page_at(rig.engine, n);
        if (page->target != target || page->alert.rule != rule) continue;
        rig.page = page->id;
        pl_engine_page_saved(rig.engine, page->id, rig.now);
        rig_answer(class);
        return;
    }
    CHECK(target == TARGETS); // it is there
}

static void tried(uint8_t target, enum pl_result_class class)
{
    const struct pl_page_result result = {.class = class, .wait_ms = -1};
    pl_engine_target_tried(rig.engine, target, &result, rig.now);
    (void)rig_effects();
}

/* Alex' push is gone while web is over its limit; then it is well again. */
static void test_the_same_person_hears_it_elsewhere(void)
{
    struct pl_engine_config config = config_of();
    rig_start(&config);
    uint32_t host = rig_join("fe1", "web");
    rig_run(host, 9700, 11);
    CHECK(alert() == NULL);
    answer(PL_RULE_LIMIT, 0, PL_RESULT_BROKEN);
    REQUIRE(alert() != NULL);
    CHECK(pl_alert_pages(alert()));
    CHECK_INT(alert()->finding.named_count, 1);
    CHECK(pl_name_eq(&alert()->finding.hosts[0], &names[0]));
    CHECK_INT(told(), 2); // and never itself
    answer(PL_RULE_NOTIFIER, 1, PL_RESULT_SENT);
    rig_run(host, 9700, 4 * MINUTE);
    CHECK_INT(told(), 0);
    rig_run(host, 9700, MINUTE + 5);
    CHECK_INT(told(), 4); // nobody has acknowledged: Kim, as for web
    answer(PL_RULE_NOTIFIER, 2, PL_RESULT_SENT);
    tried(0, PL_RESULT_SENT);
    CHECK_INT(alert()->state, PL_ALERT_RESOLVED);
    CHECK_INT(told(), 2 | 4);
}

static void test_when_all_are_broken_nobody_is_asked(void)
{
    struct pl_engine_config config = config_of();
    rig_start(&config);
    uint32_t host = rig_join("fe1", "web");
    for (uint8_t t = 0; t < TARGETS; t++) tried(t, PL_RESULT_BROKEN);
    rig_run(host, 2000, 10 * MINUTE);
    CHECK_INT(alert()->finding.host_count, TARGETS);
    CHECK_INT(told(), 0);
    tried(3, PL_RESULT_SENT);
    rig_run(host, 2000, 10 * MINUTE);
    CHECK_INT(told(), 8);
}

/* Nobody's route has another target: then anybody who can be told is. */
static void test_others_are_told_where_a_route_has_none(void)
{
    struct pl_engine_config config = config_of();
    rig_start(&config);
    roster = (struct pl_route){.step_count = 1, .steps = {{0, 1, {{1, {0}}}}}};
    uint32_t host = rig_join("fe1", "web");
    tried(0, PL_RESULT_BROKEN);
    rig_run(host, 2000, 1);
    CHECK_INT(told(), 2 | 4 | 8);
}

static void test_what_a_shell_could_not_post_says_nothing(void)
{
    struct pl_engine_config config = config_of();
    rig_start(&config);
    const struct pl_page_result ours = {.class = PL_RESULT_BROKEN, .wait_ms = -1, .is_ours = true};
    pl_engine_target_tried(rig.engine, 0, &ours, rig.now);
    CHECK(alert() == NULL);
}

static void test_it_is_broken_still_after_a_restart(void)
{
    struct pl_engine_config config = config_of();
    rig_start(&config);
    uint32_t host = rig_join("fe1", "web");
    tried(0, PL_RESULT_BROKEN);
    rig_run(host, 2000, 5);
    struct pl_alert record = *alert();
    rig_start(&config);
    CHECK_INT(pl_engine_restore_alert(rig.engine, &record, rig.now), 0);
    host = rig_join("fe1", "web");
    rig_run(host, 2000, MINUTE);
    CHECK_INT(alert()->state, PL_ALERT_FIRING);
    CHECK_INT(pl_engine_targets_health(rig.engine)->broken, 1);
    tried(0, PL_RESULT_SENT);
    CHECK_INT(alert()->state, PL_ALERT_RESOLVED);
    /* Of one that is no longer configured nothing is left to say. */
    static const struct pl_name others[TARGETS] = {{1, "a"}, {1, "b"}, {1, "c"}, {1, "d"}};
    config.target_names = others;
    rig_start(&config);
    CHECK_INT(pl_engine_restore_alert(rig.engine, &record, rig.now), 0);
    rig_run(PL_NO_INDEX, 0, MINUTE);
    CHECK_INT(alert()->state, PL_ALERT_RESOLVED);
}

int main(void)
{
    RUN(test_what_makes_a_target_broken);
    RUN(test_five_minutes_without_success);
    RUN(test_the_same_person_hears_it_elsewhere);
    RUN(test_when_all_are_broken_nobody_is_asked);
    RUN(test_others_are_told_where_a_route_has_none);
    RUN(test_what_a_shell_could_not_post_says_nothing);
    RUN(test_it_is_broken_still_after_a_restart);
    rig_stop();
    return check_finish();
}
