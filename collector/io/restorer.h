/* restorer.h - brings back what was written down before this process began.
 *
 *     first READY: pl:hosts, pl:alerts, what people said about them, pl:outbox, pl:launches,
 *                  pl:enrolled, pl:tokens, accounts
 *         -> then, host by host, what changed there, what was learned, and the last five minutes
 *
 * It has PL_STORE_RESTORE_MS from its start. A Redis that is not there by then is not waited for:
 * the collector begins empty, and the control records (not the samples, whose time has passed)
 * follow when Redis appears. Each part is taken exactly once, whatever breaks in between. A record
 * that cannot be read is logged and left out. */
#pragma once

#include "collector/codec/keys.h"
#include "collector/io/range.h"
#include "collector/io/store.h"

struct pl_restorer_options {
    struct pl_redis *redis;   // borrowed
    struct pl_ranges *ranges; // borrowed
    uint32_t host_max;
    const struct pl_name *targets; // borrowed
    uint32_t target_count;
    void *ctx;
    uint32_t (*on_host)(void *ctx, const struct pl_hello *hello); // index or PL_NO_INDEX
    void (*on_alert)(void *ctx, const struct pl_alert *alert);
    void (*on_page)(void *ctx, const struct pl_page *page);
    int (*on_reference)(void *ctx, struct pl_span record); // 0, or why it is of no use
    /* 0, or why the record is of no use. */
    int (*on_said)(void *ctx, enum pl_said_key what, struct pl_span record);
    void (*on_traffic)(void *ctx, const struct pl_name *pool, enum pl_traffic_source unit,
                       const struct pl_traffic *traffic);
    void (*on_launch)(void *ctx, const struct pl_launch_entry *entry);       // NULL: not asked for
    void (*on_override)(void *ctx, const struct pl_override_record *record); // likewise
    /* One of the two; neither: all were read. */
    void (*on_trust)(void *ctx, const struct pl_enrolled *enrolled,
                     const struct pl_join_token *token);
    /* A record of that hash; PL_ACCOUNT_KEY_COUNT: all of them were read. */
    void (*on_account)(void *ctx, enum pl_account_key key, struct pl_span record);
    /* Of one host by time, each once. */
    void (*on_sample)(void *ctx, uint32_t host, const struct pl_boot_id *boot_id,
                      const struct pl_sample *sample);
    void (*on_change)(void *ctx, uint32_t host, uint8_t place, const struct pl_change *change);
    void (*on_learned)(void *ctx, uint32_t host, const struct pl_capacity_learner *learned);
    /* Once; after PL_STORE_RESTORED_NOTHING once more with _LATE. */
    void (*on_restored)(void *ctx, enum pl_store_restored what);
};

struct pl_restorer;

/* NULL without memory. Time runs from here. */
struct pl_restorer *pl_restorer_new(const struct pl_restorer_options *options, int64_t now_mono_ms);
/* After the connection was closed. */
void pl_restorer_free(struct pl_restorer *r);
/* Now and then: begins once Redis is ready, and keeps the time. */
void pl_restorer_tick(struct pl_restorer *r, struct pl_now now);
/* True while control records of before are still to come: until then nothing may be written, or
 * newer records would be taken for older ones. */
bool pl_restorer_holds_writes(const struct pl_restorer *r);
