/* spool.h - the samples no collector has made durable yet: a ring of fixed memory.
 *
 * Sequence numbers count from 1 and have no holes, so a slot need not store its own: the oldest
 * sample is `first_seq`, the next one pushed is `next_seq`, and any in between is found by
 * subtraction. When the ring is full the oldest sample is dropped and counted.
 *
 *     slots   | 7 | 8 | 3 | 4 | 5 | 6 |        first_seq 3, next_seq 9: full
 *                       ^ oldest
 *
 * Samples are kept plain: 8 bytes of time and 4 per metric, some 200 KiB for 15 minutes at one per
 * second. Delta coding is shorter on a quiet machine but longer than plain in the worst
 * case, and the promise of 15 minutes is made for the worst case. An emptied spool starts again at
 * its first slot: a calm one stays in a few lines of cache. */
#pragma once

#include "common/base/base.h"
#include "common/wire/sample.h"

enum { PL_SPOOL_SAMPLES_MAX = 9000 };

struct pl_spool_slot {
    int64_t unix_ms;
    int32_t values[PL_METRIC_COUNT];
};

struct pl_spool {
    struct pl_spool_slot *slots; // borrowed: the caller's memory, `capacity` items
    uint32_t capacity;
    uint32_t oldest; // slot of first_seq
    uint64_t first_seq;
    uint64_t next_seq;
    uint64_t dropped_count;
};

/* Samples that `keep_ms` needs at one per `interval_ms` (both > 0), rounded up; 1 to
 * PL_SPOOL_SAMPLES_MAX. */
uint32_t pl_spool_capacity(int64_t keep_ms, int64_t interval_ms);
/* Bytes of memory for `capacity` samples. */
size_t pl_spool_bytes(uint32_t capacity);
/* Empty. `memory` has pl_spool_bytes(capacity) bytes, is aligned for int64_t and stays the
 * caller's. */
void pl_spool_init(struct pl_spool *s, void *memory, uint32_t capacity);

/* Keep a sample; gives it the next seq, which is also stored in `sample->seq`. Drops the oldest of
 * a full ring. */
void pl_spool_push(struct pl_spool *s, struct pl_sample *sample);
/* Forget everything up to and including `seq`; nothing happens if that is already gone. PL_E_RANGE
 * if no such sample was ever pushed. */
PL_MUST_CHECK int pl_spool_ack(struct pl_spool *s, uint64_t seq);
/* Copy the sample `seq`. `seq` is first_seq to next_seq - 1. */
void pl_spool_get(const struct pl_spool *s, uint64_t seq, struct pl_sample *out);

static inline uint32_t pl_spool_count(const struct pl_spool *s)
{
    return (uint32_t)(s->next_seq - s->first_seq);
}
