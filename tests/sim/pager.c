/* The receivers of pages, in good and bad moods. */
#include "tests/sim/sim.h"

enum { WAIT_MS = 20000 };

static void deliver(struct sim_world *w, const struct sim_attempt *attempt)
{
    struct sim_pager *pager = &w->pagers[attempt->target];
    pager->believes[attempt->alert] = !attempt->resolved;
    if (attempt->life == w->life && w->running)
        w->oracle.lost[attempt->alert][attempt->target] = false;
    if (!attempt->resolved) pager->possible[attempt->alert] = true;
    sim_say(w, "pager %u hears: %s %s", attempt->target,
            pl_rule_name((enum pl_rule)(attempt->alert % PL_RULE_COUNT)),
            attempt->resolved ? "is over" : "fires");
}

void sim_pager_try(struct sim_world *w, const struct pl_effect *effect)
{
    const struct pl_page *page = pl_engine_page(w->engine, effect->page);
    if (!page) {
        sim_fail(w, "asked to send a page that is gone");
        return;
    }
    struct sim_pager *pager = &w->pagers[page->target];
    if (page->resolved && !pager->possible[effect->alert]) {
        sim_fail(w, "pager %u would hear the end of what it never heard of", page->target);
    }
    size_t i = 0;
    while (i < SIM_PAGES_MAX && w->attempts[i].used) i++;
    if (i == SIM_PAGES_MAX) {
        sim_fail(w, "more than %d attempts under way", SIM_PAGES_MAX);
        return;
    }
    bool slow = pager->mood == SIM_DEAF;
    w->attempts[i] = (struct sim_attempt){
        .used = true,
        .life = w->life,
        .page = effect->page,
        .target = page->target,
        .alert = effect->alert,
        .resolved = page->resolved,
        .answer_ms = w->now_ms + (slow ? 5000 : pl_rng_below(&w->rng, 400)),
    };
}

static void answer(struct sim_world *w, struct sim_attempt *attempt)
{
    static const struct pl_page_result results[] = {
        [SIM_WELL] = {.class = PL_RESULT_SENT, .wait_ms = -1, .status = 202},
        [SIM_BUSY] = {.class = PL_RESULT_RETRY, .wait_ms = -1, .status = 503},
        [SIM_LIMIT] = {.class = PL_RESULT_RETRY, .wait_ms = WAIT_MS, .status = 429},
        [SIM_DOWN] = {.class = PL_RESULT_RETRY, .wait_ms = -1, .status = -7},
        [SIM_DEAF] = {.class = PL_RESULT_RETRY, .maybe_delivered = true, .wait_ms = -1},
        [SIM_REJECT] = {.class = PL_RESULT_REJECT, .wait_ms = -1, .status = 400},
    };
    enum sim_mood mood = w->pagers[attempt->target].mood;
    attempt->used = false;
    if (mood == SIM_WELL || mood == SIM_DEAF) deliver(w, attempt);
    /* Another collector process cannot hear the answer to its predecessor. */
    if (attempt->life != w->life || !w->running) return;
    if (mood == SIM_WELL && attempt->resolved) {
        w->pagers[attempt->target].possible[attempt->alert] = false;
    }
    pl_engine_page_result(w->engine, attempt->page, &results[mood], sim_collector_now(w));
    sim_run_effects(w);
}

void sim_pager_step(struct sim_world *w)
{
    if (w->running && w->now_ms < w->paused_until_ms) return;
    for (size_t i = 0; i < SIM_PAGES_MAX; i++) {
        struct sim_attempt *attempt = &w->attempts[i];
        if (attempt->used && w->now_ms >= attempt->answer_ms) answer(w, attempt);
    }
}
