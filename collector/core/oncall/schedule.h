/* schedule.h - who is on call: layers over each other, and overrides over all of them.
 *
 * At every moment at most one person is on call for a schedule. An override counts before every
 * layer, of two overrides the one that was made last; then the first layer in the list that has
 * somebody who is not away. Nobody is a gap (gaps.h tells of it days ahead). */
#pragma once

#include "collector/core/oncall/layer.h"

enum {
    PL_SCHEDULE_LAYERS_MAX = 17, // those it names, and its own below them
    PL_OVERRIDES_MAX = 512,      // of all schedules
    PL_DUTY_STEPS_MAX = 4096,
    PL_ABSENCES_MAX = 2048, // of all people
};

struct pl_override {
    uint64_t number; // grows: a later one is larger
    uint16_t schedule, person;
    int64_t from_unix_s, until_unix_s;
    int64_t made_unix_s;
    char by[PL_NAME_LEN_MAX + 1]; // who made it
};

struct pl_overrides {
    uint32_t count;
    struct pl_override item[PL_OVERRIDES_MAX];
};

/* When people are away: whoever is, is on call by no layer. */
struct pl_absences {
    uint32_t count;
    struct pl_shift item[PL_ABSENCES_MAX];
};

struct pl_schedule {
    struct pl_name name;
    const struct pl_absences *absences;                       // borrowed; NULL: nobody is away
    uint16_t zone_index, layer_index[PL_SCHEDULE_LAYERS_MAX]; // of the pointers (oncall.h)
    const struct pl_zone *zone; // borrowed: the zone its times are shown in
    uint32_t layer_count;
    const struct pl_layer *layers[PL_SCHEDULE_LAYERS_MAX]; // borrowed; the first counts first
};

/* Who is on call, until when: `until` is the moment at which somebody else (or nobody) takes over,
 * or the end of what was looked at. */
struct pl_duty {
    uint16_t person;  // or PL_NOBODY
    bool is_override; // not by the layers
    int64_t until_unix_s;
};

/* Look at schedule number `index` from `unix_s` on, up to `horizon_unix_s` (or PL_DUTY_STEPS_MAX
 * changes of nothing that shows: then `until` is where it stopped). */
struct pl_duty pl_schedule_duty(const struct pl_schedule *schedule, uint16_t index,
                                const struct pl_overrides *overrides, int64_t unix_s,
                                int64_t horizon_unix_s);
