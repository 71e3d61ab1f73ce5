/* The vocabulary: bytes, text, names, slots, back-off. */
#include "tests/check.h"

#include "common/base/backoff.h"
#include "common/base/bytes.h"
#include "common/base/err.h"
#include "common/base/name.h"
#include "common/base/slots.h"
#include "common/base/text.h"

#include <errno.h>

static void test_integers_come_back(void)
{
    static const uint64_t values[] = {0,     1,        127,       128,       16383,
                                      16384, 1u << 31, INT64_MAX, UINT64_MAX};
    uint8_t buf[256];
    struct pl_writer w = pl_writer_init(buf, sizeof buf);
    for (size_t i = 0; i < PL_LEN(values); i++) {
        pl_put_varint(&w, values[i]);
        pl_put_zigzag(&w, (int64_t)values[i]);
    }
    pl_put_u16(&w, 0xabcd);
    pl_put_str8(&w, pl_span_of("fe1"));
    CHECK_INT(w.err, 0);
    struct pl_reader r = pl_reader_init((struct pl_span){buf, w.len});
    for (size_t i = 0; i < PL_LEN(values); i++) {
        CHECK(pl_get_varint(&r) == values[i]);
        CHECK(pl_get_zigzag(&r) == (int64_t)values[i]);
    }
    CHECK_INT(pl_get_u16(&r), 0xabcd);
    CHECK(pl_span_is(pl_get_str8(&r), "fe1"));
    CHECK_INT(pl_reader_finish(&r), 0);
}

static void test_reader_remembers_the_first_failure(void)
{
    static const uint8_t endless[] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                                      0xff, 0xff, 0xff, 0xff, 1};
    static const uint8_t cut[] = {0x80};
    struct pl_reader r = pl_reader_init((struct pl_span){endless, sizeof endless});
    CHECK_INT(pl_get_varint(&r), 0);
    CHECK_INT(r.err, PL_E_RANGE);
    CHECK_INT(pl_get_u8(&r), 0);
    CHECK_INT(pl_reader_finish(&r), PL_E_RANGE);
    r = pl_reader_init((struct pl_span){cut, sizeof cut});
    CHECK_INT(pl_get_varint(&r), 0);
    CHECK_INT(pl_reader_finish(&r), PL_E_TRUNCATED);
    r = pl_reader_init((struct pl_span){cut, sizeof cut});
    CHECK_INT(pl_reader_finish(&r), PL_E_SYNTAX); // left-over byte
}

static void test_writer_refuses_what_does_not_fit(void)
{
    uint8_t buf[4];
    struct pl_writer w = pl_writer_init(buf, sizeof buf);
    pl_put_u16(&w, 1);
    pl_put_u32(&w, 2);
    CHECK_INT(w.err, PL_E_FULL);
    CHECK_INT(w.len, 2);
    pl_put_u8(&w, 3);
    CHECK_INT(w.len, 2);
}

static void test_text(void)
{
    char buf[128];
    struct pl_text t = pl_text_init(buf, sizeof buf);
    pl_text_i64(&t, INT64_MIN);
    pl_text_char(&t, ' ');
    pl_text_fixed(&t, -1205, 1000);
    pl_text_char(&t, ' ');
    pl_text_fixed(&t, 50, 100);
    pl_text_char(&t, ' ');
    pl_text_hex(&t, 0xbeef, 6);
    CHECK_TEXT(buf, "-9223372036854775808 -1.205 0.5 00beef");
    t = pl_text_init(buf, sizeof buf);
    pl_text_json(&t, pl_span_of("a\"\\\n\xc3\xa4\xff"));
    CHECK_TEXT(buf, "\"a\\\"\\\\\\u000a\xc3\xa4\\ufffd\"");
    t = pl_text_init(buf, 4);
    pl_text_str(&t, "abcd");
    CHECK(t.overflow);
    CHECK_TEXT(buf, "abc");
}

static void test_rfc3339(void)
{
    static const struct {
        int64_t unix_ms;
        const char *want;
    } rows[] = {
        {0, "1970-01-01T00:00:00.000Z"},
        {951782400000, "2000-02-29T00:00:00.000Z"},
        {1777644192345, "2026-05-01T14:03:12.345Z"},
        {4107542399999, "2100-02-28T23:59:59.999Z"},
        {-5, "1970-01-01T00:00:00.000Z"},
        {INT64_MAX, "9999-12-31T23:59:59.999Z"},
    };
    for (size_t i = 0; i < PL_LEN(rows); i++) {
        char buf[40];
        struct pl_text t = pl_text_init(buf, sizeof buf);
        pl_text_rfc3339(&t, rows[i].unix_ms);
        CHECK_TEXT(buf, rows[i].want);
    }
}

static void test_names(void)
{
    struct pl_name name;
    CHECK_INT(pl_name_parse(pl_span_of("fe-1.example_x"), &name), 0);
    CHECK_TEXT(name.text, "fe-1.example_x");
    static const char *const refused[] = {"", "-a", ".a", "a b", "a/b", "a{b}", "a\n", "\xc3\xa4"};
    for (size_t i = 0; i < PL_LEN(refused); i++) {
        CHECK_INT(pl_name_parse(pl_span_of(refused[i]), &name), PL_E_SYNTAX);
    }
    char longest[PL_NAME_LEN_MAX + 2];
    memset(longest, 'a', sizeof longest);
    CHECK_INT(pl_name_parse((struct pl_span){(uint8_t *)longest, PL_NAME_LEN_MAX}, &name), 0);
    CHECK_INT(pl_name_parse((struct pl_span){(uint8_t *)longest, sizeof longest}, &name),
              PL_E_TOO_BIG);
    CHECK_INT(name.len, PL_NAME_LEN_MAX);
}

static void test_slots_name_what_is_gone(void)
{
    uint32_t generation[2], next_free[2];
    struct pl_slots s;
    struct pl_slot_id a, b, c;
    pl_slots_init(&s, generation, next_free, 2);
    CHECK(pl_slots_take(&s, &a) && pl_slots_take(&s, &b));
    CHECK(!pl_slots_take(&s, &c));
    pl_slots_give(&s, a);
    CHECK(!pl_slots_live(&s, a) && pl_slots_live(&s, b));
    CHECK(pl_slots_take(&s, &c));
    CHECK_INT(c.index, a.index);
    CHECK(!pl_slots_live(&s, a) && pl_slots_live(&s, c));
    CHECK_INT(s.taken_count, 2);
    CHECK(!pl_slots_live(&s, (struct pl_slot_id){9, 1}));
    CHECK(!pl_slots_live(&s, (struct pl_slot_id){0, 0}));
}

static void test_backoff_stays_between_floor_and_cap(void)
{
    struct pl_rng rng = pl_rng_init(7);
    int64_t longest_ms = 0;
    for (int round = 0; round < 200; round++) {
        struct pl_backoff b = {.floor_ms = 100, .base_ms = 1000, .cap_ms = 30000};
        int64_t ceiling_ms = 1000;
        for (int i = 0; i < 12; i++, ceiling_ms = PL_MIN(ceiling_ms * 2, 30000)) {
            int64_t wait_ms = pl_backoff_next_ms(&b, &rng);
            CHECK(wait_ms >= 100 && wait_ms <= ceiling_ms);
            longest_ms = PL_MAX(longest_ms, wait_ms);
        }
    }
    CHECK(longest_ms > 29000);
}

static void test_error_texts(void)
{
    CHECK_TEXT(pl_err_text(PL_E_TOO_BIG), "is larger than its limit");
    CHECK_TEXT(pl_err_text(-ENOENT), "No such file or directory");
    CHECK_TEXT(pl_err_text(-9999), "unexplained error number");
    CHECK_TEXT(pl_err_text(3), "success");
}

int main(void)
{
    RUN(test_integers_come_back);
    RUN(test_reader_remembers_the_first_failure);
    RUN(test_writer_refuses_what_does_not_fit);
    RUN(test_text);
    RUN(test_rfc3339);
    RUN(test_names);
    RUN(test_slots_name_what_is_gone);
    RUN(test_backoff_stays_between_floor_and_cap);
    RUN(test_error_texts);
    return check_finish();
}
