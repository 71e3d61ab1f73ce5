#include "collector/core/judge/pace.h"

#include "collector/core/judge/rule_silent.h"

#include <assert.h>

static_assert(PL_WINDOW_ROWS * PL_PACE_INTERVAL_MS > PL_RISING_SPAN_MS,
              "whether load was rising is seen over its whole span at the faster pace too");

static bool is_tense(const struct pl_host *host, const struct pl_pace_why *why)
{
    return why->traffic != PL_TIER_NONE || why->launch || host->awake != 0;
}

bool pl_pace_step(struct pl_pace *p, struct pl_host *host, const struct pl_pace_why *why,
                  uint32_t interval_ms, int64_t now_mono_ms)
{
    bool tense = is_tense(host, why), was_tense = host->is_tense;
    host->is_tense = tense;
    if (tense && !was_tense) host->tense_mono_ms = now_mono_ms;
    if (why->launch) host->tense_mono_ms = now_mono_ms; // its end is known
    if (!tense || now_mono_ms - host->tense_mono_ms >= PL_PACE_LONGEST_MS) return false;
    if (host->interval_ms <= interval_ms) return false;
    if (host->fast_until_mono_ms - now_mono_ms > PL_PACE_RENEW_MS) return false;
    if (now_mono_ms - p->since_mono_ms >= PL_PACE_FOR_MS - PL_PACE_RENEW_MS)
        *p = (struct pl_pace){.since_mono_ms = now_mono_ms};
    if (p->host_count == PL_PACE_HOSTS_MAX) return false;
    p->host_count++;
    host->fast_until_mono_ms = now_mono_ms + PL_PACE_FOR_MS;
    return true;
}
