/* The engine and routes: the next target when one does not take the page, steps, rounds, and who is
 * on call at the time. Targets: 0 and 1 are Alex', 2 and 3 are Kim's. */
#include "tests/check.h"
#include "tests/unit/engine_rig.h"

enum { ALEX = 1, ALEX_TOO = 2, KIM = 4, KIM_TOO = 8, MINUTE = 60 };

static struct pl_route roster;

static void resolve(const void *arg, uint32_t policy, int64_t unix_ms, struct pl_route *out)
{
    (void)unix_ms;
    CHECK_INT(policy, 7);
    *out = *(const struct pl_route *)arg;
}

static uint32_t start(void)
{
    roster = (struct pl_route){
        .step_count = 2,
        .steps = {{0, 1, {{2, {0, 1}}}}, {5 * MINUTE * 1000, 1, {{2, {2, 3}}}}},
    };
    struct pl_engine_config config = rig_config_of(2, 4);
    config.default_policy = 7;
    config.routes = (struct pl_route_source){resolve, &roster};
    rig_start(&config);
    uint32_t host = rig_join("fe1", "web");
    (void)rig_effects();
    rig_run(host, 9700, 11);
    return host;
}

static const struct pl_alert *alert(void)
{
    return pl_engine_alert(rig.engine, PL_RULE_LIMIT);
}

/* Who is being told: the targets of the pages in the outbox. */
static uint64_t queued(void)
{
    uint64_t targets = 0;
    for (uint32_t n = 0; n < pl_engine_page_count(rig.engine); n++) {
        targets |= pl_target_bit(pl_engine_page_at(rig.engine, n)->target);
    }
    return targets;
}

/* Answer the page to that target; it is written down first where it was not. */
static void answer(uint8_t target, enum pl_result_class class)
{
    for (uint32_t n = 0; n < pl_engine_page_count(rig.engine); n++) {
        const struct pl_page *page = pl_engine_page_at(rig.engine, n);
        if (page->target != target) continue;
        rig.page = page->id;
        pl_engine_page_saved(rig.engine, page->id, rig.now);
        CHECK_INT(page->state, PL_PAGE_SENDING);
        rig_answer(class);
        return;
    }
    const bool is_there = false;
    CHECK(is_there);
}

static void test_who_took_it_is_enough(void)
{
    uint32_t host = start();
    CHECK_INT(queued(), ALEX);
    answer(0, PL_RESULT_SENT);
    rig_run(host, 9700, 2 * MINUTE);
    CHECK_INT(queued(), 0);
    CHECK_INT(alert()->delivered, ALEX);
}

static void test_the_next_one_after_twenty_seconds(void)
{
    uint32_t host = start();
    rig_run(host, 9700, 19);
    CHECK_INT(queued(), ALEX); // no answer yet
    rig_run(host, 9700, 1);
    CHECK_INT(queued(), ALEX | ALEX_TOO);
    answer(1, PL_RESULT_SENT);
    answer(0, PL_RESULT_RETRY); // and nobody tries there again
    CHECK_INT(queued(), 0);
    CHECK_INT(pl_engine_counts(rig.engine)->pages_withdrawn, 1);
    rig_run(host, 3000, 60);
    CHECK_INT(queued(), ALEX_TOO); // whoever was told hears the end
    answer(1, PL_RESULT_SENT);
    CHECK_INT(alert()->paged, 0);
}

static void test_the_next_one_at_once(void)
{
    (void)start();
    answer(0, PL_RESULT_BROKEN);
    CHECK_INT(queued(), ALEX_TOO);
    CHECK_INT(alert()->failed, ALEX);
}

static void test_steps_and_rounds(void)
{
    uint32_t host = start();
    answer(0, PL_RESULT_SENT);
    rig_run(host, 9700, 5 * MINUTE - 1);
    CHECK_INT(queued(), 0);
    rig_run(host, 9700, 1);
    CHECK_INT(queued(), KIM);
    answer(2, PL_RESULT_SENT);
    roster.repeat = 1;
    roster.round_ms = 10 * MINUTE * 1000;
    rig_run(host, 9700, 5 * MINUTE - 1);
    CHECK_INT(queued(), 0);
    rig_run(host, 9700, 1);
    CHECK_INT(queued(), ALEX); // again
    CHECK_INT(alert()->round, 1);
    CHECK_INT(alert()->paged, ALEX | KIM);
}

static void test_the_shift_changes(void)
{
    uint32_t host = start();
    answer(0, PL_RESULT_SENT);
    roster.steps[0].receivers[0] = (struct pl_receiver){2, {2, 3}};
    rig_run(host, 9700, 1);
    CHECK_INT(queued(), KIM);
    roster.steps[0].receivers[0] = (struct pl_receiver){1, {3}};
    answer(2, PL_RESULT_RETRY);
    CHECK_INT(queued(), KIM_TOO);
    answer(3, PL_RESULT_SENT);
    rig_run(host, 3000, 60);
    CHECK_INT(queued(), ALEX | KIM_TOO); // Kim's first one never took it
}

/* The heartbeat is withheld then: somebody else must page. */
static void test_a_page_that_reaches_nobody(void)
{
    enum { DARK = PL_UNHEARD_MS / 1000 };
    uint32_t host = start();
    rig_run(host, 9700, DARK - 1);
    CHECK(!pl_engine_is_unheard(rig.engine));
    rig_run(host, 9700, 2);
    CHECK(pl_engine_is_unheard(rig.engine));
    answer(1, PL_RESULT_SENT);
    CHECK(!pl_engine_is_unheard(rig.engine)); // one of them is enough
    start();
    answer(0, PL_RESULT_BROKEN);
    answer(1, PL_RESULT_BROKEN);
    CHECK(pl_engine_is_unheard(rig.engine)); // there is nobody else to try before the next step
}

int main(void)
{
    RUN(test_who_took_it_is_enough);
    RUN(test_the_next_one_after_twenty_seconds);
    RUN(test_the_next_one_at_once);
    RUN(test_steps_and_rounds);
    RUN(test_the_shift_changes);
    RUN(test_a_page_that_reaches_nobody);
    rig_stop();
    return check_finish();
}
