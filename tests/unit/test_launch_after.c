/* What came of launches: the curve against a naive one, deeds, what is learned and used the next
 * time, and how forecasts are scored. */
#include "tests/check.h"
#include "tests/unit/engine_rig.h"

#include "common/base/rng.h"

#include <math.h>
#include <stdlib.h>

enum { MINUTE_MS = 60000, HOUR_S = 3600 };
static const int64_t start_ms = INT64_C(1770000000000);

/* ---- the curve ---- */

/* However long it lasts and however many holes it has: each point is the most of its stretch. */
static void test_the_curve_is_the_most_of_each_stretch(void)
{
    enum { SECONDS_MAX = 20 * HOUR_S };
    static float seen[SECONDS_MAX];
    struct pl_rng rng = pl_rng_init(3);
    for (int round = 0; round < 20; round++) {
        static struct pl_launch_curve c;
        c = (struct pl_launch_curve){0};
        int64_t last = (int64_t)pl_rng_below(&rng, SECONDS_MAX);
        for (int64_t s = 0; s < SECONDS_MAX; s++) seen[s] = -1;
        uint32_t began = 0;
        for (int64_t s = 0; s <= last; s += 1 + (int64_t)pl_rng_below(&rng, 90)) {
            if (pl_rng_below(&rng, 50) == 0) s += (int64_t)pl_rng_below(&rng, 2000);
            if (s > last) break;
            seen[s] = (float)pl_rng_below(&rng, 1000);
            struct pl_launch_point p = {seen[s], 2 * seen[s], 3 * seen[s]};
            began += pl_launch_curve_add(&c, &p, start_ms + s * 1000);
        }
        CHECK(c.count > 0 && c.count <= PL_LAUNCH_POINTS_MAX && began >= c.count / 2);
        int64_t first = (c.begin_unix_ms - start_ms) / 1000;
        for (uint32_t i = 0; i < c.count; i++) {
            double most = -1;
            for (int64_t s = 0; s < c.step_ms / 1000; s++) {
                int64_t at = first + i * (c.step_ms / 1000) + s;
                if (at < SECONDS_MAX) most = PL_MAX(most, (double)seen[at]);
            }
            CHECK_NEAR((double)c.points[i].came, most, 0);
            if (most >= 0) CHECK_NEAR((double)c.points[i].p90, 3 * most, 1e-3);
        }
    }
}

static void test_a_clock_that_is_set_back_is_waited_for(void)
{
    struct pl_launch_curve c = {0};
    struct pl_launch_point p = {5, 5, 5};
    CHECK(pl_launch_curve_add(&c, &p, start_ms));
    p.came = 9;
    CHECK(!pl_launch_curve_add(&c, &p, start_ms - MINUTE_MS));
    CHECK_INT(c.count, 1);
    CHECK_NEAR((double)c.points[0].came, 5, 0);
    CHECK(pl_launch_curve_add(&c, &p, start_ms + INT64_C(30) * 86400000)); // a month later
    CHECK(c.count <= PL_LAUNCH_POINTS_MAX);
    CHECK_NEAR((double)c.points[c.count - 1].came, 9, 0);
}

static void test_deeds_are_bounded_and_counted(void)
{
    static struct pl_launch_after a;
    a = (struct pl_launch_after){0};
    struct pl_launch_deed d = {.kind = PL_DEED_UPGRADE,
                               .unix_ms = start_ms,
                               .count = 1,
                               .headroom = 0.1,
                               .later_headroom = PL_HEADROOM_UNKNOWN};
    strcpy(d.text, "upgraded bash");
    pl_launch_deed(&a, &d);
    d.unix_ms += 1000; // the next machine
    pl_launch_deed(&a, &d);
    CHECK_INT(a.deed_count, 1);
    CHECK_INT(a.deeds[0].count, 2);
    pl_launch_deeds_later(&a, 0.4, start_ms + PL_LAUNCH_LATER_MS - 1);
    CHECK(a.deeds[0].later_headroom < -1);
    pl_launch_deeds_later(&a, 0.5, start_ms + PL_LAUNCH_LATER_MS);
    pl_launch_deeds_later(&a, 0.6, start_ms + PL_LAUNCH_LATER_MS + 1000);
    CHECK_NEAR(a.deeds[0].later_headroom, 0.5, 0);
    d.kind = PL_DEED_PAGE;
    for (int i = 0; i < 2 * PL_LAUNCH_DEEDS_MAX; i++) {
        d.unix_ms += PL_LAUNCH_LATER_MS; // not the same any more
        pl_launch_deed(&a, &d);
    }
    CHECK_INT(a.deed_count, PL_LAUNCH_DEEDS_MAX);
    CHECK_INT(a.more_count, PL_LAUNCH_DEEDS_MAX + 1);
    CHECK_INT(a.page_count, 2 * PL_LAUNCH_DEEDS_MAX); // of pages all are counted
}

/* ---- what is learned ---- */

static struct pl_launch_book *book;

static struct pl_launch_entry *add_event(const char *customer, enum pl_launch_channel_type type,
                                         double came, double guessed)
{
    uint32_t at = book->used_max++;
    struct pl_launch_entry *e = &book->entries[at];
    *e = (struct pl_launch_entry){.used = true, .launch = pl_launch_init()};
    char id[16];
    (void)snprintf(id, sizeof id, "l-%u", at);
    e->launch.id = rig_name_of(id);
    if (customer[0] != '\0') e->launch.customer = rig_name_of(customer);
    e->launch.pools[e->launch.pool_count++] = rig_name_of("web");
    e->launch.kind = PL_LAUNCH_GIVEAWAY;
    e->launch.channels[e->launch.channel_count++] =
        (struct pl_launch_channel){.type = type, .audience = 1000, .click_ppm = -1};
    e->course = (struct pl_launch_course){.state = PL_LAUNCH_DONE,
                                          .onset_unix_ms = start_ms + at,
                                          .peak_per_s = 100 + came,
                                          .usual_per_s = 100,
                                          .guessed_per_s = guessed,
                                          .foreseen = {100 + guessed, 100 + 3 * guessed},
                                          .least_headroom = 0.2};
    return e;
}

static struct pl_launch_learned learn_for(const char *customer)
{
    struct pl_launch l = pl_launch_init();
    if (customer[0] != '\0') l.customer = rig_name_of(customer);
    l.pools[l.pool_count++] = rig_name_of("web");
    struct pl_launch_learned learned;
    pl_launch_learn(book, &l, &learned);
    return learned;
}

static void test_the_median_counts_and_few_events_count_less(void)
{
    book->used_max = 0;
    CHECK_INT(learn_for("shop").event_count, 0);
    CHECK_NEAR(learn_for("shop").channels[PL_CHANNEL_X].factor, 0, 0);
    add_event("shop", PL_CHANNEL_X, 400, 100);
    struct pl_launch_learned one = learn_for("shop");
    CHECK_INT(one.channels[PL_CHANNEL_X].event_count, 1);
    CHECK_NEAR(one.channels[PL_CHANNEL_X].factor, 2, 1e-9); // four times, and one event counts half
    CHECK_NEAR(one.kind.factor, pow(400 / 300.0, 0.5), 1e-9); // of three times the usual
    add_event("shop", PL_CHANNEL_X, 90, 100);
    add_event("shop", PL_CHANNEL_X, 10000, 100); // one that is no measure
    struct pl_launch_learned three = learn_for("shop");
    CHECK_INT(three.channels[PL_CHANNEL_X].event_count, 3);
    CHECK_NEAR(three.channels[PL_CHANNEL_X].factor, pow(4, 3 / 4.0), 1e-9);
    CHECK_INT(three.channels[PL_CHANNEL_EMAIL].event_count, 0);
    CHECK_INT(learn_for("other").event_count, 0); // nobody learns from somebody else's crowd
    CHECK_INT(learn_for("").event_count, 0);
    for (int i = 0; i < 100; i++) add_event("shop", PL_CHANNEL_X, 100, 100);
    struct pl_launch_learned many = learn_for("shop"); // the newest count
    CHECK_INT(many.channels[PL_CHANNEL_X].event_count, PL_LEARN_EVENTS_MAX);
    CHECK_NEAR(many.channels[PL_CHANNEL_X].factor, 1, 1e-9);
}

static void test_what_is_no_lesson(void)
{
    book->used_max = 0;
    add_event("shop", PL_CHANNEL_X, 400, 100)->course.state = PL_LAUNCH_ABSENT;
    add_event("shop", PL_CHANNEL_X, 400, 100)->course.state = PL_LAUNCH_LIVE;
    add_event("shop", PL_CHANNEL_X, 400, 100)->launch.kind = PL_LAUNCH_LOAD_TEST;
    CHECK_INT(learn_for("shop").event_count, 0);
    add_event("shop", PL_CHANNEL_X, 50, 100)->course.least_headroom = -0.1; // more wanted to come
    CHECK_INT(learn_for("shop").channels[PL_CHANNEL_X].event_count, 0);
    add_event("shop", PL_CHANNEL_X, 300, 100)->course.least_headroom = -0.1;
    CHECK_INT(learn_for("shop").channels[PL_CHANNEL_X].event_count, 1);
    struct pl_launch_entry *e = add_event("shop", PL_CHANNEL_X, 400, 100);
    e->launch.channels[e->launch.channel_count++] =
        (struct pl_launch_channel){.type = PL_CHANNEL_TV, .audience = 1, .click_ppm = -1};
    CHECK_INT(learn_for("shop").channels[PL_CHANNEL_TV].event_count, 0); // hardly any came by it
    CHECK_INT(learn_for("shop").channels[PL_CHANNEL_X].event_count, 2);
}

static void test_forecasts_are_scored(void)
{
    struct pl_launch_quality q;
    book->used_max = 0;
    pl_launch_score(book, &q);
    CHECK_INT(q.scored_count, 0);
    add_event("a", PL_CHANNEL_X, 100, 100); // as forecast
    add_event("b", PL_CHANNEL_X, 500, 100); // 600 of 200, and above 400
    add_event("c", PL_CHANNEL_X, 20, 500);  // 120 of 600
    add_event("d", PL_CHANNEL_X, 200, 100); // 300 of 200
    add_event("e", PL_CHANNEL_X, 0, 100)->course =
        (struct pl_launch_course){.state = PL_LAUNCH_ABSENT};
    pl_launch_score(book, &q);
    CHECK_INT(q.scored_count, 4);
    CHECK_INT(q.absent_count, 1);
    CHECK_INT(q.factor_2_count, 2);
    CHECK_INT(q.p90_count, 3);
    CHECK_NEAR(q.median_factor, (1.5 + 3) / 2, 1e-9);
    CHECK_NEAR(q.worst_factor, 5, 1e-9);
}

/* ---- in the engine ---- */

static uint32_t announce(const char *id)
{
    struct pl_launch l = pl_launch_init();
    l.id = rig_name_of(id);
    l.customer = rig_name_of("shop");
    strcpy(l.title, "Giveaway");
    l.starts_unix_ms = rig.now.unix_ms + MINUTE_MS;
    l.ends_unix_ms = l.starts_unix_ms + 2 * 3600000;
    l.pools[l.pool_count++] = rig_name_of("web");
    l.channels[l.channel_count++] =
        (struct pl_launch_channel){.type = PL_CHANNEL_X, .audience = 400000, .click_ppm = -1};
    uint32_t index = PL_NO_INDEX;
    CHECK_INT(pl_engine_put_launch(rig.engine, &l, rig.now, &index), 0);
    return index;
}

static const struct pl_launch_entry *entry(uint32_t index)
{
    return &pl_engine_launches(rig.engine)->entries[index];
}

/* 400,000 followers: 10.7 connections/s at the most are guessed, 160 come; the next time the guess
 * is drawn towards that, and says on what it rests. */
static void test_the_next_time_it_is_known(void)
{
    rig_start_pair();
    rig_serve(20, 2 * HOUR_S);
    uint32_t first = announce("l-1");
    double guess = 400000 * 0.01 * 0.08 / 60 * 2;
    CHECK_NEAR(entry(first)->course.guessed_per_s, guess, 1e-6);
    CHECK_NEAR(entry(first)->course.foreseen.p50, 40 + guess, 1);
    CHECK((entry(first)->plan.assumptions & 1u << PL_ASSUMED_CLICK_RATE) != 0);
    rig_serve(20, 90);
    rig_serve(100, 10 * 60);
    rig_serve(20, 60 * 60);
    CHECK_INT(entry(first)->course.state, PL_LAUNCH_DONE);
    CHECK_NEAR(entry(first)->course.peak_per_s, 200, 5);
    CHECK_NEAR(entry(first)->course.foreseen.p50, 40 + guess, 1); // stays what it was before
    const struct pl_launch_curve *c = &entry(first)->after.curve;
    CHECK(c->count > 40 && c->step_ms == MINUTE_MS);
    double most = 0, most_expected = 0;
    for (uint32_t i = 0; i < c->count; i++) {
        most = PL_MAX(most, (double)c->points[i].came);
        most_expected = PL_MAX(most_expected, (double)c->points[i].p50);
    }
    CHECK_NEAR(most, 200, 5);
    CHECK_NEAR(most_expected, 40 + guess, 1);
    uint32_t second = announce("l-2");
    double factor =
        sqrt((entry(first)->course.peak_per_s - entry(first)->course.usual_per_s) / guess);
    CHECK_NEAR(entry(second)->plan.peak.p50, factor * guess, 0.01);
    CHECK_NEAR(entry(second)->course.guessed_per_s, guess, 1e-6); // and is learned from as before
    CHECK((entry(second)->plan.assumptions & 1u << PL_ASSUMED_CLICK_RATE) == 0);
    CHECK((entry(second)->plan.assumptions & 1u << PL_ASSUMED_AS_BEFORE) != 0);
}

static void test_what_happened_is_kept_with_it(void)
{
    rig_start_pair();
    rig_serve(100, 2 * HOUR_S);
    struct pl_change upgrade = {
        .kind = PL_CHANGE_UPGRADED, .unix_ms = rig.now.unix_ms, .count = 3, .subject = "libc6"};
    strcpy(upgrade.before, "1");
    strcpy(upgrade.after, "2");
    pl_engine_change(rig.engine, 0, &upgrade, rig.now); // before anything was announced
    uint32_t l = announce("l-1");
    CHECK_INT(entry(l)->after.deed_count, 0);
    rig_serve(100, 90);
    CHECK_INT(entry(l)->course.state, PL_LAUNCH_LIVE);
    upgrade.unix_ms = rig.now.unix_ms;
    pl_engine_change(rig.engine, 0, &upgrade, rig.now);
    pl_engine_change(rig.engine, 1, &upgrade, rig.now);
    pl_engine_effects_done(rig.engine);
    REQUIRE(entry(l)->after.deed_count == 1);
    CHECK_INT(entry(l)->after.deeds[0].kind, PL_DEED_UPGRADE);
    CHECK_INT(entry(l)->after.deeds[0].count, 2);
    CHECK_TEXT(entry(l)->after.deeds[0].text, "upgraded libc6 1 to 2");
    rig_serve(480, 60); // and now it is full
    (void)rig_effects();
    CHECK(pl_alert_pages(pl_engine_alert(rig.engine, PL_RULE_SATURATION)));
    CHECK(entry(l)->after.page_count == 0); // nobody has taken it yet
    const struct pl_page *page = pl_engine_page_at(rig.engine, 0);
    REQUIRE(page != NULL);
    rig.page = page->id;
    pl_engine_page_saved(rig.engine, rig.page, rig.now);
    rig_answer(PL_RESULT_SENT);
    CHECK_INT(entry(l)->after.page_count, 1);
    struct pl_handle_request ack = {
        .act = PL_HANDLE_ACKNOWLEDGE, .by = pl_span_of("alex"), .note = pl_span_of("adding fe3")};
    CHECK_INT(pl_engine_handle(rig.engine, PL_RULE_SATURATION, &ack, rig.now), 0);
    REQUIRE(entry(l)->after.deed_count == 4);
    CHECK_INT(entry(l)->after.deeds[2].kind, PL_DEED_ACKNOWLEDGED);
    CHECK_TEXT(entry(l)->after.deeds[2].who, "alex");
    CHECK_TEXT(entry(l)->after.deeds[2].text, "saturation/web");
    CHECK_TEXT(entry(l)->after.deeds[3].text, "adding fe3");
    rig_serve(100, 6 * 60);
    CHECK(entry(l)->after.deeds[3].headroom < 0);
    CHECK(entry(l)->after.deeds[3].later_headroom > 0.3); // that helped
    CHECK_INT(entry(l)->unsaved, false); // and all of it is asked to be written down
}

int main(void)
{
    book = calloc(1, sizeof *book);
    if (!book) return 1;
    RUN(test_the_curve_is_the_most_of_each_stretch);
    RUN(test_a_clock_that_is_set_back_is_waited_for);
    RUN(test_deeds_are_bounded_and_counted);
    RUN(test_the_median_counts_and_few_events_count_less);
    RUN(test_what_is_no_lesson);
    RUN(test_forecasts_are_scored);
    RUN(test_the_next_time_it_is_known);
    RUN(test_what_happened_is_kept_with_it);
    rig_stop();
    free(book);
    return check_finish();
}
