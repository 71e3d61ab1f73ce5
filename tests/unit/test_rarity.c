/* How rare a number is: against exact counting, at the top, beyond it. */
#include "tests/check.h"

#include "collector/core/judge/rarity.h"
#include "common/base/rng.h"

#include <math.h>

enum { NUMBERS = 5000 };

static double numbers[NUMBERS];

/* About log-normal: over many octaves, without ties. */
static void draw(struct pl_rng *rng)
{
    for (int i = 0; i < NUMBERS; i++) {
        double sum = 0;
        for (int k = 0; k < 4; k++) sum += (double)pl_rng_below(rng, 1000001) / 1e6;
        numbers[i] = exp(3 * (sum - 2));
    }
}

static double exact(double number, int count)
{
    int above = 0;
    for (int i = 0; i < count; i++) above += numbers[i] >= number;
    return -log10((above + 0.5) / (count + 1));
}

static void test_agrees_with_counting(void)
{
    struct pl_rng rng = pl_rng_init(3);
    static struct pl_rarity r;
    draw(&rng);
    pl_rarity_init(&r);
    double most = 0;
    for (int i = 0; i < NUMBERS; i++) {
        double got = pl_rarity_of(&r, numbers[i]);
        if (i >= 1000 && numbers[i] <= r.top[0]) {
            double off = fabs(got - fmax(exact(numbers[i], i), 0));
            most = fmax(most, off);
        }
        pl_rarity_count(&r, numbers[i]);
    }
    CHECK_NEAR(most, 0, 0.12); // a bin is a twelfth of a decade wide
    CHECK_INT(r.count, NUMBERS);
}

static void test_is_monotonic(void)
{
    struct pl_rng rng = pl_rng_init(4);
    static struct pl_rarity r;
    draw(&rng);
    pl_rarity_init(&r);
    for (int i = 0; i < NUMBERS; i++) pl_rarity_count(&r, numbers[i]);
    double before = 0;
    for (int i = 0; i < 2000; i++) {
        double got = pl_rarity_of(&r, 1e-3 * pow(1.01, i));
        CHECK(got >= before - 1e-9);
        before = got;
    }
    CHECK(before > 5);
}

static void test_a_heavy_tail_makes_records_common(void)
{
    static struct pl_rarity light, heavy;
    pl_rarity_init(&light);
    pl_rarity_init(&heavy);
    for (int i = 1; i <= 1000; i++) {
        pl_rarity_count(&light, 90 + i / 100.0); // a tail of index over 100
        pl_rarity_count(&heavy, 100000.0 / i);   // 1 / share: index 1
    }
    CHECK(pl_rarity_of(&light, 200) > pl_rarity_of(&heavy, 200000) + 0.3);
    CHECK_NEAR(pl_rarity_of(&heavy, 1e7) - pl_rarity_of(&heavy, 1e6), 1.2, 0.2);
}

static void test_what_always_happens_is_not_rare(void)
{
    static struct pl_rarity r;
    pl_rarity_init(&r);
    for (int i = 0; i < 9; i++) {
        CHECK(pl_rarity_of(&r, 5) == 0);
        pl_rarity_count(&r, 5);
    }
    CHECK(pl_rarity_of(&r, 50) == 0); // too few to say
    for (int i = 0; i < 1000; i++) pl_rarity_count(&r, 0);
    CHECK_NEAR(pl_rarity_of(&r, 0), 0, 0.01); // ties with all of the top count with all their kind
    CHECK_NEAR(pl_rarity_of(&r, 5), log10(1010 / 9.5), 0.1);
}

static void test_any_number_is_taken(void)
{
    static const double edges[] = {0, 1e-300, 1e-9, 1, 65536, 1e12, 1e300};
    static struct pl_rarity r;
    pl_rarity_init(&r);
    for (int round = 0; round < 3; round++) {
        for (size_t i = 0; i < PL_LEN(edges); i++) {
            CHECK(isfinite(pl_rarity_of(&r, edges[i])));
            pl_rarity_count(&r, edges[i]);
        }
    }
}

int main(void)
{
    RUN(test_agrees_with_counting);
    RUN(test_is_monotonic);
    RUN(test_a_heavy_tail_makes_records_common);
    RUN(test_what_always_happens_is_not_rare);
    RUN(test_any_number_is_taken);
    return check_finish();
}
