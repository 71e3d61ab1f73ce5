/* Percent-decoding, query parameters and times: what is taken and what is refused. */
#include "collector/codec/query.h"
#include "common/base/err.h"
#include "common/base/text.h"
#include "tests/check.h"

static void test_percent_decode(void)
{
    static const struct {
        const char *in, *want;
        int result;
    } cases[] = {
        {"", "", 0},
        {"abc", "abc", 3},
        {"a%2Fb", "a/b", 3},
        {"%41%7a", "Az", 2},
        {"a+b", "a+b", 3},
        {"%", "", PL_E_SYNTAX},
        {"%4", "", PL_E_SYNTAX},
        {"%4g", "", PL_E_SYNTAX},
        {"a%00", "", PL_E_SYNTAX},
        {"%0a", "", PL_E_SYNTAX},
        {"%c3%a9", "", PL_E_SYNTAX},
        {"\xc3\xa9", "", PL_E_SYNTAX},
        {"%7f", "", PL_E_SYNTAX},
        {"12345678", "", PL_E_TOO_BIG},
        {"1234567", "1234567", 7},
    };
    for (size_t i = 0; i < PL_LEN(cases); i++) {
        char buf[8] = "";
        CHECK_INT(pl_percent_decode(pl_span_of(cases[i].in), buf, sizeof buf), cases[i].result);
        if (cases[i].result >= 0) CHECK_TEXT(buf, cases[i].want);
    }
}

static void test_query(void)
{
    static const struct {
        const char *query;
        int result;
        const char *culprit, *metric, *step;
    } cases[] = {
        {"", 0, "", "", ""},
        {"metric=cpu.busy&step=10", 0, "", "cpu.busy", "10"},
        {"step=&metric=a", 0, "", "a", ""},
        {"step", 0, "", "", ""},
        {"metric=a%2eb", 0, "", "a.b", ""},
        {"metrc=a", PL_E_NOT_FOUND, "metrc", "", ""},
        {"step=1&step=1", PL_E_DUPLICATE, "step", "", ""},
        {"step=%zz", PL_E_SYNTAX, "step", "", ""},
        {"&", PL_E_NOT_FOUND, "", "", ""},
        {"step=1&&metric=a", PL_E_NOT_FOUND, "", "", ""},
        {"=1", PL_E_NOT_FOUND, "", "", ""},
    };
    for (size_t i = 0; i < PL_LEN(cases); i++) {
        struct pl_query_param params[] = {{.name = "metric"}, {.name = "step"}};
        struct pl_span culprit = {0};
        int result = pl_query_parse(pl_span_of(cases[i].query), params, 2, &culprit);
        CHECK_INT(result, cases[i].result);
        if (result < 0) CHECK(pl_span_is(culprit, cases[i].culprit));
        if (result < 0) continue;
        CHECK_TEXT(params[0].value, cases[i].metric);
        CHECK_TEXT(params[1].value, cases[i].step);
        CHECK_INT(params[1].present, strstr(cases[i].query, "step") != NULL);
    }
}

static void test_value_limit(void)
{
    char query[200] = "step=";
    memset(query + 5, '1', PL_QUERY_VALUE_LEN_MAX + 1);
    struct pl_query_param params[] = {{.name = "step"}};
    struct pl_span culprit;
    CHECK_INT(pl_query_parse(pl_span_of(query), params, 1, &culprit), PL_E_TOO_BIG);
    query[5 + PL_QUERY_VALUE_LEN_MAX] = '\0';
    CHECK_INT(pl_query_parse(pl_span_of(query), params, 1, &culprit), 0);
}

static void test_numbers(void)
{
    uint64_t n = 7;
    CHECK_INT(pl_query_u64("10", 1, 300, &n), 0);
    CHECK_INT(n, 10);
    CHECK_INT(pl_query_u64("0", 1, 300, &n), PL_E_RANGE);
    CHECK_INT(pl_query_u64("301", 1, 300, &n), PL_E_RANGE);
    CHECK_INT(pl_query_u64("99999999999999999999", 0, UINT64_MAX, &n), PL_E_RANGE);
    CHECK_INT(pl_query_u64("", 0, 9, &n), PL_E_SYNTAX);
    CHECK_INT(pl_query_u64("+1", 0, 9, &n), PL_E_SYNTAX);
    CHECK_INT(pl_query_u64("1x", 0, 9, &n), PL_E_SYNTAX);
    CHECK_INT(n, 10);
}

static void test_times(void)
{
    static const struct {
        const char *text;
        int result;
        int64_t unix_ms;
    } cases[] = {
        {"1970-01-01T00:00:00Z", 0, 0},
        {"2026-05-01T14:03:12.5Z", 0, 1777644192500},
        {"2026-05-01T16:03:12.125+02:00", 0, 1777644192125},
        {"2026-05-01T08:33:12-05:30", 0, 1777644192000},
        {"2024-02-29T23:59:59.999Z", 0, 1709251199999},
        {"9999-12-31T23:59:59Z", 0, 253402300799000},
        {"1777644192", 0, 1777644192000},
        {"1777644192.25", 0, 1777644192250},
        {"0", 0, 0},
        {"2023-02-29T00:00:00Z", PL_E_RANGE, 0},
        {"2026-13-01T00:00:00Z", PL_E_RANGE, 0},
        {"2026-00-01T00:00:00Z", PL_E_RANGE, 0},
        {"2026-01-01T24:00:00Z", PL_E_RANGE, 0},
        {"2026-01-01T00:00:60Z", PL_E_RANGE, 0},
        {"1969-12-31T23:59:59Z", PL_E_RANGE, 0},
        {"1970-01-01T00:00:00+01:00", PL_E_RANGE, 0},
        {"9999-12-31T23:59:59-00:01", PL_E_RANGE, 0},
        {"2026-05-01 14:03:12Z", PL_E_SYNTAX, 0},
        {"2026-05-01T14:03:12", PL_E_SYNTAX, 0},
        {"2026-05-01T14:03:12z", PL_E_SYNTAX, 0},
        {"2026-05-01T14:03:12.Z", PL_E_SYNTAX, 0},
        {"2026-05-01T14:03:12.1234Z", PL_E_SYNTAX, 0},
        {"2026-05-01T14:03:12Zx", PL_E_SYNTAX, 0},
        {"2026-05-01T14:03:12+25:00", PL_E_SYNTAX, 0},
        {"2026-5-01T14:03:12Z", PL_E_SYNTAX, 0},
        {"-1", PL_E_SYNTAX, 0},
        {"now", PL_E_SYNTAX, 0},
        {"", PL_E_SYNTAX, 0},
        {"1e9", PL_E_SYNTAX, 0},
        {"1777644192000000", PL_E_RANGE, 0},
    };
    for (size_t i = 0; i < PL_LEN(cases); i++) {
        int64_t got = -1;
        int result = pl_query_time(cases[i].text, &got);
        CHECK_INT(result, cases[i].result);
        if (result == 0) CHECK_INT(got, cases[i].unix_ms);
        if (result != cases[i].result) printf("#   %s\n", cases[i].text);
    }
}

/* What pl_text_rfc3339 writes, pl_query_time reads back: every 5 h 12 min to the year 2100. */
static void test_time_round_trip(void)
{
    for (int64_t t = 0; t < 4102444800000; t += 18720111) {
        char buf[40];
        struct pl_text text = pl_text_init(buf, sizeof buf);
        pl_text_rfc3339(&text, t);
        int64_t back = -1;
        CHECK_INT(pl_query_time(buf, &back), 0);
        CHECK_INT(back, t);
    }
}

int main(void)
{
    RUN(test_percent_decode);
    RUN(test_query);
    RUN(test_value_limit);
    RUN(test_numbers);
    RUN(test_times);
    RUN(test_time_round_trip);
    return check_finish();
}
