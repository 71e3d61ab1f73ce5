/* Each trait answers its own question, against a series of +1 and -1 around a level. */
#include "tests/check.h"

#include "collector/core/judge/trait.h"

#include <math.h>

enum { STEP_S = 300, DAY = 288, ROWS = 2 * DAY };

static struct pl_traits traits;
static double odd[PL_TRAIT_COUNT];
static int64_t now_s;

static bool say(double value)
{
    now_s += STEP_S;
    return pl_traits_step(&traits, value, now_s, STEP_S, odd);
}

static double usual(int row)
{
    return row % 2 ? 101 : 99;
}

static void begin_at(int64_t unix_s)
{
    now_s = unix_s;
    pl_traits_init(&traits);
    for (int i = 0; i < ROWS; i++) CHECK(say(usual(i)) == (i >= PL_TRAIT_WARM_ROWS));
}

static void test_usual_values_are_hardly_odd(void)
{
    begin_at(0);
    (void)say(usual(ROWS)); // the numbers are in `odd`
    CHECK(odd[PL_TRAIT_HIGH] == 0);
    CHECK_NEAR(odd[PL_TRAIT_LOW], 2, 0.01); // the median of two values is the upper one
    CHECK_NEAR(odd[PL_TRAIT_SHIFT], 0, 0.1);
    CHECK_INT((int)odd[PL_TRAIT_STUCK], 1);
    CHECK_NEAR(odd[PL_TRAIT_ROUGH], 0, 0.1);
    CHECK_NEAR(odd[PL_TRAIT_SEASON], 0, 0.1);
    CHECK_NEAR(odd[PL_TRAIT_JUMP], 0.9, 0.2); // its deviation began at that of the steps, 2
}

static void test_high_and_low_are_told_apart(void)
{
    begin_at(0);
    (void)say(111);
    CHECK_NEAR(odd[PL_TRAIT_HIGH], 10, 0.01);
    CHECK(odd[PL_TRAIT_LOW] == 0);
    CHECK(odd[PL_TRAIT_JUMP] > 7);
    (void)say(91);
    CHECK(odd[PL_TRAIT_HIGH] == 0);
    CHECK_NEAR(odd[PL_TRAIT_LOW], 10, 0.01);
}

static void test_a_shift_grows_while_it_lasts(void)
{
    begin_at(0);
    double before = 0;
    for (int i = 0; i < 20; i++) {
        (void)say(usual(i) + 5);
        if (i % 2 == 0) continue; // ups and downs in pairs
        CHECK(odd[PL_TRAIT_SHIFT] > before);
        before = odd[PL_TRAIT_SHIFT];
    }
    CHECK(before > 1.5);
}

static void test_stuck_needs_three_dozen_rows(void)
{
    begin_at(0);
    for (int i = 0; i < 36; i++) {
        (void)say(100);
        CHECK_INT((int)odd[PL_TRAIT_STUCK], 1);
    }
    (void)say(100);
    CHECK_INT((int)odd[PL_TRAIT_STUCK], 36);
    CHECK(odd[PL_TRAIT_ROUGH] > 8); // and it is very calm
    (void)say(101);
    CHECK_INT((int)odd[PL_TRAIT_STUCK], 1);
}

static void test_rougher_is_odd_too(void)
{
    begin_at(0);
    for (int i = 0; i < 10; i++) (void)say(100 + 4 * (usual(i) - 100));
    CHECK(odd[PL_TRAIT_ROUGH] > 3);
}

/* Also for stamps before 1970, and not before a day has passed. */
static void test_the_season_is_the_time_of_day(void)
{
    static const int64_t starts[] = {0, -INT64_C(86400) * 1000, -123457};
    for (size_t k = 0; k < PL_LEN(starts); k++) {
        now_s = starts[k];
        pl_traits_init(&traits);
        for (int i = 0; i < 3 * DAY; i++) {
            bool is_noon = i % DAY == 150;
            if (!say(usual(i) + (is_noon ? 20 : 0))) continue;
            CHECK((odd[PL_TRAIT_SEASON] < 0) == (i < DAY));
            if (is_noon && i > DAY) CHECK(odd[PL_TRAIT_SEASON] < 1 && odd[PL_TRAIT_JUMP] > 3);
        }
        (void)say(usual(0) + 20);
        CHECK(odd[PL_TRAIT_SEASON] > 3);
    }
}

int main(void)
{
    RUN(test_usual_values_are_hardly_odd);
    RUN(test_high_and_low_are_told_apart);
    RUN(test_a_shift_grows_while_it_lasts);
    RUN(test_stuck_needs_three_dozen_rows);
    RUN(test_rougher_is_odd_too);
    RUN(test_the_season_is_the_time_of_day);
    return check_finish();
}
