#include "collector/codec/json_capacity.h"

#include "collector/codec/json_put.h"
#include "collector/codec/shortfall.h"
#include "common/base/assert.h"

enum {
    USUAL_STEP_MS = PL_BASELINE_SLOT_MS,
    FORESEEN_STEP_MS = 60 * 1000,
    SPAN_MS = 3600 * 1000, // drawn, back and ahead
};

/* ---- what is known of a capacity, and what would settle it ---- */

static const char *source_name(enum pl_capacity_source source)
{
    switch (source) {
    case PL_CAPACITY_UNKNOWN: return "unknown";
    case PL_CAPACITY_CONFIGURED: return "configured";
    case PL_CAPACITY_LEARNED: return "learned";
    }
    PL_UNREACHABLE("capacity source");
}

static const struct {
    const char *name, *text;
} gaps[PL_CAPACITY_GAP_COUNT] = {
    [PL_GAP_NONE] = {"none", "known"},
    [PL_GAP_SOURCE] = {"source", "no traffic is counted; the status page of the web server settles "
                                 "it, or pools.*.capacity in the configuration"},
    [PL_GAP_NEW] = {"new", "watched for too short a time; some minutes of traffic settle it"},
    [PL_GAP_SPAN] = {"span",
                     "nearly the same traffic all the time so far; an hour with half as much "
                     "again settles it"},
    [PL_GAP_FLAT] = {"flat", "nothing fills up with the traffic yet; busier hours settle it, or "
                             "pools.*.capacity in the configuration"},
    [PL_GAP_FULL] = {"full", "at its limit without any traffic; something else fills it"},
};

/* `host`: whose gap it is, or NULL. A source is settled on only after a minute, and a host that has
 * one is not without. */
static void put_gap(struct pl_text *out, enum pl_capacity_gap gap, const struct pl_host *host)
{
    pl_text_str(out, ",\"unknown\":");
    if (gap == PL_GAP_NONE) {
        pl_text_str(out, "null");
        return;
    }
    bool has_source = host && pl_traffic_best(&host->last) != PL_SOURCE_NONE;
    if (gap == PL_GAP_SOURCE && has_source) gap = PL_GAP_NEW;
    pl_text_str(out, "{\"why\":\"");
    pl_text_str(out, gaps[gap].name);
    pl_text_str(out, "\",\"text\":\"");
    if (host) {
        pl_text_span(out, pl_name_span(&host->name));
        pl_text_str(out, ": ");
    }
    pl_text_str(out, gaps[gap].text);
    pl_text_str(out, "\"}");
}

/* The value, or null. */
static void put_known(struct pl_text *out, const char *key, bool is_known, double value)
{
    if (is_known) {
        pl_json_put_real(out, key, value);
    } else {
        pl_text_str(out, key);
        pl_text_str(out, "null");
    }
}

static void put_range(struct pl_text *out, const char *key, const struct pl_estimate *e)
{
    pl_text_str(out, key);
    if (e->p50 <= 0) {
        pl_text_str(out, "null");
        return;
    }
    pl_json_put_real(out, "{\"p10\":", e->p10);
    pl_json_put_real(out, ",\"p50\":", e->p50);
    pl_json_put_real(out, ",\"p90\":", e->p90);
    pl_text_char(out, '}');
}

/* ---- hosts ---- */

void pl_json_put_host_limit(struct pl_text *out, const struct pl_host *host)
{
    const struct pl_host_capacity *c = &host->capacity.answer;
    if (c->gap != PL_GAP_NONE || c->per_s.p50 <= 0) return;
    put_range(out, ",\"full_at\":", &c->per_s);
    pl_text_str(out, ",\"first_limit\":");
    pl_text_json(out, pl_span_of(pl_learned_name(c->first_limit)));
}

void pl_json_put_host_capacity(struct pl_text *out, const struct pl_view *view, uint32_t host)
{
    const struct pl_host *h = &pl_engine_fleet(view->engine)->hosts[host];
    const struct pl_host_capacity *c = &h->capacity.answer;
    pl_text_str(out, ",\"capacity\":{\"unit\":");
    pl_text_json(out, pl_span_of(pl_traffic_unit(c->source)));
    put_gap(out, c->gap, h);
    pl_json_put_host_limit(out, h);
    pl_json_put_real(out, ",\"share\":",
                     pl_headroom_share(&pl_engine_saturation(view->engine, h->pool)->headroom, h));
    pl_text_str(out, ",\"resources\":{");
    for (enum pl_learned r = 0; r < PL_LEARNED_COUNT; r++) {
        const struct pl_resource_capacity *resource = &c->resource[r];
        if (r > 0) pl_text_char(out, ',');
        pl_text_json(out, pl_span_of(pl_learned_name(r)));
        pl_text_str(out, ":{\"unknown\":");
        pl_text_json(out, pl_span_of(gaps[resource->gap].name));
        put_range(out, ",\"full_at\":", &resource->per_s);
        pl_json_put_real(out, ",\"limit\":", resource->limit);
        pl_text_char(out, '}');
    }
    pl_text_str(out, "}}");
}

/* ---- pools ---- */

static double level_of(const struct pl_saturation *s)
{
    return s->traffic.ladder.level[PL_RUNG_30S];
}

/* What the pool must not cross: what is left after a loss; a single host stands for itself. */
static double mark_of(const struct pl_headroom *h)
{
    return h->spare.p50 > 0 ? h->spare.p50 : h->whole.p50;
}

/* A host that a survey named and that is still in the pool, or NULL. */
static const struct pl_host *host_of(const struct pl_view *view, uint32_t pool, uint32_t index)
{
    const struct pl_fleet *fleet = pl_engine_fleet(view->engine);
    if (index >= fleet->host_max) return NULL;
    const struct pl_host *host = &fleet->hosts[index];
    return host->used && host->pool == pool ? host : NULL;
}

static void put_host_or_null(struct pl_text *out, const char *key, const struct pl_host *host)
{
    if (host) {
        pl_json_put_name(out, key, &host->name);
    } else {
        pl_text_str(out, key);
        pl_text_str(out, "null");
    }
}

/* What helps: hosts, or more of what is full first. */
static void put_missing(struct pl_text *out, const struct pl_view *view, uint32_t pool)
{
    struct pl_shortfall missing = pl_shortfall_of(view->engine, pool);
    pl_text_str(out, ",\"missing\":");
    if (!missing.known || missing.more_hosts == 0) {
        pl_text_str(out, "null");
        return;
    }
    pl_json_put_number(out, "{\"hosts\":", missing.more_hosts, 1);
    const struct pl_host *like = &pl_engine_fleet(view->engine)->hosts[missing.like_host];
    pl_json_put_name(out, ",\"like\":", &like->name);
    if (missing.each_factor > 0) {
        pl_text_str(out, ",\"or_each\":{\"resource\":");
        pl_text_json(out, pl_span_of(pl_learned_name(missing.resource)));
        pl_json_put_real(out, ",\"factor\":", missing.each_factor);
        pl_text_str(out, ",\"text\":\"");
        pl_shortfall_each_write(&missing, like, out);
        pl_text_str(out, "\"}");
    }
    pl_text_char(out, '}');
}

/* Smoothed over half a minute, as it is judged; null while no host is heard. */
static void put_traffic(struct pl_text *out, const struct pl_view *view, uint32_t pool)
{
    const struct pl_saturation *s = pl_engine_saturation(view->engine, pool);
    const struct pl_pool *p = &pl_engine_fleet(view->engine)->pools[pool];
    pl_text_str(out, ",\"traffic\":");
    if (!s->traffic.ladder.started || p->waiting_count + p->silent_count == p->host_count) {
        pl_text_str(out, "null");
        return;
    }
    pl_json_put_real(out, "{\"value\":", level_of(s));
    pl_text_str(out, ",\"unit\":");
    pl_text_json(out, pl_span_of(pl_traffic_unit(s->unit)));
    pl_text_char(out, '}');
}

static void put_capacity(struct pl_text *out, const struct pl_view *view, uint32_t pool)
{
    const struct pl_saturation *s = pl_engine_saturation(view->engine, pool);
    const struct pl_headroom *h = &s->headroom;
    double mark = mark_of(h);
    pl_text_str(out, ",\"capacity\":{\"source\":\"");
    pl_text_str(out, source_name(h->source));
    put_range(out, "\",\"whole\":", &h->whole);
    put_range(out, ",\"spare\":", &h->spare);
    put_known(out, ",\"headroom\":", mark > 0, 1 - level_of(s) / mark);
    pl_json_put_bool(out, ",\"sure\":", mark > 0 && !h->uncertain);
    put_host_or_null(out, ",\"first_host\":", host_of(view, pool, h->tight_host));
    pl_text_str(out, ",\"first_limit\":");
    if (h->tight_host == PL_NO_INDEX)
        pl_text_str(out, "null");
    else
        pl_text_json(out, pl_span_of(pl_learned_name(h->first_limit)));
    put_host_or_null(out, ",\"worst_loss\":", host_of(view, pool, h->lost_host));
    const struct pl_host *gap_host = host_of(view, pool, h->gap_host);
    bool has_just_begun = h->gap == PL_GAP_SOURCE && !gap_host && s->traffic.ladder.started;
    put_gap(out, h->unix_ms == 0 || has_just_begun ? PL_GAP_NEW : h->gap, gap_host);
    put_missing(out, view, pool);
    pl_text_char(out, '}');
}

static const char *tier_name(enum pl_tier tier)
{
    return tier == PL_TIER_PAGE ? "page" : tier == PL_TIER_WARN ? "warn" : "none";
}

static void put_outlook(struct pl_text *out, const struct pl_saturation *s)
{
    const struct pl_surge_finding *f = &s->finding;
    const struct pl_forecast forecast = pl_saturation_forecast(s);
    bool foreseen = forecast.source != PL_FORECAST_NONE;
    pl_text_str(out, ",\"outlook\":");
    if (s->capacity.source == PL_CAPACITY_UNKNOWN) {
        pl_text_str(out, "null");
        return;
    }
    pl_text_str(out, "{\"tier\":\"");
    pl_text_str(out, tier_name(f->tier));
    pl_text_str(out, "\",\"reason\":\"");
    pl_text_str(out, pl_surge_reason_name(f->reason));
    pl_json_put_real(out, "\",\"of\":", s->capacity.per_s);
    put_known(out, ",\"left_s\":", foreseen, forecast.seconds);
    put_known(out, ",\"early_s\":", foreseen, forecast.early_s);
    put_known(out, ",\"late_s\":", foreseen, forecast.late_s);
    put_known(out, ",\"doubling_s\":", forecast.double_s > 0, forecast.double_s);
    double growth_in_s = pl_surge_growth_in_s(&s->traffic);
    put_known(out, ",\"growth_in_s\":", growth_in_s > 0, growth_in_s);
    pl_text_char(out, '}');
}

void pl_json_put_capacity(struct pl_text *out, const struct pl_view *view, uint32_t pool)
{
    put_traffic(out, view, pool);
    put_capacity(out, view, pool);
    put_outlook(out, pl_engine_saturation(view->engine, pool));
}

/* ---- curves ---- */

static void put_point(struct pl_text *out, bool *first, int64_t unix_ms, double value)
{
    pl_json_put_number(out, *first ? "[" : ",[", unix_ms, 1);
    put_known(out, ",", value >= 0, value);
    pl_text_char(out, ']');
    *first = false;
}

static void put_actual(struct pl_text *out, const struct pl_trail *trail)
{
    bool first = true;
    for (uint32_t back = trail->known; back-- > 0;) {
        int64_t middle_ms = (trail->slot - back) * PL_TRAIL_SLOT_MS + PL_TRAIL_SLOT_MS / 2;
        put_point(out, &first, middle_ms, pl_trail_mean(trail, back));
    }
}

static void put_usual(struct pl_text *out, const struct pl_traffic *t, int64_t now_unix_ms)
{
    bool first = true;
    int64_t from_ms = (now_unix_ms - SPAN_MS) / USUAL_STEP_MS * USUAL_STEP_MS;
    for (int64_t at = from_ms; at <= now_unix_ms + SPAN_MS; at += USUAL_STEP_MS) {
        put_point(out, &first, at, pl_baseline_at(&t->baseline, at));
    }
}

static void put_foreseen(struct pl_text *out, const struct pl_saturation *s, double capacity)
{
    bool first = true;
    const struct pl_forecast forecast = pl_saturation_forecast(s);
    for (int64_t ahead_ms = 0; ahead_ms <= SPAN_MS; ahead_ms += FORESEEN_STEP_MS) {
        double value = pl_forecast_at(&forecast, &s->traffic, capacity, (double)ahead_ms / 1000);
        if (value >= 0) put_point(out, &first, s->traffic.ladder.unix_ms + ahead_ms, value);
    }
}

void pl_json_outlook(struct pl_text *out, const struct pl_view *view, uint32_t pool)
{
    const struct pl_saturation *s = pl_engine_saturation(view->engine, pool);
    pl_json_put_time(out, "{\"now\":", view->now.unix_ms);
    pl_json_put_name(out, ",\"pool\":", &pl_engine_fleet(view->engine)->pools[pool].name);
    pl_json_put_capacity(out, view, pool);
    pl_text_str(out, ",\"columns\":[\"unix_ms\",\"value\"],\"actual\":[");
    put_actual(out, &s->traffic.trail);
    pl_text_str(out, "],\"usual\":[");
    put_usual(out, &s->traffic, view->now.unix_ms);
    pl_text_str(out, "],\"foreseen\":[");
    put_foreseen(out, s, s->capacity.per_s);
    pl_text_str(out, "]}\n");
}
