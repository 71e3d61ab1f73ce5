#include "collector/codec/case_record.h"

#include "collector/codec/json_in.h"
#include "collector/codec/json_put.h"
#include "common/base/err.h"

void pl_case_update_field(char out[PL_CASE_FIELD_BYTES], const struct pl_name *id, uint32_t number)
{
    struct pl_text t = pl_text_init(out, PL_CASE_FIELD_BYTES);
    pl_text_span(&t, pl_name_span(id));
    pl_text_char(&t, '.');
    pl_text_u64(&t, number % PL_CASE_UPDATES_MAX);
}

static void put_words(struct pl_text *t, const char *key, const struct pl_case_words *w)
{
    pl_text_str(t, key);
    pl_json_put_text(t, "{\"phase\":", pl_case_phase_word(w->phase));
    pl_json_put_text(t, ",\"impact\":", pl_case_impact_word(w->impact));
    pl_json_put_text(t, ",\"title\":", w->title);
    pl_json_put_text(t, ",\"text\":", w->text);
    pl_text_char(t, '}');
}

void pl_record_case_update_write(struct pl_text *t, const struct pl_name *id,
                                 const struct pl_case_update *u)
{
    pl_json_put_name(t, "{\"case\":", id);
    pl_json_put_i64(t, ",\"number\":", u->number);
    pl_json_put_i64(t, ",\"at\":", u->at_unix_ms);
    pl_json_put_i64(t, ",\"next\":", u->next_unix_ms);
    pl_json_put_text(t, ",\"by\":", u->by);
    put_words(t, ",\"words\":", &u->words);
    pl_text_char(t, '}');
}

static void put_draft(struct pl_text *t, const struct pl_case_draft *d)
{
    pl_json_put_i64(t, ",\"draft\":{\"revision\":", d->revision);
    pl_json_put_bool(t, ",\"waits\":", d->waits);
    pl_json_put_i64(t, ",\"next_ms\":", d->next_ms);
    pl_json_put_i64(t, ",\"at\":", d->at_unix_ms);
    pl_json_put_text(t, ",\"by\":", d->by);
    put_words(t, ",\"words\":", &d->words);
    pl_text_char(t, '}');
}

static void put_events(struct pl_text *t, const struct pl_case *c)
{
    pl_text_str(t, ",\"events\":[");
    for (uint32_t i = 0; i < c->event_count; i++) {
        const struct pl_case_event *e = &c->events[i];
        pl_json_put_i64(t, i > 0 ? ",{\"at\":" : "{\"at\":", e->at_unix_ms);
        pl_json_put_text(t, ",\"kind\":", pl_case_event_word(e->kind));
        pl_json_put_text(t, ",\"by\":", e->by);
        pl_json_put_text(t, ",\"text\":", e->text);
        pl_text_char(t, '}');
    }
    pl_text_char(t, ']');
}

static void put_subscribers(struct pl_text *t, const struct pl_case *c)
{
    pl_text_str(t, ",\"subscribers\":[");
    for (uint32_t i = 0; i < c->subscriber_count; i++) {
        const struct pl_case_subscriber *s = &c->subscribers[i];
        pl_json_put_i64(t, i > 0 ? ",{\"number\":" : "{\"number\":", s->number);
        pl_json_put_text(t, ",\"channel\":", pl_case_channel_word(s->channel));
        pl_json_put_text(t, ",\"address\":", s->address);
        pl_json_put_text(t, ",\"secret\":", s->secret);
        pl_json_put_text(t, ",\"by\":", s->by);
        pl_json_put_i64(t, ",\"told\":", s->told);
        pl_text_char(t, '}');
    }
    pl_text_char(t, ']');
}

void pl_record_case_write(struct pl_text *t, const struct pl_case *c)
{
    pl_json_put_name(t, "{\"id\":", &c->id);
    pl_json_put_name(t, ",\"link\":", &c->link);
    if (c->customer.len > 0) pl_json_put_name(t, ",\"customer\":", &c->customer);
    pl_text_str(t, ",\"pools\":[");
    for (uint32_t i = 0; i < c->pool_count; i++)
        pl_json_put_name(t, i > 0 ? "," : "", &c->pools[i]);
    pl_text_char(t, ']');
    pl_json_put_text(t, ",\"alert\":", c->alert);
    pl_json_put_text(t, ",\"rule\":", pl_rule_name(c->rule));
    pl_json_put_i64(t, ",\"alert_opened\":", c->alert_unix_ms);
    pl_json_put_bool(t, ",\"open\":", c->open);
    pl_json_put_i64(t, ",\"opened\":", c->opened_unix_ms);
    pl_json_put_i64(t, ",\"closed\":", c->closed_unix_ms);
    pl_json_put_text(t, ",\"title\":", c->title);
    pl_json_put_text(t, ",\"opened_by\":", c->opened_by);
    pl_json_put_text(t, ",\"owner\":", c->owner);
    pl_json_put_text(t, ",\"known\":", c->known);
    put_draft(t, &c->draft);
    pl_json_put_i64(t, ",\"last_update\":", c->last_update);
    pl_json_put_i64(t, ",\"last_subscriber\":", c->last_subscriber);
    pl_json_put_i64(t, ",\"dropped\":", c->dropped_events);
    pl_json_put_i64(t, ",\"reminded\":", c->reminder.for_unix_ms);
    put_events(t, c);
    put_subscribers(t, c);
    pl_text_char(t, '}');
}

/* ---- and back ---- */

#define WORDS(name, count, word_of, type)                                                          \
    const char *name[count];                                                                       \
    for (int i = 0; i < (count); i++) (name)[i] = word_of((type)i)

static int64_t get_time(struct pl_json_reader *r, const char *member)
{
    return pl_json_i64(r, member, 0, PL_JSON_EXACT_MAX);
}

static uint32_t get_u32(struct pl_json_reader *r, const char *member)
{
    return (uint32_t)pl_json_i64(r, member, 0, UINT32_MAX);
}

static void get_words(struct pl_json_reader *r, struct pl_case_words *out)
{
    WORDS(phases, PL_CASE_PHASE_COUNT, pl_case_phase_word, enum pl_case_phase);
    WORDS(impacts, PL_CASE_IMPACT_COUNT, pl_case_impact_word, enum pl_case_impact);
    struct pl_json_reader w = pl_json_reader_init(pl_json_object(r, "words"));
    out->phase = (enum pl_case_phase)pl_json_word(&w, "phase", phases, PL_LEN(phases));
    out->impact = (enum pl_case_impact)pl_json_word(&w, "impact", impacts, PL_LEN(impacts));
    pl_json_text(&w, "title", out->title, sizeof out->title);
    pl_json_text(&w, "text", out->text, sizeof out->text);
    if (r->err == 0) r->err = w.err;
}

int pl_record_case_update_read(struct pl_span in, struct pl_name *id, struct pl_case_update *out)
{
    cJSON *root = pl_json_parse(in);
    struct pl_json_reader r = pl_json_reader_init(root);
    struct pl_case_update u = {.durable = true};
    struct pl_name name = {0};
    pl_json_name(&r, "case", &name);
    u.number = get_u32(&r, "number");
    u.at_unix_ms = get_time(&r, "at");
    u.next_unix_ms = get_time(&r, "next");
    pl_json_text(&r, "by", u.by, sizeof u.by);
    get_words(&r, &u.words);
    cJSON_Delete(root);
    if (r.err == 0 && u.number == 0) r.err = PL_E_RANGE;
    if (r.err != 0) return r.err;
    *id = name;
    *out = u;
    return 0;
}

static void get_draft(struct pl_json_reader *r, struct pl_case_draft *out)
{
    struct pl_json_reader d = pl_json_reader_init(pl_json_object(r, "draft"));
    out->revision = get_u32(&d, "revision");
    out->waits = pl_json_bool(&d, "waits");
    out->next_ms = pl_json_i64(&d, "next_ms", 0, PL_CASE_NEXT_MAX_MS);
    out->at_unix_ms = get_time(&d, "at");
    pl_json_text(&d, "by", out->by, sizeof out->by);
    get_words(&d, &out->words);
    if (r->err == 0) r->err = d.err;
}

static void get_pools(struct pl_json_reader *r, struct pl_case *c)
{
    const cJSON *item;
    cJSON_ArrayForEach(item, pl_json_array(r, "pools"))
    {
        bool fits = c->pool_count < PL_CASE_POOLS_MAX && cJSON_IsString(item);
        if (!fits || pl_name_parse(pl_span_of(item->valuestring), &c->pools[c->pool_count]) != 0) {
            r->err = PL_E_RANGE;
            return;
        }
        c->pool_count++;
    }
    if (c->pool_count == 0) r->err = PL_E_RANGE;
}

static void get_events(struct pl_json_reader *r, struct pl_case *c)
{
    WORDS(kinds, PL_CASE_EVENT_COUNT, pl_case_event_word, enum pl_case_event_kind);
    const cJSON *item;
    cJSON_ArrayForEach(item, pl_json_array(r, "events"))
    {
        if (c->event_count == PL_CASE_EVENTS_MAX) r->err = PL_E_TOO_BIG;
        if (r->err != 0) return;
        struct pl_case_event *event = &c->events[c->event_count++];
        struct pl_json_reader e = pl_json_reader_init(item);
        event->at_unix_ms = get_time(&e, "at");
        event->kind = (enum pl_case_event_kind)pl_json_word(&e, "kind", kinds, PL_LEN(kinds));
        pl_json_text(&e, "by", event->by, sizeof event->by);
        pl_json_text(&e, "text", event->text, sizeof event->text);
        r->err = e.err;
    }
}

static void get_subscribers(struct pl_json_reader *r, struct pl_case *c)
{
    WORDS(channels, PL_CASE_CHANNEL_COUNT, pl_case_channel_word, enum pl_case_channel);
    const cJSON *item;
    cJSON_ArrayForEach(item, pl_json_array(r, "subscribers"))
    {
        if (c->subscriber_count == PL_CASE_SUBSCRIBERS_MAX) r->err = PL_E_TOO_BIG;
        if (r->err != 0) return;
        struct pl_case_subscriber *sub = &c->subscribers[c->subscriber_count++];
        struct pl_json_reader s = pl_json_reader_init(item);
        sub->number = get_u32(&s, "number");
        sub->channel =
            (enum pl_case_channel)pl_json_word(&s, "channel", channels, PL_LEN(channels));
        pl_json_text(&s, "address", sub->address, sizeof sub->address);
        pl_json_text(&s, "secret", sub->secret, sizeof sub->secret);
        pl_json_text(&s, "by", sub->by, sizeof sub->by);
        sub->told = get_u32(&s, "told");
        r->err = s.err;
    }
}

static void get_head(struct pl_json_reader *r, struct pl_case *c)
{
    WORDS(rules, PL_RULE_COUNT, pl_rule_name, enum pl_rule);
    pl_json_name(r, "id", &c->id);
    pl_json_name(r, "link", &c->link);
    if (cJSON_GetObjectItemCaseSensitive(r->object, "customer"))
        pl_json_name(r, "customer", &c->customer);
    pl_json_text(r, "alert", c->alert, sizeof c->alert);
    c->rule = (enum pl_rule)pl_json_word(r, "rule", rules, PL_LEN(rules));
    c->alert_unix_ms = get_time(r, "alert_opened");
    c->open = pl_json_bool(r, "open");
    c->opened_unix_ms = get_time(r, "opened");
    c->closed_unix_ms = get_time(r, "closed");
    pl_json_text(r, "title", c->title, sizeof c->title);
    pl_json_text(r, "opened_by", c->opened_by, sizeof c->opened_by);
    pl_json_text(r, "owner", c->owner, sizeof c->owner);
    pl_json_text(r, "known", c->known, sizeof c->known);
    c->last_update = get_u32(r, "last_update");
    c->last_subscriber = get_u32(r, "last_subscriber");
    c->dropped_events = get_u32(r, "dropped");
    c->reminder.for_unix_ms = get_time(r, "reminded");
}

int pl_record_case_read(struct pl_span in, struct pl_case *out)
{
    cJSON *root = pl_json_parse(in);
    struct pl_json_reader r = pl_json_reader_init(root);
    *out = (struct pl_case){.used = true};
    if (r.err == 0) get_head(&r, out);
    if (r.err == 0) get_pools(&r, out);
    if (r.err == 0) get_draft(&r, &out->draft);
    if (r.err == 0) get_events(&r, out);
    if (r.err == 0) get_subscribers(&r, out);
    cJSON_Delete(root);
    return r.err;
}
