/* Ownership: the store is freed when its connection and its timer are closed; everything that hangs
 * on the connection (lanes, readers, charts, restorer, compactor) is freed then too, when all of
 * its commands have come back.
 *
 *     on_tick (100 ms): restore, rewrite, pump, settle, compact, resync
 *     pl_redis -> on_redis_state: AWAY -> both lanes queue again what is not durable
 *     pl_store_stop -> seal -> (lanes idle | time over) -> pl_redis_close -> on_redis_closed ->
 * free */
#include "collector/io/store.h"

#include "collector/codec/account_records.h"
#include "collector/codec/case_record.h"
#include "collector/codec/traffic_record.h"
#include "collector/core/incident/cases.h"
#include "collector/io/store_state.h"
#include "common/base/assert.h"
#include "common/base/err.h"
#include "common/sys/clock.h"

#include <errno.h>
#include <stdlib.h>

enum {
    WINDOW_RESERVE = PL_REDIS_WINDOW_MAX / 4, // for control records and readers
    RECORD_ROOM_BYTES = 2 * 8 * 1024,         // two versions of the largest, with overhead
    HOST_RECORD_ROOM_BYTES = 2 * 1536,
    EXTERNAL_ROOM_BYTES = 2 * 3 * 1024,
    LAUNCH_ROOM_BYTES = 4 * 1024 * 1024,
    CASE_ROOM_BYTES = 2 * PL_CASES_MAX * PL_CASE_RECORD_BYTES,
    ACCOUNT_RECORD_ROOM_BYTES = 2 * 1024,
};

static struct pl_now now_both(void)
{
    return (struct pl_now){pl_clock_mono_ms(), pl_clock_unix_ms()};
}

/* ---- the lanes ---- */

static void on_chunk_written(void *ctx, const struct pl_write *write)
{
    pl_store_chunk_written(ctx, write);
}

static void on_chunk_durable(void *ctx, const struct pl_write *write)
{
    pl_store_chunk_durable(ctx, write);
}

static void on_record_written(void *ctx, const struct pl_write *write)
{
    struct pl_store *s = ctx;
    if (write->page.index != PL_WRITE_NONE) s->options.on_page_saved(s->options.ctx, write->page);
    if (write->ticket == PL_STORE_NO_TICKET) return;
    if ((write->ticket & PL_STORE_SAID_TICKETS) != 0)
        s->options.on_said_saved(s->options.ctx, write->ticket & ~PL_STORE_SAID_TICKETS);
    else
        s->options.on_trust_saved(s->options.ctx, write->ticket);
}

static void on_record_durable(void *ctx, const struct pl_write *write)
{
    (void)ctx;
    (void)write; // it is out of the queue: nobody waits for more
}

static int init_lanes(struct pl_store *s)
{
    struct pl_lane_options samples = {
        .name = "samples",
        .redis = s->redis,
        .queue_bytes = s->options.queue_bytes,
        .owner_max = s->options.host_max,
        .reserve = WINDOW_RESERVE,
        .ctx = s,
        .on_written = on_chunk_written,
        .on_durable = on_chunk_durable,
    };
    size_t accounts = PL_USERS_MAX + PL_SESSIONS_MAX + PL_API_TOKENS_MAX + PL_AUDIT_MAX;
    size_t room =
        2 * 1024 * 1024 + accounts * ACCOUNT_RECORD_ROOM_BYTES +
        (size_t)PL_POOL_MAX * 2 * PL_TRAFFIC_RECORD_BYTES +
        (size_t)s->options.host_max * HOST_RECORD_ROOM_BYTES +
        (size_t)PL_EXTERNALS_MAX * EXTERNAL_ROOM_BYTES +
        ((size_t)s->options.alert_max + PL_OUTBOX_MAX + PL_REFERENCES_MAX) * RECORD_ROOM_BYTES +
        LAUNCH_ROOM_BYTES + (size_t)CASE_ROOM_BYTES;
    struct pl_lane_options records = {
        .name = "records",
        .redis = s->redis,
        .queue_bytes = room,
        .ctx = s,
        .on_written = on_record_written,
        .on_durable = on_record_durable,
    };
    int err = pl_lane_init(&s->samples, &samples);
    if (err < 0) return err;
    return pl_lane_init(&s->records, &records);
}

/* ---- restoring ---- */

static uint32_t on_restore_host(void *ctx, const struct pl_hello *hello)
{
    struct pl_store *s = ctx;
    uint32_t host = s->options.on_restore_host(s->options.ctx, hello);
    if (host != PL_NO_INDEX) pl_store_name_host(s, host, &hello->host, true);
    return host;
}

static void on_restore_alert(void *ctx, const struct pl_alert *alert)
{
    struct pl_store *s = ctx;
    s->options.on_restore_alert(s->options.ctx, alert);
}

static void on_restore_page(void *ctx, const struct pl_page *page)
{
    struct pl_store *s = ctx;
    s->options.on_restore_page(s->options.ctx, page);
}

static int on_restore_reference(void *ctx, struct pl_span record)
{
    struct pl_store *s = ctx;
    if (!s->options.on_restore_reference) return 0;
    return s->options.on_restore_reference(s->options.ctx, record);
}

static int on_restore_said(void *ctx, enum pl_said_key what, struct pl_span record)
{
    struct pl_store *s = ctx;
    if (!s->options.on_restore_said) return 0;
    return s->options.on_restore_said(s->options.ctx, what, record);
}

static void on_restore_traffic(void *ctx, const struct pl_name *pool, enum pl_traffic_source unit,
                               const struct pl_traffic *traffic)
{
    struct pl_store *s = ctx;
    s->options.on_restore_traffic(s->options.ctx, pool, unit, traffic);
}

static void on_restore_override(void *ctx, const struct pl_override_record *record)
{
    struct pl_store *s = ctx;
    if (s->options.on_restore_override) s->options.on_restore_override(s->options.ctx, record);
}

static void on_restore_launch(void *ctx, const struct pl_launch_entry *entry)
{
    struct pl_store *s = ctx;
    if (s->options.on_restore_launch) s->options.on_restore_launch(s->options.ctx, entry);
}

static void on_restore_trust(void *ctx, const struct pl_enrolled *enrolled,
                             const struct pl_join_token *token)
{
    struct pl_store *s = ctx;
    if (s->options.on_restore_trust) s->options.on_restore_trust(s->options.ctx, enrolled, token);
}

static void on_restore_account(void *ctx, enum pl_account_key key, struct pl_span record)
{
    struct pl_store *s = ctx;
    if (s->options.on_restore_account) s->options.on_restore_account(s->options.ctx, key, record);
}

static void on_restore_sample(void *ctx, uint32_t host, const struct pl_boot_id *boot_id,
                              const struct pl_sample *sample)
{
    struct pl_store *s = ctx;
    pl_store_take_restored(s, host, boot_id, sample->seq);
    s->options.on_restore_sample(s->options.ctx, host, boot_id, sample);
}

static void on_restore_change(void *ctx, uint32_t host, uint8_t place,
                              const struct pl_change *change)
{
    struct pl_store *s = ctx;
    if (s->options.on_restore_change)
        s->options.on_restore_change(s->options.ctx, host, place, change);
}

static void on_restore_learned(void *ctx, uint32_t host, const struct pl_capacity_learner *learned)
{
    struct pl_store *s = ctx;
    if (s->options.on_restore_learned) s->options.on_restore_learned(s->options.ctx, host, learned);
}

static void on_restored(void *ctx, enum pl_store_restored what)
{
    struct pl_store *s = ctx;
    s->options.on_restored(s->options.ctx, what);
}

/* ---- life ---- */

static void on_redis_state(void *ctx, enum pl_redis_state state)
{
    struct pl_store *s = ctx;
    if (state == PL_REDIS_READY && s->ready_mono_ms == 0) {
        s->ready_mono_ms = pl_clock_mono_ms();
        if (!pl_redis_facts(s->redis)->aof_on) {
            pl_log(PL_LOG_WARN, "redis_forgets",
                   "reason=\"appendonly is off: acknowledged samples die with this Redis\"");
        }
    }
    if (state == PL_REDIS_STALLED) pl_charts_abandon(s->charts);
    if (state != PL_REDIS_AWAY) return;
    s->ready_mono_ms = 0;
    pl_lane_lost(&s->samples);
    pl_lane_lost(&s->records);
    if (!s->confirmed) pl_store_confirm_restored(s, false);
}

static void free_parts(struct pl_store *s)
{
    pl_restorer_free(s->restorer);
    pl_charts_free(s->charts);
    pl_compactor_free(s->compactor);
    pl_ranges_free(s->ranges);
    pl_lane_fini(&s->samples);
    pl_lane_fini(&s->records);
    free(s->hosts);
    free(s->buf);
}

static void finish_stop(struct pl_store *s)
{
    if (!s->closed || !s->tick_closed) return;
    void (*on_stopped)(void *ctx) = s->on_stopped;
    void *ctx = s->stopped_ctx;
    free_parts(s);
    free(s);
    if (on_stopped) on_stopped(ctx);
}

static void on_redis_closed(void *ctx)
{
    struct pl_store *s = ctx;
    s->closed = true;
    finish_stop(s);
}

static void on_tick_closed(uv_handle_t *handle)
{
    struct pl_store *s = handle->data;
    s->tick_closed = true;
    finish_stop(s);
}

static void close_all(struct pl_store *s)
{
    uv_close((uv_handle_t *)&s->tick, on_tick_closed);
    pl_redis_close(s->redis, on_redis_closed, s);
}

/* What is sent and answered on this connection since PL_STORE_DURABLE_MS is durable. */
static void settle(struct pl_store *s)
{
    int64_t alive = pl_redis_alive_mono_ms(s->redis);
    if (alive == 0) return;
    pl_lane_settle(&s->samples, alive - PL_STORE_DURABLE_MS);
    pl_lane_settle(&s->records, alive - PL_STORE_DURABLE_MS);
    bool old_enough = s->ready_mono_ms > 0 && alive - s->ready_mono_ms >= PL_STORE_DURABLE_MS;
    if (!s->confirmed && old_enough) pl_store_confirm_restored(s, true);
}

static void on_tick(uv_timer_t *timer)
{
    struct pl_store *s = timer->data;
    struct pl_now now = now_both();
    if (!s->stopping) {
        pl_restorer_tick(s->restorer, now);
        pl_store_rewrite(s, now);
    }
    if (!pl_restorer_holds_writes(s->restorer)) {
        pl_lane_pump(&s->records, now.mono_ms);
        pl_lane_pump(&s->samples, now.mono_ms);
    }
    settle(s);
    s->counts.refused = s->samples.refused + s->records.refused;
    if (!s->stopping) {
        if (pl_redis_state(s->redis) == PL_REDIS_READY) {
            pl_compactor_tick(s->compactor, s->host_count, now);
        }
        pl_store_resync(s, now);
        return;
    }
    bool idle = pl_lane_is_idle(&s->samples) && pl_lane_is_idle(&s->records);
    if (idle || now.mono_ms >= s->stop_deadline_mono_ms) close_all(s);
}

static const struct pl_name *host_name(void *ctx, uint32_t host)
{
    struct pl_store *s = ctx;
    return &s->hosts[host].name;
}

static int make_parts(struct pl_store *s)
{
    int err = init_lanes(s);
    if (err < 0) return err;
    s->hosts = calloc(s->options.host_max, sizeof s->hosts[0]);
    s->buf = malloc(PL_CHUNK_BYTES_MAX);
    s->ranges = pl_ranges_new(s->redis);
    if (!s->hosts || !s->buf || !s->ranges) return -ENOMEM;
    struct pl_compactor_options compactor = {.ranges = s->ranges,
                                             .lane = &s->samples,
                                             .host_max = s->options.host_max,
                                             .host_name = host_name,
                                             .ctx = s};
    struct pl_restorer_options restorer = {.redis = s->redis,
                                           .ranges = s->ranges,
                                           .host_max = s->options.host_max,
                                           .targets = s->options.targets,
                                           .target_count = s->options.target_count,
                                           .ctx = s,
                                           .on_host = on_restore_host,
                                           .on_alert = on_restore_alert,
                                           .on_page = on_restore_page,
                                           .on_reference = on_restore_reference,
                                           .on_said = on_restore_said,
                                           .on_traffic = on_restore_traffic,
                                           .on_launch = on_restore_launch,
                                           .on_override = on_restore_override,
                                           .on_trust = on_restore_trust,
                                           .on_account = on_restore_account,
                                           .on_sample = on_restore_sample,
                                           .on_change = on_restore_change,
                                           .on_learned = on_restore_learned,
                                           .on_restored = on_restored};
    s->compactor = pl_compactor_new(&compactor);
    s->charts = pl_charts_new(s->ranges);
    s->restorer = pl_restorer_new(&restorer, pl_clock_mono_ms());
    return s->compactor && s->charts && s->restorer ? 0 : -ENOMEM;
}

int pl_store_start(uv_loop_t *loop, const struct pl_store_options *options, struct pl_store **out)
{
    PL_ASSERT(options->host_max > 0);
    struct pl_store *s = calloc(1, sizeof *s);
    if (!s) return -ENOMEM;
    s->options = *options;
    s->options.redis.on_state = on_redis_state;
    s->options.redis.ctx = s;
    s->options.redis.seed = options->seed;
    (void)uv_timer_init(loop, &s->tick); // always 0
    s->tick.data = s;
    s->redis = pl_redis_new(loop, &s->options.redis);
    if (!s->redis || make_parts(s) < 0) {
        s->closed = !s->redis;
        uv_close((uv_handle_t *)&s->tick, on_tick_closed);
        if (s->redis) pl_redis_close(s->redis, on_redis_closed, s);
        return -ENOMEM;
    }
    (void)uv_timer_start(&s->tick, on_tick, 0, PL_STORE_TICK_MS); // has a callback: cannot fail
    *out = s;
    return 0;
}

void pl_store_stop(struct pl_store *s, void (*on_stopped)(void *ctx), void *ctx)
{
    PL_ASSERT(!s->stopping);
    struct pl_now now = now_both();
    pl_store_seal_all(s, now);
    s->stopping = true;
    s->stop_deadline_mono_ms = now.mono_ms + PL_STORE_STOP_MS;
    s->on_stopped = on_stopped;
    s->stopped_ctx = ctx;
}

int pl_store_series(struct pl_store *s, const struct pl_series_query *query,
                    void (*on_series)(void *ctx, int err, const struct pl_series_answer *answer),
                    void *ctx)
{
    if (s->stopping) return PL_E_STATE;
    const struct pl_open_chunk *open = NULL;
    uint32_t host = query->host_index;
    if (host < s->options.host_max && pl_name_eq(&s->hosts[host].name, &query->host)) {
        open = &s->hosts[host].open;
    }
    // What was sealed a moment ago must be in Redis before it is asked.
    if (!pl_restorer_holds_writes(s->restorer)) pl_lane_pump(&s->samples, pl_clock_mono_ms());
    struct pl_charts_request request = {query, open, pl_clock_unix_ms(), on_series, ctx};
    return pl_charts_ask(s->charts, &request);
}

struct pl_store_view pl_store_view(const struct pl_store *s)
{
    const struct pl_write_queue *samples = &s->samples.queue, *records = &s->records.queue;
    int64_t oldest = pl_write_queue_oldest_mono_ms(samples);
    uint32_t waiting = 0;
    for (int state = 0; state < PL_WRITE_STATES; state++) {
        waiting += pl_write_queue_count(records, (enum pl_write_state)state);
    }
    return (struct pl_store_view){
        .state = pl_redis_state(s->redis),
        .facts = pl_redis_facts(s->redis),
        .counts = &s->counts,
        .queue_bytes = pl_write_queue_bytes(samples),
        .queue_bytes_max = pl_write_queue_bytes_max(samples),
        .control_waiting = waiting,
        .durable_lag_ms = oldest < 0 ? 0 : pl_clock_mono_ms() - oldest,
        .rollup_failures = pl_compactor_failures(s->compactor),
    };
}
