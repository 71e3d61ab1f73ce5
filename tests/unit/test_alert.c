/* The life of one alert, told as stories. */
#include "tests/check.h"

#include "collector/core/alert/alert.h"
#include "common/base/rng.h"

static const struct pl_alert_policy held = {.hold_ms = 30000, .clear_ms = 15000};
static const struct pl_alert_policy at_once = {.clear_ms = 15000};
static const struct pl_alert_policy jumpy = {0};
static const struct pl_alert_policy unstable = {.clear_ms = 15000, .unstable_ms = 600000};
static const struct pl_name web = {3, "web"};

/* What the rule says, as one letter: none, warn, page, no data; c: a page is coming; C: the same,
 * although somebody is not heard. */
struct step {
    int64_t at_s;
    char verdict;
    enum pl_alert_action want;
    enum pl_alert_state state;
};

static struct pl_verdict verdict_of(char letter)
{
    switch (letter) {
    case 'w': return (struct pl_verdict){.tier = PL_TIER_WARN};
    case 'p': return (struct pl_verdict){.tier = PL_TIER_PAGE};
    case '?': return (struct pl_verdict){.no_data = true};
    case 'c': return (struct pl_verdict){.coming = PL_TIER_PAGE};
    case 'C': return (struct pl_verdict){.coming = PL_TIER_PAGE, .no_data = true};
    default: return (struct pl_verdict){0};
    }
}

static void tell(const char *name, const struct pl_alert_policy *policy, const struct step *steps,
                 size_t count)
{
    struct pl_alert a;
    pl_alert_init(&a, PL_RULE_LIMIT, &web);
    uint32_t revision = 0;
    for (size_t i = 0; i < count; i++) {
        struct pl_now now = {1000 * steps[i].at_s, 5000000 + 1000 * steps[i].at_s};
        enum pl_alert_action got = pl_alert_step(&a, policy, verdict_of(steps[i].verdict), now);
        if (got != steps[i].want || a.state != steps[i].state) {
            printf("# %s: step %zu\n", name, i);
        }
        CHECK_INT(got, steps[i].want);
        CHECK_INT(a.state, steps[i].state);
        revision += got != PL_ALERT_NONE;
        CHECK_INT(a.revision, revision);
    }
}

#define TELL(policy, ...)                                                                          \
    do {                                                                                           \
        static const struct step steps[] = {__VA_ARGS__};                                          \
        tell(__func__, policy, steps, PL_LEN(steps));                                              \
    } while (0)

static void test_it_opens_when_held_and_closes_when_clear(void)
{
    TELL(&held, {0, '-', PL_ALERT_NONE, PL_ALERT_OK}, {1, 'p', PL_ALERT_NONE, PL_ALERT_PENDING},
         {30, 'p', PL_ALERT_NONE, PL_ALERT_PENDING}, {31, 'p', PL_ALERT_OPEN, PL_ALERT_FIRING},
         {32, 'p', PL_ALERT_NONE, PL_ALERT_FIRING}, {40, '-', PL_ALERT_NONE, PL_ALERT_FIRING},
         {54, '-', PL_ALERT_NONE, PL_ALERT_FIRING}, {55, '-', PL_ALERT_CLOSE, PL_ALERT_RESOLVED},
         {56, '-', PL_ALERT_NONE, PL_ALERT_RESOLVED}, {60, 'w', PL_ALERT_NONE, PL_ALERT_PENDING},
         {61, '-', PL_ALERT_NONE, PL_ALERT_RESOLVED});
}

static void test_what_does_not_last_never_opens(void)
{
    TELL(&held, {0, 'p', PL_ALERT_NONE, PL_ALERT_PENDING}, {29, '-', PL_ALERT_NONE, PL_ALERT_OK},
         {30, 'p', PL_ALERT_NONE, PL_ALERT_PENDING}, {59, 'p', PL_ALERT_NONE, PL_ALERT_PENDING},
         {60, 'p', PL_ALERT_OPEN, PL_ALERT_FIRING});
}

static void test_a_relapse_stops_the_clear_time(void)
{
    TELL(&at_once, {0, 'p', PL_ALERT_OPEN, PL_ALERT_FIRING},
         {1, '-', PL_ALERT_NONE, PL_ALERT_FIRING}, {15, 'p', PL_ALERT_NONE, PL_ALERT_FIRING},
         {16, '-', PL_ALERT_NONE, PL_ALERT_FIRING}, {30, '-', PL_ALERT_NONE, PL_ALERT_FIRING},
         {31, '-', PL_ALERT_CLOSE, PL_ALERT_RESOLVED}, {32, 'p', PL_ALERT_OPEN, PL_ALERT_FIRING});
}

static void test_up_at_once_down_after_a_while(void)
{
    TELL(&at_once, {0, 'w', PL_ALERT_OPEN, PL_ALERT_FIRING},
         {1, 'p', PL_ALERT_RAISE, PL_ALERT_FIRING}, {2, 'w', PL_ALERT_NONE, PL_ALERT_FIRING},
         {16, 'p', PL_ALERT_NONE, PL_ALERT_FIRING}, {17, 'w', PL_ALERT_NONE, PL_ALERT_FIRING},
         {32, 'w', PL_ALERT_LOWER, PL_ALERT_FIRING}, {33, 'p', PL_ALERT_RAISE, PL_ALERT_FIRING},
         {34, '-', PL_ALERT_NONE, PL_ALERT_FIRING}, {40, 'w', PL_ALERT_NONE, PL_ALERT_FIRING},
         {41, '-', PL_ALERT_NONE, PL_ALERT_FIRING}, {55, '-', PL_ALERT_NONE, PL_ALERT_FIRING},
         {56, '-', PL_ALERT_CLOSE, PL_ALERT_RESOLVED});
}

static void test_no_data_proves_nothing(void)
{
    TELL(&held, {0, '?', PL_ALERT_NONE, PL_ALERT_OK}, {1, 'p', PL_ALERT_NONE, PL_ALERT_PENDING},
         {20, '?', PL_ALERT_NONE, PL_ALERT_PENDING}, {31, 'p', PL_ALERT_NONE, PL_ALERT_PENDING},
         {50, 'p', PL_ALERT_OPEN, PL_ALERT_FIRING}, {51, '-', PL_ALERT_NONE, PL_ALERT_FIRING},
         {60, '?', PL_ALERT_NONE, PL_ALERT_FIRING}, {999, '?', PL_ALERT_NONE, PL_ALERT_FIRING},
         {1000, '-', PL_ALERT_NONE, PL_ALERT_FIRING}, {1014, '-', PL_ALERT_NONE, PL_ALERT_FIRING},
         {1015, '-', PL_ALERT_CLOSE, PL_ALERT_RESOLVED},
         {1016, '?', PL_ALERT_NONE, PL_ALERT_RESOLVED});
}

/* What the rule announces is pending until it comes or does not come; nobody is told. */
static void test_what_is_coming_is_pending(void)
{
    TELL(&at_once, {0, 'c', PL_ALERT_NONE, PL_ALERT_PENDING}, {1, '-', PL_ALERT_NONE, PL_ALERT_OK},
         {2, 'C', PL_ALERT_NONE, PL_ALERT_PENDING}, {3, 'c', PL_ALERT_NONE, PL_ALERT_PENDING},
         {4, '?', PL_ALERT_NONE, PL_ALERT_OK}, {5, 'c', PL_ALERT_NONE, PL_ALERT_PENDING},
         {9, 'p', PL_ALERT_OPEN, PL_ALERT_FIRING}, {10, 'c', PL_ALERT_NONE, PL_ALERT_FIRING},
         {25, 'c', PL_ALERT_CLOSE, PL_ALERT_RESOLVED}, {26, 'c', PL_ALERT_NONE, PL_ALERT_PENDING},
         {27, '-', PL_ALERT_NONE, PL_ALERT_RESOLVED});
}

/* Three cycles within ten minutes: the third stays until ten minutes were quiet. */
static void test_what_comes_and_goes_is_one_message(void)
{
    TELL(&unstable, {0, 'p', PL_ALERT_OPEN, PL_ALERT_FIRING},
         {10, '-', PL_ALERT_NONE, PL_ALERT_FIRING}, {25, '-', PL_ALERT_CLOSE, PL_ALERT_RESOLVED},
         {100, 'p', PL_ALERT_OPEN, PL_ALERT_FIRING}, {110, '-', PL_ALERT_NONE, PL_ALERT_FIRING},
         {125, '-', PL_ALERT_CLOSE, PL_ALERT_RESOLVED}, {600, 'p', PL_ALERT_OPEN, PL_ALERT_FIRING},
         {610, '-', PL_ALERT_NONE, PL_ALERT_FIRING}, {1000, '-', PL_ALERT_NONE, PL_ALERT_FIRING},
         {1001, 'p', PL_ALERT_NONE, PL_ALERT_FIRING}, {1002, 'w', PL_ALERT_NONE, PL_ALERT_FIRING},
         {1010, '-', PL_ALERT_NONE, PL_ALERT_FIRING}, {1600, '-', PL_ALERT_NONE, PL_ALERT_FIRING},
         {1609, '-', PL_ALERT_NONE, PL_ALERT_FIRING},
         {1610, '-', PL_ALERT_CLOSE, PL_ALERT_RESOLVED},
         {1611, 'p', PL_ALERT_OPEN, PL_ALERT_FIRING}, {1612, '-', PL_ALERT_NONE, PL_ALERT_FIRING},
         {1627, '-', PL_ALERT_CLOSE, PL_ALERT_RESOLVED}); // all of that is over and forgotten
    TELL(&unstable, {0, 'p', PL_ALERT_OPEN, PL_ALERT_FIRING},
         {10, '-', PL_ALERT_NONE, PL_ALERT_FIRING}, {25, '-', PL_ALERT_CLOSE, PL_ALERT_RESOLVED},
         {100, 'p', PL_ALERT_OPEN, PL_ALERT_FIRING}, {110, '-', PL_ALERT_NONE, PL_ALERT_FIRING},
         {125, '-', PL_ALERT_CLOSE, PL_ALERT_RESOLVED}, {601, 'p', PL_ALERT_OPEN, PL_ALERT_FIRING},
         {602, '-', PL_ALERT_NONE, PL_ALERT_FIRING},
         {617, '-', PL_ALERT_CLOSE, PL_ALERT_RESOLVED}); // in more than ten minutes
    /* Around the paging level as well; rising once from a warning is no cycle. */
    TELL(&unstable, {0, 'w', PL_ALERT_OPEN, PL_ALERT_FIRING},
         {5, 'p', PL_ALERT_RAISE, PL_ALERT_FIRING}, {10, 'w', PL_ALERT_NONE, PL_ALERT_FIRING},
         {25, 'w', PL_ALERT_LOWER, PL_ALERT_FIRING}, {30, 'p', PL_ALERT_RAISE, PL_ALERT_FIRING},
         {40, 'w', PL_ALERT_NONE, PL_ALERT_FIRING}, {55, 'w', PL_ALERT_LOWER, PL_ALERT_FIRING},
         {60, 'p', PL_ALERT_RAISE, PL_ALERT_FIRING}, {70, 'w', PL_ALERT_NONE, PL_ALERT_FIRING},
         {600, 'w', PL_ALERT_NONE, PL_ALERT_FIRING}, {669, 'w', PL_ALERT_NONE, PL_ALERT_FIRING},
         {670, 'w', PL_ALERT_LOWER, PL_ALERT_FIRING});
}

/* What is frozen says since when; who hides pages nobody. */
static void test_frozen_and_hidden(void)
{
    struct pl_alert a;
    pl_alert_init(&a, PL_RULE_LIMIT, &web);
    (void)pl_alert_step(&a, &at_once, verdict_of('p'), (struct pl_now){1000, 51000});
    CHECK_INT(a.unknown_unix_ms, 0);
    (void)pl_alert_step(&a, &at_once, verdict_of('?'), (struct pl_now){2000, 52000});
    (void)pl_alert_step(&a, &at_once, verdict_of('?'), (struct pl_now){9000, 59000});
    CHECK_INT(a.unknown_unix_ms, 52000);
    (void)pl_alert_step(&a, &at_once, verdict_of('p'), (struct pl_now){10000, 60000});
    CHECK_INT(a.unknown_unix_ms, 0);
    CHECK(pl_alert_pages(&a));
    a.hidden = true;
    CHECK(!pl_alert_pages(&a));
}

static void test_times_for_people(void)
{
    struct pl_alert a;
    pl_alert_init(&a, PL_RULE_SILENT, &web);
    const struct pl_verdict page = {.tier = PL_TIER_PAGE}, none = {0};
    (void)pl_alert_step(&a, &held, page, (struct pl_now){1000, 51000});
    CHECK_INT(a.opened_unix_ms, 0);
    (void)pl_alert_step(&a, &held, page, (struct pl_now){31000, 81000});
    CHECK_INT(a.since_unix_ms, 51000);
    CHECK_INT(a.opened_unix_ms, 81000);
    CHECK(pl_alert_pages(&a));
    (void)pl_alert_step(&a, &held, none, (struct pl_now){40000, 90000});
    (void)pl_alert_step(&a, &held, none, (struct pl_now){55000, 105000});
    CHECK_INT(a.resolved_unix_ms, 90000); // when it ended, not when that was believed
    CHECK(!pl_alert_pages(&a));
    (void)pl_alert_step(&a, &at_once, page, (struct pl_now){60000, 110000});
    CHECK_INT(a.opened_unix_ms, 110000);
    CHECK_INT(a.resolved_unix_ms, 0);
    char id[PL_ALERT_ID_MAX + 1];
    pl_alert_id(&a, id);
    CHECK_TEXT(id, "silent/web");
}

/* Whatever the rule says: OPEN and CLOSE alternate, and so do paging and not paging. */
static void test_actions_alternate(void)
{
    static const struct pl_alert_policy *const policies[] = {&held, &at_once, &jumpy, &unstable};
    for (uint64_t seed = 0; seed < 300; seed++) {
        struct pl_rng rng = pl_rng_init(seed);
        struct pl_alert a;
        pl_alert_init(&a, PL_RULE_LIMIT, &web);
        bool open = false, pages = false;
        int64_t mono_ms = 0;
        for (int i = 0; i < 300; i++) {
            mono_ms += pl_rng_below(&rng, 12000);
            char letter = "--wp?cC"[pl_rng_below(&rng, 7)];
            struct pl_now now = {mono_ms, mono_ms};
            enum pl_alert_action action =
                pl_alert_step(&a, policies[seed % PL_LEN(policies)], verdict_of(letter), now);
            CHECK(!(action == PL_ALERT_OPEN && open));
            CHECK(!(action == PL_ALERT_CLOSE && !open));
            CHECK(!(action == PL_ALERT_RAISE && (!open || pages)));
            CHECK(!(action == PL_ALERT_LOWER && (!open || !pages)));
            if (action == PL_ALERT_OPEN) open = true;
            if (action == PL_ALERT_CLOSE) open = false;
            pages = open && a.tier == PL_TIER_PAGE;
            CHECK_INT(pl_alert_pages(&a), pages);
            CHECK_INT(a.state == PL_ALERT_FIRING, open);
        }
    }
}

int main(void)
{
    RUN(test_it_opens_when_held_and_closes_when_clear);
    RUN(test_what_does_not_last_never_opens);
    RUN(test_a_relapse_stops_the_clear_time);
    RUN(test_up_at_once_down_after_a_while);
    RUN(test_no_data_proves_nothing);
    RUN(test_what_is_coming_is_pending);
    RUN(test_what_comes_and_goes_is_one_message);
    RUN(test_frozen_and_hidden);
    RUN(test_times_for_people);
    RUN(test_actions_alternate);
    return check_finish();
}
