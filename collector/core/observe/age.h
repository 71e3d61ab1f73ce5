/* age.h - how old a sample is, although its time stamp comes from another machine's clock.
 *
 * Only the difference "our monotonic clock minus the agent's time stamp" is looked at. It is
 * smallest when a sample arrives at once; how much larger it is for another one is that one's age:
 *
 *     age = (arrived - stamp) - (smallest arrived - stamp seen on this connection)
 *
 * So an agent whose clock is an hour off is judged like any other. An agent's clock that is set
 * back looks at first like old samples; when they keep arriving at the pace at which they were
 * taken (old ones being resent come faster) for PL_AGE_SETTLE_MS, the new difference is believed.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum {
    PL_AGE_LATE_MS = 30000,   // an older sample fills the window and is not judged
    PL_AGE_SETTLE_MS = 10000, // late for this long without catching up: the agent's clock was set
    PL_AGE_CATCH_UP_MS = 500, // resent samples come at least this much faster than they were taken
};

struct pl_age {
    bool known;            // `base_ms` is meaningful
    int64_t base_ms;       // arrived - stamp of a sample that came at once
    bool late;             // the newest sample was over PL_AGE_LATE_MS old
    int64_t late_ms;       // smallest arrived - stamp since it became late
    int64_t late_since_ms; // monotonic time of that one
};

/* A HELLO written at `stamp_unix_ms` of the agent's clock has just arrived: the difference of the
 * two clocks is known afresh. */
void pl_age_hello(struct pl_age *a, int64_t stamp_unix_ms, int64_t now_mono_ms);
/* The age in ms (0 or more) of a sample that has just arrived. */
int64_t pl_age_step(struct pl_age *a, int64_t stamp_unix_ms, int64_t now_mono_ms);
