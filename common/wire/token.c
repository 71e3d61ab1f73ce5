/* base64url is RFC 4648 section 5, without padding. */
#include "common/wire/token.h"

#include "common/base/assert.h"
#include "common/base/err.h"
#include "common/base/text.h"
#include "common/wire/sample.h"

enum { PREFIX_LEN = 4, CHECKSUM_BYTES = 4 };

static const char prefix[] = "pl1.";
static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static uint32_t checksum(struct pl_span body)
{
    uint64_t hash = pl_hash_bytes(body);
    return (uint32_t)(hash ^ hash >> 32);
}

static void encode(struct pl_span in, struct pl_text *out)
{
    for (size_t i = 0; i < in.len; i += 3) {
        size_t left = PL_MIN(in.len - i, (size_t)3);
        uint32_t group = (uint32_t)in.ptr[i] << 16;
        if (left > 1) group |= (uint32_t)in.ptr[i + 1] << 8;
        if (left > 2) group |= in.ptr[i + 2];
        for (size_t k = 0; k <= left; k++) pl_text_char(out, alphabet[group >> (18 - 6 * k) & 63]);
    }
}

static int digit_of(uint8_t c)
{
    const char *at = c == '\0' ? NULL : strchr(alphabet, c);
    return at ? (int)(at - alphabet) : -1;
}

static int decode(struct pl_span in, struct pl_writer *out)
{
    uint32_t bits = 0, count = 0;
    for (size_t i = 0; i < in.len; i++) {
        int digit = digit_of(in.ptr[i]);
        if (digit < 0) return PL_E_TRUNCATED;
        bits = (bits << 6 | (uint32_t)digit) & 0xffff;
        count += 6;
        if (count < 8) continue;
        count -= 8;
        pl_put_u8(out, (uint8_t)(bits >> count));
    }
    // What is left over is padding: less than a digit, and zero.
    if (count >= 6 || (bits & ((1U << count) - 1)) != 0) return PL_E_TRUNCATED;
    return out->err == 0 ? 0 : PL_E_TRUNCATED;
}

void pl_token_write(const struct pl_token *token, char *text)
{
    uint8_t body[PL_TOKEN_BODY_BYTES];
    char address[PL_ADDRESS_TEXT_BYTES];
    struct pl_writer w = pl_writer_init(body, sizeof body);
    pl_put_bytes(&w, (struct pl_span){token->id, sizeof token->id});
    pl_put_bytes(&w, (struct pl_span){token->secret, sizeof token->secret});
    pl_put_bytes(&w, (struct pl_span){token->fingerprint.bytes, PL_FINGERPRINT_BYTES});
    pl_put_u64(&w, (uint64_t)token->expires_unix_ms);
    pl_put_u8(&w, token->pool_count);
    for (size_t i = 0; i < token->pool_count; i++) pl_put_str8(&w, pl_name_span(&token->pools[i]));
    pl_put_u8(&w, token->address_count);
    for (size_t i = 0; i < token->address_count; i++) {
        pl_address_write(&token->addresses[i], address);
        pl_put_str8(&w, pl_span_of(address));
    }
    pl_put_u32(&w, checksum((struct pl_span){body, w.len}));
    PL_ASSERT(w.err == 0);
    struct pl_text t = pl_text_init(text, PL_TOKEN_TEXT_BYTES);
    pl_text_str(&t, prefix);
    encode((struct pl_span){body, w.len}, &t);
    PL_ASSERT(!t.overflow);
}

static void get_pools(struct pl_reader *r, struct pl_token *out)
{
    out->pool_count = pl_get_u8(r);
    if (r->err == 0 && (out->pool_count < 1 || out->pool_count > PL_TOKEN_POOLS_MAX))
        r->err = PL_E_RANGE;
    for (size_t i = 0; r->err == 0 && i < out->pool_count; i++) {
        struct pl_span name = pl_get_str8(r);
        if (r->err == 0 && pl_name_parse(name, &out->pools[i]) < 0) r->err = PL_E_SYNTAX;
    }
}

static void get_addresses(struct pl_reader *r, struct pl_token *out)
{
    out->address_count = pl_get_u8(r);
    if (r->err == 0 && (out->address_count < 1 || out->address_count > PL_TOKEN_ADDRESSES_MAX))
        r->err = PL_E_RANGE;
    for (size_t i = 0; r->err == 0 && i < out->address_count; i++) {
        struct pl_span text = pl_get_str8(r);
        if (r->err == 0 && pl_address_parse(text, &out->addresses[i]) < 0) r->err = PL_E_SYNTAX;
    }
}

static int body_parse(struct pl_span body, struct pl_token *out)
{
    struct pl_reader r = pl_reader_init(body);
    struct pl_token token = {0};
    struct pl_span id = pl_get_bytes(&r, PL_TOKEN_ID_BYTES);
    struct pl_span secret = pl_get_bytes(&r, PL_TOKEN_SECRET_BYTES);
    struct pl_span fingerprint = pl_get_bytes(&r, PL_FINGERPRINT_BYTES);
    uint64_t expires = pl_get_u64(&r);
    if (r.err != 0) return r.err;
    if (expires > (uint64_t)PL_UNIX_MS_MAX) return PL_E_RANGE;
    memcpy(token.id, id.ptr, id.len);
    memcpy(token.secret, secret.ptr, secret.len);
    memcpy(token.fingerprint.bytes, fingerprint.ptr, fingerprint.len);
    token.expires_unix_ms = (int64_t)expires;
    get_pools(&r, &token);
    get_addresses(&r, &token);
    int err = pl_reader_finish(&r);
    if (err == 0) *out = token;
    return err;
}

static bool is_blank(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

int pl_token_parse(struct pl_span text, struct pl_token *out)
{
    uint8_t body[PL_TOKEN_BODY_BYTES];
    struct pl_writer w = pl_writer_init(body, sizeof body);
    while (text.len > 0 && is_blank(text.ptr[0]))
        text = (struct pl_span){text.ptr + 1, text.len - 1};
    while (text.len > 0 && is_blank(text.ptr[text.len - 1])) text.len--;
    if (text.len < PREFIX_LEN || memcmp(text.ptr, "pl", 2) != 0 || text.ptr[3] != '.')
        return PL_E_MAGIC;
    if (text.ptr[2] != '1') return PL_E_VERSION;
    int err = decode((struct pl_span){text.ptr + PREFIX_LEN, text.len - PREFIX_LEN}, &w);
    if (err != 0) return err;
    if (w.len < CHECKSUM_BYTES) return PL_E_TRUNCATED;
    struct pl_span content = {body, w.len - CHECKSUM_BYTES};
    struct pl_reader sum = pl_reader_init((struct pl_span){body + content.len, CHECKSUM_BYTES});
    if (pl_get_u32(&sum) != checksum(content)) return PL_E_TRUNCATED;
    return body_parse(content, out);
}
