#include "collector/core/judge/rule_no_spare.h"

/* Traffic at the edge goes up and down; a spare that comes and goes with it is none. */
static const double leave_share = 0.95;

/* Traffic over what is left without the worst host; negative: nobody knows. */
static double used_of(const struct pl_saturation *s)
{
    const struct pl_headroom *h = &s->headroom;
    bool known = h->source != PL_CAPACITY_UNKNOWN && !h->uncertain && h->spare.p50 > 0;
    return known ? s->traffic.ladder.level[PL_RUNG_30S] / h->spare.p50 : -1;
}

bool pl_rule_no_spare_step(struct pl_no_spare *n, const struct pl_rules *rules,
                           const struct pl_saturation *s, int64_t taken_unix_ms)
{
    const struct pl_no_spare before = *n;
    n->used = used_of(s);
    bool has_room = s->traffic.ladder.level[PL_RUNG_30S] < s->headroom.whole.p50;
    bool over = n->held ? n->used >= leave_share : n->used >= 1 && has_room;
    if (!over)
        n->over_unix_ms = 0;
    else if (n->over_unix_ms == 0)
        n->over_unix_ms = taken_unix_ms;
    n->held = over && (n->held || taken_unix_ms - n->over_unix_ms >= rules->no_spare_hold_ms);
    return n->held != before.held;
}

struct pl_verdict pl_rule_no_spare_judge(const struct pl_no_spare *n, const struct pl_pool *pool)
{
    bool none_live = pool->waiting_count + pool->silent_count == pool->host_count;
    return (struct pl_verdict){.tier = n->held ? PL_TIER_WARN : PL_TIER_NONE,
                               .no_data = pool->host_count > 0 && none_live};
}

void pl_rule_no_spare_describe(const struct pl_no_spare *n, const struct pl_saturation *s,
                               const struct pl_fleet *fleet, struct pl_finding *out)
{
    enum { WHOLE_BP = 10000, USED_MAX = 100 };
    uint32_t lost = s->headroom.lost_host; // of a capacity that somebody gave: the busiest
    if (lost == PL_NO_INDEX) lost = s->headroom.busiest_host;
    *out = (struct pl_finding){
        .tier = PL_TIER_WARN,
        .value_bp = (int32_t)(PL_MAX(PL_MIN(n->used, USED_MAX), 0) * WHOLE_BP),
        .level_bp = WHOLE_BP,
        .since_unix_ms = n->over_unix_ms,
    };
    if (lost >= fleet->slot_count || !fleet->hosts[lost].used) return;
    out->host_count = out->named_count = 1;
    out->hosts[0] = fleet->hosts[lost].name;
}
