#include "collector/core/engine_state.h"

#include "collector/core/judge/rule_host.h"
#include "collector/core/judge/rule_silent.h"
#include "common/base/assert.h"

uint32_t pl_engine_alert_index(const struct pl_engine *e, const struct pl_alert *alert)
{
    uint32_t pool = pl_fleet_find_pool(&e->fleet, &alert->pool);
    PL_ASSERT(pool != PL_NO_INDEX); // pools stay
    return pool * PL_RULE_COUNT + alert->rule;
}

static void emit_alert(struct pl_engine *e, enum pl_effect_type type, uint32_t alert)
{
    pl_engine_emit(e, &(struct pl_effect){.type = type, .alert = alert});
}

static void emit_page(struct pl_engine *e, enum pl_effect_type type, uint32_t alert,
                      const struct pl_page *page)
{
    pl_engine_emit(e, &(struct pl_effect){.type = type,
                                          .target = page->target,
                                          .alert = alert,
                                          .page = page->id,
                                          .number = page->number});
}

/* ---- alerts and their pages ---- */

static void drop_page(struct pl_engine *e, uint32_t alert, struct pl_page *page)
{
    struct pl_alert_slot *slot = &e->alerts[alert];
    emit_page(e, PL_EFFECT_DROP_PAGE, alert, page);
    slot->queued &= ~pl_target_bit(page->target);
    pl_outbox_remove(&e->outbox, page);
}

static void withdraw(struct pl_engine *e, uint32_t alert, struct pl_page *page)
{
    e->counts.pages_withdrawn++;
    drop_page(e, alert, page);
}

void pl_engine_tell_target(struct pl_engine *e, uint32_t alert, uint8_t target)
{
    struct pl_alert_slot *slot = &e->alerts[alert];
    uint64_t bit = pl_target_bit(target);
    struct pl_page *page;
    switch (pl_outbox_tell(&e->outbox, target, &slot->alert, e->now, &page)) {
    case PL_TELL_NOTHING: return;
    case PL_TELL_ADDED:
        slot->queued |= bit;
        slot->refused &= ~bit;
        emit_page(e, PL_EFFECT_SAVE_PAGE, alert, page);
        return;
    case PL_TELL_CHANGED: emit_page(e, PL_EFFECT_SAVE_PAGE, alert, page); return;
    case PL_TELL_WITHDRAWN: withdraw(e, alert, page); return;
    case PL_TELL_FULL:
        if ((slot->refused & bit) != 0) return;
        slot->refused |= bit;
        e->counts.pages_refused++;
        pl_engine_emit(e, &(struct pl_effect){
                              .type = PL_EFFECT_PAGE_REFUSED, .alert = alert, .target = target});
        return;
    }
    PL_UNREACHABLE("tell");
}

/* Who must know by now that this alert fires. */
static uint64_t wanted(struct pl_engine *e, uint32_t pool, struct pl_alert *a)
{
    struct pl_route route = {0};
    if (e->policies[pool] != 0)
        e->routes.resolve(e->routes.roster, e->policies[pool], e->now.unix_ms, &route);
    else
        pl_route_all(e->fleet.pools[pool].notify, &route);
    for (;;) {
        struct pl_route_progress progress = {a->routed_mono_ms, a->delivered, a->failed};
        struct pl_route_look look = pl_route_look(&route, &progress, e->now.mono_ms);
        if (look.round <= a->round) return look.wanted & pl_targets_below(e->target_count);
        a->round = look.round;
        a->delivered = a->failed = 0;
    }
}

void pl_engine_tell(struct pl_engine *e, uint32_t alert)
{
    struct pl_alert_slot *slot = &e->alerts[alert];
    struct pl_alert *a = &slot->alert;
    bool pages = pl_alert_pages(a);
    if (!pages && (a->paged | slot->queued) == 0) return;
    if (!pl_engine_has_room(e)) return;
    uint64_t missing = pages ? wanted(e, alert / PL_RULE_COUNT, a) & ~a->delivered : a->paged;
    missing &= ~a->failed;
    for (uint8_t target = 0; target < e->target_count; target++) {
        uint64_t bit = pl_target_bit(target);
        if ((missing & bit) != 0 || (!pages && (slot->queued & bit) != 0)) {
            pl_engine_tell_target(e, alert, target);
        } else if ((slot->queued & bit) != 0) {
            struct pl_page *page = pl_outbox_unwanted(&e->outbox, target, a);
            if (page) withdraw(e, alert, page);
        }
    }
}

/* The page is SENT or FAILED. */
static void settle(struct pl_engine *e, struct pl_page *page)
{
    uint32_t alert = pl_engine_alert_index(e, &page->alert);
    struct pl_alert *a = &e->alerts[alert].alert;
    uint64_t bit = pl_target_bit(page->target);
    bool sent = page->state == PL_PAGE_SENT;
    bool newest = page->alert.revision == a->revision;
    if (page->told && !page->resolved) a->paged |= bit;
    if (sent && page->resolved) a->paged &= ~bit;
    if (newest && sent && !page->resolved) a->delivered |= bit;
    if (newest && !sent) a->failed |= bit;
    if (!sent) emit_page(e, PL_EFFECT_PAGE_FAILED, alert, page);
    emit_alert(e, PL_EFFECT_SAVE_ALERT, alert);
    drop_page(e, alert, page);
    pl_engine_tell(e, alert);
}

void pl_engine_answered(struct pl_engine *e, struct pl_page *page)
{
    if (page->state == PL_PAGE_SENT || page->state == PL_PAGE_FAILED) {
        if (page->state == PL_PAGE_SENT)
            e->counts.pages_sent++;
        else
            e->counts.pages_failed++;
        settle(e, page);
        return;
    }
    e->counts.pages_retried++;
    uint32_t alert = pl_engine_alert_index(e, &page->alert);
    struct pl_alert *a = &e->alerts[alert].alert;
    uint64_t bit = pl_target_bit(page->target);
    if (page->told && !page->resolved && (a->paged & bit) == 0) {
        a->paged |= bit;
        emit_alert(e, PL_EFFECT_SAVE_ALERT, alert);
    }
    pl_engine_tell(e, alert);
}

void pl_engine_run_outbox(struct pl_engine *e)
{
    while (pl_engine_has_room(e)) {
        struct pl_page *page = pl_outbox_due(&e->outbox, e->now);
        if (!page) return;
        uint32_t alert = pl_engine_alert_index(e, &page->alert);
        if (page->state == PL_PAGE_FAILED) {
            e->counts.pages_expired++;
            settle(e, page);
            continue;
        }
        /* Tell the newest values and hosts, not those of an hour of retries ago. */
        const struct pl_alert *newest = &e->alerts[alert].alert;
        if (!page->resolved && newest->revision == page->alert.revision) page->alert = *newest;
        emit_page(e, PL_EFFECT_SEND_PAGE, alert, page);
    }
}

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
    case PL_RULE_SATURATION: return pl_rule_saturation_judge(&e->saturation[pool], p);
    case PL_RULE_SILENT: return pl_rule_silent_judge(p);
    case PL_RULE_COUNT: break;
    }
    PL_UNREACHABLE("rule");
}

/* The same, or that this is no moment to ask. */
static struct pl_verdict judge(const struct pl_engine *e, uint32_t pool, enum pl_rule rule)
{
    bool coming_back = e->now.mono_ms - e->start.mono_ms < e->default_rules.silent_grace_ms;
    if (e->tilted || (e->fleet.pools[pool].host_count == 0 && coming_back)) {
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
    case PL_RULE_COUNT: break;
    }
    PL_UNREACHABLE("rule");
}

/* Trouble began when the rule's finding did, which is before it was sure. */
static void began(struct pl_alert *a)
{
    if (a->finding.since_unix_ms != 0) a->since_unix_ms = a->finding.since_unix_ms;
}

static void act(struct pl_engine *e, uint32_t alert, enum pl_alert_action action)
{
    static const enum pl_effect_type said[] = {
        [PL_ALERT_OPEN] = PL_EFFECT_ALERT_OPENED,
        [PL_ALERT_RAISE] = PL_EFFECT_ALERT_RAISED,
        [PL_ALERT_LOWER] = PL_EFFECT_ALERT_LOWERED,
        [PL_ALERT_CLOSE] = PL_EFFECT_ALERT_RESOLVED,
    };
    struct pl_alert_slot *slot = &e->alerts[alert];
    if (action == PL_ALERT_OPEN) began(&slot->alert);
    slot->restored = false;
    slot->refused = slot->alert.delivered = slot->alert.failed = 0;
    if (action == PL_ALERT_OPEN || action == PL_ALERT_RAISE) {
        slot->alert.routed_mono_ms = e->now.mono_ms;
        slot->alert.round = 0;
    }
    emit_alert(e, said[action], alert);
    emit_alert(e, PL_EFFECT_SAVE_ALERT, alert);
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
    if (action != PL_ALERT_NONE) act(e, index, action);
}

/* The alert of that pool that pages and that `a` is only a consequence of, or NULL. */
static const struct pl_alert *cause_of(const struct pl_engine *e, uint32_t pool,
                                       const struct pl_alert *a)
{
    for (enum pl_rule cause = 0; cause < PL_RULE_COUNT; cause++) {
        const struct pl_alert *c = &e->alerts[pool * PL_RULE_COUNT + cause].alert;
        if (pl_alert_pages(c) && pl_rule_hides(cause, a->rule) >= a->tier) return c;
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
    act(e, index, PL_ALERT_RAISE);
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
        hide_or_tell(e, index);
        pl_engine_tell(e, index);
    }
}
