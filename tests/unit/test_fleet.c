/* The fleet against a naive model that keeps a plain list and counts everything anew. */
#include "tests/check.h"

#include "collector/core/observe/fleet.h"
#include "common/base/err.h"
#include "common/base/rng.h"
#include "common/base/text.h"

#include <stdlib.h>

enum { HOSTS = 32, NAMES = 40, POOLS = 5, STEPS = 4000, SEEDS = 20 };

struct model_host {
    bool used;
    uint32_t pool;
    uint32_t index;
    enum pl_presence presence;
    struct pl_tiers tiers;
    bool rising;
};

static struct pl_fleet fleet; // too large for a stack frame
static struct model_host model[NAMES];

static struct pl_name name_of(const char *prefix, uint32_t i)
{
    struct pl_name name = {0};
    struct pl_text t = pl_text_init(name.text, sizeof name.text);
    pl_text_str(&t, prefix);
    pl_text_u64(&t, i);
    name.len = (uint8_t)t.len;
    return name;
}

static uint32_t model_count(void)
{
    uint32_t count = 0;
    for (size_t n = 0; n < NAMES; n++) count += model[n].used;
    return count;
}

static bool is_troubled(const struct model_host *m)
{
    if (m->presence != PL_LIVE) return m->presence == PL_SILENT;
    for (size_t s = 0; s < PL_STRAIN_COUNT; s++) {
        if (m->tiers.held[s] != PL_TIER_NONE || m->tiers.coming[s] != PL_TIER_NONE) return true;
    }
    return false;
}

/* Every list of the pool holds each of its hosts exactly once and points back correctly. */
static void check_lists(uint32_t pool, uint32_t host_count, uint32_t troubled_count)
{
    const struct pl_pool *p = &fleet.pools[pool];
    uint32_t seen = 0, prev = PL_NO_INDEX;
    for (uint32_t i = p->first_host; i != PL_NO_INDEX && seen <= HOSTS; seen++) {
        CHECK(fleet.hosts[i].used && fleet.hosts[i].pool == pool);
        CHECK_INT(fleet.hosts[i].prev_peer, prev);
        prev = i;
        i = fleet.hosts[i].next_peer;
    }
    CHECK_INT(seen, host_count);
    seen = 0;
    prev = PL_NO_INDEX;
    bool watched = false; // from the first WATCH on there is nothing worse
    for (uint32_t i = p->first_troubled; i != PL_NO_INDEX && seen <= HOSTS; seen++) {
        const struct pl_host *h = &fleet.hosts[i];
        CHECK(h->pool == pool && h->health >= PL_HEALTH_WATCH);
        watched = watched || h->health == PL_HEALTH_WATCH;
        CHECK(!watched || h->health == PL_HEALTH_WATCH);
        CHECK_INT(h->prev_troubled, prev);
        prev = i;
        i = h->next_troubled;
    }
    CHECK_INT(p->last_troubled, prev);
    CHECK_INT(seen, troubled_count);
}

static void check_pool(uint32_t pool)
{
    struct pl_pool want = {0};
    uint32_t troubled_count = 0;
    for (size_t n = 0; n < NAMES; n++) {
        const struct model_host *m = &model[n];
        if (!m->used || m->pool != pool) continue;
        want.host_count++;
        want.waiting_count += m->presence == PL_WAITING;
        want.silent_count += m->presence == PL_SILENT;
        want.rising_count += m->presence == PL_SILENT && m->rising;
        for (size_t s = 0; s < PL_STRAIN_COUNT; s++) {
            enum pl_tier held = m->tiers.held[s];
            want.frozen_count[s] += m->presence != PL_LIVE && held != PL_TIER_NONE;
            if (m->presence != PL_LIVE) continue;
            want.held_count[s][held]++;
            want.coming_count[s][m->tiers.coming[s]]++;
        }
        troubled_count += is_troubled(m);
    }
    const struct pl_pool *got = &fleet.pools[pool];
    CHECK_INT(got->host_count, want.host_count);
    CHECK_INT(got->waiting_count, want.waiting_count);
    CHECK_INT(got->silent_count, want.silent_count);
    CHECK_INT(got->rising_count, want.rising_count);
    for (size_t s = 0; s < PL_STRAIN_COUNT; s++) {
        CHECK_INT(got->frozen_count[s], want.frozen_count[s]);
        for (size_t tier = 0; tier < PL_TIER_COUNT; tier++) {
            CHECK_INT(got->held_count[s][tier], want.held_count[s][tier]);
            CHECK_INT(got->coming_count[s][tier], want.coming_count[s][tier]);
        }
    }
    check_lists(pool, want.host_count, troubled_count);
}

static void add(uint32_t n, uint32_t pool)
{
    struct pl_name name = name_of("host", n * n * 977);
    uint32_t index = 777;
    int got = pl_fleet_add_host(&fleet, &name, pool, &index);
    if (!model[n].used && model_count() == HOSTS) {
        CHECK_INT(got, PL_E_FULL);
        CHECK_INT(index, 777);
        return;
    }
    CHECK_INT(got, 0);
    if (model[n].used)
        CHECK_INT(index, model[n].index);
    else
        model[n] = (struct model_host){.used = true, .index = index};
    model[n].pool = pool;
}

static void change(uint32_t n, struct pl_rng *rng)
{
    struct model_host *m = &model[n];
    m->presence = (enum pl_presence)pl_rng_below(rng, 3);
    for (size_t s = 0; s < PL_STRAIN_COUNT; s++) {
        m->tiers.held[s] = (enum pl_tier)pl_rng_below(rng, PL_TIER_COUNT);
        m->tiers.coming[s] = (enum pl_tier)pl_rng_below(rng, PL_TIER_COUNT);
    }
    bool was_silent = fleet.hosts[m->index].presence == PL_SILENT;
    if (m->presence == PL_SILENT && !was_silent) {
        m->rising = pl_rng_below(rng, 2) != 0;
        fleet.hosts[m->index].load_rising = m->rising;
    }
    pl_fleet_set(&fleet, m->index, m->presence, &m->tiers);
}

static void step(struct pl_rng *rng)
{
    uint32_t n = pl_rng_below(rng, NAMES);
    switch (pl_rng_below(rng, 8)) {
    case 0:
        if (!model[n].used) break;
        pl_fleet_drop_host(&fleet, model[n].index);
        model[n].used = false;
        break;
    case 1:
    case 2:
    case 3: add(n, pl_rng_below(rng, POOLS)); break;
    default:
        if (model[n].used) change(n, rng);
    }
}

static void check_names(void)
{
    for (uint32_t n = 0; n < NAMES; n++) {
        struct pl_name name = name_of("host", n * n * 977);
        uint32_t want = model[n].used ? model[n].index : PL_NO_INDEX;
        CHECK_INT(pl_fleet_find_host(&fleet, &name), want);
    }
}

static void test_fleet_against_the_model(void)
{
    void *memory = malloc(pl_fleet_bytes(HOSTS));
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        struct pl_rng rng = pl_rng_init(seed);
        memset(memory, 0xa5, pl_fleet_bytes(HOSTS)); // nothing may rely on zeroes
        memset(model, 0, sizeof model);
        pl_fleet_init(&fleet, memory, HOSTS);
        for (uint32_t p = 0; p < POOLS; p++) {
            struct pl_name name = name_of("pool", p);
            uint32_t index;
            CHECK_INT(pl_fleet_add_pool(&fleet, &name, 1u << p, &index), 0);
            CHECK_INT(index, p);
        }
        for (int i = 0; i < STEPS; i++) {
            step(&rng);
            if (i % 16 != 0) continue;
            for (uint32_t p = 0; p < POOLS; p++) check_pool(p);
            CHECK_INT(fleet.host_count, model_count());
            check_names();
        }
    }
    free(memory);
}

static void test_pools_are_found_and_limited(void)
{
    void *memory = calloc(1, pl_fleet_bytes(1));
    pl_fleet_init(&fleet, memory, 1);
    uint32_t index = 777;
    for (uint32_t p = 0; p < PL_POOL_MAX; p++) {
        struct pl_name name = name_of("pool", p);
        CHECK_INT(pl_fleet_add_pool(&fleet, &name, p, &index), 0);
    }
    struct pl_name one_more = name_of("other", 0), known = name_of("pool", 3);
    CHECK_INT(pl_fleet_add_pool(&fleet, &one_more, 0, &index), PL_E_FULL);
    CHECK_INT(index, PL_POOL_MAX - 1);
    CHECK_INT(pl_fleet_add_pool(&fleet, &known, 99, &index), 0);
    CHECK_INT(index, 3);
    CHECK_INT(fleet.pools[3].notify, 3); // keeps what it was made with
    CHECK_INT(pl_fleet_find_pool(&fleet, &one_more), PL_NO_INDEX);
    free(memory);
}

int main(void)
{
    RUN(test_fleet_against_the_model);
    RUN(test_pools_are_found_and_limited);
    return check_finish();
}
