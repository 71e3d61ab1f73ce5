/* rule_saturation.h - `saturation`: the traffic of a pool against what the pool can take.
 *
 * Hosts report one by one, and a sum of which only some parts are new is no measurement. So samples
 * are gathered in rounds: when every live host has reported once, or the first of them came two of
 * its intervals ago, what was reported is one value of the pool's traffic, and is judged at once.
 * A host that is missing is left out: where its share went, others report it already. One that
 * samples faster than the others counts with the average of its last values, as in level.h.
 *
 * The capacity is what the pool's survey has learned, or what somebody configured, after losing a
 * host (headroom.h). Without one nothing is judged, but the traffic is remembered
 * all the same. */
#pragma once

#include "collector/core/judge/headroom.h"
#include "collector/core/observe/traffic.h"

/* All this rule knows of one pool. */
struct pl_saturation {
    struct pl_capacity configured; // UNKNOWN: it is to be learned
    struct pl_capacity capacity;   // judged by
    struct pl_headroom headroom;   // of the newest survey
    enum pl_traffic_source unit;   // what traffic is counted in
    struct pl_traffic traffic;
    struct pl_surge surge;
    struct pl_surge_finding finding; // of the newest round
    uint32_t round;                  // number of the open one, from 1 on
    uint32_t heard_count;            // hosts that have reported in it
    double sum;                      // of what they reported
    int64_t begun_unix_ms;           // when the first of them took its sample
    int64_t since_unix_ms;           // since when `finding` has a tier; 0: it has none
};

void pl_saturation_init(struct pl_saturation *s);
/* Somebody says what the pool can take (UNKNOWN: learn it): judged by from the next round on, and
 * by what is left of it after a loss as soon as a survey knows the shares. Its unit is what the
 * traffic is counted in from here on. */
void pl_saturation_set(struct pl_saturation *s, const struct pl_capacity *capacity);
/* What was remembered before a restart, unless more is remembered here by now, or what was
 * configured since counts in another unit. */
void pl_saturation_restore(struct pl_saturation *s, enum pl_traffic_source unit,
                           const struct pl_traffic *traffic);
/* Look at all hosts of the pool if the last survey is PL_SURVEY_MS old: the unit of traffic they
 * have in common, and the capacity to judge by. */
void pl_saturation_survey(struct pl_saturation *s, const struct pl_fleet *fleet, uint32_t pool,
                          int64_t unix_ms);
/* A host of the pool was learned in this unit before a restart: count in it from the beginning. */
void pl_saturation_resume(struct pl_saturation *s, enum pl_traffic_source unit);
/* Take the newest sample of a live host, taken at `taken_unix_ms` by our clock. `live_count` is of
 * its pool. True if it ended a round whose verdict differs from the one before. */
bool pl_rule_saturation_step(struct pl_saturation *s, const struct pl_rules *rules,
                             struct pl_host *host, uint32_t live_count, int64_t taken_unix_ms);
/* The verdict of the newest round; no_data while no host is live. */
struct pl_verdict pl_rule_saturation_judge(const struct pl_saturation *s,
                                           const struct pl_pool *pool);
/* When the traffic will be at the capacity, as of the newest round. Made for whoever asks: judging
 * itself needs it only where a page depends on it. NONE while the finding has no reason. */
struct pl_forecast pl_saturation_forecast(const struct pl_saturation *s);
void pl_rule_saturation_describe(const struct pl_saturation *s, struct pl_finding *out);
