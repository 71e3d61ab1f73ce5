#include "common/base/bytes.h"

#include "common/base/err.h"

struct pl_reader pl_reader_init(struct pl_span in)
{
    return (struct pl_reader){in.ptr, in.ptr + in.len, 0};
}

/* True if `len` bytes can be read now; remembers the failure otherwise. */
static bool have(struct pl_reader *r, size_t len)
{
    if (r->err == 0 && len > (size_t)(r->end - r->ptr)) r->err = PL_E_TRUNCATED;
    return r->err == 0;
}

static uint64_t get_be(struct pl_reader *r, size_t len)
{
    if (!have(r, len)) return 0;
    uint64_t value = 0;
    for (size_t i = 0; i < len; i++) value = value << 8 | r->ptr[i];
    r->ptr += len;
    return value;
}

uint8_t pl_get_u8(struct pl_reader *r)
{
    return (uint8_t)get_be(r, 1);
}

uint16_t pl_get_u16(struct pl_reader *r)
{
    return (uint16_t)get_be(r, 2);
}

uint32_t pl_get_u32(struct pl_reader *r)
{
    return (uint32_t)get_be(r, 4);
}

uint64_t pl_get_u64(struct pl_reader *r)
{
    return get_be(r, 8);
}

uint64_t pl_get_varint(struct pl_reader *r)
{
    uint64_t value = 0;
    if (r->err != 0) return 0;
    if (r->end - r->ptr >= PL_VARINT_SHORT_BYTES) {
        size_t len = pl_peek_varint(r->ptr, &value);
        r->ptr += len;
        if (len > 0) return value;
    }
    for (unsigned shift = 0; shift < 7 * PL_VARINT_BYTES_MAX; shift += 7) {
        if (r->ptr == r->end) {
            r->err = PL_E_TRUNCATED;
            return 0;
        }
        uint8_t byte = *r->ptr++;
        if (shift == 63 && byte > 1) break; // bits beyond the 64th, or an eleventh byte
        value |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80) return value;
    }
    r->err = PL_E_RANGE;
    return 0;
}

int64_t pl_get_zigzag(struct pl_reader *r)
{
    return pl_unzigzag(pl_get_varint(r));
}

struct pl_span pl_get_bytes(struct pl_reader *r, size_t len)
{
    if (!have(r, len)) return (struct pl_span){r->ptr, 0};
    struct pl_span bytes = {r->ptr, len};
    r->ptr += len;
    return bytes;
}

struct pl_span pl_get_str8(struct pl_reader *r)
{
    uint8_t len = pl_get_u8(r);
    return pl_get_bytes(r, len);
}

void pl_get_text(struct pl_reader *r, char *out, size_t len_max)
{
    struct pl_span text = pl_get_str8(r);
    if (r->err == 0 && text.len > len_max) r->err = PL_E_RANGE;
    for (size_t i = 0; i < text.len && r->err == 0; i++) {
        if (text.ptr[i] < ' ' || text.ptr[i] > '~') r->err = PL_E_SYNTAX;
    }
    if (r->err != 0) return;
    if (text.len > 0) memcpy(out, text.ptr, text.len);
    out[text.len] = '\0';
}

int pl_reader_finish(const struct pl_reader *r)
{
    if (r->err != 0) return r->err;
    return r->ptr == r->end ? 0 : PL_E_SYNTAX;
}

struct pl_writer pl_writer_init(uint8_t *buf, size_t cap)
{
    return (struct pl_writer){buf, cap, 0, 0};
}

/* Room for `len` more bytes, or NULL with the failure remembered. */
static uint8_t *reserve(struct pl_writer *w, size_t len)
{
    if (w->err == 0 && len > w->cap - w->len) w->err = PL_E_FULL;
    if (w->err != 0) return NULL;
    uint8_t *at = w->ptr + w->len;
    w->len += len;
    return at;
}

static void put_be(struct pl_writer *w, uint64_t value, size_t len)
{
    uint8_t *at = reserve(w, len);
    if (!at) return;
    for (size_t i = len; i-- > 0; value >>= 8) at[i] = (uint8_t)value;
}

void pl_put_u8(struct pl_writer *w, uint8_t value)
{
    put_be(w, value, 1);
}

void pl_put_u16(struct pl_writer *w, uint16_t value)
{
    put_be(w, value, 2);
}

void pl_put_u32(struct pl_writer *w, uint32_t value)
{
    put_be(w, value, 4);
}

void pl_put_u64(struct pl_writer *w, uint64_t value)
{
    put_be(w, value, 8);
}

void pl_put_varint(struct pl_writer *w, uint64_t value)
{
    uint8_t buf[PL_VARINT_BYTES_MAX];
    size_t len = 0;
    while (value >= 0x80) {
        buf[len++] = (uint8_t)(value | 0x80);
        value >>= 7;
    }
    buf[len++] = (uint8_t)value;
    pl_put_bytes(w, (struct pl_span){buf, len});
}

void pl_put_zigzag(struct pl_writer *w, int64_t value)
{
    pl_put_varint(w, pl_zigzag(value));
}

void pl_put_bytes(struct pl_writer *w, struct pl_span bytes)
{
    uint8_t *at = reserve(w, bytes.len);
    if (at && bytes.len > 0) memcpy(at, bytes.ptr, bytes.len);
}

void pl_put_str8(struct pl_writer *w, struct pl_span bytes)
{
    if (bytes.len > UINT8_MAX && w->err == 0) w->err = PL_E_FULL;
    pl_put_u8(w, (uint8_t)bytes.len);
    pl_put_bytes(w, bytes);
}
