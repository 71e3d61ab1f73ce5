/* Alerts that others found: from a post to the alert of a group, and its end. */
#include "collector/core/engine_state.h"

#include "common/base/assert.h"
#include "common/base/err.h"

static uint32_t index_of(uint32_t pool)
{
    return pool * PL_RULE_COUNT + PL_RULE_EXTERNAL;
}

int pl_engine_admit_group(struct pl_engine *e, const struct pl_name *name, uint32_t *pool)
{
    static const struct pl_name rest = {.len = 15, .text = "external-others"};
    *pool = pl_fleet_find_pool(&e->fleet, name);
    if (*pool != PL_NO_INDEX) return 0;
    if (e->group_count >= PL_EXTERNAL_GROUPS_MAX) name = &rest;
    uint32_t before = e->fleet.pool_count;
    int err = pl_engine_admit_pool(e, name, pool);
    if (err != 0 || e->fleet.pool_count == before) return err;
    e->fleet.pools[*pool].is_group = true;
    e->group_count++;
    return 0;
}

/* The pool it names, if that is one of ours; else its group. */
static int find_group(struct pl_engine *e, const struct pl_external *posted, uint32_t *pool)
{
    *pool = posted->pool.len == 0 ? PL_NO_INDEX : pl_fleet_find_pool(&e->fleet, &posted->pool);
    if (*pool != PL_NO_INDEX && !e->fleet.pools[*pool].is_group) return 0;
    return pl_engine_admit_group(e, &posted->group, pool);
}

static void save(struct pl_engine *e, uint64_t fingerprint)
{
    pl_engine_emit(e, &(struct pl_effect){.type = PL_EFFECT_SAVE_EXTERNAL, .number = fingerprint});
}

static void drop(struct pl_engine *e, uint32_t place)
{
    save(e, e->externals.fingerprints[place]);
    pl_externals_drop(&e->externals, place);
}

static int64_t ends_mono_ms(const struct pl_external *alert, int64_t least_ms, struct pl_now now)
{
    int64_t left_ms = PL_MIN(alert->ends_unix_ms - now.unix_ms, PL_EXTERNAL_END_MAX_MS);
    return now.mono_ms + PL_MAX(left_ms, least_ms);
}

/* Does anything but its end differ from what is known of it? */
static bool is_renewed(const struct pl_external *known, const struct pl_external *posted)
{
    return strcmp(known->summary, posted->summary) != 0 ||
           strcmp(known->source, posted->source) != 0 || known->tier != posted->tier ||
           known->begins_unix_ms != posted->begins_unix_ms;
}

/* Who knows of the alert of that group does not know of this kind. */
static bool is_news(const struct pl_engine *e, uint32_t pool, const struct pl_external *posted)
{
    const struct pl_alert_slot *slot = &e->alerts[index_of(pool)];
    bool is_told = slot->held || (slot->alert.paged | slot->alert.delivered) != 0;
    return posted->tier == PL_TIER_PAGE && slot->alert.state == PL_ALERT_FIRING && is_told &&
           !pl_externals_has(&e->externals, pool, posted);
}

/* A place for it: one of a lower tier goes. */
static void make_room(struct pl_engine *e, const struct pl_external *posted)
{
    bool is_known = pl_externals_find(&e->externals, posted->fingerprint) != PL_NO_INDEX;
    if (is_known || e->externals.count < PL_EXTERNALS_MAX) return;
    uint32_t place = pl_externals_lower(&e->externals, posted->tier);
    if (place != PL_NO_INDEX) drop(e, place);
}

static int take(struct pl_engine *e, const struct pl_external *posted)
{
    uint32_t pool;
    int err = find_group(e, posted, &pool);
    if (err != 0) return err;
    make_room(e, posted);
    bool news = is_news(e, pool, posted);
    uint32_t known = pl_externals_find(&e->externals, posted->fingerprint);
    bool renewed = known == PL_NO_INDEX || is_renewed(&e->externals.entries[known].alert, posted);
    uint32_t place = pl_externals_put(&e->externals, pool, posted, ends_mono_ms(posted, 0, e->now));
    if (place == PL_NO_INDEX) return PL_E_FULL;
    if (news) e->external_news[pool] = true;
    struct pl_external_entry *entry = &e->externals.entries[place];
    int64_t moved_ms = posted->ends_unix_ms - entry->saved_ends_unix_ms;
    if (!renewed && moved_ms < PL_EXTERNAL_SAVE_MS && moved_ms > -PL_EXTERNAL_SAVE_MS) return 0;
    entry->saved_ends_unix_ms = posted->ends_unix_ms;
    save(e, posted->fingerprint);
    return 0;
}

int pl_engine_external(struct pl_engine *e, const struct pl_external *posted, struct pl_now now)
{
    now = pl_engine_begin(e, now);
    int err = 0;
    if (posted->ends_unix_ms > now.unix_ms) {
        err = take(e, posted);
    } else {
        uint32_t place = pl_externals_find(&e->externals, posted->fingerprint);
        if (place != PL_NO_INDEX) drop(e, place);
    }
    pl_engine_end(e);
    return err;
}

void pl_engine_externals_posted(struct pl_engine *e, struct pl_now now)
{
    (void)pl_engine_begin(e, now);
    for (uint32_t pool = 0; pool < e->fleet.pool_count; pool++) {
        bool is_quiet = e->alerts[index_of(pool)].alert.state != PL_ALERT_FIRING;
        if (is_quiet && pl_externals_judge(&e->externals, pool).tier == PL_TIER_NONE) continue;
        pl_engine_judge_pool(e, pool, true);
    }
    pl_engine_end(e);
}

struct pl_verdict pl_engine_ask_external(const struct pl_engine *e, uint32_t pool)
{
    struct pl_verdict verdict = pl_externals_judge(&e->externals, pool);
    const struct pl_alert_slot *slot = &e->alerts[index_of(pool)];
    bool is_young = e->now.mono_ms - e->start.mono_ms < PL_EXTERNAL_GRACE_MS;
    /* It fired before a restart, and what it was about was not posted again yet. */
    if (verdict.tier == PL_TIER_NONE && slot->restored && !slot->seen && is_young)
        verdict.no_data = true;
    return verdict;
}

/* Whoever has the alert of that group, or was told of it, hears that there is more; not every
 * moment. */
static void tell_news(struct pl_engine *e, uint32_t pool)
{
    uint32_t alert = index_of(pool);
    struct pl_alert_slot *slot = &e->alerts[alert];
    bool fires = pl_alert_pages(&slot->alert);
    if (fires && e->now.mono_ms - slot->alert.routed_mono_ms < PL_PAGE_FLOOR_MS) return;
    e->external_news[pool] = false;
    if (!fires || slot->silence != 0) return;
    if (slot->handling.hold == PL_HOLD_NONE) {
        pl_engine_begin_anew(e, alert);
    } else {
        slot->handling.hold = PL_HOLD_NONE; // judging sees that nobody has it
        pl_engine_emit_alert(e, PL_EFFECT_SAVE_HANDLING, alert);
    }
}

void pl_engine_step_externals(struct pl_engine *e)
{
    uint32_t place = pl_externals_over(&e->externals, 0, e->now.mono_ms);
    while (place != PL_NO_INDEX && !e->tilted && pl_engine_has_room(e)) {
        drop(e, place);
        place = pl_externals_over(&e->externals, place + 1, e->now.mono_ms);
    }
    for (uint32_t pool = 0; pool < e->fleet.pool_count; pool++) {
        if (e->external_news[pool] && pl_engine_has_room(e)) tell_news(e, pool);
    }
}

int pl_engine_restore_external(struct pl_engine *e, const struct pl_external *alert,
                               struct pl_now now)
{
    now = pl_engine_begin(e, now);
    if (pl_externals_find(&e->externals, alert->fingerprint) != PL_NO_INDEX) return 0;
    uint32_t pool;
    int err = find_group(e, alert, &pool);
    if (err != 0) return err;
    int64_t ends = ends_mono_ms(alert, PL_EXTERNAL_GRACE_MS, now);
    uint32_t place = pl_externals_put(&e->externals, pool, alert, ends);
    if (place == PL_NO_INDEX) return PL_E_FULL;
    e->externals.entries[place].saved_ends_unix_ms = alert->ends_unix_ms;
    return 0;
}
