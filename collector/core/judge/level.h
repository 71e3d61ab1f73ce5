/* level.h - one resource of one host against its limits: enter level, leave level, hold time.
 *
 * A spike of seconds is no problem and pages nobody: utilisation must stay over a level for
 * `hold_ms` before the resource is said to hold that tier, and must fall under the lower leave
 * level to lose it again. Hold times run by the stamps of the samples, the clock of the host that
 * took them: a sample that was long on its way still counts from when it was taken.
 *
 * Levels and hold times are made for values that stand for a second. Where samples come faster than
 * PL_LEVEL_SPAN_MS, a value is averaged with those before it, or the same load would break its hold
 * time at ten samples a second and not at one. */
#pragma once

#include "collector/core/now.h"

#include <stdbool.h>

/* What can run out, each with a utilisation between 0 and 1 (basis points: 0 to 10,000). */
enum pl_resource {
    PL_RESOURCE_CPU,
    PL_RESOURCE_MEMORY,
    PL_RESOURCE_ACCEPT_QUEUE,    // of the listener whose queue is the fullest
    PL_RESOURCE_ACCEPT_OVERFLOW, // full when a listener's queue lost a connection, else empty
    PL_RESOURCE_OOM,          // full when a process was killed because memory ran out, else empty
    PL_RESOURCE_FILES,        // file handles of the whole machine
    PL_RESOURCE_CONNTRACK,    // entries of the connection tracking table
    PL_RESOURCE_NETWORK,      // the busiest link, of its speed
    PL_RESOURCE_WORKERS,      // of the fullest pool of a local server
    PL_RESOURCE_MEMORY_STALL, // time in which nothing ran because all waited for memory
    PL_RESOURCE_IO_STALL,     // the same for input and output
    PL_RESOURCE_SHARE,        // traffic over the host's fair share of it, which is 1
    PL_RESOURCE_COUNT,
};

/* The rules that look at one host at a time: a host holds a tier of each. */
enum pl_strain { PL_STRAIN_LIMIT, PL_STRAIN_STALL, PL_STRAIN_IMBALANCE, PL_STRAIN_COUNT };

/* How loud: WARN shows on the page, PAGE wakes somebody. Worse is larger. */
enum pl_tier { PL_TIER_NONE, PL_TIER_WARN, PL_TIER_PAGE, PL_TIER_COUNT };

enum { PL_LEVEL_SPAN_MS = 500 };

struct pl_level_policy {
    int32_t warn_bp;  // enter WARN at or over this share of the whole, basis points
    int32_t page_bp;  // enter PAGE at or over; model.md calls it L_r
    int32_t leave_bp; // leave a tier when this far under its enter level
    int64_t hold_ms;  // over the enter level without a break for this long; 0: at once, and
                      // values are not averaged
};

/* What is over a level for this long, and for this part of its hold time, is told before it is
 * held: a single busy second is no news. */
enum { PL_LEVEL_SHOWN_MS = 2000, PL_LEVEL_SHOWN_PART = 5 };

struct pl_level {
    enum pl_tier held;                    // what the resource holds now
    enum pl_tier coming;                  // what it will hold if this lasts; NONE: nothing higher
    int64_t over_stamp_ms[PL_TIER_COUNT]; // since when it is over each tier's level, or PL_NEVER_MS
    int64_t over_unix_ms[PL_TIER_COUNT];  // the same moment for people
    int64_t stamp_ms;                     // of the newest value, or PL_NEVER_MS
    double mean_bp;                       // averaged, at that moment
};

void pl_level_init(struct pl_level *l);
/* One more value, basis points, taken at `stamp_ms` by the host's clock and `taken_unix_ms` by
 * ours; negative: no value now, which freezes the level (no data never proves recovery). Returns
 * the tier held from here on. */
enum pl_tier pl_level_step(struct pl_level *l, const struct pl_level_policy *policy,
                           int32_t used_bp, int64_t stamp_ms, int64_t taken_unix_ms);
/* Over nothing and holding nothing: a value under the WARN level that stands alone would change
 * nothing. */
bool pl_level_is_quiet(const struct pl_level *l);
/* Values are missing before the next one, or the host's clock was set: a tier that is held stays,
 * but a hold time that was running starts again, because nobody knows what happened in between. */
void pl_level_gap(struct pl_level *l);
