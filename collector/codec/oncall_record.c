#include "collector/codec/oncall_record.h"

#include "collector/codec/json_in.h"
#include "collector/codec/json_put.h"
#include "collector/codec/oncall_text.h"
#include "common/base/err.h"

enum { SECONDS_MAX = 1 << 30, TIME_BYTES = 40, LASTS_MAX_S = 366 * 86400 };

void pl_record_override_write(struct pl_text *out, const struct pl_oncall *o,
                              const struct pl_override *override)
{
    pl_text_str(out, "{\"number\":\"");
    pl_text_u64(out, override->number);
    pl_text_str(out, "\",\"schedule\":");
    pl_text_json(out, pl_name_span(&o->schedules[override->schedule].name));
    pl_text_str(out, ",\"person\":");
    pl_text_json(out, pl_name_span(&o->people[override->person].name));
    pl_json_put_i64(out, ",\"from\":", override->from_unix_s);
    pl_json_put_i64(out, ",\"until\":", override->until_unix_s);
    pl_json_put_i64(out, ",\"made\":", override->made_unix_s);
    pl_text_str(out, ",\"by\":");
    pl_text_json(out, pl_span_of(override->by));
    pl_text_char(out, '}');
}

int pl_record_override_read(struct pl_span in, struct pl_override_record *out)
{
    const int64_t max = SECONDS_MAX * INT64_C(200); // the year 8800
    cJSON *root = pl_json_parse(in);
    struct pl_json_reader r = pl_json_reader_init(root);
    struct pl_override_record record = {0};
    struct pl_override *o = &record.override;
    o->number = pl_json_u64(&r, "number");
    pl_json_name(&r, "schedule", &record.schedule);
    pl_json_name(&r, "person", &record.person);
    o->from_unix_s = pl_json_i64(&r, "from", 0, max);
    o->until_unix_s = pl_json_i64(&r, "until", 0, max);
    o->made_unix_s = pl_json_i64(&r, "made", 0, max);
    pl_json_text(&r, "by", o->by, sizeof o->by);
    cJSON_Delete(root);
    if (r.err == 0 && o->from_unix_s >= o->until_unix_s) r.err = PL_E_RANGE;
    if (r.err == 0) *out = record;
    return r.err;
}

/* What is wrong with a time, or NULL. */
static const char *read_time(struct pl_json_reader *r, const char *member,
                             const struct pl_zone *zone, int64_t *unix_s)
{
    char text[TIME_BYTES] = "";
    pl_json_text(r, member, text, sizeof text);
    if (r->err == 0 && pl_moment_parse(pl_span_of(text), zone, unix_s) == 0) return NULL;
    return "is no time: 2026-12-24T18:00 on the schedule's clock, or with Z or an offset";
}

static const char *read_override(const cJSON *root, const struct pl_oncall *o,
                                 struct pl_override *out, const char **culprit)
{
    const struct pl_zone *zone = o->schedules[out->schedule].zone;
    struct pl_json_reader r = pl_json_reader_init(root);
    struct pl_name person = {0};
    *culprit = "person";
    pl_json_name(&r, "person", &person);
    out->person = r.err == 0 ? pl_oncall_person(o, pl_name_span(&person)) : PL_NOBODY;
    if (out->person == PL_NOBODY) return "is nobody of the section people";
    *culprit = "from";
    const char *problem = read_time(&r, "from", zone, &out->from_unix_s);
    if (problem) return problem;
    *culprit = "until";
    problem = read_time(&r, "until", zone, &out->until_unix_s);
    if (problem) return problem;
    if (out->until_unix_s <= out->from_unix_s) return "is not after from";
    return out->until_unix_s - out->from_unix_s > LASTS_MAX_S ? "is more than a year after from"
                                                              : NULL;
}

const char *pl_override_in(struct pl_span body, const struct pl_oncall *o, uint16_t schedule,
                           struct pl_override *out, const char **culprit)
{
    cJSON *root = pl_json_parse(body);
    struct pl_override override = *out;
    override.schedule = schedule;
    *culprit = "";
    const char *problem =
        root ? read_override(root, o, &override, culprit) : "the body is no JSON object";
    cJSON_Delete(root);
    if (!problem) *out = override;
    return problem;
}
