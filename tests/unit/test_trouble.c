/* The collector's own troubles: when each begins, how long it is told, and in which words. */
#include "collector/codec/trouble_text.h"
#include "tests/check.h"

#include <cJSON.h>

#define START_UNIX_MS INT64_C(1777644192000) // 2026-05-01T14:03:12Z

static struct pl_troubles troubles;
static struct pl_shell_facts facts;
static struct pl_now now;
static char text[4096];

static void start(void)
{
    troubles = (struct pl_troubles){0};
    facts = (struct pl_shell_facts){.redis_answers = true, .aof_on = true, .aof_writable = true};
    now = (struct pl_now){1000000, START_UNIX_MS};
}

/* What is told a second later: the kinds, "a b ". */
static const char *second(void)
{
    struct pl_text out = pl_text_init(text, sizeof text);
    now.mono_ms += 1000;
    now.unix_ms += 1000;
    pl_troubles_step(&troubles, &facts, now);
    text[0] = '\0';
    for (int n = 0; n < PL_TROUBLE_COUNT; n++) {
        if (troubles.since_unix_ms[n] == 0) continue;
        pl_text_str(&out, pl_trouble_name((enum pl_trouble)n));
        pl_text_char(&out, ' ');
    }
    return text;
}

static void test_states_last_as_long_as_they_are_so(void)
{
    start();
    CHECK_TEXT(second(), "");
    facts.redis_answers = facts.aof_on = false; // nothing is known of its file any more
    CHECK_TEXT(second(), "redis_away ");
    CHECK_TEXT(second(), "redis_away ");
    CHECK_INT(troubles.since_unix_ms[PL_TROUBLE_AWAY], now.unix_ms - 1000);
    facts.redis_answers = true;
    CHECK_TEXT(second(), "redis_forgets ");
    facts.aof_on = true;
    facts.tilted = true;
    CHECK_TEXT(second(), "tilt ");
    facts.tilted = false;
    facts.unheard = true;
    CHECK_TEXT(second(), "page_unheard ");
    facts.unheard = false;
    facts.heartbeat_refused = true;
    CHECK_TEXT(second(), "heartbeat_refused ");
    facts.heartbeat_refused = false;
    CHECK_TEXT(second(), "");
}

/* One write refused now and then is one trouble, and a full disk is told as that. */
static void test_counts_are_states_too(void)
{
    start();
    for (int s = 0; s < 600; s++) {
        if (s % 50 == 0) facts.refused_count++;
        CHECK_TEXT(second(), "redis_refuses ");
    }
    CHECK_INT(troubles.since_unix_ms[PL_TROUBLE_REFUSED], START_UNIX_MS + 1000);
    facts.aof_writable = false;
    CHECK_TEXT(second(), "redis_disk ");
    facts.aof_writable = true;
    for (int s = 0; s < 60; s++) (void)second();
    CHECK_TEXT(second(), "");
    facts.dropped_count += 7;
    CHECK_TEXT(second(), "samples_dropped ");
}

static void test_the_newest_restart_is_told(void)
{
    start();
    facts.restarts_count = 1;
    CHECK_TEXT(second(), "redis_restarted ");
    CHECK_TEXT(second(), "redis_restarted ");
    facts.restarts_count = 2;
    CHECK_TEXT(second(), "redis_restarted ");
    CHECK_INT(troubles.since_unix_ms[PL_TROUBLE_RESTARTED], now.unix_ms);
    for (int s = 0; s < PL_TROUBLE_RESTARTED_MS / 1000 - 1; s++) {
        CHECK_TEXT(second(), "redis_restarted ");
    }
    CHECK_TEXT(second(), "");
}

static void test_all_of_them_in_words(void)
{
    start();
    struct pl_text out = pl_text_init(text, sizeof text);
    pl_json_notes(&out, "", &troubles);
    CHECK_TEXT(text, "[]");
    for (int n = 0; n < PL_TROUBLE_COUNT; n++) troubles.since_unix_ms[n] = START_UNIX_MS;
    out = pl_text_init(text, sizeof text);
    pl_json_notes(&out, "", &troubles);
    CHECK(strstr(text, "[{\"kind\":\"page_unheard\",\"since\":\"2026-05-01T14:03:12.000Z\","
                       "\"text\":\"a page has reached nobody: ") == text);
    cJSON *json = cJSON_Parse(text), *note;
    CHECK_INT(cJSON_GetArraySize(json), PL_TROUBLE_COUNT);
    cJSON_ArrayForEach(note, json)
    {
        CHECK(strlen(cJSON_GetObjectItem(note, "kind")->valuestring) > 3);
        CHECK(strlen(cJSON_GetObjectItem(note, "text")->valuestring) > 30);
    }
    cJSON_Delete(json);
}

int main(void)
{
    RUN(test_states_last_as_long_as_they_are_so);
    RUN(test_counts_are_states_too);
    RUN(test_the_newest_restart_is_told);
    RUN(test_all_of_them_in_words);
    return check_finish();
}
