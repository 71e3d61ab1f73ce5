#include "collector/core/judge/rule.h"

#include "collector/core/judge/pace.h"
#include "common/base/assert.h"

const char *pl_rule_name(enum pl_rule rule)
{
    static const char *const names[PL_RULE_COUNT] = {
#define X(rule, name) [rule] = (name),
        PL_RULE_LIST(X)
#undef X
    };
    PL_ASSERT(rule < PL_RULE_COUNT);
    return names[rule];
}

const char *pl_resource_name(enum pl_resource resource)
{
    switch (resource) {
    case PL_RESOURCE_CPU: return "cpu";
    case PL_RESOURCE_MEMORY: return "memory";
    case PL_RESOURCE_ACCEPT_QUEUE: return "accept queue";
    case PL_RESOURCE_ACCEPT_OVERFLOW: return "accept overflow";
    case PL_RESOURCE_OOM: return "oom kill";
    case PL_RESOURCE_FILES: return "file handles";
    case PL_RESOURCE_CONNTRACK: return "conntrack";
    case PL_RESOURCE_NETWORK: return "network";
    case PL_RESOURCE_WORKERS: return "workers";
    case PL_RESOURCE_MEMORY_STALL: return "memory stall";
    case PL_RESOURCE_IO_STALL: return "io stall";
    case PL_RESOURCE_SHARE: return "share";
    case PL_RESOURCE_COUNT: break;
    }
    PL_UNREACHABLE("resource");
}

enum pl_tier pl_rule_hides(enum pl_rule cause, enum pl_rule rule)
{
    static const enum pl_tier hides[PL_RULE_COUNT][PL_RULE_COUNT] = {
        [PL_RULE_SILENT] = {[PL_RULE_COLLAPSE] = PL_TIER_PAGE,
                            [PL_RULE_IMBALANCE] = PL_TIER_WARN,
                            [PL_RULE_NO_SPARE] = PL_TIER_WARN},
        [PL_RULE_SATURATION] = {[PL_RULE_LIMIT] = PL_TIER_WARN, [PL_RULE_NO_SPARE] = PL_TIER_WARN},
        [PL_RULE_STALL] = {[PL_RULE_LIMIT] = PL_TIER_WARN},
        [PL_RULE_COLLAPSE] = {[PL_RULE_IMBALANCE] = PL_TIER_WARN},
    };
    PL_ASSERT(cause < PL_RULE_COUNT && rule < PL_RULE_COUNT);
    return hides[cause][rule];
}

void pl_rules_default(struct pl_rules *rules)
{
    static const struct pl_level_policy limit = {
        .warn_bp = 7500, .page_bp = 9000, .leave_bp = 500, .hold_ms = 10 * 1000};
    static const struct pl_level_policy table = {
        .warn_bp = 7500, .page_bp = 8500, .leave_bp = 500, .hold_ms = 10 * 1000};
    /* A queue fills within seconds, and jumps about while it is being emptied. */
    static const struct pl_level_policy queue = {
        .warn_bp = 5000, .page_bp = 7000, .leave_bp = 1000, .hold_ms = 2 * 1000};
    /* Something was lost already: no level comes before it and no hold time would help. */
    static const struct pl_level_policy at_once = {.warn_bp = 10000, .page_bp = 10000};
    /* What stalls a fifth of the time loses a fifth of its work: no use in a warning before. */
    static const struct pl_level_policy stall = {
        .warn_bp = 2000, .page_bp = 2000, .leave_bp = 1000, .hold_ms = 10 * 1000};
    /* Half as much again as is fair; restarts and their empty connection pools take less time. */
    static const struct pl_level_policy share = {
        .warn_bp = 15000, .page_bp = INT32_MAX, .leave_bp = 2500, .hold_ms = 60 * 1000};
    *rules = (struct pl_rules){
        .levels = {[PL_RESOURCE_CPU] = limit,
                   [PL_RESOURCE_MEMORY] = limit,
                   [PL_RESOURCE_ACCEPT_QUEUE] = queue,
                   [PL_RESOURCE_ACCEPT_OVERFLOW] = at_once,
                   [PL_RESOURCE_OOM] = at_once,
                   [PL_RESOURCE_FILES] = table,
                   [PL_RESOURCE_CONNTRACK] = table,
                   [PL_RESOURCE_NETWORK] = table,
                   [PL_RESOURCE_WORKERS] = table,
                   [PL_RESOURCE_MEMORY_STALL] = stall,
                   [PL_RESOURCE_IO_STALL] = stall,
                   [PL_RESOURCE_SHARE] = share},
        .clear_ms = {[PL_RULE_LIMIT] = 15 * 1000,
                     /* A crowd pauses for minutes and comes back; one page tells of all of it. */
                     [PL_RULE_SATURATION] = 20 * 60 * 1000,
                     [PL_RULE_SILENT] = 15 * 1000,
                     [PL_RULE_STALL] = 30 * 1000,
                     [PL_RULE_IMBALANCE] = 60 * 1000,
                     [PL_RULE_COLLAPSE] = 5 * 60 * 1000,
                     [PL_RULE_NO_SPARE] = 5 * 60 * 1000,
                     /* People changed something: what was told is over at once. */
                     [PL_RULE_LAUNCH_RISK] = 5 * 1000,
                     [PL_RULE_LAUNCH_OVER] = 5 * 60 * 1000,
                     [PL_RULE_LAUNCH_ABSENT] = 60 * 1000,
                     /* Whoever found it has waited already. */
                     [PL_RULE_EXTERNAL] = 5 * 1000},
        .unstable_ms = 10 * 60 * 1000,
        .collapse_share = 0.2,
        .collapse_normal_share = 0.5,
        .collapse_hold_ms = 10 * 1000,
        .no_spare_hold_ms = 60 * 1000,
        .silent_intervals = 5,
        .silent_grace_ms = 30 * 1000,
        .silent_forget_ms = 24 * 3600 * 1000,
        .fast_interval_ms = PL_PACE_INTERVAL_MS,
    };
    pl_surge_policy_default(&rules->saturation);
}
