#include "collector/codec/json_put.h"

#include "common/base/hex.h"

struct pl_json_list pl_json_list_begin(struct pl_text *out, const char *key, size_t reserve)
{
    pl_text_str(out, key);
    pl_text_char(out, '[');
    return (struct pl_json_list){out, reserve, 0, 0};
}

void pl_json_item_begin(struct pl_json_list *l)
{
    l->mark = l->out->len;
    if (l->count > 0) pl_text_char(l->out, ',');
}

/* False if the item was taken back; the list is full then. */
bool pl_json_item_end(struct pl_json_list *l)
{
    struct pl_text *t = l->out;
    if (!t->overflow && t->cap - t->len > l->reserve) {
        l->count++;
        return true;
    }
    t->len = l->mark;
    t->ptr[t->len] = '\0';
    t->overflow = false;
    return false;
}

void pl_json_put_name(struct pl_text *out, const char *key, const struct pl_name *name)
{
    pl_text_str(out, key);
    pl_text_json(out, pl_name_span(name));
}

void pl_json_put_time(struct pl_text *out, const char *key, int64_t unix_ms)
{
    pl_text_str(out, key);
    if (unix_ms == 0) {
        pl_text_str(out, "null");
        return;
    }
    pl_text_char(out, '"');
    pl_text_rfc3339(out, unix_ms);
    pl_text_char(out, '"');
}

void pl_json_put_hex(struct pl_text *out, const char *key, const uint8_t *bytes, size_t len)
{
    pl_text_str(out, key);
    pl_text_char(out, '"');
    pl_hex_write(out, bytes, len);
    pl_text_char(out, '"');
}

void pl_json_put_bool(struct pl_text *out, const char *key, bool value)
{
    pl_text_str(out, key);
    pl_text_str(out, value ? "true" : "false");
}

void pl_json_put_text(struct pl_text *out, const char *key, const char *text)
{
    pl_text_str(out, key);
    pl_text_json(out, pl_span_of(text));
}

void pl_json_put_i64(struct pl_text *out, const char *key, int64_t value)
{
    pl_text_str(out, key);
    pl_text_i64(out, value);
}

void pl_json_put_number(struct pl_text *out, const char *key, int64_t value, int32_t scale)
{
    pl_text_str(out, key);
    pl_text_fixed(out, value, scale);
}

void pl_json_put_real(struct pl_text *out, const char *key, double value)
{
    static const double most = 1e12;
    pl_text_str(out, key);
    pl_text_fixed(out, (int64_t)(1000 * PL_MAX(PL_MIN(value, most), -most)), 1000);
}
