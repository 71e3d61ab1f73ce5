/* What customers read: the room their pools have and the load of a launch, in words. */
#include "collector/codec/json_customer.h"
#include "tests/check.h"

static void test_headroom_in_words(void)
{
    static const struct {
        struct pl_headroom h;
        const char *state, *text;
    } cases[] = {
        {{0}, "nodata", "It is not known yet how much fits; we are measuring."},
        {{.unix_ms = 1, .live_count = 2},
         "nodata",
         "It is not known yet how much fits; we are measuring."},
        {{.unix_ms = 1, .source = PL_CAPACITY_LEARNED, .live_count = 2, .headroom = 0.52},
         "ok",
         "Plenty of room: it takes 2 times what comes now, even with one machine lost."},
        {{.unix_ms = 1, .source = PL_CAPACITY_LEARNED, .live_count = 1, .headroom = 0.2},
         "watch",
         "Some room: it takes 1.2 times what comes now, on a single machine."},
        {{.unix_ms = 1, .source = PL_CAPACITY_CONFIGURED, .live_count = 3, .headroom = 0.1},
         "act",
         "Little room: it takes 1.1 times what comes now, even with one machine lost."},
        {{.unix_ms = 1, .source = PL_CAPACITY_CONFIGURED, .live_count = 3, .headroom = -0.4},
         "act",
         "Full if a machine is lost now; we are on it."},
        {{.unix_ms = 1, .source = PL_CAPACITY_CONFIGURED, .live_count = 1, .headroom = 0},
         "act",
         "Full: more than it is known to take comes now."},
        {{.unix_ms = 1, .source = PL_CAPACITY_CONFIGURED, .live_count = 3, .headroom = 1},
         "ok",
         "Plenty of room: it takes far more than comes now, even with one machine lost."},
        {{.unix_ms = 1, .source = PL_CAPACITY_CONFIGURED, .live_count = 3, .headroom = 0.95},
         "ok",
         "Plenty of room: it takes 19 times what comes now, even with one machine lost."},
    };
    for (size_t i = 0; i < PL_LEN(cases); i++) {
        char words[PL_CUSTOMER_WORDS_BYTES];
        const char *state = NULL;
        struct pl_text t = pl_text_init(words, sizeof words);
        pl_customer_headroom_write(&cases[i].h, &state, &t);
        CHECK(!t.overflow);
        CHECK_TEXT(words, cases[i].text);
        CHECK_TEXT(state, cases[i].state);
    }
}

static void test_load_in_words(void)
{
    static const struct pl_load expected = {.p50 = 100, .p90 = 200};
    static const struct {
        double now_per_s;
        const char *text;
    } cases[] = {{69, "Less comes than was expected, so far."},
                 {70, "About as much comes as was expected."},
                 {200, "About as much comes as was expected."},
                 {310, "More comes than was expected: 1.5 times the upper end."},
                 {9000, "More comes than was expected: 45 times the upper end."}};
    for (size_t i = 0; i < PL_LEN(cases); i++) {
        char words[PL_CUSTOMER_WORDS_BYTES];
        struct pl_text t = pl_text_init(words, sizeof words);
        pl_customer_load_write(cases[i].now_per_s, expected, &t);
        CHECK_TEXT(words, cases[i].text);
    }
}

static void test_the_next_look(void)
{
    enum { MINUTE = 60000 };
    const struct pl_launch l = {.starts_unix_ms = 3000 * (int64_t)MINUTE};
    struct pl_launch_course c = pl_launch_course_init(0);
    static const struct {
        int64_t now_min, want_min;
    } cases[] = {{0, 3000 - 1440},  {1559, 1560},      {1560, 3000 - 240}, {2759, 2760},
                 {2761, 3000 - 60}, {2941, 3000 - 30}, {2969, 3000 - 30},  {2975, 2975}};
    for (size_t i = 0; i < PL_LEN(cases); i++)
        CHECK_INT(pl_launch_next_look(&c, &l, cases[i].now_min * MINUTE) / MINUTE,
                  cases[i].want_min);
    c.state = PL_LAUNCH_LIVE;
    CHECK_INT(pl_launch_next_look(&c, &l, 0), 0);
    c.state = PL_LAUNCH_CANCELLED;
    CHECK_INT(pl_launch_next_look(&c, &l, 0), 0);
}

int main(void)
{
    RUN(test_headroom_in_words);
    RUN(test_load_in_words);
    RUN(test_the_next_look);
    return check_finish();
}
