/* after_record.h - what came of a launch as Redis keeps it, within the launch's record, there and
 * back. Points are whole tenths, three for each step; where nobody looked the first is -1. */
#pragma once

#include "collector/core/launch/after.h"
#include "common/base/text.h"

struct cJSON;

/* ,"after":{...} */
void pl_after_record_write(struct pl_text *out, const struct pl_launch_after *a);
/* 0, or PL_E_SYNTAX, PL_E_RANGE, PL_E_NOT_FOUND; `*a` may be half filled then. */
PL_MUST_CHECK int pl_after_record_read(const struct cJSON *object, struct pl_launch_after *a);
