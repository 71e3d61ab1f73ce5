/* json_oncall.h - who is on call, as the API tells it. */
#pragma once

#include "collector/core/oncall/oncall.h"
#include "common/base/text.h"

/* {"at":…,"schedules":[…],"warnings":[…]}: every schedule (or, unless it is PL_NOBODY, that one) as
 * it is at `at_unix_s`, and what is wrong with its coming fourteen days. */
void pl_json_schedules(struct pl_text *out, const struct pl_oncall *oncall, uint16_t schedule,
                       int64_t at_unix_s);
/* One override. */
void pl_json_override(struct pl_text *out, const struct pl_oncall *oncall,
                      const struct pl_override *override);
