/* swarm.h - many simulated agents on one loop, each with the real spool and the real uplink.
 *
 * Agent i of N takes its samples i/N of an interval after agent 0, so the collector sees an even
 * stream. What is counted is what the spools say: a sample is acknowledged when it has left its
 * agent's spool because the collector said that it is durable, and in no other case. */
#pragma once

#include "common/base/address.h"
#include "common/wire/token.h"
#include "tests/swarm/load.h"
#include "tests/swarm/shape.h"

#include <uv.h>

enum {
    SWARM_AGENTS_MAX = 50000,
    SWARM_POOLS_MAX = 1024,
    SWARM_TICK_MIN_MS = 5,
    SWARM_TICK_MAX_MS = 50
};

struct swarm_config {
    uint32_t agent_count; // 1 to SWARM_AGENTS_MAX
    double hz;            // samples per second and agent, 1/60 to 10
    double seconds;
    double drain_seconds; // to wait at the end for what is not acknowledged yet
    struct pl_address collector;
    struct pl_name pool;
    uint32_t
        pool_count;     // above 1: pool-0, pool-1, ..., each host in the next; ignored with a token
    const char *prefix; // hosts are prefix00000, prefix00001, ...; under ten: prefix1, ...
    const struct shape *shape;
    const struct pl_token *token; // join with it first, and speak TLS; NULL: plain
    uint64_t seed;                // of noise and jitter
};

struct swarm_result {
    uint64_t sent;         // samples taken
    uint64_t acknowledged; // of these
    uint64_t resent;       // sent again on another connection
    uint64_t reconnects;   // connections after each agent's first
};

struct swarm;

/* NULL without memory, or if the prefix makes no host name. `config` is borrowed. */
struct swarm *swarm_new(uv_loop_t *loop, const struct swarm_config *config);
/* With a token: let all agents join, one after the other, before anything begins. Blocks. */
PL_MUST_CHECK int swarm_join(struct swarm *s);
/* Connect and begin; `on_done` is called when everything is acknowledged or the time is over. 0 or
 * a libuv code. */
PL_MUST_CHECK int swarm_start(struct swarm *s, void (*on_done)(void *arg), void *arg);
/* Take no more samples, wait only for what is missing. Twice: do not even wait. */
void swarm_end(struct swarm *s);
/* Close all; the loop ends when that is done. Then free. */
void swarm_stop(struct swarm *s);
void swarm_free(struct swarm *s);
struct swarm_result swarm_result(const struct swarm *s);
