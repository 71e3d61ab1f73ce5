#include "collector/core/oncall/layer.h"

#include "common/base/assert.h"

enum { DAY_S = 86400 };

/* ---- turns ---- */

static int64_t turn_begin(const struct pl_layer *l, int64_t turn)
{
    return pl_zone_moment(l->zone, l->start_wall_s + turn * l->turn_s, PL_ZONE_FROM);
}

/* The turn that lasts at `unix_s`: the last that has begun; -1 before the first. */
static int64_t turn_at(const struct pl_layer *l, int64_t unix_s)
{
    int64_t since_s = pl_zone_wall(l->zone, unix_s) - l->start_wall_s;
    int64_t turn = pl_civil_floor(since_s, l->turn_s) / l->turn_s;
    /* It has begun: the clock shows its time or a later one. Of what the clock shows twice, the
     * second belongs to the turn that began in the first: at most as many steps as turns fit into
     * the largest jump of a clock. */
    while (turn_begin(l, turn + 1) <= unix_s) turn++;
    return PL_MAX(turn, -1);
}

/* ---- windows ---- */

bool pl_hours_open(const struct pl_hours_list *windows, const struct pl_zone *zone, int64_t unix_s,
                   int64_t *until_unix_s)
{
    if (windows->count == 0) return false;
    int64_t today_s = pl_civil_floor(pl_zone_wall(zone, unix_s), DAY_S);
    bool inside = false;
    /* From the day before yesterday on: where clocks go back from 00:01 to 23:01, a window of that
     * day that lasts until 23:45 is still open at midnight. Nothing is said about what comes after
     * tomorrow. */
    for (int64_t day_s = today_s - 2 * DAY_S; day_s <= today_s + DAY_S; day_s += DAY_S) {
        for (uint32_t i = 0; i < windows->count; i++) {
            const struct pl_hours *w = &windows->item[i];
            if ((w->weekdays >> pl_civil_weekday(day_s) & 1) == 0) continue;
            bool next_day = w->until_minute <= w->from_minute;
            int64_t from = pl_zone_moment(zone, day_s + w->from_minute * 60, PL_ZONE_FROM);
            int64_t until = pl_zone_moment(
                zone, day_s + (next_day ? DAY_S : 0) + w->until_minute * 60, PL_ZONE_UNTIL);
            if (from <= unix_s && unix_s < until) inside = true;
            if (from > unix_s) *until_unix_s = PL_MIN(*until_unix_s, from);
            if (until > unix_s) *until_unix_s = PL_MIN(*until_unix_s, until);
        }
    }
    int64_t looked_at = pl_zone_moment(zone, today_s + 2 * DAY_S, PL_ZONE_FROM);
    *until_unix_s = PL_MIN(*until_unix_s, looked_at);
    return inside;
}

static uint16_t person_of_shifts(const struct pl_layer *l, int64_t unix_s, int64_t *until_unix_s)
{
    uint16_t person = PL_NOBODY;
    for (uint32_t i = 0; i < l->shift_count; i++) {
        const struct pl_shift *s = &l->shifts[i];
        if (s->from_unix_s > unix_s) {
            *until_unix_s = PL_MIN(*until_unix_s, s->from_unix_s);
            break;
        }
        if (s->until_unix_s <= unix_s) continue;
        *until_unix_s = PL_MIN(*until_unix_s, s->until_unix_s);
        person = s->person;
    }
    return person;
}

uint16_t pl_layer_person(const struct pl_layer *l, int64_t unix_s, int64_t *until_unix_s)
{
    *until_unix_s = INT64_MAX;
    if (l->shifts) return person_of_shifts(l, unix_s, until_unix_s);
    PL_ASSERT(l->person_count > 0 && l->turn_s >= PL_LAYER_TURN_MIN_S);
    int64_t turn = turn_at(l, unix_s);
    *until_unix_s = turn_begin(l, turn + 1);
    if (turn < 0) return PL_NOBODY;
    bool always = l->windows.count == 0;
    if (!always && !pl_hours_open(&l->windows, l->zone, unix_s, until_unix_s)) return PL_NOBODY;
    return l->people[turn % l->person_count];
}
