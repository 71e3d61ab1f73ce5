/* rollup.h - many samples become one row: least, mean and largest value of each metric.
 *
 *     samples of 10 minutes -> 60 rows of 10 s       rows of 5 hours -> 60 rows of 5 min
 *
 * The least and largest survive every step, so a spike of one second is still a spike in a month.
 * Chunks may overlap (after a restart an agent sends again what was stored but not yet
 * acknowledged): a sample counts once, by time and seq. Rows of a further step count alike. */
#pragma once

#include "collector/codec/keys.h"
#include "common/wire/chunk.h"
#include "common/wire/metric.h"

enum {
    PL_ROLLUP_ROWS = 60,
    PL_ROLLUP_SAMPLES_MAX = 6144, // of one window, ten per second; further ones are left out
    PL_ROLLUP_SEEN_SIZE = 8192,   // power of two
};

struct pl_rollup_cell {
    int64_t sum;
    uint32_t count; // 0: nothing here
    int32_t min, max;
};

struct pl_rollup_job {       // 130 KB: belongs into static or heap memory
    enum pl_resolution into; // PL_R10 or PL_R300
    int64_t window_unix_ms;
    uint32_t seen_count;
    uint64_t seen[PL_ROLLUP_SEEN_SIZE]; // set of (time, seq); 0: free
    struct pl_rollup_cell cells[PL_METRIC_COUNT][PL_ROLLUP_ROWS];
};

/* Begin the window of `into` that starts at `window_unix_ms`. */
void pl_rollup_begin(struct pl_rollup_job *job, enum pl_resolution into, int64_t window_unix_ms);
/* Take in what a stored chunk (samples for PL_R10, 10 s rows for PL_R300) has in this window. A
 * refusal of pl_chunk_open/next, or PL_E_SYNTAX for the other kind of chunk; what was taken before
 * the fault was found stays. */
PL_MUST_CHECK int pl_rollup_add(struct pl_rollup_job *job, struct pl_span chunk);
/* Write the rows that have values as a chunk. Their number, or 0 and nothing is written. */
size_t pl_rollup_write(const struct pl_rollup_job *job, struct pl_writer *out);

/* Column ids of a roll-up chunk, and back: false for an id that names no metric of ours. */
uint16_t pl_rollup_column(enum pl_metric metric, enum pl_rollup what);
bool pl_rollup_of_column(uint16_t id, enum pl_metric *metric, enum pl_rollup *what);
/* sum / count to the nearest integer, halves away from zero; count at least 1. */
int32_t pl_rollup_mean(int64_t sum, uint32_t count);
