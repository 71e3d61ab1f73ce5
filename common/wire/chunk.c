#include "common/wire/chunk.h"

#include "common/base/assert.h"
#include "common/base/err.h"
#include "common/wire/sample.h"

#include <assert.h>
#include <endian.h>

enum {
    CHUNK_VERSION = 1,
    HAS_PRESENCE = 0x80, // in the byte that holds a column's width
    /* Differences of int32 take 33 bits and a sign; of two steps between times before year 10000,
     * 49 bits and a sign. The fields below are read and written 8 bytes at a time, at any bit of
     * the first byte. */
    VALUE_WIDTH_MAX = 33,
    TIME_WIDTH_MAX = 50,
    WIDTH_MAX = 57,
    PRESENCE_BYTES_MAX = (PL_CHUNK_ROWS_MAX + 7) / 8,
};
static_assert(TIME_WIDTH_MAX <= WIDTH_MAX, "a field and its bit offset must fit 64 bits");
static_assert(PL_CHUNK_ROWS_MAX <= 64, "the rows of a column are marked in one uint64");

static unsigned width_of(uint64_t bits)
{
    return bits == 0 ? 0 : 64 - (unsigned)__builtin_clzll(bits);
}

static size_t packed_bytes(size_t count, unsigned width)
{
    return (count * width + 7) / 8;
}

/* `count` fields of `width` bits, the first in the lowest bits of the first byte. */
static void put_packed(struct pl_writer *out, const uint64_t *fields, size_t count, unsigned width)
{
    uint8_t buf[PL_CHUNK_ROWS_MAX * WIDTH_MAX / 8 + 9] = {0};
    for (size_t i = 0, bit = 0; i < count; i++, bit += width) {
        uint64_t word;
        memcpy(&word, buf + bit / 8, sizeof word);
        word = htole64(le64toh(word) | fields[i] << bit % 8);
        memcpy(buf + bit / 8, &word, sizeof word);
    }
    pl_put_bytes(out, (struct pl_span){buf, packed_bytes(count, width)});
}

static void get_packed(struct pl_reader *in, uint64_t *fields, size_t count, unsigned width)
{
    uint8_t buf[PL_CHUNK_ROWS_MAX * WIDTH_MAX / 8 + 9] = {0};
    struct pl_span packed = pl_get_bytes(in, packed_bytes(count, width));
    if (packed.len > 0) memcpy(buf, packed.ptr, packed.len);
    for (size_t i = 0, bit = 0; i < count; i++, bit += width) {
        uint64_t word;
        memcpy(&word, buf + bit / 8, sizeof word);
        fields[i] = le64toh(word) >> bit % 8 & ((UINT64_C(1) << width) - 1);
    }
}

/* First time, step to the second, then how far each later step is from that one. */
static void put_times(struct pl_writer *out, const int64_t *unix_ms, size_t count)
{
    PL_ASSERT(count >= 1 && count <= PL_CHUNK_ROWS_MAX);
    uint64_t fields[PL_CHUNK_ROWS_MAX], all = 0;
    int64_t step = count > 1 ? unix_ms[1] - unix_ms[0] : 0;
    for (size_t i = 0; i < count; i++) {
        PL_ASSERT(unix_ms[i] >= 0 && unix_ms[i] <= PL_UNIX_MS_MAX);
        fields[i] = i == 0 ? 0 : pl_zigzag(unix_ms[i] - unix_ms[i - 1] - step);
        all |= fields[i];
    }
    pl_put_varint(out, (uint64_t)unix_ms[0]);
    pl_put_zigzag(out, step);
    pl_put_u8(out, (uint8_t)width_of(all));
    put_packed(out, fields + 1, count - 1, width_of(all));
}

/* Sums are uint64: hostile steps may overflow, and then land outside the range. */
static int get_times(struct pl_reader *in, int64_t *unix_ms, size_t count)
{
    uint64_t fields[PL_CHUNK_ROWS_MAX];
    uint64_t time = pl_get_varint(in), step = (uint64_t)pl_get_zigzag(in);
    unsigned width = pl_get_u8(in);
    if (in->err != 0) return in->err;
    if (width > TIME_WIDTH_MAX) return PL_E_RANGE;
    get_packed(in, fields, count - 1, width);
    if (in->err != 0) return in->err;
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
    uint64_t fields[PL_CHUNK_ROWS_MAX], all = 0, presence = 0;
    size_t count = 0;
    int32_t first = 0, previous = 0;
    for (size_t row = 0; row < cw->row_count; row++) {
        if (values[row] == PL_ABSENT) continue;
        presence |= UINT64_C(1) << row;
        if (count == 0) first = previous = values[row];
        fields[count] = pl_zigzag((int64_t)values[row] - previous);
        all |= fields[count++];
        previous = values[row];
    }
    if (count == 0) return;
    PL_ASSERT(cw->column_count < PL_CHUNK_COLUMNS_MAX);
    cw->column_count++;
    bool has_presence = count < cw->row_count;
    pl_put_u16(cw->out, id);
    pl_put_u8(cw->out, (uint8_t)(width_of(all) | (has_presence ? HAS_PRESENCE : 0)));
    for (size_t at = 0; has_presence && at < cw->row_count; at += 8)
        pl_put_u8(cw->out, (uint8_t)(presence >> at));
    pl_put_zigzag(cw->out, first);
    put_packed(cw->out, fields + 1, count - 1, width_of(all));
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
    uint8_t shape = pl_get_u8(in);
    unsigned width = shape & (HAS_PRESENCE - 1u);
    if (in->err != 0) return in->err;
    if (width > VALUE_WIDTH_MAX) return PL_E_RANGE;
    uint64_t presence = UINT64_MAX >> (64 - cr->head.row_count);
    if ((shape & HAS_PRESENCE) != 0) {
        int err = get_presence(in, cr->head.row_count, &presence);
        if (err != 0) return err;
    }
    uint64_t fields[PL_CHUNK_ROWS_MAX], sum = (uint64_t)pl_get_zigzag(in);
    get_packed(in, fields, (size_t)__builtin_popcountll(presence) - 1, width);
    if (in->err != 0) return in->err;
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
