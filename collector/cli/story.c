#include "collector/cli/story.h"

#include <math.h>

/* A sample that stands for so long is told as it is; a shorter one as part of eight seconds. */
static const double whole_sample_s = 8;
/* Traffic under this share of the capacity is over no more; in between it may flicker. */
static const double back_under = 0.95;
/* Over a hole in the recording nobody knows whether traffic was over: a sample stands for no more.
 */
static const double over_gap_s = 600;
/* An approach ends when the level has left this share of its peak. */
static const double approach_left = 0.8;

void pl_story_init(struct pl_story *s, int64_t from_unix_ms)
{
    *s = (struct pl_story){.from_unix_ms = from_unix_ms};
}

static struct pl_story_pool *pool_of(struct pl_story *s, const struct pl_engine *engine,
                                     uint32_t index)
{
    if (index >= PL_STORY_POOLS_MAX) return NULL;
    for (; s->pool_count <= index; s->pool_count++) {
        const struct pl_pool *pool = &pl_engine_fleet(engine)->pools[s->pool_count];
        s->pools[s->pool_count] = (struct pl_story_pool){
            .name = pool->name, .rules = *pl_engine_rules(engine, s->pool_count), .unit = ""};
    }
    return &s->pools[index];
}

/* ---- the series ---- */

static void widen(struct pl_story_pool *p)
{
    for (uint32_t i = 0; i < PL_STORY_BUCKETS; i++) {
        struct pl_story_bucket cell = p->buckets[i];
        p->buckets[i] = (struct pl_story_bucket){0};
        struct pl_story_bucket *into = &p->buckets[i / 2];
        into->sum += cell.sum;
        into->count += cell.count;
        into->max = PL_MAX(into->max, cell.max);
    }
    p->bucket_ms *= 2;
    p->bucket_count = (p->bucket_count + 1) / 2;
}

static void add_value(struct pl_story_pool *p, double value, int64_t unix_ms)
{
    if (p->bucket_ms == 0) {
        p->bucket_ms = 1000;
        p->begin_unix_ms = unix_ms;
    }
    int64_t since_ms = PL_MAX(unix_ms - p->begin_unix_ms, 0);
    while (since_ms / p->bucket_ms >= PL_STORY_BUCKETS) widen(p);
    uint32_t at = (uint32_t)(since_ms / p->bucket_ms);
    struct pl_story_bucket *cell = &p->buckets[at];
    cell->sum += value;
    cell->count++;
    cell->max = PL_MAX(cell->max, value);
    p->bucket_count = PL_MAX(p->bucket_count, at + 1);
}

static void raise_peak(struct pl_story_peak *peak, double value, int64_t unix_ms)
{
    if (peak->unix_ms != 0 && value <= peak->value) return;
    *peak = (struct pl_story_peak){value, unix_ms};
}

/* ---- crossings ---- */

/* When the first of the pages that are open was opened; 0: none is. */
static int64_t paged_since(const struct pl_story_pool *p)
{
    for (uint32_t i = 0; i < p->mark_count; i++) {
        const struct pl_story_mark *mark = &p->marks[i];
        if (mark->tier == PL_TIER_PAGE && mark->closed_unix_ms == 0) return mark->opened_unix_ms;
    }
    return 0;
}

static void begin_crossing(struct pl_story_pool *p, int64_t unix_ms)
{
    if (p->crossing_count == PL_STORY_CROSSINGS_MAX) {
        p->crossings_left_out++;
        return;
    }
    p->crossings[p->crossing_count++] = (struct pl_story_crossing){unix_ms, paged_since(p)};
}

static void follow_capacity(struct pl_story_pool *p, const struct pl_ladder *l, double capacity,
                            int64_t unix_ms)
{
    bool whole = l->interval_s >= whole_sample_s;
    double now = whole ? l->newest : l->level[PL_RUNG_8S];
    bool was_over = p->is_over;
    p->is_over = now >= capacity || (was_over && now >= back_under * capacity);
    if (p->is_over && !was_over) {
        bool is_new = p->over_unix_ms == 0 || unix_ms - p->over_unix_ms > PL_STORY_PAUSE_MS;
        if (is_new) begin_crossing(p, unix_ms);
    }
    if (!p->is_over) return;
    p->over_ms += (int64_t)(fmin(l->interval_s, over_gap_s) * 1000);
    p->over_unix_ms = unix_ms;
}

/* ---- near misses ---- */

void pl_story_numbers_take(const struct pl_engine *engine, uint32_t pool,
                           struct pl_story_numbers *out)
{
    const struct pl_saturation *s = pl_engine_saturation(engine, pool);
    const struct pl_traffic *t = &s->traffic;
    bool known = s->capacity.source != PL_CAPACITY_UNKNOWN;
    double expected = PL_MAX(pl_traffic_ratio(t), 0) * t->baseline.ahead_peak;
    *out = (struct pl_story_numbers){.capacity = known ? s->capacity.per_s : 0,
                                     .traffic = t->ladder.level[PL_RUNG_30S],
                                     .used = s->finding.used,
                                     .growth = pl_traffic_swell(t) * 3600,
                                     .known_s = t->ladder.known_s,
                                     .expected = known ? expected / s->capacity.per_s : 0,
                                     .finding = s->finding,
                                     .forecast = pl_saturation_forecast(s)};
}

/* What was open and made no page was a miss; the nearest one is kept. */
static void close_miss(struct pl_story_pool *p, enum pl_rule rule)
{
    struct pl_story_miss *open = &p->open_misses[rule];
    if (open->known && open->nearness > p->misses[rule].nearness) p->misses[rule] = *open;
    *open = (struct pl_story_miss){0};
}

static void follow_approach(struct pl_story_pool *p, const struct pl_engine *engine, uint32_t pool,
                            int64_t unix_ms)
{
    struct pl_story_miss *open = &p->open_misses[PL_RULE_SATURATION];
    struct pl_story_numbers n;
    pl_story_numbers_take(engine, pool, &n);
    if (n.capacity <= 0 || n.used <= 0) return;
    if (pl_alert_pages(pl_engine_alert(engine, pool * PL_RULE_COUNT + PL_RULE_SATURATION))) return;
    if (open->known && n.used < approach_left * open->nearness) close_miss(p, PL_RULE_SATURATION);
    if (open->known && n.used <= open->nearness) return;
    *open = (struct pl_story_miss){true, unix_ms, n.used, {0}, n};
}

/* How much of the way to a page an alert about hosts has come: over the level, and of its hold
 * time. */
static double nearness_of(const struct pl_alert *a, int64_t unix_ms)
{
    const struct pl_finding *f = &a->finding;
    double level = f->level_bp > 0 ? (double)f->value_bp / f->level_bp : 0;
    if (f->tier == PL_TIER_PAGE && f->hold_ms > 0)
        return fmin((double)(unix_ms - f->since_unix_ms) / (double)f->hold_ms, 0.999);
    return fmin(level / 2, 0.5); // only a warning, however far over that level
}

static void follow_pending(struct pl_story_pool *p, const struct pl_alert *a, int64_t unix_ms)
{
    struct pl_story_miss *open = &p->open_misses[a->rule];
    bool warns = a->state == PL_ALERT_FIRING && a->tier == PL_TIER_WARN;
    if (a->state != PL_ALERT_PENDING && !warns) {
        if (!pl_alert_pages(a)) close_miss(p, a->rule);
        return;
    }
    double nearness = nearness_of(a, unix_ms);
    if (open->known && nearness <= open->nearness) return;
    *open = (struct pl_story_miss){
        .known = true, .unix_ms = unix_ms, .nearness = nearness, .alert = *a};
}

/* ---- looking and hearing ---- */

static void look_at_hosts(struct pl_story_pool *p, const struct pl_engine *engine, uint32_t pool,
                          int64_t unix_ms)
{
    const struct pl_fleet *fleet = pl_engine_fleet(engine);
    for (uint32_t i = fleet->pools[pool].first_host; i != PL_NO_INDEX;
         i = fleet->hosts[i].next_peer) {
        const struct pl_host *host = &fleet->hosts[i];
        if (host->presence != PL_LIVE) continue;
        for (enum pl_resource r = 0; r < PL_RESOURCE_COUNT; r++) {
            double share = pl_host_used_bp(host, r) / 10000.0;
            if (p->resource.unix_ms != 0 ? share <= p->resource.value : share < 0) continue;
            raise_peak(&p->resource, share, unix_ms);
            p->resource_kind = r;
            p->resource_host = host->name;
        }
    }
}

static void look_at_pool(struct pl_story *s, const struct pl_engine *engine, uint32_t pool,
                         struct pl_now now)
{
    struct pl_story_pool *p = pool_of(s, engine, pool);
    if (!p) return;
    const struct pl_saturation *saturation = pl_engine_saturation(engine, pool);
    const struct pl_ladder *l = &saturation->traffic.ladder;
    bool known = saturation->capacity.source != PL_CAPACITY_UNKNOWN;
    p->capacity = known ? saturation->capacity.per_s : 0;
    p->unit = pl_traffic_unit(saturation->unit);
    look_at_hosts(p, engine, pool, now.unix_ms);
    for (enum pl_rule rule = 0; rule < PL_RULE_COUNT; rule++) {
        if (rule == PL_RULE_SATURATION) continue;
        follow_pending(p, pl_engine_alert(engine, pool * PL_RULE_COUNT + rule), now.unix_ms);
    }
    if (!l->started || l->unix_ms == p->round_unix_ms) return;
    p->round_unix_ms = l->unix_ms;
    add_value(p, l->newest, l->unix_ms);
    raise_peak(&p->traffic, l->newest, l->unix_ms);
    if (known) follow_capacity(p, l, p->capacity, l->unix_ms);
    follow_approach(p, engine, pool, l->unix_ms);
}

void pl_story_look(struct pl_story *s, const struct pl_engine *engine, struct pl_now now)
{
    if (now.unix_ms < s->from_unix_ms) return;
    if (s->begin_unix_ms == 0) s->begin_unix_ms = now.unix_ms;
    s->end_unix_ms = now.unix_ms;
    uint32_t count = pl_engine_fleet(engine)->pool_count;
    s->pools_left_out = count > PL_STORY_POOLS_MAX ? count - PL_STORY_POOLS_MAX : 0;
    for (uint32_t pool = 0; pool < count; pool++) look_at_pool(s, engine, pool, now);
}

static void open_mark(struct pl_story_pool *p, const struct pl_alert *alert, int64_t unix_ms)
{
    bool is_page = alert->tier == PL_TIER_PAGE;
    p->page_count += is_page;
    p->warn_count += !is_page;
    if (is_page) p->open_misses[alert->rule] = (struct pl_story_miss){0}; // it was none
    struct pl_story_crossing *last =
        p->crossing_count > 0 ? &p->crossings[p->crossing_count - 1] : NULL;
    if (is_page && p->is_over && last && last->paged_unix_ms == 0) last->paged_unix_ms = unix_ms;
    if (p->mark_count == PL_STORY_MARKS_MAX) {
        p->marks_left_out++;
        return;
    }
    p->marks[p->mark_count++] = (struct pl_story_mark){
        .opened_unix_ms = unix_ms, .tier = alert->tier, .rule = alert->rule, .alert = *alert};
}

static void close_marks(struct pl_story_pool *p, enum pl_rule rule, int64_t unix_ms)
{
    for (uint32_t i = 0; i < p->mark_count; i++) {
        struct pl_story_mark *mark = &p->marks[i];
        if (mark->rule == rule && mark->closed_unix_ms == 0) mark->closed_unix_ms = unix_ms;
    }
}

void pl_story_hear(struct pl_story *s, const struct pl_engine *engine,
                   const struct pl_effect *effect, struct pl_now now)
{
    bool opens = effect->type == PL_EFFECT_ALERT_OPENED || effect->type == PL_EFFECT_ALERT_RAISED;
    bool closes = effect->type == PL_EFFECT_ALERT_LOWERED ||
                  effect->type == PL_EFFECT_ALERT_RESOLVED || opens;
    if (now.unix_ms < s->from_unix_ms || !closes) return;
    const struct pl_alert *alert = pl_engine_alert(engine, effect->alert);
    struct pl_story_pool *p = pool_of(s, engine, effect->alert / PL_RULE_COUNT);
    if (!p) return;
    close_marks(p, alert->rule, now.unix_ms); // a raised one goes on as a page
    if (opens) open_mark(p, alert, now.unix_ms);
}

void pl_story_end(struct pl_story *s)
{
    for (uint32_t i = 0; i < s->pool_count; i++) {
        for (enum pl_rule rule = 0; rule < PL_RULE_COUNT; rule++) close_miss(&s->pools[i], rule);
    }
}

void pl_story_rescale(struct pl_story_pool *p, double factor)
{
    p->unit = "";
    p->capacity *= factor;
    p->traffic.value *= factor;
    for (uint32_t i = 0; i < p->bucket_count; i++) {
        p->buckets[i].sum *= factor;
        p->buckets[i].max *= factor;
    }
}

const struct pl_story_pool *pl_story_find(const struct pl_story *s, struct pl_span name)
{
    for (uint32_t i = 0; i < s->pool_count; i++) {
        if (pl_span_is(name, s->pools[i].name.text)) return &s->pools[i];
    }
    return NULL;
}

const struct pl_story_pool *pl_story_main(const struct pl_story *s)
{
    const struct pl_story_pool *best = NULL;
    for (uint32_t i = 0; i < s->pool_count; i++) {
        const struct pl_story_pool *p = &s->pools[i];
        bool more_pages = best && p->page_count > best->page_count;
        bool more_traffic = best && p->page_count == best->page_count && p->bucket_count > 0 &&
                            best->bucket_count == 0;
        if (!best || more_pages || more_traffic) best = p;
    }
    return best;
}
