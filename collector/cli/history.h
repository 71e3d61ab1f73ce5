/* history.h - what a collector has stored in Redis, read without the collector: blocks, reads only.
 *
 * Hosts that were forgotten (rules.silent.forget) are in no list any more, so their samples are not
 * found although they may still be there. */
#pragma once

#include "collector/codec/keys.h"
#include "collector/config.h"
#include "common/wire/hello.h"

enum { PL_HISTORY_HOSTS_MAX = 1000 };

struct pl_history {
    void *redis; // owned: the connection
};

/* An exit status; the reason is on stderr unless it is PL_EXIT_OK. `state`: the collector's state
 * directory, where a managed Redis has its socket. */
PL_MUST_CHECK int pl_history_open(struct pl_history *h, const struct pl_config_redis *redis,
                                  const char *state);
void pl_history_close(struct pl_history *h);
/* The hosts of a pool, `*count` of them, into `hosts` (PL_HISTORY_HOSTS_MAX items). An exit
 * status; PL_EXIT_FAILURE too for a pool that has none, or more. */
PL_MUST_CHECK int pl_history_hosts(struct pl_history *h, const struct pl_name *pool,
                                   struct pl_hello *hosts, uint32_t *count);
/* A bucket of a host's chunks: the one that holds `unix_ms`. */
struct pl_history_bucket {
    const struct pl_name *host; // borrowed
    enum pl_resolution resolution;
    int64_t unix_ms;
};
/* Hands on every chunk of a bucket, in no order, with the time it begins; `chunk` is borrowed
 * during the call. An exit status. */
PL_MUST_CHECK int pl_history_read(struct pl_history *h, const struct pl_history_bucket *bucket,
                                  void (*on_chunk)(void *ctx, int64_t first_unix_ms,
                                                   struct pl_span chunk),
                                  void *ctx);
