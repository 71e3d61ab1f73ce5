#include "collector/codec/alert_text.h"
#include "collector/codec/json_change.h"
#include "collector/codec/json_put.h"
#include "collector/codec/json_said.h"
#include "collector/codec/json_view.h"
#include "collector/codec/shortfall.h"

#include "common/base/assert.h"
#include "common/base/err.h"

enum { BP = 10000, EXTERNAL_SHOWN_MAX = 8 };

static const char *page_state_name(const struct pl_page *page)
{
    bool tried = page->attempts > (page->state == PL_PAGE_SENDING ? 1 : 0);
    switch (page->state) {
    case PL_PAGE_INTENT:
    case PL_PAGE_READY:
    case PL_PAGE_SENDING: return tried ? "retry" : "queued";
    case PL_PAGE_SENT: return "sent";
    case PL_PAGE_FAILED: return "failed";
    }
    PL_UNREACHABLE("page state");
}

/* The page on its way to `target` about `alert`, or NULL. */
static const struct pl_page *find_page(const struct pl_view *view, const struct pl_alert *alert,
                                       uint32_t target)
{
    for (uint32_t n = 0; n < pl_engine_page_count(view->engine); n++) {
        const struct pl_page *page = pl_engine_page_at(view->engine, n);
        if (page->target == target && page->alert.rule == alert->rule &&
            pl_name_eq(&page->alert.pool, &alert->pool))
            return page;
    }
    return NULL;
}

/* What the provider answered last: its HTTP status, or in words why there was none. */
static void put_last(struct pl_text *out, int16_t status)
{
    pl_text_str(out, ",\"last\":");
    if (status < 0) {
        pl_text_json(out, pl_span_of(pl_err_text(status)));
    } else if (status == 0) {
        pl_text_str(out, "null"); // not tried yet
    } else {
        pl_json_put_number(out, "\"", status, 1);
        pl_text_char(out, '"');
    }
}

/* What became of telling each target. A page that arrived has left the outbox: the alert itself
 * remembers whom it reached. */
static void put_pages(struct pl_text *out, const struct pl_view *view, const struct pl_alert *alert)
{
    bool first = true;
    pl_text_str(out, ",\"pages\":[");
    for (uint32_t t = 0; t < view->target_count; t++) {
        const struct pl_page *page = find_page(view, alert, t);
        bool failed = alert->failed >> t & 1, told = alert->paged >> t & 1;
        if (!page && !failed && !told) continue;
        pl_json_put_name(out, first ? "{\"target\":" : ",{\"target\":", &view->targets[t]);
        pl_text_str(out, ",\"state\":\"");
        bool knows = (alert->delivered & pl_target_bit(t)) != 0 || !pl_alert_pages(alert);
        const char *without_page = failed ? "failed" : knows ? "sent" : "withdrawn";
        pl_text_str(out, page ? page_state_name(page) : without_page);
        pl_text_char(out, '"');
        if (page) {
            pl_json_put_number(out, ",\"attempts\":", page->attempts, 1);
            put_last(out, page->last_status);
        }
        pl_text_char(out, '}');
        first = false;
    }
    pl_text_char(out, ']');
}

static const char *alert_state_name(enum pl_alert_state state)
{
    switch (state) {
    case PL_ALERT_OK: break; // not listed
    case PL_ALERT_PENDING: return "pending";
    case PL_ALERT_FIRING: return "firing";
    case PL_ALERT_RESOLVED: return "resolved";
    }
    PL_UNREACHABLE("alert state");
}

static void put_contact(struct pl_text *out, const struct pl_view *view,
                        const struct pl_alert *alert)
{
    struct pl_contact contact = pl_contact_find(&view->contacts, &alert->pool);
    if (contact.owner.len > 0) {
        pl_text_str(out, ",\"owner\":");
        pl_text_json(out, contact.owner);
    }
    if (contact.runbook.len > 0) {
        pl_text_str(out, ",\"runbook\":");
        pl_text_json(out, contact.runbook);
    }
}

static void put_help(struct pl_text *out, const struct pl_view *view, const struct pl_alert *alert)
{
    char text[PL_SHORTFALL_TEXT_BYTES];
    struct pl_text helps = pl_text_init(text, sizeof text);
    pl_shortfall_text_write(view->engine, alert, &helps);
    if (helps.len == 0) return;
    pl_text_str(out, ",\"helps\":");
    pl_text_json(out, pl_text_bytes(&helps));
}

static void put_outlook(struct pl_text *out, const struct pl_surge_outlook *surge)
{
    pl_text_str(out, ",\"reason\":");
    pl_text_json(out, pl_span_of(pl_surge_reason_name(surge->reason)));
    if (surge->left_s >= 0) {
        pl_json_put_number(out, ",\"seconds_left\":{\"middle\":", surge->left_s, 1);
        pl_json_put_number(out, ",\"early\":", surge->early_s, 1);
        pl_json_put_number(out, ",\"late\":", surge->late_s, 1);
        pl_text_char(out, '}');
    }
    if (surge->double_s > 0) pl_json_put_number(out, ",\"doubles_in_s\":", surge->double_s, 1);
}

/* What of it others found, at most EXTERNAL_SHOWN_MAX of them, newest first. */
static void put_external(struct pl_text *out, const struct pl_view *view, uint32_t pool)
{
    const struct pl_externals *all = pl_engine_externals(view->engine);
    uint32_t shown = 0;
    pl_text_str(out, ",\"external\":[");
    for (uint32_t at = all->first[pool]; at != 0 && shown < EXTERNAL_SHOWN_MAX;
         at = all->entries[at - 1].next + 1) {
        const struct pl_external *x = &all->entries[at - 1].alert;
        pl_text_str(out, shown++ > 0 ? ",{\"labels\":" : "{\"labels\":");
        pl_text_json(out, pl_span_of(x->labels));
        pl_text_str(out, ",\"summary\":");
        pl_text_json(out, pl_span_of(x->summary));
        pl_text_str(out, ",\"source\":");
        pl_text_json(out, pl_span_of(x->source));
        pl_json_put_time(out, ",\"since\":", x->begins_unix_ms);
        pl_text_char(out, '}');
    }
    pl_text_char(out, ']');
}

static void put_alert(struct pl_text *out, const struct pl_view *view, uint32_t index,
                      bool with_changes)
{
    const struct pl_alert *alert = pl_engine_alert(view->engine, index);
    const struct pl_finding *finding = &alert->finding;
    char id[PL_ALERT_ID_MAX + 1], summary[PL_ALERT_TEXT_BYTES];
    struct pl_text words = pl_text_init(summary, sizeof summary);
    enum pl_tier tier = alert->state == PL_ALERT_PENDING ? finding->tier : alert->tier;
    pl_alert_id(alert, id);
    pl_alert_text_write(alert, view->now.unix_ms, &words);
    pl_text_str(out, "{\"id\":");
    pl_text_json(out, pl_span_of(id));
    pl_text_str(out, ",\"rule\":");
    pl_text_json(out, pl_span_of(pl_rule_name(alert->rule)));
    pl_json_put_name(out, ",\"pool\":", &alert->pool);
    pl_text_str(out, ",\"state\":\"");
    pl_text_str(out, alert_state_name(alert->state));
    pl_text_str(out, tier == PL_TIER_PAGE ? "\",\"tier\":\"page\"" : "\",\"tier\":\"warn\"");
    pl_json_put_time(out, ",\"since\":", alert->since_unix_ms);
    pl_json_put_time(out, ",\"opened\":", alert->opened_unix_ms);
    pl_json_put_time(out, ",\"resolved\":", alert->resolved_unix_ms);
    pl_text_str(out, ",\"hosts\":[");
    for (uint32_t i = 0; i < finding->named_count; i++)
        pl_json_put_name(out, i > 0 ? "," : "", &finding->hosts[i]);
    pl_json_put_number(out, "],\"host_count\":", finding->host_count, 1);
    pl_text_str(out, ",\"summary\":");
    pl_text_json(out, pl_text_bytes(&words));
    pl_json_put_number(out, ",\"value\":", finding->value_bp, BP);
    pl_json_put_number(out, ",\"level\":", finding->level_bp, BP);
    if (alert->rule == PL_RULE_SATURATION) put_outlook(out, &finding->surge);
    if (alert->rule == PL_RULE_EXTERNAL && with_changes)
        put_external(out, view, index / PL_RULE_COUNT);
    bool firing = alert->state == PL_ALERT_FIRING;
    if (firing && alert->unstable) pl_text_str(out, ",\"unstable\":true");
    if (firing && alert->hidden) {
        pl_text_str(out, ",\"hidden_by\":");
        pl_text_json(out, pl_span_of(pl_rule_name(alert->hidden_by)));
    }
    pl_json_put_handling(out, view, index);
    put_pages(out, view, alert);
    put_contact(out, view, alert);
    put_help(out, view, alert);
    uint32_t pool = pl_fleet_find_pool(pl_engine_fleet(view->engine), &alert->pool);
    if (with_changes && pool != PL_NO_INDEX) pl_json_pool_changes(out, view, pool);
    pl_text_char(out, '}');
}

void pl_json_alert_list(struct pl_text *out, const struct pl_view *view, size_t reserve,
                        bool with_changes)
{
    struct pl_json_list alerts = pl_json_list_begin(out, ",\"alerts\":", reserve);
    uint32_t total = 0;
    bool full = false;
    for (uint32_t i = 0; i < pl_engine_alert_count(view->engine); i++) {
        const struct pl_alert *alert = pl_engine_alert(view->engine, i);
        if (alert->state == PL_ALERT_OK) continue;
        total++;
        if (full) continue;
        pl_json_item_begin(&alerts);
        put_alert(out, view, i, with_changes);
        full = !pl_json_item_end(&alerts);
    }
    pl_json_put_number(out, "],\"alerts_total\":", total, 1);
}

void pl_json_alerts(struct pl_text *out, const struct pl_view *view)
{
    pl_json_put_time(out, "{\"now\":", view->now.unix_ms);
    pl_json_alert_list(out, view, PL_JSON_TAIL_BYTES, true);
    pl_text_str(out, "}\n");
}
