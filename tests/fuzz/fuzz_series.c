/* A stored chunk as a metric over time, and as coarser rows: rows stay in order and inside their
 * span, no sample is counted twice or lost, and what a roll-up writes is a chunk again. */
#include "tests/fuzz/fuzz.h"

#include "collector/codec/series.h"

enum { ROWS_MAX = 3 * PL_CHUNK_ROWS_MAX, TEN_S_MS = 10000 };

static struct pl_series_row rows[ROWS_MAX];
static struct pl_rollup_job job;
static uint8_t buf[PL_CHUNK_BYTES_MAX];

static uint64_t samples_of(const struct pl_series *s)
{
    uint64_t count = 0;
    for (size_t i = 0; i < s->row_count; i++) count += s->rows[i].count;
    return count;
}

static void check_order(const struct pl_series *s)
{
    PL_ASSERT(s->row_count <= s->row_max);
    for (size_t i = 0; i < s->row_count; i++) {
        const struct pl_series_row *row = &s->rows[i];
        PL_ASSERT(row->unix_ms >= s->from_unix_ms && row->unix_ms <= s->to_unix_ms);
        if (i == 0) continue;
        const struct pl_series_row *before = row - 1;
        PL_ASSERT(before->unix_ms < row->unix_ms ||
                  (before->unix_ms == row->unix_ms && before->seq < row->seq));
    }
}

/* Twice the same chunk is as good as once. */
static void check_series(struct pl_span chunk, enum pl_metric metric)
{
    struct pl_series s = {.metric = metric, .to_unix_ms = 4102444800000, .rows = rows};
    s.row_max = ROWS_MAX;
    if (pl_series_add_chunk(&s, chunk, TEN_S_MS) != 0) return;
    pl_series_settle(&s);
    check_order(&s);
    size_t once = s.row_count;
    PL_ASSERT(pl_series_add_chunk(&s, chunk, TEN_S_MS) == 0);
    pl_series_settle(&s);
    check_order(&s);
    PL_ASSERT(s.row_count == once);
    uint64_t samples = samples_of(&s);
    pl_series_fold(&s, 60000, false);
    PL_ASSERT(samples_of(&s) == samples);
    for (size_t i = 0; i < s.row_count; i++) {
        PL_ASSERT(s.rows[i].unix_ms % 60000 == 0);
        PL_ASSERT(i == 0 || s.rows[i - 1].unix_ms < s.rows[i].unix_ms);
    }
}

static void check_rollup(struct pl_span chunk, enum pl_resolution into)
{
    struct pl_chunk_reader cr;
    if (pl_chunk_open(&cr, chunk) != 0) return;
    int64_t window_ms = pl_resolution_plan(into)->window_ms;
    pl_rollup_begin(&job, into, pl_floor_ms(cr.head.unix_ms[0], window_ms));
    if (pl_rollup_add(&job, chunk) != 0) return;
    struct pl_writer w = pl_writer_init(buf, sizeof buf);
    size_t count = pl_rollup_write(&job, &w);
    PL_ASSERT(w.err == 0 && count <= PL_ROLLUP_ROWS);
    if (count == 0) return;
    struct pl_span written = {buf, w.len};
    PL_ASSERT(pl_chunk_open(&cr, written) == 0 && cr.head.kind == PL_CHUNK_ROLLUP);
    PL_ASSERT(cr.head.row_count == count);
    check_series(written, PL_CPU_BUSY);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct pl_span chunk = {data, len};
    if (len == 0) return 0;
    check_series(chunk, data[len - 1] % PL_METRIC_COUNT);
    check_series(chunk, PL_CPU_BUSY);
    check_rollup(chunk, PL_R10);
    check_rollup(chunk, PL_R300);
    return 0;
}
