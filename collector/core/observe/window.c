#include "collector/core/observe/window.h"

#include "common/base/assert.h"

#include <assert.h>

enum { SLOPE_VALUES_MIN = 5 };

/* Position of each judged metric in a row: the enum counts them as the list of metric.def goes by.
 * A metric that is not judged takes no number (its own enumerator repeats the next one's). */
enum {
#define X(id, symbol, name, unit, kind, scale, judged, meaning)                                    \
    COLUMN_##symbol, COLUMN_AFTER_##symbol = COLUMN_##symbol + (judged)-1,
#include "common/wire/metric.def"
#undef X
    COLUMN_COUNT
};
static_assert((int)COLUMN_COUNT == (int)PL_WINDOW_COLUMNS, "one column per judged metric");

static const int8_t column_of[PL_METRIC_COUNT] = {
#define X(id, symbol, name, unit, kind, scale, judged, meaning)                                    \
    [PL_##symbol] = (judged) ? COLUMN_##symbol : -1,
#include "common/wire/metric.def"
#undef X
};

void pl_window_init(struct pl_window *w)
{
    w->next = 0;
    w->row_count = 0;
}

void pl_window_push(struct pl_window *w, const struct pl_sample *sample)
{
    struct pl_window_row *row = &w->rows[w->next];
    row->unix_ms = sample->unix_ms;
#define X(id, symbol, name, unit, kind, scale, judged, meaning)                                    \
    if (judged) row->values[COLUMN_##symbol] = sample->values[PL_##symbol];
#include "common/wire/metric.def"
#undef X
    w->next = (uint16_t)(w->next + 1 == PL_WINDOW_ROWS ? 0 : w->next + 1);
    if (w->row_count < PL_WINDOW_ROWS) w->row_count++;
}

/* NULL beyond the ring. */
static const struct pl_window_row *row_at(const struct pl_window *w, uint16_t age)
{
    if (age >= w->row_count) return NULL;
    int at = w->next - 1 - age;
    return &w->rows[at < 0 ? at + PL_WINDOW_ROWS : at];
}

int32_t pl_window_value(const struct pl_window *w, uint16_t age, enum pl_metric metric)
{
    PL_ASSERT(metric < PL_METRIC_COUNT && column_of[metric] >= 0);
    const struct pl_window_row *row = row_at(w, age);
    return row ? row->values[column_of[metric]] : PL_ABSENT;
}

int64_t pl_window_unix_ms(const struct pl_window *w, uint16_t age)
{
    const struct pl_window_row *row = row_at(w, age);
    return row ? row->unix_ms : 0;
}

bool pl_window_slope(const struct pl_window *w, enum pl_metric metric, int64_t span_ms,
                     double *per_second)
{
    double n = 0, sum_t = 0, sum_v = 0, sum_tt = 0, sum_tv = 0;
    int64_t newest_ms = pl_window_unix_ms(w, 0);
    int64_t later_ms = newest_ms;
    for (uint16_t age = 0; age < w->row_count; age++) {
        int64_t unix_ms = pl_window_unix_ms(w, age);
        /* A row later than the one after it: the host's clock was set. What lies behind that is
         * on another time line. */
        if (unix_ms > later_ms || newest_ms - unix_ms > span_ms) break;
        later_ms = unix_ms;
        int32_t value = pl_window_value(w, age, metric);
        if (value == PL_ABSENT) continue;
        double t = (double)(unix_ms - newest_ms) / 1000.0;
        n += 1;
        sum_t += t;
        sum_v += value;
        sum_tt += t * t;
        sum_tv += t * value;
    }
    double spread = n * sum_tt - sum_t * sum_t;
    if (n < SLOPE_VALUES_MIN || spread <= 0) return false;
    *per_second = (n * sum_tv - sum_t * sum_v) / spread;
    return true;
}
