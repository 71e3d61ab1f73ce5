/* rule_host.h - the rules that look at one host at a time:
 *
 *     limit      a resource is nearly used up
 *     stall      the machine does nothing for a good part of the time, because all that wants to
 * run waits for memory or for input and output, whatever utilisation says (pressure stall
 * information, Documentation/accounting/psi.rst)
 *     imbalance  the balancer gives the host much more than its fair share (rule_imbalance.h)
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
/* Which rule looks at it. */
enum pl_strain pl_resource_strain(enum pl_resource resource);

/* Take one sample, taken at `taken_unix_ms` by our clock, into the host's levels. Returns the worst
 * tiers any of its resources holds from here on, by rule. */
struct pl_tiers pl_rule_host_step(const struct pl_rules *rules, struct pl_host *host,
                                  const struct pl_sample *sample, int64_t taken_unix_ms);
/* PAGE or WARN if a live host holds it. Without one: no_data when a host that is not live held a
 * tier, or nothing is known of it, or no host is live at all; else nothing wrong. `coming` is the
 * worst that a live host will hold. */
struct pl_verdict pl_rule_host_judge(const struct pl_pool *pool, enum pl_strain strain);
/* Names the worst of the live hosts that hold the verdict's tier (without one: that will hold what
 * is coming): furthest over (or least under) the enter level first. */
void pl_rule_host_describe(const struct pl_rules *rules, const struct pl_fleet *fleet,
                           uint32_t pool, enum pl_strain strain, struct pl_finding *out);
