#include "collector/codec/notify/mail.h"

#include "collector/codec/alert_text.h"
#include "collector/codec/notify/clip.h"
#include "collector/codec/notify/mime.h"
#include "collector/codec/notify/words.h"
#include "common/base/assert.h"

enum {
    ID_BYTES = 512,
    SUBJECT_BYTES = 256,
    PART_BYTES = 24 * 1024,
    FACT_POINTS_MAX = 400, // a mail that must be scrolled tells no more
    LINK_POINTS_MAX = PL_CLIP_POINTS_MAX,
};

struct message {
    const struct pl_mail *in; // borrowed
    bool has_picture;
    char thread[ID_BYTES], id[ID_BYTES]; // without angle brackets
    char boundary[64];                   // "=_" stands in no encoded body (RFC 2045 section 6.7)
    char title[PL_ALERT_TEXT_BYTES];
    char since[32];
    uint32_t fact_count, link_count;
    struct pl_notify_fact facts[PL_NOTIFY_FACTS_MAX], links[PL_NOTIFY_LINKS_MAX];
};

static const char *subject_of(enum pl_rule rule)
{
    switch (rule) {
    case PL_RULE_LIMIT: return "over a limit";
    case PL_RULE_SATURATION: return "running out of capacity";
    case PL_RULE_SILENT: return "hosts silent";
    case PL_RULE_STALL: return "work stands still";
    case PL_RULE_IMBALANCE: return "load out of balance";
    case PL_RULE_COLLAPSE: return "traffic collapsed";
    case PL_RULE_NO_SPARE: return "no spare host";
    case PL_RULE_LAUNCH_RISK: return "a launch is at risk";
    case PL_RULE_LAUNCH_OVER: return "a launch brings more than announced";
    case PL_RULE_LAUNCH_ABSENT: return "a launch that never came";
    case PL_RULE_EXTERNAL: return "an alert of another program";
    case PL_RULE_NOTIFIER: return "a notifier takes no pages";
    case PL_RULE_COUNT: break;
    }
    PL_UNREACHABLE("rule");
}

/* ---- identity ---- */

/* Names may hold dots side by side or at their end, which a message id may not. */
static void put_atom(struct pl_text *out, const struct pl_name *name)
{
    for (size_t i = 0; i < name->len; i++) {
        pl_text_char(out, name->text[i] == '.' ? '/' : name->text[i]);
    }
}

static void identify(struct message *m)
{
    const struct pl_alert *a = &m->in->message->page->alert;
    struct pl_text thread = pl_text_init(m->thread, sizeof m->thread);
    struct pl_text id = pl_text_init(m->id, sizeof m->id);
    struct pl_text boundary = pl_text_init(m->boundary, sizeof m->boundary);
    struct pl_name told = {0};
    pl_text_str(&thread, pl_rule_name(a->rule));
    pl_text_char(&thread, '.');
    put_atom(&thread, &a->pool);
    pl_text_char(&thread, '.');
    pl_text_i64(&thread, a->opened_unix_ms);
    pl_text_span(&id, pl_text_bytes(&thread));
    pl_text_char(&id, '.');
    pl_text_u64(&id, a->revision);
    if (m->in->message->state == PL_NOTIFY_ACKNOWLEDGED) pl_text_str(&id, ".ack");
    if (pl_name_parse(m->in->target, &told) == 0) {
        pl_text_char(&id, '.');
        put_atom(&id, &told);
    }
    pl_mime_domain(&thread, m->in->from);
    pl_mime_domain(&id, m->in->from);
    pl_text_str(&boundary, "=_plimsoll_");
    pl_text_hex(&boundary, pl_hash_bytes(pl_text_bytes(&id)), 16);
}

/* ---- what it says ---- */

static void put_utc(struct pl_text *out, int64_t unix_ms)
{
    char buf[32]; // 2026-05-01T14:03:12.000Z
    struct pl_text iso = pl_text_init(buf, sizeof buf);
    pl_text_rfc3339(&iso, unix_ms);
    pl_text_span(out, (struct pl_span){(const uint8_t *)buf, 10});
    pl_text_char(out, ' ');
    pl_text_span(out, (struct pl_span){(const uint8_t *)buf + 11, 8});
    pl_text_str(out, " UTC");
}

static void gather(struct message *m)
{
    struct pl_text title = pl_text_init(m->title, sizeof m->title);
    struct pl_text since = pl_text_init(m->since, sizeof m->since);
    pl_notify_headline(m->in->message, &title);
    put_utc(&since, m->in->message->page->alert.since_unix_ms);
    m->fact_count = pl_notify_facts(m->in->message, m->facts);
    m->link_count = pl_notify_links(m->in->message, m->links);
}

static void put_line(struct pl_text *out, const struct pl_notify_fact *fact, size_t points_max)
{
    pl_text_str(out, fact->label);
    pl_text_str(out, ": ");
    pl_text_clip(out, fact->text, points_max);
    pl_text_char(out, '\n');
}

static void put_text(const struct message *m, struct pl_text *out)
{
    const struct pl_notify_fact since = {"Since", pl_span_of(m->since)};
    pl_text_str(out, m->title);
    pl_text_str(out, "\n\n");
    put_line(out, &since, FACT_POINTS_MAX);
    for (uint32_t i = 0; i < m->fact_count; i++) put_line(out, &m->facts[i], FACT_POINTS_MAX);
    for (uint32_t i = 0; i < m->link_count; i++) put_line(out, &m->links[i], LINK_POINTS_MAX);
}

static void put_row(struct pl_text *out, const struct pl_notify_fact *fact)
{
    pl_text_str(out, "<tr><td style=\"color:#57606a;padding-right:12px\">");
    pl_text_str(out, fact->label);
    pl_text_str(out, "</td><td>");
    pl_text_xml(out, fact->text, FACT_POINTS_MAX);
    pl_text_str(out, "</td></tr>\n");
}

static void put_link(struct pl_text *out, const struct pl_notify_fact *link)
{
    pl_text_str(out, "<a style=\"margin-right:24px\" href=\"");
    pl_text_xml(out, link->text, LINK_POINTS_MAX);
    pl_text_str(out, "\">");
    pl_text_str(out, link->label);
    pl_text_str(out, "</a>\n");
}

/* Styles stand at the elements: mail programs drop style sheets. */
static void put_html(const struct message *m, struct pl_text *out)
{
    pl_text_str(out, "<!DOCTYPE html>\n<html lang=\"en\"><body style=\"font-family:sans-serif\">\n"
                     "<p style=\"font-size:18px;padding-left:10px;border-left:6px solid ");
    pl_text_str(out, m->in->message->state == PL_NOTIFY_RESOLVED ? "#0072b2\">" : "#c23b00\">");
    pl_text_xml(out, pl_span_of(m->title), LINK_POINTS_MAX);
    pl_text_str(out, "</p>\n");
    if (m->has_picture) {
        pl_text_str(out, "<p><img src=\"cid:picture.");
        pl_text_xml(out, pl_span_of(m->id), LINK_POINTS_MAX);
        pl_text_str(out, "\" width=\"600\" alt=\"traffic of the last 15 minutes against "
                         "capacity\"></p>\n");
    }
    pl_text_str(out, "<table style=\"vertical-align:top\">\n");
    put_row(out, &(struct pl_notify_fact){"Since", pl_span_of(m->since)});
    for (uint32_t i = 0; i < m->fact_count; i++) put_row(out, &m->facts[i]);
    pl_text_str(out, "</table>\n<p>\n");
    for (uint32_t i = 0; i < m->link_count; i++) put_link(out, &m->links[i]);
    pl_text_str(out, "</p>\n</body></html>\n");
}

/* ---- the message ---- */

/* "[FIRING] ", "[ACK alex] ", "[RESOLVED 6 min 5 s] " */
static void put_state(const struct pl_notify_message *message, struct pl_text *out)
{
    const struct pl_alert *a = &message->page->alert;
    if (message->is_test) pl_text_str(out, "[TEST] ");
    switch (message->state) {
    case PL_NOTIFY_FIRING: pl_text_str(out, "[FIRING"); break;
    case PL_NOTIFY_ACKNOWLEDGED:
        pl_text_str(out, message->acknowledged_by.len > 0 ? "[ACK " : "[ACK");
        pl_text_span(out, message->acknowledged_by);
        break;
    case PL_NOTIFY_RESOLVED:
        pl_text_str(out, "[RESOLVED ");
        pl_duration_write(a->resolved_unix_ms - a->finding.since_unix_ms, out);
        break;
    }
    pl_text_str(out, "] ");
}

static void put_subject(const struct message *m, struct pl_text *out)
{
    const struct pl_alert *a = &m->in->message->page->alert;
    char buf[SUBJECT_BYTES];
    struct pl_text subject = pl_text_init(buf, sizeof buf);
    if (m->in->message->notice.len > 0) {
        pl_text_span(&subject, m->in->message->notice); // a long one is cut
    } else {
        put_state(m->in->message, &subject);
        pl_text_span(&subject, pl_name_span(&a->pool));
        pl_text_str(&subject, ": ");
        pl_text_str(&subject, subject_of(a->rule));
    }
    pl_mime_header(out, "Subject", pl_text_bytes(&subject));
}

static void put_headers(const struct message *m, struct pl_text *out)
{
    pl_mime_date(out, m->in->message->page->created_unix_ms);
    pl_mime_address(out, "From", m->in->from);
    pl_mime_address(out, "To", m->in->to);
    put_subject(m, out);
    pl_mime_id(out, "Message-ID", "", m->id);
    pl_mime_id(out, "In-Reply-To", "", m->thread);
    pl_mime_id(out, "References", "", m->thread);
    pl_text_str(out, "Auto-Submitted: auto-generated\r\n");
    if (m->in->message->state == PL_NOTIFY_FIRING) pl_text_str(out, "X-Priority: 1\r\n");
    pl_text_str(out, "MIME-Version: 1.0\r\n");
}

static void put_picture_part(const struct message *m, struct pl_text *out)
{
    pl_text_str(out, "Content-Type: image/png\r\nContent-Transfer-Encoding: base64\r\n"
                     "Content-Disposition: inline; filename=\"load.png\"\r\n");
    pl_mime_id(out, "Content-ID", "picture.", m->id);
    pl_text_str(out, "\r\n");
    pl_mime_base64(out, m->in->message->picture);
}

/* All of it, with or without the picture. */
static void put_message(struct message *m, struct pl_text *out)
{
    char content[PART_BYTES];
    struct pl_text part = pl_text_init(content, sizeof content);
    put_headers(m, out);
    pl_mime_multipart(out, "alternative", m->boundary, "");
    pl_mime_boundary(out, m->boundary, "", false);
    put_text(m, &part);
    pl_mime_text_part(out, "plain", pl_text_bytes(&part));
    pl_mime_boundary(out, m->boundary, "", false);
    part = pl_text_init(content, sizeof content);
    put_html(m, &part);
    if (m->has_picture) {
        pl_mime_multipart(out, "related; type=\"text/html\"", m->boundary, "_r");
        pl_mime_boundary(out, m->boundary, "_r", false);
    }
    pl_mime_text_part(out, "html", pl_text_bytes(&part));
    if (m->has_picture) {
        pl_mime_boundary(out, m->boundary, "_r", false);
        put_picture_part(m, out);
        pl_mime_boundary(out, m->boundary, "_r", true);
    }
    pl_mime_boundary(out, m->boundary, "", true);
    if (part.overflow) out->overflow = true;
}

void pl_mail_write(const struct pl_mail *mail, struct pl_text *out)
{
    const struct pl_text before = *out;
    struct message m = {.in = mail};
    m.has_picture = mail->message->picture.len > 0;
    identify(&m);
    gather(&m);
    put_message(&m, out);
    if (!out->overflow || !m.has_picture) return;
    *out = before; // words are worth more than the picture
    m.has_picture = false;
    put_message(&m, out);
}
