/* rule_launch.h - what launches make of a pool: three rules, and two allowances.
 *
 *     launch_risk    a launch of the next hours is not safe: told before it comes, once
 *     launch_over    one that is live is over its curve, and little is left
 *     launch_absent  one was announced, and its crowd never came
 *
 * While a launch is armed or live the agents of its pools are heard more often; and growth that was
 * announced, is within what was announced, and fits is no reason for `saturation` to wake anybody.
 * Too much expected load still pages: a launch that does not fit explains nothing. */
#pragma once

#include "collector/core/launch/book.h"

enum pl_launch_rule {
    PL_LAUNCH_RULE_RISK,
    PL_LAUNCH_RULE_OVER,
    PL_LAUNCH_RULE_ABSENT,
    PL_LAUNCH_RULE_COUNT
};

/* One pool, as its launches make it; all zero without any. */
struct pl_launch_watch {
    bool is_watched; // one of them is armed or live
    bool is_live;
    bool does_not_fit;    // one of those is more than RATIO_AMBER
    struct pl_load added; // by all of them now
    double most_per_s;    // the most they were announced to bring at P90, the usual included
    struct {
        enum pl_tier tier;
        int32_t value_bp; // RISK: of what the pool takes, 0: not known; OVER: of its P90 curve
        int64_t since_unix_ms;
        uint32_t launch; // index in the book
    } rules[PL_LAUNCH_RULE_COUNT];
};

/* Count one launch in; `load` is what it adds to this pool now. */
void pl_launch_watch_add(struct pl_launch_watch *w, const struct pl_launch_book *book,
                         uint32_t index, struct pl_load load, int64_t now_unix_ms);
/* After the last one: the pool's traffic and what is usual now; `headroom` 1 where it is unknown.
 */
void pl_launch_watch_judge(struct pl_launch_watch *w, double traffic_per_s, double usual_per_s,
                           double headroom, int64_t now_unix_ms);
/* What one of the three rules says. */
struct pl_verdict pl_launch_watch_ask(const struct pl_launch_watch *w, enum pl_launch_rule rule);
void pl_launch_watch_describe(const struct pl_launch_watch *w, const struct pl_launch_book *book,
                              enum pl_launch_rule rule, struct pl_finding *out);
/* What `saturation` found is what was announced: it is shown, and wakes nobody. */
bool pl_launch_watch_explains(const struct pl_launch_watch *w, enum pl_surge_reason reason,
                              double traffic_per_s);
