/* charts.h - answers the series questions of store.h: one metric of one host over time.
 *
 *     open chunk + r1 (-> 10 s) + r10 (-> 5 min) + r300, as far as the step needs -> steps
 *
 * The coarse rows are made minutes to hours after the samples, so the end of a long chart is put
 * together from finer ones. A range that reaches back beyond what is kept at the step's resolution
 * is answered at the next one. */
#pragma once

#include "collector/codec/open_chunk.h"
#include "collector/io/range.h"
#include "collector/io/store.h"

enum {
    PL_CHARTS_MAX = 16,         // questions at once, then PL_E_FULL
    PL_CHARTS_ROWS_MAX = 32768, // merged for one answer, then it is PL_E_FULL
};

struct pl_charts;

/* NULL without memory. `ranges` is borrowed. */
struct pl_charts *pl_charts_new(struct pl_ranges *ranges);
/* After the connection was closed. */
void pl_charts_free(struct pl_charts *c);
/* Redis does not answer: everybody who waits gets PL_E_CLOSED now. */
void pl_charts_abandon(struct pl_charts *c);
/* A question and who asks, as for pl_store_series(). */
struct pl_charts_request {
    const struct pl_series_query *query; // borrowed during the call
    const struct pl_open_chunk *open;    // the host's newest samples, copied; NULL: none
    int64_t now_unix_ms;
    void (*on_series)(void *ctx, int err, const struct pl_series_answer *answer);
    void *ctx;
};
PL_MUST_CHECK int pl_charts_ask(struct pl_charts *c, const struct pl_charts_request *request);
