/* What an answer means, and text cut where a provider counts. */
#include "collector/codec/notify/clip.h"
#include "collector/codec/notify/result.h"
#include "common/base/err.h"
#include "tests/check.h"

#include <errno.h>

static void test_classes(void)
{
    static const struct {
        int err, status;
        int64_t retry_after_ms;
        bool may_be_delivered;
        enum pl_result_class want;
        int64_t want_wait_ms;
        bool want_maybe;
    } cases[] = {
        {0, 200, -1, true, PL_RESULT_SENT, -1, true},
        {0, 202, 9000, true, PL_RESULT_SENT, -1, true},
        {0, 204, -1, true, PL_RESULT_SENT, -1, true},
        {PL_E_CLOSED, 202, -1, true, PL_RESULT_SENT, -1, true}, // lost behind the status
        {PL_E_TIMEOUT, 200, -1, true, PL_RESULT_SENT, -1, true},
        {0, 301, -1, true, PL_RESULT_BROKEN, -1, false},
        {0, 307, -1, true, PL_RESULT_BROKEN, -1, false},
        {0, 400, -1, true, PL_RESULT_REJECT, -1, false},
        {0, 401, -1, true, PL_RESULT_BROKEN, -1, false},
        {0, 403, -1, true, PL_RESULT_BROKEN, -1, false},
        {0, 404, -1, true, PL_RESULT_BROKEN, -1, false},
        {0, 405, -1, true, PL_RESULT_REJECT, -1, false},
        {0, 408, -1, true, PL_RESULT_RETRY, -1, true},
        {0, 410, -1, true, PL_RESULT_BROKEN, -1, false},
        {0, 413, -1, true, PL_RESULT_REJECT, -1, false},
        {0, 422, -1, true, PL_RESULT_REJECT, -1, false},
        {0, 429, 2000, true, PL_RESULT_RETRY, 2000, false}, // says itself: not taken
        {0, 429, -1, true, PL_RESULT_RETRY, -1, false},
        {0, 429, 86400000, true, PL_RESULT_RETRY, 86400000, false},
        {0, 500, -1, true, PL_RESULT_RETRY, -1, true},
        {0, 503, 30000, true, PL_RESULT_RETRY, 30000, true},
        {PL_E_CLOSED, 500, -1, true, PL_RESULT_RETRY, -1, true},
        {PL_E_TIMEOUT, 0, -1, true, PL_RESULT_RETRY, -1, true},
        {PL_E_TIMEOUT, 0, -1, false, PL_RESULT_RETRY, -1, false},
        {-ECONNREFUSED, 0, -1, false, PL_RESULT_RETRY, -1, false},
        {-ECANCELED, 0, -1, true, PL_RESULT_RETRY, -1, true},
        {PL_E_NO_HOST, 0, -1, false, PL_RESULT_RETRY, -1, false},
        {PL_E_REFUSED, 0, -1, false, PL_RESULT_RETRY, -1, false},
        {PL_E_CERTIFICATE, 0, -1, false, PL_RESULT_RETRY, -1, false},
        {PL_E_MAGIC, 0, -1, true, PL_RESULT_RETRY, -1, true},
        {PL_E_SYNTAX, 0, -1, false, PL_RESULT_BROKEN, -1, false},
    };
    for (size_t i = 0; i < PL_LEN(cases); i++) {
        struct pl_page_result r = pl_notify_classify(&(struct pl_notify_answer){
            .err = cases[i].err,
            .http_status = cases[i].status,
            .retry_after_ms = cases[i].retry_after_ms,
            .may_be_delivered = cases[i].may_be_delivered,
        });
        CHECK_INT(r.class, cases[i].want);
        CHECK_INT(r.wait_ms, cases[i].want_wait_ms);
        CHECK_INT(r.maybe_delivered, cases[i].want_maybe);
        CHECK_INT(r.status, cases[i].status ? cases[i].status : cases[i].err);
    }
}

/* Replies of SMTP servers: (err, code) as libcurl leaves them. */
static void test_mail_classes(void)
{
    static const struct {
        int err, code;
        enum pl_result_class want;
        int64_t want_wait_ms;
    } cases[] = {
        {0, 250, PL_RESULT_SENT, -1},
        {PL_E_CLOSED, 250, PL_RESULT_RETRY, -1}, // of an earlier command
        {PL_E_CLOSED, 354, PL_RESULT_RETRY, -1},
        {PL_E_CLOSED, 0, PL_RESULT_RETRY, -1},
        {PL_E_TIMEOUT, 0, PL_RESULT_RETRY, -1},
        {PL_E_NO_HOST, 0, PL_RESULT_RETRY, -1},
        {PL_E_MAGIC, 421, PL_RESULT_RETRY, -1},
        {PL_E_CLOSED, 450, PL_RESULT_RETRY, 60000},
        {PL_E_CLOSED, 451, PL_RESULT_RETRY, 60000},
        {PL_E_MAGIC, 452, PL_RESULT_RETRY, 60000},
        {PL_E_PLAIN, 454, PL_RESULT_RETRY, -1}, // TLS not available now (RFC 3207)
        {PL_E_PLAIN, 250, PL_RESULT_BROKEN, -1},
        {PL_E_CERTIFICATE, 220, PL_RESULT_RETRY, -1},
        {PL_E_REFUSED, 535, PL_RESULT_BROKEN, -1},
        {PL_E_CLOSED, 530, PL_RESULT_BROKEN, -1},
        {PL_E_CLOSED, 550, PL_RESULT_BROKEN, -1},
        {PL_E_CLOSED, 553, PL_RESULT_BROKEN, -1},
        {PL_E_CLOSED, 552, PL_RESULT_REJECT, -1},
        {PL_E_MAGIC, 554, PL_RESULT_REJECT, -1},
        {PL_E_SYNTAX, 0, PL_RESULT_BROKEN, -1},
    };
    for (size_t i = 0; i < PL_LEN(cases); i++) {
        struct pl_page_result r =
            pl_notify_classify(&(struct pl_notify_answer){.err = cases[i].err,
                                                          .http_status = cases[i].code,
                                                          .is_mail = true,
                                                          .retry_after_ms = -1,
                                                          .may_be_delivered = true});
        CHECK_INT(r.class, cases[i].want);
        CHECK_INT(r.wait_ms, cases[i].want_wait_ms);
    }
}

static void test_mail_reasons(void)
{
    static const struct {
        int err, code;
        const char *reply, *want;
    } cases[] = {
        {0, 250, "250 2.0.0 queued as 4711", "SMTP 250 2.0.0 queued as 4711"},
        {PL_E_CLOSED, 550, "550 5.1.1 \x1b[1mnobody", "SMTP 550 5.1.1 [1mnobody"},
        {PL_E_PLAIN, 250, "250 HELP", "offers no encryption"},
        {PL_E_CLOSED, 0, "", "was closed by the other side"},
    };
    for (size_t i = 0; i < PL_LEN(cases); i++) {
        char buf[PL_NOTIFY_REASON_BYTES];
        struct pl_text out = pl_text_init(buf, sizeof buf);
        pl_notify_reason_write(&(struct pl_notify_answer){.err = cases[i].err,
                                                          .http_status = cases[i].code,
                                                          .is_mail = true,
                                                          .body = pl_span_of(cases[i].reply)},
                               &out);
        CHECK_TEXT(buf, cases[i].want);
    }
}

static void test_reason(void)
{
    static const struct {
        int err, status;
        const char *body, *want;
    } cases[] = {
        {PL_E_TIMEOUT, 0, "", "did not finish in time"},
        {-ECONNREFUSED, 0, "", "Connection refused"},
        {0, 404, "", "HTTP 404"},
        {0, 404, "<html>no such hook</html>", "HTTP 404"},
        {0, 400, "{\"status\":\"invalid event\",\"message\":\"no\",\"errors\":[\"a\",\"b\"]}",
         "HTTP 400: no (a)"},
        {0, 429, "{\"message\":\"slow\\n down\\u0007\",\"errors\":[]}", "HTTP 429: slow down"},
        {0, 500, "{\"message\":7,\"errors\":[\"a\"]}", "HTTP 500: a"},
        {0, 200, "{\"ok\":false,\"error\":\"not_authed\"}", "HTTP 200: not_authed"},
        {0, 403, "{\"ok\":false,\"description\":\"bot was kicked\"}", "HTTP 403: bot was kicked"},
        {0, 404, "no_service", "HTTP 404: no_service"},
        {0, 500, "{\"message\":\"m\",\"errors\":[{}]}", "HTTP 500: m"},
        {0, 500, "[1,2", "HTTP 500"},
        {0, 500, "\"message\"", "HTTP 500"},
    };
    for (size_t i = 0; i < PL_LEN(cases); i++) {
        char buf[PL_NOTIFY_REASON_BYTES];
        struct pl_text out = pl_text_init(buf, sizeof buf);
        pl_notify_reason_write(&(struct pl_notify_answer){.err = cases[i].err,
                                                          .http_status = cases[i].status,
                                                          .body = pl_span_of(cases[i].body)},
                               &out);
        CHECK_TEXT(buf, cases[i].want);
    }
}

static void test_longest_reason_fits(void)
{
    char body[4096], buf[PL_NOTIFY_REASON_BYTES * 4];
    struct pl_text json = pl_text_init(body, sizeof body);
    pl_text_str(&json, "{\"message\":\"");
    for (int i = 0; i < 300; i++) pl_text_str(&json, "\xf0\x9f\x9a\xa2"); // 4 bytes each
    pl_text_str(&json, "\",\"errors\":[\"");
    for (int i = 0; i < 300; i++) pl_text_str(&json, "\xf0\x9f\x9a\xa2");
    pl_text_str(&json, "\"]}");
    struct pl_text out = pl_text_init(buf, sizeof buf);
    pl_notify_reason_write(
        &(struct pl_notify_answer){.http_status = 400, .body = pl_text_bytes(&json)}, &out);
    CHECK(out.len < PL_NOTIFY_REASON_BYTES);
    CHECK(strstr(buf, "\xe2\x80\xa6 (\xf0\x9f\x9a\xa2") != NULL);
}

static void test_clip(void)
{
    static const struct {
        const char *in;
        size_t points_max;
        const char *want;
    } cases[] = {
        {"", 3, ""},
        {"abc", 3, "abc"},
        {"abcd", 3, "ab\xe2\x80\xa6"},
        {"abcd", 1, "\xe2\x80\xa6"},
        {"a", 1, "a"},
        {"\xc3\xa4\xc3\xb6\xc3\xbc", 3, "\xc3\xa4\xc3\xb6\xc3\xbc"},      // 3 points, 6 bytes
        {"\xc3\xa4\xc3\xb6\xc3\xbc!", 3, "\xc3\xa4\xc3\xb6\xe2\x80\xa6"}, // between two points
        {"\xf0\x9f\x9a\xa2\xf0\x9f\x9a\xa2x", 2, "\xf0\x9f\x9a\xa2\xe2\x80\xa6"},
        {"a\nb\tc\x7f", 9, "abc"},
        {"ab\n\n\n", 2, "ab"}, // what is stripped does not count
        {"a\xc2\x85"
         "b\xc2\xa0",
         9, "ab\xc2\xa0"},                            // U+0085 is a control, U+00A0 is not
        {"\xe0\x80\x80z", 3, "\xe0\x80\xe2\x80\xa6"}, // overlong: three broken bytes
        {"a\xff\xc3", 9, "a\xff\xc3"},                // left for pl_text_json to replace
    };
    for (size_t i = 0; i < PL_LEN(cases); i++) {
        char buf[64];
        struct pl_text out = pl_text_init(buf, sizeof buf);
        pl_text_clip(&out, pl_span_of(cases[i].in), cases[i].points_max);
        CHECK_TEXT(buf, cases[i].want);
    }
}

static void test_clip_json(void)
{
    char buf[128];
    struct pl_text out = pl_text_init(buf, sizeof buf);
    pl_text_clip_json(&out, pl_span_of("\"fe\xff\x1b[31m\\\""), 10);
    CHECK_TEXT(buf, "\"\\\"fe\\ufffd[31m\\\\\\\"\"");
}

/* The longest input: every code point four bytes, nothing overflows inside. */
static void test_clip_json_full(void)
{
    static char in[(PL_CLIP_POINTS_MAX + 1) * 4 + 1], buf[2 * sizeof in];
    for (size_t i = 0; i < PL_CLIP_POINTS_MAX + 1; i++) memcpy(in + 4 * i, "\xf0\x9f\x9a\xa2", 5);
    struct pl_text out = pl_text_init(buf, sizeof buf);
    pl_text_clip_json(&out, pl_span_of(in), PL_CLIP_POINTS_MAX);
    CHECK_INT(out.len, 1 + (PL_CLIP_POINTS_MAX - 1) * 4 + 3 + 1);
    CHECK(!out.overflow);
}

int main(void)
{
    RUN(test_classes);
    RUN(test_mail_classes);
    RUN(test_mail_reasons);
    RUN(test_reason);
    RUN(test_longest_reason_fits);
    RUN(test_clip);
    RUN(test_clip_json);
    RUN(test_clip_json_full);
    return check_finish();
}
