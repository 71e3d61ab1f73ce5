/* external_in.h - alerts as a Prometheus posts them to an Alertmanager: the body of
 * POST /api/v2/alerts (the OpenAPI description of Alertmanager's API v2).
 *
 *     [{"labels": {"alertname": "HighErrorRate", "severity": "critical", "pool": "web"},
 *       "annotations": {"summary": "5xx at 12 %"}, "startsAt": "...", "endsAt": "...",
 *       "generatorURL": "https://prometheus.example/graph?..."}, ...]
 *
 * As there: an alert that is wrong is refused, and those beside it are taken; a body that is no
 * JSON is refused as a whole, members that are not known are skipped, labels with an empty value
 * count as not there. The fingerprint is the one of Prometheus (FNV-1a over the sorted labels), so
 * that both name an alert the same way.
 *
 * Limits, beyond which an alert is refused: the enum below. What is only content (a summary, the
 * labels to show) is cut instead: a page must not be lost because its text is long. */
#pragma once

#include "collector/core/alert/external.h"
#include "common/base/span.h"

enum {
    PL_EXTERNAL_POST_MAX = 1024,        // alerts of one body
    PL_EXTERNAL_LABELS_MAX = 64,        // and annotations
    PL_EXTERNAL_NAME_BYTES_MAX = 128,   // of a label's name
    PL_EXTERNAL_VALUE_BYTES_MAX = 1024, // of its value
    PL_EXTERNAL_ERROR_BYTES = 320,
};

struct pl_external_reader {
    struct pl_span rest; // borrowed: what was not read yet
    uint32_t number;     // of the alert that comes next, from 0
    bool is_over;
    int64_t now_unix_ms;
};

/* 0, or PL_E_SYNTAX and why: the body is no array. */
PL_MUST_CHECK int pl_external_reader_init(struct pl_external_reader *r, struct pl_span body,
                                          int64_t now_unix_ms, char error[PL_EXTERNAL_ERROR_BYTES]);
/* 1 and the next alert; 0: there is no more. PL_E_RANGE: this one is refused, `error` says why, and
 * the next may be read; PL_E_SYNTAX: so is the rest. */
PL_MUST_CHECK int pl_external_next(struct pl_external_reader *r, struct pl_external *out,
                                   char error[PL_EXTERNAL_ERROR_BYTES]);
