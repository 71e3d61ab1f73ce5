/* collect.h - two readings of the machine become the values of one sample.
 *
 * Which counter feeds which metric is a table in collect.c; how the metrics are called and scaled
 * is metric.def. */
#pragma once

#include "agent/core/probe.h"
#include "common/wire/hello.h"
#include "common/wire/sample.h"

/* Make `values` (PL_METRIC_COUNT of them, fixed point of metric.def) those of `now`: levels from
 * it, rates and shares from what changed since `before`. Each rate spans the time between the two
 * readings of its own source; that of a source which was kept, not read, stays in `values`, where
 * those of the sample before are. `before` is NULL for the first reading: rates are PL_ABSENT then.
 * What only the program knows (agent.spooled, agent.dropped, agent.late) and what local sources say
 * is set PL_ABSENT. */
void pl_collect_values(const struct pl_raw *before, const struct pl_raw *now, int32_t *values);

/* Fill the capacity facts (PL_FACT_COUNT of them) from a reading. Each fact names its source; one
 * that is not known is -1. */
void pl_collect_facts(const struct pl_raw *now, struct pl_fact_value *facts);
