/* http.h - HTTP/1.1 requests from untrusted bytes: head and body limits, strictness, no I/O.
 *
 * The grammar is http_parser's; this file adds what that library lets pass and a server must not
 * (RFC 9112): it looks at every head byte once before the library sees it, so the 8 KiB limit is
 * exact and a head with obs-fold, a bare LF or CR, a control byte, or a blank before the colon
 * never reaches the library. Nothing outside http.c includes <http_parser.h>, so that llhttp can
 * take its place. One `struct pl_http_parser` serves one connection, request after request. */
#pragma once

#include "common/base/base.h"
#include "common/base/span.h"

enum {
    PL_HTTP_HEAD_BYTES_MAX = 8192,     // request line and headers with all line ends; then 431
    PL_HTTP_BODY_BYTES_MAX = 65536,    // body with its chunk framing and trailers; then 413
    PL_HTTP_ALERTS_BYTES_MAX = 262144, // the same of what a Prometheus posts in one go
    PL_HTTP_LIBRARY_BYTES = 32,        // sizeof(http_parser), asserted in http.c
};

/* Why a request or a connection is refused: name (JSON key of /api/v1/self), status, English. The
 * first group is decided here, the second by io/http_server, which counts both. Status 0: the
 * connection is closed without an answer. */
#define PL_HTTP_REFUSAL_LIST(X)                                                                    \
    X(SYNTAX, "syntax", 400, "the request is not well-formed HTTP/1.1")                            \
    X(LINE_END, "line_end", 400, "a line of the head does not end with CR LF")                     \
    X(FOLD, "fold", 400, "a header is continued on the next line (obs-fold)")                      \
    X(FIELD_NAME, "field_name", 400, "a header name is empty or holds a blank")                    \
    X(TARGET, "target", 400, "the target must be a path that starts with / and is ASCII")          \
    X(HOST, "host", 400, "exactly one Host header is required")                                    \
    X(VERSION, "version", 505, "only HTTP/1.0 and HTTP/1.1 are spoken here")                       \
    X(HEAD_TOO_BIG, "head_too_big", 431, "the request head is larger than 8 KiB")                  \
    X(BODY_TOO_BIG, "body_too_big", 413,                                                           \
      "the request body is larger than 64 KiB (/api/v2/alerts: 256 KiB)")                          \
    X(FOREIGN_HOST, "foreign_host", 421,                                                           \
      "this collector answers to localhost, to IP addresses and to the host of its external_url, " \
      "not to another name")                                                                       \
    X(FULL, "full", 0, "there is no slot for another connection by TLS")                           \
    X(HEAD_TIMEOUT, "head_timeout", 408, "the request head did not arrive within 10 s")            \
    X(BODY_TIMEOUT, "body_timeout", 408, "the request body did not arrive within 30 s")            \
    X(REPLY_TIMEOUT, "reply_timeout", 503, "the answer was not ready within 30 s")                 \
    X(SLOW_READER, "slow_reader", 0, "the client did not read its answer")

enum pl_http_refusal {
#define PL_HTTP_REFUSAL_ENUM(id, name, status, text) PL_HTTP_REFUSED_##id,
    PL_HTTP_REFUSAL_LIST(PL_HTTP_REFUSAL_ENUM)
#undef PL_HTTP_REFUSAL_ENUM
        PL_HTTP_REFUSAL_COUNT
};

struct pl_http_refusal_info {
    const char *name;
    int status;
    const char *text;
};
/* Row of the table above. */
const struct pl_http_refusal_info *pl_http_refusal_info(enum pl_http_refusal refusal);

/* Reason phrase of a status this server sends ("Not Found"); "Unknown" for any other. */
const char *pl_http_status_text(int status);

/* What routes are made for; every other method the library knows is OTHER. */
enum pl_http_method {
    PL_HTTP_GET,
    PL_HTTP_HEAD,
    PL_HTTP_POST,
    PL_HTTP_PUT,
    PL_HTTP_PATCH,
    PL_HTTP_DELETE,
    PL_HTTP_OTHER
};
/* "GET"; OTHER has no name and is refused. */
const char *pl_http_method_name(enum pl_http_method method);

/* One request. The spans are borrowed from the parser until its next feed. A header that was not
 * sent is an empty span; of a repeated header the last value counts (repeated Host is refused). */
struct pl_http_request {
    enum pl_http_method method;
    bool keep_alive;
    struct pl_span path;  // as sent, still percent-encoded; starts with '/'
    struct pl_span query; // what follows '?', without it; may be empty
    struct pl_span host;
    struct pl_span accept_encoding;
    struct pl_span if_none_match;
    struct pl_span authorization, cookie, origin, content_type;
    struct pl_span csrf; // X-CSRF-Token
    struct pl_span twilio_signature, pagerduty_signature, slack_signature, slack_timestamp;
    struct pl_span if_match, idempotency_key;
    struct pl_span body; // without its framing
};

enum pl_http_stage {
    PL_HTTP_STAGE_IDLE, // not one byte of the next request yet
    PL_HTTP_STAGE_HEAD,
    PL_HTTP_STAGE_BODY,
};

struct pl_http_parser {
    enum pl_http_stage stage;
    size_t head_len;
    size_t line_start; // offset in `head` of the line being read
    bool colon_seen;   // in that line
    size_t framed_len; // bytes of the body so far, its framing included
    size_t body_len;
    struct pl_http_request request; // while the body is read; its spans point into `head`
    uint8_t library[PL_HTTP_LIBRARY_BYTES];
    uint8_t head[PL_HTTP_HEAD_BYTES_MAX];
    uint8_t body[PL_HTTP_ALERTS_BYTES_MAX]; // its far end is touched by large posts only
};

enum pl_http_result { PL_HTTP_NEED_MORE, PL_HTTP_COMPLETE, PL_HTTP_REFUSED };

/* A parser before its first byte. */
void pl_http_init(struct pl_http_parser *p);

/* Read `in` until one request is complete, refused, or `in` is used up; `*used` receives the bytes
 * consumed. On COMPLETE `*request` is set and bytes after `*used` belong to the next request; feed
 * them when this one is answered. On REFUSED `*refusal` is set and the connection must be closed
 * after the answer: the parser may not be fed again. Never allocates. */
enum pl_http_result pl_http_feed(struct pl_http_parser *p, struct pl_span in, size_t *used,
                                 struct pl_http_request *request, enum pl_http_refusal *refusal);

/* True for "localhost", any IPv4 address or bracketed IPv6 literal, each with or without a port.
 * A page of another site can make a browser send requests here under its own name (DNS rebinding),
 * but never under these. */
bool pl_http_host_is_local(struct pl_span host);

/* True if the Host header `host` names `wanted` (lower case, with or without a port), in any case.
 */
bool pl_http_host_is(struct pl_span host, const char *wanted);

/* True if the Accept-Encoding value `accept` allows `coding` ("br", "gzip"): it is listed, or "*"
 * is, with a weight above 0 (RFC 9110 section 12.5.3). */
bool pl_http_accepts(struct pl_span accept, const char *coding);

/* True if the If-None-Match value `header` is "*" or lists the strong entity tag `etag` (given with
 * its quotes); a W/ prefix is ignored, as section 13.1.2 of RFC 9110 asks. */
bool pl_http_etag_matches(struct pl_span header, struct pl_span etag);
