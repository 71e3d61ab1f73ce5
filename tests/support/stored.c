/* stored - which samples Redis holds, read by a client of its own.
 *
 *     stored SOCKET [HOST...]        every host of pl:hosts if none is named
 *
 * Prints one JSON object: {"<host>": {"<boot id>": [[first, last], ...]}}, the sequence numbers
 * found in the sample chunks as ranges without holes, and under "no_ttl" the metric keys that would
 * live for ever. Exit status 1 for a chunk that cannot be read. */
#include "collector/codec/keys.h"
#include "common/base/assert.h"
#include "common/wire/chunk.h"

#include <hiredis.h>
#include <stdio.h>
#include <stdlib.h>

enum { ROWS_MAX = 1 << 20 };

struct row {
    struct pl_boot_id boot_id;
    uint64_t seq;
};

static struct row rows[ROWS_MAX];
static size_t row_count;

static redisReply *ask(redisContext *redis, const char *command, const char *argument)
{
    redisReply *reply = redisCommand(redis, command, argument);
    if (reply && reply->type == REDIS_REPLY_ARRAY) return reply;
    (void)fprintf(stderr, "stored: %s %s: %s\n", command, argument,
                  reply && reply->str ? reply->str : redis->errstr);
    exit(1);
}

static void take_chunk(const char *key, const redisReply *value)
{
    struct pl_chunk_reader cr;
    int err = pl_chunk_open(&cr, (struct pl_span){(const uint8_t *)value->str, value->len});
    if (err < 0 || cr.head.kind != PL_CHUNK_SAMPLES) {
        (void)fprintf(stderr, "stored: a chunk of %s cannot be read\n", key);
        exit(1);
    }
    for (uint8_t i = 0; i < cr.head.row_count; i++) {
        PL_ASSERT(row_count < ROWS_MAX);
        rows[row_count++] = (struct row){cr.head.boot_id, cr.head.first_seq + i};
    }
}

static int by_boot_and_seq(const void *left, const void *right)
{
    const struct row *a = left, *b = right;
    int order = memcmp(a->boot_id.bytes, b->boot_id.bytes, PL_BOOT_ID_BYTES);
    return order != 0 ? order : (a->seq > b->seq) - (a->seq < b->seq);
}

/* The rows of one boot id from `at` on; returns where the next begins. */
static size_t print_boot(size_t at)
{
    printf("\"");
    for (size_t i = 0; i < PL_BOOT_ID_BYTES; i++) printf("%02x", rows[at].boot_id.bytes[i]);
    printf("\": [");
    const struct pl_boot_id boot_id = rows[at].boot_id;
    for (bool first = true; at < row_count && pl_boot_id_eq(&rows[at].boot_id, &boot_id);) {
        uint64_t begin = rows[at].seq, end = begin;
        while (++at < row_count && pl_boot_id_eq(&rows[at].boot_id, &boot_id) &&
               rows[at].seq <= end + 1) {
            end = rows[at].seq;
        }
        printf("%s[%llu, %llu]", first ? "" : ", ", (unsigned long long)begin,
               (unsigned long long)end);
        first = false;
    }
    printf("]");
    return at;
}

static void print_host(redisContext *redis, const char *host)
{
    char pattern[PL_KEY_BYTES];
    (void)snprintf(pattern, sizeof pattern, "pl:{%s}:r1:*", host);
    redisReply *keys = ask(redis, "KEYS %s", pattern);
    row_count = 0;
    for (size_t k = 0; k < keys->elements; k++) {
        redisReply *values = ask(redis, "HVALS %s", keys->element[k]->str);
        for (size_t i = 0; i < values->elements; i++) {
            take_chunk(keys->element[k]->str, values->element[i]);
        }
        freeReplyObject(values);
    }
    freeReplyObject(keys);
    qsort(rows, row_count, sizeof rows[0], by_boot_and_seq);
    printf("\"%s\": {", host);
    for (size_t at = 0; at < row_count;) {
        at = print_boot(at);
        printf("%s", at < row_count ? ", " : "");
    }
    printf("}, ");
}

static void print_immortal_keys(redisContext *redis)
{
    redisReply *keys = ask(redis, "KEYS %s", "pl:{*");
    const char *comma = "";
    printf("\"no_ttl\": [");
    for (size_t k = 0; k < keys->elements; k++) {
        redisReply *ttl = redisCommand(redis, "TTL %s", keys->element[k]->str);
        if (!ttl || ttl->integer < 0) {
            printf("%s\"%s\"", comma, keys->element[k]->str);
            comma = ", ";
        }
        freeReplyObject(ttl);
    }
    printf("]");
    freeReplyObject(keys);
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        (void)fprintf(stderr, "usage: stored SOCKET [HOST...]\n");
        return 2;
    }
    redisContext *redis = redisConnectUnix(argv[1]);
    if (!redis || redis->err) {
        (void)fprintf(stderr, "stored: %s: %s\n", argv[1], redis ? redis->errstr : "no memory");
        return 1;
    }
    printf("{");
    for (int i = 2; i < argc; i++) print_host(redis, argv[i]);
    if (argc == 2) {
        redisReply *hosts = ask(redis, "HKEYS %s", PL_KEY_HOSTS);
        for (size_t i = 0; i < hosts->elements; i++) print_host(redis, hosts->element[i]->str);
        freeReplyObject(hosts);
    }
    print_immortal_keys(redis);
    printf("}\n");
    redisFree(redis);
    return 0;
}
