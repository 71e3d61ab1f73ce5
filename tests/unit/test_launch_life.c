/* The life of launches, alone and inside the engine: phases, pages, what is announced and what is
 * not. */
#include "tests/check.h"
#include "tests/unit/engine_rig.h"

#include "collector/codec/launch_record.h"
#include "collector/core/launch/life.h"
#include "common/base/rng.h"

enum { MINUTE_MS = 60000, HOUR_S = 3600 };

/* ---- alone ---- */

/* A pool that takes 400/s and usually carries 100/s; a crowd brings 200/s more. */
static struct pl_launch_sight sight_of(const struct pl_launch *l, bool crowd)
{
    return (struct pl_launch_sight){.traffic_per_s = crowd ? 300 : 100,
                                    .usual_per_s = 100,
                                    .added = {100, 200},
                                    .peak_unix_ms = l->starts_unix_ms + 180000,
                                    .ceiling = 400,
                                    .headroom = 0.3,
                                    .is_known = true};
}

/* Whatever was seen and however long nobody looked: one phase after the other, never back but from
 * cooling to a second wave. */
static void test_no_phase_is_skipped(void)
{
    struct pl_rng rng = pl_rng_init(11);
    int ended[PL_LAUNCH_STATE_COUNT] = {0};
    for (int round = 0; round < 300; round++) {
        int64_t now_ms = INT64_C(1770000000000);
        struct pl_launch l = pl_launch_init();
        l.starts_unix_ms = now_ms + (int64_t)pl_rng_below(&rng, 3 * 86400) * 1000;
        l.ends_unix_ms = l.starts_unix_ms + (int64_t)(1 + pl_rng_below(&rng, 8)) * 1800000;
        struct pl_launch_course c = pl_launch_course_init(now_ms);
        bool comes = pl_rng_below(&rng, 3) > 0;
        for (int step = 0; step < 20000 && pl_launch_is_open(c.state); step++) {
            now_ms += 1000 * (int64_t)(1 + pl_rng_below(&rng, 200));
            bool crowd = comes && now_ms > l.starts_unix_ms - 300000 &&
                         pl_rng_below(&rng, 10) > 0 && now_ms < l.ends_unix_ms;
            struct pl_launch_sight sight = sight_of(&l, crowd);
            enum pl_launch_state before = c.state;
            struct pl_launch_course again = c; // a restart between any two steps changes nothing
            uint32_t wants = pl_launch_step(&c, &l, &sight, now_ms);
            CHECK_INT(pl_launch_step(&again, &l, &sight, now_ms), wants);
            CHECK(again.state == c.state && again.checks == c.checks);
            CHECK(again.onset_unix_ms == c.onset_unix_ms && again.calm_unix_ms == c.calm_unix_ms);
            bool wave = before == PL_LAUNCH_COOLING && c.state == PL_LAUNCH_LIVE;
            bool absent = before == PL_LAUNCH_LIVE && c.state == PL_LAUNCH_ABSENT;
            CHECK(c.state == before || c.state == before + 1 || wave || absent);
            if (c.state != before) CHECK((wants & PL_LAUNCH_WANTS_SAVE) != 0);
            if ((wants & PL_LAUNCH_WANTS_VERDICT) != 0)
                c.judged_unix_ms = now_ms, c.first_ceiling = sight.ceiling;
        }
        ended[c.state]++;
        CHECK_INT(c.state, c.onset_unix_ms != 0 ? PL_LAUNCH_DONE : PL_LAUNCH_ABSENT);
    }
    CHECK(ended[PL_LAUNCH_DONE] > 30 && ended[PL_LAUNCH_ABSENT] > 30);
}

/* What is written down and read back, as by a restart. */
static struct pl_launch_course restarted(const struct pl_launch *l,
                                         const struct pl_launch_course *c)
{
    static struct pl_launch_entry e, back;
    static char buf[PL_LAUNCH_RECORD_BYTES];
    struct pl_text t = pl_text_init(buf, sizeof buf);
    e = (struct pl_launch_entry){.used = true, .launch = *l, .course = *c};
    pl_record_launch_write(&t, &e);
    CHECK(!t.overflow);
    CHECK_INT(pl_record_launch_read(pl_text_bytes(&t), &back), 0);
    return back.course;
}

/* The same, but it lives only as long as from one step to the next: each is taken by a program that
 * has just read the record. It goes through the same phases, and is never stuck. */
static void test_a_restart_at_every_step(void)
{
    struct pl_rng rng = pl_rng_init(23);
    for (int round = 0; round < 40; round++) {
        int64_t now_ms = INT64_C(1770000000000);
        struct pl_launch l = pl_launch_init();
        l.id = rig_name_of("l-1");
        strcpy(l.title, "Giveaway");
        l.pools[l.pool_count++] = rig_name_of("web");
        l.expect = PL_EXPECT_UNKNOWN;
        l.starts_unix_ms = now_ms + (int64_t)pl_rng_below(&rng, 2 * 86400) * 1000;
        l.ends_unix_ms = l.starts_unix_ms + 7200000;
        struct pl_launch_course c = pl_launch_course_init(now_ms);
        bool comes = round % 2 == 0, seen[PL_LAUNCH_STATE_COUNT] = {[PL_LAUNCH_SCHEDULED] = true};
        for (int step = 0; step < 5000 && pl_launch_is_open(c.state); step++) {
            now_ms += 60000;
            bool crowd = comes && now_ms > l.starts_unix_ms && now_ms < l.ends_unix_ms - 3600000;
            struct pl_launch_sight sight = sight_of(&l, crowd);
            enum pl_launch_state before = c.state;
            (void)pl_launch_step(&c, &l, &sight, now_ms);
            bool absent = before == PL_LAUNCH_LIVE && c.state == PL_LAUNCH_ABSENT;
            CHECK(c.state == before || c.state == before + 1 || absent);
            seen[c.state] = true;
            c = restarted(&l, &c);
        }
        CHECK_INT(c.state, comes ? PL_LAUNCH_DONE : PL_LAUNCH_ABSENT);
        CHECK(seen[PL_LAUNCH_PREPARING] && seen[PL_LAUNCH_ARMED] && seen[PL_LAUNCH_LIVE]);
        CHECK_INT(c.onset_unix_ms != 0, comes);
        CHECK(now_ms <= l.ends_unix_ms + 120000); // half an hour of calm is remembered
    }
}

/* A day, four hours, one and a quarter before: each once; and when the capacity moves by a tenth.
 */
static void test_when_it_is_judged_again(void)
{
    int64_t start_ms = INT64_C(1770000000000), asked_ms[16];
    struct pl_launch l = pl_launch_init();
    l.starts_unix_ms = start_ms;
    l.ends_unix_ms = start_ms + 3600000;
    struct pl_launch_course c = pl_launch_course_init(start_ms - 48 * HOUR_S * INT64_C(1000));
    size_t count = 0;
    for (int64_t s = -48 * HOUR_S; s < 0; s += 10) {
        double ceiling = s < -10 * HOUR_S ? 400 : s < -8 * HOUR_S ? 430 : 480;
        struct pl_launch_sight sight = {.ceiling = ceiling, .is_known = true};
        uint32_t wants = pl_launch_step(&c, &l, &sight, start_ms + s * 1000);
        if ((wants & PL_LAUNCH_WANTS_VERDICT) == 0) continue;
        REQUIRE(count < PL_LEN(asked_ms));
        asked_ms[count++] = s;
        pl_launch_judged(&c, &(struct pl_launch_verdict){.ceiling = ceiling}, start_ms + s * 1000);
        c.first_ceiling = ceiling;
    }
    static const int64_t want[] = {-48 * HOUR_S, -24 * HOUR_S, -8 * HOUR_S,
                                   -4 * HOUR_S,  -HOUR_S,      -900};
    CHECK_INT(count, PL_LEN(want));
    for (size_t i = 0; i < count && i < PL_LEN(want); i++) CHECK_INT(asked_ms[i], want[i]);
}

/* ---- in the engine ---- */

static uint32_t announce(int64_t followers, int64_t in_ms)
{
    struct pl_launch l = pl_launch_init();
    l.id = rig_name_of("l-1");
    strcpy(l.title, "Giveaway");
    l.starts_unix_ms = rig.now.unix_ms + in_ms;
    l.ends_unix_ms = l.starts_unix_ms + 2 * 3600000;
    l.pools[l.pool_count++] = rig_name_of("web");
    l.channels[l.channel_count++] =
        (struct pl_launch_channel){.type = PL_CHANNEL_X, .audience = followers, .click_ppm = -1};
    uint32_t index = PL_NO_INDEX;
    CHECK_INT(pl_engine_put_launch(rig.engine, &l, rig.now, &index), 0);
    return index;
}

static const struct pl_launch_entry *entry(uint32_t index)
{
    return &pl_engine_launches(rig.engine)->entries[index];
}

static const struct pl_alert *alert_of(enum pl_rule rule)
{
    return pl_engine_alert(rig.engine, rule);
}

/* From 200 to 370 connections/s in three minutes, of 500 that one host less could take. */
static enum pl_tier crowd(void)
{
    enum pl_tier worst = PL_TIER_NONE;
    for (int each = 100; each <= 185; each++) {
        rig_serve(each, 2);
        const struct pl_alert *a = alert_of(PL_RULE_SATURATION);
        if (a->state == PL_ALERT_FIRING) worst = PL_MAX(worst, a->tier);
    }
    return worst;
}

static void test_expected_load_does_not_page(void)
{
    rig_start_pair();
    rig_serve(100, 2 * HOUR_S);
    CHECK_INT(crowd(), PL_TIER_PAGE); // nobody said that it would come
    rig_start_pair();
    rig_serve(100, 2 * HOUR_S);
    uint32_t l = announce(1200000, 10 * MINUTE_MS); // up to 180 connections/s more
    CHECK_INT(entry(l)->course.colour, PL_VERDICT_AMBER);
    rig.directed = 0;
    rig_serve(100, 9 * 60 + 50);
    (void)rig_effects();
    CHECK(rig.directed > 0); // heard more often since it is armed
    CHECK_INT(entry(l)->course.state, PL_LAUNCH_ARMED);
    CHECK_INT(crowd(), PL_TIER_WARN);
    CHECK_INT(entry(l)->course.state, PL_LAUNCH_LIVE);
    CHECK(entry(l)->course.onset_unix_ms > 0);
    CHECK_NEAR(entry(l)->course.peak_per_s, 370, 10);
    CHECK_NEAR(entry(l)->course.least_headroom, 0.3, 0.1); // of the worst minute
    rig_serve(100, 40 * 60);
    CHECK_INT(entry(l)->course.state, PL_LAUNCH_DONE);
}

static void test_more_than_was_announced_pages(void)
{
    rig_start_pair();
    rig_serve(100, 2 * HOUR_S);
    uint32_t l = announce(1200000, MINUTE_MS);
    rig_serve(100, 90);
    CHECK_INT(entry(l)->course.state, PL_LAUNCH_LIVE);
    rig_serve(170, 60);
    CHECK(!pl_alert_pages(alert_of(PL_RULE_LAUNCH_OVER)));
    rig_serve(235, 120);
    const struct pl_alert *a = alert_of(PL_RULE_LAUNCH_OVER);
    CHECK(pl_alert_pages(a));
    CHECK_TEXT(a->finding.launch.title, "Giveaway");
    CHECK(a->finding.value_bp > 10000);
}

static void test_a_risk_is_told_once(void)
{
    rig_start_pair();
    rig_serve(200, 2 * HOUR_S);
    (void)rig_effects();
    uint32_t l = announce(400000, 30 * MINUTE_MS); // 460 of 500
    CHECK_INT(entry(l)->course.colour, PL_VERDICT_RED);
    rig_serve(200, 2);
    CHECK(strstr(rig_effects(), "OPENED launch_risk/web; SAVE_PAGE launch_risk/web firing") !=
          NULL);
    pl_engine_page_saved(rig.engine, rig.page, rig.now);
    (void)rig_effects();
    rig_answer(PL_RESULT_SENT);
    (void)rig_effects();
    rig_serve(200, 20 * 60);
    CHECK(strstr(rig_effects(), "PAGE launch_risk") == NULL);
    CHECK_INT(alert_of(PL_RULE_LAUNCH_RISK)->revision, 1);
    CHECK(pl_engine_act_on_launch(rig.engine, l, PL_LAUNCH_EVENT_CANCELLED, "alex", rig.now));
    rig_serve(200, 10);
    CHECK_INT(alert_of(PL_RULE_LAUNCH_RISK)->state, PL_ALERT_RESOLVED);
    CHECK(!pl_engine_act_on_launch(rig.engine, l, PL_LAUNCH_EVENT_CANCELLED, "alex", rig.now));
}

static void test_an_absent_crowd_is_told(void)
{
    rig_start_pair();
    rig_serve(100, HOUR_S);
    uint32_t l = announce(1200000, MINUTE_MS);
    rig_serve(100, 15 * 60);
    CHECK_INT(alert_of(PL_RULE_LAUNCH_ABSENT)->state, PL_ALERT_OK);
    rig_serve(100, 70);
    CHECK_INT(alert_of(PL_RULE_LAUNCH_ABSENT)->state, PL_ALERT_FIRING);
    CHECK_INT(alert_of(PL_RULE_LAUNCH_ABSENT)->tier, PL_TIER_WARN);
    rig_serve(100, 2 * HOUR_S);
    CHECK_INT(entry(l)->course.state, PL_LAUNCH_ABSENT);
    CHECK_INT(alert_of(PL_RULE_LAUNCH_ABSENT)->state, PL_ALERT_RESOLVED);
}

static void test_the_book_is_full(void)
{
    rig_start_pair();
    struct pl_launch l = pl_launch_init();
    l.pools[l.pool_count++] = rig_name_of("web");
    l.expect = PL_EXPECT_UNKNOWN;
    l.starts_unix_ms = rig.now.unix_ms + INT64_C(40) * 86400000;
    l.ends_unix_ms = l.starts_unix_ms + 3600000;
    uint32_t index = 0;
    for (uint32_t i = 0; i <= PL_LAUNCH_MAX; i++) {
        struct pl_text t = pl_text_init(l.id.text, sizeof l.id.text);
        pl_text_u64(&t, i);
        l.id.len = (uint8_t)t.len;
        int err = pl_engine_put_launch(rig.engine, &l, rig.now, &index);
        CHECK_INT(err == 0, i < PL_LAUNCH_MAX);
        pl_engine_effects_done(rig.engine);
    }
    (void)pl_engine_act_on_launch(rig.engine, 7, PL_LAUNCH_EVENT_CANCELLED, "", rig.now);
    CHECK_INT(pl_engine_put_launch(rig.engine, &l, rig.now, &index), 0); // what is over makes room
    CHECK_INT(index, 7);
    size_t count;
    const struct pl_effect *effects = pl_engine_effects(rig.engine, &count);
    CHECK_INT(effects[0].type, PL_EFFECT_DROP_LAUNCH);
    CHECK_TEXT(effects[0].name.text, "7");
}

int main(void)
{
    RUN(test_no_phase_is_skipped);
    RUN(test_a_restart_at_every_step);
    RUN(test_when_it_is_judged_again);
    RUN(test_expected_load_does_not_page);
    RUN(test_more_than_was_announced_pages);
    RUN(test_a_risk_is_told_once);
    RUN(test_an_absent_crowd_is_told);
    RUN(test_the_book_is_full);
    rig_stop();
    return check_finish();
}
