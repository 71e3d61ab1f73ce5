/* oncall_text.h - plans of who is on call, as people write and read them.
 *
 *     window     mon-fri 09:00-17:30 · sat · 22:00-07:00   (past midnight: until the next day)
 *     handover   mon 09:00 · 09:00
 *     turn       daily · weekly · 12h · 3d
 *     day        2026-01-05
 *     time       2026-12-24T18:00 (the wall clock of a zone) · 2026-12-24T17:00:00Z */
#pragma once

#include "collector/core/oncall/gaps.h"
#include "collector/core/oncall/told.h"
#include "common/base/text.h"

/* 0, or PL_E_SYNTAX, PL_E_RANGE, and the outputs untouched. */
PL_MUST_CHECK int pl_hours_parse(struct pl_span in, struct pl_hours *out);
/* `*weekday` is -1 where none is named, else 0 (Monday) to 6. */
PL_MUST_CHECK int pl_handover_parse(struct pl_span in, int32_t *weekday, int32_t *minute);
/* In wall seconds, PL_LAYER_TURN_MIN_S to PL_LAYER_TURN_MAX_S, whole minutes. */
PL_MUST_CHECK int pl_turn_parse(struct pl_span in, int64_t *turn_s);
/* Its midnight in wall seconds; years 1970-9999. */
PL_MUST_CHECK int pl_day_parse(struct pl_span in, int64_t *wall_s);
/* A wall time of `zone`, COMPATIBLE (zone.h), or a moment with Z or an offset. */
PL_MUST_CHECK int pl_moment_parse(struct pl_span in, const struct pl_zone *zone, int64_t *unix_s);

/* "Mon 09:00" in that zone; a time more than six days from `now_unix_s` with its date in front:
 * "2026-12-24 Thu 18:00". */
void pl_moment_write(struct pl_text *out, const struct pl_zone *zone, int64_t unix_s,
                     int64_t now_unix_s);

/* "alex (primary, web)": who was paged, the schedule or team, the plan; nothing for PL_NOBODY. */
enum { PL_TOLD_TEXT_BYTES = 3 * PL_NAME_LEN_MAX + 8 };
void pl_told_write(struct pl_text *out, const struct pl_oncall *oncall, const struct pl_told *told);

/* "web: nobody is on call from Sat 09:00 until Mon 09:00, 48 h; 3 times until 2026-05-18 Mon 09:00,
 * 96 h together". */
enum { PL_GAP_TEXT_BYTES = 4 * PL_NAME_LEN_MAX + 256 };
void pl_gap_write(struct pl_text *out, const struct pl_oncall *oncall, const struct pl_gap *gap,
                  int64_t now_unix_s);
