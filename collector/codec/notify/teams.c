/* Microsoft Teams: an adaptive card to a Workflows webhook ("Post to a channel when a webhook
 * request is received"), whose whole address is the secret. It answers 202, can edit nothing and
 * acknowledge nothing: every state is a card. A message may have 28 KB
 * (https://learn.microsoft.com/microsoftteams/platform/webhooks-and-connectors). */
#include "collector/codec/alert_text.h"
#include "collector/codec/notify/clip.h"
#include "collector/codec/notify/words.h"

static void facts_write(const struct pl_notify_message *message, struct pl_text *out)
{
    struct pl_notify_fact facts[PL_NOTIFY_FACTS_MAX];
    uint32_t n = pl_notify_facts(message, facts);
    if (n == 0) return;
    pl_text_str(out, ",{\"type\":\"FactSet\",\"facts\":[");
    for (uint32_t i = 0; i < n; i++) {
        pl_text_str(out, i > 0 ? ",{\"title\":" : "{\"title\":");
        pl_text_json(out, pl_span_of(facts[i].label));
        pl_text_str(out, ",\"value\":");
        pl_text_clip_json(out, facts[i].text, PL_NOTIFY_FACT_POINTS_MAX);
        pl_text_char(out, '}');
    }
    pl_text_str(out, "]}");
}

static void actions_write(const struct pl_notify_message *message, struct pl_text *out)
{
    struct pl_notify_fact links[PL_NOTIFY_LINKS_MAX];
    uint32_t n = pl_notify_links(message, links);
    for (uint32_t i = 0; i < n; i++) {
        pl_text_str(out, i > 0 ? "," : "");
        pl_text_str(out, "{\"type\":\"Action.OpenUrl\",\"title\":");
        pl_text_json(out, pl_span_of(links[i].label));
        pl_text_member(out, "url", links[i].text);
        pl_text_char(out, '}');
    }
}

static void write(const struct pl_notify_target *target, const struct pl_notify_message *message,
                  struct pl_notify_request *request)
{
    static const char *const colors[] = {[PL_NOTIFY_FIRING] = "Attention",
                                         [PL_NOTIFY_ACKNOWLEDGED] = "Warning",
                                         [PL_NOTIFY_RESOLVED] = "Good"};
    char buf[PL_ALERT_TEXT_BYTES];
    struct pl_text title = pl_text_init(buf, sizeof buf), *out = &request->body;
    pl_text_span(&request->url, target->value[PL_NOTIFY_URL_KEY]);
    pl_notify_headline(message, &title);
    pl_text_str(out, "{\"type\":\"message\",\"attachments\":[{\"contentType\":"
                     "\"application/vnd.microsoft.card.adaptive\",\"contentUrl\":null,\"content\":{"
                     "\"$schema\":\"http://adaptivecards.io/schemas/adaptive-card.json\","
                     "\"type\":\"AdaptiveCard\",\"version\":\"1.2\",\"msteams\":{\"width\":"
                     "\"full\"},\"body\":[{\"type\":\"TextBlock\",\"text\":");
    pl_text_clip_json(out, pl_text_bytes(&title), PL_CLIP_POINTS_MAX);
    pl_text_str(out, ",\"weight\":\"Bolder\",\"size\":\"Medium\",\"wrap\":true,\"style\":"
                     "\"heading\",\"color\":\"");
    pl_text_str(out, colors[message->state]);
    pl_text_str(out, "\"}");
    facts_write(message, out);
    pl_text_str(out, "],\"actions\":[");
    actions_write(message, out);
    pl_text_str(out, "]}}]}");
}

const struct pl_notify_provider pl_notify_teams = {
    .word = "teams",
    .needs = PL_NOTIFY_BIT(HOOK),
    .hears_acknowledge = true,
    .takes_notices = true,
    .per_minute = 60,
    .burst = 4,
    .write = write,
};
