/* rule_silent.h - `silent`: nothing is heard any more of a host.
 *
 * A machine that drowns in load loses its agent first, so silence while load was rising pages;
 * so does half a pool falling silent. One quiet machine that goes away is a warning. */
#pragma once

#include "collector/core/judge/rule.h"
#include "collector/core/observe/fleet.h"

enum {
    PL_SILENT_MIN_MS = 2000, // never sooner, however fast an agent samples: one lost TCP segment
                             // may be resent only after a second (RFC 6298, section 2.4)
    PL_RISING_SPAN_MS = 60000,
    /* Load was rising if over the last minute the straight line through it climbed by this much:
     * CPU by ten points; traffic by a fifth of its mean, where there are at least as many
     * connections a second. */
    PL_RISING_CPU_BP = 1000,
    PL_RISING_TRAFFIC_BP = 2000,
    PL_RISING_TRAFFIC_MIN = 5,
};

/* A host that sends every `interval_ms` is silent after this long without a sample. */
int64_t pl_rule_silent_after_ms(const struct pl_rules *rules, uint32_t interval_ms);
/* Was the load of this host rising at the end of its window? */
bool pl_rule_silent_rising(const struct pl_window *w);
/* Without a silent host: no_data while nothing is known of some host, else nothing wrong. */
struct pl_verdict pl_rule_silent_judge(const struct pl_pool *pool);
/* When the silent host that spoke last was heard (of the first PL_FINDING_SCAN_MAX troubled ones);
 * 0 without one. */
int64_t pl_rule_silent_heard_unix_ms(const struct pl_fleet *fleet, uint32_t pool);
/* Names the silent hosts (of the first PL_FINDING_SCAN_MAX troubled ones), longest silent first. */
void pl_rule_silent_describe(const struct pl_fleet *fleet, uint32_t pool, struct pl_finding *out);
