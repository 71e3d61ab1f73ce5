/* Replies come in the order of the commands, so the reply that arrives belongs to the oldest sent
 * entry of the queue: no context per command is needed.
 *
 *     pump -> pl_redis_send -> on_reply -> queue replied -> on_written
 *     settle -> on_durable */
#include "collector/io/lane.h"

#include "common/base/assert.h"
#include "common/base/err.h"
#include "common/sys/clock.h"

#include <errno.h>
#include <hiredis.h>
#include <stdlib.h>

enum { PAUSE_MS = 1000, LOG_EVERY_MS = 30000, COMMANDS_PER_WRITE = 4 };

int pl_lane_init(struct pl_lane *lane, const struct pl_lane_options *options)
{
    *lane = (struct pl_lane){.options = *options};
    int err = pl_write_queue_init(&lane->queue, options->queue_bytes, options->owner_max);
    if (err < 0) return err;
    lane->buf = malloc(PL_WRITE_BYTES_MAX);
    if (lane->buf) return 0;
    pl_write_queue_fini(&lane->queue);
    return -ENOMEM;
}

void pl_lane_fini(struct pl_lane *lane)
{
    pl_write_queue_fini(&lane->queue);
    free(lane->buf);
    lane->buf = NULL;
}

/* The error in a reply to HSET, HDEL or EXEC, or NULL. */
static const char *error_of(const struct redisReply *reply)
{
    if (reply->type == REDIS_REPLY_ERROR) return reply->str;
    if (reply->type != REDIS_REPLY_ARRAY) return NULL;
    for (size_t i = 0; i < reply->elements; i++) {
        if (reply->element[i]->type == REDIS_REPLY_ERROR) return reply->element[i]->str;
    }
    return NULL;
}

static void refuse(struct pl_lane *lane, const char *reason, int64_t now)
{
    uint32_t held;
    lane->refused++;
    if (pl_log_allow(&lane->refused_log, now, LOG_EVERY_MS, &held)) {
        pl_log(PL_LOG_ERROR, "redis_refuses", "writes=%s reason=\"%s\" held_back=%u",
               lane->options.name, reason, held);
    }
    lane->ignored_replies = pl_write_queue_count(&lane->queue, PL_WRITE_SENT) - 1;
    lane->paused_until_mono_ms = now + PAUSE_MS;
    pl_write_queue_requeue_sent(&lane->queue);
}

static void on_reply(void *ctx, const struct redisReply *reply)
{
    struct pl_lane *lane = ctx;
    if (!reply) return; // unknown; pl_lane_lost() follows
    if (lane->ignored_replies > 0) {
        lane->ignored_replies--;
        return;
    }
    int64_t now = pl_clock_mono_ms();
    const char *error = error_of(reply);
    if (error) {
        refuse(lane, error, now);
        return;
    }
    struct pl_write write;
    if (pl_write_queue_replied(&lane->queue, now, &write)) {
        lane->options.on_written(lane->options.ctx, &write);
    }
}

/* MULTI, EXPIRE and the HSET inside: what they come to is in the reply of EXEC. */
static void on_part(void *ctx, const struct redisReply *reply)
{
    (void)ctx;
    (void)reply;
}

static int send_word(struct pl_lane *lane, const char *word,
                     void (*on_done)(void *ctx, const struct redisReply *reply))
{
    struct pl_redis_args args = {0};
    pl_redis_arg_text(&args, word);
    return pl_redis_send(lane->options.redis, &args, on_done, lane);
}

static int send_expire(struct pl_lane *lane, const struct pl_write *write)
{
    char seconds[24];
    struct pl_text t = pl_text_init(seconds, sizeof seconds);
    pl_text_u64(&t, write->ttl_s);
    struct pl_redis_args args = {0};
    pl_redis_arg_text(&args, "EXPIRE");
    pl_redis_arg(&args, write->key);
    pl_redis_arg_text(&args, seconds);
    return pl_redis_send(lane->options.redis, &args, on_part, lane);
}

static int send_write(struct pl_lane *lane, const struct pl_write *write)
{
    bool expires = write->ttl_s > 0;
    struct pl_redis_args args = {0};
    pl_redis_arg_text(&args, write->value.len > 0 ? "HSET" : "HDEL");
    pl_redis_arg(&args, write->key);
    pl_redis_arg(&args, write->field);
    if (write->value.len > 0) pl_redis_arg(&args, write->value);
    if (!expires) return pl_redis_send(lane->options.redis, &args, on_reply, lane);
    int err = send_word(lane, "MULTI", on_part);
    if (err == 0) err = pl_redis_send(lane->options.redis, &args, on_part, lane);
    if (err == 0) err = send_expire(lane, write);
    if (err == 0) err = send_word(lane, "EXEC", on_reply);
    return err;
}

void pl_lane_pump(struct pl_lane *lane, int64_t now_mono_ms)
{
    if (now_mono_ms < lane->paused_until_mono_ms) return;
    struct pl_write write;
    while (pl_redis_room(lane->options.redis) >= lane->options.reserve + COMMANDS_PER_WRITE &&
           pl_write_queue_next(&lane->queue, lane->buf, &write) == 0) {
        // There is room, so a failure means the connection dies: pl_lane_lost() will follow.
        if (send_write(lane, &write) < 0) return;
        pl_write_queue_sent(&lane->queue);
    }
}

void pl_lane_settle(struct pl_lane *lane, int64_t until_mono_ms)
{
    struct pl_write write;
    while (pl_write_queue_settle(&lane->queue, until_mono_ms, &write)) {
        lane->options.on_durable(lane->options.ctx, &write);
    }
}

void pl_lane_lost(struct pl_lane *lane)
{
    lane->ignored_replies = 0;
    pl_write_queue_requeue(&lane->queue);
}

bool pl_lane_is_idle(const struct pl_lane *lane)
{
    return pl_write_queue_count(&lane->queue, PL_WRITE_WAITING) == 0 &&
           pl_write_queue_count(&lane->queue, PL_WRITE_SENT) == 0;
}
