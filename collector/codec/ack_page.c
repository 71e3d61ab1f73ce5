#include "collector/codec/ack_page.h"

#include "collector/codec/alert_text.h"
#include "collector/codec/notify/words.h"
#include "common/base/assert.h"

enum { WHO_POINTS_MAX = 64, TITLE_POINTS_MAX = 500 };

int pl_ack_status(enum pl_link_state state, bool says)
{
    switch (state) {
    case PL_LINK_GOOD:
    case PL_LINK_MINE: return 200;
    case PL_LINK_TAKEN: return says ? 409 : 200;
    case PL_LINK_USED:
    case PL_LINK_OVER:
    case PL_LINK_EXPIRED: return 410;
    case PL_LINK_STATE_COUNT: break;
    }
    PL_UNREACHABLE("link state");
}

static void begin(struct pl_text *out, const char *heading)
{
    pl_text_str(out, "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                     "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                     "<meta name=\"color-scheme\" content=\"light dark\">\n"
                     "<meta name=\"robots\" content=\"noindex\">\n<title>");
    pl_text_str(out, heading);
    pl_text_str(out, " – plimsoll</title>\n<link rel=\"icon\" href=\"data:,\">\n"
                     "<link rel=\"stylesheet\" href=\"/style.css\">\n</head>\n"
                     "<body class=\"login\">\n<main>\n<h1>");
    pl_text_str(out, heading);
    pl_text_str(out, "</h1>\n");
}

static void end(struct pl_text *out)
{
    pl_text_str(out, "<p class=\"after\"><a href=\"/\">Live view</a></p>\n</main>\n</body>\n"
                     "</html>\n");
}

/* "14:03 UTC", with its day if that is not today. */
static void put_time(struct pl_text *out, int64_t unix_ms, int64_t now_unix_ms)
{
    enum { DAY_MS = 24 * 3600 * 1000, DAY_CHARS = 10, CLOCK_AT = 11, CLOCK_CHARS = 5 };
    char buf[32];
    struct pl_text iso = pl_text_init(buf, sizeof buf);
    pl_text_rfc3339(&iso, unix_ms);
    if (unix_ms / DAY_MS != now_unix_ms / DAY_MS) {
        pl_text_span(out, (struct pl_span){(uint8_t *)buf, DAY_CHARS});
        pl_text_char(out, ' ');
    }
    pl_text_span(out, (struct pl_span){(uint8_t *)buf + CLOCK_AT, CLOCK_CHARS});
    pl_text_str(out, " UTC");
}

/* Shape, word and sentence. */
static void put_alert(const struct pl_alert *alert, int64_t now_unix_ms, struct pl_text *out)
{
    char buf[PL_ALERT_TEXT_BYTES];
    struct pl_text title = pl_text_init(buf, sizeof buf);
    bool fires = alert->state == PL_ALERT_FIRING;
    pl_alert_title_write(alert, now_unix_ms, &title);
    pl_text_str(out, fires ? "<div class=\"card\" data-state=\"act\">\n<p class=\"state\"><svg "
                             "class=\"shape shape-act\" viewBox=\"0 0 16 16\" aria-hidden=\"true\">"
                             "<path d=\"M8 .5 15.5 8 8 15.5 .5 8Z\"/></svg>fires since "
                           : "<div class=\"card\" data-state=\"ok\">\n<p class=\"state\"><svg "
                             "class=\"shape shape-ok\" viewBox=\"0 0 16 16\" aria-hidden=\"true\">"
                             "<circle cx=\"8\" cy=\"8\" r=\"5.5\"/></svg>over since ");
    put_time(out, fires ? alert->since_unix_ms : alert->resolved_unix_ms, now_unix_ms);
    pl_text_str(out, "</p>\n<p id=\"alert\">");
    pl_text_xml(out, pl_text_bytes(&title), TITLE_POINTS_MAX);
    pl_text_str(out, "</p>\n</div>\n");
}

/* "<b>Alex</b> has it since 14:03 UTC, until 14:33 UTC." */
static void put_holder(const struct pl_ack_view *v, const char *verb, struct pl_text *out)
{
    const struct pl_handling *h = v->handling;
    pl_text_str(out, "<b>");
    pl_text_xml(out, pl_span_of(h->by), WHO_POINTS_MAX);
    pl_text_str(out, verb);
    put_time(out, h->since_unix_ms, v->now_unix_ms);
    if (h->hold != PL_HOLD_NONE) {
        pl_text_str(out, ", until ");
        put_time(out, h->until_unix_ms, v->now_unix_ms);
    }
    pl_text_str(out, ".");
}

static void put_form(const struct pl_ack_view *v, struct pl_text *out)
{
    pl_text_str(out, "<p id=\"who\">Nobody has it yet.</p>\n<form method=\"post\">\n");
    if (v->asks_name)
        pl_text_str(out, "<label>Your name <input name=\"who\" maxlength=\"64\" "
                         "autocomplete=\"name\"></label>\n");
    pl_text_str(out, "<button class=\"main\">I have it</button>\n</form>\n<p class=\"after\">");
    pl_text_str(out, v->asks_name ? "Without a name it is said in the name of <b>"
                                  : "It is said in the name of <b>");
    pl_text_xml(out, v->by, WHO_POINTS_MAX);
    pl_text_str(out, "</b>. Pages stop for ");
    pl_duration_write(PL_ACK_MS, out);
    pl_text_str(out, "; if it still fires then, they begin again.</p>\n");
}

static const char *heading_of(enum pl_link_state state)
{
    static const char *const headings[PL_LINK_STATE_COUNT] = {
        [PL_LINK_GOOD] = "Do you have it?",  [PL_LINK_MINE] = "You have it",
        [PL_LINK_TAKEN] = "Somebody has it", [PL_LINK_USED] = "This link was used",
        [PL_LINK_OVER] = "This is over",     [PL_LINK_EXPIRED] = "This link is too old",
    };
    return headings[state];
}

void pl_ack_page_write(const struct pl_ack_view *v, struct pl_text *out)
{
    begin(out, heading_of(v->state));
    if (v->alert) put_alert(v->alert, v->now_unix_ms, out);
    if (v->state == PL_LINK_GOOD) {
        put_form(v, out);
    } else {
        pl_text_str(out, "<p id=\"who\">");
        if (v->state == PL_LINK_MINE || v->state == PL_LINK_TAKEN)
            put_holder(v, "</b> has it since ", out);
        if (v->state == PL_LINK_USED) {
            put_holder(v, "</b> said something about it at ", out);
            pl_text_str(out, " It fires on: the newest page has a link that is good.");
        }
        if (v->state == PL_LINK_OVER) pl_text_str(out, "There is nothing to acknowledge any more.");
        if (v->state == PL_LINK_EXPIRED)
            pl_text_str(out, "It was good for 24 h. Acknowledge in the live view.");
        pl_text_str(out, "</p>\n");
    }
    if (v->unrecorded)
        pl_text_str(out, "<p class=\"banner\">It holds from now on, but Redis is away: a restart "
                         "would forget it.</p>\n");
    end(out);
}

void pl_ack_page_refuse(const char *heading, const char *words, struct pl_text *out)
{
    begin(out, heading);
    pl_text_str(out, "<p>");
    pl_text_str(out, words);
    pl_text_str(out, "</p>\n");
    end(out);
}
