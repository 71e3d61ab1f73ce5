/* ical_in.h - calendars that come in (RFC 5545): who is on call, or away, when. libical, without a
 * look at the system: no file, no clock, and the time zones are the caller's.
 *
 * Taken: VEVENTs with DTSTART and DTEND or DURATION, in UTC, in a zone by its IANA name, without
 * one (then in the zone of the calendar's owner), or as whole days; RRULE from daily on, EXDATE,
 * and single occurrences that were moved (RECURRENCE-ID). What is cancelled does not count. RDATE
 * and anything that libical cannot read are refused: a calendar of which a part is ignored puts the
 * wrong person on call. */
#pragma once

#include "collector/core/oncall/zone.h"
#include "common/base/span.h"

enum {
    PL_ICAL_BYTES_MAX = 1024 * 1024,
    PL_ICAL_EVENTS_MAX = 2048,
    PL_ICAL_MOVED_MAX = 256,   // single occurrences of their own
    PL_ICAL_STEPS_ALL = 65536, // occurrences of all events likewise
    PL_ICAL_STEPS_MAX = 4096,  // occurrences of one event from its beginning on: eleven years daily
    PL_ICAL_ERROR_BYTES = 256,
};

/* One occurrence; borrowed. */
struct pl_ical_event {
    const char *summary; // empty: none
    int64_t from_unix_s, until_unix_s;
};

struct pl_ical_reader {
    const struct pl_zone *zone; // of times without one, borrowed
    /* Only what touches this is told: from <= until. */
    int64_t from_unix_s, until_unix_s;
    /* The zone of that name, or NULL: there is none. */
    const struct pl_zone *(*find_zone)(void *arg, const char *name);
    /* NULL, or what is wrong with it. */
    const char *(*on_event)(void *arg, const struct pl_ical_event *event);
    void *arg;
};

/* A NUL follows `in`. 0; or PL_E_TOO_BIG, PL_E_SYNTAX and "event UID: what is wrong" in `error`;
 * events before it were told. Not from several threads at once: libical keeps its last error. */
PL_MUST_CHECK int pl_ical_read(struct pl_span in, const struct pl_ical_reader *reader,
                               char error[PL_ICAL_ERROR_BYTES]);
