/* Discord: a webhook's message, edited in place.
 *
 * https://discord.com/developers/docs/resources/webhook. Always with wait=true: without it a
 * message that could not be saved gives no error. The reference is the message's id, a snowflake,
 * which is text. Nobody can be mentioned by what a host is called: allowed_mentions is empty. Own
 * webhooks cannot carry buttons, so links it is. */
#include "collector/codec/alert_text.h"
#include "collector/codec/json_in.h"
#include "collector/codec/notify/clip.h"
#include "collector/codec/notify/words.h"

enum {
    TITLE_POINTS_MAX = 256,
    SNOWFLAKE_BYTES = 24,
    UNKNOWN_MESSAGE = 10008, // the code of "Unknown Message"
};

/* The hook may have a query already ("?thread_id=7"); a path goes in front of it. */
static void write_url(struct pl_notify_request *request, struct pl_span hook,
                      struct pl_span message_id)
{
    const uint8_t *mark = memchr(hook.ptr, '?', hook.len);
    size_t path_len = mark ? (size_t)(mark - hook.ptr) : hook.len;
    struct pl_text *url = &request->url;
    pl_text_span(url, (struct pl_span){hook.ptr, path_len});
    if (message_id.len > 0) {
        pl_text_str(url, "/messages/");
        pl_text_span(url, message_id);
    }
    pl_text_str(url, "?wait=true");
    if (!mark) return;
    pl_text_char(url, '&');
    pl_text_span(url, (struct pl_span){mark + 1, hook.len - path_len - 1});
}

static void description_write(const struct pl_notify_message *message, struct pl_text *out)
{
    char buf[PL_NOTIFY_LINES_BYTES + PL_NOTIFY_LINKS_MAX * 1200];
    struct pl_text text = pl_text_init(buf, sizeof buf);
    struct pl_notify_fact links[PL_NOTIFY_LINKS_MAX];
    uint32_t n = pl_notify_links(message, links);
    pl_notify_lines(message, &text);
    for (uint32_t i = 0; i < n; i++) { // the live view is the title's link
        if (strcmp(links[i].label, "Live view") == 0) continue;
        pl_text_str(&text, text.len > 0 ? "\n[" : "[");
        pl_text_str(&text, links[i].label);
        pl_text_str(&text, "](");
        pl_text_clip(&text, links[i].text, PL_NOTIFY_FACT_POINTS_MAX);
        pl_text_char(&text, ')');
    }
    if (text.len > 0) pl_text_member(out, "description", pl_text_bytes(&text));
}

static void write(const struct pl_notify_target *target, const struct pl_notify_message *message,
                  struct pl_notify_request *request)
{
    static const uint32_t colors[] = {[PL_NOTIFY_FIRING] = 0xd55e00,
                                      [PL_NOTIFY_ACKNOWLEDGED] = 0xe69f00,
                                      [PL_NOTIFY_RESOLVED] = 0x009e73};
    char buf[PL_ALERT_TEXT_BYTES];
    struct pl_text title = pl_text_init(buf, sizeof buf), *out = &request->body;
    if (message->reference.len > 0) request->method = PL_NOTIFY_PATCH;
    write_url(request, target->value[PL_NOTIFY_URL_KEY], message->reference);
    pl_notify_headline(message, &title);
    pl_text_str(out, "{\"allowed_mentions\":{\"parse\":[]},\"embeds\":[{\"title\":");
    pl_text_clip_json(out, pl_text_bytes(&title), TITLE_POINTS_MAX);
    pl_text_member(out, "url", message->external_url);
    description_write(message, out);
    pl_text_str(out, ",\"color\":");
    pl_text_u64(out, colors[message->state]);
    pl_text_str(out, ",\"timestamp\":\"");
    pl_text_rfc3339(out, message->page->alert.since_unix_ms);
    pl_text_str(out, "\"}]}");
}

/* A 404 about the message that was to be edited is not one about the hook. */
static void read(const struct pl_notify_answer *answer, struct pl_notify_reading *out)
{
    cJSON *json = pl_json_parse(answer->body);
    struct pl_json_reader r = pl_json_reader_init(json);
    char id[SNOWFLAKE_BYTES] = "";
    const cJSON *retry_after = cJSON_GetObjectItemCaseSensitive(json, "retry_after");
    if (out->result.class == PL_RESULT_SENT) {
        pl_json_text(&r, "id", id, sizeof id);
        pl_text_str(&out->reference, id);
    } else if (answer->http_status == 404 &&
               pl_json_i64(&r, "code", 0, INT32_MAX) == UNKNOWN_MESSAGE) {
        out->result.class = PL_RESULT_RETRY; // at once, as a new message
        out->result.wait_ms = 0;
        out->forget = true;
    } else if (answer->http_status == 429 && cJSON_IsNumber(retry_after)) {
        double wait_s = retry_after->valuedouble; // finer than the header
        if (wait_s >= 0 && wait_s < 1e6) out->result.wait_ms = (int64_t)(wait_s * 1000) + 1;
    }
    cJSON_Delete(json);
}

const struct pl_notify_provider pl_notify_discord = {
    .word = "discord",
    .needs = PL_NOTIFY_BIT(HOOK),
    .hears_acknowledge = true,
    .takes_notices = true,
    .per_minute = 30,
    .burst = 4,
    .write = write,
    .read = read,
};
