/* One resource against its limits: enter, leave, hold, gaps. */
#include "tests/check.h"

#include "collector/core/judge/level.h"

static const struct pl_level_policy usual = {
    .warn_bp = 7500, .page_bp = 9000, .leave_bp = 500, .hold_ms = 10000};
static const struct pl_level_policy at_once = {.warn_bp = 7500, .page_bp = 9000, .leave_bp = 500};

enum { GAP = -2 }; // in a story: values are missing here

struct step {
    int64_t at_ms;
    int32_t used_bp;
    enum pl_tier want;
};

static void tell(const char *name, const struct pl_level_policy *policy, const struct step *steps,
                 size_t count)
{
    struct pl_level level;
    pl_level_init(&level);
    for (size_t i = 0; i < count; i++) {
        enum pl_tier got = level.held;
        if (steps[i].used_bp == GAP)
            pl_level_gap(&level);
        else
            got = pl_level_step(&level, policy, steps[i].used_bp, steps[i].at_ms, 7);
        if (got != steps[i].want) printf("# %s: step %zu\n", name, i);
        CHECK_INT(got, steps[i].want);
        CHECK_INT(level.held, steps[i].want);
    }
}

#define TELL(policy, ...)                                                                          \
    do {                                                                                           \
        static const struct step steps[] = {__VA_ARGS__};                                          \
        tell(__func__, policy, steps, PL_LEN(steps));                                              \
    } while (0)

static void test_a_spike_is_no_problem(void)
{
    TELL(&usual, {0, 5000, PL_TIER_NONE}, {1000, 9900, PL_TIER_NONE}, {10000, 9900, PL_TIER_NONE},
         {10999, 7499, PL_TIER_NONE}, {11000, 9900, PL_TIER_NONE}, {20999, 9900, PL_TIER_NONE});
}

static void test_what_lasts_is_held_and_left_lower(void)
{
    TELL(&usual, {1000, 9000, PL_TIER_NONE}, {11000, 9000, PL_TIER_PAGE},
         {12000, 8500, PL_TIER_PAGE}, {13000, 8499, PL_TIER_WARN}, {14000, 8999, PL_TIER_WARN},
         {15000, 7000, PL_TIER_WARN}, {16000, 6999, PL_TIER_NONE}, {17000, 7499, PL_TIER_NONE});
}

static void test_each_tier_has_its_own_hold_time(void)
{
    TELL(&usual, {0, 8000, PL_TIER_NONE}, {9000, 9500, PL_TIER_NONE}, {10000, 9500, PL_TIER_WARN},
         {18999, 9500, PL_TIER_WARN}, {19000, 9500, PL_TIER_PAGE});
}

static void test_between_the_levels_a_hold_time_is_broken(void)
{
    TELL(&usual, {0, 9500, PL_TIER_NONE}, {5000, 8900, PL_TIER_NONE}, {6000, 9500, PL_TIER_NONE},
         {10000, 9500, PL_TIER_WARN}, {15000, 9500, PL_TIER_WARN}, {16000, 9500, PL_TIER_PAGE});
}

static void test_without_hold_it_is_at_once(void)
{
    TELL(&at_once, {-5, 7499, PL_TIER_NONE}, {-4, 7500, PL_TIER_WARN}, {-3, 9000, PL_TIER_PAGE},
         {-2, 0, PL_TIER_NONE}, {0, 10000, PL_TIER_PAGE});
}

static void test_no_value_freezes(void)
{
    TELL(&usual, {0, 9500, PL_TIER_NONE}, {5000, INT32_MIN, PL_TIER_NONE},
         {10000, 9500, PL_TIER_PAGE}, {11000, -1, PL_TIER_PAGE}, {90000, -1, PL_TIER_PAGE},
         {91000, 8600, PL_TIER_PAGE});
}

static void test_a_gap_breaks_a_hold_time_and_no_more(void)
{
    TELL(&usual, {0, 9500, PL_TIER_NONE}, {60000, GAP, PL_TIER_NONE}, {60000, 9500, PL_TIER_NONE},
         {69999, 9500, PL_TIER_NONE}, {70000, 9500, PL_TIER_PAGE}, {99000, GAP, PL_TIER_PAGE},
         {99000, 8600, PL_TIER_PAGE}, {99500, 100, PL_TIER_NONE});
}

/* Faster samples jump more: what keeps a second's value over the level must not break the hold time
 * of quarters of it. One value above all is no more than it was. */
static void test_fast_values_are_averaged(void)
{
    struct pl_level level;
    pl_level_init(&level);
    (void)pl_level_step(&level, &usual, 8800, 0, 0);
    for (int64_t at_ms = 250; at_ms <= 14000; at_ms += 250) { // 9,200 on the average
        int32_t used_bp = at_ms % 1000 < 500 ? 9800 : 8600;
        enum pl_tier tier = pl_level_step(&level, &usual, used_bp, at_ms, 0);
        printf("# at %lld\n", (long long)at_ms);
        if (at_ms == 10000) CHECK_INT(tier, PL_TIER_WARN);
        if (at_ms < 10000) CHECK_INT(tier, PL_TIER_NONE);
        CHECK(tier != PL_TIER_PAGE); // it swings by 600 around 9,200: under 9,000 for a moment
    }
    TELL(&usual, {0, 9500, PL_TIER_NONE}, {9750, 9500, PL_TIER_NONE}, {10000, 8600, PL_TIER_PAGE},
         {10250, 9500, PL_TIER_PAGE}, {10350, 0, PL_TIER_WARN}, {10850, 0, PL_TIER_NONE});
    TELL(&at_once, {0, 0, PL_TIER_NONE}, {100, 10000, PL_TIER_PAGE}, {200, 0, PL_TIER_NONE});
}

static void test_it_knows_since_when(void)
{
    struct pl_level level;
    pl_level_init(&level);
    CHECK_INT(pl_level_step(&level, &usual, 8000, 1000, 501000), PL_TIER_NONE);
    CHECK_INT(pl_level_step(&level, &usual, 9500, 4000, 504000), PL_TIER_NONE);
    CHECK_INT(pl_level_step(&level, &usual, 9500, 14000, 514000), PL_TIER_PAGE);
    CHECK_INT(level.over_unix_ms[PL_TIER_WARN], 501000);
    CHECK_INT(level.over_unix_ms[PL_TIER_PAGE], 504000);
}

/* What is over a level for two seconds is announced before it is held, and never after. */
static void test_what_is_coming(void)
{
    static const struct {
        int64_t at_ms;
        int32_t used_bp;
        enum pl_tier held, coming;
    } story[] = {
        {0, 8000, PL_TIER_NONE, PL_TIER_NONE},     {1999, 8000, PL_TIER_NONE, PL_TIER_NONE},
        {2000, 8000, PL_TIER_NONE, PL_TIER_WARN},  {5000, 9500, PL_TIER_NONE, PL_TIER_WARN},
        {7000, 9500, PL_TIER_NONE, PL_TIER_PAGE},  {10000, 9500, PL_TIER_WARN, PL_TIER_PAGE},
        {11000, 8000, PL_TIER_WARN, PL_TIER_NONE}, {12000, 9500, PL_TIER_WARN, PL_TIER_NONE},
        {14000, 9500, PL_TIER_WARN, PL_TIER_PAGE}, {22000, 9500, PL_TIER_PAGE, PL_TIER_NONE},
        {23000, 0, PL_TIER_NONE, PL_TIER_NONE},
    };
    struct pl_level level;
    pl_level_init(&level);
    for (size_t i = 0; i < PL_LEN(story); i++) {
        CHECK_INT(pl_level_step(&level, &usual, story[i].used_bp, story[i].at_ms, 7),
                  story[i].held);
        CHECK_INT(level.coming, story[i].coming);
    }
    (void)pl_level_step(&level, &usual, 9500, 30000, 7);
    (void)pl_level_step(&level, &usual, 9500, 33000, 7);
    CHECK_INT(level.coming, PL_TIER_PAGE);
    pl_level_gap(&level);
    CHECK_INT(level.coming, PL_TIER_NONE);
    (void)pl_level_step(&level, &at_once, 9500, 90000, 7);
    CHECK_INT(level.coming, PL_TIER_NONE);
}

int main(void)
{
    RUN(test_a_spike_is_no_problem);
    RUN(test_what_lasts_is_held_and_left_lower);
    RUN(test_each_tier_has_its_own_hold_time);
    RUN(test_between_the_levels_a_hold_time_is_broken);
    RUN(test_without_hold_it_is_at_once);
    RUN(test_no_value_freezes);
    RUN(test_a_gap_breaks_a_hold_time_and_no_more);
    RUN(test_fast_values_are_averaged);
    RUN(test_it_knows_since_when);
    RUN(test_what_is_coming);
    return check_finish();
}
