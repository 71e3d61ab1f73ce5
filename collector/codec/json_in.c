#include "collector/codec/json_in.h"

#include "common/base/err.h"
#include "common/base/hex.h"

/* Length of the UTF-8 sequence at `p` (RFC 3629: no overlong forms, no surrogates); 0 if there is
 * none. */
static size_t utf8_len(const uint8_t *p, size_t left)
{
    if (p[0] < 0x80) return 1;
    size_t len = p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : 2;
    if (p[0] < 0xc2 || p[0] > 0xf4 || len > left) return 0;
    for (size_t i = 1; i < len; i++) {
        if ((p[i] & 0xc0) != 0x80) return 0;
    }
    if ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f)) return 0;
    if ((p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] > 0x8f)) return 0;
    return len;
}

/* Bytes of the string that begins with the quote at `p`, both quotes counted; 0 if it is refused.
 */
static size_t string_len(const uint8_t *p, size_t left)
{
    for (size_t at = 1; at < left;) {
        if (p[at] == '"') return at + 1;
        if (p[at] < 0x20) return 0;
        if (p[at] == '\\') {
            if (left - at >= 6 && memcmp(p + at, "\\u0000", 6) == 0) return 0;
            at += 2;
            continue;
        }
        size_t len = utf8_len(p + at, left - at);
        if (len == 0) return 0;
        at += len;
    }
    return 0;
}

static size_t digits_len(const uint8_t *p, size_t left)
{
    size_t len = 0;
    while (len < left && p[len] >= '0' && p[len] <= '9') len++;
    return len;
}

/* Bytes of the number at `p` (RFC 8259 section 6); 0 if it is refused. */
static size_t number_len(const uint8_t *p, size_t left)
{
    size_t at = p[0] == '-' ? 1 : 0;
    size_t digits = digits_len(p + at, left - at);
    if (digits == 0 || (digits > 1 && p[at] == '0')) return 0;
    at += digits;
    if (at < left && p[at] == '.') {
        digits = digits_len(p + at + 1, left - at - 1);
        if (digits == 0) return 0;
        at += 1 + digits;
    }
    if (at < left && (p[at] == 'e' || p[at] == 'E')) {
        at++;
        if (at < left && (p[at] == '+' || p[at] == '-')) at++;
        digits = digits_len(p + at, left - at);
        if (digits == 0) return 0;
        at += digits;
    }
    return at;
}

/* What cJSON lets pass inside its tokens, and how deep it may go. */
static bool is_clean(struct pl_span text)
{
    int depth = 0;
    for (size_t at = 0; at < text.len;) {
        const uint8_t *p = text.ptr + at;
        size_t len = 1;
        if (*p == '"')
            len = string_len(p, text.len - at);
        else if (*p == '-' || (*p >= '0' && *p <= '9'))
            len = number_len(p, text.len - at);
        else if (*p == '{' || *p == '[')
            depth++;
        else if (*p == '}' || *p == ']')
            depth--;
        else if (*p > 0x7e || (*p < 0x20 && *p != '\t' && *p != '\n' && *p != '\r'))
            len = 0;
        if (len == 0 || depth > PL_JSON_DEPTH_MAX) return false;
        at += len;
    }
    return true;
}

/* No object with a name twice, or with more members than anything of ours has. Walks the tree
 * without recursion: is_clean() bounds its depth. */
static bool is_unambiguous(const cJSON *root)
{
    const cJSON *path[PL_JSON_DEPTH_MAX + 1] = {root};
    for (int depth = 0; depth >= 0;) {
        const cJSON *node = path[depth];
        if (cJSON_IsObject(node)) {
            int members = 0;
            for (const cJSON *a = node->child; a; a = a->next) {
                if (++members > PL_JSON_MEMBERS_MAX) return false;
                for (const cJSON *b = a->next; b; b = b->next) {
                    if (strcmp(a->string, b->string) == 0) return false;
                }
            }
        }
        if (node->child) {
            path[++depth] = node->child;
            continue;
        }
        while (depth >= 0 && !(depth > 0 && path[depth]->next)) depth--;
        if (depth > 0) path[depth] = path[depth]->next;
    }
    return true;
}

cJSON *pl_json_parse(struct pl_span text)
{
    if (text.len == 0 || text.len > PL_JSON_BYTES_MAX || !is_clean(text)) return NULL;
    const char *begin = (const char *)text.ptr, *end = NULL;
    cJSON *root = cJSON_ParseWithLengthOpts(begin, text.len, &end, 0);
    if (!root) return NULL;
    while (end < begin + text.len && strchr(" \t\r\n", *end)) end++;
    bool is_container = cJSON_IsObject(root) || cJSON_IsArray(root);
    if (end == begin + text.len && is_container && is_unambiguous(root)) return root;
    cJSON_Delete(root);
    return NULL;
}

struct pl_json_reader pl_json_reader_init(const cJSON *object)
{
    return (struct pl_json_reader){object, cJSON_IsObject(object) ? 0 : PL_E_SYNTAX};
}

static void fail(struct pl_json_reader *r, int err)
{
    if (r->err == 0) r->err = err;
}

/* The member if it is there; else NULL, and the reader has failed. */
static const cJSON *member_of(struct pl_json_reader *r, const char *member)
{
    if (r->err != 0) return NULL;
    const cJSON *found = cJSON_GetObjectItemCaseSensitive(r->object, member);
    if (!found) fail(r, PL_E_NOT_FOUND);
    return found;
}

static const char *string_of(struct pl_json_reader *r, const char *member)
{
    const cJSON *found = member_of(r, member);
    if (!found) return NULL;
    if (!cJSON_IsString(found)) {
        fail(r, PL_E_SYNTAX);
        return NULL;
    }
    return found->valuestring;
}

int64_t pl_json_i64(struct pl_json_reader *r, const char *member, int64_t min, int64_t max)
{
    static const double exact = 9007199254740992.0; // 2^53
    const cJSON *found = member_of(r, member);
    if (!found) return 0;
    double value = found->valuedouble;
    if (!cJSON_IsNumber(found)) {
        fail(r, PL_E_SYNTAX);
    } else if (!(value >= -exact && value <= exact) || value != (double)(int64_t)value ||
               (int64_t)value < min || (int64_t)value > max) {
        fail(r, PL_E_RANGE);
    }
    return r->err == 0 ? (int64_t)value : 0;
}

uint64_t pl_json_u64(struct pl_json_reader *r, const char *member)
{
    const char *text = string_of(r, member);
    if (!text) return 0;
    uint64_t value = 0;
    size_t len = strlen(text);
    if (len == 0 || len > 20 || digits_len((const uint8_t *)text, len) != len) {
        fail(r, PL_E_SYNTAX);
        return 0;
    }
    for (size_t i = 0; i < len; i++) {
        uint64_t digit = (uint64_t)(text[i] - '0');
        if (value > (UINT64_MAX - digit) / 10) {
            fail(r, PL_E_RANGE);
            return 0;
        }
        value = value * 10 + digit;
    }
    return value;
}

bool pl_json_bool(struct pl_json_reader *r, const char *member)
{
    const cJSON *found = member_of(r, member);
    if (found && !cJSON_IsBool(found)) fail(r, PL_E_SYNTAX);
    return r->err == 0 && cJSON_IsTrue(found);
}

void pl_json_name(struct pl_json_reader *r, const char *member, struct pl_name *out)
{
    const char *text = string_of(r, member);
    if (!text) return;
    int err = pl_name_parse(pl_span_of(text), out);
    if (err < 0) fail(r, err);
}

void pl_json_text(struct pl_json_reader *r, const char *member, char *out, size_t cap)
{
    const char *text = string_of(r, member);
    if (!text) return;
    size_t len = strlen(text);
    if (len >= cap)
        fail(r, PL_E_TOO_BIG);
    else
        memcpy(out, text, len + 1);
}

void pl_json_hex(struct pl_json_reader *r, const char *member, uint8_t *out, size_t len)
{
    const char *text = string_of(r, member);
    if (text && !pl_hex_read(pl_span_of(text), out, len)) fail(r, PL_E_SYNTAX);
}

int pl_json_word(struct pl_json_reader *r, const char *member, const char *const *words,
                 size_t count)
{
    const char *text = string_of(r, member);
    if (!text) return 0;
    for (size_t i = 0; i < count; i++) {
        if (strcmp(text, words[i]) == 0) return (int)i;
    }
    fail(r, PL_E_RANGE);
    return 0;
}

const cJSON *pl_json_array(struct pl_json_reader *r, const char *member)
{
    const cJSON *found = member_of(r, member);
    if (found && !cJSON_IsArray(found)) fail(r, PL_E_SYNTAX);
    return r->err == 0 ? found : NULL;
}

const cJSON *pl_json_object(struct pl_json_reader *r, const char *member)
{
    const cJSON *found = member_of(r, member);
    if (found && !cJSON_IsObject(found)) fail(r, PL_E_SYNTAX);
    return r->err == 0 ? found : NULL;
}
