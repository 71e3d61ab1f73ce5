#include "common/wire/chunk.h"

#include "common/base/assert.h"
#include "common/base/err.h"
#include "common/wire/sample.h"

#include <assert.h>
#include <endian.h>

enum {
    CHUNK_VERSION = 1,
    /* Of the byte in front of packed fields: their width, and what else is there. */
    WIDTH_BITS = 0x3f,
    HAS_EXCEPTIONS = 0x40,
    HAS_PRESENCE = 0x80,
    /* Differences of int32 take 32 bits and a sign; of two steps between times before year 10000,
     * 49 bits and a sign. Fields are read and written 8 bytes at a time, at any bit of the first
     * byte. */
    VALUE_WIDTH_MAX = 33,
    TIME_WIDTH_MAX = 50,
    FIELDS_MAX = PL_CHUNK_ROWS_MAX - 1,
    PACKED_BYTES_MAX = (FIELDS_MAX * TIME_WIDTH_MAX + 7) / 8,
};
static_assert(TIME_WIDTH_MAX + 7 <= 64, "a field and its bit offset must fit 64 bits");
static_assert(PL_CHUNK_ROWS_MAX <= 64, "the rows of a column are marked in one uint64");

static unsigned width_of(uint64_t field)
{
    return field == 0 ? 0 : 64 - (unsigned)__builtin_clzll(field);
}

static size_t packed_bytes(size_t count, unsigned width)
{
    return (count * width + 7) / 8;
}

/* The width at which fields and exceptions together are shortest: one spike must not widen the
 * whole minute. An exception is reckoned at an index and a varint of all its bits, never less than
 * it takes, so the result is never longer than without exceptions. */
static unsigned best_width(const uint64_t *fields, size_t count)
{
    uint8_t counts[64] = {0}; // of fields by their width
    unsigned width = 0;
    for (size_t i = 0; i < count; i++) {
        counts[width_of(fields[i])]++;
        width = PL_MAX(width, width_of(fields[i]));
    }
    unsigned best = width;
    size_t least = packed_bytes(count, width), exceptions = 1; // their number takes a byte
    for (; width > 0 && exceptions < least; width--) {
        exceptions += counts[width] * (size_t)(1 + (width + 6) / 7);
        size_t bytes = packed_bytes(count, width - 1) + exceptions;
        if (bytes >= least) continue;
        best = width - 1;
        least = bytes;
    }
    return best;
}

static bool any_wider(const uint64_t *fields, size_t count, unsigned width)
{
    uint64_t all = 0;
    for (size_t i = 0; i < count; i++) all |= fields[i];
    return all >> width != 0;
}

/* `count` fields of `width` bits, the first in the lowest bits of the first byte; then what did not
 * fit. */
static void put_packed(struct pl_writer *out, const uint64_t *fields, size_t count, unsigned width)
{
    uint8_t buf[PACKED_BYTES_MAX + 8];
    uint64_t word = 0, mask = (UINT64_C(1) << width) - 1;
    uint8_t *at = buf;
    uint8_t exceptions = 0;
    for (size_t i = 0, used = 0; i < count; i++) {
        word |= (fields[i] & mask) << used;
        if (fields[i] > mask) exceptions++;
        used += width;
        uint64_t bytes = htole64(word);
        memcpy(at, &bytes, sizeof bytes);
        at += used / 8;
        word >>= used & ~(size_t)7;
        used &= 7;
    }
    pl_put_bytes(out, (struct pl_span){buf, packed_bytes(count, width)});
    if (exceptions == 0) return;
    pl_put_u8(out, exceptions);
    for (size_t i = 0; i < count; i++) {
        if (fields[i] <= mask) continue;
        pl_put_u8(out, (uint8_t)i);
        pl_put_varint(out, fields[i] >> width);
    }
}

/* The high bits of fields wider than `width`, each below 2^`width_max` as a whole. */
static int get_exceptions(struct pl_reader *in, uint64_t *fields, size_t count, unsigned width,
                          unsigned width_max)
{
    size_t next = 0;
    for (uint8_t left = pl_get_u8(in); left > 0; left--) {
        size_t index = pl_get_u8(in);
        uint64_t high = pl_get_varint(in);
        if (in->err != 0) return in->err;
        if (index < next || index >= count) return PL_E_SYNTAX;
        if (high == 0 || width_of(high) + width > width_max) return PL_E_RANGE;
        fields[index] |= high << width;
        next = index + 1;
    }
    return in->err;
}

/* `head` is the byte with width and flags. */
static int get_packed(struct pl_reader *in, uint64_t *fields, size_t count, uint8_t head,
                      unsigned width_max)
{
    unsigned width = head & WIDTH_BITS;
    if (width > width_max) return PL_E_RANGE;
    struct pl_span packed = pl_get_bytes(in, packed_bytes(count, width));
    if (in->err != 0) return in->err;
    uint8_t padded[PACKED_BYTES_MAX + 8] = {0};
    const uint8_t *from = packed.ptr;
    if (in->end - in->ptr < 8) { // too close to the end to read 8 bytes at a time
        if (packed.len > 0) memcpy(padded, packed.ptr, packed.len);
        from = padded;
    }
    uint64_t mask = (UINT64_C(1) << width) - 1;
    for (size_t i = 0, bit = 0; i < count; i++, bit += width) {
        uint64_t word;
        memcpy(&word, from + bit / 8, sizeof word);
        fields[i] = le64toh(word) >> bit % 8 & mask;
    }
    return (head & HAS_EXCEPTIONS) != 0 ? get_exceptions(in, fields, count, width, width_max) : 0;
}

static uint8_t packed_head(const uint64_t *fields, size_t count, unsigned width)
{
    return (uint8_t)(width | (any_wider(fields, count, width) ? HAS_EXCEPTIONS : 0));
}

/* First time, step to the second, then how far each later step is from that one. */
static void put_times(struct pl_writer *out, const int64_t *unix_ms, size_t count)
{
    uint64_t fields[PL_CHUNK_ROWS_MAX];
    int64_t step = count > 1 ? unix_ms[1] - unix_ms[0] : 0;
    PL_ASSERT(count >= 1);
    for (size_t i = 0; i < count; i++) {
        PL_ASSERT(unix_ms[i] >= 0 && unix_ms[i] <= PL_UNIX_MS_MAX);
        if (i > 0) fields[i - 1] = pl_zigzag(unix_ms[i] - unix_ms[i - 1] - step);
    }
    unsigned width = best_width(fields, count - 1);
    pl_put_varint(out, (uint64_t)unix_ms[0]);
    pl_put_zigzag(out, step);
    pl_put_u8(out, packed_head(fields, count - 1, width));
    put_packed(out, fields, count - 1, width);
}

/* Sums are uint64: hostile steps may overflow, and then land outside the range. */
static int get_times(struct pl_reader *in, int64_t *unix_ms, size_t count)
{
    uint64_t fields[PL_CHUNK_ROWS_MAX];
    uint64_t time = pl_get_varint(in), step = (uint64_t)pl_get_zigzag(in);
    uint8_t head = pl_get_u8(in);
    if (in->err != 0) return in->err;
    if ((head & HAS_PRESENCE) != 0) return PL_E_SYNTAX;
    int err = get_packed(in, fields, count - 1, head, TIME_WIDTH_MAX);
    if (err != 0) return err;
    for (size_t i = 0; i < count; i++) {
        if (i > 0) time += step + (uint64_t)pl_unzigzag(fields[i - 1]);
        if (time > (uint64_t)PL_UNIX_MS_MAX) return PL_E_RANGE;
        unix_ms[i] = (int64_t)time;
    }
    return 0;
}

void pl_chunk_begin(struct pl_chunk_writer *cw, struct pl_writer *out,
                    const struct pl_chunk_head *head)
{
    PL_ASSERT(head->row_count >= 1 && head->row_count <= PL_CHUNK_ROWS_MAX);
    PL_ASSERT(head->kind == PL_CHUNK_ROLLUP || head->first_seq >= 1);
    pl_put_u8(out, CHUNK_VERSION);
    pl_put_u8(out, (uint8_t)head->kind);
    pl_put_u8(out, head->row_count);
    if (head->kind == PL_CHUNK_SAMPLES) {
        pl_put_bytes(out, (struct pl_span){head->boot_id.bytes, PL_BOOT_ID_BYTES});
        pl_put_varint(out, head->first_seq);
    }
    put_times(out, head->unix_ms, head->row_count);
    *cw = (struct pl_chunk_writer){.out = out, .count_at = out->len, .row_count = head->row_count};
    pl_put_u16(out, 0);
}

void pl_chunk_column(struct pl_chunk_writer *cw, uint16_t id, const int32_t *values)
{
    uint64_t fields[PL_CHUNK_ROWS_MAX], presence = 0;
    size_t count = 0; // of values; one more than of fields
    int32_t first = 0, previous = 0;
    for (size_t row = 0; row < cw->row_count; row++) {
        if (values[row] == PL_ABSENT) continue;
        presence |= UINT64_C(1) << row;
        if (count == 0) first = values[row];
        if (count > 0) fields[count - 1] = pl_zigzag((int64_t)values[row] - previous);
        count++;
        previous = values[row];
    }
    if (count == 0) return;
    PL_ASSERT(cw->column_count < PL_CHUNK_COLUMNS_MAX);
    cw->column_count++;
    bool has_presence = count < cw->row_count;
    unsigned width = best_width(fields, count - 1);
    uint8_t head = packed_head(fields, count - 1, width);
    pl_put_u16(cw->out, id);
    pl_put_u8(cw->out, (uint8_t)(head | (has_presence ? HAS_PRESENCE : 0)));
    for (size_t at = 0; has_presence && at < cw->row_count; at += 8)
        pl_put_u8(cw->out, (uint8_t)(presence >> at));
    pl_put_zigzag(cw->out, first);
    put_packed(cw->out, fields, count - 1, width);
}

void pl_chunk_end(struct pl_chunk_writer *cw)
{
    if (cw->out->err != 0) return;
    struct pl_writer count = pl_writer_init(cw->out->ptr + cw->count_at, 2);
    pl_put_u16(&count, cw->column_count);
}

int pl_chunk_open(struct pl_chunk_reader *cr, struct pl_span bytes)
{
    struct pl_reader in = pl_reader_init(bytes);
    struct pl_chunk_head head = {0};
    uint8_t version = pl_get_u8(&in);
    if (in.err == 0 && version != CHUNK_VERSION) return PL_E_VERSION;
    uint8_t kind = pl_get_u8(&in);
    head.row_count = pl_get_u8(&in);
    if (in.err != 0) return in.err;
    if (kind != PL_CHUNK_SAMPLES && kind != PL_CHUNK_ROLLUP) return PL_E_SYNTAX;
    if (head.row_count < 1 || head.row_count > PL_CHUNK_ROWS_MAX) return PL_E_RANGE;
    head.kind = (enum pl_chunk_kind)kind;
    if (head.kind == PL_CHUNK_SAMPLES) {
        struct pl_span boot_id = pl_get_bytes(&in, PL_BOOT_ID_BYTES);
        head.first_seq = pl_get_varint(&in);
        if (in.err != 0) return in.err;
        if (head.first_seq < 1 || head.first_seq > UINT64_MAX - head.row_count) return PL_E_RANGE;
        memcpy(head.boot_id.bytes, boot_id.ptr, PL_BOOT_ID_BYTES);
    }
    int err = get_times(&in, head.unix_ms, head.row_count);
    uint16_t left = pl_get_u16(&in);
    if (err != 0 || in.err != 0) return err != 0 ? err : in.err;
    if (left > PL_CHUNK_COLUMNS_MAX) return PL_E_RANGE;
    *cr = (struct pl_chunk_reader){.head = head, .in = in, .left = left};
    return 0;
}

/* Which rows have a value; at least one, and none beyond the last. */
static int get_presence(struct pl_reader *in, size_t row_count, uint64_t *out)
{
    uint64_t presence = 0;
    for (size_t at = 0; at < row_count; at += 8) presence |= (uint64_t)pl_get_u8(in) << at;
    if (in->err != 0) return in->err;
    if (presence == 0 || presence >> (row_count - 1) > 1) return PL_E_SYNTAX;
    *out = presence;
    return 0;
}

int pl_chunk_next(struct pl_chunk_reader *cr, uint16_t *id, int32_t values[PL_CHUNK_ROWS_MAX])
{
    struct pl_reader *in = &cr->in;
    if (cr->left == 0) return pl_reader_finish(in);
    uint16_t column = pl_get_u16(in);
    uint8_t head = pl_get_u8(in);
    if (in->err != 0) return in->err;
    uint64_t presence = UINT64_MAX >> (64 - cr->head.row_count);
    if ((head & HAS_PRESENCE) != 0) {
        int err = get_presence(in, cr->head.row_count, &presence);
        if (err != 0) return err;
    }
    uint64_t fields[PL_CHUNK_ROWS_MAX], sum = (uint64_t)pl_get_zigzag(in);
    size_t count = (size_t)__builtin_popcountll(presence);
    int err = get_packed(in, fields, count - 1, head, VALUE_WIDTH_MAX);
    if (err != 0) return err;
    int32_t column_values[PL_CHUNK_ROWS_MAX];
    for (size_t row = 0, used = 0; row < cr->head.row_count; row++) {
        column_values[row] = PL_ABSENT;
        if ((presence >> row & 1) == 0) continue;
        // NOLINTNEXTLINE(clang-analyzer-core.CallAndMessage): as many fields as presence has bits
        if (used > 0) sum += (uint64_t)pl_unzigzag(fields[used - 1]);
        used++;
        if ((int64_t)sum <= INT32_MIN || (int64_t)sum > INT32_MAX) return PL_E_RANGE;
        column_values[row] = (int32_t)sum;
    }
    memcpy(values, column_values, cr->head.row_count * sizeof values[0]);
    *id = column;
    cr->left--;
    return 1;
}
