/* What people write: numbers with units, addresses, and words almost spelt right. */
#include "tests/check.h"

#include "common/base/address.h"
#include "common/base/err.h"
#include "common/base/quantity.h"
#include "common/base/suggest.h"

struct quantity_case {
    const char *text;
    int err;
    int64_t value;
};

static void check_quantities(int (*parse)(struct pl_span, int64_t *),
                             const struct quantity_case *cases, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        int64_t value = -77;
        printf("# '%s'\n", cases[i].text);
        CHECK_INT(parse(pl_span_of(cases[i].text), &value), cases[i].err);
        CHECK_INT(value, cases[i].err ? -77 : cases[i].value);
    }
}

static void test_integers(void)
{
    static const struct quantity_case cases[] = {
        {"0", 0, 0},
        {"-12", 0, -12},
        {"9223372036854775807", 0, INT64_MAX},
        {"9223372036854775808", PL_E_RANGE, 0},
        {"99999999999999999999", PL_E_RANGE, 0},
        {"", PL_E_SYNTAX, 0},
        {"-", PL_E_SYNTAX, 0},
        {"+1", PL_E_SYNTAX, 0},
        {"010", PL_E_SYNTAX, 0}, // eight or ten?
        {"1.0", PL_E_SYNTAX, 0},
        {"1e3", PL_E_SYNTAX, 0},
        {" 1", PL_E_SYNTAX, 0},
        {"0x10", PL_E_SYNTAX, 0},
    };
    check_quantities(pl_quantity_integer, cases, PL_LEN(cases));
}

static void test_durations(void)
{
    static const struct quantity_case cases[] = {
        {"0", 0, 0},
        {"250ms", 0, 250},
        {"10s", 0, 10000},
        {"5m", 0, 300000},
        {"2h", 0, 7200000},
        {"7d", 0, 604800000},
        {"10", PL_E_SYNTAX, 0},
        {"10 s", PL_E_SYNTAX, 0},
        {"1.5s", PL_E_SYNTAX, 0},
        {"-1s", PL_E_SYNTAX, 0},
        {"s", PL_E_SYNTAX, 0},
        {"1m30s", PL_E_SYNTAX, 0},
        {"1S", PL_E_SYNTAX, 0},
        {"9223372036854775807d", PL_E_RANGE, 0},
    };
    check_quantities(pl_quantity_duration, cases, PL_LEN(cases));
}

static void test_shares(void)
{
    static const struct quantity_case cases[] = {
        {"0.75", 0, 750000},
        {"75%", 0, 750000},
        {"0", 0, 0},
        {"1", 0, 1000000},
        {"1.5", 0, 1500000},
        {"0.000001", 0, 1},
        {"0.0001%", 0, 1},
        {"0.0000001", PL_E_SYNTAX, 0},
        {"0.00001%", PL_E_SYNTAX, 0},
        {"0.", PL_E_SYNTAX, 0},
        {".5", PL_E_SYNTAX, 0},
        {"0.7.5", PL_E_SYNTAX, 0},
        {"%", PL_E_SYNTAX, 0},
        {"75 %", PL_E_SYNTAX, 0},
        {"9223372036854775807", PL_E_RANGE, 0},
    };
    check_quantities(pl_quantity_share, cases, PL_LEN(cases));
}

static void test_sizes(void)
{
    static const struct quantity_case cases[] = {
        {"0", 0, 0},
        {"512B", 0, 512},
        {"64KiB", 0, 65536},
        {"64 MiB", 0, 67108864},
        {"2GiB", 0, 2147483648},
        {"64", PL_E_SYNTAX, 0},
        {"64MB", PL_E_SYNTAX, 0}, // a million or 1,048,576?
        {"64  MiB", PL_E_SYNTAX, 0},
        {"9223372036854775807KiB", PL_E_RANGE, 0},
    };
    check_quantities(pl_quantity_size, cases, PL_LEN(cases));
}

static void test_addresses(void)
{
    static const struct {
        const char *text;
        int err;
        const char *written; // by pl_address_write
        bool loopback;
    } cases[] = {
        {"127.0.0.1:7410", 0, "127.0.0.1:7410", true},
        {"127.255.0.9:0", 0, "127.255.0.9:0", true},
        {"localhost:80", 0, "127.0.0.1:80", true},
        {"[::1]:80", 0, "[::1]:80", true},
        {"[2001:db8::1]:80", 0, "[2001:db8::1]:80", false},
        {"0.0.0.0:80", 0, "0.0.0.0:80", false},
        {"10.0.0.1:65535", 0, "10.0.0.1:65535", false},
        {"127.example.com:80", 0, "127.example.com:80", false},
        {"fe1:80", 0, "fe1:80", false},
        {"fe1:65536", PL_E_RANGE, "", false},
        {"fe1", PL_E_SYNTAX, "", false},
        {"", PL_E_SYNTAX, "", false},
        {":80", PL_E_SYNTAX, "", false},
        {"fe1:", PL_E_SYNTAX, "", false},
        {"fe1:080", PL_E_SYNTAX, "", false},
        {"fe1:http", PL_E_SYNTAX, "", false},
        {"127.0.0.256:80", PL_E_SYNTAX, "", false},
        {"127.1:80", PL_E_SYNTAX, "", false},
        {"::1:80", PL_E_SYNTAX, "", false}, // where does the port begin?
        {"[fe1]:80", PL_E_SYNTAX, "", false},
        {"[]:80", PL_E_SYNTAX, "", false},
        {"a b:80", PL_E_SYNTAX, "", false},
        {"-a:80", PL_E_SYNTAX, "", false},
    };
    for (size_t i = 0; i < PL_LEN(cases); i++) {
        char text[PL_ADDRESS_TEXT_BYTES];
        struct pl_address address = {.host = "untouched"};
        printf("# '%s'\n", cases[i].text);
        CHECK_INT(pl_address_parse(pl_span_of(cases[i].text), &address), cases[i].err);
        if (cases[i].err) {
            CHECK_TEXT(address.host, "untouched");
            continue;
        }
        pl_address_write(&address, text);
        CHECK_TEXT(text, cases[i].written);
        CHECK(pl_address_is_loopback(&address) == cases[i].loopback);
    }
}

static void test_host_length_is_bounded(void)
{
    char text[300];
    struct pl_address address;
    memset(text, 'a', sizeof text);
    memcpy(text + PL_ADDRESS_HOST_LEN_MAX, ":80", 4);
    CHECK_INT(pl_address_parse(pl_span_of(text), &address), 0);
    memset(text, 'a', sizeof text);
    memcpy(text + PL_ADDRESS_HOST_LEN_MAX + 1, ":80", 4);
    CHECK_INT(pl_address_parse(pl_span_of(text), &address), PL_E_SYNTAX);
}

static void test_distance(void)
{
    static const struct {
        const char *a, *b;
        uint32_t want;
    } cases[] = {
        {"", "", 0},          {"", "abc", 3},         {"hold", "hold", 0}, {"hold", "hodl", 1},
        {"hold", "holds", 1}, {"agents", "aegnt", 2}, {"warn", "wine", 3}, {"kitten", "sitting", 3},
    };
    for (size_t i = 0; i < PL_LEN(cases); i++) {
        struct pl_span a = pl_span_of(cases[i].a), b = pl_span_of(cases[i].b);
        CHECK_INT(pl_suggest_distance(a, b), cases[i].want);
        CHECK_INT(pl_suggest_distance(b, a), cases[i].want);
    }
}

static void test_suggestion_is_the_nearest_or_none(void)
{
    static const char *const words[] = {"collectors", "collector", "redis"};
    struct pl_suggest s = pl_suggest_init(pl_span_of("colector"));
    for (size_t i = 0; i < PL_LEN(words); i++) pl_suggest_consider(&s, pl_span_of(words[i]));
    CHECK(pl_span_is(s.best, "collector"));
    s = pl_suggest_init(pl_span_of("grafana"));
    for (size_t i = 0; i < PL_LEN(words); i++) pl_suggest_consider(&s, pl_span_of(words[i]));
    CHECK_INT(s.best.len, 0);
    char longest[PL_SUGGEST_LEN_MAX + 2] = {0};
    memset(longest, 'a', PL_SUGGEST_LEN_MAX + 1);
    s = pl_suggest_init(pl_span_of(longest));
    pl_suggest_consider(&s, pl_span_of(longest));
    CHECK_INT(s.best.len, 0);
}

int main(void)
{
    RUN(test_integers);
    RUN(test_durations);
    RUN(test_shares);
    RUN(test_sizes);
    RUN(test_addresses);
    RUN(test_host_length_is_bounded);
    RUN(test_distance);
    RUN(test_suggestion_is_the_nearest_or_none);
    return check_finish();
}
