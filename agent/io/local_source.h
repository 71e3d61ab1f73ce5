/* local_source.h - one local server and the conversation with it: a question, an answer, again.
 *
 *     ask -> (connect) -> write -> read ... whole answer -> on_answer     kept open, or closed
 *                 \---------- refused, cut, malformed, too big, too slow -> on_failure, closed
 *
 * Nothing waits: a question that is still open when the next is due stays open, up to
 * PL_LOCAL_PATIENCE_MS, so a server that hangs has at most one connection of ours in its queue. The
 * answer may be PL_LOCAL_ANSWER_BYTES long and come in PL_LOCAL_READS_MAX pieces; nothing is
 * allocated. */
#pragma once

#include "agent/core/local.h"
#include "agent/core/reply.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <uv.h>

enum {
    PL_LOCAL_ANSWER_BYTES = 64 * 1024, // haproxy: some 120 frontends and backends
    PL_LOCAL_READS_MAX = 64,
    PL_LOCAL_PATIENCE_MS = 5000,
    PL_LOCAL_SOCKET_BYTES = sizeof(((struct sockaddr_un *)0)->sun_path),
    PL_LOCAL_NAME_BYTES = 256,
};

/* Where a server is asked, and how. */
struct pl_local_target {
    enum pl_status_kind kind;
    enum pl_reply_protocol protocol;
    uint32_t workers;                   // 0: the server says it
    char socket[PL_LOCAL_SOCKET_BYTES]; // of a Unix socket; empty: `address`
    struct sockaddr_storage address;    // TCP
    char path[PL_REPLY_PATH_MAX + 1];   // of HTTP and FastCGI
    char name[PL_LOCAL_NAME_BYTES];     // for people
};

enum pl_local_state {
    PL_LOCAL_CLOSED,
    PL_LOCAL_CONNECTING,
    PL_LOCAL_ASKING,
    PL_LOCAL_IDLE, // open, and nothing is asked
    PL_LOCAL_CLOSING,
};

struct pl_local_source {
    uv_loop_t *loop; // borrowed
    struct pl_local_target target;
    struct pl_local_track track;
    void (*on_answer)(struct pl_local_source *s, const struct pl_status *status);
    void (*on_failure)(struct pl_local_source *s, int err);
    void *owner; // borrowed
    enum pl_local_state state;
    union {
        uv_handle_t any;
        uv_stream_t stream;
        uv_tcp_t tcp;
        uv_pipe_t pipe;
    } handle;
    uv_connect_t connect;
    uv_write_t write;
    int64_t asked_mono_ms;
    uint32_t read_count;
    size_t len;
    uint8_t request[PL_REPLY_REQUEST_BYTES];
    uint8_t answer[PL_LOCAL_ANSWER_BYTES];
};

/* Speak to `target` from now on; the source must be PL_LOCAL_CLOSED. */
void pl_local_source_init(struct pl_local_source *s, uv_loop_t *loop,
                          const struct pl_local_target *target);
/* Ask, unless a question is still open. */
void pl_local_source_ask(struct pl_local_source *s);
/* Close; the memory is the caller's again when `state` is PL_LOCAL_CLOSED. Idempotent. */
void pl_local_source_close(struct pl_local_source *s);
