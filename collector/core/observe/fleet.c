#include "collector/core/observe/fleet.h"

#include "common/base/assert.h"
#include "common/base/err.h"

/* ---- memory ---- */

static uint32_t table_size_for(uint32_t host_max)
{
    uint32_t size = 2;
    while (size < 2 * host_max) size *= 2;
    return size;
}

size_t pl_fleet_bytes(uint32_t host_max)
{
    PL_ASSERT(host_max > 0 && host_max <= PL_HOST_MAX);
    return host_max * (sizeof(struct pl_host) + sizeof(int64_t)) +
           table_size_for(host_max) * sizeof(uint32_t);
}

void pl_fleet_init(struct pl_fleet *f, void *memory, uint32_t host_max)
{
    PL_ASSERT(host_max > 0 && host_max <= PL_HOST_MAX);
    struct pl_host *hosts = memory;
    int64_t *due_mono_ms = (int64_t *)(void *)(hosts + host_max);
    *f = (struct pl_fleet){.hosts = hosts,
                           .due_mono_ms = due_mono_ms,
                           .by_name = (uint32_t *)(void *)(due_mono_ms + host_max),
                           .table_size = table_size_for(host_max),
                           .host_max = host_max,
                           .first_free = PL_NO_INDEX};
    for (uint32_t i = 0; i < f->table_size; i++) f->by_name[i] = PL_NO_INDEX;
    for (uint32_t i = 0; i < host_max; i++) due_mono_ms[i] = INT64_MAX;
}

/* ---- the table of names: open addressing, linear probing ---- */

static uint32_t home_of(const struct pl_fleet *f, const struct pl_name *name)
{
    return (uint32_t)pl_hash_bytes(pl_name_span(name)) & (f->table_size - 1);
}

/* Where the name is, or the empty place where it would go. At most half of the table is taken, so
 * the walk ends. */
static uint32_t place_of(const struct pl_fleet *f, const struct pl_name *name)
{
    uint32_t at = home_of(f, name);
    while (f->by_name[at] != PL_NO_INDEX && !pl_name_eq(&f->hosts[f->by_name[at]].name, name)) {
        at = (at + 1) & (f->table_size - 1);
    }
    return at;
}

/* Empty one place and move up what would not be found any more (Knuth, The Art of Computer
 * Programming, vol. 3, 6.4, algorithm R). */
static void table_remove(struct pl_fleet *f, uint32_t at)
{
    uint32_t mask = f->table_size - 1;
    for (uint32_t next = (at + 1) & mask; f->by_name[next] != PL_NO_INDEX;
         next = (next + 1) & mask) {
        uint32_t home = home_of(f, &f->hosts[f->by_name[next]].name);
        if (((next - home) & mask) < ((next - at) & mask)) continue; // its way does not cross `at`
        f->by_name[at] = f->by_name[next];
        at = next;
    }
    f->by_name[at] = PL_NO_INDEX;
}

uint32_t pl_fleet_find_host(const struct pl_fleet *f, const struct pl_name *name)
{
    return f->by_name[place_of(f, name)];
}

uint32_t pl_fleet_find_pool(const struct pl_fleet *f, const struct pl_name *name)
{
    for (uint32_t i = 0; i < f->pool_count; i++) {
        if (pl_name_eq(&f->pools[i].name, name)) return i;
    }
    return PL_NO_INDEX;
}

/* ---- a pool's counts and its list of troubled hosts ---- */

static enum pl_health live_health(const struct pl_tiers *tiers)
{
    enum pl_health worst = PL_HEALTH_OK;
    for (size_t s = 0; s < PL_STRAIN_COUNT; s++) {
        if (tiers->held[s] == PL_TIER_PAGE) return PL_HEALTH_ACT;
        bool uneasy = tiers->held[s] != PL_TIER_NONE || tiers->coming[s] != PL_TIER_NONE;
        if (uneasy) worst = PL_HEALTH_WATCH;
    }
    return worst;
}

static enum pl_health health_of(enum pl_presence presence, const struct pl_tiers *tiers)
{
    switch (presence) {
    case PL_WAITING: return PL_HEALTH_NO_DATA;
    case PL_LIVE: return live_health(tiers);
    case PL_SILENT: return PL_HEALTH_SILENT;
    }
    PL_UNREACHABLE("presence");
}

static void list_trouble(struct pl_fleet *f, struct pl_pool *pool, uint32_t index)
{
    struct pl_host *host = &f->hosts[index];
    bool first = host->health >= PL_HEALTH_ACT;
    host->next_troubled = first ? pool->first_troubled : PL_NO_INDEX;
    host->prev_troubled = first ? PL_NO_INDEX : pool->last_troubled;
    if (host->next_troubled != PL_NO_INDEX) f->hosts[host->next_troubled].prev_troubled = index;
    if (host->prev_troubled != PL_NO_INDEX) f->hosts[host->prev_troubled].next_troubled = index;
    if (host->prev_troubled == PL_NO_INDEX) pool->first_troubled = index;
    if (host->next_troubled == PL_NO_INDEX) pool->last_troubled = index;
}

static void unlist_trouble(struct pl_fleet *f, struct pl_pool *pool, const struct pl_host *host)
{
    uint32_t next = host->next_troubled, prev = host->prev_troubled;
    if (next != PL_NO_INDEX) f->hosts[next].prev_troubled = prev;
    if (prev != PL_NO_INDEX) f->hosts[prev].next_troubled = next;
    if (prev == PL_NO_INDEX) pool->first_troubled = next;
    if (next == PL_NO_INDEX) pool->last_troubled = prev;
}

/* Add (`by` 1) or take away (-1, as unsigned) one host as it is now. */
static void count(struct pl_pool *pool, const struct pl_host *host, uint32_t by)
{
    pool->host_count += by;
    if (host->presence == PL_WAITING) pool->waiting_count += by;
    if (host->presence == PL_SILENT) pool->silent_count += by;
    if (host->presence == PL_SILENT && host->load_rising) pool->rising_count += by;
    if (host->presence == PL_LIVE) pool->live_weight += by * host->weight;
    if (host->presence == PL_LIVE && host->weight == 0) pool->unweighed_count += by;
    for (size_t s = 0; s < PL_STRAIN_COUNT; s++) {
        enum pl_tier held = host->tiers.held[s];
        if (host->presence == PL_LIVE) {
            pool->held_count[s][held] += by;
            pool->coming_count[s][host->tiers.coming[s]] += by;
        } else if (held != PL_TIER_NONE) {
            pool->frozen_count[s] += by;
        }
    }
}

static void enter(struct pl_fleet *f, uint32_t index)
{
    struct pl_host *host = &f->hosts[index];
    struct pl_pool *pool = &f->pools[host->pool];
    count(pool, host, 1);
    if (host->health >= PL_HEALTH_WATCH) list_trouble(f, pool, index);
}

static void leave(struct pl_fleet *f, uint32_t index)
{
    struct pl_host *host = &f->hosts[index];
    struct pl_pool *pool = &f->pools[host->pool];
    count(pool, host, UINT32_MAX);
    if (host->health >= PL_HEALTH_WATCH) unlist_trouble(f, pool, host);
}

void pl_fleet_set(struct pl_fleet *f, uint32_t host, enum pl_presence presence,
                  const struct pl_tiers *tiers)
{
    struct pl_host *h = &f->hosts[host];
    PL_ASSERT(host < f->slot_count && h->used);
    leave(f, host);
    h->presence = presence;
    h->tiers = *tiers;
    h->health = health_of(presence, tiers);
    enter(f, host);
}

void pl_fleet_weigh(struct pl_fleet *f, uint32_t host, uint32_t weight)
{
    struct pl_host *h = &f->hosts[host];
    PL_ASSERT(host < f->slot_count && h->used);
    struct pl_pool *pool = &f->pools[h->pool];
    count(pool, h, UINT32_MAX);
    h->weight = weight;
    count(pool, h, 1);
}

/* ---- coming and going ---- */

static void join_pool(struct pl_fleet *f, uint32_t index, uint32_t pool)
{
    struct pl_host *host = &f->hosts[index];
    host->pool = pool;
    host->prev_peer = PL_NO_INDEX;
    host->next_peer = f->pools[pool].first_host;
    if (host->next_peer != PL_NO_INDEX) f->hosts[host->next_peer].prev_peer = index;
    f->pools[pool].first_host = index;
    enter(f, index);
}

static void leave_pool(struct pl_fleet *f, uint32_t index)
{
    const struct pl_host *host = &f->hosts[index];
    leave(f, index);
    if (host->next_peer != PL_NO_INDEX) f->hosts[host->next_peer].prev_peer = host->prev_peer;
    if (host->prev_peer != PL_NO_INDEX)
        f->hosts[host->prev_peer].next_peer = host->next_peer;
    else
        f->pools[host->pool].first_host = host->next_peer;
}

int pl_fleet_add_pool(struct pl_fleet *f, const struct pl_name *name, uint64_t notify,
                      uint32_t *index)
{
    uint32_t found = pl_fleet_find_pool(f, name);
    if (found == PL_NO_INDEX) {
        if (f->pool_count == PL_POOL_MAX) return PL_E_FULL;
        found = f->pool_count++;
        f->pools[found] = (struct pl_pool){.name = *name,
                                           .notify = notify,
                                           .first_host = PL_NO_INDEX,
                                           .first_troubled = PL_NO_INDEX,
                                           .last_troubled = PL_NO_INDEX};
    }
    *index = found;
    return 0;
}

int pl_fleet_add_host(struct pl_fleet *f, const struct pl_name *name, uint32_t pool,
                      uint32_t *index)
{
    PL_ASSERT(pool < f->pool_count);
    uint32_t place = place_of(f, name);
    uint32_t found = f->by_name[place];
    if (found != PL_NO_INDEX) {
        if (f->hosts[found].pool != pool) {
            leave_pool(f, found);
            join_pool(f, found, pool);
            f->hosts[found].traffic_round = 0;   // another pool counts its own rounds
            f->hosts[found].traffic_unix_ms = 0; // and gives it another share
        }
        *index = found;
        return 0;
    }
    if (f->host_count == f->host_max) return PL_E_FULL;
    if (f->first_free != PL_NO_INDEX) {
        found = f->first_free;
        f->first_free = f->hosts[found].next_peer;
    } else {
        found = f->slot_count++;
    }
    /* The window's rows, most of the struct, stay as they are: init makes them unreachable. */
    struct pl_host *host = &f->hosts[found];
    memset((char *)host + offsetof(struct pl_host, used), 0,
           sizeof *host - offsetof(struct pl_host, used));
    pl_window_init(&host->window);
    for (size_t r = 0; r < PL_RESOURCE_COUNT; r++) pl_level_init(&host->levels[r]);
    pl_capacity_init(&host->capacity);
    host->learned_mono_ms = PL_NEVER_MS;
    host->used = true;
    host->share_bp = -1;
    host->level_per_s = -1;
    host->name = *name;
    f->due_mono_ms[found] = INT64_MAX;
    f->by_name[place] = found;
    f->host_count++;
    join_pool(f, found, pool);
    *index = found;
    return 0;
}

void pl_fleet_drop_host(struct pl_fleet *f, uint32_t host)
{
    struct pl_host *h = &f->hosts[host];
    PL_ASSERT(host < f->slot_count && h->used);
    leave_pool(f, host);
    table_remove(f, place_of(f, &h->name));
    h->used = false;
    h->next_peer = f->first_free;
    f->first_free = host;
    f->due_mono_ms[host] = INT64_MAX;
    f->host_count--;
}
