/* A page as an event of PagerDuty's Events API v2: a trigger, or the resolve of it.
 *
 * The alert's identity is the dedup_key: a second trigger of a key joins the open incident, so a
 * page that arrives twice wakes nobody twice. The routing key is in the body; there is no other
 * authentication. Limits: summary 1,024 characters, dedup_key 255, body 512 KB
 * (developer.pagerduty.com, "Send an alert event"). */
#include "collector/codec/alert_text.h"
#include "collector/codec/notify/clip.h"
#include "collector/codec/notify/context.h"
#include "collector/codec/notify/words.h"
#include "common/base/assert.h"

#include <assert.h>

enum { SUMMARY_POINTS_MAX = 1024, DEDUP_KEY_LEN_MAX = 255, ROUTING_KEY_LEN = 32 };
static_assert((int)PL_ALERT_ID_MAX <= (int)DEDUP_KEY_LEN_MAX, "an alert id is a dedup_key");

static void member(struct pl_text *out, const char *name, const char *value)
{
    pl_text_str(out, ",\"");
    pl_text_str(out, name);
    pl_text_str(out, "\":\"");
    pl_text_str(out, value);
    pl_text_char(out, '"');
}

static void share_member(struct pl_text *out, const char *name, int32_t bp)
{
    pl_text_str(out, ",\"");
    pl_text_str(out, name);
    pl_text_str(out, "\":");
    pl_text_fixed(out, bp, 10000);
}

static void seconds_member(struct pl_text *out, const char *name, int32_t seconds)
{
    pl_text_str(out, ",\"");
    pl_text_str(out, name);
    pl_text_str(out, "\":");
    pl_text_i64(out, seconds);
}

static void details(const struct pl_notify_message *message, struct pl_text *out)
{
    const struct pl_page *page = message->page;
    const struct pl_finding *f = &page->alert.finding;
    pl_text_str(out, ",\"custom_details\":{\"hosts\":[");
    for (uint32_t i = 0; i < f->named_count; i++) {
        if (i > 0) pl_text_char(out, ',');
        pl_text_json(out, pl_name_span(&f->hosts[i]));
    }
    pl_text_str(out, "],\"host_count\":");
    pl_text_u64(out, f->host_count);
    switch (page->alert.rule) {
    case PL_RULE_LIMIT:
    case PL_RULE_STALL:
        member(out, "resource", pl_resource_name(f->resource));
        share_member(out, "value", f->value_bp);
        share_member(out, "level", f->level_bp);
        break;
    case PL_RULE_IMBALANCE:
    case PL_RULE_COLLAPSE:
    case PL_RULE_NO_SPARE:
    case PL_RULE_LAUNCH_RISK:
    case PL_RULE_LAUNCH_OVER:
    case PL_RULE_LAUNCH_ABSENT:
        share_member(out, "value", f->value_bp);
        share_member(out, "level", f->level_bp);
        break;
    case PL_RULE_SATURATION:
        share_member(out, "value", f->value_bp);
        member(out, "reason", pl_surge_reason_name(f->surge.reason));
        if (f->surge.left_s >= 0) seconds_member(out, "seconds_left", f->surge.left_s);
        break;
    case PL_RULE_SILENT:
        share_member(out, "silent_share", f->value_bp);
        pl_text_str(out, ",\"load_was_rising\":");
        pl_text_str(out, f->load_rising ? "true" : "false");
        break;
    case PL_RULE_EXTERNAL:
        member(out, "alertname", f->external.title);
        pl_text_str(out, ",\"alerts\":");
        pl_text_u64(out, f->external.count);
        break;
    case PL_RULE_NOTIFIER: break;
    case PL_RULE_COUNT: PL_UNREACHABLE("rule");
    }
    pl_notify_context_write(message, out);
    pl_text_char(out, '}');
}

static void payload(const struct pl_notify_message *message, struct pl_text *out)
{
    const struct pl_page *page = message->page;
    const struct pl_alert *a = &page->alert;
    char buf[PL_ALERT_TEXT_BYTES];
    struct pl_text title = pl_text_init(buf, sizeof buf);
    pl_notify_headline(message, &title);
    pl_text_str(out, ",\"payload\":{\"summary\":");
    pl_text_clip_json(out, pl_text_bytes(&title), SUMMARY_POINTS_MAX);
    pl_text_str(out, ",\"source\":");
    pl_text_json(out, pl_name_span(&a->pool));
    member(out, "severity", "critical"); // what is less pages nobody
    pl_text_str(out, ",\"timestamp\":\"");
    pl_text_rfc3339(out, a->since_unix_ms);
    pl_text_str(out, "\",\"group\":");
    pl_text_json(out, pl_name_span(&a->pool));
    member(out, "class", pl_rule_name(a->rule));
    details(message, out);
    pl_text_char(out, '}');
}

static void write(const struct pl_notify_target *target, const struct pl_notify_message *message,
                  struct pl_notify_request *request)
{
    static const char *const actions[] = {[PL_NOTIFY_FIRING] = "trigger",
                                          [PL_NOTIFY_ACKNOWLEDGED] = "acknowledge",
                                          [PL_NOTIFY_RESOLVED] = "resolve"};
    const struct pl_page *page = message->page;
    struct pl_text *out = &request->body;
    char id[PL_ALERT_ID_MAX + 1];
    pl_alert_id(&page->alert, id);
    pl_notify_request_path(request, target, "/v2/enqueue");
    pl_text_str(out, "{\"routing_key\":");
    pl_text_json(out, target->value[PL_NOTIFY_ROUTING_KEY_KEY]);
    member(out, "event_action", actions[message->state]);
    pl_text_str(out, ",\"dedup_key\":");
    pl_text_json(out, pl_span_of(id));
    if (message->state == PL_NOTIFY_FIRING) { // the others carry nothing else
        pl_text_str(out, ",\"client\":\"plimsoll\",\"client_url\":");
        pl_text_json(out, message->external_url);
        payload(message, out);
        pl_text_str(out, ",\"links\":[{\"href\":");
        pl_text_json(out, message->external_url);
        pl_text_str(out, ",\"text\":\"Live view\"}");
        if (message->contact.runbook.len > 0) {
            pl_text_str(out, ",{\"href\":");
            pl_text_json(out, message->contact.runbook);
            pl_text_str(out, ",\"text\":\"Runbook\"}");
        }
        pl_text_char(out, ']');
    }
    pl_text_char(out, '}');
}

/* A change event: kept beside incidents, and notifies nobody ("Send a change event"). */
static void write_news(const struct pl_notify_target *target, const struct pl_news_item *news,
                       struct pl_span external_url, struct pl_notify_request *request)
{
    char summary[PL_NEWS_TEXT_BYTES + PL_NAME_LEN_MAX + 32];
    struct pl_text text = pl_text_init(summary, sizeof summary), *out = &request->body;
    uint32_t others = news->count - news->told_count;
    pl_text_span(&text, pl_name_span(&news->pool));
    pl_text_str(&text, ": ");
    pl_text_str(&text, news->text);
    if (others > 0) {
        pl_text_str(&text, news->told_count > 0 ? "; and " : "");
        pl_text_u64(&text, others);
        pl_text_str(&text, " more");
    }
    pl_notify_request_path(request, target, "/v2/change/enqueue");
    pl_text_str(out, "{\"routing_key\":");
    pl_text_json(out, target->value[PL_NOTIFY_ROUTING_KEY_KEY]);
    pl_text_str(out, ",\"payload\":{\"summary\":");
    pl_text_clip_json(out, pl_text_bytes(&text), SUMMARY_POINTS_MAX);
    pl_text_str(out, ",\"source\":");
    pl_text_json(out, pl_name_span(&news->pool));
    pl_text_str(out, ",\"timestamp\":\"");
    pl_text_rfc3339(out, news->first_unix_ms);
    pl_text_str(out, "\",\"custom_details\":{\"changes\":");
    pl_text_u64(out, news->count);
    pl_text_str(out, "}},\"links\":[{\"href\":");
    pl_text_json(out, external_url);
    pl_text_str(out, ",\"text\":\"Live view\"}]}");
}

static const char *check(const struct pl_span *value, enum pl_notify_key *key)
{
    *key = PL_NOTIFY_ROUTING_KEY_KEY;
    bool holds = value[PL_NOTIFY_ROUTING_KEY_KEY].len == ROUTING_KEY_LEN;
    return holds ? NULL : "does not hold one line of exactly 32 characters";
}

const struct pl_notify_provider pl_notify_pagerduty = {
    .word = "pagerduty",
    .needs = PL_NOTIFY_BIT(ROUTING_KEY),
    .takes = PL_NOTIFY_BIT(URL) | PL_NOTIFY_BIT(SECRET) | PL_NOTIFY_BIT(CHANGES),
    .url = "https://events.pagerduty.com",
    .deduplicates = true,
    .hears_acknowledge = true,
    .per_minute = 100, // of about 120
    .burst = 20,
    .check = check,
    .write = write,
    .write_news = write_news,
};
