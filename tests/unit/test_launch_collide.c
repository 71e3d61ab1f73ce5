/* What else there is in the hours of a launch: each finding with its numbers and words, and nothing
 * of two launches that is found from one side only. */
#include "tests/check.h"
#include "tests/unit/engine_rig.h"

#include "collector/codec/json_collide.h"
#include "collector/core/oncall/policy.h"
#include "common/base/rng.h"

enum { MINUTE_MS = 60000, HOUR_MS = 60 * MINUTE_MS, ALEX = 0, KIM = 1 };

static struct pl_oncall oncall;
static const struct pl_launch_beside beside = {.oncall = &oncall};

static void set_policy(uint32_t number, enum pl_entry_kind kind, uint16_t index)
{
    oncall.policies[number - 1] = (struct pl_policy){.step_count = 1};
    oncall.policies[number - 1].steps[0].entry_count = 1;
    oncall.policies[number - 1].steps[0].entries[0] = (struct pl_entry){kind, index};
}

/* Alex has web and shop, Kim has api, a chat has plain. */
static void start(void)
{
    static const struct {
        const char *name;
        uint32_t policy;
    } names[] = {{"web", 1}, {"shop", 1}, {"api", 2}, {"plain", 3}};
    struct pl_engine_config config = rig_config_of(8, 4);
    struct pl_pool_config pools[PL_LEN(names)];
    for (size_t i = 0; i < PL_LEN(names); i++) {
        pools[i] = (struct pl_pool_config){
            .name = rig_name_of(names[i].name),
            .policy = names[i].policy,
            .capacity = {PL_CAPACITY_CONFIGURED, 1000, false, PL_SOURCE_CONNECTIONS}};
    }
    config.pools = pools;
    config.pool_count = PL_LEN(pools);
    config.routes = (struct pl_route_source){pl_policy_route, &oncall};
    oncall.person_count = 2;
    oncall.people[ALEX].name = rig_name_of("alex");
    oncall.people[KIM].name = rig_name_of("kim");
    oncall.policy_count = 3;
    set_policy(1, PL_ENTRY_PERSON, ALEX);
    set_policy(2, PL_ENTRY_PERSON, KIM);
    set_policy(3, PL_ENTRY_NOTIFIER, 3);
    rig_start(&config);
}

static struct pl_launch launch_of(const char *id, const char *pool, int64_t in_ms, int64_t for_ms)
{
    struct pl_launch l = pl_launch_init();
    l.id = rig_name_of(id);
    (void)snprintf(l.title, sizeof l.title, "Launch \"%s\"", id);
    l.starts_unix_ms = rig.now.unix_ms + in_ms;
    l.ends_unix_ms = l.starts_unix_ms + for_ms;
    l.pools[l.pool_count++] = rig_name_of(pool);
    l.channels[l.channel_count++] =
        (struct pl_launch_channel){.type = PL_CHANNEL_X, .audience = 400000, .click_ppm = -1};
    return l;
}

static void put(const struct pl_launch *l)
{
    uint32_t index;
    CHECK_INT(pl_engine_put_launch(rig.engine, l, rig.now, &index), 0);
    pl_engine_effects_done(rig.engine);
}

static struct pl_collisions found_of(const struct pl_launch *l)
{
    struct pl_collisions all;
    pl_engine_collisions(rig.engine, l, &beside, &all);
    return all;
}

static const char *words_of(const struct pl_collision *c, const struct pl_launch *other)
{
    static char words[PL_COLLISION_TEXT_BYTES];
    struct pl_text text = pl_text_init(words, sizeof words);
    pl_collision_sentence_write(c, other, &text);
    CHECK(!text.overflow);
    return words;
}

static void test_two_on_one_pool(void)
{
    start();
    struct pl_launch a = launch_of("l-a", "web", HOUR_MS, 2 * HOUR_MS);
    struct pl_launch b = launch_of("l-b", "web", 2 * HOUR_MS, 2 * HOUR_MS);
    put(&a);
    put(&b);
    struct pl_collisions all = found_of(&a);
    REQUIRE(all.count == 2); // the pool, and Alex
    CHECK_INT(all.items[0].kind, PL_COLLISION_LAUNCH);
    CHECK_INT(all.items[0].from_unix_ms, b.starts_unix_ms);
    CHECK_INT(all.items[0].until_unix_ms, a.ends_unix_ms);
    CHECK_NEAR(all.items[0].p90, 400000 * 0.03 * 0.15 / 60 * 2, 1e-6);
    CHECK(strstr(words_of(&all.items[0], &b), "'Launch \"l-b\"' (l-b) is on web, too, from ") !=
          NULL);
    CHECK(strstr(words_of(&all.items[0], &b), "; its up to 60 connections/s are counted in"));
    struct pl_launch_plan plan;
    struct pl_launch_verdict v = pl_engine_judge_launch(rig.engine, &a, 0, rig.now.unix_ms, &plan);
    CHECK(v.expected.p90 < v.usual + 119); // an hour apart, most of the first have gone
    b.announce_unix_ms = a.starts_unix_ms; // its tweet goes out with this one
    put(&b);
    v = pl_engine_judge_launch(rig.engine, &a, 0, rig.now.unix_ms, &plan);
    CHECK_NEAR(v.others, 60, 1e-6);
    CHECK_NEAR(v.expected.p90, v.usual + 120, 1e-6);
    CHECK_INT(found_of(&a).items[0].from_unix_ms, a.starts_unix_ms);
    all = found_of(&a);
    CHECK_INT(all.items[1].kind, PL_COLLISION_ON_CALL);
    CHECK_TEXT(all.items[1].name.text, "alex");
}

static void test_one_person_for_two_pools(void)
{
    start();
    struct pl_launch a = launch_of("l-a", "web", HOUR_MS, HOUR_MS);
    struct pl_launch b = launch_of("l-b", "shop", HOUR_MS, HOUR_MS);
    struct pl_launch c = launch_of("l-c", "api", HOUR_MS, HOUR_MS);
    struct pl_launch d = launch_of("l-d", "plain", HOUR_MS, HOUR_MS);
    put(&a);
    put(&b);
    put(&c);
    put(&d);
    struct pl_collisions all = found_of(&a);
    REQUIRE(all.count == 1);
    CHECK_INT(all.items[0].kind, PL_COLLISION_ON_CALL);
    CHECK_TEXT(all.items[0].with.text, "l-b");
    CHECK(
        strstr(words_of(&all.items[0], &b), "alex alone would be woken for this and for 'Launch"));
    CHECK_INT(found_of(&c).count, 0);
    CHECK_INT(found_of(&d).count, 0); // a chat is nobody
}

static void test_maintenance(void)
{
    start();
    struct pl_launch a = launch_of("l-a", "api", HOUR_MS, HOUR_MS);
    struct pl_launch m = launch_of("l-m", "api", 90 * MINUTE_MS, HOUR_MS);
    m.kind = PL_LAUNCH_MAINTENANCE;
    put(&a);
    put(&m);
    CHECK_INT(found_of(&a).items[0].kind, PL_COLLISION_MAINTENANCE);
    CHECK_INT(found_of(&m).items[0].kind, PL_COLLISION_MAINTENANCE);
    CHECK(strstr(words_of(&found_of(&a).items[0], &m), "one of the two is maintenance") != NULL);
    CHECK(pl_engine_act_on_launch(rig.engine, 1, PL_LAUNCH_EVENT_CANCELLED, "", rig.now));
    CHECK_INT(found_of(&a).count, 0);
}

static void test_the_certificate(void)
{
    start();
    struct pl_launch a = launch_of("l-a", "web", HOUR_MS, HOUR_MS);
    struct pl_launch_beside ending = {.certificate_ends_unix_ms = a.ends_unix_ms};
    struct pl_collisions all;
    pl_engine_collisions(rig.engine, &a, &ending, &all);
    CHECK_INT(all.count, 0);
    ending.certificate_ends_unix_ms--;
    pl_engine_collisions(rig.engine, &a, &ending, &all);
    REQUIRE(all.count == 1);
    CHECK(strstr(words_of(&all.items[0], NULL), "the collector's certificate ends at 2") != NULL);
}

static void test_a_pool_that_is_not_well(void)
{
    start();
    uint32_t fe1 = rig_join("fe1", "web");
    CHECK(rig_join("fe2", "web") != PL_NO_INDEX);
    rig_run(fe1, 9900, 60); // the other is not heard, and this one is at its limit
    struct pl_launch a = launch_of("l-a", "web", HOUR_MS, HOUR_MS);
    struct pl_collisions all = found_of(&a);
    REQUIRE(all.count == 2);
    CHECK_INT(all.items[0].kind, PL_COLLISION_SILENT);
    CHECK(strstr(words_of(&all.items[0], NULL), "1 of 2 front ends of web is silent") != NULL);
    CHECK_INT(all.items[1].kind, PL_COLLISION_UNHEALTHY);
    CHECK(all.items[1].count >= 1);
    CHECK(strstr(words_of(&all.items[1], NULL), " on web now; the worst is ") != NULL);
    CHECK_INT(found_of(&(struct pl_launch){.pool_count = 1, .pools = {rig_name_of("api")}}).count,
              0);
}

static bool has(const struct pl_collisions *all, enum pl_collision_kind kind,
                const struct pl_collision *like, const struct pl_name *with)
{
    for (uint32_t i = 0; i < all->count; i++) {
        const struct pl_collision *c = &all->items[i];
        if (c->kind == kind && pl_name_eq(&c->with, with) &&
            c->from_unix_ms == like->from_unix_ms && c->until_unix_ms == like->until_unix_ms &&
            (kind != PL_COLLISION_ON_CALL || pl_name_eq(&c->name, &like->name)))
            return true;
    }
    return false;
}

/* Five hundred days of random launches: A collides with B as B does with A, kind by kind, in the
 * same hours, by the same person; and they do exactly when a naive look says so. */
static void test_symmetry(void)
{
    enum { LAUNCHES = 8 };
    static const char *const pools[] = {"web", "shop", "api", "plain"};
    struct pl_rng rng = pl_rng_init(19);
    int seen[PL_COLLISION_COUNT] = {0};
    start();
    for (int round = 0; round < 500; round++) {
        struct pl_launch l[LAUNCHES];
        for (int i = 0; i < LAUNCHES; i++) {
            char id[8];
            (void)snprintf(id, sizeof id, "l-%d", i);
            l[i] = launch_of(id, pools[pl_rng_below(&rng, 4)],
                             (int64_t)pl_rng_below(&rng, 24) * HOUR_MS,
                             (int64_t)(1 + pl_rng_below(&rng, 6)) * HOUR_MS);
            if (pl_rng_below(&rng, 3) == 0)
                l[i].pools[l[i].pool_count++] = rig_name_of(pools[pl_rng_below(&rng, 4)]);
            if (pl_rng_below(&rng, 4) == 0) l[i].kind = PL_LAUNCH_MAINTENANCE;
            if (pl_rng_below(&rng, 4) == 0)
                l[i].announce_unix_ms =
                    l[i].starts_unix_ms - (int64_t)pl_rng_below(&rng, 5) * HOUR_MS;
            put(&l[i]);
        }
        for (int i = 0; i < LAUNCHES; i++) {
            struct pl_collisions mine = found_of(&l[i]);
            for (int k = 0; k < LAUNCHES; k++) {
                struct pl_collisions theirs = found_of(&l[k]);
                uint32_t about = 0;
                for (uint32_t n = 0; n < mine.count; n++) {
                    const struct pl_collision *c = &mine.items[n];
                    if (!pl_name_eq(&c->with, &l[k].id)) continue;
                    about += c->kind != PL_COLLISION_ON_CALL;
                    seen[c->kind]++;
                    CHECK(has(&theirs, c->kind, c, &l[i].id));
                }
                int64_t a = PL_MIN(pl_launch_begins_unix_ms(&l[i]), l[i].starts_unix_ms);
                int64_t b = PL_MIN(pl_launch_begins_unix_ms(&l[k]), l[k].starts_unix_ms);
                bool meet = i != k && a < l[k].ends_unix_ms && b < l[i].ends_unix_ms &&
                            pl_launch_shared_pool(&l[i], &l[k]) != NULL;
                CHECK_INT(about, meet);
                CHECK_INT(pl_launches_meet(&l[i], &l[k]), meet || i == k);
            }
        }
    }
    CHECK(seen[PL_COLLISION_LAUNCH] > 500 && seen[PL_COLLISION_MAINTENANCE] > 500 &&
          seen[PL_COLLISION_ON_CALL] > 500);
}

static void test_more_than_are_told_are_counted(void)
{
    start();
    struct pl_launch a = launch_of("l-a", "plain", HOUR_MS, HOUR_MS);
    for (uint32_t i = 0; i < 100; i++) {
        char id[8];
        (void)snprintf(id, sizeof id, "l-%u", i);
        struct pl_launch other = launch_of(id, "plain", HOUR_MS, HOUR_MS);
        put(&other);
    }
    struct pl_collisions all = found_of(&a);
    CHECK_INT(all.count, PL_COLLISIONS_MAX);
    CHECK_INT(all.more_count, 100 - PL_COLLISIONS_MAX);
}

int main(void)
{
    RUN(test_two_on_one_pool);
    RUN(test_one_person_for_two_pools);
    RUN(test_maintenance);
    RUN(test_the_certificate);
    RUN(test_a_pool_that_is_not_well);
    RUN(test_symmetry);
    RUN(test_more_than_are_told_are_counted);
    rig_stop();
    return check_finish();
}
