/* estimate.h - from "a tweet to 400,000 followers" to a curve of load, P50 and P90.
 *
 *     visits   = audience * click rate                            per channel
 *     peak     = visits * share of the worst minute / 60          visits per second
 *     load     = peak * what a visit costs                        in the pool's unit of traffic
 *
 * Each channel is a burst: it rises in a straight line from the message to its worst minute and
 * falls off exponentially, so that all visits together are those above. The curve is the sum of the
 * bursts; it is a function of time and is never stored. What the customer expects, a multiplier of
 * what is usual and a past event are bursts of their own; the largest of them counts.
 *
 * Both uncertainties of a channel (how many click, how many at once) are taken at their upper end
 * for P90: on the safe side, and easy to check by hand. Shares and click rates are guesses until
 * learned from the customer's own events, and say so. */
#pragma once

#include "collector/core/launch/launch.h"
#include "collector/core/observe/source.h"
#include "collector/core/observe/traffic.h"

/* What was guessed, for whoever reads the answer; bits. */
#define PL_LAUNCH_ASSUMPTION_LIST(X)                                                               \
    X(PL_ASSUMED_CLICK_RATE, "click rates are guesses")                                            \
    X(PL_ASSUMED_PEAK_SHARE, "how many come in the worst minute is a guess")                       \
    X(PL_ASSUMED_VISIT, "a visit is taken for 2 pages of 5 requests each, or 2 connections")       \
    X(PL_ASSUMED_NO_CACHE, "nothing is answered by a CDN before the front ends")                   \
    X(PL_ASSUMED_MULTIPLIER, "nobody knows how many come: a guess for events of this kind")        \
    X(PL_ASSUMED_USUAL, "usual traffic is taken for what it is now")                               \
    X(PL_ASSUMED_SPREAD, "the worst case is taken for 1.3 times what is expected")                 \
    X(PL_ASSUMED_REMEDY_TIMES, "how long remedies take is not learned yet")                        \
    X(PL_ASSUMED_AS_BEFORE, "people come as they came to earlier events")

enum pl_launch_assumption {
#define PL_ASSUMPTION_ENUM(id, text) id,
    PL_LAUNCH_ASSUMPTION_LIST(PL_ASSUMPTION_ENUM)
#undef PL_ASSUMPTION_ENUM
        PL_ASSUMPTION_COUNT
};
/* One clause. */
const char *pl_launch_assumption_text(enum pl_launch_assumption assumption);

/* Load over time, of which all is known at two points: as often too small as too large, and one in
 * ten above. Per second, in the pool's unit. */
struct pl_load {
    double p50, p90;
};

/* One message and those who follow it. */
struct pl_burst {
    int64_t at_unix_ms;    // the message
    double rise_s;         // to the peak
    struct pl_load peak;   // per second
    struct pl_load fall_s; // after the peak it falls by e in so long
};

enum { PL_BURSTS_MAX = PL_LAUNCH_CHANNELS_MAX + 1 };

/* What a launch adds to the usual traffic of one pool. */
struct pl_launch_plan {
    uint32_t burst_count;
    struct pl_burst bursts[PL_BURSTS_MAX];
    struct pl_load visits; // all of them; 0: not made of channels
    struct pl_load peak;   // largest load, and
    int64_t peak_unix_ms;  // when
    int64_t begin_unix_ms; // the first message
    uint32_t assumptions;  // bit a: enum pl_launch_assumption
    bool is_guess;         // nobody said anything that could be counted
};

/* What a pool usually has at `unix_ms`; what it has now where that is not known. `*assumed` then.
 */
double pl_launch_usual(const struct pl_traffic *traffic, int64_t unix_ms, bool *assumed);

/* What is known of the pool and of earlier events. */
struct pl_launch_basis {
    enum pl_traffic_source unit;
    const struct pl_traffic *traffic; // borrowed for the call
    double past_peak_per_s;           // of the past event; 0: not known
    /* Learned of this customer (learn.h): how many times the guess came, for each channel and for
     * events of which nobody knows more than their kind; 0: not yet. */
    double learned[PL_CHANNEL_COUNT];
    double learned_kind;
};

/* What an event of that kind adds, as a multiple of the usual, if nobody can say more. */
struct pl_load pl_launch_kind_adds(enum pl_launch_kind kind);
/* The part of the guessed peak that each type of channel brings; they add up to 1, or are all 0. */
void pl_launch_shares(const struct pl_launch *l, double shares[PL_CHANNEL_COUNT]);
/* The peak (P50) by audiences alone, as if nothing had been said or learned of them. */
double pl_launch_guess(const struct pl_launch *l, const struct pl_launch_basis *basis);

struct pl_launch_plan pl_launch_estimate(const struct pl_launch *l,
                                         const struct pl_launch_basis *basis);
/* What the plan adds at that time. */
struct pl_load pl_launch_load(const struct pl_launch_plan *plan, int64_t unix_ms);
