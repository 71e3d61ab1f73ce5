/* The collector's own trouble: targets that take nothing (alert/health.h) are told by an alert of
 * its own, `notifier/plimsoll`, through those that do. */
#include "collector/core/engine_state.h"

#include "common/base/assert.h"

static const struct pl_name own_name = {8, PL_OWN_POOL};

bool pl_engine_is_own_pool(const struct pl_engine *e, uint32_t pool)
{
    return pl_name_eq(&e->fleet.pools[pool].name, &own_name);
}

/* ---- who is told ---- */

static uint64_t targets_of(const struct pl_route *route)
{
    uint64_t all = 0;
    for (uint32_t s = 0; s < route->step_count; s++) {
        for (uint32_t r = 0; r < route->steps[s].receiver_count; r++) {
            const struct pl_receiver *receiver = &route->steps[s].receivers[r];
            for (uint32_t i = 0; i < receiver->count; i++)
                all |= pl_target_bit(receiver->targets[i]);
        }
    }
    return all;
}

/* Without those targets: the next of the same receiver takes their place. */
static void leave_out(struct pl_route *route, uint64_t targets)
{
    for (uint32_t s = 0; s < route->step_count; s++) {
        for (uint32_t r = 0; r < route->steps[s].receiver_count; r++) {
            struct pl_receiver *receiver = &route->steps[s].receivers[r];
            uint8_t kept = 0;
            for (uint32_t i = 0; i < receiver->count; i++) {
                if ((targets & pl_target_bit(receiver->targets[i])) == 0)
                    receiver->targets[kept++] = receiver->targets[i];
            }
            receiver->count = kept;
        }
    }
}

/* The pool whose people miss that target most: the first that would tell it and can still tell
 * somebody else. PL_NO_INDEX: there is none. */
static uint32_t find_pool(struct pl_engine *e, uint64_t broken)
{
    struct pl_route route;
    for (uint32_t pool = 0; pool < e->fleet.pool_count; pool++) {
        if (pl_engine_is_own_pool(e, pool)) continue;
        pl_engine_route(e, pool, &route);
        uint64_t all = targets_of(&route);
        if ((all & broken) != 0 && (all & ~broken) != 0) return pool;
    }
    return PL_NO_INDEX;
}

void pl_engine_own_route(const struct pl_engine *e, struct pl_route *out)
{
    uint64_t broken = e->health.broken, left = pl_targets_below(e->target_count) & ~broken;
    *out = (struct pl_route){0};
    if (e->own_like != PL_NO_INDEX) pl_engine_route(e, e->own_like, out);
    leave_out(out, broken);
    if (targets_of(out) == 0) pl_route_all(left, out);
}

/* ---- what is known ---- */

static void look_again(struct pl_engine *e)
{
    uint32_t pool;
    e->own_like = find_pool(e, e->health.broken);
    if (pl_engine_admit_pool(e, &own_name, &pool) == 0) pl_engine_judge_pool(e, pool, true);
}

void pl_engine_note(struct pl_engine *e, uint8_t target, const struct pl_page_result *result)
{
    if (result->is_ours || !e->names_targets || target >= e->target_count) return;
    if (pl_health_step(&e->health, target, result->class, e->now)) look_again(e);
}

void pl_engine_target_tried(struct pl_engine *e, uint8_t target,
                            const struct pl_page_result *result, struct pl_now now)
{
    (void)pl_engine_begin(e, now);
    pl_engine_note(e, target, result);
    pl_engine_end(e);
}

struct pl_verdict pl_engine_ask_notifier(const struct pl_engine *e, uint32_t pool)
{
    bool is_broken = e->health.broken != 0 && pl_engine_is_own_pool(e, pool);
    return (struct pl_verdict){.tier = is_broken ? PL_TIER_PAGE : PL_TIER_NONE};
}

void pl_engine_describe_notifier(const struct pl_engine *e, struct pl_finding *out)
{
    *out = (struct pl_finding){.tier = PL_TIER_PAGE};
    for (uint8_t t = 0; t < e->target_count; t++) {
        if ((e->health.broken & pl_target_bit(t)) == 0) continue;
        int64_t since_unix_ms = e->health.items[t].failing_unix_ms;
        bool is_first = out->host_count++ == 0;
        out->since_unix_ms = is_first ? since_unix_ms : PL_MIN(out->since_unix_ms, since_unix_ms);
        if (out->named_count < PL_FINDING_HOSTS_MAX)
            out->hosts[out->named_count++] = e->target_names[t];
    }
}

void pl_engine_restore_notifier(struct pl_engine *e, const struct pl_alert *alert)
{
    if (alert->rule != PL_RULE_NOTIFIER || alert->state != PL_ALERT_FIRING) return;
    for (uint32_t i = 0; i < alert->finding.named_count; i++) {
        for (uint8_t t = 0; t < e->target_count; t++) {
            if (pl_name_eq(&e->target_names[t], &alert->finding.hosts[i]))
                pl_health_restore(&e->health, t, alert->since_unix_ms, e->now);
        }
    }
    e->own_like = find_pool(e, e->health.broken);
}
