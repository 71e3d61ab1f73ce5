#include "common/wire/trace.h"

#include "common/base/assert.h"
#include "common/base/err.h"
#include "common/wire/sample.h"

static const struct pl_span magic = {(const uint8_t *)PL_TRACE_MAGIC, sizeof PL_TRACE_MAGIC - 1};

void pl_trace_begin(struct pl_writer *out)
{
    pl_put_bytes(out, magic);
}

void pl_trace_write(const struct pl_trace_record *record, int64_t *last_unix_ms,
                    struct pl_writer *out)
{
    PL_ASSERT(record->stream >= 1 && record->frame.len <= PL_FRAME_BYTES_MAX);
    int64_t unix_ms = PL_MAX(record->unix_ms, *last_unix_ms);
    PL_ASSERT(unix_ms <= PL_UNIX_MS_MAX);
    pl_put_varint(out, (uint64_t)(unix_ms - *last_unix_ms));
    pl_put_varint(out, record->stream);
    pl_put_varint(out, record->frame.len);
    pl_put_bytes(out, record->frame);
    *last_unix_ms = unix_ms;
}

ssize_t pl_trace_parse_begin(struct pl_span in)
{
    size_t len = PL_MIN(in.len, magic.len);
    if (!pl_span_eq((struct pl_span){in.ptr, len}, (struct pl_span){magic.ptr, len}))
        return PL_E_MAGIC;
    return len < magic.len ? 0 : (ssize_t)len;
}

ssize_t pl_trace_parse(struct pl_span in, int64_t *last_unix_ms, struct pl_trace_record *out)
{
    struct pl_reader r = pl_reader_init(in);
    uint64_t unix_ms = (uint64_t)*last_unix_ms;
    uint64_t wait_ms = pl_get_varint(&r);
    uint64_t stream = pl_get_varint(&r);
    uint64_t len = pl_get_varint(&r);
    if (r.err == PL_E_TRUNCATED) return 0;
    if (r.err != 0) return r.err;
    if (wait_ms > (uint64_t)PL_UNIX_MS_MAX - unix_ms || stream == 0) return PL_E_RANGE;
    if (len > PL_FRAME_BYTES_MAX) return PL_E_TOO_BIG;
    struct pl_span bytes = pl_get_bytes(&r, (size_t)len);
    if (r.err != 0) return 0;
    struct pl_frame frame;
    if (len > 0 && pl_frame_parse(bytes, &frame) != (ssize_t)len) return PL_E_SYNTAX;
    *last_unix_ms = (int64_t)(unix_ms + wait_ms);
    *out = (struct pl_trace_record){*last_unix_ms, stream, bytes};
    return r.ptr - in.ptr;
}
