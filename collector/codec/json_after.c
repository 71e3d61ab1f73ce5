#include "collector/codec/json_after.h"

#include "collector/codec/after_text.h"
#include "collector/codec/json_put.h"

static void put_real_or_null(struct pl_text *out, const char *key, double value, bool known)
{
    if (known) {
        pl_json_put_real(out, key, value);
        return;
    }
    pl_text_str(out, key);
    pl_text_str(out, "null");
}

/* ---- what was learned ---- */

static void put_factor(struct pl_text *out, const struct pl_learned_factor *f)
{
    pl_json_put_real(out, "\"factor\":", f->factor);
    pl_json_put_number(out, ",\"events\":", f->event_count, 1);
    pl_text_char(out, '}');
}

void pl_json_put_learned(struct pl_text *out, const struct pl_view *view, const struct pl_launch *l)
{
    struct pl_launch_learned learned;
    bool first = true;
    pl_engine_learned(view->engine, l, &learned);
    pl_json_put_number(out, ",\"learned\":{\"events\":", learned.event_count, 1);
    pl_text_str(out, ",\"channels\":[");
    for (int t = 0; t < PL_CHANNEL_COUNT; t++) {
        if (learned.channels[t].event_count == 0) continue;
        pl_json_put_text(out, first ? "{\"type\":" : ",{\"type\":",
                         pl_launch_channel_word((enum pl_launch_channel_type)t));
        pl_text_char(out, ',');
        put_factor(out, &learned.channels[t]);
        first = false;
    }
    pl_text_str(out, "],\"multiplier\":");
    if (learned.kind.event_count > 0) {
        pl_text_char(out, '{');
        put_factor(out, &learned.kind);
    } else {
        pl_text_str(out, "null");
    }
    pl_text_char(out, '}');
}

/* ---- the report ---- */

static void put_curve(struct pl_text *out, const struct pl_launch_curve *c)
{
    pl_json_put_number(out, ",\"step_s\":", c->step_ms / 1000, 1);
    pl_text_str(out, ",\"points\":[");
    for (uint32_t i = 0; i < c->count; i++) {
        const struct pl_launch_point *p = &c->points[i];
        pl_json_put_number(out, i > 0 ? ",[" : "[", c->begin_unix_ms + i * c->step_ms, 1);
        put_real_or_null(out, ",", (double)p->came, p->came >= 0);
        put_real_or_null(out, ",", (double)p->p50, p->came >= 0);
        put_real_or_null(out, ",", (double)p->p90, p->came >= 0);
        pl_text_char(out, ']');
    }
    pl_text_char(out, ']');
}

static void put_deed(struct pl_text *out, const struct pl_launch_deed *d)
{
    char words[PL_DEED_SENTENCE_BYTES];
    struct pl_text text = pl_text_init(words, sizeof words);
    pl_deed_sentence_write(d, &text);
    pl_json_put_time(out, "{\"time\":", d->unix_ms);
    pl_json_put_text(out, ",\"kind\":", pl_launch_deed_word(d->kind));
    pl_json_put_text(out, ",\"who\":", d->who);
    pl_json_put_text(out, ",\"text\":", words);
    pl_json_put_number(out, ",\"count\":", d->count, 1);
    put_real_or_null(out, ",\"headroom\":", d->headroom, d->headroom >= -1);
    put_real_or_null(out, ",\"later_headroom\":", d->later_headroom, d->later_headroom >= -1);
    pl_text_char(out, '}');
}

/* Of the kinds in the bits of `kinds`. */
static void put_deeds(struct pl_text *out, const char *key, const struct pl_launch_after *a,
                      uint32_t kinds)
{
    bool first = true;
    pl_text_str(out, key);
    for (uint32_t i = 0; i < a->deed_count; i++) {
        if ((kinds & 1u << a->deeds[i].kind) == 0) continue;
        if (!first) pl_text_char(out, ',');
        put_deed(out, &a->deeds[i]);
        first = false;
    }
    pl_text_char(out, ']');
}

void pl_json_put_upgrades(struct pl_text *out, const struct pl_launch_after *a)
{
    put_deeds(out, ",\"upgrades\":[", a, 1u << PL_DEED_UPGRADE);
}

/* What people of ours say among themselves, and what is installed, is not a customer's business. */
static void put_what_happened(struct pl_text *out, const struct pl_view *view,
                              const struct pl_launch_after *a)
{
    uint32_t shown = 1u << PL_DEED_PAGE | 1u << PL_DEED_CHANGE;
    uint32_t inside = 1u << PL_DEED_ACKNOWLEDGED | 1u << PL_DEED_NOTE;
    put_deeds(out, ",\"deeds\":[", a, view->customer ? shown : shown | inside);
    if (!view->customer) pl_json_put_upgrades(out, a);
    pl_json_put_number(out, ",\"deeds_left_out\":", a->more_count, 1);
}

static enum pl_traffic_source unit_of(const struct pl_view *view, const struct pl_launch *l)
{
    uint32_t pool = pl_fleet_find_pool(pl_engine_fleet(view->engine), &l->pools[0]);
    return pool == PL_NO_INDEX ? PL_SOURCE_REQUESTS
                               : pl_engine_saturation(view->engine, pool)->unit;
}

void pl_json_launch_report(struct pl_text *out, const struct pl_view *view, uint32_t index)
{
    const struct pl_launch_entry *e = &pl_engine_launches(view->engine)->entries[index];
    const struct pl_launch_course *c = &e->course;
    enum pl_traffic_source unit = unit_of(view, &e->launch);
    double factor = pl_launch_factor_error(c);
    char words[PL_AFTER_SENTENCE_BYTES];
    struct pl_text text = pl_text_init(words, sizeof words);
    pl_after_sentence_write(e, unit, &text);
    pl_json_put_name(out, "{\"id\":", &e->launch.id);
    pl_json_put_text(out, ",\"title\":", e->launch.title);
    pl_json_put_text(out, ",\"state\":", pl_launch_state_word(c->state));
    pl_json_put_text(out, ",\"text\":", words);
    pl_json_put_text(out, ",\"unit\":", pl_traffic_unit(unit));
    pl_json_put_real(out, ",\"expected\":{\"p50\":", c->foreseen.p50);
    pl_json_put_real(out, ",\"p90\":", c->foreseen.p90);
    pl_json_put_real(out, "},\"peak\":", c->peak_per_s);
    pl_json_put_time(out, ",\"peak_at\":", c->peak_unix_ms);
    pl_json_put_real(out, ",\"usual\":", c->usual_per_s);
    put_real_or_null(out, ",\"factor\":", factor, factor > 0);
    pl_text_str(out, ",\"within_p90\":");
    if (factor > 0)
        pl_text_str(out, c->peak_per_s <= c->foreseen.p90 ? "true" : "false");
    else
        pl_text_str(out, "null");
    pl_json_put_time(out, ",\"live_at\":", c->live_unix_ms);
    pl_json_put_time(out, ",\"onset_at\":", c->onset_unix_ms);
    pl_json_put_real(out, ",\"least_headroom\":", c->least_headroom);
    pl_json_put_number(out, ",\"pages\":", e->after.page_count, 1);
    put_what_happened(out, view, &e->after);
    struct pl_launch next = e->launch; // what the next one of this customer is judged by
    next.id = (struct pl_name){0};
    pl_json_put_learned(out, view, &next);
    put_curve(out, &e->after.curve);
    pl_text_str(out, "}\n");
}

void pl_json_launch_quality(struct pl_text *out, const struct pl_view *view)
{
    struct pl_launch_quality q;
    char words[PL_QUALITY_BYTES];
    struct pl_text text = pl_text_init(words, sizeof words);
    pl_launch_score(pl_engine_launches(view->engine), &q);
    pl_quality_sentence_write(&q, &text);
    bool known = q.scored_count > 0;
    pl_json_put_text(out, "{\"text\":", words);
    pl_json_put_number(out, ",\"launches\":", q.scored_count, 1);
    pl_json_put_number(out, ",\"absent\":", q.absent_count, 1);
    put_real_or_null(out, ",\"median_factor\":", q.median_factor, known);
    put_real_or_null(out, ",\"worst_factor\":", q.worst_factor, known);
    put_real_or_null(
        out, ",\"within_factor_2\":", known ? (double)q.factor_2_count / q.scored_count : 0, known);
    put_real_or_null(out, ",\"within_p90\":", known ? (double)q.p90_count / q.scored_count : 0,
                     known);
    pl_text_str(out, "}\n");
}
