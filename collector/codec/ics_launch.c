#include "collector/codec/ics_launch.h"

#include "collector/codec/ics_line.h"

enum {
    EVENT_BYTES = 4096, // an event is shorter: a title of 480 bytes doubles when escaped
    DESCRIPTION_BYTES = 256,
    ALARM_MINUTES = 30, // before it begins: when it is armed
};

static const char *verdict_words(enum pl_verdict_colour colour)
{
    switch (colour) {
    case PL_VERDICT_GREEN: return "It fits.";
    case PL_VERDICT_AMBER: return "It fits, just.";
    case PL_VERDICT_UNKNOWN: return "Nobody knows yet whether it fits.";
    case PL_VERDICT_RED: return "Not safe as it is.";
    case PL_VERDICT_BLACK: return "It will not hold as it is.";
    case PL_VERDICT_COUNT: break;
    }
    return "";
}

static void put_event(struct pl_text *out, const struct pl_launch_entry *e, const char *pages_url)
{
    const struct pl_launch *l = &e->launch;
    char number[16], words[DESCRIPTION_BYTES], address[512];
    struct pl_text sequence = pl_text_init(number, sizeof number);
    struct pl_text text = pl_text_init(words, sizeof words);
    struct pl_text url = pl_text_init(address, sizeof address);
    bool is_off = e->course.state == PL_LAUNCH_CANCELLED;
    pl_text_u64(&sequence, l->revision - 1);
    pl_text_str(&text, pl_launch_is_open(e->course.state) ? verdict_words(e->course.colour) : "");
    pl_text_str(&text, " State: ");
    pl_text_str(&text, pl_launch_state_word(e->course.state));
    pl_text_str(&text, ".");
    pl_text_str(&url, pages_url);
    pl_text_str(&url, "launch.html#id=");
    pl_text_str(&url, l->id.text);
    pl_ics_line(out, "BEGIN:VEVENT", "", "");
    pl_ics_line(out, "UID:", l->id.text, "@plimsoll");
    pl_ics_line(out, "SEQUENCE:", number, "");
    pl_ics_time(out, "DTSTAMP:", l->changed_unix_ms / 1000);
    pl_ics_time(out, "CREATED:", l->created_unix_ms / 1000);
    pl_ics_time(out, "LAST-MODIFIED:", l->changed_unix_ms / 1000);
    pl_ics_time(out, "DTSTART:", l->starts_unix_ms / 1000);
    pl_ics_time(out, "DTEND:", l->ends_unix_ms / 1000);
    pl_ics_text(out, "SUMMARY:", l->title);
    pl_ics_text(out, "DESCRIPTION:", words[0] == ' ' ? words + 1 : words);
    pl_ics_line(out, "URL:", address, "");
    pl_ics_line(out, is_off ? "STATUS:CANCELLED" : "STATUS:CONFIRMED", "", "");
    if (pl_launch_is_open(e->course.state)) {
        int64_t before_s = (l->starts_unix_ms - pl_launch_begins_unix_ms(l)) / 1000;
        pl_ics_line(out, "BEGIN:VALARM", "", "");
        pl_ics_line(out, "ACTION:DISPLAY", "", "");
        pl_ics_text(out, "DESCRIPTION:", l->title);
        if (before_s == 0) pl_ics_line(out, "TRIGGER:-PT30M", "", "");
        if (before_s != 0)
            pl_ics_time(out, "TRIGGER;VALUE=DATE-TIME:",
                        pl_launch_begins_unix_ms(l) / 1000 - ALARM_MINUTES * 60);
        pl_ics_line(out, "END:VALARM", "", "");
    }
    pl_ics_line(out, "END:VEVENT", "", "");
}

void pl_ics_launches(struct pl_text *out, const struct pl_launch_book *book,
                     const struct pl_ics_filter *filter)
{
    pl_ics_line(out, "BEGIN:VCALENDAR", "", "");
    pl_ics_line(out, "VERSION:2.0", "", "");
    pl_ics_line(out, "PRODID:-//plimsoll//launches//EN", "", "");
    pl_ics_text(out, "X-WR-CALNAME:", filter->name);
    for (uint32_t i = 0; i < book->used_max && out->cap - out->len > EVENT_BYTES + 64; i++) {
        const struct pl_launch_entry *e = &book->entries[i];
        if (e->used && filter->wants(filter->arg, &e->launch)) put_event(out, e, filter->pages_url);
    }
    pl_ics_line(out, "END:VCALENDAR", "", "");
}
