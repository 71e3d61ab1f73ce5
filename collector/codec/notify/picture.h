/* picture.h - the last 15 minutes of a pool's traffic against what it can take, as pixels.
 *
 * For mails: their readers show neither SVG nor scripts, and fetch nothing from us. Pixels are
 * indices into a palette of six colours, so that collector/io/png makes a file of few KB of them.
 * Traffic is an area with a line on it, the capacity a dashed line with its name: they differ in
 * shape, not only in colour. Gaps stay gaps; times are UTC and the picture says so. */
#pragma once

#include "collector/core/observe/trail.h"
#include "common/base/span.h"

enum {
    PL_PICTURE_WIDTH = 600,
    PL_PICTURE_HEIGHT = 200,
    PL_PICTURE_COLOURS = 6,
    PL_PICTURE_SLOTS = 90, // of PL_TRAIL_SLOT_MS
};

struct pl_picture {
    uint8_t pixels[PL_PICTURE_HEIGHT][PL_PICTURE_WIDTH]; // rows from the top; indices
};

/* Red, green, blue of each index. */
extern const uint8_t pl_picture_palette[PL_PICTURE_COLOURS][3];

struct pl_picture_subject {
    struct pl_span pool;          // names; borrowed
    struct pl_span unit;          // "connections/s"; borrowed
    const struct pl_trail *trail; // borrowed
    double capacity;              // in the trail's unit; not above 0: not known
    int64_t unix_ms;              // the right edge
};

/* False, and the pixels mean nothing, if nothing is known of these 15 minutes. */
bool pl_picture_draw(const struct pl_picture_subject *subject, struct pl_picture *out);
