/* What comes out of the store again: everything after a restart, charts complete to the last
 * sample, rows made of samples and again when some come late. */
#include "tests/integration/store_world.h"

static struct pl_page some_page(void)
{
    struct pl_page page = {.id = {5, 3}, .number = 77, .state = PL_PAGE_INTENT};
    page.alert = (struct pl_alert){.pool = {3, "web"}, .state = PL_ALERT_FIRING, .revision = 4};
    return page;
}

static bool is_saved(void *ctx)
{
    return ((struct world *)ctx)->saved_count > 0;
}

static void put_records(struct world *w)
{
    static struct pl_host host = {.interval_ms = 1000, .agent_version = "0.1.0"};
    struct pl_name pool = {3, "web"};
    struct pl_now now = {pl_clock_mono_ms(), pl_clock_unix_ms()};
    struct pl_page page = some_page();
    host.name = host_name(0);
    pl_store_put_host(w->store, &host, &pool);
    pl_capacity_init(&host.capacity);
    host.capacity.source = PL_SOURCE_REQUESTS;
    for (int load = 10; load < 100; load++) {
        pl_curve_step(&host.capacity.learning[PL_LEARNED_CPU].curve, load, load / 200.0,
                      now.unix_ms);
    }
    pl_store_put_learned(w->store, &host.name, &host.capacity, now);
    pl_store_put_alert(w->store, &page.alert, now);
    page.alert.revision = 5;
    pl_store_put_alert(w->store, &page.alert, now); // the newer one counts
    pl_store_put_page(w->store, &page, now);
    int64_t begin = pl_clock_mono_ms();
    CHECK(run_until(is_saved, w, 2000));
    CHECK(pl_clock_mono_ms() - begin < PL_PAGE_SAVE_WAIT_MS);
    CHECK_INT(w->saved.index, 5);
    struct pl_traffic traffic;
    pl_traffic_init(&traffic);
    pl_traffic_step(&traffic, 100, now.unix_ms - 2 * MINUTE);
    pl_traffic_step(&traffic, 110, now.unix_ms - MINUTE);
    pl_store_put_traffic(w->store, &pool, PL_SOURCE_REQUESTS, &traffic);
    page.number = 78;
    page.state = PL_PAGE_READY;
    pl_store_put_page(w->store, &page, now);
    pl_store_drop_page(w->store, 78);
}

static void test_everything_comes_back_after_a_restart(void)
{
    struct world *w = world_begin(4 * MIB);
    int64_t start = pl_clock_unix_ms() - 8 * MINUTE;
    put_records(w);
    feed(w, 0, start, 1, 480);
    CHECK(wait_durable(w, 1, 400, 8000));
    CHECK_INT(w->saved_count, 1);
    CHECK_INT(kill(pl_redis_server_pid(w->server), SIGKILL), 0); // records are kept until durable
    store_stop(w);
    store_start(w, 4 * MIB);
    CHECK(run_until(is_set, &w->is_restored, 8000));
    CHECK_INT(w->restored, PL_STORE_RESTORED_ALL);
    CHECK_INT(w->restored_hosts, 1);
    CHECK_INT(w->restored_alerts, 1);
    CHECK_INT(w->restored_pages, 1);
    CHECK_INT(w->restored_learned, 1);
    CHECK_INT(w->learned.source, PL_SOURCE_REQUESTS);
    float weight = 0;
    for (int i = 0; i < PL_CURVE_BINS; i++)
        weight += w->learned.learning[PL_LEARNED_CPU].curve.bins[i].weight;
    CHECK_INT(weight, 90);
    CHECK(w->alert.revision == 5 && w->page.number == 77);
    CHECK_TEXT(w->traffic_pool.text, "web");
    CHECK_INT(w->traffic_unit, PL_SOURCE_REQUESTS);
    CHECK_NEAR(w->traffic_known_s, 60, 0);
    CHECK(w->restored_samples >= 280 && w->restored_samples <= 301); // five minutes, from now on
    struct pl_boot_id boot_id = {{1}};
    w->durable[0] = 0;
    CHECK(wait_durable(w, 1, w->restored_last_seq, 4000)); // confirmed once more, for the agent
    CHECK_INT(pl_store_durable_seq(w->store, 0, &boot_id), w->restored_last_seq);
    feed(w, 0, start, w->restored_last_seq - 9, w->restored_last_seq);
    CHECK_INT(pl_store_view(w->store).counts->duplicates, 10);
    world_end(w);
}

static void test_redis_that_comes_late(void)
{
    struct world *w = world_begin(4 * MIB);
    put_records(w);
    feed(w, 0, pl_clock_unix_ms() - 2 * MINUTE, 1, 100);
    store_stop(w);
    server_stop(w);
    store_start(w, 4 * MIB);
    CHECK(run_until(is_set, &w->is_restored, PL_STORE_RESTORE_MS + 1000));
    CHECK_INT(w->restored, PL_STORE_RESTORED_NOTHING);
    // Life goes on meanwhile; a newer record must not be taken for an old one.
    struct pl_now now = {pl_clock_mono_ms(), pl_clock_unix_ms()};
    struct pl_alert alert = {.pool = {3, "web"}, .state = PL_ALERT_FIRING, .revision = 9};
    pl_store_put_alert(w->store, &alert, now);
    w->is_restored = false;
    server_start(w);
    CHECK(run_until(is_set, &w->is_restored, 10000));
    CHECK_INT(w->restored, PL_STORE_RESTORED_LATE);
    CHECK_INT(w->restored_samples, 0);
    CHECK_INT(w->restored_alerts, 1);
    CHECK_INT(w->alert.revision, 5);
    store_stop(w);
    store_start(w, 4 * MIB);
    w->restored_samples = 0;
    CHECK(run_until(is_set, &w->is_restored, 6000));
    CHECK_INT(w->alert.revision, 9);
    world_end(w);
}

/* ---- charts ---- */

static void on_series(void *ctx, int err, const struct pl_series_answer *answer)
{
    struct world *w = ctx;
    w->series_count++;
    w->series_err = err;
    if (err < 0) return;
    w->answer = *answer;
    memcpy(w->points, answer->points, answer->count * sizeof w->points[0]);
}

static bool has_series(void *ctx)
{
    return ((struct world *)ctx)->series_count > 0;
}

/* Asks and waits; the points are in w->points. */
static size_t ask_series(struct world *w, int64_t from, int64_t to, int64_t step_ms)
{
    struct pl_series_query query = {host_name(0), 0, PL_CPU_BUSY, from, to, step_ms};
    w->series_count = 0;
    w->answer.count = 0;
    CHECK_INT(pl_store_series(w->store, &query, on_series, w), 0);
    CHECK(run_until(has_series, w, 5000));
    CHECK_INT(w->series_err, 0);
    return w->answer.count;
}

static bool has_rollups(void *ctx)
{
    return pl_store_view(((struct world *)ctx)->store).counts->rollups >= 2;
}

static void test_charts_reach_the_last_sample(void)
{
    struct world *w = world_begin(8 * MIB);
    int64_t now = pl_clock_unix_ms();
    int64_t start = pl_floor_ms(now, 10 * MINUTE) - 20 * MINUTE; // two windows are over
    uint64_t last = (uint64_t)((now - start) / 1000);
    feed(w, 0, start, 1, last);
    // At once, before anything is rolled up or even written: complete.
    size_t count = ask_series(w, start, now, 1000);
    CHECK_INT(count, last);
    for (size_t i = 0; i < count; i++) {
        CHECK_INT(w->points[i].unix_ms, start + (int64_t)i * 1000);
        CHECK_INT(w->points[i].avg, value_of(i + 1));
    }
    CHECK_INT(w->answer.resolution_ms, 1000);
    CHECK_INT(ask_series(w, start, now, 10000), (last + 9) / 10);
    struct pl_series_point before[PL_SERIES_POINTS_MAX];
    memcpy(before, w->points, sizeof before);
    count = w->answer.count;
    CHECK_INT(w->answer.resolution_ms, 10000);
    // Rolled up, the same chart.
    CHECK(run_until(has_rollups, w, 40000));
    CHECK_INT(ask_series(w, start, now, 10000), count);
    CHECK(memcmp(before, w->points, count * sizeof before[0]) == 0);
    for (size_t i = 0; i < 6; i++) {
        CHECK_INT(before[i].min, value_of(i * 10 + 1));
        CHECK_INT(before[i].max, value_of(i * 10 + 10));
    }
    CHECK(ask_series(w, start, now, 300000) >= 4);
    CHECK_INT(w->answer.resolution_ms, 300000);
    check_times_to_live(w);
    struct pl_series_query bad = {host_name(0), 0, PL_CPU_BUSY, now - 3602000, now, 1000};
    CHECK_INT(pl_store_series(w->store, &bad, on_series, w), PL_E_RANGE);
    bad.step_ms = 1500;
    CHECK_INT(pl_store_series(w->store, &bad, on_series, w), PL_E_RANGE);
    world_end(w);
}

struct window {
    struct world *world;
    int64_t start_unix_ms;
    size_t want_rows;
};

/* The window of 10 s rows, as Redis has it, holds so many. */
static bool has_rows(void *arg)
{
    const struct window *window = arg;
    redisContext *c = look(window->world);
    char key[PL_KEY_BYTES];
    struct pl_name name = host_name(0);
    struct pl_chunk_reader cr;
    pl_key_metric(key, &name, PL_R10, window->start_unix_ms);
    redisReply *value = redisCommand(c, "HGET %s %lld", key, (long long)window->start_unix_ms);
    struct pl_span chunk = {(const uint8_t *)value->str, value->len};
    bool has = value->type == REDIS_REPLY_STRING && pl_chunk_open(&cr, chunk) == 0 &&
               cr.head.row_count == window->want_rows;
    freeReplyObject(value);
    redisFree(c);
    return has;
}

static void test_late_samples_are_rolled_up_again(void)
{
    struct world *w = world_begin(4 * MIB);
    int64_t start = pl_floor_ms(pl_clock_unix_ms(), 10 * MINUTE) - 40 * MINUTE;
    struct window window = {w, start, 30};
    feed(w, 0, start, 1, 301); // half a window, then a hole
    CHECK(wait_durable(w, 1, 300, 6000));
    CHECK(run_until(has_rows, &window, 20000));
    feed(w, 0, start, 302, 601);
    window.want_rows = 60;
    CHECK(run_until(has_rows, &window, 20000));
    world_end(w);
}

/* Five hours of 10 s rows, as an earlier process left them; the host is known from its record. */
static void write_old_rows(struct world *w, int64_t begin)
{
    static uint8_t buf[PL_CHUNK_BYTES_MAX];
    redisContext *c = look(w);
    for (int64_t t = begin; t < begin + 5 * 60 * MINUTE; t += 10 * MINUTE) {
        struct pl_chunk_head head = {.kind = PL_CHUNK_ROLLUP, .row_count = 60};
        int32_t values[60];
        for (int i = 0; i < 60; i++) {
            head.unix_ms[i] = t + i * 10000;
            values[i] = i;
        }
        struct pl_writer out = pl_writer_init(buf, sizeof buf);
        struct pl_chunk_writer cw;
        pl_chunk_begin(&cw, &out, &head);
        for (int what = 0; what <= PL_ROLLUP_MAX; what++) {
            pl_chunk_column(&cw, pl_rollup_column(PL_CPU_BUSY, (enum pl_rollup)what), values);
        }
        pl_chunk_end(&cw);
        char key[PL_KEY_BYTES];
        struct pl_name name = host_name(0);
        pl_key_metric(key, &name, PL_R10, t);
        freeReplyObject(redisCommand(c, "HSET %s %lld %b", key, (long long)t, buf, out.len));
        freeReplyObject(redisCommand(c, "EXPIRE %s 86400", key));
    }
    redisFree(c);
}

static void test_hours_become_five_minute_rows(void)
{
    struct world *w = world_begin(4 * MIB);
    int64_t now = pl_clock_unix_ms();
    int64_t begin = pl_floor_ms(now, 300 * MINUTE) - 600 * MINUTE; // over, grace included
    put_records(w);
    write_old_rows(w, begin);
    store_stop(w);
    store_start(w, 4 * MIB); // only a restored host is searched for what is old
    CHECK(run_until(is_set, &w->is_restored, 6000));
    CHECK(!pl_store_view(w->store).counts->rollups);
    while (pl_store_view(w->store).counts->rollups < 1) CHECK(uv_run(&loop, UV_RUN_ONCE) != 0);
    CHECK_INT(ask_series(w, begin, begin + 300 * MINUTE - 1, 300000), 60);
    CHECK_INT(w->points[0].min, 0);
    CHECK_INT(w->points[0].max, 29);
    CHECK_INT(w->points[1].min, 30);
    CHECK_INT(w->points[1].avg, 45);
    check_times_to_live(w);
    world_end(w);
}

int main(void)
{
    pl_log_set_level(PL_LOG_ERROR + 1);
    RUN(test_everything_comes_back_after_a_restart);
    RUN(test_redis_that_comes_late);
    RUN(test_charts_reach_the_last_sample);
    RUN(test_late_samples_are_rolled_up_again);
    RUN(test_hours_become_five_minute_rows);
    return check_finish();
}
