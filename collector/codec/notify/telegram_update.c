#include "collector/codec/notify/telegram_update.h"

#include "collector/codec/json_in.h"
#include "collector/codec/notify/clip.h"
#include "common/base/err.h"

enum { DATA_LEN = PL_TELEGRAM_DATA_BYTES - 1, WORDS_POINTS_MAX = 200, NAME_BYTES = 257 };
static const int64_t UPDATE_ID_MAX = INT64_C(1) << 52;

void pl_telegram_data_write(const struct pl_alert *alert, char out[PL_TELEGRAM_DATA_BYTES])
{
    struct pl_text text = pl_text_init(out, PL_TELEGRAM_DATA_BYTES);
    pl_text_str(&text, "ack:");
    pl_text_hex(&text, pl_notify_alert_hash(alert), 16);
    pl_text_char(&text, ':');
    pl_text_hex(&text, (uint64_t)alert->opened_unix_ms, 16);
}

void pl_telegram_request(const struct pl_notify_target *target, const char *method,
                         struct pl_notify_request *out)
{
    pl_notify_request_path(out, target, "/bot");
    pl_text_span(&out->url, target->value[PL_NOTIFY_TOKEN_KEY]);
    pl_text_char(&out->url, '/');
    pl_text_str(&out->url, method);
}

void pl_telegram_ask(const struct pl_notify_target *target,
                     const struct pl_notify_question *question, struct pl_notify_request *out)
{
    pl_telegram_request(target, "getUpdates", out);
    pl_text_str(&out->body, "{\"offset\":");
    pl_text_i64(&out->body, question->cursor);
    pl_text_str(&out->body, ",\"limit\":1,\"timeout\":");
    pl_text_u64(&out->body, PL_NOTIFY_ASK_WAIT_MS / 1000);
    pl_text_str(&out->body, ",\"allowed_updates\":[\"callback_query\"]}");
}

/* 16 hexadecimal digits. */
static bool read_hex(const char *text, uint64_t *out)
{
    uint64_t value = 0;
    for (int i = 0; i < 16; i++) {
        char c = text[i];
        bool is_digit = c >= '0' && c <= '9';
        if (!is_digit && (c < 'a' || c > 'f')) return false;
        value = value << 4 | (uint64_t)(is_digit ? c - '0' : c - 'a' + 10);
    }
    *out = value;
    return true;
}

/* False for data that no button of ours has. */
static bool read_data(const char *data, struct pl_notify_heard *out)
{
    uint64_t hash, opened;
    if (strlen(data) != DATA_LEN || strncmp(data, "ack:", 4) != 0 || data[20] != ':') return false;
    if (!read_hex(data + 4, &hash) || !read_hex(data + 21, &opened)) return false;
    if (hash == 0 || opened > INT64_MAX) return false;
    out->alert_hash = hash;
    out->opened_unix_ms = (int64_t)opened;
    return true;
}

/* What cannot be read is passed by, so that it does not come again. */
static void read_press(const cJSON *query, struct pl_notify_heard *out)
{
    struct pl_json_reader r = pl_json_reader_init(query);
    struct pl_json_reader from = pl_json_reader_init(pl_json_object(&r, "from"));
    char data[65] = "", name[NAME_BYTES] = "";
    struct pl_text who = pl_text_init(out->who, sizeof out->who);
    pl_json_text(&r, "id", out->query, sizeof out->query);
    pl_json_text(&r, "data", data, sizeof data);
    pl_json_text(&from, "first_name", name, sizeof name);
    pl_text_clip(&who, pl_span_of(name), (sizeof out->who - 1) / 4);
    out->acknowledged = r.err == 0 && read_data(data, out);
}

int pl_telegram_hear(const struct pl_notify_answer *answer, struct pl_notify_heard *out)
{
    cJSON *json = pl_json_parse(answer->body);
    struct pl_json_reader r = pl_json_reader_init(json);
    bool ok = pl_json_bool(&r, "ok");
    const cJSON *updates = pl_json_array(&r, "result");
    int err = answer->http_status != 200 || r.err != 0 || !ok ? PL_E_SYNTAX : 0;
    if (err == 0 && updates->child) {
        struct pl_json_reader update = pl_json_reader_init(updates->child);
        int64_t id = pl_json_i64(&update, "update_id", 0, UPDATE_ID_MAX);
        if (update.err != 0) err = PL_E_SYNTAX;
        out->cursor = id + 1;
        if (err == 0) read_press(pl_json_object(&update, "callback_query"), out);
    }
    cJSON_Delete(json);
    return err;
}

void pl_telegram_thank(const struct pl_notify_target *target, const struct pl_notify_heard *heard,
                       const char *words, struct pl_notify_request *out)
{
    pl_telegram_request(target, "answerCallbackQuery", out);
    pl_text_str(&out->body, "{\"callback_query_id\":");
    pl_text_json(&out->body, pl_span_of(heard->query));
    pl_text_str(&out->body, ",\"text\":");
    pl_text_clip_json(&out->body, pl_span_of(words), WORDS_POINTS_MAX);
    pl_text_char(&out->body, '}');
}
