#include "collector/codec/rollup.h"

#include "common/base/assert.h"
#include "common/base/err.h"
#include "common/base/rng.h"

enum { ROLLUP_IDS = 4 }; // a metric's columns are id * 4 + enum pl_rollup (chunk.h)

uint16_t pl_rollup_column(enum pl_metric metric, enum pl_rollup what)
{
    return (uint16_t)(pl_metric_info(metric)->id * ROLLUP_IDS + what);
}

bool pl_rollup_of_column(uint16_t id, enum pl_metric *metric, enum pl_rollup *what)
{
    enum pl_metric found = pl_metric_by_id(id / ROLLUP_IDS);
    if (found == PL_METRIC_COUNT || id % ROLLUP_IDS > PL_ROLLUP_MAX) return false;
    *metric = found;
    *what = (enum pl_rollup)(id % ROLLUP_IDS);
    return true;
}

int32_t pl_rollup_mean(int64_t sum, uint32_t count)
{
    int64_t half = count / 2;
    return (int32_t)((sum < 0 ? sum - half : sum + half) / (int64_t)count);
}

void pl_rollup_begin(struct pl_rollup_job *job, enum pl_resolution into, int64_t window_unix_ms)
{
    PL_ASSERT(into != PL_R1);
    memset(job, 0, sizeof *job);
    job->into = into;
    job->window_unix_ms = window_unix_ms;
    for (size_t m = 0; m < PL_METRIC_COUNT; m++) {
        for (size_t row = 0; row < PL_ROLLUP_ROWS; row++) {
            job->cells[m][row].min = INT32_MAX;
            job->cells[m][row].max = PL_ABSENT;
        }
    }
}

/* True the first time this sample comes. */
static bool is_new(struct pl_rollup_job *job, int64_t unix_ms, uint64_t seq)
{
    if (job->seen_count == PL_ROLLUP_SAMPLES_MAX) return false;
    struct pl_rng mix = pl_rng_init((uint64_t)unix_ms);
    mix = pl_rng_init(pl_rng_u64(&mix) ^ seq);
    uint64_t key = pl_rng_u64(&mix);
    if (key == 0) key = 1; // 0 means free
    size_t mask = PL_ROLLUP_SEEN_SIZE - 1;
    size_t at = key & mask;
    while (job->seen[at] != 0) {
        if (job->seen[at] == key) return false;
        at = (at + 1) & mask;
    }
    job->seen[at] = key;
    job->seen_count++;
    return true;
}

static void take(struct pl_rollup_cell *cell, enum pl_rollup what, int32_t value)
{
    switch (what) {
    case PL_ROLLUP_MIN: cell->min = PL_MIN(cell->min, value); return;
    case PL_ROLLUP_MAX: cell->max = PL_MAX(cell->max, value); return;
    case PL_ROLLUP_AVG:
        cell->sum += value;
        cell->count++;
        return;
    }
    PL_UNREACHABLE("rollup");
}

/* Which of our rows each row of the chunk falls into, or -1. */
static void place(struct pl_rollup_job *job, const struct pl_chunk_head *head,
                  int8_t rows[PL_CHUNK_ROWS_MAX])
{
    const struct pl_resolution_plan *plan = pl_resolution_plan(job->into);
    for (size_t i = 0; i < head->row_count; i++) {
        int64_t offset = head->unix_ms[i] - job->window_unix_ms;
        bool inside = offset >= 0 && offset < plan->window_ms &&
                      (job->into != PL_R10 || is_new(job, head->unix_ms[i], head->first_seq + i));
        rows[i] = (int8_t)(inside ? offset / plan->row_ms : -1);
    }
}

static void add_samples(struct pl_rollup_job *job, uint16_t id, const int8_t *rows,
                        const int32_t *values, size_t count)
{
    enum pl_metric metric = pl_metric_by_id(id);
    if (metric == PL_METRIC_COUNT) return; // written by a newer version
    for (size_t i = 0; i < count; i++) {
        if (rows[i] < 0 || values[i] == PL_ABSENT) continue;
        struct pl_rollup_cell *cell = &job->cells[metric][rows[i]];
        take(cell, PL_ROLLUP_MIN, values[i]);
        take(cell, PL_ROLLUP_MAX, values[i]);
        take(cell, PL_ROLLUP_AVG, values[i]);
    }
}

static void add_rows(struct pl_rollup_job *job, uint16_t id, const int8_t *rows,
                     const int32_t *values, size_t count)
{
    enum pl_metric metric;
    enum pl_rollup what;
    if (!pl_rollup_of_column(id, &metric, &what)) return; // written by a newer version
    for (size_t i = 0; i < count; i++) {
        if (rows[i] >= 0 && values[i] != PL_ABSENT) {
            take(&job->cells[metric][rows[i]], what, values[i]);
        }
    }
}

int pl_rollup_add(struct pl_rollup_job *job, struct pl_span chunk)
{
    struct pl_chunk_reader cr;
    int err = pl_chunk_open(&cr, chunk);
    if (err < 0) return err;
    enum pl_chunk_kind kind = job->into == PL_R10 ? PL_CHUNK_SAMPLES : PL_CHUNK_ROLLUP;
    if (cr.head.kind != kind) return PL_E_SYNTAX;
    int8_t rows[PL_CHUNK_ROWS_MAX] = {0};
    place(job, &cr.head, rows);
    uint16_t id;
    int32_t values[PL_CHUNK_ROWS_MAX] = {0};
    while ((err = pl_chunk_next(&cr, &id, values)) == 1) {
        if (kind == PL_CHUNK_SAMPLES)
            add_samples(job, id, rows, values, cr.head.row_count);
        else
            add_rows(job, id, rows, values, cr.head.row_count);
    }
    return err;
}

/* One column of the rows named by `used`, cw->row_count of them. */
static void write_column(const struct pl_rollup_job *job, struct pl_chunk_writer *cw,
                         enum pl_metric metric, enum pl_rollup what, const uint8_t *used)
{
    int32_t values[PL_CHUNK_ROWS_MAX];
    for (size_t i = 0; i < cw->row_count; i++) {
        const struct pl_rollup_cell *cell = &job->cells[metric][used[i]];
        if (cell->count == 0)
            values[i] = PL_ABSENT;
        else if (what == PL_ROLLUP_AVG)
            values[i] = pl_rollup_mean(cell->sum, cell->count);
        else
            values[i] = what == PL_ROLLUP_MIN ? cell->min : cell->max;
    }
    pl_chunk_column(cw, pl_rollup_column(metric, what), values);
}

size_t pl_rollup_write(const struct pl_rollup_job *job, struct pl_writer *out)
{
    int64_t row_ms = pl_resolution_plan(job->into)->row_ms;
    struct pl_chunk_head head = {.kind = PL_CHUNK_ROLLUP};
    uint8_t used[PL_ROLLUP_ROWS];
    for (uint8_t row = 0; row < PL_ROLLUP_ROWS; row++) {
        bool any = false;
        for (size_t m = 0; m < PL_METRIC_COUNT && !any; m++) any = job->cells[m][row].count > 0;
        if (!any) continue;
        used[head.row_count] = row;
        head.unix_ms[head.row_count++] = job->window_unix_ms + row * row_ms;
    }
    if (head.row_count == 0) return 0;
    struct pl_chunk_writer cw;
    pl_chunk_begin(&cw, out, &head);
    for (unsigned m = 0; m < PL_METRIC_COUNT; m++) {
        write_column(job, &cw, (enum pl_metric)m, PL_ROLLUP_MIN, used);
        write_column(job, &cw, (enum pl_metric)m, PL_ROLLUP_AVG, used);
        write_column(job, &cw, (enum pl_metric)m, PL_ROLLUP_MAX, used);
    }
    pl_chunk_end(&cw);
    return head.row_count;
}
