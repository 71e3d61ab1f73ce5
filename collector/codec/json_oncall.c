#include "collector/codec/json_oncall.h"

#include "collector/codec/json_put.h"
#include "collector/codec/oncall_text.h"
#include "collector/core/oncall/gaps.h"

enum { HORIZON_S = 90 * 86400 };

static void put_time(struct pl_text *out, const char *key, int64_t unix_s)
{
    pl_json_put_time(out, key, unix_s * 1000);
}

static void put_person(struct pl_text *out, const char *key, const struct pl_oncall *o,
                       uint16_t person)
{
    pl_text_str(out, key);
    if (person == PL_NOBODY)
        pl_text_str(out, "null");
    else
        pl_text_json(out, pl_name_span(&o->people[person].name));
}

/* "alex until Mon 09:00", where the end is known. */
static void put_text(struct pl_text *out, const struct pl_oncall *o,
                     const struct pl_schedule *schedule, const struct pl_duty *duty, int64_t at)
{
    char text[PL_NAME_LEN_MAX + 64];
    struct pl_text t = pl_text_init(text, sizeof text);
    pl_text_str(&t, duty->person == PL_NOBODY ? "nobody" : o->people[duty->person].name.text);
    if (duty->until_unix_s < at + HORIZON_S) {
        pl_text_str(&t, " until ");
        pl_moment_write(&t, schedule->zone, duty->until_unix_s, at);
    }
    pl_text_str(out, ",\"text\":");
    pl_text_json(out, pl_text_bytes(&t));
}

void pl_json_override(struct pl_text *out, const struct pl_oncall *o,
                      const struct pl_override *override)
{
    pl_text_str(out, "{\"id\":\"");
    pl_text_u64(out, override->number);
    pl_json_put_name(out, "\",\"schedule\":", &o->schedules[override->schedule].name);
    put_person(out, ",\"person\":", o, override->person);
    put_time(out, ",\"from\":", override->from_unix_s);
    put_time(out, ",\"until\":", override->until_unix_s);
    put_time(out, ",\"made\":", override->made_unix_s);
    pl_text_str(out, ",\"by\":");
    pl_text_json(out, pl_span_of(override->by));
    pl_text_char(out, '}');
}

static void put_schedule(struct pl_text *out, const struct pl_oncall *o, uint16_t index, int64_t at)
{
    const struct pl_schedule *s = &o->schedules[index];
    struct pl_duty now = pl_oncall_duty(o, index, at, at + HORIZON_S);
    pl_json_put_name(out, "{\"schedule\":", &s->name);
    pl_text_str(out, ",\"zone\":");
    pl_text_json(out, pl_span_of(s->zone->name));
    put_person(out, ",\"person\":", o, now.person);
    pl_json_put_bool(out, ",\"override\":", now.is_override);
    bool ends = now.until_unix_s < at + HORIZON_S;
    put_time(out, ",\"until\":", ends ? now.until_unix_s : 0);
    put_text(out, o, s, &now, at);
    pl_text_str(out, ",\"next\":");
    if (ends) {
        struct pl_duty next = pl_oncall_duty(o, index, now.until_unix_s, at + HORIZON_S);
        put_person(out, "{\"person\":", o, next.person);
        put_time(out, ",\"from\":", now.until_unix_s);
        ends = next.until_unix_s < at + HORIZON_S;
        put_time(out, ",\"until\":", ends ? next.until_unix_s : 0);
        pl_text_char(out, '}');
    } else {
        pl_text_str(out, "null");
    }
    pl_text_str(out, ",\"overrides\":[");
    bool first = true;
    for (uint32_t i = 0; i < o->overrides.count; i++) {
        const struct pl_override *override = &o->overrides.item[i];
        if (override->schedule != index || override->until_unix_s <= at) continue;
        if (!first) pl_text_char(out, ',');
        pl_json_override(out, o, override);
        first = false;
    }
    pl_text_str(out, "]}");
}

static void put_warning(struct pl_text *out, const struct pl_oncall *o, const struct pl_gap *gap,
                        int64_t at)
{
    static const char *const kinds[] = {
        [PL_GAP] = "gap", [PL_GAP_OVERLAP] = "overlap", [PL_GAP_DOUBLE] = "double"};
    char text[PL_GAP_TEXT_BYTES];
    struct pl_text t = pl_text_init(text, sizeof text);
    pl_gap_write(&t, o, gap, at);
    pl_text_str(out, "{\"kind\":\"");
    pl_text_str(out, kinds[gap->kind]);
    pl_json_put_name(out, "\",\"schedule\":", &o->schedules[gap->schedule].name);
    put_person(out, ",\"person\":", o, gap->person);
    put_time(out, ",\"from\":", gap->from_unix_s);
    put_time(out, ",\"until\":", gap->until_unix_s);
    pl_text_str(out, ",\"times\":");
    pl_text_u64(out, gap->times);
    pl_text_str(out, ",\"text\":");
    pl_text_json(out, pl_text_bytes(&t));
    pl_text_char(out, '}');
}

void pl_json_schedules(struct pl_text *out, const struct pl_oncall *o, uint16_t schedule,
                       int64_t at_unix_s)
{
    struct pl_gaps gaps;
    put_time(out, "{\"at\":", at_unix_s);
    struct pl_json_list list = pl_json_list_begin(out, ",\"schedules\":", PL_JSON_TAIL_BYTES);
    for (uint16_t i = 0; i < o->schedule_count; i++) {
        if (schedule != PL_NOBODY && i != schedule) continue;
        pl_json_item_begin(&list);
        put_schedule(out, o, i, at_unix_s);
        if (!pl_json_item_end(&list)) break;
    }
    pl_gaps_find(o, at_unix_s, &gaps);
    list = pl_json_list_begin(out, "],\"warnings\":", PL_JSON_TAIL_BYTES);
    for (uint32_t i = 0; i < gaps.count; i++) {
        bool concerns = gaps.item[i].schedule == schedule || gaps.item[i].other == schedule;
        if (schedule != PL_NOBODY && !concerns) continue;
        pl_json_item_begin(&list);
        put_warning(out, o, &gaps.item[i], at_unix_s);
        if (!pl_json_item_end(&list)) break;
    }
    pl_text_str(out, "]}\n");
}
