/* sample.h - one second of one host, and its delta coding.
 *
 * On the wire a sample is only what changed: a bitmap with one bit per metric and, per set bit, a
 * zigzag varint of the difference to the sample before. A KEY sample needs no predecessor. About
 * 32 bytes for 32 mostly slow metrics. Layout in PROTOCOL.md. */
#pragma once

#include "common/base/base.h"
#include "common/base/bytes.h"
#include "common/wire/metric.h"

struct pl_sample {
    uint64_t seq;    // counts from 1 within a boot id, no holes unless the spool overflowed
    int64_t unix_ms; // the agent's clock when it was taken
    int32_t values[PL_METRIC_COUNT]; // fixed point of metric.def, or PL_ABSENT
};

enum {
    /* Largest encoded sample, KEY or DELTA, of a table of PL_METRIC_MAX metrics. */
    PL_SAMPLE_BYTES_MAX = 21 + 2 * PL_METRIC_MAX / 8 + 5 * PL_METRIC_MAX,
    /* A `seq` that this divides is always sent as KEY, so a recording can be entered there. */
    PL_SAMPLE_KEY_EVERY = 60,
};

/* Last instant of the year 9999: no time on the wire or in a file is later, or before 1970. */
#define PL_UNIX_MS_MAX INT64_C(253402300799999)

/* What both ends remember between two samples of one stream; values in table order. */
struct pl_sample_codec {
    bool primed; // a KEY was coded
    uint8_t metric_count;
    uint64_t seq;
    int64_t unix_ms;
    uint32_t present[PL_METRIC_MAX / 32];
    int32_t previous[PL_METRIC_MAX];
};

void pl_sample_codec_init(struct pl_sample_codec *codec, uint8_t metric_count);

/* Writes the body of a frame. Returns true for a KEY (first of a stream, after a hole in `seq`,
 * every 60th), false for a DELTA. The codec is one for PL_METRIC_COUNT metrics, our own table in
 * the order of metric.def; `seq` rises from sample to sample. If the writer is full, `out->err`
 * says so and the codec's state is no longer defined. */
bool pl_sample_encode(struct pl_sample_codec *codec, const struct pl_sample *sample,
                      struct pl_writer *out);

/* Decodes a KEY (`key`) or DELTA body. `map[i]` is our metric for position i of the peer's table,
 * PL_METRIC_COUNT to skip it; metrics the peer does not have become PL_ABSENT. Refuses with
 * PL_E_TRUNCATED, PL_E_SYNTAX (left-over bytes, bits beyond the table, an unassigned flag),
 * PL_E_RANGE (a value outside int32, `seq` 0 or not above the one before, time outside 1970-9999,
 * a varint over 64 bits), PL_E_STATE (DELTA without KEY). After a refusal `*out` is untouched and
 * the stream must be closed: the codec's state is no longer defined. */
PL_MUST_CHECK int pl_sample_decode(struct pl_sample_codec *codec, bool key, struct pl_span body,
                                   const uint8_t *map, struct pl_sample *out);
