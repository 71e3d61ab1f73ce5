/* Pushover: a message of priority 2, which rings until somebody acknowledges it.
 *
 * https://pushover.net/api. An emergency needs "retry" (30 s or more) and "expire" (3 hours or
 * less); its answer names a receipt, which tells who acknowledged and by which the ringing is ended
 * when the trouble is over or somebody has it. The receipt is the reference. A 4xx is bad input and
 * 429 an exhausted quota. */
#include "collector/codec/alert_text.h"
#include "collector/codec/json_in.h"
#include "collector/codec/notify/clip.h"
#include "collector/codec/notify/words.h"
#include "common/base/err.h"

enum {
    KEY_LEN = 30, // of a token, a user and a receipt
    TITLE_POINTS_MAX = 250,
    URL_LEN_MAX = 512,
    RETRY_S = 60,
    EXPIRE_S = 3 * 3600,
};

static bool is_key(struct pl_span text)
{
    bool right = text.len == KEY_LEN;
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.ptr[i], lower = c | 0x20;
        right &= (lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9');
    }
    return right;
}

static void cancel_write(const struct pl_notify_target *target, struct pl_span receipt,
                         struct pl_notify_request *request)
{
    pl_notify_request_path(request, target, "/1/receipts/");
    pl_text_span(&request->url, receipt);
    pl_text_str(&request->url, "/cancel.json");
    pl_text_str(&request->body, "{\"token\":");
    pl_text_json(&request->body, target->value[PL_NOTIFY_TOKEN_KEY]);
    pl_text_char(&request->body, '}');
}

static void write(const struct pl_notify_target *target, const struct pl_notify_message *message,
                  struct pl_notify_request *request)
{
    bool rings = message->state == PL_NOTIFY_FIRING && !message->is_test;
    char buf[PL_ALERT_TEXT_BYTES], lines[PL_NOTIFY_LINES_BYTES];
    struct pl_text title = pl_text_init(buf, sizeof buf), *out = &request->body;
    struct pl_text text = pl_text_init(lines, sizeof lines);
    if (message->state != PL_NOTIFY_FIRING && is_key(message->reference)) {
        cancel_write(target, message->reference, request);
        return;
    }
    pl_notify_request_path(request, target, "/1/messages.json");
    pl_notify_headline(message, &title);
    pl_notify_lines(message, &text);
    if (text.len == 0) pl_text_span(&text, pl_text_bytes(&title)); // an empty one is refused
    pl_text_str(out, "{\"token\":");
    pl_text_json(out, target->value[PL_NOTIFY_TOKEN_KEY]);
    pl_text_member(out, "user", target->value[PL_NOTIFY_USER_KEY]);
    pl_text_str(out, ",\"title\":");
    pl_text_clip_json(out, pl_text_bytes(&title), TITLE_POINTS_MAX);
    pl_text_member(out, "message", pl_text_bytes(&text)); // four facts have under 1,024 characters
    if (message->external_url.len <= URL_LEN_MAX) {
        pl_text_member(out, "url", message->external_url);
        pl_text_str(out, ",\"url_title\":\"Live view\"");
    }
    pl_text_str(out, ",\"timestamp\":");
    pl_text_i64(out, message->page->alert.since_unix_ms / 1000);
    pl_text_str(out, ",\"priority\":");
    pl_text_str(out, rings ? "2,\"retry\":" : "-1");
    if (rings) {
        pl_text_u64(out, RETRY_S);
        pl_text_str(out, ",\"expire\":");
        pl_text_u64(out, EXPIRE_S);
    }
    pl_text_char(out, '}');
}

static void read(const struct pl_notify_answer *answer, struct pl_notify_reading *out)
{
    char receipt[KEY_LEN + 1] = "";
    cJSON *json = pl_json_parse(answer->body);
    struct pl_json_reader r = pl_json_reader_init(json);
    int64_t status = pl_json_i64(&r, "status", 0, INT32_MAX);
    if (out->result.class == PL_RESULT_SENT && (r.err != 0 || status != 1)) {
        out->result.class = PL_RESULT_REJECT;
        out->result.maybe_delivered = false;
    }
    const char *const names[] = {"token", "user"}; // what is wrong with the keys is for good
    for (size_t i = 0; i < PL_LEN(names) && out->result.class == PL_RESULT_REJECT; i++) {
        const cJSON *blame = cJSON_GetObjectItemCaseSensitive(json, names[i]);
        if (cJSON_IsString(blame)) out->result.class = PL_RESULT_BROKEN; // {"token":"invalid"}
    }
    pl_json_text(&r, "receipt", receipt, sizeof receipt); // not in the answer to a cancel
    if (out->result.class == PL_RESULT_SENT && is_key(pl_span_of(receipt))) {
        pl_text_str(&out->reference, receipt);
    }
    cJSON_Delete(json);
}

/* A GET with the token in its query, as documented: the URL is a secret. */
static void ask(const struct pl_notify_target *target, const struct pl_notify_question *question,
                struct pl_notify_request *request)
{
    request->method = PL_NOTIFY_GET;
    pl_notify_request_path(request, target, "/1/receipts/");
    pl_text_span(&request->url, question->reference);
    pl_text_str(&request->url, ".json?token=");
    pl_text_span(&request->url, target->value[PL_NOTIFY_TOKEN_KEY]);
}

/* It names who acknowledged by their key only, which tells people nothing. */
static int hear(const struct pl_notify_answer *answer, struct pl_notify_heard *out)
{
    cJSON *json = pl_json_parse(answer->body);
    struct pl_json_reader r = pl_json_reader_init(json);
    int64_t status = pl_json_i64(&r, "status", 0, 1);
    out->acknowledged = pl_json_i64(&r, "acknowledged", 0, 1) == 1;
    int err = answer->http_status != 200 || r.err != 0 || status != 1 ? PL_E_SYNTAX : 0;
    cJSON_Delete(json);
    return err;
}

static const char *check(const struct pl_span *value, enum pl_notify_key *key)
{
    *key = PL_NOTIFY_TOKEN_KEY;
    if (!is_key(value[PL_NOTIFY_TOKEN_KEY])) return "does not hold 30 letters and digits";
    *key = PL_NOTIFY_USER_KEY;
    if (!is_key(value[PL_NOTIFY_USER_KEY])) return "does not hold 30 letters and digits";
    return NULL;
}

const struct pl_notify_provider pl_notify_pushover = {
    .word = "pushover",
    .needs = PL_NOTIFY_BIT(TOKEN) | PL_NOTIFY_BIT(USER),
    .takes = PL_NOTIFY_BIT(URL),
    .url = "https://api.pushover.net",
    .hears_acknowledge = true, // it stops ringing
    .takes_notices = true,
    .per_minute = 6,
    .burst = 6,
    .check = check,
    .write = write,
    .read = read,
    .ask = ask,
    .hear = hear,
    .ask_ms = 6000, // "no more often than every 5 s"
};
