/* route.h - which collector to try next, and how long to wait before it.
 *
 * Collectors are tried in the configured order. Waits are jittered (base/backoff.h), so that a
 * fleet whose collector died does not come back as one; they double each time the whole list has
 * failed. A connection counts as good when the collector has acknowledged a sample, not when it was
 * accepted: a collector that takes connections and then fails must not be hammered.
 *
 * Somebody watches the page on which hosts come back, so a collector that could not be reached is
 * missed for at most PL_ROUTE_CAP_MS, 1.7 s on average (a third: the rest of a wait that is uniform
 * up to the cap). 5,000 agents then arrive within those 5 s; a handshake costs a collector some
 * 1.5 ms, so it is busy with them for 7.5 s, takes 64 at a time and lets the others wait
 * (collector/io/ingest.h), and nobody has lost patience by then (PL_UPLINK_SECURE_MS). One that
 * answered, but would not have us, is waiting for a person: asked each 2.5 s by 5,000 agents it
 * would do nothing but refuse, so that wait grows to PL_ROUTE_ANSWERED_CAP_MS. */
#pragma once

#include "common/base/backoff.h"

#include <stdbool.h>

enum {
    PL_ROUTE_FLOOR_MS = 50,
    PL_ROUTE_BASE_MS = 1000,
    PL_ROUTE_CAP_MS = 5000,
    PL_ROUTE_ANSWERED_CAP_MS = 30000,
};

enum pl_route_end {
    PL_ROUTE_UNREACHED, // nobody was there, or it is going down
    PL_ROUTE_ANSWERED,  // somebody was, and it came to nothing
};

struct pl_route {
    uint32_t count; // of collectors
    uint32_t index; // the one to try now
    bool proved;    // the present connection has acknowledged something
    struct pl_backoff backoff;
    struct pl_rng rng;
};

/* Begins at the first of `count` (at least 1) collectors. */
void pl_route_init(struct pl_route *r, uint32_t count, uint64_t seed);
/* The collector at `index` acknowledged. */
void pl_route_prove(struct pl_route *r);
/* The attempt or connection ended. Moves `index` to the next collector in order (to the first one
 * after a proved connection) and returns the ms to wait before trying it. */
int64_t pl_route_fail(struct pl_route *r, enum pl_route_end end);
