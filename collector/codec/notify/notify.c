#include "collector/codec/notify/notify.h"

#include "collector/codec/alert_text.h"
#include "common/base/err.h"

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
