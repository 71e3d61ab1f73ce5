/* The swarm owns all its agents; they are freed after the loop has closed every handle.
 *
 *     on_tick -> agent_sample -> spool, uplink ... -> all time is over -> spools empty or drained
 *     -> on_done */
#include "tests/swarm/swarm.h"

#include "agent/io/uplink.h"
#include "common/base/assert.h"
#include "common/base/text.h"
#include "common/sys/clock.h"
#include "common/sys/process.h"
#include "tests/swarm/keys.h"

#include <math.h>
#include <stdlib.h>

struct swarm_agent {
    struct swarm *swarm;
    struct pl_hello hello;
    struct load_host load;
    struct pl_spool spool;
    uint64_t unsent_seq; // the lowest that never left
    bool started, was_connected;
    struct pl_link_trust trust; // its key is owned
    struct pl_uplink uplink;
};

struct swarm {
    const struct swarm_config *config; // borrowed
    uv_loop_t *loop;                   // borrowed
    uv_timer_t tick;
    struct swarm_agent *agents; // owned, agent_count items
    uint8_t *spool_memory;      // owned, spool_bytes per agent
    size_t spool_bytes;
    uint64_t turns; // samples to take, all agents together
    uint64_t next;  // of these: sample next / N of agent next % N
    int64_t start_mono_ms;
    int64_t drain_until_mono_ms; // 0: still sampling
    uint64_t resent, reconnects;
    struct pl_tls_context *tls; // owned; NULL: plain
    void (*on_done)(void *arg);
    void *arg; // borrowed, for on_done
};

static void on_hello(void *arg, struct pl_hello *hello)
{
    struct swarm_agent *a = arg;
    hello->unix_ms = pl_clock_unix_ms();
    if (a->was_connected) a->swarm->reconnects++;
    a->was_connected = true;
}

static void on_welcome(void *arg, uint32_t interval_ms)
{
    struct swarm_agent *a = arg;
    (void)interval_ms; // a swarm keeps its pace
    if (a->unsent_seq > a->spool.first_seq) a->swarm->resent += a->unsent_seq - a->spool.first_seq;
}

static void on_directive(void *arg, const struct pl_directive *directive)
{
    (void)arg;
    (void)directive; // a swarm keeps its pace
}

/* The pool of that agent. False if its name is too long. */
static bool name_pool(const struct swarm_config *config, uint32_t index, struct pl_name *out)
{
    char buf[PL_NAME_LEN_MAX + 1];
    struct pl_text name = pl_text_init(buf, sizeof buf);
    pl_text_span(&name, pl_name_span(&config->pool));
    if (config->pool_count > 1) {
        pl_text_char(&name, '-');
        pl_text_u64(&name, index % config->pool_count);
    }
    return !name.overflow && pl_name_parse(pl_text_bytes(&name), out) == 0;
}

static bool agent_init(struct swarm_agent *a, struct swarm *s, uint32_t index)
{
    const struct swarm_config *config = s->config;
    char buf[PL_NAME_LEN_MAX + 1];
    struct pl_text name = pl_text_init(buf, sizeof buf);
    struct pl_rng rng = pl_rng_init(config->seed + index);
    struct pl_rng boot = pl_rng_init(pl_process_seed()); // another process: other boot ids
    pl_text_str(&name, config->prefix);
    bool is_few = config->agent_count < 10;
    pl_text_digits(&name, index + is_few, is_few ? 1 : 5);
    if (name.overflow || pl_name_parse(pl_text_bytes(&name), &a->hello.host) != 0) return false;
    a->swarm = s;
    a->hello.version = PL_PROTOCOL_VERSION;
    for (int i = 0; i < PL_BOOT_ID_BYTES; i++)
        a->hello.boot_id.bytes[i] = (uint8_t)pl_rng_u64(&boot);
    if (!name_pool(config, index, &a->hello.pool)) return false;
    memcpy(a->hello.agent_version, PL_VERSION, sizeof PL_VERSION);
    a->hello.interval_ms = (uint32_t)lrint(1000 / config->hz);
    load_host_init(&a->load, pl_rng_u64(&rng));
    load_host_facts(a->hello.facts);
    size_t samples = s->spool_bytes / pl_spool_bytes(1);
    pl_spool_init(&a->spool, s->spool_memory + index * s->spool_bytes, (uint32_t)samples);
    return true;
}

struct swarm *swarm_new(uv_loop_t *loop, const struct swarm_config *config)
{
    struct swarm *s = calloc(1, sizeof *s);
    if (!s) return NULL;
    s->config = config;
    s->loop = loop;
    s->turns = (uint64_t)(config->hz * config->seconds) * config->agent_count;
    uint64_t each = PL_MIN(s->turns / config->agent_count, pl_spool_capacity(900000, 1000));
    s->spool_bytes = pl_spool_bytes((uint32_t)PL_MAX(each, 1u));
    s->agents = calloc(config->agent_count, sizeof *s->agents);
    s->spool_memory = calloc(config->agent_count, s->spool_bytes);
    bool ok = s->agents && s->spool_memory;
    for (uint32_t i = 0; ok && i < config->agent_count; i++) ok = agent_init(&s->agents[i], s, i);
    if (ok) return s;
    swarm_free(s);
    return NULL;
}

int swarm_join(struct swarm *s)
{
    const struct pl_tls_files none = {NULL, NULL, NULL};
    char error[PL_TLS_ERROR_BYTES];
    int err = pl_tls_client_context(&none, false, &s->tls, error);
    for (uint32_t i = 0; err == 0 && i < s->config->agent_count; i++) {
        struct swarm_agent *a = &s->agents[i];
        a->hello.pool = s->config->token->pools[0];
        err = keys_join(s->config->token, &s->config->collector, &a->hello.host, s->tls, &a->trust);
    }
    return err;
}

void swarm_free(struct swarm *s)
{
    for (uint32_t i = 0; s->agents && i < s->config->agent_count; i++)
        pl_key_free(s->agents[i].trust.key);
    pl_tls_context_free(s->tls);
    free(s->spool_memory);
    free(s->agents);
    free(s);
}

static int agent_start(struct swarm_agent *a)
{
    struct swarm *s = a->swarm;
    struct pl_uplink_config config = {.collectors = &s->config->collector,
                                      .collector_count = 1,
                                      .hello = &a->hello,
                                      .spool = &a->spool,
                                      .seed = pl_rng_u64(&a->load.rng),
                                      .trust = s->tls ? &a->trust : NULL,
                                      .handler = {.on_hello = on_hello,
                                                  .on_welcome = on_welcome,
                                                  .on_directive = on_directive,
                                                  .arg = a}};
    int err = pl_uplink_start(&a->uplink, s->loop, &config);
    a->started = err == 0;
    return err;
}

static void agent_sample(struct swarm_agent *a, double load, double elapsed_s)
{
    struct pl_sample sample = {.unix_ms = pl_clock_unix_ms()};
    load_host_step(&a->load, load, elapsed_s, sample.values);
    sample.values[PL_AGENT_SPOOLED] = (int32_t)pl_spool_count(&a->spool);
    pl_spool_push(&a->spool, &sample);
    pl_uplink_flush(&a->uplink);
    a->unsent_seq = PL_MAX(a->unsent_seq, a->uplink.send_seq);
}

static bool all_acknowledged(const struct swarm *s)
{
    struct swarm_result result = swarm_result(s);
    return result.acknowledged == result.sent;
}

static void finish(struct swarm *s)
{
    uv_close((uv_handle_t *)&s->tick, NULL);
    s->on_done(s->arg);
}

static void on_tick(uv_timer_t *tick)
{
    struct swarm *s = tick->data;
    const struct swarm_config *config = s->config;
    int64_t now_mono_ms = pl_clock_mono_ms();
    double second = (double)(now_mono_ms - s->start_mono_ms) / 1000;
    double load = shape_at(config->shape, second);
    uint64_t due = (uint64_t)(second * config->hz * config->agent_count);
    for (; s->next < PL_MIN(due, s->turns); s->next++) {
        struct swarm_agent *a = &s->agents[s->next % config->agent_count];
        if (!a->started) {
            int err = agent_start(a);
            PL_ASSERT(err == 0); // only a wrong address can fail, and the first agent tried it
        }
        agent_sample(a, load, 1 / config->hz);
    }
    if (s->next < s->turns) return;
    if (s->drain_until_mono_ms == 0)
        s->drain_until_mono_ms = now_mono_ms + (int64_t)(config->drain_seconds * 1000);
    if (now_mono_ms >= s->drain_until_mono_ms || all_acknowledged(s)) finish(s);
}

int swarm_start(struct swarm *s, void (*on_done)(void *arg), void *arg)
{
    int err = uv_timer_init(s->loop, &s->tick);
    PL_ASSERT(err == 0); // cannot fail
    s->tick.data = s;
    s->on_done = on_done;
    s->arg = arg;
    err = agent_start(&s->agents[0]);
    if (err < 0) {
        uv_close((uv_handle_t *)&s->tick, NULL);
        return err;
    }
    s->start_mono_ms = pl_clock_mono_ms();
    double apart_ms = 1000 / (s->config->hz * s->config->agent_count);
    double tick_ms = fmax(fmin(apart_ms, SWARM_TICK_MAX_MS), SWARM_TICK_MIN_MS);
    return uv_timer_start(&s->tick, on_tick, 0, (uint64_t)tick_ms);
}

void swarm_end(struct swarm *s)
{
    if (s->next == s->turns) s->drain_until_mono_ms = 1; // long ago
    s->turns = s->next;
}

void swarm_stop(struct swarm *s)
{
    for (uint32_t i = 0; i < s->config->agent_count; i++) {
        if (s->agents[i].started) pl_uplink_stop(&s->agents[i].uplink);
    }
}

struct swarm_result swarm_result(const struct swarm *s)
{
    struct swarm_result result = {.resent = s->resent, .reconnects = s->reconnects};
    for (uint32_t i = 0; i < s->config->agent_count; i++) {
        const struct pl_spool *spool = &s->agents[i].spool;
        result.sent += spool->next_seq - 1;
        result.acknowledged += spool->first_seq - 1 - spool->dropped_count;
    }
    return result;
}
