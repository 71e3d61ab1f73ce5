/* What else there is in the hours of a launch: others, people, hosts, alerts. */
#include "collector/core/engine_state.h"

#include "collector/core/oncall/policy.h"

enum { PEOPLE_MAX = 16 }; // of one launch; further ones are not looked at

struct people {
    uint32_t count;
    uint16_t items[PEOPLE_MAX];
};

/* Who is woken first for one of its pools at that time. */
static struct people woken_for(const struct pl_engine *e, const struct pl_oncall *oncall,
                               const struct pl_launch *l, int64_t unix_ms)
{
    struct people p = {0};
    for (uint32_t i = 0; i < l->pool_count; i++) {
        uint32_t pool = pl_fleet_find_pool(&e->fleet, &l->pools[i]);
        uint32_t policy = pool == PL_NO_INDEX ? e->default_policy : e->policies[pool];
        if (policy == 0) continue;
        p.count += pl_policy_people(oncall, policy, unix_ms / 1000, p.items + p.count,
                                    PEOPLE_MAX - p.count);
    }
    return p;
}

/* The first by their place in the roster, so that both launches name the same one; PL_NOBODY. */
static uint16_t in_common(const struct people *a, const struct people *b)
{
    uint16_t found = PL_NOBODY;
    for (uint32_t i = 0; i < a->count; i++) {
        for (uint32_t k = 0; k < b->count; k++) {
            if (a->items[i] == b->items[k]) found = PL_MIN(found, a->items[i]);
        }
    }
    return found;
}

static double most_added(const struct pl_engine *e, const struct pl_launch *l,
                         const struct pl_name *name, enum pl_traffic_source *unit)
{
    uint32_t pool = pl_fleet_find_pool(&e->fleet, name);
    if (pool == PL_NO_INDEX) return 0;
    *unit = e->saturation[pool].unit;
    return pl_engine_plan(e, l, pool).peak.p90;
}

static void look_at_other(const struct pl_engine *e, const struct pl_launch *l,
                          const struct pl_launch *other, const struct pl_oncall *oncall,
                          struct pl_collisions *out)
{
    struct pl_collision c = {.with = other->id};
    if (!pl_launch_overlap(l, other, &c.from_unix_ms, &c.until_unix_ms)) return;
    const struct pl_name *shared = pl_launch_shared_pool(l, other);
    if (shared) {
        c.kind = pl_launch_meeting(l, other);
        c.name = *shared;
        if (out->count < PL_COLLISIONS_MAX) c.p90 = most_added(e, other, shared, &c.unit);
        pl_collisions_add(out, &c);
    }
    if (!oncall) return;
    struct people ours = woken_for(e, oncall, l, c.from_unix_ms);
    struct people theirs = woken_for(e, oncall, other, c.from_unix_ms);
    uint16_t person = in_common(&ours, &theirs);
    if (person == PL_NOBODY) return;
    c.kind = PL_COLLISION_ON_CALL;
    c.name = oncall->people[person].name;
    pl_collisions_add(out, &c);
}

static void look_at_pool(const struct pl_engine *e, uint32_t pool, struct pl_collisions *out)
{
    const struct pl_pool *p = &e->fleet.pools[pool];
    if (p->silent_count > 0)
        pl_collisions_add(out, &(struct pl_collision){.kind = PL_COLLISION_SILENT,
                                                      .name = p->name,
                                                      .count = p->silent_count,
                                                      .of = p->host_count});
    struct pl_collision sick = {.kind = PL_COLLISION_UNHEALTHY, .name = p->name};
    enum pl_tier worst = PL_TIER_NONE;
    for (uint32_t r = 0; r < PL_RULE_COUNT; r++) {
        const struct pl_alert *a = &e->alerts[pool * PL_RULE_COUNT + r].alert;
        bool is_launch = r >= PL_RULE_LAUNCH_RISK && r <= PL_RULE_LAUNCH_ABSENT;
        if (is_launch || a->state != PL_ALERT_FIRING) continue;
        sick.count++;
        if (a->tier <= worst) continue;
        worst = a->tier;
        sick.rule = a->rule;
    }
    if (sick.count > 0) pl_collisions_add(out, &sick);
}

void pl_engine_collisions(const struct pl_engine *e, const struct pl_launch *l,
                          const struct pl_launch_beside *beside, struct pl_collisions *out)
{
    *out = (struct pl_collisions){0};
    for (uint32_t i = 0; i < l->pool_count; i++) {
        uint32_t pool = pl_fleet_find_pool(&e->fleet, &l->pools[i]);
        if (pool != PL_NO_INDEX) look_at_pool(e, pool, out);
    }
    bool ends =
        beside->certificate_ends_unix_ms != 0 && beside->certificate_ends_unix_ms < l->ends_unix_ms;
    if (ends)
        pl_collisions_add(
            out, &(struct pl_collision){.kind = PL_COLLISION_CERTIFICATE,
                                        .until_unix_ms = beside->certificate_ends_unix_ms});
    for (uint32_t i = 0; i < e->launches.used_max; i++) {
        const struct pl_launch_entry *other = &e->launches.entries[i];
        bool counts = other->used && pl_launch_is_open(other->course.state);
        if (counts && !pl_name_eq(&other->launch.id, &l->id))
            look_at_other(e, l, &other->launch, beside->oncall, out);
    }
}
