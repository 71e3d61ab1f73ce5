/* CHANGE: its body, and what is refused. */
#include "tests/check.h"

#include "common/base/err.h"
#include "common/wire/session.h"

static uint8_t buf[1024];

static struct pl_frame frame_of(const struct pl_writer *w)
{
    struct pl_frame frame = {0};
    CHECK_INT(w->err, 0);
    CHECK_INT(pl_frame_parse((struct pl_span){w->ptr, w->len}, &frame), w->len);
    CHECK_INT(frame.type, PL_FRAME_CHANGE);
    return frame;
}

static struct pl_frame write_change(const struct pl_change *change)
{
    struct pl_writer w = pl_writer_init(buf, sizeof buf);
    pl_change_write(change, &w);
    return frame_of(&w);
}

static void check_equal(const struct pl_change *got, const struct pl_change *want)
{
    CHECK(pl_change_is_same(got, want));
    CHECK_INT(got->count, want->count);
    CHECK_TEXT(got->before, want->before);
    CHECK_TEXT(got->after, want->after);
}

static void test_bodies_come_back(void)
{
    struct pl_change want = {.count = 1, .subject = "openssl", .before = "1", .after = "2"};
    for (enum pl_change_kind kind = 0; kind < PL_CHANGE_KIND_COUNT; kind++) {
        struct pl_change got;
        want.kind = kind;
        want.unix_ms = 1777777777000 + (int64_t)kind;
        struct pl_frame frame = write_change(&want);
        CHECK_INT(pl_change_parse(frame.body, &got), 1);
        check_equal(&got, &want);
        CHECK(pl_change_kind_name(kind)[0] != '\0');
    }
}

static void test_the_largest_fits_and_every_cut_is_refused(void)
{
    struct pl_change got, want = {.unix_ms = PL_UNIX_MS_MAX, .count = PL_CHANGE_THINGS_MAX};
    memset(want.subject, 's', PL_CHANGE_SUBJECT_MAX);
    memset(want.before, 'b', PL_CHANGE_VALUE_MAX);
    memset(want.after, '~', PL_CHANGE_VALUE_MAX);
    struct pl_frame frame = write_change(&want);
    CHECK(PL_FRAME_HEADER_BYTES + frame.body.len <= PL_CHANGE_FRAME_BYTES_MAX);
    CHECK_INT(pl_change_parse(frame.body, &got), 1);
    check_equal(&got, &want);
    for (size_t cut = 0; cut < frame.body.len; cut++)
        CHECK(pl_change_parse((struct pl_span){frame.body.ptr, cut}, &got) < 0);
    buf[PL_FRAME_HEADER_BYTES + frame.body.len] = 0;
    CHECK_INT(pl_change_parse((struct pl_span){frame.body.ptr, frame.body.len + 1}, &got),
              PL_E_SYNTAX);
}

static void put_raw(struct pl_writer *w, uint64_t unix_ms, uint64_t count, struct pl_span subject)
{
    *w = pl_writer_init(buf, sizeof buf);
    pl_put_u8(w, 1);
    pl_put_varint(w, unix_ms);
    pl_put_varint(w, count);
    pl_put_str8(w, subject);
    pl_put_str8(w, pl_span_of(""));
    pl_put_str8(w, pl_span_of(""));
}

static void test_what_is_refused(void)
{
    static const char *const hostile[] = {"a\nb",        "a\x1b[2J", "\xc3\x28",
                                          "caf\xc3\xa9", "\x7f",     ""};
    struct pl_change got = {.count = 77};
    struct pl_writer w;
    for (size_t i = 0; i < PL_LEN(hostile); i++) {
        put_raw(&w, 1, 1, pl_span_of(hostile[i]));
        CHECK_INT(pl_change_parse((struct pl_span){buf, w.len}, &got), PL_E_SYNTAX);
    }
    put_raw(&w, 1, 1, (struct pl_span){(const uint8_t *)"a\0b", 3});
    CHECK_INT(pl_change_parse((struct pl_span){buf, w.len}, &got), PL_E_SYNTAX);
    put_raw(&w, (uint64_t)PL_UNIX_MS_MAX + 1, 1, pl_span_of("a"));
    CHECK_INT(pl_change_parse((struct pl_span){buf, w.len}, &got), PL_E_RANGE);
    put_raw(&w, 1, PL_CHANGE_THINGS_MAX + 1, pl_span_of("a"));
    CHECK_INT(pl_change_parse((struct pl_span){buf, w.len}, &got), PL_E_RANGE);
    char large[PL_CHANGE_SUBJECT_MAX + 2];
    memset(large, 'a', sizeof large);
    put_raw(&w, 1, 1, (struct pl_span){(const uint8_t *)large, PL_CHANGE_SUBJECT_MAX + 1});
    CHECK_INT(pl_change_parse((struct pl_span){buf, w.len}, &got), PL_E_RANGE);
    CHECK_INT(got.count, 77);
}

static void test_an_unknown_kind_is_skipped(void)
{
    struct pl_collector_session s = {.state = PL_COLLECTOR_STREAMING};
    struct pl_collector_event event;
    struct pl_change change = {.count = 1, .subject = "openssl"};
    struct pl_frame frame = write_change(&change);
    CHECK_INT(pl_collector_session_step(&s, &frame, &event), 0);
    CHECK_INT(event.type, PL_COLLECTOR_CHANGE);
    CHECK_TEXT(event.change.subject, "openssl");
    buf[PL_FRAME_HEADER_BYTES] = 200;
    CHECK_INT(pl_collector_session_step(&s, &frame, &event), 0);
    CHECK_INT(event.type, PL_COLLECTOR_NOTHING);
}

int main(void)
{
    RUN(test_bodies_come_back);
    RUN(test_the_largest_fits_and_every_cut_is_refused);
    RUN(test_what_is_refused);
    RUN(test_an_unknown_kind_is_skipped);
    return check_finish();
}
