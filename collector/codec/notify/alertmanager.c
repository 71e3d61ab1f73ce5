/* A page as Alertmanager's webhook sends it, payload version "4": what existing receivers for chat,
 * tickets and scripts already read; and as an alert for an Alertmanager (API v2, its OpenAPI file).
 *
 * One page is one group of one alert, because plimsoll groups by rule and pool before it pages.
 * Labels are the identity and hold no value, host or time; those are annotations. `endsAt` is the
 * zero time while the alert fires. */
#include "collector/codec/alert_text.h"
#include "collector/codec/notify/context.h"
#include "collector/codec/notify/words.h"

#define ZERO_TIME "\"0001-01-01T00:00:00Z\""

/* Names are written as they are: their alphabet needs no escape in JSON or labels (name.h). */

static void group_members(const struct pl_alert *a, struct pl_text *out)
{
    pl_text_str(out, "{\"alertname\":\"plimsoll_");
    pl_text_str(out, pl_rule_name(a->rule));
    pl_text_str(out, "\",\"pool\":\"");
    pl_text_span(out, pl_name_span(&a->pool));
    pl_text_char(out, '"');
}

/* {"alertname":"plimsoll_limit","pool":"web"} */
static void group_labels(const struct pl_alert *a, struct pl_text *out)
{
    group_members(a, out);
    pl_text_char(out, '}');
}

static void labels(const struct pl_alert *a, struct pl_text *out)
{
    group_members(a, out);
    pl_text_str(out, ",\"severity\":\"critical\"}"); // what is less pages nobody
}

/* The key of the group as Alertmanager forms it: {}:{alertname="plimsoll_limit", pool="web"} */
static void group_key(const struct pl_alert *a, struct pl_text *out)
{
    pl_text_str(out, "\"{}:{alertname=\\\"plimsoll_");
    pl_text_str(out, pl_rule_name(a->rule));
    pl_text_str(out, "\\\", pool=\\\"");
    pl_text_span(out, pl_name_span(&a->pool));
    pl_text_str(out, "\\\"}\"");
}

static void annotations(const struct pl_notify_message *message, struct pl_text *out)
{
    const struct pl_page *page = message->page;
    char buf[PL_ALERT_TEXT_BYTES];
    const struct pl_finding *f = &page->alert.finding;
    struct pl_text text = pl_text_init(buf, sizeof buf);
    pl_notify_headline(message, &text);
    pl_text_str(out, "{\"summary\":");
    pl_text_json(out, pl_text_bytes(&text));
    pl_text_str(out, ",\"hosts\":\"");
    pl_alert_hosts_write(f, PL_FINDING_HOSTS_MAX, out);
    pl_text_str(out, "\",\"value\":\"");
    pl_text_fixed(out, f->value_bp, 10000);
    pl_text_char(out, '"');
    if (page->alert.rule == PL_RULE_SATURATION) {
        pl_text_str(out, ",\"reason\":\"");
        pl_text_str(out, pl_surge_reason_name(f->surge.reason));
        pl_text_char(out, '"');
    }
    if (page->alert.rule == PL_RULE_SATURATION && f->surge.left_s >= 0) {
        pl_text_str(out, ",\"seconds_left\":\"");
        pl_text_i64(out, f->surge.left_s);
        pl_text_char(out, '"');
    }
    if (page->alert.rule == PL_RULE_LIMIT || page->alert.rule == PL_RULE_STALL) {
        pl_text_str(out, ",\"resource\":\"");
        pl_text_str(out, pl_resource_name(f->resource));
        pl_text_str(out, "\",\"level\":\"");
        pl_text_fixed(out, f->level_bp, 10000);
        pl_text_char(out, '"');
    }
    if (message->contact.runbook.len > 0) {
        pl_text_str(out, ",\"runbook_url\":");
        pl_text_json(out, message->contact.runbook);
    }
    pl_notify_context_write(message, out);
    pl_text_char(out, '}');
}

static void time_json(struct pl_text *out, int64_t unix_ms)
{
    pl_text_char(out, '"');
    pl_text_rfc3339(out, unix_ms);
    pl_text_char(out, '"');
}

static void alert(const struct pl_notify_message *message, struct pl_text *out)
{
    const struct pl_page *page = message->page;
    const struct pl_alert *a = &page->alert;
    char id[PL_ALERT_ID_MAX + 1];
    pl_alert_id(a, id);
    pl_text_str(out, "{\"status\":");
    pl_text_str(out, page->resolved ? "\"resolved\"" : "\"firing\"");
    pl_text_str(out, ",\"labels\":");
    labels(a, out);
    pl_text_str(out, ",\"annotations\":");
    annotations(message, out);
    pl_text_str(out, ",\"startsAt\":");
    time_json(out, a->since_unix_ms);
    pl_text_str(out, ",\"endsAt\":");
    if (page->resolved) {
        time_json(out, PL_MAX(a->resolved_unix_ms, a->since_unix_ms)); // the clock may have stepped
    } else {
        pl_text_str(out, ZERO_TIME);
    }
    pl_text_str(out, ",\"generatorURL\":");
    pl_text_json(out, message->external_url);
    pl_text_str(out, ",\"fingerprint\":\"");
    pl_text_hex(out, pl_hash_bytes(pl_span_of(id)), 16);
    pl_text_str(out, "\"}");
}

static void write(const struct pl_notify_target *target, const struct pl_notify_message *message,
                  struct pl_notify_request *request)
{
    const struct pl_page *page = message->page;
    struct pl_text *out = &request->body;
    pl_text_span(&request->url, target->value[PL_NOTIFY_URL_KEY]);
    pl_text_str(out, "{\"version\":\"4\",\"groupKey\":");
    group_key(&page->alert, out);
    pl_text_str(out, ",\"truncatedAlerts\":0,\"status\":");
    pl_text_str(out, page->resolved ? "\"resolved\"" : "\"firing\"");
    pl_text_str(out, ",\"receiver\":");
    pl_text_json(out, target->name);
    pl_text_str(out, ",\"groupLabels\":");
    group_labels(&page->alert, out);
    pl_text_str(out, ",\"commonLabels\":");
    labels(&page->alert, out);
    pl_text_str(out, ",\"commonAnnotations\":");
    annotations(message, out);
    pl_text_str(out, ",\"externalURL\":");
    pl_text_json(out, message->external_url);
    pl_text_str(out, ",\"alerts\":[");
    alert(message, out);
    pl_text_str(out, "]}");
}

/* An Alertmanager ends what it is not told again, so a firing alert ends a while after each
 * telling; it is told again every PL_NOTIFY_RESEND_S. As Prometheus does: four times that. */
static void write_api(const struct pl_notify_target *target,
                      const struct pl_notify_message *message, struct pl_notify_request *request)
{
    enum { LASTS_MS = 4 * PL_NOTIFY_RESEND_S * 1000 };
    const struct pl_alert *a = &message->page->alert;
    struct pl_text *out = &request->body;
    bool resolved = message->state == PL_NOTIFY_RESOLVED;
    pl_notify_request_path(request, target, "/api/v2/alerts");
    pl_text_str(out, "[{\"labels\":");
    labels(a, out);
    pl_text_str(out, ",\"annotations\":");
    annotations(message, out);
    pl_text_str(out, ",\"startsAt\":");
    time_json(out, a->since_unix_ms);
    pl_text_str(out, ",\"endsAt\":");
    time_json(out, PL_MAX(resolved ? a->resolved_unix_ms : message->now_unix_ms + LASTS_MS,
                          a->since_unix_ms)); // the clock may have stepped
    pl_text_str(out, ",\"generatorURL\":");
    pl_text_json(out, message->external_url);
    pl_text_str(out, "}]");
}

const struct pl_notify_provider pl_notify_alertmanager_api = {
    .word = "alertmanager_api",
    .needs = PL_NOTIFY_BIT(URL),
    .deduplicates = true, // by the labels
    .forgets = true,
    .per_minute = 300,
    .burst = 20,
    .write = write_api,
};

const struct pl_notify_provider pl_notify_alertmanager = {
    .word = "alertmanager",
    .needs = PL_NOTIFY_BIT(URL),
    .deduplicates = true, // by the key of the group
    .per_minute = 300,
    .burst = 5,
    .write = write,
};
