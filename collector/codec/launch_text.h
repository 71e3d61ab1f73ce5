/* launch_text.h - a launch and its verdict in words, for people who are not operators: no host
 * names, no jargon, and never "too late". */
#pragma once

#include "collector/core/launch/book.h"
#include "common/base/text.h"

enum { PL_LAUNCH_SENTENCE_BYTES = 400, PL_LAUNCH_ADVICE_BYTES = 240 };

/* A rate per second, to two digits or three: it is only an estimate. */
void pl_launch_rate_write(double per_s, struct pl_text *out);
/* What will happen, in one or two sentences with the numbers behind them. */
void pl_launch_sentence_write(const struct pl_launch_verdict *v, struct pl_text *out);
/* One remedy, what it needs, and until when. */
void pl_launch_advice_write(const struct pl_launch_verdict *v, const struct pl_remedy_option *o,
                            int64_t now_unix_ms, struct pl_text *out);
/* "2 more hosts, or 2.5 times the memory in each"; nothing if nothing is missing. */
void pl_launch_missing_write(const struct pl_launch_verdict *v, struct pl_text *out);
/* What would tell, where it is not known what the pool takes. */
const char *pl_launch_gap_text(enum pl_capacity_gap gap);
