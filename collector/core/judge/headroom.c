#include "collector/core/judge/headroom.h"

#include "common/base/base.h"

#include <math.h>

/* ---- what one host adds ---- */

/* Facts that decide what a machine can take; equal ones make one host like another. */
static bool is_like(const struct pl_host *a, const struct pl_host *b)
{
    static const enum pl_fact facts[] = {PL_FACT_CORES, PL_FACT_MEMORY, PL_FACT_CPU_LIMIT,
                                         PL_FACT_MEMORY_LIMIT};
    for (size_t i = 0; i < PL_LEN(facts); i++) {
        if (a->facts[facts[i]].value != b->facts[facts[i]].value) return false;
    }
    return a->facts[PL_FACT_CORES].value > 0;
}

static const struct pl_estimate *range_of(const struct pl_host *h, enum pl_traffic_source unit)
{
    const struct pl_host_capacity *a = &h->capacity.answer;
    return a->gap == PL_GAP_NONE && a->source == unit ? &a->per_s : NULL;
}

double pl_headroom_share(const struct pl_headroom *h, const struct pl_host *host)
{
    if (host->presence != PL_LIVE || h->usual_per_s <= 0) return 0;
    return host->traffic_mean_per_s / h->usual_per_s;
}

/* Capacity over share, by one of the three numbers of a range: the least and the second least. */
struct least {
    double first, second;
    uint32_t host; // of the first
};

static void least_add(struct least *l, double ratio, uint32_t host)
{
    if (l->host == PL_NO_INDEX || ratio < l->first) {
        l->second = l->host == PL_NO_INDEX ? (double)INFINITY : l->first;
        l->first = ratio;
        l->host = host;
    } else if (ratio < l->second) {
        l->second = ratio;
    }
}

struct survey {
    struct least p10, p50, p90;
    double largest_share;
};

/* ---- the pool ---- */

static void count_hosts(const struct pl_fleet *fleet, uint32_t pool, struct pl_headroom *out)
{
    double largest = 0;
    uint32_t host = fleet->pools[pool].first_host;
    for (; host != PL_NO_INDEX; host = fleet->hosts[host].next_peer) {
        const struct pl_host *h = &fleet->hosts[host];
        if (h->presence != PL_LIVE) continue;
        out->live_count++;
        out->usual_per_s += h->traffic_mean_per_s;
        if (h->traffic_mean_per_s <= largest) continue;
        largest = h->traffic_mean_per_s;
        out->busiest_host = host;
    }
    if (out->usual_per_s > 0) out->imbalance = largest * out->live_count / out->usual_per_s;
}

/* The live host of known capacity that is full first. */
static uint32_t tightest(const struct pl_fleet *fleet, uint32_t pool, const struct pl_headroom *h)
{
    struct least found = {.host = PL_NO_INDEX};
    uint32_t host = fleet->pools[pool].first_host;
    for (; host != PL_NO_INDEX; host = fleet->hosts[host].next_peer) {
        const struct pl_estimate *range = range_of(&fleet->hosts[host], h->unit);
        double share = pl_headroom_share(h, &fleet->hosts[host]);
        if (range && share > 0) least_add(&found, range->p50 / share, host);
    }
    return found.host;
}

/* False if the capacity of some host is not known. */
static bool survey_hosts(const struct pl_fleet *fleet, uint32_t pool, struct pl_headroom *out,
                         struct survey *s)
{
    uint32_t like = tightest(fleet, pool, out);
    uint32_t host = fleet->pools[pool].first_host;
    for (; host != PL_NO_INDEX; host = fleet->hosts[host].next_peer) {
        const struct pl_host *h = &fleet->hosts[host];
        if (h->presence != PL_LIVE) continue;
        double share = pl_headroom_share(out, h);
        s->largest_share = PL_MAX(s->largest_share, share);
        const struct pl_estimate *range = range_of(h, out->unit);
        if (!range) {
            if (like == PL_NO_INDEX || !is_like(h, &fleet->hosts[like])) {
                out->gap = h->capacity.answer.gap;
                if (out->gap == PL_GAP_NONE) out->gap = PL_GAP_NEW; // known in another unit
                out->gap_host = host;
                return false;
            }
            range = range_of(&fleet->hosts[like], out->unit);
            out->borrowed_count++;
        }
        if (share <= 0) continue; // it takes no part: nothing of the pool's end depends on it
        least_add(&s->p10, range->p10 / share, host);
        least_add(&s->p50, range->p50 / share, host);
        least_add(&s->p90, range->p90 / share, host);
    }
    return s->p50.host != PL_NO_INDEX;
}

/* Without host h, the least of the others' ratios once they have its share too. */
static double without(const struct least *l, uint32_t host, double share)
{
    return (1 - share) * (host == l->host ? l->second : l->first);
}

/* Whose loss leaves the least, by P50; the ranges of what is left then. */
static void survey_losses(const struct pl_fleet *fleet, uint32_t pool, struct pl_headroom *out,
                          const struct survey *s)
{
    double least = (double)INFINITY;
    uint32_t host = fleet->pools[pool].first_host;
    for (; host != PL_NO_INDEX; host = fleet->hosts[host].next_peer) {
        double share = pl_headroom_share(out, &fleet->hosts[host]);
        double left = without(&s->p50, host, share);
        if (share <= 0 || share >= 1 || left >= least) continue;
        least = left;
        out->lost_host = host;
        out->spare.p50 = left;
        out->spare.p10 = without(&s->p10, host, share);
        out->spare.p90 = without(&s->p90, host, share);
    }
}

static void learn(const struct pl_fleet *fleet, uint32_t pool, struct pl_headroom *out)
{
    static const struct least none = {.host = PL_NO_INDEX};
    struct survey s = {.p10 = none, .p50 = none, .p90 = none};
    out->gap = out->usual_per_s > 0 ? PL_GAP_NEW : PL_GAP_SOURCE;
    if (out->usual_per_s <= 0 || !survey_hosts(fleet, pool, out, &s)) return;
    out->gap = PL_GAP_NONE;
    out->source = PL_CAPACITY_LEARNED;
    out->whole = (struct pl_estimate){s.p10.first, s.p50.first, s.p90.first};
    out->uncertain = out->whole.p90 > PL_SURE_FACTOR * out->whole.p10;
    out->tight_host = s.p50.host;
    out->first_limit = fleet->hosts[s.p50.host].capacity.answer.first_limit;
    survey_losses(fleet, pool, out, &s);
}

/* Somebody said what the whole can take; the hosts are taken for equal to their shares. Before the
 * shares are known, every host counts as there: right after a start nobody was heard yet. */
static void configure(const struct pl_capacity *configured, const struct pl_pool *pool,
                      struct pl_headroom *out)
{
    double up = pool->host_count - pool->silent_count;
    bool knows = out->usual_per_s > 0 && up > 0;
    double per_s = configured->per_s * (knows ? up / pool->host_count : 1);
    double left = 1 - out->imbalance / PL_MAX(out->live_count, 1);
    out->source = PL_CAPACITY_CONFIGURED;
    out->gap = PL_GAP_NONE;
    out->uncertain = false;
    out->whole = (struct pl_estimate){per_s, per_s, per_s};
    out->spare = (struct pl_estimate){0};
    if (out->live_count < 2 || left <= 0 || !knows) return;
    out->lost_host = out->busiest_host;
    out->spare = (struct pl_estimate){per_s * left, per_s * left, per_s * left};
}

struct pl_headroom pl_headroom_survey(const struct pl_fleet *fleet, uint32_t pool,
                                      enum pl_traffic_source unit,
                                      const struct pl_capacity *configured, int64_t unix_ms)
{
    struct pl_headroom h = {.unix_ms = unix_ms,
                            .unit = unit,
                            .gap_host = PL_NO_INDEX,
                            .tight_host = PL_NO_INDEX,
                            .lost_host = PL_NO_INDEX,
                            .busiest_host = PL_NO_INDEX};
    count_hosts(fleet, pool, &h);
    learn(fleet, pool, &h);
    if (configured->source == PL_CAPACITY_CONFIGURED) {
        configure(configured, &fleet->pools[pool], &h);
    }
    return h;
}

void pl_headroom_traffic(struct pl_headroom *h, double per_s)
{
    double full = h->spare.p50 > 0 ? h->spare.p50 : h->whole.p50;
    h->traffic_per_s = per_s;
    h->headroom = full > 0 ? 1 - per_s / full : 0;
}

struct pl_capacity pl_headroom_capacity(const struct pl_headroom *h,
                                        const struct pl_capacity *configured)
{
    const struct pl_estimate *range = h->spare.p50 > 0 ? &h->spare : &h->whole;
    if (configured->source == PL_CAPACITY_CONFIGURED) {
        struct pl_capacity c = *configured;
        if (h->source == PL_CAPACITY_CONFIGURED) c.per_s = range->p50;
        return c;
    }
    if (h->source != PL_CAPACITY_LEARNED || range->p90 > PL_USABLE_FACTOR * range->p10)
        return (struct pl_capacity){.source = PL_CAPACITY_UNKNOWN};
    return (struct pl_capacity){
        .source = PL_CAPACITY_LEARNED, .per_s = range->p50, .uncertain = h->uncertain};
}

/* ---- what to buy ---- */

/* A resource of `host` so large that the traffic of its share of `per_s` fills it just so:
 * base + slope * load is of what there is; 0: it fits already. */
static double factor_for(const struct pl_host_capacity *a, double per_s)
{
    const struct pl_resource_capacity *r = &a->resource[a->first_limit];
    /* Its use grows with the traffic at least as its line says; per_s.p50 is where it is full. */
    double used = r->base + (r->limit - r->base) * per_s / r->per_s.p50;
    return used / r->limit;
}

/* Would a host take `per_s` if its first limit were out of the way? */
static bool others_take(const struct pl_host_capacity *a, double per_s)
{
    for (enum pl_learned r = 0; r < PL_LEARNED_COUNT; r++) {
        const struct pl_resource_capacity *other = &a->resource[r];
        if (r != a->first_limit && other->gap == PL_GAP_NONE && other->per_s.p50 < per_s)
            return false;
    }
    return true;
}

struct pl_shortfall pl_headroom_shortfall(const struct pl_headroom *h, const struct pl_fleet *fleet,
                                          double demanded_per_s)
{
    struct pl_shortfall s = {.known = h->source == PL_CAPACITY_LEARNED, .like_host = h->tight_host};
    double full = h->spare.p50 > 0 ? h->spare.p50 : 0;
    if (!s.known || demanded_per_s <= full) return s;
    const struct pl_host *tight = &fleet->hosts[h->tight_host];
    double share = pl_headroom_share(h, tight);
    double largest = h->imbalance / h->live_count;
    /* Each clone of the tightest has its ratio and share: C_n1 after k of them is
     * (1 + k share - largest share) C, whatever else is in the pool. */
    double hosts = ceil((demanded_per_s / h->whole.p50 - 1 + largest) / share);
    s.more_hosts = (uint32_t)PL_MAX(PL_MIN(hosts, PL_SHORTFALL_HOSTS_MAX), 1);
    const struct pl_host_capacity *a = &tight->capacity.answer;
    if (a->gap != PL_GAP_NONE || h->spare.p50 <= 0) return s;
    s.resource = a->first_limit;
    double needed = a->per_s.p50 * demanded_per_s / h->spare.p50; // of the tight host
    if (others_take(a, needed)) s.each_factor = factor_for(a, needed);
    return s;
}
