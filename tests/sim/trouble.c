/* What breaks when, drawn from the seed: about one trouble every three seconds. */
#include "tests/sim/sim.h"

static uint32_t between(struct sim_world *w, uint32_t low, uint32_t high)
{
    return low + pl_rng_below(&w->rng, high - low + 1);
}

static void change_load(struct sim_world *w)
{
    static const int32_t loads_bp[] = {1500, 3000, 5500, 6500, 7300, 8000, 8700, 9500, 9900};
    int32_t cpu_bp = loads_bp[pl_rng_below(&w->rng, PL_LEN(loads_bp))];
    uint32_t m = pl_rng_below(&w->rng, w->machine_count);
    bool whole_pool = sim_chance(w, 3);
    for (uint32_t i = 0; i < w->machine_count; i++) {
        if (i != m && !(whole_pool && w->machines[i].pool == w->machines[m].pool)) continue;
        w->machines[i].cpu_bp = cpu_bp;
        sim_say(w, "load of %s is %d %%", w->machines[i].name.text, cpu_bp / 100);
    }
}

static void trouble_machine(struct sim_world *w)
{
    uint32_t m = pl_rng_below(&w->rng, w->machine_count);
    struct sim_machine *machine = &w->machines[m];
    if (machine->up) {
        sim_machine_stop(w, m);
        return;
    }
    sim_say(w, "machine %s starts", machine->name.text);
    sim_machine_start(w, m);
}

static void trouble_connection(struct sim_world *w)
{
    uint32_t m = pl_rng_below(&w->rng, w->machine_count);
    struct sim_machine *machine = &w->machines[m];
    if (!machine->connected) return;
    switch (pl_rng_below(&w->rng, 3)) {
    case 0:
        sim_say(w, "connection of %s closes", machine->name.text);
        sim_disconnect(w, m);
        return;
    case 1:
        sim_say(w, "connection of %s is cut", machine->name.text);
        machine->cut = true;
        return;
    default:
        machine->stuck_until_ms = w->now_ms + between(w, 500, 12000);
        sim_say(w, "connection of %s is stuck until %.1f", machine->name.text,
                (double)machine->stuck_until_ms / 1000);
    }
}

static int64_t jump_of(struct sim_world *w)
{
    int64_t jump_ms = between(w, 1000, sim_chance(w, 2) ? 20000 : 3600000);
    return sim_chance(w, 2) ? jump_ms : -jump_ms;
}

static void trouble_clock(struct sim_world *w)
{
    int64_t jump_ms = jump_of(w);
    if (sim_chance(w, 2)) {
        sim_say(w, "clock of the collector jumps %.1f s", (double)jump_ms / 1000);
        w->clock_error_ms += jump_ms;
        if (jump_ms > PL_TILT_JUMP_MS || jump_ms < -PL_TILT_JUMP_MS) w->clock_set_ms = w->now_ms;
        return;
    }
    struct sim_machine *machine = &w->machines[pl_rng_below(&w->rng, w->machine_count)];
    sim_say(w, "clock of %s jumps %.1f s", machine->name.text, (double)jump_ms / 1000);
    machine->clock_error_ms += jump_ms;
    machine->clock_set_ms = w->now_ms;
}

static void trouble_collector(struct sim_world *w)
{
    if (!w->running) return;
    if (sim_chance(w, 2)) {
        sim_collector_kill(w, between(w, 500, 20000));
        return;
    }
    w->paused_until_ms = w->now_ms + between(w, 500, 40000);
    sim_say(w, "collector is stopped until %.1f", (double)w->paused_until_ms / 1000);
}

static void trouble_store(struct sim_world *w)
{
    w->store.away = !w->store.away;
    sim_say(w, "store is %s", w->store.away ? "away" : "back");
}

static void trouble_pager(struct sim_world *w)
{
    static const char *const words[] = {"well", "busy", "asking for peace",
                                        "down", "deaf", "rejecting"};
    uint32_t t = pl_rng_below(&w->rng, SIM_TARGETS);
    enum sim_mood mood = (enum sim_mood)pl_rng_below(&w->rng, SIM_REJECT + 1);
    w->pagers[t].mood = sim_chance(w, 3) ? SIM_WELL : mood;
    sim_say(w, "pager %u is %s", t, words[w->pagers[t].mood]);
}

void sim_trouble_step(struct sim_world *w)
{
    static const struct {
        void (*make)(struct sim_world *w);
        uint32_t one_in_seconds;
    } troubles[] = {
        {change_load, 10},   {trouble_machine, 40}, {trouble_connection, 20}, {trouble_clock, 100},
        {trouble_store, 60}, {trouble_pager, 25},   {trouble_collector, 120},
    };
    if (w->now_ms % 1000 != 0) return;
    for (size_t i = 0; i < PL_LEN(troubles); i++) {
        if (sim_chance(w, troubles[i].one_in_seconds)) troubles[i].make(w);
    }
}

void sim_trouble_end(struct sim_world *w)
{
    sim_say(w, "all troubles end");
    w->store.away = false;
    w->paused_until_ms = 0;
    for (size_t t = 0; t < SIM_TARGETS; t++) w->pagers[t].mood = SIM_WELL;
    for (uint32_t m = 0; m < w->machine_count; m++) {
        w->machines[m].cpu_bp = 3000;
        w->machines[m].stuck_until_ms = 0;
        if (!w->machines[m].up) sim_machine_start(w, m);
    }
}
