/* Routes: who must know, by what was delivered and how long the alert pages. */
#include "tests/check.h"

#include "collector/core/alert/route.h"

enum { MINUTE_MS = 60000, BEGUN_MS = 1000000 };

/* Alex by 0, then 1, then 2; beside Alex the chat 3. After five minutes Kim by 4, then 5. */
static struct pl_route two_steps(void)
{
    return (struct pl_route){
        .step_count = 2,
        .steps = {{0, 2, {{3, {0, 1, 2}}, {1, {3}}}}, {5 * MINUTE_MS, 1, {{2, {4, 5}}}}},
    };
}

static struct pl_route_look look_after(const struct pl_route *route, int64_t ms, uint64_t delivered,
                                       uint64_t failed)
{
    struct pl_route_progress progress = {BEGUN_MS, delivered, failed};
    return pl_route_look(route, &progress, BEGUN_MS + ms);
}

static void test_who_is_wanted_when(void)
{
    static const struct {
        int64_t after_ms;
        uint64_t delivered, failed, wanted;
        int64_t again_ms; // after the begin; -1: never
    } table[] = {
        {0, 0, 0, 1 | 8, 20000},
        {19999, 0, 0, 1 | 8, 20000},
        {20000, 0, 0, 1 | 2 | 8, 40000},      // the next one after 20 s without a delivery
        {40000, 0, 0, 1 | 2 | 4 | 8, 300000}, // there is no fourth
        {0, 0, 1, 1 | 2 | 8, 20000},          // who cannot take it is followed at once
        {0, 0, 1 | 2, 1 | 2 | 4 | 8, 300000},
        {20000, 1, 0, 1 | 8, 300000}, // one that took it is enough
        {45000, 4, 0, 4 | 8, 300000}, // and the others need not try any more
        {45000, 4 | 8, 1, 4 | 8, 300000},
        {300000, 1 | 8, 0, 1 | 8 | 16, 320000}, // the steps go on although somebody was told
        {320000, 1 | 8, 0, 1 | 8 | 16 | 32, -1},
        {320000, 1 | 8 | 16, 0, 1 | 8 | 16, -1},
        {-5000, 0, 0, 1 | 8, 20000}, // a clock of another process
    };
    struct pl_route route = two_steps();
    for (size_t i = 0; i < PL_LEN(table); i++) {
        struct pl_route_look look =
            look_after(&route, table[i].after_ms, table[i].delivered, table[i].failed);
        CHECK_INT(look.wanted, table[i].wanted);
        CHECK_INT(look.step, table[i].after_ms >= 5 * MINUTE_MS);
        if (table[i].after_ms < 0) continue;
        CHECK_INT(look.again_mono_ms,
                  table[i].again_ms < 0 ? INT64_MAX : BEGUN_MS + table[i].again_ms);
    }
}

static void test_rounds(void)
{
    struct pl_route route = two_steps();
    route.repeat = 2;
    route.round_ms = 10 * MINUTE_MS;
    struct pl_route_look look = look_after(&route, 10 * MINUTE_MS - 1, 1 | 8 | 16, 0);
    CHECK_INT(look.round, 0);
    CHECK_INT(look.again_mono_ms, BEGUN_MS + 10 * MINUTE_MS);
    look = look_after(&route, 10 * MINUTE_MS, 0, 0);
    CHECK_INT(look.round, 1);
    CHECK_INT(look.step, 0);
    CHECK_INT(look.wanted, 1 | 8);
    look = look_after(&route, 25 * MINUTE_MS, 1 | 8, 0);
    CHECK_INT(look.round, 2);
    CHECK_INT(look.wanted, 1 | 8 | 16);
    look = look_after(&route, 1000 * MINUTE_MS, 1 | 8 | 16, 0); // the last one does not end
    CHECK_INT(look.round, 2);
    CHECK(look.again_mono_ms == INT64_MAX);
}

static void test_everybody_at_once(void)
{
    static const uint64_t sets[] = {0, 1, 5, UINT64_C(1) << 63, UINT64_MAX};
    for (size_t i = 0; i < PL_LEN(sets); i++) {
        struct pl_route route;
        pl_route_all(sets[i], &route);
        struct pl_route_look look = look_after(&route, 0, 0, 0);
        CHECK(look.wanted == sets[i]);
        CHECK(look.again_mono_ms == INT64_MAX);
    }
    CHECK(pl_targets_below(0) == 0 && pl_targets_below(2) == 3);
    CHECK(pl_targets_below(PL_TARGET_MAX) == UINT64_MAX);
}

static void test_nobody_is_in_it(void)
{
    struct pl_route route = {0};
    CHECK_INT(look_after(&route, 0, 0, 0).wanted, 0);
    route = (struct pl_route){.step_count = 1, .steps = {{0, 1, {{0}}}}};
    CHECK_INT(look_after(&route, 0, 0, 0).wanted, 0);
}

int main(void)
{
    RUN(test_who_is_wanted_when);
    RUN(test_rounds);
    RUN(test_everybody_at_once);
    RUN(test_nobody_is_in_it);
    return check_finish();
}
