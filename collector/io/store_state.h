/* store_state.h - what the files of the store share: store.c (life), store_samples.c, and
 * store_records.c. Nobody else includes it. */
#pragma once

#include "collector/codec/open_chunk.h"
#include "collector/io/charts.h"
#include "collector/io/compactor.h"
#include "collector/io/lane.h"
#include "collector/io/range.h"
#include "collector/io/restorer.h"
#include "collector/io/store.h"

#include <assert.h>

enum {
    PL_STORE_TICK_MS = 100,
    PL_STORE_SLOTS = PL_STORE_REWRITE_MS / PL_STORE_TICK_MS, // hosts take turns by index
    PL_STORE_RESYNC_MS = 10000, // a host is not asked to start over more often
};

struct pl_store_host {
    struct pl_name name; // empty: no host of this index
    bool stopped;        // samples were dropped; waits for its on_resync
    bool dirty;          // the open chunk has rows that were never queued
    bool restored;       // what is taken came from Redis and is not confirmed yet
    int64_t stopped_mono_ms;
    struct pl_boot_id boot_id; // of the newest sample taken
    uint64_t taken_seq;        // 0: none
    struct pl_boot_id durable_boot_id;
    uint64_t durable_seq;       // 0: none
    struct pl_write_id rewrite; // newest write of the open chunk
    struct pl_open_chunk open;
};
static_assert(sizeof(struct pl_store_host) <= 4096, "what store.h promises");

struct pl_store {
    struct pl_store_options options;
    uv_timer_t tick;
    struct pl_redis *redis;
    struct pl_ranges *ranges;
    struct pl_lane samples, records;
    struct pl_compactor *compactor;
    struct pl_charts *charts;
    struct pl_restorer *restorer;
    struct pl_store_host *hosts; // owned; host_max items
    uint32_t host_count, stopped_count;
    uint32_t slot;          // whose turn it is to rewrite open chunks
    uint32_t resync_cursor; // the host to look at next
    int64_t ready_mono_ms;  // when the connection became ready; 0: there is none
    struct pl_log_limit drop_log;
    bool confirmed; // what was restored is durable, or forgotten
    uint8_t *buf;   // owned; PL_CHUNK_BYTES_MAX
    struct pl_store_counts counts;

    bool stopping, closed, tick_closed;
    int64_t stop_deadline_mono_ms;
    void (*on_stopped)(void *ctx);
    void *stopped_ctx;
};

/* store_samples.c */
void pl_store_name_host(struct pl_store *s, uint32_t host, const struct pl_name *name, bool known);
void pl_store_unname_host(struct pl_store *s, uint32_t host);
void pl_store_take_restored(struct pl_store *s, uint32_t host, const struct pl_boot_id *boot_id,
                            uint64_t seq);
/* What was restored has outlived PL_STORE_DURABLE_MS, or its connection did not. */
void pl_store_confirm_restored(struct pl_store *s, bool durable);
/* Queue the open chunks whose turn it is. */
void pl_store_rewrite(struct pl_store *s, struct pl_now now);
void pl_store_seal_all(struct pl_store *s, struct pl_now now);
/* Ask stopped hosts to start over, while there is room for what they send. */
void pl_store_resync(struct pl_store *s, struct pl_now now);
void pl_store_chunk_written(struct pl_store *s, const struct pl_write *write);
void pl_store_chunk_durable(struct pl_store *s, const struct pl_write *write);
