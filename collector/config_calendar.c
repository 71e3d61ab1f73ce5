/* Calendars of the configuration: absences of people, and schedules that are a calendar. */
#include "collector/codec/ical_in.h"
#include "collector/config.h"
#include "common/base/err.h"
#include "common/sys/clock.h"
#include "common/sys/file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

/* What is told of a calendar: a day back, because somebody may be on call since yesterday. */
enum { DAY_S = 86400, AHEAD_S = 366 * DAY_S };

struct calendar {
    struct pl_option_loader *loader;
    struct pl_oncall *roster;
    struct pl_config_place place;
    uint16_t person;        // whose absences; PL_NOBODY: each event names somebody
    struct pl_layer *layer; // where shifts go, unless it is of absences
};

/* Zones are known by name, or read now; a name that is none is refused by the reader, with its
 * event. */
static const struct pl_zone *find_zone(void *arg, const char *name)
{
    const struct calendar *c = arg;
    if (pl_config_check_zone(name)) return NULL;
    uint16_t zone = pl_config_zone(c->loader, c->roster, c->place, name);
    bool is_found = strcmp(c->roster->zones[zone].name, name) == 0;
    return is_found ? &c->roster->zones[zone] : NULL;
}

static const char *on_absence(void *arg, const struct pl_ical_event *event)
{
    struct calendar *c = arg;
    struct pl_absences *all = &c->roster->absences;
    if (all->count == PL_ABSENCES_MAX) return "with it people are away more than 2048 times";
    all->item[all->count++] = (struct pl_shift){event->from_unix_s, event->until_unix_s, c->person};
    return NULL;
}

static const char *on_shift(void *arg, const struct pl_ical_event *event)
{
    struct calendar *c = arg;
    struct pl_oncall *o = c->roster;
    uint16_t person = pl_oncall_person(o, pl_span_of(event->summary));
    if (person == PL_NOBODY) return "its SUMMARY is not the name of a person";
    if (o->shift_count == PL_SHIFTS_MAX) return "with it there are more than 4096 shifts";
    struct pl_shift *first = &o->shifts[c->layer->first_shift];
    uint32_t at = c->layer->shift_count++; // by their beginning
    o->shift_count++;
    for (; at > 0 && first[at - 1].from_unix_s > event->from_unix_s; at--)
        first[at] = first[at - 1];
    first[at] = (struct pl_shift){event->from_unix_s, event->until_unix_s, person};
    return NULL;
}

/* The bytes of a file with a NUL behind them, to be freed; NULL: `*err` says why. */
static char *read_text(const char *path, size_t *len, int *err)
{
    struct pl_file file;
    *err = pl_file_read(path, PL_ICAL_BYTES_MAX, &file);
    if (*err != 0) return NULL;
    char *text = malloc(file.len + 1);
    if (text) {
        memcpy(text, file.bytes, file.len);
        text[file.len] = '\0';
        *len = file.len;
    }
    *err = text ? 0 : -ENOMEM;
    pl_file_free(&file);
    return text;
}

static void read_calendar(struct calendar *c, const char *path, uint16_t zone)
{
    char error[PL_ICAL_ERROR_BYTES], problem[PL_OPTION_ERROR_BYTES];
    int64_t now_unix_s = pl_clock_unix_ms() / 1000;
    const struct pl_ical_reader reader = {
        .zone = &c->roster->zones[zone],
        .from_unix_s = now_unix_s - DAY_S,
        .until_unix_s = now_unix_s + AHEAD_S,
        .find_zone = find_zone,
        .on_event = c->layer ? on_shift : on_absence,
        .arg = c,
    };
    size_t len = 0;
    int err;
    char *text = read_text(path, &len, &err);
    if (!text) {
        (void)snprintf(problem, sizeof problem, "'%.200s' cannot be read: %s", path,
                       pl_err_text(err));
        pl_config_refuse_item(c->loader, c->place, NULL, problem);
        return;
    }
    if (pl_ical_read((struct pl_span){(const uint8_t *)text, len}, &reader, error) != 0) {
        (void)snprintf(problem, sizeof problem, "'%.120s': %.200s", path, error);
        pl_config_refuse_item(c->loader, c->place, NULL, problem);
    }
    free(text);
}

/* A layer of its own, below those the schedule names. */
static struct pl_layer *own_layer(struct pl_oncall *o, struct pl_schedule *schedule)
{
    struct pl_layer *layer = &o->layers[o->layer_count];
    *layer = (struct pl_layer){.name = schedule->name,
                               .zone_index = schedule->zone_index,
                               .first_shift = (uint16_t)o->shift_count,
                               .is_calendar = true};
    schedule->layer_index[schedule->layer_count++] = (uint16_t)o->layer_count++;
    return layer;
}

void pl_config_calendars_finish(struct pl_option_loader *l, struct pl_collector_config *config)
{
    const struct pl_config_oncall *from = &config->oncall;
    struct pl_oncall *o = &config->roster;
    for (uint16_t i = 0; i < from->person_count; i++) {
        const char *path = from->people[i].absence_file;
        struct calendar c = {.loader = l,
                             .roster = o,
                             .place = {"people", &from->people[i].name, "absence_file"},
                             .person = i};
        if (path[0] != '\0') read_calendar(&c, path, o->people[i].zone);
    }
    for (uint32_t i = 0; i < from->schedule_count; i++) {
        const char *path = from->schedules[i].calendar_file;
        struct calendar c = {.loader = l,
                             .roster = o,
                             .place = {"schedules", &from->schedules[i].name, "calendar_file"},
                             .person = PL_NOBODY};
        if (path[0] == '\0') continue;
        c.layer = own_layer(o, &o->schedules[i]);
        read_calendar(&c, path, o->schedules[i].zone_index);
    }
}
