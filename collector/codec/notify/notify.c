#include "collector/codec/notify/notify.h"

#include "collector/codec/alert_text.h"
#include "collector/codec/notify/alertmanager.h"
#include "collector/codec/notify/pagerduty.h"
#include "common/base/assert.h"

void pl_notify_write_url(const struct pl_notify_target *target, struct pl_text *out)
{
    struct pl_span url = target->url;
    switch (target->format) {
    case PL_NOTIFY_ALERTMANAGER: pl_text_span(out, url); return;
    case PL_NOTIFY_PAGERDUTY:
        while (url.len > 0 && url.ptr[url.len - 1] == '/') url.len--;
        pl_text_span(out, url);
        pl_text_str(out, "/v2/enqueue");
        return;
    }
    PL_UNREACHABLE("notifier format");
}

void pl_notify_write_header(const struct pl_page *page, struct pl_text *out)
{
    char id[PL_ALERT_ID_MAX + 1];
    pl_alert_id(&page->alert, id);
    pl_text_str(out, "Idempotency-Key: ");
    pl_text_str(out, id);
    pl_text_char(out, '/');
    pl_text_i64(out, page->alert.opened_unix_ms);
    pl_text_char(out, '/');
    pl_text_u64(out, page->alert.revision);
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

void pl_notify_write_body(const struct pl_notify_target *target, const struct pl_page *page,
                          struct pl_text *out)
{
    switch (target->format) {
    case PL_NOTIFY_ALERTMANAGER: pl_alertmanager_write(target, page, out); return;
    case PL_NOTIFY_PAGERDUTY: pl_pagerduty_write(target, page, out); return;
    }
    PL_UNREACHABLE("notifier format");
}
