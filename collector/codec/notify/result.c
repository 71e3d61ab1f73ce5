#include "collector/codec/notify/result.h"

#include "collector/codec/notify/clip.h"
#include "common/base/err.h"

#include <cJSON.h>

enum { MESSAGE_POINTS_MAX = 120, ANSWER_LEN_MAX = 16384, PLAIN_WORD_LEN_MAX = 64 };

enum { GREYLISTED_MS = 60 * 1000 };

/* `err` is 0 only when the server took the message, so a 2yz next to an error is that of an earlier
 * command. */
static enum pl_result_class class_of_mail(const struct pl_notify_answer *a)
{
    if (a->err == 0) return PL_RESULT_SENT;
    switch (a->http_status) {
    case 530:
    case 534:
    case 535:
    case 538:
    case 550:
    case 551:
    case 553: return PL_RESULT_BROKEN;
    default: break;
    }
    if (a->http_status >= 500) return PL_RESULT_REJECT;
    if (a->http_status >= 400) return PL_RESULT_RETRY;
    return a->err == PL_E_PLAIN || a->err == PL_E_SYNTAX ? PL_RESULT_BROKEN : PL_RESULT_RETRY;
}

/* 450, 451 and 452 say that this mailbox cannot be reached now. */
static bool is_greylisted(const struct pl_notify_answer *a)
{
    return a->is_mail && a->err != 0 && a->http_status >= 450 && a->http_status <= 452;
}

static enum pl_result_class class_of(const struct pl_notify_answer *a)
{
    if (a->is_mail) return class_of_mail(a);
    switch (a->http_status) {
    case 0: return a->err == PL_E_SYNTAX ? PL_RESULT_BROKEN : PL_RESULT_RETRY;
    case 401:
    case 403:
    case 404:
    case 410: return PL_RESULT_BROKEN;
    case 408:
    case 429: return PL_RESULT_RETRY;
    default: break;
    }
    if (a->http_status >= 500) return PL_RESULT_RETRY;
    if (a->http_status >= 400) return PL_RESULT_REJECT;
    return a->http_status >= 300 ? PL_RESULT_BROKEN : PL_RESULT_SENT;
}

struct pl_page_result pl_notify_classify(const struct pl_notify_answer *answer)
{
    struct pl_page_result r = {.class = class_of(answer), .wait_ms = -1};
    r.status = (int16_t)(answer->http_status > 0 ? answer->http_status : answer->err);
    switch (r.class) {
    case PL_RESULT_SENT: r.maybe_delivered = true; break;
    case PL_RESULT_RETRY:
        /* "On 429 the event is not ingested" (PagerDuty); a 5xx may come from behind the point of
         * no return. */
        r.maybe_delivered = answer->may_be_delivered && answer->http_status != 429;
        r.wait_ms = is_greylisted(answer) ? GREYLISTED_MS : answer->retry_after_ms;
        break;
    case PL_RESULT_REJECT:
    case PL_RESULT_BROKEN: break;
    }
    return r;
}

static void words_write(const cJSON *value, struct pl_text *out)
{
    pl_text_clip(out, pl_span_of(cJSON_GetStringValue(value)), MESSAGE_POINTS_MAX);
}

/* "no_service": how Slack's webhooks name their errors. */
static bool is_plain_word(struct pl_span text)
{
    if (text.len == 0 || text.len > PLAIN_WORD_LEN_MAX) return false;
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] != '_' && (text.ptr[i] < 'a' || text.ptr[i] > 'z')) return false;
    }
    return true;
}

void pl_notify_reason_write(const struct pl_notify_answer *answer, struct pl_text *out)
{
    static const char *const names[] = {"message", "error", "description"};
    if (answer->http_status == 0 ||
        (answer->is_mail && answer->err != 0 && answer->http_status < 400)) {
        pl_text_str(out, pl_err_text(answer->err));
        return;
    }
    if (answer->is_mail) {
        pl_text_str(out, "SMTP ");
        pl_text_clip(out, answer->body, MESSAGE_POINTS_MAX);
        return;
    }
    pl_text_str(out, "HTTP ");
    pl_text_i64(out, answer->http_status);
    if (answer->body.len == 0 || answer->body.len > ANSWER_LEN_MAX) return;
    if (is_plain_word(answer->body)) {
        pl_text_str(out, ": ");
        pl_text_span(out, answer->body);
        return;
    }
    cJSON *json = cJSON_ParseWithLength((const char *)answer->body.ptr, answer->body.len);
    const cJSON *message = NULL;
    for (size_t i = 0; i < PL_LEN(names) && !cJSON_IsString(message); i++) {
        message = cJSON_GetObjectItemCaseSensitive(json, names[i]);
    }
    const cJSON *errors = cJSON_GetObjectItemCaseSensitive(json, "errors");
    const cJSON *first = cJSON_IsArray(errors) ? errors->child : NULL;
    if (cJSON_IsString(message)) {
        pl_text_str(out, ": ");
        words_write(message, out);
    }
    if (cJSON_IsString(first)) {
        pl_text_str(out, cJSON_IsString(message) ? " (" : ": ");
        words_write(first, out);
        pl_text_str(out, cJSON_IsString(message) ? ")" : "");
    }
    cJSON_Delete(json);
}
