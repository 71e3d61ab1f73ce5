/* What local servers answer: recorded from real ones, cut at every byte, and hostile. */
#include "tests/check.h"

#include "agent/core/reply.h"
#include "agent/core/status.h"
#include "common/base/err.h"

#include <stdlib.h>

enum { ABSENT = -1, BUF_BYTES = 64 * 1024 };

static uint8_t buf[BUF_BYTES], copy[BUF_BYTES];
static size_t buf_len;

static void load(const char *name)
{
    char path[512];
    (void)snprintf(path, sizeof path, "%s/status/%s", PL_FIXTURES, name);
    FILE *file = fopen(path, "rb");
    REQUIRE(file);
    buf_len = fread(buf, 1, sizeof buf, file);
    (void)fclose(file); // only read from
    REQUIRE(buf_len > 0);
}

static void give(const char *text)
{
    buf_len = strlen(text);
    memcpy(buf, text, buf_len);
}

/* A FastCGI parser changes what it reads, so it gets a copy. */
static int parse(enum pl_reply_protocol protocol, size_t len, bool ended, struct pl_reply *out)
{
    memcpy(copy, buf, len);
    return pl_reply_parse(protocol, copy, len, ended, out);
}

static int64_t value(uint64_t raw)
{
    return raw == PL_RAW_ABSENT ? ABSENT : (int64_t)raw;
}

/* One answer of each server, as it came through its socket. nginx: one request with half a head,
 * one connection without a byte. haproxy: five requests for a server that may have two. Apache:
 * three and two half heads. */
static const struct {
    const char *file;
    enum pl_reply_protocol protocol;
    enum pl_status_kind kind;
    int64_t requests, active, waiting, busy, max;
    bool keeps;
} recorded[] = {
    {"nginx-1.22.http", PL_REPLY_HTTP, PL_STATUS_NGINX, 22, 2, ABSENT, ABSENT, ABSENT, true},
    {"haproxy-2.6.txt", PL_REPLY_HAPROXY, PL_STATUS_HAPROXY, 10, 2, 3, 5, 100, false},
    {"apache-2.4-event.http", PL_REPLY_HTTP, PL_STATUS_APACHE, 19, 4, ABSENT, 4, 12, true},
    {"apache-2.4-prefork.http", PL_REPLY_HTTP, PL_STATUS_APACHE, 0, 3, ABSENT, 3, 6, true},
    {"php-fpm-8.2.fcgi", PL_REPLY_FASTCGI, PL_STATUS_PHP_FPM, 8, 1, ABSENT, 1, ABSENT, false},
};

static void test_recorded_answers(void)
{
    for (size_t i = 0; i < PL_LEN(recorded); i++) {
        struct pl_reply reply;
        struct pl_status s;
        printf("# %s\n", recorded[i].file);
        load(recorded[i].file);
        bool ended = recorded[i].protocol == PL_REPLY_HAPROXY;
        REQUIRE(parse(recorded[i].protocol, buf_len, ended, &reply) == 1);
        CHECK(reply.keeps == recorded[i].keeps);
        REQUIRE(pl_status_parse(recorded[i].kind, reply.body, &s) == 0);
        CHECK_INT(value(s.requests), recorded[i].requests);
        CHECK_INT(value(s.active), recorded[i].active);
        CHECK_INT(value(s.waiting), recorded[i].waiting);
        CHECK_INT(value(s.busy), recorded[i].busy);
        CHECK_INT(value(s.max), recorded[i].max);
    }
}

/* An answer that is not all there is waited for, and refused when no more comes. */
static void test_every_truncation(void)
{
    for (size_t i = 0; i < PL_LEN(recorded); i++) {
        struct pl_reply reply;
        load(recorded[i].file);
        for (size_t len = 0; len < buf_len; len++) {
            CHECK_INT(parse(recorded[i].protocol, len, false, &reply), 0);
            if (recorded[i].protocol == PL_REPLY_HAPROXY) continue; // its end is the only mark
            CHECK(parse(recorded[i].protocol, len, true, &reply) < 0);
        }
    }
}

/* A status of one kind is none of another. */
static void test_no_kind_passes_for_another(void)
{
    for (size_t i = 0; i < PL_LEN(recorded); i++) {
        struct pl_reply reply;
        struct pl_status s;
        load(recorded[i].file);
        REQUIRE(parse(recorded[i].protocol, buf_len, true, &reply) == 1);
        for (int k = 0; k < PL_STATUS_KIND_COUNT; k++) {
            int want = k == (int)recorded[i].kind ? 0 : PL_E_SYNTAX;
            CHECK_INT(pl_status_parse((enum pl_status_kind)k, reply.body, &s), want);
        }
    }
}

static void test_http(void)
{
    static const struct {
        const char *text;
        bool ended;
        int want;
        const char *body;
        bool keeps;
    } cases[] = {
        {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: Keep-Alive\r\n\r\nhi", false, 1, "hi",
         true},
        {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi", false, 1, "hi",
         false},
        {"HTTP/1.0 200 OK\r\nCONTENT-LENGTH: 2\r\n\r\nhi", false, 1, "hi", false},
        {"HTTP/1.1 200 OK\n\nall of it", false, 0, NULL, false},
        {"HTTP/1.1 200 OK\n\nall of it", true, 1, "all of it", false},
        {"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", false, PL_E_RANGE, NULL, false},
        {"HTTP/1.1 2000 OK\r\n\r\n", false, PL_E_RANGE, NULL, false},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", false, PL_E_SYNTAX, NULL, false},
        {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nhi", false, PL_E_SYNTAX,
         NULL, false},
        {"HTTP/1.1 200 OK\r\nContent-Length: -2\r\n\r\nhi", false, PL_E_SYNTAX, NULL, false},
        {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi and more", false, PL_E_SYNTAX, NULL,
         false},
        {"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nhi", true, PL_E_SYNTAX, NULL, false},
        {"HTTP/1.1 200 OK\r\nno colon here\r\n\r\n", false, PL_E_SYNTAX, NULL, false},
        {"HTTP/2 200\r\n\r\n", false, PL_E_SYNTAX, NULL, false},
        {"SSH-2.0-OpenSSH_9.2\r\n", false, PL_E_SYNTAX, NULL, false},
        {"HT", false, 0, NULL, false},
    };
    for (size_t i = 0; i < PL_LEN(cases); i++) {
        struct pl_reply reply = {0};
        printf("# %zu\n", i);
        give(cases[i].text);
        CHECK_INT(parse(PL_REPLY_HTTP, buf_len, cases[i].ended, &reply), cases[i].want);
        if (!cases[i].body) continue;
        CHECK(pl_span_is(reply.body, cases[i].body));
        CHECK(reply.keeps == cases[i].keeps);
    }
}

static void test_a_head_has_an_end(void)
{
    struct pl_reply reply;
    give("HTTP/1.1 200 OK\r\n");
    while (buf_len < PL_REPLY_HEAD_BYTES_MAX + 100) {
        memcpy(buf + buf_len, "X-Drip: 1\r\n", 11);
        buf_len += 11;
    }
    CHECK_INT(parse(PL_REPLY_HTTP, buf_len, false, &reply), PL_E_SYNTAX);
    memset(buf, ' ', PL_REPLY_HEAD_BYTES_MAX + 100);
    memcpy(buf, "HTTP/1.", 7);
    CHECK_INT(parse(PL_REPLY_HTTP, PL_REPLY_HEAD_BYTES_MAX + 100, false, &reply), PL_E_SYNTAX);
}

static void test_fastcgi_refusals(void)
{
    struct pl_reply reply;
    load("php-fpm-8.2-missing.fcgi"); // a path nobody serves: Status: 404 Not Found
    CHECK_INT(parse(PL_REPLY_FASTCGI, buf_len, false, &reply), PL_E_RANGE);
    for (size_t at = 0; at < 4; at++) { // version, type, request id
        load("php-fpm-8.2.fcgi");
        buf[at] ^= 0x40;
        CHECK_INT(parse(PL_REPLY_FASTCGI, buf_len, false, &reply), PL_E_SYNTAX);
    }
    load("php-fpm-8.2.fcgi");
    buf[buf_len++] = 0; // behind the end
    CHECK_INT(parse(PL_REPLY_FASTCGI, buf_len, false, &reply), PL_E_SYNTAX);
}

/* The question, byte by byte as the specification draws it. */
static void test_fastcgi_request(void)
{
    static const char want[] =
        "\1\1\0\1\0\x08\0\0\0\1\0\0\0\0\0\0"
        "\1\4\0\1\0\x4d\0\0"
        "\x0e\3REQUEST_METHODGET\x0b\7SCRIPT_NAME/status\x0f\7SCRIPT_FILENAME/status"
        "\x0c\0QUERY_STRING"
        "\1\4\0\1\0\0\0\0\1\5\0\1\0\0\0\0";
    uint8_t out[PL_REPLY_REQUEST_BYTES];
    CHECK_INT(pl_reply_request(PL_REPLY_FASTCGI, "/status", out), sizeof want - 1);
    CHECK(memcmp(out, want, sizeof want - 1) == 0);
    char longest[PL_REPLY_PATH_MAX + 1];
    memset(longest, '/', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    CHECK(pl_reply_request(PL_REPLY_FASTCGI, longest, out) <= PL_REPLY_REQUEST_BYTES);
    CHECK(pl_reply_request(PL_REPLY_HTTP, longest, out) <= PL_REPLY_REQUEST_BYTES);
}

#define HAPROXY_HEAD "Maxconn: 100\nCurrConns: 10\n\n# pxname,svname,qcur,scur,slim,req_tot,mode,\n"
#define FPM(pm, active, total, most, reached, queue, room)                                         \
    "process manager: " pm "\naccepted conn: 1\nlisten queue: " queue "\nlisten queue len: " room  \
    "\nactive processes: " active "\ntotal processes: " total "\nmax active processes: " most      \
    "\nmax children reached: " reached "\n"

static void test_what_each_kind_says(void)
{
    static const struct {
        enum pl_status_kind kind;
        const char *text;
        int want;
        int64_t requests, active, waiting, busy, max;
    } cases[] = {
        /* The fullest of process and frontends; frontends of TCP are no requests. */
        {PL_STATUS_HAPROXY,
         HAPROXY_HEAD "a,FRONTEND,,9,10,7,http,\nb,FRONTEND,,5,9,5,tcp,\n"
                      "x,BACKEND,2,6,9,0,http,\ny,BACKEND,9,9,9,0,tcp,\n",
         0, 7, 4, 2, 9, 10},
        {PL_STATUS_HAPROXY, HAPROXY_HEAD "b,FRONTEND,,5,90,,tcp,\n", 0, ABSENT, ABSENT, ABSENT, 10,
         100},
        {PL_STATUS_HAPROXY, "Maxconn: 100\nCurrConns: 10\n", PL_E_SYNTAX, 0, 0, 0, 0, 0},
        {PL_STATUS_HAPROXY, HAPROXY_HEAD "a,FRONTEND,,9,10,x,http,\n", PL_E_SYNTAX, 0, 0, 0, 0, 0},
        {PL_STATUS_HAPROXY, HAPROXY_HEAD "x,BACKEND,0,3000000000,9,0,http,\n", PL_E_RANGE, 0, 0, 0,
         0, 0},
        {PL_STATUS_HAPROXY,
         HAPROXY_HEAD "a,FRONTEND,,0,0,9223372036854775807,http,\n"
                      "b,FRONTEND,,0,0,1,http,\n",
         PL_E_SYNTAX, 0, 0, 0, 0, 0},
        {PL_STATUS_APACHE, "Scoreboard: _.SIRWDLGKC\n", 0, ABSENT, 5, ABSENT, 7, 11},
        {PL_STATUS_APACHE, "Scoreboard: W W\n", PL_E_SYNTAX, 0, 0, 0, 0, 0},
        {PL_STATUS_APACHE, "Scoreboard: WW", PL_E_SYNTAX, 0, 0, 0, 0, 0}, // may be cut
        {PL_STATUS_NGINX,
         "Active connections: 1 \nserver accepts handled requests\n 1 1 5 \n"
         "Reading: 3000000000 Writing: 0 Waiting: 0 \n",
         PL_E_RANGE, 0, 0, 0, 0, 0},
        {PL_STATUS_NGINX,
         "Active connections: 1 \nserver accepts handled requests\n 1 1 \n"
         "Reading: 0 Writing: 0 Waiting: 0 \n",
         PL_E_SYNTAX, 0, 0, 0, 0, 0},
        {PL_STATUS_PHP_FPM, FPM("static", "2", "5", "3", "0", "4", "511"), 0, 1, 2, 4, 2, 5},
        {PL_STATUS_PHP_FPM, FPM("dynamic", "2", "3", "3", "0", "4", "0"), 0, 1, 2, ABSENT, 2,
         ABSENT},
        {PL_STATUS_PHP_FPM, FPM("dynamic", "2", "3", "5", "1", "0", "511"), 0, 1, 2, 0, 2, 5},
        {PL_STATUS_PHP_FPM, FPM("ondemand", "x", "3", "5", "1", "0", "511"), PL_E_SYNTAX, 0, 0, 0,
         0, 0},
        {PL_STATUS_PHP_FPM, FPM("static", "2", "5000000000", "3", "0", "4", "511"), PL_E_RANGE, 0,
         0, 0, 0, 0},
    };
    for (size_t i = 0; i < PL_LEN(cases); i++) {
        struct pl_status s = {0};
        printf("# %zu\n", i);
        CHECK_INT(pl_status_parse(cases[i].kind, pl_span_of(cases[i].text), &s), cases[i].want);
        CHECK_INT(value(s.requests), cases[i].requests);
        CHECK_INT(value(s.active), cases[i].active);
        CHECK_INT(value(s.waiting), cases[i].waiting);
        CHECK_INT(value(s.busy), cases[i].busy);
        CHECK_INT(value(s.max), cases[i].max);
    }
}

int main(void)
{
    RUN(test_recorded_answers);
    RUN(test_every_truncation);
    RUN(test_no_kind_passes_for_another);
    RUN(test_http);
    RUN(test_a_head_has_an_end);
    RUN(test_fastcgi_refusals);
    RUN(test_fastcgi_request);
    RUN(test_what_each_kind_says);
    return check_finish();
}
