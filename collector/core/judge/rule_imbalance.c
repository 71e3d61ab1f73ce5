#include "collector/core/judge/rule_imbalance.h"

enum { FAIR_BP = 10000, SHARE_MAX_BP = 1000 * FAIR_BP, MILLICORES = 1000, WEIGHT_MAX = 4000000 };

/* As long as the level of the pool it is compared with. */
static const double memory_ms = 30 * 1000;

uint32_t pl_rule_imbalance_weight(const struct pl_fact_value facts[PL_FACT_COUNT])
{
    int64_t limit = facts[PL_FACT_CPU_LIMIT].value, cores = facts[PL_FACT_CORES].value;
    int64_t weight = limit > 0 ? limit : PL_MIN(cores, WEIGHT_MAX) * MILLICORES;
    return (uint32_t)PL_MAX(PL_MIN(weight, WEIGHT_MAX), 0);
}

static double fair_share(const struct pl_host *host, const struct pl_pool *pool)
{
    uint32_t live_count = pool->host_count - pool->waiting_count - pool->silent_count;
    if (pool->unweighed_count > 0 || pool->live_weight == 0) return 1.0 / live_count;
    return (double)host->weight / pool->live_weight;
}

void pl_rule_imbalance_step(struct pl_host *host, const struct pl_pool *pool,
                            enum pl_traffic_source unit, double pool_per_s)
{
    double per_s = pl_traffic_of(&host->last, unit);
    uint32_t live_count = pool->host_count - pool->waiting_count - pool->silent_count;
    host->share_bp = -1;
    if (per_s < 0 || live_count == 0) return;
    if (host->level_per_s < 0 || host->level_unit != unit) host->level_per_s = per_s;
    host->level_unit = unit;
    host->level_per_s +=
        (per_s - host->level_per_s) * host->interval_ms / (host->interval_ms + memory_ms);
    double fair_per_s = fair_share(host, pool) * pool_per_s;
    bool comparable = live_count > 1 && fair_per_s >= PL_IMBALANCE_TRAFFIC_MIN;
    double share_bp = comparable ? host->level_per_s / fair_per_s * FAIR_BP : FAIR_BP;
    host->share_bp = (int32_t)PL_MIN(share_bp, SHARE_MAX_BP);
}

void pl_rule_imbalance_gap(struct pl_host *host)
{
    host->level_per_s = -1;
}
