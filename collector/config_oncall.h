/* config_oncall.h - people, teams, schedules and escalations: what the files say of them, and what
 * becomes of it (core/oncall). */
#pragma once

#include "collector/core/oncall/oncall.h"
#include "common/base/option.h"

enum {
    PL_CONFIG_ZONE_BYTES = PL_ZONE_NAME_LEN_MAX + 1,
    PL_CONFIG_LAYERS_MAX = 64,
    PL_CONFIG_WORD_BYTES = 24,
    PL_CONFIG_CALENDAR_BYTES = 512, // path of a file, with its NUL
};

struct pl_config_person {
    struct pl_name name;
    struct pl_option_names contact;
    char zone[PL_CONFIG_ZONE_BYTES];
    struct pl_option_texts quiet;
    char absence_file[PL_CONFIG_CALENDAR_BYTES];
};

struct pl_config_team {
    struct pl_name name;
    struct pl_option_names members;
};

struct pl_config_schedule {
    struct pl_name name;
    char zone[PL_CONFIG_ZONE_BYTES];
    struct pl_option_names layers;
    char calendar_file[PL_CONFIG_CALENDAR_BYTES];
};

struct pl_config_layer {
    struct pl_name name;
    struct pl_option_names people;
    char turn[PL_CONFIG_WORD_BYTES], handover[PL_CONFIG_WORD_BYTES], start[PL_CONFIG_WORD_BYTES];
    struct pl_option_texts only;
    char zone[PL_CONFIG_ZONE_BYTES]; // empty: that of the schedule
};

struct pl_config_escalation {
    struct pl_name name;
    struct pl_option_texts steps;
    int64_t repeat, repeat_after_ms;
    char zone[PL_CONFIG_ZONE_BYTES];
};

struct pl_config_oncall {
    uint32_t person_count, team_count, schedule_count, layer_count, escalation_count;
    struct pl_config_person people[PL_PEOPLE_MAX];
    struct pl_config_team teams[PL_TEAMS_MAX];
    struct pl_config_schedule schedules[PL_SCHEDULES_MAX];
    struct pl_config_layer layers[PL_CONFIG_LAYERS_MAX];
    struct pl_config_escalation escalations[PL_ESCALATIONS_MAX];
};

/* Rules of single values; see struct pl_option. */
const char *pl_config_check_zone(const void *value);
const char *pl_config_check_hours(const void *value);
const char *pl_config_check_turn(const void *value);
const char *pl_config_check_handover(const void *value);
const char *pl_config_check_start(const void *value);

struct pl_collector_config;
/* Once all files are read: fill `config->roster` from `config->oncall`, the notifiers and the
 * pools, and give every pool its policy. Reads the zones from /usr/share/zoneinfo. Collects what is
 * wrong. Each copy of the configuration needs a pl_oncall_bind(). */
void pl_config_oncall_finish(struct pl_option_loader *l, struct pl_collector_config *config);

/* ---- between config_oncall.c and config_policy.c ---- */

/* "SECTION/ITEM/KEY": where something stands, for the report. */
struct pl_config_place {
    const char *section;
    const struct pl_name *item;
    const char *key;
};
/* Items of `size` bytes that begin with their struct pl_name. */
struct pl_config_named {
    const void *items; // borrowed
    uint32_t count;
    size_t size;
};
/* Report that `name`, an item of the list at that place, names nothing: "there is no <what> of this
 * name", with what was meant, if `similar` found it. */
struct pl_suggest;
void pl_config_refuse_name(struct pl_option_loader *l, struct pl_config_place place,
                           const char *name, const char *what, const struct pl_suggest *similar);
void pl_config_refuse_item(struct pl_option_loader *l, struct pl_config_place place,
                           const char *item, const char *problem);
/* The escalations, then one policy for each pool that needs one. */
void pl_config_policies_finish(struct pl_option_loader *l, struct pl_collector_config *config);
/* The index of a zone that is read already or now; 0 (UTC) after a report. */
uint16_t pl_config_zone(struct pl_option_loader *l, struct pl_oncall *roster,
                        struct pl_config_place place, const char *name);
/* The calendars: who is away, and the schedules that are one. Reads their files. */
void pl_config_calendars_finish(struct pl_option_loader *l, struct pl_collector_config *config);
/* Texts that were checked one by one. */
void pl_config_hours(const struct pl_option_texts *texts, struct pl_hours_list *out);
