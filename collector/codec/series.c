#include "collector/codec/series.h"

#include "common/base/assert.h"

static void push(struct pl_series *s, const struct pl_series_row *row)
{
    if (row->unix_ms < s->from_unix_ms || row->unix_ms > s->to_unix_ms) return;
    if (s->row_count == s->row_max) {
        s->overflow = true;
        return;
    }
    s->rows[s->row_count++] = *row;
}

void pl_series_add_sample(struct pl_series *s, const struct pl_sample *sample)
{
    int32_t value = sample->values[s->metric];
    if (value == PL_ABSENT) return;
    push(s, &(struct pl_series_row){sample->unix_ms, sample->seq, value, 1, value, value});
}

/* Three columns of one metric make rows; a row without a mean has no value. */
struct columns {
    bool has[PL_ROLLUP_MAX + 1];
    int32_t values[PL_ROLLUP_MAX + 1][PL_CHUNK_ROWS_MAX];
};

static void push_rows(struct pl_series *s, const struct pl_chunk_head *head,
                      const struct columns *columns, int64_t row_ms)
{
    if (!columns->has[PL_ROLLUP_AVG]) return;
    uint32_t count = (uint32_t)(row_ms / 1000); // about: one sample a second is the rule
    for (size_t i = 0; i < head->row_count; i++) {
        int32_t avg = columns->values[PL_ROLLUP_AVG][i];
        if (avg == PL_ABSENT) continue;
        int32_t min = columns->has[PL_ROLLUP_MIN] ? columns->values[PL_ROLLUP_MIN][i] : avg;
        int32_t max = columns->has[PL_ROLLUP_MAX] ? columns->values[PL_ROLLUP_MAX][i] : avg;
        push(s,
             &(struct pl_series_row){head->unix_ms[i], 0, (int64_t)avg * count, count, min, max});
    }
}

static void push_samples(struct pl_series *s, const struct pl_chunk_head *head,
                         const int32_t *values)
{
    for (size_t i = 0; i < head->row_count; i++) {
        int32_t value = values[i];
        if (value == PL_ABSENT) continue;
        push(s, &(struct pl_series_row){head->unix_ms[i], head->first_seq + i, value, 1, value,
                                        value});
    }
}

int pl_series_add_chunk(struct pl_series *s, struct pl_span chunk, int64_t row_ms)
{
    struct pl_chunk_reader cr;
    int err = pl_chunk_open(&cr, chunk);
    if (err < 0) return err;
    struct columns columns = {0};
    uint16_t id;
    int32_t values[PL_CHUNK_ROWS_MAX] = {0};
    while ((err = pl_chunk_next(&cr, &id, values)) == 1) {
        enum pl_metric metric;
        enum pl_rollup what;
        if (cr.head.kind == PL_CHUNK_SAMPLES) {
            if (pl_metric_by_id(id) == s->metric) push_samples(s, &cr.head, values);
        } else if (pl_rollup_of_column(id, &metric, &what) && metric == s->metric) {
            columns.has[what] = true;
            memcpy(columns.values[what], values, sizeof values);
        }
    }
    push_rows(s, &cr.head, &columns, row_ms);
    return err;
}

/* Of two rows of one time and seq that with more samples comes first. */
static bool comes_before(const struct pl_series_row *a, const struct pl_series_row *b)
{
    if (a->unix_ms != b->unix_ms) return a->unix_ms < b->unix_ms;
    if (a->seq != b->seq) return a->seq < b->seq;
    return a->count > b->count;
}

static void sift_down(struct pl_series_row *rows, size_t at, size_t count)
{
    struct pl_series_row row = rows[at];
    for (size_t child; (child = 2 * at + 1) < count; at = child) {
        if (child + 1 < count && comes_before(&rows[child], &rows[child + 1])) child++;
        if (!comes_before(&row, &rows[child])) break;
        rows[at] = rows[child];
    }
    rows[at] = row;
}

/* Heapsort (Williams, 1964): in place, no recursion. Chunks mostly come in order, so look first. */
static void sort(struct pl_series_row *rows, size_t count)
{
    size_t sorted = 1;
    while (sorted < count && !comes_before(&rows[sorted], &rows[sorted - 1])) sorted++;
    if (sorted >= count) return;
    for (size_t at = count / 2; at-- > 0;) sift_down(rows, at, count);
    for (size_t last = count; last-- > 1;) {
        struct pl_series_row largest = rows[0];
        rows[0] = rows[last];
        rows[last] = largest;
        sift_down(rows, 0, last);
    }
}

void pl_series_settle(struct pl_series *s)
{
    sort(s->rows, s->row_count);
    size_t kept = 0;
    for (size_t i = 0; i < s->row_count; i++) {
        const struct pl_series_row *row = &s->rows[i];
        bool known = kept > 0 && s->rows[kept - 1].unix_ms == row->unix_ms &&
                     s->rows[kept - 1].seq == row->seq;
        if (!known) s->rows[kept++] = *row;
    }
    s->row_count = kept;
}

void pl_series_fold(struct pl_series *s, int64_t step_ms, bool keep_single)
{
    PL_ASSERT(step_ms > 0);
    size_t kept = 0;
    for (size_t i = 0; i < s->row_count;) {
        struct pl_series_row cell = s->rows[i];
        int64_t start = pl_floor_ms(cell.unix_ms, step_ms);
        size_t begin = i++;
        for (; i < s->row_count && s->rows[i].unix_ms < start + step_ms; i++) {
            cell.sum += s->rows[i].sum;
            cell.count += s->rows[i].count;
            cell.min = PL_MIN(cell.min, s->rows[i].min);
            cell.max = PL_MAX(cell.max, s->rows[i].max);
        }
        if (!keep_single || i - begin > 1) cell.unix_ms = start;
        cell.seq = 0;
        s->rows[kept++] = cell;
    }
    s->row_count = kept;
}
