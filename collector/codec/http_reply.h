/* http_reply.h - the head of an HTTP answer, and RFC 9457 problem bodies.
 *
 * Every answer carries the same security headers: this server's pages load nothing from anywhere
 * else, run no inline script, and cannot be framed. */
#pragma once

#include "common/base/text.h"

struct pl_http_reply {
    int status;
    const char *content_type;  // NULL: an answer without a body (304)
    const char *cache_control; // NULL: "no-store"
    const char *etag;          // with its quotes; NULL: none
    const char *encoding;      // Content-Encoding; NULL: none
    const char *allow;         // Allow, for 405; NULL: none
    const char *location;      // of 303; NULL: none
    const char *set_cookie;    // NULL: none
    int64_t retry_after_s;     // of 429 and 503; 0: not said
    bool vary;                 // the choice looked at Accept-Encoding
    bool is_hidden;            // X-Robots-Tag: search engines are to forget it
    bool stream;               // no Content-Length: the body ends with the connection
    struct pl_span body;       // borrowed for the call
};

/* Room enough for any head this server writes; a test holds it to that. */
enum { PL_HTTP_REPLY_HEAD_MAX = 1024 };

/* Status line, headers and the empty line. Content-Length is that of `reply->body`, for HEAD too.
 */
void pl_http_reply_head(struct pl_text *out, const struct pl_http_reply *reply, bool keep_alive,
                        int64_t now_unix_ms);

/* What went wrong, for people and programs. */
struct pl_http_problem {
    int status;
    struct pl_span parameter; // query parameter at fault; empty: none. Any bytes
    const char *detail;       // one sentence
    const struct pl_http_problem
        *next; // another parameter at fault, of the same status; NULL: none
};

/* application/problem+json body (RFC 9457); `errors` lists every parameter at fault. */
void pl_http_problem_body(struct pl_text *out, const struct pl_http_problem *problem);
