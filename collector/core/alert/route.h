/* route.h - who must be told of an alert by now, and in which order.
 *
 *     step 0 (at once)       receiver alex: push -> 20 s without a delivery -> sms -> phone
 *                            receiver the team's chat
 *     step 1 (after 5 min)   receiver kim: push -> sms
 *     ... and the whole again after `round_ms`, `repeat` times
 *
 * A target is one place that can be told (an entry of `notifiers`); a receiver is one person, or
 * one notifier alone: targets of which the first that takes the page is enough. A step begins so
 * long after the alert began to page, whether somebody was reached or not: only an acknowledgement,
 * a silence or the end of the trouble stops the steps, and those are the caller's to know.
 *
 * All of it is computed anew from what was delivered and the time: there is no state to lose.
 *
 * Where routes come from: a pool's `notify` mask is the route pl_route_all() makes of it. A pool
 * with a policy (engine.h: pl_pool_config.policy) gets its route from `pl_route_source`, asked each
 * time at `now`, so that who is on call may change while an alert fires: whoever is wanted then and
 * was not told is told, and whoever was told hears the end. */
#pragma once

#include "collector/core/now.h"
#include "common/base/base.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    PL_TARGET_MAX = 64,
    PL_ROUTE_STEPS_MAX = 8,
    PL_ROUTE_RECEIVERS_MAX = 16,
    PL_ROUTE_CONTACTS_MAX = 4,
    PL_ROUTE_REPEAT_MAX = 5,
    PL_ROUTE_FAILOVER_MS = 20 * 1000,
};
_Static_assert(PL_ROUTE_STEPS_MAX *PL_ROUTE_RECEIVERS_MAX >= PL_TARGET_MAX,
               "every target fits a route as a receiver of its own");

struct pl_receiver {
    uint8_t count;                          // of `targets`, at most PL_ROUTE_CONTACTS_MAX
    uint8_t targets[PL_ROUTE_CONTACTS_MAX]; // tried first stands first; each below PL_TARGET_MAX
};

struct pl_route_step {
    int64_t after_ms; // since the round began; never less than the step before
    uint32_t receiver_count;
    struct pl_receiver receivers[PL_ROUTE_RECEIVERS_MAX];
};

struct pl_route {
    uint32_t step_count;
    struct pl_route_step steps[PL_ROUTE_STEPS_MAX];
    uint32_t repeat;  // rounds after the first one, at most PL_ROUTE_REPEAT_MAX
    int64_t round_ms; // how long a round is, if there are several; more than the last after_ms
};

/* Makes the routes of pools with a policy; pure. All zero: there are none. */
struct pl_route_source {
    /* Fill `*out` (zeroed) with the route of that policy for an alert at that time. Nobody in it is
     * allowed: nobody is told. */
    void (*resolve)(const void *roster, uint32_t policy, int64_t unix_ms, struct pl_route *out);
    const void *roster; // borrowed
};

/* How far telling people about an alert has got. Sets of targets: bit t is target t. */
struct pl_route_progress {
    int64_t begun_mono_ms; // when the first round began
    uint64_t delivered;    // took the newest state in this round
    uint64_t failed;       // will not take it
};

struct pl_route_look {
    uint32_t round, step;  // the newest begun; counted from 0
    uint64_t wanted;       // must know now
    int64_t again_mono_ms; // nothing changes before by time alone; INT64_MAX: never
};

static inline uint64_t pl_target_bit(uint32_t target)
{
    return UINT64_C(1) << target;
}

/* The first `count` targets, at most PL_TARGET_MAX. */
static inline uint64_t pl_targets_below(uint32_t count)
{
    return count >= PL_TARGET_MAX ? UINT64_MAX : pl_target_bit(count) - 1;
}

/* Everybody of the set at once, each for itself. */
void pl_route_all(uint64_t targets, struct pl_route *out);

/* Who must know at `now`. A receiver wants its targets up to the first that took the page, and only
 * that one as soon as one has; the next one is wanted PL_ROUTE_FAILOVER_MS after the one before, or
 * at once if that one failed. When `round` is larger than it was, who was told before is to be told
 * again: the caller forgets `delivered` and `failed` and looks again. */
struct pl_route_look pl_route_look(const struct pl_route *route,
                                   const struct pl_route_progress *progress, int64_t now_mono_ms);
