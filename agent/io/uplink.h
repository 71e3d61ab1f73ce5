/* uplink.h - the agent's line to its collectors: what is in the spool gets there, once.
 *
 *     WAIT --timer--> CONNECT --TCP, TLS--> GREET --WELCOME--> STREAM
 *       ^                |                    |                   |
 *       '--- CLOSE <-----'--------------------'-------------------'  timeout, error, refusal,
 * silence
 *
 * The order of collectors and the waits between attempts are route.h's, the bytes are link.h's, the
 * conversation is wire/session.h's. An enrolled agent proves its key before it says HELLO. Samples
 * leave the spool only when the collector acknowledges them; on a new connection everything behind
 * its last durable one is sent again, at most PL_UPLINK_TURN_SAMPLES_MAX at a time and the next lot
 * only when the kernel has taken the last. At most one write is in progress. In the steady state a
 * sample is one send(2) of one packet.
 *
 * A collector that says nothing for PL_UPLINK_SILENT_MS while samples wait for their
 * acknowledgement is taken for dead (a live one repeats its last acknowledgement), and so is one
 * that neither accepts nor welcomes us within PL_UPLINK_GREET_MS. Nothing is allocated after
 * pl_uplink_start. */
#pragma once

#include "agent/core/route.h"
#include "agent/core/spool.h"
#include "agent/core/told.h"
#include "agent/io/link.h"
#include "common/base/address.h"
#include "common/sys/log.h"
#include "common/wire/session.h"

#include <uv.h>

enum {
    PL_UPLINK_COLLECTORS_MAX = 16,
    PL_UPLINK_GREET_MS = 5 * 1000,   // to connect, and again to be welcomed
    PL_UPLINK_SECURE_MS = 20 * 1000, // the same with TLS: a busy collector takes agents in turn
    PL_UPLINK_SILENT_MS = 60 * 1000,
    PL_UPLINK_TURN_SAMPLES_MAX = 32,
    PL_UPLINK_TURN_CHANGES_MAX = 8,
    PL_UPLINK_LOG_MS = 60 * 1000, // failed attempts at one collector are logged no more often
    PL_UPLINK_OUT_BYTES =
        PL_LISTENER_FRAME_BYTES_MAX + PL_SERVICE_FRAME_BYTES_MAX + PL_ROTATE_FRAME_BYTES_MAX +
        PL_UPLINK_TURN_CHANGES_MAX * PL_CHANGE_FRAME_BYTES_MAX +
        PL_UPLINK_TURN_SAMPLES_MAX * (PL_FRAME_HEADER_BYTES + PL_SAMPLE_BYTES_MAX),
};

enum pl_uplink_state {
    PL_UPLINK_WAIT,
    PL_UPLINK_CONNECT,
    PL_UPLINK_GREET,
    PL_UPLINK_STREAM,
    PL_UPLINK_CLOSE,
    PL_UPLINK_STOPPED,
};

/* Called from the loop. */
struct pl_uplink_handler {
    /* Fill in what changes in HELLO between two connections: unix_ms and facts. */
    void (*on_hello)(void *arg, struct pl_hello *hello);
    /* WELCOME: the interval this collector wants, 0 for the agent's own. */
    void (*on_welcome)(void *arg, uint32_t interval_ms);
    void (*on_directive)(void *arg, const struct pl_directive *directive);
    /* The collector would not have this key, or is not who it should be: keys and pins may have
     * been exchanged on disk. NULL: nobody cares. */
    void (*on_distrust)(void *arg);
    /* A connection is about to be made: another command may have exchanged the key. NULL: likewise.
     */
    void (*on_connecting)(void *arg);
    /* An operator wants a new key. Returns it, borrowed until the next call, or NULL if there is
     * none to be had. Called again with `is_recorded`, for nothing, once the collector has recorded
     * it. */
    const struct pl_key *(*on_rekey)(void *arg, bool is_recorded);
    void *arg; // borrowed
};

/* What the uplink works with; hello and seed are copied, everything else is borrowed. */
struct pl_uplink_config {
    const struct pl_address *collectors; // `collector_count` of them, in the order to try
    uint32_t collector_count;            // 1 to PL_UPLINK_COLLECTORS_MAX
    const struct pl_hello *hello;        // with everything that stays the same
    struct pl_spool *spool;
    const struct pl_told *told;        // what changed: told on each connection. NULL: nothing
    uint64_t seed;                     // of the jitter
    const struct pl_link_trust *trust; // NULL: plain TCP. Read anew for each connection
    struct pl_uplink_handler handler;
};

struct pl_uplink {
    enum pl_uplink_state state;
    uv_loop_t *loop;     // borrowed
    struct pl_link link; // open from CONNECT to CLOSE
    uv_timer_t timer;    // the wait of WAIT, the limit of CONNECT and GREET
    int64_t wait_ms;     // before the next attempt, in CLOSE and WAIT
    struct pl_uplink_handler handler;
    struct pl_hello hello;
    struct pl_spool *spool;     // borrowed
    const struct pl_told *told; // borrowed, or NULL
    uint64_t told_count;        // of them, what this collector has heard
    struct pl_route route;
    struct pl_agent_session session;
    struct pl_listener listener;      // no address: none was named yet
    struct pl_service service;        // no name: none is watched
    struct pl_rotate rotate;          // of owes_rotate
    bool owes_listener, owes_service; // this collector has not been told yet
    bool owes_rotate;                 // it wants a new key, which was made
    uint64_t send_seq;                // the next sample to send on this connection
    int64_t heard_mono_ms; // when the collector last said something, or had nothing to say
    struct pl_uplink_collector {
        union {
            struct sockaddr any;
            struct sockaddr_in ip4;
            struct sockaddr_in6 ip6;
        } address;
        char text[PL_ADDRESS_TEXT_BYTES];
        const char *host; // borrowed from the configuration
        struct pl_log_limit log_limit, refused_limit;
    } collectors[PL_UPLINK_COLLECTORS_MAX];
    uint8_t out[PL_UPLINK_OUT_BYTES];
};

/* Start connecting. `u` stays where it is until the loop has run the closes of pl_uplink_stop.
 * UV_EINVAL if an address is no IP literal: names are not resolved here. -ENOMEM. */
PL_MUST_CHECK int pl_uplink_start(struct pl_uplink *u, uv_loop_t *loop,
                                  const struct pl_uplink_config *config);
/* A sample was pushed into the spool: send what can be sent. */
void pl_uplink_flush(struct pl_uplink *u);
/* Name the fullest accept queue: goes out before the next sample, and on each new connection. */
void pl_uplink_listener(struct pl_uplink *u, const struct pl_listener *listener);
/* The watched service is this one now, or none; likewise. */
void pl_uplink_service(struct pl_uplink *u, const struct pl_service *service);
/* Hand the kernel what it takes of the spool, and close. Idempotent. */
void pl_uplink_stop(struct pl_uplink *u);
