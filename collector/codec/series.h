/* series.h - one metric over time, put together from what is stored at several resolutions.
 *
 * Rows come from chunks (samples, 10 s and 5 min rows) and from the open chunk, in any order and
 * overlapping. Settling sorts them and keeps one of each; folding makes them rows of a coarser
 * step:
 *
 *     samples -settle-> -fold 10 s-> + stored 10 s rows -settle-> -fold 5 min-> + stored ...
 * -fold-> step
 *
 * so that an answer reaches up to the last sample although the coarse rows are hours behind. */
#pragma once

#include "collector/codec/rollup.h"
#include "common/wire/sample.h"

struct pl_series_row {
    int64_t unix_ms; // of the sample, or the start of the row
    uint64_t seq;    // of the sample; 0 for rows: one per start
    int64_t sum;
    uint32_t count; // samples in it, at least 1
    int32_t min, max;
};

struct pl_series {
    enum pl_metric metric;
    int64_t from_unix_ms, to_unix_ms; // inclusive; rows that start outside are left out
    struct pl_series_row *rows;       // borrowed, row_max items
    size_t row_count, row_max;
    bool overflow; // more rows came than fit: what is here is not all
};

/* The rows of this metric in a stored chunk of either kind. `row_ms` is the step of a chunk of
 * rows. A refusal of pl_chunk_open/next. */
PL_MUST_CHECK int pl_series_add_chunk(struct pl_series *s, struct pl_span chunk, int64_t row_ms);
/* One sample; nothing if it has no such value. */
void pl_series_add_sample(struct pl_series *s, const struct pl_sample *sample);
/* Sort by time and keep one row of each (time, seq): that with the most samples. */
void pl_series_settle(struct pl_series *s);
/* Settled rows become rows of `step_ms`, starting at multiples of it. With `keep_single` a step
 * that holds one row keeps that row's own time. */
void pl_series_fold(struct pl_series *s, int64_t step_ms, bool keep_single);
