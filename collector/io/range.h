/* range.h - reads the stored chunks of one host and resolution between two times.
 *
 * For each bucket that can hold any: HKEYS, then HMGET of the fields that matter, PL_RANGE_BATCH at
 * a time, earliest first. Nothing is kept: chunks are handed on as they come.
 *
 * Bounds: PL_RANGE_READERS_MAX at once, then PL_E_FULL; PL_RANGE_FIELDS_MAX chunks of a bucket are
 * looked at, the earliest ones. */
#pragma once

#include "collector/codec/keys.h"
#include "collector/io/redis.h"

enum { PL_RANGE_READERS_MAX = 32, PL_RANGE_FIELDS_MAX = 1024, PL_RANGE_BATCH = 64 };

struct pl_range {
    struct pl_name host;
    enum pl_resolution resolution;
    int64_t from_unix_ms, to_unix_ms; // inclusive
    /* A chunk that may hold rows of this time (others of its rows lie outside). Borrowed. */
    void (*on_chunk)(void *ctx, struct pl_span chunk);
    /* All was read (0), or PL_E_CLOSED (Redis went away), PL_E_REFUSED (it answered an error).
     * Once, from the loop; another read may be started from here. */
    void (*on_done)(void *ctx, int err);
    void *ctx;
};

struct pl_ranges;

/* NULL without memory. `redis` is borrowed. */
struct pl_ranges *pl_ranges_new(struct pl_redis *redis);
/* After the connection was closed: nothing is in flight then. */
void pl_ranges_free(struct pl_ranges *rs);
/* 0, PL_E_FULL (all readers busy, or the window), PL_E_STATE (Redis is not ready). */
PL_MUST_CHECK int pl_ranges_read(struct pl_ranges *rs, const struct pl_range *range);
