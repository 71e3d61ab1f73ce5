#include "collector/codec/ics_out.h"

enum {
    LINE_OCTETS_MAX = 75, // RFC 5545 section 3.1, without the line end
    EVENT_BYTES = 768,    // an event is shorter
    EVENTS_MAX = 8192,
};

/* A content line, folded. */
static void put_line(struct pl_text *out, const char *name, const char *value, const char *more)
{
    const char *const parts[] = {name, value, more};
    size_t at = 0;
    for (size_t i = 0; i < PL_LEN(parts); i++) {
        for (const char *c = parts[i]; *c; c++) {
            if (at == LINE_OCTETS_MAX) {
                pl_text_str(out, "\r\n ");
                at = 1;
            }
            pl_text_char(out, *c);
            at++;
        }
    }
    pl_text_str(out, "\r\n");
}

/* 20261224T170000Z */
static void put_time(struct pl_text *out, const char *name, int64_t unix_s)
{
    char text[24];
    struct pl_text t = pl_text_init(text, sizeof text);
    struct pl_civil date = pl_civil_of(unix_s);
    int64_t second = unix_s - pl_civil_floor(unix_s, 86400);
    pl_text_digits(&t, (uint64_t)date.year, 4);
    pl_text_digits(&t, (uint64_t)date.month, 2);
    pl_text_digits(&t, (uint64_t)date.day, 2);
    pl_text_char(&t, 'T');
    pl_text_digits(&t, (uint64_t)(second / 3600), 2);
    pl_text_digits(&t, (uint64_t)(second / 60 % 60), 2);
    pl_text_digits(&t, (uint64_t)(second % 60), 2);
    pl_text_char(&t, 'Z');
    put_line(out, name, text, "");
}

static void put_shift(struct pl_text *out, const struct pl_oncall *o, uint16_t schedule,
                      const struct pl_shift *shift, int64_t now_unix_s)
{
    char uid[PL_NAME_LEN_MAX + 32];
    const char *name = o->schedules[schedule].name.text;
    struct pl_text t = pl_text_init(uid, sizeof uid);
    pl_text_i64(&t, shift->from_unix_s);
    pl_text_char(&t, '.');
    pl_text_str(&t, name);
    put_line(out, "BEGIN:VEVENT", "", "");
    put_line(out, "UID:", uid, "@plimsoll");
    put_time(out, "DTSTAMP:", now_unix_s);
    put_time(out, "DTSTART:", shift->from_unix_s);
    put_time(out, "DTEND:", shift->until_unix_s);
    put_line(out, "SUMMARY:", o->people[shift->person].name.text, "");
    put_line(out, "LOCATION:", "on call for ", name);
    put_line(out, "END:VEVENT", "", "");
}

static void put_schedule(struct pl_text *out, const struct pl_oncall *o, uint16_t schedule,
                         uint16_t person, int64_t now_unix_s)
{
    int64_t t = now_unix_s - PL_ICS_BEHIND_S, end = now_unix_s + PL_ICS_AHEAD_S;
    for (int i = 0; i < EVENTS_MAX && t < end && out->cap - out->len > EVENT_BYTES + 64; i++) {
        struct pl_duty duty = pl_oncall_duty(o, schedule, t, end);
        bool is_wanted = person == PL_NOBODY || duty.person == person;
        if (duty.person != PL_NOBODY && is_wanted)
            put_shift(out, o, schedule, &(struct pl_shift){t, duty.until_unix_s, duty.person},
                      now_unix_s);
        t = duty.until_unix_s;
    }
}

void pl_ics_write(struct pl_text *out, const struct pl_oncall *o, uint16_t schedule,
                  uint16_t person, int64_t now_unix_s)
{
    put_line(out, "BEGIN:VCALENDAR", "", "");
    put_line(out, "VERSION:2.0", "", "");
    put_line(out, "PRODID:-//plimsoll//on call//EN", "", "");
    for (uint16_t s = 0; s < o->schedule_count; s++) {
        if (schedule == PL_NOBODY || schedule == s) put_schedule(out, o, s, person, now_unix_s);
    }
    put_line(out, "END:VCALENDAR", "", "");
}
