/* redis.h - one connection to one Redis, and the truth about it at any moment.
 *
 *     AWAY --wait over--> CONNECTING --greeted--> READY <--a reply / 1 s without one--> STALLED
 *      ^                      |                     |                                      |
 *      +------ refused, 5 s --+--- broken ----------+------- broken, 30 s without a reply -+
 *
 * Replies come in the order of the commands. Every command gets exactly one callback; a NULL reply
 * means that its outcome is unknown: Redis may have run it or not. A stopped Redis looks like a
 * slow one, so after a second of silence it is reported as STALLED (nobody waits for it any more)
 * while the connection is kept: giving it up would lose the answers to what was sent.
 *
 * Commands that sit in the socket of a connection we gave up could still run later, after newer
 * ones. So a fresh connection first ends its predecessor (redis_hello.h), also one of a collector
 * that was killed, and only then carries commands.
 *
 * Bounds: PL_REDIS_WINDOW_MAX commands in flight, then PL_E_FULL. Commands of one loop turn leave
 * in one write. Single-key commands only, so that the same code serves a cluster one day. */
#pragma once

#include "common/base/base.h"
#include "common/base/span.h"
#include "common/base/text.h"

#include <uv.h>

enum {
    PL_REDIS_WINDOW_MAX = 1024,
    PL_REDIS_ARGS_MAX = 72,
    PL_REDIS_STALLED_MS = 1000,
    PL_REDIS_GIVE_UP_MS = 30000,
    PL_REDIS_CONNECT_MS = 5000,
    PL_REDIS_PING_MS = 200,
};

enum pl_redis_state { PL_REDIS_AWAY, PL_REDIS_CONNECTING, PL_REDIS_READY, PL_REDIS_STALLED };

/* "away", "connecting", "ready", "stalled". */
const char *pl_redis_state_name(enum pl_redis_state state);

/* Where it is: a Unix socket if `unix_path` is set, else host (name or address) and port. */
struct pl_redis_options {
    char unix_path[108]; // room of sockaddr_un.sun_path
    char host[254];
    uint16_t port;
    uint8_t database; // 0 to 15
    uint64_t seed;    // of the reconnect jitter
    /* READY, STALLED or AWAY was entered. After AWAY every callback of the lost connection has
     * been made; READY after AWAY is a new connection, READY after STALLED the same one. */
    void (*on_state)(void *ctx, enum pl_redis_state state);
    void *ctx;
};

/* What Redis says about itself, newest answer; asked on connecting and every 10 s. */
struct pl_redis_facts {
    char version[24];
    char run_id[41];   // changes when the server restarts
    bool aof_on;       // what it acknowledged survives its death
    bool aof_writable; // the last write to the append-only file succeeded
    bool loading;      // reads its file, answers later
    int64_t client_id; // of this connection
};

struct redisReply;
struct pl_redis;

/* A command: up to PL_REDIS_ARGS_MAX borrowed arguments. More are a bug. */
struct pl_redis_args {
    int count;
    const char *text[PL_REDIS_ARGS_MAX];
    size_t len[PL_REDIS_ARGS_MAX];
};
void pl_redis_arg(struct pl_redis_args *args, struct pl_span bytes);
void pl_redis_arg_text(struct pl_redis_args *args, const char *text);

/* Starts connecting. NULL without memory. `options` is copied; `ctx` is borrowed. */
struct pl_redis *pl_redis_new(uv_loop_t *loop, const struct pl_redis_options *options);
/* Breaks the connection (every command in flight gets its NULL), then frees `r` and calls
 * on_closed from the loop. No on_state follows. `r` may not be used after this call. */
void pl_redis_close(struct pl_redis *r, void (*on_closed)(void *ctx), void *ctx);

/* Send (`args` is only read). 0, and on_reply will be called once, never from inside this call (the
 * reply is borrowed until it returns); PL_E_STATE unless READY; PL_E_FULL when the window is full.
 */
PL_MUST_CHECK int pl_redis_send(struct pl_redis *r, struct pl_redis_args *args,
                                void (*on_reply)(void *ctx, const struct redisReply *reply),
                                void *ctx);

enum pl_redis_state pl_redis_state(const struct pl_redis *r);
const struct pl_redis_facts *pl_redis_facts(const struct pl_redis *r);
/* How many commands may be sent now; 0 unless READY. */
uint32_t pl_redis_room(const struct pl_redis *r);
/* Redis was alive and answering at this moment: everything it was asked before is answered.
 * Monotonic; 0 before the first answer of a connection. */
int64_t pl_redis_alive_mono_ms(const struct pl_redis *r);
