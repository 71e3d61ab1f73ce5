/* What people say: holds and their end, notes, silences and what they match, the log's ring. */
#include "tests/check.h"

#include "collector/core/alert/delivery.h"
#include "collector/core/alert/silence.h"
#include "common/base/err.h"

enum { MINUTE_MS = 60000 };
#define NOW_MS INT64_C(1750000000000)

static struct pl_handling handling;

static int say(enum pl_handle_act act, const char *by, int64_t for_ms, const char *note)
{
    struct pl_handle_request request = {
        .act = act, .by = pl_span_of(by), .for_ms = for_ms, .note = pl_span_of(note)};
    return pl_handling_apply(&handling, &request, NOW_MS);
}

static void test_an_acknowledgement_ends(void)
{
    handling = (struct pl_handling){0};
    CHECK(!pl_handling_any(&handling));
    CHECK_INT(say(PL_HANDLE_ACKNOWLEDGE, "alex", 0, ""), 0);
    CHECK(pl_handling_any(&handling));
    CHECK_INT(handling.hold, PL_HOLD_ACKNOWLEDGED);
    CHECK_INT(handling.until_unix_ms, NOW_MS + 30 * MINUTE_MS);
    CHECK(!pl_handling_expire(&handling, NOW_MS + 30 * MINUTE_MS - 1));
    CHECK(pl_handling_expire(&handling, NOW_MS + 30 * MINUTE_MS));
    CHECK(!pl_handling_expire(&handling, NOW_MS + 30 * MINUTE_MS));
    CHECK_INT(handling.hold, PL_HOLD_NONE);
    CHECK_TEXT(handling.by, "alex"); // it shows who had it
    CHECK_INT(say(PL_HANDLE_SNOOZE, "kim", 5 * MINUTE_MS, ""), 0);
    CHECK_INT(handling.hold, PL_HOLD_SNOOZED);
    CHECK_INT(say(PL_HANDLE_RELEASE, "kim", 0, ""), 0);
    CHECK_INT(handling.hold, PL_HOLD_NONE);
}

static void test_what_is_refused(void)
{
    handling = (struct pl_handling){0};
    CHECK_INT(say(PL_HANDLE_ACKNOWLEDGE, "", 0, ""), PL_E_RANGE);
    CHECK_INT(say(PL_HANDLE_ACKNOWLEDGE, "alex", MINUTE_MS - 1, ""), PL_E_RANGE);
    CHECK_INT(say(PL_HANDLE_SNOOZE, "alex", PL_HOLD_MAX_MS + 1, ""), PL_E_RANGE);
    CHECK_INT(say(PL_HANDLE_SNOOZE, "alex", -1, ""), PL_E_RANGE);
    CHECK(!pl_handling_any(&handling));
}

static void test_the_newest_notes_stay(void)
{
    handling = (struct pl_handling){0};
    char text[] = "note 0";
    for (int i = 0; i < PL_NOTES_MAX + 2; i++) {
        text[5] = (char)('0' + i % 10);
        CHECK_INT(say(PL_HANDLE_NOTE, "alex", 0, text), 0);
    }
    CHECK_INT(handling.note_count, PL_NOTES_MAX);
    CHECK_TEXT(handling.notes[0].text, "note 2");
    CHECK_TEXT(handling.notes[PL_NOTES_MAX - 1].text, "note 9");
}

static void test_what_people_write_is_cut_between_characters(void)
{
    char out[6];
    pl_said_copy(out, sizeof out, pl_span_of("ab\ncd"));
    CHECK_TEXT(out, "ab cd");
    pl_said_copy(out, sizeof out, pl_span_of("abc\u00e4\u00e4"));
    CHECK_TEXT(out, "abc\u00e4");
    pl_said_copy(out, sizeof out, pl_span_of("abcd\u00e4"));
    CHECK_TEXT(out, "abcd");
}

/* ---- silences ---- */

static struct pl_silences silences;

static struct pl_name name_of(const char *text)
{
    struct pl_name name = {0};
    CHECK_INT(pl_name_parse(pl_span_of(text), &name), 0);
    return name;
}

static struct pl_silence silence_of(const char *pool, const char *host)
{
    struct pl_silence s = {.any_rule = true,
                           .begins_unix_ms = NOW_MS,
                           .ends_unix_ms = NOW_MS + 60 * MINUTE_MS,
                           .by = "alex"};
    if (pool[0] != '\0') s.pool = name_of(pool);
    if (host[0] != '\0') s.host = name_of(host);
    return s;
}

static uint64_t put(const struct pl_silence *s)
{
    uint64_t number = 0;
    CHECK_INT(pl_silences_put(&silences, s, NOW_MS, &number), 0);
    return number;
}

static struct pl_alert alert_of(const char *pool, uint32_t host_count)
{
    static const char *const hosts[] = {"fe1", "fe2", "fe3"};
    struct pl_alert a;
    struct pl_name name = name_of(pool);
    pl_alert_init(&a, PL_RULE_LIMIT, &name);
    a.finding = (struct pl_finding){.value_bp = 9500, .host_count = host_count};
    a.finding.named_count = PL_MIN(host_count, (uint32_t)PL_LEN(hosts));
    for (uint32_t i = 0; i < a.finding.named_count; i++) a.finding.hosts[i] = name_of(hosts[i]);
    return a;
}

static bool covered(const struct pl_alert *a, int64_t after_ms)
{
    return pl_silences_cover(&silences, a, NOW_MS + after_ms) != NULL;
}

static void test_what_a_silence_matches(void)
{
    struct pl_alert web = alert_of("web", 1), api = alert_of("api", 1);
    silences.count = 0;
    CHECK(!covered(&web, 0));
    struct pl_silence s = silence_of("web", "");
    (void)put(&s);
    CHECK(covered(&web, 0) && !covered(&api, 0));
    CHECK(!covered(&web, -1) && covered(&web, 60 * MINUTE_MS - 1) &&
          !covered(&web, 60 * MINUTE_MS));
    silences.count = 0;
    s.any_rule = false;
    s.rule = PL_RULE_SILENT;
    (void)put(&s);
    CHECK(!covered(&web, 0));
}

static void test_every_host_must_be_silenced(void)
{
    struct pl_alert one = alert_of("web", 1), two = alert_of("web", 2), many = alert_of("web", 9);
    silences.count = 0;
    struct pl_silence s = silence_of("", "fe1");
    (void)put(&s);
    CHECK(covered(&one, 0) && !covered(&two, 0));
    s = silence_of("", "fe2");
    (void)put(&s);
    s = silence_of("", "fe3");
    (void)put(&s);
    CHECK(covered(&two, 0));
    CHECK(!covered(&many, 0)); // six of them are not named
}

static void test_another_threshold(void)
{
    struct pl_alert a = alert_of("web", 1);
    silences.count = 0;
    struct pl_silence s = silence_of("web", "");
    s.any_rule = false;
    s.rule = PL_RULE_LIMIT;
    s.raise_bp = 9900;
    (void)put(&s);
    CHECK(covered(&a, 0));
    a.finding.value_bp = 9900;
    CHECK(!covered(&a, 0));
}

static void test_silences_that_make_no_sense(void)
{
    uint64_t number;
    silences.count = 0;
    struct pl_silence s = silence_of("", ""), bad = s;
    bad.ends_unix_ms = bad.begins_unix_ms;
    CHECK_INT(pl_silences_put(&silences, &bad, NOW_MS, &number), PL_E_RANGE);
    CHECK_INT(pl_silences_put(&silences, &s, s.ends_unix_ms, &number), PL_E_RANGE);
    bad = s;
    bad.ends_unix_ms = bad.begins_unix_ms + PL_SILENCE_MAX_S * INT64_C(1000) + 1;
    CHECK_INT(pl_silences_put(&silences, &bad, NOW_MS, &number), PL_E_RANGE);
    bad = s;
    bad.by[0] = '\0';
    CHECK_INT(pl_silences_put(&silences, &bad, NOW_MS, &number), PL_E_RANGE);
    bad = s;
    bad.raise_bp = 9000; // of which rule?
    CHECK_INT(pl_silences_put(&silences, &bad, NOW_MS, &number), PL_E_RANGE);
}

static void test_the_table_of_silences(void)
{
    silences.count = 0;
    struct pl_silence s = silence_of("", "");
    uint64_t first = put(&s), second = put(&s), third = put(&s);
    CHECK(first < second && second < third);
    CHECK(pl_silences_drop(&silences, second));
    CHECK(!pl_silences_drop(&silences, second));
    CHECK(pl_silences_find(&silences, first) && pl_silences_find(&silences, third));
    while (silences.count < PL_SILENCES_MAX) (void)put(&s);
    uint64_t number;
    CHECK_INT(pl_silences_put(&silences, &s, NOW_MS, &number), PL_E_FULL);
    s.number = first; // one from a record, that is there already
    CHECK_INT(pl_silences_put(&silences, &s, NOW_MS, &number), 0);
    CHECK_INT(silences.count, PL_SILENCES_MAX);
    CHECK(pl_silences_over(&silences, NOW_MS) == NULL);
    CHECK(pl_silences_over(&silences, s.ends_unix_ms) != NULL);
}

/* ---- the log ---- */

static void test_the_log_keeps_the_newest(void)
{
    static struct pl_deliveries log;
    struct pl_delivery entry = {.end = PL_DELIVERED};
    for (uint32_t i = 0; i < PL_DELIVERIES_MAX + 5; i++) {
        entry.attempt = i;
        uint32_t place = pl_deliveries_add(&log, &entry);
        CHECK(log.items[place].attempt == i);
    }
    CHECK_INT(log.last_number, PL_DELIVERIES_MAX + 5);
    struct pl_delivery old = {.number = 5, .attempt = 77};
    pl_deliveries_restore(&log, &old);
    CHECK(log.items[5].attempt != 77);
    struct pl_delivery newer = {.number = 3 * PL_DELIVERIES_MAX + 5, .attempt = 78};
    pl_deliveries_restore(&log, &newer);
    CHECK_INT(log.items[5].attempt, 78);
    CHECK_INT(log.last_number, newer.number);
}

int main(void)
{
    RUN(test_an_acknowledgement_ends);
    RUN(test_what_is_refused);
    RUN(test_the_newest_notes_stay);
    RUN(test_what_people_write_is_cut_between_characters);
    RUN(test_what_a_silence_matches);
    RUN(test_every_host_must_be_silenced);
    RUN(test_another_threshold);
    RUN(test_silences_that_make_no_sense);
    RUN(test_the_table_of_silences);
    RUN(test_the_log_keeps_the_newest);
    return check_finish();
}
