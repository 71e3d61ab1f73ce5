/* rule_imbalance.h - `imbalance`: the balancer gives a host much more than its fair share.
 *
 * A host's share is its traffic over that of its pool, both as levels of half a minute. The fair
 * share of a host is the part of the pool's processors it has, of those its control group allows;
 * where one of the pool's hosts does not say, all of them count the same. The rule itself is a
 * level like those of `limit` (rule_host.h): this module says how high it is. */
#pragma once

#include "collector/core/observe/fleet.h"

enum {
    PL_IMBALANCE_TRAFFIC_MIN = 5, // per second of a fair share; less is too little to compare
};

/* How much of a pool's traffic is fair for a host with these facts, in thousandths of a processor;
 * 0: not known. */
uint32_t pl_rule_imbalance_weight(const struct pl_fact_value facts[PL_FACT_COUNT]);
/* Take the newest sample of a live host, whose pool has traffic of `pool_per_s` in `unit`: moves
 * its level and `share_bp`. */
void pl_rule_imbalance_step(struct pl_host *host, const struct pl_pool *pool,
                            enum pl_traffic_source unit, double pool_per_s);
/* Samples are missing before the next one. */
void pl_rule_imbalance_gap(struct pl_host *host);
