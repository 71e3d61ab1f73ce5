/* Ownership: slots and requests live in the restorer; what is in flight comes back before the
 * connection is closed, and the restorer is freed after that.
 *
 *     tick -> HGETALL hosts, alerts, outbox, traffic, launches, overrides, enrolled, tokens,
 *             accounts, each -> on_part
 *          -> per host, RANGES_MAX at a time: HGETALL of its changes -> on_changes,
 *                                            a range -> on_chunk, on_range_done -> report */
#include "collector/io/restorer.h"

#include "collector/codec/change_records.h"
#include "collector/codec/launch_record.h"
#include "collector/codec/learned_record.h"
#include "collector/codec/oncall_record.h"
#include "collector/codec/records.h"
#include "collector/codec/traffic_record.h"
#include "collector/codec/trust_records.h"
#include "common/base/assert.h"
#include "common/base/err.h"
#include "common/sys/clock.h"
#include "common/sys/log.h"
#include "common/wire/chunk.h"

#include <hiredis.h>
#include <stdlib.h>

enum { RANGES_MAX = 16, AHEAD_MS = 60 * 1000 };

enum part {
    PART_HOSTS,
    PART_ALERTS,
    PART_REFERENCES, // before pages, which may edit what they name
    PART_OVERRIDES,  // before pages, which go to who is on call
    PART_SAID,       // before pages: none may go out that somebody stopped
    PART_SAID_LAST = PART_SAID + PL_SAID_KEY_COUNT - 1,
    PART_PAGES,
    PART_TRAFFIC,
    PART_LAUNCHES,
    PART_ENROLLED,
    PART_TOKENS,
    PART_ACCOUNTS, // the first of PL_ACCOUNT_KEY_COUNT
    PART_SAMPLES = PART_ACCOUNTS + PL_ACCOUNT_KEY_COUNT,
    PART_NONE
};

struct slot {
    uint32_t parts; // of its host that are being read: changes, what was learned, samples; 0: free
    struct pl_restorer *restorer;
    uint32_t host;
    int64_t from_unix_ms;
    struct pl_boot_id boot_id; // of the newest sample handed on
    int64_t unix_ms;
    uint64_t seq; // 0: none yet
};

struct pl_restorer {
    struct pl_restorer_options options;
    enum part part; // what comes next
    bool asked;     // a part's HGETALL is in flight
    bool reported, late;
    bool trust_unknown;    // enrolled hosts or tokens could not be read
    bool accounts_unknown; // likewise
    int64_t deadline_mono_ms;
    uint32_t unreadable;
    struct restored_host {
        uint32_t index;
        struct pl_name name;
    } * hosts; // host_max items
    uint32_t host_count, next_host, busy_count;
    struct slot slots[RANGES_MAX];
    struct pl_sample samples[PL_CHUNK_ROWS_MAX]; // of the chunk being read
};

struct pl_restorer *pl_restorer_new(const struct pl_restorer_options *options, int64_t now_mono_ms)
{
    struct pl_restorer *r = calloc(1, sizeof *r);
    if (!r) return NULL;
    r->options = *options;
    r->deadline_mono_ms = now_mono_ms + PL_STORE_RESTORE_MS;
    r->hosts = calloc(options->host_max, sizeof r->hosts[0]);
    for (size_t i = 0; i < PL_LEN(r->slots); i++) r->slots[i].restorer = r;
    if (r->hosts) return r;
    free(r);
    return NULL;
}

void pl_restorer_free(struct pl_restorer *r)
{
    if (!r) return;
    PL_ASSERT(!r->asked && r->busy_count == 0);
    free(r->hosts);
    free(r);
}

bool pl_restorer_holds_writes(const struct pl_restorer *r)
{
    return r->part < PART_SAMPLES;
}

static void report(struct pl_restorer *r, enum pl_store_restored what)
{
    r->reported = true;
    r->options.on_restored(r->options.ctx, what);
}

/* ---- control records ---- */

static void take_host(struct pl_restorer *r, struct pl_span record, int *err)
{
    struct pl_hello hello;
    *err = pl_record_host_read(record, &hello);
    if (*err < 0) return;
    uint32_t index = r->options.on_host(r->options.ctx, &hello);
    if (index == PL_NO_INDEX || r->host_count == r->options.host_max) return;
    r->hosts[r->host_count].index = index;
    r->hosts[r->host_count++].name = hello.host;
}

static void take_trust(struct pl_restorer *r, struct pl_span record, int *err)
{
    struct pl_enrolled enrolled;
    struct pl_join_token token;
    if (r->part == PART_ENROLLED) {
        *err = pl_record_enrolled_read(record, &enrolled);
        if (*err == 0) r->options.on_trust(r->options.ctx, &enrolled, NULL);
    } else {
        *err = pl_record_token_read(record, &token);
        if (*err == 0) r->options.on_trust(r->options.ctx, NULL, &token);
    }
}

static void take_traffic(struct pl_restorer *r, struct pl_span field, struct pl_span record,
                         int *err)
{
    struct pl_name pool;
    enum pl_traffic_source unit;
    struct pl_traffic traffic;
    *err = pl_name_parse(field, &pool);
    if (*err == 0) *err = pl_record_traffic_read(record, pl_clock_unix_ms(), &unit, &traffic);
    if (*err == 0) r->options.on_traffic(r->options.ctx, &pool, unit, &traffic);
}

static void take_launch(struct pl_restorer *r, struct pl_span record, int *err)
{
    struct pl_launch_entry entry;
    *err = pl_record_launch_read(record, &entry);
    if (*err == 0 && r->options.on_launch) r->options.on_launch(r->options.ctx, &entry);
}

static void take_override(struct pl_restorer *r, struct pl_span text, int *err)
{
    struct pl_override_record record;
    *err = pl_record_override_read(text, &record);
    if (*err == 0 && r->options.on_override) r->options.on_override(r->options.ctx, &record);
}

static enum pl_account_key account_key(const struct pl_restorer *r)
{
    return (enum pl_account_key)(r->part - PART_ACCOUNTS);
}

static void take_record(struct pl_restorer *r, struct pl_span field, struct pl_span record)
{
    struct pl_record_targets targets = {r->options.targets, r->options.target_count};
    struct pl_now now = {pl_clock_mono_ms(), pl_clock_unix_ms()};
    struct pl_alert alert;
    struct pl_page page;
    int err = 0;
    if (r->part == PART_HOSTS) {
        take_host(r, record, &err);
    } else if (r->part == PART_ALERTS) {
        err = pl_record_alert_read(record, &targets, now, &alert);
        if (err == 0) r->options.on_alert(r->options.ctx, &alert);
    } else if (r->part == PART_REFERENCES) {
        err = r->options.on_reference(r->options.ctx, record);
    } else if (r->part >= PART_SAID && r->part <= PART_SAID_LAST) {
        err = r->options.on_said(r->options.ctx, (enum pl_said_key)(r->part - PART_SAID), record);
    } else if (r->part == PART_PAGES) {
        err = pl_record_page_read(record, &targets, now, &page);
        if (err == 0) r->options.on_page(r->options.ctx, &page);
    } else if (r->part == PART_TRAFFIC) {
        take_traffic(r, field, record, &err);
    } else if (r->part == PART_LAUNCHES) {
        take_launch(r, record, &err);
    } else if (r->part == PART_OVERRIDES) {
        take_override(r, record, &err);
    } else if (r->part >= PART_ACCOUNTS) {
        r->options.on_account(r->options.ctx, account_key(r), record);
    } else {
        take_trust(r, record, &err);
    }
    if (err == 0) return;
    r->unreadable++;
    pl_log(PL_LOG_WARN, "record_unreadable", "part=%d field=\"%.*s\" reason=\"%s\"", (int)r->part,
           (int)field.len, (const char *)field.ptr, pl_err_text(err));
}

static struct pl_span span_of(const struct redisReply *reply)
{
    return (struct pl_span){(const uint8_t *)reply->str, reply->len};
}

static void ask_part(struct pl_restorer *r);
static void restore_samples(struct pl_restorer *r);

static void on_part(void *ctx, const struct redisReply *reply)
{
    struct pl_restorer *r = ctx;
    r->asked = false;
    if (!reply) return; // asked again on the next connection
    if (reply->type != REDIS_REPLY_ARRAY) {
        pl_log(PL_LOG_ERROR, "restore_refused", "part=%d reason=\"%s\"", (int)r->part,
               reply->type == REDIS_REPLY_ERROR ? reply->str : "not a hash");
        r->trust_unknown |= r->part == PART_ENROLLED || r->part == PART_TOKENS;
        r->accounts_unknown |= r->part >= PART_ACCOUNTS;
    }
    for (size_t i = 0; reply->type == REDIS_REPLY_ARRAY && i + 1 < reply->elements; i += 2) {
        take_record(r, span_of(reply->element[i]), span_of(reply->element[i + 1]));
    }
    r->part++;
    if (r->part == PART_SAMPLES && !r->trust_unknown)
        r->options.on_trust(r->options.ctx, NULL, NULL);
    if (r->part == PART_SAMPLES && !r->accounts_unknown)
        r->options.on_account(r->options.ctx, PL_ACCOUNT_KEY_COUNT, (struct pl_span){NULL, 0});
    if (r->part < PART_SAMPLES) {
        ask_part(r);
    } else if (r->late) {
        r->part = PART_NONE;
        report(r, PL_STORE_RESTORED_LATE);
    } else {
        restore_samples(r);
    }
}

static void ask_part(struct pl_restorer *r)
{
    static const char *const keys[] = {
        [PART_HOSTS] = PL_KEY_HOSTS,           [PART_ALERTS] = PL_KEY_ALERTS,
        [PART_REFERENCES] = PL_KEY_REFERENCES, [PART_PAGES] = PL_KEY_OUTBOX,
        [PART_TRAFFIC] = PL_KEY_TRAFFIC,       [PART_LAUNCHES] = PL_KEY_LAUNCHES,
        [PART_OVERRIDES] = PL_KEY_OVERRIDES,   [PART_ENROLLED] = PL_KEY_ENROLLED,
        [PART_TOKENS] = PL_KEY_TOKENS,
    };
    bool said = r->part >= PART_SAID && r->part <= PART_SAID_LAST;
    const char *key = r->part >= PART_ACCOUNTS ? pl_account_key(account_key(r))
                      : said ? pl_said_key((enum pl_said_key)(r->part - PART_SAID))
                             : keys[r->part];
    struct pl_redis_args args = {0};
    pl_redis_arg_text(&args, "HGETALL");
    pl_redis_arg_text(&args, key);
    r->asked = pl_redis_send(r->options.redis, &args, on_part, r) == 0;
}

/* ---- samples ---- */

static void on_chunk(void *ctx, struct pl_span chunk)
{
    struct slot *slot = ctx;
    struct pl_restorer *r = slot->restorer;
    struct pl_chunk_reader cr;
    if (pl_chunk_open(&cr, chunk) < 0 || cr.head.kind != PL_CHUNK_SAMPLES) return;
    for (size_t i = 0; i < cr.head.row_count; i++) {
        r->samples[i].seq = cr.head.first_seq + i;
        r->samples[i].unix_ms = cr.head.unix_ms[i];
        for (size_t m = 0; m < PL_METRIC_COUNT; m++) r->samples[i].values[m] = PL_ABSENT;
    }
    uint16_t id;
    int32_t values[PL_CHUNK_ROWS_MAX] = {0};
    int err;
    while ((err = pl_chunk_next(&cr, &id, values)) == 1) {
        enum pl_metric metric = pl_metric_by_id(id);
        if (metric == PL_METRIC_COUNT) continue;
        for (size_t i = 0; i < cr.head.row_count; i++) r->samples[i].values[metric] = values[i];
    }
    if (err < 0) return; // damaged: its samples are lost to the window, not to the host
    for (size_t i = 0; i < cr.head.row_count; i++) {
        const struct pl_sample *s = &r->samples[i];
        bool same = slot->seq > 0 && pl_boot_id_eq(&slot->boot_id, &cr.head.boot_id);
        bool known = same ? s->seq <= slot->seq : slot->seq > 0 && s->unix_ms <= slot->unix_ms;
        if (known || s->unix_ms < slot->from_unix_ms) continue;
        slot->boot_id = cr.head.boot_id;
        slot->seq = s->seq;
        slot->unix_ms = s->unix_ms;
        r->options.on_sample(r->options.ctx, slot->host, &cr.head.boot_id, s);
    }
}

static void part_done(struct slot *slot)
{
    struct pl_restorer *r = slot->restorer;
    if (--slot->parts > 0) return;
    r->busy_count--;
    if (r->part != PART_NONE) restore_samples(r);
}

static void on_range_done(void *ctx, int err)
{
    struct slot *slot = ctx;
    struct pl_restorer *r = slot->restorer;
    if (err < 0 && r->part != PART_NONE) {
        r->part = PART_NONE;
        report(r, PL_STORE_RESTORED_PART);
    }
    part_done(slot);
}

/* A field that is no place is nothing of ours. */
static void take_change(struct slot *slot, struct pl_span field, struct pl_span record)
{
    struct pl_restorer *r = slot->restorer;
    int64_t place;
    struct pl_change change;
    int err = pl_field_parse(field, &place);
    if (err == 0 && place >= PL_CHANGES_HOST_MAX) err = PL_E_RANGE;
    if (err == 0) err = pl_record_change_read(record, &change);
    if (err == 0)
        r->options.on_change(r->options.ctx, slot->host, (uint8_t)place, &change);
    else
        r->unreadable++;
}

static void on_changes(void *ctx, const struct redisReply *reply)
{
    struct slot *slot = ctx;
    bool is_asked = slot->restorer->part != PART_NONE; // not too late
    bool is_hash = is_asked && reply && reply->type == REDIS_REPLY_ARRAY;
    for (size_t i = 0; is_hash && i + 1 < reply->elements; i += 2)
        take_change(slot, span_of(reply->element[i]), span_of(reply->element[i + 1]));
    part_done(slot);
}

/* If it cannot be asked, the host's agent tells what it knows again. */
static void ask_changes(struct pl_restorer *r, struct slot *slot, const struct pl_name *host)
{
    char key[PL_KEY_BYTES];
    struct pl_redis_args args = {0};
    pl_key_changes(key, host);
    pl_redis_arg_text(&args, "HGETALL");
    pl_redis_arg_text(&args, key);
    if (pl_redis_send(r->options.redis, &args, on_changes, slot) == 0) slot->parts++;
}

static void on_learned(void *ctx, const struct redisReply *reply)
{
    struct slot *slot = ctx;
    struct pl_restorer *r = slot->restorer;
    struct pl_capacity_learner learned;
    if (r->part != PART_NONE && reply && reply->type == REDIS_REPLY_STRING) {
        int err = pl_learned_read(span_of(reply), &learned);
        if (err == 0)
            r->options.on_learned(r->options.ctx, slot->host, &learned);
        else
            r->unreadable++;
    }
    part_done(slot);
}

/* If it cannot be asked, learning begins anew. */
static void ask_learned(struct pl_restorer *r, struct slot *slot, const struct pl_name *host)
{
    char key[PL_KEY_BYTES];
    struct pl_redis_args args = {0};
    pl_key_learned(key, host);
    pl_redis_arg_text(&args, "HGET");
    pl_redis_arg_text(&args, key);
    pl_redis_arg_text(&args, PL_FIELD_LEARNED);
    if (pl_redis_send(r->options.redis, &args, on_learned, slot) == 0) slot->parts++;
}

/* False if no more can be started now. */
static bool start_range(struct pl_restorer *r, struct slot *slot)
{
    int64_t now = pl_clock_unix_ms();
    const struct restored_host *host = &r->hosts[r->next_host];
    slot->host = host->index;
    slot->seq = 0;
    slot->from_unix_ms = now - PL_STORE_RESTORE_WINDOW_MS;
    struct pl_range range = {.host = host->name,
                             .resolution = PL_R1,
                             .from_unix_ms = slot->from_unix_ms,
                             .to_unix_ms = now + AHEAD_MS,
                             .on_chunk = on_chunk,
                             .on_done = on_range_done,
                             .ctx = slot};
    if (pl_ranges_read(r->options.ranges, &range) < 0) return false;
    slot->parts = 1;
    r->busy_count++;
    r->next_host++;
    ask_changes(r, slot, &host->name);
    ask_learned(r, slot, &host->name);
    return true;
}

static void restore_samples(struct pl_restorer *r)
{
    for (size_t i = 0; i < PL_LEN(r->slots) && r->next_host < r->host_count; i++) {
        if (r->slots[i].parts == 0 && !start_range(r, &r->slots[i])) return;
    }
    if (r->busy_count > 0 || r->next_host < r->host_count) return;
    r->part = PART_NONE;
    report(r, PL_STORE_RESTORED_ALL);
}

void pl_restorer_tick(struct pl_restorer *r, struct pl_now now)
{
    if (r->part == PART_NONE) return;
    if (!r->reported && now.mono_ms >= r->deadline_mono_ms) {
        r->late = r->part < PART_SAMPLES;
        report(r, r->late ? PL_STORE_RESTORED_NOTHING : PL_STORE_RESTORED_PART);
        if (!r->late) r->part = PART_NONE;
        return;
    }
    if (pl_redis_state(r->options.redis) != PL_REDIS_READY) return;
    if (r->part == PART_SAMPLES)
        restore_samples(r);
    else if (!r->asked)
        ask_part(r);
}
