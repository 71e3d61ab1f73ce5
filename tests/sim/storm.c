/* storm - five hundred hosts of ten pools fail in the same second, in three ways, and come back.
 *
 * The engine alone, a second at a time. Target 0 is well; target 1 says 429 with Retry-After while
 * it lasts; target 2 hangs, and after 15 s its answer is that there is none. What must be true: one
 * page per pool and target for all the trouble, not one per host; no more in the outbox than one
 * per pool and target; nobody is asked again before they said; and when all is over, whoever heard
 * that it fires has heard that it ended, and nothing fires or waits. */
#include "collector/core/engine.h"
#include "tests/check.h"
#include "tests/engine_memory.h"

enum {
    HOSTS = 500,
    POOLS = 10,
    TARGETS = 3,
    WELL = 0,
    LIMITED = 1,
    HANGING = 2,
    RETRY_AFTER_S = 7,
    STORM_S = 25, // shorter than PL_PAGE_GROUP_MS: what comes together is told once
    BEGIN_S = 20,
    CALM_S = 240,
};
#define START_UNIX_MS INT64_C(1750000000000)

static struct world {
    struct pl_engine *engine;
    struct pl_now now;
    uint64_t seq;
    uint32_t most_waiting;
    int64_t said_ms, peace_until_ms; // target 1 has said so
    /* By alert and target. */
    bool fires[POOLS * PL_RULE_COUNT][TARGETS];
    uint32_t told[POOLS][TARGETS]; // that something fires, by pool: attempts that arrived
    struct {
        bool used, resolved;
        struct pl_slot_id page;
        uint32_t alert;
        int64_t at_ms;
    } hanging[PL_OUTBOX_MAX];
} w;

static struct pl_name name_of(char letter, uint32_t number)
{
    struct pl_name name = {4, {letter}};
    for (int d = 3; d > 0; d--, number /= 10) name.text[d] = (char)('0' + number % 10);
    return name;
}

static void hear(uint32_t alert, uint8_t target, bool resolved)
{
    w.fires[alert][target] = !resolved;
    w.told[alert / PL_RULE_COUNT][target] += !resolved;
}

static void hang(const struct pl_effect *effect, bool resolved)
{
    size_t i = 0;
    while (w.hanging[i].used) i++;
    w.hanging[i].used = true;
    w.hanging[i].resolved = resolved;
    w.hanging[i].page = effect->page;
    w.hanging[i].alert = effect->alert;
    w.hanging[i].at_ms = w.now.mono_ms + 15000;
}

static void send(const struct pl_effect *effect, bool raging)
{
    struct pl_page_result result = {.class = PL_RESULT_SENT, .wait_ms = -1, .status = 200};
    const struct pl_page *page = pl_engine_page(w.engine, effect->page);
    REQUIRE(page != NULL);
    uint8_t target = page->target;
    /* What leaves in the moment of the answer was under way before it. */
    bool is_asked = w.now.mono_ms > w.said_ms && w.now.mono_ms < w.peace_until_ms;
    if (target == LIMITED) CHECK(!is_asked);
    if (target == HANGING && raging) {
        hang(effect, page->resolved);
        return;
    }
    if (target == LIMITED && raging) {
        w.said_ms = w.now.mono_ms;
        w.peace_until_ms = w.now.mono_ms + RETRY_AFTER_S * 1000;
        result = (struct pl_page_result){
            .class = PL_RESULT_RETRY, .wait_ms = RETRY_AFTER_S * 1000, .status = 429};
    } else {
        hear(effect->alert, target, page->resolved);
    }
    pl_engine_page_result(w.engine, effect->page, &result, w.now);
}

static void settle(bool raging)
{
    static struct pl_effect batch[PL_EFFECT_MAX];
    size_t count;
    for (;;) {
        const struct pl_effect *list = pl_engine_effects(w.engine, &count);
        if (count == 0) return;
        memcpy(batch, list, count * sizeof *list);
        pl_engine_effects_done(w.engine);
        for (size_t i = 0; i < count; i++) {
            if (batch[i].type == PL_EFFECT_SAVE_PAGE)
                pl_engine_page_saved(w.engine, batch[i].page, w.now);
            if (batch[i].type == PL_EFFECT_SEND_PAGE) send(&batch[i], raging);
        }
        w.most_waiting = PL_MAX(w.most_waiting, pl_engine_page_count(w.engine));
    }
}

/* Nothing came back, and it may have arrived: this time it has. */
static void end_hanging(bool raging)
{
    static const struct pl_page_result unknown = {
        .class = PL_RESULT_RETRY, .maybe_delivered = true, .wait_ms = -1, .status = -28};
    for (size_t i = 0; i < PL_LEN(w.hanging); i++) {
        if (!w.hanging[i].used || w.now.mono_ms < w.hanging[i].at_ms) continue;
        w.hanging[i].used = false;
        w.fires[w.hanging[i].alert][HANGING] = !w.hanging[i].resolved;
        pl_engine_page_result(w.engine, w.hanging[i].page, &unknown, w.now);
        settle(raging);
    }
}

enum trouble { OVERLOAD, SILENCE, BOTH };

static bool is_mute(enum trouble trouble, uint32_t host)
{
    return trouble == SILENCE || (trouble == BOTH && host % 2 == 0);
}

static void live_second(enum trouble trouble, bool raging)
{
    w.now.mono_ms += 1000;
    w.now.unix_ms += 1000;
    w.seq++;
    for (uint32_t host = 0; host < HOSTS; host++) {
        struct pl_sample sample = {.seq = w.seq, .unix_ms = w.now.unix_ms};
        if (raging && is_mute(trouble, host)) continue;
        for (size_t m = 0; m < PL_METRIC_COUNT; m++) sample.values[m] = PL_ABSENT;
        sample.values[PL_CPU_BUSY] = raging ? 9900 : 2000;
        (void)pl_engine_sample(w.engine, host, &sample, w.now);
        settle(raging);
    }
    end_hanging(raging);
    pl_engine_tick(w.engine, w.now);
    settle(raging);
}

static void begin(void)
{
    static struct pl_pool_config pools[POOLS];
    struct pl_engine_config config = {
        .host_max = HOSTS, .target_count = TARGETS, .pool_count = POOLS, .pools = pools, .seed = 1};
    for (uint32_t p = 0; p < POOLS; p++)
        pools[p] = (struct pl_pool_config){.name = name_of('p', p), .notify = 7};
    pl_rules_default(&config.rules);
    config.rules.levels[PL_RESOURCE_CPU].hold_ms = 5000;
    w = (struct world){.now = {1000000, START_UNIX_MS}};
    w.engine = pl_engine_init(engine_memory(&config), &config, w.now);
    for (uint32_t i = 0; i < HOSTS; i++) {
        struct pl_hello hello = {.version = PL_PROTOCOL_VERSION,
                                 .host = name_of('h', i),
                                 .pool = name_of('p', i % POOLS),
                                 .unix_ms = w.now.unix_ms,
                                 .interval_ms = 1000,
                                 .first_seq = 1,
                                 .agent_version = "0"};
        uint32_t host;
        REQUIRE(pl_engine_join(w.engine, &hello, w.now, &host) == 0 && host == i);
        settle(false);
    }
}

static void check_rest(void)
{
    for (uint32_t p = 0; p < POOLS; p++) {
        CHECK_INT(w.told[p][WELL], 1);
        CHECK(w.told[p][LIMITED] <= 1 && w.told[p][HANGING] <= 1);
    }
    for (uint32_t a = 0; a < POOLS * PL_RULE_COUNT; a++) {
        CHECK(pl_engine_alert(w.engine, a)->state != PL_ALERT_FIRING);
        for (uint32_t t = 0; t < TARGETS; t++) CHECK(!w.fires[a][t]);
    }
    CHECK_INT(pl_engine_page_count(w.engine), 0);
    CHECK_INT(pl_engine_counts(w.engine)->pages_refused, 0);
    CHECK_INT(pl_engine_counts(w.engine)->effects_refused, 0);
}

static void storm(enum trouble trouble)
{
    begin();
    for (int s = 0; s < BEGIN_S; s++) live_second(trouble, false);
    CHECK_INT(w.told[0][WELL], 0);
    for (int s = 0; s < STORM_S; s++) live_second(trouble, true);
    CHECK_INT(w.told[0][WELL], 1);
    CHECK(w.most_waiting <= POOLS * TARGETS);
    for (int s = 0; s < CALM_S; s++) live_second(trouble, false);
    check_rest();
    engine_memory_free(w.engine);
}

static void test_all_hosts_are_full(void)
{
    storm(OVERLOAD);
}

static void test_all_hosts_are_silent(void)
{
    storm(SILENCE);
}

static void test_half_are_silent_and_the_rest_is_full(void)
{
    storm(BOTH);
}

int main(void)
{
    RUN(test_all_hosts_are_full);
    RUN(test_all_hosts_are_silent);
    RUN(test_half_are_silent_and_the_rest_is_full);
    return check_finish();
}
