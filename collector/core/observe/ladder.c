#include "collector/core/observe/ladder.h"

#include "common/base/assert.h"
#include "common/base/base.h"

#include <math.h>

static const double memory_s[PL_RUNG_COUNT] = {
    [PL_RUNG_2S] = 2,      [PL_RUNG_8S] = 7.5,     [PL_RUNG_15S] = 15,    [PL_RUNG_30S] = 30,
    [PL_RUNG_60S] = 60,    [PL_RUNG_2MIN] = 120,   [PL_RUNG_4MIN] = 240,  [PL_RUNG_8MIN] = 480,
    [PL_RUNG_16MIN] = 960, [PL_RUNG_32MIN] = 1920, [PL_RUNG_HOUR] = 3600, [PL_RUNG_DAY] = 86400,
};

/* Intervals that differ by less share their weights: agents' clocks jitter by milliseconds, and
 * a dozen exponentials per sample would be most of the cost of judging it. */
static const double same_interval = 0.01;
/* A squared jump counts as at most so many variances: one step of the traffic is not noise. */
static const double variance_jump_max = 9;

double pl_rung_memory_s(enum pl_rung rung)
{
    return memory_s[rung];
}

void pl_ladder_init(struct pl_ladder *l)
{
    *l = (struct pl_ladder){0};
}

static void weigh(struct pl_ladder *l)
{
    if (fabs(l->interval_s - l->weights_of_s) < same_interval * l->weights_of_s) return;
    l->weights_of_s = l->interval_s;
    for (int r = 0; r < PL_RUNG_COUNT; r++) {
        bool is_half = r >= PL_RUNG_8S && r < PL_RUNG_32MIN;
        if (!is_half) l->weight[r] = -expm1(-l->interval_s / memory_s[r]);
    }
    /* Half the memory forgets twice: 1 - (1 - w)^2. */
    for (int r = PL_RUNG_32MIN - 1; r >= PL_RUNG_8S; r--) {
        l->weight[r] = l->weight[r + 1] * (2 - l->weight[r + 1]);
    }
}

/* How much of the noise of its samples is left in each level. Independent errors add by their
 * squares; at one interval for ever that is weight / (2 - weight) of a sample's. */
static void spread(struct pl_ladder *l)
{
    for (int r = 0; r < PL_RUNG_NOISY_COUNT; r++) {
        double w = l->weight[r];
        if (l->known_s <= 0)
            l->spread[r] = w / (2 - w) / l->interval_s;
        else
            l->spread[r] = (1 - w) * (1 - w) * l->spread[r] + w * w / l->interval_s;
    }
}

static void start(struct pl_ladder *l, double value)
{
    l->started = true;
    for (int r = 0; r < PL_RUNG_COUNT; r++) l->level[r] = value;
}

void pl_ladder_step(struct pl_ladder *l, double value, int64_t unix_ms)
{
    if (!l->started) {
        start(l, value);
    } else {
        int64_t interval_ms = PL_MAX(unix_ms - l->unix_ms, PL_LADDER_INTERVAL_MIN_MS);
        l->interval_s = (double)interval_ms / 1000;
        weigh(l);
        spread(l);
        /* Two independent samples differ by twice the variance of one, which falls with the time it
         * stands for. */
        double jump = (value - l->newest) * (value - l->newest) / 2 * l->interval_s;
        if (l->variance <= 0) l->variance = jump;
        jump = PL_MIN(jump, variance_jump_max * l->variance);
        l->variance += l->weight[PL_RUNG_HOUR] * (jump - l->variance);
        l->known_s += l->interval_s;
        double even = l->interval_s / (l->known_s + l->interval_s);
        for (int r = 0; r < PL_RUNG_COUNT; r++) {
            l->level[r] += PL_MAX(l->weight[r], even) * (value - l->level[r]);
        }
    }
    l->newest = value;
    l->unix_ms = PL_MAX(unix_ms, l->unix_ms);
}

double pl_ladder_noise(const struct pl_ladder *l, enum pl_rung rung)
{
    PL_ASSERT(rung < PL_RUNG_NOISY_COUNT);
    double usual = l->level[PL_RUNG_HOUR];
    if (usual <= 0) return 0;
    double variance = l->variance * PL_MAX(l->level[rung], 0) / usual;
    return sqrt(variance * l->spread[rung]);
}
