#include "collector/codec/json_launch.h"

#include "collector/codec/json_after.h"
#include "collector/codec/json_collide.h"
#include "collector/codec/json_put.h"
#include "collector/codec/launch_record.h"
#include "collector/codec/launch_text.h"
#include "collector/core/oncall/policy.h"

enum { ITEM_RESERVE = 4096, CURVE_POINTS = 240, MINUTE_MS = 60000 };

void pl_launch_customer_author(struct pl_text *out, const struct pl_customer *customer)
{
    pl_text_span(out, pl_name_span(&customer->id));
    pl_text_str(out, " (customer)"); // no user has a blank in its name
}

/* ---- the verdict ---- */

static void put_remedies(struct pl_text *out, const struct pl_launch_verdict *v,
                         int64_t now_unix_ms)
{
    char words[PL_LAUNCH_ADVICE_BYTES];
    pl_text_str(out, ",\"remedies\":[");
    for (uint32_t i = 0; i < v->remedy_count; i++) {
        const struct pl_remedy_option *o = &v->remedies[i];
        struct pl_text text = pl_text_init(words, sizeof words);
        pl_launch_advice_write(v, o, now_unix_ms, &text);
        pl_json_put_text(out, i > 0 ? ",{\"remedy\":" : "{\"remedy\":", pl_remedy_word(o->remedy));
        pl_json_put_text(out, ",\"text\":", words);
        pl_json_put_number(out, ",\"takes_s\":", o->takes_ms / 1000, 1);
        pl_json_put_time(out, ",\"decide_by\":", o->deadline_unix_ms);
        pl_json_put_bool(out, ",\"in_time\":", o->in_time);
        pl_json_put_bool(out, ",\"suffices\":", o->suffices);
        pl_json_put_bool(out, ",\"consented\":", o->consented);
        pl_text_char(out, '}');
    }
    pl_text_char(out, ']');
}

static void put_assumptions(struct pl_text *out, uint32_t assumptions)
{
    bool first = true;
    pl_text_str(out, ",\"assumptions\":[");
    for (enum pl_launch_assumption a = 0; a < PL_ASSUMPTION_COUNT; a++) {
        if ((assumptions & 1u << a) == 0) continue;
        pl_json_put_text(out, first ? "" : ",", pl_launch_assumption_text(a));
        first = false;
    }
    pl_text_char(out, ']');
}

static void put_load(struct pl_text *out, const char *key, struct pl_load load)
{
    pl_text_str(out, key);
    pl_json_put_real(out, "{\"p50\":", load.p50);
    pl_json_put_real(out, ",\"p90\":", load.p90);
    pl_text_char(out, '}');
}

static void put_verdict(struct pl_text *out, const struct pl_view *view, const struct pl_name *pool,
                        const struct pl_launch_verdict *v)
{
    char sentence[PL_LAUNCH_SENTENCE_BYTES], missing[PL_LAUNCH_ADVICE_BYTES];
    struct pl_text sentence_text = pl_text_init(sentence, sizeof sentence);
    struct pl_text missing_text = pl_text_init(missing, sizeof missing);
    pl_launch_sentence_write(v, &sentence_text);
    pl_launch_missing_write(v, &missing_text);
    pl_json_put_name(out, "{\"pool\":", pool);
    pl_json_put_text(out, ",\"verdict\":", pl_verdict_word(v->colour));
    pl_json_put_text(out, ",\"text\":", sentence);
    pl_json_put_text(out, ",\"confidence\":", pl_confidence_word(v->confidence));
    pl_json_put_text(out, ",\"lead\":", pl_lead_word(v->lead));
    pl_json_put_number(out, ",\"lead_s\":", v->lead_ms / 1000, 1);
    pl_json_put_text(out, ",\"unit\":", pl_traffic_unit(v->unit));
    put_load(out, ",\"expected\":", v->expected);
    pl_json_put_real(out, ",\"usual\":", v->usual);
    if (!view->customer) pl_json_put_real(out, ",\"others\":", v->others);
    pl_json_put_real(out, ",\"ceiling\":", v->ceiling);
    pl_json_put_real(out, ",\"ratio\":", v->ratio);
    pl_text_str(out, ",\"first_limit\":");
    if (v->has_limit)
        pl_text_json(out, pl_span_of(pl_learned_name(v->first_limit)));
    else
        pl_text_str(out, "null");
    pl_json_put_time(out, ",\"peak_at\":", v->peak_unix_ms);
    pl_json_put_time(out, ",\"full_at\":", v->full_unix_ms);
    pl_json_put_time(out, ",\"safe_start\":", v->safe_start_unix_ms);
    pl_json_put_text(out, ",\"missing\":", missing);
    put_remedies(out, v, view->now.unix_ms);
    put_assumptions(out, v->assumptions);
    pl_text_char(out, '}');
}

/* The verdicts of all its pools, and the worst of them. */
static enum pl_verdict_colour put_verdicts(struct pl_text *out, const struct pl_view *view,
                                           const struct pl_launch *l)
{
    enum pl_verdict_colour worst = PL_VERDICT_GREEN;
    pl_text_str(out, ",\"pools_verdicts\":[");
    for (uint32_t i = 0; i < l->pool_count; i++) {
        struct pl_launch_plan plan;
        struct pl_launch_verdict v =
            pl_engine_judge_launch(view->engine, l, i, view->now.unix_ms, &plan);
        if (i > 0) pl_text_char(out, ',');
        put_verdict(out, view, &l->pools[i], &v);
        worst = pl_verdict_worse(worst, v.colour);
    }
    pl_text_char(out, ']');
    pl_json_put_text(out, ",\"verdict\":", pl_verdict_word(worst));
    return worst;
}

/* One of ours sees all launches, a customer its own. */
static bool is_shown(const struct pl_view *view, const struct pl_launch *l)
{
    return !view->customer || pl_customer_has(view->customer, l);
}

/* A customer sees its own name; who of ours it was is not its business. */
static void put_author(struct pl_text *out, const struct pl_view *view, const char *author)
{
    char own[PL_LAUNCH_AUTHOR_BYTES];
    struct pl_text t = pl_text_init(own, sizeof own);
    if (view->customer) pl_launch_customer_author(&t, view->customer);
    bool is_ours = view->customer && author[0] != '\0' && strcmp(author, own) != 0;
    pl_json_put_text(out, ",\"author\":", is_ours ? "operations" : author);
}

/* Ids of launches that share a pool and a time with this one. */
static void put_collisions(struct pl_text *out, const struct pl_view *view,
                           const struct pl_launch *l)
{
    const struct pl_launch_book *book = pl_engine_launches(view->engine);
    struct pl_json_list list = pl_json_list_begin(out, ",\"collides_with\":", ITEM_RESERVE);
    for (uint32_t i = 0; i < book->used_max; i++) {
        const struct pl_launch_entry *e = &book->entries[i];
        if (!e->used || !pl_launch_is_open(e->course.state) || pl_name_eq(&e->launch.id, &l->id) ||
            !pl_launches_meet(&e->launch, l) || !is_shown(view, &e->launch))
            continue;
        pl_json_item_begin(&list);
        pl_json_put_name(out, "", &e->launch.id);
        if (!pl_json_item_end(&list)) break;
    }
    pl_text_char(out, ']');
}

void pl_json_watcher(struct pl_text *out, const struct pl_view *view, const struct pl_name *pool)
{
    struct pl_contact contact = {0};
    uint16_t person = PL_NOBODY;
    if (pool) contact = pl_contact_find(&view->contacts, pool);
    if (view->oncall)
        person = pl_policy_watcher(view->oncall, contact.policy, view->now.unix_ms / 1000);
    bool is_person = person != PL_NOBODY;
    pl_text_str(out, ",\"watched_by\":");
    pl_text_json(out, is_person ? pl_name_span(&view->oncall->people[person].name) : contact.owner);
}

static void put_watcher(struct pl_text *out, const struct pl_view *view, const struct pl_launch *l)
{
    pl_json_watcher(out, view, l->pool_count > 0 ? &l->pools[0] : NULL);
}

/* ---- launches ---- */

void pl_json_launch_dry(struct pl_text *out, const struct pl_view *view, const struct pl_launch *l)
{
    pl_text_str(out, "{\"dry_run\":true");
    pl_launch_members_write(out, l, ",");
    (void)put_verdicts(out, view, l);
    put_collisions(out, view, l);
    pl_json_put_findings(out, view, l);
    pl_json_put_learned(out, view, l);
    put_watcher(out, view, l);
    pl_text_str(out, "}\n");
}

static void put_state(struct pl_text *out, const struct pl_view *view,
                      const struct pl_launch_entry *e)
{
    pl_json_put_name(out, "{\"id\":", &e->launch.id);
    pl_json_put_number(out, ",\"revision\":", e->launch.revision, 1);
    pl_json_put_text(out, ",\"state\":", pl_launch_state_word(e->course.state));
    pl_json_put_time(out, ",\"state_since\":", e->course.state_unix_ms);
    pl_json_put_time(out, ",\"created_at\":", e->launch.created_unix_ms);
    pl_json_put_time(out, ",\"changed_at\":", e->launch.changed_unix_ms);
    put_author(out, view, e->launch.author);
}

static void put_seen(struct pl_text *out, const struct pl_launch_course *c)
{
    pl_json_put_time(out, ",\"seen\":{\"live_at\":", c->live_unix_ms);
    pl_json_put_time(out, ",\"onset_at\":", c->onset_unix_ms);
    put_load(out, ",\"expected\":", c->expected);
    pl_json_put_real(out, ",\"peak\":", c->peak_per_s);
    pl_json_put_time(out, ",\"peak_at\":", c->peak_unix_ms);
    pl_json_put_real(out, ",\"usual\":", c->usual_per_s);
    pl_json_put_real(out, ",\"least_headroom\":", c->least_headroom);
    pl_text_char(out, '}');
}

static void put_log(struct pl_text *out, const struct pl_view *view,
                    const struct pl_launch_entry *e)
{
    pl_text_str(out, ",\"log\":[");
    for (uint32_t i = 0; i < e->log_count; i++) {
        const struct pl_launch_note *n = &e->log[i];
        pl_json_put_time(out, i > 0 ? ",{\"time\":" : "{\"time\":", n->unix_ms);
        pl_json_put_text(out, ",\"event\":", pl_launch_event_word(n->event));
        pl_json_put_number(out, ",\"revision\":", n->revision, 1);
        pl_json_put_text(out, ",\"state\":", pl_launch_state_word(n->state));
        pl_json_put_text(out, ",\"verdict\":", pl_verdict_word(n->colour));
        put_author(out, view, n->author);
        pl_json_put_text(out, ",\"reason\":", n->reason);
        pl_text_char(out, '}');
    }
    pl_text_char(out, ']');
}

void pl_json_launch(struct pl_text *out, const struct pl_view *view, uint32_t index, bool full)
{
    const struct pl_launch_entry *e = &pl_engine_launches(view->engine)->entries[index];
    put_state(out, view, e);
    pl_launch_members_write(out, &e->launch, ",");
    put_watcher(out, view, &e->launch);
    if (full && pl_launch_is_open(e->course.state)) {
        (void)put_verdicts(out, view, &e->launch);
        put_collisions(out, view, &e->launch);
        pl_json_put_findings(out, view, &e->launch);
    } else {
        pl_json_put_text(out, ",\"verdict\":", pl_verdict_word(e->course.colour));
    }
    if (full) {
        put_seen(out, &e->course);
        pl_json_put_learned(out, view, &e->launch);
        if (!view->customer) pl_json_put_upgrades(out, &e->after);
        put_log(out, view, e);
    }
    pl_text_char(out, '}');
}

static bool concerns(const struct pl_launch *l, const struct pl_name *pool)
{
    if (pool->len == 0) return true;
    for (uint32_t i = 0; i < l->pool_count; i++) {
        if (pl_name_eq(&l->pools[i], pool)) return true;
    }
    return false;
}

void pl_json_launches(struct pl_text *out, const struct pl_view *view, const struct pl_name *pool,
                      uint32_t first)
{
    const struct pl_launch_book *book = pl_engine_launches(view->engine);
    const struct pl_name *last = NULL, *next = NULL;
    struct pl_json_list list = pl_json_list_begin(out, "{\"launches\":", ITEM_RESERVE);
    for (uint32_t i = first; i < book->used_max && !next; i++) {
        const struct pl_launch_entry *e = &book->entries[i];
        if (!e->used || !concerns(&e->launch, pool) || !is_shown(view, &e->launch)) continue;
        pl_json_item_begin(&list);
        pl_json_launch(out, view, i, false);
        if (pl_json_item_end(&list))
            last = &e->launch.id;
        else
            next = last;
    }
    pl_text_str(out, "],\"next\":");
    if (next)
        pl_text_json(out, pl_name_span(next));
    else
        pl_text_str(out, "null");
    pl_text_str(out, "}\n");
}

void pl_json_launch_forecast(struct pl_text *out, const struct pl_view *view, uint32_t index)
{
    const struct pl_launch_entry *e = &pl_engine_launches(view->engine)->entries[index];
    struct pl_launch_plan plan;
    struct pl_launch_verdict v =
        pl_engine_judge_launch(view->engine, &e->launch, 0, view->now.unix_ms, &plan);
    int64_t span_ms = e->launch.ends_unix_ms - plan.begin_unix_ms;
    int64_t step_ms = PL_MAX(span_ms / CURVE_POINTS / MINUTE_MS, 1) * MINUTE_MS;
    pl_json_put_name(out, "{\"id\":", &e->launch.id);
    pl_json_put_text(out, ",\"unit\":", pl_traffic_unit(v.unit));
    pl_json_put_real(out, ",\"ceiling\":", v.ceiling);
    pl_json_put_number(out, ",\"step_s\":", step_ms / 1000, 1);
    struct pl_json_list list = pl_json_list_begin(out, ",\"points\":", PL_JSON_TAIL_BYTES);
    for (int64_t at_ms = plan.begin_unix_ms; at_ms <= e->launch.ends_unix_ms; at_ms += step_ms) {
        struct pl_load load = pl_launch_load(&plan, at_ms);
        pl_json_item_begin(&list);
        pl_json_put_number(out, "[", at_ms, 1);
        pl_json_put_real(out, ",", v.usual + load.p50);
        pl_json_put_real(out, ",", v.usual + load.p90);
        pl_text_char(out, ']');
        if (!pl_json_item_end(&list)) break;
    }
    pl_text_str(out, "]}\n");
}

/* ---- refusals ---- */

/* RFC 3339 with the offset that holds there. */
static void put_choice(struct pl_text *out, int64_t unix_s, int32_t offset_s)
{
    char text[40];
    struct pl_text t = pl_text_init(text, sizeof text);
    pl_text_rfc3339(&t, (unix_s + offset_s) * 1000);
    int32_t minutes = (offset_s < 0 ? -offset_s : offset_s) / 60;
    pl_text_char(out, '"');
    pl_text_span(out, (struct pl_span){(const uint8_t *)text, sizeof "2026-05-01T14:03:12" - 1});
    pl_text_char(out, offset_s < 0 ? '-' : '+');
    pl_text_digits(out, (uint64_t)minutes / 60, 2);
    pl_text_char(out, ':');
    pl_text_digits(out, (uint64_t)minutes % 60, 2);
    pl_text_char(out, '"');
}

void pl_json_launch_problem(struct pl_text *out, const struct pl_launch_faults *faults)
{
    pl_text_str(out, "{\"type\":\"about:blank\",\"title\":\"Unprocessable Content\",\"status\":422,"
                     "\"detail\":\"");
    pl_text_u64(out, faults->count);
    pl_text_str(out, faults->count == 1 ? " field is" : " fields are");
    pl_text_str(out, " not as they must be\",\"errors\":[");
    for (uint32_t i = 0; i < faults->count; i++) {
        const struct pl_launch_fault *f = &faults->items[i];
        if (i > 0) pl_text_char(out, ',');
        pl_text_str(out, "{\"pointer\":\"#");
        pl_text_str(out, f->field);
        pl_json_put_text(out, "\",\"value\":", f->value);
        pl_json_put_text(out, ",\"detail\":", f->rule);
        if (f->has_choices) {
            pl_text_str(out, ",\"choices\":[");
            put_choice(out, f->choices_unix_s[0], f->choices_offset_s[0]);
            pl_text_char(out, ',');
            put_choice(out, f->choices_unix_s[1], f->choices_offset_s[1]);
            pl_text_char(out, ']');
        }
        pl_text_char(out, '}');
    }
    pl_text_str(out, "]}\n");
}
