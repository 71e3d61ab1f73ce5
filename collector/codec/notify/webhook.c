/* plimsoll's own webhook: everything a program can want to know about an alert, signed.
 *
 *     POST to the configured address
 *     webhook-id         the same for every attempt at a message: drop what was seen
 *     webhook-timestamp  Unix seconds of the attempt: refuse what is older than five minutes
 *     webhook-signature  v1,base64(HMAC-SHA256(secret, id "." timestamp "." body))
 *
 * That is the convention of https://www.standardwebhooks.com, whose libraries check it. The body
 * says in "version" which members it has; members are only added to a version. */
#include "collector/codec/alert_text.h"
#include "collector/codec/notify/clip.h"
#include "collector/codec/notify/words.h"

enum { SECRET_BYTES_MIN = 24, SECRET_BYTES_MAX = 64 }; // decoded, by the convention

static void time_member(struct pl_text *out, const char *name, int64_t unix_ms)
{
    pl_text_str(out, ",\"");
    pl_text_str(out, name);
    pl_text_str(out, "\":\"");
    pl_text_rfc3339(out, unix_ms);
    pl_text_char(out, '"');
}

static void values_write(const struct pl_finding *f, enum pl_rule rule, struct pl_text *out)
{
    pl_text_str(out, ",\"values\":{\"value\":");
    pl_text_fixed(out, f->value_bp, 10000);
    if (f->level_bp > 0) {
        pl_text_str(out, ",\"level\":");
        pl_text_fixed(out, f->level_bp, 10000);
    }
    if (rule == PL_RULE_SATURATION && f->surge.left_s >= 0) {
        pl_text_str(out, ",\"seconds_left\":");
        pl_text_i64(out, f->surge.left_s);
    }
    pl_text_char(out, '}');
    if (rule == PL_RULE_LIMIT || rule == PL_RULE_STALL)
        pl_text_member(out, "resource", pl_span_of(pl_resource_name(f->resource)));
    if (rule == PL_RULE_SATURATION)
        pl_text_member(out, "reason", pl_span_of(pl_surge_reason_name(f->surge.reason)));
}

static void hosts_write(const struct pl_finding *f, struct pl_text *out)
{
    pl_text_str(out, ",\"hosts\":[");
    for (uint32_t i = 0; i < f->named_count; i++) {
        if (i > 0) pl_text_char(out, ',');
        pl_text_json(out, pl_name_span(&f->hosts[i]));
    }
    pl_text_str(out, "],\"host_count\":");
    pl_text_u64(out, f->host_count);
}

static void links_write(const struct pl_notify_message *message, struct pl_text *out)
{
    pl_text_str(out, ",\"links\":{\"live\":");
    pl_text_json(out, message->external_url);
    if (message->contact.runbook.len > 0) pl_text_member(out, "runbook", message->contact.runbook);
    if (message->state == PL_NOTIFY_FIRING && message->ack_url.len > 0)
        pl_text_member(out, "acknowledge", message->ack_url);
    pl_text_char(out, '}');
}

static void data_write(const struct pl_notify_message *message, struct pl_text *out)
{
    static const char *const states[] = {[PL_NOTIFY_FIRING] = "firing",
                                         [PL_NOTIFY_ACKNOWLEDGED] = "acknowledged",
                                         [PL_NOTIFY_RESOLVED] = "resolved"};
    const struct pl_alert *a = &message->page->alert;
    char id[PL_ALERT_ID_MAX + 1], buf[PL_ALERT_TEXT_BYTES];
    struct pl_text title = pl_text_init(buf, sizeof buf);
    pl_alert_id(a, id);
    pl_notify_headline(message, &title);
    pl_text_str(out, "{\"id\":");
    pl_text_json(out, pl_span_of(id));
    pl_text_str(out, ",\"revision\":");
    pl_text_u64(out, a->revision);
    pl_text_member(out, "state", pl_span_of(states[message->state]));
    pl_text_str(out, ",\"severity\":\"critical\""); // what is less pages nobody
    pl_text_member(out, "title", pl_text_bytes(&title));
    pl_text_member(out, "rule", pl_span_of(pl_rule_name(a->rule)));
    pl_text_member(out, "pool", pl_name_span(&a->pool));
    hosts_write(&a->finding, out);
    values_write(&a->finding, a->rule, out);
    time_member(out, "started_at", a->since_unix_ms);
    if (message->state == PL_NOTIFY_RESOLVED)
        time_member(out, "ended_at", PL_MAX(a->resolved_unix_ms, a->since_unix_ms));
    if (message->acknowledged_by.len > 0)
        pl_text_member(out, "acknowledged_by", message->acknowledged_by);
    if (message->contact.owner.len > 0) pl_text_member(out, "owner", message->contact.owner);
    if (message->helps.len > 0) pl_text_member(out, "helps", message->helps);
    if (message->changes.len > 0) pl_text_member(out, "changes", message->changes);
    links_write(message, out);
    pl_text_char(out, '}');
}

static void write(const struct pl_notify_target *target, const struct pl_notify_message *message,
                  struct pl_notify_request *request)
{
    static const char *const types[] = {[PL_NOTIFY_FIRING] = "alert.firing",
                                        [PL_NOTIFY_ACKNOWLEDGED] = "alert.acknowledged",
                                        [PL_NOTIFY_RESOLVED] = "alert.resolved"};
    struct pl_text *out = &request->body;
    pl_text_span(&request->url, target->value[PL_NOTIFY_URL_KEY]);
    request->sign_secret = target->value[PL_NOTIFY_SECRET_KEY];
    pl_text_str(out, "{\"version\":1,\"type\":");
    const char *told = message->is_test ? "test" : types[message->state];
    pl_text_json(out, pl_span_of(message->notice.len > 0 ? "notice" : told));
    time_member(out, "timestamp", message->page->created_unix_ms);
    pl_text_member(out, "receiver", target->name);
    pl_text_str(out, ",\"data\":");
    data_write(message, out);
    pl_text_char(out, '}');
}

static const char *check(const struct pl_span *value, enum pl_notify_key *key)
{
    struct pl_span secret = value[PL_NOTIFY_SECRET_KEY];
    const size_t prefix = 6, len = secret.len > prefix ? secret.len - prefix : 0;
    *key = PL_NOTIFY_SECRET_KEY;
    bool right = len % 4 == 0 && memcmp(secret.ptr, "whsec_", PL_MIN(prefix, secret.len)) == 0;
    size_t padding = 0;
    for (size_t i = prefix; i < secret.len; i++) {
        uint8_t c = secret.ptr[i], lower = c | 0x20;
        bool is_digit =
            (lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9') || c == '+' || c == '/';
        padding += c == '=';
        right &= c == '=' || (is_digit && padding == 0);
    }
    size_t bytes = len / 4 * 3 - PL_MIN(padding, len / 4 * 3);
    right &= padding <= 2 && bytes >= SECRET_BYTES_MIN && bytes <= SECRET_BYTES_MAX;
    return right ? NULL : "does not hold whsec_ and 24 to 64 bytes in base64";
}

const struct pl_notify_provider pl_notify_webhook = {
    .word = "webhook",
    .needs = PL_NOTIFY_BIT(URL) | PL_NOTIFY_BIT(SECRET),
    .deduplicates = true, // by webhook-id
    .hears_acknowledge = true,
    .takes_notices = true,
    .per_minute = 300,
    .burst = 5,
    .check = check,
    .write = write,
};
