/* oncall.h - everybody who can be told, and every plan of who is: what the configuration says,
 * resolved to indexes, and the overrides of the day.
 *
 * One value without an allocation. Layers, schedules and policies point to zones, layers and shifts
 * beside them, so a copy is of no use until pl_oncall_bind() was called on it. */
#pragma once

#include "collector/core/alert/route.h"
#include "collector/core/oncall/schedule.h"

enum {
    PL_PEOPLE_MAX = 128,
    PL_TEAMS_MAX = 32,
    PL_SCHEDULES_MAX = 32,
    PL_LAYERS_MAX = 64 + PL_SCHEDULES_MAX, // those with a name, and the schedules' own
    PL_ZONES_MAX = 32,
    PL_SHIFTS_MAX = 4096, // of all calendars
    PL_ESCALATIONS_MAX = 64,
    PL_POLICIES_MAX = PL_ESCALATIONS_MAX + 257, // those with a name, one per pool, one for the rest
    PL_TEAM_MEMBERS_MAX = 16,
    PL_STEP_ENTRIES_MAX = 16,
};

struct pl_person {
    struct pl_name name;
    struct pl_receiver contact; // targets; tried first stands first
    uint16_t zone;              // of the quiet hours, and of times told to this person
    struct pl_hours_list quiet;
};

struct pl_team {
    struct pl_name name;
    uint32_t member_count;
    uint16_t members[PL_TEAM_MEMBERS_MAX]; // people
};

/* Whom a step of a policy names. */
enum pl_entry_kind { PL_ENTRY_NOTIFIER, PL_ENTRY_PERSON, PL_ENTRY_TEAM, PL_ENTRY_SCHEDULE };
struct pl_entry {
    enum pl_entry_kind kind;
    uint16_t index; // of the target, person, team or schedule
};

struct pl_policy_step {
    int64_t after_ms;          // since the round began
    struct pl_hours_list when; // only while one of them is open; none: always
    uint32_t entry_count;
    struct pl_entry entries[PL_STEP_ENTRIES_MAX];
};

struct pl_policy {
    struct pl_name name; // of the escalation, or of the pool
    uint16_t zone;       // of the steps' windows
    uint32_t step_count;
    struct pl_policy_step steps[PL_ROUTE_STEPS_MAX];
    uint32_t repeat;
    int64_t round_ms;
};

struct pl_oncall {
    uint32_t zone_count, person_count, team_count, layer_count, schedule_count, policy_count;
    uint32_t shift_count;
    struct pl_zone zones[PL_ZONES_MAX];
    struct pl_person people[PL_PEOPLE_MAX];
    struct pl_team teams[PL_TEAMS_MAX];
    struct pl_layer layers[PL_LAYERS_MAX];
    struct pl_schedule schedules[PL_SCHEDULES_MAX];
    struct pl_policy policies[PL_POLICIES_MAX];
    struct pl_shift shifts[PL_SHIFTS_MAX];
    struct pl_overrides overrides;
    struct pl_absences absences;
};

/* Point into this copy: after every assignment of the whole. */
void pl_oncall_bind(struct pl_oncall *oncall);

/* The index of what is called that; PL_NOBODY: nothing is. */
uint16_t pl_oncall_person(const struct pl_oncall *oncall, struct pl_span name);
/* The one person whose contact that target is; PL_NOBODY: several share it, or nobody has it. */
uint16_t pl_oncall_owner(const struct pl_oncall *oncall, uint32_t target);
uint16_t pl_oncall_schedule(const struct pl_oncall *oncall, struct pl_span name);

/* Who is on call for a schedule; see pl_schedule_duty(). */
struct pl_duty pl_oncall_duty(const struct pl_oncall *oncall, uint16_t schedule, int64_t unix_s,
                              int64_t horizon_unix_s);

/* Take an override in, in place of one with its number. PL_E_FULL when there is no room, after
 * those that ended before `now_unix_s` were thrown out. */
PL_MUST_CHECK int pl_oncall_override(struct pl_oncall *oncall, const struct pl_override *override,
                                     int64_t now_unix_s);
/* False if there is none of that number. */
bool pl_oncall_override_drop(struct pl_oncall *oncall, uint64_t number);
