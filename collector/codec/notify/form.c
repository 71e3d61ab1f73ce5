#include "collector/codec/notify/form.h"

#include "common/base/base.h"

void pl_text_percent(struct pl_text *out, struct pl_span in)
{
    static const char digits[] = "0123456789ABCDEF";
    for (size_t i = 0; i < in.len; i++) {
        uint8_t c = in.ptr[i], lower = c | 0x20;
        bool is_alnum = (lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9');
        if (is_alnum || (c != '\0' && strchr("-._~", c))) {
            pl_text_char(out, (char)c);
            continue;
        }
        pl_text_char(out, '%');
        pl_text_char(out, digits[c >> 4]);
        pl_text_char(out, digits[c & 15]);
    }
}

void pl_form_field(struct pl_text *out, const char *name, struct pl_span value)
{
    if (out->len > 0) pl_text_char(out, '&');
    pl_text_str(out, name);
    pl_text_char(out, '=');
    pl_text_percent(out, value);
}

static void base64_group(struct pl_text *out, const uint8_t *in, size_t len)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    uint32_t bits = (uint32_t)in[0] << 16;
    if (len > 1) bits |= (uint32_t)in[1] << 8;
    if (len > 2) bits |= in[2];
    pl_text_char(out, digits[bits >> 18]);
    pl_text_char(out, digits[bits >> 12 & 63]);
    pl_text_char(out, len > 1 ? digits[bits >> 6 & 63] : '=');
    pl_text_char(out, len > 2 ? digits[bits & 63] : '=');
}

void pl_text_base64(struct pl_text *out, struct pl_span in)
{
    for (size_t at = 0; at < in.len; at += 3) {
        base64_group(out, in.ptr + at, PL_MIN(in.len - at, 3u));
    }
}
