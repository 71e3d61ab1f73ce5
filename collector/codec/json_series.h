/* json_series.h - one metric of one host over time, as JSON. */
#pragma once

#include "common/base/name.h"
#include "common/base/text.h"
#include "common/wire/metric.h"

/* Fixed point of metric.def. */
struct pl_json_point {
    int64_t unix_ms;
    int32_t avg, min, max;
};

struct pl_json_series {
    struct pl_name host;
    enum pl_metric metric;
    int64_t from_unix_ms, to_unix_ms;
    int64_t step_ms;
    int64_t resolution_ms; // of what is stored
};

/* Columns are ["unix_ms","value"] where every point is one sample (step and resolution 1 s), else
 * ["unix_ms","avg","min","max"]; a gap is a missing row. */
void pl_json_series_begin(struct pl_text *out, const struct pl_json_series *series);
void pl_json_series_point(struct pl_text *out, const struct pl_json_series *series, bool first,
                          const struct pl_json_point *point);
void pl_json_series_end(struct pl_text *out);
