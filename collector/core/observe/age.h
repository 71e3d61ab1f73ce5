/* age.h - how old a sample is, although its time stamp comes from another machine's clock.
 *
 * Only the difference "our monotonic clock minus the agent's time stamp" is looked at. The HELLO of
 * a connection shows what it is for something sent just now; how much larger it is for a sample is
 * that one's age:
 *
 *     age = (arrived - stamp of the sample) - (arrived - stamp of the HELLO), at least 0
 *
 * So an agent whose clock is an hour off is judged like any other, and one whose clock is set
 * forward sends samples of age 0. A clock that is set back looks at first like old samples. Old
 * samples that are being resent come faster than they were taken, so their age shrinks; an age that
 * has not shrunk for PL_AGE_SETTLE_MS is none, and the new difference is believed. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum {
    PL_AGE_LATE_MS = 30000,   // an older sample fills the window and is not judged
    PL_AGE_SETTLE_MS = 10000, // behind for this long without catching up: the clock was set
    PL_AGE_CATCH_UP_MS = 500, // by as much must an age shrink in that time; less is none at all
};

struct pl_age {
    bool known;                   // `base_ms` is meaningful
    int64_t base_ms;              // arrived - stamp of what comes at once
    bool behind;                  // the newest sample was older than PL_AGE_CATCH_UP_MS
    int64_t behind_ms;            // smallest arrived - stamp since then
    int64_t behind_since_mono_ms; // when that one arrived
};

/* A HELLO written at `stamp_unix_ms` of the agent's clock has just arrived: the difference of the
 * two clocks is known afresh. */
void pl_age_hello(struct pl_age *a, int64_t stamp_unix_ms, int64_t now_mono_ms);
/* The age in ms (0 or more) of a sample that has just arrived. */
int64_t pl_age_step(struct pl_age *a, int64_t stamp_unix_ms, int64_t now_mono_ms);
