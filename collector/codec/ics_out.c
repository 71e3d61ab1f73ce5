#include "collector/codec/ics_out.h"

#include "collector/codec/ics_line.h"

enum {
    EVENT_BYTES = 768, // an event is shorter
    EVENTS_MAX = 8192,
};

static void put_shift(struct pl_text *out, const struct pl_oncall *o, uint16_t schedule,
                      const struct pl_shift *shift, int64_t now_unix_s)
{
    char uid[PL_NAME_LEN_MAX + 32];
    const char *name = o->schedules[schedule].name.text;
    struct pl_text t = pl_text_init(uid, sizeof uid);
    pl_text_i64(&t, shift->from_unix_s);
    pl_text_char(&t, '.');
    pl_text_str(&t, name);
    pl_ics_line(out, "BEGIN:VEVENT", "", "");
    pl_ics_line(out, "UID:", uid, "@plimsoll");
    pl_ics_time(out, "DTSTAMP:", now_unix_s);
    pl_ics_time(out, "DTSTART:", shift->from_unix_s);
    pl_ics_time(out, "DTEND:", shift->until_unix_s);
    pl_ics_line(out, "SUMMARY:", o->people[shift->person].name.text, "");
    pl_ics_line(out, "LOCATION:", "on call for ", name);
    pl_ics_line(out, "END:VEVENT", "", "");
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
    pl_ics_line(out, "BEGIN:VCALENDAR", "", "");
    pl_ics_line(out, "VERSION:2.0", "", "");
    pl_ics_line(out, "PRODID:-//plimsoll//on call//EN", "", "");
    for (uint16_t s = 0; s < o->schedule_count; s++) {
        if (schedule == PL_NOBODY || schedule == s) put_schedule(out, o, s, person, now_unix_s);
    }
    pl_ics_line(out, "END:VCALENDAR", "", "");
}
