#include "collector/codec/notify/words.h"

#include "collector/codec/alert_text.h"
#include "collector/codec/notify/clip.h"

enum { ACKNOWLEDGED_BY_LEN_MAX = 64 };

void pl_notify_headline(const struct pl_notify_message *message, struct pl_text *out)
{
    const struct pl_page *page = message->page;
    if (message->notice.len > 0) {
        pl_text_span(out, message->notice);
        return;
    }
    if (message->is_test) {
        pl_text_str(out, "[TEST] plimsoll tries this notifier, nothing is wrong");
        return;
    }
    if (message->state != PL_NOTIFY_ACKNOWLEDGED) {
        pl_notify_write_title(page, out);
        return;
    }
    struct pl_span by = message->acknowledged_by;
    by.len = PL_MIN(by.len, (size_t)ACKNOWLEDGED_BY_LEN_MAX);
    pl_text_str(out, by.len > 0 ? "[ACK " : "[ACK");
    pl_text_span(out, by);
    pl_text_str(out, "] ");
    pl_text_span(out, pl_name_span(&page->alert.pool));
    pl_text_str(out, ": ");
    pl_alert_text_write(&page->alert, page->created_unix_ms, out);
}

static uint32_t add(struct pl_notify_fact *out, uint32_t n, const char *label, struct pl_span text)
{
    if (text.len == 0) return n;
    out[n] = (struct pl_notify_fact){label, text};
    return n + 1;
}

uint32_t pl_notify_facts(const struct pl_notify_message *message,
                         struct pl_notify_fact out[PL_NOTIFY_FACTS_MAX])
{
    uint32_t n = add(out, 0, "Owner", message->contact.owner);
    n = add(out, n, "Paged", message->paged);
    n = add(out, n, "What helps", message->helps);
    return add(out, n, "Changes", message->changes);
}

uint32_t pl_notify_links(const struct pl_notify_message *message,
                         struct pl_notify_fact out[PL_NOTIFY_LINKS_MAX])
{
    uint32_t n = 0;
    if (message->state == PL_NOTIFY_FIRING) n = add(out, n, "Acknowledge", message->ack_url);
    n = add(out, n, "Live view", message->external_url);
    return add(out, n, "Runbook", message->contact.runbook);
}

void pl_notify_lines(const struct pl_notify_message *message, struct pl_text *out)
{
    struct pl_notify_fact facts[PL_NOTIFY_FACTS_MAX];
    uint32_t n = pl_notify_facts(message, facts);
    for (uint32_t i = 0; i < n; i++) {
        if (i > 0) pl_text_char(out, '\n');
        pl_text_str(out, facts[i].label);
        pl_text_str(out, ": ");
        pl_text_clip(out, facts[i].text, PL_NOTIFY_FACT_POINTS_MAX);
    }
}

void pl_text_entities(struct pl_text *out, struct pl_span bytes, size_t points_max)
{
    char buf[PL_CLIP_POINTS_MAX * 4 + 1];
    struct pl_text clipped = pl_text_init(buf, sizeof buf);
    pl_text_clip(&clipped, bytes, points_max);
    for (size_t i = 0; i < clipped.len; i++) {
        switch (buf[i]) {
        case '&': pl_text_str(out, "&amp;"); break;
        case '<': pl_text_str(out, "&lt;"); break;
        case '>': pl_text_str(out, "&gt;"); break;
        default: pl_text_char(out, buf[i]); break;
        }
    }
}

void pl_text_xml(struct pl_text *out, struct pl_span in, size_t points_max)
{
    char buf[PL_CLIP_POINTS_MAX * 5 + 1];
    struct pl_text text = pl_text_init(buf, sizeof buf);
    pl_text_entities(&text, in, points_max);
    for (size_t i = 0; i < text.len; i++) {
        if (buf[i] == '"')
            pl_text_str(out, "&quot;");
        else
            pl_text_char(out, buf[i]);
    }
}

void pl_text_member(struct pl_text *out, const char *name, struct pl_span text)
{
    pl_text_str(out, ",\"");
    pl_text_str(out, name);
    pl_text_str(out, "\":");
    pl_text_json(out, text);
}
