/* bytes.h - sticky reader and writer for binary formats.
 *
 * Both remember the first failure and turn every later call into a no-op, so a parser reads all
 * its fields in a straight line and looks at `err` once. Integers are big-endian; varints are
 * LEB128 (7 bits per byte, least significant first, at most 10 bytes); signed varints are zigzag:
 * 0, -1, 1, -2 ... become 0, 1, 2, 3 ... (Protocol Buffers encoding, "Signed Integers"). */
#pragma once

#include "common/base/span.h"

enum { PL_VARINT_BYTES_MAX = 10, PL_VARINT_SHORT_BYTES = 4 };

struct pl_reader {
    const uint8_t *ptr; // borrowed
    const uint8_t *end;
    int err; // 0, PL_E_TRUNCATED, PL_E_RANGE for a varint that does not fit in 64 bits, or what
             // pl_get_text() found
};

struct pl_writer {
    uint8_t *ptr; // borrowed: the caller's buffer
    size_t cap;
    size_t len;
    int err; // 0 or PL_E_FULL; a write that does not fit writes nothing
};

struct pl_reader pl_reader_init(struct pl_span in);
/* After a failure these return 0 or an empty span. */
uint8_t pl_get_u8(struct pl_reader *r);
uint16_t pl_get_u16(struct pl_reader *r);
uint32_t pl_get_u32(struct pl_reader *r);
uint64_t pl_get_u64(struct pl_reader *r);
uint64_t pl_get_varint(struct pl_reader *r);
int64_t pl_get_zigzag(struct pl_reader *r);
/* How many bytes the varint at `at` takes, at most PL_VARINT_SHORT_BYTES, and its value; 0 if it is
 * longer. So many bytes must be readable there. Most varints are short and of no foreseeable
 * length: this one has no branch, and a loop around it keeps its place in a register. */
static inline size_t pl_peek_varint(const uint8_t *at, uint64_t *value);
/* The next `len` bytes, borrowed from the input. */
struct pl_span pl_get_bytes(struct pl_reader *r, size_t len);
/* A string: u8 length, then that many bytes. */
struct pl_span pl_get_str8(struct pl_reader *r);
/* A string of at most `len_max` bytes of printable ASCII, copied, with a NUL behind it: what goes
 * into logs and pages. Fails with PL_E_RANGE or PL_E_SYNTAX; `out` is untouched then. */
void pl_get_text(struct pl_reader *r, char *out, size_t len_max);
/* 0 if everything was read without a failure and nothing is left; else the failure, or
 * PL_E_SYNTAX for left-over bytes. */
int pl_reader_finish(const struct pl_reader *r);

/* Four bytes, least significant first. */
static inline uint32_t pl_peek_le32(const uint8_t *at)
{
    return at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

static inline size_t pl_peek_varint(const uint8_t *at, uint64_t *value)
{
    uint32_t four = pl_peek_le32(at), last = ~four & 0x80808080;
    if (last == 0) return 0;
    four &= last ^ (last - 1); // up to the first byte without a continuation bit
    *value =
        (four & 0x7f) | (four & 0x7f00) >> 1 | (four & 0x7f0000) >> 2 | (four & 0x7f000000) >> 3;
    return (size_t)(__builtin_ctz(last) + 1) / 8;
}

struct pl_writer pl_writer_init(uint8_t *buf, size_t cap);
void pl_put_u8(struct pl_writer *w, uint8_t value);
void pl_put_u16(struct pl_writer *w, uint16_t value);
void pl_put_u32(struct pl_writer *w, uint32_t value);
void pl_put_u64(struct pl_writer *w, uint64_t value);
void pl_put_varint(struct pl_writer *w, uint64_t value);
void pl_put_zigzag(struct pl_writer *w, int64_t value);
void pl_put_bytes(struct pl_writer *w, struct pl_span bytes);
/* u8 length, then the bytes; more than 255 of them fail with PL_E_FULL. */
void pl_put_str8(struct pl_writer *w, struct pl_span bytes);

static inline uint64_t pl_zigzag(int64_t value)
{
    return ((uint64_t)value << 1) ^ (uint64_t)(value >> 63);
}

static inline int64_t pl_unzigzag(uint64_t value)
{
    return (int64_t)(value >> 1) ^ -(int64_t)(value & 1);
}
