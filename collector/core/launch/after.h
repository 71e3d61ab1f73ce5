/* after.h - what came of a launch: its curve beside the forecast, who was woken, what was done.
 *
 *     curve   the most of each stretch of time, beside what was expected of it then
 *     deeds   pages, acknowledgements, notes and changes while it was watched, and what was left of
 *             the pool then and PL_LAUNCH_LATER_MS later: what helped shows as a difference
 *
 * Both are of one size for ever. A curve that is full halves its resolution, so that a month fits
 * as an hour does; of deeds that do not fit only the number is kept. */
#pragma once

#include "collector/core/alert/handling.h"
#include "collector/core/launch/estimate.h"

enum {
    PL_LAUNCH_POINTS_MAX = 96, // even
    PL_LAUNCH_POINT_MS = 60 * 1000,
    PL_LAUNCH_DEEDS_MAX = 16,
    PL_LAUNCH_DEED_BYTES = 96,
    PL_LAUNCH_LATER_MS = 5 * 60 * 1000,
};

/* Per second, in the unit of the first pool, the usual included. */
struct pl_launch_point {
    float came; // the most; negative: nobody looked
    float p50, p90;
};

struct pl_launch_curve {
    int64_t begin_unix_ms; // of the first point
    int64_t step_ms;
    uint32_t count;
    struct pl_launch_point points[PL_LAUNCH_POINTS_MAX];
};

enum pl_launch_deed_kind {
    PL_DEED_PAGE,         // somebody was woken: `text` is the alert
    PL_DEED_ACKNOWLEDGED, // `who` has the alert in `text`
    PL_DEED_NOTE,         // `who` wrote `text`
    PL_DEED_UPGRADE,      // packages came or went: `text` says which
    PL_DEED_CHANGE,       // something else about a machine
    PL_DEED_KIND_COUNT
};
/* "page", "acknowledged", "note", "upgrade", "change". */
const char *pl_launch_deed_word(enum pl_launch_deed_kind kind);

struct pl_launch_deed {
    enum pl_launch_deed_kind kind;
    int64_t unix_ms;
    uint32_t count; // the same several times: on as many machines, to as many people
    double headroom, later_headroom; // of the first pool; below -1: not known
    char who[PL_WHO_BYTES];          // empty: nobody in particular
    char text[PL_LAUNCH_DEED_BYTES];
};
#define PL_HEADROOM_UNKNOWN (-2.0)

struct pl_launch_after {
    struct pl_launch_curve curve;
    uint32_t page_count;
    uint32_t deed_count, more_count;                  // kept, and those there was no room for
    struct pl_launch_deed deeds[PL_LAUNCH_DEEDS_MAX]; // oldest first
};

/* What is to be seen at `now_unix_ms`, which never goes back. True when another point has begun:
 * the one before is worth writing down. A clock that was set back is waited for. */
bool pl_launch_curve_add(struct pl_launch_curve *c, const struct pl_launch_point *now_seen,
                         int64_t now_unix_ms);
/* One more deed; the same as one of the last PL_LAUNCH_LATER_MS is counted with it. */
void pl_launch_deed(struct pl_launch_after *a, const struct pl_launch_deed *deed);
/* What is left of the pool now, for the deeds of a while ago. */
void pl_launch_deeds_later(struct pl_launch_after *a, double headroom, int64_t now_unix_ms);
