#include "tests/unit/engine_rig.h"

#include "common/base/text.h"
#include "tests/engine_memory.h"

#include <stdlib.h>

enum { START_MONO_MS = 1000 * 1000 };
#define START_UNIX_MS INT64_C(1750000000000)

struct rig rig;

struct pl_name rig_name_of(const char *text)
{
    struct pl_name name = {0};
    if (pl_name_parse(pl_span_of(text), &name) != 0) abort();
    return name;
}

struct pl_engine_config rig_config_of(uint32_t host_max, uint32_t target_count)
{
    struct pl_engine_config config = {.host_max = host_max,
                                      .target_count = target_count,
                                      .default_notify = pl_targets_below(target_count),
                                      .seed = 1};
    pl_rules_default(&config.rules);
    return config;
}

void rig_start(const struct pl_engine_config *config)
{
    engine_memory_free(rig.memory);
    memset(&rig, 0, sizeof rig);
    rig.now = (struct pl_now){START_MONO_MS, START_UNIX_MS};
    rig.memory = engine_memory(config);
    rig.engine = pl_engine_init(rig.memory, config, rig.now);
}

static const char *effect_word(enum pl_effect_type type)
{
    switch (type) {
    case PL_EFFECT_SAVE_HOST: return "SAVE_HOST";
    case PL_EFFECT_DROP_HOST: return "DROP_HOST";
    case PL_EFFECT_HOST_SILENT: return "SILENT";
    case PL_EFFECT_HOST_BACK: return "BACK";
    case PL_EFFECT_SAVE_CHANGE: return "SAVE_CHANGE";
    case PL_EFFECT_SAVE_LEARNED: return "SAVE_LEARNED";
    case PL_EFFECT_SAVE_ALERT: return "SAVE_ALERT";
    case PL_EFFECT_ALERT_OPENED: return "OPENED";
    case PL_EFFECT_ALERT_RAISED: return "RAISED";
    case PL_EFFECT_ALERT_LOWERED: return "LOWERED";
    case PL_EFFECT_ALERT_RESOLVED: return "RESOLVED";
    case PL_EFFECT_ALERT_RESUMED: return "RESUMED";
    case PL_EFFECT_SAVE_HANDLING: return "SAVE_HANDLING";
    case PL_EFFECT_SAVE_SILENCE: return "SAVE_SILENCE";
    case PL_EFFECT_DROP_SILENCE: return "DROP_SILENCE";
    case PL_EFFECT_SAVE_EXTERNAL: return "SAVE_EXTERNAL";
    case PL_EFFECT_SAVE_DELIVERY: return "SAVE_DELIVERY";
    case PL_EFFECT_SAVE_PAGE: return "SAVE_PAGE";
    case PL_EFFECT_SEND_PAGE: return "SEND_PAGE";
    case PL_EFFECT_DIRECT_HOST: return "DIRECT_HOST";
    case PL_EFFECT_DROP_PAGE: return "DROP_PAGE";
    case PL_EFFECT_PAGE_REFUSED: return "REFUSED";
    case PL_EFFECT_PAGE_FAILED: return "FAILED";
    case PL_EFFECT_SAVE_LAUNCH: return "SAVE_LAUNCH";
    case PL_EFFECT_DROP_LAUNCH: return "DROP_LAUNCH";
    case PL_EFFECT_LAUNCH_STATE: return "LAUNCH_STATE";
    case PL_EFFECT_TILT_ON: return "TILT_ON";
    case PL_EFFECT_TILT_OFF: return "TILT_OFF";
    }
    return "?";
}

static void say(struct pl_text *out, const struct pl_effect *effect)
{
    if (out->len > 0) pl_text_str(out, "; ");
    pl_text_str(out, effect_word(effect->type));
    if (effect->type <= PL_EFFECT_SAVE_CHANGE) {
        pl_text_char(out, ' ');
        pl_text_span(out, pl_name_span(&effect->name));
        return;
    }
    if (effect->type >= PL_EFFECT_SAVE_LAUNCH || effect->type == PL_EFFECT_SAVE_EXTERNAL) return;
    if (effect->type == PL_EFFECT_SAVE_SILENCE || effect->type == PL_EFFECT_DROP_SILENCE) {
        pl_text_char(out, ' '); // numbered by the clock
        return;
    }
    char id[PL_ALERT_ID_MAX + 1];
    pl_alert_id(pl_engine_alert(rig.engine, effect->alert), id);
    pl_text_char(out, ' ');
    pl_text_str(out, id);
    const struct pl_page *page = pl_engine_page(rig.engine, effect->page);
    if (effect->type == PL_EFFECT_SAVE_PAGE || effect->type == PL_EFFECT_SEND_PAGE) {
        rig.page = effect->page;
        pl_text_str(out, page && page->resolved ? " resolved" : " firing");
    }
}

const char *rig_effects(void)
{
    size_t count;
    const struct pl_effect *list = pl_engine_effects(rig.engine, &count);
    struct pl_text out = pl_text_init(rig.said, sizeof rig.said);
    for (size_t i = 0; i < count; i++) {
        if (list[i].type == PL_EFFECT_DIRECT_HOST) {
            rig.directed++;
            rig.directive = list[i];
        } else if (list[i].type != PL_EFFECT_SAVE_ALERT && list[i].type != PL_EFFECT_SAVE_LEARNED &&
                   list[i].type != PL_EFFECT_SAVE_DELIVERY) {
            say(&out, &list[i]);
        }
    }
    pl_engine_effects_done(rig.engine);
    return rig.said;
}

void rig_pass(int64_t ms)
{
    rig.now.mono_ms += ms;
    rig.now.unix_ms += ms;
}

struct pl_hello rig_hello_of(const char *host, const char *pool)
{
    struct pl_hello hello = {.version = PL_PROTOCOL_VERSION,
                             .host = rig_name_of(host),
                             .pool = rig_name_of(pool),
                             .unix_ms = rig.now.unix_ms + rig.skew_ms,
                             .interval_ms = 1000,
                             .first_seq = 1,
                             .agent_version = "0.1.0"};
    hello.boot_id.bytes[0] = 1;
    return hello;
}

uint32_t rig_join(const char *host, const char *pool)
{
    struct pl_hello hello = rig_hello_of(host, pool);
    uint32_t index = PL_NO_INDEX;
    int err = pl_engine_join(rig.engine, &hello, rig.now, &index);
    return err == 0 ? index : PL_NO_INDEX;
}

struct pl_sample rig_sample_of(uint64_t seq, int32_t cpu_bp)
{
    struct pl_sample sample = {.seq = seq, .unix_ms = rig.now.unix_ms + rig.skew_ms};
    for (size_t m = 0; m < PL_METRIC_COUNT; m++) sample.values[m] = PL_ABSENT;
    sample.values[PL_CPU_BUSY] = cpu_bp;
    sample.values[PL_MEMORY_USED] = 3000;
    return sample;
}

bool rig_feed(uint32_t host, int32_t cpu_bp)
{
    struct pl_sample sample = rig_sample_of(++rig.seq[host], cpu_bp);
    return pl_engine_sample(rig.engine, host, &sample, rig.now);
}

void rig_run(uint32_t host, int32_t cpu_bp, int seconds)
{
    for (int i = 0; i < seconds; i++) {
        rig_pass(1000);
        if (host != PL_NO_INDEX) (void)rig_feed(host, cpu_bp);
        pl_engine_tick(rig.engine, rig.now);
    }
}

void rig_start_pair(void)
{
    struct pl_engine_config config = rig_config_of(4, 1);
    struct pl_pool_config pool = {
        .name = rig_name_of("web"),
        .notify = 1,
        .capacity = {PL_CAPACITY_CONFIGURED, 1000, false, PL_SOURCE_CONNECTIONS}};
    config.pools = &pool;
    config.pool_count = 1;
    rig_start(&config);
    if (rig_join("fe1", "web") != 0 || rig_join("fe2", "web") != 1) abort();
    (void)rig_effects();
}

void rig_serve(int32_t each_per_s, int seconds)
{
    for (int i = 0; i < seconds; i++) {
        rig_pass(1000);
        for (uint32_t h = 0; h < 2; h++) {
            struct pl_sample sample = rig_sample_of(++rig.seq[h], 2000);
            sample.values[PL_TCP_ACCEPTED] = 10 * each_per_s;
            (void)pl_engine_sample(rig.engine, h, &sample, rig.now);
        }
        pl_engine_tick(rig.engine, rig.now);
    }
}

void rig_answer(enum pl_result_class class)
{
    struct pl_page_result result = {.class = class, .wait_ms = -1, .status = 202};
    pl_engine_page_result(rig.engine, rig.page, &result, rig.now);
}

void rig_stop(void)
{
    engine_memory_free(rig.memory);
    rig.memory = NULL;
}
