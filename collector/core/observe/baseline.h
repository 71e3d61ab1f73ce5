/* baseline.h - what this time of day usually brings: 288 slots of five minutes, UTC.
 *
 * Each slot keeps a slowly following average of past days and yesterday's own value. The first
 * says what to expect, both together say what *recurs*: a peak that only one of them knows was a
 * single event. The peaks of the coming hour are looked up once per slot, so a sample costs O(1).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum {
    PL_BASELINE_SLOTS = 288,
    PL_BASELINE_SLOT_MS = 300000,
    PL_BASELINE_AHEAD_SLOTS = 12, // one hour
};

struct pl_baseline {
    float usual[PL_BASELINE_SLOTS];     // over days
    float yesterday[PL_BASELINE_SLOTS]; // the newest day that had this slot
    uint8_t days[PL_BASELINE_SLOTS];    // that had this slot, up to UINT8_MAX
    int64_t slot;                       // current one, counted from the epoch; -1 before the first
    double sum;                         // of the current slot's samples
    uint32_t count;
    double ahead_peak;      // largest `usual` from now to an hour ahead
    double ahead_recurring; // largest value that usual and yesterday agree on; 0 before two days
};

void pl_baseline_init(struct pl_baseline *b);
/* One sample. A time before the current slot counts into it. */
void pl_baseline_step(struct pl_baseline *b, double value, int64_t unix_ms);
/* What is usual now; negative: this time of day was never seen on an earlier day. */
double pl_baseline_now(const struct pl_baseline *b);
/* What is usual at `unix_ms`, straight between the middles of slots; negative: not known. */
double pl_baseline_at(const struct pl_baseline *b, int64_t unix_ms);
/* Seconds from `unix_ms` until the middle of the first slot, up to an hour ahead, that usually
 * brings `value` or more; negative: none does. */
double pl_baseline_seconds_to(const struct pl_baseline *b, double value, int64_t unix_ms);
