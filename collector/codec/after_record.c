#include "collector/codec/after_record.h"

#include "collector/codec/json_in.h"
#include "collector/codec/json_put.h"
#include "common/base/err.h"

#define TENTHS_MAX 1e10 // a thousand million per second

/* ---- there ---- */

static void put_tenths(struct pl_text *out, bool first, float value)
{
    if (!first) pl_text_char(out, ',');
    pl_text_i64(out, value < 0 ? -1 : (int64_t)PL_MIN((double)value * 10 + 0.5, TENTHS_MAX));
}

static void put_curve(struct pl_text *out, const struct pl_launch_curve *c)
{
    pl_json_put_number(out, "\"begin\":", c->begin_unix_ms, 1);
    pl_json_put_number(out, ",\"step_ms\":", c->step_ms, 1);
    pl_text_str(out, ",\"points\":[");
    for (uint32_t i = 0; i < c->count; i++) {
        put_tenths(out, i == 0, c->points[i].came);
        put_tenths(out, false, c->points[i].p50);
        put_tenths(out, false, c->points[i].p90);
    }
    pl_text_char(out, ']');
}

static int64_t bp_of(double headroom)
{
    return (int64_t)(PL_MAX(PL_MIN(headroom, 1), PL_HEADROOM_UNKNOWN) * 10000);
}

void pl_after_record_write(struct pl_text *out, const struct pl_launch_after *a)
{
    pl_text_str(out, ",\"after\":{");
    put_curve(out, &a->curve);
    pl_json_put_number(out, ",\"pages\":", a->page_count, 1);
    pl_json_put_number(out, ",\"more\":", a->more_count, 1);
    pl_text_str(out, ",\"deeds\":[");
    for (uint32_t i = 0; i < a->deed_count; i++) {
        const struct pl_launch_deed *d = &a->deeds[i];
        pl_text_str(out, i > 0 ? ",{\"kind\":" : "{\"kind\":");
        pl_text_json(out, pl_span_of(pl_launch_deed_word(d->kind)));
        pl_json_put_number(out, ",\"time\":", d->unix_ms, 1);
        pl_json_put_number(out, ",\"count\":", d->count, 1);
        pl_json_put_number(out, ",\"headroom_bp\":", bp_of(d->headroom), 1);
        pl_json_put_number(out, ",\"later_bp\":", bp_of(d->later_headroom), 1);
        pl_text_str(out, ",\"who\":");
        pl_text_json(out, pl_span_of(d->who));
        pl_text_str(out, ",\"text\":");
        pl_text_json(out, pl_span_of(d->text));
        pl_text_char(out, '}');
    }
    pl_text_str(out, "]}");
}

/* ---- and back ---- */

static int read_points(const cJSON *list, struct pl_launch_curve *c)
{
    const cJSON *item;
    uint32_t at = 0;
    cJSON_ArrayForEach(item, list)
    {
        double tenths = cJSON_IsNumber(item) ? item->valuedouble : -2;
        if (!(tenths >= -1 && tenths <= TENTHS_MAX) || at == 3 * PL_LAUNCH_POINTS_MAX)
            return PL_E_RANGE;
        struct pl_launch_point *p = &c->points[at / 3];
        float value = tenths < 0 ? -1 : (float)(tenths / 10);
        if (at % 3 == 0) p->came = value;
        if (at % 3 == 1) p->p50 = value;
        if (at % 3 == 2) p->p90 = value;
        at++;
    }
    c->count = at / 3;
    bool has_step = c->step_ms >= PL_LAUNCH_POINT_MS && c->begin_unix_ms > 0;
    return at % 3 == 0 && (has_step || at == 0) ? 0 : PL_E_RANGE;
}

static int read_deed(const cJSON *object, struct pl_launch_deed *d)
{
    const char *words[PL_DEED_KIND_COUNT];
    for (int i = 0; i < PL_DEED_KIND_COUNT; i++)
        words[i] = pl_launch_deed_word((enum pl_launch_deed_kind)i);
    struct pl_json_reader r = pl_json_reader_init(object);
    d->kind = (enum pl_launch_deed_kind)pl_json_word(&r, "kind", words, PL_LEN(words));
    d->unix_ms = pl_json_i64(&r, "time", 0, PL_JSON_EXACT_MAX);
    d->count = (uint32_t)pl_json_i64(&r, "count", 0, UINT32_MAX);
    d->headroom = (double)pl_json_i64(&r, "headroom_bp", -20000, 10000) / 10000;
    d->later_headroom = (double)pl_json_i64(&r, "later_bp", -20000, 10000) / 10000;
    pl_json_text(&r, "who", d->who, sizeof d->who);
    pl_json_text(&r, "text", d->text, sizeof d->text);
    return r.err;
}

int pl_after_record_read(const cJSON *object, struct pl_launch_after *a)
{
    struct pl_json_reader r = pl_json_reader_init(object);
    *a = (struct pl_launch_after){0};
    a->curve.begin_unix_ms = pl_json_i64(&r, "begin", 0, PL_JSON_EXACT_MAX);
    a->curve.step_ms = pl_json_i64(&r, "step_ms", 0, INT64_C(1) << 40);
    a->page_count = (uint32_t)pl_json_i64(&r, "pages", 0, UINT32_MAX);
    a->more_count = (uint32_t)pl_json_i64(&r, "more", 0, UINT32_MAX);
    const cJSON *points = pl_json_array(&r, "points");
    const cJSON *deeds = pl_json_array(&r, "deeds"), *item;
    if (r.err != 0) return r.err;
    int err = read_points(points, &a->curve);
    cJSON_ArrayForEach(item, deeds)
    {
        if (err == 0 && a->deed_count == PL_LAUNCH_DEEDS_MAX) err = PL_E_RANGE;
        if (err == 0) err = read_deed(item, &a->deeds[a->deed_count]);
        if (err != 0) break;
        a->deed_count++;
    }
    return err;
}
