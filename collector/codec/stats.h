/* stats.h - the collector's own numbers, once as a list, written as JSON and for Prometheus.
 *
 * Whoever adds a number adds one item; /api/v1/self and /metrics cannot disagree. The path places
 * an item in the JSON: "http.refused.syntax" is {"http":{"refused":{"syntax":...}}}. Items with a
 * common beginning stand next to each other. */
#pragma once

#include "common/base/text.h"

enum pl_stat_kind {
    PL_STAT_TEXT,    // JSON only
    PL_STAT_COUNTER, // only grows; 0 at the start of the process
    PL_STAT_GAUGE,
};

enum { PL_STAT_DEPTH_MAX = 4, PL_STAT_PATH_MAX = 63, PL_STATS_MAX = 208 };

struct pl_stat {
    const char *family; // Prometheus metric name; NULL: JSON only. Same family: adjacent items
    const char *help;   // of the family, in its first item
    const char *label;  // name of the label whose value is the last part of the path, or NULL
    const char *text;   // of PL_STAT_TEXT; borrowed
    int64_t value;      // fixed point
    int32_t scale;      // power of ten
    enum pl_stat_kind kind;
    char path[PL_STAT_PATH_MAX + 1]; // a-z, 0-9, _ and dots
};

/* One JSON object. */
void pl_stats_json(struct pl_text *out, const struct pl_stat *stats, size_t count);
/* Prometheus text format 0.0.4. */
void pl_stats_metrics(struct pl_text *out, const struct pl_stat *stats, size_t count);
