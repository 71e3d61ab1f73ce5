/* ics_out.h - shifts as a calendar (RFC 5545): what a phone subscribes to.
 *
 * One VEVENT per shift, in UTC, so that no zone has to be told. What does not fit the buffer is
 * left out from the end; the calendar stays whole. Names need no escape (common/base/name.h). */
#pragma once

#include "collector/core/oncall/oncall.h"
#include "common/base/text.h"

enum { PL_ICS_AHEAD_S = 90 * 86400, PL_ICS_BEHIND_S = 7 * 86400 };

/* The shifts of one schedule (or, for PL_NOBODY, of all) of one person (or of everybody), from a
 * week before `now_unix_s` to ninety days after it. `out` has room for 1 KiB at least. */
void pl_ics_write(struct pl_text *out, const struct pl_oncall *oncall, uint16_t schedule,
                  uint16_t person, int64_t now_unix_s);
