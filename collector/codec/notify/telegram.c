/* Telegram: a bot's message with a button that acknowledges, edited in place.
 *
 * https://core.telegram.org/bots/api: sendMessage, editMessageText. The token is part of the path,
 * so the URL is a secret. The reference is "CHAT MESSAGE": the chat by its number, because a group
 * may move while an alert lasts ("migrate_to_chat_id"), then with no message behind it yet. What
 * the button sends back is read by telegram_update.h. */
#include "collector/codec/alert_text.h"
#include "collector/codec/json_in.h"
#include "collector/codec/notify/clip.h"
#include "collector/codec/notify/telegram_update.h"
#include "collector/codec/notify/words.h"
#include "common/base/err.h"

enum { CHAT_BYTES = 32 };
static const int64_t ID_MAX = INT64_C(1) << 52; // "at most 52 significant bits"

static void text_write(const struct pl_notify_message *message, struct pl_text *out)
{
    char buf[PL_ALERT_TEXT_BYTES], html[8192];
    struct pl_text title = pl_text_init(buf, sizeof buf), text = pl_text_init(html, sizeof html);
    struct pl_notify_fact facts[PL_NOTIFY_FACTS_MAX];
    uint32_t n = pl_notify_facts(message, facts);
    pl_notify_headline(message, &title);
    pl_text_str(&text, "<b>");
    pl_text_entities(&text, pl_text_bytes(&title), PL_CLIP_POINTS_MAX);
    pl_text_str(&text, "</b>");
    for (uint32_t i = 0; i < n; i++) {
        pl_text_str(&text, "\n<b>");
        pl_text_str(&text, facts[i].label);
        pl_text_str(&text, "</b> ");
        pl_text_entities(&text, facts[i].text, PL_NOTIFY_FACT_POINTS_MAX);
    }
    pl_text_member(out, "text", pl_text_bytes(&text));
}

/* Telegram refuses a button with an address it cannot reach from outside, as of this machine. */
static bool may_link(struct pl_span url)
{
    return url.len > 8 && memcmp(url.ptr, "https://", 8) == 0;
}

static void buttons_write(const struct pl_notify_message *message, struct pl_text *out)
{
    struct pl_notify_fact links[PL_NOTIFY_LINKS_MAX];
    uint32_t n = pl_notify_links(message, links);
    const char *comma = "";
    pl_text_str(out, ",\"reply_markup\":{\"inline_keyboard\":[[");
    if (message->state == PL_NOTIFY_FIRING) {
        char data[PL_TELEGRAM_DATA_BYTES];
        pl_telegram_data_write(&message->page->alert, data);
        pl_text_str(out, "{\"text\":\"Acknowledge\",\"callback_data\":\"");
        pl_text_str(out, data);
        pl_text_str(out, "\"}");
        comma = ",";
    }
    for (uint32_t i = 0; i < n; i++) {
        if (strcmp(links[i].label, "Acknowledge") == 0 || !may_link(links[i].text)) continue;
        pl_text_str(out, comma);
        pl_text_str(out, "{\"text\":");
        pl_text_json(out, pl_span_of(links[i].label));
        pl_text_member(out, "url", links[i].text);
        pl_text_char(out, '}');
        comma = ",";
    }
    pl_text_str(out, "]]}");
}

static bool is_number(struct pl_span text)
{
    size_t digits = 0;
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] >= '0' && text.ptr[i] <= '9') digits++;
    }
    bool negative = text.len > 0 && text.ptr[0] == '-';
    return digits > 0 && digits <= 15 && digits + negative == text.len;
}

static void write(const struct pl_notify_target *target, const struct pl_notify_message *message,
                  struct pl_notify_request *request)
{
    struct pl_span chat = target->value[PL_NOTIFY_CHAT_KEY], sent = {NULL, 0};
    struct pl_span reference = message->reference;
    struct pl_text *out = &request->body;
    const uint8_t *blank = reference.len > 0 ? memchr(reference.ptr, ' ', reference.len) : NULL;
    if (blank) {
        chat = (struct pl_span){reference.ptr, (size_t)(blank - reference.ptr)};
        sent = (struct pl_span){blank + 1, reference.len - chat.len - 1};
    }
    pl_telegram_request(target, sent.len > 0 ? "editMessageText" : "sendMessage", request);
    pl_text_str(out, "{\"chat_id\":");
    if (is_number(chat)) pl_text_span(out, chat);
    if (!is_number(chat)) pl_text_json(out, chat);
    if (sent.len > 0) {
        pl_text_str(out, ",\"message_id\":");
        pl_text_span(out, sent);
    }
    text_write(message, out);
    pl_text_str(out, ",\"parse_mode\":\"HTML\",\"link_preview_options\":{\"is_disabled\":true}");
    buttons_write(message, out);
    pl_text_char(out, '}');
}

static void read_sent(struct pl_json_reader *r, struct pl_notify_reading *out)
{
    struct pl_json_reader result = pl_json_reader_init(pl_json_object(r, "result"));
    struct pl_json_reader chat = pl_json_reader_init(pl_json_object(&result, "chat"));
    int64_t chat_id = pl_json_i64(&chat, "id", -ID_MAX, ID_MAX);
    int64_t message_id = pl_json_i64(&result, "message_id", 1, ID_MAX);
    if (chat.err != 0 || result.err != 0) return; // told, but it cannot be edited
    pl_text_i64(&out->reference, chat_id);
    pl_text_char(&out->reference, ' ');
    pl_text_i64(&out->reference, message_id);
}

/* What the words of a refused edit mean; the API has no codes for them. */
static void judge_words(const char *words, struct pl_notify_reading *out)
{
    if (strstr(words, "message is not modified")) {
        out->result.class = PL_RESULT_SENT;
        return;
    }
    if (!strstr(words, "message to edit not found") && !strstr(words, "message can't be edited")) {
        if (strstr(words, "chat not found")) out->result.class = PL_RESULT_BROKEN;
        return;
    }
    out->result.class = PL_RESULT_RETRY; // at once, as a new message
    out->result.wait_ms = 0;
    out->forget = true;
}

static void read(const struct pl_notify_answer *answer, struct pl_notify_reading *out)
{
    char words[256] = "";
    cJSON *json = pl_json_parse(answer->body);
    struct pl_json_reader r = pl_json_reader_init(json);
    bool ok = pl_json_bool(&r, "ok");
    if (r.err == 0 && ok && out->result.class == PL_RESULT_SENT) read_sent(&r, out);
    if ((r.err != 0 || !ok) && out->result.class == PL_RESULT_SENT) {
        out->result.class = PL_RESULT_REJECT; // no answer of the API
    }
    const cJSON *parameters = cJSON_GetObjectItemCaseSensitive(json, "parameters");
    struct pl_json_reader p = pl_json_reader_init(parameters), moved = p;
    int64_t retry_after_s = pl_json_i64(&p, "retry_after", 0, INT32_MAX);
    int64_t chat_id = pl_json_i64(&moved, "migrate_to_chat_id", -ID_MAX, ID_MAX);
    if (answer->http_status == 429 && p.err == 0) out->result.wait_ms = retry_after_s * 1000;
    if (answer->http_status == 400 && moved.err == 0) {
        out->result.class = PL_RESULT_RETRY; // at once, to the group's new number
        out->result.wait_ms = 0;
        pl_text_i64(&out->reference, chat_id);
        pl_text_char(&out->reference, ' ');
    } else if (answer->http_status == 400) {
        pl_json_text(&r, "description", words, sizeof words);
        judge_words(words, out);
    }
    cJSON_Delete(json);
}

static const char *check(const struct pl_span *value, enum pl_notify_key *key)
{
    struct pl_span token = value[PL_NOTIFY_TOKEN_KEY], chat = value[PL_NOTIFY_CHAT_KEY];
    bool right = token.len > 0;
    *key = PL_NOTIFY_TOKEN_KEY;
    for (size_t i = 0; i < token.len; i++) { // it stands in the path as it is
        uint8_t c = token.ptr[i], lower = c | 0x20;
        right &= (lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9') || c == ':' || c == '_' ||
                 c == '-';
    }
    if (!right) return "does not hold a bot token such as 110201543:AAHdqTcvCH1vGWJxfSeof";
    *key = PL_NOTIFY_CHAT_KEY;
    if (is_number(chat) || (chat.len > 1 && chat.ptr[0] == '@')) return NULL;
    return "is neither the number of a chat nor the @name of a channel";
}

const struct pl_notify_provider pl_notify_telegram = {
    .word = "telegram",
    .needs = PL_NOTIFY_BIT(TOKEN) | PL_NOTIFY_BIT(CHAT),
    .takes = PL_NOTIFY_BIT(URL),
    .url = "https://api.telegram.org",
    .hears_acknowledge = true,
    .takes_notices = true,
    .per_minute = 20, // what a group takes; a private chat takes 60
    .burst = 6,
    .check = check,
    .write = write,
    .read = read,
    .ask = pl_telegram_ask,
    .hear = pl_telegram_hear,
    .thank = pl_telegram_thank,
    .asks_once = true,
};
