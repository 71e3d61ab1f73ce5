/* learned_record.h - what was learned of a host's capacity, as Redis holds it: 0.1 to 4 KB.
 *
 *     u8 version (1)  u8 source  u8 cpu (0 none, 1 machine's, 2 service's)  u8 resources
 *     f32 neighbours
 *     per resource:  u16 metric id  zigzag lowest bin  f32 recent load, use, weight  u8 bins
 *                    per bin: u8 position  f32 load, use, spread, weight  u32 unix minute
 *
 * f32 is IEEE 754 binary32 as u32, big-endian; only bins that hold something are written. A
 * resource this program does not learn is skipped, one that the record does not have is empty. */
#pragma once

#include "collector/core/judge/capacity.h"
#include "common/base/bytes.h"

enum { PL_LEARNED_BYTES_MAX = 8 + PL_LEARNED_COUNT * (2 + 10 + 12 + 1 + PL_CURVE_BINS * 21) };

void pl_learned_write(const struct pl_capacity_learner *learner, struct pl_writer *out);
/* PL_E_VERSION (nothing of another one is read), PL_E_TRUNCATED, PL_E_SYNTAX (left-over bytes),
 * PL_E_RANGE (a number no learning makes); `*out` is untouched then. What comes back answers
 * nothing before pl_capacity_adopt(). */
PL_MUST_CHECK int pl_learned_read(struct pl_span in, struct pl_capacity_learner *out);
