/* backoff.h - exponential back-off with full jitter and a cap.
 *
 * Wait n is uniform in [floor, min(cap, base * 2^n)] (Brooker, "Exponential Backoff And Jitter",
 * AWS Architecture Blog, 2015), so that many clients of one dead server do not come back as one. */
#pragma once

#include "common/base/rng.h"

struct pl_backoff {
    int64_t floor_ms; // never wait less; 0 allowed
    int64_t base_ms;  // > 0
    int64_t cap_ms;   // >= base_ms, below 2^32 - 1
    uint32_t attempt; // failures since the last reset
};

/* The wait before the next attempt, in ms; counts one failure. */
int64_t pl_backoff_next_ms(struct pl_backoff *b, struct pl_rng *rng);
/* After a success. */
void pl_backoff_reset(struct pl_backoff *b);
