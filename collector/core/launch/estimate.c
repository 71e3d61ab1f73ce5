#include "collector/core/launch/estimate.h"

#include "common/base/assert.h"

#include <math.h>

/* A visit where nobody said more, see PL_ASSUMED_VISIT. */
enum { PAGES = 2, REQUESTS_PER_PAGE = 5, CONNECTIONS_PER_VISIT = 2, SEGMENTS_PER_REQUEST = 10 };
enum { THINKING_S = 30, RISE_EXPECTED_S = 180 };
#define SPREAD          1.3 // worst case over what somebody expects
#define ALL_AT_ONCE_P50 0.4 // part of all visits in the worst minute when stock is limited
#define ALL_AT_ONCE_P90 0.6

static const struct guess {
    int32_t click_p50_ppm, click_p90_ppm, share_p50_percent, share_p90_percent, rise_minutes;
} guesses[PL_CHANNEL_COUNT] = {
#define X(type, word, click50, click90, share50, share90, rise)                                    \
    [type] = {click50, click90, share50, share90, rise},
    PL_LAUNCH_CHANNEL_LIST(X)
#undef X
};

/* How many times the usual an event of that kind brings, if nobody can say more. */
static const struct pl_load multipliers[PL_LAUNCH_KIND_COUNT] = {
    [PL_LAUNCH_GIVEAWAY] = {4, 10},     [PL_LAUNCH_SALE] = {3, 8},
    [PL_LAUNCH_TICKETS] = {8, 20},      [PL_LAUNCH_PRODUCT] = {2.5, 6},
    [PL_LAUNCH_PRESS] = {5, 15},        [PL_LAUNCH_NEWSLETTER] = {1.8, 4},
    [PL_LAUNCH_STREAM] = {3, 8},        [PL_LAUNCH_GO_LIVE] = {1.5, 3},
    [PL_LAUNCH_LOAD_TEST] = {3, 8},     [PL_LAUNCH_PEN_TEST] = {1.2, 2},
    [PL_LAUNCH_MAINTENANCE] = {1, 1.2}, [PL_LAUNCH_OTHER] = {3, 8},
};

const char *pl_launch_assumption_text(enum pl_launch_assumption assumption)
{
    static const char *const texts[] = {
#define X(id, text) [id] = (text),
        PL_LAUNCH_ASSUMPTION_LIST(X)
#undef X
    };
    PL_ASSERT(assumption < PL_ASSUMPTION_COUNT);
    return texts[assumption];
}

static void assume(struct pl_launch_plan *plan, enum pl_launch_assumption assumption)
{
    plan->assumptions |= 1u << assumption;
}

double pl_launch_usual(const struct pl_traffic *traffic, int64_t unix_ms, bool *assumed)
{
    double usual = pl_baseline_at(&traffic->baseline, unix_ms);
    *assumed = usual < 0;
    return usual < 0 ? traffic->ladder.level[PL_RUNG_4MIN] : usual;
}

/* Units of traffic that one visit costs the front ends. */
static double visit_cost(const struct pl_launch *l, enum pl_traffic_source unit,
                         struct pl_launch_plan *plan)
{
    bool said = l->pages_per_visit > 0 && l->requests_per_page > 0;
    double pages = l->pages_per_visit > 0 ? l->pages_per_visit : PAGES;
    double requests = l->requests_per_page > 0 ? l->requests_per_page : REQUESTS_PER_PAGE;
    bool cached = l->has_cdn && l->cacheable_percent > 0;
    if (!said || unit != PL_SOURCE_REQUESTS) assume(plan, PL_ASSUMED_VISIT);
    if (!cached) assume(plan, PL_ASSUMED_NO_CACHE);
    double reaching = cached ? 1 - l->cacheable_percent / 100.0 : 1;
    switch (unit) {
    case PL_SOURCE_REQUESTS: return pages * requests * reaching;
    case PL_SOURCE_SEGMENTS: return pages * requests * reaching * SEGMENTS_PER_REQUEST;
    case PL_SOURCE_NONE:
    case PL_SOURCE_CONNECTIONS: return CONNECTIONS_PER_VISIT * reaching;
    case PL_SOURCE_COUNT: break;
    }
    PL_UNREACHABLE("unit of traffic");
}

/* The fall after a straight rise that leaves `visits` in all, of which `share` come in the worst
 * minute: rise / 2 + fall = 60 / share seconds' worth of the peak. */
static double fall_s(double share, double rise_s)
{
    return PL_MAX(60 / share - rise_s / 2, 60);
}

static void add_channel(struct pl_launch_plan *plan, const struct pl_launch *l,
                        const struct pl_launch_channel *c, const struct pl_launch_basis *basis,
                        double cost)
{
    const struct guess *g = &guesses[c->type];
    double learned = basis->learned[c->type] > 0 ? basis->learned[c->type] : 1;
    struct pl_load click = {learned * g->click_p50_ppm / 1e6, learned * g->click_p90_ppm / 1e6};
    if (c->click_ppm >= 0)
        click = (struct pl_load){c->click_ppm / 1e6, SPREAD * c->click_ppm / 1e6};
    else
        assume(plan, basis->learned[c->type] > 0 ? PL_ASSUMED_AS_BEFORE : PL_ASSUMED_CLICK_RATE);
    assume(plan, PL_ASSUMED_PEAK_SHARE);
    struct pl_load share = {g->share_p50_percent / 100.0, g->share_p90_percent / 100.0};
    if (l->limited_stock || l->kind == PL_LAUNCH_TICKETS) {
        share.p50 = PL_MAX(share.p50, ALL_AT_ONCE_P50);
        share.p90 = PL_MAX(share.p90, ALL_AT_ONCE_P90);
    }
    double audience = (double)c->audience;
    struct pl_load visits = {audience * PL_MIN(click.p50, 1), audience * PL_MIN(click.p90, 1)};
    double rise_s = l->limited_stock ? 60 : 60.0 * g->rise_minutes;
    plan->visits.p50 += visits.p50;
    plan->visits.p90 += visits.p90;
    plan->bursts[plan->burst_count++] = (struct pl_burst){
        .at_unix_ms = c->send_unix_ms > 0 ? c->send_unix_ms : pl_launch_begins_unix_ms(l),
        .rise_s = rise_s,
        .peak = {visits.p50 * share.p50 / 60 * cost, visits.p90 * share.p90 / 60 * cost},
        .fall_s = {fall_s(share.p50, rise_s), fall_s(share.p90, rise_s)}};
}

struct pl_load pl_launch_kind_adds(enum pl_launch_kind kind)
{
    return (struct pl_load){multipliers[kind].p50 - 1, multipliers[kind].p90 - 1};
}

/* What nobody knows anything of, but for events of that customer. */
static struct pl_load of_kind(enum pl_launch_kind kind, double usual, double learned,
                              struct pl_launch_plan *plan)
{
    struct pl_load adds = pl_launch_kind_adds(kind);
    double times = learned > 0 ? learned : 1;
    plan->is_guess = learned <= 0;
    assume(plan, learned > 0 ? PL_ASSUMED_AS_BEFORE : PL_ASSUMED_MULTIPLIER);
    return (struct pl_load){usual * times * adds.p50, usual * times * adds.p90};
}

/* The peak somebody expects of the launch alone, in the pool's unit; 0: nobody said. */
static struct pl_load expected(const struct pl_launch *l, const struct pl_launch_basis *basis,
                               double cost, struct pl_launch_plan *plan)
{
    bool assumed;
    double usual = pl_launch_usual(basis->traffic, pl_launch_begins_unix_ms(l), &assumed);
    double more = 0;
    if (l->expect != PL_EXPECT_NOTHING && l->expect != PL_EXPECT_UNKNOWN)
        assume(plan, PL_ASSUMED_SPREAD);
    switch (l->expect) {
    case PL_EXPECT_NOTHING: break;
    case PL_EXPECT_UNKNOWN:
        if (l->channel_count > 0) break;
        return of_kind(l->kind, usual, basis->learned_kind, plan);
    case PL_EXPECT_VISITORS: more = l->expected / 60 * cost; break;
    case PL_EXPECT_USERS: more = l->expected / THINKING_S * cost / PAGES; break;
    case PL_EXPECT_RATE: more = PL_MAX(l->expected - usual, 0); break;
    case PL_EXPECT_MULTIPLIER: more = PL_MAX(l->expected - 1, 0) * usual; break;
    case PL_EXPECT_COUNT: PL_UNREACHABLE("expectation");
    }
    if (l->past_event.len > 0 && basis->past_peak_per_s > 0) {
        assume(plan, PL_ASSUMED_SPREAD);
        more = PL_MAX(more, basis->past_peak_per_s * l->past_factor);
    }
    return (struct pl_load){more, SPREAD * more};
}

struct pl_load pl_launch_load(const struct pl_launch_plan *plan, int64_t unix_ms)
{
    struct pl_load sum = {0};
    for (uint32_t i = 0; i < plan->burst_count; i++) {
        const struct pl_burst *b = &plan->bursts[i];
        double s = (double)(unix_ms - b->at_unix_ms) / 1000;
        if (s <= 0) continue;
        if (s <= b->rise_s) {
            sum.p50 += b->peak.p50 * s / b->rise_s;
            sum.p90 += b->peak.p90 * s / b->rise_s;
            continue;
        }
        sum.p50 += b->peak.p50 * exp(-(s - b->rise_s) / b->fall_s.p50);
        sum.p90 += b->peak.p90 * exp(-(s - b->rise_s) / b->fall_s.p90);
    }
    return sum;
}

/* A sum of bursts is largest at the peak of one of them. */
static void find_peak(struct pl_launch_plan *plan)
{
    for (uint32_t i = 0; i < plan->burst_count; i++) {
        const struct pl_burst *b = &plan->bursts[i];
        int64_t at_ms = b->at_unix_ms + (int64_t)(b->rise_s * 1000);
        struct pl_load load = pl_launch_load(plan, at_ms);
        if (i > 0 && load.p90 <= plan->peak.p90) continue;
        plan->peak = load;
        plan->peak_unix_ms = at_ms;
    }
}

struct pl_launch_plan pl_launch_estimate(const struct pl_launch *l,
                                         const struct pl_launch_basis *basis)
{
    struct pl_launch_plan plan = {.begin_unix_ms = pl_launch_begins_unix_ms(l)};
    double cost = visit_cost(l, basis->unit, &plan);
    for (uint32_t i = 0; i < l->channel_count; i++) {
        add_channel(&plan, l, &l->channels[i], basis, cost);
        plan.begin_unix_ms = PL_MIN(plan.begin_unix_ms, plan.bursts[i].at_unix_ms);
    }
    find_peak(&plan);
    struct pl_load said = expected(l, basis, cost, &plan);
    if (said.p90 > plan.peak.p90) { // the largest of all ways to tell counts
        double hold_s = (double)(l->ends_unix_ms - l->starts_unix_ms) / 4000;
        plan.burst_count = 1;
        plan.bursts[0] = (struct pl_burst){.at_unix_ms = plan.begin_unix_ms,
                                           .rise_s = RISE_EXPECTED_S,
                                           .peak = said,
                                           .fall_s = {PL_MAX(hold_s, 60), PL_MAX(hold_s, 60)}};
        find_peak(&plan);
    }
    if (plan.burst_count == 0) plan.peak_unix_ms = plan.begin_unix_ms;
    return plan;
}

/* As it was said, but for what is known better than by guessing. */
static struct pl_launch audiences_of(const struct pl_launch *l)
{
    struct pl_launch only = *l;
    only.expect = PL_EXPECT_NOTHING;
    only.past_event.len = 0;
    for (uint32_t i = 0; i < only.channel_count; i++) only.channels[i].click_ppm = -1;
    return only;
}

void pl_launch_shares(const struct pl_launch *l, double shares[PL_CHANNEL_COUNT])
{
    struct pl_launch only = audiences_of(l);
    struct pl_launch_plan plan = {0};
    const struct pl_launch_basis nothing = {0};
    double sum = 0;
    memset(shares, 0, PL_CHANNEL_COUNT * sizeof shares[0]);
    for (uint32_t i = 0; i < only.channel_count; i++) {
        add_channel(&plan, &only, &only.channels[i], &nothing, 1);
        shares[only.channels[i].type] += plan.bursts[i].peak.p50;
        sum += plan.bursts[i].peak.p50;
    }
    for (int t = 0; t < PL_CHANNEL_COUNT && sum > 0; t++) shares[t] /= sum;
}

double pl_launch_guess(const struct pl_launch *l, const struct pl_launch_basis *basis)
{
    struct pl_launch only = audiences_of(l);
    struct pl_launch_basis nothing = {.unit = basis->unit, .traffic = basis->traffic};
    return pl_launch_estimate(&only, &nothing).peak.p50;
}
