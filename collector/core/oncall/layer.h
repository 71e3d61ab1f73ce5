/* layer.h - people who take turns, on some hours of some days: one layer of a schedule.
 *
 * Turns are counted on the wall clock of the layer's zone: turn n begins at FROM (zone.h) of
 * `start_wall_s + n * turn_s` and ends where turn n + 1 begins. So there is always exactly one
 * turn, "Monday 09:00" is Monday 09:00 in winter and in summer, and a turn in which the clock
 * changes is an hour shorter or longer. A turn that the clock jumps over lasts no time at all.
 *
 * A *window* says when the layer counts: on those days of the week from one time of the day (FROM)
 * until another (UNTIL), past midnight if the second is not after the first; the day is the one it
 * begins on. Several windows add up; none at all means always.
 *
 * A layer with a calendar has no turns: its shifts are listed. */
#pragma once

#include "collector/core/oncall/zone.h"
#include "common/base/name.h"

enum {
    PL_LAYER_PEOPLE_MAX = 16,
    PL_HOURS_MAX = 16,
    PL_LAYER_TURN_MIN_S = 3600,
    PL_LAYER_TURN_MAX_S = 366 * 86400,
    PL_NOBODY = UINT16_MAX, // instead of a person
    PL_MINUTES_PER_DAY = 24 * 60,
};

struct pl_hours {
    uint8_t weekdays;                   // bit 0 is Monday
    uint16_t from_minute, until_minute; // of the day; until: at most 24 * 60
};

struct pl_hours_list {
    uint32_t count;
    struct pl_hours item[PL_HOURS_MAX];
};

/* True if one of them is open at that moment; false for an empty list. Lowers `*until_unix_s` to
 * the moment up to which the answer is the same at least. */
bool pl_hours_open(const struct pl_hours_list *windows, const struct pl_zone *zone, int64_t unix_s,
                   int64_t *until_unix_s);

/* Who is on call from when until when, as a calendar lists it. */
struct pl_shift {
    int64_t from_unix_s, until_unix_s;
    uint16_t person;
};

struct pl_layer {
    struct pl_name name;
    uint16_t zone_index, first_shift; // what the pointers below point to (oncall.h)
    bool is_calendar;
    const struct pl_zone *zone; // borrowed
    uint16_t people[PL_LAYER_PEOPLE_MAX];
    uint32_t person_count;
    int64_t start_wall_s; // of turn 0; nobody is on call before
    int64_t turn_s;       // in wall time
    struct pl_hours_list windows;
    /* With a calendar: its shifts, by their beginning. */
    const struct pl_shift *shifts; // borrowed; NULL: turns
    uint32_t shift_count;
};

/* Who of the layer is on call at that moment, or PL_NOBODY; `*until_unix_s` is after it, and the
 * answer is the same until there at least. Of two shifts of a calendar the one that began last
 * counts. */
uint16_t pl_layer_person(const struct pl_layer *layer, int64_t unix_s, int64_t *until_unix_s);
