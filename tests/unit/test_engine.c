/* The engine as a whole: what goes in, which effects come out. Longer stories are in tests/sim. */
#include "tests/check.h"

#include "collector/core/engine.h"
#include "common/base/err.h"
#include "common/base/text.h"

#include <stdlib.h>

enum { START_MONO_MS = 1000 * 1000 };
#define START_UNIX_MS INT64_C(1750000000000)

/* One engine with the effects of the calls since the last look as text: "OPENED limit/web; ...". */
static struct {
    struct pl_engine *engine;
    void *memory;
    struct pl_now now;
    char said[4096];
    struct pl_slot_id page; // of the last SAVE_PAGE or SEND_PAGE
    uint64_t seq[16];
    int64_t skew_ms; // of the agents' clocks
} t;

static struct pl_name name_of(const char *text)
{
    struct pl_name name = {0};
    if (pl_name_parse(pl_span_of(text), &name) != 0) abort();
    return name;
}

static struct pl_engine_config config_of(uint32_t host_max, uint32_t target_count)
{
    struct pl_engine_config config = {.host_max = host_max,
                                      .target_count = target_count,
                                      .default_notify = (1u << target_count) - 1,
                                      .seed = 1};
    pl_rules_default(&config.rules);
    return config;
}

static void start(const struct pl_engine_config *config)
{
    free(t.memory);
    memset(&t, 0, sizeof t);
    t.now = (struct pl_now){START_MONO_MS, START_UNIX_MS};
    t.memory = calloc(1, pl_engine_bytes(config));
    t.engine = pl_engine_init(t.memory, config, t.now);
}

static const char *effect_word(enum pl_effect_type type)
{
    switch (type) {
    case PL_EFFECT_SAVE_HOST: return "SAVE_HOST";
    case PL_EFFECT_DROP_HOST: return "DROP_HOST";
    case PL_EFFECT_HOST_SILENT: return "SILENT";
    case PL_EFFECT_HOST_BACK: return "BACK";
    case PL_EFFECT_SAVE_ALERT: return "SAVE_ALERT";
    case PL_EFFECT_ALERT_OPENED: return "OPENED";
    case PL_EFFECT_ALERT_RAISED: return "RAISED";
    case PL_EFFECT_ALERT_LOWERED: return "LOWERED";
    case PL_EFFECT_ALERT_RESOLVED: return "RESOLVED";
    case PL_EFFECT_SAVE_PAGE: return "SAVE_PAGE";
    case PL_EFFECT_SEND_PAGE: return "SEND_PAGE";
    case PL_EFFECT_DROP_PAGE: return "DROP_PAGE";
    case PL_EFFECT_PAGE_REFUSED: return "REFUSED";
    case PL_EFFECT_PAGE_FAILED: return "FAILED";
    case PL_EFFECT_TILT_ON: return "TILT_ON";
    case PL_EFFECT_TILT_OFF: return "TILT_OFF";
    }
    return "?";
}

static void say(struct pl_text *out, const struct pl_effect *effect)
{
    if (out->len > 0) pl_text_str(out, "; ");
    pl_text_str(out, effect_word(effect->type));
    if (effect->type <= PL_EFFECT_HOST_BACK) {
        pl_text_char(out, ' ');
        pl_text_span(out, pl_name_span(&effect->name));
        return;
    }
    if (effect->type >= PL_EFFECT_TILT_ON) return;
    char id[PL_ALERT_ID_MAX + 1];
    pl_alert_id(pl_engine_alert(t.engine, effect->alert), id);
    pl_text_char(out, ' ');
    pl_text_str(out, id);
    const struct pl_page *page = pl_engine_page(t.engine, effect->page);
    if (effect->type == PL_EFFECT_SAVE_PAGE || effect->type == PL_EFFECT_SEND_PAGE) {
        t.page = effect->page;
        pl_text_str(out, page && page->resolved ? " resolved" : " firing");
    }
}

/* The effects of the calls since the last look. SAVE_ALERT is left out: it follows every change. */
static const char *effects(void)
{
    size_t count;
    const struct pl_effect *list = pl_engine_effects(t.engine, &count);
    struct pl_text out = pl_text_init(t.said, sizeof t.said);
    for (size_t i = 0; i < count; i++) {
        if (list[i].type != PL_EFFECT_SAVE_ALERT) say(&out, &list[i]);
    }
    pl_engine_effects_done(t.engine);
    return t.said;
}

static void pass(int64_t ms)
{
    t.now.mono_ms += ms;
    t.now.unix_ms += ms;
}

static struct pl_hello hello_of(const char *host, const char *pool)
{
    struct pl_hello hello = {.version = PL_PROTOCOL_VERSION,
                             .host = name_of(host),
                             .pool = name_of(pool),
                             .unix_ms = t.now.unix_ms + t.skew_ms,
                             .interval_ms = 1000,
                             .first_seq = 1,
                             .agent_version = "0.1.0"};
    hello.boot_id.bytes[0] = 1;
    return hello;
}

static uint32_t join(const char *host, const char *pool)
{
    struct pl_hello hello = hello_of(host, pool);
    uint32_t index = PL_NO_INDEX;
    CHECK_INT(pl_engine_join(t.engine, &hello, t.now, &index), 0);
    return index;
}

static struct pl_sample sample_of(uint64_t seq, int32_t cpu_bp)
{
    struct pl_sample sample = {.seq = seq, .unix_ms = t.now.unix_ms + t.skew_ms};
    for (size_t m = 0; m < PL_METRIC_COUNT; m++) sample.values[m] = PL_ABSENT;
    sample.values[PL_CPU_BUSY] = cpu_bp;
    sample.values[PL_MEMORY_USED] = 3000;
    return sample;
}

static bool feed(uint32_t host, int32_t cpu_bp)
{
    struct pl_sample sample = sample_of(++t.seq[host], cpu_bp);
    return pl_engine_sample(t.engine, host, &sample, t.now);
}

/* `seconds` of one host at that load, with a tick each. */
static void run(uint32_t host, int32_t cpu_bp, int seconds)
{
    for (int i = 0; i < seconds; i++) {
        pass(1000);
        (void)feed(host, cpu_bp);
        pl_engine_tick(t.engine, t.now);
    }
}

static void answer(enum pl_result_class class)
{
    struct pl_page_result result = {.class = class, .wait_ms = -1, .status = 202};
    pl_engine_page_result(t.engine, t.page, &result, t.now);
}

static void test_overload_pages_once_and_resolves_once(void)
{
    struct pl_engine_config config = config_of(8, 1);
    start(&config);
    uint32_t fe1 = join("fe1", "web");
    CHECK_TEXT(effects(), "SAVE_HOST fe1");
    run(fe1, 2000, 5);
    CHECK_TEXT(effects(), "");
    run(fe1, 9700, 10);
    CHECK_TEXT(effects(), ""); // ten samples span nine seconds
    run(fe1, 9700, 1);
    CHECK_TEXT(effects(), "OPENED limit/web; SAVE_PAGE limit/web firing");
    pl_engine_page_saved(t.engine, t.page, t.now);
    CHECK_TEXT(effects(), "SEND_PAGE limit/web firing");
    answer(PL_RESULT_SENT);
    CHECK_TEXT(effects(), "DROP_PAGE limit/web");
    run(fe1, 9700, 100);
    CHECK_TEXT(effects(), "");
    run(fe1, 2000, 15);
    CHECK_TEXT(effects(), "");
    run(fe1, 2000, 1);
    CHECK_TEXT(effects(), "RESOLVED limit/web; SAVE_PAGE limit/web resolved");
    pl_engine_page_saved(t.engine, t.page, t.now);
    CHECK_TEXT(effects(), "SEND_PAGE limit/web resolved");
    answer(PL_RESULT_SENT);
    CHECK_TEXT(effects(), "DROP_PAGE limit/web");
    CHECK_INT(pl_engine_page_count(t.engine), 0);
}

int main(void)
{
    RUN(test_overload_pages_once_and_resolves_once);
    free(t.memory);
    return check_finish();
}
