#include "collector/core/engine_state.h"

#include "collector/core/judge/rule_host.h"
#include "common/base/assert.h"

const struct pl_fleet *pl_engine_fleet(const struct pl_engine *e)
{
    return &e->fleet;
}

const struct pl_rules *pl_engine_rules(const struct pl_engine *e, uint32_t pool)
{
    PL_ASSERT(pool == PL_NO_INDEX || pool < e->fleet.pool_count);
    return pool == PL_NO_INDEX ? &e->default_rules : &e->rules[pool];
}

const struct pl_saturation *pl_engine_saturation(const struct pl_engine *e, uint32_t pool)
{
    PL_ASSERT(pool < e->fleet.pool_count);
    return &e->saturation[pool];
}

uint32_t pl_engine_alert_count(const struct pl_engine *e)
{
    return e->fleet.pool_count * PL_RULE_COUNT;
}

const struct pl_alert *pl_engine_alert(const struct pl_engine *e, uint32_t index)
{
    PL_ASSERT(index < pl_engine_alert_count(e));
    return &e->alerts[index].alert;
}

const struct pl_handling *pl_engine_handling(const struct pl_engine *e, uint32_t index)
{
    PL_ASSERT(index < pl_engine_alert_count(e));
    return &e->alerts[index].handling;
}

uint64_t pl_engine_silenced(const struct pl_engine *e, uint32_t index)
{
    PL_ASSERT(index < pl_engine_alert_count(e));
    return e->alerts[index].silence;
}

const struct pl_silences *pl_engine_silences(const struct pl_engine *e)
{
    return &e->silences;
}

const struct pl_externals *pl_engine_externals(const struct pl_engine *e)
{
    return &e->externals;
}

const struct pl_deliveries *pl_engine_deliveries(const struct pl_engine *e)
{
    return &e->deliveries;
}

uint32_t pl_engine_find_alert(const struct pl_engine *e, enum pl_rule rule,
                              const struct pl_name *pool)
{
    PL_ASSERT(rule < PL_RULE_COUNT);
    uint32_t index = pl_fleet_find_pool(&e->fleet, pool);
    return index == PL_NO_INDEX ? PL_NO_INDEX : index * PL_RULE_COUNT + rule;
}

const struct pl_page *pl_engine_page(const struct pl_engine *e, struct pl_slot_id id)
{
    return pl_slots_live(&e->outbox.slots, id) ? &e->outbox.pages[id.index] : NULL;
}

uint32_t pl_engine_page_count(const struct pl_engine *e)
{
    return e->outbox.live_count;
}

const struct pl_page *pl_engine_page_at(const struct pl_engine *e, uint32_t n)
{
    PL_ASSERT(n < e->outbox.live_count);
    return &e->outbox.pages[e->outbox.live[n]];
}

const struct pl_targets_health *pl_engine_targets_health(const struct pl_engine *e)
{
    return &e->health;
}

const struct pl_engine_counts *pl_engine_counts(const struct pl_engine *e)
{
    return &e->counts;
}

bool pl_engine_in_tilt(const struct pl_engine *e)
{
    return e->tilted;
}

bool pl_engine_is_unheard(const struct pl_engine *e)
{
    for (uint32_t n = 0; n < e->outbox.live_count; n++) {
        const struct pl_page *page = &e->outbox.pages[e->outbox.live[n]];
        uint32_t pool = pl_fleet_find_pool(&e->fleet, &page->alert.pool);
        if (page->resolved || pool == PL_NO_INDEX) continue;
        const struct pl_alert *alert = &e->alerts[pool * PL_RULE_COUNT + page->alert.rule].alert;
        int64_t waited_ms = e->now.unix_ms - page->created_unix_ms;
        if (alert->paged == 0 && waited_ms >= PL_UNHEARD_MS) return true;
    }
    for (uint32_t a = 0; a < pl_engine_alert_count(e); a++) {
        const struct pl_alert *alert = &e->alerts[a].alert;
        if (pl_alert_pages(alert) && alert->paged == 0 && alert->failed != 0) return true;
    }
    return false;
}

/* What a rule that looks at the pool as a whole makes of it. Near its level a verdict comes and
 * goes by the second; a state that people read does not, so the alert's tier counts until it has
 * been lower for a while. */
static enum pl_tier calm_tier(const struct pl_engine *e, uint32_t pool, enum pl_rule rule)
{
    const struct pl_alert *a = &e->alerts[pool * PL_RULE_COUNT + rule].alert;
    if (a->state != PL_ALERT_FIRING) return PL_TIER_NONE;
    bool is_lower =
        a->lower_mono_ms != PL_NEVER_MS && e->now.mono_ms - a->lower_mono_ms >= PL_HEALTH_CALM_MS;
    return is_lower ? pl_engine_ask(e, pool, rule).tier : a->tier;
}

/* What a pool is by one rule; what is coming is to be watched. */
static enum pl_health health_by(const struct pl_engine *e, uint32_t pool, enum pl_rule rule)
{
    struct pl_verdict v = pl_engine_ask(e, pool, rule);
    bool of_hosts = rule == PL_RULE_LIMIT || rule == PL_RULE_STALL || rule == PL_RULE_IMBALANCE;
    enum pl_tier tier = of_hosts ? v.tier : calm_tier(e, pool, rule);
    if (tier == PL_TIER_PAGE) return PL_HEALTH_ACT;
    bool uneasy = tier != PL_TIER_NONE || v.coming != PL_TIER_NONE;
    return uneasy ? PL_HEALTH_WATCH : PL_HEALTH_OK;
}

enum pl_health pl_engine_pool_health(const struct pl_engine *e, uint32_t pool)
{
    PL_ASSERT(pool < e->fleet.pool_count);
    const struct pl_pool *p = &e->fleet.pools[pool];
    uint32_t live_count = p->host_count - p->waiting_count - p->silent_count;
    if (p->host_count > 0 && p->silent_count == p->host_count) return PL_HEALTH_SILENT;
    if (live_count == 0 && pl_engine_is_own_pool(e, pool))
        return health_by(e, pool, PL_RULE_NOTIFIER);
    if (live_count == 0) return PL_HEALTH_NO_DATA;
    if (2 * p->silent_count >= p->host_count) return PL_HEALTH_ACT;
    enum pl_health worst = p->silent_count > 0 ? PL_HEALTH_WATCH : PL_HEALTH_OK;
    for (enum pl_rule rule = 0; rule < PL_RULE_COUNT; rule++) {
        if (rule == PL_RULE_SILENT) continue; // its hosts are counted above
        worst = PL_MAX(worst, health_by(e, pool, rule));
    }
    return worst;
}

int32_t pl_host_used_bp(const struct pl_host *host, enum pl_resource resource)
{
    if (!host->has_sample) return -1;
    return PL_MAX(pl_resource_used_bp(resource, &host->last), -1);
}
