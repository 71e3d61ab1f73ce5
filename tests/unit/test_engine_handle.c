/* The engine and people: acknowledgements and their end, silences, whom it spares, restarts. */
#include "tests/check.h"
#include "tests/unit/engine_rig.h"

#include "common/base/err.h"

enum { MINUTE = 60 };

static uint32_t fe1;

static void start(uint32_t target_count)
{
    struct pl_engine_config config = rig_config_of(4, target_count);
    rig_start(&config);
    fe1 = rig_join("fe1", "web");
    (void)rig_effects();
}

static void fire(void)
{
    rig_run(fe1, 9700, 11);
}

static const struct pl_alert *alert(void)
{
    return pl_engine_alert(rig.engine, PL_RULE_LIMIT);
}

static void deliver(void)
{
    pl_engine_page_saved(rig.engine, rig.page, rig.now);
    rig_answer(PL_RESULT_SENT);
    (void)rig_effects();
}

static int say(enum pl_handle_act act, int64_t for_ms)
{
    struct pl_handle_request request = {.act = act, .by = pl_span_of("alex"), .for_ms = for_ms};
    return pl_engine_handle(rig.engine, PL_RULE_LIMIT, &request, rig.now);
}

static void test_an_acknowledgement_takes_back_what_is_queued(void)
{
    start(3);
    CHECK_INT(say(PL_HANDLE_ACKNOWLEDGE, 0), PL_E_STATE); // nothing fires
    fire();
    (void)rig_effects();
    CHECK_INT(pl_engine_page_count(rig.engine), 3);
    CHECK_INT(say(PL_HANDLE_ACKNOWLEDGE, 0), 0);
    CHECK_TEXT(rig_effects(), "SAVE_HANDLING limit/web; DROP_PAGE limit/web; DROP_PAGE limit/web; "
                              "DROP_PAGE limit/web");
    CHECK_INT(pl_engine_page_count(rig.engine), 0);
    rig_run(fe1, 9700, 29 * MINUTE);
    CHECK_TEXT(rig_effects(), "");
}

static void test_it_is_over_while_it_fires(void)
{
    start(1);
    fire();
    (void)rig_effects();
    deliver();
    CHECK_INT(say(PL_HANDLE_ACKNOWLEDGE, 0), 0);
    (void)rig_effects();
    rig_run(fe1, 9700, 30 * MINUTE - 1);
    CHECK_TEXT(rig_effects(), "");
    rig_run(fe1, 9700, 2);
    CHECK_TEXT(rig_effects(), "SAVE_HANDLING limit/web; RESUMED limit/web; "
                              "SAVE_PAGE limit/web firing; SEND_PAGE limit/web firing");
}

static void test_whoever_was_told_hears_the_end_of_what_is_acknowledged(void)
{
    start(1);
    fire();
    (void)rig_effects();
    deliver();
    CHECK_INT(say(PL_HANDLE_ACKNOWLEDGE, 0), 0);
    (void)rig_effects();
    rig_run(fe1, 3000, 60);
    CHECK_TEXT(rig_effects(), "RESOLVED limit/web; SAVE_PAGE limit/web resolved; "
                              "SEND_PAGE limit/web resolved");
    deliver();
    rig_run(fe1, 3000, 120);
    fire(); // the next one is nobody's yet
    CHECK_TEXT(rig_effects(), "SAVE_HANDLING limit/web; OPENED limit/web; "
                              "SAVE_PAGE limit/web firing");
    CHECK(!pl_handling_any(pl_engine_handling(rig.engine, PL_RULE_LIMIT)));
}

static uint64_t hush(const char *host, int64_t for_ms, int32_t raise_bp)
{
    struct pl_silence s = {.any_rule = raise_bp == 0,
                           .rule = PL_RULE_LIMIT,
                           .raise_bp = raise_bp,
                           .begins_unix_ms = rig.now.unix_ms,
                           .ends_unix_ms = rig.now.unix_ms + for_ms,
                           .by = "alex"};
    uint64_t number = 0;
    if (host) s.host = rig_name_of(host);
    CHECK_INT(pl_engine_silence(rig.engine, &s, rig.now, &number), 0);
    CHECK_TEXT(rig_effects(), "SAVE_SILENCE ");
    return number;
}

static void test_what_a_silence_hid_is_told_at_its_end(void)
{
    start(1);
    uint64_t number = hush(NULL, 5 * MINUTE * 1000, 0);
    fire();
    CHECK_TEXT(rig_effects(), "OPENED limit/web; SAVE_SILENCE ");
    CHECK_INT(pl_engine_silenced(rig.engine, PL_RULE_LIMIT), number);
    rig_run(fe1, 9700, 4 * MINUTE);
    CHECK_TEXT(rig_effects(), "");
    rig_run(fe1, 9700, MINUTE);
    CHECK_TEXT(rig_effects(), "DROP_SILENCE ; RESUMED limit/web; SAVE_PAGE limit/web firing; "
                              "SEND_PAGE limit/web firing");
}

static void test_what_ended_under_a_silence_pages_nobody(void)
{
    start(1);
    (void)hush(NULL, 5 * MINUTE * 1000, 0);
    fire();
    rig_run(fe1, 3000, 60);
    CHECK_TEXT(rig_effects(), "OPENED limit/web; SAVE_SILENCE ; RESOLVED limit/web");
    rig_run(fe1, 3000, 5 * MINUTE);
    CHECK_TEXT(rig_effects(), "DROP_SILENCE ");
}

static void test_a_silence_for_a_host_and_another_threshold(void)
{
    start(1);
    (void)hush("fe2", MINUTE * 1000, 0);
    uint64_t number = hush(NULL, 60 * MINUTE * 1000, 9900);
    fire();
    CHECK_TEXT(rig_effects(), "OPENED limit/web; SAVE_SILENCE ");
    rig_run(fe1, 9950, 10);
    CHECK_TEXT(rig_effects(), "RESUMED limit/web; SAVE_PAGE limit/web firing; "
                              "SEND_PAGE limit/web firing");
    deliver();
    rig_run(fe1, 9700, 3 * MINUTE); // under it again: nobody needs to hear more
    (void)rig_effects();
    CHECK(pl_engine_unsilence(rig.engine, number, rig.now));
    CHECK(!pl_engine_unsilence(rig.engine, number, rig.now));
}

static void test_the_floor_of_a_target(void)
{
    start(1);
    fire();
    (void)rig_effects();
    deliver();
    rig_run(fe1, 3000, 40);
    CHECK_TEXT(rig_effects(), "RESOLVED limit/web; SAVE_PAGE limit/web resolved; "
                              "SEND_PAGE limit/web resolved");
    deliver();
    rig_run(fe1, 9700, 60);
    CHECK_TEXT(rig_effects(), "OPENED limit/web"); // it has heard enough for two minutes
    rig_run(fe1, 9700, 30);
    CHECK_TEXT(rig_effects(), "SAVE_PAGE limit/web firing; SEND_PAGE limit/web firing");
}

/* ---- restarts ---- */

static struct pl_alert record_of(enum pl_alert_state state)
{
    struct pl_alert a;
    struct pl_name web = rig_name_of("web");
    pl_alert_init(&a, PL_RULE_LIMIT, &web);
    a.state = state;
    a.tier = PL_TIER_PAGE;
    a.revision = 5;
    a.opened_unix_ms = rig.now.unix_ms - 2 * 3600 * 1000;
    a.routed_mono_ms = 0;
    a.finding = (struct pl_finding){.tier = PL_TIER_PAGE, .host_count = 1};
    return a;
}

static void restart(void)
{
    struct pl_engine_config config = rig_config_of(4, 1);
    rig_start(&config);
    struct pl_hello hello = rig_hello_of("fe1", "web");
    CHECK_INT(pl_engine_restore_host(rig.engine, &hello, rig.now, &fe1), 0);
    struct pl_alert a = record_of(PL_ALERT_FIRING);
    CHECK_INT(pl_engine_restore_alert(rig.engine, &a, rig.now), 0);
}

static void test_an_old_alert_pages_only_if_it_shows(void)
{
    restart();
    rig_run(PL_NO_INDEX, 0, 5);
    CHECK_TEXT(rig_effects(), "");
    restart();
    CHECK_INT(rig_join("fe1", "web"), (int64_t)fe1);
    (void)rig_effects();
    rig_run(fe1, 9700, 12);
    CHECK_TEXT(rig_effects(), "SAVE_PAGE limit/web firing; SEND_PAGE limit/web firing");
    restart();
    struct pl_page page = {.number = 7,
                           .created_unix_ms = rig.now.unix_ms - PL_PAGE_OLD_MS - 1,
                           .alert = record_of(PL_ALERT_FIRING)};
    CHECK_INT(pl_engine_restore_page(rig.engine, &page, rig.now), 0);
    rig_run(PL_NO_INDEX, 0, 2);
    CHECK_TEXT(rig_effects(), "DROP_PAGE limit/web");
}

static void test_an_acknowledgement_outlives_the_process(void)
{
    restart();
    struct pl_name web = rig_name_of("web");
    struct pl_handling h = {.hold = PL_HOLD_ACKNOWLEDGED,
                            .by = "alex",
                            .since_unix_ms = rig.now.unix_ms - 1000,
                            .until_unix_ms = rig.now.unix_ms + 20 * MINUTE * 1000};
    CHECK_INT(pl_engine_restore_handling(rig.engine, &web, PL_RULE_LIMIT, &h), 0);
    struct pl_page page = {.number = 7,
                           .created_unix_ms = rig.now.unix_ms - 1000,
                           .alert = record_of(PL_ALERT_FIRING)};
    CHECK_INT(pl_engine_restore_page(rig.engine, &page, rig.now), 0);
    CHECK_TEXT(rig_effects(), "DROP_PAGE limit/web"); // that nobody needs any more
    CHECK_INT(rig_join("fe1", "web"), (int64_t)fe1);
    (void)rig_effects();
    rig_run(fe1, 9700, 20 * MINUTE - 2);
    CHECK_TEXT(rig_effects(), "");
    rig_run(fe1, 9700, 3);
    CHECK(strstr(rig_effects(), "RESUMED limit/web; SAVE_PAGE limit/web firing") != NULL);
    CHECK(alert()->state == PL_ALERT_FIRING);
}

static void test_every_attempt_is_in_the_log(void)
{
    start(1);
    fire();
    (void)rig_effects();
    pl_engine_page_saved(rig.engine, rig.page, rig.now);
    rig_answer(PL_RESULT_RETRY);
    rig_pass(2000);
    rig_run(fe1, 9700, 2);
    rig_answer(PL_RESULT_SENT);
    const struct pl_deliveries *log = pl_engine_deliveries(rig.engine);
    REQUIRE(log->last_number == 2);
    CHECK_INT(log->items[1].end, PL_DELIVERY_RETRY);
    CHECK_INT(log->items[1].attempt, 1);
    CHECK_INT(log->items[2].end, PL_DELIVERED);
    CHECK_INT(log->items[2].attempt, 2);
    CHECK(!log->items[2].resolved && log->items[2].rule == PL_RULE_LIMIT);
}

int main(void)
{
    RUN(test_an_acknowledgement_takes_back_what_is_queued);
    RUN(test_it_is_over_while_it_fires);
    RUN(test_whoever_was_told_hears_the_end_of_what_is_acknowledged);
    RUN(test_what_a_silence_hid_is_told_at_its_end);
    RUN(test_what_ended_under_a_silence_pages_nobody);
    RUN(test_a_silence_for_a_host_and_another_threshold);
    RUN(test_the_floor_of_a_target);
    RUN(test_an_old_alert_pages_only_if_it_shows);
    RUN(test_an_acknowledgement_outlives_the_process);
    RUN(test_every_attempt_is_in_the_log);
    rig_stop();
    return check_finish();
}
