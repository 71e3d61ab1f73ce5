/* span.h - borrowed bytes. A span is valid until the call it was passed to returns; copy to keep.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct pl_span {
    const uint8_t *ptr; // borrowed
    size_t len;
};

/* Span over a C string, without its NUL. */
static inline struct pl_span pl_span_of(const char *text)
{
    return (struct pl_span){(const uint8_t *)text, strlen(text)};
}

static inline bool pl_span_eq(struct pl_span a, struct pl_span b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

/* True if the span holds exactly the characters of `text`. */
static inline bool pl_span_is(struct pl_span a, const char *text)
{
    return pl_span_eq(a, pl_span_of(text));
}
