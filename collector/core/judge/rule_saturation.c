#include "collector/core/judge/rule_saturation.h"

#include "common/base/base.h"

/* Intervals after which a round does not wait any longer. */
enum { ROUND_INTERVALS = 2 };

void pl_saturation_init(struct pl_saturation *s)
{
    *s = (struct pl_saturation){.round = 1};
    pl_traffic_init(&s->traffic);
    pl_surge_init(&s->surge);
}

void pl_saturation_set(struct pl_saturation *s, const struct pl_capacity *capacity)
{
    s->capacity = *capacity;
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
    if (s->finding.tier == PL_TIER_NONE)
        s->since_unix_ms = 0;
    else if (s->since_unix_ms == 0)
        s->since_unix_ms = taken_unix_ms;
    return s->finding.tier != before;
}

bool pl_rule_saturation_step(struct pl_saturation *s, const struct pl_rules *rules,
                             struct pl_host *host, uint32_t live_count, int64_t taken_unix_ms)
{
    int32_t value = host->last.values[PL_TCP_ACCEPTED];
    if (value == PL_ABSENT) return false;
    double per_s = (double)value / pl_metric_info(PL_TCP_ACCEPTED)->scale;
    if (host->traffic_round == s->round) {
        s->sum -= host->traffic_per_s; // again, before all others
    } else {
        if (s->heard_count == 0) s->begun_unix_ms = taken_unix_ms;
        s->heard_count++;
    }
    host->traffic_round = s->round;
    host->traffic_per_s = per_s;
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

void pl_rule_saturation_describe(const struct pl_saturation *s, struct pl_finding *out)
{
    enum { WHOLE_BP = 10000 };
    const struct pl_surge_finding *f = &s->finding;
    bool foreseen = f->forecast.source != PL_FORECAST_NONE;
    *out = (struct pl_finding){
        .tier = f->tier,
        .value_bp = (int32_t)PL_MAX(PL_MIN(f->used * WHOLE_BP, INT32_MAX), 0),
        .level_bp = WHOLE_BP,
        .since_unix_ms = s->since_unix_ms,
        .surge = {.reason = f->reason,
                  .left_s = foreseen ? seconds_of(f->forecast.seconds) : -1,
                  .early_s = foreseen ? seconds_of(f->forecast.early_s) : -1,
                  .late_s = foreseen ? seconds_of(f->forecast.late_s) : -1,
                  .double_s = seconds_of(f->forecast.double_s)},
    };
}
