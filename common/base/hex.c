#include "common/base/hex.h"

void pl_hex_write(struct pl_text *out, const uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++) pl_text_hex(out, bytes[i], 2);
}

static int digit_of(uint8_t c)
{
    if (c >= '0' && c <= '9') return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool pl_hex_read(struct pl_span in, uint8_t *out, size_t len)
{
    if (in.len != 2 * len) return false;
    for (size_t i = 0; i < len; i++) {
        int high = digit_of(in.ptr[2 * i]), low = digit_of(in.ptr[2 * i + 1]);
        if (high < 0 || low < 0) return false;
        out[i] = (uint8_t)(high * 16 + low);
    }
    return true;
}
