/* Alerts as a Prometheus posts them: what is taken, what is refused and why, and how they are kept.
 */
#include "tests/check.h"

#include "collector/codec/external_in.h"
#include "collector/codec/external_record.h"
#include "common/base/err.h"
#include "common/base/text.h"

static const int64_t now = INT64_C(1746108193250); // 2025-05-01T14:03:13.250Z
static char error[PL_EXTERNAL_ERROR_BYTES];

/* The only alert of a body; what pl_external_next() answered. */
static int read_one(const char *body, struct pl_external *out)
{
    struct pl_external_reader r;
    error[0] = '\0';
    int err = pl_external_reader_init(&r, pl_span_of(body), now, error);
    return err != 0 ? err : pl_external_next(&r, out, error);
}

/* What Prometheus 2.42 sends. */
static const char real[] =
    "[{\"annotations\":{\"description\":\"long\",\"summary\":\"5xx at 12 %\\nnow\"},"
    "\"endsAt\":\"2025-05-01T14:07:13.123456789Z\",\"startsAt\":\"2025-05-01T16:03:10.5+02:00\","
    "\"generatorURL\":\"http://prom:9090/graph?g0.expr=up\",\"labels\":{\"severity\":\"critical\","
    "\"alertname\":\"HighErrorRate\",\"instance\":\"fe1:9100\",\"pool\":\"web\",\"empty\":\"\"}}]";

static void test_what_a_prometheus_posts(void)
{
    struct pl_external x = {0};
    CHECK_INT(read_one(real, &x), 1);
    CHECK_TEXT(x.title, "HighErrorRate");
    CHECK_TEXT(x.group.text, "HighErrorRate");
    CHECK_TEXT(x.pool.text, "web");
    CHECK_TEXT(x.host.text, "fe1");
    CHECK_TEXT(x.summary, "5xx at 12 % now"); // one line: it goes into heads of mails
    CHECK_TEXT(x.source, "http://prom:9090/graph?g0.expr=up");
    CHECK_TEXT(x.labels, "alertname=\"HighErrorRate\", instance=\"fe1:9100\", pool=\"web\", "
                         "severity=\"critical\"");
    CHECK_INT(x.tier, PL_TIER_PAGE);
    CHECK_INT(x.begins_unix_ms, INT64_C(1746108190500));
    CHECK_INT(x.ends_unix_ms, INT64_C(1746108433123));
}

/* The value is the `fingerprint` that GET /api/v2/alerts of Alertmanager 0.25 tells. */
static void test_the_fingerprint_is_that_of_prometheus(void)
{
    static const char *const same[] = {
        "[{\"labels\":{\"a\":\"1\",\"b\":\"2\"}}]",
        "[{\"labels\":{\"b\":\"2\",\"none\":\"\",\"a\":\"1\"},\"annotations\":{\"c\":\"3\"}}]",
    };
    struct pl_external x[2], other;
    for (size_t i = 0; i < PL_LEN(same); i++) CHECK_INT(read_one(same[i], &x[i]), 1);
    CHECK(x[0].fingerprint == x[1].fingerprint);
    CHECK_INT(read_one("[{\"labels\":{\"a\":\"12\",\"b\":\"\"}}]", &other), 1);
    CHECK(other.fingerprint != x[0].fingerprint);
    CHECK_INT(read_one("[{\"labels\":{\"a\":\"1\"}}]", &other), 1);
    CHECK(other.fingerprint == UINT64_C(0xd3b971819376d835));
}

static void test_severities(void)
{
    static const struct {
        const char *body;
        enum pl_tier tier;
    } table[] = {
        {"[{\"labels\":{\"severity\":\"critical\"}}]", PL_TIER_PAGE},
        {"[{\"labels\":{\"severity\":\"PAGE\"}}]", PL_TIER_PAGE},
        {"[{\"labels\":{\"severity\":\"warning\"}}]", PL_TIER_WARN},
        {"[{\"labels\":{\"severity\":\"Warn\"}}]", PL_TIER_WARN},
        {"[{\"labels\":{\"severity\":\"warnings\"}}]", PL_TIER_NONE},
        {"[{\"labels\":{\"severity\":\"info\"}}]", PL_TIER_NONE},
        {"[{\"labels\":{\"a\":\"b\"}}]", PL_TIER_NONE},
    };
    for (size_t i = 0; i < PL_LEN(table); i++) {
        struct pl_external x = {.tier = PL_TIER_COUNT};
        CHECK_INT(read_one(table[i].body, &x), 1);
        CHECK_INT(x.tier, table[i].tier);
    }
}

static void test_times(void)
{
    enum { LATER = PL_EXTERNAL_RESOLVE_MS };
    static const struct {
        const char *times;
        int64_t begins, ends;
    } table[] = {
        {"", now, now + LATER},
        {",\"startsAt\":null,\"endsAt\":\"0001-01-01T00:00:00Z\"", now, now + LATER},
        {",\"startsAt\":\"2025-05-01T14:00:00Z\"", INT64_C(1746108000000), now + LATER},
        {",\"endsAt\":\"2025-05-01T14:00:00Z\"", INT64_C(1746108000000), INT64_C(1746108000000)},
        {",\"endsAt\":\"2025-05-01T15:00:00Z\"", now, INT64_C(1746111600000)},
        {",\"startsAt\":\"2025-05-01T15:00:00Z\"", now, INT64_C(1746111600000) + LATER},
    };
    for (size_t i = 0; i < PL_LEN(table); i++) {
        char body[256];
        struct pl_external x = {0};
        (void)snprintf(body, sizeof body, "[{\"labels\":{\"a\":\"b\"}%s}]", table[i].times);
        CHECK_INT(read_one(body, &x), 1);
        CHECK_INT(x.begins_unix_ms, table[i].begins);
        CHECK_INT(x.ends_unix_ms, table[i].ends);
    }
}

static void test_names_are_folded(void)
{
    static const struct {
        const char *body, *group, *host, *pool;
    } table[] = {
        {"[{\"labels\":{\"alertname\":\"Disk full (/var)\"}}]", "Disk-full---var-", "", ""},
        {"[{\"labels\":{\"alertname\":\"--x\",\"instance\":\"db\",\"pool\":\"a b\"}}]", "x", "db",
         ""},
        {"[{\"labels\":{\"alertname\":\"\\u00e4\",\"instance\":\"[::1]:9\"}}]", "unnamed", "", ""},
        {"[{\"labels\":{\"pool\":\"web\"}}]", "unnamed", "", "web"},
    };
    for (size_t i = 0; i < PL_LEN(table); i++) {
        struct pl_external x = {0};
        CHECK_INT(read_one(table[i].body, &x), 1);
        CHECK_TEXT(x.group.text, table[i].group);
        CHECK_TEXT(x.host.text, table[i].host);
        CHECK_TEXT(x.pool.text, table[i].pool);
    }
}

static void test_what_is_refused_and_why(void)
{
    static const struct {
        const char *body;
        int err;
        const char *why;
    } table[] = {
        {"", PL_E_SYNTAX, "the body is no JSON array of alerts"},
        {"{}", PL_E_SYNTAX, "the body is no JSON array of alerts"},
        {"[", PL_E_SYNTAX, "alerts[0]: the array is no JSON from here on"},
        {"[1]", PL_E_SYNTAX, "alerts[0]: the array is no JSON from here on"},
        {"[] x", PL_E_SYNTAX, "alerts[0]: the array is no JSON from here on"},
        {"[{\"labels\":{\"a\":\"1\",\"a\":\"2\"}}]", PL_E_SYNTAX,
         "alerts[0]: is no strict JSON object of at most 64 KiB, with no name twice and at most 64 "
         "labels and 64 annotations"},
        {"[{}]", PL_E_RANGE, "alerts[0]: labels is missing"},
        {"[{\"labels\":[]}]", PL_E_RANGE, "alerts[0]: labels is no object"},
        {"[{\"labels\":{\"a\":\"\"}}]", PL_E_RANGE,
         "alerts[0]: labels: at least one with a value is needed"},
        {"[{\"labels\":{\"a\":1}}]", PL_E_RANGE, "alerts[0]: labels.a is no text"},
        {"[{\"labels\":{\"\":\"b\"}}]", PL_E_RANGE, "alerts[0]: labels: one has no name"},
        {"[{\"labels\":{\"a\":\"b\"},\"startsAt\":\"yesterday\"}]", PL_E_RANGE,
         "alerts[0]: startsAt is no time of RFC 3339 from 1970 on, such as 2026-05-01T14:03:12Z"},
        {"[{\"labels\":{\"a\":\"b\"},\"endsAt\":\"1746108000\"}]", PL_E_RANGE,
         "alerts[0]: endsAt is no time of RFC 3339 from 1970 on, such as 2026-05-01T14:03:12Z"},
        {"[{\"labels\":{\"a\":\"b\"},\"endsAt\":7}]", PL_E_RANGE, "alerts[0]: endsAt is no text"},
        {"[{\"labels\":{\"a\":\"b\"},\"startsAt\":\"2025-05-01T14:00:01Z\","
         "\"endsAt\":\"2025-05-01T14:00:00Z\"}]",
         PL_E_RANGE, "alerts[0]: endsAt is before startsAt"},
    };
    for (size_t i = 0; i < PL_LEN(table); i++) {
        struct pl_external x;
        CHECK_INT(read_one(table[i].body, &x), table[i].err);
        CHECK_TEXT(error, table[i].why);
    }
}

/* A label of `name_len` and `value_len` letters. */
static int read_sized(size_t name_len, size_t value_len, struct pl_external *x)
{
    static char body[8192];
    struct pl_text t = pl_text_init(body, sizeof body);
    pl_text_str(&t, "[{\"labels\":{\"");
    for (size_t i = 0; i < name_len; i++) pl_text_char(&t, 'n');
    pl_text_str(&t, "\":\"");
    for (size_t i = 0; i < value_len; i++) pl_text_char(&t, 'v');
    pl_text_str(&t, "\"}}]");
    return read_one(body, x);
}

static void test_limits(void)
{
    struct pl_external x;
    CHECK_INT(read_sized(PL_EXTERNAL_NAME_BYTES_MAX, PL_EXTERNAL_VALUE_BYTES_MAX, &x), 1);
    CHECK_TEXT(x.labels, ""); // shown whole, or not
    CHECK_INT(read_sized(PL_EXTERNAL_NAME_BYTES_MAX + 1, 1, &x), PL_E_RANGE);
    CHECK(strstr(error, "has a name of more than 128 bytes") != NULL);
    CHECK_INT(read_sized(1, PL_EXTERNAL_VALUE_BYTES_MAX + 1, &x), PL_E_RANGE);
    CHECK_TEXT(error, "alerts[0]: labels.n is longer than 1024 bytes");

    static char many[PL_EXTERNAL_POST_MAX * 24 + 64];
    struct pl_text t = pl_text_init(many, sizeof many);
    for (int i = 0; i <= PL_EXTERNAL_POST_MAX; i++)
        pl_text_str(&t, i == 0 ? "[{\"labels\":{\"a\":\"b\"}}" : ",{\"labels\":{\"a\":\"b\"}}");
    pl_text_char(&t, ']');
    struct pl_external_reader r;
    CHECK_INT(pl_external_reader_init(&r, pl_text_bytes(&t), now, error), 0);
    int got = 1, count = 0;
    for (; got > 0; count += got > 0) got = pl_external_next(&r, &x, error);
    CHECK_INT(count, PL_EXTERNAL_POST_MAX);
    CHECK_TEXT(error, "alerts[1024]: one request may hold 1024 alerts");
}

static void test_one_that_is_wrong_spoils_no_other(void)
{
    static const char body[] =
        " [ {\"labels\":{\"a\":\"1\"}} , {} ,\n{\"labels\":{\"a\":\"]}\\\"\"}} ] ";
    struct pl_external_reader r;
    struct pl_external x;
    CHECK_INT(pl_external_reader_init(&r, pl_span_of(body), now, error), 0);
    CHECK_INT(pl_external_next(&r, &x, error), 1);
    CHECK_INT(pl_external_next(&r, &x, error), PL_E_RANGE);
    CHECK_TEXT(error, "alerts[1]: labels is missing");
    CHECK_INT(pl_external_next(&r, &x, error), 1);
    CHECK_TEXT(x.labels, "a=\"]}\\\"\"");
    CHECK_INT(pl_external_next(&r, &x, error), 0);
    CHECK_INT(pl_external_next(&r, &x, error), 0);
}

static void test_every_truncation_is_refused(void)
{
    for (size_t len = 0; len < sizeof real - 1; len++) {
        struct pl_external_reader r;
        struct pl_external x;
        struct pl_span cut = {(const uint8_t *)real, len};
        int err = pl_external_reader_init(&r, cut, now, error);
        for (int i = 0; err == 0 && i < 2; i++) {
            int got = pl_external_next(&r, &x, error);
            if (got <= 0) err = got == 0 ? 1 : got;
        }
        CHECK_INT(err, PL_E_SYNTAX);
    }
}

static void test_a_record_there_and_back(void)
{
    struct pl_external x = {0}, back = {0};
    char buf[PL_EXTERNAL_RECORD_BYTES], field[PL_EXTERNAL_FIELD_BYTES];
    struct pl_text t = pl_text_init(buf, sizeof buf);
    CHECK_INT(read_one(real, &x), 1);
    pl_record_external_write(&t, &x);
    CHECK(!t.overflow);
    CHECK_INT(pl_record_external_read(pl_text_bytes(&t), &back), 0);
    char again[PL_EXTERNAL_RECORD_BYTES];
    struct pl_text second = pl_text_init(again, sizeof again);
    pl_record_external_write(&second, &back);
    CHECK_TEXT(again, buf);
    pl_external_field_write(field, 0xfeed);
    CHECK_TEXT(field, "000000000000feed");
    for (size_t len = 0; len < t.len; len++)
        CHECK(pl_record_external_read((struct pl_span){(const uint8_t *)buf, len}, &back) < 0);
}

int main(void)
{
    RUN(test_what_a_prometheus_posts);
    RUN(test_the_fingerprint_is_that_of_prometheus);
    RUN(test_severities);
    RUN(test_times);
    RUN(test_names_are_folded);
    RUN(test_what_is_refused_and_why);
    RUN(test_limits);
    RUN(test_one_that_is_wrong_spoils_no_other);
    RUN(test_every_truncation_is_refused);
    RUN(test_a_record_there_and_back);
    return check_finish();
}
