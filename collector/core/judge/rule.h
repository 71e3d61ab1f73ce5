/* rule.h - the rules: their names, their settings, and what they found. */
#pragma once

#include "collector/core/judge/level.h"
#include "collector/core/judge/surge.h"
#include "common/base/name.h"
#include "common/wire/listener.h"

/* rule, name */
#define PL_RULE_LIST(X)                                                                            \
    X(PL_RULE_LIMIT, "limit")                                                                      \
    X(PL_RULE_SATURATION, "saturation")                                                            \
    X(PL_RULE_SILENT, "silent")                                                                    \
    X(PL_RULE_STALL, "stall")                                                                      \
    X(PL_RULE_IMBALANCE, "imbalance")                                                              \
    X(PL_RULE_COLLAPSE, "collapse")                                                                \
    X(PL_RULE_NO_SPARE, "no_spare")                                                                \
    X(PL_RULE_LAUNCH_RISK, "launch_risk")                                                          \
    X(PL_RULE_LAUNCH_OVER, "launch_over")                                                          \
    X(PL_RULE_LAUNCH_ABSENT, "launch_absent")                                                      \
    X(PL_RULE_EXTERNAL, "external")                                                                \
    X(PL_RULE_NOTIFIER, "notifier")

enum pl_rule {
#define PL_RULE_ENUM(rule, name) rule,
    PL_RULE_LIST(PL_RULE_ENUM)
#undef PL_RULE_ENUM
        PL_RULE_COUNT
};

/* "limit", "saturation": part of alert identities, stable. */
const char *pl_rule_name(enum pl_rule rule);
/* "cpu", "memory", "accept queue", "accept overflow", "oom kill", "file handles", "conntrack",
 * "network", "workers", "memory stall", "io stall", "share". */
const char *pl_resource_name(enum pl_resource resource);

struct pl_rules {
    int64_t clear_ms[PL_RULE_COUNT]; // no trouble for this long before its alert resolves
    int64_t unstable_ms; // three cycles of an alert within this are one message (alert.h)
    struct pl_level_policy levels[PL_RESOURCE_COUNT];
    struct pl_surge_policy saturation;
    double collapse_share;        // traffic under this share of what is expected has collapsed
    double collapse_normal_share; // and is normal again from this one on
    int64_t collapse_hold_ms;     // after this long
    int64_t no_spare_hold_ms;     // without a spare for this long before the warning
    int64_t silent_intervals;     // samples missed before a host is silent
    int64_t silent_grace_ms;      // after the collector's own start: agents are coming back
    int64_t silent_forget_ms;     // a host silent for this long is forgotten
    uint32_t fast_interval_ms;    // of samples while something is about to happen (pace.h)
};

/* What is only a consequence of what: while an alert of `cause` fires at the PAGE tier, one of
 * `rule` of the same pool pages nobody up to the tier returned; NONE: it is a problem of its own.
 *
 *     cause        hides                        because
 *     silent       collapse, imbalance,         the traffic of dead hosts is missing, or moved on,
 *                  no_spare                     and what was spare is in use
 *     saturation   limit up to WARN, no_spare   a full pool has busy hosts, and nothing to spare
 *     stall        limit up to WARN             who waits for memory has little of it
 *     collapse     imbalance                    next to nothing cannot be shared fairly
 *
 * A `limit` that pages is never hidden: it names what breaks first. */
enum pl_tier pl_rule_hides(enum pl_rule cause, enum pl_rule rule);

/* The defaults of the rule set, two agents installed and nothing configured. */
void pl_rules_default(struct pl_rules *rules);

/* What a rule says about one pool at this moment. */
struct pl_verdict {
    enum pl_tier tier;   // PL_TIER_NONE: nothing wrong
    enum pl_tier coming; // what it will be if this lasts; of use while `tier` is NONE
    bool no_data;        // cannot tell: the alert keeps its state
};

enum {
    PL_FINDING_HOSTS_MAX = 8,
    PL_FINDING_SECONDS_MAX = 7 * 86400, // a time further away than this is told as this
    PL_FINDING_TITLE_BYTES = 64,
    PL_FINDING_SUMMARY_BYTES = 160,
};

/* What `saturation` foresees, seconds; -1: no crossing is foreseen. */
struct pl_surge_outlook {
    enum pl_surge_reason reason;
    int32_t left_s;          // until the capacity is reached, as often too early as too late
    int32_t early_s, late_s; // one in ten comes before, one in ten after
    int32_t double_s;        // in which the traffic doubles as it grows now; 0: it does not grow
};

/* The launch that a rule is about. */
struct pl_finding_launch {
    struct pl_name id; // empty: none
    char title[64];    // cut where it is longer
};

/* What others found (alert/external.h): the one that speaks for all of the group. */
struct pl_finding_external {
    uint32_t count;                     // of those that page or warn
    char title[PL_FINDING_TITLE_BYTES]; // cut where they are longer
    char summary[PL_FINDING_SUMMARY_BYTES];
};

/* What exactly it found: the content of an alert, never its identity. */
struct pl_finding {
    enum pl_tier tier;
    enum pl_resource resource;       // `limit`, `stall`, `imbalance`: of the worst host
    int32_t value_bp;                // `limit`, `stall`: its utilisation; `saturation`: used
                                     // capacity; `silent`: silent share of the pool; `imbalance`:
                                     // its traffic over its fair share; `collapse`: traffic over
                                     // what is expected; `no_spare`: over what is left without the
                                     // host whose loss hurts most
    int32_t level_bp;                // the level it is over
    int64_t hold_ms;                 // for how long it must be, while that time runs; else 0
    bool load_rising;                // `silent`: load was rising when a host fell silent
    struct pl_surge_outlook surge;   // `saturation`
    struct pl_finding_launch launch; // `launch_*`
    struct pl_finding_external external; // `external`
    struct pl_listener listener;         // accept queues: of the worst host; no address: not known
    int64_t since_unix_ms; // when the worst host crossed or fell silent, or the surge began
    uint32_t host_count;   // hosts concerned: they hold `tier` or will, or are silent;
                           // `collapse`: those that are up; `notifier`: not hosts but targets
    uint32_t named_count;  // of those, named below, worst first
    struct pl_name hosts[PL_FINDING_HOSTS_MAX];
};
