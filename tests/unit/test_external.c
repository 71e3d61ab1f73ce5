/* Alerts that others found: groups, tiers, one message for many, news, ends, restarts, limits. */
#include "tests/check.h"
#include "tests/unit/engine_rig.h"

#include "common/base/err.h"

#include <stdio.h>

enum { MINUTE_MS = 60 * 1000 };

static void start(void)
{
    struct pl_engine_config config = rig_config_of(4, 1);
    rig_start(&config);
    (void)rig_join("fe1", "web");
    (void)rig_effects();
}

static struct pl_external found(const char *title, uint64_t fingerprint, enum pl_tier tier)
{
    struct pl_external x = {.fingerprint = fingerprint,
                            .group = rig_name_of(title),
                            .tier = tier,
                            .begins_unix_ms = rig.now.unix_ms,
                            .ends_unix_ms = rig.now.unix_ms + 4 * MINUTE_MS};
    (void)snprintf(x.title, sizeof x.title, "%s", title);
    (void)snprintf(x.summary, sizeof x.summary, "%s is bad", title);
    return x;
}

static struct pl_external in_web(const char *title, uint64_t fingerprint, enum pl_tier tier)
{
    struct pl_external x = found(title, fingerprint, tier);
    x.pool = rig_name_of("web");
    return x;
}

static void post(struct pl_external x)
{
    CHECK_INT(pl_engine_external(rig.engine, &x, rig.now), 0);
    pl_engine_externals_posted(rig.engine, rig.now);
}

static void post_over(struct pl_external x)
{
    x.begins_unix_ms -= 1000;
    x.ends_unix_ms = rig.now.unix_ms - 1;
    post(x);
}

static uint32_t index_of(const char *group)
{
    struct pl_name name = rig_name_of(group);
    return pl_engine_find_alert(rig.engine, PL_RULE_EXTERNAL, &name);
}

static const struct pl_alert *alert_of(const char *group)
{
    return pl_engine_alert(rig.engine, index_of(group));
}

static void deliver(void)
{
    pl_engine_page_saved(rig.engine, rig.page, rig.now);
    rig_answer(PL_RESULT_SENT);
    (void)rig_effects();
}

static void pass(int seconds)
{
    rig_run(0, 1000, seconds);
}

static void test_from_a_post_to_a_page_and_its_end(void)
{
    start();
    struct pl_external x = in_web("HighErrorRate", 7, PL_TIER_PAGE);
    post(x);
    CHECK_TEXT(rig_effects(), "SAVE_EXTERNAL; OPENED external/web; SAVE_PAGE external/web firing");
    CHECK_TEXT(alert_of("web")->finding.external.summary, "HighErrorRate is bad");
    deliver();
    post_over(x);
    pass(4);
    CHECK_INT(alert_of("web")->state, PL_ALERT_FIRING); // it may be back at once
    pass(2);
    CHECK_INT(alert_of("web")->state, PL_ALERT_RESOLVED);
    CHECK_INT(pl_engine_externals(rig.engine)->count, 0);
    post_over(x); // and again, as a Prometheus does for a quarter of an hour
    CHECK_INT(pl_engine_externals(rig.engine)->count, 0);
}

static void test_it_is_over_when_nobody_posts_it_again(void)
{
    start();
    struct pl_external x = in_web("HighErrorRate", 7, PL_TIER_PAGE);
    post(x);
    pass(3 * 60);
    x.ends_unix_ms = rig.now.unix_ms + 4 * MINUTE_MS;
    post(x);
    pass(3 * 60);
    CHECK_INT(alert_of("web")->state, PL_ALERT_FIRING);
    pass(60 + 6);
    CHECK_INT(alert_of("web")->state, PL_ALERT_RESOLVED);
}

/* Set by an hour: neither over at once nor an hour later. */
static void test_a_clock_that_is_set_ends_nothing(void)
{
    start();
    post(in_web("HighErrorRate", 7, PL_TIER_PAGE));
    rig.now.unix_ms += 60 * MINUTE_MS;
    pass(3 * 60);
    CHECK_INT(alert_of("web")->state, PL_ALERT_FIRING);
    rig.now.unix_ms -= 60 * MINUTE_MS;
    pass(60 + 40);
    CHECK_INT(alert_of("web")->state, PL_ALERT_RESOLVED);
}

static void test_who_is_in_which_group(void)
{
    start();
    struct pl_external other = found("CertExpires", 8, PL_TIER_WARN);
    other.pool = rig_name_of("elsewhere"); // no pool of ours
    post(in_web("HighErrorRate", 7, PL_TIER_PAGE));
    post(other);
    post(found("Watchdog", 9, PL_TIER_NONE));
    CHECK_INT(alert_of("web")->tier, PL_TIER_PAGE);
    CHECK_INT(alert_of("CertExpires")->tier, PL_TIER_WARN);
    CHECK_INT(alert_of("CertExpires")->state, PL_ALERT_FIRING);
    CHECK_INT(alert_of("Watchdog")->state, PL_ALERT_OK);
    CHECK_INT(pl_engine_externals(rig.engine)->count, 3);
    CHECK(index_of("elsewhere") == PL_NO_INDEX);
    const struct pl_fleet *fleet = pl_engine_fleet(rig.engine);
    CHECK(!fleet->pools[0].is_group && fleet->pools[1].is_group);
    (void)rig_join("fe2", "CertExpires"); // from here on a pool of ours
    CHECK(!fleet->pools[1].is_group);
}

static void test_many_are_one_message(void)
{
    start();
    for (uint64_t i = 1; i <= 40; i++) {
        char title[8];
        (void)snprintf(title, sizeof title, "A%d", (int)i % 4);
        struct pl_external x = in_web(title, i, i == 33 ? PL_TIER_PAGE : PL_TIER_WARN);
        char host[8];
        (void)snprintf(host, sizeof host, "h%d", (int)i % 2);
        if (i <= 20) x.host = rig_name_of(host);
        CHECK_INT(pl_engine_external(rig.engine, &x, rig.now), 0);
    }
    pl_engine_externals_posted(rig.engine, rig.now);
    const struct pl_finding *f = &alert_of("web")->finding;
    CHECK_INT(pl_engine_page_count(rig.engine), 1);
    CHECK_INT(f->external.count, 40);
    CHECK_TEXT(f->external.title, "A1"); // the one that pages
    CHECK_INT(f->named_count, 2);
    CHECK_INT(f->host_count, 2 + 20); // of the others nobody knows where
    pass(2);
    CHECK_INT(pl_engine_page_count(rig.engine), 1);
}

/* Whoever has it knows of the disk, not of the certificate. */
static void test_another_kind_is_told_though_somebody_has_the_first(void)
{
    start();
    post(in_web("DiskFull", 1, PL_TIER_PAGE));
    (void)rig_effects();
    deliver();
    struct pl_handle_request ack = {.act = PL_HANDLE_ACKNOWLEDGE, .by = pl_span_of("alex")};
    CHECK_INT(pl_engine_handle(rig.engine, index_of("web"), &ack, rig.now), 0);
    post(in_web("DiskFull", 2, PL_TIER_PAGE)); // more of the same
    pass(PL_PAGE_FLOOR_MS / 1000);
    CHECK_INT(pl_engine_page_count(rig.engine), 0);
    post(in_web("CertExpired", 3, PL_TIER_WARN)); // need not be told
    pass(1);
    CHECK_INT(pl_engine_page_count(rig.engine), 0);
    (void)rig_effects();
    post(in_web("HighErrorRate", 4, PL_TIER_PAGE));
    pl_engine_tick(rig.engine, rig.now);
    CHECK_TEXT(rig_effects(), "SAVE_EXTERNAL; SAVE_HANDLING external/web; RESUMED external/web; "
                              "SAVE_PAGE external/web firing");
    deliver();
    post(in_web("Another", 5, PL_TIER_PAGE)); // not every moment
    pass(PL_PAGE_FLOOR_MS / 1000 - 10);
    CHECK_INT(pl_engine_page_count(rig.engine), 0);
    pass(20);
    CHECK_INT(pl_engine_page_count(rig.engine), 1);
}

static void test_a_restart_waits_for_the_next_post(void)
{
    start();
    struct pl_external x = found("HighErrorRate", 7, PL_TIER_PAGE);
    post(x);
    (void)rig_effects();
    deliver();
    struct pl_alert record = *alert_of("HighErrorRate");
    struct pl_engine_config config = rig_config_of(4, 1);
    rig_start(&config);
    x.begins_unix_ms = rig.now.unix_ms - 10 * MINUTE_MS;
    x.ends_unix_ms = rig.now.unix_ms - 6 * MINUTE_MS; // longer than it was posted for
    CHECK_INT(pl_engine_restore_alert(rig.engine, &record, rig.now), 0);
    CHECK_INT(pl_engine_restore_external(rig.engine, &x, rig.now), 0);
    CHECK(pl_engine_fleet(rig.engine)->pools[0].is_group);
    rig_run(PL_NO_INDEX, 0, PL_EXTERNAL_GRACE_MS / 1000 - 1);
    CHECK_INT(alert_of("HighErrorRate")->state, PL_ALERT_FIRING);
    CHECK_TEXT(rig_effects(), ""); // and nobody hears of it twice
    rig_run(PL_NO_INDEX, 0, 7);
    CHECK_INT(alert_of("HighErrorRate")->state, PL_ALERT_RESOLVED);

    rig_start(&config); // its own record was lost
    CHECK_INT(pl_engine_restore_alert(rig.engine, &record, rig.now), 0);
    rig_run(PL_NO_INDEX, 0, PL_EXTERNAL_GRACE_MS / 1000 - 1);
    CHECK_INT(alert_of("HighErrorRate")->state, PL_ALERT_FIRING);
    rig_run(PL_NO_INDEX, 0, 7);
    CHECK_INT(alert_of("HighErrorRate")->state, PL_ALERT_RESOLVED);
}

static void test_what_is_written_down(void)
{
    start();
    struct pl_external x = in_web("HighErrorRate", 7, PL_TIER_WARN);
    post(x);
    (void)rig_effects();
    x.ends_unix_ms += PL_EXTERNAL_SAVE_MS - 1;
    post(x);
    CHECK_TEXT(rig_effects(), ""); // only its end moved, and not by much
    x.ends_unix_ms += 1;
    post(x);
    CHECK_TEXT(rig_effects(), "SAVE_EXTERNAL");
    x.summary[0] = 'h';
    post(x);
    CHECK_TEXT(rig_effects(), "SAVE_EXTERNAL");
    post_over(x);
    CHECK_TEXT(rig_effects(), "SAVE_EXTERNAL");
}

static void test_limits(void)
{
    start();
    char title[16];
    uint32_t refused = 0;
    for (uint64_t i = 1; i <= PL_EXTERNALS_MAX + 10; i++) {
        (void)snprintf(title, sizeof title, "T%d", (int)i);
        struct pl_external x = found(title, i, i == 5 ? PL_TIER_NONE : PL_TIER_WARN);
        refused += pl_engine_external(rig.engine, &x, rig.now) == PL_E_FULL;
        pl_engine_effects_done(rig.engine);
    }
    CHECK_INT(refused, 9); // the one that is only counted made room
    CHECK_INT(pl_engine_fleet(rig.engine)->pool_count, 1 + PL_EXTERNAL_GROUPS_MAX + 1);
    CHECK(index_of("external-others") != PL_NO_INDEX);
    struct pl_external worse = found("Worse", 99999, PL_TIER_PAGE);
    CHECK_INT(pl_engine_external(rig.engine, &worse, rig.now), 0);
    const struct pl_externals *all = pl_engine_externals(rig.engine);
    CHECK_INT(all->count, PL_EXTERNALS_MAX);
    CHECK(pl_externals_find(all, 99999) != PL_NO_INDEX);
}

/* The lists of groups and their counts against a naive model. */
static void test_groups_against_a_model(void)
{
    static struct pl_externals x;
    enum { KEYS = 64, GROUPS = 3, STEPS = 20000 };
    struct {
        bool here;
        uint32_t pool;
        enum pl_tier tier;
        int64_t ends;
    } model[KEYS + 1] = {0};
    struct pl_rng rng = pl_rng_init(1);
    for (int step = 0; step < STEPS; step++) {
        uint32_t key = 1 + pl_rng_below(&rng, KEYS);
        uint32_t place = pl_externals_find(&x, key);
        CHECK((place != PL_NO_INDEX) == model[key].here);
        if (model[key].here && pl_rng_below(&rng, 2) == 0) {
            pl_externals_drop(&x, place);
            model[key].here = false;
        } else {
            struct pl_external a = {.fingerprint = key,
                                    .tier = (enum pl_tier)pl_rng_below(&rng, PL_TIER_COUNT)};
            uint32_t pool = pl_rng_below(&rng, GROUPS);
            CHECK(pl_externals_put(&x, pool, &a, step) != PL_NO_INDEX);
            model[key].here = true;
            model[key].pool = pool;
            model[key].tier = a.tier;
            model[key].ends = step;
        }
        uint32_t pool = pl_rng_below(&rng, GROUPS), count = 0, loud = 0;
        enum pl_tier tier = PL_TIER_NONE;
        for (uint32_t k = 1; k <= KEYS; k++) {
            if (!model[k].here) continue;
            count++;
            if (model[k].pool != pool) continue;
            loud += model[k].tier != PL_TIER_NONE;
            tier = PL_MAX(tier, model[k].tier);
        }
        struct pl_finding f;
        pl_externals_describe(&x, pool, &f);
        if (x.count != count || f.external.count != loud || f.tier != tier) {
            CHECK_INT(x.count, count);
            CHECK_INT(f.external.count, loud);
            CHECK_INT(f.tier, tier);
            return;
        }
    }
}

int main(void)
{
    RUN(test_from_a_post_to_a_page_and_its_end);
    RUN(test_it_is_over_when_nobody_posts_it_again);
    RUN(test_a_clock_that_is_set_ends_nothing);
    RUN(test_who_is_in_which_group);
    RUN(test_many_are_one_message);
    RUN(test_another_kind_is_told_though_somebody_has_the_first);
    RUN(test_a_restart_waits_for_the_next_post);
    RUN(test_what_is_written_down);
    RUN(test_limits);
    RUN(test_groups_against_a_model);
    rig_stop();
    return check_finish();
}
