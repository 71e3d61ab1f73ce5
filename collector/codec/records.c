#include "collector/codec/records.h"

#include "collector/codec/external_record.h"
#include "collector/codec/json_in.h"
#include "common/base/assert.h"
#include "common/base/err.h"

#include <assert.h>

enum { TARGET_MARKS = 3 }; // paged, delivered, failed

static const char *const rule_words[] = {
#define RULE_WORD(rule, name) name,
    PL_RULE_LIST(RULE_WORD)
#undef RULE_WORD
};
static const char *const tier_words[] = {"none", "warn", "page"};
static const char *const alert_words[] = {"ok", "pending", "firing", "resolved"};
static const char *const page_words[] = {"intent", "ready", "sending", "sent", "failed"};
static_assert(PL_LEN(tier_words) == PL_TIER_COUNT && PL_LEN(alert_words) == PL_ALERT_RESOLVED + 1 &&
                  PL_LEN(page_words) == PL_PAGE_FAILED + 1,
              "a word for each value");

/* ---- writing ---- */

/* `"name":`, after a comma unless the object has just begun. */
static void put_member(struct pl_text *t, const char *name)
{
    if (t->len > 0 && t->ptr[t->len - 1] != '{') pl_text_char(t, ',');
    pl_text_json(t, pl_span_of(name));
    pl_text_char(t, ':');
}

static void put_text(struct pl_text *t, const char *name, struct pl_span text)
{
    put_member(t, name);
    pl_text_json(t, text);
}

static void put_i64(struct pl_text *t, const char *name, int64_t value)
{
    put_member(t, name);
    pl_text_i64(t, value);
}

static void put_bool(struct pl_text *t, const char *name, bool value)
{
    put_member(t, name);
    pl_text_str(t, value ? "true" : "false");
}

/* A monotonic time as wall-clock time; -1 (none) stays. */
static void put_mono(struct pl_text *t, const char *name, int64_t mono_ms, struct pl_now now)
{
    put_i64(t, name, mono_ms < 0 ? -1 : mono_ms - now.mono_ms + now.unix_ms);
}

/* The `i`th of a list of names, i counting from 0. */
static void put_item(struct pl_text *t, size_t i, const struct pl_name *name)
{
    if (i > 0) pl_text_char(t, ',');
    pl_text_json(t, pl_name_span(name));
}

void pl_record_host_write(struct pl_text *t, const struct pl_host *host, const struct pl_name *pool)
{
    pl_text_char(t, '{');
    put_text(t, "name", pl_name_span(&host->name));
    put_text(t, "pool", pl_name_span(pool));
    put_member(t, "boot");
    pl_text_char(t, '"');
    for (size_t i = 0; i < PL_BOOT_ID_BYTES; i++) pl_text_hex(t, host->boot_id.bytes[i], 2);
    pl_text_char(t, '"');
    put_text(t, "version", pl_span_of(host->agent_version));
    put_i64(t, "interval_ms", host->interval_ms);
    put_member(t, "facts");
    pl_text_char(t, '{');
    for (unsigned i = 0; i < PL_FACT_COUNT; i++) {
        const struct pl_fact_value *fact = &host->facts[i];
        put_member(t, pl_fact_info((enum pl_fact)i)->name);
        pl_text_char(t, '{');
        put_i64(t, "value", fact->value);
        put_text(t, "source", pl_span_of(fact->source));
        pl_text_char(t, '}');
    }
    pl_text_str(t, "}}");
}

static void put_finding(struct pl_text *t, const struct pl_finding *finding)
{
    put_member(t, "finding");
    pl_text_char(t, '{');
    put_text(t, "tier", pl_span_of(tier_words[finding->tier]));
    put_text(t, "resource", pl_span_of(pl_resource_name(finding->resource)));
    put_i64(t, "value_bp", finding->value_bp);
    put_i64(t, "level_bp", finding->level_bp);
    put_bool(t, "load_rising", finding->load_rising);
    if (finding->launch.id.len > 0) {
        put_member(t, "launch");
        pl_text_char(t, '{');
        put_text(t, "id", pl_name_span(&finding->launch.id));
        put_text(t, "title", pl_span_of(finding->launch.title));
        pl_text_char(t, '}');
    }
    if (finding->external.count > 0) {
        put_member(t, "external");
        pl_record_finding_external_write(t, &finding->external);
    }
    if (finding->surge.reason != PL_SURGE_NONE) {
        put_member(t, "surge");
        pl_text_char(t, '{');
        put_text(t, "reason", pl_span_of(pl_surge_reason_name(finding->surge.reason)));
        put_i64(t, "left", finding->surge.left_s);
        put_i64(t, "early", finding->surge.early_s);
        put_i64(t, "late", finding->surge.late_s);
        put_i64(t, "double", finding->surge.double_s);
        pl_text_char(t, '}');
    }
    if (finding->listener.address[0] != '\0') {
        put_member(t, "listener");
        pl_text_char(t, '{');
        put_text(t, "address", pl_span_of(finding->listener.address));
        put_text(t, "owner", pl_span_of(finding->listener.owner));
        put_i64(t, "backlog", finding->listener.backlog);
        pl_text_char(t, '}');
    }
    put_i64(t, "since", finding->since_unix_ms);
    put_i64(t, "host_count", finding->host_count);
    put_member(t, "hosts");
    pl_text_char(t, '[');
    for (uint32_t i = 0; i < finding->named_count; i++) put_item(t, i, &finding->hosts[i]);
    pl_text_str(t, "]}");
}

/* What every target knows, by name: their numbers change with the configuration. */
static void put_targets(struct pl_text *t, const struct pl_alert *alert,
                        const struct pl_record_targets *targets)
{
    uint64_t known = alert->paged | alert->delivered | alert->failed;
    put_member(t, "targets");
    pl_text_char(t, '{');
    for (uint32_t i = 0; i < targets->count; i++) {
        char marks[TARGET_MARKS + 1] = "";
        uint64_t bit = pl_target_bit(i);
        size_t n = 0;
        if ((known & bit) == 0) continue;
        if ((alert->paged & bit) != 0) marks[n++] = 'p';
        if ((alert->delivered & bit) != 0) marks[n++] = 'd';
        if ((alert->failed & bit) != 0) marks[n++] = 'f';
        put_text(t, targets->names[i].text, pl_span_of(marks));
    }
    pl_text_char(t, '}');
}

void pl_record_alert_write(struct pl_text *t, const struct pl_alert *alert,
                           const struct pl_record_targets *targets, struct pl_now now)
{
    pl_text_char(t, '{');
    put_text(t, "rule", pl_span_of(rule_words[alert->rule]));
    put_text(t, "pool", pl_name_span(&alert->pool));
    put_text(t, "state", pl_span_of(alert_words[alert->state]));
    put_text(t, "tier", pl_span_of(tier_words[alert->tier]));
    put_i64(t, "revision", alert->revision);
    put_mono(t, "pending", alert->pending_mono_ms, now);
    put_mono(t, "clear", alert->clear_mono_ms, now);
    put_i64(t, "since", alert->since_unix_ms);
    put_i64(t, "opened", alert->opened_unix_ms);
    put_i64(t, "resolved", alert->resolved_unix_ms);
    if (alert->unstable) put_bool(t, "unstable", true);
    if (alert->hidden) put_text(t, "hidden_by", pl_span_of(rule_words[alert->hidden_by]));
    put_targets(t, alert, targets);
    put_mono(t, "routed", alert->routed_mono_ms, now);
    put_i64(t, "round", alert->round);
    put_finding(t, &alert->finding);
    pl_text_char(t, '}');
}

void pl_record_page_write(struct pl_text *t, const struct pl_page *page,
                          const struct pl_record_targets *targets, struct pl_now now)
{
    PL_ASSERT(page->target < targets->count);
    pl_text_str(t, "{\"number\":\"");
    pl_text_u64(t, page->number);
    pl_text_char(t, '"');
    put_text(t, "target", pl_name_span(&targets->names[page->target]));
    put_bool(t, "resolved", page->resolved);
    put_text(t, "state", pl_span_of(page_words[page->state]));
    put_bool(t, "told", page->told);
    put_i64(t, "attempts", page->attempts);
    put_i64(t, "last_status", page->last_status);
    put_i64(t, "created", page->created_unix_ms);
    put_mono(t, "due", page->due_mono_ms, now);
    put_mono(t, "expires", page->expires_mono_ms, now);
    put_member(t, "backoff");
    pl_text_char(t, '{');
    put_i64(t, "floor_ms", page->backoff.floor_ms);
    put_i64(t, "base_ms", page->backoff.base_ms);
    put_i64(t, "cap_ms", page->backoff.cap_ms);
    put_i64(t, "attempt", page->backoff.attempt);
    pl_text_char(t, '}');
    put_member(t, "alert");
    pl_record_alert_write(t, &page->alert, targets, now);
    pl_text_char(t, '}');
}

/* ---- reading ---- */

static int64_t get_time(struct pl_json_reader *r, const char *member)
{
    return pl_json_i64(r, member, -1, PL_JSON_EXACT_MAX);
}

/* The monotonic time a wall-clock time stands for, never before this clock began; -1 stays. */
static int64_t get_mono(struct pl_json_reader *r, const char *member, struct pl_now now)
{
    int64_t unix_ms = get_time(r, member);
    return unix_ms < 0 ? -1 : PL_MAX(unix_ms - now.unix_ms + now.mono_ms, 0);
}

static uint32_t get_u32(struct pl_json_reader *r, const char *member)
{
    return (uint32_t)pl_json_i64(r, member, 0, UINT32_MAX);
}

static uint32_t find_target(const struct pl_record_targets *targets, const char *text)
{
    uint32_t i = 0;
    while (i < targets->count && strcmp(targets->names[i].text, text) != 0) i++;
    return i;
}

static void get_boot_id(struct pl_json_reader *r, struct pl_boot_id *out)
{
    static const char digits[] = "0123456789abcdef";
    char text[2 * PL_BOOT_ID_BYTES + 1] = "";
    pl_json_text(r, "boot", text, sizeof text);
    if (r->err != 0) return;
    if (strlen(text) != sizeof text - 1 || strspn(text, digits) != sizeof text - 1) {
        r->err = PL_E_SYNTAX;
        return;
    }
    for (size_t i = 0; i < PL_BOOT_ID_BYTES; i++) {
        ptrdiff_t high = strchr(digits, text[2 * i]) - digits;
        ptrdiff_t low = strchr(digits, text[2 * i + 1]) - digits;
        out->bytes[i] = (uint8_t)(high << 4 | low);
    }
}

static void get_facts(struct pl_json_reader *r, struct pl_fact_value *facts)
{
    const cJSON *object = pl_json_object(r, "facts");
    for (unsigned i = 0; i < PL_FACT_COUNT && r->err == 0; i++) {
        facts[i].value = -1; // a fact that an older version did not know
        const char *name = pl_fact_info((enum pl_fact)i)->name;
        const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);
        if (!item) continue;
        struct pl_json_reader fact = pl_json_reader_init(item);
        facts[i].value = pl_json_i64(&fact, "value", -1, PL_JSON_EXACT_MAX);
        pl_json_text(&fact, "source", facts[i].source, sizeof facts[i].source);
        r->err = fact.err;
    }
}

int pl_record_host_read(struct pl_span in, struct pl_hello *out)
{
    cJSON *root = pl_json_parse(in);
    struct pl_json_reader r = pl_json_reader_init(root);
    struct pl_hello hello = {.version = PL_PROTOCOL_VERSION};
    pl_json_name(&r, "name", &hello.host);
    pl_json_name(&r, "pool", &hello.pool);
    get_boot_id(&r, &hello.boot_id);
    pl_json_text(&r, "version", hello.agent_version, sizeof hello.agent_version);
    hello.interval_ms = (uint32_t)pl_json_i64(&r, "interval_ms", 10, 3600000);
    get_facts(&r, hello.facts);
    cJSON_Delete(root);
    if (r.err == 0) *out = hello;
    return r.err;
}

/* Left out where none was named, and by older versions. */
static void get_listener(struct pl_json_reader *finding, const cJSON *object,
                         struct pl_listener *out)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, "listener");
    if (!item || finding->err != 0) return;
    struct pl_json_reader r = pl_json_reader_init(item);
    pl_json_text(&r, "address", out->address, sizeof out->address);
    pl_json_text(&r, "owner", out->owner, sizeof out->owner);
    out->backlog = get_u32(&r, "backlog");
    finding->err = r.err;
}

/* Likewise. */
static void get_surge(struct pl_json_reader *finding, const cJSON *object,
                      struct pl_surge_outlook *out)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, "surge");
    if (!item || finding->err != 0) return;
    const char *words[PL_SURGE_REASON_COUNT];
    for (enum pl_surge_reason i = 0; i < PL_SURGE_REASON_COUNT; i++) {
        words[i] = pl_surge_reason_name(i);
    }
    struct pl_json_reader r = pl_json_reader_init(item);
    out->reason = (enum pl_surge_reason)pl_json_word(&r, "reason", words, PL_LEN(words));
    out->left_s = (int32_t)pl_json_i64(&r, "left", -1, PL_FINDING_SECONDS_MAX);
    out->early_s = (int32_t)pl_json_i64(&r, "early", -1, PL_FINDING_SECONDS_MAX);
    out->late_s = (int32_t)pl_json_i64(&r, "late", -1, PL_FINDING_SECONDS_MAX);
    out->double_s = (int32_t)pl_json_i64(&r, "double", 0, PL_FINDING_SECONDS_MAX);
    finding->err = r.err;
}

/* Likewise. */
static void get_launch(struct pl_json_reader *finding, const cJSON *object,
                       struct pl_finding_launch *out)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, "launch");
    if (!item || finding->err != 0) return;
    struct pl_json_reader r = pl_json_reader_init(item);
    pl_json_name(&r, "id", &out->id);
    pl_json_text(&r, "title", out->title, sizeof out->title);
    finding->err = r.err;
}

static void get_finding(struct pl_json_reader *alert, struct pl_finding *out)
{
    const cJSON *object = pl_json_object(alert, "finding");
    if (!object) return;
    struct pl_json_reader r = pl_json_reader_init(object);
    out->tier = (enum pl_tier)pl_json_word(&r, "tier", tier_words, PL_LEN(tier_words));
    const char *resources[PL_RESOURCE_COUNT];
    for (enum pl_resource i = 0; i < PL_RESOURCE_COUNT; i++) resources[i] = pl_resource_name(i);
    out->resource = (enum pl_resource)pl_json_word(&r, "resource", resources, PL_LEN(resources));
    out->value_bp = (int32_t)pl_json_i64(&r, "value_bp", INT32_MIN, INT32_MAX);
    out->level_bp = (int32_t)pl_json_i64(&r, "level_bp", INT32_MIN, INT32_MAX);
    out->load_rising = pl_json_bool(&r, "load_rising");
    get_listener(&r, object, &out->listener);
    get_surge(&r, object, &out->surge);
    get_launch(&r, object, &out->launch);
    const cJSON *external = cJSON_GetObjectItemCaseSensitive(object, "external");
    if (external && r.err == 0) r.err = pl_record_finding_external_read(external, &out->external);
    out->since_unix_ms = get_time(&r, "since");
    out->host_count = get_u32(&r, "host_count");
    const cJSON *hosts = pl_json_array(&r, "hosts");
    const cJSON *item;
    cJSON_ArrayForEach(item, hosts)
    {
        if (out->named_count == PL_FINDING_HOSTS_MAX) break;
        struct pl_name *name = &out->hosts[out->named_count];
        if (!cJSON_IsString(item) || pl_name_parse(pl_span_of(item->valuestring), name) < 0) {
            r.err = PL_E_SYNTAX;
            break;
        }
        out->named_count++;
    }
    alert->err = r.err;
}

/* Versions without routes told everybody at once, and wrote lists of names. */
static uint64_t get_list(struct pl_json_reader *r, const char *member,
                         const struct pl_record_targets *targets)
{
    const cJSON *list = pl_json_array(r, member);
    const cJSON *item;
    uint64_t bits = 0;
    cJSON_ArrayForEach(item, list)
    {
        if (!cJSON_IsString(item)) r->err = PL_E_SYNTAX;
        uint32_t target = r->err == 0 ? find_target(targets, item->valuestring) : targets->count;
        if (target < targets->count) bits |= pl_target_bit(target);
    }
    return bits;
}

static void get_targets(struct pl_json_reader *r, const struct pl_record_targets *targets,
                        struct pl_alert *out)
{
    const cJSON *item;
    cJSON_ArrayForEach(item, pl_json_object(r, "targets"))
    {
        bool is_known = cJSON_IsString(item) && strlen(item->valuestring) <= TARGET_MARKS &&
                        strspn(item->valuestring, "pdf") == strlen(item->valuestring);
        if (!is_known) {
            r->err = PL_E_SYNTAX;
            return;
        }
        uint32_t target = find_target(targets, item->string);
        if (target == targets->count) continue;
        uint64_t bit = pl_target_bit(target);
        if (strchr(item->valuestring, 'p')) out->paged |= bit;
        if (strchr(item->valuestring, 'd')) out->delivered |= bit;
        if (strchr(item->valuestring, 'f')) out->failed |= bit;
    }
}

static void get_route(struct pl_json_reader *r, const cJSON *object,
                      const struct pl_record_targets *targets, struct pl_now now,
                      struct pl_alert *out)
{
    if (cJSON_GetObjectItemCaseSensitive(object, "targets")) {
        get_targets(r, targets, out);
        out->routed_mono_ms = get_mono(r, "routed", now);
        out->round = (uint32_t)pl_json_i64(r, "round", 0, PL_ROUTE_REPEAT_MAX);
        return;
    }
    out->paged = out->delivered = get_list(r, "paged", targets);
    out->failed = get_list(r, "failed", targets);
    out->routed_mono_ms = now.mono_ms;
}

static int read_alert(const cJSON *object, const struct pl_record_targets *targets,
                      struct pl_now now, struct pl_alert *out)
{
    struct pl_json_reader r = pl_json_reader_init(object);
    struct pl_alert alert = {0};
    alert.rule = (enum pl_rule)pl_json_word(&r, "rule", rule_words, PL_LEN(rule_words));
    pl_json_name(&r, "pool", &alert.pool);
    alert.state = (enum pl_alert_state)pl_json_word(&r, "state", alert_words, PL_LEN(alert_words));
    alert.tier = (enum pl_tier)pl_json_word(&r, "tier", tier_words, PL_LEN(tier_words));
    alert.revision = get_u32(&r, "revision");
    alert.pending_mono_ms = get_mono(&r, "pending", now);
    alert.clear_mono_ms = get_mono(&r, "clear", now);
    alert.since_unix_ms = get_time(&r, "since");
    alert.opened_unix_ms = get_time(&r, "opened");
    alert.resolved_unix_ms = get_time(&r, "resolved");
    alert.unstable = cJSON_GetObjectItemCaseSensitive(object, "unstable") != NULL;
    alert.hidden = cJSON_GetObjectItemCaseSensitive(object, "hidden_by") != NULL;
    if (alert.hidden) {
        alert.hidden_by =
            (enum pl_rule)pl_json_word(&r, "hidden_by", rule_words, PL_LEN(rule_words));
    }
    get_route(&r, object, targets, now, &alert);
    get_finding(&r, &alert.finding);
    if (r.err == 0) *out = alert;
    return r.err;
}

int pl_record_alert_read(struct pl_span in, const struct pl_record_targets *targets,
                         struct pl_now now, struct pl_alert *out)
{
    cJSON *root = pl_json_parse(in);
    int err = read_alert(root, targets, now, out);
    cJSON_Delete(root);
    return err;
}

int pl_record_page_read(struct pl_span in, const struct pl_record_targets *targets,
                        struct pl_now now, struct pl_page *out)
{
    cJSON *root = pl_json_parse(in);
    struct pl_json_reader r = pl_json_reader_init(root);
    struct pl_page page = {.number = pl_json_u64(&r, "number")};
    struct pl_name target = {0};
    pl_json_name(&r, "target", &target);
    page.resolved = pl_json_bool(&r, "resolved");
    page.state = (enum pl_page_state)pl_json_word(&r, "state", page_words, PL_LEN(page_words));
    page.told = pl_json_bool(&r, "told");
    page.attempts = get_u32(&r, "attempts");
    page.last_status = (int16_t)pl_json_i64(&r, "last_status", INT16_MIN, INT16_MAX);
    page.created_unix_ms = get_time(&r, "created");
    page.due_mono_ms = get_mono(&r, "due", now);
    page.expires_mono_ms = get_mono(&r, "expires", now);
    const cJSON *backoff_object = pl_json_object(&r, "backoff");
    const cJSON *alert_object = pl_json_object(&r, "alert");
    if (r.err == 0) {
        struct pl_json_reader b = pl_json_reader_init(backoff_object);
        page.backoff.floor_ms = pl_json_i64(&b, "floor_ms", 0, PL_JSON_EXACT_MAX);
        page.backoff.base_ms = pl_json_i64(&b, "base_ms", 0, PL_JSON_EXACT_MAX);
        page.backoff.cap_ms = pl_json_i64(&b, "cap_ms", 0, PL_JSON_EXACT_MAX);
        page.backoff.attempt = get_u32(&b, "attempt");
        r.err = b.err != 0 ? b.err : read_alert(alert_object, targets, now, &page.alert);
    }
    uint32_t index = find_target(targets, target.text);
    if (r.err == 0 && index == targets->count) r.err = PL_E_NOT_FOUND;
    page.target = (uint8_t)index;
    cJSON_Delete(root);
    if (r.err == 0) *out = page;
    return r.err;
}
