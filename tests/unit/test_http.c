/* The HTTP shim: what it accepts, every refusal it promises, every split of a good input. */
#include "collector/codec/http.h"
#include "tests/check.h"

static struct pl_http_parser parser;

struct outcome {
    enum pl_http_result result;
    enum pl_http_refusal refusal; // PL_HTTP_REFUSAL_COUNT: none
    size_t used;
    struct pl_http_request request;
};

/* Feed all of `text` to a fresh parser in pieces of `piece` bytes, until it decides. */
static struct outcome feed(const char *text, size_t len, size_t piece)
{
    struct outcome o = {.result = PL_HTTP_NEED_MORE, .refusal = PL_HTTP_REFUSAL_COUNT};
    pl_http_init(&parser);
    while (o.used < len && o.result == PL_HTTP_NEED_MORE) {
        size_t step = PL_MIN(piece, len - o.used), taken = 0;
        struct pl_span in = {(const uint8_t *)text + o.used, step};
        o.result = pl_http_feed(&parser, in, &taken, &o.request, &o.refusal);
        if (o.result == PL_HTTP_NEED_MORE) CHECK_INT(taken, step);
        o.used += taken;
    }
    return o;
}

#define GOOD_HEAD                                                                                  \
    "GET /api/v1/hosts?pool=web HTTP/1.1\r\nHost: 127.0.0.1:7411\r\n"                              \
    "Accept-Encoding: gzip, br \r\nIf-None-Match:\t\"abc\"\r\nX-Other: \xc3\xa9\r\n\r\n"

static void test_request_in_any_split(void)
{
    static const char text[] = GOOD_HEAD;
    for (size_t piece = 1; piece < sizeof text; piece++) {
        struct outcome o = feed(text, sizeof text - 1, piece);
        struct pl_http_request r = o.request;
        REQUIRE(o.result == PL_HTTP_COMPLETE);
        CHECK_INT(o.used, sizeof text - 1);
        CHECK_INT(r.method, PL_HTTP_GET);
        CHECK(r.keep_alive);
        CHECK(pl_span_is(r.path, "/api/v1/hosts"));
        CHECK(pl_span_is(r.query, "pool=web"));
        CHECK(pl_span_is(r.host, "127.0.0.1:7411"));
        CHECK(pl_span_is(r.accept_encoding, "gzip, br"));
        CHECK(pl_span_is(r.if_none_match, "\"abc\""));
    }
}

static void test_truncated_head_waits(void)
{
    static const char text[] = GOOD_HEAD;
    for (size_t len = 1; len < sizeof text - 1; len++) {
        struct outcome o = feed(text, len, len);
        CHECK_INT(o.result, PL_HTTP_NEED_MORE);
        CHECK_INT(o.used, len);
        CHECK_INT(parser.stage, PL_HTTP_STAGE_HEAD);
    }
}

static void test_pipelined_requests_come_one_by_one(void)
{
    static const char text[] = "GET /a HTTP/1.1\r\nHost: h\r\n\r\n"
                               "\r\nHEAD /b HTTP/1.0\r\n\r\n"
                               "POST /c HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nxyz"
                               "PUT /d HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
                               "3;a=b\r\nxyz\r\n0\r\nTrailer: t\r\n\r\n"
                               "GET /e HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";
    static const struct {
        const char *path;
        enum pl_http_method method;
        bool keep_alive;
        const char *body;
    } want[] = {
        {"/a", PL_HTTP_GET, true, ""},     {"/b", PL_HTTP_HEAD, false, ""},
        {"/c", PL_HTTP_POST, true, "xyz"}, {"/d", PL_HTTP_PUT, true, "xyz"},
        {"/e", PL_HTTP_GET, false, ""},
    };
    for (size_t piece = 1; piece <= sizeof text; piece++) {
        size_t at = 0, seen = 0;
        pl_http_init(&parser);
        while (at < sizeof text - 1) {
            size_t step = PL_MIN(piece, sizeof text - 1 - at);
            struct pl_http_request r = {0};
            enum pl_http_refusal refusal;
            struct pl_span in = {(const uint8_t *)text + at, step};
            size_t used = 0;
            enum pl_http_result result = pl_http_feed(&parser, in, &used, &r, &refusal);
            REQUIRE(result != PL_HTTP_REFUSED);
            REQUIRE(used > 0);
            at += used;
            if (result != PL_HTTP_COMPLETE) continue;
            REQUIRE(seen < PL_LEN(want));
            CHECK(pl_span_is(r.path, want[seen].path));
            CHECK_INT(r.method, want[seen].method);
            CHECK_INT(r.keep_alive, want[seen].keep_alive);
            CHECK(pl_span_is(r.body, want[seen].body));
            seen++;
        }
        CHECK_INT(seen, PL_LEN(want));
        CHECK_INT(parser.stage, PL_HTTP_STAGE_IDLE);
    }
}

#define H "Host: h\r\n"
static const struct {
    const char *text;
    enum pl_http_refusal want;
} refused[] = {
    {"GET / HTTP/1.1\r\n\r\n", PL_HTTP_REFUSED_HOST},
    {"GET / HTTP/1.1\r\n" H H "\r\n", PL_HTTP_REFUSED_HOST},
    {"GET / HTTP/1.1\r\n" H "hOST: other\r\n\r\n", PL_HTTP_REFUSED_HOST},
    {"GET / HTTP/1.1\r\nHost : h\r\n\r\n", PL_HTTP_REFUSED_FIELD_NAME},
    {"GET / HTTP/1.1\r\n" H "X\t: y\r\n\r\n", PL_HTTP_REFUSED_FIELD_NAME},
    {"GET / HTTP/1.1\r\n" H ": y\r\n\r\n", PL_HTTP_REFUSED_FIELD_NAME},
    {"GET / HTTP/1.1\r\n" H "X: a\r\n b\r\n\r\n", PL_HTTP_REFUSED_FOLD},
    {"GET / HTTP/1.1\r\n" H "X: a\r\n\tb\r\n\r\n", PL_HTTP_REFUSED_FOLD},
    {"GET / HTTP/1.1\r\n Host: h\r\n\r\n", PL_HTTP_REFUSED_FOLD},
    {"GET / HTTP/1.2\r\n" H "\r\n", PL_HTTP_REFUSED_VERSION},
    {"GET / HTTP/2.0\r\n" H "\r\n", PL_HTTP_REFUSED_VERSION},
    {"GET / HTTP/0.9\r\n" H "\r\n", PL_HTTP_REFUSED_VERSION},
    {"GET /\r\n\r\n", PL_HTTP_REFUSED_VERSION},
    {"GET http://h/ HTTP/1.1\r\n" H "\r\n", PL_HTTP_REFUSED_TARGET},
    {"OPTIONS * HTTP/1.1\r\n" H "\r\n", PL_HTTP_REFUSED_TARGET},
    {"CONNECT h:80 HTTP/1.1\r\n" H "\r\n", PL_HTTP_REFUSED_TARGET},
    {"GET /caf\xc3\xa9 HTTP/1.1\r\n" H "\r\n", PL_HTTP_REFUSED_TARGET},
    {"GET /a#b HTTP/1.1\r\n" H "\r\n", PL_HTTP_REFUSED_TARGET},
    {"GET /a b HTTP/1.1\r\n" H "\r\n", PL_HTTP_REFUSED_SYNTAX},
    {"GET /a\x01 HTTP/1.1\r\n" H "\r\n", PL_HTTP_REFUSED_SYNTAX},
    {"GET / HTTP/1.1\n" H "\r\n", PL_HTTP_REFUSED_LINE_END},
    {"GET / HTTP/1.1\r\nHost: h\n\r\n", PL_HTTP_REFUSED_LINE_END},
    {"GET / HTTP/1.1\r\nHost: h\r\n\n", PL_HTTP_REFUSED_LINE_END},
    {"GET / HTTP/1.1\r\nHost: h\rX: y\r\n\r\n", PL_HTTP_REFUSED_LINE_END},
    {"GET / HTTP/1.1\r\n" H "X: a\x01\r\n\r\n", PL_HTTP_REFUSED_SYNTAX},
    {"GET / HTTP/1.1\r\n" H "X: a\x7f\r\n\r\n", PL_HTTP_REFUSED_SYNTAX},
    {"GET / HTTP/1.1\r\n" H "nocolon\r\n\r\n", PL_HTTP_REFUSED_SYNTAX},
    {"GET / HTTP/1.1\r\n" H "a@b: c\r\n\r\n", PL_HTTP_REFUSED_SYNTAX},
    {"get / HTTP/1.1\r\n" H "\r\n", PL_HTTP_REFUSED_SYNTAX},
    {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", PL_HTTP_REFUSED_SYNTAX},
    {"\x16\x03\x01\x02", PL_HTTP_REFUSED_SYNTAX},
    {"POST / HTTP/1.1\r\n" H "Content-Length: 1\r\nContent-Length: 1\r\n\r\n",
     PL_HTTP_REFUSED_SYNTAX},
    {"POST / HTTP/1.1\r\n" H "Content-Length: -1\r\n\r\n", PL_HTTP_REFUSED_SYNTAX},
    {"POST / HTTP/1.1\r\n" H "Content-Length: 99999999999999999999\r\n\r\n",
     PL_HTTP_REFUSED_SYNTAX},
    {"POST / HTTP/1.1\r\n" H "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
     PL_HTTP_REFUSED_SYNTAX},
    {"POST / HTTP/1.1\r\n" H "Transfer-Encoding: gzip\r\n\r\n", PL_HTTP_REFUSED_SYNTAX},
    {"POST / HTTP/1.1\r\n" H "Content-Length: 65537\r\n\r\n", PL_HTTP_REFUSED_BODY_TOO_BIG},
    {"POST /api/v2/alerts HTTP/1.1\r\n" H "Content-Length: 262145\r\n\r\n",
     PL_HTTP_REFUSED_BODY_TOO_BIG},
    {"POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\nzz\r\n", PL_HTTP_REFUSED_SYNTAX},
};

static void test_refusals_in_any_split(void)
{
    for (size_t i = 0; i < PL_LEN(refused); i++) {
        size_t len = strlen(refused[i].text);
        for (size_t piece = 1; piece <= len; piece++) {
            struct outcome o = feed(refused[i].text, len, piece);
            CHECK_INT(o.result, PL_HTTP_REFUSED);
            CHECK_INT(o.refusal, refused[i].want);
            if (o.refusal == refused[i].want) continue;
            printf("#   case %zu, pieces of %zu: %.40s\n", i, piece, refused[i].text);
            break;
        }
    }
}

static void test_nul_byte_is_refused(void)
{
    static const char text[] = "GET / HTTP/1.1\r\nHost: a\0b\r\n\r\n";
    struct outcome o = feed(text, sizeof text - 1, 100);
    CHECK_INT(o.result, PL_HTTP_REFUSED);
    CHECK_INT(o.refusal, PL_HTTP_REFUSED_SYNTAX);
}

/* A head of exactly `len` bytes. */
static void make_head(char *buf, size_t len)
{
    static const char start[] = "GET / HTTP/1.1\r\nHost: h\r\nX: ";
    memset(buf, 'x', len);
    memcpy(buf, start, sizeof start - 1);
    memcpy(buf + len - 4, "\r\n\r\n", 4);
}

static void test_head_limit_is_exact(void)
{
    static char buf[PL_HTTP_HEAD_BYTES_MAX + 1];
    make_head(buf, PL_HTTP_HEAD_BYTES_MAX);
    struct outcome o = feed(buf, PL_HTTP_HEAD_BYTES_MAX, 777);
    CHECK_INT(o.result, PL_HTTP_COMPLETE);
    make_head(buf, sizeof buf);
    o = feed(buf, sizeof buf, 777);
    CHECK_INT(o.result, PL_HTTP_REFUSED);
    CHECK_INT(o.refusal, PL_HTTP_REFUSED_HEAD_TOO_BIG);
    memset(buf, 'A', sizeof buf); // a request line without an end
    o = feed(buf, sizeof buf, 4096);
    CHECK_INT(o.result, PL_HTTP_REFUSED);
    CHECK_INT(o.refusal, PL_HTTP_REFUSED_HEAD_TOO_BIG);
}

static void test_body_limit(void)
{
    enum { HEAD_ROOM = 100 };
    static char buf[HEAD_ROOM + 2 * PL_HTTP_BODY_BYTES_MAX];
    memset(buf, 'b', sizeof buf);
    static const char fits[] = "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 65536\r\n\r\n";
    memcpy(buf, fits, sizeof fits - 1);
    size_t total = sizeof fits - 1 + PL_HTTP_BODY_BYTES_MAX;
    struct outcome o = feed(buf, total - 1, 1000);
    CHECK_INT(o.result, PL_HTTP_NEED_MORE);
    CHECK_INT(parser.stage, PL_HTTP_STAGE_BODY);
    o = feed(buf, total, 1000);
    CHECK_INT(o.result, PL_HTTP_COMPLETE);
    CHECK_INT(o.used, total);
    CHECK_INT(o.request.body.len, PL_HTTP_BODY_BYTES_MAX);
    CHECK_INT(o.request.body.ptr[PL_HTTP_BODY_BYTES_MAX - 1], 'b');
    static const char chunked[] = "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
                                  "fffff\r\n";
    memcpy(buf, chunked, sizeof chunked - 1);
    o = feed(buf, sizeof buf, 1000);
    CHECK_INT(o.result, PL_HTTP_REFUSED);
    CHECK_INT(o.refusal, PL_HTTP_REFUSED_BODY_TOO_BIG);
    CHECK(o.used <= sizeof chunked + PL_HTTP_BODY_BYTES_MAX);
}

static void test_methods_and_headers(void)
{
    static const struct {
        const char *name;
        enum pl_http_method want;
    } methods[] = {{"GET", PL_HTTP_GET},      {"HEAD", PL_HTTP_HEAD},   {"POST", PL_HTTP_POST},
                   {"PUT", PL_HTTP_PUT},      {"PATCH", PL_HTTP_PATCH}, {"DELETE", PL_HTTP_DELETE},
                   {"OPTIONS", PL_HTTP_OTHER}};
    for (size_t i = 0; i < PL_LEN(methods); i++) {
        char text[400];
        int len = snprintf(text, sizeof text,
                           "%s / HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer a\r\nCookie: b=c\r\n"
                           "Origin: http://h\r\nContent-Type: application/json\r\n"
                           "x-csrf-token: d\r\n\r\n",
                           methods[i].name);
        struct outcome o = feed(text, (size_t)len, 7);
        REQUIRE(o.result == PL_HTTP_COMPLETE);
        CHECK_INT(o.request.method, methods[i].want);
        if (methods[i].want != PL_HTTP_OTHER)
            CHECK_TEXT(pl_http_method_name(methods[i].want), methods[i].name);
        CHECK(pl_span_is(o.request.authorization, "Bearer a"));
        CHECK(pl_span_is(o.request.cookie, "b=c"));
        CHECK(pl_span_is(o.request.origin, "http://h"));
        CHECK(pl_span_is(o.request.content_type, "application/json"));
        CHECK(pl_span_is(o.request.csrf, "d"));
        CHECK_INT(o.request.body.len, 0);
    }
}

/* Upgrade is an offer; this server never takes it (RFC 9110 section 7.8). */
static void test_upgrade_offer_is_ignored(void)
{
    static const char *const first[] = {
        "GET /a HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n",
        "POST /a HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n"
        "Content-Length: 2\r\n\r\nxy",
        "POST /a HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n"
        "Transfer-Encoding: chunked\r\n\r\n2\r\nxy\r\n0\r\n\r\n",
    };
    for (size_t i = 0; i < PL_LEN(first); i++) {
        char text[400];
        int len = snprintf(text, sizeof text, "%sGET /b HTTP/1.1\r\nHost: h\r\n\r\n", first[i]);
        struct outcome o = feed(text, (size_t)len, 1000);
        CHECK_INT(o.result, PL_HTTP_COMPLETE);
        CHECK(pl_span_is(o.request.path, "/a"));
        CHECK_INT(o.used, strlen(first[i]));
    }
}

static void test_local_hosts(void)
{
    static const struct {
        const char *host;
        bool local;
    } cases[] = {
        {"localhost", true},
        {"LocalHost:7411", true},
        {"127.0.0.1", true},
        {"127.0.0.1:7411", true},
        {"[::1]", true},
        {"[::1]:7411", true},
        {"192.0.2.7:80", true},
        {"", false},
        {":80", false},
        {"evil.example", false},
        {"127.0.0.1.evil.example", false},
        {"localhost.evil", false},
        {"1.2.3.4.", false},
        {"7411", true},
        {"example.com:80", false},
        {"[::1", false},
    };
    for (size_t i = 0; i < PL_LEN(cases); i++)
        if (pl_http_host_is_local(pl_span_of(cases[i].host)) != cases[i].local)
            CHECK_TEXT(cases[i].host, "judged the other way");
        else
            CHECK(true);
}

static void test_accept_encoding(void)
{
    static const struct {
        const char *accept;
        bool br, gzip;
    } cases[] = {
        {"", false, false},
        {"gzip", false, true},
        {"gzip, deflate, br", true, true},
        {"BR;q=1.0,gzip;q=0", true, false},
        {"br;q=0.000, gzip ; q=0.5", false, true},
        {"*", true, true},
        {"*;q=0", false, false},
        {"*, br;q=0", false, true},
        {"brr, xgzip", false, false},
        {" , ,gzip,", false, true},
    };
    for (size_t i = 0; i < PL_LEN(cases); i++) {
        CHECK_INT(pl_http_accepts(pl_span_of(cases[i].accept), "br"), cases[i].br);
        CHECK_INT(pl_http_accepts(pl_span_of(cases[i].accept), "gzip"), cases[i].gzip);
    }
}

static void test_etags(void)
{
    struct pl_span etag = pl_span_of("\"a-br\"");
    CHECK(pl_http_etag_matches(pl_span_of("\"a-br\""), etag));
    CHECK(pl_http_etag_matches(pl_span_of("\"x\", W/\"a-br\" ,\"y\""), etag));
    CHECK(pl_http_etag_matches(pl_span_of("*"), etag));
    CHECK(!pl_http_etag_matches(pl_span_of("\"a\""), etag));
    CHECK(!pl_http_etag_matches(pl_span_of("a-br"), etag));
    CHECK(!pl_http_etag_matches(pl_span_of(""), etag));
}

static void test_tables(void)
{
    for (int i = 0; i < PL_HTTP_REFUSAL_COUNT; i++) {
        const struct pl_http_refusal_info *info = pl_http_refusal_info((enum pl_http_refusal)i);
        CHECK(info->name[0] != '\0');
        if (info->status != 0) CHECK(strcmp(pl_http_status_text(info->status), "Unknown") != 0);
    }
    CHECK_TEXT(pl_http_status_text(299), "Unknown");
}

static void test_its_own_name(void)
{
    CHECK(pl_http_host_is(pl_span_of("plimsoll.example:7410"), "plimsoll.example:7410"));
    CHECK(pl_http_host_is(pl_span_of("Plimsoll.EXAMPLE:7410"), "plimsoll.example:7410"));
    CHECK(!pl_http_host_is(pl_span_of("plimsoll.example"), "plimsoll.example:7410"));
    CHECK(!pl_http_host_is(pl_span_of("plimsoll.example:7410.x"), "plimsoll.example:7410"));
    CHECK(!pl_http_host_is(pl_span_of(""), "")); // none is configured
}

int main(void)
{
    RUN(test_request_in_any_split);
    RUN(test_truncated_head_waits);
    RUN(test_pipelined_requests_come_one_by_one);
    RUN(test_refusals_in_any_split);
    RUN(test_nul_byte_is_refused);
    RUN(test_head_limit_is_exact);
    RUN(test_body_limit);
    RUN(test_methods_and_headers);
    RUN(test_upgrade_offer_is_ignored);
    RUN(test_local_hosts);
    RUN(test_accept_encoding);
    RUN(test_etags);
    RUN(test_tables);
    RUN(test_its_own_name);
    return check_finish();
}
