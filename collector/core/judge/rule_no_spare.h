/* rule_no_spare.h - `no_spare`: all is well, and would not be after the loss of one host.
 *
 * "Under 50 % of two machines is zero headroom": the pool's traffic is over what would be left
 * without the host whose loss hurts most (C_n1, headroom.h), while the pool as it is has room. A
 * warning, for the next day's work; `saturation` is about the time after that. A capacity that is
 * not known well is no reason for it, and neither is a single host, which never has a spare. */
#pragma once

#include "collector/core/judge/rule_saturation.h"

struct pl_no_spare {
    bool held;
    int64_t over_unix_ms; // since when traffic is over C_n1; 0: it is not
    double used;          // traffic over C_n1
};

/* Judge the newest round of `s`, taken at `taken_unix_ms` by our clock: its traffic of half a
 * minute. True if the verdict may be another one from here on. */
bool pl_rule_no_spare_step(struct pl_no_spare *n, const struct pl_rules *rules,
                           const struct pl_saturation *s, int64_t taken_unix_ms);
/* WARN while it is held; no_data while no host is live. */
struct pl_verdict pl_rule_no_spare_judge(const struct pl_no_spare *n, const struct pl_pool *pool);
/* Names the host whose loss hurts most. */
void pl_rule_no_spare_describe(const struct pl_no_spare *n, const struct pl_saturation *s,
                               const struct pl_fleet *fleet, struct pl_finding *out);
