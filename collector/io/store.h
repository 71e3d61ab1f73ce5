/* store.h - what is remembered outside this process: samples, alerts, pages, hosts, in one Redis.
 *
 *     sample -> open chunk of its host -> write queue -> Redis -> 2 s later: durable -> ACK
 *                     every 10 s, and when its minute is full
 *     every 10 min  1 s samples -> 10 s rows      every 5 h  10 s rows -> 5 min rows (compactor.h)
 *     alert, page, host -> control queue -> Redis, in order, never dropped
 *     series: 5 min rows + 10 s rows + samples + open chunk, merged                      (series.h)
 *
 * Durable means: Redis confirmed the chunk, and answered again PL_STORE_DURABLE_MS later on the
 * same connection, so its append-only file was written and synced in between (appendfsync
 * everysec). Whatever is not durable is kept here and written again after a lost connection; every
 * write may be repeated without harm. So an agent that keeps a sample until its ACK loses nothing,
 * whoever dies.
 *
 * While Redis is away the queue grows to its limit. Then the host whose chunk is oldest loses what
 * it has in the queue (counted) and is not stored any more; when Redis is back, `on_resync` asks
 * for its agent to start over after its last durable sample. Control records have a queue of their
 * own that holds one newest version of each and cannot overflow.
 *
 * Everything is allocated at start. A host costs up to 4 KiB here. */
#pragma once

#include "collector/codec/keys.h"
#include "collector/codec/notify/reference.h"
#include "collector/codec/oncall_record.h"
#include "collector/core/engine.h"
#include "collector/core/trust/roster.h"
#include "collector/io/redis.h"

enum {
    PL_STORE_DURABLE_MS = 2000,
    PL_STORE_REWRITE_MS = 10000, // an open chunk is written at least this often
    PL_STORE_RESTORE_MS = 5000,  // on_restored comes at the latest after this
    PL_STORE_RESTORE_WINDOW_MS = 5 * 60 * 1000,
    PL_STORE_STOP_MS = 2000, // how long a stop waits for the last writes
};

enum pl_store_restored {
    PL_STORE_RESTORED_ALL,     // hosts, alerts, pages, and the last five minutes of samples
    PL_STORE_RESTORED_PART,    // control records, but the time was not enough for all samples
    PL_STORE_RESTORED_NOTHING, // Redis is away: start empty; LATE follows if it ever comes
    PL_STORE_RESTORED_LATE,    // control records came now
};

#define PL_STORE_NO_TICKET    UINT32_MAX
#define PL_STORE_SAID_TICKETS UINT32_C(0x80000000) // tickets of pl_store_put_said() are below

struct pl_store_options {
    struct pl_redis_options redis; // where; on_state, ctx and seed are the store's to fill
    uint64_t seed;
    uint32_t host_max;  // host indexes of the engine are below this
    uint32_t alert_max; // distinct alerts
    size_t queue_bytes; // for chunks that are not durable, at least 1 MiB
    uint32_t target_count;
    const struct pl_name
        *targets; // borrowed until stopped: names of the engine's targets, by index
    void *ctx;
    /* Every sample of `boot_id` up to `seq` is durable: acknowledge it. */
    void (*on_durable)(void *ctx, uint32_t host, const struct pl_boot_id *boot_id, uint64_t seq);
    /* Samples of this host were dropped: end its session, so that the agent sends again what
     * follows pl_store_durable_seq(). No sample of the old session may come after this call. */
    void (*on_resync)(void *ctx, uint32_t host);
    /* The page of the newest pl_store_put_page() with that id is written down. */
    void (*on_page_saved)(void *ctx, struct pl_slot_id page);
    /* The pl_store_put_enrolled(), _put_token() or _put_launch() with that ticket is written down.
     * Only called if such a ticket was given; so is on_restore_trust only if it is set. */
    void (*on_trust_saved)(void *ctx, uint32_t ticket);
    /* What was written down before, only between pl_store_start() and the last on_restored.
     * on_restore_host answers the index the host has from now on, or PL_NO_INDEX to forget it. */
    uint32_t (*on_restore_host)(void *ctx, const struct pl_hello *hello);
    void (*on_restore_alert)(void *ctx, const struct pl_alert *alert);
    void (*on_restore_page)(void *ctx, const struct pl_page *page);
    /* A record of pl_reference_record_write(); 0, or why it is of no use. NULL: not asked for. */
    int (*on_restore_reference)(void *ctx, struct pl_span record);
    /* The pl_store_put_said() with that ticket is written down. Only called if one was given. */
    void (*on_said_saved)(void *ctx, uint32_t ticket);
    /* 0, or why the record is of no use. NULL: not asked for. */
    int (*on_restore_said)(void *ctx, enum pl_said_key what, struct pl_span record);
    void (*on_restore_traffic)(void *ctx, const struct pl_name *pool, enum pl_traffic_source unit,
                               const struct pl_traffic *traffic);
    void (*on_restore_launch)(void *ctx, const struct pl_launch_entry *entry); // NULL: not wanted
    void (*on_restore_override)(void *ctx, const struct pl_override_record *record); // likewise
    /* One of the two is set; neither: all were read, so who is not among them is not enrolled. */
    void (*on_restore_trust)(void *ctx, const struct pl_enrolled *enrolled,
                             const struct pl_join_token *token);
    /* A record of accounts; PL_ACCOUNT_KEY_COUNT: all were read. NULL: not wanted. */
    void (*on_restore_account)(void *ctx, enum pl_account_key key, struct pl_span record);
    void (*on_restore_sample)(void *ctx, uint32_t host, const struct pl_boot_id *boot_id,
                              const struct pl_sample *sample);
    /* NULL: not asked for. */
    void (*on_restore_change)(void *ctx, uint32_t host, uint8_t place,
                              const struct pl_change *change);
    /* NULL: not asked for. */
    void (*on_restore_learned)(void *ctx, uint32_t host, const struct pl_capacity_learner *learned);
    void (*on_restored)(void *ctx, enum pl_store_restored what);
};

struct pl_store;

/* Connects and restores; callbacks come from the loop only. 0 and `*out`, or -ENOMEM. */
PL_MUST_CHECK int pl_store_start(uv_loop_t *loop, const struct pl_store_options *options,
                                 struct pl_store **out);
/* Writes open chunks and what waits, for at most PL_STORE_STOP_MS, closes the connection, frees the
 * store and calls on_stopped from the loop. Readers waiting for a series get PL_E_CLOSED. */
void pl_store_stop(struct pl_store *s, void (*on_stopped)(void *ctx), void *ctx);

/* ---- samples ---- */

/* Host `host` of the engine has this name now: after a join, and by itself on restoring. */
void pl_store_host(struct pl_store *s, uint32_t host, const struct pl_name *name);
/* The index means nothing any more (PL_EFFECT_DROP_HOST); its record is deleted, its samples stay
 * until their time is over. */
void pl_store_drop_host(struct pl_store *s, uint32_t host, const struct pl_name *name);
/* Every sample that came, also one the engine already knew. Ignored (and counted): what is durable
 * or queued already, and samples of a host that waits for its on_resync. */
void pl_store_sample(struct pl_store *s, uint32_t host, const struct pl_boot_id *boot_id,
                     const struct pl_sample *sample, struct pl_now now);
/* What WELCOME tells an agent; 0 for a boot id this store has nothing durable of. */
uint64_t pl_store_durable_seq(const struct pl_store *s, uint32_t host,
                              const struct pl_boot_id *boot_id);

/* ---- control records: never dropped, kept until durable ---- */

void pl_store_put_host(struct pl_store *s, const struct pl_host *host, const struct pl_name *pool);
/* What changed on a host, in its place. Lost if the queue for samples is full: agents tell it
 * again, and nothing is decided by it. */
void pl_store_put_change(struct pl_store *s, const struct pl_name *host, uint8_t place,
                         const struct pl_change *change, struct pl_now now);
/* What was learned of a host's capacity. Lost as a change is; the next one follows. */
void pl_store_put_learned(struct pl_store *s, const struct pl_name *host,
                          const struct pl_capacity_learner *learned, struct pl_now now);
void pl_store_put_alert(struct pl_store *s, const struct pl_alert *alert, struct pl_now now);
/* on_page_saved follows for a page in state INTENT, sooner or later: the caller bounds its wait. */
void pl_store_put_page(struct pl_store *s, const struct pl_page *page, struct pl_now now);
void pl_store_drop_page(struct pl_store *s, uint64_t number);
/* Deleted if it is not `used` any more. */
void pl_store_put_reference(struct pl_store *s, const struct pl_reference *ref);
/* Now and then: what starts anew without it is only memory. */
void pl_store_put_traffic(struct pl_store *s, const struct pl_name *pool,
                          enum pl_traffic_source unit, const struct pl_traffic *traffic);

/* A launch; the ticket as below. */
PL_MUST_CHECK int pl_store_put_launch(struct pl_store *s, const struct pl_launch_entry *entry,
                                      uint32_t ticket);

void pl_store_drop_launch(struct pl_store *s, const struct pl_name *id);

/* `record` empty: delete it. With a ticket it is written for itself and on_said_saved follows;
 * PL_E_FULL: too much waits already, and nothing was kept. */
PL_MUST_CHECK int pl_store_put_said(struct pl_store *s, enum pl_said_key what, const char *field,
                                    struct pl_span record, uint32_t ticket);

/* An override of a schedule; `oncall` has the names. */
void pl_store_put_override(struct pl_store *s, const struct pl_oncall *oncall,
                           const struct pl_override *override);
void pl_store_drop_override(struct pl_store *s, uint64_t number);

/* Who may speak for a host. `ticket`: for on_trust_saved, or PL_STORE_NO_TICKET. PL_E_FULL: too
 * much waits already, and nothing was kept. */
PL_MUST_CHECK int pl_store_put_enrolled(struct pl_store *s, const struct pl_enrolled *enrolled,
                                        uint32_t ticket);
PL_MUST_CHECK int pl_store_drop_enrolled(struct pl_store *s, const struct pl_name *host,
                                         uint32_t ticket);
PL_MUST_CHECK int pl_store_put_token(struct pl_store *s, const struct pl_join_token *token,
                                     uint32_t ticket);
/* One that is worth nothing any more; if there is no room it stays, and does no harm. */
void pl_store_drop_token(struct pl_store *s, const struct pl_join_token *token);

/* A record of accounts, at most PL_ACCOUNT_RECORD_BYTES; empty: delete the field. */
void pl_store_put_account(struct pl_store *s, enum pl_account_key key, const char *field,
                          struct pl_span record);

/* ---- reading ---- */

struct pl_series_query {
    struct pl_name host; // need not be known to the engine any more
    uint32_t host_index; // its index, or PL_NO_INDEX
    enum pl_metric metric;
    int64_t from_unix_ms, to_unix_ms; // from <= to
    int64_t step_ms;                  // at least 1,000, whole seconds
};

enum { PL_SERIES_POINTS_MAX = 3600 };

/* Fixed point of metric.def. At a step of 1 s the three values are the same. */
struct pl_series_point {
    int64_t unix_ms; // of the sample, or the start of the step
    int32_t avg, min, max;
};

struct pl_series_answer {
    int64_t resolution_ms;                // of what was read: 1,000, 10,000 or 300,000
    const struct pl_series_point *points; // oldest first; steps without a value are left out
    size_t count;
};

/* Ask. 0, and on_series is called once from the loop with 0 and the answer (borrowed until it
 * returns), or with PL_E_CLOSED (Redis went away, the store stops) or PL_E_FULL (more samples than
 * can be merged: ask for less). Refused at once: PL_E_STATE while Redis is away, PL_E_FULL when too
 * many readers wait, PL_E_RANGE for more than PL_SERIES_POINTS_MAX steps or a bad step. */
PL_MUST_CHECK int pl_store_series(struct pl_store *s, const struct pl_series_query *query,
                                  void (*on_series)(void *ctx, int err,
                                                    const struct pl_series_answer *answer),
                                  void *ctx);

/* ---- how it is ---- */

struct pl_store_counts {
    uint64_t samples;        // taken
    uint64_t duplicates;     // known already
    uint64_t ignored;        // of hosts that wait for their resync
    uint64_t chunks;         // sealed and queued
    uint64_t rewrites;       // open chunks queued
    uint64_t written;        // confirmed by Redis
    uint64_t dropped_chunks; // from a full queue
    uint64_t resyncs;
    uint64_t refused; // writes Redis answered with an error; they are tried again
    uint64_t rollups; // chunks of 10 s and 5 min rows written
    uint64_t control_writes;
};

struct pl_store_view {
    enum pl_redis_state state;
    const struct pl_redis_facts *facts; // of the newest connection
    const struct pl_store_counts *counts;
    size_t queue_bytes, queue_bytes_max;
    uint32_t control_waiting; // control records not durable yet
    int64_t durable_lag_ms;   // age of the oldest chunk that is not durable; 0: none waits
    uint64_t rollup_failures; // windows tried again later, chunks that could not be read
};

struct pl_store_view pl_store_view(const struct pl_store *s);
