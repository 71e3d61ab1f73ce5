/* surge.h - `saturation`: will the traffic of this pool outgrow its capacity, and must somebody get
 * up for it?
 *
 * Everything is in units of capacity: u is the traffic's level over the last half minute divided
 * by the capacity, less one standard deviation of its sampling noise. What is unusual but harmless
 * pages nobody. Reasons:
 *
 *   over      u has reached the capacity; or the last two seconds have, beyond doubt
 *   growth    u, growing for another hour as it grew lately, would pass the capacity by far. "As it
 *             grew" is what is left of the growth above its everyday noise and its daily habits
 *   season    today's level times the largest value usual within the coming hour is the capacity
 *   recurring the same, at a lower level, when yesterday and the days before agree on that value
 *
 * The last three must be seen in some samples in a row, so that one odd sample is none. WARN asks
 * the same of a smaller capacity. */
#pragma once

#include "collector/core/judge/forecast.h"
#include "collector/core/judge/level.h"

enum pl_surge_reason {
    PL_SURGE_NONE,
    PL_SURGE_OVER,
    PL_SURGE_GROWTH,
    PL_SURGE_SEASON,
    PL_SURGE_RECURRING,
    PL_SURGE_REASON_COUNT
};

/* "growth"; stable. */
const char *pl_surge_reason_name(enum pl_surge_reason reason);

struct pl_surge_policy {
    double warn_share;    // WARN judges this share of the capacity
    double time_to_act_s; // what the remedy takes: a crossing that comes later than this even by
                          // the early bound is a WARN
};

/* How long a reason has been seen. */
struct pl_surge_seen {
    uint32_t count;   // samples in a row
    double seconds;   // from the first of them to the newest
    double covered_s; // that they stand for: the first also stands for the interval before it
};

/* Judging's own memory, for WARN and PAGE. */
struct pl_surge {
    struct pl_surge_seen growth[PL_TIER_COUNT];
    struct pl_surge_seen season[PL_TIER_COUNT];
};

struct pl_surge_finding {
    enum pl_tier tier;
    enum pl_surge_reason reason; // of that tier
    double used;                 // u
};

/* In how many seconds growth can be a reason: a young series has nothing to grow from. 0: now. */
double pl_surge_growth_in_s(const struct pl_traffic *t);

void pl_surge_policy_default(struct pl_surge_policy *policy);
void pl_surge_init(struct pl_surge *s);
/* Judge the newest sample of `t`, after its pl_traffic_step(); `capacity` > 0. */
struct pl_surge_finding pl_surge_step(struct pl_surge *s, const struct pl_surge_policy *policy,
                                      const struct pl_traffic *t, double capacity);
