#include "collector/core/engine_state.h"

#include "common/base/assert.h"

uint32_t pl_engine_alert_index(const struct pl_engine *e, const struct pl_alert *alert)
{
    uint32_t pool = pl_fleet_find_pool(&e->fleet, &alert->pool);
    PL_ASSERT(pool != PL_NO_INDEX); // pools stay
    return pool * PL_RULE_COUNT + alert->rule;
}

void pl_engine_emit_alert(struct pl_engine *e, enum pl_effect_type type, uint32_t alert)
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

/* Into the log of deliveries: what became of telling that target. `page` may be NULL. */
static void log_delivery(struct pl_engine *e, uint32_t alert, uint8_t target,
                         const struct pl_page *page, enum pl_delivery_end end)
{
    const struct pl_alert *a = page ? &page->alert : &e->alerts[alert].alert;
    struct pl_delivery entry = {.at_unix_ms = e->now.unix_ms,
                                .pool = a->pool,
                                .rule = a->rule,
                                .opened_unix_ms = a->opened_unix_ms,
                                .target_index = target,
                                .resolved = page ? page->resolved : !pl_alert_pages(a),
                                .end = end,
                                .attempt = page ? page->attempts : 0,
                                .status = page ? page->last_status : 0};
    uint32_t place = pl_deliveries_add(&e->deliveries, &entry);
    pl_engine_emit(
        e, &(struct pl_effect){.type = PL_EFFECT_SAVE_DELIVERY, .alert = alert, .delivery = place});
}

static void withdraw(struct pl_engine *e, uint32_t alert, struct pl_page *page)
{
    e->counts.pages_withdrawn++;
    /* What it may have told must be written down before it is deleted. */
    if (page->told) pl_engine_emit_alert(e, PL_EFFECT_SAVE_ALERT, alert);
    log_delivery(e, alert, page->target, page, PL_DELIVERY_WITHDRAWN);
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
        log_delivery(e, alert, target, NULL, PL_DELIVERY_REFUSED);
        pl_engine_emit(e, &(struct pl_effect){
                              .type = PL_EFFECT_PAGE_REFUSED, .alert = alert, .target = target});
        return;
    }
    PL_UNREACHABLE("tell");
}

/* Who need not hear of it yet: those who were told of it until it ended a moment ago, and those who
 * have just been told of another alert of that pool. */
static uint64_t spared(const struct pl_engine *e, uint32_t alert)
{
    const struct pl_alert_slot *slot = &e->alerts[alert];
    int64_t now = e->now.mono_ms;
    uint64_t who = 0;
    if (slot->told_mono_ms != PL_NEVER_MS && now - slot->told_mono_ms < PL_PAGE_FLOOR_MS)
        who = slot->floored;
    if (now - slot->alert.routed_mono_ms >= PL_PAGE_GROUP_MS) return who;
    uint32_t first = alert / PL_RULE_COUNT * PL_RULE_COUNT;
    for (uint32_t other = first; other < first + PL_RULE_COUNT; other++) {
        const struct pl_alert_slot *o = &e->alerts[other];
        bool is_new = o->told_mono_ms != PL_NEVER_MS && now - o->told_mono_ms < PL_PAGE_GROUP_MS;
        if (other != alert && is_new && pl_alert_pages(&o->alert)) who |= o->alert.delivered;
    }
    return who;
}

void pl_engine_route(const struct pl_engine *e, uint32_t pool, struct pl_route *out)
{
    *out = (struct pl_route){0};
    if (pl_engine_is_own_pool(e, pool))
        pl_engine_own_route(e, out);
    else if (e->policies[pool] != 0)
        e->routes.resolve(e->routes.roster, e->policies[pool], e->now.unix_ms, out);
    else
        pl_route_all(e->fleet.pools[pool].notify, out);
}

/* Who must be told that this alert fires, and was not. */
static uint64_t missing_in(struct pl_engine *e, uint32_t alert)
{
    struct pl_alert_slot *slot = &e->alerts[alert];
    struct pl_alert *a = &slot->alert;
    uint32_t pool = alert / PL_RULE_COUNT;
    struct pl_route route;
    if (slot->held) return 0;
    /* What comes from an old record may be long over: nobody new hears of it before it shows. */
    bool is_old = slot->restored && e->now.unix_ms - a->opened_unix_ms > PL_PAGE_OLD_MS;
    uint64_t who = is_old && !slot->seen ? slot->queued : UINT64_MAX;
    pl_engine_route(e, pool, &route);
    uint64_t enough = spared(e, alert);
    for (;;) {
        struct pl_route_progress progress = {a->routed_mono_ms, a->delivered | enough, a->failed};
        struct pl_route_look look = pl_route_look(&route, &progress, e->now.mono_ms);
        if (look.round <= a->round) return look.wanted & ~progress.delivered & ~a->failed & who;
        a->round = look.round;
        a->delivered = a->failed = 0;
    }
}

/* Its page to that target is of no use any more. */
static void take_back(struct pl_engine *e, uint32_t alert, uint8_t target)
{
    struct pl_alert *a = &e->alerts[alert].alert;
    struct pl_page *page = pl_outbox_unwanted(&e->outbox, target, a);
    if (!page) return;
    /* It fires again before anybody heard that it was over: what they heard last is true. */
    if (page->resolved && !page->told) a->delivered |= pl_target_bit(target);
    withdraw(e, alert, page);
}

void pl_engine_tell(struct pl_engine *e, uint32_t alert)
{
    struct pl_alert_slot *slot = &e->alerts[alert];
    struct pl_alert *a = &slot->alert;
    bool pages = pl_alert_pages(a);
    if (!pages && (a->paged | slot->queued) == 0) return;
    if (!pl_engine_has_room(e)) return;
    uint64_t missing = pages ? missing_in(e, alert) : a->paged & ~a->failed;
    for (uint8_t target = 0; target < e->target_count; target++) {
        uint64_t bit = pl_target_bit(target);
        if ((missing & bit) != 0 || (!pages && (slot->queued & bit) != 0))
            pl_engine_tell_target(e, alert, target);
        else if ((slot->queued & bit) != 0)
            take_back(e, alert, target);
    }
}

/* The page is SENT or FAILED. */
static void settle(struct pl_engine *e, struct pl_page *page, enum pl_delivery_end end)
{
    uint32_t alert = pl_engine_alert_index(e, &page->alert);
    struct pl_alert_slot *slot = &e->alerts[alert];
    struct pl_alert *a = &slot->alert;
    uint64_t bit = pl_target_bit(page->target);
    bool sent = page->state == PL_PAGE_SENT;
    bool newest = page->alert.revision == a->revision;
    if (page->told && !page->resolved) a->paged |= bit;
    if (sent && page->resolved) a->paged &= ~bit;
    if (sent && !page->resolved) slot->told_mono_ms = e->now.mono_ms;
    if (newest && sent && !page->resolved) a->delivered |= bit;
    if (sent && !page->resolved) pl_engine_after_page(e, alert);
    if (newest && !sent) a->failed |= bit;
    log_delivery(e, alert, page->target, page, end);
    if (!sent) emit_page(e, PL_EFFECT_PAGE_FAILED, alert, page);
    pl_engine_emit_alert(e, PL_EFFECT_SAVE_ALERT, alert);
    drop_page(e, alert, page);
    pl_engine_tell(e, alert);
}

void pl_engine_answered(struct pl_engine *e, struct pl_page *page)
{
    if (page->state == PL_PAGE_SENT) {
        e->counts.pages_sent++;
        settle(e, page, PL_DELIVERED);
        return;
    }
    if (page->state == PL_PAGE_FAILED) {
        bool is_broken = page->last_class == PL_RESULT_BROKEN;
        e->counts.pages_failed++;
        settle(e, page, is_broken ? PL_DELIVERY_BROKEN : PL_DELIVERY_REJECTED);
        return;
    }
    e->counts.pages_retried++;
    uint32_t alert = pl_engine_alert_index(e, &page->alert);
    log_delivery(e, alert, page->target, page, PL_DELIVERY_RETRY);
    struct pl_alert *a = &e->alerts[alert].alert;
    uint64_t bit = pl_target_bit(page->target);
    if (page->told && !page->resolved && (a->paged & bit) == 0) {
        a->paged |= bit;
        pl_engine_emit_alert(e, PL_EFFECT_SAVE_ALERT, alert);
    }
    pl_engine_tell(e, alert);
}

void pl_engine_run_outbox(struct pl_engine *e)
{
    for (int asked = 0; asked < PL_PAGES_PER_CALL_MAX && pl_engine_has_room(e);) {
        struct pl_page *page = pl_outbox_due(&e->outbox, e->now);
        if (!page) return;
        uint32_t alert = pl_engine_alert_index(e, &page->alert);
        if (page->state == PL_PAGE_FAILED) {
            e->counts.pages_expired++;
            settle(e, page, PL_DELIVERY_EXPIRED);
            continue;
        }
        /* Tell the newest values and hosts, not those of an hour of retries ago. */
        const struct pl_alert *newest = &e->alerts[alert].alert;
        if (!page->resolved && newest->revision == page->alert.revision) page->alert = *newest;
        emit_page(e, PL_EFFECT_SEND_PAGE, alert, page);
        asked++;
    }
}
