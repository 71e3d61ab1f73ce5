/* launch_record.h - a launch as Redis keeps it: what was said of it, as it was sent, and its
 * course.
 *
 * What was said is written and read as in the API (launch_in), so a record of an older version is
 * read as a request of that time would be: what is missing has its default. */
#pragma once

#include "collector/core/launch/book.h"
#include "common/base/text.h"

enum { PL_LAUNCH_RECORD_BYTES = 36 * 1024 }; // every launch fits: escapes make text longer

/* The members somebody sends, each with `before` in front of its first quote: ",". Times in UTC. */
void pl_launch_members_write(struct pl_text *out, const struct pl_launch *l, const char *before);

void pl_record_launch_write(struct pl_text *out, const struct pl_launch_entry *e);
/* 0 and `*out`, or PL_E_SYNTAX, PL_E_RANGE, PL_E_NOT_FOUND, PL_E_TOO_BIG. */
PL_MUST_CHECK int pl_record_launch_read(struct pl_span in, struct pl_launch_entry *out);
