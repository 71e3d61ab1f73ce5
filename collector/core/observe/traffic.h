/* traffic.h - everything that is remembered of the traffic of one pool: its ladder of averages, its
 * growth on each of their scales, its usual day, and for people the course of its last hour.
 *
 * It knows no capacity, so that a capacity that is learned, set or rescaled later judges the same
 * memory. It is written down every few minutes, because a day takes a day to learn again. */
#pragma once

#include "collector/core/observe/baseline.h"
#include "collector/core/observe/growth.h"
#include "collector/core/observe/ladder.h"
#include "collector/core/observe/trail.h"

/* Growth between rungs k and k + 2 (memories 1 : 4), from 8 s : 30 s to 8 min : 32 min. */
enum { PL_TRAFFIC_SCALES = 7 };

struct pl_traffic {
    struct pl_ladder ladder;
    double rested_s;                            // since growth was looked at on any scale
    struct pl_growth scales[PL_TRAFFIC_SCALES]; // shortest memory first
    struct pl_growth swell;                     // the last half minute against the last half hour
    double habit;                               // of the swell
    struct pl_baseline baseline;
    struct pl_trail trail;
};

void pl_traffic_init(struct pl_traffic *t);
/* One value, >= 0, in any unit that stays the same; times do not run backwards. */
void pl_traffic_step(struct pl_traffic *t, double value, int64_t unix_ms);

/* Growth of the last half minute over the last half hour, as pl_growth_now(). */
double pl_traffic_swell(const struct pl_traffic *t);
/* The slope of scale `n`, units per second; `*is_news` when it stands out from its everyday, up
 * or down, and enough is known of that. */
double pl_traffic_slope(const struct pl_traffic *t, int n, bool *is_news);
/* Traffic over what is usual now: 1.5 is half as much again. Negative: nothing is usual yet. */
double pl_traffic_ratio(const struct pl_traffic *t);
