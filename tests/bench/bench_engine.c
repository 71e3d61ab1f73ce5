/* bench_engine - what the engine costs: 10,000 hosts in 500 pools at one sample a second.
 *
 * The floor is the least anything could do that keeps the last five minutes: copy each sample into
 * a ring of the same size, in the same order, over the same amount of memory. */
#include "collector/core/engine.h"
#include "common/base/rng.h"
#include "common/base/text.h"
#include "common/sys/clock.h"
#include "common/sys/process.h"

#include <stdio.h>
#include <stdlib.h>

enum {
    HOSTS = 10000,
    POOLS = 500,
    SECONDS = 60,
    BUSY_EVERY = 100,
    COST_NS_MAX = 1000,
    CORE_PERCENT_MAX = 5
};

static struct pl_name name_of(const char *prefix, uint32_t number)
{
    struct pl_name name = {0};
    struct pl_text t = pl_text_init(name.text, sizeof name.text);
    pl_text_str(&t, prefix);
    pl_text_u64(&t, number);
    name.len = (uint8_t)t.len;
    return name;
}

/* Every page is there before the clock runs: what a collector costs after its first minutes. */
static void *need(size_t bytes)
{
    void *memory = pl_process_map(bytes);
    if (!memory) abort();
    return memset(memory, 0, bytes);
}

/* ---- one second of every host, encoded as on the wire ---- */

struct stream {
    struct pl_sample_codec encoder, decoder, decoder_alone;
    struct pl_sample sample;
    uint8_t body[PL_SAMPLE_BYTES_MAX];
    size_t len;
    bool key;
};

static uint8_t map[PL_METRIC_MAX];

/* What is trouble as soon as it is not nearly nothing, or changes once in months. */
static bool stays(size_t metric)
{
    return metric == PL_SERVICE_MEMORY_LIMIT || metric == PL_OOM_KILLS ||
           metric == PL_LISTEN_OVERFLOWS || metric == PL_PSI_MEMORY_FULL ||
           metric == PL_PSI_IO_FULL;
}

/* About a third of the metrics move from one second to the next. One host in a hundred is busy, and
 * no other is in trouble. */
static void next_sample(struct stream *s, uint32_t host, struct pl_now now, struct pl_rng *rng)
{
    s->sample.seq++;
    s->sample.unix_ms = now.unix_ms;
    for (size_t m = 0; m < PL_METRIC_COUNT; m++) {
        if (pl_rng_below(rng, 3) != 0 || stays(m)) continue;
        s->sample.values[m] = (int32_t)pl_rng_below(rng, 2000);
    }
    int32_t load_bp = host % BUSY_EVERY == 0 ? 9300 : 3000;
    s->sample.values[PL_CPU_BUSY] = load_bp + (int32_t)pl_rng_below(rng, 500);
    struct pl_writer out = pl_writer_init(s->body, sizeof s->body);
    s->key = pl_sample_encode(&s->encoder, &s->sample, &out);
    s->len = out.len;
}

/* ---- what is measured ---- */

static void decode(struct stream *s, struct pl_sample_codec *decoder, struct pl_sample *sample)
{
    struct pl_span body = {s->body, s->len};
    if (pl_sample_decode(decoder, s->key, body, map, sample) != 0) abort();
}

static int64_t decode_all(struct stream *streams)
{
    struct pl_sample sample;
    int64_t before_us = pl_clock_cpu_us();
    for (uint32_t i = 0; i < HOSTS; i++) decode(&streams[i], &streams[i].decoder_alone, &sample);
    return pl_clock_cpu_us() - before_us;
}

/* As a collector does: decoded, and judged at once. */
static int64_t judge_all(struct pl_engine *e, struct stream *streams, struct pl_now now)
{
    struct pl_sample sample;
    int64_t before_us = pl_clock_cpu_us();
    for (uint32_t i = 0; i < HOSTS; i++) {
        decode(&streams[i], &streams[i].decoder, &sample);
        (void)pl_engine_sample(e, i, &sample, now); // they are all new
        size_t count;
        (void)pl_engine_effects(e, &count); // a shell would look
        if (count > 0) pl_engine_effects_done(e);
    }
    return pl_clock_cpu_us() - before_us;
}

static int64_t tick(struct pl_engine *e, struct pl_now now)
{
    int64_t before_us = pl_clock_cpu_us();
    pl_engine_tick(e, now);
    pl_engine_effects_done(e);
    return pl_clock_cpu_us() - before_us;
}

struct floor_host {
    struct pl_sample last;
    struct pl_window window;
};

static int64_t copy_all(struct floor_host *hosts, const struct stream *streams)
{
    int64_t before_us = pl_clock_cpu_us();
    for (uint32_t i = 0; i < HOSTS; i++) {
        hosts[i].last = streams[i].sample;
        pl_window_push(&hosts[i].window, &streams[i].sample);
    }
    return pl_clock_cpu_us() - before_us;
}

int main(void)
{
    struct pl_rng rng = pl_rng_init(1);
    struct pl_engine_config config = {.host_max = HOSTS, .seed = 1};
    struct pl_now now = {1000000, INT64_C(1750000000000)};
    pl_rules_default(&config.rules);
    struct pl_engine *e = pl_engine_init(need(pl_engine_bytes(&config)), &config, now);
    struct stream *streams = need(HOSTS * sizeof *streams);
    struct floor_host *floor_hosts = need(HOSTS * sizeof *floor_hosts);
    for (uint8_t m = 0; m < PL_METRIC_COUNT; m++) map[m] = m;
    for (uint32_t i = 0; i < HOSTS; i++) {
        struct pl_hello hello = {.host = name_of("h", i),
                                 .pool = name_of("p", i % POOLS),
                                 .unix_ms = now.unix_ms,
                                 .interval_ms = 1000};
        uint32_t host;
        if (pl_engine_join(e, &hello, now, &host) != 0 || host != i) abort();
        pl_engine_effects_done(e);
        pl_sample_codec_init(&streams[i].encoder, PL_METRIC_COUNT);
        pl_sample_codec_init(&streams[i].decoder, PL_METRIC_COUNT);
        pl_sample_codec_init(&streams[i].decoder_alone, PL_METRIC_COUNT);
    }

    int64_t decode_us = 0, both_us = 0, tick_us = 0, copy_us = 0;
    for (int second = 0; second < SECONDS; second++) {
        now.mono_ms += 1000;
        now.unix_ms += 1000;
        for (uint32_t i = 0; i < HOSTS; i++) next_sample(&streams[i], i, now, &rng);
        decode_us += decode_all(streams);
        both_us += judge_all(e, streams, now);
        copy_us += copy_all(floor_hosts, streams);
        tick_us += tick(e, now);
    }

    const double each = (double)HOSTS * SECONDS;
    const struct pl_engine_counts *counts = pl_engine_counts(e);
    uint32_t firing = 0;
    for (uint32_t a = 0; a < pl_engine_alert_count(e); a++) {
        firing += pl_engine_alert(e, a)->state == PL_ALERT_FIRING;
    }
    if (counts->samples != HOSTS * SECONDS || firing == 0) abort(); // it did not do its work
    printf("hosts: %d in %d pools, %d s, %u alerts firing\n", HOSTS, POOLS, SECONDS, firing);
    printf("decode: %.0f ns per sample\n", 1000 * (double)decode_us / each);
    double engine_ns = 1000 * (double)(both_us - decode_us) / each;
    printf("engine: %.0f ns per sample, window and rules\n", engine_ns);
    printf("floor: %.0f ns per sample, copied into a ring\n", 1000 * (double)copy_us / each);
    printf("tick: %.0f us, %.2f %% of a core\n", (double)tick_us / SECONDS,
           (double)tick_us / SECONDS / 1e4);
    printf("memory: %zu bytes per host, %.1f MiB beside\n", sizeof(struct pl_host),
           (double)(pl_engine_bytes(&config) - HOSTS * sizeof(struct pl_host)) / (1 << 20));
    double cost_ns = 1000 * (double)both_us / each;
    printf("cost: %.0f ns per sample, decoded and judged; goal %d\n", cost_ns, COST_NS_MAX);
    double core_percent = (double)(both_us + tick_us) / SECONDS / 1e4;
    printf(
        "cost: %.2f %% of a core for all of it at one sample a second, ticks included; goal %d\n",
        core_percent, CORE_PERCENT_MAX);
    printf("ratio: %.2f engine to floor\n", (double)(both_us - decode_us) / (double)copy_us);
    return cost_ns > COST_NS_MAX || core_percent > CORE_PERCENT_MAX;
}
