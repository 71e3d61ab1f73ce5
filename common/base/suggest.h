/* suggest.h - "did you mean 'hold'?" for a misspelt word. */
#pragma once

#include "common/base/base.h"
#include "common/base/span.h"

enum { PL_SUGGEST_LEN_MAX = 64 }; // longer words are never similar to anything

/* Edits that turn `a` into `b`, where an edit inserts, removes or replaces one byte or swaps two
 * neighbours (optimal string alignment distance; Damerau, "A technique for computer detection and
 * correction of spelling errors", 1964). PL_SUGGEST_LEN_MAX if either is longer than that. */
uint32_t pl_suggest_distance(struct pl_span a, struct pl_span b);

/* The running best match of `word` among candidates shown one by one. */
struct pl_suggest {
    struct pl_span word; // borrowed
    struct pl_span best; // borrowed from a candidate; empty: nothing similar
    uint32_t distance;
};

/* Similar means at most a third of the word's length in edits, and at least one. */
struct pl_suggest pl_suggest_init(struct pl_span word);
void pl_suggest_consider(struct pl_suggest *s, struct pl_span candidate);
