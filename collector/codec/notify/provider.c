#include "collector/codec/notify/provider.h"

#include "common/base/assert.h"

const struct pl_notify_provider *pl_notify_provider(enum pl_notify_type type)
{
    static const struct pl_notify_provider *const providers[] = {
#define X(id, word, help) [PL_NOTIFY_##id] = &pl_notify_##word,
#include "collector/codec/notify/provider.def"
#undef X
    };
    PL_ASSERT(type > PL_NOTIFY_NONE && type < PL_NOTIFY_TYPE_COUNT);
    return providers[type];
}

uint64_t pl_notify_alert_hash(const struct pl_alert *alert)
{
    char id[PL_ALERT_ID_MAX + 1];
    pl_alert_id(alert, id);
    uint64_t hash = pl_hash_bytes(pl_span_of(id));
    return hash != 0 ? hash : 1;
}

void pl_notify_request_init(struct pl_notify_request *r)
{
    r->method = PL_NOTIFY_POST;
    r->content = PL_NOTIFY_JSON;
    r->url = pl_text_init(r->url_bytes, sizeof r->url_bytes);
    r->body = pl_text_init(r->body_bytes, sizeof r->body_bytes);
    r->envelope = (struct pl_notify_envelope){0};
    r->header_count = 0;
    r->sign_secret = r->sign_id = (struct pl_span){NULL, 0};
}

void pl_notify_request_path(struct pl_notify_request *r, const struct pl_notify_target *target,
                            const char *path)
{
    struct pl_span base = target->value[PL_NOTIFY_URL_KEY];
    while (base.len > 0 && base.ptr[base.len - 1] == '/') base.len--;
    pl_text_span(&r->url, base);
    pl_text_str(&r->url, path);
}

struct pl_text *pl_notify_request_header(struct pl_notify_request *r)
{
    PL_ASSERT(r->header_count < PL_NOTIFY_HEADERS_MAX);
    uint32_t i = r->header_count++;
    r->headers[i] = pl_text_init(r->header_bytes[i], sizeof r->header_bytes[i]);
    return &r->headers[i];
}
