#include "collector/codec/json_case.h"

#include "collector/codec/case_text.h"
#include "collector/codec/json_put.h"

enum { PASTE_BYTES = 4096 };

void pl_case_url_write(struct pl_text *out, struct pl_span external_url, const struct pl_case *c)
{
    pl_text_span(out, external_url);
    pl_text_str(out, "updates/");
    pl_text_span(out, pl_name_span(&c->link));
}

static void put_words(struct pl_text *out, const struct pl_case_words *w)
{
    pl_json_put_text(out, ",\"phase\":", pl_case_phase_word(w->phase));
    pl_json_put_text(out, ",\"impact\":", pl_case_impact_word(w->impact));
    pl_json_put_text(out, ",\"title\":", w->title);
    pl_json_put_text(out, ",\"text\":", w->text);
}

/* A time ahead as people say it: "30m"; "none". */
static void put_next(struct pl_text *out, int64_t next_ms)
{
    enum { MINUTE_MS = 60 * 1000 };
    pl_text_str(out, ",\"next_update\":\"");
    if (next_ms == 0) pl_text_str(out, "none");
    if (next_ms > 0) pl_text_i64(out, next_ms / MINUTE_MS);
    pl_text_str(out, next_ms > 0 ? "m\"" : "\"");
}

static void put_head(struct pl_text *out, const struct pl_case_view *view, const struct pl_case *c)
{
    const struct pl_case_update *last = pl_case_newest(c);
    int64_t due = pl_case_next_due(c);
    pl_json_put_name(out, "{\"id\":", &c->id);
    pl_json_put_text(out, ",\"title\":", c->title);
    pl_json_put_bool(out, ",\"open\":", c->open);
    pl_json_put_text(
        out, ",\"phase\":", pl_case_phase_word(last ? last->words.phase : PL_CASE_INVESTIGATING));
    pl_json_put_text(
        out, ",\"impact\":", pl_case_impact_word(last ? last->words.impact : PL_CASE_IMPACT_NONE));
    if (c->customer.len > 0) pl_json_put_name(out, ",\"customer\":", &c->customer);
    pl_text_str(out, ",\"pools\":[");
    for (uint32_t i = 0; i < c->pool_count; i++)
        pl_json_put_name(out, i > 0 ? "," : "", &c->pools[i]);
    pl_text_char(out, ']');
    if (c->alert[0] != '\0') pl_json_put_text(out, ",\"alert\":", c->alert);
    pl_json_put_text(out, ",\"owner\":", c->owner);
    pl_json_put_text(out, ",\"opened_by\":", c->opened_by);
    pl_json_put_time(out, ",\"opened_at\":", c->opened_unix_ms);
    pl_json_put_time(out, ",\"closed_at\":", c->closed_unix_ms);
    pl_json_put_number(out, ",\"published\":", c->last_update, 1);
    pl_json_put_time(out, ",\"next_update_due\":", due);
    pl_json_put_bool(out, ",\"overdue\":", due != 0 && view->now_unix_ms >= due);
}

void pl_json_cases(struct pl_text *out, const struct pl_case_view *view)
{
    bool shown[PL_CASES_MAX] = {false};
    pl_json_put_time(out, "{\"now\":", view->now_unix_ms);
    struct pl_json_list list = pl_json_list_begin(out, ",\"cases\":", PL_JSON_TAIL_BYTES);
    for (uint32_t n = 0; n < view->cases->used_max; n++) {
        uint32_t best = PL_NO_INDEX;
        for (uint32_t i = 0; i < view->cases->used_max; i++) {
            const struct pl_case *c = &view->cases->items[i];
            const struct pl_case *b = best == PL_NO_INDEX ? NULL : &view->cases->items[best];
            if (!c->used || shown[i]) continue;
            bool before = !b || c->open > b->open ||
                          (c->open == b->open && c->opened_unix_ms > b->opened_unix_ms);
            if (before) best = i;
        }
        if (best == PL_NO_INDEX) break;
        shown[best] = true;
        pl_json_item_begin(&list);
        put_head(out, view, &view->cases->items[best]);
        pl_text_char(out, '}');
        if (!pl_json_item_end(&list)) break;
    }
    pl_text_str(out, "]}\n");
}

static void put_updates(struct pl_text *out, const struct pl_case *c)
{
    pl_text_str(out, ",\"updates\":[");
    for (uint32_t i = 0; i < c->update_count; i++) {
        const struct pl_case_update *u = &c->updates[i];
        pl_json_put_number(out, i > 0 ? ",{\"number\":" : "{\"number\":", u->number, 1);
        pl_json_put_time(out, ",\"at\":", u->at_unix_ms);
        pl_json_put_text(out, ",\"by\":", u->by);
        put_words(out, &u->words);
        pl_json_put_time(out, ",\"next_update_at\":", u->next_unix_ms);
        pl_text_char(out, '}');
    }
    pl_text_char(out, ']');
}

static void put_subscribers(struct pl_text *out, const struct pl_case *c, uint32_t secret_of)
{
    pl_text_str(out, ",\"subscribers\":[");
    for (uint32_t i = 0; i < c->subscriber_count; i++) {
        const struct pl_case_subscriber *s = &c->subscribers[i];
        pl_json_put_number(out, i > 0 ? ",{\"number\":" : "{\"number\":", s->number, 1);
        pl_json_put_text(out,
                         s->channel == PL_CASE_EMAIL ? ",\"email\":" : ",\"webhook\":", s->address);
        pl_json_put_text(out, ",\"by\":", s->by);
        pl_json_put_number(out, ",\"told\":", s->told, 1);
        if (s->number == secret_of && s->secret[0] != '\0')
            pl_json_put_text(out, ",\"secret\":", s->secret);
        pl_text_char(out, '}');
    }
    pl_text_char(out, ']');
}

static void put_timeline(struct pl_text *out, const struct pl_case *c)
{
    pl_text_str(out, ",\"timeline\":[");
    for (uint32_t i = 0; i < c->event_count; i++) {
        const struct pl_case_event *e = &c->events[i];
        pl_json_put_time(out, i > 0 ? ",{\"at\":" : "{\"at\":", e->at_unix_ms);
        pl_json_put_text(out, ",\"kind\":", pl_case_event_word(e->kind));
        pl_json_put_text(out, ",\"by\":", e->by);
        pl_json_put_text(out, ",\"text\":", e->text);
        pl_text_char(out, '}');
    }
    pl_text_char(out, ']');
    pl_json_put_number(out, ",\"timeline_dropped\":", c->dropped_events, 1);
}

static void put_draft(struct pl_text *out, const struct pl_case_draft *d)
{
    pl_json_put_number(out, "{\"saved\":true,\"revision\":", d->revision, 1);
    pl_json_put_time(out, ",\"at\":", d->at_unix_ms);
    pl_json_put_text(out, ",\"by\":", d->by);
    put_words(out, &d->words);
    put_next(out, d->next_ms);
    pl_text_char(out, '}');
}

void pl_json_case(struct pl_text *out, const struct pl_case_view *view, const struct pl_case *c,
                  uint32_t secret_of)
{
    char url[PL_CASE_URL_BYTES], paste[PASTE_BYTES];
    struct pl_text link = pl_text_init(url, sizeof url);
    struct pl_text block = pl_text_init(paste, sizeof paste);
    pl_case_url_write(&link, view->external_url, c);
    pl_case_paste_write(&block, c, pl_text_bytes(&link), view->now_unix_ms);
    put_head(out, view, c);
    pl_json_put_text(out, ",\"customer_page\":", url);
    pl_json_put_text(out, ",\"known\":", c->known);
    pl_text_str(out, ",\"draft\":");
    if (c->draft.waits) put_draft(out, &c->draft);
    if (!c->draft.waits) pl_text_str(out, "null");
    put_updates(out, c);
    put_subscribers(out, c, secret_of);
    put_timeline(out, c);
    pl_json_put_text(out, ",\"help_desk\":", paste);
    pl_text_str(out, "}\n");
}

void pl_json_case_draft(struct pl_text *out, const struct pl_case_view *view,
                        const struct pl_case *c, bool fresh)
{
    if (c->draft.waits && !fresh) {
        put_draft(out, &c->draft);
        pl_text_char(out, '\n');
        return;
    }
    struct pl_case_facts facts = pl_case_facts_gather(view->engine, c);
    struct pl_case_words words;
    int64_t next_ms;
    pl_case_propose(c, &facts, view->now_unix_ms, &words, &next_ms);
    pl_json_put_number(out, "{\"saved\":false,\"revision\":", c->draft.revision, 1);
    put_words(out, &words);
    put_next(out, next_ms);
    pl_text_str(out, "}\n");
}

/* ---- for customers ---- */

static void put_incident_update(struct pl_text *out, const struct pl_case_update *u)
{
    pl_json_put_number(out, "{\"id\":\"", u->number, 1);
    pl_json_put_text(out, "\",\"status\":", pl_case_phase_word(u->words.phase));
    pl_json_put_text(out, ",\"impact\":", pl_case_impact_word(u->words.impact));
    pl_json_put_text(out, ",\"body\":", u->words.text);
    pl_json_put_time(out, ",\"created_at\":", u->at_unix_ms);
    pl_json_put_time(out, ",\"display_at\":", u->at_unix_ms);
    pl_text_char(out, '}');
}

void pl_json_incident(struct pl_text *out, const struct pl_case *c, struct pl_span url,
                      struct pl_incident_span span)
{
    const struct pl_case_update *first = NULL, *last = NULL;
    for (uint32_t i = 0; i < c->update_count; i++) {
        const struct pl_case_update *u = &c->updates[i];
        bool is_asked = span.to == 0 || (u->number >= span.from && u->number <= span.to);
        if (!u->durable || !is_asked) continue;
        if (!first) first = u;
        last = u;
    }
    if (!last) {
        pl_text_str(out, "null");
        return;
    }
    bool is_over = last->words.phase == PL_CASE_RESOLVED;
    pl_json_put_name(out, "{\"id\":", &c->link);
    pl_json_put_text(out, ",\"name\":", last->words.title);
    pl_json_put_text(out, ",\"status\":", pl_case_phase_word(last->words.phase));
    pl_json_put_text(out, ",\"impact\":", pl_case_impact_word(last->words.impact));
    pl_text_str(out, ",\"shortlink\":");
    pl_text_json(out, url);
    pl_json_put_time(out, ",\"created_at\":", c->opened_unix_ms);
    pl_json_put_time(out, ",\"updated_at\":", last->at_unix_ms);
    pl_json_put_time(out, ",\"resolved_at\":", is_over ? last->at_unix_ms : 0);
    pl_json_put_time(out, ",\"next_update_at\":", last->next_unix_ms);
    pl_text_str(out, ",\"incident_updates\":[");
    for (const struct pl_case_update *u = last; u >= first; u--) {
        if (u != last) pl_text_char(out, ',');
        put_incident_update(out, u);
    }
    pl_text_str(out, "]}");
}
