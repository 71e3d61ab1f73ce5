/* metric.h - the metrics of metric.def as an enum and a table. */
#pragma once

#include "common/base/span.h"

#define PL_ABSENT INT32_MIN /* this host has no such value now */

enum pl_metric {
#define X(id, symbol, name, unit, kind, scale, judged, meaning) PL_##symbol,
#include "common/wire/metric.def"
#undef X
    PL_METRIC_COUNT
};

/* No table on the wire or in a file may name more metrics than this. */
enum { PL_METRIC_MAX = 128 };

enum pl_metric_kind { PL_GAUGE = 1, PL_RATE = 2, PL_SHARE = 3 };

struct pl_metric_info {
    uint16_t id; // stable number in chunks; 1 to 65535
    enum pl_metric_kind kind;
    int32_t scale;
    bool judged;
    const char *name;
    const char *unit;
    const char *meaning;
};

/* Static storage; `metric` below PL_METRIC_COUNT. */
const struct pl_metric_info *pl_metric_info(enum pl_metric metric);
/* The metric of that name or stable id; PL_METRIC_COUNT if there is none. */
enum pl_metric pl_metric_by_name(struct pl_span name);
enum pl_metric pl_metric_by_id(uint16_t id);
