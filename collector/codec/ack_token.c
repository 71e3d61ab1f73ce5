#include "collector/codec/ack_token.h"

#include "common/base/err.h"

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

void pl_ack_payload_write(const struct pl_link *link, uint8_t out[PL_ACK_PAYLOAD_BYTES])
{
    uint64_t issued = (uint64_t)link->issued_unix_ms;
    struct pl_writer w = pl_writer_init(out, PL_ACK_PAYLOAD_BYTES);
    pl_put_u64(&w, link->alert);
    pl_put_u32(&w, link->who);
    pl_put_u16(&w, (uint16_t)(issued >> 32));
    pl_put_u32(&w, (uint32_t)issued);
}

void pl_ack_payload_read(const uint8_t payload[PL_ACK_PAYLOAD_BYTES], struct pl_link *out)
{
    struct pl_reader r = pl_reader_init((struct pl_span){payload, PL_ACK_PAYLOAD_BYTES});
    out->alert = pl_get_u64(&r);
    out->who = pl_get_u32(&r);
    uint64_t high = pl_get_u16(&r);
    out->issued_unix_ms = (int64_t)(high << 32 | pl_get_u32(&r));
}

void pl_ack_token_write(const uint8_t bytes[PL_ACK_TOKEN_BYTES], struct pl_text *out)
{
    for (size_t at = 0; at < PL_ACK_TOKEN_BYTES; at += 3) {
        uint32_t bits = (uint32_t)bytes[at] << 16 | (uint32_t)bytes[at + 1] << 8 | bytes[at + 2];
        for (int shift = 18; shift >= 0; shift -= 6) pl_text_char(out, digits[bits >> shift & 63]);
    }
}

/* -1: no digit. */
static int value_of(uint8_t c)
{
    const char *found = c == '\0' ? NULL : strchr(digits, c);
    return found ? (int)(found - digits) : -1;
}

int pl_ack_token_read(struct pl_span in, uint8_t out[PL_ACK_TOKEN_BYTES])
{
    if (in.len != PL_ACK_TOKEN_CHARS) return PL_E_SYNTAX;
    uint32_t bits = 0;
    for (size_t i = 0; i < in.len; i++) {
        int value = value_of(in.ptr[i]);
        if (value < 0) return PL_E_SYNTAX;
        bits = bits << 6 | (uint32_t)value;
        if (i % 4 != 3) continue;
        uint8_t *group = out + i / 4 * 3;
        group[0] = (uint8_t)(bits >> 16);
        group[1] = (uint8_t)(bits >> 8);
        group[2] = (uint8_t)bits;
    }
    return 0;
}

size_t pl_ack_token_find(struct pl_span at)
{
    static const char *const places[] = {"/ack/", "/callbacks/twilio/"};
    uint8_t bytes[PL_ACK_TOKEN_BYTES];
    for (size_t i = 0; i < PL_LEN(places); i++) {
        size_t len = strlen(places[i]);
        if (at.len < len + PL_ACK_TOKEN_CHARS || memcmp(at.ptr, places[i], len) != 0) continue;
        struct pl_span token = {at.ptr + len, PL_ACK_TOKEN_CHARS};
        if (pl_ack_token_read(token, bytes) == 0) return len + PL_ACK_TOKEN_CHARS;
    }
    return 0;
}
