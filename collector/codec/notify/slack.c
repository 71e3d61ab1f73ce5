/* Slack: an incoming webhook, which can only add messages, and a bot, which keeps one message per
 * alert and edits it in place.
 *
 * https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks and
 * chat.postMessage/chat.update of the Web API. The API answers 200 also when it refuses: "ok" and
 * "error" decide. A header block takes 150 characters, a section 3,000. Without an
 * interaction endpoint Slack shows a warning after each click of a button, so a bot has one only
 * with the app's signing secret, and otherwise links it is. The bot's reference is "C0123
 * 1699999999.000100": the channel by its id, and the `ts`. */
#include "collector/codec/alert_text.h"
#include "collector/codec/json_in.h"
#include "collector/codec/notify/clip.h"
#include "collector/codec/notify/words.h"
#include "common/base/err.h"

enum {
    HEADER_POINTS_MAX = 150,
    SECTION_BYTES = 4 * 3000,
    LINK_POINTS_MAX = PL_CLIP_POINTS_MAX,
    CHANNEL_BYTES = 64,
    TS_BYTES = 32,
};

static void section(struct pl_text *out, const struct pl_text *mrkdwn)
{
    if (mrkdwn->len == 0) return;
    pl_text_str(out, ",{\"type\":\"section\",\"text\":{\"type\":\"mrkdwn\",\"text\":");
    pl_text_json(out, pl_text_bytes(mrkdwn));
    pl_text_str(out, "}}");
}

static void facts_section(const struct pl_notify_message *message, struct pl_text *out)
{
    char buf[SECTION_BYTES];
    struct pl_text text = pl_text_init(buf, sizeof buf);
    struct pl_notify_fact facts[PL_NOTIFY_FACTS_MAX];
    uint32_t n = pl_notify_facts(message, facts);
    for (uint32_t i = 0; i < n; i++) {
        if (i > 0) pl_text_char(&text, '\n');
        pl_text_char(&text, '*');
        pl_text_str(&text, facts[i].label);
        pl_text_str(&text, "* ");
        pl_text_entities(&text, facts[i].text, PL_NOTIFY_FACT_POINTS_MAX);
    }
    section(out, &text);
}

static void links_section(const struct pl_notify_message *message, struct pl_text *out)
{
    char buf[SECTION_BYTES];
    struct pl_text text = pl_text_init(buf, sizeof buf);
    struct pl_notify_fact links[PL_NOTIFY_LINKS_MAX];
    uint32_t n = pl_notify_links(message, links);
    for (uint32_t i = 0; i < n; i++) {
        pl_text_str(&text, i > 0 ? " \xc2\xb7 <" : "<"); // a middle dot
        pl_text_entities(&text, links[i].text, LINK_POINTS_MAX);
        pl_text_char(&text, '|');
        pl_text_str(&text, links[i].label);
        pl_text_char(&text, '>');
    }
    section(out, &text);
}

/* What it carries comes back to io/api_callback.c. */
static void button(struct pl_span token, struct pl_text *out)
{
    pl_text_str(out, ",{\"type\":\"actions\",\"elements\":[{\"type\":\"button\",\"action_id\":"
                     "\"acknowledge\",\"style\":\"primary\",\"text\":{\"type\":\"plain_text\","
                     "\"text\":\"Acknowledge\"}");
    pl_text_member(out, "value", token);
    pl_text_str(out, "}]}");
}

/* The members of a message: "text" for notifications and old clients, "blocks" for the others. */
static void members(const struct pl_notify_message *message, bool has_button, struct pl_text *out)
{
    struct pl_notify_message shown = *message;
    if (has_button) shown.ack_url.len = 0; // the button does it
    char buf[PL_ALERT_TEXT_BYTES], escaped[6 * PL_ALERT_TEXT_BYTES];
    struct pl_text title = pl_text_init(buf, sizeof buf);
    struct pl_text text = pl_text_init(escaped, sizeof escaped);
    pl_notify_headline(message, &title);
    pl_text_entities(&text, pl_text_bytes(&title), PL_CLIP_POINTS_MAX);
    pl_text_str(out, "\"text\":");
    pl_text_json(out, pl_text_bytes(&text));
    pl_text_str(out,
                ",\"blocks\":[{\"type\":\"header\",\"text\":{\"type\":\"plain_text\",\"text\":");
    pl_text_clip_json(out, pl_text_bytes(&title), HEADER_POINTS_MAX);
    pl_text_str(out, ",\"emoji\":false}}");
    facts_section(message, out);
    if (has_button) button(message->ack_token, out);
    links_section(&shown, out);
    pl_text_char(out, ']');
}

static void write_hook(const struct pl_notify_target *target,
                       const struct pl_notify_message *message, struct pl_notify_request *request)
{
    pl_text_span(&request->url, target->value[PL_NOTIFY_URL_KEY]);
    pl_text_char(&request->body, '{');
    members(message, false, &request->body);
    pl_text_char(&request->body, '}');
}

/* "Success is 200 with the text ok"; anything else under a 200 is a proxy's or a login page. */
static void read_hook(const struct pl_notify_answer *answer, struct pl_notify_reading *out)
{
    bool ok = pl_span_is(answer->body, "ok");
    if (out->result.class == PL_RESULT_SENT && !ok) out->result.class = PL_RESULT_REJECT;
}

static void write_bot(const struct pl_notify_target *target,
                      const struct pl_notify_message *message, struct pl_notify_request *request)
{
    struct pl_text *out = &request->body, *header = pl_notify_request_header(request);
    struct pl_span reference = message->reference, channel = target->value[PL_NOTIFY_CHANNEL_KEY];
    const uint8_t *blank = reference.len > 0 ? memchr(reference.ptr, ' ', reference.len) : NULL;
    if (blank) channel = (struct pl_span){reference.ptr, (size_t)(blank - reference.ptr)};
    pl_notify_request_path(request, target, blank ? "/chat.update" : "/chat.postMessage");
    pl_text_str(header, "Authorization: Bearer ");
    pl_text_span(header, target->value[PL_NOTIFY_TOKEN_KEY]);
    pl_text_str(out, "{\"channel\":");
    pl_text_json(out, channel);
    if (blank) {
        struct pl_span ts = {blank + 1, reference.len - channel.len - 1};
        pl_text_member(out, "ts", ts);
    } else {
        pl_text_str(out, ",\"unfurl_links\":false");
    }
    pl_text_char(out, ',');
    bool has_button = message->state == PL_NOTIFY_FIRING && message->ack_token.len > 0 &&
                      target->value[PL_NOTIFY_SECRET_KEY].len > 0;
    members(message, has_button, out);
    pl_text_char(out, '}');
}

static bool is_one_of(const char *word, const char *const *words)
{
    for (; *words; words++) {
        if (strcmp(word, *words) == 0) return true;
    }
    return false;
}

/* The words of chat.postMessage and chat.update. */
static void judge_error(const char *error, struct pl_notify_reading *out)
{
    static const char *const later[] = {
        "ratelimited",         "rate_limited",    "internal_error",    "fatal_error",
        "service_unavailable", "request_timeout", "team_added_to_org", NULL};
    static const char *const gone[] = {"message_not_found", "cant_update_message",
                                       "edit_window_closed", NULL};
    static const char *const broken[] = {
        "invalid_auth",      "not_authed",         "account_inactive",
        "token_revoked",     "token_expired",      "missing_scope",
        "no_permission",     "channel_not_found",  "is_archived",
        "not_in_channel",    "access_denied",      "ekm_access_denied",
        "restricted_action", "org_login_required", NULL};
    struct pl_page_result *r = &out->result;
    r->maybe_delivered = false;
    r->class = is_one_of(error, broken) ? PL_RESULT_BROKEN : PL_RESULT_REJECT;
    if (is_one_of(error, later)) r->class = PL_RESULT_RETRY;
    if (!is_one_of(error, gone)) return;
    r->class = PL_RESULT_RETRY; // at once, as a new message
    r->wait_ms = 0;
    out->forget = true;
}

static void read_bot(const struct pl_notify_answer *answer, struct pl_notify_reading *out)
{
    if (out->result.class != PL_RESULT_SENT) return;
    cJSON *json = pl_json_parse(answer->body);
    struct pl_json_reader r = pl_json_reader_init(json);
    char error[64] = "no answer of the API", channel[CHANNEL_BYTES] = "", ts[TS_BYTES] = "";
    bool ok = pl_json_bool(&r, "ok");
    if (r.err != 0 || !ok) {
        r.err = r.err == PL_E_NOT_FOUND ? 0 : r.err;
        pl_json_text(&r, "error", error, sizeof error);
        judge_error(error, out);
    } else {
        pl_json_text(&r, "channel", channel, sizeof channel);
        pl_json_text(&r, "ts", ts, sizeof ts);
        if (r.err == 0) {
            pl_text_str(&out->reference, channel);
            pl_text_char(&out->reference, ' ');
            pl_text_str(&out->reference, ts);
        }
    }
    cJSON_Delete(json);
}

static const char *check_bot(const struct pl_span *value, enum pl_notify_key *key)
{
    struct pl_span token = value[PL_NOTIFY_TOKEN_KEY];
    *key = PL_NOTIFY_TOKEN_KEY;
    bool is_bots = token.len > 5 && memcmp(token.ptr, "xoxb-", 5) == 0;
    return is_bots ? NULL : "does not hold a bot token, which begins with xoxb-";
}

const struct pl_notify_provider pl_notify_slack = {
    .word = "slack",
    .needs = PL_NOTIFY_BIT(HOOK),
    .hears_acknowledge = true,
    .takes_notices = true,
    .per_minute = 60,
    .burst = 3,
    .write = write_hook,
    .read = read_hook,
};

const struct pl_notify_provider pl_notify_slack_bot = {
    .word = "slack_bot",
    .needs = PL_NOTIFY_BIT(TOKEN) | PL_NOTIFY_BIT(CHANNEL),
    .takes = PL_NOTIFY_BIT(URL) | PL_NOTIFY_BIT(SECRET),
    .url = "https://slack.com/api",
    .hears_acknowledge = true,
    .takes_notices = true,
    .per_minute = 60, // per channel
    .burst = 3,
    .check = check_bot,
    .write = write_bot,
    .read = read_bot,
};
