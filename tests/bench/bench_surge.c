/* bench_surge - what judging one sample of a pool's traffic costs, memory of it included.
 *
 * Many pools in turn, as a collector sees them, so that their state comes from memory and not from
 * the nearest cache. The floor is the least a forecast could do: an average and its slope. */
#include "collector/core/judge/surge.h"
#include "common/base/base.h"
#include "common/base/rng.h"
#include "common/sys/clock.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { POOLS = 500, SECONDS = 400, ROUNDS = 5, BEGIN_S = 1750000000, COST_NS_MAX = 100 };

struct pool {
    struct pl_traffic traffic;
    struct pl_surge surge;
};

/* How loaded the pools are. */
struct load {
    const char *what;
    double capacity;
    double doubling_s; // from GROWS_FROM on; 0: the traffic stays about 1,000
    uint32_t rounds_with_pages;
};
enum { GROWS_FROM = 5 * SECONDS, GROWTH_ROUNDS = 7 }; // growth is told from half an hour on

static double values[SECONDS];

/* Nanoseconds per sample of `pools` in one round of SECONDS. */
static double judge(struct pool *pools, const struct load *load, int round, uint32_t *pages)
{
    struct pl_surge_policy policy;
    pl_surge_policy_default(&policy);
    int64_t before_us = pl_clock_cpu_us();
    for (int s = 0; s < SECONDS; s++) {
        int64_t second = (int64_t)round * SECONDS + s;
        double grown_s = load->doubling_s > 0 ? (double)PL_MAX(second - GROWS_FROM, 0) : 0;
        double grown = grown_s > 0 ? exp2(grown_s / load->doubling_s) : 1;
        for (int p = 0; p < POOLS; p++) {
            pl_traffic_step(&pools[p].traffic, grown * values[(s + p) % SECONDS],
                            1000 * (BEGIN_S + second));
            struct pl_surge_finding f =
                pl_surge_step(&pools[p].surge, &policy, &pools[p].traffic, load->capacity);
            *pages += f.tier == PL_TIER_PAGE;
        }
    }
    return 1000 * (double)(pl_clock_cpu_us() - before_us) / SECONDS / POOLS;
}

/* The best of its rounds, of those with pages if there are any: others use this machine too. Aborts
 * when the pools were judged wrong. */
static double measure(struct pool *pools, const struct load *load)
{
    int rounds = load->doubling_s > 0 ? GROWTH_ROUNDS : ROUNDS;
    uint32_t rounds_with_pages = 0;
    double best_ns = 1e9;
    for (int p = 0; p < POOLS; p++) {
        pl_traffic_init(&pools[p].traffic);
        pl_surge_init(&pools[p].surge);
    }
    for (int r = 0; r < rounds; r++) {
        uint32_t pages = 0;
        double ns = judge(pools, load, r, &pages);
        rounds_with_pages += pages > 0;
        if (load->rounds_with_pages == 0 || pages > 0) best_ns = PL_MIN(best_ns, ns);
    }
    if (rounds_with_pages != load->rounds_with_pages) {
        printf("%s: pages in %u rounds, not in %u\n", load->what, rounds_with_pages,
               load->rounds_with_pages);
        abort();
    }
    return best_ns;
}

static double slope_only(double (*floors)[2], double *sum)
{
    int64_t before_us = pl_clock_cpu_us();
    for (int s = 0; s < SECONDS; s++) {
        for (int p = 0; p < POOLS; p++) {
            double off = values[(s + p) % SECONDS] - floors[p][0] - floors[p][1];
            floors[p][0] += floors[p][1] + off / 30;
            floors[p][1] += off / 900;
            *sum += floors[p][0] + 60 * floors[p][1];
        }
    }
    return 1000 * (double)(pl_clock_cpu_us() - before_us) / SECONDS / POOLS;
}

int main(void)
{
    static double floors[POOLS][2];
    static const struct load loads[] = {
        {"quiet, a third of the capacity", 3000, 0, 0},
        {"busy, two thirds of it", 1500, 0, 0},
        {"doubling in ten minutes, paged", 3000, 600, 1},
        {"over it, paged", 900, 0, ROUNDS},
    };
    struct pl_rng rng = pl_rng_init(1);
    struct pool *pools = malloc(POOLS * sizeof *pools);
    if (!pools) abort();
    for (int s = 0; s < SECONDS; s++) values[s] = 950 + (double)pl_rng_below(&rng, 100);

    double floor_ns = 1e9, sum = 0, worst_ns = 0;
    for (int r = 0; r < ROUNDS; r++) floor_ns = PL_MIN(floor_ns, slope_only(floors, &sum));
    if (!(sum > 0)) abort();
    for (size_t i = 0; i < PL_LEN(loads); i++) {
        double ns = measure(pools, &loads[i]);
        printf("cost: surge %.0f ns per sample, %s", ns, loads[i].what);
        if (loads[i].rounds_with_pages > 0) {
            printf("; no goal: few pools page at a time\n");
            continue;
        }
        printf("; goal %d\n", COST_NS_MAX);
        worst_ns = PL_MAX(worst_ns, ns);
    }
    printf("memory: %zu bytes per pool\n", sizeof *pools);
    printf("ratio: surge %.1f (to an average and its slope)\n", worst_ns / floor_ns);
    free(pools);
    return worst_ns > COST_NS_MAX;
}
