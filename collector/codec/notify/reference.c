#include "collector/codec/notify/reference.h"

#include "collector/codec/json_in.h"
#include "common/base/err.h"

static const char *const state_names[] = {[PL_NOTIFY_FIRING] = "firing",
                                          [PL_NOTIFY_ACKNOWLEDGED] = "acknowledged",
                                          [PL_NOTIFY_RESOLVED] = "resolved"};
static const int64_t UNIX_MS_MAX = INT64_C(253402300799999); // the year 9999

static bool is_about(const struct pl_reference *ref, uint8_t target, enum pl_rule rule,
                     const struct pl_name *pool)
{
    return ref->used && ref->target == target && ref->rule == rule && pl_name_eq(&ref->pool, pool);
}

/* The one of this target and alert, or NULL. */
static struct pl_reference *find(struct pl_references *r, uint8_t target, enum pl_rule rule,
                                 const struct pl_name *pool)
{
    for (size_t i = 0; i < PL_REFERENCES_MAX; i++) {
        if (is_about(&r->items[i], target, rule, pool)) return &r->items[i];
    }
    return NULL;
}

/* A free place, or that of the oldest. */
static struct pl_reference *take(struct pl_references *r)
{
    struct pl_reference *oldest = &r->items[0];
    for (size_t i = 0; i < PL_REFERENCES_MAX; i++) {
        struct pl_reference *ref = &r->items[i];
        if (!ref->used) return ref;
        if (ref->at_unix_ms < oldest->at_unix_ms) oldest = ref;
    }
    return oldest;
}

struct pl_span pl_reference_find(const struct pl_references *r, const struct pl_page *page,
                                 enum pl_notify_state state)
{
    const struct pl_span none = {NULL, 0};
    const struct pl_alert *alert = &page->alert;
    for (size_t i = 0; i < PL_REFERENCES_MAX; i++) {
        const struct pl_reference *ref = &r->items[i];
        if (!is_about(ref, page->target, alert->rule, &alert->pool)) continue;
        if (ref->opened_unix_ms != alert->opened_unix_ms) return none;
        bool anew = state == PL_NOTIFY_FIRING && ref->told != PL_NOTIFY_FIRING;
        return anew ? none : pl_span_of(ref->text);
    }
    return none;
}

const struct pl_reference *pl_reference_answered(struct pl_references *r,
                                                 const struct pl_page *page,
                                                 enum pl_notify_state state,
                                                 const struct pl_notify_reading *reading,
                                                 int64_t now_unix_ms)
{
    const struct pl_alert *alert = &page->alert;
    struct pl_reference *ref = find(r, page->target, alert->rule, &alert->pool);
    bool sent = reading->result.class == PL_RESULT_SENT;
    bool over = reading->forget || (sent && state == PL_NOTIFY_RESOLVED);
    if (over) {
        if (ref) ref->used = false;
        return ref;
    }
    if (reading->reference.len == 0 && (!ref || !sent || ref->told == state)) return NULL;
    if (!ref) ref = take(r);
    struct pl_reference old = *ref;
    *ref = (struct pl_reference){.used = true,
                                 .target = page->target,
                                 .rule = alert->rule,
                                 .pool = alert->pool,
                                 .opened_unix_ms = alert->opened_unix_ms,
                                 .at_unix_ms = now_unix_ms,
                                 .told = state};
    bool named = reading->reference.len > 0;
    memcpy(ref->text, named ? reading->reference.ptr : old.text, sizeof ref->text);
    return ref;
}

static void alert_id(const struct pl_reference *ref, char out[PL_ALERT_ID_MAX + 1])
{
    const struct pl_alert alert = {.rule = ref->rule, .pool = ref->pool};
    pl_alert_id(&alert, out);
}

void pl_reference_field_write(const struct pl_reference *ref, const struct pl_name *target,
                              char out[PL_REFERENCE_FIELD_BYTES])
{
    char id[PL_ALERT_ID_MAX + 1];
    struct pl_text text = pl_text_init(out, PL_REFERENCE_FIELD_BYTES);
    alert_id(ref, id);
    pl_text_span(&text, pl_name_span(target));
    pl_text_char(&text, '/');
    pl_text_str(&text, id);
}

void pl_reference_record_write(const struct pl_reference *ref, const struct pl_name *target,
                               struct pl_text *out)
{
    pl_text_str(out, "{\"target\":");
    pl_text_json(out, pl_name_span(target));
    pl_text_str(out, ",\"rule\":");
    pl_text_json(out, pl_span_of(pl_rule_name(ref->rule)));
    pl_text_str(out, ",\"pool\":");
    pl_text_json(out, pl_name_span(&ref->pool));
    pl_text_str(out, ",\"opened\":");
    pl_text_i64(out, ref->opened_unix_ms);
    pl_text_str(out, ",\"at\":");
    pl_text_i64(out, ref->at_unix_ms);
    pl_text_str(out, ",\"told\":");
    pl_text_json(out, pl_span_of(state_names[ref->told]));
    pl_text_str(out, ",\"reference\":");
    pl_text_json(out, pl_span_of(ref->text));
    pl_text_char(out, '}');
}

int pl_reference_restore(struct pl_references *r, struct pl_span record,
                         const struct pl_name *names, uint32_t count)
{
    const char *rules[PL_RULE_COUNT];
    for (int i = 0; i < PL_RULE_COUNT; i++) rules[i] = pl_rule_name((enum pl_rule)i);
    struct pl_reference ref = {.used = true};
    struct pl_name target = {0};
    cJSON *json = pl_json_parse(record);
    struct pl_json_reader in = pl_json_reader_init(json);
    pl_json_name(&in, "target", &target);
    ref.rule = (enum pl_rule)pl_json_word(&in, "rule", rules, PL_RULE_COUNT);
    pl_json_name(&in, "pool", &ref.pool);
    ref.opened_unix_ms = pl_json_i64(&in, "opened", 0, UNIX_MS_MAX);
    ref.at_unix_ms = pl_json_i64(&in, "at", 0, UNIX_MS_MAX);
    ref.told = (enum pl_notify_state)pl_json_word(&in, "told", state_names, PL_LEN(state_names));
    pl_json_text(&in, "reference", ref.text, sizeof ref.text);
    cJSON_Delete(json);
    if (in.err != 0) return in.err;
    uint32_t t = 0;
    while (t < count && !pl_name_eq(&names[t], &target)) t++;
    if (t == count) return PL_E_NOT_FOUND;
    ref.target = (uint8_t)t;
    struct pl_reference *place = find(r, ref.target, ref.rule, &ref.pool);
    *(place ? place : take(r)) = ref;
    return 0;
}
