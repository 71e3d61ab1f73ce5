/* rule_collapse.h - `collapse`: the hosts are up and nobody is served any more.
 *
 * Expected is what both the usual day and the last quarter of an hour agree on, the smaller of the
 * two: at night little is usual, on a quiet Sunday little came lately, and a pool that is a day old
 * has no usual day, so that none of them can collapse. Traffic under a fifth of it for ten seconds
 * has. Traffic is the level of the last half minute, so that a pause between two bursts is none.
 *
 * A collapse is not recovery: those who were turned away come back all at once. So it is latched:
 * it is over when traffic has been normal, half of what was expected, for minutes, and less than
 * that in between pages on. */
#pragma once

#include "collector/core/judge/rule.h"
#include "collector/core/observe/fleet.h"
#include "collector/core/observe/traffic.h"

enum {
    PL_COLLAPSE_TRAFFIC_MIN = 5, // per second; less is too little to tell anything
};

struct pl_collapse {
    bool latched;
    bool normal;            // latched: traffic is back, and not yet for long enough
    double expected_per_s;  // of the newest round; latched: when it began; negative: not known
    double level_per_s;     // traffic of the newest round
    int64_t low_unix_ms;    // since when traffic is too low, or not normal; 0: it is not
    int64_t normal_unix_ms; // latched: since when it is normal
};

void pl_collapse_init(struct pl_collapse *c);
/* Judge the newest round of `t`, taken at `taken_unix_ms` by our clock. Nothing new collapses
 * unless `hosts_up`: without them it is `silent`. True if the verdict may be another one from here
 * on. */
bool pl_rule_collapse_step(struct pl_collapse *c, const struct pl_rules *rules,
                           const struct pl_traffic *t, bool hosts_up, int64_t taken_unix_ms);
/* PAGE while it is latched and traffic is not normal. no_data while no host is live, or while
 * nothing is expected and there is no traffic that could speak for itself. */
struct pl_verdict pl_rule_collapse_judge(const struct pl_collapse *c, const struct pl_pool *pool);
void pl_rule_collapse_describe(const struct pl_collapse *c, const struct pl_rules *rules,
                               const struct pl_pool *pool, struct pl_finding *out);
