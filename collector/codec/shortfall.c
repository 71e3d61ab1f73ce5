#include "collector/codec/shortfall.h"

#include <math.h>

/* The most that is foreseen for the coming hour, or what there is now. */
static double demand_of(const struct pl_saturation *s)
{
    const struct pl_headroom *h = &s->headroom;
    double mark = h->spare.p50 > 0 ? h->spare.p50 : h->whole.p50;
    double most = s->traffic.ladder.level[PL_RUNG_30S];
    const struct pl_forecast forecast = pl_saturation_forecast(s);
    for (int64_t at_ms = 0; at_ms <= PL_SHORTFALL_AHEAD_MS; at_ms += PL_SHORTFALL_STEP_MS) {
        double foreseen = pl_forecast_at(&forecast, &s->traffic, mark, (double)at_ms / 1000);
        most = PL_MAX(most, foreseen);
    }
    return most;
}

struct pl_shortfall pl_shortfall_of(const struct pl_engine *engine, uint32_t pool)
{
    const struct pl_fleet *fleet = pl_engine_fleet(engine);
    const struct pl_saturation *s = pl_engine_saturation(engine, pool);
    uint32_t tight = s->headroom.tight_host;
    /* The host may have left since the survey that named it. */
    bool there =
        tight < fleet->slot_count && fleet->hosts[tight].used && fleet->hosts[tight].pool == pool;
    if (!there) return (struct pl_shortfall){0};
    return pl_headroom_shortfall(&s->headroom, fleet, demand_of(s));
}

static int64_t fact_of(const struct pl_host *host, enum pl_fact fact)
{
    return PL_MAX(host->facts[fact].value, 0);
}

static void memory_write(double kib, struct pl_text *out)
{
    enum { KIB_PER_MIB = 1024, MIB_STEP = 256, MIB_PER_GIB = 1024 };
    double mib = ceil(kib / KIB_PER_MIB / MIB_STEP) * MIB_STEP;
    bool in_gib = mib > MIB_PER_GIB / 2.0;
    pl_text_char(out, '+');
    pl_text_i64(out, (int64_t)(in_gib ? ceil(mib / MIB_PER_GIB) : mib));
    pl_text_str(out, in_gib ? " GiB of memory" : " MiB of memory");
}

void pl_shortfall_each_write(const struct pl_shortfall *missing, const struct pl_host *like,
                             struct pl_text *out)
{
    double more = missing->each_factor - 1;
    int64_t limit_kib = fact_of(like, PL_FACT_MEMORY_LIMIT);
    int64_t kib = limit_kib > 0 ? limit_kib : fact_of(like, PL_FACT_MEMORY);
    int64_t cores = fact_of(like, PL_FACT_CORES);
    if (missing->resource == PL_LEARNED_MEMORY && kib > 0) {
        memory_write(more * (double)kib, out);
    } else if (missing->resource == PL_LEARNED_CPU && cores > 0) {
        int64_t count = (int64_t)ceil(more * (double)cores);
        pl_text_char(out, '+');
        pl_text_i64(out, count);
        pl_text_str(out, count == 1 ? " core" : " cores");
    } else {
        pl_text_fixed(out, (int64_t)(missing->each_factor * 10 + 0.9), 10);
        pl_text_str(out, " times the ");
        pl_text_str(out, pl_learned_name(missing->resource));
    }
}

void pl_shortfall_text_write(const struct pl_engine *engine, const struct pl_alert *alert,
                             struct pl_text *out)
{
    bool of_capacity = alert->rule == PL_RULE_SATURATION || alert->rule == PL_RULE_NO_SPARE;
    const struct pl_fleet *fleet = pl_engine_fleet(engine);
    uint32_t pool = pl_fleet_find_pool(fleet, &alert->pool);
    if (!of_capacity || alert->state != PL_ALERT_FIRING || pool == PL_NO_INDEX) return;
    struct pl_shortfall missing = pl_shortfall_of(engine, pool);
    if (!missing.known || missing.more_hosts == 0) return;
    pl_text_u64(out, missing.more_hosts);
    pl_text_str(out, missing.more_hosts == 1 ? " more host like " : " more hosts like ");
    pl_text_span(out, pl_name_span(&fleet->hosts[missing.like_host].name));
    if (missing.each_factor <= 1 || missing.each_factor > 10) return;
    pl_text_str(out, ", or ");
    pl_shortfall_each_write(&missing, &fleet->hosts[missing.like_host], out);
    pl_text_str(out, " in each");
}
