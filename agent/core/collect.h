/* collect.h - two readings of the machine become the values of one sample.
 *
 * Which counter feeds which metric is a table in collect.c; how the metrics are called and scaled
 * is metric.def. */
#pragma once

#include "agent/core/probe.h"
#include "common/wire/hello.h"
#include "common/wire/sample.h"

/* Fill all of `values` (PL_METRIC_COUNT of them, fixed point of metric.def): levels from `now`,
 * rates and shares from what changed since `before`, `elapsed_us` earlier. `before` is NULL for the
 * first reading: rates are PL_ABSENT then. What only the program knows (agent.spooled,
 * agent.dropped, agent.late) and what local sources say is left PL_ABSENT. */
void pl_collect_values(const struct pl_raw *before, const struct pl_raw *now, int64_t elapsed_us,
                       int32_t *values);

/* Fill the capacity facts (PL_FACT_COUNT of them) from a reading. Each fact names its source; one
 * that is not known is -1. */
void pl_collect_facts(const struct pl_raw *now, struct pl_fact_value *facts);
