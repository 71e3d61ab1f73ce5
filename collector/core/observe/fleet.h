/* fleet.h - the hosts and pools the engine knows, found by name or by index.
 *
 * Hosts and pools live in arrays sized at start; an index stays valid until the host is forgotten.
 * A pool is made by the configuration or by the first host that names it, and then stays.
 *
 * A pool carries what the rules ask of it in every sample (how many hosts hold which tier, how many
 * are silent) as counts, and its troubled hosts as a list, so that neither costs a walk over all
 * hosts. pl_fleet_set() keeps both in step. */
#pragma once

#include "collector/core/judge/capacity.h"
#include "collector/core/now.h"
#include "collector/core/observe/age.h"
#include "collector/core/observe/window.h"
#include "common/wire/hello.h"
#include "common/wire/listener.h"
#include "common/wire/service.h"

enum {
    PL_POOL_MAX = 1024,
    PL_HOST_MAX = 100000,
};

#define PL_NO_INDEX UINT32_MAX // no host, no pool; an enumerator would have to fit an int

/* What people see; the words are in collector/codec. Ordered: worse is larger. */
enum pl_health {
    PL_HEALTH_NO_DATA,
    PL_HEALTH_OK,
    PL_HEALTH_WATCH,
    PL_HEALTH_ACT,
    PL_HEALTH_SILENT
};

/* How much can be said about a host now. */
enum pl_presence {
    PL_WAITING, // nothing recent enough to judge: new, just restored, or catching up
    PL_LIVE,    // its newest sample came in time
    PL_SILENT,  // nothing for so long that its agent must be presumed dead
};

/* What a host holds by each of the rules that look at single hosts, and what it will hold if what
 * is over a level now lasts. */
struct pl_tiers {
    enum pl_tier held[PL_STRAIN_COUNT];
    enum pl_tier coming[PL_STRAIN_COUNT];
};

/* With ten thousand hosts each sample finds its host out of every cache, so what each of them
 * touches lies together: the newest row of the window and the place of the next, what follows,
 * and the head of `capacity`. */
struct pl_host {
    struct pl_window window;
    bool used;        // this slot holds a host
    bool connected;   // an agent's session is open
    bool joined;      // an agent said HELLO since the engine started
    bool has_sample;  // perhaps only one restored from before the start
    bool load_rising; // silent: load was rising when it fell silent
    enum pl_health health;
    enum pl_presence presence;
    struct pl_tiers tiers; // frozen unless PL_LIVE
    uint32_t pool;         // index
    uint32_t next_peer;    // neighbours in the list of all hosts of that pool, or PL_NO_INDEX
    uint32_t prev_peer;
    uint32_t next_troubled; // neighbours in the list of its troubled hosts, or PL_NO_INDEX
    uint32_t prev_troubled;
    uint32_t interval_ms;
    uint64_t last_seq;       // newest sample taken into the window, of boot_id; 0: none
    int64_t arrived_mono_ms; // when it came (or: when the host became known, without one)
    int64_t arrived_unix_ms; // the same for people
    int64_t judged_stamp_ms; // stamp of the sample that last moved the levels, or PL_NEVER_MS
    uint16_t awake;          // bit r: levels[r] may be anything but quiet
    /* Faster samples, see judge/pace.h. */
    bool is_tense;              // something is about to happen to it
    int64_t tense_mono_ms;      // since when
    int64_t fast_until_mono_ms; // it was asked for faster samples until then; 0: it was not
    uint32_t weight;            // of a fair share of the pool's traffic; 0: not known
    int32_t share_bp;           // of the fair share, basis points; -1: not known
    enum pl_traffic_source level_unit;
    double level_per_s;                  // its traffic over half a minute; negative: not known
    uint32_t traffic_round;              // of its pool (judge/rule_saturation) it last reported in
    double traffic_per_s;                // what it reported there
    int64_t reported_unix_ms;            // when that was taken, our clock
    struct pl_settled traffic_source;    // best enum pl_traffic_source it has for good
    enum pl_traffic_source traffic_unit; // of the mean: its pool's
    int64_t traffic_unix_ms;             // when the mean was last stepped, our clock
    int64_t traffic_known_ms;            // what it spans so far, at most ten minutes
    double traffic_mean_per_s;           // of the last ten minutes
    struct pl_age age;
    struct pl_sample last;               // newest sample, all metrics
    struct pl_capacity_learner capacity; // what it can take
    struct pl_level levels[PL_RESOURCE_COUNT];
    int64_t learned_mono_ms; // when that was last written down, or PL_NEVER_MS
    struct pl_boot_id boot_id;
    struct pl_name name;
    char agent_version[PL_VERSION_LEN_MAX + 1];
    struct pl_fact_value facts[PL_FACT_COUNT];
    uint32_t first_change;       // of its list in observe/changes: index + 1, 0: none
    struct pl_listener listener; // whose accept queue was its fullest; no address: never said
    struct pl_service service;   // what is watched there beside the host; no name: nothing
};

struct pl_pool {
    struct pl_name name;
    bool is_group;           // nobody named it as a pool: it stands for alerts that others post
    uint32_t first_host;     // of the list through next_peer, or PL_NO_INDEX
    uint32_t first_troubled; // of the list through next_troubled: PL_HEALTH_WATCH or worse,
    uint32_t last_troubled;  // those that are to be acted on before the others
    uint32_t host_count;
    uint32_t waiting_count;
    uint32_t silent_count;
    uint32_t rising_count;                  // silent hosts whose load was rising
    uint32_t frozen_count[PL_STRAIN_COUNT]; // hosts not live that held a tier when last heard
    uint32_t held_count[PL_STRAIN_COUNT][PL_TIER_COUNT];   // live hosts by the tier they hold
    uint32_t coming_count[PL_STRAIN_COUNT][PL_TIER_COUNT]; // and by the one they will hold
    uint32_t live_weight;                                  // of live hosts together
    uint32_t unweighed_count;                              // live hosts without a weight
    uint64_t notify; // bit t: target t of the configuration gets its pages
};

struct pl_fleet {
    struct pl_host *hosts; // borrowed, host_max items
    int64_t *due_mono_ms;  // borrowed, host_max items: when something happens to a host because
                           // nothing was heard of it; INT64_MAX for a free slot
    uint32_t *by_name;     // borrowed, open-addressing table of host indexes
    uint32_t table_size;   // power of two, at least 2 * host_max
    uint32_t host_max;
    uint32_t host_count;
    uint32_t slot_count; // slots ever used: hosts are among the first so many
    uint32_t first_free; // of the free ones among them, through next_peer, or PL_NO_INDEX
    struct pl_pool pools[PL_POOL_MAX];
    uint32_t pool_count;
};

/* Bytes of memory a fleet of `host_max` hosts needs beside the struct itself. */
size_t pl_fleet_bytes(uint32_t host_max);
/* `memory` is pl_fleet_bytes() long, aligned for any type, and outlives the fleet. */
void pl_fleet_init(struct pl_fleet *f, void *memory, uint32_t host_max);

/* Index by name, or PL_NO_INDEX. */
uint32_t pl_fleet_find_host(const struct pl_fleet *f, const struct pl_name *name);
uint32_t pl_fleet_find_pool(const struct pl_fleet *f, const struct pl_name *name);
/* Find or make. A new host is PL_WAITING and due never. PL_E_FULL when the table is full; `*index`
 * is untouched then. A new pool gets `notify`. A host that names another pool than before moves
 * there. */
PL_MUST_CHECK int pl_fleet_add_pool(struct pl_fleet *f, const struct pl_name *name, uint64_t notify,
                                    uint32_t *index);
PL_MUST_CHECK int pl_fleet_add_host(struct pl_fleet *f, const struct pl_name *name, uint32_t pool,
                                    uint32_t *index);
/* Forget a host; its slot may be used by another from here on. */
void pl_fleet_drop_host(struct pl_fleet *f, uint32_t host);
/* Say what part of its pool's traffic is fair for a host. */
void pl_fleet_weigh(struct pl_fleet *f, uint32_t host, uint32_t weight);
/* Say what a host is now. Set `load_rising` of the host before it becomes PL_SILENT. */
void pl_fleet_set(struct pl_fleet *f, uint32_t host, enum pl_presence presence,
                  const struct pl_tiers *tiers);
