#include "collector/codec/json_collide.h"

#include "collector/codec/json_put.h"
#include "collector/codec/launch_text.h"
#include "collector/core/trust/customer.h"
#include "common/base/assert.h"

/* "2026-05-01 14:03 UTC" */
static void put_moment(struct pl_text *out, int64_t unix_ms)
{
    char text[40];
    struct pl_text t = pl_text_init(text, sizeof text);
    pl_text_rfc3339(&t, unix_ms);
    pl_text_span(out, (struct pl_span){(const uint8_t *)text, 10});
    pl_text_char(out, ' ');
    pl_text_span(out, (struct pl_span){(const uint8_t *)text + 11, 5});
    pl_text_str(out, " UTC");
}

static void put_hours(struct pl_text *out, const struct pl_collision *c)
{
    pl_text_str(out, " from ");
    put_moment(out, c->from_unix_ms);
    pl_text_str(out, " to ");
    put_moment(out, c->until_unix_ms);
}

static void put_other(struct pl_text *out, const struct pl_collision *c,
                      const struct pl_launch *other)
{
    pl_text_char(out, '\'');
    if (other) pl_text_str(out, other->title);
    pl_text_str(out, "' (");
    pl_text_span(out, pl_name_span(&c->with));
    pl_text_char(out, ')');
}

static void put_share(struct pl_text *out, const struct pl_collision *c,
                      const struct pl_launch *other)
{
    put_other(out, c, other);
    pl_text_str(out, " is on ");
    pl_text_span(out, pl_name_span(&c->name));
    pl_text_str(out, ", too,");
    put_hours(out, c);
    if (c->kind == PL_COLLISION_MAINTENANCE) {
        pl_text_str(out, ": one of the two is maintenance");
        return;
    }
    pl_text_str(out, "; its up to ");
    pl_launch_rate_write(c->p90, out);
    pl_text_char(out, ' ');
    pl_text_str(out, pl_traffic_unit(c->unit));
    pl_text_str(out, " are counted in");
}

static void put_pool(struct pl_text *out, const struct pl_collision *c)
{
    pl_text_u64(out, c->count);
    if (c->kind == PL_COLLISION_SILENT) {
        pl_text_str(out, " of ");
        pl_text_u64(out, c->of);
        pl_text_str(out, " front ends of ");
        pl_text_span(out, pl_name_span(&c->name));
        pl_text_str(out, c->count == 1 ? " is" : " are");
        pl_text_str(out, " silent: what they take and have is not known");
        return;
    }
    pl_text_str(out, c->count == 1 ? " alert fires on " : " alerts fire on ");
    pl_text_span(out, pl_name_span(&c->name));
    pl_text_str(out, " now; the worst is ");
    pl_text_str(out, pl_rule_name(c->rule));
}

void pl_collision_sentence_write(const struct pl_collision *c, const struct pl_launch *other,
                                 struct pl_text *out)
{
    switch (c->kind) {
    case PL_COLLISION_LAUNCH:
    case PL_COLLISION_MAINTENANCE: put_share(out, c, other); return;
    case PL_COLLISION_ON_CALL:
        pl_text_span(out, pl_name_span(&c->name));
        pl_text_str(out, " alone would be woken for this and for ");
        put_other(out, c, other);
        pl_text_char(out, ',');
        put_hours(out, c);
        return;
    case PL_COLLISION_SILENT:
    case PL_COLLISION_UNHEALTHY: put_pool(out, c); return;
    case PL_COLLISION_CERTIFICATE:
        pl_text_str(out, "the collector's certificate ends at ");
        put_moment(out, c->until_unix_ms);
        pl_text_str(out, ", before this does: agents that check it could not connect");
        return;
    case PL_COLLISION_COUNT: break;
    }
    PL_UNREACHABLE("collision");
}

static bool is_told(const struct pl_view *view, const struct pl_collision *c,
                    const struct pl_launch *other)
{
    if (!view->customer) return true;
    if (other) return c->kind != PL_COLLISION_ON_CALL && pl_customer_has(view->customer, other);
    return c->kind != PL_COLLISION_CERTIFICATE;
}

static void put_finding(struct pl_text *out, const struct pl_collision *c,
                        const struct pl_launch *other)
{
    char words[PL_COLLISION_TEXT_BYTES];
    struct pl_text text = pl_text_init(words, sizeof words);
    pl_collision_sentence_write(c, other, &text);
    PL_ASSERT(!text.overflow);
    pl_text_str(out, "{\"kind\":");
    pl_text_json(out, pl_span_of(pl_collision_word(c->kind)));
    pl_text_str(out, ",\"text\":");
    pl_text_json(out, pl_text_bytes(&text));
    if (c->with.len > 0) pl_json_put_name(out, ",\"with\":", &c->with);
    if (c->name.len > 0)
        pl_json_put_name(out,
                         c->kind == PL_COLLISION_ON_CALL ? ",\"person\":" : ",\"pool\":", &c->name);
    if (c->from_unix_ms > 0) pl_json_put_time(out, ",\"from\":", c->from_unix_ms);
    if (c->until_unix_ms > 0) pl_json_put_time(out, ",\"until\":", c->until_unix_ms);
    if (c->count > 0) pl_json_put_number(out, ",\"count\":", c->count, 1);
    if (c->of > 0) pl_json_put_number(out, ",\"of\":", c->of, 1);
    if (c->kind == PL_COLLISION_LAUNCH) pl_json_put_real(out, ",\"p90\":", c->p90);
    pl_text_char(out, '}');
}

void pl_json_put_findings(struct pl_text *out, const struct pl_view *view,
                          const struct pl_launch *l)
{
    const struct pl_launch_book *book = pl_engine_launches(view->engine);
    struct pl_collisions all;
    bool first = true;
    struct pl_launch_beside beside = {view->oncall, view->certificate_ends_unix_ms};
    pl_engine_collisions(view->engine, l, &beside, &all);
    pl_text_str(out, ",\"findings\":[");
    for (uint32_t i = 0; i < all.count; i++) {
        const struct pl_collision *c = &all.items[i];
        uint32_t at = c->with.len > 0 ? pl_launch_find(book, &c->with) : PL_NO_INDEX;
        const struct pl_launch *other = at == PL_NO_INDEX ? NULL : &book->entries[at].launch;
        if (!is_told(view, c, other)) continue;
        if (!first) pl_text_char(out, ',');
        put_finding(out, c, other);
        first = false;
    }
    pl_text_char(out, ']');
    if (!view->customer) pl_json_put_number(out, ",\"findings_left_out\":", all.more_count, 1);
}
