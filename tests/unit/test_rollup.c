/* Samples on their way to a chart: open chunk, roll-up, series, each against a naive model. */
#include "tests/check.h"

#include "collector/codec/open_chunk.h"
#include "collector/codec/rollup.h"
#include "collector/codec/series.h"
#include "common/base/err.h"
#include "common/base/rng.h"

enum { WINDOW_MS = 600000, SAMPLES = 700 };

static const struct pl_boot_id boot_a = {{1}}, boot_b = {{2}};
static const int64_t window = 1746108000000;
static uint8_t buf[2][PL_CHUNK_BYTES_MAX];
static struct pl_rollup_job job;

static struct pl_sample sample_at(uint64_t seq, int64_t unix_ms, struct pl_rng *rng)
{
    struct pl_sample s = {.seq = seq, .unix_ms = unix_ms};
    for (size_t m = 0; m < PL_METRIC_COUNT; m++) {
        s.values[m] = pl_rng_below(rng, 10) == 0 ? PL_ABSENT : (int32_t)pl_rng_below(rng, 10000);
    }
    return s;
}

static void test_open_chunk_gives_back_what_it_took(void)
{
    struct pl_rng rng = pl_rng_init(1);
    struct pl_open_chunk c = {0};
    struct pl_sample in[PL_CHUNK_ROWS_MAX], out;
    pl_open_chunk_reset(&c);
    size_t count = 0;
    for (; count < 20; count++) {
        in[count] = sample_at(count + 5, window + (int64_t)count * 1000, &rng);
        CHECK_INT(pl_open_chunk_add(&c, &boot_a, &in[count]), 0);
    }
    struct pl_open_chunk_reader r = {.chunk = &c};
    for (size_t i = 0; i < count; i++) {
        REQUIRE(pl_open_chunk_next(&r, &out));
        CHECK_INT(out.seq, in[i].seq);
        CHECK_INT(out.unix_ms, in[i].unix_ms);
        CHECK(memcmp(out.values, in[i].values, sizeof out.values) == 0);
    }
    CHECK(!pl_open_chunk_next(&r, &out));
    struct pl_writer w = pl_writer_init(buf[0], sizeof buf[0]);
    pl_open_chunk_write(&c, &w);
    CHECK_INT(w.err, 0);
    struct pl_chunk_reader cr;
    REQUIRE(pl_chunk_open(&cr, (struct pl_span){buf[0], w.len}) == 0);
    CHECK_INT(cr.head.row_count, count);
    CHECK_INT(cr.head.first_seq, 5);
    CHECK(pl_boot_id_eq(&cr.head.boot_id, &boot_a));
    uint16_t id;
    int32_t values[PL_CHUNK_ROWS_MAX];
    while (pl_chunk_next(&cr, &id, values) == 1) {
        enum pl_metric m = pl_metric_by_id(id);
        for (size_t i = 0; i < count; i++) CHECK_INT(values[i], in[i].values[m]);
    }
}

static void test_open_chunk_ends_where_it_must(void)
{
    struct pl_rng rng = pl_rng_init(2);
    struct pl_open_chunk c = {0};
    struct pl_sample first = sample_at(10, window + 58000, &rng);
    const struct {
        const struct pl_boot_id *boot;
        uint64_t seq;
        int64_t unix_ms;
        int want;
    } next[] = {
        {&boot_a, 11, window + 59000, 0},
        {&boot_a, 12, window + 59000, PL_E_FULL}, // hole
        {&boot_b, 11, window + 59000, PL_E_FULL}, // restarted agent
        {&boot_a, 11, window + 60000, PL_E_FULL}, // next minute
        {&boot_a, 11, window - 1, PL_E_FULL},     // clock set back
        {&boot_a, 11, window, 0},                 // ... within the minute
    };
    for (size_t i = 0; i < PL_LEN(next); i++) {
        pl_open_chunk_reset(&c);
        CHECK_INT(pl_open_chunk_add(&c, &boot_a, &first), 0);
        struct pl_sample s = sample_at(next[i].seq, next[i].unix_ms, &rng);
        CHECK_INT(pl_open_chunk_add(&c, next[i].boot, &s), next[i].want);
    }
    // Ten a second: sixty rows at most, and never more bytes than there are.
    pl_open_chunk_reset(&c);
    size_t taken = 0;
    for (uint64_t seq = 1; seq <= 100; seq++) {
        struct pl_sample s = sample_at(seq, window + (int64_t)seq * 100, &rng);
        taken += pl_open_chunk_add(&c, &boot_a, &s) == 0;
        if (taken < seq) break;
    }
    CHECK(taken >= 12 && taken <= PL_CHUNK_ROWS_MAX);
    CHECK(c.len <= PL_OPEN_CHUNK_BYTES);
}

/* Column chunk of samples [from, to) into buf[which]. */
static struct pl_span chunk_of(const struct pl_sample *samples, size_t from, size_t to, int which)
{
    struct pl_open_chunk c = {0};
    pl_open_chunk_reset(&c);
    for (size_t i = from; i < to; i++) {
        if (pl_open_chunk_add(&c, &boot_a, &samples[i]) < 0) break;
    }
    struct pl_writer w = pl_writer_init(buf[which], sizeof buf[which]);
    pl_open_chunk_write(&c, &w);
    CHECK_INT(w.err, 0);
    return (struct pl_span){buf[which], w.len};
}

struct naive {
    int64_t sum;
    uint32_t count;
    int32_t min, max;
};

static struct naive naive_cell(const struct pl_sample *samples, size_t count, enum pl_metric metric,
                               int64_t from, int64_t to)
{
    struct naive n = {0, 0, INT32_MAX, INT32_MIN};
    for (size_t i = 0; i < count; i++) {
        int32_t v = samples[i].values[metric];
        if (v == PL_ABSENT || samples[i].unix_ms < from || samples[i].unix_ms >= to) continue;
        n.sum += v;
        n.count++;
        n.min = PL_MIN(n.min, v);
        n.max = PL_MAX(n.max, v);
    }
    return n;
}

static size_t make_samples(struct pl_sample *samples, struct pl_rng *rng)
{
    size_t count = 0;
    uint64_t seq = 1;
    for (int64_t t = window - 20000; t < window + WINDOW_MS + 20000; t += 1000) {
        bool gap = t >= window + 100000 && t < window + 131000; // three rows without a sample
        if (!gap) samples[count++] = sample_at(seq++, t + pl_rng_below(rng, 300), rng);
    }
    return count;
}

/* All samples, and between them chunks that overlap, as after a restart. */
static void feed(struct pl_rollup_job *into, const struct pl_sample *samples, size_t count)
{
    struct pl_chunk_reader cr;
    for (size_t from = 0; from < count; from += cr.head.row_count) {
        size_t again = from > 9 ? from - 9 : from;
        struct pl_span chunk = chunk_of(samples, again, PL_MIN(again + 19, count), 0);
        CHECK_INT(pl_rollup_add(into, chunk), 0);
        chunk = chunk_of(samples, from, PL_MIN(from + 19, count), 0);
        CHECK_INT(pl_rollup_add(into, chunk), 0);
        REQUIRE(pl_chunk_open(&cr, chunk) == 0);
    }
}

static void test_rollup_counts_each_sample_once(void)
{
    static struct pl_sample samples[SAMPLES];
    struct pl_rng rng = pl_rng_init(3);
    size_t count = make_samples(samples, &rng);
    pl_rollup_begin(&job, PL_R10, window);
    feed(&job, samples, count);
    struct pl_writer w = pl_writer_init(buf[1], sizeof buf[1]);
    CHECK_INT(pl_rollup_write(&job, &w), 57);
    CHECK_INT(w.err, 0);
    struct pl_chunk_reader cr;
    REQUIRE(pl_chunk_open(&cr, (struct pl_span){buf[1], w.len}) == 0);
    CHECK_INT(cr.head.row_count, 57);
    uint16_t id;
    int32_t values[PL_CHUNK_ROWS_MAX];
    size_t columns = 0;
    for (; pl_chunk_next(&cr, &id, values) == 1; columns++) {
        enum pl_metric m;
        enum pl_rollup what;
        REQUIRE(pl_rollup_of_column(id, &m, &what));
        for (size_t i = 0; i < cr.head.row_count; i++) {
            int64_t t = cr.head.unix_ms[i];
            struct naive n = naive_cell(samples, count, m, t, t + 10000);
            int32_t want = PL_ABSENT;
            if (n.count > 0) {
                want = what == PL_ROLLUP_MIN   ? n.min
                       : what == PL_ROLLUP_MAX ? n.max
                                               : pl_rollup_mean(n.sum, n.count);
            }
            CHECK_INT(values[i], want);
        }
    }
    CHECK_INT(columns, 3 * PL_METRIC_COUNT);
}

static void test_rollup_of_rows_keeps_the_spike(void)
{
    int64_t big = pl_floor_ms(window, 5 * 3600000);
    struct pl_chunk_head head = {.kind = PL_CHUNK_ROLLUP, .row_count = 60};
    int32_t min[60], avg[60], max[60];
    for (int i = 0; i < 60; i++) {
        head.unix_ms[i] = big + 600000 + i * 10000;
        min[i] = 10 + i;
        avg[i] = 20 + i;
        max[i] = i == 33 ? 9999 : 30 + i;
    }
    struct pl_writer w = pl_writer_init(buf[0], sizeof buf[0]);
    struct pl_chunk_writer cw;
    pl_chunk_begin(&cw, &w, &head);
    pl_chunk_column(&cw, pl_rollup_column(PL_CPU_BUSY, PL_ROLLUP_MIN), min);
    pl_chunk_column(&cw, pl_rollup_column(PL_CPU_BUSY, PL_ROLLUP_AVG), avg);
    pl_chunk_column(&cw, pl_rollup_column(PL_CPU_BUSY, PL_ROLLUP_MAX), max);
    pl_chunk_column(&cw, 65535, max); // of a newer version
    pl_chunk_end(&cw);
    pl_rollup_begin(&job, PL_R300, big);
    CHECK_INT(pl_rollup_add(&job, (struct pl_span){buf[0], w.len}), 0);
    const struct pl_rollup_cell *cells = job.cells[PL_CPU_BUSY];
    CHECK_INT(cells[2].count, 30);
    CHECK_INT(cells[2].min, 10);
    CHECK_INT(pl_rollup_mean(cells[2].sum, cells[2].count), 35); // 20..49, 34.5 rounded
    CHECK_INT(cells[2].max, 59);
    CHECK_INT(cells[3].max, 9999);
    CHECK_INT(cells[4].count, 0);
    pl_rollup_begin(&job, PL_R10, window);
    CHECK_INT(pl_rollup_add(&job, (struct pl_span){buf[0], w.len}), PL_E_SYNTAX); // wrong kind
    struct pl_writer none = pl_writer_init(buf[1], sizeof buf[1]);
    CHECK_INT(pl_rollup_write(&job, &none), 0);
    CHECK_INT(none.len, 0);
}

static void test_broken_chunks_are_refused(void)
{
    static struct pl_sample samples[SAMPLES];
    struct pl_rng rng = pl_rng_init(4);
    (void)make_samples(samples, &rng); // the first ten are enough
    struct pl_span chunk = chunk_of(samples, 0, 10, 0);
    static struct pl_series_row rows[64];
    for (size_t len = 0; len < chunk.len; len++) {
        pl_rollup_begin(&job, PL_R10, window);
        CHECK(pl_rollup_add(&job, (struct pl_span){chunk.ptr, len}) < 0);
        struct pl_series s = {PL_CPU_BUSY, 0, INT64_MAX, rows, 0, PL_LEN(rows), false};
        CHECK(pl_series_add_chunk(&s, (struct pl_span){chunk.ptr, len}, 1000) < 0);
    }
}

static void test_series_is_complete_and_without_doubles(void)
{
    static struct pl_sample samples[SAMPLES];
    static struct pl_series_row rows[4096];
    struct pl_rng rng = pl_rng_init(5);
    size_t count = make_samples(samples, &rng);
    struct pl_series s = {PL_TCP_ACCEPTED, window, window + WINDOW_MS - 1, rows, 0,
                          PL_LEN(rows),    false};
    // Stored: the window's 10 s rows. Then the same samples again, from chunks out of order.
    pl_rollup_begin(&job, PL_R10, window);
    feed(&job, samples, count);
    struct pl_writer w = pl_writer_init(buf[1], sizeof buf[1]);
    CHECK(pl_rollup_write(&job, &w) > 0);
    for (size_t i = 0; i < count; i += 11) {
        size_t from = (i * 7) % count;
        struct pl_span chunk = chunk_of(samples, from, PL_MIN(from + 23, count), 0);
        CHECK_INT(pl_series_add_chunk(&s, chunk, 1000), 0);
    }
    for (size_t i = 0; i < count; i++) pl_series_add_sample(&s, &samples[i]);
    pl_series_settle(&s);
    size_t inside = naive_cell(samples, count, s.metric, window, window + WINDOW_MS).count;
    CHECK_INT(s.row_count, inside);
    for (size_t i = 1; i < s.row_count; i++) CHECK(rows[i - 1].unix_ms < rows[i].unix_ms);
    pl_series_fold(&s, 10000, false);
    CHECK_INT(pl_series_add_chunk(&s, (struct pl_span){buf[1], w.len}, 10000), 0);
    pl_series_settle(&s);
    pl_series_fold(&s, 60000, false);
    CHECK_INT(s.row_count, 10);
    for (size_t i = 0; i < s.row_count; i++) {
        int64_t t = rows[i].unix_ms;
        struct naive n = naive_cell(samples, count, s.metric, t, t + 60000);
        CHECK_INT(rows[i].min, n.min);
        CHECK_INT(rows[i].max, n.max);
        CHECK_NEAR((double)rows[i].sum / rows[i].count, (double)n.sum / n.count, 250.0);
    }
    CHECK(!s.overflow);
}

static void test_series_bounds(void)
{
    struct pl_series_row rows[4];
    struct pl_rng rng = pl_rng_init(6);
    struct pl_series s = {PL_CPU_BUSY, window, window + 9000, rows, 0, PL_LEN(rows), false};
    for (uint64_t i = 0; i < 20; i++) {
        struct pl_sample sample = sample_at(i + 1, window - 5000 + (int64_t)i * 1000, &rng);
        sample.values[PL_CPU_BUSY] = (int32_t)i;
        pl_series_add_sample(&s, &sample);
    }
    CHECK_INT(s.row_count, 4);
    CHECK(s.overflow);
    CHECK_INT(rows[0].unix_ms, window);
    s.rows[1].unix_ms = window + 300; // two in one second, then one
    pl_series_fold(&s, 1000, true);
    CHECK_INT(s.row_count, 3);
    CHECK_INT(rows[0].unix_ms, window);
    CHECK_INT(rows[0].count, 2);
    s.rows[2].unix_ms = window + 3456;
    pl_series_fold(&s, 1000, true);
    CHECK_INT(rows[2].unix_ms, window + 3456); // alone in its second: keeps its own time
}

int main(void)
{
    RUN(test_open_chunk_gives_back_what_it_took);
    RUN(test_open_chunk_ends_where_it_must);
    RUN(test_rollup_counts_each_sample_once);
    RUN(test_rollup_of_rows_keeps_the_spike);
    RUN(test_broken_chunks_are_refused);
    RUN(test_series_is_complete_and_without_doubles);
    RUN(test_series_bounds);
    return check_finish();
}
