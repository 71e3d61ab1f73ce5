/* Why an alert is as it is: every reason to page or not to page, in a sentence. */
#include "collector/codec/json_explain.h"
#include "tests/check.h"
#include "tests/unit/engine_rig.h"

#include <cJSON.h>

enum { TARGETS = 2, TEXT_BYTES = 16384 };

static struct pl_name names[TARGETS];
static uint32_t fe1;

static void start(uint32_t target_count)
{
    struct pl_engine_config config = rig_config_of(4, target_count);
    rig_start(&config);
    names[0] = rig_name_of("alex");
    names[1] = rig_name_of("kim");
    fe1 = rig_join("fe1", "web");
    (void)rig_effects();
}

/* The sentences of a topic, "one|two". */
static const char *of(const char *topic)
{
    static char bytes[TEXT_BYTES], found[TEXT_BYTES];
    struct pl_text out = pl_text_init(bytes, sizeof bytes),
                   text = pl_text_init(found, sizeof found);
    struct pl_view view = {
        .engine = rig.engine, .targets = names, .target_count = TARGETS, .now = rig.now};
    pl_json_explain(&out, &view, PL_RULE_LIMIT);
    cJSON *json = cJSON_Parse(bytes), *line;
    CHECK_TEXT(cJSON_GetObjectItem(json, "alert")->valuestring, "limit/web");
    cJSON_ArrayForEach(line, cJSON_GetObjectItem(json, "lines"))
    {
        if (strcmp(cJSON_GetObjectItem(line, "topic")->valuestring, topic) != 0) continue;
        if (text.len > 0) pl_text_char(&text, '|');
        pl_text_str(&text, cJSON_GetObjectItem(line, "text")->valuestring);
    }
    cJSON_Delete(json);
    return found;
}

static void test_one_that_never_fired(void)
{
    start(TARGETS);
    rig_run(fe1, 3000, 3);
    CHECK(strstr(of("rule"), "cpu pages at 90 % for 10 s; memory pages at 90 % for 10 s") ==
          of("rule"));
    CHECK(strstr(of("rule"), ". It ends when that is over for 15 s"));
    CHECK_TEXT(of("now"), "sees nothing wrong");
    CHECK_TEXT(of("alert"), "it has not fired");
    CHECK_TEXT(of("silent"), "");
    CHECK_TEXT(of("route"), "");
    CHECK_TEXT(of("told"), "");
}

static void test_one_on_its_way(void)
{
    start(TARGETS);
    rig_run(fe1, 9700, 5);
    CHECK_TEXT(of("now"), "sees what will be reason for a page if it lasts");
    rig_run(fe1, 9700, 7);
    CHECK_TEXT(of("now"), "sees reason for a page");
    CHECK_TEXT(of("route"), "step 1 of 1; must know: alex, kim; waits to be sent: alex, kim");
    pl_engine_page_saved(rig.engine, pl_engine_page_at(rig.engine, 0)->id, rig.now);
    rig.page = pl_engine_page_at(rig.engine, 0)->id;
    rig_answer(PL_RESULT_SENT);
    CHECK_TEXT(of("route"), "step 1 of 1; must know: alex, kim; know: alex; waits to be sent: kim");
    CHECK(strstr(of("told"), " alex that it fires: delivered, attempt 1"));
}

static void test_why_nobody_hears_of_it(void)
{
    start(TARGETS);
    rig_run(fe1, 8000, 12); // over the warning, under the page
    CHECK_TEXT(of("silent"), "a warning shows on the page and wakes nobody");
    rig_run(fe1, 9700, 12);
    CHECK_TEXT(of("silent"), "");
    struct pl_handle_request ack = {.act = PL_HANDLE_ACKNOWLEDGE, .by = pl_span_of("alex")};
    CHECK_INT(pl_engine_handle(rig.engine, PL_RULE_LIMIT, &ack, rig.now), 0);
    CHECK(strstr(of("silent"), "acknowledged by alex until 20") == of("silent"));
    struct pl_silence silence = {.any_rule = true,
                                 .begins_unix_ms = rig.now.unix_ms,
                                 .ends_unix_ms = rig.now.unix_ms + 60000,
                                 .by = "kim",
                                 .reason = "the batch of Monday"};
    uint64_t number;
    CHECK_INT(pl_engine_silence(rig.engine, &silence, rig.now, &number), 0);
    rig_run(fe1, 9700, 1);
    CHECK(strstr(of("silent"), "silenced by kim until 20") == of("silent"));
    CHECK(strstr(of("silent"), ": the batch of Monday|acknowledged by alex"));
    CHECK_TEXT(of("route"),
               "it goes to nobody: no notifier of its pool is there now, or it is held");
}

static void test_nobody_to_tell_and_nothing_known(void)
{
    start(0);
    rig_run(fe1, 9700, 12);
    CHECK_TEXT(of("route"),
               "it goes to nobody: no notifier of its pool is there now, or it is held");
    rig.now.unix_ms += 3600 * 1000;
    rig_run(PL_NO_INDEX, 0, 1);
    CHECK_TEXT(of("now"), "not asked: a clock jumped, and for half a minute no rule acts");
}

/* nginx before PHP-FPM: what limits the latter is not known until agent.yaml says who does the
 * work. */
static void test_a_proxy_before_the_service(void)
{
    const struct pl_service proxy = {"nginx", "*:443", "cgroup /system.slice/nginx.service"},
                            service = {"gunicorn", "*:8000", "processes below 817"};
    start(TARGETS);
    pl_engine_service(rig.engine, fe1, &proxy, rig.now);
    CHECK_TEXT(of("service"), ""); // no sample yet: it may be named
    rig_run(fe1, 3000, 2);
    CHECK(strstr(of("service"), "nginx on fe1 passes work on") == of("service"));
    CHECK(strstr(of("service"), "add a line 'service: /system.slice/php8.2-fpm.service'"));
    CHECK(!strstr(of("service"), "other hosts"));
    uint32_t fe2 = rig_join("fe2", "web");
    pl_engine_service(rig.engine, fe2, &proxy, rig.now);
    rig_run(fe2, 3000, 1);
    CHECK(strstr(of("service"), "likewise on other hosts of this pool: 1"));
    pl_engine_service(rig.engine, fe1, &service, rig.now);
    pl_engine_service(rig.engine, fe2, &service, rig.now);
    CHECK_TEXT(of("service"), "");
}

int main(void)
{
    RUN(test_one_that_never_fired);
    RUN(test_one_on_its_way);
    RUN(test_why_nobody_hears_of_it);
    RUN(test_nobody_to_tell_and_nothing_known);
    rig_stop();
    RUN(test_a_proxy_before_the_service);
    return check_finish();
}
