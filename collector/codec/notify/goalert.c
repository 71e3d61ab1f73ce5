/* GoAlert: its generic incoming webhook, https://github.com/target/goalert, "Generic API".
 *
 * The address holds the token, so it is the secret. `dedup` is the alert's id; "close" ends it. It
 * cannot be acknowledged from here. */
#include "collector/codec/alert_text.h"
#include "collector/codec/notify/clip.h"
#include "collector/codec/notify/words.h"

enum { SUMMARY_POINTS_MAX = 500 };

static void put_details(const struct pl_notify_message *message, struct pl_text *out)
{
    char buf[PL_NOTIFY_LINES_BYTES + PL_NOTIFY_LINKS_MAX * 1200];
    struct pl_notify_fact links[PL_NOTIFY_LINKS_MAX];
    struct pl_text text = pl_text_init(buf, sizeof buf);
    uint32_t n = pl_notify_links(message, links);
    pl_notify_lines(message, &text);
    for (uint32_t i = 0; i < n; i++) { // markdown
        pl_text_str(&text, text.len > 0 ? "\n\n[" : "[");
        pl_text_str(&text, links[i].label);
        pl_text_str(&text, "](");
        pl_text_clip(&text, links[i].text, PL_CLIP_POINTS_MAX);
        pl_text_char(&text, ')');
    }
    pl_text_member(out, "details", pl_text_bytes(&text));
}

static void write(const struct pl_notify_target *target, const struct pl_notify_message *message,
                  struct pl_notify_request *request)
{
    char id[PL_ALERT_ID_MAX + 1], buf[PL_ALERT_TEXT_BYTES];
    struct pl_text title = pl_text_init(buf, sizeof buf), *out = &request->body;
    pl_alert_id(&message->page->alert, id);
    pl_notify_headline(message, &title);
    pl_text_span(&request->url, target->value[PL_NOTIFY_URL_KEY]);
    pl_text_str(out, "{\"summary\":");
    pl_text_clip_json(out, pl_text_bytes(&title), SUMMARY_POINTS_MAX);
    pl_text_member(out, "dedup", pl_span_of(id));
    if (message->state == PL_NOTIFY_RESOLVED)
        pl_text_str(out, ",\"action\":\"close\"");
    else
        put_details(message, out);
    pl_text_str(out, ",\"meta\":{\"pool\":");
    pl_text_json(out, pl_name_span(&message->page->alert.pool));
    pl_text_str(out, "}}");
}

const struct pl_notify_provider pl_notify_goalert = {
    .word = "goalert",
    .needs = PL_NOTIFY_BIT(HOOK),
    .deduplicates = true,
    .per_minute = 60,
    .burst = 5,
    .write = write,
};
