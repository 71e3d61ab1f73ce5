/* The engine as a whole: what goes in, which effects come out. Longer stories are in tests/sim. */
#include "tests/check.h"

#include "collector/core/judge/pace.h"
#include "common/base/err.h"
#include "tests/unit/engine_rig.h"

static void test_overload_pages_once_and_resolves_once(void)
{
    struct pl_engine_config config = rig_config_of(8, 1);
    rig_start(&config);
    uint32_t fe1 = rig_join("fe1", "web");
    CHECK_TEXT(rig_effects(), "SAVE_HOST fe1");
    rig_run(fe1, 2000, 5);
    CHECK_TEXT(rig_effects(), "");
    rig_run(fe1, 9700, 10);
    CHECK_TEXT(rig_effects(), ""); // ten samples span nine seconds
    rig_run(fe1, 9700, 1);
    CHECK_TEXT(rig_effects(), "OPENED limit/web; SAVE_PAGE limit/web firing");
    pl_engine_page_saved(rig.engine, rig.page, rig.now);
    CHECK_TEXT(rig_effects(), "SEND_PAGE limit/web firing");
    rig_answer(PL_RESULT_SENT);
    CHECK_TEXT(rig_effects(), "DROP_PAGE limit/web");
    rig_run(fe1, 9700, 100);
    CHECK_TEXT(rig_effects(), "");
    rig_run(fe1, 2000, 15);
    CHECK_TEXT(rig_effects(), "");
    rig_run(fe1, 2000, 1);
    CHECK_TEXT(rig_effects(), "RESOLVED limit/web; SAVE_PAGE limit/web resolved");
    pl_engine_page_saved(rig.engine, rig.page, rig.now);
    CHECK_TEXT(rig_effects(), "SEND_PAGE limit/web resolved");
    rig_answer(PL_RESULT_SENT);
    CHECK_TEXT(rig_effects(), "DROP_PAGE limit/web");
    CHECK_INT(pl_engine_page_count(rig.engine), 0);
}

static void test_a_settling_pool_leaves_the_pager(void)
{
    struct pl_engine_config config = rig_config_of(8, 2);
    rig_start(&config);
    uint32_t fe1 = rig_join("fe1", "web");
    rig_run(fe1, 9700, 11);
    CHECK_TEXT(rig_effects(), "SAVE_HOST fe1; OPENED limit/web; SAVE_PAGE limit/web firing; "
                              "SAVE_PAGE limit/web firing");
    rig_pass(100); // Redis does not answer: the pages go out all the same
    pl_engine_tick(rig.engine, rig.now);
    CHECK_TEXT(rig_effects(), "SEND_PAGE limit/web firing; SEND_PAGE limit/web firing");
    rig_answer(PL_RESULT_SENT); // the second; the first is not answered yet
    rig_run(fe1, 8000, 16);
    CHECK_TEXT(rig_effects(),
               "DROP_PAGE limit/web; LOWERED limit/web; SAVE_PAGE limit/web resolved");
    rig_run(fe1, 9700, 1);
    CHECK_TEXT(rig_effects(), "SEND_PAGE limit/web resolved");
    rig_run(fe1, 9700, 10);
    CHECK_TEXT(rig_effects(), "RAISED limit/web");
    const struct pl_alert *a = pl_engine_alert(rig.engine, PL_RULE_LIMIT);
    CHECK(a->state == PL_ALERT_FIRING && a->tier == PL_TIER_PAGE);
    CHECK_INT(a->revision, 3);
    CHECK_INT(a->finding.value_bp, 9700);
}

static void test_silence(void)
{
    struct pl_engine_config config = rig_config_of(8, 1);
    rig_start(&config);
    uint32_t fe1 = rig_join("fe1", "web"), fe2 = rig_join("fe2", "web"),
             fe3 = rig_join("fe3", "web");
    for (int i = 0; i < 30; i++) {
        rig_pass(1000);
        (void)rig_feed(fe1, 3000);
        (void)rig_feed(fe2, 3000);
        (void)rig_feed(fe3, 3000);
        pl_engine_tick(rig.engine, rig.now);
    }
    (void)rig_effects();
    for (int i = 0; i < 4; i++) { // fe3 is gone
        rig_pass(1000);
        (void)rig_feed(fe1, 3000);
        (void)rig_feed(fe2, 3000);
        pl_engine_tick(rig.engine, rig.now);
    }
    CHECK_TEXT(rig_effects(), "");
    rig_pass(1000);
    (void)rig_feed(fe1, 3000);
    (void)rig_feed(fe2, 3000);
    pl_engine_tick(rig.engine, rig.now);
    CHECK_TEXT(rig_effects(),
               "SILENT fe3; OPENED silent/web"); // one of three, load steady: a warning
    CHECK_INT(pl_engine_pool_health(rig.engine, 0), PL_HEALTH_WATCH);
    rig_run(fe1, 3000, 5);
    CHECK_TEXT(rig_effects(), "SILENT fe2; RAISED silent/web; SAVE_PAGE silent/web firing");
    CHECK_INT(pl_engine_pool_health(rig.engine, 0), PL_HEALTH_ACT);
    pl_engine_page_saved(rig.engine, rig.page, rig.now);
    rig_answer(PL_RESULT_SENT);
    (void)rig_effects();
    (void)rig_feed(fe2, 3000);
    (void)rig_feed(fe3, 3000);
    CHECK_TEXT(rig_effects(), "BACK fe2; BACK fe3");
    for (int i = 0; i < 15; i++) {
        rig_pass(1000);
        (void)rig_feed(fe1, 3000);
        (void)rig_feed(fe2, 3000);
        (void)rig_feed(fe3, 3000);
        pl_engine_tick(rig.engine, rig.now);
    }
    CHECK_TEXT(rig_effects(), "RESOLVED silent/web; SAVE_PAGE silent/web resolved");
    CHECK_INT(pl_engine_pool_health(rig.engine, 0), PL_HEALTH_OK);
}

static void test_a_host_dies_under_load(void)
{
    struct pl_engine_config config = rig_config_of(8, 1);
    rig_start(&config);
    uint32_t fe[3] = {rig_join("fe1", "web"), rig_join("fe2", "web"), rig_join("fe3", "web")};
    for (int i = 0; i < 60; i++) {
        rig_pass(1000);
        for (int h = 0; h < 3; h++) (void)rig_feed(fe[h], 3000 + (h == 2 ? 60 * i : 0));
        pl_engine_tick(rig.engine, rig.now);
    }
    (void)rig_effects();
    for (int i = 0; i < 5; i++) {
        rig_pass(1000);
        for (int h = 0; h < 2; h++) (void)rig_feed(fe[h], 3000);
        pl_engine_tick(rig.engine, rig.now);
    }
    CHECK_TEXT(rig_effects(), "SILENT fe3; OPENED silent/web; SAVE_PAGE silent/web firing");
    CHECK(pl_engine_alert(rig.engine, PL_RULE_SILENT)->finding.load_rising);
}

static void test_silence_is_forgotten_after_a_day(void)
{
    struct pl_engine_config config = rig_config_of(1, 0);
    rig_start(&config);
    uint32_t fe1 = rig_join("fe1", "web");
    rig_run(fe1, 9700, 12);
    CHECK_TEXT(rig_effects(), "SAVE_HOST fe1; OPENED limit/web");
    for (int i = 0; i < 6; i++) rig_run(PL_NO_INDEX, 0, 1);
    CHECK_TEXT(rig_effects(), "SILENT fe1; OPENED silent/web");
    for (int i = 0; i < 24 * 3600; i++) {
        rig_pass(1000);
        pl_engine_tick(rig.engine, rig.now);
    }
    CHECK_TEXT(rig_effects(), ""); // connected: its session names it
    struct pl_hello other = rig_hello_of("fe2", "web");
    uint32_t index = 777;
    CHECK_INT(pl_engine_join(rig.engine, &other, rig.now, &index), PL_E_FULL);
    CHECK_INT(index, 777);
    pl_engine_leave(rig.engine, fe1, rig.now);
    for (int i = 0; i < 20; i++) rig_run(PL_NO_INDEX, 0, 1);
    CHECK_TEXT(rig_effects(), "DROP_HOST fe1; RESOLVED limit/web; RESOLVED silent/web");
    CHECK_INT(rig_join("fe2", "web"), fe1); // the slot is used again
}

static void test_tilt(void)
{
    static const struct {
        const char *name;
        int64_t mono_ms, unix_ms; // passed since the last call
        bool tilted;
    } cases[] = {
        {"clock set forward", 1000, 1000 + PL_TILT_JUMP_MS + 1, true},
        {"clock set back", 1000, 1000 - PL_TILT_JUMP_MS - 1, true},
        {"a little", 1000, 1000 - PL_TILT_JUMP_MS, false},
        {"nobody called", PL_TILT_JUMP_MS + 1, PL_TILT_JUMP_MS + 1, true},
        {"for a little while", PL_TILT_JUMP_MS, PL_TILT_JUMP_MS, false},
    };
    for (size_t i = 0; i < PL_LEN(cases); i++) {
        printf("# %s\n", cases[i].name);
        struct pl_engine_config config = rig_config_of(8, 1);
        rig_start(&config);
        uint32_t fe1 = rig_join("fe1", "web");
        rig_run(fe1, 3000, 60);
        (void)rig_effects();
        rig.now.mono_ms += cases[i].mono_ms;
        rig.now.unix_ms += cases[i].unix_ms;
        pl_engine_tick(rig.engine, rig.now);
        CHECK_TEXT(rig_effects(), cases[i].tilted ? "TILT_ON" : "");
        CHECK_INT(pl_engine_in_tilt(rig.engine), cases[i].tilted);
        for (int s = 0; s < 29; s++) rig_run(PL_NO_INDEX, 0, 1);
        const char *silent = "SILENT fe1; OPENED silent/web; SAVE_PAGE silent/web firing; "
                             "SEND_PAGE silent/web firing";
        CHECK_TEXT(rig_effects(), cases[i].tilted ? "" : silent);
        if (!cases[i].tilted) continue;
        rig_run(PL_NO_INDEX, 0, 1);
        CHECK_TEXT(rig_effects(),
                   "TILT_OFF; SILENT fe1; OPENED silent/web; SAVE_PAGE silent/web firing");
        CHECK_INT(pl_engine_counts(rig.engine)->tilts, 1);
    }
}

static void test_a_stall_is_not_silence(void)
{
    struct pl_engine_config config = rig_config_of(8, 1);
    rig_start(&config);
    uint32_t fe1 = rig_join("fe1", "web");
    rig_run(fe1, 3000, 10);
    (void)rig_effects();
    rig_pass(4900); // the loop hung; what fe1 sent waits in the socket
    pl_engine_tick(rig.engine, rig.now);
    rig_pass(200);
    pl_engine_tick(rig.engine, rig.now);
    CHECK_TEXT(rig_effects(), "");
    (void)rig_feed(fe1, 3000);
    CHECK_TEXT(rig_effects(), "");
}

static void test_seq_is_counted(void)
{
    struct pl_engine_config config = rig_config_of(8, 0);
    rig_start(&config);
    uint32_t fe1 = rig_join("fe1", "web");
    static const struct {
        uint64_t seq;
        bool is_new;
        uint64_t samples, duplicates, lost;
    } steps[] = {
        {7, true, 1, 0, 0}, // what came before is not known to have been lost
        {8, true, 2, 0, 0},  {8, false, 2, 1, 0}, {3, false, 2, 2, 0},
        {12, true, 3, 2, 3}, {13, true, 4, 2, 3},
    };
    for (size_t i = 0; i < PL_LEN(steps); i++) {
        struct pl_sample sample = rig_sample_of(steps[i].seq, 3000);
        CHECK_INT(pl_engine_sample(rig.engine, fe1, &sample, rig.now), steps[i].is_new);
        CHECK_INT(pl_engine_counts(rig.engine)->samples, steps[i].samples);
        CHECK_INT(pl_engine_counts(rig.engine)->duplicates, steps[i].duplicates);
        CHECK_INT(pl_engine_counts(rig.engine)->lost, steps[i].lost);
    }
    struct pl_hello restarted = rig_hello_of("fe1", "web");
    restarted.boot_id.bytes[3] = 9;
    CHECK_INT(pl_engine_join(rig.engine, &restarted, rig.now, &fe1), 0);
    struct pl_sample first = rig_sample_of(1, 3000);
    CHECK(pl_engine_sample(rig.engine, fe1, &first, rig.now));
    CHECK(!pl_engine_sample(rig.engine, 5, &first, rig.now)); // nobody is there
    CHECK(!pl_engine_sample(rig.engine, PL_NO_INDEX, &first, rig.now));
}

static void test_what_was_kept_too_long_fires_nothing(void)
{
    struct pl_engine_config config = rig_config_of(8, 1);
    rig_start(&config);
    rig.skew_ms = -7200000; // and the agent's clock is two hours slow
    uint32_t fe1 = rig_join("fe1", "web");
    (void)rig_effects();
    for (uint64_t seq = 1; seq <= 300; seq++) { // five minutes of overload, then calm, all at once
        struct pl_sample sample = rig_sample_of(seq, seq < 270 ? 9900 : 3000);
        sample.unix_ms -= 1000 * (int64_t)(300 - seq);
        CHECK(pl_engine_sample(rig.engine, fe1, &sample, rig.now));
    }
    pl_engine_tick(rig.engine, rig.now);
    CHECK_TEXT(rig_effects(), "");
    CHECK_INT(pl_engine_counts(rig.engine)->late, 269);
    CHECK_INT(pl_engine_counts(rig.engine)->samples, 31);
    rig.seq[fe1] = 300;
    rig_run(fe1, 9700, 10);
    CHECK_TEXT(rig_effects(), "");
    rig_run(fe1, 9700, 1);
    CHECK_TEXT(rig_effects(), "OPENED limit/web; SAVE_PAGE limit/web firing");
}

static void test_moving_to_another_pool(void)
{
    struct pl_engine_config config = rig_config_of(8, 1);
    rig_start(&config);
    uint32_t fe1 = rig_join("fe1", "web");
    rig_run(fe1, 9700, 11);
    CHECK_TEXT(rig_effects(), "SAVE_HOST fe1; OPENED limit/web; SAVE_PAGE limit/web firing");
    pl_engine_page_saved(rig.engine, rig.page, rig.now);
    rig_answer(PL_RESULT_SENT);
    (void)rig_effects();
    CHECK_INT(rig_join("fe1", "api"), fe1);
    rig_run(fe1, 9700, 1);
    CHECK_TEXT(rig_effects(), "SAVE_HOST fe1; OPENED limit/api; SAVE_PAGE limit/api firing");
    CHECK_INT(pl_engine_fleet(rig.engine)->pools[0].host_count, 0);
    pl_engine_page_saved(rig.engine, rig.page, rig.now);
    rig_answer(PL_RESULT_SENT);
    (void)rig_effects();
    /* The old pool has no host left. In the first half minute they might still come. */
    rig_run(fe1, 9700, 32);
    CHECK_TEXT(rig_effects(), "");
    rig_run(fe1, 9700, 1);
    CHECK_TEXT(rig_effects(), "RESOLVED limit/web; SAVE_PAGE limit/web resolved");
}

/* What was asked for since the last look has arrived. How many that were: bounded, so that neither
 * one call nor the shell has too much to do. */
static size_t answer_all_pages(void)
{
    size_t count, sending_count = 0;
    const struct pl_effect *list = pl_engine_effects(rig.engine, &count);
    struct pl_slot_id sending[PL_PAGES_SENDING_MAX];
    for (size_t i = 0; i < count; i++) {
        if (list[i].type != PL_EFFECT_SEND_PAGE) continue;
        CHECK(sending_count < PL_PAGES_SENDING_MAX);
        sending[sending_count++ % PL_PAGES_SENDING_MAX] = list[i].page;
    }
    pl_engine_effects_done(rig.engine);
    const struct pl_page_result sent = {.class = PL_RESULT_SENT, .wait_ms = -1};
    for (size_t i = 0; i < sending_count; i++)
        pl_engine_page_result(rig.engine, sending[i], &sent, rig.now);
    return sending_count;
}

static void test_a_full_outbox_catches_up(void)
{
    enum { POOLS = 40 };
    static struct pl_pool_config pools[POOLS];
    struct pl_engine_config config = rig_config_of(POOLS, PL_TARGET_MAX);
    config.default_notify = UINT64_MAX;
    config.pools = pools;
    char name[] = "p00", host[] = "h00";
    for (int i = 0; i < POOLS; i++) {
        name[1] = host[1] = (char)('0' + i / 10);
        name[2] = host[2] = (char)('0' + i % 10);
        pools[i] = (struct pl_pool_config){.name = rig_name_of(name), .notify = UINT64_MAX};
    }
    config.pool_count = POOLS;
    rig_start(&config);
    for (int i = 0; i < POOLS; i++) {
        host[1] = (char)('0' + i / 10);
        host[2] = (char)('0' + i % 10);
        CHECK_INT(rig_join(host, pools[i].name.text), i);
    }
    for (uint64_t s = 1; s <= 11; s++) {
        rig_pass(1000);
        for (uint32_t i = 0; i < POOLS; i++) {
            struct pl_sample sample = rig_sample_of(s, 9700);
            CHECK(pl_engine_sample(rig.engine, i, &sample, rig.now));
            pl_engine_effects_done(rig.engine);
        }
    }
    CHECK_INT(pl_engine_page_count(rig.engine), PL_OUTBOX_MAX);
    CHECK_INT(pl_engine_counts(rig.engine)->pages_refused, POOLS * PL_TARGET_MAX - PL_OUTBOX_MAX);
    /* Every page that is asked for arrives at once; in a few ticks all were told. */
    for (int tick = 0; tick < 5; tick++) {
        rig_pass(1000);
        for (uint32_t i = 0; i < POOLS; i++) {
            struct pl_sample sample = rig_sample_of(12 + (uint64_t)tick, 9700);
            (void)pl_engine_sample(rig.engine, i, &sample, rig.now);
        }
        pl_engine_tick(rig.engine, rig.now);
        while (answer_all_pages() > 0) continue;
    }
    CHECK_INT(pl_engine_page_count(rig.engine), 0);
    CHECK_INT(pl_engine_counts(rig.engine)->pages_sent, POOLS * PL_TARGET_MAX);
    for (uint32_t i = 0; i < POOLS; i++) {
        CHECK_INT(pl_engine_alert(rig.engine, i * PL_RULE_COUNT)->paged, UINT64_MAX);
    }
}

static void test_a_shell_that_takes_no_effects(void)
{
    enum { HOSTS = 5000 };
    struct pl_engine_config config = rig_config_of(HOSTS, 1);
    rig_start(&config);
    char host[] = "h0000";
    for (int i = 0; i < HOSTS; i++) {
        for (int d = 0, rest = i; d < 4; d++, rest /= 10) host[4 - d] = (char)('0' + rest % 10);
        CHECK_INT(rig_join(host, "web"), i);
        pl_engine_effects_done(rig.engine);
    }
    for (int s = 0; s < 6; s++) rig_run(PL_NO_INDEX, 0, 1); // nobody ever sends
    size_t count;
    (void)pl_engine_effects(rig.engine, &count);
    CHECK(count <= PL_EFFECT_MAX);
    CHECK_INT(pl_engine_counts(rig.engine)->effects_refused, 0);
    const struct pl_pool *web = &pl_engine_fleet(rig.engine)->pools[0];
    CHECK(web->silent_count > 3900 && web->silent_count < HOSTS);
    CHECK_INT(pl_engine_alert(rig.engine, PL_RULE_SILENT)->state, PL_ALERT_OK);
    pl_engine_effects_done(rig.engine);
    rig_run(PL_NO_INDEX, 0, 1);
    CHECK_INT(web->silent_count, HOSTS);
    CHECK_INT(pl_engine_alert(rig.engine, PL_RULE_SILENT)->state, PL_ALERT_FIRING);
}

/* ---- faster samples before something happens ---- */

static unsigned directed_by(uint32_t host, int32_t cpu_bp, int seconds)
{
    rig.directed = 0;
    rig_run(host, cpu_bp, seconds);
    (void)rig_effects();
    return rig.directed;
}

static void test_a_tense_host_is_watched_closely(void)
{
    struct pl_engine_config config = rig_config_of(8, 1);
    rig_start(&config);
    uint32_t fe1 = rig_join("fe1", "web"), fe2 = rig_join("fe2", "web");
    CHECK_INT(directed_by(fe1, 7400, 60), 0);
    CHECK_INT(directed_by(fe1, 7600, 1), 1); // its hold time begins
    CHECK_INT(rig.directive.host, fe1);
    CHECK_INT(rig.directive.interval_ms, PL_PACE_INTERVAL_MS);
    CHECK_INT(rig.directive.for_ms, PL_PACE_FOR_MS);
    CHECK_INT(directed_by(fe1, 7600, 19), 0);
    CHECK_INT(directed_by(fe1, 7600, 1), 1); // before it runs out
    CHECK_INT(directed_by(fe1, 7600, 60), 3);
    CHECK_INT(directed_by(fe1, 6000, 60), 0); // it simply runs out
    CHECK_INT(directed_by(fe1, 7600, 1), 1);
    CHECK_INT(directed_by(fe2, 7600, 1), 1); // each for itself
    CHECK_INT(rig.directive.host, fe2);
    pl_engine_leave(rig.engine, fe1, rig.now);
    CHECK_INT(rig_join("fe1", "web"), fe1); // its WELCOME ended what it was asked for
    CHECK_INT(directed_by(fe1, 7600, 1), 1);
    int longest_s = PL_PACE_LONGEST_MS / 1000;
    CHECK(directed_by(fe1, 7600, longest_s) > 0);
    CHECK_INT(directed_by(fe1, 7600, 120), 0); // nothing is about to happen
    CHECK_INT(directed_by(fe1, 6000, 1), 0);
    CHECK_INT(directed_by(fe1, 7600, 1), 1);
}

static void test_nobody_is_asked_to_slow_down(void)
{
    struct pl_engine_config config = rig_config_of(8, 1);
    config.rules.fast_interval_ms = 1000;
    rig_start(&config);
    CHECK_INT(directed_by(rig_join("fe1", "web"), 9700, 60), 0);
}

static void test_a_fleet_in_trouble_keeps_its_pace(void)
{
    enum { HOSTS = PL_PACE_HOSTS_MAX + 5 };
    struct pl_engine_config config = rig_config_of(HOSTS, 0);
    rig_start(&config);
    unsigned directed = 0;
    for (int round = 0; round < 2; round++) {
        for (uint32_t i = 0; i < HOSTS; i++) {
            char name[16];
            (void)snprintf(name, sizeof name, "fe%u", i);
            uint32_t host = rig_join(name, "web");
            struct pl_sample sample = rig_sample_of((uint64_t)round + 1, 9000);
            CHECK(pl_engine_sample(rig.engine, host, &sample, rig.now));
            rig.directed = 0;
            (void)rig_effects();
            directed += rig.directed;
        }
        rig_pass(1000);
    }
    CHECK_INT(directed, PL_PACE_HOSTS_MAX);
}

/* The same load at four samples a second pages as it does at one: as soon, and not more. */
static void test_fast_samples_page_like_slow_ones(void)
{
    struct pl_engine_config config = rig_config_of(8, 1);
    rig_start(&config);
    uint32_t fe1 = rig_join("fe1", "web");
    rig_run(fe1, 2000, 5);
    CHECK_TEXT(rig_effects(), "SAVE_HOST fe1");
    for (int n = 0; n < 9 * 4; n++) {
        rig_pass(250);
        (void)rig_feed(fe1, n % 4 == 3 ? 8500 : 9700); // a quarter of a second of rest
        if (n % 4 == 3) pl_engine_tick(rig.engine, rig.now);
        CHECK_TEXT(rig_effects(), "");
    }
    for (int n = 0; n < 10; n++) {
        rig_pass(250);
        (void)rig_feed(fe1, 9700);
    }
    CHECK_TEXT(rig_effects(),
               "OPENED limit/web; SAVE_PAGE limit/web firing; SEND_PAGE limit/web firing");
    rig_run(PL_NO_INDEX, 0, 4); // silence goes by the interval of the HELLO
    CHECK_TEXT(rig_effects(), "");
    rig_run(PL_NO_INDEX, 0, 1);
    CHECK(strncmp(rig_effects(), "SILENT fe1", 10) == 0);
}

int main(void)
{
    RUN(test_overload_pages_once_and_resolves_once);
    RUN(test_a_settling_pool_leaves_the_pager);
    RUN(test_silence);
    RUN(test_a_host_dies_under_load);
    RUN(test_silence_is_forgotten_after_a_day);
    RUN(test_tilt);
    RUN(test_a_stall_is_not_silence);
    RUN(test_seq_is_counted);
    RUN(test_what_was_kept_too_long_fires_nothing);
    RUN(test_moving_to_another_pool);
    RUN(test_a_full_outbox_catches_up);
    RUN(test_a_shell_that_takes_no_effects);
    RUN(test_a_tense_host_is_watched_closely);
    RUN(test_nobody_is_asked_to_slow_down);
    RUN(test_a_fleet_in_trouble_keeps_its_pace);
    RUN(test_fast_samples_page_like_slow_ones);
    rig_stop();
    return check_finish();
}
