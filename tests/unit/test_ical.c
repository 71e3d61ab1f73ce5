/* Calendars that come in: what is told of them, in which zone, and what is refused, with its event.
 */
#include "tests/check.h"

#include "collector/codec/ical_in.h"
#include "common/base/err.h"
#include "common/base/text.h"

#define EVENT(lines)                                                                               \
    "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:u1\r\n" lines "END:VEVENT\r\nEND:VCALENDAR\r\n"
#define TWO(a, b)                                                                                  \
    "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\n" a "END:VEVENT\r\nBEGIN:VEVENT\r\n" b                     \
    "END:VEVENT\r\nEND:VCALENDAR\r\n"

static const struct pl_zone plus_one = {.name = "Test/One", .first_offset_s = 3600};
/* One hour until 2026-03-29T01:00Z, two from then on. */
static const struct pl_zone berlin = {.name = "Europe/Berlin",
                                      .first_offset_s = 3600,
                                      .change_count = 1,
                                      .changes = {{1774746000, 7200}}};
static char told[2048], error[PL_ICAL_ERROR_BYTES];
static struct pl_text out;

static const struct pl_zone *find_zone(void *arg, const char *name)
{
    (void)arg;
    return strcmp(name, "Europe/Berlin") == 0 ? &berlin : NULL;
}

static const char *on_event(void *arg, const struct pl_ical_event *e)
{
    (void)arg;
    char buf[32];
    struct pl_text t = pl_text_init(buf, sizeof buf);
    pl_text_rfc3339(&t, e->from_unix_s * 1000);
    if (out.len > 0) pl_text_str(&out, "; ");
    pl_text_str(&out, e->summary);
    pl_text_char(&out, ' ');
    pl_text_span(&out, (struct pl_span){(uint8_t *)buf + 5, 11}); // month, day, hour, minute
    pl_text_str(&out, " +");
    pl_text_i64(&out, (e->until_unix_s - e->from_unix_s) / 60);
    return strcmp(e->summary, "nobody") == 0 ? "names nobody" : NULL;
}

/* Of the first half of 2026, in the zone Test/One. */
static int read(const char *text)
{
    const struct pl_ical_reader reader = {.zone = &plus_one,
                                          .from_unix_s = 1767225600,
                                          .until_unix_s = 1782864000,
                                          .find_zone = find_zone,
                                          .on_event = on_event};
    out = pl_text_init(told, sizeof told);
    error[0] = '\0';
    return pl_ical_read(pl_span_of(text), &reader, error);
}

static void test_what_is_told(void)
{
    static const struct {
        const char *text, *told;
    } table[] = {
        {EVENT("SUMMARY:alex\r\nDTSTART:20260105T080000Z\r\nDTEND:20260105T093000Z\r\n"),
         "alex 01-05T08:00 +90"},
        {EVENT("DTSTART:20260105T080000\r\nDURATION:PT2H\r\n"), " 01-05T07:00 +120"},
        {EVENT("SUMMARY:sam\r\nDTSTART;TZID=Europe/Berlin:20260328T120000\r\nDTEND;TZID=Europe/"
               "Berlin:20260329T120000\r\n"),
         "sam 03-28T11:00 +1380"}, // the night of the change is an hour shorter
        {EVENT("DTSTART;VALUE=DATE:20260105\r\n"), " 01-04T23:00 +1440"},
        {EVENT("DTSTART;VALUE=DATE:20260105\r\nDTEND;VALUE=DATE:20260108\r\n"),
         " 01-04T23:00 +4320"},
        {EVENT("SUMMARY:a\r\nSTATUS:CANCELLED\r\nDTSTART:20260105T080000Z\r\nDURATION:PT1H\r\n"),
         ""},
        {EVENT("DTSTART:20250105T080000Z\r\nDURATION:PT1H\r\n"), ""}, // long ago
        {EVENT("SUMMARY:w\r\nDTSTART;TZID=Europe/"
               "Berlin:20260323T090000\r\nDURATION:PT1H\r\nRRULE:FREQ=WEEKLY;COUNT=2\r\n"),
         "w 03-23T08:00 +60; w 03-30T07:00 +60"}, // nine o'clock, in summer too
        {EVENT("SUMMARY:w\r\nDTSTART;TZID=Europe/Berlin:20260105T090000\r\nDURATION:PT1H\r\n"
               "RRULE:FREQ=DAILY;UNTIL=20260107T080000Z\r\nEXDATE;TZID=Europe/"
               "Berlin:20260106T090000\r\n"),
         "w 01-05T08:00 +60; w 01-07T08:00 +60"}, // the last one is at that very moment
        {TWO("UID:u\r\nSUMMARY:a\r\nDTSTART:20260105T080000Z\r\nDURATION:PT1H\r\nRRULE:FREQ=DAILY;"
             "COUNT=2\r\n",
             "UID:u\r\nSUMMARY:b\r\nRECURRENCE-ID:20260106T080000Z\r\nDTSTART:"
             "20260107T100000Z\r\nDURATION:PT1H\r\n"),
         "a 01-05T08:00 +60; b 01-07T10:00 +60"},
        {"BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n", ""},
    };
    for (size_t i = 0; i < PL_LEN(table); i++) {
        CHECK_INT(read(table[i].text), 0);
        CHECK_TEXT(error, "");
        CHECK_TEXT(told, table[i].told);
    }
}

static void test_what_is_refused(void)
{
    static const struct {
        const char *text, *why;
    } table[] = {
        {"", "it is no single calendar (VCALENDAR)"},
        {"hello", "it is no single calendar (VCALENDAR)"},
        {"BEGIN:VCALENDAR\r\n", "it is cut off, holds a NUL, or components more than 8 deep"},
        {"END:VCALENDAR\r\n", "it is cut off, holds a NUL, or components more than 8 deep"},
        {EVENT("DTEND:20260105T080000Z\r\n"), "event u1: its DTSTART is missing"},
        {EVENT("DTSTART:20260105T080000Z\r\n"), "event u1: it does not end after it begins"},
        {EVENT("DTSTART:20260105T080000Z\r\nDTEND:20260105T070000Z\r\n"),
         "event u1: it does not end after it begins"},
        {EVENT("DTSTART;TZID=W. Europe Standard Time:20260105T080000\r\nDURATION:PT1H\r\n"),
         "event u1: its TZID is not the IANA name of a time zone"},
        {EVENT("DTSTART:19500105T080000Z\r\nDURATION:PT1H\r\n"),
         "event u1: its DTSTART is no time, or before 1970"},
        {EVENT("DTSTART:20260105T080000Z\r\nDURATION:PT1H\r\nRRULE:FREQ=SECONDLY\r\n"),
         "event u1: its RRULE repeats more often than daily"},
        {EVENT("DTSTART:20100105T080000Z\r\nDURATION:PT1H\r\nRRULE:FREQ=DAILY\r\n"),
         "event u1: it has more than 4096 occurrences until a year from now"},
        {EVENT("DTSTART:20260105T080000Z\r\nDURATION:PT1H\r\nRDATE:20260106T080000Z\r\n"),
         "event u1: RDATE is not read here"},
        {EVENT("SUMMARY:nobody\r\nDTSTART:20260105T080000Z\r\nDURATION:PT1H\r\n"),
         "event u1: names nobody"},
    };
    for (size_t i = 0; i < PL_LEN(table); i++) {
        CHECK_INT(read(table[i].text), PL_E_SYNTAX);
        CHECK_TEXT(error, table[i].why);
    }
}

int main(void)
{
    RUN(test_what_is_told);
    RUN(test_what_is_refused);
    return check_finish();
}
