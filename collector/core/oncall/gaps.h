/* gaps.h - what is wrong with the coming days of all schedules, while there is time to mend it.
 *
 *     GAP       nobody is on call
 *     OVERLAP   two overrides of one schedule want different people; the later one counts
 *     DOUBLE    one person is on call for two schedules at once
 *
 * Stretches of the same kind between the same parties are one warning: from the beginning of the
 * first to the end of the last, with the time that they last together. */
#pragma once

#include "collector/core/oncall/oncall.h"

enum {
    PL_GAPS_MAX = 64, // then further ones are counted only
    PL_GAPS_AHEAD_S = 14 * 86400,
    PL_GAPS_STEPS_MAX = 20000, // of looking ahead; more than 32 schedules with hourly turns need
};

enum pl_gap_kind { PL_GAP, PL_GAP_OVERLAP, PL_GAP_DOUBLE };

struct pl_gap {
    enum pl_gap_kind kind;
    uint16_t schedule, other; // other: for PL_GAP_DOUBLE
    uint16_t person; // of an overlap: whose override does not count; else PL_NOBODY for a gap
    int64_t from_unix_s, until_unix_s; // of the first one
    int64_t last_unix_s;               // end of the last one
    uint32_t times;
    int64_t lasts_s; // all of them together
};

struct pl_gaps {
    uint32_t count, dropped;
    struct pl_gap item[PL_GAPS_MAX]; // by their beginning
};

/* Look from `unix_s` on, PL_GAPS_AHEAD_S far. */
void pl_gaps_find(const struct pl_oncall *oncall, int64_t unix_s, struct pl_gaps *out);
