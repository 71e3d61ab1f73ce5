/* Who is on call, over HTTP: schedules as JSON and as calendars, and overrides. */
#include "collector/io/api_private.h"

#include "collector/codec/ics_out.h"
#include "collector/codec/json_oncall.h"
#include "collector/codec/oncall_record.h"
#include "collector/codec/oncall_text.h"

static struct pl_oncall *oncall_of(const struct pl_api_call *c)
{
    return c->api->config.oncall;
}

/* "?at="; a time without an offset is one of `zone`, if there is one. False: refused and answered.
 */
static bool read_at(struct pl_api_call *c, const struct pl_zone *zone, int64_t *at_unix_s)
{
    struct pl_query_param params[] = {{.name = "at"}};
    *at_unix_s = c->now.unix_ms / 1000;
    if (!pl_api_read_query(c, params, PL_LEN(params))) return false;
    int64_t at_unix_ms = 0;
    if (!params[0].present) return true;
    if (pl_query_time(params[0].value, &at_unix_ms) == 0) {
        *at_unix_s = at_unix_ms / 1000;
        return true;
    }
    if (zone && pl_moment_parse(pl_span_of(params[0].value), zone, at_unix_s) == 0) return true;
    pl_api_problem_value(c, 422, pl_span_of("at"), params[0].value,
                         "is no time: RFC 3339 or unix seconds");
    return false;
}

/* The schedule of that name; PL_NOBODY after an answer. */
static uint16_t find_schedule(struct pl_api_call *c, struct pl_span name)
{
    uint16_t schedule = pl_oncall_schedule(oncall_of(c), name);
    if (schedule == PL_NOBODY)
        pl_api_problem_value(c, 404, PL_API_NO_PARAMETER, c->name.text,
                             "is no schedule; /api/v1/schedules lists them");
    return schedule;
}

/* `name` without ".ics", if that is how it ends. */
static bool ends_in_ics(struct pl_span *name)
{
    bool is_calendar = name->len > 4 && memcmp(name->ptr + name->len - 4, ".ics", 4) == 0;
    if (is_calendar) name->len -= 4;
    return is_calendar;
}

static void reply_calendar(struct pl_api_call *c, uint16_t schedule, uint16_t person)
{
    pl_ics_write(&c->out, oncall_of(c), schedule, person, c->now.unix_ms / 1000);
    pl_api_reply(c, 200, "text/calendar; charset=utf-8");
}

void pl_api_get_schedules(struct pl_api_call *c)
{
    int64_t at_unix_s;
    if (!read_at(c, NULL, &at_unix_s)) return;
    pl_json_schedules(&c->out, oncall_of(c), PL_NOBODY, at_unix_s);
    pl_api_reply_json(c);
}

void pl_api_get_schedule(struct pl_api_call *c)
{
    int64_t at_unix_s;
    struct pl_span name = pl_name_span(&c->name);
    bool is_calendar = pl_oncall_schedule(oncall_of(c), name) == PL_NOBODY && ends_in_ics(&name);
    uint16_t schedule = find_schedule(c, name);
    if (schedule == PL_NOBODY) return;
    const struct pl_zone *zone = oncall_of(c)->schedules[schedule].zone;
    if (is_calendar ? !pl_api_read_no_query(c) : !read_at(c, zone, &at_unix_s)) return;
    if (is_calendar) {
        reply_calendar(c, schedule, PL_NOBODY);
        return;
    }
    pl_json_schedules(&c->out, oncall_of(c), schedule, at_unix_s);
    pl_api_reply_json(c);
}

void pl_api_get_person(struct pl_api_call *c)
{
    struct pl_span name = pl_name_span(&c->name);
    bool is_calendar = ends_in_ics(&name);
    if (!pl_api_read_no_query(c)) return;
    uint16_t person = pl_oncall_person(oncall_of(c), name);
    if (person != PL_NOBODY && is_calendar)
        reply_calendar(c, PL_NOBODY, person);
    else
        pl_api_problem_value(c, 404, PL_API_NO_PARAMETER, c->name.text,
                             "is not NAME.ics of a person of the section people");
}

/* ---- overrides ---- */

static bool can_write(struct pl_api_call *c)
{
    if (pl_store_view(c->api->config.store).state == PL_REDIS_READY) return true;
    pl_api_problem(c, 503, PL_API_NO_PARAMETER,
                   "Redis is away, so nothing could be written down; try again");
    return false;
}

/* Larger than all, also than those of before the last restart. */
static uint64_t new_number(const struct pl_oncall *o, int64_t now_unix_ms)
{
    uint64_t number = (uint64_t)PL_MAX(now_unix_ms, 1);
    for (uint32_t i = 0; i < o->overrides.count; i++)
        number = PL_MAX(number, o->overrides.item[i].number + 1);
    return number;
}

void pl_api_post_override(struct pl_api_call *c)
{
    const char *culprit;
    struct pl_oncall *o = oncall_of(c);
    uint16_t schedule =
        pl_api_read_no_query(c) ? find_schedule(c, pl_name_span(&c->name)) : PL_NOBODY;
    if (schedule == PL_NOBODY) return;
    struct pl_override override = {.number = new_number(o, c->now.unix_ms),
                                   .made_unix_s = c->now.unix_ms / 1000};
    struct pl_text by = pl_text_init(override.by, sizeof override.by);
    pl_text_span(&by, pl_name_span(&c->caller.shown.principal.name));
    const char *problem = pl_override_in(c->request->body, o, schedule, &override, &culprit);
    if (problem) {
        pl_api_problem(c, culprit[0] ? 422 : 400, pl_span_of(culprit), problem);
        return;
    }
    if (!can_write(c)) return;
    if (pl_oncall_override(o, &override, c->now.unix_ms / 1000) != 0) {
        pl_api_problem(c, 503, PL_API_NO_PARAMETER,
                       "as many overrides as there is room for are to come");
        return;
    }
    pl_store_put_override(c->api->config.store, o, &override);
    pl_login_record(c->api->config.login, PL_AUDIT_OVERRIDE_MADE, &c->caller,
                    &o->schedules[schedule].name, c->now);
    pl_json_override(&c->out, o, &override);
    pl_text_char(&c->out, '\n');
    pl_api_reply_written(c, 201, "application/json");
}

/* The schedule that override is of; empty: there is none. */
static struct pl_name schedule_of(const struct pl_oncall *o, uint64_t number)
{
    for (uint32_t i = 0; i < o->overrides.count; i++) {
        const struct pl_override *override = &o->overrides.item[i];
        if (override->number == number) return o->schedules[override->schedule].name;
    }
    return (struct pl_name){0};
}

void pl_api_delete_override(struct pl_api_call *c)
{
    uint64_t number = 0;
    if (!pl_api_read_no_query(c) || !can_write(c)) return;
    bool is_number = pl_query_u64(c->name.text, 1, INT64_MAX, &number) == 0;
    const struct pl_name subject = schedule_of(oncall_of(c), number);
    if (!is_number || !pl_oncall_override_drop(oncall_of(c), number)) {
        pl_api_problem_value(c, 404, PL_API_NO_PARAMETER, c->name.text,
                             "is no override; /api/v1/schedules lists them");
        return;
    }
    pl_store_drop_override(c->api->config.store, number);
    pl_login_record(c->api->config.login, PL_AUDIT_OVERRIDE_ENDED, &c->caller,
                    subject.len > 0 ? &subject : NULL, c->now);
    pl_text_str(&c->out, "{\"deleted\":true}\n");
    pl_api_reply_written(c, 200, "application/json");
}
