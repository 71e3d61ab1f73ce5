/* Samples on their way into the queue, and what comes back about them.
 *
 *     pl_store_sample -> open chunk -> seal (full) or rewrite (10 s) -> queue of the samples' lane
 *     lane -> written: tell the compactor      lane -> durable: move the host's mark, on_durable */
#include "collector/io/store_state.h"

#include "common/base/assert.h"
#include "common/base/err.h"
#include "common/sys/clock.h"
#include "common/sys/log.h"

enum { RESYNCS_PER_TICK = 50, DROP_LOG_EVERY_MS = 10000 };

static bool is_host(const struct pl_store *s, uint32_t host)
{
    return host < s->options.host_max && s->hosts[host].name.len > 0;
}

void pl_store_unname_host(struct pl_store *s, uint32_t host)
{
    struct pl_store_host *h = &s->hosts[host];
    if (!is_host(s, host)) return;
    s->counts.dropped_chunks += pl_write_queue_drop(&s->samples.queue, host);
    pl_compactor_drop(s->compactor, host);
    s->stopped_count -= h->stopped;
    s->host_count--;
    h->name.len = 0;
}

void pl_store_name_host(struct pl_store *s, uint32_t host, const struct pl_name *name, bool known)
{
    PL_ASSERT(host < s->options.host_max);
    struct pl_store_host *h = &s->hosts[host];
    if (pl_name_eq(&h->name, name)) return;
    pl_store_unname_host(s, host);
    *h = (struct pl_store_host){.name = *name};
    s->host_count++;
    pl_compactor_add(s->compactor, host, known, pl_clock_unix_ms());
}

void pl_store_host(struct pl_store *s, uint32_t host, const struct pl_name *name)
{
    pl_store_name_host(s, host, name, false);
}

/* The newest chunks of this host may never become durable, so none of its later ones may be
 * acknowledged: it is not stored any more until it starts over. */
static void stop_host(struct pl_store *s, uint32_t host)
{
    struct pl_store_host *h = &s->hosts[host];
    s->counts.dropped_chunks += pl_write_queue_drop(&s->samples.queue, host);
    pl_open_chunk_reset(&h->open);
    h->dirty = false;
    if (h->stopped) return;
    h->stopped = true;
    h->stopped_mono_ms = pl_clock_mono_ms();
    s->stopped_count++;
    uint32_t held;
    if (pl_log_allow(&s->drop_log, h->stopped_mono_ms, DROP_LOG_EVERY_MS, &held)) {
        pl_log(PL_LOG_WARN, "samples_dropped",
               "host=%s more_hosts=%u reason=\"the queue to Redis is full\"", h->name.text, held);
    }
}

/* Queue the open chunk as it is now. PL_E_FULL. */
static int queue_open(struct pl_store *s, uint32_t host, struct pl_now now, struct pl_write_id *id)
{
    struct pl_store_host *h = &s->hosts[host];
    struct pl_writer w = pl_writer_init(s->buf, PL_CHUNK_BYTES_MAX);
    pl_open_chunk_write(&h->open, &w);
    PL_ASSERT(w.err == 0);
    char key[PL_KEY_BYTES], field[PL_FIELD_BYTES];
    pl_key_metric(key, &h->name, PL_R1, h->open.first_unix_ms);
    pl_field_write(field, h->open.first_unix_ms, h->open.first_seq);
    struct pl_write write = {
        .kind = PL_WRITE_CHUNK,
        .owner = host,
        .host = host,
        .ttl_s = (uint32_t)pl_key_ttl_s(PL_R1, h->open.first_unix_ms, now.unix_ms),
        .resolution = PL_R1,
        .first_unix_ms = h->open.first_unix_ms,
        .boot_id = h->open.boot_id,
        .last_seq = h->open.last_seq,
        .page = {PL_WRITE_NONE, 0},
        .key = pl_span_of(key),
        .field = pl_span_of(field),
        .value = {s->buf, w.len},
    };
    return pl_write_queue_push(&s->samples.queue, &write, now.mono_ms, id);
}

/* The open chunk becomes final. False if its host had to be stopped to make room. */
static bool seal(struct pl_store *s, uint32_t host, struct pl_now now)
{
    struct pl_store_host *h = &s->hosts[host];
    (void)pl_write_queue_cancel(&s->samples.queue, h->rewrite); // under way already: no harm
    while (queue_open(s, host, now, NULL) == PL_E_FULL) {
        uint32_t oldest = pl_write_queue_oldest_owner(&s->samples.queue);
        stop_host(s, oldest == PL_WRITE_NONE ? host : oldest);
        if (h->stopped) return false;
    }
    s->counts.chunks++;
    pl_open_chunk_reset(&h->open);
    h->dirty = false;
    return true;
}

void pl_store_sample(struct pl_store *s, uint32_t host, const struct pl_boot_id *boot_id,
                     const struct pl_sample *sample, struct pl_now now)
{
    PL_ASSERT(is_host(s, host));
    struct pl_store_host *h = &s->hosts[host];
    if (h->stopped || s->stopping) {
        s->counts.ignored++;
        return;
    }
    if (h->taken_seq > 0 && sample->seq <= h->taken_seq && pl_boot_id_eq(&h->boot_id, boot_id)) {
        s->counts.duplicates++;
        return;
    }
    if (pl_open_chunk_add(&h->open, boot_id, sample) == PL_E_FULL) {
        if (!seal(s, host, now)) {
            s->counts.ignored++;
            return;
        }
        int err = pl_open_chunk_add(&h->open, boot_id, sample);
        PL_ASSERT(err == 0); // an empty chunk takes every sample
    }
    h->boot_id = *boot_id;
    h->taken_seq = sample->seq;
    h->restored = false;
    h->dirty = true;
    s->counts.samples++;
}

uint64_t pl_store_durable_seq(const struct pl_store *s, uint32_t host,
                              const struct pl_boot_id *boot_id)
{
    if (!is_host(s, host)) return 0;
    const struct pl_store_host *h = &s->hosts[host];
    return pl_boot_id_eq(&h->durable_boot_id, boot_id) ? h->durable_seq : 0;
}

/* ---- from the tick ---- */

void pl_store_rewrite(struct pl_store *s, struct pl_now now)
{
    s->slot = (s->slot + 1) % PL_STORE_SLOTS;
    if (pl_redis_state(s->redis) != PL_REDIS_READY) return; // dirty chunks wait where they are
    for (uint32_t host = s->slot; host < s->options.host_max; host += PL_STORE_SLOTS) {
        struct pl_store_host *h = &s->hosts[host];
        if (!h->dirty || h->name.len == 0) continue;
        (void)pl_write_queue_cancel(&s->samples.queue, h->rewrite); // under way already: no harm
        if (queue_open(s, host, now, &h->rewrite) < 0) continue;    // full: next turn
        h->dirty = false;
        s->counts.rewrites++;
    }
}

void pl_store_seal_all(struct pl_store *s, struct pl_now now)
{
    for (uint32_t host = 0; host < s->options.host_max; host++) {
        if (s->hosts[host].dirty && s->hosts[host].name.len > 0) (void)seal(s, host, now);
    }
}

void pl_store_resync(struct pl_store *s, struct pl_now now)
{
    const struct pl_write_queue *q = &s->samples.queue;
    if (s->stopped_count == 0 || pl_redis_state(s->redis) != PL_REDIS_READY) return;
    if (pl_write_queue_bytes(q) > pl_write_queue_bytes_max(q) / 2) return;
    uint32_t left = RESYNCS_PER_TICK;
    for (uint32_t looks = s->options.host_max; looks > 0 && left > 0; looks--) {
        uint32_t host = s->resync_cursor;
        struct pl_store_host *h = &s->hosts[host];
        s->resync_cursor = (host + 1) % s->options.host_max;
        if (!h->stopped || now.mono_ms - h->stopped_mono_ms < PL_STORE_RESYNC_MS) continue;
        h->stopped = false;
        s->stopped_count--;
        h->boot_id = h->durable_boot_id;
        h->taken_seq = h->durable_seq;
        s->counts.resyncs++;
        left--;
        s->options.on_resync(s->options.ctx, host);
    }
}

void pl_store_chunk_written(struct pl_store *s, const struct pl_write *write)
{
    if (write->kind == PL_WRITE_CHANGE) return;
    s->counts.rollups += write->kind == PL_WRITE_ROLLUP;
    s->counts.written++;
    pl_compactor_touch(s->compactor, write->host, write->resolution, write->first_unix_ms);
}

void pl_store_chunk_durable(struct pl_store *s, const struct pl_write *write)
{
    if (write->kind != PL_WRITE_CHUNK) return;
    struct pl_store_host *h = &s->hosts[write->host];
    bool same = pl_boot_id_eq(&h->durable_boot_id, &write->boot_id);
    if (same && write->last_seq <= h->durable_seq) return; // rewritten meanwhile
    h->durable_boot_id = write->boot_id;
    h->durable_seq = write->last_seq;
    s->options.on_durable(s->options.ctx, write->host, &write->boot_id, write->last_seq);
}

/* ---- after a restart ---- */

void pl_store_take_restored(struct pl_store *s, uint32_t host, const struct pl_boot_id *boot_id,
                            uint64_t seq)
{
    struct pl_store_host *h = &s->hosts[host];
    h->boot_id = *boot_id;
    h->taken_seq = seq;
    h->restored = true;
    s->confirmed = false;
}

void pl_store_confirm_restored(struct pl_store *s, bool durable)
{
    s->confirmed = true;
    for (uint32_t host = 0; host < s->options.host_max; host++) {
        struct pl_store_host *h = &s->hosts[host];
        if (!h->restored) continue;
        h->restored = false;
        if (!durable) {
            h->taken_seq = 0; // Redis may have lost it since: take it again
            continue;
        }
        h->durable_boot_id = h->boot_id;
        h->durable_seq = h->taken_seq;
        s->options.on_durable(s->options.ctx, host, &h->boot_id, h->durable_seq);
    }
}
