#include "collector/codec/notify/notify.h"

#include "collector/codec/ack_token.h"
#include "collector/codec/alert_text.h"
#include "common/base/err.h"

enum { SECRET_LEN_MIN = 6 }; // shorter ones are words that may stand in any sentence

#define ID_HEADER "Idempotency-Key: "

static void id_write(const struct pl_notify_message *message, struct pl_text *out)
{
    const struct pl_page *page = message->page;
    char id[PL_ALERT_ID_MAX + 1];
    pl_alert_id(&page->alert, id);
    pl_text_str(out, ID_HEADER);
    pl_text_str(out, id);
    pl_text_char(out, '/');
    pl_text_i64(out, page->alert.opened_unix_ms);
    pl_text_char(out, '/');
    pl_text_u64(out, page->alert.revision);
    if (message->state == PL_NOTIFY_ACKNOWLEDGED) pl_text_str(out, "/acknowledged");
}

int pl_notify_write(const struct pl_notify_target *target, const struct pl_notify_message *message,
                    struct pl_notify_request *out)
{
    pl_notify_request_init(out);
    struct pl_text *id = pl_notify_request_header(out);
    id_write(message, id);
    out->sign_id = pl_span_of(id->ptr + sizeof ID_HEADER - 1);
    pl_notify_provider(target->type)->write(target, message, out);
    bool overflow = out->url.overflow || out->body.overflow;
    for (uint32_t i = 0; i < out->header_count; i++) overflow |= out->headers[i].overflow;
    return overflow ? PL_E_TOO_BIG : 0;
}

void pl_notify_read(const struct pl_notify_target *target, const struct pl_notify_answer *answer,
                    struct pl_notify_reading *out)
{
    const struct pl_notify_provider *provider = pl_notify_provider(target->type);
    out->result = pl_notify_classify(answer);
    out->forget = false;
    out->reference = pl_text_init(out->reference_bytes, sizeof out->reference_bytes);
    if (provider->read) provider->read(answer, out);
}

int pl_notify_ask(const struct pl_notify_target *target, const struct pl_notify_question *question,
                  struct pl_notify_request *out)
{
    pl_notify_request_init(out);
    pl_notify_provider(target->type)->ask(target, question, out);
    return out->url.overflow || out->body.overflow ? PL_E_TOO_BIG : 0;
}

int pl_notify_hear(const struct pl_notify_target *target, int64_t cursor,
                   const struct pl_notify_answer *answer, struct pl_notify_heard *out)
{
    *out = (struct pl_notify_heard){.cursor = cursor};
    int err = pl_notify_provider(target->type)->hear(answer, out);
    if (err != 0) *out = (struct pl_notify_heard){.cursor = cursor};
    return err;
}

/* Length of the longest secret of the target that `at` begins with; 0: none. */
static size_t secret_len(const struct pl_notify_target *target, struct pl_span at)
{
    static const bool is_secret[] = {
#define TEXT(id, member, bytes, key, check, help) false,
#define SECRET(id, member, bytes, key, help)      true,
#include "collector/codec/notify/key.def"
#undef TEXT
#undef SECRET
    };
    size_t longest = 0;
    for (size_t key = 0; key < PL_NOTIFY_KEY_COUNT; key++) {
        struct pl_span secret = target->value[key];
        bool repeats = is_secret[key] && secret.len >= SECRET_LEN_MIN && secret.len <= at.len &&
                       memcmp(at.ptr, secret.ptr, secret.len) == 0;
        if (repeats) longest = PL_MAX(longest, secret.len);
    }
    return longest;
}

void pl_notify_words_write(const struct pl_notify_target *target,
                           const struct pl_notify_answer *answer, struct pl_text *out)
{
    char reason[PL_NOTIFY_REASON_BYTES];
    struct pl_text text = pl_text_init(reason, sizeof reason);
    pl_notify_reason_write(answer, &text);
    struct pl_span left = pl_text_bytes(&text);
    while (left.len > 0) {
        size_t len = PL_MAX(secret_len(target, left), pl_ack_token_find(left));
        if (len > 0) pl_text_str(out, "***");
        if (len == 0) pl_text_char(out, (char)left.ptr[0]);
        len = PL_MAX(len, 1u);
        left = (struct pl_span){left.ptr + len, left.len - len};
    }
}

void pl_notify_write_title(const struct pl_page *page, struct pl_text *out)
{
    if (!page->resolved) {
        pl_alert_title_write(&page->alert, page->created_unix_ms, out);
        return;
    }
    pl_text_str(out, "[RESOLVED] ");
    pl_text_span(out, pl_name_span(&page->alert.pool));
    pl_text_str(out, ": ");
    pl_alert_over_write(&page->alert, out);
}
