/* clip.h - text from the network, made fit for a provider: no control characters, not too long.
 *
 * Providers count characters, which are Unicode code points. A text is cut between two of them and
 * then ends with an ellipsis, which counts as one. (struct pl_name needs none of this: its alphabet
 * is checked where it enters, and it is short.) */
#pragma once

#include "common/base/text.h"

enum { PL_CLIP_POINTS_MAX = 1024 };

/* Append at most `points_max` (1 to PL_CLIP_POINTS_MAX) code points of `in`, without control
 * characters (U+0000-001F, U+007F-009F). A byte that is not UTF-8 counts as one code point and is
 * passed on; pl_text_json() replaces it. */
void pl_text_clip(struct pl_text *out, struct pl_span in, size_t points_max);
/* The same as a JSON string with its quotes. */
void pl_text_clip_json(struct pl_text *out, struct pl_span in, size_t points_max);
