/* Schedules: who is on call, across every change of the clock from 2000 to 2040 in fifteen zones:
 * never nobody, never two by mistake. */
#include "tests/check.h"
#include "tests/support/zones.h"

#include "collector/core/oncall/schedule.h"

enum { MINUTE = 60, HOUR = 3600, DAY = 86400 };

static struct pl_zone zones[ZONES];
static struct pl_overrides overrides;

static int64_t at(int64_t year, int32_t month, int32_t day)
{
    return pl_civil_day_s(year, month, day);
}

static struct pl_layer layer_of(const struct pl_zone *zone, uint32_t people, int64_t start_wall_s,
                                int64_t turn_s)
{
    struct pl_layer l = {
        .zone = zone, .person_count = people, .start_wall_s = start_wall_s, .turn_s = turn_s};
    for (uint32_t i = 0; i < people; i++) l.people[i] = (uint16_t)i;
    return l;
}

static void add_window(struct pl_layer *l, uint8_t weekdays, int32_t from, int32_t until)
{
    l->windows.item[l->windows.count++] =
        (struct pl_hours){weekdays, (uint16_t)from, (uint16_t)until};
}

/* Does the layer, without its turns, count at `unix_s`? By the wall clock alone, which says it only
 * where every time shows once. */
static bool wall_says(const struct pl_layer *l, int64_t unix_s)
{
    int64_t wall = pl_zone_wall(l->zone, unix_s);
    int32_t minute = (int32_t)((wall - pl_civil_floor(wall, DAY)) / MINUTE);
    int32_t today = pl_civil_weekday(wall), yesterday = (today + 6) % 7;
    for (uint32_t i = 0; i < l->windows.count; i++) {
        const struct pl_hours *w = &l->windows.item[i];
        bool over = w->until_minute <= w->from_minute;
        bool from_today = (w->weekdays >> today & 1) != 0;
        bool from_yesterday = (w->weekdays >> yesterday & 1) != 0;
        if (from_today && minute >= w->from_minute && (over || minute < w->until_minute))
            return true;
        if (from_yesterday && over && minute < w->until_minute) return true;
    }
    return l->windows.count == 0;
}

/* Call `look(zone, change)` for every change of every zone. */
static long each_change(void (*look)(const struct pl_zone *zone, int64_t unix_s))
{
    long count = 0;
    for (int z = 0; z < ZONES; z++) {
        int64_t t = at(2000, 1, 1);
        while (t < at(2041, 1, 1)) {
            look(&zones[z], t);
            count++;
            t = pl_zone_span_at(&zones[z], t).until_unix_s;
        }
    }
    return count;
}

/* ---- turns ---- */

static const struct {
    int64_t at_s, turn_s; // first handover after Monday's midnight, length
} turns[] = {
    {0, DAY},
    {2 * HOUR, DAY},
    {2 * HOUR + 30 * MINUTE, DAY},
    {9 * HOUR, 7 * DAY},
    {2 * HOUR, 7 * DAY},
    {30 * MINUTE, 8 * HOUR},
    {HOUR, HOUR},
    {HOUR, 36 * HOUR},
};

/* From turn to turn over the change: each follows on the one before, in order, nobody is left out
 * whose turn lasts any time, and no turn is longer or shorter than by what the clock changed. */
static void look_at_turns(const struct pl_zone *zone, int64_t change)
{
    int32_t step_s =
        pl_zone_span_at(zone, change).offset_s - pl_zone_span_at(zone, change - 1).offset_s;
    for (size_t i = 0; i < PL_LEN(turns); i++) {
        struct pl_layer l = layer_of(zone, 3, at(1999, 11, 1) + turns[i].at_s, turns[i].turn_s);
        int64_t t = change - 2 * turns[i].turn_s, until = 0;
        uint16_t person = pl_layer_person(&l, t, &until);
        for (int turn = 0; turn < 5 && t < change + 3 * HOUR; turn++) {
            int64_t next = until, ignored;
            for (int64_t s = PL_MAX(t, change - 3 * HOUR); s < PL_MIN(next, change + 3 * HOUR);
                 s += 10 * MINUTE)
                CHECK_INT(pl_layer_person(&l, s, &ignored), person);
            uint16_t again = pl_layer_person(&l, until - 1, &until);
            CHECK_INT(again, person);
            CHECK_INT(until, next);
            uint16_t follower = pl_layer_person(&l, next, &until);
            int64_t lasted = until - next, normal = turns[i].turn_s;
            bool is_whole = next < change && until > change;
            int64_t most = PL_MAX(normal, normal - step_s), least = PL_MIN(normal, normal - step_s);
            bool is_jump =
                step_s >= turns[i].turn_s; // turns that the clock jumps over are left out
            if (!is_jump) CHECK_INT(follower, (person + 1) % 3);
            if (is_whole && !is_jump) CHECK(lasted >= least && lasted <= most);
            t = next;
            person = follower;
        }
    }
}

static void test_turns_follow_on_each_other(void)
{
    long changes = each_change(look_at_turns);
    printf("# %ld changes of %d zones\n", changes, ZONES);
    CHECK(changes > 800);
}

/* ---- windows ---- */

static const int32_t cuts[] = {0,      60,     2 * 60,       2 * 60 + 15,  2 * 60 + 30,
                               3 * 60, 9 * 60, 23 * 60 + 30, 23 * 60 + 45, 23 * 60 + 50};

static void look_at_moment(const struct pl_schedule *s, int64_t t, int64_t change, int32_t step_s)
{
    int64_t until;
    bool by_day = pl_layer_person(s->layers[0], t, &until) != PL_NOBODY;
    bool by_night = pl_layer_person(s->layers[1], t, &until) != PL_NOBODY;
    int64_t away_s = t < change ? change - t : t - change;
    bool shows_twice = step_s < 0 && away_s <= -step_s;
    CHECK(pl_schedule_duty(s, 0, &overrides, t, t + 1).person == (by_day ? 0 : 1));
    CHECK(by_day || by_night);
    CHECK(!(by_day && by_night) || shows_twice);
    if (!shows_twice) CHECK_INT(by_day, wall_says(s->layers[0], t));
}

/* Two layers that share the day: never nobody, both only while a time shows twice, and each where
 * the wall clock says so. */
static void look_at_windows(const struct pl_zone *zone, int64_t change)
{
    enum { ALL = 0x7f };
    int32_t step_s =
        pl_zone_span_at(zone, change).offset_s - pl_zone_span_at(zone, change - 1).offset_s;
    for (size_t i = 0; i + 1 < PL_LEN(cuts); i++) {
        struct pl_layer day = layer_of(zone, 1, at(1999, 1, 4), 7 * DAY);
        struct pl_layer night = day;
        night.people[0] = 1;
        add_window(&day, ALL, cuts[i], cuts[i + 1]);
        add_window(&night, ALL, cuts[i + 1], cuts[i]);
        struct pl_schedule s = {.zone = zone, .layer_count = 2, .layers = {&day, &night}};
        for (int64_t t = change - 14 * HOUR; t < change + 14 * HOUR; t += 15 * MINUTE)
            look_at_moment(&s, t, change, step_s);
        look_at_moment(&s, change - 1, change, step_s);
    }
}

static void test_windows_that_share_a_day(void)
{
    CHECK(each_change(look_at_windows) > 800);
}

/* ---- whole schedules ---- */

/* From duty to duty over two weeks around the change: each begins where the one before ends, with
 * somebody else, and what is said of it is so at its first and its last second. */
static void look_at_duties(const struct pl_zone *zone, int64_t change)
{
    struct pl_layer office = layer_of(zone, 2, at(1999, 1, 4) + 9 * HOUR, 7 * DAY);
    struct pl_layer rest = layer_of(zone, 3, at(1999, 1, 4) + 2 * HOUR + 30 * MINUTE, DAY);
    add_window(&office, 0x1f, 9 * 60, 17 * 60 + 30);
    add_window(&office, 0x20, 10 * 60, 2 * 60 + 30);
    for (uint32_t i = 0; i < 3; i++) rest.people[i] += 2;
    struct pl_schedule s = {.zone = zone, .layer_count = 2, .layers = {&office, &rest}};
    int64_t t = change - 7 * DAY, end = change + 7 * DAY;
    struct pl_duty duty = pl_schedule_duty(&s, 0, &overrides, t, end);
    int steps = 0;
    while (duty.until_unix_s < end && steps < 200) {
        CHECK(duty.person != PL_NOBODY && duty.until_unix_s > t);
        struct pl_duty last =
            pl_schedule_duty(&s, 0, &overrides, duty.until_unix_s - 1, duty.until_unix_s + HOUR);
        CHECK(last.person == duty.person && last.until_unix_s == duty.until_unix_s);
        t = duty.until_unix_s;
        struct pl_duty next = pl_schedule_duty(&s, 0, &overrides, t, end);
        CHECK(next.person != duty.person);
        duty = next;
        steps++;
    }
    CHECK(steps >= 26 && steps < 60);
}

static void test_duties_follow_on_each_other(void)
{
    CHECK(each_change(look_at_duties) > 800);
}

/* Three offices around the world, each from 08:00 to 16:00 of its own clock, over a base: the sun
 * is followed, and the base has what the offices leave open. */
static void test_follow_the_sun(void)
{
    static const char *const offices[] = {"Europe/Berlin", "America/Los_Angeles",
                                          "Australia/Adelaide"};
    static struct pl_zone office_zones[3];
    struct pl_layer layers[4];
    struct pl_schedule s = {.layer_count = 4};
    for (uint16_t i = 0; i < 3; i++) {
        REQUIRE(zone_read(offices[i], &office_zones[i]));
        layers[i] = layer_of(&office_zones[i], 1, at(1999, 1, 4), 7 * DAY);
        layers[i].people[0] = i;
        add_window(&layers[i], 0x7f, 8 * 60, 16 * 60);
        s.layers[i] = &layers[i];
    }
    layers[3] = layer_of(&office_zones[0], 1, at(1999, 1, 4), 7 * DAY);
    layers[3].people[0] = 3;
    s.zone = &office_zones[0];
    s.layers[3] = &layers[3];
    long held[4] = {0};
    for (int64_t t = at(2026, 1, 1); t < at(2027, 1, 1); t += 30 * MINUTE) {
        uint16_t person = pl_schedule_duty(&s, 0, &overrides, t, t + 1).person;
        REQUIRE(person < 4);
        held[person]++;
        uint16_t first = 3;
        for (uint16_t i = 3; i-- > 0;)
            if (wall_says(&layers[i], t)) first = i;
        CHECK_INT(person, first);
    }
    for (int i = 0; i < 4; i++) CHECK(held[i] > 365);
}

/* ---- overrides, calendars, edges ---- */

static void test_the_last_override_counts(void)
{
    struct pl_layer l = layer_of(&zones[0], 2, at(2026, 1, 5), 7 * DAY);
    struct pl_schedule s = {.zone = &zones[0], .layer_count = 1, .layers = {&l}};
    static struct pl_overrides some = {
        3,
        {{.number = 7,
          .schedule = 4,
          .person = 5,
          .from_unix_s = 1000 + 1780000000,
          .until_unix_s = 1780003000},
         {.number = 3,
          .schedule = 4,
          .person = 6,
          .from_unix_s = 1780000000,
          .until_unix_s = 1780002000},
         {.number = 9, .schedule = 1, .person = 7, .from_unix_s = 0, .until_unix_s = INT64_MAX}}};
    static const struct {
        int64_t at, until;
        int person;
    } rows[] = {
        {1779999999, 1780000000, -1}, {1780000000, 1780001000, 6}, {1780000999, 1780001000, 6},
        {1780001000, 1780003000, 5},  {1780002500, 1780003000, 5},
    };
    for (size_t i = 0; i < PL_LEN(rows); i++) {
        struct pl_duty duty = pl_schedule_duty(&s, 4, &some, rows[i].at, rows[i].at + DAY);
        CHECK_INT(duty.until_unix_s, rows[i].until);
        CHECK_INT(duty.is_override, rows[i].person >= 0);
        if (rows[i].person >= 0) CHECK_INT(duty.person, rows[i].person);
    }
    CHECK(pl_schedule_duty(&s, 4, &some, 1780003000, 1780003001).person < 2);
}

static void test_a_calendar(void)
{
    static const struct pl_shift shifts[] = {
        {1000, 2000, 1}, {1500, 1600, 2}, {2000, 2500, 3}, {3000, 4000, 1}};
    struct pl_layer l = {.zone = &zones[0], .shifts = shifts, .shift_count = PL_LEN(shifts)};
    static const struct {
        int64_t at, until;
        uint16_t person;
    } rows[] = {
        {0, 1000, PL_NOBODY},
        {1000, 1500, 1},
        {1500, 1600, 2},
        {1600, 2000, 1},
        {2499, 2500, 3},
        {2500, 3000, PL_NOBODY},
        {4000, INT64_MAX, PL_NOBODY},
    };
    for (size_t i = 0; i < PL_LEN(rows); i++) {
        int64_t until;
        CHECK_INT(pl_layer_person(&l, rows[i].at, &until), rows[i].person);
        CHECK_INT(until, rows[i].until);
    }
}

/* What layer.h says of the two nights, in Berlin. */
static void test_the_written_rules(void)
{
    struct pl_layer turns_at_night = layer_of(&zones[0], 2, at(2026, 1, 5) + 150 * MINUTE, DAY);
    struct pl_layer until_night = layer_of(&zones[0], 1, at(2026, 1, 5), DAY);
    struct pl_layer from_night = until_night, short_one = until_night;
    add_window(&until_night, 0x7f, 22 * 60, 2 * 60 + 30);
    add_window(&from_night, 0x7f, 2 * 60 + 30, 12 * 60);
    add_window(&short_one, 0x7f, 2 * 60 + 10, 2 * 60 + 20);
    // St. John's went back from 00:01 on Sunday to 23:01 on Saturday
    struct pl_layer friday = layer_of(&zones[5], 1, at(2006, 1, 2), 366 * DAY);
    add_window(&friday, 1 << 4, 23 * 60 + 50, 23 * 60 + 45);
    const struct {
        const struct pl_layer *layer;
        int64_t from, change; // asked at, must be the next change
    } rows[] = {
        // 2026-03-29: 02:00 is 03:00, at 01:00 UTC
        {&turns_at_night, at(2026, 3, 29), at(2026, 3, 29) + HOUR},
        {&until_night, at(2026, 3, 29), at(2026, 3, 29) + HOUR},
        {&from_night, at(2026, 3, 29), at(2026, 3, 29) + HOUR},
        {&short_one, at(2026, 3, 29), at(2026, 3, 30) + 10 * MINUTE}, // never that night
        // 2026-10-25: 02:00 to 03:00 shows twice, from 00:00 and from 01:00 UTC on
        {&turns_at_night, at(2026, 10, 25), at(2026, 10, 25) + 30 * MINUTE},
        {&turns_at_night, at(2026, 10, 25) + HOUR, at(2026, 10, 26) + 90 * MINUTE},
        {&until_night, at(2026, 10, 25), at(2026, 10, 25) + 90 * MINUTE},
        {&from_night, at(2026, 10, 25), at(2026, 10, 25) + 30 * MINUTE},
        {&short_one, at(2026, 10, 25) + 15 * MINUTE, at(2026, 10, 25) + 80 * MINUTE},
        {&friday, at(2006, 10, 29) + 150 * MINUTE, at(2006, 10, 29) + 195 * MINUTE},
    };
    for (size_t i = 0; i < PL_LEN(rows); i++) {
        struct pl_schedule s = {.zone = &zones[0], .layer_count = 1, .layers = {rows[i].layer}};
        struct pl_duty duty = pl_schedule_duty(&s, 0, &overrides, rows[i].from, at(2027, 1, 1));
        CHECK_INT(duty.until_unix_s, rows[i].change);
    }
}

static void test_one_hour_a_week(void)
{
    struct pl_layer l = layer_of(&zones[0], 1, at(2026, 1, 5), DAY);
    struct pl_schedule s = {.zone = &zones[0], .layer_count = 1, .layers = {&l}};
    add_window(&l, 1 << 2, 9 * 60, 10 * 60);
    struct pl_duty duty = pl_schedule_duty(&s, 0, &overrides, at(2026, 1, 9), at(2026, 2, 1));
    CHECK_INT(duty.person, PL_NOBODY);
    CHECK_INT(duty.until_unix_s, at(2026, 1, 14) + 8 * HOUR);
    int64_t until;
    CHECK_INT(pl_layer_person(&l, at(2026, 1, 14) + 8 * HOUR, &until), 0);
    l.turn_s = 30 * DAY; // the turn says nothing about the coming days
    CHECK_INT(pl_layer_person(&l, at(2026, 1, 9), &until), PL_NOBODY);
    CHECK(until <= at(2026, 1, 14) + 8 * HOUR);
}

static void test_before_the_start(void)
{
    struct pl_layer l = layer_of(&zones[0], 2, at(2026, 1, 5) + 9 * HOUR, 7 * DAY);
    struct pl_schedule s = {.zone = &zones[0], .layer_count = 1, .layers = {&l}};
    struct pl_duty duty = pl_schedule_duty(&s, 0, &overrides, at(2020, 1, 1), at(2030, 1, 1));
    CHECK_INT(duty.person, PL_NOBODY);
    CHECK_INT(duty.until_unix_s, at(2026, 1, 5) + 8 * HOUR);
    duty = pl_schedule_duty(&s, 0, &overrides, duty.until_unix_s, at(2030, 1, 1));
    CHECK_INT(duty.person, 0);
    CHECK_INT(duty.until_unix_s, at(2026, 1, 12) + 8 * HOUR);
}

int main(void)
{
    for (int z = 0; z < ZONES; z++) {
        if (!zone_read(zone_names[z], &zones[z])) return 1;
    }
    RUN(test_turns_follow_on_each_other);
    RUN(test_windows_that_share_a_day);
    RUN(test_duties_follow_on_each_other);
    RUN(test_follow_the_sun);
    RUN(test_the_last_override_counts);
    RUN(test_a_calendar);
    RUN(test_the_written_rules);
    RUN(test_one_hour_a_week);
    RUN(test_before_the_start);
    return check_finish();
}
