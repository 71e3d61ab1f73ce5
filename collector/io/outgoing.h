/* outgoing.h - a bounded queue of bytes in front of one uv_stream.
 *
 *     pl_outgoing_write --socket takes all--> done, nothing copied
 *                       --the rest--> ring --uv_write--> on_written --> ... --empty--> on_drained
 *
 * What the socket does not take at once waits in a ring of fixed size; what does not fit there is
 * refused, and the owner decides what that means (skip an event, cut the reader). */
#pragma once

#include "common/base/base.h"
#include "common/base/span.h"

#include <uv.h>

/* The ring is empty again (`status` 0), or the connection failed (negative libuv code; nothing
 * more will be written). Never called from inside pl_outgoing_write. */
typedef void pl_outgoing_drained_fn(void *arg, int status);

struct pl_outgoing {
    uv_stream_t *stream; // borrowed
    uint8_t *ring;       // borrowed: `cap` bytes
    size_t cap;
    size_t start;     // of the waiting bytes
    size_t len;       // bytes waiting, those in flight included
    size_t in_flight; // bytes the running uv_write was given
    uint64_t total;   // bytes ever accepted
    uv_write_t request;
    pl_outgoing_drained_fn *on_drained;
    void *arg; // borrowed, for on_drained
};

enum { PL_OUTGOING_PARTS_MAX = 2 };

/* Queue the bytes of `parts` (`count` items, 1 to PL_OUTGOING_PARTS_MAX), in that order. 0, or
 * PL_E_FULL if they do not fit as a whole, or a libuv code. On failure nothing was queued, but a
 * part may have gone out: close the stream, except after PL_E_FULL. Bytes are copied. */
PL_MUST_CHECK int pl_outgoing_write(struct pl_outgoing *o, const struct pl_span *parts,
                                    size_t count);

/* Bytes the kernel has taken so far: it grows while the other side reads. */
uint64_t pl_outgoing_taken(const struct pl_outgoing *o);
