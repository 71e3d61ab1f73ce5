/* bench_anomaly - what the anomaly score of one value costs, over many series in turn.
 *
 * The floor is the least a detector could do: an exponential average and variance of each series.
 */
#include "collector/core/judge/anomaly.h"
#include "common/base/base.h"
#include "common/base/rng.h"
#include "common/sys/clock.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { SERIES = 200, ROWS = 2000, BEGIN_S = 1750000000, COST_NS_MAX = 2000 };

static double values[ROWS];

int main(void)
{
    struct pl_rng rng = pl_rng_init(1);
    struct pl_anomaly *all = malloc(SERIES * sizeof *all);
    struct {
        double mean, variance;
    } *floors = calloc(SERIES, sizeof *floors);
    if (!all || !floors) abort();
    for (int i = 0; i < ROWS; i++) values[i] = 100 + (double)pl_rng_below(&rng, 1000) / 100;
    for (int s = 0; s < SERIES; s++) pl_anomaly_init(&all[s]);

    double sum = 0, floor_sum = 0;
    int64_t before_us = pl_clock_cpu_us();
    for (int i = 0; i < ROWS; i++)
        for (int s = 0; s < SERIES; s++)
            sum += pl_anomaly_step(&all[s], values[(i + s) % ROWS], BEGIN_S + 60 * i);
    int64_t score_us = pl_clock_cpu_us() - before_us;

    before_us = pl_clock_cpu_us();
    for (int i = 0; i < ROWS; i++)
        for (int s = 0; s < SERIES; s++) {
            double off = values[(i + s) % ROWS] - floors[s].mean;
            floor_sum += fabs(off) / sqrt(floors[s].variance + 1);
            floors[s].mean += off / 100;
            floors[s].variance += (off * off - floors[s].variance) / 100;
        }
    int64_t floor_us = pl_clock_cpu_us() - before_us;
    free(all);
    free(floors);
    if (!(sum >= 0) || !(floor_sum > 0)) abort(); // the work was done

    const double each = (double)SERIES * ROWS;
    double cost_ns = 1000 * (double)score_us / each;
    printf("memory: %zu bytes per series\n", sizeof *all);
    printf("cost: %.0f ns per value; goal %d\n", cost_ns, COST_NS_MAX);
    printf("ratio: %.1f score to average and variance\n",
           (double)score_us / (double)PL_MAX(floor_us, 1));
    return cost_ns > COST_NS_MAX;
}
