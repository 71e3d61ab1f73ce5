#include "collector/io/outgoing.h"

#include "common/base/assert.h"
#include "common/base/err.h"

static int start_write(struct pl_outgoing *o);

static void on_written(uv_write_t *request, int status)
{
    struct pl_outgoing *o = request->data;
    o->start = (o->start + o->in_flight) % o->cap;
    o->len -= o->in_flight;
    o->in_flight = 0;
    if (status == 0 && o->len > 0) status = start_write(o);
    if (status < 0 || o->len == 0) o->on_drained(o->arg, status);
}

/* Hand everything that waits to libuv: one piece, or two where it wraps. */
static int start_write(struct pl_outgoing *o)
{
    size_t first = PL_MIN(o->len, o->cap - o->start);
    uv_buf_t bufs[2] = {
        uv_buf_init((char *)o->ring + o->start, (unsigned)first),
        uv_buf_init((char *)o->ring, (unsigned)(o->len - first)),
    };
    o->in_flight = o->len;
    o->request.data = o;
    return uv_write(&o->request, o->stream, bufs, first < o->len ? 2 : 1, on_written);
}

static void append(struct pl_outgoing *o, struct pl_span bytes)
{
    size_t at = (o->start + o->len) % o->cap;
    size_t first = PL_MIN(bytes.len, o->cap - at);
    memcpy(o->ring + at, bytes.ptr, first);
    memcpy(o->ring, bytes.ptr + first, bytes.len - first);
    o->len += bytes.len;
}

int pl_outgoing_write(struct pl_outgoing *o, const struct pl_span *parts, size_t count)
{
    PL_ASSERT(count >= 1 && count <= PL_OUTGOING_PARTS_MAX);
    size_t total = 0, sent = 0;
    uv_buf_t bufs[PL_OUTGOING_PARTS_MAX];
    for (size_t i = 0; i < count; i++) {
        if (parts[i].len > o->cap - o->len - total) return PL_E_FULL;
        total += parts[i].len;
        bufs[i] = (uv_buf_t){.base = (char *)(uintptr_t)parts[i].ptr, .len = parts[i].len};
    }
    if (total == 0) return 0;
    if (o->len == 0) { // else bytes already waiting would be overtaken
        int result = uv_try_write(o->stream, bufs, (unsigned)count);
        if (result < 0 && result != UV_EAGAIN) return result;
        if (result > 0) sent = (size_t)result;
    }
    for (size_t i = 0; i < count; i++) {
        size_t skip = PL_MIN(sent, parts[i].len);
        sent -= skip;
        if (skip < parts[i].len)
            append(o, (struct pl_span){parts[i].ptr + skip, parts[i].len - skip});
    }
    o->total += total;
    return o->len > 0 && o->in_flight == 0 ? start_write(o) : 0;
}

uint64_t pl_outgoing_taken(const struct pl_outgoing *o)
{
    size_t queued = o->in_flight > 0 ? uv_stream_get_write_queue_size(o->stream) : 0;
    return o->total - (o->len - o->in_flight) - queued;
}
