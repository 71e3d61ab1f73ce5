#include "collector/core/engine_state.h"

#include "common/base/assert.h"

void pl_engine_explain(const struct pl_engine *e, uint32_t alert, struct pl_explanation *out)
{
    PL_ASSERT(alert < pl_engine_alert_count(e));
    const struct pl_alert_slot *slot = &e->alerts[alert];
    const struct pl_alert *a = &slot->alert;
    uint32_t pool = alert / PL_RULE_COUNT;
    *out = (struct pl_explanation){
        .verdict = pl_engine_ask(e, pool, a->rule),
        .tilted = e->tilted && a->rule != PL_RULE_EXTERNAL,
        .coming_back = a->rule != PL_RULE_EXTERNAL && pl_engine_is_coming_back(e, pool),
        .queued = slot->queued,
    };
    if (!pl_alert_pages(a) || slot->held) return;
    pl_engine_route(e, pool, &out->route);
    struct pl_route_progress progress = {a->routed_mono_ms, a->delivered, a->failed};
    out->look = pl_route_look(&out->route, &progress, e->now.mono_ms);
}
