#include "collector/cli/history.h"

#include "collector/cli/cli.h"
#include "collector/codec/records.h"
#include "common/base/err.h"

#include <hiredis.h>
#include <stdio.h>
#include <sys/time.h>

enum { WAIT_SECONDS = 15, WHERE_BYTES = PL_ADDRESS_TEXT_BYTES };

static redisContext *dial(const struct pl_config_redis *redis, const char *state, char *where)
{
    const struct timeval limit = {WAIT_SECONDS, 0};
    if (redis->kind == PL_CONFIG_REDIS_TCP) {
        pl_address_write(&redis->address, where);
        return redisConnectWithTimeout(redis->address.host, redis->address.port, limit);
    }
    struct pl_text path = pl_text_init(where, WHERE_BYTES); // one that is cut cannot be reached
    pl_text_str(&path, redis->kind == PL_CONFIG_REDIS_UNIX ? redis->socket : state);
    if (redis->kind == PL_CONFIG_REDIS_MANAGED) pl_text_str(&path, "/redis/redis.sock");
    return redisConnectUnixWithTimeout(where, limit);
}

/* NULL after a complaint. */
static redisReply *ask(struct pl_history *h, int type, const char *command, const char *argument)
{
    redisContext *redis = h->redis;
    redisReply *reply = redisCommand(redis, "%s %s", command, argument);
    if (reply && reply->type == type) return reply;
    pl_cli_complain("Redis answered %s %s with: %s", command, argument,
                    reply && reply->str ? reply->str : redis->errstr);
    freeReplyObject(reply);
    return NULL;
}

int pl_history_open(struct pl_history *h, const struct pl_config_redis *redis, const char *state)
{
    char where[WHERE_BYTES], database[24];
    redisContext *c = dial(redis, state, where);
    const struct timeval limit = {WAIT_SECONDS, 0};
    h->redis = c;
    if (!c || c->err != 0 || redisSetTimeout(c, limit) != REDIS_OK) {
        pl_cli_complain(
            "cannot reach the Redis at %s: %s; --redis URL or --state DIR say where the "
            "collector keeps its samples",
            where, c ? c->errstr : "out of memory");
        pl_history_close(h);
        return PL_EXIT_UNREACHABLE;
    }
    if (redis->database == 0) return PL_EXIT_OK;
    (void)snprintf(database, sizeof database, "%lld", (long long)redis->database);
    redisReply *reply = ask(h, REDIS_REPLY_STATUS, "SELECT", database);
    freeReplyObject(reply);
    if (reply) return PL_EXIT_OK;
    pl_history_close(h);
    return PL_EXIT_FAILURE;
}

void pl_history_close(struct pl_history *h)
{
    if (h->redis) redisFree(h->redis);
    h->redis = NULL;
}

static struct pl_span span_of(const redisReply *reply)
{
    return (struct pl_span){(const uint8_t *)reply->str, reply->len};
}

int pl_history_hosts(struct pl_history *h, const struct pl_name *pool, struct pl_hello *hosts,
                     uint32_t *count)
{
    redisReply *reply = ask(h, REDIS_REPLY_ARRAY, "HGETALL", PL_KEY_HOSTS);
    uint32_t found = 0;
    if (!reply) return PL_EXIT_FAILURE;
    for (size_t i = 0; i + 1 < reply->elements && found <= PL_HISTORY_HOSTS_MAX; i += 2) {
        struct pl_hello hello;
        if (pl_record_host_read(span_of(reply->element[i + 1]), &hello) < 0) continue; // damaged
        if (!pl_name_eq(&hello.pool, pool)) continue;
        if (found < PL_HISTORY_HOSTS_MAX) hosts[found] = hello;
        found++;
    }
    freeReplyObject(reply);
    if (found == 0) pl_cli_complain("no host of the pool '%s' is known there", pool->text);
    if (found > PL_HISTORY_HOSTS_MAX)
        pl_cli_complain("the pool '%s' has more than %d hosts", pool->text, PL_HISTORY_HOSTS_MAX);
    if (found == 0 || found > PL_HISTORY_HOSTS_MAX) return PL_EXIT_FAILURE;
    *count = found;
    return PL_EXIT_OK;
}

int pl_history_read(struct pl_history *h, const struct pl_history_bucket *bucket,
                    void (*on_chunk)(void *ctx, int64_t first_unix_ms, struct pl_span chunk),
                    void *ctx)
{
    char key[PL_KEY_BYTES];
    pl_key_metric(key, bucket->host, bucket->resolution, bucket->unix_ms);
    redisReply *reply = ask(h, REDIS_REPLY_ARRAY, "HGETALL", key);
    if (!reply) return PL_EXIT_FAILURE;
    for (size_t i = 0; i + 1 < reply->elements; i += 2) {
        const redisReply *field = reply->element[i], *value = reply->element[i + 1];
        int64_t first_unix_ms;
        if (field->type != REDIS_REPLY_STRING || value->type != REDIS_REPLY_STRING) continue;
        if (pl_field_parse(span_of(field), &first_unix_ms) < 0) continue; // not ours
        on_chunk(ctx, first_unix_ms, span_of(value));
    }
    freeReplyObject(reply);
    return PL_EXIT_OK;
}
