#include "collector/codec/external_in.h"

#include "collector/codec/json_in.h"
#include "collector/codec/query.h"
#include "collector/core/alert/handling.h"
#include "common/base/err.h"
#include "common/base/text.h"

enum { TIME_BYTES_MAX = 40, MS_DIGITS = 3 };

struct label {
    const char *name, *value;
};

_Static_assert((int)PL_EXTERNAL_LABELS_MAX == (int)PL_JSON_MEMBERS_MAX, "as many as are parsed");

/* One alert while it is read. */
struct reading {
    uint32_t number;
    uint32_t label_count;
    struct label labels[PL_EXTERNAL_LABELS_MAX]; // by name
    char *error;
};

static int refuse(const struct reading *r, int err, const char *member, const char *why)
{
    struct pl_text t = pl_text_init(r->error, PL_EXTERNAL_ERROR_BYTES);
    pl_text_str(&t, "alerts[");
    pl_text_u64(&t, r->number);
    pl_text_str(&t, "]: ");
    pl_text_str(&t, member);
    pl_text_str(&t, why);
    return err;
}

/* The same about a label. */
static int refuse_label(const struct reading *r, const char *name, const char *why)
{
    char member[PL_EXTERNAL_NAME_BYTES_MAX + 16];
    struct pl_text t = pl_text_init(member, sizeof member);
    size_t len = PL_MIN(strlen(name), (size_t)PL_EXTERNAL_NAME_BYTES_MAX / 2);
    pl_text_str(&t, "labels.");
    pl_text_span(&t, (struct pl_span){(const uint8_t *)name, len});
    return refuse(r, PL_E_RANGE, member, why);
}

/* ---- labels ---- */

static int take_label(struct reading *r, const cJSON *item)
{
    if (!cJSON_IsString(item)) return refuse_label(r, item->string, " is no text");
    size_t name_len = strlen(item->string), value_len = strlen(item->valuestring);
    if (name_len == 0) return refuse(r, PL_E_RANGE, "labels", ": one has no name");
    if (name_len > PL_EXTERNAL_NAME_BYTES_MAX)
        return refuse_label(r, item->string, "... has a name of more than 128 bytes");
    if (value_len > PL_EXTERNAL_VALUE_BYTES_MAX)
        return refuse_label(r, item->string, " is longer than 1024 bytes");
    if (value_len == 0) return 0; // as there: an empty label is none
    uint32_t at = r->label_count++;
    for (; at > 0 && strcmp(r->labels[at - 1].name, item->string) > 0; at--)
        r->labels[at] = r->labels[at - 1];
    r->labels[at] = (struct label){item->string, item->valuestring};
    return 0;
}

static int take_labels(struct reading *r, const cJSON *alert)
{
    const cJSON *labels = cJSON_GetObjectItemCaseSensitive(alert, "labels");
    const cJSON *item;
    if (!cJSON_IsObject(labels))
        return refuse(r, PL_E_RANGE, "labels", labels ? " is no object" : " is missing");
    cJSON_ArrayForEach(item, labels)
    {
        int err = take_label(r, item);
        if (err != 0) return err;
    }
    if (r->label_count > 0) return 0;
    return refuse(r, PL_E_RANGE, "labels", ": at least one with a value is needed");
}

static const char *label_of(const struct reading *r, const char *name)
{
    for (uint32_t i = 0; i < r->label_count; i++) {
        if (strcmp(r->labels[i].name, name) == 0) return r->labels[i].value;
    }
    return "";
}

static uint64_t add(uint64_t hash, const char *text)
{
    static const uint64_t prime = UINT64_C(1099511628211);
    for (; *text != '\0'; text++) hash = (hash ^ (uint8_t)*text) * prime;
    return (hash ^ 0xff) * prime;
}

/* LabelSet.Fingerprint() of github.com/prometheus/common/model. */
static uint64_t fingerprint_of(const struct reading *r)
{
    uint64_t hash = UINT64_C(14695981039346656037);
    for (uint32_t i = 0; i < r->label_count; i++)
        hash = add(add(hash, r->labels[i].name), r->labels[i].value);
    return hash == 0 ? 1 : hash;
}

static void copy(char *out, size_t cap, const char *text)
{
    pl_said_copy(out, cap, pl_span_of(text));
}

/* Those that fit, each of them whole. */
static void show_labels(const struct reading *r, char *out, size_t cap)
{
    struct pl_text t = pl_text_init(out, cap);
    for (uint32_t i = 0; i < r->label_count; i++) {
        char value[PL_EXTERNAL_VALUE_BYTES_MAX + 1];
        struct pl_text before = t;
        copy(value, sizeof value, r->labels[i].value);
        if (t.len > 0) pl_text_str(&t, ", ");
        pl_text_str(&t, r->labels[i].name);
        pl_text_char(&t, '=');
        pl_text_json(&t, pl_span_of(value));
        if (!t.overflow) continue;
        t = before;
        t.ptr[t.len] = '\0';
    }
}

static bool is_word(const char *text, const char *word)
{
    for (; *word != '\0'; word++, text++) {
        char c = *text >= 'A' && *text <= 'Z' ? (char)(*text - 'A' + 'a') : *text;
        if (c != *word) return false;
    }
    return *text == '\0';
}

static enum pl_tier tier_of(const char *severity)
{
    if (is_word(severity, "critical") || is_word(severity, "page")) return PL_TIER_PAGE;
    if (is_word(severity, "warning") || is_word(severity, "warn")) return PL_TIER_WARN;
    return PL_TIER_NONE;
}

static bool is_alnum(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/* An alertname as a name: what has no place in one becomes a hyphen. */
static void fold(const char *text, struct pl_name *out)
{
    char folded[PL_NAME_LEN_MAX + 1];
    struct pl_text t = pl_text_init(folded, sizeof folded);
    for (; *text != '\0' && t.len < PL_NAME_LEN_MAX; text++) {
        bool fits = is_alnum(*text) || (t.len > 0 && strchr("._-", *text));
        if (fits || t.len > 0) pl_text_char(&t, fits ? *text : '-');
    }
    if (pl_name_parse(pl_text_bytes(&t), out) < 0) *out = (struct pl_name){7, "unnamed"};
}

/* Left empty if it is no name. */
static void take_name(const char *text, size_t len, struct pl_name *out)
{
    if (pl_name_parse((struct pl_span){(const uint8_t *)text, len}, out) < 0)
        *out = (struct pl_name){0};
}

static void take_host(const char *instance, struct pl_name *out)
{
    const char *colon = strrchr(instance, ':');
    take_name(instance, colon ? (size_t)(colon - instance) : strlen(instance), out);
}

/* ---- the other members ---- */

static const char *text_in(const cJSON *object, const char *name)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);
    return cJSON_IsString(item) ? item->valuestring : "";
}

/* 0 where it is missing, or Go's zero time. */
static int take_time(const struct reading *r, const cJSON *alert, const char *member,
                     int64_t *unix_ms)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(alert, member);
    char text[TIME_BYTES_MAX + 1];
    struct pl_text t = pl_text_init(text, sizeof text);
    *unix_ms = 0;
    if (!item || cJSON_IsNull(item)) return 0;
    if (!cJSON_IsString(item)) return refuse(r, PL_E_RANGE, member, " is no text");
    if (strncmp(item->valuestring, "0001-", 5) == 0) return 0;
    int decimals = -1; // there are nanoseconds there
    for (const char *c = item->valuestring; *c != '\0'; c++) {
        bool is_digit = *c >= '0' && *c <= '9';
        decimals = *c == '.' ? 0 : decimals < 0 || !is_digit ? -1 : decimals + 1;
        if (decimals <= MS_DIGITS) pl_text_char(&t, *c);
    }
    bool is_rfc3339 = strchr(text, 'T') || strchr(text, 't');
    if (t.overflow || !is_rfc3339 || pl_query_time(text, unix_ms) != 0)
        return refuse(r, PL_E_RANGE, member,
                      " is no time of RFC 3339 from 1970 on, such as 2026-05-01T14:03:12Z");
    return 0;
}

static int take_times(const struct reading *r, const cJSON *alert, int64_t now,
                      struct pl_external *out)
{
    int64_t begins, ends;
    int err = take_time(r, alert, "startsAt", &begins);
    if (err == 0) err = take_time(r, alert, "endsAt", &ends);
    if (err != 0) return err;
    if (begins == 0) begins = ends == 0 ? now : PL_MIN(ends, now);
    if (ends == 0) ends = PL_MAX(begins, now) + PL_EXTERNAL_RESOLVE_MS;
    if (ends < begins) return refuse(r, PL_E_RANGE, "endsAt", " is before startsAt");
    out->begins_unix_ms = PL_MIN(begins, PL_MAX(now, 0));
    out->ends_unix_ms = ends;
    return 0;
}

static void take_texts(const struct reading *r, const cJSON *alert, struct pl_external *out)
{
    const cJSON *annotations = cJSON_GetObjectItemCaseSensitive(alert, "annotations");
    const char *title = label_of(r, "alertname"), *source = text_in(alert, "generatorURL");
    const char *summary = text_in(annotations, "summary");
    if (summary[0] == '\0') summary = text_in(annotations, "message");
    if (summary[0] == '\0') summary = text_in(annotations, "description");
    copy(out->title, sizeof out->title, title[0] != '\0' ? title : "unnamed");
    copy(out->summary, sizeof out->summary, summary);
    if (strlen(source) < sizeof out->source) copy(out->source, sizeof out->source, source);
    show_labels(r, out->labels, sizeof out->labels);
    fold(title, &out->group);
    take_name(label_of(r, "pool"), strlen(label_of(r, "pool")), &out->pool);
    take_host(label_of(r, "instance"), &out->host);
}

static int take(struct reading *r, const cJSON *alert, int64_t now, struct pl_external *out)
{
    struct pl_external x = {0};
    int err = take_labels(r, alert);
    if (err == 0) err = take_times(r, alert, now, &x);
    if (err != 0) return err;
    x.fingerprint = fingerprint_of(r);
    x.tier = tier_of(label_of(r, "severity"));
    take_texts(r, alert, &x);
    *out = x;
    return 1;
}

/* ---- the array ---- */

static void skip(struct pl_external_reader *r, size_t len)
{
    r->rest = (struct pl_span){r->rest.ptr + len, r->rest.len - len};
}

/* The next byte that is no blank, or 0. */
static uint8_t peek(struct pl_external_reader *r)
{
    while (r->rest.len > 0 && r->rest.ptr[0] != '\0' && strchr(" \t\r\n", r->rest.ptr[0]))
        skip(r, 1);
    return r->rest.len > 0 ? r->rest.ptr[0] : 0;
}

/* Bytes of the object that begins here; 0: it does not end. */
static size_t object_len(struct pl_span in)
{
    int depth = 0;
    bool quoted = false;
    for (size_t i = 0; i < in.len; i++) {
        uint8_t c = in.ptr[i];
        if (quoted && c == '\\')
            i++;
        else if (c == '"')
            quoted = !quoted;
        else if (!quoted && (c == '{' || c == '['))
            depth++;
        else if (!quoted && (c == '}' || c == ']') && --depth == 0)
            return i + 1;
    }
    return 0;
}

int pl_external_reader_init(struct pl_external_reader *r, struct pl_span body, int64_t now_unix_ms,
                            char error[PL_EXTERNAL_ERROR_BYTES])
{
    *r = (struct pl_external_reader){.rest = body, .now_unix_ms = now_unix_ms};
    if (peek(r) == '[') {
        skip(r, 1);
        return 0;
    }
    struct pl_text t = pl_text_init(error, PL_EXTERNAL_ERROR_BYTES);
    pl_text_str(&t, "the body is no JSON array of alerts");
    return PL_E_SYNTAX;
}

/* 1: an object begins; 0: the array is over; PL_E_SYNTAX. */
static int find_next(struct pl_external_reader *r)
{
    uint8_t c = peek(r);
    if (c == ']') {
        skip(r, 1);
        r->is_over = true;
        return peek(r) == 0 && r->rest.len == 0 ? 0 : PL_E_SYNTAX;
    }
    if (r->number > 0) {
        if (c != ',') return PL_E_SYNTAX;
        skip(r, 1);
        c = peek(r);
    }
    return c == '{' ? 1 : PL_E_SYNTAX;
}

int pl_external_next(struct pl_external_reader *r, struct pl_external *out,
                     char error[PL_EXTERNAL_ERROR_BYTES])
{
    struct reading reading = {.number = r->number, .error = error};
    if (r->is_over) return 0;
    int next = find_next(r);
    if (next <= 0) {
        r->is_over = true;
        if (next < 0) (void)refuse(&reading, next, "", "the array is no JSON from here on");
        return next;
    }
    size_t len = object_len(r->rest);
    bool is_one_too_many = r->number == PL_EXTERNAL_POST_MAX;
    cJSON *alert =
        len == 0 || is_one_too_many ? NULL : pl_json_parse((struct pl_span){r->rest.ptr, len});
    if (!alert) {
        r->is_over = true;
        return refuse(&reading, PL_E_SYNTAX, "",
                      is_one_too_many ? "one request may hold 1024 alerts"
                                      : "is no strict JSON object of at most 64 KiB, with no name "
                                        "twice and at most 64 labels and 64 annotations");
    }
    int err = take(&reading, alert, r->now_unix_ms, out);
    cJSON_Delete(alert);
    skip(r, len);
    r->number++;
    return err;
}
