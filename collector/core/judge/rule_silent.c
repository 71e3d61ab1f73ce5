#include "collector/core/judge/rule_silent.h"

#include "collector/core/judge/rule_host.h"

int64_t pl_rule_silent_after_ms(const struct pl_rules *rules, uint32_t interval_ms)
{
    int64_t after_ms = rules->silent_intervals * (int64_t)interval_ms;
    return PL_MAX(after_ms, PL_SILENT_MIN_MS);
}

static double mean(const struct pl_window *w, enum pl_metric metric, int64_t span_ms)
{
    double sum = 0, n = 0;
    for (uint16_t age = 0; age < w->row_count; age++) {
        if (pl_window_unix_ms(w, 0) - pl_window_unix_ms(w, age) > span_ms) break;
        int32_t value = pl_window_value(w, age, metric);
        if (value == PL_ABSENT) continue;
        sum += value;
        n += 1;
    }
    return n > 0 ? sum / n : 0;
}

bool pl_rule_silent_rising(const struct pl_window *w)
{
    const double span_s = PL_RISING_SPAN_MS / 1000.0;
    double per_second;
    if (pl_window_slope(w, PL_CPU_BUSY, PL_RISING_SPAN_MS, &per_second) &&
        per_second * span_s >= PL_RISING_CPU_BP) {
        return true;
    }
    if (!pl_window_slope(w, PL_TCP_ACCEPTED, PL_RISING_SPAN_MS, &per_second)) return false;
    double traffic = mean(w, PL_TCP_ACCEPTED, PL_RISING_SPAN_MS);
    return traffic >= PL_RISING_TRAFFIC_MIN * pl_metric_info(PL_TCP_ACCEPTED)->scale &&
           per_second * span_s >= traffic * PL_RISING_TRAFFIC_BP / 10000.0;
}

struct pl_verdict pl_rule_silent_judge(const struct pl_pool *pool)
{
    if (pool->silent_count == 0) return (struct pl_verdict){.no_data = pool->waiting_count > 0};
    bool loud = pool->rising_count > 0 || 2 * pool->silent_count >= pool->host_count;
    return (struct pl_verdict){.tier = loud ? PL_TIER_PAGE : PL_TIER_WARN};
}

int64_t pl_rule_silent_heard_unix_ms(const struct pl_fleet *fleet, uint32_t pool)
{
    int64_t heard_unix_ms = 0;
    uint32_t index = fleet->pools[pool].first_troubled;
    for (uint32_t n = 0; index != PL_NO_INDEX && n < PL_FINDING_SCAN_MAX; n++) {
        const struct pl_host *host = &fleet->hosts[index];
        index = host->next_troubled;
        if (host->presence != PL_SILENT) continue;
        heard_unix_ms = PL_MAX(heard_unix_ms, host->arrived_unix_ms);
    }
    return heard_unix_ms;
}

void pl_rule_silent_describe(const struct pl_fleet *fleet, uint32_t pool, struct pl_finding *out)
{
    const struct pl_pool *p = &fleet->pools[pool];
    const struct pl_host *named[PL_FINDING_HOSTS_MAX];
    uint32_t count = 0;
    uint32_t index = p->first_troubled;
    for (uint32_t n = 0; index != PL_NO_INDEX && n < PL_FINDING_SCAN_MAX; n++) {
        const struct pl_host *host = &fleet->hosts[index];
        index = host->next_troubled;
        if (host->presence != PL_SILENT) continue;
        uint32_t at = count < PL_FINDING_HOSTS_MAX ? count++ : count;
        for (; at > 0 && host->arrived_mono_ms < named[at - 1]->arrived_mono_ms; at--) {
            if (at < PL_FINDING_HOSTS_MAX) named[at] = named[at - 1];
        }
        if (at < PL_FINDING_HOSTS_MAX) named[at] = host;
    }
    *out = (struct pl_finding){.tier = pl_rule_silent_judge(p).tier,
                               .load_rising = p->rising_count > 0,
                               .host_count = p->silent_count,
                               .named_count = count};
    if (count == 0) return;
    out->value_bp = (int32_t)(10000ull * p->silent_count / p->host_count);
    out->level_bp = 5000;
    out->since_unix_ms = named[0]->arrived_unix_ms;
    for (uint32_t i = 0; i < count; i++) out->hosts[i] = named[i]->name;
}
