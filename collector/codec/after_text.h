/* after_text.h - what came of a launch, in words for people who are not operators. */
#pragma once

#include "collector/core/launch/learn.h"
#include "common/base/text.h"

enum { PL_AFTER_SENTENCE_BYTES = 480, PL_DEED_SENTENCE_BYTES = 400, PL_QUALITY_BYTES = 240 };

/* What was expected, what came, what was left and who was woken; in three or four sentences. */
void pl_after_sentence_write(const struct pl_launch_entry *e, enum pl_traffic_source unit,
                             struct pl_text *out);
/* "alex has saturation/web; 4 % were left then, 31 % five minutes later" */
void pl_deed_sentence_write(const struct pl_launch_deed *deed, struct pl_text *out);
/* How good our forecasts were. */
void pl_quality_sentence_write(const struct pl_launch_quality *q, struct pl_text *out);
