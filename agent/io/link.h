/* link.h - the bytes between the agent and one collector: plain TCP, or TLS.
 *
 *     open --TCP--> (TLS handshake, certificate checked) --> on_ready --> on_bytes, on_drained
 *         \------------- on_lost: once, from any of these; the owner then calls pl_link_close
 *
 * One write is in progress at a time; the owner asks pl_link_is_busy() before it sends. With TLS
 * the buffers are allocated at start, by pl_link_init; plain links need none. After the handshake
 * the link itself allocates nothing, and OpenSSL keeps what it has. */
#pragma once

#include "common/io/key.h"
#include "common/io/tls.h"
#include "common/wire/frame.h"

#include <uv.h>

enum { PL_LINK_READ_BYTES = 4096 };

/* How a collector is recognised, and what this host shows it. Borrowed parts outlive the link. */
struct pl_link_trust {
    struct pl_tls_context *context;
    bool has_pin; // the certificate must have this fingerprint
    struct pl_fingerprint pin;
    struct pl_key *key; // NULL: none; the context may have a client certificate
};

/* Called from the loop. Each may call pl_link_close(). */
struct pl_link_handler {
    void (*on_ready)(void *arg);
    /* What has come and was not taken yet. Returns how much of it was taken. */
    size_t (*on_bytes)(void *arg, struct pl_span bytes);
    void (*on_drained)(void *arg);
    /* `distrust`: the other side is not who it should be. */
    void (*on_lost)(void *arg, const char *reason, bool distrust);
    void (*on_closed)(void *arg);
    void *arg; // borrowed
};

struct pl_link {
    uv_loop_t *loop; // borrowed
    struct pl_link_handler handler;
    const struct pl_link_trust *trust; // borrowed; NULL: plain
    uv_tcp_t tcp;
    uv_connect_t connect;
    uv_write_t write;
    bool is_open, is_ready, is_busy;
    size_t in_len;
    uint8_t in[2 * PL_FRAME_BYTES_MAX];
    struct pl_tls *tls; // owned
    struct pl_tls_pipe pipe;
    size_t writing_len; // of the pipe, under way
    uint8_t *received;  // owned; PL_LINK_READ_BYTES, with `trust` only
};

/* `send_bytes_max`: the most that is sent at a time. -ENOMEM. */
PL_MUST_CHECK int pl_link_init(struct pl_link *l, uv_loop_t *loop,
                               const struct pl_link_handler *handler,
                               const struct pl_link_trust *trust, size_t send_bytes_max);
/* Once it is closed. */
void pl_link_fini(struct pl_link *l);
/* Connect to `address`, which is `host` in text. on_ready or on_lost follows; 0, or a libuv code
 * and only pl_link_close may follow. */
PL_MUST_CHECK int pl_link_open(struct pl_link *l, const struct sockaddr *address, const char *host);
/* Idempotent; on_closed follows once per open. */
void pl_link_close(struct pl_link *l);
/* Send. Plain bytes stay with the caller until on_drained. `in_turns` leaves all of it to
 * on_drained, which comes back for more once it is gone; otherwise one send(2) is enough, as a
 * rule, and on_drained comes only for a rest that was not taken at once. */
void pl_link_send(struct pl_link *l, uint8_t *bytes, size_t len, bool in_turns);
bool pl_link_is_busy(const struct pl_link *l);
