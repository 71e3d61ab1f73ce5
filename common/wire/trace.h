/* trace.h - a recorded stream: the frames a collector received, with who sent them and when.
 *
 * A trace replays through the same session and engine code as live traffic. The file is
 * "plimsoll trace 1\n", then records: varint ms since the record before (the first: unix_ms of
 * the recording's start), varint stream number (one per connection, from 1), varint length, and one
 * whole frame of that length; length 0 marks the end of that stream's connection. */
#pragma once

#include "common/base/base.h"
#include "common/base/bytes.h"
#include "common/wire/frame.h"

#include <sys/types.h>

#define PL_TRACE_MAGIC "plimsoll trace 1\n"
enum { PL_TRACE_RECORD_BYTES_MAX = 3 * PL_VARINT_BYTES_MAX + PL_FRAME_BYTES_MAX };

struct pl_trace_record {
    int64_t unix_ms;      // when the collector received it; never decreases
    uint64_t stream;      // 1, 2, ...
    struct pl_span frame; // borrowed; empty: the connection ended
};

/* Writes the magic. */
void pl_trace_begin(struct pl_writer *out);
/* `*last_unix_ms` carries the time base: 0 before the first record. A time before it is written
 * as equal to it. */
void pl_trace_write(const struct pl_trace_record *record, int64_t *last_unix_ms,
                    struct pl_writer *out);

/* Bytes consumed by the magic at the start of `in`, 0 for more, PL_E_MAGIC. */
PL_MUST_CHECK ssize_t pl_trace_parse_begin(struct pl_span in);
/* The next record of `in`: bytes consumed, 0 when more are needed (or at the end of the file), or
 * PL_E_TOO_BIG, PL_E_RANGE, PL_E_SYNTAX (the frame inside is not exactly one frame). */
PL_MUST_CHECK ssize_t pl_trace_parse(struct pl_span in, int64_t *last_unix_ms,
                                     struct pl_trace_record *out);
