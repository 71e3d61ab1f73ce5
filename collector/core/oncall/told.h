/* told.h - why that one? What a page says beside the trouble: who was paged, and by which plan. */
#pragma once

#include "collector/core/oncall/oncall.h"

struct pl_told {
    uint16_t person;      // PL_NOBODY: it is a channel, or nobody's plan any more
    struct pl_name group; // the schedule or team that named them; empty: the plan itself
    struct pl_name plan;  // the escalation, or the pool with people of its own
};

/* Of a page to `target` by policy `number` (0: none) at that moment: the first step that is open
 * and reaches them. */
struct pl_told pl_policy_told(const struct pl_oncall *oncall, uint32_t number, uint32_t target,
                              int64_t unix_ms);
