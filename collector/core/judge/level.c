#include "collector/core/judge/level.h"

#include "common/base/base.h"

#include <math.h>

void pl_level_init(struct pl_level *l)
{
    l->held = l->coming = PL_TIER_NONE;
    l->stamp_ms = PL_NEVER_MS;
    l->mean_bp = 0;
    for (enum pl_tier tier = 0; tier < PL_TIER_COUNT; tier++) {
        l->over_stamp_ms[tier] = PL_NEVER_MS;
        l->over_unix_ms[tier] = 0;
    }
}

/* The value averaged with those before it; alone after a gap, or when the host's clock was set. */
static int32_t average(struct pl_level *l, int32_t used_bp, int64_t stamp_ms)
{
    bool alone = l->stamp_ms == PL_NEVER_MS || stamp_ms < l->stamp_ms ||
                 stamp_ms - l->stamp_ms >= PL_LEVEL_SPAN_MS;
    double weight = alone ? 1 : (double)(stamp_ms - l->stamp_ms) / PL_LEVEL_SPAN_MS;
    l->mean_bp += weight * (used_bp - l->mean_bp);
    l->stamp_ms = stamp_ms;
    return (int32_t)lrint(l->mean_bp);
}

bool pl_level_is_quiet(const struct pl_level *l)
{
    return l->held == PL_TIER_NONE && l->over_stamp_ms[PL_TIER_WARN] == PL_NEVER_MS &&
           l->over_stamp_ms[PL_TIER_PAGE] == PL_NEVER_MS;
}

enum pl_tier pl_level_step(struct pl_level *l, const struct pl_level_policy *policy,
                           int32_t used_bp, int64_t stamp_ms, int64_t taken_unix_ms)
{
    if (used_bp < 0) return l->held;
    if (policy->hold_ms > 0) used_bp = average(l, used_bp, stamp_ms);
    const int32_t enter_bp[PL_TIER_COUNT] = {0, policy->warn_bp, policy->page_bp};
    enum pl_tier held = PL_TIER_NONE, coming = PL_TIER_NONE;
    for (enum pl_tier tier = PL_TIER_WARN; tier <= PL_TIER_PAGE; tier++) {
        bool was_held = l->held >= tier;
        if (used_bp >= enter_bp[tier]) {
            if (l->over_stamp_ms[tier] == PL_NEVER_MS) {
                l->over_stamp_ms[tier] = stamp_ms;
                l->over_unix_ms[tier] = taken_unix_ms;
            }
            int64_t over_ms = stamp_ms - l->over_stamp_ms[tier];
            if (was_held || over_ms >= policy->hold_ms)
                held = tier;
            else if (over_ms >= PL_MAX(PL_LEVEL_SHOWN_MS, policy->hold_ms / PL_LEVEL_SHOWN_PART))
                coming = tier;
        } else if (was_held && used_bp >= enter_bp[tier] - policy->leave_bp) {
            held = tier;
        } else {
            l->over_stamp_ms[tier] = PL_NEVER_MS;
        }
    }
    l->held = held;
    l->coming = coming;
    return held;
}

void pl_level_gap(struct pl_level *l)
{
    for (enum pl_tier tier = PL_TIER_WARN; tier <= PL_TIER_PAGE; tier++) {
        if (l->held < tier) l->over_stamp_ms[tier] = PL_NEVER_MS;
    }
    l->coming = PL_TIER_NONE;
}
