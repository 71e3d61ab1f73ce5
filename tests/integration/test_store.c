/* Samples in the store: what is acknowledged is in Redis, whoever dies; what is not comes again. */
#include "tests/integration/store_world.h"

static void test_samples_become_durable(void)
{
    struct world *w = world_begin(4 * MIB);
    int64_t start = pl_floor_ms(pl_clock_unix_ms(), MINUTE) - 3 * MINUTE;
    struct pl_boot_id boot_id = {{1}}, other = {{2}};
    feed(w, 0, start, 1, 130); // two sealed minutes and an open one
    CHECK_INT(pl_store_durable_seq(w->store, 0, &boot_id), 0);
    int64_t begin = pl_clock_mono_ms();
    CHECK(wait_durable(w, 1, 120, 5000));
    CHECK(pl_clock_mono_ms() - begin >= PL_STORE_DURABLE_MS);
    CHECK(wait_durable(w, 1, 130, PL_STORE_REWRITE_MS + PL_STORE_DURABLE_MS + 1500));
    CHECK_INT(pl_store_durable_seq(w->store, 0, &boot_id), 130);
    CHECK_INT(pl_store_durable_seq(w->store, 0, &other), 0);
    feed(w, 0, start, 100, 135); // resent, and five more
    CHECK_INT(pl_store_view(w->store).counts->duplicates, 31);
    CHECK_INT(pl_store_view(w->store).counts->samples, 135);
    CHECK_INT(count_seqs(w, 0), 130);
    check_times_to_live(w);
    store_stop(w); // writes what is open
    CHECK_INT(count_seqs(w, 0), 135);
    store_start(w, 4 * MIB);
    CHECK(run_until(is_set, &w->is_restored, 6000));
    world_end(w);
}

static void test_killed_redis_loses_nothing(void)
{
    struct world *w = world_begin(4 * MIB);
    int64_t start = pl_floor_ms(pl_clock_unix_ms(), MINUTE) - 14 * MINUTE;
    for (uint32_t host = 0; host < 8; host++) feed(w, host, start, 1, 240);
    CHECK(wait_durable(w, 8, 180, 10000));
    CHECK_INT(kill(pl_redis_server_pid(w->server), SIGSTOP), 0);
    feed(w, 0, start, 241, 301);
    CHECK(!wait_durable(w, 1, 300, 400)); // sent, and certainly not run
    CHECK_INT(kill(pl_redis_server_pid(w->server), SIGKILL), 0);
    for (uint32_t host = 0; host < 8; host++) feed(w, host, start, host == 0 ? 302 : 241, 481);
    CHECK(wait_durable(w, 8, 480, 10000));
    CHECK_INT(kill(pl_redis_server_pid(w->server), SIGKILL), 0); // and once more, when all is well
    CHECK(wait_durable(w, 8, 481, 20000));
    for (uint32_t host = 0; host < 8; host++) CHECK_INT(count_seqs(w, host), 481);
    check_times_to_live(w);
    world_end(w);
}

static bool is_stalled(void *ctx)
{
    struct world *w = ctx;
    return pl_store_view(w->store).state == PL_REDIS_STALLED;
}

static void test_stopped_redis_only_delays(void)
{
    struct world *w = world_begin(4 * MIB);
    int64_t start = pl_floor_ms(pl_clock_unix_ms(), MINUTE) - 14 * MINUTE;
    feed(w, 0, start, 1, 61);
    CHECK_INT(kill(pl_redis_server_pid(w->server), SIGSTOP), 0);
    CHECK(run_until(is_stalled, w, 3000));
    feed(w, 0, start, 62, 181);
    struct pl_series_query query = {host_name(0), 0, PL_CPU_BUSY, start, start + MINUTE, 1000};
    CHECK_INT(pl_store_series(w->store, &query, NULL, NULL), PL_E_STATE);
    CHECK(!wait_durable(w, 1, 60, 2500)); // not before Redis is heard again
    CHECK_INT(kill(pl_redis_server_pid(w->server), SIGCONT), 0);
    CHECK(wait_durable(w, 1, 180, 6000));
    CHECK_INT(pl_store_view(w->store).counts->dropped_chunks, 0);
    world_end(w);
}

static bool is_refused(void *ctx)
{
    return pl_store_view(((struct world *)ctx)->store).counts->refused > 0;
}

/* A Redis that is there and says no, as with a full disk or memory. */
static void test_refused_writes_are_tried_again_in_order(void)
{
    struct world *w = world_begin(4 * MIB);
    int64_t start = pl_floor_ms(pl_clock_unix_ms(), MINUTE) - 14 * MINUTE;
    redisContext *c = look(w);
    freeReplyObject(redisCommand(c, "CONFIG SET maxmemory-policy noeviction"));
    freeReplyObject(redisCommand(c, "CONFIG SET maxmemory 1mb"));
    for (uint32_t host = 0; host < 4; host++) feed(w, host, start, 1, 301);
    CHECK(run_until(is_refused, w, 3000));
    for (uint32_t host = 0; host < 4; host++) feed(w, host, start, 302, 601);
    CHECK(!wait_durable(w, 1, 1, 3000));
    CHECK_INT(count_seqs(w, 0), 0);
    freeReplyObject(redisCommand(c, "CONFIG SET maxmemory 0"));
    CHECK(wait_durable(w, 4, 600, 6000));
    for (uint32_t host = 0; host < 4; host++) CHECK(count_seqs(w, host) >= 600);
    redisFree(c);
    world_end(w);
}

static bool all_stopped_resync(void *ctx)
{
    struct world *w = ctx;
    return w->resync_count >= HOSTS / 2;
}

static void test_full_queue_drops_whole_hosts_and_they_start_over(void)
{
    struct world *w = world_begin(MIB);
    int64_t start = pl_floor_ms(pl_clock_unix_ms(), MINUTE) - 14 * MINUTE;
    CHECK_INT(kill(pl_redis_server_pid(w->server), SIGSTOP), 0);
    CHECK(run_until(is_stalled, w, 3000));
    for (uint64_t seq = 1; seq <= 781; seq += 60) {
        for (uint32_t host = 0; host < HOSTS; host++) feed(w, host, start, seq, seq + 59);
    }
    struct pl_store_view view = pl_store_view(w->store);
    CHECK(view.counts->dropped_chunks > 0 && view.counts->ignored > 0);
    CHECK(view.queue_bytes <= view.queue_bytes_max && view.queue_bytes_max <= MIB);
    CHECK_INT(w->resync_count, 0); // not while Redis is away
    CHECK_INT(kill(pl_redis_server_pid(w->server), SIGCONT), 0);
    CHECK(run_until(all_stopped_resync, w, 20000));
    // The agents of those hosts come back and resend what is not durable, the rest just goes on.
    for (uint32_t host = 0; host < HOSTS; host++) {
        struct pl_boot_id boot_id = {{(uint8_t)(host + 1)}};
        uint64_t durable = pl_store_durable_seq(w->store, host, &boot_id);
        feed(w, host, start, w->resync[host] ? durable + 1 : 841, 841);
        if (host % 8 == 7) CHECK(wait_durable(w, host + 1, 840, 10000));
    }
    for (uint32_t host = 0; host < HOSTS; host++) CHECK(count_seqs(w, host) >= 840);
    check_times_to_live(w);
    world_end(w);
}

int main(void)
{
    pl_log_set_level(PL_LOG_ERROR + 1);
    RUN(test_samples_become_durable);
    RUN(test_killed_redis_loses_nothing);
    RUN(test_stopped_redis_only_delays);
    RUN(test_refused_writes_are_tried_again_in_order);
    RUN(test_full_queue_drops_whole_hosts_and_they_start_over);
    return check_finish();
}
