/* Which message of a provider is edited, and what is remembered of it. */
#include "collector/codec/notify/reference.h"
#include "common/base/err.h"
#include "tests/check.h"

static struct pl_references table;
static struct pl_notify_reading reading;

static struct pl_alert alert_of(const char *pool, int64_t opened_unix_ms)
{
    struct pl_alert a = {.rule = PL_RULE_SATURATION, .opened_unix_ms = opened_unix_ms};
    CHECK(pl_name_parse(pl_span_of(pool), &a.pool) >= 0);
    return a;
}

static const struct pl_notify_reading *answer(enum pl_result_class class, const char *reference)
{
    reading = (struct pl_notify_reading){.result = {.class = class}};
    reading.reference = pl_text_init(reading.reference_bytes, sizeof reading.reference_bytes);
    pl_text_str(&reading.reference, reference);
    return &reading;
}

static bool is_known(uint8_t target, const struct pl_alert *a, enum pl_notify_state state,
                     const char *want)
{
    const struct pl_page page = {.target = target, .alert = *a};
    return pl_span_is(pl_reference_find(&table, &page, state), want);
}

static const struct pl_reference *answered(uint8_t target, const struct pl_alert *a,
                                           enum pl_notify_state state,
                                           const struct pl_notify_reading *what, int64_t unix_ms)
{
    const struct pl_page page = {.target = target, .alert = *a};
    return pl_reference_answered(&table, &page, state, what, unix_ms);
}

/* fired, acknowledged, fired anew, over. */
static void test_a_message_is_edited(void)
{
    memset(&table, 0, sizeof table);
    struct pl_alert a = alert_of("web", 1000), other = alert_of("api", 1000);
    const struct pl_reference *ref =
        answered(3, &a, PL_NOTIFY_FIRING, answer(PL_RESULT_SENT, "m1"), 5000);
    REQUIRE(ref);
    CHECK(ref->used && strcmp(ref->text, "m1") == 0);
    CHECK(is_known(3, &a, PL_NOTIFY_ACKNOWLEDGED, "m1"));
    CHECK(is_known(3, &a, PL_NOTIFY_FIRING, "m1"));
    CHECK(is_known(2, &a, PL_NOTIFY_FIRING, ""));
    CHECK(is_known(3, &other, PL_NOTIFY_FIRING, ""));
    CHECK(answered(3, &a, PL_NOTIFY_ACKNOWLEDGED, answer(PL_RESULT_SENT, ""), 6000) == ref);
    CHECK(is_known(3, &a, PL_NOTIFY_RESOLVED, "m1"));
    CHECK(is_known(3, &a, PL_NOTIFY_FIRING, "")); // an edit wakes nobody
    CHECK(answered(3, &a, PL_NOTIFY_FIRING, answer(PL_RESULT_SENT, "m2"), 7000) == ref);
    CHECK(is_known(3, &a, PL_NOTIFY_RESOLVED, "m2"));
    CHECK(answered(3, &a, PL_NOTIFY_RESOLVED, answer(PL_RESULT_SENT, "m2"), 8000) == ref);
    CHECK(!ref->used);
    CHECK(is_known(3, &a, PL_NOTIFY_FIRING, ""));
}

static void test_what_is_not_remembered(void)
{
    memset(&table, 0, sizeof table);
    struct pl_alert a = alert_of("web", 1000), later = alert_of("web", 2000);
    CHECK(!answered(0, &a, PL_NOTIFY_FIRING, answer(PL_RESULT_SENT, ""), 1));
    CHECK(!answered(0, &a, PL_NOTIFY_FIRING, answer(PL_RESULT_RETRY, ""), 1));
    CHECK(answered(0, &a, PL_NOTIFY_FIRING, answer(PL_RESULT_SENT, "m1"), 1));
    CHECK(!answered(0, &a, PL_NOTIFY_FIRING, answer(PL_RESULT_SENT, ""), 2));
    CHECK(is_known(0, &later, PL_NOTIFY_RESOLVED, "")); // another opening
    CHECK(!answered(0, &a, PL_NOTIFY_RESOLVED, answer(PL_RESULT_RETRY, ""), 3));
    CHECK(is_known(0, &a, PL_NOTIFY_RESOLVED, "m1"));
    (void)answer(PL_RESULT_RETRY, "");
    reading.forget = true; // the message is gone
    const struct pl_reference *gone = answered(0, &a, PL_NOTIFY_RESOLVED, &reading, 4);
    REQUIRE(gone);
    CHECK(!gone->used);
    CHECK(is_known(0, &a, PL_NOTIFY_RESOLVED, ""));
}

static void test_the_oldest_gives_way(void)
{
    memset(&table, 0, sizeof table);
    for (int i = 0; i <= PL_REFERENCES_MAX; i++) {
        char pool[16];
        (void)snprintf(pool, sizeof pool, "p%d", i);
        struct pl_alert a = alert_of(pool, 1000);
        CHECK(answered(0, &a, PL_NOTIFY_FIRING, answer(PL_RESULT_SENT, pool), 10 + i) != NULL);
    }
    struct pl_alert first = alert_of("p0", 1000), second = alert_of("p1", 1000);
    CHECK(is_known(0, &first, PL_NOTIFY_FIRING, ""));
    CHECK(is_known(0, &second, PL_NOTIFY_FIRING, "p1"));
}

static void test_there_and_back(void)
{
    static struct pl_references restored;
    memset(&table, 0, sizeof table);
    struct pl_name names[2] = {{0}, {0}};
    CHECK(pl_name_parse(pl_span_of("chat"), &names[0]) >= 0);
    CHECK(pl_name_parse(pl_span_of("oncall"), &names[1]) >= 0);
    struct pl_alert a = alert_of("web", 1777644202000);
    const struct pl_reference *ref =
        answered(1, &a, PL_NOTIFY_FIRING, answer(PL_RESULT_SENT, "C1 17.01"), 1777644203000);
    REQUIRE(ref);
    char field[PL_REFERENCE_FIELD_BYTES], buf[PL_REFERENCE_RECORD_BYTES];
    struct pl_text record = pl_text_init(buf, sizeof buf);
    pl_reference_field_write(ref, &names[1], field);
    pl_reference_record_write(ref, &names[1], &record);
    CHECK_TEXT(field, "oncall/saturation/web");
    CHECK_TEXT(buf, "{\"target\":\"oncall\",\"rule\":\"saturation\",\"pool\":\"web\",\"opened\":"
                    "1777644202000,\"at\":1777644203000,\"told\":\"firing\",\"reference\":\"C1 "
                    "17.01\"}");
    CHECK_INT(pl_reference_restore(&restored, pl_text_bytes(&record), names, 2), 0);
    const struct pl_page page = {.target = 1, .alert = a};
    CHECK(pl_span_is(pl_reference_find(&restored, &page, PL_NOTIFY_RESOLVED), "C1 17.01"));
    CHECK_INT(pl_reference_restore(&restored, pl_text_bytes(&record), names, 1), PL_E_NOT_FOUND);
    for (size_t len = 0; len < record.len; len++) {
        CHECK(pl_reference_restore(&restored, (struct pl_span){(uint8_t *)buf, len}, names, 2) < 0);
    }
}

int main(void)
{
    RUN(test_a_message_is_edited);
    RUN(test_what_is_not_remembered);
    RUN(test_the_oldest_gives_way);
    RUN(test_there_and_back);
    return check_finish();
}
