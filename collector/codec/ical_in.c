#include "collector/codec/ical_in.h"

#include "common/base/err.h"
#include "common/base/text.h"

#include <libical/ical.h>

enum { DAY_S = 86400, HOUR_S = 3600, NEST_MAX = 8, UID_SHOWN = 80 };

static const int64_t year_9999_s = INT64_C(253370764800);

struct moved {
    const char *uid;
    int64_t unix_s;
};

struct reading {
    const struct pl_ical_reader *reader;
    char *error;
    uint32_t event_count, moved_count, step_count;
    struct moved moved[PL_ICAL_MOVED_MAX];
};

/* One event while it is read. */
struct event {
    icalcomponent *component; // borrowed
    const char *uid, *summary;
    const struct pl_zone *zone; // of its DTSTART
    int64_t wall_s, length_s;   // of its first occurrence; in wall time unless `is_exact`
    bool is_utc, is_exact;
};

static int fail(const struct reading *r, const char *uid, const char *problem)
{
    struct pl_text t = pl_text_init(r->error, PL_ICAL_ERROR_BYTES);
    size_t len = uid ? strlen(uid) : 0;
    if (len > 0) {
        pl_text_str(&t, "event ");
        for (size_t i = 0; i < PL_MIN(len, (size_t)UID_SHOWN); i++)
            pl_text_char(&t, uid[i] > ' ' && uid[i] < 0x7f ? uid[i] : '?');
        pl_text_str(&t, ": ");
    }
    pl_text_str(&t, problem);
    return PL_E_SYNTAX;
}

static int64_t wall_of(struct icaltimetype t)
{
    int64_t day_s = pl_civil_day_s(t.year, t.month, t.day);
    return t.is_date ? day_s : day_s + t.hour * HOUR_S + t.minute * 60 + t.second;
}

static bool is_sane(struct icaltimetype t)
{
    return t.year >= 1970 && t.year <= 9999 && t.month >= 1 && t.month <= 12 && t.day >= 1 &&
           t.day <= 31 && t.hour >= 0 && t.hour <= 24 && t.minute >= 0 && t.minute <= 59 &&
           t.second >= 0 && t.second <= 60;
}

/* ---- times ---- */

/* NULL: what is wrong is said. */
static const struct pl_zone *zone_of(const struct reading *r, icalproperty *p, const char *uid)
{
    icalparameter *parameter = icalproperty_get_first_parameter(p, ICAL_TZID_PARAMETER);
    const char *name = parameter ? icalparameter_get_tzid(parameter) : NULL;
    if (!name) return r->reader->zone;
    const struct pl_zone *zone = r->reader->find_zone(r->reader->arg, name);
    if (!zone) (void)fail(r, uid, "its TZID is not the IANA name of a time zone");
    return zone;
}

static int64_t moment_of(bool is_utc, const struct pl_zone *zone, int64_t wall_s,
                         enum pl_zone_sense sense)
{
    return is_utc ? wall_s : pl_zone_moment(zone, wall_s, sense);
}

/* The time of a property as a moment. */
static int unix_of(const struct reading *r, icalproperty *p, struct icaltimetype t, const char *uid,
                   int64_t *unix_s)
{
    const struct pl_zone *zone = zone_of(r, p, uid);
    if (!zone) return PL_E_SYNTAX;
    if (!is_sane(t)) return fail(r, uid, "a time of it is none, or before 1970");
    *unix_s = moment_of(icaltime_is_utc(t), zone, wall_of(t), PL_ZONE_FROM);
    return 0;
}

static icalproperty *first(icalcomponent *c, icalproperty_kind kind)
{
    return icalcomponent_get_first_property(c, kind);
}

static int read_length(const struct reading *r, struct event *e)
{
    icalproperty *end = first(e->component, ICAL_DTEND_PROPERTY);
    icalproperty *duration = first(e->component, ICAL_DURATION_PROPERTY);
    struct icaltimetype begin =
        icalproperty_get_dtstart(first(e->component, ICAL_DTSTART_PROPERTY));
    e->length_s = begin.is_date ? DAY_S : 0; // section 3.6.1
    if (duration) {
        struct icaldurationtype d = icalproperty_get_duration(duration);
        if (d.is_neg || d.weeks > 520 || d.days > 3660)
            return fail(r, e->uid, "its DURATION is none");
        e->length_s = (int64_t)icaldurationtype_as_int(d);
        e->is_exact = d.days == 0 && d.weeks == 0 && !begin.is_date;
    } else if (end) {
        struct icaltimetype until = icalproperty_get_dtend(end);
        const struct pl_zone *zone = zone_of(r, end, e->uid);
        if (!zone) return PL_E_SYNTAX;
        if (!is_sane(until)) return fail(r, e->uid, "its DTEND is no time, or before 1970");
        bool is_utc = icaltime_is_utc(until);
        e->is_exact = is_utc != e->is_utc || zone != e->zone;
        e->length_s = e->is_exact ? moment_of(is_utc, zone, wall_of(until), PL_ZONE_UNTIL) -
                                        moment_of(e->is_utc, e->zone, e->wall_s, PL_ZONE_FROM)
                                  : wall_of(until) - e->wall_s;
    }
    return e->length_s > 0 ? 0 : fail(r, e->uid, "it does not end after it begins");
}

/* ---- occurrences ---- */

static int tell(struct reading *r, const struct event *e, int64_t wall_s)
{
    const struct pl_ical_reader *reader = r->reader;
    struct pl_ical_event told = {.summary = e->summary};
    told.from_unix_s = moment_of(e->is_utc, e->zone, wall_s, PL_ZONE_FROM);
    told.until_unix_s = e->is_exact
                            ? told.from_unix_s + e->length_s
                            : moment_of(e->is_utc, e->zone, wall_s + e->length_s, PL_ZONE_UNTIL);
    bool touches = told.until_unix_s > told.from_unix_s &&
                   told.until_unix_s > reader->from_unix_s &&
                   told.from_unix_s < reader->until_unix_s;
    const char *problem = touches ? reader->on_event(reader->arg, &told) : NULL;
    return problem ? fail(r, e->uid, problem) : 0;
}

/* It was left out of the series, or has an event of its own. */
static bool is_left_out(const struct reading *r, const struct event *e, int64_t unix_s)
{
    for (uint32_t i = 0; i < r->moved_count; i++) {
        if (r->moved[i].unix_s == unix_s && strcmp(r->moved[i].uid, e->uid) == 0) return true;
    }
    for (icalproperty *p = first(e->component, ICAL_EXDATE_PROPERTY); p;
         p = icalcomponent_get_next_property(e->component, ICAL_EXDATE_PROPERTY)) {
        int64_t out_unix_s;
        if (unix_of(r, p, icalproperty_get_exdate(p), e->uid, &out_unix_s) != 0) continue;
        if (out_unix_s == unix_s) return true;
    }
    return false;
}

static int repeat(struct reading *r, const struct event *e, icalproperty *rule)
{
    struct icalrecurrencetype recurrence = icalproperty_get_rrule(rule);
    struct icaltimetype until = recurrence.until;
    bool has_until = !icaltime_is_null_time(until);
    int64_t until_unix_s = year_9999_s;
    bool is_daily =
        recurrence.freq == ICAL_DAILY_RECURRENCE || recurrence.freq == ICAL_WEEKLY_RECURRENCE ||
        recurrence.freq == ICAL_MONTHLY_RECURRENCE || recurrence.freq == ICAL_YEARLY_RECURRENCE;
    if (!is_daily) return fail(r, e->uid, "its RRULE repeats more often than daily");
    if (has_until && !is_sane(until)) return fail(r, e->uid, "its RRULE ends at no time");
    if (has_until) /* compared here: libical would compare a time of UTC with one of the wall */
        until_unix_s = moment_of(icaltime_is_utc(until), e->zone,
                                 wall_of(until) + (until.is_date ? DAY_S - 1 : 0), PL_ZONE_FROM);
    recurrence.until = icaltime_null_time();
    struct icaltimetype begin =
        icalproperty_get_dtstart(first(e->component, ICAL_DTSTART_PROPERTY));
    icalrecur_iterator *iterator = icalrecur_iterator_new(recurrence, begin);
    if (!iterator) return fail(r, e->uid, "its RRULE cannot be read");
    int err = 0;
    for (int steps = 0; err == 0; steps++) {
        struct icaltimetype next = icalrecur_iterator_next(iterator);
        if (icaltime_is_null_time(next) || !is_sane(next)) break;
        int64_t unix_s = moment_of(e->is_utc, e->zone, wall_of(next), PL_ZONE_FROM);
        if (unix_s > until_unix_s || unix_s >= r->reader->until_unix_s) break;
        if (steps == PL_ICAL_STEPS_MAX)
            err = fail(r, e->uid, "it has more than 4096 occurrences until a year from now");
        else if (++r->step_count > PL_ICAL_STEPS_ALL)
            err = fail(r, e->uid, "with it there are more than 65536 occurrences");
        else if (!is_left_out(r, e, unix_s))
            err = tell(r, e, wall_of(next));
    }
    icalrecur_iterator_free(iterator);
    return err;
}

/* ---- events ---- */

static bool has_many(icalcomponent *c, icalproperty_kind kind, int max)
{
    return icalcomponent_count_properties(c, kind) > max;
}

static int begin_event(struct reading *r, icalcomponent *c, struct event *e)
{
    const char *uid = icalcomponent_get_uid(c), *summary = icalcomponent_get_summary(c);
    icalproperty *begin = first(c, ICAL_DTSTART_PROPERTY);
    *e = (struct event){.component = c, .uid = uid ? uid : "", .summary = summary ? summary : ""};
    if (++r->event_count > PL_ICAL_EVENTS_MAX)
        return fail(r, NULL, "there are more than 2048 events");
    if (first(c, ICAL_XLICERROR_PROPERTY)) return fail(r, e->uid, "a line of it cannot be read");
    if (first(c, ICAL_RDATE_PROPERTY)) return fail(r, e->uid, "RDATE is not read here");
    if (!begin) return fail(r, e->uid, "its DTSTART is missing");
    if (has_many(c, ICAL_EXDATE_PROPERTY, PL_ICAL_MOVED_MAX))
        return fail(r, e->uid, "it has more than 256 EXDATEs");
    struct icaltimetype t = icalproperty_get_dtstart(begin);
    e->zone = zone_of(r, begin, e->uid);
    if (!e->zone) return PL_E_SYNTAX;
    if (!is_sane(t)) return fail(r, e->uid, "its DTSTART is no time, or before 1970");
    e->is_utc = icaltime_is_utc(t);
    e->wall_s = wall_of(t);
    return read_length(r, e);
}

static int read_event(struct reading *r, icalcomponent *c)
{
    struct event e;
    int err = begin_event(r, c, &e);
    if (err != 0 || icalcomponent_get_status(c) == ICAL_STATUS_CANCELLED) return err;
    icalproperty *rule = first(c, ICAL_RRULE_PROPERTY);
    if (!rule) return tell(r, &e, e.wall_s);
    if (icalcomponent_get_next_property(c, ICAL_RRULE_PROPERTY))
        return fail(r, e.uid, "it has several RRULEs");
    return repeat(r, &e, rule);
}

static int note_moved(struct reading *r, icalcomponent *c)
{
    icalproperty *p = first(c, ICAL_RECURRENCEID_PROPERTY);
    const char *uid = icalcomponent_get_uid(c);
    int64_t unix_s;
    if (!p) return 0;
    if (r->moved_count == PL_ICAL_MOVED_MAX)
        return fail(r, NULL, "more than 256 occurrences have an event of their own");
    int err = unix_of(r, p, icalproperty_get_recurrenceid(p), uid, &unix_s);
    if (err == 0) r->moved[r->moved_count++] = (struct moved){uid ? uid : "", unix_s};
    return err;
}

static int each_event(struct reading *r, icalcomponent *calendar,
                      int (*take)(struct reading *, icalcomponent *))
{
    int err = 0;
    for (icalcomponent *c = icalcomponent_get_first_component(calendar, ICAL_VEVENT_COMPONENT);
         c && err == 0; c = icalcomponent_get_next_component(calendar, ICAL_VEVENT_COMPONENT))
        err = take(r, c);
    return err;
}

/* It begins with that word of lower case, in any case. */
static bool is_word(struct pl_span in, const char *word)
{
    size_t len = strlen(word);
    for (size_t i = 0; i < len && i < in.len; i++) {
        uint8_t c = in.ptr[i];
        if (c != (uint8_t)word[i] && c + 'a' - 'A' != word[i]) return false;
    }
    return in.len >= len;
}

/* Components in each other are bounded and whole before libical sees them, which ends texts at a
 * NUL and takes half a calendar. */
static bool is_flat(struct pl_span in)
{
    int depth = 0;
    for (size_t i = 0; i < in.len; i++) {
        bool begins = i == 0 || in.ptr[i - 1] == '\n';
        if (in.ptr[i] == '\0') return false;
        if (!begins) continue;
        struct pl_span line = {in.ptr + i, in.len - i};
        if (is_word(line, "begin:") && ++depth > NEST_MAX) return false;
        if (is_word(line, "end:") && --depth < 0) return false; // libical would print
    }
    return depth == 0;
}

int pl_ical_read(struct pl_span in, const struct pl_ical_reader *reader,
                 char error[PL_ICAL_ERROR_BYTES])
{
    struct reading r = {.reader = reader, .error = error};
    if (in.len > PL_ICAL_BYTES_MAX) {
        (void)fail(&r, NULL, "it is larger than 1 MiB");
        return PL_E_TOO_BIG;
    }
    if (!is_flat(in))
        return fail(&r, NULL, "it is cut off, holds a NUL, or components more than 8 deep");
    icalerror_set_errors_are_fatal(false); // else libical aborts the process
    icalcomponent *calendar = icalparser_parse_string((const char *)in.ptr);
    bool is_calendar = calendar && icalcomponent_isa(calendar) == ICAL_VCALENDAR_COMPONENT;
    int err = is_calendar ? each_event(&r, calendar, note_moved)
                          : fail(&r, NULL, "it is no single calendar (VCALENDAR)");
    if (err == 0) err = each_event(&r, calendar, read_event);
    if (calendar) icalcomponent_free(calendar);
    return err;
}
