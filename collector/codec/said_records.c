#include "collector/codec/said_records.h"

#include "collector/codec/json_in.h"
#include "collector/codec/json_put.h"
#include "common/base/assert.h"
#include "common/base/err.h"

static void put_u64_text(struct pl_text *t, const char *key, uint64_t value)
{
    pl_text_str(t, key);
    pl_text_char(t, '"');
    pl_text_u64(t, value);
    pl_text_char(t, '"');
}

void pl_said_field_write(char *out, uint64_t number)
{
    struct pl_text t = pl_text_init(out, PL_SAID_FIELD_BYTES);
    pl_text_u64(&t, number);
}

void pl_record_handling_write(struct pl_text *t, const struct pl_alert *alert,
                              const struct pl_handling *h)
{
    pl_json_put_text(t, "{\"rule\":", pl_rule_name(alert->rule));
    pl_json_put_name(t, ",\"pool\":", &alert->pool);
    pl_json_put_text(t, ",\"hold\":", pl_hold_name(h->hold));
    pl_json_put_text(t, ",\"by\":", h->by);
    pl_json_put_i64(t, ",\"since\":", h->since_unix_ms);
    pl_json_put_i64(t, ",\"until\":", h->until_unix_ms);
    pl_json_put_text(t, ",\"assignee\":", h->assignee);
    pl_text_str(t, ",\"notes\":[");
    for (uint32_t i = 0; i < h->note_count; i++) {
        pl_json_put_i64(t, i > 0 ? ",{\"at\":" : "{\"at\":", h->notes[i].at_unix_ms);
        pl_json_put_text(t, ",\"by\":", h->notes[i].by);
        pl_json_put_text(t, ",\"text\":", h->notes[i].text);
        pl_text_char(t, '}');
    }
    pl_text_str(t, "]}");
}

void pl_record_silence_write(struct pl_text *t, const struct pl_silence *s)
{
    put_u64_text(t, "{\"number\":", s->number);
    if (s->pool.len > 0) pl_json_put_name(t, ",\"pool\":", &s->pool);
    if (s->host.len > 0) pl_json_put_name(t, ",\"host\":", &s->host);
    if (!s->any_rule) pl_json_put_text(t, ",\"rule\":", pl_rule_name(s->rule));
    pl_json_put_i64(t, ",\"raise_bp\":", s->raise_bp);
    pl_json_put_i64(t, ",\"made\":", s->made_unix_ms);
    pl_json_put_i64(t, ",\"begins\":", s->begins_unix_ms);
    pl_json_put_i64(t, ",\"ends\":", s->ends_unix_ms);
    pl_json_put_text(t, ",\"by\":", s->by);
    pl_json_put_text(t, ",\"reason\":", s->reason);
    pl_json_put_i64(t, ",\"hid\":", s->hid_count);
    pl_text_char(t, '}');
}

void pl_record_delivery_write(struct pl_text *t, const struct pl_delivery *d,
                              const struct pl_record_targets *targets)
{
    PL_ASSERT(d->target_index < targets->count);
    put_u64_text(t, "{\"number\":", d->number);
    pl_json_put_i64(t, ",\"at\":", d->at_unix_ms);
    pl_json_put_text(t, ",\"rule\":", pl_rule_name(d->rule));
    pl_json_put_name(t, ",\"pool\":", &d->pool);
    pl_json_put_i64(t, ",\"opened\":", d->opened_unix_ms);
    pl_json_put_name(t, ",\"target\":", &targets->names[d->target_index]);
    pl_json_put_bool(t, ",\"resolved\":", d->resolved);
    pl_json_put_text(t, ",\"end\":", pl_delivery_end_name(d->end));
    pl_json_put_i64(t, ",\"attempt\":", d->attempt);
    pl_json_put_i64(t, ",\"status\":", d->status);
    pl_text_char(t, '}');
}

/* ---- reading ---- */

static int64_t get_time(struct pl_json_reader *r, const char *member)
{
    return pl_json_i64(r, member, 0, PL_JSON_EXACT_MAX);
}

static enum pl_rule get_rule(struct pl_json_reader *r)
{
    const char *words[PL_RULE_COUNT];
    for (enum pl_rule rule = 0; rule < PL_RULE_COUNT; rule++) words[rule] = pl_rule_name(rule);
    return (enum pl_rule)pl_json_word(r, "rule", words, PL_LEN(words));
}

static void get_notes(struct pl_json_reader *r, struct pl_handling *h)
{
    const cJSON *item;
    cJSON_ArrayForEach(item, pl_json_array(r, "notes"))
    {
        if (h->note_count == PL_NOTES_MAX) return;
        struct pl_note *note = &h->notes[h->note_count++];
        struct pl_json_reader n = pl_json_reader_init(item);
        note->at_unix_ms = get_time(&n, "at");
        pl_json_text(&n, "by", note->by, sizeof note->by);
        pl_json_text(&n, "text", note->text, sizeof note->text);
        if (n.err != 0) r->err = n.err;
    }
}

int pl_record_handling_read(struct pl_span in, struct pl_handling_record *out)
{
    const char *holds[PL_HOLD_COUNT];
    for (enum pl_hold hold = 0; hold < PL_HOLD_COUNT; hold++) holds[hold] = pl_hold_name(hold);
    cJSON *root = pl_json_parse(in);
    struct pl_json_reader r = pl_json_reader_init(root);
    struct pl_handling_record record = {.rule = get_rule(&r)};
    struct pl_handling *h = &record.handling;
    pl_json_name(&r, "pool", &record.pool);
    h->hold = (enum pl_hold)pl_json_word(&r, "hold", holds, PL_LEN(holds));
    pl_json_text(&r, "by", h->by, sizeof h->by);
    h->since_unix_ms = get_time(&r, "since");
    h->until_unix_ms = get_time(&r, "until");
    pl_json_text(&r, "assignee", h->assignee, sizeof h->assignee);
    get_notes(&r, h);
    cJSON_Delete(root);
    if (r.err == 0) *out = record;
    return r.err;
}

int pl_record_silence_read(struct pl_span in, struct pl_silence *out)
{
    cJSON *root = pl_json_parse(in);
    struct pl_json_reader r = pl_json_reader_init(root);
    struct pl_silence s = {.number = pl_json_u64(&r, "number")};
    if (cJSON_GetObjectItemCaseSensitive(root, "pool")) pl_json_name(&r, "pool", &s.pool);
    if (cJSON_GetObjectItemCaseSensitive(root, "host")) pl_json_name(&r, "host", &s.host);
    s.any_rule = cJSON_GetObjectItemCaseSensitive(root, "rule") == NULL;
    if (!s.any_rule) s.rule = get_rule(&r);
    s.raise_bp = (int32_t)pl_json_i64(&r, "raise_bp", 0, INT32_MAX);
    s.made_unix_ms = get_time(&r, "made");
    s.begins_unix_ms = get_time(&r, "begins");
    s.ends_unix_ms = get_time(&r, "ends");
    pl_json_text(&r, "by", s.by, sizeof s.by);
    pl_json_text(&r, "reason", s.reason, sizeof s.reason);
    s.hid_count = (uint32_t)pl_json_i64(&r, "hid", 0, UINT32_MAX);
    cJSON_Delete(root);
    if (r.err == 0 && s.number == 0) r.err = PL_E_RANGE;
    if (r.err == 0) *out = s;
    return r.err;
}

int pl_record_delivery_read(struct pl_span in, const struct pl_record_targets *targets,
                            struct pl_delivery *out)
{
    const char *ends[PL_DELIVERY_END_COUNT];
    for (enum pl_delivery_end e = 0; e < PL_DELIVERY_END_COUNT; e++)
        ends[e] = pl_delivery_end_name(e);
    cJSON *root = pl_json_parse(in);
    struct pl_json_reader r = pl_json_reader_init(root);
    struct pl_delivery d = {.number = pl_json_u64(&r, "number")};
    d.at_unix_ms = get_time(&r, "at");
    d.rule = get_rule(&r);
    pl_json_name(&r, "pool", &d.pool);
    d.opened_unix_ms = get_time(&r, "opened");
    pl_json_name(&r, "target", &d.target);
    d.resolved = pl_json_bool(&r, "resolved");
    d.end = (enum pl_delivery_end)pl_json_word(&r, "end", ends, PL_LEN(ends));
    d.attempt = (uint32_t)pl_json_i64(&r, "attempt", 0, UINT32_MAX);
    d.status = (int16_t)pl_json_i64(&r, "status", INT16_MIN, INT16_MAX);
    cJSON_Delete(root);
    if (r.err == 0 && d.number == 0) r.err = PL_E_RANGE;
    d.target_index = PL_TARGET_MAX;
    for (uint32_t i = 0; r.err == 0 && i < targets->count; i++) {
        if (pl_name_eq(&targets->names[i], &d.target)) d.target_index = (uint8_t)i;
    }
    if (r.err == 0) *out = d;
    return r.err;
}
