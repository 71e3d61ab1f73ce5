/* simulate.h - the production engine on recorded time: the clock is whatever the recording says.
 *
 * Between two moments of a recording the engine is ticked as a running collector would, so hold
 * times, silence and clear times pass as they did then. A hole longer than PL_SIMULATE_HOLE_MS is
 * jumped over, and the engine does what it does when a clock jumps: it tilts. Everything the engine
 * asks for is shown to a callback and otherwise not done. */
#pragma once

#include "collector/core/engine.h"

enum {
    PL_SIMULATE_TICK_MS = 1000,
    PL_SIMULATE_HOLE_MS = 86400000, // a day
};

/* Under which rules, and what is known of pools: names and capacities. */
struct pl_simulation_setup {
    struct pl_rules rules;
    const struct pl_pool_config *pools; // borrowed during init, pool_count items
    uint32_t pool_count;
};

struct pl_simulation {
    struct pl_engine *engine; // in `memory`
    void *memory;             // owned
    struct pl_now now;        // both clocks say the time of the recording
    int64_t ticked_unix_ms;   // the newest tick; moments closer than a second share one
    /* NULL, or shown each effect; `context` is passed through. */
    void (*on_effect)(void *context, const struct pl_engine *engine, const struct pl_effect *effect,
                      struct pl_now now);
    /* NULL, or called after each tick, to look at the engine. */
    void (*on_moment)(void *context, const struct pl_engine *engine, struct pl_now now);
    void *context; // borrowed
};

/* Start at `unix_ms`, with room for `host_max` hosts and nobody to page. -ENOMEM. */
PL_MUST_CHECK int pl_simulation_init(struct pl_simulation *s,
                                     const struct pl_simulation_setup *setup, uint32_t host_max,
                                     int64_t unix_ms);
void pl_simulation_fini(struct pl_simulation *s);
/* Let time pass. A moment before the last one counts as the last one. */
void pl_simulation_advance(struct pl_simulation *s, int64_t unix_ms);
/* Show and forget what the engine asks for; after every call into the engine. */
void pl_simulation_drain(struct pl_simulation *s);
