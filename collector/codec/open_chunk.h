/* open_chunk.h - the running minute of one host, small enough to keep one per host in memory.
 *
 * Samples are kept in the delta coding of the wire (common/wire/sample.h); the column chunk for
 * Redis is made from them when it is written, at most once in ten seconds. A chunk holds samples of
 * one boot id, one UTC minute, contiguous in seq. */
#pragma once

#include "common/wire/chunk.h"
#include "common/wire/sample.h"

enum {
    PL_OPEN_CHUNK_BYTES = 3200,
    /* Of one sample in it, our metrics all changed: flags, length, seq, time, two bitmaps, values.
     */
    PL_OPEN_SAMPLE_BYTES_MAX = 3 + 1 + 20 + 2 * ((PL_METRIC_COUNT + 7) / 8) + 5 * PL_METRIC_COUNT,
};

struct pl_open_chunk {
    struct pl_boot_id boot_id;
    uint64_t first_seq, last_seq;
    int64_t first_unix_ms; // of the row that came first
    uint8_t row_count;     // 0: empty; else at most PL_CHUNK_ROWS_MAX
    uint16_t len;
    struct pl_sample_codec codec;
    uint8_t bytes[PL_OPEN_CHUNK_BYTES];
};

/* Empty it. */
void pl_open_chunk_reset(struct pl_open_chunk *c);
/* Append. PL_E_FULL when `sample` cannot be in this chunk (another boot id or minute, a hole in
 * seq, no room): seal it and begin anew; an empty chunk takes every sample. */
PL_MUST_CHECK int pl_open_chunk_add(struct pl_open_chunk *c, const struct pl_boot_id *boot_id,
                                    const struct pl_sample *sample);
/* Write it as a column chunk; `c` is not empty. PL_E_FULL is in `out->err`. */
void pl_open_chunk_write(const struct pl_open_chunk *c, struct pl_writer *out);

/* Its samples, first to last: set {.chunk = c}, then next until it is false. */
struct pl_open_chunk_reader {
    const struct pl_open_chunk *chunk; // borrowed
    uint16_t at;
    struct pl_sample_codec codec;
};
bool pl_open_chunk_next(struct pl_open_chunk_reader *r, struct pl_sample *out);
