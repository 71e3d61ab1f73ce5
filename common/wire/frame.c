#include "common/wire/frame.h"

#include "common/base/assert.h"
#include "common/base/err.h"

ssize_t pl_frame_parse(struct pl_span in, struct pl_frame *out)
{
    if (in.len >= 2 && (in.ptr[0] << 8 | in.ptr[1]) != PL_FRAME_MAGIC) return PL_E_MAGIC;
    if (in.len >= 3 && in.ptr[2] != PL_FRAME_VERSION) return PL_E_VERSION;
    if (in.len < PL_FRAME_HEADER_BYTES) return 0;
    struct pl_reader r = pl_reader_init((struct pl_span){in.ptr + 4, 4});
    uint32_t body_len = pl_get_u32(&r);
    if (body_len > PL_FRAME_BODY_MAX) return PL_E_TOO_BIG; // before waiting for the body
    if (body_len > in.len - PL_FRAME_HEADER_BYTES) return 0;
    *out = (struct pl_frame){in.ptr[3], {in.ptr + PL_FRAME_HEADER_BYTES, body_len}};
    return (ssize_t)(PL_FRAME_HEADER_BYTES + body_len);
}

size_t pl_frame_begin(struct pl_writer *w, enum pl_frame_type type)
{
    size_t at = w->len;
    pl_put_u16(w, PL_FRAME_MAGIC);
    pl_put_u8(w, PL_FRAME_VERSION);
    pl_put_u8(w, (uint8_t)type);
    pl_put_u32(w, 0);
    return at;
}

void pl_frame_end(struct pl_writer *w, size_t at)
{
    if (w->err != 0) return;
    PL_ASSERT(w->len - at >= PL_FRAME_HEADER_BYTES);
    size_t body_len = w->len - at - PL_FRAME_HEADER_BYTES;
    if (body_len > PL_FRAME_BODY_MAX) {
        w->err = PL_E_FULL;
        return;
    }
    struct pl_writer length = pl_writer_init(w->ptr + at + 4, 4);
    pl_put_u32(&length, (uint32_t)body_len);
}
