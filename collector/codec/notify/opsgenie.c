/* Opsgenie, and Jira Service Management Operations, which kept its API under another base.
 *
 * https://docs.opsgenie.com/docs/alert-api: the alert's id is the alias, so that a second create of
 * an open alias counts up instead of opening another alert, and acknowledge and close find it. 202
 * means accepted, not done. */
#include "collector/codec/alert_text.h"
#include "collector/codec/notify/clip.h"
#include "collector/codec/notify/form.h"
#include "collector/codec/notify/words.h"

enum { MESSAGE_POINTS_MAX = 130, HTTP_PAYMENT_REQUIRED = 402 };

/* POST {base}/v2/alerts/{alias}/{verb}?identifierType=alias, {"source":...,"note":...} */
static void write_verb(const struct pl_notify_message *message, const char *verb, const char *id,
                       struct pl_notify_request *request)
{
    char buf[PL_ALERT_TEXT_BYTES];
    struct pl_text note = pl_text_init(buf, sizeof buf), *out = &request->body;
    pl_text_char(&request->url, '/');
    pl_text_percent(&request->url, pl_span_of(id));
    pl_text_str(&request->url, verb);
    pl_text_str(&request->url, "?identifierType=alias");
    pl_notify_headline(message, &note);
    pl_text_str(out, "{\"source\":\"plimsoll\"");
    pl_text_member(out, "note", pl_text_bytes(&note));
    if (message->acknowledged_by.len > 0) pl_text_member(out, "user", message->acknowledged_by);
    pl_text_char(out, '}');
}

static void put_description(const struct pl_notify_message *message, struct pl_span title,
                            struct pl_text *out)
{
    char buf[PL_ALERT_TEXT_BYTES + PL_NOTIFY_LINES_BYTES + PL_NOTIFY_LINKS_MAX * 1200];
    struct pl_notify_fact links[PL_NOTIFY_LINKS_MAX];
    struct pl_text text = pl_text_init(buf, sizeof buf);
    uint32_t n = pl_notify_links(message, links);
    pl_text_span(&text, title); // all of it: the message is cut
    pl_text_char(&text, '\n');
    pl_notify_lines(message, &text);
    for (uint32_t i = 0; i < n; i++) {
        pl_text_char(&text, '\n');
        pl_text_str(&text, links[i].label);
        pl_text_str(&text, ": ");
        pl_text_clip(&text, links[i].text, PL_CLIP_POINTS_MAX);
    }
    pl_text_member(out, "description", pl_text_bytes(&text));
}

static void write_create(const struct pl_notify_message *message, const char *id,
                         struct pl_notify_request *request)
{
    const struct pl_alert *a = &message->page->alert;
    char buf[PL_ALERT_TEXT_BYTES], hosts[PL_ALERT_TEXT_BYTES];
    struct pl_text title = pl_text_init(buf, sizeof buf), *out = &request->body;
    struct pl_text hosts_text = pl_text_init(hosts, sizeof hosts);
    pl_notify_headline(message, &title);
    pl_alert_hosts_write(&a->finding, PL_FINDING_HOSTS_MAX, &hosts_text);
    pl_text_str(out, "{\"message\":");
    pl_text_clip_json(out, pl_text_bytes(&title), MESSAGE_POINTS_MAX);
    pl_text_member(out, "alias", pl_span_of(id));
    put_description(message, pl_text_bytes(&title), out);
    pl_text_str(out, message->is_test ? ",\"priority\":\"P5\"" : ",\"priority\":\"P1\"");
    pl_text_member(out, "entity", pl_name_span(&a->pool));
    pl_text_str(out, ",\"source\":\"plimsoll\",\"tags\":[");
    pl_text_json(out, pl_span_of(pl_rule_name(a->rule)));
    pl_text_str(out, "],\"details\":{\"pool\":");
    pl_text_json(out, pl_name_span(&a->pool));
    pl_text_member(out, "rule", pl_span_of(pl_rule_name(a->rule)));
    pl_text_member(out, "hosts", pl_text_bytes(&hosts_text));
    pl_text_str(out, "}}");
}

static void write(const struct pl_notify_target *target, const struct pl_notify_message *message,
                  struct pl_notify_request *request)
{
    char id[PL_ALERT_ID_MAX + 1];
    struct pl_text *header = pl_notify_request_header(request);
    pl_alert_id(&message->page->alert, id);
    pl_text_str(header, "Authorization: GenieKey ");
    pl_text_span(header, target->value[PL_NOTIFY_TOKEN_KEY]);
    pl_notify_request_path(request, target, "/v2/alerts");
    switch (message->state) {
    case PL_NOTIFY_FIRING: write_create(message, id, request); return;
    case PL_NOTIFY_ACKNOWLEDGED: write_verb(message, "/acknowledge", id, request); return;
    case PL_NOTIFY_RESOLVED: write_verb(message, "/close", id, request); return;
    }
}

/* What the plan does not contain will not come by trying again. */
static void read(const struct pl_notify_answer *answer, struct pl_notify_reading *out)
{
    if (answer->http_status == HTTP_PAYMENT_REQUIRED) out->result.class = PL_RESULT_BROKEN;
}

const struct pl_notify_provider pl_notify_opsgenie = {
    .word = "opsgenie",
    .needs = PL_NOTIFY_BIT(TOKEN),
    .takes = PL_NOTIFY_BIT(URL),
    .url = "https://api.opsgenie.com",
    .deduplicates = true,
    .hears_acknowledge = true,
    .per_minute = 60,
    .burst = 5,
    .write = write,
    .read = read,
};

const struct pl_notify_provider pl_notify_jsm = {
    .word = "jsm",
    .needs = PL_NOTIFY_BIT(TOKEN),
    .takes = PL_NOTIFY_BIT(URL),
    .url = "https://api.atlassian.com/jsm/ops/integration",
    .deduplicates = true,
    .hears_acknowledge = true,
    .per_minute = 60,
    .burst = 5,
    .write = write,
    .read = read,
};
