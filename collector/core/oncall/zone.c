#include "collector/core/oncall/zone.h"

#include "common/base/assert.h"

enum { DAY_S = 86400, MONTHS = 12 };

/* ---- dates ---- */

int64_t pl_civil_floor(int64_t seconds, int64_t step)
{
    int64_t rest = seconds % step;
    return seconds - (rest < 0 ? rest + step : rest);
}

int64_t pl_civil_day_s(int64_t year, int32_t month, int32_t day)
{
    int64_t y = month <= 2 ? year - 1 : year;
    int64_t era = pl_civil_floor(y, 400) / 400;
    int64_t year_of_era = y - era * 400;
    int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return (era * 146097 + day_of_era - 719468) * DAY_S;
}

struct pl_civil pl_civil_of(int64_t wall_s)
{
    int64_t days = pl_civil_floor(wall_s, DAY_S) / DAY_S + 719468;
    int64_t era = pl_civil_floor(days, 146097) / 146097;
    int64_t day_of_era = days - era * 146097;
    int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int32_t month = (int32_t)((5 * day_of_year + 2) / 153); // 0 is March
    struct pl_civil date = {.day = (int32_t)(day_of_year - (153 * month + 2) / 5 + 1),
                            .month = month < 10 ? month + 3 : month - 9};
    date.year = era * 400 + year_of_era + (date.month <= 2);
    return date;
}

int32_t pl_civil_weekday(int64_t wall_s)
{
    int64_t days = pl_civil_floor(wall_s, DAY_S) / DAY_S + 3; // 1970-01-01 was a Thursday
    return (int32_t)(days - pl_civil_floor(days, 7));
}

/* ---- offsets ---- */

static int64_t rule_moment(const struct pl_zone_rule *rule, int64_t year, int32_t offset_before_s)
{
    int64_t first = pl_civil_day_s(year, rule->month, 1);
    int32_t sunday_based = (pl_civil_weekday(first) + 1) % 7;
    int32_t days = (rule->weekday - sunday_based + 7) % 7 + 7 * (rule->week - 1);
    int64_t next_month = rule->month == MONTHS ? pl_civil_day_s(year + 1, 1, 1)
                                               : pl_civil_day_s(year, rule->month + 1, 1);
    while (first + (int64_t)days * DAY_S >= next_month) days -= 7; // week 5 of a month with four
    return first + (int64_t)days * DAY_S + rule->time_s - offset_before_s;
}

/* Move one end of `span` to a change, if it is nearer to `unix_s` than the end known. */
static void narrow(struct pl_zone_span *span, int64_t unix_s, int64_t change_unix_s,
                   int32_t offset_s)
{
    if (change_unix_s > unix_s) {
        span->until_unix_s = PL_MIN(span->until_unix_s, change_unix_s);
    } else if (change_unix_s >= span->from_unix_s) {
        span->from_unix_s = change_unix_s;
        span->offset_s = offset_s;
    }
}

/* After the last change, by the yearly rules. */
static void span_by_rule(const struct pl_zone *z, int64_t unix_s, struct pl_zone_span *span)
{
    int64_t last_unix_s = span->from_unix_s;
    int64_t year = pl_civil_of(unix_s).year;
    for (int64_t y = year - 1; y <= year + 1; y++) {
        int64_t summer = rule_moment(&z->to_summer, y, z->standard_offset_s);
        int64_t standard = rule_moment(&z->to_standard, y, z->summer_offset_s);
        bool summer_first = summer < standard;
        for (int i = 0; i < 2; i++) {
            bool is_summer = (i == 0) == summer_first;
            int64_t at = is_summer ? summer : standard;
            int32_t offset_s = is_summer ? z->summer_offset_s : z->standard_offset_s;
            if (at > last_unix_s) narrow(span, unix_s, at, offset_s);
        }
    }
}

struct pl_zone_span pl_zone_span_at(const struct pl_zone *z, int64_t unix_s)
{
    uint32_t low = 0, high = z->change_count; // changes[0 .. low) are not after `unix_s`
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (z->changes[middle].at_unix_s <= unix_s)
            low = middle + 1;
        else
            high = middle;
    }
    struct pl_zone_span span = {INT64_MIN, INT64_MAX, z->first_offset_s};
    if (low > 0) {
        span.from_unix_s = z->changes[low - 1].at_unix_s;
        span.offset_s = z->changes[low - 1].offset_s;
    }
    if (low < z->change_count)
        span.until_unix_s = z->changes[low].at_unix_s;
    else if (z->goes_on)
        span_by_rule(z, unix_s, &span);
    return span;
}

int64_t pl_zone_wall(const struct pl_zone *z, int64_t unix_s)
{
    return unix_s + pl_zone_span_at(z, unix_s).offset_s;
}

/* The last moment before which the clock showed less than `wall_s`. */
static int64_t until_moment(const struct pl_zone *z, int64_t wall_s)
{
    int64_t found = wall_s - PL_ZONE_OFFSET_MAX_S, t = found;
    while (t <= wall_s + PL_ZONE_OFFSET_MAX_S) {
        struct pl_zone_span span = pl_zone_span_at(z, t);
        int64_t reached = wall_s - span.offset_s; // when it shows that, if the span lasts so long
        if (reached > t) found = PL_MIN(reached, span.until_unix_s);
        if (span.until_unix_s == INT64_MAX) break;
        t = span.until_unix_s;
    }
    return found;
}

int64_t pl_zone_moment(const struct pl_zone *z, int64_t wall_s, enum pl_zone_sense sense)
{
    if (sense == PL_ZONE_UNTIL) return until_moment(z, wall_s);
    /* No offset is larger, so before this moment the clock shows less. */
    int64_t t = wall_s - PL_ZONE_OFFSET_MAX_S;
    struct pl_zone_span span = pl_zone_span_at(z, t);
    while (span.until_unix_s != INT64_MAX && span.until_unix_s + span.offset_s <= wall_s) {
        int32_t before_s = span.offset_s;
        t = span.until_unix_s;
        span = pl_zone_span_at(z, t);
        if (t + span.offset_s <= wall_s) continue;
        return sense == PL_ZONE_FROM ? t : wall_s - before_s; // the clock jumped over it
    }
    return wall_s - span.offset_s;
}

bool pl_zone_name_ok(struct pl_span name)
{
    if (name.len == 0 || name.len > PL_ZONE_NAME_LEN_MAX) return false;
    if (name.ptr[0] < 'A' || name.ptr[0] > 'Z' || name.ptr[name.len - 1] == '/') return false;
    for (size_t i = 0; i < name.len; i++) {
        uint8_t c = name.ptr[i], lower = c | 0x20;
        bool is_word = (lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9') || c == '_' ||
                       c == '+' || c == '-';
        bool is_slash = c == '/' && name.ptr[i - 1] != '/';
        if (!is_word && !is_slash) return false;
    }
    return true;
}
