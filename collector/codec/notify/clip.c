#include "collector/codec/notify/clip.h"

#include "common/base/assert.h"
#include "common/base/base.h"

static const char ellipsis[] = "\xe2\x80\xa6"; // U+2026

static bool is_control(const uint8_t *p, size_t len)
{
    if (len == 1) return p[0] < 0x20 || p[0] == 0x7f;
    return len == 2 && p[0] == 0xc2 && p[1] < 0xa0; // U+0080-009F
}

void pl_text_clip(struct pl_text *out, struct pl_span in, size_t points_max)
{
    PL_ASSERT(points_max >= 1 && points_max <= PL_CLIP_POINTS_MAX);
    size_t points = 0;
    struct pl_span held = {in.ptr, 0}; // the last code point that may have to make room
    for (size_t at = 0, len; at < in.len; at += len) {
        len = PL_MAX(pl_utf8_len(in.ptr + at, in.len - at), 1u);
        if (is_control(in.ptr + at, len)) continue;
        if (++points > points_max) {
            pl_text_str(out, ellipsis);
            return;
        }
        if (points < points_max) {
            pl_text_span(out, (struct pl_span){in.ptr + at, len});
        } else {
            held = (struct pl_span){in.ptr + at, len};
        }
    }
    pl_text_span(out, held);
}

void pl_text_clip_json(struct pl_text *out, struct pl_span in, size_t points_max)
{
    char buf[PL_CLIP_POINTS_MAX * 4 + 1];
    struct pl_text clipped = pl_text_init(buf, sizeof buf);
    pl_text_clip(&clipped, in, points_max);
    pl_text_json(out, pl_text_bytes(&clipped));
}
