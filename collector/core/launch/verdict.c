#include "collector/core/launch/verdict.h"

#include "common/base/assert.h"

#include <math.h>

enum { HOUR_MS = 3600 * 1000, FULL_STEP_MS = 10 * 1000, PARTS_MAX = 24 };

/* ---- words ---- */

const char *pl_verdict_word(enum pl_verdict_colour colour)
{
    static const char *const words[] = {
#define X(colour, word) [colour] = (word),
        PL_VERDICT_LIST(X)
#undef X
    };
    PL_ASSERT(colour < PL_VERDICT_COUNT);
    return words[colour];
}

static const struct {
    const char *word;
    int32_t seconds;
    const char *text;
} remedies[] = {
#define X(remedy, word, seconds, text) [remedy] = {word, seconds, text},
    PL_REMEDY_LIST(X)
#undef X
};

const char *pl_remedy_word(enum pl_remedy remedy)
{
    PL_ASSERT(remedy < PL_REMEDY_COUNT);
    return remedies[remedy].word;
}

const char *pl_remedy_text(enum pl_remedy remedy)
{
    PL_ASSERT(remedy < PL_REMEDY_COUNT);
    return remedies[remedy].text;
}

const char *pl_confidence_word(enum pl_confidence confidence)
{
    switch (confidence) {
    case PL_CONFIDENCE_LOW: return "low";
    case PL_CONFIDENCE_MEDIUM: return "medium";
    case PL_CONFIDENCE_HIGH: return "high";
    }
    PL_UNREACHABLE("confidence");
}

const char *pl_lead_word(enum pl_lead lead)
{
    switch (lead) {
    case PL_LEAD_NOW: return "now";
    case PL_LEAD_RUSH: return "rush";
    case PL_LEAD_SHORT: return "short";
    case PL_LEAD_PLANNED: return "planned";
    }
    PL_UNREACHABLE("lead");
}

enum pl_verdict_colour pl_verdict_worse(enum pl_verdict_colour a, enum pl_verdict_colour b)
{
    return PL_MAX(a, b);
}

static enum pl_lead lead_of(int64_t lead_ms)
{
    if (lead_ms < HOUR_MS) return PL_LEAD_NOW;
    if (lead_ms < 24 * (int64_t)HOUR_MS) return PL_LEAD_RUSH;
    return lead_ms < 7 * 24 * (int64_t)HOUR_MS ? PL_LEAD_SHORT : PL_LEAD_PLANNED;
}

/* ---- load ---- */

/* What others add to the pool at that time. */
static struct pl_load load_of_others(const struct pl_launch_ground *ground, int64_t unix_ms)
{
    struct pl_load sum = {0};
    for (uint32_t i = 0; i < ground->other_count; i++) {
        struct pl_load load = pl_launch_load(ground->others[i], unix_ms);
        sum.p50 += load.p50;
        sum.p90 += load.p90;
    }
    return sum;
}

/* Everything there is at that time, the launch begun `later_ms` later than planned. */
static struct pl_load load_at(const struct pl_launch_plan *plan,
                              const struct pl_launch_ground *ground, int64_t unix_ms,
                              int64_t later_ms)
{
    bool assumed;
    double usual = pl_launch_usual(&ground->pool->traffic, unix_ms, &assumed);
    struct pl_load others = load_of_others(ground, unix_ms);
    struct pl_load own = pl_launch_load(plan, unix_ms - later_ms);
    return (struct pl_load){usual + others.p50 + own.p50, usual + others.p90 + own.p90};
}

/* The largest load while the launch lasts, looked for at its own peaks and those of the others. */
static struct pl_load worst_of(const struct pl_launch_plan *plan,
                               const struct pl_launch_ground *ground, int64_t later_ms,
                               int64_t *peak_unix_ms)
{
    struct pl_load worst = {0};
    *peak_unix_ms = plan->peak_unix_ms + later_ms;
    for (uint32_t i = 0; i < plan->burst_count; i++) {
        const struct pl_burst *b = &plan->bursts[i];
        int64_t at_ms = b->at_unix_ms + (int64_t)(b->rise_s * 1000) + later_ms;
        struct pl_load load = load_at(plan, ground, at_ms, later_ms);
        if (load.p90 <= worst.p90) continue;
        worst = load;
        *peak_unix_ms = at_ms;
    }
    for (uint32_t i = 0; i < ground->other_count; i++) {
        int64_t at_ms = ground->others[i]->peak_unix_ms;
        struct pl_load own = pl_launch_load(plan, at_ms - later_ms);
        struct pl_load load = load_at(plan, ground, at_ms, later_ms);
        if (own.p90 <= 0 || load.p90 <= worst.p90) continue; // not while this one lasts
        worst = load;
        *peak_unix_ms = at_ms;
    }
    if (plan->burst_count == 0) worst = load_at(plan, ground, *peak_unix_ms, later_ms);
    return worst;
}

/* When the load first reaches `ceiling`, at P90, between the first message and the peak. */
static int64_t full_at(const struct pl_launch_plan *plan, const struct pl_launch_ground *ground,
                       double ceiling, int64_t peak_unix_ms)
{
    int64_t step_ms = PL_MAX((peak_unix_ms - plan->begin_unix_ms) / 360, FULL_STEP_MS);
    for (int64_t at_ms = plan->begin_unix_ms; at_ms < peak_unix_ms; at_ms += step_ms) {
        if (load_at(plan, ground, at_ms, 0).p90 >= ceiling) return at_ms;
    }
    return peak_unix_ms;
}

/* ---- remedies ---- */

/* What is missing to bring `demanded` down to PL_RATIO_AMBER. A configured capacity knows no
 * resources; it is taken for hosts of equal size. */
static struct pl_shortfall missing_for(const struct pl_launch_ground *ground, double demanded)
{
    const struct pl_headroom *h = &ground->pool->headroom;
    double needed = demanded / PL_RATIO_AMBER;
    uint32_t tight = h->tight_host;
    bool there = tight < ground->fleet->slot_count && ground->fleet->hosts[tight].used;
    if (h->source == PL_CAPACITY_LEARNED && there && h->spare.p50 > 0)
        return pl_headroom_shortfall(h, ground->fleet, needed);
    struct pl_shortfall s = {.like_host = PL_NO_INDEX};
    if (h->source == PL_CAPACITY_UNKNOWN || h->live_count == 0) return s;
    double each = h->whole.p50 / h->live_count;
    double hosts = ceil(needed / each) + 1 - h->live_count; // one may be lost
    s.known = each > 0;
    s.more_hosts = (uint32_t)PL_MAX(PL_MIN(hosts, PL_SHORTFALL_HOSTS_MAX), 0);
    s.like_host = there ? tight : PL_NO_INDEX;
    return s;
}

static void offer(struct pl_launch_verdict *v, const struct pl_remedy_option *option,
                  int64_t begin_unix_ms, int64_t now_unix_ms)
{
    struct pl_remedy_option o = *option;
    bool decided = o.remedy == PL_REMEDY_SPREAD || o.remedy == PL_REMEDY_MOVE;
    o.deadline_unix_ms = begin_unix_ms;
    if (!decided) o.deadline_unix_ms -= o.takes_ms + PL_REMEDY_MARGIN_MS;
    o.in_time = now_unix_ms <= o.deadline_unix_ms;
    uint32_t at = v->remedy_count++;
    for (; at > 0 && v->remedies[at - 1].takes_ms > o.takes_ms; at--)
        v->remedies[at] = v->remedies[at - 1];
    v->remedies[at] = o;
}

/* Parts of an announcement, each so small that it is safe alone. */
static uint32_t parts_for(const struct pl_launch_verdict *v, double own_p90)
{
    double room = PL_RATIO_AMBER * v->ceiling - (v->expected.p90 - own_p90);
    if (room <= 0) return 0;
    double parts = ceil(own_p90 / room);
    return parts > PARTS_MAX ? 0 : (uint32_t)parts;
}

static void list_remedies(struct pl_launch_verdict *v, const struct pl_launch *l,
                          const struct pl_launch_plan *plan, const struct pl_launch_ground *ground,
                          int64_t now_unix_ms)
{
    double own_p90 = pl_launch_load(plan, v->peak_unix_ms).p90;
    uint32_t parts = parts_for(v, own_p90);
    uint32_t degradable = l->consents & ~(1u << PL_CONSENT_QUEUE_PAGE);
    double degraded = v->ratio * (1 - PL_DEGRADE_SAVES);
    const struct pl_remedy_option options[] = {
        {.remedy = PL_REMEDY_SPREAD, .suffices = parts > 1, .consented = true, .parts = parts},
        {.remedy = PL_REMEDY_QUEUE,
         .suffices = true,
         .consented = (l->consents & 1u << PL_CONSENT_QUEUE_PAGE) != 0},
        {.remedy = PL_REMEDY_DEGRADE,
         .suffices = degraded <= PL_RATIO_AMBER,
         .consented = degradable != 0},
        {.remedy = PL_REMEDY_HOSTS, .suffices = v->missing.known, .consented = true},
        {.remedy = PL_REMEDY_LARGER, .suffices = v->missing.each_factor > 1, .consented = true},
        {.remedy = PL_REMEDY_MOVE,
         .suffices = v->safe_start_unix_ms > plan->begin_unix_ms,
         .consented = true},
    };
    for (size_t i = 0; i < PL_LEN(options); i++) {
        struct pl_remedy_option o = options[i];
        int64_t seconds = remedies[o.remedy].seconds;
        o.takes_ms = seconds > 0 ? seconds * 1000 : ground->act_ms;
        if (o.remedy == PL_REMEDY_MOVE) o.takes_ms = v->safe_start_unix_ms - plan->begin_unix_ms;
        if (o.remedy == PL_REMEDY_SPREAD && parts < 2) continue;
        if (o.remedy == PL_REMEDY_LARGER && !o.suffices) continue;
        if (o.remedy == PL_REMEDY_HOSTS && v->missing.known && v->missing.more_hosts == 0) continue;
        if (o.remedy == PL_REMEDY_MOVE && !o.suffices) continue;
        offer(v, &o, plan->begin_unix_ms, now_unix_ms);
    }
    v->assumptions |= 1u << PL_ASSUMED_REMEDY_TIMES;
}

/* The first time at which everything together stays under PL_RATIO_AMBER: as the pool is, or once
 * the hosts that are missing have come. */
static int64_t safe_start(const struct pl_launch_verdict *v, const struct pl_launch_plan *plan,
                          const struct pl_launch_ground *ground, int64_t now_unix_ms)
{
    int64_t first_ms = PL_MAX(plan->begin_unix_ms, now_unix_ms);
    int64_t built_ms = now_unix_ms + ground->act_ms + PL_REMEDY_MARGIN_MS;
    for (int64_t at_ms = first_ms; at_ms <= first_ms + PL_SAFE_START_AHEAD_MS;
         at_ms += PL_SAFE_START_STEP_MS) {
        int64_t peak_ms;
        struct pl_load worst = worst_of(plan, ground, at_ms - plan->begin_unix_ms, &peak_ms);
        if (worst.p90 <= PL_RATIO_AMBER * v->ceiling) return at_ms;
        if (v->missing.known && at_ms >= built_ms) return at_ms;
    }
    return 0;
}

/* ---- the verdict ---- */

static enum pl_confidence confidence_of(const struct pl_launch *l,
                                        const struct pl_launch_plan *plan,
                                        const struct pl_headroom *h)
{
    if (h->uncertain || plan->is_guess) return PL_CONFIDENCE_LOW;
    bool guessed = (plan->assumptions & 1u << PL_ASSUMED_CLICK_RATE) != 0;
    bool said = l->expect == PL_EXPECT_RATE || l->past_event.len > 0;
    return said && !guessed ? PL_CONFIDENCE_HIGH : PL_CONFIDENCE_MEDIUM;
}

/* Is anything that is enough still in time, without asking anybody? */
static bool can_be_saved(const struct pl_launch_verdict *v)
{
    for (uint32_t i = 0; i < v->remedy_count; i++) {
        const struct pl_remedy_option *o = &v->remedies[i];
        bool keeps_plan = o->remedy != PL_REMEDY_MOVE && o->remedy != PL_REMEDY_SPREAD;
        if (keeps_plan && o->in_time && o->suffices && o->consented) return true;
    }
    return false;
}

static enum pl_verdict_colour colour_of(const struct pl_launch_verdict *v)
{
    if (v->ratio > PL_RATIO_RED) return PL_VERDICT_BLACK;
    if (v->ratio > PL_RATIO_AMBER) return can_be_saved(v) ? PL_VERDICT_RED : PL_VERDICT_BLACK;
    if (v->ratio > PL_RATIO_GREEN) return PL_VERDICT_AMBER;
    return v->confidence == PL_CONFIDENCE_LOW ? PL_VERDICT_AMBER : PL_VERDICT_GREEN;
}

struct pl_launch_verdict pl_launch_judge(const struct pl_launch *l,
                                         const struct pl_launch_plan *plan,
                                         const struct pl_launch_ground *ground, int64_t now_unix_ms)
{
    const struct pl_headroom *h = &ground->pool->headroom;
    struct pl_launch_verdict v = {.unit = ground->pool->unit,
                                  .assumptions = plan->assumptions,
                                  .tight_host = h->tight_host,
                                  .begin_unix_ms = plan->begin_unix_ms,
                                  .lead_ms = plan->begin_unix_ms - now_unix_ms,
                                  .confidence = confidence_of(l, plan, h)};
    v.lead = lead_of(v.lead_ms);
    bool assumed;
    v.expected = worst_of(plan, ground, 0, &v.peak_unix_ms);
    v.usual = pl_launch_usual(&ground->pool->traffic, v.peak_unix_ms, &assumed);
    if (assumed) v.assumptions |= 1u << PL_ASSUMED_USUAL;
    v.others = load_of_others(ground, v.peak_unix_ms).p90;
    v.single_host = h->live_count == 1;
    v.ceiling = v.single_host ? h->whole.p50 : h->spare.p50;
    if (h->unix_ms == 0 || h->source == PL_CAPACITY_UNKNOWN || v.ceiling <= 0) {
        v.colour = PL_VERDICT_UNKNOWN;
        v.confidence = PL_CONFIDENCE_LOW;
        v.ceiling = 0;
        v.gap = h->unix_ms == 0 ? PL_GAP_NEW : h->gap;
        return v;
    }
    v.has_limit = h->source == PL_CAPACITY_LEARNED;
    v.first_limit = h->first_limit;
    v.ratio = v.expected.p90 / v.ceiling;
    if (v.ratio >= 1) v.full_unix_ms = full_at(plan, ground, v.ceiling, v.peak_unix_ms);
    if (v.ratio > PL_RATIO_AMBER) {
        v.missing = missing_for(ground, v.expected.p90);
        v.safe_start_unix_ms = safe_start(&v, plan, ground, now_unix_ms);
        list_remedies(&v, l, plan, ground, now_unix_ms);
    } else {
        v.safe_start_unix_ms = PL_MAX(plan->begin_unix_ms, now_unix_ms);
    }
    v.colour = colour_of(&v);
    return v;
}
