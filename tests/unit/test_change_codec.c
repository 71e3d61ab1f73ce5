/* Changes in words, as records, and what the engine makes of them. */
#include "tests/check.h"

#include "collector/codec/change_records.h"
#include "collector/codec/change_text.h"
#include "collector/codec/json_change.h"
#include "common/base/err.h"
#include "tests/unit/engine_rig.h"

#include <cJSON.h>

#define ARROW "\xe2\x86\x92"
#define DOTS  "\xe2\x80\xa6"

enum { MINUTE_MS = 60000, HOUR_MS = 60 * MINUTE_MS };

static void check_equal(const struct pl_change *got, const struct pl_change *want)
{
    CHECK(pl_change_is_same(got, want));
    CHECK_INT(got->count, want->count);
    CHECK_TEXT(got->before, want->before);
    CHECK_TEXT(got->after, want->after);
}

static void test_words(void)
{
    static const struct {
        struct pl_change change;
        const char *want;
    } cases[] = {
        {{PL_CHANGE_UPGRADED, 0, 1, "openssl", "3.0.15", "3.0.17"},
         "openssl 3.0.15" ARROW "3.0.17"},
        {{PL_CHANGE_UPGRADED, 0, 1500, "libc6, bash", "", ""},
         "1500 packages upgraded (libc6, bash, " DOTS ")"},
        {{PL_CHANGE_UPGRADED, 0, 1, "openssl", "", "3.0.7"}, "upgraded openssl 3.0.7"},
        {{PL_CHANGE_OUTDATED, 0, 9, "cron, nginx", "libc.so.6", ""},
         "cron, nginx still run the old libc.so.6"},
        {{PL_CHANGE_INSTALLED, 0, 1, "nginx", "", "1.22.1-9"}, "installed nginx 1.22.1-9"},
        {{PL_CHANGE_REMOVED, 0, 1, "nginx", "1.22.1-9", ""}, "removed nginx 1.22.1-9"},
        {{PL_CHANGE_REMOVED, 0, 9, "a, b", "", ""}, "9 packages removed (a, b, " DOTS ")"},
        {{PL_CHANGE_BOOTED, 0, 1, "", "", ""}, "booted"},
        {{PL_CHANGE_CORES, 0, 1, "", "4", "8"}, "cores 4" ARROW "8"},
        {{PL_CHANGE_MEMORY, 0, 1, "", "3.8 GiB", "7.6 GiB"}, "memory 3.8 GiB" ARROW "7.6 GiB"},
        {{PL_CHANGE_RESTARTED, 0, 1, "nginx *:443", "", ""}, "nginx *:443 started"},
        {{PL_CHANGE_OUTDATED, 0, 4, "nginx", "libssl.so.3", ""},
         "nginx still runs the old libssl.so.3"},
    };
    for (size_t i = 0; i < PL_LEN(cases); i++) {
        char buf[PL_CHANGE_TEXT_BYTES];
        struct pl_text t = pl_text_init(buf, sizeof buf);
        pl_change_text_write(&cases[i].change, &t);
        CHECK_TEXT(buf, cases[i].want);
    }
}

static void test_records_come_back(void)
{
    struct pl_change got, want = {.unix_ms = 1777777777000, .count = PL_CHANGE_THINGS_MAX};
    char buf[PL_CHANGE_RECORD_BYTES];
    memset(want.subject, '"', PL_CHANGE_SUBJECT_MAX); // each two bytes of JSON
    memset(want.before, '\\', PL_CHANGE_VALUE_MAX);
    memset(want.after, 'a', PL_CHANGE_VALUE_MAX);
    for (enum pl_change_kind kind = 0; kind < PL_CHANGE_KIND_COUNT; kind++) {
        want.kind = kind;
        struct pl_text t = pl_text_init(buf, sizeof buf);
        pl_record_change_write(&t, &want);
        CHECK(!t.overflow);
        CHECK_INT(pl_record_change_read(pl_text_bytes(&t), &got), 0);
        check_equal(&got, &want);
        for (size_t cut = 0; cut < t.len; cut++)
            CHECK(pl_record_change_read((struct pl_span){(uint8_t *)buf, cut}, &got) < 0);
    }
}

static void test_records_that_are_refused(void)
{
    static const struct {
        const char *text;
        int want;
    } cases[] = {
        {"{\"kind\":\"booted\",\"time\":1,\"count\":1,\"subject\":\"\",\"before\":\"\","
         "\"after\":\"\"}",
         0},
        {"{\"kind\":\"upgraded\",\"time\":1,\"count\":1,\"subject\":\"\",\"before\":\"\","
         "\"after\":\"\"}",
         PL_E_SYNTAX}, // of what?
        {"{\"kind\":\"upgraded\",\"time\":1,\"count\":1,\"subject\":\"a\\nb\",\"before\":\"\","
         "\"after\":\"\"}",
         PL_E_SYNTAX},
        {"{\"kind\":\"upgraded\",\"time\":1,\"count\":1,\"subject\":\"\\u00e9\",\"before\":\"\","
         "\"after\":\"\"}",
         PL_E_SYNTAX},
        {"{\"kind\":\"upgraded\",\"time\":-1,\"count\":1,\"subject\":\"a\",\"before\":\"\","
         "\"after\":\"\"}",
         PL_E_RANGE},
        {"{\"kind\":\"upgraded\",\"time\":1,\"count\":1}", PL_E_NOT_FOUND},
    };
    for (size_t i = 0; i < PL_LEN(cases); i++) {
        struct pl_change got;
        CHECK_INT(pl_record_change_read(pl_span_of(cases[i].text), &got), cases[i].want);
    }
}

static struct pl_change change_of(enum pl_change_kind kind, const char *subject, const char *before,
                                  const char *after)
{
    struct pl_change c = {.kind = kind, .unix_ms = rig.now.unix_ms, .count = 1};
    struct pl_text s = pl_text_init(c.subject, sizeof c.subject);
    struct pl_text b = pl_text_init(c.before, sizeof c.before);
    struct pl_text a = pl_text_init(c.after, sizeof c.after);
    pl_text_str(&s, subject);
    pl_text_str(&b, before);
    pl_text_str(&a, after);
    return c;
}

static const char *pool_text(void)
{
    static char buf[PL_CHANGES_TEXT_BYTES];
    static struct pl_change_digest digest;
    struct pl_text t = pl_text_init(buf, sizeof buf);
    const struct pl_fleet *fleet = pl_engine_fleet(rig.engine);
    pl_changes_digest(pl_engine_changes(rig.engine), fleet, 0, rig.now.unix_ms, &digest);
    pl_changes_text_write(&digest, fleet, rig.now.unix_ms, &t);
    CHECK(!t.overflow);
    return buf;
}

static void test_the_sentence_beside_an_alert(void)
{
    struct pl_engine_config config = rig_config_of(16, 1);
    rig_start(&config);
    uint32_t fe2 = rig_join("fe2", "web"), fe1 = rig_join("fe1", "web");
    (void)rig_effects();
    CHECK_TEXT(pool_text(), "");
    struct pl_change ssl = change_of(PL_CHANGE_UPGRADED, "openssl", "3.0.15", "3.0.17");
    pl_engine_change(rig.engine, fe1, &ssl, rig.now);
    pl_engine_change(rig.engine, fe2, &ssl, rig.now);
    CHECK_TEXT(rig_effects(), "SAVE_CHANGE fe1; SAVE_CHANGE fe2");
    pl_engine_change(rig.engine, fe2, &ssl, rig.now); // told again
    CHECK_TEXT(rig_effects(), "");
    struct pl_change old = change_of(PL_CHANGE_OUTDATED, "nginx", "libssl.so.3", "");
    old.unix_ms++;
    pl_engine_change(rig.engine, fe2, &old, rig.now);
    rig.now.unix_ms += 2 * HOUR_MS; // tilts, which changes nothing here
    rig.now.mono_ms += 2 * HOUR_MS;
    CHECK_TEXT(pool_text(), "changed in 24 h: nginx on fe2 still runs the old libssl.so.3 (1 h ago)"
                            "; openssl 3.0.15" ARROW "3.0.17 on fe1, fe2 (2 h ago)");
    rig.now.unix_ms += 23 * HOUR_MS;
    CHECK_TEXT(pool_text(), "");
    rig_stop();
}

static void test_the_longest_sentence_fits(void)
{
    struct pl_engine_config config = rig_config_of(64, 1);
    rig_start(&config);
    char host[PL_NAME_LEN_MAX + 1];
    memset(host, 'h', sizeof host);
    host[PL_NAME_LEN_MAX] = '\0';
    for (char n = '0'; n <= '9'; n++) {
        host[0] = n;
        uint32_t index = rig_join(host, "web");
        for (int k = 0; k < 8; k++) {
            struct pl_change c = change_of(PL_CHANGE_UPGRADED, "", "", "");
            memset(c.subject, 'a' + k, PL_CHANGE_SUBJECT_MAX);
            memset(c.before, 'b', PL_CHANGE_VALUE_MAX);
            memset(c.after, 'c', PL_CHANGE_VALUE_MAX);
            pl_engine_change(rig.engine, index, &c, rig.now);
        }
        (void)rig_effects();
    }
    const char *text = pool_text();
    CHECK(strstr(text, " and 6 more (0 s ago); ") != NULL);
    CHECK(strstr(text, "; and 2 more") != NULL);
    rig_stop();
}

/* What HELLO says of the machine is compared with what it said before, also before a restart. */
static void test_a_machine_that_came_back_larger(void)
{
    struct pl_engine_config config = rig_config_of(16, 1);
    struct pl_hello hello = rig_hello_of("fe1", "web");
    uint32_t host;
    rig_start(&config);
    hello.facts[PL_FACT_CORES].value = 4;
    hello.facts[PL_FACT_STARTED].value = rig.now.unix_ms / 1000 - 5000;
    CHECK_INT(pl_engine_restore_host(rig.engine, &hello, rig.now, &host), 0);
    struct pl_change old = change_of(PL_CHANGE_OUTDATED, "nginx", "libssl.so.3", "");
    pl_engine_restore_change(rig.engine, host, 7, &old);
    CHECK_TEXT(pool_text(),
               "changed in 24 h: nginx on fe1 still runs the old libssl.so.3 (0 s ago)");
    hello.facts[PL_FACT_CORES].value = 8;
    hello.facts[PL_FACT_STARTED].value += 4940;
    hello.boot_id.bytes[0]++;
    CHECK_INT(pl_engine_join(rig.engine, &hello, rig.now, &host), 0);
    CHECK_TEXT(rig_effects(), "SAVE_CHANGE fe1; SAVE_CHANGE fe1; SAVE_CHANGE fe1; SAVE_HOST fe1");
    const char *text = pool_text();
    CHECK(strstr(text, "cores 4" ARROW "8 on fe1 (1 min ago)") != NULL);
    CHECK(strstr(text, "fe1 booted (1 min ago)") != NULL);
    CHECK(strstr(text, "nginx") == NULL); // this agent looks for itself
    CHECK_INT(pl_engine_join(rig.engine, &hello, rig.now, &host), 0);
    CHECK_TEXT(rig_effects(), "");
    rig_stop();
}

static void test_json(void)
{
    static char buf[64 * 1024];
    struct pl_engine_config config = rig_config_of(16, 0);
    rig_start(&config);
    rig.now.unix_ms = INT64_C(1777644192000);
    uint32_t fe1 = rig_join("fe1", "web"), fe9 = rig_join("fe9", "api");
    struct pl_change ssl = change_of(PL_CHANGE_UPGRADED, "openssl", "1", "2");
    pl_engine_change(rig.engine, fe1, &ssl, rig.now);
    ssl.unix_ms -= 5000;
    pl_engine_change(rig.engine, fe9, &ssl, rig.now);
    (void)rig_effects();
    struct pl_view view = {.engine = rig.engine, .now = rig.now};
    static const struct {
        struct pl_json_changes wish;
        const char *want;
    } cases[] = {
        {{PL_NO_INDEX, PL_NO_INDEX, 0}, "2 fe1 fe9"},
        {{0, PL_NO_INDEX, 0}, "1 fe1"},
        {{1, PL_NO_INDEX, 0}, "1 fe9"},
        {{PL_NO_INDEX, 1, 0}, "1 fe9"},
        {{1, 0, 0}, "0"},
        {{PL_NO_INDEX, PL_NO_INDEX, INT64_C(1777644192000)}, "1 fe1"},
    };
    for (size_t i = 0; i < PL_LEN(cases); i++) {
        struct pl_text t = pl_text_init(buf, sizeof buf);
        char said[64];
        struct pl_text s = pl_text_init(said, sizeof said);
        pl_json_changes(&t, &view, &cases[i].wish);
        cJSON *json = cJSON_Parse(buf);
        REQUIRE(json);
        pl_text_i64(&s, (int64_t)cJSON_GetNumberValue(cJSON_GetObjectItem(json, "changes_total")));
        const cJSON *item;
        cJSON_ArrayForEach(item, cJSON_GetObjectItem(json, "changes"))
        {
            pl_text_char(&s, ' ');
            pl_text_str(&s, cJSON_GetStringValue(cJSON_GetObjectItem(item, "host")));
        }
        CHECK_TEXT(said, cases[i].want);
        cJSON_Delete(json);
    }
    struct pl_text t = pl_text_init(buf, sizeof buf);
    pl_json_pool_changes(&t, &view, 0);
    CHECK_TEXT(buf, ",\"changes\":[{\"kind\":\"upgraded\",\"time\":\"2026-05-01T14:03:12.000Z\","
                    "\"text\":\"openssl 1" ARROW "2\",\"subject\":\"openssl\",\"before\":\"1\","
                    "\"after\":\"2\",\"count\":1,\"hosts\":[\"fe1\"],\"host_count\":1}]");
    rig_stop();
}

int main(void)
{
    RUN(test_words);
    RUN(test_records_come_back);
    RUN(test_records_that_are_refused);
    RUN(test_the_sentence_beside_an_alert);
    RUN(test_the_longest_sentence_fits);
    RUN(test_a_machine_that_came_back_larger);
    RUN(test_json);
    return check_finish();
}
