#include "collector/core/judge/rule_collapse.h"

void pl_collapse_init(struct pl_collapse *c)
{
    *c = (struct pl_collapse){.expected_per_s = -1};
}

/* Half a minute of traffic now. */
static double level_of(const struct pl_traffic *t)
{
    return t->ladder.level[PL_RUNG_30S];
}

/* Negative: nobody knows. */
static double expected_of(const struct pl_traffic *t)
{
    double usual = pl_baseline_now(&t->baseline);
    bool is_young = t->ladder.known_s < pl_rung_memory_s(PL_RUNG_16MIN);
    if (usual < 0 || is_young) return -1;
    return PL_MIN(usual, t->ladder.level[PL_RUNG_16MIN]);
}

/* Latched: what it takes to be normal may become less with the time of day, never more. */
static double normal_of(const struct pl_collapse *c, const struct pl_rules *rules,
                        const struct pl_traffic *t)
{
    double usual = pl_baseline_now(&t->baseline);
    double expected = usual < 0 ? c->expected_per_s : PL_MIN(usual, c->expected_per_s);
    return rules->collapse_normal_share * expected;
}

static void step_latched(struct pl_collapse *c, const struct pl_rules *rules,
                         const struct pl_traffic *t, int64_t taken_unix_ms)
{
    bool normal = level_of(t) >= normal_of(c, rules, t);
    if (normal && !c->normal) c->normal_unix_ms = taken_unix_ms;
    c->normal = normal;
    bool over = normal && taken_unix_ms - c->normal_unix_ms >= rules->clear_ms[PL_RULE_COLLAPSE];
    if (over) c->latched = c->normal = false;
    if (over) c->low_unix_ms = 0;
}

bool pl_rule_collapse_step(struct pl_collapse *c, const struct pl_rules *rules,
                           const struct pl_traffic *t, bool hosts_up, int64_t taken_unix_ms)
{
    const struct pl_collapse before = *c;
    c->level_per_s = level_of(t);
    if (c->latched) {
        step_latched(c, rules, t, taken_unix_ms);
    } else {
        c->expected_per_s = expected_of(t);
        bool low = hosts_up && c->expected_per_s >= PL_COLLAPSE_TRAFFIC_MIN &&
                   level_of(t) < rules->collapse_share * c->expected_per_s;
        if (!low)
            c->low_unix_ms = 0;
        else if (c->low_unix_ms == 0)
            c->low_unix_ms = taken_unix_ms;
        c->latched = low && taken_unix_ms - c->low_unix_ms >= rules->collapse_hold_ms;
    }
    return c->latched != before.latched || c->normal != before.normal ||
           (c->low_unix_ms == 0) != (before.low_unix_ms == 0);
}

static uint32_t live_count(const struct pl_pool *pool)
{
    return pool->host_count - pool->waiting_count - pool->silent_count;
}

struct pl_verdict pl_rule_collapse_judge(const struct pl_collapse *c, const struct pl_pool *pool)
{
    if (c->latched) {
        return (struct pl_verdict){.tier = c->normal ? PL_TIER_NONE : PL_TIER_PAGE,
                                   .no_data = pool->host_count > 0 && live_count(pool) == 0};
    }
    bool blind = c->expected_per_s < 0 && c->level_per_s < PL_COLLAPSE_TRAFFIC_MIN;
    return (struct pl_verdict){
        .coming = c->low_unix_ms == 0 ? PL_TIER_NONE : PL_TIER_PAGE,
        .no_data = pool->host_count > 0 && (live_count(pool) == 0 || blind),
    };
}

void pl_rule_collapse_describe(const struct pl_collapse *c, const struct pl_rules *rules,
                               const struct pl_pool *pool, struct pl_finding *out)
{
    enum { WHOLE_BP = 10000 };
    double share = c->expected_per_s > 0 ? c->level_per_s / c->expected_per_s : 1;
    *out = (struct pl_finding){
        .tier = PL_TIER_PAGE,
        .value_bp = (int32_t)(PL_MIN(share, 1) * WHOLE_BP),
        .level_bp = (int32_t)(rules->collapse_share * WHOLE_BP + 0.5),
        .hold_ms = c->latched ? 0 : rules->collapse_hold_ms,
        .since_unix_ms = c->low_unix_ms,
        .host_count = live_count(pool),
    };
}
