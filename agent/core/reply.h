/* reply.h - asking a local server and finding its answer's body: HTTP, FastCGI and haproxy's
 * socket.
 *
 *     HTTP      GET as HTTP/1.0 with keep-alive: then no server answers in chunks, and the body
 *               ends by Content-Length or with the connection (RFC 9112, 6.3 and 9.3)
 *     FastCGI   one responder request (FastCGI specification, 3 to 6), answered in STDOUT records;
 *               never kept alive, because a kept connection holds a worker of php-fpm
 *     haproxy   one line; the answer ends with the connection
 *
 * Bytes are hostile: what is malformed, not a 200 or longer than the caller's buffer is refused. */
#pragma once

#include "common/base/base.h"
#include "common/base/span.h"

enum pl_reply_protocol { PL_REPLY_HTTP, PL_REPLY_FASTCGI, PL_REPLY_HAPROXY };

enum { PL_REPLY_PATH_MAX = 100, PL_REPLY_REQUEST_BYTES = 512, PL_REPLY_HEAD_BYTES_MAX = 4096 };

struct pl_reply {
    struct pl_span body; // borrows from the bytes it was found in
    bool keeps;          // the connection takes another question
};

/* The question for `path` (1 to PL_REPLY_PATH_MAX bytes from '!' to '~'; haproxy: not looked at)
 * into `out`, PL_REPLY_REQUEST_BYTES long. Returns its length. */
size_t pl_reply_request(enum pl_reply_protocol protocol, const char *path, uint8_t *out);

/* Look at all bytes of an answer so far; `ended`: no more will come. Returns 1 with `*out` filled,
 * 0 when more are needed, PL_E_SYNTAX for what is no answer, PL_E_RANGE for one with another status
 * than 200. FastCGI: once it returned 1, `bytes` are changed and not to be looked at again. */
PL_MUST_CHECK int pl_reply_parse(enum pl_reply_protocol protocol, uint8_t *bytes, size_t len,
                                 bool ended, struct pl_reply *out);
