#include "collector/codec/notify/picture.h"

#include "common/base/base.h"

#include <math.h>
#include <stdio.h>

enum {
    LEFT = 66,
    RIGHT = PL_PICTURE_WIDTH - 12,
    TOP = 30,
    BOTTOM = PL_PICTURE_HEIGHT - 24,
    GLYPH_WIDTH = 5,
    GLYPH_HEIGHT = 7,
    SCALE = 2, // of glyphs: mails are read on phones
    ADVANCE = (GLYPH_WIDTH + 1) * SCALE,
    TEXT_HEIGHT = GLYPH_HEIGHT * SCALE,
    VALUE_STEPS = 4,
    DASH = 8,
    SPAN_MS = PL_PICTURE_SLOTS * PL_TRAIL_SLOT_MS,
    LABEL_STEP_MS = 5 * 60 * 1000,
};

enum colour { PAPER, GRID, AREA, LINE, INK, PALE_INK };

const uint8_t pl_picture_palette[PL_PICTURE_COLOURS][3] = {
    [PAPER] = {255, 255, 255}, [GRID] = {213, 218, 224}, [AREA] = {191, 224, 245},
    [LINE] = {0, 114, 178},    [INK] = {27, 31, 36},     [PALE_INK] = {87, 96, 106},
};

/* ---- letters ---- */

/* Columns from the left, the least bit on top. Lower case is written as upper case. */
static const struct {
    char c;
    uint8_t columns[GLYPH_WIDTH];
} glyphs[] = {
    {'0', {0x3e, 0x51, 0x49, 0x45, 0x3e}}, {'1', {0x00, 0x42, 0x7f, 0x40, 0x00}},
    {'2', {0x42, 0x61, 0x51, 0x49, 0x46}}, {'3', {0x21, 0x41, 0x45, 0x4b, 0x31}},
    {'4', {0x18, 0x14, 0x12, 0x7f, 0x10}}, {'5', {0x27, 0x45, 0x45, 0x45, 0x39}},
    {'6', {0x3c, 0x4a, 0x49, 0x49, 0x30}}, {'7', {0x01, 0x71, 0x09, 0x05, 0x03}},
    {'8', {0x36, 0x49, 0x49, 0x49, 0x36}}, {'9', {0x06, 0x49, 0x49, 0x29, 0x1e}},
    {'A', {0x7e, 0x11, 0x11, 0x11, 0x7e}}, {'B', {0x7f, 0x49, 0x49, 0x49, 0x36}},
    {'C', {0x3e, 0x41, 0x41, 0x41, 0x22}}, {'D', {0x7f, 0x41, 0x41, 0x22, 0x1c}},
    {'E', {0x7f, 0x49, 0x49, 0x49, 0x41}}, {'F', {0x7f, 0x09, 0x09, 0x09, 0x01}},
    {'G', {0x3e, 0x41, 0x49, 0x49, 0x7a}}, {'H', {0x7f, 0x08, 0x08, 0x08, 0x7f}},
    {'I', {0x00, 0x41, 0x7f, 0x41, 0x00}}, {'J', {0x20, 0x40, 0x41, 0x3f, 0x01}},
    {'K', {0x7f, 0x08, 0x14, 0x22, 0x41}}, {'L', {0x7f, 0x40, 0x40, 0x40, 0x40}},
    {'M', {0x7f, 0x02, 0x0c, 0x02, 0x7f}}, {'N', {0x7f, 0x04, 0x08, 0x10, 0x7f}},
    {'O', {0x3e, 0x41, 0x41, 0x41, 0x3e}}, {'P', {0x7f, 0x09, 0x09, 0x09, 0x06}},
    {'Q', {0x3e, 0x41, 0x51, 0x21, 0x5e}}, {'R', {0x7f, 0x09, 0x19, 0x29, 0x46}},
    {'S', {0x46, 0x49, 0x49, 0x49, 0x31}}, {'T', {0x01, 0x01, 0x7f, 0x01, 0x01}},
    {'U', {0x3f, 0x40, 0x40, 0x40, 0x3f}}, {'V', {0x1f, 0x20, 0x40, 0x20, 0x1f}},
    {'W', {0x3f, 0x40, 0x38, 0x40, 0x3f}}, {'X', {0x63, 0x14, 0x08, 0x14, 0x63}},
    {'Y', {0x07, 0x08, 0x70, 0x08, 0x07}}, {'Z', {0x61, 0x51, 0x49, 0x45, 0x43}},
    {'.', {0x00, 0x60, 0x60, 0x00, 0x00}}, {':', {0x00, 0x36, 0x36, 0x00, 0x00}},
    {'/', {0x20, 0x10, 0x08, 0x04, 0x02}}, {'-', {0x08, 0x08, 0x08, 0x08, 0x08}},
    {'_', {0x40, 0x40, 0x40, 0x40, 0x40}}, {',', {0x00, 0x50, 0x30, 0x00, 0x00}},
};

struct box {
    int x, y, width, height;
};

/* What goes over an edge is cut. */
static void fill(struct pl_picture *p, struct box box, enum colour colour)
{
    int x_end = PL_MIN(box.x + box.width, (int)PL_PICTURE_WIDTH);
    int y_end = PL_MIN(box.y + box.height, (int)PL_PICTURE_HEIGHT);
    for (int row = PL_MAX(box.y, 0); row < y_end; row++) {
        for (int column = PL_MAX(box.x, 0); column < x_end; column++) {
            p->pixels[row][column] = (uint8_t)colour;
        }
    }
}

/* What has no glyph is a blank. */
static void put_glyph(struct pl_picture *p, int x, int y, char c, enum colour colour)
{
    if (c >= 'a' && c <= 'z') c = (char)(c - 'a' + 'A');
    for (size_t g = 0; g < PL_LEN(glyphs); g++) {
        if (glyphs[g].c != c) continue;
        for (int bit = 0; bit < GLYPH_WIDTH * GLYPH_HEIGHT; bit++) {
            int column = bit / GLYPH_HEIGHT, row = bit % GLYPH_HEIGHT;
            if ((glyphs[g].columns[column] >> row & 1) == 0) continue;
            fill(p, (struct box){x + column * SCALE, y + row * SCALE, SCALE, SCALE}, colour);
        }
    }
}

static int put_text(struct pl_picture *p, int x, int y, struct pl_span text, enum colour colour)
{
    for (size_t i = 0; i < text.len && x < PL_PICTURE_WIDTH; i++, x += ADVANCE) {
        put_glyph(p, x, y, (char)text.ptr[i], colour);
    }
    return x;
}

/* ---- axes ---- */

struct frame {
    const struct pl_picture_subject *subject; // borrowed
    int64_t from_unix_ms;
    double top; // value at the upper edge
};

static int x_of(const struct frame *f, int64_t unix_ms)
{
    return LEFT + (int)((unix_ms - f->from_unix_ms) * (RIGHT - LEFT) / SPAN_MS);
}

static int y_of(const struct frame *f, double value)
{
    return BOTTOM - (int)lround((BOTTOM - TOP) * fmin(value / f->top, 1));
}

/* The least of 1, 2 and 5 times a power of ten that is at least `value`. */
static double round_up(double value)
{
    double unit = pow(10, floor(log10(value)));
    double steps = value / unit;
    return unit * (steps <= 1 ? 1 : steps <= 2 ? 2 : steps <= 5 ? 5 : 10);
}

/* "950", "1.2K", "30M": four characters and a dot. */
static struct pl_span value_text(double value, char buf[16])
{
    static const char units[] = {'\0', 'K', 'M', 'G'};
    size_t unit = 0;
    while (value >= 999.5 && unit + 1 < sizeof units) {
        value /= 1000;
        unit++;
    }
    (void)snprintf(buf, 16, "%.3g%c", value, units[unit]);
    return pl_span_of(buf);
}

static void put_value_axis(const struct frame *f, struct pl_picture *p)
{
    double step = round_up(f->top / VALUE_STEPS);
    for (int n = 0; n * step <= f->top; n++) {
        char buf[16];
        struct pl_span text = value_text(n * step, buf);
        int y = y_of(f, n * step);
        fill(p, (struct box){LEFT, y, RIGHT - LEFT, 1}, GRID);
        (void)put_text(p, LEFT - 6 - (int)text.len * ADVANCE, y - TEXT_HEIGHT / 2, text, PALE_INK);
    }
}

static void put_time_axis(const struct frame *f, struct pl_picture *p)
{
    int64_t to = f->from_unix_ms + SPAN_MS;
    int64_t at = (f->from_unix_ms / LABEL_STEP_MS + 1) * LABEL_STEP_MS;
    for (; at <= to; at += LABEL_STEP_MS) {
        char buf[16];
        int minute = (int)(at / 60000 % 1440);
        (void)snprintf(buf, sizeof buf, "%02d:%02d", minute / 60, minute % 60);
        int width = 5 * ADVANCE, x = x_of(f, at);
        fill(p, (struct box){x, BOTTOM, 1, 5}, INK);
        x = PL_MIN(x - width / 2, PL_PICTURE_WIDTH - width);
        (void)put_text(p, x, BOTTOM + 8, pl_span_of(buf), PALE_INK);
    }
    fill(p, (struct box){LEFT, BOTTOM, RIGHT - LEFT, 1}, INK);
}

/* ---- what is drawn ---- */

/* Mean of the slot that begins at `from_unix_ms` plus `n` slots; negative: a gap. */
static double value_at(const struct frame *f, int n)
{
    const struct pl_trail *trail = f->subject->trail;
    int64_t back = trail->slot - (f->from_unix_ms / PL_TRAIL_SLOT_MS + n);
    return back < 0 || back >= PL_TRAIL_SLOTS ? -1 : pl_trail_mean(trail, (uint32_t)back);
}

static void put_traffic(const struct frame *f, struct pl_picture *p)
{
    int before = -1; // height of the slot before, or -1
    for (int n = 0; n < PL_PICTURE_SLOTS; n++) {
        double value = value_at(f, n);
        int x = x_of(f, f->from_unix_ms + (int64_t)n * PL_TRAIL_SLOT_MS);
        int next = x_of(f, f->from_unix_ms + (int64_t)(n + 1) * PL_TRAIL_SLOT_MS);
        int y = value < 0 ? -1 : y_of(f, value);
        if (y >= 0) {
            fill(p, (struct box){x, y, next - x, BOTTOM - y}, AREA);
            fill(p, (struct box){x, y - 1, next - x, 2}, LINE);
        }
        if (y >= 0 && before >= 0) {
            fill(p,
                 (struct box){x, PL_MIN(y, before) - 1, 2,
                              PL_MAX(y, before) - PL_MIN(y, before) + 2},
                 LINE);
        }
        before = y;
    }
}

static void put_capacity(const struct frame *f, struct pl_picture *p)
{
    char buf[16];
    int y = y_of(f, f->subject->capacity);
    for (int x = LEFT; x < RIGHT; x += 2 * DASH) fill(p, (struct box){x, y - 1, DASH, 2}, INK);
    int x = put_text(p, LEFT + 6, y + 6, pl_span_of("capacity "), INK);
    (void)put_text(p, x, y + 6, value_text(f->subject->capacity, buf), INK);
}

static void put_heading(const struct frame *f, struct pl_picture *p)
{
    int x = put_text(p, 6, 6, f->subject->pool, INK) + ADVANCE;
    x = put_text(p, x, 6, f->subject->unit, PALE_INK) + ADVANCE;
    (void)put_text(p, x, 6, pl_span_of("UTC"), PALE_INK);
}

bool pl_picture_draw(const struct pl_picture_subject *subject, struct pl_picture *out)
{
    struct frame f = {.subject = subject};
    int64_t slot = subject->unix_ms / PL_TRAIL_SLOT_MS;
    f.from_unix_ms = (slot + 1 - PL_PICTURE_SLOTS) * PL_TRAIL_SLOT_MS;
    double highest = -1;
    for (int n = 0; n < PL_PICTURE_SLOTS; n++) highest = PL_MAX(highest, value_at(&f, n));
    if (highest < 0 || f.from_unix_ms < 0) return false;
    highest = PL_MAX(highest, subject->capacity);
    f.top = highest > 0 ? 1.08 * highest : 1;
    fill(out, (struct box){0, 0, PL_PICTURE_WIDTH, PL_PICTURE_HEIGHT}, PAPER);
    put_value_axis(&f, out);
    put_traffic(&f, out);
    put_time_axis(&f, out);
    if (subject->capacity > 0) put_capacity(&f, out);
    put_heading(&f, out);
    return true;
}
