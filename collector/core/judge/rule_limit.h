/* rule_limit.h - `limit`: a resource of some host of the pool is nearly used up.
 *
 * Incremental: each sample moves the levels of its own host, the fleet counts hosts by the tier
 * they hold, and the pool's verdict is read from those counts. Hosts are only looked at to describe
 * a finding. */
#pragma once

#include "collector/core/judge/rule.h"
#include "collector/core/observe/fleet.h"

/* A description looks at this many of the pool's troubled hosts, those at the higher tier first:
 * with more of them, the ones named are the worst of these. */
enum { PL_FINDING_SCAN_MAX = 1024 };

/* How much of a resource is used by a sample, basis points; negative: it does not say. */
int32_t pl_resource_used_bp(enum pl_resource resource, const struct pl_sample *sample);

/* Take one sample, taken at `taken_unix_ms` by our clock, into the host's levels. Returns the worst
 * tier any of its resources holds from here on. */
enum pl_tier pl_rule_limit_step(const struct pl_rules *rules, struct pl_host *host,
                                const struct pl_sample *sample, int64_t taken_unix_ms);
/* PAGE or WARN if a live host holds it. Without one: no_data when a host that is not live held a
 * tier, or nothing is known of it, or no host is live at all; else nothing wrong. */
struct pl_verdict pl_rule_limit_judge(const struct pl_pool *pool);
/* Names the worst of the live hosts that hold the verdict's tier: furthest over (or least under)
 * the enter level first. */
void pl_rule_limit_describe(const struct pl_rules *rules, const struct pl_fleet *fleet,
                            uint32_t pool, struct pl_finding *out);
