#include "collector/codec/case_in.h"

#include "collector/codec/json_in.h"
#include "collector/codec/notify/mime.h"
#include "collector/codec/said_in.h"
#include "common/base/err.h"
#include "common/base/quantity.h"
#include "common/base/text.h"

enum { VALUE_SHOWN_MAX = 80 };

static const char *const members[] = {
#define WORD(id, word) word,
    PL_CASE_MEMBER_LIST(WORD)
#undef WORD
};

/* "phase: 'done' is none of ..." */
static int refuse(char *error, const char *member, struct pl_span value, const char *rule)
{
    struct pl_text t = pl_text_init(error, PL_CASE_ERROR_BYTES);
    pl_text_str(&t, member);
    if (value.len > 0) {
        char shown[VALUE_SHOWN_MAX + 1];
        pl_said_copy(shown, sizeof shown, value);
        pl_text_str(&t, ": '");
        pl_text_str(&t, shown);
        pl_text_char(&t, '\'');
    }
    pl_text_char(&t, ' ');
    pl_text_str(&t, rule);
    return PL_E_SYNTAX;
}

/* ---- members ---- */

static int read_alert(struct pl_span text, struct pl_case_request *out, char *error)
{
    if (pl_alert_id_parse(text, &out->rule, &out->alert_pool) == 0) return 0;
    return refuse(error, "alert", text, "is no alert such as limit/web");
}

static int read_name(const char *member, struct pl_span text, struct pl_name *out, char *error)
{
    if (pl_name_parse(text, out) == 0) return 0;
    return refuse(error, member, text,
                  "is no name: 1 to 63 letters, digits, dots, underscores, hyphens");
}

static int read_pools(const cJSON *list, struct pl_case_request *out, char *error)
{
    const cJSON *item;
    cJSON_ArrayForEach(item, list)
    {
        if (!cJSON_IsString(item))
            return refuse(error, "pools", (struct pl_span){0}, "holds no names");
        if (out->pool_count == PL_CASE_POOLS_MAX)
            return refuse(error, "pools", (struct pl_span){0}, "holds more than 8 names");
        struct pl_span text = pl_span_of(item->valuestring);
        int err = read_name("pools", text, &out->pools[out->pool_count], error);
        if (err != 0) return err;
        for (uint32_t i = 0; i < out->pool_count; i++) {
            if (pl_name_eq(&out->pools[i], &out->pools[out->pool_count]))
                return refuse(error, "pools", text, "is there twice");
        }
        out->pool_count++;
    }
    return out->pool_count > 0 ? 0 : refuse(error, "pools", (struct pl_span){0}, "is empty");
}

/* Text of one line, or with `lines` of several. */
static int read_text(const char *member, struct pl_span text, char *out, size_t cap, char *error)
{
    if (text.len >= cap) return refuse(error, member, text, "is too long");
    if (text.len == 0) return refuse(error, member, text, "is empty");
    pl_case_copy_lines(out, cap, text);
    return 0;
}

static int read_line(const char *member, struct pl_span text, char *out, size_t cap, char *error)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] < 0x20) return refuse(error, member, text, "has more than one line");
    }
    return read_text(member, text, out, cap, error);
}

static int read_phase(struct pl_span text, struct pl_case_request *out, char *error)
{
    for (enum pl_case_phase p = 0; p < PL_CASE_PHASE_COUNT; p++) {
        out->phase = p;
        if (pl_span_is(text, pl_case_phase_word(p))) return 0;
    }
    return refuse(error, "phase", text,
                  "is none of investigating, identified, monitoring, resolved");
}

static int read_impact(struct pl_span text, struct pl_case_request *out, char *error)
{
    for (enum pl_case_impact i = 0; i < PL_CASE_IMPACT_COUNT; i++) {
        out->impact = i;
        if (pl_span_is(text, pl_case_impact_word(i))) return 0;
    }
    return refuse(error, "impact", text, "is none of none, minor, major, critical");
}

static int read_next(struct pl_span text, struct pl_case_request *out, char *error)
{
    if (pl_span_is(text, "none")) return 0;
    bool is_time = pl_quantity_duration(text, &out->next_ms) == 0 &&
                   out->next_ms >= PL_CASE_NEXT_MIN_MS && out->next_ms <= PL_CASE_NEXT_MAX_MS;
    return is_time ? 0 : refuse(error, "next_update", text, "is neither 5m to 7d nor none");
}

static bool begins(struct pl_span text, const char *with)
{
    size_t len = strlen(with);
    return text.len > len && memcmp(text.ptr, with, len) == 0;
}

/* A plain request would show the update to the network; its signature stays secret. */
static bool is_url(struct pl_span text)
{
    static const char *const bases[] = {
        "https://",          "http://127.0.0.1:", "http://127.0.0.1/",
        "http://localhost:", "http://localhost/", "http://[::1]"};
    bool right = false;
    for (size_t i = 0; i < PL_LEN(bases); i++) right |= begins(text, bases[i]);
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.ptr[i];
        if (c <= 0x20 || c >= 0x7f || c == '"' || c == '<' || c == '>' || c == '\\' || c == '@')
            return false;
    }
    return right;
}

static int read_webhook(struct pl_span text, struct pl_case_request *out, char *error)
{
    if (!is_url(text))
        return refuse(
            error, "webhook", text,
            "is no https:// address (http:// only on this machine), or has a login in it");
    return read_line("webhook", text, out->address, sizeof out->address, error);
}

static int read_email(struct pl_span text, struct pl_case_request *out, char *error)
{
    if (!pl_mime_is_address(text))
        return refuse(error, "email", text, "is not an address such as ops@example.org");
    return read_line("email", text, out->address, sizeof out->address, error);
}

static int read_number(const char *member, const cJSON *item, uint32_t *out, char *error)
{
    double value = cJSON_IsNumber(item) ? item->valuedouble : 0;
    if (!(value >= 1 && value <= UINT32_MAX) || value != (double)(uint32_t)value)
        return refuse(error, member, (struct pl_span){0}, "is no number from 1 on");
    *out = (uint32_t)value;
    return 0;
}

static int read_member(enum pl_case_member member, const cJSON *item, struct pl_case_request *out,
                       char *error)
{
    bool is_number = member == PL_CASE_MEMBER_REVISION || member == PL_CASE_MEMBER_SUBSCRIBER;
    bool is_list = member == PL_CASE_MEMBER_POOLS;
    if (!is_number && (is_list ? !cJSON_IsArray(item) : !cJSON_IsString(item)))
        return refuse(error, members[member], (struct pl_span){0},
                      is_list ? "is no list" : "is no text");
    struct pl_span text =
        cJSON_IsString(item) ? pl_span_of(item->valuestring) : (struct pl_span){0};
    switch (member) {
    case PL_CASE_MEMBER_ALERT: return read_alert(text, out, error);
    case PL_CASE_MEMBER_POOLS: return read_pools(item, out, error);
    case PL_CASE_MEMBER_CUSTOMER: return read_name("customer", text, &out->customer, error);
    case PL_CASE_MEMBER_TITLE:
        return read_line("title", text, out->title, sizeof out->title, error);
    case PL_CASE_MEMBER_OWNER:
        if (text.len == 0) return 0; // nobody any more
        return read_line("owner", text, out->owner, sizeof out->owner, error);
    case PL_CASE_MEMBER_TEXT: return read_text("text", text, out->text, sizeof out->text, error);
    case PL_CASE_MEMBER_PHASE: return read_phase(text, out, error);
    case PL_CASE_MEMBER_IMPACT: return read_impact(text, out, error);
    case PL_CASE_MEMBER_NEXT_UPDATE: return read_next(text, out, error);
    case PL_CASE_MEMBER_REVISION: return read_number("revision", item, &out->revision, error);
    case PL_CASE_MEMBER_WEBHOOK: return read_webhook(text, out, error);
    case PL_CASE_MEMBER_EMAIL: return read_email(text, out, error);
    case PL_CASE_MEMBER_SUBSCRIBER: return read_number("subscriber", item, &out->subscriber, error);
    case PL_CASE_MEMBER_COUNT: break;
    }
    return PL_E_SYNTAX;
}

static int read_object(const cJSON *root, uint32_t takes, struct pl_case_request *out, char *error)
{
    const cJSON *item;
    cJSON_ArrayForEach(item, root)
    {
        uint32_t m = 0;
        while (m < PL_CASE_MEMBER_COUNT && strcmp(members[m], item->string) != 0) m++;
        if (m == PL_CASE_MEMBER_COUNT || (takes & 1u << m) == 0)
            return refuse(error, "the body", pl_span_of(item->string), "is no member of it");
        int err = read_member((enum pl_case_member)m, item, out, error);
        if (err != 0) return err;
        out->given |= 1u << m;
    }
    return 0;
}

int pl_case_request_read(struct pl_span body, uint32_t takes, uint32_t needs,
                         struct pl_case_request *out, char *error)
{
    struct pl_case_request request = {0};
    cJSON *root = pl_json_parse(body.len == 0 ? pl_span_of("{}") : body);
    int err = cJSON_IsObject(root)
                  ? read_object(root, takes, &request, error)
                  : refuse(error, "the body", (struct pl_span){0}, "is no JSON object");
    cJSON_Delete(root);
    if (err != 0) return err;
    for (uint32_t m = 0; m < PL_CASE_MEMBER_COUNT; m++) {
        if ((needs & 1u << m & ~request.given) != 0)
            return refuse(error, members[m], (struct pl_span){0}, "is missing");
    }
    *out = request;
    return 0;
}
