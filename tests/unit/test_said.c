/* What people say as JSON: requests in, records there and back. */
#include "tests/check.h"

#include "collector/codec/said_in.h"
#include "collector/codec/said_records.h"
#include "common/base/err.h"

#define NOW_MS INT64_C(1750000000000)

static const struct pl_name names[] = {{4, "push"}, {3, "sms"}};
static const struct pl_record_targets targets = {names, 2};

/* Of values that were zeroed before, padding included. */
static bool same(const void *a, const void *b, size_t len)
{
    return memcmp(a, b, len) == 0;
}

static void test_ids_of_alerts(void)
{
    static const struct {
        const char *id;
        int err;
    } table[] = {{"limit/web", 0},
                 {"silent/a.b-c_d", 0},
                 {"limit", PL_E_SYNTAX},
                 {"limit/", PL_E_SYNTAX},
                 {"nothing/web", PL_E_NOT_FOUND},
                 {"limit/a/b", PL_E_SYNTAX},
                 {"/web", PL_E_NOT_FOUND},
                 {"", PL_E_SYNTAX}};
    for (size_t i = 0; i < PL_LEN(table); i++) {
        enum pl_rule rule = PL_RULE_COUNT;
        struct pl_name pool = {0};
        CHECK_INT(pl_alert_id_parse(pl_span_of(table[i].id), &rule, &pool), table[i].err);
        CHECK_INT(rule < PL_RULE_COUNT, table[i].err == 0);
    }
}

static void test_requests(void)
{
    static const struct {
        const char *body, *error; // error NULL: fine
        int64_t for_ms;
        const char *note;
    } table[] = {
        {"", NULL, 0, ""},
        {"{}", NULL, 0, ""},
        {"{\"for\":\"45m\",\"note\":\"on it\"}", NULL, 45 * 60000, "on it"},
        {"{\"for\":\"45\"}", "for is no duration such as 30m or 2h", 0, ""},
        {"{\"for\":\"0\"}", "for is no duration such as 30m or 2h", 0, ""},
        {"{\"for\":45}", "for is no text", 0, ""},
        {"{\"four\":\"45m\"}", "the body has a member that is not known here", 0, ""},
        {"[]", "the body is no JSON object", 0, ""},
        {"{", "the body is no JSON object", 0, ""},
    };
    for (size_t i = 0; i < PL_LEN(table); i++) {
        struct pl_said said = {.for_ms = -1};
        char error[PL_SAID_ERROR_BYTES] = "";
        CHECK_INT(pl_said_read(pl_span_of(table[i].body), &said, error),
                  table[i].error ? PL_E_SYNTAX : 0);
        CHECK_TEXT(error, table[i].error ? table[i].error : "");
        if (table[i].error) continue;
        CHECK_INT(said.for_ms, table[i].for_ms);
        CHECK_TEXT(said.note, table[i].note);
        CHECK(!said.assigns);
    }
}

static void test_requests_for_silence(void)
{
    static const struct {
        const char *body, *error;
    } table[] = {
        {"{\"for\":\"2h\",\"reason\":\"batch\"}", NULL},
        {"{\"for\":\"2h\",\"reason\":\"batch\",\"pool\":\"web\",\"rule\":\"limit\",\"host\":"
         "\"fe1\","
         "\"raise\":\"97.5%\"}",
         NULL},
        {"{\"reason\":\"batch\"}", "for is missing: a silence has an end"},
        {"{\"for\":\"31d\",\"reason\":\"batch\"}", "for is more than 30d"},
        {"{\"for\":\"2h\"}", "reason is missing: who comes later wants to know why"},
        {"{\"for\":\"2h\",\"reason\":\"x\",\"pool\":\"a b\"}",
         "pool is no name: 1 to 63 letters, digits, dots, underscores, hyphens"},
        {"{\"for\":\"2h\",\"reason\":\"x\",\"rule\":\"cpu\"}",
         "rule is no rule such as limit or silent"},
        {"{\"for\":\"2h\",\"reason\":\"x\",\"raise\":\"95%\"}",
         "raise needs a rule that has a level: limit, stall, saturation or imbalance"},
        {"{\"for\":\"2h\",\"reason\":\"x\",\"rule\":\"limit\",\"raise\":\"high\"}",
         "raise is no share such as 95%"},
    };
    for (size_t i = 0; i < PL_LEN(table); i++) {
        struct pl_silence s;
        char error[PL_SAID_ERROR_BYTES] = "";
        CHECK_INT(pl_silence_read(pl_span_of(table[i].body), NOW_MS, &s, error),
                  table[i].error ? PL_E_SYNTAX : 0);
        CHECK_TEXT(error, table[i].error ? table[i].error : "");
        if (table[i].error) continue;
        CHECK_INT(s.ends_unix_ms, NOW_MS + 2 * 3600 * 1000);
        CHECK_INT(s.any_rule, i == 0);
        CHECK_INT(s.raise_bp, i == 0 ? 0 : 9750);
    }
}

/* ---- records ---- */

static char buf[PL_SAID_RECORD_BYTES];

static void test_handling_comes_back(void)
{
    struct pl_alert alert;
    pl_alert_init(&alert, PL_RULE_SILENT, &(struct pl_name){3, "web"});
    struct pl_handling h = {.hold = PL_HOLD_SNOOZED,
                            .by = "alex \"a\"",
                            .since_unix_ms = NOW_MS,
                            .until_unix_ms = NOW_MS + 1,
                            .assignee = "kim",
                            .note_count = 1,
                            .notes = {{NOW_MS, "kim", "looking"}}};
    struct pl_text t = pl_text_init(buf, sizeof buf);
    pl_record_handling_write(&t, &alert, &h);
    struct pl_handling_record back;
    REQUIRE(pl_record_handling_read(pl_text_bytes(&t), &back) == 0);
    CHECK_INT(back.rule, PL_RULE_SILENT);
    CHECK_TEXT(back.pool.text, "web");
    CHECK(same(&back.handling, &h, sizeof h));
    for (size_t len = 0; len < t.len; len++) {
        CHECK(pl_record_handling_read((struct pl_span){(uint8_t *)buf, len}, &back) < 0);
    }
}

static void test_the_longest_handling_fits(void)
{
    struct pl_alert alert;
    struct pl_name longest = {.len = PL_NAME_LEN_MAX};
    memset(longest.text, 'x', PL_NAME_LEN_MAX);
    pl_alert_init(&alert, PL_RULE_SATURATION, &longest);
    struct pl_handling h = {.hold = PL_HOLD_ACKNOWLEDGED, .note_count = PL_NOTES_MAX};
    memset(h.by, '"', sizeof h.by - 1);
    memset(h.assignee, '"', sizeof h.assignee - 1);
    for (size_t i = 0; i < PL_NOTES_MAX; i++) {
        h.notes[i].at_unix_ms = NOW_MS;
        memset(h.notes[i].by, '\\', sizeof h.notes[i].by - 1);
        memset(h.notes[i].text, '\\', sizeof h.notes[i].text - 1);
    }
    struct pl_text t = pl_text_init(buf, sizeof buf);
    pl_record_handling_write(&t, &alert, &h);
    CHECK(!t.overflow);
}

static void test_a_silence_comes_back(void)
{
    struct pl_silence s = {.number = UINT64_MAX,
                           .pool = {3, "web"},
                           .host = {3, "fe1"},
                           .rule = PL_RULE_STALL,
                           .raise_bp = 9000,
                           .made_unix_ms = 1,
                           .begins_unix_ms = 2,
                           .ends_unix_ms = 3,
                           .by = "alex",
                           .reason = "batch",
                           .hid_count = 4};
    for (int i = 0; i < 2; i++) {
        struct pl_text t = pl_text_init(buf, sizeof buf);
        struct pl_silence back;
        pl_record_silence_write(&t, &s);
        REQUIRE(pl_record_silence_read(pl_text_bytes(&t), &back) == 0);
        CHECK(same(&back, &s, sizeof s));
        s.pool = s.host = (struct pl_name){0};
        s.any_rule = true;
        s.rule = 0;
    }
}

static void test_a_delivery_comes_back(void)
{
    struct pl_delivery d = {.number = 7,
                            .at_unix_ms = NOW_MS,
                            .pool = {3, "web"},
                            .rule = PL_RULE_SILENT,
                            .opened_unix_ms = NOW_MS - 5,
                            .target_index = 1,
                            .resolved = true,
                            .end = PL_DELIVERY_BROKEN,
                            .attempt = 3,
                            .status = -7};
    struct pl_text t = pl_text_init(buf, sizeof buf);
    struct pl_delivery back;
    pl_record_delivery_write(&t, &d, &targets);
    REQUIRE(pl_record_delivery_read(pl_text_bytes(&t), &targets, &back) == 0);
    CHECK_TEXT(back.target.text, "sms");
    back.target = d.target;
    CHECK(same(&back, &d, sizeof d));
    struct pl_record_targets fewer = {names, 1};
    REQUIRE(pl_record_delivery_read(pl_text_bytes(&t), &fewer, &back) == 0);
    CHECK_INT(back.target_index, PL_TARGET_MAX); // it is known by name only
    CHECK_TEXT(back.target.text, "sms");
}

int main(void)
{
    RUN(test_ids_of_alerts);
    RUN(test_requests);
    RUN(test_requests_for_silence);
    RUN(test_handling_comes_back);
    RUN(test_the_longest_handling_fits);
    RUN(test_a_silence_comes_back);
    RUN(test_a_delivery_comes_back);
    return check_finish();
}
