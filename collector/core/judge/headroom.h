/* headroom.h - how far a pool is above the water: its capacity, and what is left of it after the
 * loss of a host.
 *
 *     C     = least over the hosts of c_h / share_h      the host that is full first ends it
 *     C_n1  = least over the hosts h of the same without h, whose share goes to the others in
 *             proportion:  (1 - share_h) * least over the others of c_j / share_j
 *     headroom = 1 - x / C_n1                            negative: it would not survive a loss
 *
 * share_h is what the balancer gives to h, learned from the traffic itself, so that imbalance costs
 * capacity, visibly. A live host of which nothing is known yet is taken for one like the pool's
 * tightest if its processors and memory are the same, else the pool is not known. */
#pragma once

#include "collector/core/judge/rule.h"
#include "collector/core/observe/fleet.h"

enum pl_capacity_source {
    PL_CAPACITY_UNKNOWN,
    PL_CAPACITY_CONFIGURED, // somebody said so
    PL_CAPACITY_LEARNED,    // from traffic that never came near it
};

/* What a rule judges by. */
struct pl_capacity {
    enum pl_capacity_source source;
    double per_s;   // as often too small as too large (P50), in the pool's unit of traffic
    bool uncertain; // too uncertain to wake somebody: WARN at most
    enum pl_traffic_source unit; // of one that is configured: the pool's traffic is counted in it
};

/* A pool, as of its last survey (every PL_SURVEY_MS while samples come). Rates are in `unit`. */
struct pl_headroom {
    int64_t unix_ms;                // of the survey; 0: there was none yet, nothing else counts
    enum pl_traffic_source unit;    // what the pool's traffic is counted in
    enum pl_capacity_source source; // of `whole` and `spare`; UNKNOWN: they are 0
    enum pl_capacity_gap gap;       // why it is not known, of `gap_host`
    uint32_t gap_host;              // index, or PL_NO_INDEX
    bool uncertain;                 // p90 / p10 of `whole` is over PL_SURE_FACTOR: WARN at most
    uint32_t live_count;            // hosts that share the traffic
    uint32_t borrowed_count;        // of those, taken for hosts like the tightest
    double usual_per_s;             // mean traffic of ten minutes, sum over the hosts: for shares
    double traffic_per_s;           // of the last minute
    struct pl_estimate whole;       // C
    struct pl_estimate spare;       // C_n1; all 0 with a single host, which nobody can stand in for
    double headroom;                // 1 - traffic / C_n1 (a single host: / C), by P50
    double imbalance;               // largest share over the fair one (1 / hosts); 1: balanced
    uint32_t tight_host;            // full first; PL_NO_INDEX if not known
    uint32_t lost_host;             // whose loss hurts most; likewise
    uint32_t busiest_host;          // with the largest share; PL_NO_INDEX without traffic
    enum pl_learned first_limit;    // of the tight host
};

enum { PL_SURVEY_MS = 10000 };
#define PL_SURE_FACTOR   1.5 // p90 / p10 up to which a capacity may page
#define PL_USABLE_FACTOR 4.0 // beyond, it is not judged by at all

/* Survey a pool: looks at every host of it; the traffic now is for pl_headroom_traffic() to say.
 * `configured` wins where its source is CONFIGURED: it is what all hosts of the pool take together,
 * each as much as its share of the traffic says. Those that are silent take none of it, and C_n1
 * keeps what the largest share leaves. */
struct pl_headroom pl_headroom_survey(const struct pl_fleet *fleet, uint32_t pool,
                                      enum pl_traffic_source unit,
                                      const struct pl_capacity *configured, int64_t unix_ms);
/* The pool's traffic now: sets what is left of the capacity. */
void pl_headroom_traffic(struct pl_headroom *h, double per_s);
/* What `saturation` is to judge by: C_n1 (C with a single host, or before a configured one knows
 * the shares), configured or learned, else unknown. */
struct pl_capacity pl_headroom_capacity(const struct pl_headroom *h,
                                        const struct pl_capacity *configured);
/* Part of the pool's traffic that a host gets, 0 to 1; 0: none is known. */
double pl_headroom_share(const struct pl_headroom *h, const struct pl_host *host);

/* What is missing for `demanded_per_s` after the loss of a host, in things one can buy. */
struct pl_shortfall {
    bool known;          // false: nothing else counts
    uint32_t more_hosts; // like `like_host`, behind the same balancer; 0: none is missing
    uint32_t like_host;  // index
    /* Instead: every host so much more of its first limit. 0: that alone would not do. */
    enum pl_learned resource;
    double each_factor; // whole of the resource needed over what there is, > 1
};
enum { PL_SHORTFALL_HOSTS_MAX = 1000 }; // more is told as so many
struct pl_shortfall pl_headroom_shortfall(const struct pl_headroom *h, const struct pl_fleet *fleet,
                                          double demanded_per_s);
