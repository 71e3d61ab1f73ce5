/* The envelope: what is consumed is whole, and no shorter input would have been. */
#include "tests/fuzz/fuzz.h"

#include "common/wire/frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct pl_frame frame;
    ssize_t used = pl_frame_parse((struct pl_span){data, len}, &frame);
    if (used <= 0) return 0;
    PL_ASSERT((size_t)used <= len);
    PL_ASSERT(frame.body.ptr + frame.body.len == data + used);
    PL_ASSERT(frame.body.len <= PL_FRAME_BODY_MAX);
    PL_ASSERT(pl_frame_parse((struct pl_span){data, (size_t)used - 1}, &frame) == 0);
    return 0;
}
