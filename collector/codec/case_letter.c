#include "collector/codec/case_letter.h"

#include "collector/codec/case_text.h"
#include "collector/codec/json_case.h"
#include "collector/codec/json_put.h"
#include "collector/codec/notify/clip.h"
#include "collector/codec/notify/mime.h"
#include "collector/codec/notify/words.h"
#include "common/base/err.h"

#define ID_HEADER "Idempotency-Key: "

enum { ID_BYTES = 256, SUBJECT_BYTES = 256, PART_BYTES = 12 * 1024, LINE_BYTES = 64 };

/* ---- the webhook ---- */

static void write_webhook(const struct pl_case_letter *l, struct pl_notify_request *out)
{
    struct pl_text *id = pl_notify_request_header(out);
    struct pl_text *body = &out->body;
    pl_text_str(id, ID_HEADER "case/");
    pl_text_span(id, pl_name_span(&l->c->link));
    pl_text_char(id, '/');
    pl_text_u64(id, l->update->number);
    pl_text_char(id, '/');
    pl_text_u64(id, l->to->number);
    out->sign_id = pl_span_of(id->ptr + sizeof ID_HEADER - 1);
    out->sign_secret = pl_span_of(l->to->secret);
    pl_text_str(&out->url, l->to->address);
    pl_text_str(body, "{\"version\":1,\"type\":\"incident.update\"");
    pl_json_put_time(body, ",\"timestamp\":", l->update->at_unix_ms);
    pl_text_str(body, ",\"incident\":");
    pl_json_incident(body, l->c, l->url,
                     (struct pl_incident_span){l->update->number, l->update->number});
    pl_text_char(body, '}');
}

/* ---- the mail ---- */

static void put_facts(const struct pl_case_letter *l, struct pl_text *out)
{
    pl_text_str(out, "Status: ");
    pl_text_str(out, pl_case_phase_word(l->update->words.phase));
    pl_text_str(out, ", impact ");
    pl_text_str(out, pl_case_impact_word(l->update->words.impact));
    pl_text_char(out, '\n');
    if (l->update->next_unix_ms == 0) return;
    pl_text_str(out, "Next update: by ");
    pl_case_time_write(out, l->update->next_unix_ms, l->update->at_unix_ms);
    pl_text_char(out, '\n');
}

static void put_plain(const struct pl_case_letter *l, struct pl_text *out)
{
    pl_text_str(out, l->update->words.title);
    pl_text_str(out, "\n\n");
    pl_text_str(out, l->update->words.text);
    pl_text_str(out, "\n\n");
    put_facts(l, out);
    pl_text_str(out, "Read on: ");
    pl_text_span(out, l->url);
    pl_text_char(out, '\n');
}

/* Each line of it as a paragraph. */
static void put_paragraphs(struct pl_text *out, struct pl_span text)
{
    size_t from = 0;
    for (size_t i = 0; i <= text.len; i++) {
        if (i < text.len && text.ptr[i] != '\n') continue;
        if (i > from) {
            pl_text_str(out, "<p>");
            pl_text_entities(out, (struct pl_span){text.ptr + from, i - from}, PL_CLIP_POINTS_MAX);
            pl_text_str(out, "</p>\n");
        }
        from = i + 1;
    }
}

static void put_html(const struct pl_case_letter *l, struct pl_text *out)
{
    char buf[4 * LINE_BYTES];
    struct pl_text facts = pl_text_init(buf, sizeof buf);
    put_facts(l, &facts);
    pl_text_str(out, "<!DOCTYPE html>\n<html lang=\"en\"><body style=\"font-family:sans-serif\">\n"
                     "<h1 style=\"font-size:18px\">");
    pl_text_entities(out, pl_span_of(l->update->words.title), PL_CLIP_POINTS_MAX);
    pl_text_str(out, "</h1>\n");
    put_paragraphs(out, pl_span_of(l->update->words.text));
    put_paragraphs(out, pl_text_bytes(&facts));
    pl_text_str(out, "<p><a href=\"");
    pl_text_span(out, l->url); // of this collector: an address of letters, digits and ":/.-"
    pl_text_str(out, "\">Read on</a></p>\n</body></html>\n");
}

static void put_subject(const struct pl_case_letter *l, struct pl_text *out)
{
    char buf[SUBJECT_BYTES];
    struct pl_text subject = pl_text_init(buf, sizeof buf);
    pl_text_char(&subject, '[');
    pl_text_str(&subject, pl_case_phase_word(l->update->words.phase));
    pl_text_str(&subject, "] ");
    pl_text_str(&subject, l->update->words.title);
    pl_mime_header(out, "Subject", pl_text_bytes(&subject));
}

/* "case.<link>@example.org" is the thread, "case.<link>.3.1@example.org" update 3 to subscriber 1.
 */
static void put_ids(const struct pl_case_letter *l, struct pl_span from, struct pl_text *out)
{
    char thread[ID_BYTES], id[ID_BYTES];
    struct pl_text t = pl_text_init(thread, sizeof thread), i = pl_text_init(id, sizeof id);
    pl_text_str(&t, "case.");
    pl_text_span(&t, pl_name_span(&l->c->link));
    pl_text_span(&i, pl_text_bytes(&t));
    pl_text_char(&i, '.');
    pl_text_u64(&i, l->update->number);
    pl_text_char(&i, '.');
    pl_text_u64(&i, l->to->number);
    pl_mime_domain(&t, from);
    pl_mime_domain(&i, from);
    pl_mime_id(out, "Message-ID", "", id);
    pl_mime_id(out, "In-Reply-To", "", thread);
    pl_mime_id(out, "References", "", thread);
}

static void write_mail(const struct pl_case_letter *l, struct pl_notify_request *out)
{
    /* "=_" stands in no encoded body (RFC 2045 section 6.7). */
    static const char boundary[] = "=_plimsoll_update";
    struct pl_text *body = &out->body;
    struct pl_span from = l->mail->value[PL_NOTIFY_FROM_KEY], to = pl_span_of(l->to->address);
    char buf[PART_BYTES];
    struct pl_text part = pl_text_init(buf, sizeof buf);
    out->method = PL_NOTIFY_MAIL;
    out->envelope = (struct pl_notify_envelope){.from = from,
                                                .to = to,
                                                .user = l->mail->value[PL_NOTIFY_LOGIN_KEY],
                                                .password = l->mail->value[PL_NOTIFY_PASSWORD_KEY]};
    pl_text_span(&out->url, l->mail->value[PL_NOTIFY_URL_KEY]);
    pl_mime_date(body, l->update->at_unix_ms);
    pl_mime_address(body, "From", from);
    pl_mime_address(body, "To", to);
    put_subject(l, body);
    put_ids(l, from, body);
    pl_text_str(body, "Auto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n");
    pl_mime_multipart(body, "alternative", boundary, "");
    pl_mime_boundary(body, boundary, "", false);
    put_plain(l, &part);
    pl_mime_text_part(body, "plain", pl_text_bytes(&part));
    pl_mime_boundary(body, boundary, "", false);
    part = pl_text_init(buf, sizeof buf);
    put_html(l, &part);
    pl_mime_text_part(body, "html", pl_text_bytes(&part));
    pl_mime_boundary(body, boundary, "", true);
    body->overflow |= part.overflow;
}

int pl_case_letter_write(const struct pl_case_letter *letter, struct pl_notify_request *out)
{
    pl_notify_request_init(out);
    if (letter->to->channel == PL_CASE_EMAIL && !letter->mail) return PL_E_NOT_FOUND;
    if (letter->to->channel == PL_CASE_EMAIL)
        write_mail(letter, out);
    else
        write_webhook(letter, out);
    bool overflow = out->url.overflow || out->body.overflow;
    for (uint32_t i = 0; i < out->header_count; i++) overflow |= out->headers[i].overflow;
    return overflow ? PL_E_TOO_BIG : 0;
}
