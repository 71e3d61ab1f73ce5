/* name.h - checked names of hosts, pools, metrics, notifiers.
 *
 * 1-63 bytes of a-z A-Z 0-9 . _ - beginning with a letter or digit. Such a name is safe in a
 * Redis key, a URL path, a log line, a JSON string and a file name without escaping. */
#pragma once

#include "common/base/base.h"
#include "common/base/span.h"

enum { PL_NAME_LEN_MAX = 63 };

struct pl_name {
    uint8_t len;                    // 0 only in a name that was never set
    char text[PL_NAME_LEN_MAX + 1]; // NUL-terminated
};

/* Check and copy. PL_E_TOO_BIG over 63 bytes, PL_E_SYNTAX for an empty name or a byte outside the
 * alphabet; `*out` is untouched then. */
PL_MUST_CHECK int pl_name_parse(struct pl_span in, struct pl_name *out);

static inline struct pl_span pl_name_span(const struct pl_name *name)
{
    return (struct pl_span){(const uint8_t *)name->text, name->len};
}

static inline bool pl_name_eq(const struct pl_name *a, const struct pl_name *b)
{
    return pl_span_eq(pl_name_span(a), pl_name_span(b));
}

/* 64-bit FNV-1a of the bytes, for hash tables over names and stable ids. */
uint64_t pl_hash_bytes(struct pl_span bytes);
