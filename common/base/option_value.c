#include "common/base/option_value.h"

#include "common/base/assert.h"
#include "common/base/err.h"
#include "common/base/quantity.h"
#include "common/base/suggest.h"

enum { QUOTED_LEN_MAX = 60, SHARE_TEXT_BYTES = 24 };

bool pl_option_value_is_list(enum pl_option_type type)
{
    return type == PL_OPTION_NAMES || type == PL_OPTION_TEXTS || type == PL_OPTION_ADDRESSES;
}

const char *pl_option_value_form(enum pl_option_type type)
{
    switch (type) {
    case PL_OPTION_INTEGER: return "a whole number";
    case PL_OPTION_DURATION: return "a duration such as 250ms, 10s, 5m, 2h or 7d";
    case PL_OPTION_SHARE: return "a share such as 0.75 or 75%";
    case PL_OPTION_SIZE: return "a size such as 64MiB";
    case PL_OPTION_TEXT:
    case PL_OPTION_TEXTS: return "text without control characters";
    case PL_OPTION_PATH: return "a path without control characters";
    case PL_OPTION_NAME:
    case PL_OPTION_NAMES:
        return "a name: up to 63 letters, digits, '.', '_' and '-', a letter or digit first";
    case PL_OPTION_WORD: return "one of the words known here";
    case PL_OPTION_ADDRESS:
    case PL_OPTION_ADDRESSES: return "an address such as 127.0.0.1:7410 or [::1]:7410";
    }
    PL_UNREACHABLE("option type");
}

/* Length of `text` up to the user and password of a URL, if it holds any. */
static size_t len_before_secret(struct pl_span text)
{
    const uint8_t *slashes = memmem(text.ptr, text.len, "://", 3);
    if (!slashes) return text.len;
    size_t len = (size_t)(slashes - text.ptr) + 3;
    for (size_t i = len; i < text.len && text.ptr[i] != '/'; i++) {
        if (text.ptr[i] == '@') return len;
    }
    return text.len;
}

void pl_option_value_quote(struct pl_text *t, struct pl_span text)
{
    size_t shown = PL_MIN(len_before_secret(text), QUOTED_LEN_MAX);
    pl_text_char(t, '\'');
    for (size_t i = 0; i < shown; i++) {
        uint8_t c = text.ptr[i];
        pl_text_char(t, c < 0x20 || c == 0x7f ? '?' : (char)c);
    }
    if (shown < text.len) pl_text_str(t, "...");
    pl_text_char(t, '\'');
}

void pl_option_value_suggest(struct pl_text *t, struct pl_span suggestion)
{
    if (suggestion.len == 0) return;
    pl_text_str(t, "; did you mean ");
    pl_option_value_quote(t, suggestion);
    pl_text_char(t, '?');
}

static int parse_number(enum pl_option_type type, struct pl_span in, int64_t *out)
{
    if (type == PL_OPTION_DURATION) return pl_quantity_duration(in, out);
    if (type == PL_OPTION_SHARE) return pl_quantity_share(in, out);
    if (type == PL_OPTION_SIZE) return pl_quantity_size(in, out);
    return pl_quantity_integer(in, out);
}

/* A limit of the table, or `otherwise` if there is none. */
static int64_t limit_of(const struct pl_option *o, const char *text, int64_t otherwise)
{
    if (!text) return otherwise;
    int64_t value = 0;
    int err = parse_number(o->type, pl_span_of(text), &value);
    PL_ASSERT(err == 0);
    return value;
}

static bool store_number(const struct pl_option *o, struct pl_span in, void *field,
                         struct pl_text *why)
{
    int64_t value = 0;
    int err = parse_number(o->type, in, &value);
    if (err == PL_E_SYNTAX) {
        pl_text_str(why, " is not ");
        pl_text_str(why, pl_option_value_form(o->type));
        return false;
    }
    int64_t min = limit_of(o, o->min, INT64_MIN), max = limit_of(o, o->max, INT64_MAX);
    if (err == 0 && value >= min && value <= max) {
        memcpy(field, &value, sizeof value);
        return true;
    }
    bool below = err == 0 && value < min;
    pl_text_str(why, below ? " is less than " : " is more than ");
    pl_text_str(why, below ? o->min : o->max ? o->max : "this program can count");
    char buf[SHARE_TEXT_BYTES];
    struct pl_text percent = pl_text_init(buf, sizeof buf);
    pl_text_span(&percent, in);
    pl_text_char(&percent, '%');
    bool meant = o->type == PL_OPTION_SHARE && !below && !percent.overflow &&
                 pl_quantity_share(pl_text_bytes(&percent), &value) == 0 && value >= min &&
                 value <= max;
    if (meant) pl_option_value_suggest(why, pl_text_bytes(&percent)); // 90 for 90%
    return false;
}

static bool store_text(const struct pl_option *o, struct pl_span in, void *field,
                       struct pl_text *why)
{
    size_t size = o->type == PL_OPTION_TEXTS ? PL_OPTION_ITEM_BYTES : o->size;
    if (in.len >= size) {
        pl_text_str(why, " is longer than ");
        pl_text_u64(why, size - 1);
        pl_text_str(why, " bytes");
        return false;
    }
    for (size_t i = 0; i < in.len; i++) {
        if (in.ptr[i] >= 0x20 && in.ptr[i] != 0x7f) continue;
        pl_text_str(why, " is not ");
        pl_text_str(why, pl_option_value_form(o->type));
        return false;
    }
    memset(field, 0, size);
    memcpy(field, in.ptr, in.len);
    return true;
}

static bool store_word(const struct pl_option *o, struct pl_span in, void *field,
                       struct pl_text *why)
{
    struct pl_suggest similar = pl_suggest_init(in);
    for (uint32_t i = 0; o->words[i]; i++) {
        if (in.len > 0 && pl_span_is(in, o->words[i])) {
            memcpy(field, &i, sizeof i);
            return true;
        }
        pl_suggest_consider(&similar, pl_span_of(o->words[i]));
    }
    const char *separator = " is not one of: ";
    for (uint32_t i = 0; o->words[i]; i++) {
        if (o->words[i][0] == '\0') continue;
        pl_text_str(why, separator);
        pl_text_str(why, o->words[i]);
        separator = ", ";
    }
    pl_option_value_suggest(why, similar.best);
    return false;
}

/* Where the next item goes: the field itself, or one more item of a list. NULL, with the reason,
 * when the list is full. */
static void *take_slot(const struct pl_option *o, void *field, struct pl_text *why)
{
    struct pl_option_names *names = field;
    struct pl_option_texts *texts = field;
    struct pl_option_addresses *addresses = field;
    if (!pl_option_value_is_list(o->type)) return field;
    uint32_t *count = o->type == PL_OPTION_NAMES   ? &names->count
                      : o->type == PL_OPTION_TEXTS ? &texts->count
                                                   : &addresses->count;
    if (*count == PL_OPTION_LIST_MAX) {
        pl_text_str(why, " is one more than a list may have: ");
        pl_text_u64(why, PL_OPTION_LIST_MAX);
        return NULL;
    }
    uint32_t i = (*count)++;
    if (o->type == PL_OPTION_TEXTS) return texts->item[i];
    return o->type == PL_OPTION_NAMES ? (void *)&names->item[i] : (void *)&addresses->item[i];
}

static bool store_item(const struct pl_option *o, struct pl_span in, void *slot,
                       struct pl_text *why)
{
    bool is_name = o->type == PL_OPTION_NAME || o->type == PL_OPTION_NAMES;
    int err = is_name ? pl_name_parse(in, slot) : pl_address_parse(in, slot);
    if (err == PL_E_RANGE) {
        pl_text_str(why, " has a port over 65535");
    } else if (err) {
        pl_text_str(why, " is not ");
        pl_text_str(why, pl_option_value_form(o->type));
    }
    return err == 0;
}

/* Without the table's own `check`. */
static bool store_typed(const struct pl_option *o, struct pl_span in, void *slot,
                        struct pl_text *why)
{
    switch (o->type) {
    case PL_OPTION_INTEGER:
    case PL_OPTION_DURATION:
    case PL_OPTION_SHARE:
    case PL_OPTION_SIZE: return store_number(o, in, slot, why);
    case PL_OPTION_TEXT:
    case PL_OPTION_TEXTS:
    case PL_OPTION_PATH: return store_text(o, in, slot, why);
    case PL_OPTION_WORD: return store_word(o, in, slot, why);
    case PL_OPTION_NAME:
    case PL_OPTION_NAMES:
    case PL_OPTION_ADDRESS:
    case PL_OPTION_ADDRESSES: return store_item(o, in, slot, why);
    }
    PL_UNREACHABLE("option type");
}

bool pl_option_value_store(const struct pl_option *o, struct pl_span in, void *field,
                           struct pl_text *why)
{
    pl_option_value_quote(why, in);
    void *slot = take_slot(o, field, why);
    if (!slot || !store_typed(o, in, slot, why)) return false;
    const char *broken = o->check ? o->check(slot) : NULL;
    if (!broken) return true;
    pl_text_char(why, ' ');
    pl_text_str(why, broken);
    return false;
}
