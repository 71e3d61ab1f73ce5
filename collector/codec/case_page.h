/* case_page.h - the customers' page of a case: what was published, newest first, and when the next
 * update is due. Plain HTML without a script; it names no machine because updates name none. */
#pragma once

#include "collector/core/incident/case.h"
#include "common/base/text.h"

/* Every page fits so many bytes; a test holds it to that. */
enum { PL_CASE_PAGE_BYTES = 192 * 1024 };

void pl_case_page_write(struct pl_text *out, const struct pl_case *c, int64_t now_unix_ms);
