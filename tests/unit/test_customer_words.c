/* What customers read: the room their pools have and the load of a launch, in words. */
#include "collector/codec/ics_launch.h"
#include "collector/codec/json_customer.h"
#include "tests/check.h"

static void test_headroom_in_words(void)
{
    static const struct {
        struct pl_headroom h;
        const char *state, *text;
    } cases[] = {
        {{0}, "nodata", "It is not known yet how much fits; we are measuring."},
        {{.unix_ms = 1, .live_count = 2},
         "nodata",
         "It is not known yet how much fits; we are measuring."},
        {{.unix_ms = 1, .source = PL_CAPACITY_LEARNED, .live_count = 2, .headroom = 0.52},
         "ok",
         "Plenty of room: it takes 2 times what comes now, even with one machine lost."},
        {{.unix_ms = 1, .source = PL_CAPACITY_LEARNED, .live_count = 1, .headroom = 0.2},
         "watch",
         "Some room: it takes 1.2 times what comes now, on a single machine."},
        {{.unix_ms = 1, .source = PL_CAPACITY_CONFIGURED, .live_count = 3, .headroom = 0.1},
         "act",
         "Little room: it takes 1.1 times what comes now, even with one machine lost."},
        {{.unix_ms = 1, .source = PL_CAPACITY_CONFIGURED, .live_count = 3, .headroom = -0.4},
         "act",
         "Full if a machine is lost now; we are on it."},
        {{.unix_ms = 1, .source = PL_CAPACITY_CONFIGURED, .live_count = 1, .headroom = 0},
         "act",
         "Full: more than it is known to take comes now."},
        {{.unix_ms = 1, .source = PL_CAPACITY_CONFIGURED, .live_count = 3, .headroom = 1},
         "ok",
         "Plenty of room: it takes far more than comes now, even with one machine lost."},
        {{.unix_ms = 1, .source = PL_CAPACITY_CONFIGURED, .live_count = 3, .headroom = 0.95},
         "ok",
         "Plenty of room: it takes 19 times what comes now, even with one machine lost."},
    };
    for (size_t i = 0; i < PL_LEN(cases); i++) {
        char words[PL_CUSTOMER_WORDS_BYTES];
        const char *state = NULL;
        struct pl_text t = pl_text_init(words, sizeof words);
        pl_customer_headroom_write(&cases[i].h, &state, &t);
        CHECK(!t.overflow);
        CHECK_TEXT(words, cases[i].text);
        CHECK_TEXT(state, cases[i].state);
    }
}

static void test_load_in_words(void)
{
    static const struct pl_load expected = {.p50 = 100, .p90 = 200};
    static const struct {
        double now_per_s;
        const char *text;
    } cases[] = {{69, "Less comes than was expected, so far."},
                 {70, "About as much comes as was expected."},
                 {200, "About as much comes as was expected."},
                 {310, "More comes than was expected: 1.5 times the upper end."},
                 {9000, "More comes than was expected: 45 times the upper end."}};
    for (size_t i = 0; i < PL_LEN(cases); i++) {
        char words[PL_CUSTOMER_WORDS_BYTES];
        struct pl_text t = pl_text_init(words, sizeof words);
        pl_customer_load_write(cases[i].now_per_s, expected, &t);
        CHECK_TEXT(words, cases[i].text);
    }
}

static void test_the_next_look(void)
{
    enum { MINUTE = 60000 };
    const struct pl_launch l = {.starts_unix_ms = 3000 * (int64_t)MINUTE};
    struct pl_launch_course c = pl_launch_course_init(0);
    static const struct {
        int64_t now_min, want_min;
    } cases[] = {{0, 3000 - 1440},  {1559, 1560},      {1560, 3000 - 240}, {2759, 2760},
                 {2761, 3000 - 60}, {2941, 3000 - 30}, {2969, 3000 - 30},  {2975, 2975}};
    for (size_t i = 0; i < PL_LEN(cases); i++)
        CHECK_INT(pl_launch_next_look(&c, &l, cases[i].now_min * MINUTE) / MINUTE,
                  cases[i].want_min);
    c.state = PL_LAUNCH_LIVE;
    CHECK_INT(pl_launch_next_look(&c, &l, 0), 0);
    c.state = PL_LAUNCH_CANCELLED;
    CHECK_INT(pl_launch_next_look(&c, &l, 0), 0);
}

/* ---- calendars ---- */

static struct pl_launch_book book;
static char calendar[16384];

static bool all(const void *arg, const struct pl_launch *l)
{
    (void)arg; // every launch
    (void)l;
    return true;
}

static void write_calendar(size_t cap)
{
    const struct pl_ics_filter filter = {
        .wants = all, .name = "web", .pages_url = "https://plimsoll.example/"};
    struct pl_text t = pl_text_init(calendar, cap);
    pl_ics_launches(&t, &book, &filter);
    CHECK(!t.overflow);
}

static void put_launch(uint32_t at, const char *title)
{
    struct pl_launch_entry *e = &book.entries[at];
    *e = (struct pl_launch_entry){.used = true};
    e->launch = (struct pl_launch){.id = {3, {'l', '-', (char)('0' + at)}},
                                   .revision = 3,
                                   .starts_unix_ms = 1767225600000,
                                   .ends_unix_ms = 1767229200000,
                                   .created_unix_ms = 1767139200000,
                                   .changed_unix_ms = 1767142800000};
    memcpy(e->launch.title, title, strlen(title) + 1);
    book.used_max = PL_MAX(book.used_max, at + 1);
}

/* RFC 5545 section 3.1: no line over 75 octets, every break is CR LF, and unfolding gives the text
 * back. */
static void test_a_launch_in_a_calendar(void)
{
    put_launch(0, "Sale; \"now\", 50 \\ off\nall \x01weekend");
    write_calendar(sizeof calendar);
    CHECK_TEXT(calendar, "BEGIN:VCALENDAR\r\nVERSION:2.0\r\n"
                         "PRODID:-//plimsoll//launches//EN\r\nX-WR-CALNAME:web\r\n"
                         "BEGIN:VEVENT\r\nUID:l-0@plimsoll\r\nSEQUENCE:2\r\n"
                         "DTSTAMP:20251231T010000Z\r\nCREATED:20251231T000000Z\r\n"
                         "LAST-MODIFIED:20251231T010000Z\r\nDTSTART:20260101T000000Z\r\n"
                         "DTEND:20260101T010000Z\r\n"
                         "SUMMARY:Sale\\; \"now\"\\, 50 \\\\ off\\nall weekend\r\n"
                         "DESCRIPTION:It fits. State: scheduled.\r\n"
                         "URL:https://plimsoll.example/launch.html#id=l-0\r\n"
                         "STATUS:CONFIRMED\r\nBEGIN:VALARM\r\nACTION:DISPLAY\r\n"
                         "DESCRIPTION:Sale\\; \"now\"\\, 50 \\\\ off\\nall weekend\r\n"
                         "TRIGGER:-PT30M\r\nEND:VALARM\r\nEND:VEVENT\r\n"
                         "END:VCALENDAR\r\n");
    book.entries[0].course.state = PL_LAUNCH_CANCELLED;
    write_calendar(sizeof calendar);
    CHECK(strstr(calendar, "\r\nSTATUS:CANCELLED\r\nEND:VEVENT\r\n") != NULL);
}

static void test_long_titles_are_folded_between_characters(void)
{
    char title[PL_LAUNCH_TITLE_BYTES] = "", unfolded[sizeof calendar] = "";
    for (int i = 0; i < 100; i++) strcat(title, i % 3 == 0 ? "\xe2\x82\xac" : "\xc3\xa9");
    put_launch(0, title);
    write_calendar(sizeof calendar);
    size_t out = 0;
    for (const char *line = calendar; *line;) {
        size_t len = strcspn(line, "\r");
        CHECK(len <= 75 && line[len + 1] == '\n');
        CHECK(((uint8_t)line[0] & 0xc0) != 0x80 && ((uint8_t)line[1] & 0xc0) != 0x80);
        bool is_more = line[0] == ' ';
        if (!is_more && out > 0) unfolded[out++] = '\n';
        memcpy(unfolded + out, line + is_more, len - is_more);
        out += len - is_more;
        line += len + 2;
    }
    CHECK(strstr(unfolded, title) != NULL);
}

static void test_what_does_not_fit_is_left_out(void)
{
    for (uint32_t i = 0; i < 8; i++) put_launch(i, "Sale");
    write_calendar(6000);
    CHECK(strstr(calendar, "UID:l-0@") && !strstr(calendar, "UID:l-7@"));
    CHECK_TEXT(calendar + strlen(calendar) - 15, "END:VCALENDAR\r\n");
}

int main(void)
{
    RUN(test_headroom_in_words);
    RUN(test_load_in_words);
    RUN(test_the_next_look);
    RUN(test_a_launch_in_a_calendar);
    RUN(test_long_titles_are_folded_between_characters);
    RUN(test_what_does_not_fit_is_left_out);
    return check_finish();
}
