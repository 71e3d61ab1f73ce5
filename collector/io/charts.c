/* A question is a slot from pl_charts_ask() to its on_series; its levels are read one after the
 * other, finest first.
 *
 *     ask -> read r1 -> on_chunk ... -> on_level_done -> fold -> read r10 -> ... -> answer */
#include "collector/io/charts.h"

#include "collector/codec/series.h"
#include "common/base/assert.h"
#include "common/base/err.h"

#include <stdlib.h>

enum {
    TAIL_R1_MS = 30 * 60 * 1000,    // how far behind the 10 s rows may be
    TAIL_R10_MS = 10 * 3600 * 1000, // how far behind the 5 min rows may be
};

struct chart {
    bool busy;      // a read is in flight
    bool abandoned; // and nobody waits for it any more
    struct pl_charts *charts;
    struct pl_series_query query;
    int64_t now_unix_ms, from_unix_ms;
    enum pl_resolution level, last_level;
    void (*on_series)(void *ctx, int err, const struct pl_series_answer *answer);
    void *ctx;
    struct pl_series series;
    struct pl_series_row *rows; // owned; PL_CHARTS_ROWS_MAX items
};

struct pl_charts {
    struct pl_ranges *ranges;
    struct pl_series_point points[PL_SERIES_POINTS_MAX + 1];
    struct chart charts[PL_CHARTS_MAX];
};

struct pl_charts *pl_charts_new(struct pl_ranges *ranges)
{
    struct pl_charts *c = calloc(1, sizeof *c);
    if (!c) return NULL;
    c->ranges = ranges;
    for (size_t i = 0; i < PL_LEN(c->charts); i++) {
        c->charts[i].charts = c;
        c->charts[i].rows = calloc(PL_CHARTS_ROWS_MAX, sizeof c->charts[i].rows[0]);
        if (c->charts[i].rows) continue;
        pl_charts_free(c);
        return NULL;
    }
    return c;
}

void pl_charts_free(struct pl_charts *c)
{
    if (!c) return;
    for (size_t i = 0; i < PL_LEN(c->charts); i++) {
        PL_ASSERT(!c->charts[i].busy);
        free(c->charts[i].rows);
    }
    free(c);
}

static void answer(struct chart *q, int err)
{
    struct pl_charts *c = q->charts;
    q->busy = false;
    if (q->abandoned) return;
    if (err == 0 && q->series.overflow) err = PL_E_FULL;
    if (err < 0) {
        q->on_series(q->ctx, err, NULL);
        return;
    }
    pl_series_fold(&q->series, q->query.step_ms, q->query.step_ms == 1000);
    size_t count = PL_MIN(q->series.row_count, PL_LEN(c->points));
    for (size_t i = 0; i < count; i++) {
        const struct pl_series_row *row = &q->rows[i];
        c->points[i] = (struct pl_series_point){row->unix_ms, pl_rollup_mean(row->sum, row->count),
                                                row->min, row->max};
    }
    q->on_series(
        q->ctx, 0,
        &(struct pl_series_answer){pl_resolution_plan(q->last_level)->row_ms, c->points, count});
}

static void on_chunk(void *ctx, struct pl_span chunk)
{
    struct chart *q = ctx;
    int err = pl_series_add_chunk(&q->series, chunk, pl_resolution_plan(q->level)->row_ms);
    (void)err; // a damaged chunk leaves a gap in the line, which is the truth
}

/* From where on this level is needed: all of it at the answer's own, else the end that coarser rows
 * may not have yet. */
static int64_t level_from(const struct chart *q)
{
    if (q->level == q->last_level) return q->from_unix_ms;
    int64_t tail = q->level == PL_R1 ? TAIL_R1_MS : TAIL_R10_MS;
    int64_t coarse = pl_resolution_plan(q->level + 1)->row_ms;
    return PL_MAX(q->from_unix_ms, pl_floor_ms(q->now_unix_ms - tail, coarse));
}

static void on_level_done(void *ctx, int err);

static int read_level(struct chart *q)
{
    q->series.from_unix_ms = level_from(q);
    if (q->series.from_unix_ms > q->series.to_unix_ms) return PL_E_NOT_FOUND;
    struct pl_range range = {.host = q->query.host,
                             .resolution = q->level,
                             .from_unix_ms = q->series.from_unix_ms,
                             .to_unix_ms = q->series.to_unix_ms,
                             .on_chunk = on_chunk,
                             .on_done = on_level_done,
                             .ctx = q};
    return pl_ranges_read(q->charts->ranges, &range);
}

static void on_level_done(void *ctx, int err)
{
    struct chart *q = ctx;
    while (err == 0 && !q->abandoned) {
        pl_series_settle(&q->series);
        if (q->level == q->last_level) break;
        q->level++;
        pl_series_fold(&q->series, pl_resolution_plan(q->level)->row_ms, false);
        err = read_level(q);
        if (err == 0) return;
        if (err == PL_E_NOT_FOUND) err = 0; // the range ends before this level begins
    }
    answer(q, err);
}

/* The resolution a step asks for, or a coarser one if the range begins before what is kept at it.
 */
static enum pl_resolution resolution_for(const struct pl_series_query *query, int64_t now_unix_ms)
{
    enum pl_resolution r = PL_R1;
    for (; r < PL_R300; r++) {
        const struct pl_resolution_plan *next = pl_resolution_plan(r + 1);
        const struct pl_resolution_plan *plan = pl_resolution_plan(r);
        bool kept = query->from_unix_ms >= now_unix_ms - plan->keep_ms - plan->bucket_ms;
        if (query->step_ms < next->row_ms && kept) break;
    }
    return r;
}

static bool is_sane(const struct pl_series_query *query)
{
    return query->step_ms >= 1000 && query->step_ms % 1000 == 0 && query->from_unix_ms >= 0 &&
           query->to_unix_ms >= query->from_unix_ms && query->metric < PL_METRIC_COUNT &&
           (query->to_unix_ms - query->from_unix_ms) / query->step_ms <= PL_SERIES_POINTS_MAX;
}

static void begin(struct chart *q, const struct pl_charts_request *request)
{
    const struct pl_series_query *query = request->query;
    q->query = *query;
    q->now_unix_ms = request->now_unix_ms;
    q->on_series = request->on_series;
    q->ctx = request->ctx;
    q->level = PL_R1;
    q->last_level = resolution_for(query, request->now_unix_ms);
    q->query.step_ms = PL_MAX(query->step_ms, pl_resolution_plan(q->last_level)->row_ms);
    q->from_unix_ms = pl_floor_ms(query->from_unix_ms, q->query.step_ms);
    q->series = (struct pl_series){.metric = query->metric,
                                   .from_unix_ms = q->from_unix_ms,
                                   .to_unix_ms = query->to_unix_ms,
                                   .rows = q->rows,
                                   .row_max = PL_CHARTS_ROWS_MAX};
    struct pl_open_chunk_reader reader = {.chunk = request->open};
    struct pl_sample sample;
    if (!request->open || request->open->row_count == 0) return;
    while (pl_open_chunk_next(&reader, &sample)) pl_series_add_sample(&q->series, &sample);
}

int pl_charts_ask(struct pl_charts *c, const struct pl_charts_request *request)
{
    if (!is_sane(request->query)) return PL_E_RANGE;
    struct chart *q = NULL;
    for (size_t i = 0; i < PL_LEN(c->charts) && !q; i++) {
        if (!c->charts[i].busy) q = &c->charts[i];
    }
    if (!q) return PL_E_FULL;
    begin(q, request);
    int err = read_level(q);
    while (err == PL_E_NOT_FOUND && q->level < q->last_level) { // the range is older than the tails
        q->level++;
        err = read_level(q);
    }
    if (err < 0) return err;
    q->busy = true;
    q->abandoned = false;
    return 0;
}

void pl_charts_abandon(struct pl_charts *c)
{
    for (size_t i = 0; i < PL_LEN(c->charts); i++) {
        struct chart *q = &c->charts[i];
        if (!q->busy || q->abandoned) continue;
        q->abandoned = true;
        q->on_series(q->ctx, PL_E_CLOSED, NULL);
    }
}
