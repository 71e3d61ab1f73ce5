/* window.h - the last rows of one host: a ring of what rules look at.
 *
 * One row per sample, row layout ([row][column]): a write touches one or two cache lines, and a
 * rule reads a few rows of many columns. Only the metrics marked "judged" in metric.def are kept;
 * the rest is in Redis. At one sample a second the ring spans five minutes, at four 75 seconds:
 * more than the minute its readers look at. */
#pragma once

#include "common/wire/sample.h"

#include <assert.h>

enum {
#define X(id, symbol, name, unit, kind, scale, judged, meaning) +(judged)
    PL_WINDOW_COLUMNS = 0
#include "common/wire/metric.def"
    ,
#undef X
    PL_WINDOW_ROWS = 300,
};

struct pl_window_row {
    int64_t unix_ms;
    int32_t values[PL_WINDOW_COLUMNS];
};
/* The memory of a host is mostly this: a metric that becomes judged adds 4 bytes to each row, and
 * two of them as much as one. Whoever goes beyond this has thought of 10,000 hosts. */
static_assert(sizeof(struct pl_window_row) <= 80, "300 rows for each of 10,000 hosts");

struct pl_window {
    struct pl_window_row rows[PL_WINDOW_ROWS];
    uint16_t next; // where the next row goes
    uint16_t row_count;
};

void pl_window_init(struct pl_window *w);
/* Append; the oldest row makes room. Time order is the caller's: rows are kept as they come. */
void pl_window_push(struct pl_window *w, const struct pl_sample *sample);
/* Value of a judged metric `age` rows ago (0: newest); PL_ABSENT beyond the ring or when the host
 * had none. Asking for a metric that is not judged is a bug. */
int32_t pl_window_value(const struct pl_window *w, uint16_t age, enum pl_metric metric);
/* Its time stamp; 0 beyond the ring. */
int64_t pl_window_unix_ms(const struct pl_window *w, uint16_t age);
/* Least-squares slope of a metric over the last `span_ms` before the newest row, in fixed-point
 * units per second. False with fewer than 5 values. */
bool pl_window_slope(const struct pl_window *w, enum pl_metric metric, int64_t span_ms,
                     double *per_second);
