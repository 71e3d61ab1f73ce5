/* chunk.h - up to 60 rows of one host as compressed columns: what Redis holds.
 *
 * Per column the first value and then zigzag deltas, bit-packed at the width that suits most of
 * them; the few that are wider are patched (Zukowski et al., "Super-Scalar RAM-CPU Cache
 * Compression", 2006: PFOR-DELTA): 0.6 bytes per value of real hosts. Columns are named by the
 * stable metric id, so that a chunk outlives the program that wrote it. Layout in PROTOCOL.md. */
#pragma once

#include "common/base/base.h"
#include "common/base/bytes.h"
#include "common/wire/hello.h"

enum {
    PL_CHUNK_ROWS_MAX = 60,
    PL_CHUNK_COLUMNS_MAX = 3 * PL_METRIC_MAX,
    /* Header, times, and columns that do not compress at all. */
    PL_CHUNK_BYTES_MAX =
        64 + 10 * PL_CHUNK_ROWS_MAX + PL_CHUNK_COLUMNS_MAX * (22 + 5 * PL_CHUNK_ROWS_MAX),
};

enum pl_chunk_kind {
    PL_CHUNK_SAMPLES = 1, // column id = metric id; rows are samples with contiguous seq
    PL_CHUNK_ROLLUP = 2,  // column id = metric id * 4 + enum pl_rollup; rows are fixed steps
};

enum pl_rollup { PL_ROLLUP_MIN = 0, PL_ROLLUP_AVG = 1, PL_ROLLUP_MAX = 2 };

struct pl_chunk_head {
    enum pl_chunk_kind kind;
    struct pl_boot_id boot_id; // of the samples; all zero for a roll-up
    uint64_t first_seq;        // of the first row; 0 for a roll-up
    uint8_t row_count;         // 1 to PL_CHUNK_ROWS_MAX
    int64_t unix_ms[PL_CHUNK_ROWS_MAX];
};

/* Write head, then columns in any order, each id at most once, then end. A column whose values
 * are all PL_ABSENT is left out. `values` has head->row_count items. */
struct pl_chunk_writer {
    struct pl_writer *out; // borrowed
    size_t count_at;       // where the number of columns is patched in
    uint16_t column_count;
    uint8_t row_count;
};
void pl_chunk_begin(struct pl_chunk_writer *cw, struct pl_writer *out,
                    const struct pl_chunk_head *head);
void pl_chunk_column(struct pl_chunk_writer *cw, uint16_t id, const int32_t *values);
void pl_chunk_end(struct pl_chunk_writer *cw);

/* Read: open checks the head; each next gives one column with head.row_count values. */
struct pl_chunk_reader {
    struct pl_chunk_head head;
    struct pl_reader in;
    uint16_t left; // columns
};
/* PL_E_VERSION, PL_E_TRUNCATED, PL_E_RANGE (row count, times), PL_E_SYNTAX. */
PL_MUST_CHECK int pl_chunk_open(struct pl_chunk_reader *cr, struct pl_span bytes);
/* 1 and a column, 0 at the (exact) end, or a refusal as above; outputs untouched unless 1. */
PL_MUST_CHECK int pl_chunk_next(struct pl_chunk_reader *cr, uint16_t *id,
                                int32_t values[PL_CHUNK_ROWS_MAX]);
