/* text.h - sticky bounded writer for text (JSON pushes, logs, keys, page texts).
 *
 * Output is always NUL-terminated. What does not fit is cut and `overflow` is set: callers check
 * it once at the end. No locale, no allocation, no printf. */
#pragma once

#include "common/base/span.h"

struct pl_text {
    char *ptr; // borrowed: the caller's buffer, `cap` bytes including the final NUL
    size_t cap;
    size_t len; // without the NUL
    bool overflow;
};

/* `cap` must be at least 1. */
struct pl_text pl_text_init(char *buf, size_t cap);
void pl_text_char(struct pl_text *t, char c);
void pl_text_str(struct pl_text *t, const char *text);
void pl_text_span(struct pl_text *t, struct pl_span bytes);
void pl_text_i64(struct pl_text *t, int64_t value);
void pl_text_u64(struct pl_text *t, uint64_t value);
/* Decimal with exactly `width` digits, zero-padded; higher digits are cut. */
void pl_text_digits(struct pl_text *t, uint64_t value, int width);
/* `width` lower-case hexadecimal digits, most significant first. */
void pl_text_hex(struct pl_text *t, uint64_t value, int width);
/* value / scale in decimal without trailing zeros: (1234, 100) is "12.34". `scale` is a power of
 * ten from 1 to 1,000,000. */
void pl_text_fixed(struct pl_text *t, int64_t value, int32_t scale);
/* Length of the valid UTF-8 sequence at `p`, 1 to 4, or 0 (RFC 3629 section 4). `left`: bytes from
 * `p` to the end of the text, at least 1. */
size_t pl_utf8_len(const uint8_t *p, size_t left);
/* A JSON string with its quotes (RFC 8259 section 7); bytes that are not valid UTF-8 become
 * U+FFFD, so the output is always valid JSON. */
void pl_text_json(struct pl_text *t, struct pl_span bytes);
/* RFC 3339 UTC with milliseconds: 2026-05-01T14:03:12.000Z. Years 1970-9999; outside: clamped. */
void pl_text_rfc3339(struct pl_text *t, int64_t unix_ms);
static inline struct pl_span pl_text_bytes(const struct pl_text *t)
{
    return (struct pl_span){(const uint8_t *)t->ptr, t->len};
}
