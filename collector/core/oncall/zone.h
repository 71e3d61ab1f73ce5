/* zone.h - one time zone: which offset from UTC holds when, and what a wall clock there shows.
 *
 * Times are Unix seconds (`_unix_s`). A *wall* time (`_wall_s`) is what the clock on the wall
 * shows, counted as if it were UTC: 1970-01-05 09:00 in Berlin is the wall second 4 * 86400 + 9 *
 * 3600.
 *
 * A wall time is no moment. When clocks go forward some never show, when they go back some show
 * twice, and in Apia a whole day of 2011 is missing. What is said in wall time is understood so:
 *
 *     FROM        the first moment at which the clock shows that time or a later one
 *     UNTIL       the last moment up to which the clock showed an earlier one
 *     COMPATIBLE  what calendars mean (RFC 5545 section 3.3.5, and "compatible" of Temporal): of
 * two the first; what is skipped is as long after the jump as it would have been
 *
 * FROM and UNTIL never go back where wall times go on, and FROM is never after UNTIL. So whatever
 * follows on without a hole on the wall does so in reality: of "until 02:30" and "from 02:30" an
 * hour is common to both when 02:30 shows twice, and nothing is between them when it never shows.
 */
#pragma once

#include "common/base/base.h"
#include "common/base/span.h"

enum {
    PL_ZONE_NAME_LEN_MAX = 47, // the longest in use has 32
    PL_ZONE_CHANGES_MAX = 384, // since 1970; Asia/Hebron has 275
    PL_ZONE_OFFSET_MAX_S = 26 * 3600,
};

/* A yearly change by the rule of a POSIX TZ string: in that month, on that day of the week (0 is
 * Sunday) for the `week`th time (5: the last time), so many seconds after the day's midnight. */
struct pl_zone_rule {
    int32_t month, week, weekday;
    int32_t time_s; // -167 to 167 hours, by the offset that holds before the change
};

struct pl_zone {
    char name[PL_ZONE_NAME_LEN_MAX + 1]; // "Europe/Berlin"
    int32_t first_offset_s;              // before the first change; local is UTC plus offset
    uint32_t change_count;
    struct pl_zone_change {
        int64_t at_unix_s;
        int32_t offset_s;           // from then on
    } changes[PL_ZONE_CHANGES_MAX]; // oldest first
    /* After the last change: nothing changes any more, or twice a year. */
    bool goes_on;
    int32_t standard_offset_s, summer_offset_s;
    struct pl_zone_rule to_summer, to_standard;
};

/* A stretch of time with one offset: `from` inclusive, `until` exclusive; INT64_MIN and INT64_MAX
 * where it has no end. */
struct pl_zone_span {
    int64_t from_unix_s, until_unix_s;
    int32_t offset_s;
};
struct pl_zone_span pl_zone_span_at(const struct pl_zone *zone, int64_t unix_s);

/* What the wall clock shows. */
int64_t pl_zone_wall(const struct pl_zone *zone, int64_t unix_s);

enum pl_zone_sense { PL_ZONE_FROM, PL_ZONE_UNTIL, PL_ZONE_COMPATIBLE };
/* The moment that a wall time means, as above. */
int64_t pl_zone_moment(const struct pl_zone *zone, int64_t wall_s, enum pl_zone_sense sense);

/* Seconds from 1970-01-01 to that day of the proleptic Gregorian calendar (Howard Hinnant,
 * "chrono-compatible low-level date algorithms", days_from_civil). Month 1-12, day 1-31. */
int64_t pl_civil_day_s(int64_t year, int32_t month, int32_t day);
/* And back: the date that a wall time falls on. */
struct pl_civil {
    int64_t year;
    int32_t month, day;
};
struct pl_civil pl_civil_of(int64_t wall_s);
/* 0 is Monday, 6 is Sunday. */
int32_t pl_civil_weekday(int64_t wall_s);
/* `seconds` rounded down to a multiple of `step`, also before 1970. */
int64_t pl_civil_floor(int64_t seconds, int64_t step);

/* True for what may name a zone and a file below the directory of zones: words of letters, digits,
 * '_', '+' and '-' with single slashes between them, the first a capital letter. */
bool pl_zone_name_ok(struct pl_span name);
