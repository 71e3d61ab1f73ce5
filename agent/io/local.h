/* local.h - asks the servers of this host what they serve, in time for each sample.
 *
 *     pl_local_sample -> values of what has answered -> (search, a step) -> timer
 *     timer, PL_LOCAL_LEAD_MS before the next sample -> every source is asked
 *
 * A sample never waits: who has not answered when it is taken has missed it, which is counted
 * (local.missed) and logged, at most one line per PL_LOCAL_LOG_MS. An answer that comes later is
 * used for the next sample. A sample that comes early, before anybody was asked for it, repeats the
 * one before. Sources come from the configuration or are found (local_find.h); where
 * there is none, there is no timer and no system call. */
#pragma once

#include "agent/io/local_find.h"
#include "agent/io/local_source.h"
#include "common/sys/log.h"
#include "common/wire/sample.h"

enum {
    PL_LOCAL_LEAD_MS = 200, // or half the interval, if that is shorter
    PL_LOCAL_LOG_MS = 60 * 1000,
    PL_LOCAL_FORGET_MS = 120 * 1000, // a found source that is silent so long is forgotten
};

struct pl_local_config {
    const struct pl_local_target *targets; // copied
    size_t count;                          // at most PL_LOCAL_SOURCES_MAX
    bool finds;                            // look for servers of kinds that are not in `targets`
    struct pl_queues *queues;              // borrowed: knows the listening sockets
    const char *proc_root, *run_root;      // "/proc", "/run"; borrowed
};

enum pl_local_role { PL_LOCAL_FREE, PL_LOCAL_CONFIGURED, PL_LOCAL_TRIAL, PL_LOCAL_FOUND };

struct pl_local_slot {
    enum pl_local_role role;
    struct pl_local_source source;
    uint32_t owner_pid;    // of a found TCP source; 0: not known
    bool was_asked;        // at least once
    bool is_missing;       // it is said to be, in the log
    int err;               // why it did not answer
    int64_t heard_mono_ms; // its last answer, or when it became a source
};

struct pl_local {
    uv_loop_t *loop; // borrowed
    uv_timer_t timer;
    struct pl_log_limit log_limit;
    struct pl_local_find find;
    bool finds;
    struct pl_sample before; // the traffic, workers and local.missed that were filled in last
    struct pl_local_slot slots[PL_LOCAL_SOURCES_MAX];
};

/* `l` is zeroed memory and stays where it is until the loop has run the closes of pl_local_stop.
 * A libuv code. */
PL_MUST_CHECK int pl_local_init(struct pl_local *l, uv_loop_t *loop,
                                const struct pl_local_config *config);
/* A sample is being taken: fill its metrics, and be ready for the one at `next_mono_ms`. */
void pl_local_sample(struct pl_local *l, int32_t *values, int64_t next_mono_ms);
/* Close everything. Idempotent. */
void pl_local_stop(struct pl_local *l);
