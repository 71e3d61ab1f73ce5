/* sim.h - a small world in one process: machines with agents, a collector, a store, pagers.
 *
 *     machine.c   what a machine measures; its agent: the real spool and session
 *     link        bytes between an agent and the collector: late, in pieces, or cut off
 *     collector.c the shell around the real engine: the real session, effects, restarts
 *     store.c     what would be in Redis: what survives a restart of the collector
 *     pager.c     the receivers of pages: well, busy, down, deaf
 *     world.c     one step of everything; telling the story
 *     oracle.c    what must be true, found out in the simplest possible way
 *     trouble.c   which of all this breaks when, drawn from a seed
 *
 * Time is a number that grows by SIM_STEP_MS. Everything random comes from one seed, so a failing
 * seed tells the same story again. True time has no name of its own: `w->now_ms`. The collector's
 * and each machine's wall clock show it plus an error. */
#pragma once

#include "agent/core/spool.h"
#include "collector/core/engine.h"
#include "common/base/rng.h"
#include "common/wire/session.h"

enum {
    SIM_STEP_MS = 100,
    SIM_MACHINES_MAX = 8,
    SIM_POOLS = 3,
    SIM_TARGETS = 2,
    SIM_ALERTS = SIM_POOLS * PL_RULE_COUNT,
    SIM_LINK_BYTES = 128 * 1024,
    SIM_SPOOL = 900,       // samples an agent keeps
    SIM_HISTORY = 300,     // samples per machine the store gives back
    SIM_STAGED_MAX = 2000, // samples per machine that wait for being durable
    SIM_PAGES_MAX = 64,
    SIM_INTERVAL_MS = 1000,
    SIM_LONG_AGO_MS = 3600000,
    SIM_UNSTABLE_MS = 120000, // short enough for troubles to be unstable, and to see it end
};
#define SIM_START_UNIX_MS INT64_C(1750000000000)

/* One direction of a connection. */
struct sim_link {
    uint8_t bytes[SIM_LINK_BYTES];
    size_t len;
};

struct sim_machine {
    struct pl_name name;
    uint32_t pool;
    bool up;                // the machine runs, and its agent with it
    int32_t cpu_bp;         // load now, without traffic
    int32_t memory_bp;      // used now
    int32_t leak_bp;        // more of it every second
    int32_t held_bp;        // of it, for ten connections that are inside at a time
    int32_t stall_bp;       // time in which everything waits for I/O
    int64_t traffic_milli;  // connections now, thousandths per second; 0: it serves nobody
    int32_t growth_ppm;     // of traffic, every second
    int32_t cost_bp;        // of cpu, for ten connections per second
    int64_t clock_error_ms; // of its wall clock
    int64_t clock_set_ms;   // when that changed last
    uint32_t boot_count;    // of the agent: in its boot id
    int64_t next_sample_ms;
    struct pl_spool spool;
    struct pl_spool_slot spool_slots[SIM_SPOOL];
    int64_t taken_ms[SIM_SPOOL]; // true time of the sample seq % SIM_SPOOL
    uint64_t next_to_send;
    /* its connection */
    bool connected;
    bool cut;                // nothing gets through any more, and neither end knows
    int64_t stuck_until_ms;  // nothing gets through until then
    int64_t silent_since_ms; // when the agent last heard or was heard
    int64_t reconnect_ms;
    struct pl_agent_session session;
    struct sim_link up_link, down_link;
};

/* The collector's end of a machine's connection. */
struct sim_peer {
    bool open;
    bool joined;
    uint32_t host;
    struct pl_boot_id boot_id;
    int64_t heard_ms;
    struct pl_collector_session session;
};

struct sim_staged {
    struct pl_boot_id boot_id;
    int64_t stored_ms;
    int64_t taken_ms; // true time
    struct pl_sample sample;
};

/* What the store has of one machine, by machine number. */
struct sim_record {
    bool saved;
    struct pl_hello hello;
    struct pl_boot_id boot_id; // of the newest durable sample
    uint64_t durable_seq;
    uint32_t history_count; // ever; the ring holds the newest SIM_HISTORY
    struct pl_sample history[SIM_HISTORY];
    struct pl_boot_id history_boot[SIM_HISTORY];
    int64_t history_taken_ms[SIM_HISTORY];
    /* not durable yet, lost with the collector */
    uint32_t staged_first, staged_count;
    struct sim_staged staged[SIM_STAGED_MAX];
};

struct sim_alert_record {
    bool saved, dirty;
    struct pl_alert alert, written;
};

struct sim_page_record {
    bool used, saved, dirty, dropped;
    uint64_t number;
    struct pl_slot_id id;
    uint32_t alert;
    struct pl_page page, written;
};

struct sim_store {
    bool away;
    struct sim_record hosts[SIM_MACHINES_MAX];
    struct sim_alert_record alerts[SIM_ALERTS];
    struct sim_page_record pages[SIM_PAGES_MAX];
};

enum sim_mood {
    SIM_WELL,
    SIM_BUSY,   // says 503
    SIM_LIMIT,  // says 429 and how long to wait
    SIM_DOWN,   // refuses connections
    SIM_DEAF,   // takes the page, and the answer is lost
    SIM_REJECT, // says 400
};

struct sim_attempt {
    bool used;
    uint32_t life; // of the collector that made it
    struct pl_slot_id page;
    uint8_t target;
    uint32_t alert;
    bool resolved;
    int64_t answer_ms;
};

struct sim_pager {
    enum sim_mood mood;
    int64_t mood_since_ms;
    bool believes[SIM_ALERTS]; // that it fires: the last thing delivered
    bool possible[SIM_ALERTS]; // it may have heard that it fires, and did not confirm that it ended
};

/* What the oracle knows of one machine, from what the engine accepted. */
struct sim_truth {
    bool known;            // the engine knows it
    bool accepted;         // it accepted a sample since it started
    int64_t taken_ms;      // true time of that sample
    int64_t heard_ms;      // the same, or when it became known
    int64_t patience_ms;   // it may be silent this long after heard_ms
    int64_t live_since_ms; // no gap in what was accepted since
    int64_t over_since_ms; // true time since when every sample was over the page level; or never
    bool held;             // it was over for long enough, and not far under since
    int64_t over_until_ms; // of the newest such sample
    int64_t calm_since_ms; // accepted and under the warn level since; or never
    uint64_t last_seq;
    struct pl_boot_id boot_id;
};

struct sim_oracle {
    struct sim_truth machines[SIM_MACHINES_MAX];
    bool fires[SIM_ALERTS];
    bool pages[SIM_ALERTS];
    int64_t owed_ms[SIM_ALERTS][SIM_TARGETS]; // how long a target has not been told that could be
    int64_t steady_ms;                        // how long the engine was neither tilted nor stalled
    int64_t resumed_ms;                       // when the collector last went on after a long stop
    int64_t stopped_ms;                       // how long it has been stopped
    /* The collector died with records about them that were not written: what a pager believes then
     * cannot be held against its successor until that one has told it something. */
    bool lost[SIM_ALERTS][SIM_TARGETS];
    struct pl_engine_counts counts;
    uint64_t hash; // of all effects
    int failures;
};

struct sim_world {
    struct pl_rng rng;
    int64_t now_ms; // true time since the start
    uint32_t machine_count;
    struct sim_machine machines[SIM_MACHINES_MAX];
    /* the collector */
    uint32_t life; // counts starts; 0: never
    bool running;
    int64_t start_ms;        // of this life, or of the next one if it does not run
    int64_t paused_until_ms; // SIGSTOP
    int64_t clock_error_ms;
    int64_t clock_set_ms; // when that last changed by more than the engine tolerates
    int64_t next_tick_ms;
    bool listening; // to agents
    bool restored;  // the store has been read in this life
    void *memory;
    struct pl_engine *engine;
    struct sim_peer peers[SIM_MACHINES_MAX];
    struct sim_store store;
    struct sim_pager pagers[SIM_TARGETS];
    struct sim_attempt attempts[SIM_PAGES_MAX];
    struct sim_oracle oracle;
    /* the story, line by line, if somebody wants it */
    void (*tell)(void *arg, const char *line);
    void *tell_arg;
};

/* ---- world.c ---- */
void sim_world_init(struct sim_world *w, uint64_t seed, uint32_t machine_count);
void sim_world_fini(struct sim_world *w);
/* Let SIM_STEP_MS pass. */
void sim_step(struct sim_world *w);
__attribute__((format(printf, 2, 3))) void sim_say(struct sim_world *w, const char *format, ...);
/* An invariant does not hold: say so and remember. */
__attribute__((format(printf, 2, 3))) void sim_fail(struct sim_world *w, const char *format, ...);
bool sim_chance(struct sim_world *w, uint32_t one_in);

/* ---- machine.c ---- */
void sim_machine_init(struct sim_world *w, uint32_t m, uint32_t pool);
void sim_machine_step(struct sim_world *w, uint32_t m);
void sim_machine_stop(struct sim_world *w, uint32_t m);
void sim_machine_start(struct sim_world *w, uint32_t m);
/* Ends the connection; the agent comes back after a while. */
void sim_disconnect(struct sim_world *w, uint32_t m);
struct pl_boot_id sim_boot_id(const struct sim_machine *machine, uint32_t m);
/* Add bytes to a link; false when they do not fit. */
bool sim_link_write(struct sim_link *link, const struct pl_writer *from);
/* How many of the link's bytes have arrived at the other end now. */
size_t sim_link_arrived(struct sim_world *w, uint32_t m, const struct sim_link *link);
void sim_link_take(struct sim_link *link, size_t len);

/* ---- collector.c ---- */
void sim_collector_start(struct sim_world *w);
/* A machine opens a new connection; the old one, if any, ends. */
void sim_peer_open(struct sim_world *w, uint32_t m);
void sim_collector_kill(struct sim_world *w, int64_t back_in_ms);
void sim_collector_step(struct sim_world *w);
struct pl_now sim_collector_now(const struct sim_world *w);
/* Run the effects of the last call. */
void sim_run_effects(struct sim_world *w);
uint32_t sim_machine_of(const struct sim_world *w, uint32_t host);

/* ---- store.c ---- */
void sim_store_sample(struct sim_world *w, uint32_t m, const struct pl_boot_id *boot_id,
                      const struct pl_sample *sample);
void sim_store_step(struct sim_world *w);
/* The collector died: what was not written is gone. */
void sim_store_crash(struct sim_world *w);
void sim_store_restore(struct sim_world *w);
void sim_store_host(struct sim_world *w, uint32_t m, const struct pl_hello *hello);
void sim_store_alert(struct sim_world *w, uint32_t alert);
void sim_store_page(struct sim_world *w, const struct pl_effect *effect);
void sim_store_drop_page(struct sim_world *w, uint64_t number);

/* ---- pager.c ---- */
void sim_pager_try(struct sim_world *w, const struct pl_effect *effect);
void sim_pager_step(struct sim_world *w);

/* ---- oracle.c ---- */
void sim_tell_effect(struct sim_world *w, const struct pl_effect *effect);
void sim_oracle_started(struct sim_world *w);
void sim_oracle_restored(struct sim_world *w);
void sim_oracle_hello(struct sim_world *w, uint32_t m);
void sim_oracle_sample(struct sim_world *w, uint32_t m, const struct pl_sample *sample,
                       bool is_new);
void sim_oracle_effect(struct sim_world *w, const struct pl_effect *effect);
void sim_oracle_step(struct sim_world *w);
/* All troubles have been over for a while. */
void sim_oracle_end(struct sim_world *w);

/* ---- trouble.c ---- */
void sim_trouble_step(struct sim_world *w);
void sim_trouble_end(struct sim_world *w);
