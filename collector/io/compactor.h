/* compactor.h - turns finished windows of samples into rows, and rows into longer rows.
 *
 *     r1 --every finished 10 min--> r10 --every finished 5 h--> r300
 *
 * Per host and step there is one mark: everything before it is rolled up. A tick starts what lies
 * between mark and now, a few windows at a time, each host at its own moment. A late sample moves
 * the mark back, so its window is rolled up again; writing the same rows twice does no harm. So
 * nothing has to be remembered over a restart: the marks of known hosts begin at the oldest window
 * that is still whole in Redis. A window is never rolled up from a part of its samples: one that
 * may have lost some to its time to live is passed over. */
#pragma once

#include "collector/core/now.h"
#include "collector/io/lane.h"
#include "collector/io/range.h"

enum {
    PL_COMPACTOR_JOBS_MAX = 4,
    PL_COMPACTOR_GRACE_R10_MS = 20 * 1000, // after the end of a window: let the last chunks in
    PL_COMPACTOR_GRACE_R300_MS = 15 * 60 * 1000,
    PL_COMPACTOR_PAUSE_MS = 5000, // after a failure
};

struct pl_compactor_options {
    struct pl_ranges *ranges; // borrowed
    struct pl_lane *lane;     // borrowed
    uint32_t host_max;
    /* The name of a host that was added. */
    const struct pl_name *(*host_name)(void *ctx, uint32_t host);
    void *ctx;
};

struct pl_compactor;

/* NULL without memory. */
struct pl_compactor *pl_compactor_new(const struct pl_compactor_options *options);
/* After the connection was closed. */
void pl_compactor_free(struct pl_compactor *c);

/* A host of this index from here on. `known`: there may be samples of before. */
void pl_compactor_add(struct pl_compactor *c, uint32_t host, bool known, int64_t now_unix_ms);
void pl_compactor_drop(struct pl_compactor *c, uint32_t host);
/* Something of this resolution that begins at `unix_ms` is in Redis now. */
void pl_compactor_touch(struct pl_compactor *c, uint32_t host, enum pl_resolution written,
                        int64_t unix_ms);
/* Start what is due, while Redis is ready; `host_count` sets the pace. */
void pl_compactor_tick(struct pl_compactor *c, uint32_t host_count, struct pl_now now);
/* Windows that could not be rolled up and will be tried again; chunks that could not be read. */
uint64_t pl_compactor_failures(const struct pl_compactor *c);
