/* bench_rules - CPU time of judging 200 hosts once a second, each with a forecast of its own.
 *
 *     bench_rules      prints the cores it takes, a number alone on its line
 *
 * Each host is a pool that is two thirds full, so its traffic is looked at for growth, season and
 * time left; and each reports the seven resources that have a level: 1,400 thresholds, 200
 * forecasts. prometheus_rules.py measures a Prometheus with 1,000 and 200 beside it. */
#include "collector/core/engine.h"
#include "common/base/rng.h"
#include "common/base/text.h"
#include "common/sys/clock.h"
#include "common/sys/process.h"

#include <stdio.h>
#include <stdlib.h>

enum {
    HOSTS = 200,
    WARM_UP_S = 2400, // growth is told from half an hour on
    SECONDS = 600,
    CAPACITY_PER_S = 1500,
    TRAFFIC_PER_S = 1000,
};

static const enum pl_metric resources[] = {PL_CPU_BUSY,    PL_MEMORY_USED,    PL_LISTEN_QUEUE,
                                           PL_FILES_USED,  PL_CONNTRACK_USED, PL_NET_USED,
                                           PL_WORKERS_USED};

static struct pl_name name_of(uint32_t number)
{
    struct pl_name name = {0};
    struct pl_text t = pl_text_init(name.text, sizeof name.text);
    pl_text_str(&t, "h");
    pl_text_u64(&t, number);
    name.len = (uint8_t)t.len;
    return name;
}

/* About half of every resource is used: nothing is near a level. */
static struct pl_sample sample_of(uint64_t seq, struct pl_now now, struct pl_rng *rng)
{
    struct pl_sample sample = {.seq = seq, .unix_ms = now.unix_ms};
    for (size_t m = 0; m < PL_METRIC_COUNT; m++) sample.values[m] = PL_ABSENT;
    for (size_t r = 0; r < PL_LEN(resources); r++) {
        sample.values[resources[r]] = 3000 + (int32_t)pl_rng_below(rng, 1500);
    }
    uint64_t per_s = TRAFFIC_PER_S - TRAFFIC_PER_S / 20 + pl_rng_below(rng, TRAFFIC_PER_S / 10);
    sample.values[PL_TCP_ACCEPTED] = (int32_t)per_s * pl_metric_info(PL_TCP_ACCEPTED)->scale;
    return sample;
}

static struct pl_engine *begin(struct pl_now now)
{
    static struct pl_pool_config pools[HOSTS];
    struct pl_engine_config config = {
        .host_max = HOSTS, .pool_count = HOSTS, .pools = pools, .seed = 1};
    for (uint32_t i = 0; i < HOSTS; i++) {
        pools[i] = (struct pl_pool_config){.name = name_of(i),
                                           .capacity = {.source = PL_CAPACITY_CONFIGURED,
                                                        .per_s = CAPACITY_PER_S,
                                                        .unit = PL_SOURCE_CONNECTIONS}};
    }
    pl_rules_default(&config.rules);
    void *memory = pl_process_map(pl_engine_bytes(&config));
    if (!memory) abort();
    struct pl_engine *e = pl_engine_init(memory, &config, now);
    for (uint32_t i = 0; i < HOSTS; i++) {
        struct pl_hello hello = {
            .host = name_of(i), .pool = name_of(i), .unix_ms = now.unix_ms, .interval_ms = 1000};
        uint32_t host;
        if (pl_engine_join(e, &hello, now, &host) != 0 || host != i) abort();
        pl_engine_effects_done(e);
    }
    return e;
}

/* CPU time of one second of all hosts and its tick, us. */
static int64_t judge_second(struct pl_engine *e, const struct pl_sample *samples, struct pl_now now)
{
    int64_t before_us = pl_clock_cpu_us();
    for (uint32_t i = 0; i < HOSTS; i++) {
        (void)pl_engine_sample(e, i, &samples[i], now); // they are all new
        pl_engine_effects_done(e);
    }
    pl_engine_tick(e, now);
    pl_engine_effects_done(e);
    return pl_clock_cpu_us() - before_us;
}

int main(void)
{
    static struct pl_sample samples[HOSTS];
    struct pl_now now = {1000000, INT64_C(1750000000000)};
    struct pl_rng rng = pl_rng_init(1);
    struct pl_engine *e = begin(now);
    int64_t judged_us = 0;
    for (int second = 1; second <= WARM_UP_S + SECONDS; second++) {
        now.mono_ms += 1000;
        now.unix_ms += 1000;
        for (uint32_t i = 0; i < HOSTS; i++) samples[i] = sample_of((uint64_t)second, now, &rng);
        int64_t us = judge_second(e, samples, now);
        if (second > WARM_UP_S) judged_us += us;
    }
    for (uint32_t i = 0; i < HOSTS; i++) { // it judged, and judged right
        const struct pl_saturation *s = pl_engine_saturation(e, i);
        if (s->finding.used < 0.5 || s->finding.reason != PL_SURGE_NONE) abort();
    }
    printf("%.6f\n", (double)judged_us / 1e6 / SECONDS);
    return 0;
}
