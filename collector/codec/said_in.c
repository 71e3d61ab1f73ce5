#include "collector/codec/said_in.h"

#include "collector/codec/json_in.h"
#include "common/base/err.h"
#include "common/base/quantity.h"
#include "common/base/text.h"

enum { PPM_PER_BP = 100 };

int pl_alert_id_parse(struct pl_span id, enum pl_rule *rule, struct pl_name *pool)
{
    const uint8_t *slash = id.len == 0 ? NULL : memchr(id.ptr, '/', id.len);
    if (!slash) return PL_E_SYNTAX;
    struct pl_span word = {id.ptr, (size_t)(slash - id.ptr)};
    struct pl_span rest = {slash + 1, id.len - word.len - 1};
    for (enum pl_rule r = 0; r < PL_RULE_COUNT; r++) {
        if (!pl_span_is(word, pl_rule_name(r))) continue;
        struct pl_name name;
        if (pl_name_parse(rest, &name) != 0) return PL_E_SYNTAX;
        *rule = r;
        *pool = name;
        return 0;
    }
    return PL_E_NOT_FOUND;
}

static int refuse(char *error, const char *member, const char *why)
{
    struct pl_text t = pl_text_init(error, PL_SAID_ERROR_BYTES);
    pl_text_str(&t, member);
    pl_text_str(&t, why);
    return PL_E_SYNTAX;
}

/* A body with members of these names only, all of them texts; NULL: refused. */
static cJSON *parse_texts(struct pl_span body, const char *const *names, size_t count, char *error)
{
    static const char empty[] = "{}";
    cJSON *root = pl_json_parse(body.len == 0 ? pl_span_of(empty) : body);
    if (!cJSON_IsObject(root)) {
        (void)refuse(error, "", "the body is no JSON object");
        cJSON_Delete(root);
        return NULL;
    }
    const cJSON *item;
    cJSON_ArrayForEach(item, root)
    {
        size_t n = 0;
        while (n < count && strcmp(names[n], item->string) != 0) n++;
        if (n < count && cJSON_IsString(item)) continue;
        (void)refuse(error, n < count ? names[n] : "",
                     n < count ? " is no text" : "the body has a member that is not known here");
        cJSON_Delete(root);
        return NULL;
    }
    return root;
}

/* The text of a member; an empty one if it is missing. */
static struct pl_span text_of(const cJSON *root, const char *name)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(root, name);
    return item ? pl_span_of(item->valuestring) : (struct pl_span){NULL, 0};
}

static int read_for(const cJSON *root, int64_t *out_ms, char *error)
{
    struct pl_span text = text_of(root, "for");
    if (!text.ptr || (pl_quantity_duration(text, out_ms) == 0 && *out_ms > 0)) return 0;
    return refuse(error, "for", " is no duration such as 30m or 2h");
}

int pl_said_read(struct pl_span body, struct pl_said *out, char *error)
{
    static const char *const names[] = {"for", "note", "assignee"};
    struct pl_said said = {0};
    cJSON *root = parse_texts(body, names, PL_LEN(names), error);
    if (!root) return PL_E_SYNTAX;
    int err = read_for(root, &said.for_ms, error);
    said.assigns = cJSON_HasObjectItem(root, "assignee");
    pl_said_copy(said.assignee, sizeof said.assignee, text_of(root, "assignee"));
    pl_said_copy(said.note, sizeof said.note, text_of(root, "note"));
    cJSON_Delete(root);
    if (err == 0) *out = said;
    return err;
}

static int read_name(const cJSON *root, const char *member, struct pl_name *out, char *error)
{
    struct pl_span text = text_of(root, member);
    if (text.len == 0 || pl_name_parse(text, out) == 0) return 0;
    return refuse(error, member,
                  " is no name: 1 to 63 letters, digits, dots, underscores, hyphens");
}

static int read_rule(const cJSON *root, struct pl_silence *out, char *error)
{
    struct pl_span text = text_of(root, "rule");
    out->any_rule = text.len == 0;
    for (enum pl_rule r = 0; r < PL_RULE_COUNT && !out->any_rule; r++) {
        if (!pl_span_is(text, pl_rule_name(r))) continue;
        out->rule = r;
        return 0;
    }
    return out->any_rule ? 0 : refuse(error, "rule", " is no rule such as limit or silent");
}

static int read_raise(const cJSON *root, struct pl_silence *out, char *error)
{
    struct pl_span text = text_of(root, "raise");
    int64_t ppm = 0;
    if (text.len == 0) return 0;
    if (out->any_rule || !pl_silence_can_raise(out->rule))
        return refuse(error, "raise",
                      " needs a rule that has a level: limit, stall, saturation or imbalance");
    if (pl_quantity_share(text, &ppm) != 0 || ppm < PPM_PER_BP || ppm > 100 * 1000 * 1000)
        return refuse(error, "raise", " is no share such as 95%");
    out->raise_bp = (int32_t)(ppm / PPM_PER_BP);
    return 0;
}

int pl_silence_read(struct pl_span body, int64_t now_unix_ms, struct pl_silence *out, char *error)
{
    static const char *const names[] = {"pool", "rule", "host", "raise", "for", "reason"};
    struct pl_silence s = {.made_unix_ms = now_unix_ms, .begins_unix_ms = now_unix_ms};
    cJSON *root = parse_texts(body, names, PL_LEN(names), error);
    if (!root) return PL_E_SYNTAX;
    int64_t for_ms = 0;
    int err = read_for(root, &for_ms, error);
    if (err == 0 && for_ms == 0) err = refuse(error, "for", " is missing: a silence has an end");
    if (err == 0 && for_ms > PL_SILENCE_MAX_S * INT64_C(1000))
        err = refuse(error, "for", " is more than 30d");
    if (err == 0) err = read_name(root, "pool", &s.pool, error);
    if (err == 0) err = read_name(root, "host", &s.host, error);
    if (err == 0) err = read_rule(root, &s, error);
    if (err == 0) err = read_raise(root, &s, error);
    if (err == 0 && text_of(root, "reason").len == 0)
        err = refuse(error, "reason", " is missing: who comes later wants to know why");
    pl_said_copy(s.reason, sizeof s.reason, text_of(root, "reason"));
    s.ends_unix_ms = now_unix_ms + for_ms;
    cJSON_Delete(root);
    if (err == 0) *out = s;
    return err;
}
