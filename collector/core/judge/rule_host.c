#include "collector/core/judge/rule_host.h"

#include "common/base/assert.h"

#include <assert.h>

static_assert(PL_RESOURCE_COUNT <= 16, "struct pl_host has a bit for each");

static const struct {
    enum pl_metric metric; // PL_METRIC_COUNT: no sample of one host says that
    bool must_not_be;      // a rate of what must not happen at all: full as soon as it does
    enum pl_strain strain;
} table[PL_RESOURCE_COUNT] = {
    [PL_RESOURCE_CPU] = {PL_CPU_BUSY, false, PL_STRAIN_LIMIT},
    [PL_RESOURCE_MEMORY] = {PL_MEMORY_USED, false, PL_STRAIN_LIMIT},
    [PL_RESOURCE_ACCEPT_QUEUE] = {PL_LISTEN_QUEUE, false, PL_STRAIN_LIMIT},
    [PL_RESOURCE_ACCEPT_OVERFLOW] = {PL_LISTEN_OVERFLOWS, true, PL_STRAIN_LIMIT},
    [PL_RESOURCE_OOM] = {PL_OOM_KILLS, true, PL_STRAIN_LIMIT},
    [PL_RESOURCE_FILES] = {PL_FILES_USED, false, PL_STRAIN_LIMIT},
    [PL_RESOURCE_CONNTRACK] = {PL_CONNTRACK_USED, false, PL_STRAIN_LIMIT},
    [PL_RESOURCE_NETWORK] = {PL_NET_USED, false, PL_STRAIN_LIMIT},
    [PL_RESOURCE_WORKERS] = {PL_WORKERS_USED, false, PL_STRAIN_LIMIT},
    [PL_RESOURCE_MEMORY_STALL] = {PL_PSI_MEMORY_FULL, false, PL_STRAIN_STALL},
    [PL_RESOURCE_IO_STALL] = {PL_PSI_IO_FULL, false, PL_STRAIN_STALL},
    [PL_RESOURCE_SHARE] = {PL_METRIC_COUNT, false, PL_STRAIN_IMBALANCE},
};

static inline int32_t used_of(enum pl_resource resource, const struct pl_sample *sample)
{
    enum { WHOLE_BP = 10000 };
    if (table[resource].metric == PL_METRIC_COUNT) return PL_ABSENT;
    int32_t value = sample->values[table[resource].metric]; // PL_ABSENT is negative
    return table[resource].must_not_be && value > 0 ? WHOLE_BP : value;
}

int32_t pl_resource_used_bp(enum pl_resource resource, const struct pl_sample *sample)
{
    PL_ASSERT(resource < PL_RESOURCE_COUNT);
    return used_of(resource, sample);
}

enum pl_strain pl_resource_strain(enum pl_resource resource)
{
    PL_ASSERT(resource < PL_RESOURCE_COUNT);
    return table[resource].strain;
}

/* What a level of the host is compared with. */
static int32_t value_of(enum pl_resource resource, const struct pl_host *host,
                        const struct pl_sample *sample)
{
    if (resource == PL_RESOURCE_SHARE) return host->share_bp;
    return used_of(resource, sample);
}

struct pl_tiers pl_rule_host_step(const struct pl_rules *rules, struct pl_host *host,
                                  const struct pl_sample *sample, int64_t taken_unix_ms)
{
    struct pl_tiers worst = {0};
    /* A value is averaged with none that is further away than this. Most resources are low most of
     * the time, and their levels stay untouched: reading them all would cost more than judging.
     * (The first of faster samples is therefore not averaged with the last slow one.) */
    int64_t before_ms = host->judged_stamp_ms;
    bool stands_alone = before_ms == PL_NEVER_MS || sample->unix_ms < before_ms ||
                        sample->unix_ms - before_ms >= PL_LEVEL_SPAN_MS;
    for (enum pl_resource r = 0; r < PL_RESOURCE_COUNT; r++) {
        uint16_t bit = (uint16_t)(1u << r);
        int32_t used_bp = value_of(r, host, sample);
        bool is_low = used_bp < rules->levels[r].warn_bp;
        if ((host->awake & bit) == 0 && stands_alone && is_low) continue;
        struct pl_level *level = &host->levels[r];
        enum pl_strain s = pl_resource_strain(r);
        enum pl_tier held =
            pl_level_step(level, &rules->levels[r], used_bp, sample->unix_ms, taken_unix_ms);
        worst.held[s] = PL_MAX(worst.held[s], held);
        worst.coming[s] = PL_MAX(worst.coming[s], level->coming);
        host->awake = pl_level_is_quiet(level) ? host->awake & ~bit : host->awake | bit;
    }
    for (size_t s = 0; s < PL_STRAIN_COUNT; s++) {
        if (worst.coming[s] <= worst.held[s]) worst.coming[s] = PL_TIER_NONE;
    }
    return worst;
}

static enum pl_tier worst_tier(const uint32_t count[PL_TIER_COUNT])
{
    if (count[PL_TIER_PAGE] > 0) return PL_TIER_PAGE;
    return count[PL_TIER_WARN] > 0 ? PL_TIER_WARN : PL_TIER_NONE;
}

struct pl_verdict pl_rule_host_judge(const struct pl_pool *pool, enum pl_strain strain)
{
    struct pl_verdict v = {.tier = worst_tier(pool->held_count[strain]),
                           .coming = worst_tier(pool->coming_count[strain])};
    if (v.tier != PL_TIER_NONE) return v;
    bool none_live = pool->host_count > 0 && pool->held_count[strain][PL_TIER_NONE] == 0;
    v.no_data = none_live || pool->frozen_count[strain] > 0 || pool->waiting_count > 0;
    return v;
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

/* What of the host's troubles a finding is about. */
struct wanted {
    enum pl_strain strain;
    enum pl_tier tier;
    bool coming; // the tier is not held yet
};

static bool concerns(const struct wanted *wanted, const struct pl_host *host)
{
    const struct pl_tiers *tiers = &host->tiers;
    const enum pl_tier *has = wanted->coming ? tiers->coming : tiers->held;
    return host->presence == PL_LIVE && has[wanted->strain] == wanted->tier;
}

static struct worst worst_of(const struct pl_rules *rules, const struct pl_host *host,
                             const struct wanted *wanted)
{
    struct worst found = {.host = host};
    for (enum pl_resource r = 0; r < PL_RESOURCE_COUNT; r++) {
        const struct pl_level *level = &host->levels[r];
        enum pl_tier tier = wanted->coming ? level->coming : level->held;
        if (pl_resource_strain(r) != wanted->strain || tier != wanted->tier) continue;
        const struct pl_level_policy *policy = &rules->levels[r];
        int32_t used_bp = value_of(r, host, &host->last);
        struct worst next = {
            .host = host,
            .resource = r,
            .value_bp = PL_MAX(used_bp, 0),
            .level_bp = tier == PL_TIER_PAGE ? policy->page_bp : policy->warn_bp,
            .since_unix_ms = level->over_unix_ms[tier],
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

void pl_rule_host_describe(const struct pl_rules *rules, const struct pl_fleet *fleet,
                           uint32_t pool, enum pl_strain strain, struct pl_finding *out)
{
    const struct pl_pool *p = &fleet->pools[pool];
    struct worst worst[PL_FINDING_HOSTS_MAX];
    uint32_t count = 0;
    struct pl_verdict verdict = pl_rule_host_judge(p, strain);
    struct wanted wanted = {strain, verdict.tier, verdict.tier == PL_TIER_NONE};
    if (wanted.coming) wanted.tier = verdict.coming;
    uint32_t index = p->first_troubled;
    for (uint32_t n = 0; index != PL_NO_INDEX && n < PL_FINDING_SCAN_MAX; n++) {
        const struct pl_host *host = &fleet->hosts[index];
        index = host->next_troubled;
        if (!concerns(&wanted, host)) continue;
        struct worst next = worst_of(rules, host, &wanted);
        insert(worst, &count, &next);
    }
    const uint32_t(*counts)[PL_TIER_COUNT] = wanted.coming ? p->coming_count : p->held_count;
    *out = (struct pl_finding){.tier = wanted.tier, .host_count = counts[strain][wanted.tier]};
    if (count == 0) return;
    out->resource = worst[0].resource;
    out->value_bp = worst[0].value_bp;
    out->level_bp = worst[0].level_bp;
    out->since_unix_ms = worst[0].since_unix_ms;
    if (wanted.coming) out->hold_ms = rules->levels[out->resource].hold_ms;
    out->listener = listener_of(&worst[0]);
    out->named_count = count;
    for (uint32_t i = 0; i < count; i++) out->hosts[i] = worst[i].host->name;
}
