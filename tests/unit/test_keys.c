/* Where things live in Redis: keys, fields, times to live. */
#include "tests/check.h"

#include "collector/codec/keys.h"
#include "common/base/err.h"

#define MIN  (60 * (int64_t)1000)
#define HOUR (60 * MIN)
#define DAY  (24 * HOUR)

static const int64_t t0 = 1746108193250; // 2025-05-01T14:03:13.250Z

static void test_keys(void)
{
    static const struct {
        enum pl_resolution resolution;
        int64_t unix_ms;
        const char *want;
    } table[] = {
        {PL_R1, 1746108193250, "pl:{fe1}:r1:1746108000"},
        {PL_R1, 1746108000000, "pl:{fe1}:r1:1746108000"},
        {PL_R1, 1746107999999, "pl:{fe1}:r1:1746107100"},
        {PL_R10, 1746108193250, "pl:{fe1}:r10:1746100800"},
        {PL_R300, 1746108193250, "pl:{fe1}:r300:1745971200"},
        {PL_R1, 0, "pl:{fe1}:r1:0"},
    };
    struct pl_name host = {3, "fe1"};
    for (size_t i = 0; i < PL_LEN(table); i++) {
        char key[PL_KEY_BYTES];
        pl_key_metric(key, &host, table[i].resolution, table[i].unix_ms);
        CHECK_TEXT(key, table[i].want);
    }
    struct pl_name longest = {.len = PL_NAME_LEN_MAX};
    memset(longest.text, 'x', PL_NAME_LEN_MAX);
    char key[PL_KEY_BYTES];
    pl_key_changes(key, &host);
    CHECK_TEXT(key, "pl:{fe1}:changes");
    pl_key_changes(key, &longest);
    pl_key_metric(key, &longest, PL_R300, 253402300799999);
    CHECK(strlen(key) > PL_NAME_LEN_MAX);
}

static void test_floor_goes_down_before_1970_too(void)
{
    CHECK_INT(pl_floor_ms(1999, 1000), 1000);
    CHECK_INT(pl_floor_ms(2000, 1000), 2000);
    CHECK_INT(pl_floor_ms(-1, 1000), -1000);
    CHECK_INT(pl_floor_ms(-1000, 1000), -1000);
}

static void test_every_metric_key_has_a_time_to_live(void)
{
    int64_t bucket = pl_floor_ms(t0, 15 * MIN);
    const struct {
        enum pl_resolution resolution;
        int64_t unix_ms, now;
        int64_t want_s;
    } table[] = {
        {PL_R1, bucket, bucket, 75 * 60},
        {PL_R1, bucket, bucket + 10 * MIN, 65 * 60},
        {PL_R1, bucket, bucket + DAY, 60 * 60}, // late: kept as long as others
        {PL_R1, bucket + DAY, bucket, 75 * 60}, // a clock ahead: no longer than others
        {PL_R10, t0, pl_floor_ms(t0, 6 * HOUR), 30 * 3600},
        {PL_R300, t0, pl_floor_ms(t0, 3 * DAY), 33 * 24 * 3600},
        {PL_R300, t0 - 100 * DAY, t0, 30 * 24 * 3600},
    };
    for (size_t i = 0; i < PL_LEN(table); i++) {
        CHECK_INT(pl_key_ttl_s(table[i].resolution, table[i].unix_ms, table[i].now),
                  table[i].want_s);
    }
}

static void test_a_window_is_whole_until_its_bucket_dies(void)
{
    int64_t bucket = pl_floor_ms(t0, 15 * MIN);
    CHECK(pl_key_window_whole(PL_R1, bucket, bucket));
    CHECK(pl_key_window_whole(PL_R1, bucket, bucket + 75 * MIN - 1));
    CHECK(!pl_key_window_whole(PL_R1, bucket, bucket + 75 * MIN));
    CHECK(!pl_key_window_whole(PL_R1, bucket + 10 * MIN, bucket + 75 * MIN));
}

static void test_fields(void)
{
    char field[PL_FIELD_BYTES];
    int64_t start = -1;
    pl_field_write(field, t0, 42);
    CHECK_TEXT(field, "1746108193250-42");
    CHECK_INT(pl_field_parse(pl_span_of(field), &start), 0);
    CHECK_INT(start, t0);
    pl_field_write(field, 600000, 0);
    CHECK_TEXT(field, "600000");
    CHECK_INT(pl_field_parse(pl_span_of(field), &start), 0);
    CHECK_INT(start, 600000);
    pl_field_write(field, INT64_MAX, UINT64_MAX);
    CHECK_INT(strlen(field), PL_FIELD_BYTES - 1 - 1);
    static const struct {
        const char *text;
        int err;
    } bad[] = {{"", PL_E_SYNTAX},    {"-5", PL_E_SYNTAX}, {"12x", PL_E_SYNTAX},
               {" 12", PL_E_SYNTAX}, {"x", PL_E_SYNTAX},  {"1234567890123456", PL_E_RANGE}};
    for (size_t i = 0; i < PL_LEN(bad); i++) {
        start = 7;
        CHECK_INT(pl_field_parse(pl_span_of(bad[i].text), &start), bad[i].err);
        CHECK_INT(start, 7);
    }
}

int main(void)
{
    RUN(test_keys);
    RUN(test_floor_goes_down_before_1970_too);
    RUN(test_every_metric_key_has_a_time_to_live);
    RUN(test_a_window_is_whole_until_its_bucket_dies);
    RUN(test_fields);
    return check_finish();
}
