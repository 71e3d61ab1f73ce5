/* told.h - the changes this agent knows of: told on each new connection, and as they come.
 *
 * A ring of the newest PL_TOLD_MAX, numbered from 1. Nothing acknowledges them; a collector takes
 * each once (PROTOCOL.md, CHANGE). */
#pragma once

#include "common/wire/change.h"

enum { PL_TOLD_MAX = 64 };

/* Zeroed memory is an empty one. */
struct pl_told {
    uint64_t count; // ever
    struct pl_change items[PL_TOLD_MAX];
};

static inline void pl_told_push(struct pl_told *t, const struct pl_change *change)
{
    t->items[t->count++ % PL_TOLD_MAX] = *change;
}

/* The next one to tell after the first `*done` ever; false: all were. What fell out is skipped. */
static inline bool pl_told_next(const struct pl_told *t, uint64_t *done, struct pl_change *out)
{
    uint64_t gone = t->count > PL_TOLD_MAX ? t->count - PL_TOLD_MAX : 0;
    if (*done < gone) *done = gone;
    if (*done >= t->count) return false;
    *out = t->items[(*done)++ % PL_TOLD_MAX];
    return true;
}
