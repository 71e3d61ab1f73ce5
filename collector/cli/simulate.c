#include "collector/cli/simulate.h"

#include <errno.h>
#include <stdlib.h>

static struct pl_now at(int64_t unix_ms)
{
    return (struct pl_now){.mono_ms = unix_ms, .unix_ms = unix_ms};
}

int pl_simulation_init(struct pl_simulation *s, const struct pl_simulation_setup *setup,
                       uint32_t host_max, int64_t unix_ms)
{
    const struct pl_engine_config config = {.host_max = host_max,
                                            .rules = setup->rules,
                                            .pools = setup->pools,
                                            .pool_count = setup->pool_count};
    void *memory = calloc(1, pl_engine_bytes(&config));
    if (!memory) return -ENOMEM;
    *s = (struct pl_simulation){.memory = memory, .now = at(unix_ms), .ticked_unix_ms = unix_ms};
    s->engine = pl_engine_init(memory, &config, s->now);
    return 0;
}

void pl_simulation_fini(struct pl_simulation *s)
{
    free(s->memory);
    *s = (struct pl_simulation){0};
}

void pl_simulation_drain(struct pl_simulation *s)
{
    size_t count;
    const struct pl_effect *effects = pl_engine_effects(s->engine, &count);
    for (size_t i = 0; s->on_effect && i < count; i++) {
        s->on_effect(s->context, s->engine, &effects[i], s->now);
    }
    pl_engine_effects_done(s->engine);
}

void pl_simulation_advance(struct pl_simulation *s, int64_t unix_ms)
{
    bool is_hole = unix_ms - s->now.unix_ms > PL_SIMULATE_HOLE_MS, ticked = false;
    if (is_hole) s->ticked_unix_ms = unix_ms - PL_SIMULATE_TICK_MS;
    while (unix_ms - s->ticked_unix_ms >= PL_SIMULATE_TICK_MS) {
        s->ticked_unix_ms += PL_SIMULATE_TICK_MS;
        s->now = at(PL_MAX(s->ticked_unix_ms, s->now.unix_ms));
        ticked = true;
        pl_engine_tick(s->engine, s->now);
        pl_simulation_drain(s);
        if (s->on_moment) s->on_moment(s->context, s->engine, s->now);
    }
    if (unix_ms > s->now.unix_ms) s->now = at(unix_ms);
    if (ticked) s->ticked_unix_ms = s->now.unix_ms;
}
