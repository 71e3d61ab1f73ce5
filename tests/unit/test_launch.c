/* What is announced, what it brings, and whether it holds: the numbers of a form, by hand. */
#include "tests/check.h"
#include "tests/unit/engine_rig.h"

#include "collector/core/launch/verdict.h"
#include "common/base/rng.h"

#include <math.h>

enum { HOSTS = 2, MINUTE_MS = 60000 };
static const int64_t now_ms = INT64_C(1770000000000);

/* A pool of two front ends that are full at `each` requests a second, with `traffic` now. */
static struct pl_fleet fleet;
static struct pl_saturation pool;

static void pool_of(double each, double traffic)
{
    static _Alignas(16) char memory[1 << 20];
    memset(memory, 0, sizeof memory);
    memset(&fleet, 0, sizeof fleet);
    pl_fleet_init(&fleet, memory, HOSTS);
    uint32_t index;
    struct pl_name web = rig_name_of("web");
    CHECK(pl_fleet_add_pool(&fleet, &web, 0, &index) == 0);
    for (uint32_t i = 0; i < HOSTS; i++) {
        struct pl_name name = rig_name_of(i == 0 ? "fe1" : "fe2");
        uint32_t host;
        CHECK(pl_fleet_add_host(&fleet, &name, index, &host) == 0);
        struct pl_host *h = &fleet.hosts[host];
        pl_fleet_set(&fleet, host, PL_LIVE, &(struct pl_tiers){0});
        h->traffic_mean_per_s = each / 4; // shares are half and half, whatever comes now
        struct pl_host_capacity *a = &h->capacity.answer;
        a->gap = PL_GAP_NONE;
        a->source = PL_SOURCE_REQUESTS;
        a->per_s = (struct pl_estimate){0.9 * each, each, 1.1 * each};
        a->first_limit = PL_LEARNED_MEMORY;
        a->resource[PL_LEARNED_MEMORY] =
            (struct pl_resource_capacity){.per_s = a->per_s, .base = 0, .limit = 0.9};
    }
    pl_saturation_init(&pool);
    pool.unit = PL_SOURCE_REQUESTS;
    pool.headroom = pl_headroom_survey(&fleet, index, PL_SOURCE_REQUESTS,
                                       &(struct pl_capacity){.source = PL_CAPACITY_UNKNOWN}, 1);
    pl_ladder_step(&pool.traffic.ladder, traffic, now_ms);
}

/* "Giveaway, tweet to 400,000 followers, in 30 minutes." */
static struct pl_launch tweet(int64_t audience, int64_t in_ms)
{
    struct pl_launch l = pl_launch_init();
    strcpy(l.title, "giveaway");
    l.kind = PL_LAUNCH_GIVEAWAY;
    l.starts_unix_ms = now_ms + in_ms;
    l.ends_unix_ms = l.starts_unix_ms + PL_LAUNCH_DEFAULT_MS;
    l.pools[l.pool_count++] = rig_name_of("web");
    l.channels[l.channel_count++] =
        (struct pl_launch_channel){.type = PL_CHANNEL_X, .audience = audience, .click_ppm = -1};
    return l;
}

static struct pl_launch_plan estimate(const struct pl_launch *l)
{
    return pl_launch_estimate(
        l, &(struct pl_launch_basis){.unit = pool.unit, .traffic = &pool.traffic});
}

static struct pl_launch_verdict judge(const struct pl_launch *l, int64_t at_ms)
{
    struct pl_launch_plan plan = estimate(l);
    return pl_launch_judge(
        l, &plan,
        &(struct pl_launch_ground){.pool = &pool, .fleet = &fleet, .act_ms = 20 * MINUTE_MS},
        at_ms);
}

/* ---- what is sent ---- */

static void test_faults_name_field_value_and_rule(void)
{
    static const struct {
        const char *field, *value;
    } want[] = {
        {"/title", "ab"},
        {"/pools/1", "shop"},
        {"/ends_at", ""},
        {"/channels/0/audience", "2000000001"},
        {"/contacts/0/phone", "0171 123"},
    };
    pool_of(100, 50);
    struct pl_launch l = tweet(PL_LAUNCH_AUDIENCE_MAX + 1, 30 * MINUTE_MS);
    strcpy(l.title, "ab");
    l.pools[l.pool_count++] = rig_name_of("shop");
    l.ends_unix_ms = l.starts_unix_ms;
    l.contact_count = 1;
    strcpy(l.contacts[0].name, "Alex");
    strcpy(l.contacts[0].phone, "0171 123");
    struct pl_launch_faults faults = {0};
    pl_launch_check(&l, NULL, &fleet, now_ms, &faults);
    CHECK_INT(faults.count, PL_LEN(want));
    for (size_t i = 0; i < PL_LEN(want) && i < faults.count; i++) {
        CHECK_TEXT(faults.items[i].field, want[i].field);
        if (want[i].value[0] != '\0') CHECK_TEXT(faults.items[i].value, want[i].value);
        CHECK(strlen(faults.items[i].rule) > 10);
    }
}

static void test_what_is_good_passes(void)
{
    pool_of(100, 50);
    struct pl_launch_faults faults = {0};
    struct pl_launch l = tweet(400000, 30 * MINUTE_MS);
    strcpy(l.title, "Gr\xc3\xbc\xc3\x9f"
                    "e");
    l.contact_count = 1;
    strcpy(l.contacts[0].name, "Alex");
    strcpy(l.contacts[0].phone, "+491711234567");
    pl_launch_check(&l, NULL, &fleet, now_ms, &faults);
    CHECK_INT(faults.count, 0);
    l.starts_unix_ms = now_ms - 59 * 1000; // it has just begun
    pl_launch_check(&l, NULL, &fleet, now_ms, &faults);
    CHECK_INT(faults.count, 0);
    l.starts_unix_ms = now_ms - 61 * 1000;
    pl_launch_check(&l, &l, &fleet, now_ms, &faults); // and is edited afterwards
    CHECK_INT(faults.count, 0);
    pl_launch_check(&l, NULL, &fleet, now_ms, &faults);
    CHECK_INT(faults.count, 1);
    l = tweet(0, 30 * MINUTE_MS);
    faults.count = 0;
    pl_launch_check(&l, NULL, &fleet, now_ms, &faults);
    CHECK_INT(faults.count, 1); // nobody hears of it, and nobody said more
    l.expect = PL_EXPECT_UNKNOWN;
    faults.count = 0;
    pl_launch_check(&l, NULL, &fleet, now_ms, &faults);
    CHECK_INT(faults.count, 0);
}

static void test_control_characters_and_length(void)
{
    static const struct {
        const char *title;
        uint32_t faults;
    } rows[] = {{"abc", 0},
                {"a\tb", 1},
                {"a\xc2\x85 b", 1},
                {"\xff\xfe\xfd", 1},
                {"a\x7f"
                 "b",
                 1},
                {"\xe2\x82\xac 5", 0},
                {"", 1}};
    pool_of(100, 50);
    for (size_t i = 0; i < PL_LEN(rows); i++) {
        struct pl_launch l = tweet(1000, MINUTE_MS);
        strcpy(l.title, rows[i].title);
        struct pl_launch_faults faults = {0};
        pl_launch_check(&l, NULL, &fleet, now_ms, &faults);
        CHECK_INT(faults.count, rows[i].faults);
    }
}

/* ---- what it brings ---- */

/* 400,000 followers: 1 to 3 % come, 8 to 15 % of them in the worst minute, 10 requests each. */
static void test_the_tweet(void)
{
    pool_of(100, 50);
    struct pl_launch l = tweet(400000, 30 * MINUTE_MS);
    struct pl_launch_plan plan = estimate(&l);
    CHECK_NEAR(plan.visits.p50, 4000, 1e-6);
    CHECK_NEAR(plan.visits.p90, 12000, 1e-6);
    CHECK_NEAR(plan.peak.p50, 4000 * 0.08 / 60 * 10, 1e-6);
    CHECK_NEAR(plan.peak.p90, 12000 * 0.15 / 60 * 10, 1e-6);
    CHECK_INT(plan.peak_unix_ms, l.starts_unix_ms + 3 * MINUTE_MS);
    CHECK((plan.assumptions & 1u << PL_ASSUMED_CLICK_RATE) != 0);
    l.announce_unix_ms = l.starts_unix_ms - 10 * MINUTE_MS; // the tweet, not the shop's opening
    CHECK_INT(estimate(&l).peak_unix_ms, l.starts_unix_ms - 7 * MINUTE_MS);
}

/* The shares of the worst minute that the reference names. */
static void test_channels(void)
{
    static const struct {
        enum pl_launch_channel_type type;
        double share_p50, share_p90;
    } rows[] = {
        {PL_CHANNEL_X, 0.08, 0.15}, {PL_CHANNEL_EMAIL, 0.03, 0.06}, {PL_CHANNEL_TV, 0.2, 0.3}};
    pool_of(100, 50);
    for (size_t i = 0; i < PL_LEN(rows); i++) {
        struct pl_launch l = tweet(100000, 0);
        l.channels[0].type = rows[i].type;
        l.channels[0].click_ppm = 20000;
        struct pl_launch_plan plan = estimate(&l);
        CHECK_NEAR(plan.visits.p50, 2000, 1e-6);
        CHECK_NEAR(plan.peak.p50, 2000 * rows[i].share_p50 / 6, 1e-6);
        CHECK_NEAR(plan.peak.p90, 1.3 * 2000 * rows[i].share_p90 / 6, 1e-6);
        CHECK((plan.assumptions & 1u << PL_ASSUMED_CLICK_RATE) == 0);
        l.limited_stock = true; // first come, first served
        CHECK_NEAR(estimate(&l).peak.p50, 2000 * 0.4 / 6, 1e-6);
    }
}

/* All visits together are those that were announced. */
static void test_the_curve_holds_the_visits(void)
{
    pool_of(100, 50);
    struct pl_launch l = tweet(400000, 0);
    struct pl_launch_plan plan = estimate(&l);
    double p50 = 0, p90 = 0;
    CHECK_NEAR(pl_launch_load(&plan, l.starts_unix_ms).p90, 0, 0);
    CHECK_NEAR(pl_launch_load(&plan, l.starts_unix_ms - 1).p90, 0, 0);
    for (int s = 0; s < 5 * 3600; s++) {
        struct pl_load load = pl_launch_load(&plan, l.starts_unix_ms + s * 1000);
        CHECK(load.p90 <= plan.peak.p90 + 1e-9);
        p50 += load.p50 / 10;
        p90 += load.p90 / 10;
    }
    CHECK_NEAR(p50, 4000, 40);
    CHECK_NEAR(p90, 12000, 120);
}

static void test_who_knows_better(void)
{
    static const struct {
        enum pl_launch_expect expect;
        double expected, p50;
    } rows[] =
        {
            {PL_EXPECT_VISITORS, 1200, 200}, {PL_EXPECT_USERS, 600, 100},
            {PL_EXPECT_RATE, 150, 100},      {PL_EXPECT_MULTIPLIER, 3, 100},
            {PL_EXPECT_UNKNOWN, 0, 150}, // a giveaway: four times the usual, perhaps ten
        };
    pool_of(100, 50);
    for (size_t i = 0; i < PL_LEN(rows); i++) {
        struct pl_launch l = tweet(0, MINUTE_MS);
        l.channel_count = 0;
        l.expect = rows[i].expect;
        l.expected = rows[i].expected;
        struct pl_launch_plan plan = estimate(&l);
        CHECK_NEAR(plan.peak.p50, rows[i].p50, 1e-6);
        double spread = rows[i].expect == PL_EXPECT_UNKNOWN ? 3 : 1.3;
        CHECK_NEAR(plan.peak.p90, spread * rows[i].p50, 1e-6);
        CHECK_INT(plan.is_guess, rows[i].expect == PL_EXPECT_UNKNOWN);
    }
    struct pl_launch l = tweet(400000, MINUTE_MS); // the largest of all ways to tell counts
    l.expect = PL_EXPECT_RATE;
    l.expected = 60;
    CHECK_NEAR(estimate(&l).peak.p90, 300, 1e-6);
    l.past_event = rig_name_of("l-1");
    l.past_factor = 1.5;
    struct pl_launch_basis basis = {
        .unit = pool.unit, .traffic = &pool.traffic, .past_peak_per_s = 400};
    CHECK_NEAR(pl_launch_estimate(&l, &basis).peak.p50, 600, 1e-6);
}

/* ---- whether it holds ---- */

static void test_the_giveaway_on_two_front_ends(void)
{
    pool_of(250, 220); // 44 % each, headroom 12 %
    struct pl_launch l = tweet(400000, 30 * MINUTE_MS);
    struct pl_launch_verdict v = judge(&l, now_ms);
    CHECK_INT(v.colour, PL_VERDICT_BLACK);
    CHECK_NEAR(v.ceiling, 250, 1e-6);
    CHECK_NEAR(v.expected.p90, 520, 1e-6);
    CHECK_NEAR(v.ratio, 2.08, 1e-6);
    CHECK_INT(v.lead, PL_LEAD_NOW);
    CHECK_INT(v.has_limit, true);
    CHECK_INT(v.first_limit, PL_LEARNED_MEMORY);
    CHECK(v.full_unix_ms >= l.starts_unix_ms && v.full_unix_ms < l.starts_unix_ms + MINUTE_MS);
    /* 520 / 0.85 is 612 requests: three hosts, and one may be lost. */
    CHECK_INT(v.missing.more_hosts, 2);
    CHECK_NEAR(v.missing.each_factor, 520 / 0.85 / 250, 1e-6);
    REQUIRE(v.remedy_count == 4); // spreading is no help: there is no room for a part of it
    static const enum pl_remedy want[] = {PL_REMEDY_QUEUE, PL_REMEDY_DEGRADE, PL_REMEDY_HOSTS,
                                          PL_REMEDY_LARGER};
    for (uint32_t i = 0; i < v.remedy_count; i++) {
        CHECK_INT(v.remedies[i].remedy, want[i]);
        CHECK_INT(v.remedies[i].in_time, true);
        CHECK_INT(v.remedies[i].deadline_unix_ms <= l.starts_unix_ms, true);
    }
    CHECK_INT(v.remedies[0].consented, false);
    CHECK_INT(v.remedies[1].suffices, false);
    /* With hosts on their way it may start as planned; ten minutes before, it may not. */
    CHECK_INT(v.safe_start_unix_ms, l.starts_unix_ms);
    v = judge(&l, now_ms + 20 * MINUTE_MS);
    CHECK_INT(v.safe_start_unix_ms, l.starts_unix_ms + 15 * MINUTE_MS);
    CHECK_INT(v.remedies[v.remedy_count - 2].remedy, PL_REMEDY_MOVE);
    CHECK_INT(v.remedies[v.remedy_count - 1].in_time, false); // larger hosts take 20 minutes
}

static void test_colours(void)
{
    static const struct {
        double rate;
        int32_t minutes;
        enum pl_verdict_colour colour;
    } rows[] = {
        {60 / 1.3, 30, PL_VERDICT_GREEN},  {85 / 1.3, 30, PL_VERDICT_AMBER},
        {90 / 1.3, 30, PL_VERDICT_RED},    {149 / 1.3, 30, PL_VERDICT_RED},
        {151 / 1.3, 30, PL_VERDICT_BLACK}, {90 / 1.3, 5, PL_VERDICT_BLACK}, // nothing is in time
        {149 / 1.3, 12, PL_VERDICT_RED}, // hosts take six minutes, and five are to spare
    };
    for (size_t i = 0; i < PL_LEN(rows); i++) {
        pool_of(100, 0);
        struct pl_launch l = tweet(0, rows[i].minutes * MINUTE_MS);
        l.channel_count = 0;
        l.expect = PL_EXPECT_RATE;
        l.expected = rows[i].rate;
        CHECK_INT(judge(&l, now_ms).colour, rows[i].colour);
    }
}

static void test_what_is_not_known_is_said(void)
{
    pool_of(100, 10);
    pool.headroom.source = PL_CAPACITY_UNKNOWN;
    pool.headroom.gap = PL_GAP_SPAN;
    struct pl_launch l = tweet(400000, 30 * MINUTE_MS);
    struct pl_launch_verdict v = judge(&l, now_ms);
    CHECK_INT(v.colour, PL_VERDICT_UNKNOWN);
    CHECK_INT(v.gap, PL_GAP_SPAN);
    CHECK_NEAR(v.expected.p90, 310, 1e-6);
    CHECK_NEAR(v.ratio, 0, 0);
    pool_of(10000, 10); // plenty, but nobody knows what comes
    l.channel_count = 0;
    l.expect = PL_EXPECT_UNKNOWN;
    v = judge(&l, now_ms);
    CHECK_INT(v.colour, PL_VERDICT_AMBER);
    CHECK_INT(v.confidence, PL_CONFIDENCE_LOW);
}

static void test_consent_is_a_remedy_in_time(void)
{
    pool_of(100, 0);
    struct pl_launch l = tweet(0, 8 * MINUTE_MS);
    l.channel_count = 0;
    l.expect = PL_EXPECT_RATE;
    l.expected = 100;
    CHECK_INT(judge(&l, now_ms).colour, PL_VERDICT_BLACK);
    l.consents = 1u << PL_CONSENT_QUEUE_PAGE;
    CHECK_INT(judge(&l, now_ms).colour, PL_VERDICT_RED);
}

static void test_others_are_added(void)
{
    pool_of(300, 0);
    struct pl_launch l = tweet(200000, 30 * MINUTE_MS);
    struct pl_launch_plan plan = estimate(&l), other = estimate(&l);
    const struct pl_launch_plan *others[] = {&other};
    struct pl_launch_ground ground = {.pool = &pool,
                                      .fleet = &fleet,
                                      .act_ms = 20 * MINUTE_MS,
                                      .others = others,
                                      .other_count = 1};
    struct pl_launch_verdict both = pl_launch_judge(&l, &plan, &ground, now_ms);
    CHECK_INT(judge(&l, now_ms).colour, PL_VERDICT_GREEN);
    CHECK_NEAR(both.expected.p90, 300, 1e-6);
    CHECK_NEAR(both.others, 150, 1e-6);
    CHECK_INT(both.colour, PL_VERDICT_RED);
}

/* ---- two hundred cases on paper ---- */

/* One remedy as worked out by hand. */
struct on_paper {
    enum pl_remedy remedy;
    double minutes; // it takes
    bool in_time, suffices, consented;
};

/* What could be done so many minutes before, quickest first; of what takes as long, what is named
 * first. `ratio`: the peak of what one host takes; each of so many `parts` would fit alone. */
static int list_on_paper(struct on_paper out[PL_REMEDY_COUNT], double ratio, double parts,
                         const struct pl_launch *l, int minutes)
{
    int count = 0;
    bool asks = (l->consents & 1u << PL_CONSENT_QUEUE_PAGE) != 0;
    bool gives = (l->consents & ~(1u << PL_CONSENT_QUEUE_PAGE)) != 0;
    if (ratio <= 0.85) return 0;
    if (parts >= 2 && parts <= 24)
        out[count++] = (struct on_paper){PL_REMEDY_SPREAD, 1, true, true, true};
    out[count++] = (struct on_paper){PL_REMEDY_QUEUE, 2, minutes >= 7, true, asks};
    out[count++] =
        (struct on_paper){PL_REMEDY_DEGRADE, 5, minutes >= 10, ratio * 0.7 <= 0.85, gives};
    out[count++] = (struct on_paper){PL_REMEDY_HOSTS, 6, minutes >= 11, true, true};
    out[count++] = (struct on_paper){PL_REMEDY_LARGER, 20, minutes >= 25, true, true};
    int later = minutes >= 25 ? 0 : (25 - minutes + 4) / 5 * 5; // hosts are there, in steps of five
    struct on_paper move = {PL_REMEDY_MOVE, later, true, true, true};
    int at = later > 0 ? count++ : 0;
    for (; at > 0 && out[at - 1].minutes > later; at--) out[at] = out[at - 1];
    if (later > 0) out[at] = move;
    return count;
}

static enum pl_verdict_colour colour_on_paper(double ratio, const struct on_paper *list, int count)
{
    if (ratio <= 0.6) return PL_VERDICT_GREEN;
    if (ratio <= 0.85) return PL_VERDICT_AMBER;
    if (ratio > 1.5) return PL_VERDICT_BLACK;
    for (int i = 0; i < count; i++) {
        bool keeps = list[i].remedy != PL_REMEDY_SPREAD && list[i].remedy != PL_REMEDY_MOVE;
        if (keeps && list[i].in_time && list[i].suffices && list[i].consented)
            return PL_VERDICT_RED;
    }
    return PL_VERDICT_BLACK;
}

/* Two hundred pools, audiences, consents and notices: colour, shortfall, and every remedy in its
 * order, as arithmetic on paper has them. */
static void test_agrees_with_paper(void)
{
    struct pl_rng rng = pl_rng_init(7);
    int seen[PL_VERDICT_COUNT] = {0}, moved = 0, spread = 0;
    for (int i = 0; i < 200; i++) {
        double each = 50 + 500 * pl_rng_unit(&rng), usual = each * pl_rng_unit(&rng);
        int64_t audience = (int64_t)pl_rng_below(&rng, 600000);
        int minutes = (int)pl_rng_below(&rng, i % 2 == 0 ? 90 : 15);
        pool_of(each, usual);
        struct pl_launch l = tweet(audience, minutes * MINUTE_MS);
        l.consents = pl_rng_below(&rng, 4) == 0 ? 1u << pl_rng_below(&rng, PL_CONSENT_COUNT) : 0;
        struct pl_launch_verdict v = judge(&l, now_ms);

        double own = (double)audience * 0.03 * 0.15 / 6, peak = usual + own, ratio = peak / each;
        struct on_paper want[PL_REMEDY_COUNT];
        double room = 0.85 * each - usual, parts = room > 0 ? ceil(own / room) : 0;
        int count = list_on_paper(want, ratio, parts, &l, minutes);
        CHECK_INT(v.colour, colour_on_paper(ratio, want, count));
        CHECK_NEAR(v.ratio, ratio, 1e-9);
        seen[v.colour]++;
        double hosts = ratio > 0.85 ? ceil(peak / 0.85 / each) - 1 : 0;
        CHECK_NEAR(v.missing.more_hosts, hosts, 0);
        if (ratio > 0.85) CHECK_NEAR(v.missing.each_factor, peak / 0.85 / each, 1e-9);
        CHECK_INT(v.remedy_count, count);
        for (int k = 0; k < count && k < (int)v.remedy_count; k++) {
            const struct pl_remedy_option *got = &v.remedies[k];
            CHECK_TEXT(pl_remedy_word(got->remedy), pl_remedy_word(want[k].remedy));
            CHECK_NEAR((double)got->takes_ms / MINUTE_MS, want[k].minutes, 1e-9);
            CHECK_INT(got->in_time, want[k].in_time);
            CHECK_INT(got->suffices, want[k].suffices);
            CHECK_INT(got->consented, want[k].consented);
            moved += want[k].remedy == PL_REMEDY_MOVE;
            spread += want[k].remedy == PL_REMEDY_SPREAD;
        }
    }
    CHECK(seen[PL_VERDICT_GREEN] > 9 && seen[PL_VERDICT_AMBER] > 9 && seen[PL_VERDICT_RED] > 9 &&
          seen[PL_VERDICT_BLACK] > 9 && moved > 9 && spread > 9);
}

int main(void)
{
    RUN(test_faults_name_field_value_and_rule);
    RUN(test_what_is_good_passes);
    RUN(test_control_characters_and_length);
    RUN(test_the_tweet);
    RUN(test_channels);
    RUN(test_the_curve_holds_the_visits);
    RUN(test_who_knows_better);
    RUN(test_the_giveaway_on_two_front_ends);
    RUN(test_colours);
    RUN(test_what_is_not_known_is_said);
    RUN(test_consent_is_a_remedy_in_time);
    RUN(test_others_are_added);
    RUN(test_agrees_with_paper);
    return check_finish();
}
