/* ntfy: a push to everybody who has subscribed to a topic, with a button that acknowledges.
 *
 * https://docs.ntfy.sh/publish/. JSON goes to the server's root, not to the topic. A message over
 * 4,096 bytes becomes an attachment, at most three actions are shown, and an empty message is
 * replaced by the word "triggered". */
#include "collector/codec/alert_text.h"
#include "collector/codec/notify/clip.h"
#include "collector/codec/notify/words.h"

enum { TITLE_POINTS_MAX = 250, TOPIC_LEN_MAX = 64, PRIORITY_URGENT = 5, PRIORITY_LOW = 2 };

static void actions_write(const struct pl_notify_message *message, struct pl_text *out)
{
    struct pl_notify_fact links[PL_NOTIFY_LINKS_MAX];
    uint32_t n = pl_notify_links(message, links);
    pl_text_str(out, ",\"actions\":[");
    for (uint32_t i = 0; i < n; i++) {
        bool acknowledges = strcmp(links[i].label, "Acknowledge") == 0;
        pl_text_str(out, i > 0 ? "," : "");
        pl_text_str(out, acknowledges ? "{\"action\":\"http\"" : "{\"action\":\"view\"");
        pl_text_member(out, "label", pl_span_of(links[i].label));
        pl_text_member(out, "url", links[i].text);
        if (acknowledges) pl_text_str(out, ",\"method\":\"POST\",\"clear\":true");
        pl_text_char(out, '}');
    }
    pl_text_char(out, ']');
}

static void write(const struct pl_notify_target *target, const struct pl_notify_message *message,
                  struct pl_notify_request *request)
{
    static const char *const tags[] = {[PL_NOTIFY_FIRING] = "rotating_light",
                                       [PL_NOTIFY_ACKNOWLEDGED] = "eyes",
                                       [PL_NOTIFY_RESOLVED] = "white_check_mark"};
    char buf[PL_ALERT_TEXT_BYTES], lines[PL_NOTIFY_LINES_BYTES];
    struct pl_text title = pl_text_init(buf, sizeof buf), *out = &request->body;
    struct pl_text text = pl_text_init(lines, sizeof lines);
    bool urgent = message->state == PL_NOTIFY_FIRING && !message->is_test;
    struct pl_span token = target->value[PL_NOTIFY_TOKEN_KEY];
    if (token.len > 0) {
        struct pl_text *header = pl_notify_request_header(request);
        pl_text_str(header, "Authorization: Bearer ");
        pl_text_span(header, token);
    }
    pl_notify_request_path(request, target, "/");
    pl_notify_headline(message, &title);
    pl_notify_lines(message, &text);
    if (text.len == 0) pl_text_span(&text, pl_text_bytes(&title));
    pl_text_str(out, "{\"topic\":");
    pl_text_json(out, target->value[PL_NOTIFY_TOPIC_KEY]);
    pl_text_str(out, ",\"title\":");
    pl_text_clip_json(out, pl_text_bytes(&title), TITLE_POINTS_MAX);
    pl_text_member(out, "message", pl_text_bytes(&text));
    pl_text_str(out, ",\"priority\":");
    pl_text_u64(out, urgent ? PRIORITY_URGENT : PRIORITY_LOW);
    pl_text_str(out, ",\"tags\":[\"");
    pl_text_str(out, tags[message->state]);
    pl_text_str(out, "\",");
    pl_text_json(out, pl_name_span(&message->page->alert.pool));
    pl_text_char(out, ']');
    pl_text_member(out, "click", message->external_url);
    actions_write(message, out);
    pl_text_char(out, '}');
}

static const char *check(const struct pl_span *value, enum pl_notify_key *key)
{
    struct pl_span topic = value[PL_NOTIFY_TOPIC_KEY];
    *key = PL_NOTIFY_TOPIC_KEY;
    bool right = topic.len <= TOPIC_LEN_MAX;
    for (size_t i = 0; i < topic.len; i++) {
        uint8_t c = topic.ptr[i], lower = c | 0x20;
        right &= (lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
    }
    return right ? NULL : "is not a topic: up to 64 letters, digits, _ and -";
}

const struct pl_notify_provider pl_notify_ntfy = {
    .word = "ntfy",
    .needs = PL_NOTIFY_BIT(TOPIC),
    .takes = PL_NOTIFY_BIT(URL) | PL_NOTIFY_BIT(TOKEN),
    .url = "https://ntfy.sh",
    .hears_acknowledge = true,
    .takes_notices = true,
    .per_minute = 10,
    .burst = 10,
    .check = check,
    .write = write,
};
