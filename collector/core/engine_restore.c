#include "collector/core/engine_state.h"

#include "collector/core/judge/rule_silent.h"
#include "common/base/err.h"

int pl_engine_restore_host(struct pl_engine *e, const struct pl_hello *hello, struct pl_now now,
                           uint32_t *host)
{
    now = pl_engine_begin(e, now);
    uint32_t known = pl_fleet_find_host(&e->fleet, &hello->host);
    if (known != PL_NO_INDEX) { // it was faster than its record
        *host = known;
        return 0;
    }
    bool is_new;
    uint32_t index;
    int err = pl_engine_admit(e, hello, &is_new, &index);
    if (err != 0) return err;
    (void)pl_engine_introduce(e, hello, index); // nothing new to write down
    struct pl_host *h = &e->fleet.hosts[index];
    h->arrived_mono_ms = now.mono_ms;
    h->arrived_unix_ms = now.unix_ms;
    h->judged_stamp_ms = PL_NEVER_MS;
    int64_t after_ms = pl_rule_silent_after_ms(&e->rules[h->pool], h->interval_ms);
    e->fleet.due_mono_ms[index] = now.mono_ms + PL_MAX(e->default_rules.silent_grace_ms, after_ms);
    *host = index;
    return 0;
}

void pl_engine_restore_sample(struct pl_engine *e, uint32_t host, const struct pl_boot_id *boot_id,
                              const struct pl_sample *sample)
{
    if (host >= e->fleet.slot_count || !e->fleet.hosts[host].used) return;
    struct pl_host *h = &e->fleet.hosts[host];
    bool same_boot = pl_boot_id_eq(&h->boot_id, boot_id);
    if (h->presence != PL_WAITING || (h->joined && !same_boot)) return;
    if (!same_boot) {
        h->boot_id = *boot_id;
        h->last_seq = 0;
    }
    if (sample->seq <= h->last_seq) return;
    h->last_seq = sample->seq;
    h->last = *sample;
    h->has_sample = true;
    pl_window_push(&h->window, sample);
    int64_t age_ms = PL_MAX(e->now.unix_ms - sample->unix_ms, 0);
    h->arrived_mono_ms = e->now.mono_ms - age_ms;
    h->arrived_unix_ms = sample->unix_ms;
    struct pl_tiers tiers = pl_engine_follow(e, h, sample, sample->unix_ms);
    pl_fleet_set(&e->fleet, host, PL_WAITING, &tiers);
}

void pl_engine_restore_learned(struct pl_engine *e, uint32_t host,
                               const struct pl_capacity_learner *learned, struct pl_now now)
{
    now = pl_engine_begin(e, now);
    if (host >= e->fleet.slot_count || !e->fleet.hosts[host].used) return;
    struct pl_host *h = &e->fleet.hosts[host];
    if (!pl_capacity_adopt(&h->capacity, e->rules[h->pool].levels, learned, now.unix_ms)) return;
    h->traffic_source.choice = (uint8_t)learned->source;
    pl_saturation_resume(&e->saturation[h->pool], learned->source);
}

void pl_engine_restore_traffic(struct pl_engine *e, const struct pl_name *pool,
                               enum pl_traffic_source unit, const struct pl_traffic *traffic)
{
    uint32_t index = pl_fleet_find_pool(&e->fleet, pool);
    if (index != PL_NO_INDEX) pl_saturation_restore(&e->saturation[index], unit, traffic);
}

/* Is every number of it one this program has a meaning for? */
static bool is_sane(const struct pl_alert *a)
{
    return a->rule < PL_RULE_COUNT && a->state <= PL_ALERT_RESOLVED && a->tier < PL_TIER_COUNT &&
           a->finding.tier < PL_TIER_COUNT && a->finding.resource < PL_RESOURCE_COUNT &&
           a->hidden_by < PL_RULE_COUNT && a->finding.surge.reason < PL_SURGE_REASON_COUNT &&
           a->finding.named_count <= PL_FINDING_HOSTS_MAX;
}

/* Take the record over: nothing has happened to this alert here. Running hold and clear times
 * begin again, because they were measured by the clock of another process. */
static void adopt(struct pl_engine *e, struct pl_alert_slot *slot, const struct pl_alert *record)
{
    uint64_t known = pl_targets_below(e->target_count);
    uint64_t paged = slot->alert.paged | record->paged;
    slot->alert = *record;
    slot->alert.paged = paged & known;
    slot->alert.delivered &= known;
    slot->alert.failed &= known;
    slot->alert.pending_mono_ms = e->now.mono_ms;
    slot->alert.lower_mono_ms = slot->alert.clear_mono_ms = PL_NEVER_MS;
    pl_alert_forget_cycles(&slot->alert);
    slot->restored = true;
}

/* It lives here already: keep the state, remember who was told, and continue the revisions. */
static void merge(struct pl_engine *e, uint32_t index, const struct pl_alert *record)
{
    struct pl_alert *a = &e->alerts[index].alert;
    a->paged |= record->paged & pl_targets_below(e->target_count);
    a->revision = PL_MAX(a->revision, record->revision + 1);
    pl_engine_emit(e, &(struct pl_effect){.type = PL_EFFECT_SAVE_ALERT, .alert = index});
}

static int admit_record(struct pl_engine *e, const struct pl_name *name, enum pl_rule rule,
                        uint32_t *pool)
{
    return rule == PL_RULE_EXTERNAL ? pl_engine_admit_group(e, name, pool)
                                    : pl_engine_admit_pool(e, name, pool);
}

/* Find or make the alert a record is about, and take the record over where that is newer. */
static int restore_record(struct pl_engine *e, const struct pl_alert *record, bool own_record,
                          uint32_t *index)
{
    if (!is_sane(record)) return PL_E_RANGE;
    uint32_t pool;
    int err = admit_record(e, &record->pool, record->rule, &pool);
    if (err != 0) return err;
    *index = pool * PL_RULE_COUNT + record->rule;
    struct pl_alert_slot *slot = &e->alerts[*index];
    bool untouched = slot->restored || slot->alert.revision == 0;
    bool newer = record->revision > slot->alert.revision;
    if (untouched && (newer || (own_record && record->revision == slot->alert.revision))) {
        adopt(e, slot, record);
    } else if (!untouched && own_record) {
        merge(e, *index, record);
    }
    return 0;
}

int pl_engine_restore_alert(struct pl_engine *e, const struct pl_alert *alert, struct pl_now now)
{
    (void)pl_engine_begin(e, now);
    uint32_t index;
    int err = restore_record(e, alert, true, &index);
    if (err == 0) pl_engine_restore_notifier(e, alert);
    return err;
}

int pl_engine_restore_handling(struct pl_engine *e, const struct pl_name *pool, enum pl_rule rule,
                               const struct pl_handling *handling)
{
    uint32_t index;
    int err = admit_record(e, pool, rule, &index);
    if (err != 0) return err;
    struct pl_alert_slot *slot = &e->alerts[index * PL_RULE_COUNT + rule];
    if (pl_handling_any(&slot->handling)) return 0; // somebody was faster than Redis
    slot->handling = *handling;
    slot->held = handling->hold != PL_HOLD_NONE;
    return 0;
}

int pl_engine_restore_silence(struct pl_engine *e, const struct pl_silence *silence)
{
    uint64_t number;
    return pl_silences_put(&e->silences, silence, e->now.unix_ms, &number);
}

void pl_engine_restore_delivery(struct pl_engine *e, const struct pl_delivery *delivery)
{
    pl_deliveries_restore(&e->deliveries, delivery);
}

/* Its page is deleted; its alert goes on without it. */
static void drop_record(struct pl_engine *e, uint32_t alert, const struct pl_page *page)
{
    e->alerts[alert].alert.paged |= pl_target_bit(page->target); // it may have arrived
    pl_engine_emit_alert(e, PL_EFFECT_SAVE_ALERT, alert);        // before the page is deleted
    pl_engine_emit(e, &(struct pl_effect){.type = PL_EFFECT_DROP_PAGE,
                                          .target = page->target,
                                          .alert = alert,
                                          .number = page->number});
}

int pl_engine_restore_page(struct pl_engine *e, const struct pl_page *page, struct pl_now now)
{
    now = pl_engine_begin(e, now);
    if (page->target >= e->target_count) return PL_E_RANGE;
    /* Who else was told when the page was written is the alert's own record to say. */
    struct pl_alert alert = page->alert;
    alert.paged = alert.delivered = alert.failed = 0;
    uint32_t index;
    int err = restore_record(e, &alert, false, &index);
    if (err != 0) return err;
    struct pl_alert_slot *slot = &e->alerts[index];
    uint64_t bit = pl_target_bit(page->target);
    if (pl_outbox_find(&e->outbox, page->target, &page->alert)) {
        drop_record(e, index, page); // a newer one is on its way
        return 0;
    }
    pl_engine_look_at_holds(e, index);
    bool is_old = slot->restored && now.unix_ms - page->created_unix_ms > PL_PAGE_OLD_MS;
    bool is_held = slot->held && pl_alert_pages(&slot->alert);
    if (is_held || (is_old && !page->resolved)) {
        drop_record(e, index, page); // it is told anew when its trouble shows and nobody has it
        return 0;
    }
    if (!pl_outbox_restore(&e->outbox, page, now)) return PL_E_FULL;
    slot->queued |= bit;
    slot->alert.paged |= bit; // an attempt may have been under way
    slot->alert.delivered &= ~bit;
    slot->alert.failed &= ~bit;
    pl_engine_tell_target(e, index, page->target);
    return 0;
}
