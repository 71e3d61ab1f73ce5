/* Ownership: a reader is a slot of `struct pl_ranges`. It has exactly one command in flight from
 * its start to its end, so its slot cannot be reused while a reply may come.
 *
 *     start -> HKEYS -> on_keys -> HMGET -> on_values -> (next batch | next bucket) -> finish */
#include "collector/io/range.h"

#include "common/base/assert.h"
#include "common/base/err.h"

#include <hiredis.h>
#include <stdlib.h>

struct field {
    int64_t first_unix_ms;
    uint8_t len;
    char text[PL_FIELD_BYTES];
};

struct reader {
    struct pl_ranges *ranges;
    struct reader *next_free;
    struct pl_range range;
    int64_t bucket_unix_ms;
    uint32_t field_count, next_field;
    struct field fields[PL_RANGE_FIELDS_MAX];
};

struct pl_ranges {
    struct pl_redis *redis;
    struct reader *free_readers;
    uint32_t free_count;
    struct reader readers[PL_RANGE_READERS_MAX];
};

static void on_keys(void *ctx, const struct redisReply *reply);
static void on_values(void *ctx, const struct redisReply *reply);

static void give_back(struct reader *r)
{
    r->next_free = r->ranges->free_readers;
    r->ranges->free_readers = r;
    r->ranges->free_count++;
}

static void finish(struct reader *r, int err)
{
    void (*on_done)(void *ctx, int result) = r->range.on_done;
    void *ctx = r->range.ctx;
    give_back(r);
    on_done(ctx, err);
}

static int ask_keys(struct reader *r)
{
    char key[PL_KEY_BYTES];
    pl_key_metric(key, &r->range.host, r->range.resolution, r->bucket_unix_ms);
    struct pl_redis_args args = {0};
    pl_redis_arg_text(&args, "HKEYS");
    pl_redis_arg_text(&args, key);
    return pl_redis_send(r->ranges->redis, &args, on_keys, r);
}

static int ask_values(struct reader *r)
{
    char key[PL_KEY_BYTES];
    pl_key_metric(key, &r->range.host, r->range.resolution, r->bucket_unix_ms);
    struct pl_redis_args args = {0};
    pl_redis_arg_text(&args, "HMGET");
    pl_redis_arg_text(&args, key);
    for (int i = 0; i < PL_RANGE_BATCH && r->next_field < r->field_count; i++) {
        const struct field *f = &r->fields[r->next_field++];
        pl_redis_arg(&args, (struct pl_span){(const uint8_t *)f->text, f->len});
    }
    return pl_redis_send(r->ranges->redis, &args, on_values, r);
}

/* What comes after the fields of a bucket are read. */
static void go_on(struct reader *r)
{
    int err = 0;
    if (r->next_field < r->field_count) {
        err = ask_values(r);
    } else {
        r->bucket_unix_ms += pl_resolution_plan(r->range.resolution)->bucket_ms;
        if (r->bucket_unix_ms > r->range.to_unix_ms) {
            finish(r, 0);
            return;
        }
        err = ask_keys(r);
    }
    if (err < 0) finish(r, err == PL_E_STATE ? PL_E_CLOSED : err);
}

/* Insert by time; a bucket with too many chunks keeps the earliest. */
static void keep_field(struct reader *r, int64_t first_unix_ms, const struct redisReply *text)
{
    uint32_t at = r->field_count;
    if (at == PL_RANGE_FIELDS_MAX) {
        if (r->fields[at - 1].first_unix_ms <= first_unix_ms) return;
        at--;
    } else {
        r->field_count++;
    }
    for (; at > 0 && r->fields[at - 1].first_unix_ms > first_unix_ms; at--) {
        r->fields[at] = r->fields[at - 1];
    }
    r->fields[at].first_unix_ms = first_unix_ms;
    r->fields[at].len = (uint8_t)text->len;
    memcpy(r->fields[at].text, text->str, text->len);
}

static int fault_of(const struct redisReply *reply)
{
    if (!reply) return PL_E_CLOSED;
    return reply->type == REDIS_REPLY_ARRAY ? 0 : PL_E_REFUSED;
}

static void on_keys(void *ctx, const struct redisReply *reply)
{
    struct reader *r = ctx;
    int err = fault_of(reply);
    if (err < 0) {
        finish(r, err);
        return;
    }
    int64_t window_ms = pl_resolution_plan(r->range.resolution)->window_ms;
    r->field_count = r->next_field = 0;
    for (size_t i = 0; i < reply->elements; i++) {
        const struct redisReply *text = reply->element[i];
        int64_t first;
        if (text->type != REDIS_REPLY_STRING || text->len >= PL_FIELD_BYTES) continue;
        if (pl_field_parse((struct pl_span){(const uint8_t *)text->str, text->len}, &first) < 0) {
            continue; // not ours
        }
        bool may_matter = first <= r->range.to_unix_ms &&
                          pl_floor_ms(first, window_ms) + window_ms > r->range.from_unix_ms;
        if (may_matter) keep_field(r, first, text);
    }
    go_on(r);
}

static void on_values(void *ctx, const struct redisReply *reply)
{
    struct reader *r = ctx;
    int err = fault_of(reply);
    if (err < 0) {
        finish(r, err);
        return;
    }
    for (size_t i = 0; i < reply->elements; i++) {
        const struct redisReply *value = reply->element[i];
        if (value->type != REDIS_REPLY_STRING) continue; // its time was over in between
        r->range.on_chunk(r->range.ctx, (struct pl_span){(const uint8_t *)value->str, value->len});
    }
    go_on(r);
}

struct pl_ranges *pl_ranges_new(struct pl_redis *redis)
{
    struct pl_ranges *rs = calloc(1, sizeof *rs);
    if (!rs) return NULL;
    rs->redis = redis;
    for (size_t i = 0; i < PL_LEN(rs->readers); i++) {
        rs->readers[i].ranges = rs;
        give_back(&rs->readers[i]);
    }
    return rs;
}

void pl_ranges_free(struct pl_ranges *rs)
{
    PL_ASSERT(!rs || rs->free_count == PL_RANGE_READERS_MAX);
    free(rs);
}

int pl_ranges_read(struct pl_ranges *rs, const struct pl_range *range)
{
    PL_ASSERT(range->from_unix_ms <= range->to_unix_ms);
    struct reader *r = rs->free_readers;
    if (!r) return PL_E_FULL;
    rs->free_readers = r->next_free;
    rs->free_count--;
    r->range = *range;
    const struct pl_resolution_plan *plan = pl_resolution_plan(range->resolution);
    // A chunk may begin a window before `from` and still reach it, and live in the bucket before.
    int64_t first = pl_floor_ms(range->from_unix_ms, plan->window_ms);
    r->bucket_unix_ms = pl_floor_ms(first, plan->bucket_ms);
    int err = ask_keys(r);
    if (err < 0) give_back(r);
    return err;
}
