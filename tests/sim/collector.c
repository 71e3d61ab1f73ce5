/* The shell around the engine: what app.c and ingest are to the real one. */
#include "tests/engine_memory.h"
#include "tests/sim/sim.h"

#include <stdlib.h>

enum { IDLE_MS = 15000, RESTORE_WAIT_MS = 3000 };

struct pl_now sim_collector_now(const struct sim_world *w)
{
    return (struct pl_now){.mono_ms = 5000 + w->now_ms, // a machine that booted not long ago
                           .unix_ms = SIM_START_UNIX_MS + w->now_ms + w->clock_error_ms};
}

uint32_t sim_machine_of(const struct sim_world *w, uint32_t host)
{
    const struct pl_host *h = &pl_engine_fleet(w->engine)->hosts[host];
    for (uint32_t m = 0; m < w->machine_count; m++) {
        if (pl_name_eq(&h->name, &w->machines[m].name)) return m;
    }
    return 0;
}

/* ---- effects ---- */

static void say_launch(struct sim_world *w, uint32_t launch)
{
    const struct pl_launch_entry *e = &pl_engine_launches(w->engine)->entries[launch];
    sim_say(w, "launch is %s, verdict %s", pl_launch_state_word(e->course.state),
            pl_verdict_word(e->course.colour));
}

static void run_effect(struct sim_world *w, const struct pl_effect *effect)
{
    sim_oracle_effect(w, effect);
    switch (effect->type) {
    case PL_EFFECT_SAVE_HOST: break; // written with the HELLO, which is at hand there
    case PL_EFFECT_DROP_HOST:
    case PL_EFFECT_SAVE_CHANGE:  // agents tell them again
    case PL_EFFECT_SAVE_LEARNED: // worlds last for minutes
    case PL_EFFECT_HOST_SILENT:
    case PL_EFFECT_HOST_BACK:
    case PL_EFFECT_DIRECT_HOST: break; // machines here keep their pace
    case PL_EFFECT_SAVE_ALERT: sim_store_alert(w, effect->alert); break;
    case PL_EFFECT_ALERT_OPENED:
    case PL_EFFECT_ALERT_RAISED:
    case PL_EFFECT_ALERT_LOWERED:
    case PL_EFFECT_ALERT_RESOLVED:
    case PL_EFFECT_ALERT_RESUMED:
    case PL_EFFECT_SAVE_HANDLING:
    case PL_EFFECT_SAVE_SILENCE:
    case PL_EFFECT_DROP_SILENCE:
    case PL_EFFECT_SAVE_EXTERNAL:
    case PL_EFFECT_SAVE_DELIVERY: break;
    case PL_EFFECT_SAVE_PAGE: sim_store_page(w, effect); break;
    case PL_EFFECT_SEND_PAGE: sim_pager_try(w, effect); break;
    case PL_EFFECT_DROP_PAGE: sim_store_drop_page(w, effect->number); break;
    case PL_EFFECT_PAGE_REFUSED:
    case PL_EFFECT_PAGE_FAILED:
    case PL_EFFECT_SAVE_LAUNCH:
    case PL_EFFECT_DROP_LAUNCH: break;
    case PL_EFFECT_LAUNCH_STATE: say_launch(w, effect->launch); break;
    case PL_EFFECT_TILT_ON:
    case PL_EFFECT_TILT_OFF: break;
    }
}

void sim_run_effects(struct sim_world *w)
{
    size_t count;
    const struct pl_effect *effects = pl_engine_effects(w->engine, &count);
    for (size_t i = 0; i < count; i++) run_effect(w, &effects[i]);
    pl_engine_effects_done(w->engine);
}

/* ---- one life ---- */

static struct pl_name pool_name(uint32_t pool)
{
    static const char *const names[SIM_POOLS] = {"web", "api", "db"};
    struct pl_name name = {0};
    if (pl_name_parse(pl_span_of(names[pool]), &name) != 0) abort();
    return name;
}

void sim_collector_start(struct sim_world *w)
{
    struct pl_pool_config pools[SIM_POOLS];
    for (uint32_t i = 0; i < SIM_POOLS; i++) {
        pools[i] = (struct pl_pool_config){.name = pool_name(i),
                                           .notify = i == 1 ? 1 : (1 << SIM_TARGETS) - 1};
    }
    struct pl_engine_config config = {.host_max = SIM_MACHINES_MAX,
                                      .target_count = SIM_TARGETS,
                                      .pool_count = SIM_POOLS,
                                      .pools = pools,
                                      .seed = pl_rng_u64(&w->rng)};
    pl_rules_default(&config.rules);
    config.rules.unstable_ms = SIM_UNSTABLE_MS;
    w->life++;
    sim_say(w, "collector starts");
    w->memory = engine_memory(&config);
    w->engine = pl_engine_init(w->memory, &config, sim_collector_now(w));
    w->running = true;
    w->start_ms = w->now_ms;
    w->next_tick_ms = w->now_ms + 1000;
    w->restored = w->listening = false;
    sim_oracle_started(w);
}

void sim_collector_kill(struct sim_world *w, int64_t back_in_ms)
{
    sim_say(w, "collector is killed");
    w->running = false;
    w->start_ms = w->now_ms + back_in_ms;
    w->paused_until_ms = 0;
    engine_memory_free(w->memory);
    w->memory = NULL;
    w->engine = NULL;
    sim_store_crash(w);
    for (uint32_t m = 0; m < w->machine_count; m++) {
        w->peers[m].open = false;
        if (w->machines[m].connected) sim_disconnect(w, m);
    }
}

/* ---- agents' connections ---- */

static void gone(struct sim_world *w, uint32_t m)
{
    struct sim_peer *peer = &w->peers[m];
    if (peer->joined) pl_engine_leave(w->engine, peer->host, sim_collector_now(w));
    peer->open = peer->joined = false;
    sim_run_effects(w);
}

void sim_peer_open(struct sim_world *w, uint32_t m)
{
    gone(w, m);
    w->peers[m] = (struct sim_peer){.open = true, .heard_ms = w->now_ms};
    pl_collector_session_init(&w->peers[m].session);
}

static void on_hello(struct sim_world *w, uint32_t m, const struct pl_hello *hello)
{
    struct sim_peer *peer = &w->peers[m];
    const struct sim_record *record = &w->store.hosts[m];
    if (pl_engine_join(w->engine, hello, sim_collector_now(w), &peer->host) != 0) {
        sim_fail(w, "%s is refused", hello->host.text);
        return;
    }
    peer->joined = true;
    peer->boot_id = hello->boot_id;
    sim_oracle_hello(w, m);
    sim_store_host(w, m, hello);
    sim_run_effects(w);
    uint8_t buf[PL_FRAME_BYTES_MAX];
    struct pl_writer out = pl_writer_init(buf, sizeof buf);
    bool known = w->restored && pl_boot_id_eq(&record->boot_id, &hello->boot_id);
    pl_welcome_write(&(struct pl_welcome){known ? record->durable_seq : 0, 0}, &out);
    (void)sim_link_write(&w->machines[m].down_link, &out); // it is empty
}

static void on_sample(struct sim_world *w, uint32_t m, const struct pl_sample *sample)
{
    struct sim_peer *peer = &w->peers[m];
    bool is_new = pl_engine_sample(w->engine, peer->host, sample, sim_collector_now(w));
    sim_oracle_sample(w, m, sample, is_new);
    sim_run_effects(w);
    sim_store_sample(w, m, &peer->boot_id, sample);
}

static void listen_to(struct sim_world *w, uint32_t m)
{
    struct sim_peer *peer = &w->peers[m];
    struct sim_link *link = &w->machines[m].up_link;
    size_t arrived = sim_link_arrived(w, m, link), done = 0;
    for (;;) {
        struct pl_frame frame;
        struct pl_collector_event event;
        struct pl_span rest = {link->bytes + done, arrived - done};
        ssize_t len = pl_frame_parse(rest, &frame);
        if (len == 0) break;
        if (len < 0 || pl_collector_session_step(&peer->session, &frame, &event) != 0) {
            sim_fail(w, "cannot read %s", w->machines[m].name.text);
            return;
        }
        peer->heard_ms = w->now_ms;
        if (event.type == PL_COLLECTOR_HELLO) on_hello(w, m, &event.hello);
        if (event.type == PL_COLLECTOR_SAMPLE) on_sample(w, m, &event.sample);
        done += (size_t)len;
    }
    sim_link_take(link, done);
}

static void mind_peer(struct sim_world *w, uint32_t m)
{
    struct sim_peer *peer = &w->peers[m];
    if (!peer->open) {
        if (peer->joined) gone(w, m);
        return;
    }
    listen_to(w, m);
    if (w->now_ms - peer->heard_ms > IDLE_MS) {
        gone(w, m);
        if (w->machines[m].connected) sim_disconnect(w, m);
    }
}

void sim_collector_step(struct sim_world *w)
{
    if (!w->running) {
        if (w->now_ms >= w->start_ms) sim_collector_start(w);
        return;
    }
    if (w->now_ms < w->paused_until_ms) return;
    /* Timers come before sockets, as in libuv: after a stall the tick sees old news first. */
    if (w->now_ms >= w->next_tick_ms) {
        pl_engine_tick(w->engine, sim_collector_now(w));
        sim_run_effects(w);
        w->next_tick_ms = w->now_ms + 1000;
    }
    if (!w->restored && !w->store.away) {
        sim_store_restore(w);
        sim_oracle_restored(w);
    }
    if (w->restored || w->now_ms - w->start_ms > RESTORE_WAIT_MS) w->listening = true;
    for (uint32_t m = 0; m < w->machine_count; m++) mind_peer(w, m);
}
