#include "collector/config_oncall.h"

#include "collector/codec/oncall_text.h"
#include "collector/config.h"
#include "common/base/option_value.h"
#include "common/base/suggest.h"

#include <assert.h>
#include <stdio.h>

enum { DAY_S = 86400, WEEK_S = 7 * DAY_S, PROBLEM_BYTES = PL_OPTION_ERROR_BYTES };

/* ---- rules of single values ---- */

const char *pl_config_check_hours(const void *value)
{
    struct pl_hours window;
    return pl_hours_parse(pl_span_of(value), &window) < 0
               ? "is not hours such as mon-fri 09:00-17:30, sat or 22:00-07:00"
               : NULL;
}

const char *pl_config_check_turn(const void *value)
{
    int64_t turn_s;
    return pl_turn_parse(pl_span_of(value), &turn_s) < 0
               ? "is not daily, weekly or a duration from 1h to 366d in whole minutes"
               : NULL;
}

const char *pl_config_check_handover(const void *value)
{
    int32_t weekday, minute;
    return pl_handover_parse(pl_span_of(value), &weekday, &minute) < 0
               ? "is not a time such as 09:00 or mon 09:00"
               : NULL;
}

const char *pl_config_check_start(const void *value)
{
    int64_t wall_s;
    struct pl_span text = pl_span_of(value);
    return text.len > 0 && pl_day_parse(text, &wall_s) < 0 ? "is not a day such as 2026-01-05"
                                                           : NULL;
}

void pl_config_hours(const struct pl_option_texts *texts, struct pl_hours_list *out)
{
    static_assert((int)PL_OPTION_LIST_MAX <= (int)PL_HOURS_MAX, "a list fits");
    for (uint32_t i = 0; i < texts->count; i++) {
        if (pl_hours_parse(pl_span_of(texts->item[i]), &out->item[out->count]) == 0) out->count++;
    }
}

/* ---- reports ---- */

void pl_config_refuse_item(struct pl_option_loader *l, struct pl_config_place place,
                           const char *item, const char *problem)
{
    char path[PL_OPTION_PATH_BYTES];
    (void)snprintf(path, sizeof path, "%s/%s/%s%s%s", place.section, place.item->text, place.key,
                   item ? "/" : "", item ? item : "");
    pl_option_refuse_key(l, path, problem);
}

void pl_config_refuse_name(struct pl_option_loader *l, struct pl_config_place place,
                           const char *name, const char *what, const struct pl_suggest *similar)
{
    char problem[PROBLEM_BYTES];
    struct pl_text t = pl_text_init(problem, sizeof problem);
    pl_text_str(&t, "there is no ");
    pl_text_str(&t, what);
    pl_text_str(&t, " of this name");
    pl_option_value_suggest(&t, similar->best);
    pl_config_refuse_item(l, place, name, problem);
}

/* A key that no file gives; one that was given and refused is reported already. */
static void need(struct pl_option_loader *l, struct pl_config_place place, const char *problem)
{
    char path[PL_OPTION_PATH_BYTES];
    (void)snprintf(path, sizeof path, "%s/%s/%s", place.section, place.item->text, place.key);
    if (!pl_option_was_given(l, path)) pl_option_refuse_key(l, path, problem);
}

static const struct pl_name *name_at(const struct pl_config_named *all, uint32_t i)
{
    return (const void *)((const uint8_t *)all->items + i * all->size);
}

/* The index of `name` among the items, or PL_NOBODY after
 * a report. */
static uint16_t index_of(struct pl_option_loader *l, struct pl_config_place place,
                         const struct pl_name *name, const char *what,
                         const struct pl_config_named *all)
{
    struct pl_suggest similar = pl_suggest_init(pl_name_span(name));
    for (uint32_t i = 0; i < all->count; i++) {
        const struct pl_name *candidate = name_at(all, i);
        if (pl_name_eq(candidate, name)) return (uint16_t)i;
        pl_suggest_consider(&similar, pl_name_span(candidate));
    }
    pl_config_refuse_name(l, place, name->text, what, &similar);
    return PL_NOBODY;
}

/* ---- people and teams ---- */

static void finish_person(struct pl_option_loader *l, struct pl_collector_config *config,
                          const struct pl_config_person *from, struct pl_person *to)
{
    const struct pl_config_named notifiers = {config->notifiers, config->notifier_count,
                                              sizeof *config->notifiers};
    struct pl_config_place contact = {"people", &from->name, "contact"};
    to->name = from->name;
    if (from->contact.count == 0) need(l, contact, "is missing: the notifiers that reach them");
    if (from->contact.count > PL_ROUTE_CONTACTS_MAX)
        pl_config_refuse_item(l, contact, NULL, "names more than 4 notifiers");
    for (uint32_t i = 0; i < from->contact.count && i < PL_ROUTE_CONTACTS_MAX; i++) {
        uint16_t target = index_of(l, contact, &from->contact.item[i], "notifier", &notifiers);
        if (target != PL_NOBODY) to->contact.targets[to->contact.count++] = (uint8_t)target;
    }
    struct pl_config_place zone = {"people", &from->name, "zone"};
    to->zone = pl_config_zone(l, &config->roster, zone, from->zone);
    pl_config_hours(&from->quiet, &to->quiet);
}

/* The people a list names, into `out`; how many. */
static uint32_t finish_people(struct pl_option_loader *l, const struct pl_collector_config *config,
                              struct pl_config_place place, const struct pl_option_names *names,
                              uint16_t *out)
{
    const struct pl_config_oncall *o = &config->oncall;
    const struct pl_config_named people = {o->people, o->person_count, sizeof *o->people};
    uint32_t count = 0;
    if (names->count == 0) need(l, place, "is missing: the people, by their names below people");
    for (uint32_t i = 0; i < names->count; i++) {
        uint16_t person = index_of(l, place, &names->item[i], "person", &people);
        if (person != PL_NOBODY) out[count++] = person;
    }
    return count;
}

/* ---- layers and schedules ---- */

static bool finish_turns(struct pl_option_loader *l, const struct pl_config_layer *from,
                         struct pl_layer *to)
{
    int32_t weekday = -1, minute = 0;
    int64_t start_s = 4 * DAY_S; // a Monday, for a single person
    bool ok = pl_turn_parse(pl_span_of(from->turn), &to->turn_s) == 0 &&
              pl_handover_parse(pl_span_of(from->handover), &weekday, &minute) == 0;
    bool has_start = from->start[0] != '\0';
    if (has_start && pl_day_parse(pl_span_of(from->start), &start_s) < 0) ok = false;
    if (!ok) return false; // was refused at its place
    if (!has_start && to->person_count > 1)
        need(l, (struct pl_config_place){"layers", &from->name, "start"},
             "is missing: the day of the first person's turn, as 2026-01-05");
    if (weekday >= 0 && to->turn_s % WEEK_S != 0)
        pl_config_refuse_item(l, (struct pl_config_place){"layers", &from->name, "handover"}, NULL,
                              "names a day of the week, but turns are not whole weeks");
    while (weekday >= 0 && pl_civil_weekday(start_s) != weekday) start_s += DAY_S;
    to->start_wall_s = start_s + minute * 60;
    return true;
}

static void finish_layer(struct pl_option_loader *l, struct pl_collector_config *config,
                         const struct pl_config_layer *from, struct pl_layer *to)
{
    struct pl_config_place people = {"layers", &from->name, "people"};
    struct pl_config_place zone = {"layers", &from->name, "zone"};
    to->name = from->name;
    to->person_count = finish_people(l, config, people, &from->people, to->people);
    to->zone_index = PL_NOBODY; // that of its schedule
    if (from->zone[0] != '\0')
        to->zone_index = pl_config_zone(l, &config->roster, zone, from->zone);
    if (!finish_turns(l, from, to)) to->turn_s = DAY_S;
    pl_config_hours(&from->only, &to->windows);
}

static void finish_schedule(struct pl_option_loader *l, struct pl_collector_config *config,
                            const struct pl_config_schedule *from, struct pl_schedule *to)
{
    const struct pl_config_oncall *o = &config->oncall;
    const struct pl_config_named layers = {o->layers, o->layer_count, sizeof *o->layers};
    struct pl_config_place place = {"schedules", &from->name, "layers"};
    struct pl_config_place zone = {"schedules", &from->name, "zone"};
    to->name = from->name;
    to->zone_index = pl_config_zone(l, &config->roster, zone, from->zone);
    if (from->layers.count == 0 && from->calendar_file[0] == '\0')
        need(l, place, "is missing: the layers, by their names below layers");
    for (uint32_t i = 0; i < from->layers.count; i++) {
        uint16_t index = index_of(l, place, &from->layers.item[i], "layer", &layers);
        if (index == PL_NOBODY) continue;
        struct pl_layer *layer = &config->roster.layers[index];
        if (layer->zone_index == PL_NOBODY) layer->zone_index = to->zone_index;
        if (o->layers[index].zone[0] == '\0' && layer->zone_index != to->zone_index)
            pl_config_refuse_item(
                l, place, from->layers.item[i].text,
                "is a layer of schedules in several zones: it needs a zone of its "
                "own");
        to->layer_index[to->layer_count++] = index;
    }
}

/* ---- all of it ---- */

static void refuse_twice(struct pl_option_loader *l, const char *section,
                         const struct pl_name *name, const char *other)
{
    char path[PL_OPTION_PATH_BYTES], problem[PROBLEM_BYTES];
    (void)snprintf(path, sizeof path, "%s/%s", section, name->text);
    (void)snprintf(problem, sizeof problem, "is the name of a %s, too: whom would `notify` mean?",
                   other);
    pl_option_refuse_key(l, path, problem);
}

/* Is the word taken by something of the kinds that stand before? */
static bool is_taken(const struct pl_config_named *all, const struct pl_name *name)
{
    for (uint32_t i = 0; i < all->count; i++) {
        if (pl_name_eq(name_at(all, i), name)) return true;
    }
    return false;
}

/* Notifiers, people, teams and schedules stand beside each other in lists. */
static void check_names(struct pl_option_loader *l, const struct pl_collector_config *config)
{
    const struct pl_config_oncall *o = &config->oncall;
    static const char *const sections[] = {"notifiers", "people", "teams", "schedules"};
    static const char *const words[] = {"notifier", "person", "team", "schedule"};
    const struct pl_config_named kinds[] = {
        {config->notifiers, config->notifier_count, sizeof *config->notifiers},
        {o->people, o->person_count, sizeof *o->people},
        {o->teams, o->team_count, sizeof *o->teams},
        {o->schedules, o->schedule_count, sizeof *o->schedules},
    };
    for (size_t later = 1; later < PL_LEN(kinds); later++) {
        for (uint32_t i = 0; i < kinds[later].count; i++) {
            const struct pl_name *name = name_at(&kinds[later], i);
            for (size_t first = 0; first < later; first++) {
                if (is_taken(&kinds[first], name))
                    refuse_twice(l, sections[later], name, words[first]);
            }
        }
    }
}

void pl_config_oncall_finish(struct pl_option_loader *l, struct pl_collector_config *config)
{
    const struct pl_config_oncall *from = &config->oncall;
    struct pl_oncall *to = &config->roster;
    to->zones[to->zone_count++] = (struct pl_zone){.name = "UTC"};
    check_names(l, config);
    to->person_count = from->person_count;
    to->team_count = from->team_count;
    to->layer_count = from->layer_count;
    to->schedule_count = from->schedule_count;
    for (uint32_t i = 0; i < from->person_count; i++)
        finish_person(l, config, &from->people[i], &to->people[i]);
    for (uint32_t i = 0; i < from->team_count; i++) {
        struct pl_config_place place = {"teams", &from->teams[i].name, "members"};
        to->teams[i].name = from->teams[i].name;
        to->teams[i].member_count =
            finish_people(l, config, place, &from->teams[i].members, to->teams[i].members);
    }
    for (uint32_t i = 0; i < from->layer_count; i++)
        finish_layer(l, config, &from->layers[i], &to->layers[i]);
    for (uint32_t i = 0; i < from->schedule_count; i++)
        finish_schedule(l, config, &from->schedules[i], &to->schedules[i]);
    for (uint32_t i = 0; i < from->layer_count; i++) {
        if (to->layers[i].zone_index == PL_NOBODY) to->layers[i].zone_index = 0; // of no schedule
    }
    pl_config_calendars_finish(l, config);
    pl_config_policies_finish(l, config);
    pl_oncall_bind(to);
}
