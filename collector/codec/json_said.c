#include "collector/codec/json_said.h"

#include "collector/codec/json_put.h"
#include "common/base/err.h"

enum { BP = 10000 };

static void put_hold(struct pl_text *out, const struct pl_handling *h)
{
    pl_json_put_text(
        out,
        h->hold == PL_HOLD_SNOOZED ? ",\"snoozed\":{\"by\":" : ",\"acknowledged\":{\"by\":", h->by);
    pl_json_put_time(out, ",\"since\":", h->since_unix_ms);
    pl_json_put_time(out, ",\"until\":", h->until_unix_ms);
    pl_text_char(out, '}');
}

static void put_silence_of(struct pl_text *out, const struct pl_silences *silences, uint64_t number)
{
    for (uint32_t i = 0; i < silences->count; i++) {
        const struct pl_silence *s = &silences->items[i];
        if (s->number != number) continue;
        pl_json_put_text(out, ",\"silenced\":{\"by\":", s->by);
        pl_json_put_time(out, ",\"until\":", s->ends_unix_ms);
        pl_json_put_text(out, ",\"reason\":", s->reason);
        pl_text_char(out, '}');
    }
}

void pl_json_put_handling(struct pl_text *out, const struct pl_view *view, uint32_t alert)
{
    const struct pl_handling *h = pl_engine_handling(view->engine, alert);
    uint64_t silence = pl_engine_silenced(view->engine, alert);
    if (h->hold != PL_HOLD_NONE) put_hold(out, h);
    if (silence != 0) put_silence_of(out, pl_engine_silences(view->engine), silence);
    if (h->assignee[0] != '\0') pl_json_put_text(out, ",\"assignee\":", h->assignee);
    for (uint32_t i = 0; i < h->note_count; i++) {
        pl_json_put_time(out,
                         i == 0 ? ",\"notes\":[{\"at\":" : ",{\"at\":", h->notes[i].at_unix_ms);
        pl_json_put_text(out, ",\"by\":", h->notes[i].by);
        pl_json_put_text(out, ",\"text\":", h->notes[i].text);
        pl_text_char(out, '}');
    }
    if (h->note_count > 0) pl_text_char(out, ']');
}

static void put_silence(struct pl_text *out, const struct pl_silence *s)
{
    pl_text_str(out, "{\"id\":\"");
    pl_text_u64(out, s->number);
    pl_text_char(out, '"');
    if (s->pool.len > 0) pl_json_put_name(out, ",\"pool\":", &s->pool);
    if (s->host.len > 0) pl_json_put_name(out, ",\"host\":", &s->host);
    if (!s->any_rule) pl_json_put_text(out, ",\"rule\":", pl_rule_name(s->rule));
    if (s->raise_bp != 0) pl_json_put_number(out, ",\"raise\":", s->raise_bp, BP);
    pl_json_put_time(out, ",\"begins\":", s->begins_unix_ms);
    pl_json_put_time(out, ",\"ends\":", s->ends_unix_ms);
    pl_json_put_text(out, ",\"by\":", s->by);
    pl_json_put_text(out, ",\"reason\":", s->reason);
    pl_json_put_number(out, ",\"hid\":", s->hid_count, 1);
    pl_text_char(out, '}');
}

void pl_json_silences(struct pl_text *out, const struct pl_view *view)
{
    const struct pl_silences *silences = pl_engine_silences(view->engine);
    pl_json_put_time(out, "{\"now\":", view->now.unix_ms);
    struct pl_json_list list = pl_json_list_begin(out, ",\"silences\":", PL_JSON_TAIL_BYTES);
    bool full = false;
    for (uint32_t i = 0; i < silences->count && !full; i++) {
        pl_json_item_begin(&list);
        put_silence(out, &silences->items[i]);
        full = !pl_json_item_end(&list);
    }
    pl_text_str(out, "]}\n");
}

/* What was answered: its HTTP status, or in words why there was none; null where nobody was asked.
 */
static void put_answer(struct pl_text *out, const struct pl_delivery *d)
{
    pl_text_str(out, ",\"answer\":");
    if (d->status < 0) {
        pl_text_json(out, pl_span_of(pl_err_text(d->status)));
    } else if (d->status == 0) {
        pl_text_str(out, "null");
    } else {
        pl_json_put_number(out, "\"", d->status, 1);
        pl_text_char(out, '"');
    }
}

static void put_delivery(struct pl_text *out, const struct pl_view *view,
                         const struct pl_delivery *d)
{
    bool is_known = d->target_index < view->target_count;
    pl_json_put_time(out, "{\"at\":", d->at_unix_ms);
    pl_json_put_name(out, ",\"target\":", is_known ? &view->targets[d->target_index] : &d->target);
    uint16_t owner = is_known && view->oncall ? pl_oncall_owner(view->oncall, d->target_index)
                                              : (uint16_t)PL_NOBODY;
    if (owner != PL_NOBODY)
        pl_json_put_name(out, ",\"person\":", &view->oncall->people[owner].name);
    pl_json_put_text(out, ",\"told\":", d->resolved ? "resolved" : "firing");
    pl_json_put_text(out, ",\"end\":", pl_delivery_end_name(d->end));
    pl_json_put_number(out, ",\"attempt\":", d->attempt, 1);
    put_answer(out, d);
    pl_json_put_time(out, ",\"opened\":", d->opened_unix_ms);
    pl_text_char(out, '}');
}

void pl_json_deliveries(struct pl_text *out, const struct pl_view *view, uint32_t alert)
{
    const struct pl_deliveries *log = pl_engine_deliveries(view->engine);
    const struct pl_alert *a = pl_engine_alert(view->engine, alert);
    char id[PL_ALERT_ID_MAX + 1];
    pl_alert_id(a, id);
    pl_json_put_time(out, "{\"now\":", view->now.unix_ms);
    pl_json_put_text(out, ",\"alert\":", id);
    struct pl_json_list list = pl_json_list_begin(out, ",\"deliveries\":", PL_JSON_TAIL_BYTES);
    bool full = false;
    for (uint64_t n = 0; n < PL_DELIVERIES_MAX && n < log->last_number && !full; n++) {
        const struct pl_delivery *d = &log->items[(log->last_number - n) % PL_DELIVERIES_MAX];
        bool fits = d->number == log->last_number - n && d->rule == a->rule;
        if (!fits || !pl_name_eq(&d->pool, &a->pool)) continue;
        pl_json_item_begin(&list);
        put_delivery(out, view, d);
        full = !pl_json_item_end(&list);
    }
    pl_text_str(out, "]}\n");
}
