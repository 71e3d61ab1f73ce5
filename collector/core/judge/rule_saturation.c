#include "collector/core/judge/rule_saturation.h"

#include "common/base/assert.h"
#include "common/base/base.h"

/* Intervals after which a round does not wait any longer. */
enum { ROUND_INTERVALS = 2, SHARE_MEMORY_MS = 10 * 60 * 1000 };

void pl_saturation_init(struct pl_saturation *s)
{
    *s = (struct pl_saturation){.round = 1, .unit = PL_SOURCE_CONNECTIONS};
    pl_traffic_init(&s->traffic);
    pl_surge_init(&s->surge);
}

/* What all live hosts have settled on can be added up; a configured capacity says what it counts.
 */
static enum pl_traffic_source common_unit(const struct pl_saturation *s,
                                          const struct pl_fleet *fleet, uint32_t pool)
{
    uint8_t least = PL_SOURCE_NONE;
    if (s->configured.source == PL_CAPACITY_CONFIGURED) return s->configured.unit;
    uint32_t host = fleet->pools[pool].first_host;
    for (; host != PL_NO_INDEX; host = fleet->hosts[host].next_peer) {
        const struct pl_host *h = &fleet->hosts[host];
        uint8_t choice = h->traffic_source.choice;
        if (h->presence != PL_LIVE || choice == PL_SOURCE_NONE) continue;
        if (least == PL_SOURCE_NONE || choice < least) least = choice;
    }
    return least == PL_SOURCE_NONE ? s->unit : least;
}

/* What is remembered of the traffic is in the old unit: begin again. */
static void change_unit(struct pl_saturation *s, enum pl_traffic_source unit)
{
    s->unit = unit;
    s->round++;
    s->heard_count = 0;
    s->sum = 0;
    s->finding = (struct pl_surge_finding){0};
    s->since_unix_ms = 0;
    pl_traffic_init(&s->traffic);
    pl_surge_init(&s->surge);
}

void pl_saturation_set(struct pl_saturation *s, const struct pl_capacity *capacity)
{
    bool is_configured = capacity->source == PL_CAPACITY_CONFIGURED;
    PL_ASSERT(!is_configured || capacity->unit != PL_SOURCE_NONE);
    s->configured = *capacity;
    s->headroom = (struct pl_headroom){0}; // of another capacity: survey anew
    s->capacity = pl_headroom_capacity(&s->headroom, capacity);
    if (is_configured && capacity->unit != s->unit) change_unit(s, capacity->unit);
}

void pl_saturation_resume(struct pl_saturation *s, enum pl_traffic_source unit)
{
    bool is_new = !s->traffic.ladder.started && s->heard_count == 0;
    if (is_new && s->configured.source == PL_CAPACITY_UNKNOWN) s->unit = unit;
}

void pl_saturation_restore(struct pl_saturation *s, enum pl_traffic_source unit,
                           const struct pl_traffic *traffic)
{
    bool unit_fits = s->configured.source != PL_CAPACITY_CONFIGURED || unit == s->configured.unit;
    if (!unit_fits || traffic->ladder.known_s <= s->traffic.ladder.known_s) return;
    if (unit != s->unit) change_unit(s, unit);
    s->traffic = *traffic;
}

void pl_saturation_survey(struct pl_saturation *s, const struct pl_fleet *fleet, uint32_t pool,
                          int64_t unix_ms)
{
    int64_t age_ms = unix_ms - s->headroom.unix_ms;
    if (age_ms >= 0 && age_ms < PL_SURVEY_MS) return;
    enum pl_traffic_source unit = common_unit(s, fleet, pool);
    if (unit != s->unit) change_unit(s, unit);
    s->headroom = pl_headroom_survey(fleet, pool, unit, &s->configured, unix_ms);
    pl_headroom_traffic(&s->headroom, s->traffic.ladder.level[PL_RUNG_60S]);
    s->capacity = pl_headroom_capacity(&s->headroom, &s->configured);
}

/* The round is complete: its sum is the traffic of the pool. */
static bool end_round(struct pl_saturation *s, const struct pl_rules *rules, int64_t taken_unix_ms)
{
    enum pl_tier before = s->finding.tier;
    pl_traffic_step(&s->traffic, PL_MAX(s->sum, 0), taken_unix_ms);
    s->round++;
    s->heard_count = 0;
    s->sum = 0;
    s->finding = (struct pl_surge_finding){0};
    if (s->capacity.source != PL_CAPACITY_UNKNOWN) {
        s->finding = pl_surge_step(&s->surge, &rules->saturation, &s->traffic, s->capacity.per_s);
    }
    if (s->capacity.uncertain) s->finding.tier = PL_MIN(s->finding.tier, PL_TIER_WARN);
    if (s->finding.tier == PL_TIER_NONE)
        s->since_unix_ms = 0;
    else if (s->since_unix_ms == 0)
        s->since_unix_ms = taken_unix_ms;
    return s->finding.tier != before;
}

/* The mean of a host over ten minutes, plain while there is less. */
static void follow_share(struct pl_host *host, enum pl_traffic_source unit, double per_s,
                         int64_t taken_unix_ms)
{
    int64_t passed_ms = taken_unix_ms - host->traffic_unix_ms;
    bool follows = host->traffic_unit == unit && passed_ms > 0 && passed_ms < SHARE_MEMORY_MS;
    if (!follows) host->traffic_known_ms = passed_ms = 0;
    host->traffic_known_ms = PL_MIN(host->traffic_known_ms + passed_ms, SHARE_MEMORY_MS);
    double weight = follows ? (double)passed_ms / (double)host->traffic_known_ms : 1;
    host->traffic_mean_per_s += (per_s - host->traffic_mean_per_s) * weight;
    host->traffic_unit = unit;
    host->traffic_unix_ms = taken_unix_ms;
}

bool pl_rule_saturation_step(struct pl_saturation *s, const struct pl_rules *rules,
                             struct pl_host *host, uint32_t live_count, int64_t taken_unix_ms)
{
    double per_s = pl_traffic_of(&host->last, s->unit);
    if (per_s < 0) return false;
    follow_share(host, s->unit, per_s, taken_unix_ms);
    if (host->traffic_round == s->round) { // again, before all others
        int64_t passed_ms = taken_unix_ms - host->reported_unix_ms;
        bool alone = passed_ms < 0 || passed_ms >= PL_LEVEL_SPAN_MS;
        double weight = alone ? 1 : (double)passed_ms / PL_LEVEL_SPAN_MS;
        s->sum -= host->traffic_per_s;
        per_s = host->traffic_per_s + weight * (per_s - host->traffic_per_s);
    } else {
        if (s->heard_count == 0) s->begun_unix_ms = taken_unix_ms;
        s->heard_count++;
    }
    host->traffic_round = s->round;
    host->traffic_per_s = per_s;
    host->reported_unix_ms = taken_unix_ms;
    s->sum += per_s;
    int64_t waited_ms = taken_unix_ms - s->begun_unix_ms;
    bool complete = s->heard_count >= live_count;
    if (!complete && waited_ms < ROUND_INTERVALS * (int64_t)host->interval_ms) return false;
    return end_round(s, rules, taken_unix_ms);
}

struct pl_verdict pl_rule_saturation_judge(const struct pl_saturation *s,
                                           const struct pl_pool *pool)
{
    uint32_t live_count = pool->host_count - pool->waiting_count - pool->silent_count;
    return (struct pl_verdict){.tier = s->finding.tier,
                               .no_data = pool->host_count > 0 && live_count == 0};
}

static int32_t seconds_of(double seconds)
{
    return (int32_t)PL_MIN(seconds + 0.5, PL_FINDING_SECONDS_MAX);
}

struct pl_forecast pl_saturation_forecast(const struct pl_saturation *s)
{
    bool has_reason = s->finding.reason != PL_SURGE_NONE && s->capacity.per_s > 0;
    if (!has_reason) return (struct pl_forecast){.source = PL_FORECAST_NONE};
    return pl_forecast_make(&s->traffic, s->capacity.per_s);
}

void pl_rule_saturation_describe(const struct pl_saturation *s, struct pl_finding *out)
{
    enum { WHOLE_BP = 10000 };
    const struct pl_surge_finding *f = &s->finding;
    const struct pl_forecast forecast = pl_saturation_forecast(s);
    bool foreseen = forecast.source != PL_FORECAST_NONE;
    *out = (struct pl_finding){
        .tier = f->tier,
        .value_bp = (int32_t)PL_MAX(PL_MIN(f->used * WHOLE_BP, INT32_MAX), 0),
        .level_bp = WHOLE_BP,
        .since_unix_ms = s->since_unix_ms,
        .surge = {.reason = f->reason,
                  .left_s = foreseen ? seconds_of(forecast.seconds) : -1,
                  .early_s = foreseen ? seconds_of(forecast.early_s) : -1,
                  .late_s = foreseen ? seconds_of(forecast.late_s) : -1,
                  .double_s = seconds_of(forecast.double_s)},
    };
}
