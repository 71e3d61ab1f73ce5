/* The head of an answer and problem bodies, compared with the texts they must be. */
#include "collector/codec/http.h"
#include "collector/codec/http_reply.h"
#include "tests/check.h"

#define SECURITY                                                                                   \
    "Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self'; "           \
    "img-src 'self' data:; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; "          \
    "form-action 'self'\r\nX-Content-Type-Options: nosniff\r\n"                                    \
    "Cross-Origin-Resource-Policy: same-origin\r\nReferrer-Policy: no-referrer\r\n\r\n"

static char buf[PL_HTTP_REPLY_HEAD_MAX];

static const char *head(const struct pl_http_reply *reply, bool keep_alive, int64_t unix_ms)
{
    struct pl_text text = pl_text_init(buf, sizeof buf);
    pl_http_reply_head(&text, reply, keep_alive, unix_ms);
    CHECK(!text.overflow);
    return buf;
}

static void test_plain_answer(void)
{
    struct pl_http_reply reply = {
        .status = 200, .content_type = "text/plain", .body = pl_span_of("ok\n")};
    CHECK_TEXT(head(&reply, true, 1777644192999),
               "HTTP/1.1 200 OK\r\nDate: Fri, 01 May 2026 14:03:12 GMT\r\n"
               "Content-Type: text/plain\r\nContent-Length: 3\r\nCache-Control: no-store\r\n"
               "Connection: keep-alive\r\n" SECURITY);
}

static void test_not_modified_has_no_body(void)
{
    struct pl_http_reply reply = {
        .status = 304, .cache_control = "no-cache", .etag = "\"a\"", .vary = true};
    CHECK_TEXT(head(&reply, false, 0),
               "HTTP/1.1 304 Not Modified\r\nDate: Thu, 01 Jan 1970 00:00:00 GMT\r\n"
               "ETag: \"a\"\r\nVary: Accept-Encoding\r\nCache-Control: no-cache\r\n"
               "Connection: close\r\n" SECURITY);
}

static void test_stream_has_no_length(void)
{
    struct pl_http_reply reply = {
        .status = 200, .content_type = "text/event-stream", .stream = true};
    CHECK_TEXT(head(&reply, true, 951782399000),
               "HTTP/1.1 200 OK\r\nDate: Mon, 28 Feb 2000 23:59:59 GMT\r\n"
               "Content-Type: text/event-stream\r\nCache-Control: no-store\r\n"
               "X-Accel-Buffering: no\r\nConnection: close\r\n" SECURITY);
}

static void test_largest_head_fits(void)
{
    char cookie[192] = ""; // PL_COOKIE_TEXT_BYTES
    memset(cookie, 'a', sizeof cookie - 1);
    struct pl_http_reply reply = {.status = 431,
                                  .content_type = "application/problem+json; charset=utf-8",
                                  .cache_control = "public, max-age=31536000, immutable",
                                  .etag = "\"0123456789abcdef-gzip\"",
                                  .encoding = "gzip",
                                  .allow = "GET, HEAD, POST, PUT, PATCH, DELETE",
                                  .vary = true,
                                  .set_cookie = cookie,
                                  .retry_after_s = 900,
                                  .body = {(const uint8_t *)"", SIZE_MAX}};
    (void)head(&reply, true, 253402300799999);
}

static void test_answers_about_logins(void)
{
    struct pl_http_reply reply = {.status = 303, .location = "/login.html"};
    CHECK(strstr(head(&reply, true, 0), "\r\nLocation: /login.html\r\n") != NULL);
    reply = (struct pl_http_reply){.status = 401};
    CHECK(strstr(head(&reply, true, 0), "\r\nWWW-Authenticate: Bearer\r\n") != NULL);
    reply = (struct pl_http_reply){.status = 429, .retry_after_s = 7, .set_cookie = "a=b"};
    CHECK(strstr(head(&reply, true, 0), "\r\nSet-Cookie: a=b\r\nRetry-After: 7\r\n") != NULL);
    CHECK(!strstr(buf, "WWW-Authenticate"));
}

static void test_problem(void)
{
    struct pl_text text = pl_text_init(buf, sizeof buf);
    struct pl_http_problem problem = {.status = 404, .detail = "no host of that name"};
    pl_http_problem_body(&text, &problem);
    CHECK_TEXT(buf, "{\"type\":\"about:blank\",\"title\":\"Not Found\",\"status\":404,"
                    "\"detail\":\"no host of that name\"}\n");
    text = pl_text_init(buf, sizeof buf);
    problem = (struct pl_http_problem){422, pl_span_of("st\"ep\x01"), "too fine", NULL};
    pl_http_problem_body(&text, &problem);
    CHECK_TEXT(buf, "{\"type\":\"about:blank\",\"title\":\"Unprocessable Content\",\"status\":422,"
                    "\"detail\":\"too fine\",\"errors\":[{\"parameter\":\"st\\\"ep\\u0001\","
                    "\"detail\":\"too fine\"}]}\n");
}

int main(void)
{
    RUN(test_plain_answer);
    RUN(test_not_modified_has_no_body);
    RUN(test_stream_has_no_length);
    RUN(test_largest_head_fits);
    RUN(test_answers_about_logins);
    RUN(test_problem);
    return check_finish();
}
