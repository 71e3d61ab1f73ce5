#include "collector/codec/form_in.h"

#include "collector/codec/query.h"
#include "common/base/err.h"

/* Decode `in` to `at`. Returns what was written, PL_E_SYNTAX. */
static int decode(struct pl_span in, uint8_t *at)
{
    size_t len = 0;
    for (size_t i = 0; i < in.len; i++) {
        int c = in.ptr[i];
        if (c == '+') c = ' ';
        if (in.ptr[i] == '%') {
            c = pl_percent_byte((struct pl_span){in.ptr + i, in.len - i});
            i += 2;
        }
        if (c <= 0) return PL_E_SYNTAX;
        at[len++] = (uint8_t)c;
    }
    return (int)len;
}

int pl_form_parse(struct pl_span body, uint8_t *buf, struct pl_form_field *fields)
{
    int count = 0;
    while (body.len > 0) {
        struct pl_span name, value;
        pl_query_next(&body, &name, &value);
        if (count == PL_FORM_FIELDS_MAX) return PL_E_FULL;
        int name_len = decode(name, buf);
        int value_len = name_len > 0 ? decode(value, buf + name_len) : PL_E_SYNTAX;
        if (value_len < 0) return PL_E_SYNTAX;
        fields[count++] =
            (struct pl_form_field){{buf, (size_t)name_len}, {buf + name_len, (size_t)value_len}};
        buf += name_len + value_len;
    }
    return count;
}

struct pl_span pl_form_value(const struct pl_form_field *fields, int count, const char *name)
{
    for (int i = 0; i < count; i++) {
        if (pl_span_is(fields[i].name, name)) return fields[i].value;
    }
    return (struct pl_span){NULL, 0};
}
