#include "collector/core/engine_state.h"

#include "collector/core/judge/rule_host.h"
#include "collector/core/judge/rule_silent.h"
#include "common/base/assert.h"

/* ---- rules ---- */

struct pl_verdict pl_engine_ask(const struct pl_engine *e, uint32_t pool, enum pl_rule rule)
{
    const struct pl_pool *p = &e->fleet.pools[pool];
    switch (rule) {
    case PL_RULE_LIMIT: return pl_rule_host_judge(p, PL_STRAIN_LIMIT);
    case PL_RULE_STALL: return pl_rule_host_judge(p, PL_STRAIN_STALL);
    case PL_RULE_IMBALANCE: return pl_rule_host_judge(p, PL_STRAIN_IMBALANCE);
    case PL_RULE_COLLAPSE: return pl_rule_collapse_judge(&e->collapse[pool], p);
    case PL_RULE_NO_SPARE: return pl_rule_no_spare_judge(&e->no_spare[pool], p);
    case PL_RULE_SATURATION: return pl_engine_excuse(e, pool);
    case PL_RULE_SILENT: return pl_rule_silent_judge(p);
    case PL_RULE_LAUNCH_RISK:
    case PL_RULE_LAUNCH_OVER:
    case PL_RULE_LAUNCH_ABSENT:
        return pl_launch_watch_ask(&e->launch_watch[pool], pl_engine_launch_rule(rule));
    case PL_RULE_EXTERNAL: return pl_engine_ask_external(e, pool);
    case PL_RULE_NOTIFIER: return pl_engine_ask_notifier(e, pool);
    case PL_RULE_COUNT: break;
    }
    PL_UNREACHABLE("rule");
}

bool pl_engine_is_coming_back(const struct pl_engine *e, uint32_t pool)
{
    bool is_young = e->now.mono_ms - e->start.mono_ms < e->default_rules.silent_grace_ms;
    return is_young && e->fleet.pools[pool].host_count == 0;
}

/* The same, or that this is no moment to ask. */
static struct pl_verdict judge(const struct pl_engine *e, uint32_t pool, enum pl_rule rule)
{
    if (rule == PL_RULE_EXTERNAL) return pl_engine_ask(e, pool, rule); // others looked at a clock
    bool is_early = rule != PL_RULE_NOTIFIER && pl_engine_is_coming_back(e, pool);
    if (e->tilted || is_early) {
        return (struct pl_verdict){.no_data = true};
    }
    return pl_engine_ask(e, pool, rule);
}

static void describe(struct pl_engine *e, uint32_t pool, struct pl_alert *a)
{
    switch (a->rule) {
    case PL_RULE_LIMIT:
        pl_rule_host_describe(&e->rules[pool], &e->fleet, pool, PL_STRAIN_LIMIT, &a->finding);
        return;
    case PL_RULE_STALL:
        pl_rule_host_describe(&e->rules[pool], &e->fleet, pool, PL_STRAIN_STALL, &a->finding);
        return;
    case PL_RULE_IMBALANCE:
        pl_rule_host_describe(&e->rules[pool], &e->fleet, pool, PL_STRAIN_IMBALANCE, &a->finding);
        return;
    case PL_RULE_COLLAPSE:
        pl_rule_collapse_describe(&e->collapse[pool], &e->rules[pool], &e->fleet.pools[pool],
                                  &a->finding);
        return;
    case PL_RULE_NO_SPARE:
        pl_rule_no_spare_describe(&e->no_spare[pool], &e->saturation[pool], &e->fleet, &a->finding);
        return;
    case PL_RULE_SATURATION: pl_rule_saturation_describe(&e->saturation[pool], &a->finding); return;
    case PL_RULE_SILENT: pl_rule_silent_describe(&e->fleet, pool, &a->finding); return;
    case PL_RULE_LAUNCH_RISK:
    case PL_RULE_LAUNCH_OVER:
    case PL_RULE_LAUNCH_ABSENT:
        pl_launch_watch_describe(&e->launch_watch[pool], &e->launches,
                                 pl_engine_launch_rule(a->rule), &a->finding);
        return;
    case PL_RULE_EXTERNAL: pl_externals_describe(&e->externals, pool, &a->finding); return;
    case PL_RULE_NOTIFIER: pl_engine_describe_notifier(e, &a->finding); return;
    case PL_RULE_COUNT: break;
    }
    PL_UNREACHABLE("rule");
}

/* Trouble began when the rule's finding did, which is before it was sure. */
static void began(struct pl_alert *a)
{
    if (a->finding.since_unix_ms != 0) a->since_unix_ms = a->finding.since_unix_ms;
}

void pl_engine_act(struct pl_engine *e, uint32_t alert, enum pl_alert_action action)
{
    static const enum pl_effect_type said[] = {
        [PL_ALERT_OPEN] = PL_EFFECT_ALERT_OPENED,
        [PL_ALERT_RAISE] = PL_EFFECT_ALERT_RAISED,
        [PL_ALERT_LOWER] = PL_EFFECT_ALERT_LOWERED,
        [PL_ALERT_CLOSE] = PL_EFFECT_ALERT_RESOLVED,
    };
    struct pl_alert_slot *slot = &e->alerts[alert];
    bool begins = action == PL_ALERT_OPEN || action == PL_ALERT_RAISE;
    if (action == PL_ALERT_OPEN) {
        began(&slot->alert);
        if (pl_handling_any(&slot->handling))
            pl_engine_emit_alert(e, PL_EFFECT_SAVE_HANDLING, alert);
        slot->handling = (struct pl_handling){0}; // that was of the alert before
        slot->held = false;
    }
    slot->restored = false;
    if (!begins && slot->alert.delivered != 0) slot->floored = slot->alert.delivered;
    slot->refused = slot->alert.delivered = slot->alert.failed = 0;
    if (begins) {
        slot->alert.routed_mono_ms = e->now.mono_ms;
        slot->alert.round = 0;
    }
    pl_engine_emit_alert(e, said[action], alert);
    pl_engine_emit_alert(e, PL_EFFECT_SAVE_ALERT, alert);
}

/* That nothing is known is found out some intervals after it was so. */
static void froze(const struct pl_engine *e, uint32_t pool, struct pl_alert *a)
{
    int64_t heard_unix_ms = pl_rule_silent_heard_unix_ms(&e->fleet, pool);
    if (heard_unix_ms > 0 && !e->tilted)
        a->unknown_unix_ms = PL_MIN(a->unknown_unix_ms, heard_unix_ms);
}

/* Let the alert live on by what its rule says; what it has to say of it, if that is new. */
static void step_alert(struct pl_engine *e, uint32_t pool, enum pl_rule rule, bool refresh)
{
    uint32_t index = pool * PL_RULE_COUNT + rule;
    struct pl_alert *a = &e->alerts[index].alert;
    struct pl_verdict verdict = judge(e, pool, rule);
    bool quiet = a->state == PL_ALERT_OK || a->state == PL_ALERT_RESOLVED;
    bool trouble = !verdict.no_data && verdict.tier != PL_TIER_NONE;
    bool coming = verdict.tier == PL_TIER_NONE && verdict.coming != PL_TIER_NONE;
    if (quiet && !trouble && !coming) return;
    /* The rules hold by themselves: levels for their hold time, silence for its intervals,
     * saturation until it has seen its reason in some samples. */
    struct pl_alert_policy policy = {.clear_ms = e->rules[pool].clear_ms[rule],
                                     .unstable_ms = e->rules[pool].unstable_ms};
    bool was_known = a->unknown_unix_ms == 0;
    enum pl_alert_action action = pl_alert_step(a, &policy, verdict, e->now);
    if (was_known && a->unknown_unix_ms != 0) froze(e, pool, a);
    bool pending = a->state == PL_ALERT_PENDING && coming && (quiet || refresh);
    if (pending || (trouble && (action != PL_ALERT_NONE || refresh))) describe(e, pool, a);
    if (pending) began(a);
    if (trouble) e->alerts[index].seen = true;
    if (action != PL_ALERT_NONE) pl_engine_act(e, index, action);
}

/* The alert of that pool that pages and that `a` is only a consequence of, or NULL. */
static const struct pl_alert *cause_of(const struct pl_engine *e, uint32_t pool,
                                       const struct pl_alert *a)
{
    for (enum pl_rule cause = 0; cause < PL_RULE_COUNT; cause++) {
        const struct pl_alert_slot *slot = &e->alerts[pool * PL_RULE_COUNT + cause];
        const struct pl_alert *c = &slot->alert;
        /* Of a silenced one nobody hears: it cannot speak for others. */
        if (pl_alert_pages(c) && slot->silence == 0 && pl_rule_hides(cause, a->rule) >= a->tier)
            return c;
    }
    return NULL;
}

/* Hide what has a cause, unless somebody was told of it before the cause was there, and tell what
 * has none any more. */
static void hide_or_tell(struct pl_engine *e, uint32_t index)
{
    struct pl_alert_slot *slot = &e->alerts[index];
    struct pl_alert *a = &slot->alert;
    if (a->state != PL_ALERT_FIRING) return;
    const struct pl_alert *cause = cause_of(e, index / PL_RULE_COUNT, a);
    bool was_hidden = a->hidden, is_told = slot->queued != 0 || a->paged != 0;
    a->hidden = cause && (was_hidden || !is_told);
    if (a->hidden) a->hidden_by = cause->rule;
    if (!was_hidden || a->hidden || a->tier != PL_TIER_PAGE) return;
    a->revision++;
    pl_engine_act(e, index, PL_ALERT_RAISE);
}

void pl_engine_judge_pool(struct pl_engine *e, uint32_t pool, bool refresh)
{
    const uint32_t first = pool * PL_RULE_COUNT;
    for (enum pl_rule rule = 0; rule < PL_RULE_COUNT; rule++) {
        if (!pl_engine_has_room(e)) return; // the next tick looks again
        step_alert(e, pool, rule, refresh);
    }
    for (uint32_t index = first; index < first + PL_RULE_COUNT; index++) {
        if (!pl_engine_has_room(e)) return;
        pl_engine_look_at_holds(e, index);
        hide_or_tell(e, index);
        pl_engine_tell(e, index);
    }
}
