/* change.h - one thing that changed on a host: what an alert is read beside.
 *
 * The same change may be told any number of times (an agent tells all it knows on each new
 * connection): host, kind, time and subject say which one it is, the rest is what is known of it.
 * Layout in PROTOCOL.md. */
#pragma once

#include "common/base/base.h"
#include "common/base/bytes.h"

enum pl_change_kind {
#define X(id, symbol, name, named, meaning) PL_CHANGE_##symbol,
#include "common/wire/change.def"
#undef X
    PL_CHANGE_KIND_COUNT
};

enum {
    PL_CHANGE_SUBJECT_MAX = 95,
    PL_CHANGE_VALUE_MAX = 47,
    PL_CHANGE_THINGS_MAX = 1000000,
    PL_CHANGE_FRAME_BYTES_MAX =
        8 + 1 + 2 * PL_VARINT_BYTES_MAX + 1 + PL_CHANGE_SUBJECT_MAX + 2 * (1 + PL_CHANGE_VALUE_MAX),
};

struct pl_change {
    enum pl_change_kind kind;
    int64_t unix_ms; // when it happened
    /* Packages this tells of together, or processes that run what was deleted. 0: it is over (no
     * process runs it any more). At most PL_CHANGE_THINGS_MAX. */
    uint32_t count;
    char subject[PL_CHANGE_SUBJECT_MAX + 1]; // of several packages the first names: "libc6, bash"
    char before[PL_CHANGE_VALUE_MAX + 1], after[PL_CHANGE_VALUE_MAX + 1]; // empty: nothing to say
};

/* "upgraded"; part of the API and of records, stable. */
const char *pl_change_kind_name(enum pl_change_kind kind);
bool pl_change_kind_named(enum pl_change_kind kind);

/* Body of a CHANGE frame. 1 and `*out`; 0 for a kind this program does not know, whose rest is not
 * looked at; or PL_E_TRUNCATED, PL_E_SYNTAX (left-over bytes, no subject where there must be one, a
 * byte that is no printable ASCII) or PL_E_RANGE (time, count, a text too long). `*out` is
 * untouched unless it is 1. */
PL_MUST_CHECK int pl_change_parse(struct pl_span body, struct pl_change *out);
/* The whole frame. */
void pl_change_write(const struct pl_change *change, struct pl_writer *out);

/* Do both tell of the same change? */
bool pl_change_is_same(const struct pl_change *a, const struct pl_change *b);
