/* life.h - the life of one launch, from its registration to its end; no clock, no I/O.
 *
 *     scheduled -> preparing (24 h before) -> armed (30 min before) -> live -> cooling -> done
 *                                                                        \-> absent
 *     any of them before the end -> cancelled
 *
 * It goes one phase per step, so none is skipped whenever it was registered and however long nobody
 * looked. It is live from its announced moment on, when somebody says so, or when its crowd is seen
 * to come (the onset), whatever is first. It cools down once the load is near the usual again, is
 * done when that lasted, and absent if its crowd was never seen.
 *
 * The verdict is asked for again at each of a few moments before the start, and whenever the pool's
 * capacity has changed by a tenth. */
#pragma once

#include "collector/core/launch/verdict.h"

#define PL_LAUNCH_PREPARE_MS (INT64_C(24) * 3600000)
enum {
    PL_LAUNCH_ARM_MS = 30 * 60 * 1000,
    PL_LAUNCH_COOL_MS = 30 * 60 * 1000,          // near the usual for so long: done
    PL_LAUNCH_ABSENT_MS = 15 * 60 * 1000,        // after the announcement without a crowd: told
    PL_LAUNCH_PAGE_LEAD_MS = 4 * 60 * 60 * 1000, // from then on a bad verdict pages
};
#define PL_LAUNCH_ONSET         1.3 // times the usual
#define PL_LAUNCH_MOVED         0.1 // change of the capacity after which the verdict is asked for again
#define PL_LAUNCH_OVER_HEADROOM 0.2 // over its curve with less than this left pages

/* Where a launch stands, and what was seen of it. Written down with it. */
struct pl_launch_course {
    enum pl_launch_state state;
    int64_t state_unix_ms;     // since
    int64_t announced_unix_ms; // somebody said that it is out; 0
    int64_t live_unix_ms;      // 0: not yet
    int64_t onset_unix_ms;     // its crowd was seen; 0: not yet
    int64_t calm_unix_ms;      // near the usual since; 0
    /* The newest verdict, over all its pools. */
    enum pl_verdict_colour colour;
    int64_t judged_unix_ms; // 0: never
    double ceiling;         // of the pool that decided
    double first_ceiling;   // of the first pool, then
    double ratio;
    struct pl_load expected; // at the peak, the usual included
    uint32_t checks;         // bit c: that moment before the start has been
    /* Before its crowd came; they stay as they were then. */
    struct pl_load foreseen; // as `expected`
    double before_per_s;     // what was usual then; 0: nobody looked
    double guessed_per_s;    // P50 of the first pool by audiences alone, nothing learned; 0: none
    /* What came, of the first of its pools. */
    double peak_per_s;
    int64_t peak_unix_ms;
    double usual_per_s;    // at the peak
    double least_headroom; // 1 before anything was seen
};

/* What is to be seen of the first of its pools now. */
struct pl_launch_sight {
    double traffic_per_s;
    double usual_per_s;
    struct pl_load added; // by this launch, as estimated, at its peak
    int64_t peak_unix_ms; // of the estimate
    double ceiling;       // 0: not known
    double headroom;
    bool is_known; // there is traffic to look at
};

/* What a step wants; bits. */
enum { PL_LAUNCH_WANTS_SAVE = 1, PL_LAUNCH_WANTS_VERDICT = 2 };

struct pl_launch_course pl_launch_course_init(int64_t now_unix_ms);
/* Look at it once a second. At most one phase per call. */
uint32_t pl_launch_step(struct pl_launch_course *c, const struct pl_launch *l,
                        const struct pl_launch_sight *sight, int64_t now_unix_ms);
/* When it is looked at again, or its next phase begins; 0: it is watched all the time, or over. */
int64_t pl_launch_next_look(const struct pl_launch_course *c, const struct pl_launch *l,
                            int64_t now_unix_ms);
/* A verdict was made: remember it. */
void pl_launch_judged(struct pl_launch_course *c, const struct pl_launch_verdict *v,
                      int64_t now_unix_ms);
/* Its crowd is expected or there. */
bool pl_launch_is_watched(enum pl_launch_state state);
/* Announced long enough ago, and nobody came. */
bool pl_launch_is_absent(const struct pl_launch_course *c, const struct pl_launch *l,
                         int64_t now_unix_ms);
