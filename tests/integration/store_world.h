/* store_world.h - a store with a real redis-server in a temporary directory: what it told, what an
 * agent would send it, and what an eyewitness sees in Redis. */
#pragma once

#include "collector/codec/records.h"
#include "collector/codec/rollup.h"
#include "collector/io/redis_server.h"
#include "collector/io/store.h"
#include "common/base/err.h"
#include "common/base/rng.h"
#include "common/sys/log.h"
#include "tests/integration/loop.h"

#include <hiredis.h>
#include <signal.h>

enum { HOSTS = 64, SEQ_MAX = 1 << 14, MIB = 1024 * 1024 };
#define MINUTE ((int64_t)60000)

static const struct pl_name targets[] = {{6, "oncall"}};

/* The other side of the store: what it told. */
struct world {
    char dir[64];
    struct pl_redis_server *server;
    struct pl_store *store;
    bool is_restored;
    enum pl_store_restored restored;
    int restored_count;
    uint32_t restored_hosts, restored_alerts, restored_pages, restored_samples;
    uint32_t restored_learned;
    struct pl_capacity_learner learned; // the newest of them
    uint64_t restored_first_seq, restored_last_seq;
    struct pl_alert alert;
    struct pl_page page;
    struct pl_name traffic_pool;
    enum pl_traffic_source traffic_unit;
    double traffic_known_s;
    uint64_t durable[HOSTS];
    bool resync[HOSTS];
    uint32_t resync_count;
    struct pl_slot_id saved;
    int saved_count;
    int series_err, series_count;
    struct pl_series_answer answer;
    struct pl_series_point points[PL_SERIES_POINTS_MAX];
};

__attribute__((unused)) static struct pl_name host_name(uint32_t host)
{
    struct pl_name name = {0};
    struct pl_text t = pl_text_init(name.text, sizeof name.text);
    pl_text_str(&t, "fe");
    pl_text_u64(&t, host);
    name.len = (uint8_t)t.len;
    return name;
}

__attribute__((unused)) static void on_durable(void *ctx, uint32_t host,
                                               const struct pl_boot_id *boot_id, uint64_t seq)
{
    struct world *w = ctx;
    CHECK_INT(boot_id->bytes[0], host + 1);
    CHECK(seq > w->durable[host]);
    w->durable[host] = seq;
}

__attribute__((unused)) static void on_resync(void *ctx, uint32_t host)
{
    struct world *w = ctx;
    w->resync_count += !w->resync[host];
    w->resync[host] = true;
}

__attribute__((unused)) static void on_page_saved(void *ctx, struct pl_slot_id page)
{
    struct world *w = ctx;
    w->saved = page;
    w->saved_count++;
}

__attribute__((unused)) static uint32_t on_restore_host(void *ctx, const struct pl_hello *hello)
{
    struct world *w = ctx;
    w->restored_hosts++;
    return (uint32_t)strtoul(hello->host.text + 2, NULL, 10);
}

__attribute__((unused)) static void on_restore_alert(void *ctx, const struct pl_alert *alert)
{
    struct world *w = ctx;
    w->restored_alerts++;
    w->alert = *alert;
}

__attribute__((unused)) static void on_restore_page(void *ctx, const struct pl_page *page)
{
    struct world *w = ctx;
    w->restored_pages++;
    w->page = *page;
}

__attribute__((unused)) static void on_restore_traffic(void *ctx, const struct pl_name *pool,
                                                       enum pl_traffic_source unit,
                                                       const struct pl_traffic *traffic)
{
    struct world *w = ctx;
    w->traffic_pool = *pool;
    w->traffic_unit = unit;
    w->traffic_known_s = traffic->ladder.known_s;
}

__attribute__((unused)) static void on_restore_sample(void *ctx, uint32_t host,
                                                      const struct pl_boot_id *boot_id,
                                                      const struct pl_sample *sample)
{
    struct world *w = ctx;
    (void)host;
    (void)boot_id;
    if (w->restored_samples++ == 0)
        w->restored_first_seq = sample->seq;
    else
        CHECK_INT(sample->seq, w->restored_last_seq + 1);
    w->restored_last_seq = sample->seq;
}

__attribute__((unused)) static void on_restore_learned(void *ctx, uint32_t host,
                                                       const struct pl_capacity_learner *learned)
{
    struct world *w = ctx;
    w->restored_learned++;
    CHECK_INT(host, 0);
    w->learned = *learned;
}

__attribute__((unused)) static void on_restored(void *ctx, enum pl_store_restored what)
{
    struct world *w = ctx;
    w->is_restored = true;
    w->restored = what;
    w->restored_count++;
}

__attribute__((unused)) static void store_start(struct world *w, size_t queue_bytes)
{
    struct pl_store_options options = {.seed = 1,
                                       .host_max = HOSTS,
                                       .alert_max = 8,
                                       .queue_bytes = queue_bytes,
                                       .target_count = PL_LEN(targets),
                                       .targets = targets,
                                       .ctx = w,
                                       .on_durable = on_durable,
                                       .on_resync = on_resync,
                                       .on_page_saved = on_page_saved,
                                       .on_restore_host = on_restore_host,
                                       .on_restore_alert = on_restore_alert,
                                       .on_restore_page = on_restore_page,
                                       .on_restore_traffic = on_restore_traffic,
                                       .on_restore_sample = on_restore_sample,
                                       .on_restore_learned = on_restore_learned,
                                       .on_restored = on_restored};
    (void)snprintf(options.redis.unix_path, sizeof options.redis.unix_path, "%s/redis/redis.sock",
                   w->dir);
    w->is_restored = false;
    CHECK_INT(pl_store_start(&loop, &options, &w->store), 0);
}

__attribute__((unused)) static void server_start(struct world *w)
{
    char error[PL_REDIS_SERVER_ERROR_BYTES];
    CHECK_INT(pl_redis_server_start(&loop, w->dir, 1, &w->server, error), 0);
}

__attribute__((unused)) static void store_stop(struct world *w)
{
    bool stopped = false;
    pl_store_stop(w->store, set_flag, &stopped);
    CHECK(run_until(is_set, &stopped, 5000));
}

__attribute__((unused)) static void server_stop(struct world *w)
{
    bool stopped = false;
    pl_redis_server_stop(w->server, set_flag, &stopped);
    CHECK(run_until(is_set, &stopped, 8000));
}

__attribute__((unused)) static struct world *world_begin(size_t queue_bytes)
{
    static struct world w;
    w = (struct world){0};
    make_dir(w.dir);
    loop_begin();
    server_start(&w);
    store_start(&w, queue_bytes);
    CHECK(run_until(is_set, &w.is_restored, 6000));
    CHECK_INT(w.restored, PL_STORE_RESTORED_ALL);
    return &w;
}

__attribute__((unused)) static void world_end(struct world *w)
{
    store_stop(w);
    server_stop(w);
    loop_end();
    remove_dir(w->dir);
}

/* ---- what an agent does ---- */

__attribute__((unused)) static int32_t value_of(uint64_t seq)
{
    return (int32_t)(seq * 7 % 5000);
}

/* Samples first to last of a host, one a second; seq 1 was at `start`. */
__attribute__((unused)) static void feed(struct world *w, uint32_t host, int64_t start,
                                         uint64_t first, uint64_t last)
{
    struct pl_now now = {pl_clock_mono_ms(), pl_clock_unix_ms()};
    struct pl_boot_id boot_id = {{(uint8_t)(host + 1)}};
    struct pl_name name = host_name(host);
    pl_store_host(w->store, host, &name);
    for (uint64_t seq = first; seq <= last; seq++) {
        struct pl_sample s = {.seq = seq, .unix_ms = start + (int64_t)(seq - 1) * 1000};
        for (size_t m = 0; m < PL_METRIC_COUNT; m++) {
            s.values[m] = (int32_t)(seq * (m + 3) % 1000);
        }
        s.values[PL_CPU_BUSY] = value_of(seq);
        pl_store_sample(w->store, host, &boot_id, &s, now);
    }
}

struct durable_wait {
    struct world *w;
    uint32_t host_count;
    uint64_t seq;
};

__attribute__((unused)) static bool is_durable(void *ctx)
{
    struct durable_wait *d = ctx;
    for (uint32_t host = 0; host < d->host_count; host++) {
        if (d->w->durable[host] < d->seq) return false;
    }
    return true;
}

__attribute__((unused)) static bool wait_durable(struct world *w, uint32_t host_count, uint64_t seq,
                                                 int64_t limit_ms)
{
    struct durable_wait d = {w, host_count, seq};
    return run_until(is_durable, &d, limit_ms);
}

/* ---- what an eyewitness sees in Redis, by a connection of its own ---- */

__attribute__((unused)) static redisContext *look(struct world *w)
{
    char path[128];
    (void)snprintf(path, sizeof path, "%s/redis/redis.sock", w->dir);
    redisContext *c = redisConnectUnix(path);
    if (!c || c->err) abort();
    return c;
}

/* Marks the seqs of a host's chunks; how many different ones. */
__attribute__((unused)) static size_t count_seqs(struct world *w, uint32_t host)
{
    static uint8_t seen[SEQ_MAX];
    memset(seen, 0, sizeof seen);
    size_t count = 0;
    redisContext *c = look(w);
    redisReply *keys = redisCommand(c, "KEYS pl:{fe%u}:r1:*", host);
    for (size_t k = 0; k < keys->elements; k++) {
        redisReply *all = redisCommand(c, "HVALS %s", keys->element[k]->str);
        for (size_t i = 0; i < all->elements; i++) {
            struct pl_chunk_reader cr;
            struct pl_span chunk = {(const uint8_t *)all->element[i]->str, all->element[i]->len};
            CHECK_INT(pl_chunk_open(&cr, chunk), 0);
            for (uint64_t s = cr.head.first_seq; s < cr.head.first_seq + cr.head.row_count; s++) {
                count += s < SEQ_MAX && !seen[s];
                if (s < SEQ_MAX) seen[s] = 1;
            }
        }
        freeReplyObject(all);
    }
    freeReplyObject(keys);
    redisFree(c);
    return count;
}

/* Every metric key has a time to live, no control key has. */
__attribute__((unused)) static void check_times_to_live(struct world *w)
{
    redisContext *c = look(w);
    redisReply *keys = redisCommand(c, "KEYS *");
    size_t metric_keys = 0;
    for (size_t k = 0; k < keys->elements; k++) {
        const char *key = keys->element[k]->str;
        redisReply *ttl = redisCommand(c, "TTL %s", key);
        bool is_metric = strncmp(key, "pl:{", 4) == 0;
        if (is_metric)
            CHECK(ttl->integer >= 3600 - 60);
        else
            CHECK_INT(ttl->integer, -1);
        metric_keys += is_metric;
        freeReplyObject(ttl);
    }
    CHECK(metric_keys > 0);
    freeReplyObject(keys);
    redisFree(c);
}
