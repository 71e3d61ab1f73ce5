#include "collector/core/judge/rule_limit.h"

#include "common/base/assert.h"

/* A rate of what must not happen at all: everything, as soon as it does. */
static int32_t all_or_nothing(int32_t rate)
{
    return rate > 0 ? 10000 : rate;
}

int32_t pl_resource_used_bp(enum pl_resource resource, const struct pl_sample *sample)
{
    const int32_t *values = sample->values; // PL_ABSENT is negative
    switch (resource) {
    case PL_RESOURCE_CPU: return values[PL_CPU_BUSY];
    case PL_RESOURCE_MEMORY: return values[PL_MEMORY_USED];
    case PL_RESOURCE_ACCEPT_QUEUE: return values[PL_LISTEN_QUEUE];
    case PL_RESOURCE_ACCEPT_OVERFLOW: return all_or_nothing(values[PL_LISTEN_OVERFLOWS]);
    case PL_RESOURCE_OOM: return all_or_nothing(values[PL_OOM_KILLS]);
    case PL_RESOURCE_FILES: return values[PL_FILES_USED];
    case PL_RESOURCE_CONNTRACK: return values[PL_CONNTRACK_USED];
    case PL_RESOURCE_NETWORK: return values[PL_NET_USED];
    case PL_RESOURCE_COUNT: break;
    }
    PL_UNREACHABLE("resource");
}

enum pl_tier pl_rule_limit_step(const struct pl_rules *rules, struct pl_host *host,
                                const struct pl_sample *sample, int64_t taken_unix_ms)
{
    enum pl_tier worst = PL_TIER_NONE;
    for (enum pl_resource r = 0; r < PL_RESOURCE_COUNT; r++) {
        int32_t used_bp = pl_resource_used_bp(r, sample);
        enum pl_tier held = pl_level_step(&host->levels[r], &rules->limit[r], used_bp,
                                          sample->unix_ms, taken_unix_ms);
        worst = PL_MAX(worst, held);
    }
    return worst;
}

struct pl_verdict pl_rule_limit_judge(const struct pl_pool *pool)
{
    if (pool->tier_count[PL_TIER_PAGE] > 0) return (struct pl_verdict){.tier = PL_TIER_PAGE};
    if (pool->tier_count[PL_TIER_WARN] > 0) return (struct pl_verdict){.tier = PL_TIER_WARN};
    bool none_live = pool->host_count > 0 && pool->tier_count[PL_TIER_NONE] == 0;
    return (struct pl_verdict){.no_data =
                                   none_live || pool->frozen_count > 0 || pool->waiting_count > 0};
}

/* The worst resource of one host. */
struct worst {
    const struct pl_host *host;
    enum pl_resource resource;
    int32_t value_bp;
    int32_t level_bp;
    int64_t since_unix_ms;
};

static bool worse(const struct worst *a, const struct worst *b)
{
    return a->value_bp - a->level_bp > b->value_bp - b->level_bp;
}

static struct worst worst_of(const struct pl_rules *rules, const struct pl_host *host)
{
    struct worst found = {.host = host};
    for (enum pl_resource r = 0; r < PL_RESOURCE_COUNT; r++) {
        const struct pl_level *level = &host->levels[r];
        if (level->held != host->tier) continue;
        const struct pl_level_policy *policy = &rules->limit[r];
        int32_t used_bp = pl_resource_used_bp(r, &host->last);
        struct worst next = {
            .host = host,
            .resource = r,
            .value_bp = PL_MAX(used_bp, 0),
            .level_bp = level->held == PL_TIER_PAGE ? policy->page_bp : policy->warn_bp,
            .since_unix_ms = level->over_unix_ms[level->held],
        };
        if (found.level_bp == 0 || worse(&next, &found)) found = next;
    }
    return found;
}

/* Keep `worst` sorted, worst first; among equals the one met first stays in front. */
static void insert(struct worst *worst, uint32_t *count, const struct worst *next)
{
    if (*count == PL_FINDING_HOSTS_MAX && !worse(next, &worst[*count - 1])) return;
    if (*count < PL_FINDING_HOSTS_MAX) (*count)++;
    uint32_t at = *count - 1;
    for (; at > 0 && worse(next, &worst[at - 1]); at--) worst[at] = worst[at - 1];
    worst[at] = *next;
}

/* Which listener a finding is about. What overflowed is only known if its queue is still filled:
 * one that was emptied since would put the blame on another. */
static struct pl_listener listener_of(const struct worst *worst)
{
    bool of_queue = worst->resource == PL_RESOURCE_ACCEPT_QUEUE ||
                    worst->resource == PL_RESOURCE_ACCEPT_OVERFLOW;
    bool named = worst->host->last.values[PL_LISTEN_QUEUE] >= PL_LISTENER_NAMED_BP;
    return of_queue && named ? worst->host->listener : (struct pl_listener){0};
}

void pl_rule_limit_describe(const struct pl_rules *rules, const struct pl_fleet *fleet,
                            uint32_t pool, struct pl_finding *out)
{
    const struct pl_pool *p = &fleet->pools[pool];
    struct worst worst[PL_FINDING_HOSTS_MAX];
    uint32_t count = 0;
    enum pl_tier tier = pl_rule_limit_judge(p).tier;
    uint32_t index = p->first_troubled;
    for (uint32_t n = 0; index != PL_NO_INDEX && n < PL_FINDING_SCAN_MAX; n++) {
        const struct pl_host *host = &fleet->hosts[index];
        index = host->next_troubled;
        if (host->presence != PL_LIVE || host->tier != tier) continue;
        struct worst next = worst_of(rules, host);
        insert(worst, &count, &next);
    }
    *out = (struct pl_finding){.tier = tier, .host_count = p->tier_count[tier]};
    if (count == 0) return;
    out->resource = worst[0].resource;
    out->value_bp = worst[0].value_bp;
    out->level_bp = worst[0].level_bp;
    out->since_unix_ms = worst[0].since_unix_ms;
    out->listener = listener_of(&worst[0]);
    out->named_count = count;
    for (uint32_t i = 0; i < count; i++) out->hosts[i] = worst[i].host->name;
}
