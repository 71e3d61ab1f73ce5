/* paging - many short histories of two alerts: load that comes and goes, people who answer,
 * silences, providers that fail in every way, and a collector that dies between any two of its
 * steps.
 *
 *     paging [--from N] [--seeds N]
 *
 * The engine alone, a second at a time. What must be true is checked where it can go wrong: at
 * every attempt, at every death, and each second. Targets 0 and 1 are Alex', 2 and 3 are Kim's. */
#include "collector/core/engine.h"
#include "common/base/rng.h"
#include "tests/engine_memory.h"

#include <stdio.h>
#include <stdlib.h>

enum {
    POOLS = 2,
    TARGETS = 4,
    SECONDS = 240,
    ANSWERS_MAX = 16,
    PAGES_MAX = 16,
    LATE_S = 25, // an alert that began so long ago was delivered, or every channel was tried
};
#define START_UNIX_MS INT64_C(1750000000000)

enum mood { WELL, BUSY, LIMITED, DEAF, REJECTING, BROKEN, MOOD_COUNT };

struct answer {
    bool used;
    struct pl_slot_id page;
    uint32_t alert;
    uint8_t target;
    bool resolved;
    int64_t at_ms;
    enum mood mood;
};

/* What one target has heard about one alert. */
struct heard {
    bool fires, maybe; // the last that arrived; something may have arrived that says it fires
    bool marked;       // it took this very state, and the engine has heard so
    uint32_t revision, round;
    int64_t opened_unix_ms;
};

struct world {
    uint64_t seed;
    struct pl_rng rng;
    struct pl_now now;
    struct pl_engine *engine;
    void *memory;
    bool hot[POOLS];
    uint64_t seq[POOLS];
    uint32_t boot;
    enum mood moods[TARGETS];
    struct answer answers[ANSWERS_MAX];
    struct heard heard[POOLS][TARGETS];
    int64_t told_ms[POOLS];   // when somebody took a page that tells of it
    int64_t steady_ms[POOLS]; // how long the alert pages, nobody holds it, and nothing died
    bool dies;                // at the effect number `dies_after` from now
    uint32_t dies_after;
    /* what is written down */
    struct pl_alert alerts[POOLS];
    bool has_alert[POOLS];
    struct pl_handling handling[POOLS];
    struct pl_page pages[PAGES_MAX];
    bool has_page[PAGES_MAX];
    struct pl_silence silence;
    bool has_silence;
    int failures;
};

static void fail(struct world *w, const char *what, uint32_t pool, uint32_t target)
{
    if (w->failures++ == 0)
        printf("# seed %llu, second %lld: %s (alert %u, target %u)\n", (unsigned long long)w->seed,
               (long long)(w->now.unix_ms - START_UNIX_MS) / 1000, what, pool, target);
}

static bool chance(struct world *w, uint32_t one_in)
{
    return pl_rng_below(&w->rng, one_in) == 0;
}

static uint32_t alert_of(uint32_t pool)
{
    return pool * PL_RULE_COUNT + PL_RULE_LIMIT;
}

/* Alex by push, then by phone; after a minute Kim, likewise; all of it twice. */
static void resolve_route(const void *roster, uint32_t policy, int64_t unix_ms,
                          struct pl_route *out)
{
    (void)roster;
    (void)policy;
    (void)unix_ms;
    *out = (struct pl_route){
        .step_count = 2,
        .steps = {{0, 1, {{2, {0, 1}}}}, {60000, 1, {{2, {2, 3}}}}},
        .repeat = 1,
        .round_ms = 150000,
    };
}

static struct pl_hello hello_of(const struct world *w, uint32_t pool)
{
    static const struct pl_name hosts[POOLS] = {{3, "fe1"}, {3, "fe2"}};
    static const struct pl_name pools[POOLS] = {{3, "web"}, {3, "api"}};
    struct pl_hello hello = {.version = PL_PROTOCOL_VERSION,
                             .host = hosts[pool],
                             .pool = pools[pool],
                             .unix_ms = w->now.unix_ms,
                             .interval_ms = 1000,
                             .first_seq = w->seq[pool] + 1,
                             .agent_version = "0"};
    hello.boot_id.bytes[0] = 1;
    return hello;
}

static void begin_life(struct world *w)
{
    struct pl_engine_config config = {.host_max = POOLS,
                                      .target_count = TARGETS,
                                      .default_policy = 1,
                                      .routes = {resolve_route, NULL},
                                      .seed = pl_rng_u64(&w->rng)};
    pl_rules_default(&config.rules);
    config.rules.levels[PL_RESOURCE_CPU].hold_ms = 2000;
    config.rules.clear_ms[PL_RULE_LIMIT] = 3000;
    config.rules.unstable_ms = 0;
    engine_memory_free(w->memory);
    w->memory = engine_memory(&config);
    w->engine = pl_engine_init(w->memory, &config, w->now);
    memset(w->steady_ms, 0, sizeof w->steady_ms);
    for (uint32_t p = 0; p < POOLS; p++) {
        struct pl_hello hello = hello_of(w, p);
        uint32_t host;
        if (pl_engine_join(w->engine, &hello, w->now, &host) != 0 || host != p) abort();
    }
}

static void restore(struct world *w)
{
    bool failed = false;
    for (uint32_t p = 0; p < POOLS; p++) {
        if (w->has_alert[p])
            failed |= pl_engine_restore_alert(w->engine, &w->alerts[p], w->now) != 0;
        struct pl_hello hello = hello_of(w, p);
        failed |=
            pl_engine_restore_handling(w->engine, &hello.pool, PL_RULE_LIMIT, &w->handling[p]) != 0;
    }
    if (w->has_silence) (void)!pl_engine_restore_silence(w->engine, &w->silence); // it may be over
    for (size_t i = 0; i < PAGES_MAX; i++) {
        if (!w->has_page[i]) continue;
        uint32_t pool = w->pages[i].alert.pool.text[0] == 'w' ? 0 : 1;
        w->heard[pool][w->pages[i].target].marked = false; // an answer may be lost
        w->heard[pool][w->pages[i].target].maybe = true;
        failed |= pl_engine_restore_page(w->engine, &w->pages[i], w->now) != 0;
    }
    if (failed) fail(w, "a record does not come back", 0, 0);
}

/* ---- what the engine asks for ---- */

static void save_page(struct world *w, const struct pl_page *page)
{
    size_t place = PAGES_MAX;
    for (size_t i = 0; i < PAGES_MAX; i++) {
        if (w->has_page[i] && w->pages[i].number == page->number) place = i;
        if (!w->has_page[i] && place == PAGES_MAX) place = i;
    }
    for (size_t i = 0; i < PAGES_MAX; i++)
        if (w->has_page[i] && w->pages[i].number == page->number) place = i;
    if (place == PAGES_MAX) {
        fail(w, "more pages than there can be", 0, page->target);
        return;
    }
    w->has_page[place] = true;
    w->pages[place] = *page;
}

static void drop_page(struct world *w, uint64_t number)
{
    for (size_t i = 0; i < PAGES_MAX; i++)
        if (w->has_page[i] && w->pages[i].number == number) w->has_page[i] = false;
}

/* An attempt leaves: is it one that may? */
static void send(struct world *w, const struct pl_effect *effect)
{
    const struct pl_page *page = pl_engine_page(w->engine, effect->page);
    if (!page || page->state != PL_PAGE_SENDING) return;
    uint32_t pool = effect->alert / PL_RULE_COUNT;
    struct heard *h = &w->heard[pool][page->target];
    const struct pl_handling *handling = pl_engine_handling(w->engine, effect->alert);
    const struct pl_alert *alert = pl_engine_alert(w->engine, effect->alert);
    bool held = handling->hold != PL_HOLD_NONE || pl_engine_silenced(w->engine, effect->alert);
    if (!page->resolved && held && alert->state == PL_ALERT_FIRING)
        fail(w, "told although somebody has it", pool, page->target);
    if (page->resolved && !h->maybe) fail(w, "the end of what nobody told", pool, page->target);
    bool same = h->marked && h->revision == page->alert.revision && h->round == alert->round &&
                h->opened_unix_ms == page->alert.opened_unix_ms && h->fires == !page->resolved;
    if (same) fail(w, "told twice", pool, page->target);
    struct answer *a = w->answers;
    while (a < w->answers + ANSWERS_MAX && a->used) a++;
    if (a == w->answers + ANSWERS_MAX) {
        fail(w, "more attempts than there can be", pool, page->target);
        return;
    }
    *a = (struct answer){.used = true,
                         .page = effect->page,
                         .alert = effect->alert,
                         .target = page->target,
                         .resolved = page->resolved,
                         .at_ms = w->now.mono_ms + pl_rng_below(&w->rng, 3) * 1000,
                         .mood = w->moods[page->target]};
    if (a->mood != WELL && a->mood != DEAF) return;
    h->fires = !page->resolved;
    h->maybe = !page->resolved || a->mood == DEAF ? h->maybe || !page->resolved : h->maybe;
    if (!page->resolved) h->maybe = true;
}

static void run_effect(struct world *w, const struct pl_effect *effect)
{
    uint32_t pool = effect->alert / PL_RULE_COUNT;
    const struct pl_page *page;
    switch ((int)effect->type) {
    case PL_EFFECT_SAVE_ALERT:
        if (effect->alert % PL_RULE_COUNT != PL_RULE_LIMIT) return;
        w->alerts[pool] = *pl_engine_alert(w->engine, effect->alert);
        w->has_alert[pool] = true;
        return;
    case PL_EFFECT_SAVE_HANDLING:
        w->handling[pool] = *pl_engine_handling(w->engine, effect->alert);
        return;
    case PL_EFFECT_SAVE_SILENCE:
        w->has_silence = pl_engine_silences(w->engine)->count > 0;
        if (w->has_silence) w->silence = pl_engine_silences(w->engine)->items[0];
        return;
    case PL_EFFECT_DROP_SILENCE: w->has_silence = false; return;
    case PL_EFFECT_SAVE_PAGE:
        page = pl_engine_page(w->engine, effect->page);
        if (!page) return;
        save_page(w, page);
        pl_engine_page_saved(w->engine, effect->page, w->now);
        return;
    case PL_EFFECT_SEND_PAGE: send(w, effect); return;
    case PL_EFFECT_DROP_PAGE: drop_page(w, effect->number); return;
    default: return;
    }
}

static void settle(struct world *w)
{
    static struct pl_effect batch[PL_EFFECT_MAX];
    size_t count;
    while (w->engine) {
        const struct pl_effect *list = pl_engine_effects(w->engine, &count);
        if (count == 0) return;
        memcpy(batch, list, count * sizeof *list);
        pl_engine_effects_done(w->engine);
        for (size_t i = 0; i < count; i++) {
            if (w->dies && w->dies_after-- == 0) { // between this step and the one before
                w->engine = NULL;
                return;
            }
            run_effect(w, &batch[i]);
        }
    }
}

/* ---- answers ---- */

static void answer(struct world *w, struct answer *a)
{
    static const struct pl_page_result results[MOOD_COUNT] = {
        [WELL] = {.class = PL_RESULT_SENT, .wait_ms = -1, .status = 202},
        [BUSY] = {.class = PL_RESULT_RETRY, .wait_ms = -1, .status = 500},
        [LIMITED] = {.class = PL_RESULT_RETRY, .wait_ms = 15000, .status = 429},
        [DEAF] = {.class = PL_RESULT_RETRY, .maybe_delivered = true, .wait_ms = -1},
        [REJECTING] = {.class = PL_RESULT_REJECT, .wait_ms = -1, .status = 400},
        [BROKEN] = {.class = PL_RESULT_BROKEN, .wait_ms = -1, .status = 410},
    };
    const struct pl_page *page = pl_engine_page(w->engine, a->page);
    struct heard *h = &w->heard[a->alert / PL_RULE_COUNT][a->target];
    a->used = false;
    if (!page) return;
    if (a->mood == WELL) {
        h->marked = true;
        if (!a->resolved) w->told_ms[a->alert / PL_RULE_COUNT] = w->now.mono_ms;
        h->revision = page->alert.revision;
        h->round = pl_engine_alert(w->engine, a->alert)->round;
        h->opened_unix_ms = page->alert.opened_unix_ms;
        if (a->resolved) h->maybe = false;
    }
    pl_engine_page_result(w->engine, a->page, &results[a->mood], w->now);
    settle(w);
}

static void take_answers(struct world *w)
{
    for (size_t i = 0; i < ANSWERS_MAX && w->engine; i++) {
        struct answer *a = &w->answers[i];
        if (a->used && w->now.mono_ms >= a->at_ms) answer(w, a);
    }
}

/* ---- each second ---- */

static void trouble(struct world *w)
{
    uint32_t p = pl_rng_below(&w->rng, POOLS), t = pl_rng_below(&w->rng, TARGETS);
    if (chance(w, 12)) w->hot[p] = !w->hot[p];
    if (chance(w, 8))
        w->moods[t] = chance(w, 2) ? WELL : (enum mood)pl_rng_below(&w->rng, MOOD_COUNT);
    if (chance(w, 25)) {
        struct pl_handle_request request = {.act = chance(w, 4)   ? PL_HANDLE_RELEASE
                                                   : chance(w, 3) ? PL_HANDLE_SNOOZE
                                                                  : PL_HANDLE_ACKNOWLEDGE,
                                            .by = pl_span_of("alex"),
                                            .for_ms = PL_HOLD_MIN_MS};
        (void)!pl_engine_handle(w->engine, alert_of(p), &request, w->now); // it may not fire
        settle(w);
    }
    if (w->engine && chance(w, 60)) {
        uint64_t number;
        struct pl_silence s = {.any_rule = true,
                               .begins_unix_ms = w->now.unix_ms,
                               .ends_unix_ms = w->now.unix_ms + 20000,
                               .by = "kim"};
        bool is_free = pl_engine_silences(w->engine)->count == 0;
        if (is_free) (void)!pl_engine_silence(w->engine, &s, w->now, &number);
        settle(w);
    }
    if (!w->dies && chance(w, 40)) {
        w->dies = true;
        w->dies_after = pl_rng_below(&w->rng, 12);
    }
}

static void check_second(struct world *w, uint32_t pool)
{
    const struct pl_alert *a = pl_engine_alert(w->engine, alert_of(pool));
    const struct pl_handling *h = pl_engine_handling(w->engine, alert_of(pool));
    bool open = pl_alert_pages(a) && h->hold == PL_HOLD_NONE &&
                pl_engine_silenced(w->engine, alert_of(pool)) == 0;
    int64_t since_ms = w->now.mono_ms - a->routed_mono_ms;
    w->steady_ms[pool] = open ? PL_MIN(w->steady_ms[pool] + 1000, since_ms) : 0;
    if ((a->delivered & ~a->paged) != 0) fail(w, "delivered, and nobody was told", pool, 0);
    bool is_spared = w->now.mono_ms - w->told_ms[pool] <= PL_PAGE_FLOOR_MS + LATE_S * 1000;
    if (w->steady_ms[pool] < LATE_S * 1000 || is_spared || a->round > 0) return;
    uint64_t tried = a->delivered | a->failed;
    for (uint32_t n = 0; n < pl_engine_page_count(w->engine); n++) {
        const struct pl_page *page = pl_engine_page_at(w->engine, n);
        if (pl_name_eq(&page->alert.pool, &a->pool)) tried |= pl_target_bit(page->target);
    }
    bool is_told = (a->delivered & 3) != 0;
    if (!is_told && (tried & 3) != 3) fail(w, "not told, and not every channel tried", pool, 0);
}

static void live_second(struct world *w)
{
    w->now.mono_ms += 1000;
    w->now.unix_ms += 1000;
    take_answers(w);
    for (uint32_t p = 0; p < POOLS && w->engine; p++) {
        struct pl_sample sample = {.seq = ++w->seq[p], .unix_ms = w->now.unix_ms};
        for (size_t m = 0; m < PL_METRIC_COUNT; m++) sample.values[m] = PL_ABSENT;
        sample.values[PL_CPU_BUSY] = w->hot[p] ? 9700 : 2000;
        sample.values[PL_MEMORY_USED] = 3000;
        (void)pl_engine_sample(w->engine, p, &sample, w->now);
        settle(w);
    }
    if (w->engine) pl_engine_tick(w->engine, w->now);
    settle(w);
    if (w->engine) trouble(w);
    for (uint32_t p = 0; p < POOLS && w->engine; p++) check_second(w, p);
    if (w->engine) return;
    w->dies = false;
    memset(w->answers, 0, sizeof w->answers);
    for (uint32_t p = 0; p < POOLS; p++) // what was taken and not marked may be told again
        for (uint32_t t = 0; t < TARGETS; t++) w->heard[p][t].marked = false;
    begin_life(w);
    restore(w);
    settle(w);
}

static void come_to_rest(struct world *w)
{
    memset(w->hot, 0, sizeof w->hot);
    memset(w->moods, 0, sizeof w->moods);
    for (int s = 0; s < 120; s++) {
        w->now.mono_ms += 1000;
        w->now.unix_ms += 1000;
        w->dies = false;
        take_answers(w);
        for (uint32_t p = 0; p < POOLS; p++) {
            struct pl_sample sample = {.seq = ++w->seq[p], .unix_ms = w->now.unix_ms};
            for (size_t m = 0; m < PL_METRIC_COUNT; m++) sample.values[m] = PL_ABSENT;
            sample.values[PL_CPU_BUSY] = 2000;
            (void)pl_engine_sample(w->engine, p, &sample, w->now);
            settle(w);
        }
        pl_engine_tick(w->engine, w->now);
        settle(w);
    }
    for (uint32_t p = 0; p < POOLS; p++) {
        const struct pl_alert *a = pl_engine_alert(w->engine, alert_of(p));
        for (uint32_t t = 0; t < TARGETS; t++) {
            bool gave_up = (a->failed & pl_target_bit(t)) != 0;
            if (w->heard[p][t].fires && !gave_up) fail(w, "believes that it fires, at rest", p, t);
        }
    }
    if (pl_engine_page_count(w->engine) != 0) fail(w, "a page is left at rest", 0, 0);
}

int main(int argc, char **argv)
{
    uint64_t from = 1, count = 1000, wrong = 0;
    for (int i = 1; i + 1 < argc; i += 2) {
        if (strcmp(argv[i], "--from") == 0) from = strtoull(argv[i + 1], NULL, 10);
        if (strcmp(argv[i], "--seeds") == 0) count = strtoull(argv[i + 1], NULL, 10);
    }
    for (uint64_t seed = from; seed < from + count; seed++) {
        struct world *w = calloc(1, sizeof *w);
        if (!w) abort();
        w->seed = seed;
        w->rng = pl_rng_init(seed);
        w->now = (struct pl_now){1000000, START_UNIX_MS};
        begin_life(w);
        for (int s = 0; s < SECONDS; s++) live_second(w);
        come_to_rest(w);
        wrong += w->failures > 0;
        engine_memory_free(w->memory);
        free(w);
    }
    printf("%sok 1 - nobody is told wrongly in %llu histories\n1..1\n", wrong ? "not " : "",
           (unsigned long long)count);
    return wrong != 0;
}
