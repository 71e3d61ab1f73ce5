#include "collector/codec/oncall_text.h"

#include "collector/codec/query.h"
#include "common/base/err.h"
#include "common/base/quantity.h"

enum { DAY_S = 86400, WEEK_DAYS = 7, ALL_DAYS = 0x7f };

static const char weekdays[WEEK_DAYS][4] = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};

/* ---- reading, piece by piece ---- */

struct cursor {
    const uint8_t *at, *end;
};

static struct cursor cursor_of(struct pl_span in)
{
    return (struct cursor){in.ptr, in.ptr + in.len};
}

static bool take(struct cursor *c, char wanted)
{
    if (c->at == c->end || *c->at != (uint8_t)wanted) return false;
    c->at++;
    return true;
}

/* Exactly `digits` of them; -1 if there are not. */
static int32_t take_number(struct cursor *c, int digits)
{
    int32_t value = 0;
    if (c->end - c->at < digits) return -1;
    for (int i = 0; i < digits; i++) {
        if (c->at[i] < '0' || c->at[i] > '9') return -1;
        value = value * 10 + (c->at[i] - '0');
    }
    c->at += digits;
    return value;
}

/* 0 to 6, or -1. */
static int32_t take_weekday(struct cursor *c)
{
    for (int32_t day = 0; day < WEEK_DAYS && c->end - c->at >= 3; day++) {
        const char *name = weekdays[day];
        if ((c->at[0] | 0x20) != (name[0] | 0x20) || (c->at[1] | 0x20) != name[1] ||
            (c->at[2] | 0x20) != name[2])
            continue;
        c->at += 3;
        return day;
    }
    return -1;
}

/* HH:MM, in minutes, 24:00 included; or -1. */
static int32_t take_minute(struct cursor *c)
{
    int32_t hour = take_number(c, 2);
    if (hour < 0 || hour > 24 || !take(c, ':')) return -1;
    int32_t minute = take_number(c, 2);
    if (minute < 0 || minute > 59 || (hour == 24 && minute > 0)) return -1;
    return hour * 60 + minute;
}

static int take_times(struct cursor *c, struct pl_hours *out)
{
    int32_t from = take_minute(c);
    int32_t until = from >= 0 && take(c, '-') ? take_minute(c) : -1;
    if (until < 0 || from == PL_MINUTES_PER_DAY) return PL_E_SYNTAX;
    out->from_minute = (uint16_t)from;
    out->until_minute = (uint16_t)until;
    return 0;
}

int pl_hours_parse(struct pl_span in, struct pl_hours *out)
{
    struct cursor c = cursor_of(in);
    struct pl_hours window = {ALL_DAYS, 0, PL_MINUTES_PER_DAY};
    int32_t first = take_weekday(&c), last = first;
    if (first >= 0) {
        if (take(&c, '-')) last = take_weekday(&c);
        if (last < 0) return PL_E_SYNTAX;
        window.weekdays = 0;
        for (int32_t day = first; day != last; day = (day + 1) % WEEK_DAYS)
            window.weekdays |= (uint8_t)(1u << day);
        window.weekdays |= (uint8_t)(1u << last);
    }
    bool has_times = first < 0 || take(&c, ' ');
    if (has_times && take_times(&c, &window) < 0) return PL_E_SYNTAX;
    if (c.at != c.end) return PL_E_SYNTAX;
    *out = window;
    return 0;
}

int pl_handover_parse(struct pl_span in, int32_t *weekday, int32_t *minute)
{
    struct cursor c = cursor_of(in);
    int32_t day = take_weekday(&c);
    if (day >= 0 && !take(&c, ' ')) return PL_E_SYNTAX;
    int32_t at = take_minute(&c);
    if (at < 0 || at == PL_MINUTES_PER_DAY || c.at != c.end) return PL_E_SYNTAX;
    *weekday = day;
    *minute = at;
    return 0;
}

int pl_turn_parse(struct pl_span in, int64_t *turn_s)
{
    int64_t ms = pl_span_is(in, "daily")    ? DAY_S * INT64_C(1000)
                 : pl_span_is(in, "weekly") ? WEEK_DAYS * DAY_S * INT64_C(1000)
                                            : 0;
    int err = ms > 0 ? 0 : pl_quantity_duration(in, &ms);
    if (err) return err;
    if (ms < PL_LAYER_TURN_MIN_S * INT64_C(1000) || ms > PL_LAYER_TURN_MAX_S * INT64_C(1000) ||
        ms % 60000 != 0)
        return PL_E_RANGE;
    *turn_s = ms / 1000;
    return 0;
}

static int take_day(struct cursor *c, int64_t *wall_s)
{
    int32_t year = take_number(c, 4);
    int32_t month = year >= 0 && take(c, '-') ? take_number(c, 2) : -1;
    int32_t day = month >= 0 && take(c, '-') ? take_number(c, 2) : -1;
    if (day < 0) return PL_E_SYNTAX;
    if (year < 1970 || month < 1 || month > 12 || day < 1) return PL_E_RANGE;
    int64_t at = pl_civil_day_s(year, month, day);
    if (pl_civil_of(at).month != month) return PL_E_RANGE; // the 30th of February
    *wall_s = at;
    return 0;
}

int pl_day_parse(struct pl_span in, int64_t *wall_s)
{
    struct cursor c = cursor_of(in);
    int64_t at = 0;
    int err = take_day(&c, &at);
    if (!err && c.at != c.end) err = PL_E_SYNTAX;
    if (!err) *wall_s = at;
    return err;
}

int pl_moment_parse(struct pl_span in, const struct pl_zone *zone, int64_t *unix_s)
{
    struct cursor c = cursor_of(in);
    int64_t day_s = 0;
    int err = take_day(&c, &day_s);
    if (err) return err;
    int32_t minute = take(&c, 'T') || take(&c, ' ') ? take_minute(&c) : -1;
    if (minute >= 0 && c.at == c.end) {
        *unix_s = pl_zone_moment(zone, day_s + minute * 60, PL_ZONE_COMPATIBLE);
        return 0;
    }
    char text[PL_QUERY_VALUE_LEN_MAX + 1];
    struct pl_text t = pl_text_init(text, sizeof text);
    int64_t unix_ms = 0;
    pl_text_span(&t, in);
    err = t.overflow ? PL_E_SYNTAX : pl_query_time(text, &unix_ms);
    if (!err) *unix_s = unix_ms / 1000;
    return err;
}

/* ---- writing ---- */

void pl_moment_write(struct pl_text *out, const struct pl_zone *zone, int64_t unix_s,
                     int64_t now_unix_s)
{
    int64_t wall_s = pl_zone_wall(zone, unix_s);
    int64_t minute = (wall_s - pl_civil_floor(wall_s, DAY_S)) / 60;
    bool is_near = unix_s > now_unix_s - 6 * DAY_S && unix_s < now_unix_s + 6 * DAY_S;
    if (!is_near) {
        struct pl_civil date = pl_civil_of(wall_s);
        pl_text_digits(out, (uint64_t)date.year, 4);
        pl_text_char(out, '-');
        pl_text_digits(out, (uint64_t)date.month, 2);
        pl_text_char(out, '-');
        pl_text_digits(out, (uint64_t)date.day, 2);
        pl_text_char(out, ' ');
    }
    pl_text_str(out, weekdays[pl_civil_weekday(wall_s)]);
    pl_text_char(out, ' ');
    pl_text_digits(out, (uint64_t)(minute / 60), 2);
    pl_text_char(out, ':');
    pl_text_digits(out, (uint64_t)(minute % 60), 2);
}

/* "48 h", "30 min". */
static void write_length(struct pl_text *out, int64_t seconds)
{
    bool in_hours = seconds % 3600 == 0 || seconds >= DAY_S;
    pl_text_i64(out, seconds / (in_hours ? 3600 : 60));
    pl_text_str(out, in_hours ? " h" : " min");
}

void pl_gap_write(struct pl_text *out, const struct pl_oncall *o, const struct pl_gap *gap,
                  int64_t now_unix_s)
{
    const struct pl_schedule *schedule = &o->schedules[gap->schedule];
    const char *person = gap->person == PL_NOBODY ? "" : o->people[gap->person].name.text;
    pl_text_str(out, schedule->name.text);
    switch (gap->kind) {
    case PL_GAP: pl_text_str(out, ": nobody is on call"); break;
    case PL_GAP_OVERLAP:
        pl_text_str(out, ": a later override stands over that for ");
        pl_text_str(out, person);
        break;
    case PL_GAP_DOUBLE:
        pl_text_str(out, ": ");
        pl_text_str(out, person);
        pl_text_str(out, " is on call for ");
        pl_text_str(out, o->schedules[gap->other].name.text);
        pl_text_str(out, ", too,");
        break;
    }
    pl_text_str(out, " from ");
    pl_moment_write(out, schedule->zone, gap->from_unix_s, now_unix_s);
    pl_text_str(out, " until ");
    pl_moment_write(out, schedule->zone, gap->until_unix_s, now_unix_s);
    pl_text_str(out, ", ");
    write_length(out, gap->until_unix_s - gap->from_unix_s);
    if (gap->times == 1) return;
    pl_text_str(out, "; ");
    pl_text_u64(out, gap->times);
    pl_text_str(out, " times until ");
    pl_moment_write(out, schedule->zone, gap->last_unix_s, now_unix_s);
    pl_text_str(out, ", ");
    write_length(out, gap->lasts_s);
    pl_text_str(out, " together");
}

void pl_told_write(struct pl_text *out, const struct pl_oncall *oncall, const struct pl_told *told)
{
    if (told->person == PL_NOBODY) return;
    pl_text_span(out, pl_name_span(&oncall->people[told->person].name));
    bool has_group = told->group.len > 0, has_plan = told->plan.len > 0;
    if (!has_group && !has_plan) return;
    pl_text_str(out, " (");
    pl_text_span(out, pl_name_span(&told->group));
    if (has_group && has_plan) pl_text_str(out, ", ");
    pl_text_span(out, pl_name_span(&told->plan));
    pl_text_char(out, ')');
}
