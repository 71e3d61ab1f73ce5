/* lane.h - one ordered stream of writes to Redis, from a queue to durable.
 *
 * Two lanes share the connection: samples, which may use most of its window, and control records,
 * which always find room. A write is HSET (or HDEL), together with EXPIRE as one transaction where
 * the key has a time to live: no metric key is ever without one, whoever dies in between.
 *
 * Redis answers an error when its disk or memory is full, or when it is a replica: then the refused
 * write and all behind it are sent again after a second, in order, for as long as it takes. */
#pragma once

#include "collector/io/redis.h"
#include "collector/io/write_queue.h"
#include "common/sys/log.h"

struct pl_lane_options {
    const char *name;       // for the log
    struct pl_redis *redis; // borrowed
    size_t queue_bytes;
    uint32_t owner_max;
    uint32_t reserve; // commands of the window left to others
    void *ctx;
    /* The spans of `write` are empty in both. Durable comes once, in order, after written; written
     * may come again when a lost connection made us repeat it. */
    void (*on_written)(void *ctx, const struct pl_write *write);
    void (*on_durable)(void *ctx, const struct pl_write *write);
};

struct pl_lane {
    struct pl_lane_options options;
    struct pl_write_queue queue;
    uint8_t *buf;             // owned; PL_WRITE_BYTES_MAX
    uint32_t ignored_replies; // of commands sent behind a refused one
    int64_t paused_until_mono_ms;
    uint64_t refused;
    struct pl_log_limit refused_log;
};

/* 0 or -ENOMEM. */
PL_MUST_CHECK int pl_lane_init(struct pl_lane *lane, const struct pl_lane_options *options);
/* No command of the lane may be in flight. */
void pl_lane_fini(struct pl_lane *lane);

/* Send what waits, as far as the window allows. */
void pl_lane_pump(struct pl_lane *lane, int64_t now_mono_ms);
/* Everything Redis confirmed at or before `until_mono_ms` is durable. */
void pl_lane_settle(struct pl_lane *lane, int64_t until_mono_ms);
/* The connection is gone, and all callbacks with it: everything not durable is sent again. */
void pl_lane_lost(struct pl_lane *lane);
/* True if nothing waits for Redis any more. */
bool pl_lane_is_idle(const struct pl_lane *lane);
