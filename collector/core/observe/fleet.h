/* fleet.h - the hosts and pools the engine knows, found by name or by index.
 *
 * Hosts and pools live in arrays sized at start; an index stays valid until the host is forgotten.
 * A pool is made by the configuration or by the first host that names it. */
#pragma once

#include "collector/core/judge/level.h"
#include "collector/core/now.h"
#include "collector/core/observe/window.h"
#include "common/wire/hello.h"

enum {
    PL_POOL_MAX = 256,
    PL_HOST_MAX = 100000,
    PL_NO_INDEX = UINT32_MAX,
};

/* What people see; the words are in collector/codec. Ordered: worse is larger. */
enum pl_health {
    PL_HEALTH_NO_DATA,
    PL_HEALTH_OK,
    PL_HEALTH_WATCH,
    PL_HEALTH_ACT,
    PL_HEALTH_SILENT
};

struct pl_host {
    struct pl_name name;
    uint32_t pool;      // index
    uint32_t next_peer; // next host of the same pool, or PL_NO_INDEX
    bool used;          // this slot holds a host
    bool connected;     // an agent's session is open
    bool has_sample;
    struct pl_boot_id boot_id;
    uint64_t last_seq;       // newest sample taken into the window, of boot_id
    int64_t arrived_mono_ms; // when it came (or: when the host became known, without one)
    uint32_t interval_ms;
    enum pl_health health;
    char agent_version[PL_VERSION_LEN_MAX + 1];
    struct pl_fact_value facts[PL_FACT_COUNT];
    struct pl_sample last; // newest sample, all metrics
    struct pl_level levels[PL_RESOURCE_COUNT];
    struct pl_window window;
};

struct pl_pool {
    struct pl_name name;
    uint32_t first_host; // of the list through next_peer, or PL_NO_INDEX
    uint32_t host_count;
    uint32_t silent_count;
    uint32_t tier_count[PL_TIER_COUNT]; // hosts by the worst tier any of their resources holds
    uint32_t notify;                    // bit t: target t of the configuration gets its pages
};

struct pl_fleet {
    struct pl_host *hosts; // borrowed, host_max items
    uint32_t *by_name;     // borrowed, open-addressing table of host indexes, power of two
    uint32_t host_max;
    uint32_t host_count;
    uint32_t table_size;
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
/* Find or make. PL_E_FULL when the table is full; `*index` is untouched then. A new pool gets
 * `notify`. A host that names another pool than before moves there. */
PL_MUST_CHECK int pl_fleet_add_pool(struct pl_fleet *f, const struct pl_name *name, uint32_t notify,
                                    uint32_t *index);
PL_MUST_CHECK int pl_fleet_add_host(struct pl_fleet *f, const struct pl_name *name, uint32_t pool,
                                    uint32_t *index);
/* Forget a host; its slot may be used by another from here on. */
void pl_fleet_drop_host(struct pl_fleet *f, uint32_t host);
