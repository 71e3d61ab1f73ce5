/* What came of launches: their curve, what happened meanwhile, and what is learned of it. */
#include "collector/core/engine_state.h"

#include "common/base/text.h"

static struct pl_launch_deed deed_of(const struct pl_engine *e, enum pl_launch_deed_kind kind)
{
    return (struct pl_launch_deed){.kind = kind,
                                   .unix_ms = e->now.unix_ms,
                                   .count = 1,
                                   .headroom = PL_HEADROOM_UNKNOWN,
                                   .later_headroom = PL_HEADROOM_UNKNOWN};
}

static double headroom_of(const struct pl_engine *e, const struct pl_launch *l)
{
    uint32_t pool = pl_fleet_find_pool(&e->fleet, &l->pools[0]);
    bool known = pool != PL_NO_INDEX && e->saturation[pool].headroom.source != PL_CAPACITY_UNKNOWN;
    return known ? e->saturation[pool].headroom.headroom : PL_HEADROOM_UNKNOWN;
}

/* Watched closely; or, for packages, in the time they were to stay away. */
static bool concerns(const struct pl_launch_entry *entry, enum pl_launch_deed_kind kind,
                     int64_t now_unix_ms)
{
    if (!entry->used || entry->course.state == PL_LAUNCH_CANCELLED) return false;
    if (kind == PL_DEED_UPGRADE && pl_launch_is_frozen(&entry->launch, now_unix_ms)) return true;
    return pl_launch_is_watched(entry->course.state);
}

static void note(struct pl_engine *e, uint32_t pool, struct pl_launch_deed *deed)
{
    for (uint32_t i = 0; i < e->launches.used_max; i++) {
        struct pl_launch_entry *entry = &e->launches.entries[i];
        if (!concerns(entry, deed->kind, deed->unix_ms) ||
            !pl_launch_names_pool(&entry->launch, &e->fleet.pools[pool].name))
            continue;
        deed->headroom = headroom_of(e, &entry->launch);
        pl_launch_deed(&entry->after, deed);
        entry->unsaved = true;
    }
}

static void write_alert(const struct pl_engine *e, uint32_t alert, char out[PL_LAUNCH_DEED_BYTES])
{
    const struct pl_alert *a = &e->alerts[alert].alert;
    struct pl_text text = pl_text_init(out, PL_LAUNCH_DEED_BYTES);
    pl_text_str(&text, pl_rule_name(a->rule));
    pl_text_char(&text, '/');
    pl_text_str(&text, a->pool.text);
}

void pl_engine_after_page(struct pl_engine *e, uint32_t alert)
{
    struct pl_launch_deed deed = deed_of(e, PL_DEED_PAGE);
    write_alert(e, alert, deed.text);
    note(e, alert / PL_RULE_COUNT, &deed);
}

void pl_engine_after_said(struct pl_engine *e, uint32_t alert,
                          const struct pl_handle_request *request)
{
    if (request->act == PL_HANDLE_ACKNOWLEDGE) {
        struct pl_launch_deed deed = deed_of(e, PL_DEED_ACKNOWLEDGED);
        pl_said_copy(deed.who, sizeof deed.who, request->by);
        write_alert(e, alert, deed.text);
        note(e, alert / PL_RULE_COUNT, &deed);
    }
    if (request->note.len == 0) return;
    struct pl_launch_deed deed = deed_of(e, PL_DEED_NOTE);
    pl_said_copy(deed.who, sizeof deed.who, request->by);
    pl_said_copy(deed.text, sizeof deed.text, request->note);
    note(e, alert / PL_RULE_COUNT, &deed);
}

void pl_engine_after_change(struct pl_engine *e, uint32_t host, const struct pl_change *change)
{
    if (change->count == 0) return; // it is over, and nothing happened
    bool is_package = change->kind == PL_CHANGE_UPGRADED || change->kind == PL_CHANGE_INSTALLED ||
                      change->kind == PL_CHANGE_REMOVED;
    struct pl_launch_deed deed = deed_of(e, is_package ? PL_DEED_UPGRADE : PL_DEED_CHANGE);
    deed.unix_ms = PL_MIN(change->unix_ms, e->now.unix_ms); // when it happened; it is told later
    struct pl_text text = pl_text_init(deed.text, sizeof deed.text);
    pl_text_str(&text, pl_change_kind_name(change->kind));
    if (change->subject[0] != '\0') pl_text_char(&text, ' ');
    pl_text_str(&text, change->subject);
    if (change->before[0] != '\0' && change->after[0] != '\0') {
        pl_text_char(&text, ' ');
        pl_text_str(&text, change->before);
        pl_text_str(&text, " to ");
        pl_text_str(&text, change->after);
    }
    note(e, e->fleet.hosts[host].pool, &deed);
}

void pl_engine_follow_launch(struct pl_engine *e, uint32_t launch,
                             const struct pl_launch_sight *sight)
{
    struct pl_launch_entry *entry = &e->launches.entries[launch];
    if (!pl_launch_is_watched(entry->course.state) || !sight->is_known) return;
    struct pl_load load = pl_launch_load(&entry->plan, e->now.unix_ms);
    struct pl_launch_point point = {(float)sight->traffic_per_s,
                                    (float)(sight->usual_per_s + load.p50),
                                    (float)(sight->usual_per_s + load.p90)};
    if (pl_launch_curve_add(&entry->after.curve, &point, e->now.unix_ms)) entry->unsaved = true;
    if (sight->ceiling > 0) pl_launch_deeds_later(&entry->after, sight->headroom, e->now.unix_ms);
}

void pl_engine_learned(const struct pl_engine *e, const struct pl_launch *l,
                       struct pl_launch_learned *out)
{
    pl_launch_learn(&e->launches, l, out);
}
