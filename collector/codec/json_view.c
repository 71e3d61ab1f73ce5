#include "collector/codec/json_view.h"

#include "collector/codec/json_capacity.h"
#include "collector/codec/json_put.h"
#include "collector/codec/json_service.h"
#include "collector/codec/trouble_text.h"
#include "collector/core/judge/rule_host.h"
#include "common/base/assert.h"

enum {
    BP = 10000,
    STATE_HOSTS_BYTES = 64 * 1024, // kept free for the hosts of a `state` event
};

const char *pl_health_name(enum pl_health health)
{
    switch (health) {
    case PL_HEALTH_NO_DATA: return "nodata";
    case PL_HEALTH_OK: return "ok";
    case PL_HEALTH_WATCH: return "watch";
    case PL_HEALTH_ACT: return "act";
    case PL_HEALTH_SILENT: return "silent";
    }
    PL_UNREACHABLE("health");
}

static void put_now(struct pl_text *out, const struct pl_view *view)
{
    pl_json_put_time(out, "{\"now\":", view->now.unix_ms);
}

static void put_metrics(struct pl_text *out, const struct pl_sample *sample)
{
    bool first = true;
    for (int m = 0; m < PL_METRIC_COUNT; m++) {
        if (sample->values[m] == PL_ABSENT) continue;
        const struct pl_metric_info *info = pl_metric_info((enum pl_metric)m);
        pl_text_char(out, first ? '{' : ',');
        pl_text_json(out, pl_span_of(info->name));
        pl_text_char(out, ':');
        pl_text_fixed(out, sample->values[m], info->scale);
        first = false;
    }
    pl_text_str(out, first ? "{}" : "}");
}

static void put_facts(struct pl_text *out, const struct pl_host *host)
{
    bool first = true;
    for (int f = 0; f < PL_FACT_COUNT; f++) {
        if (host->facts[f].value < 0) continue;
        pl_text_char(out, first ? '{' : ',');
        pl_text_json(out, pl_span_of(pl_fact_info((enum pl_fact)f)->name));
        pl_json_put_number(out, ":{\"value\":", host->facts[f].value, 1);
        pl_text_str(out, ",\"source\":");
        pl_text_json(out, pl_span_of(host->facts[f].source));
        pl_text_char(out, '}');
        first = false;
    }
    pl_text_str(out, first ? "{}" : "}");
}

static void put_listener(struct pl_text *out, const struct pl_listener *listener)
{
    pl_text_str(out, ",\"listener\":{\"address\":");
    pl_text_json(out, pl_span_of(listener->address));
    pl_text_str(out, ",\"owner\":");
    pl_text_json(out, pl_span_of(listener->owner));
    pl_json_put_number(out, ",\"backlog\":", listener->backlog, 1);
    pl_text_char(out, '}');
}

static int64_t age_ms(const struct pl_host *host, struct pl_now now)
{
    return PL_MAX(now.mono_ms - host->arrived_mono_ms, 0);
}

void pl_json_host(struct pl_text *out, const struct pl_view *view, uint32_t index)
{
    const struct pl_fleet *fleet = pl_engine_fleet(view->engine);
    const struct pl_host *host = &fleet->hosts[index];
    pl_json_put_name(out, "{\"name\":", &host->name);
    pl_json_put_name(out, ",\"pool\":", &fleet->pools[host->pool].name);
    pl_text_str(out, ",\"state\":\"");
    pl_text_str(out, pl_health_name(host->health));
    pl_json_put_time(out, "\",\"last_sample\":", host->has_sample ? host->last.unix_ms : 0);
    if (host->has_sample) pl_json_put_number(out, ",\"age_ms\":", age_ms(host, view->now), 1);
    pl_json_put_number(out, ",\"interval_ms\":", host->interval_ms, 1);
    pl_json_put_bool(out, ",\"connected\":", host->connected);
    pl_text_str(out, ",\"agent_version\":");
    pl_text_json(out, pl_span_of(host->agent_version));
    pl_text_str(out, ",\"facts\":");
    put_facts(out, host);
    if (host->listener.address[0] != '\0') put_listener(out, &host->listener);
    pl_json_put_service(out, host);
    pl_json_put_host_capacity(out, view, index);
    pl_text_str(out, ",\"metrics\":");
    if (host->has_sample)
        put_metrics(out, &host->last);
    else
        pl_text_str(out, "{}");
    pl_text_char(out, '}');
}

void pl_json_hosts(struct pl_text *out, const struct pl_view *view, uint32_t pool, uint32_t first)
{
    const struct pl_fleet *fleet = pl_engine_fleet(view->engine);
    const struct pl_name *last = NULL;
    bool complete = true;
    put_now(out, view);
    struct pl_json_list hosts = pl_json_list_begin(out, ",\"hosts\":", PL_JSON_TAIL_BYTES);
    for (uint32_t i = first; i < fleet->host_max && complete; i++) {
        const struct pl_host *host = &fleet->hosts[i];
        if (!host->used || (pool != PL_NO_INDEX && host->pool != pool)) continue;
        pl_json_item_begin(&hosts);
        pl_json_host(out, view, i);
        complete = pl_json_item_end(&hosts);
        if (complete) last = &host->name;
    }
    pl_text_str(out, "],\"next\":");
    if (complete || !last)
        pl_text_str(out, "null");
    else
        pl_text_json(out, pl_name_span(last));
    pl_text_str(out, "}\n");
}

/* The host and resource nearest to (or farthest over) its paging level. */
struct worst {
    const struct pl_host *host; // NULL: no live host has a value
    enum pl_resource resource;
    int32_t used_bp, limit_bp;
};

static void find_worst(const struct pl_view *view, const struct pl_host *host, struct worst *w)
{
    const struct pl_rules *rules = pl_engine_rules(view->engine, host->pool);
    for (int r = 0; r < PL_RESOURCE_COUNT; r++) {
        int32_t used = pl_host_used_bp(host, (enum pl_resource)r);
        int32_t limit = rules->levels[r].page_bp;
        if (used < 0 || pl_resource_strain((enum pl_resource)r) != PL_STRAIN_LIMIT) continue;
        if (w->host && (int64_t)used * w->limit_bp <= (int64_t)w->used_bp * limit) continue;
        *w = (struct worst){host, (enum pl_resource)r, used, limit};
    }
}

static void put_pool_alerts(struct pl_text *out, const struct pl_view *view, uint32_t pool)
{
    char id[PL_ALERT_ID_MAX + 1];
    bool first = true;
    pl_text_str(out, ",\"alerts\":[");
    for (uint32_t r = 0; r < PL_RULE_COUNT; r++) {
        const struct pl_alert *alert = pl_engine_alert(view->engine, pool * PL_RULE_COUNT + r);
        if (alert->state != PL_ALERT_PENDING && alert->state != PL_ALERT_FIRING) continue;
        pl_alert_id(alert, id);
        if (!first) pl_text_char(out, ',');
        pl_text_json(out, pl_span_of(id));
        first = false;
    }
    pl_text_str(out, "]");
}

static void put_limits(struct pl_text *out, const struct pl_rules *rules)
{
    for (int r = 0; r < PL_RESOURCE_COUNT; r++) {
        if (pl_resource_strain((enum pl_resource)r) == PL_STRAIN_IMBALANCE) continue; // no share
        pl_text_str(out, r == 0 ? ",\"limits\":{" : ",");
        pl_text_json(out, pl_span_of(pl_resource_name((enum pl_resource)r)));
        pl_json_put_number(out, ":{\"warn\":", rules->levels[r].warn_bp, BP);
        pl_json_put_number(out, ",\"page\":", rules->levels[r].page_bp, BP);
        pl_text_char(out, '}');
    }
    pl_text_char(out, '}');
}

static bool has_own_limits(const struct pl_rules *own, const struct pl_rules *usual)
{
    for (int r = 0; r < PL_RESOURCE_COUNT; r++) {
        const struct pl_level_policy *a = &own->levels[r], *b = &usual->levels[r];
        if (a->warn_bp != b->warn_bp || a->page_bp != b->page_bp) return true;
    }
    return false;
}

static void put_pool(struct pl_text *out, const struct pl_view *view, uint32_t index)
{
    const struct pl_fleet *fleet = pl_engine_fleet(view->engine);
    const struct pl_pool *pool = &fleet->pools[index];
    struct worst worst = {0};
    for (uint32_t i = pool->first_host; i != PL_NO_INDEX; i = fleet->hosts[i].next_peer) {
        const struct pl_host *host = &fleet->hosts[i];
        if (!host->has_sample || host->health == PL_HEALTH_SILENT) continue;
        find_worst(view, host, &worst);
    }
    pl_json_put_name(out, "{\"name\":", &pool->name);
    pl_text_str(out, ",\"state\":\"");
    pl_text_str(out, pl_health_name(pl_engine_pool_health(view->engine, index)));
    pl_json_put_number(out, "\",\"hosts\":{\"total\":", pool->host_count, 1);
    pl_json_put_number(out, ",\"up\":", pool->host_count - pool->silent_count, 1);
    pl_json_put_number(out, ",\"silent\":", pool->silent_count, 1);
    pl_text_str(out, "},\"worst\":");
    if (worst.host) {
        pl_json_put_name(out, "{\"host\":", &worst.host->name);
        pl_text_str(out, ",\"resource\":");
        pl_text_json(out, pl_span_of(pl_resource_name(worst.resource)));
        pl_json_put_number(out, ",\"utilisation\":", worst.used_bp, BP);
        pl_json_put_number(out, ",\"limit\":", worst.limit_bp, BP);
        pl_text_char(out, '}');
    } else {
        pl_text_str(out, "null");
    }
    pl_json_put_capacity(out, view, index);
    const struct pl_rules *own = pl_engine_rules(view->engine, index);
    const struct pl_rules *usual = pl_engine_rules(view->engine, PL_NO_INDEX);
    if (has_own_limits(own, usual)) put_limits(out, own);
    put_pool_alerts(out, view, index);
    pl_text_char(out, '}');
}

/* Groups of what others found are no pools to people, and the collector's own is one while it has
 * something to say. */
static bool is_shown(const struct pl_view *view, uint32_t pool)
{
    const struct pl_pool *p = &pl_engine_fleet(view->engine)->pools[pool];
    if (p->is_group) return false;
    bool speaks = p->host_count > 0 || !pl_engine_is_own_pool(view->engine, pool);
    for (uint32_t rule = 0; rule < PL_RULE_COUNT && !speaks; rule++)
        speaks =
            pl_engine_alert(view->engine, pool * PL_RULE_COUNT + rule)->state == PL_ALERT_FIRING;
    return speaks;
}

static void put_pools(struct pl_text *out, const struct pl_view *view, size_t reserve)
{
    const struct pl_fleet *fleet = pl_engine_fleet(view->engine);
    bool complete = true;
    pl_json_notes(out, ",\"notes\":", view->troubles);
    uint32_t shown = 0;
    for (uint32_t i = 0; i < fleet->pool_count; i++) shown += is_shown(view, i);
    pl_json_put_number(out, ",\"pools_total\":", shown, 1);
    struct pl_json_list pools = pl_json_list_begin(out, ",\"pools\":", reserve);
    for (uint32_t i = 0; i < fleet->pool_count && complete; i++) {
        if (!is_shown(view, i)) continue;
        pl_json_item_begin(&pools);
        put_pool(out, view, i);
        complete = pl_json_item_end(&pools);
    }
    pl_text_char(out, ']');
}

void pl_json_pools(struct pl_text *out, const struct pl_view *view)
{
    put_now(out, view);
    put_pools(out, view, PL_JSON_TAIL_BYTES);
    pl_text_str(out, "}\n");
}

/* How much a host wants to be seen: state first, then how full it is. */
static int32_t urgency(const struct pl_host *host)
{
    int32_t used = 0;
    for (int r = 0; r < PL_RESOURCE_COUNT; r++)
        used = PL_MAX(used, pl_host_used_bp(host, (enum pl_resource)r));
    return (int32_t)host->health * 2 * BP + PL_MIN(used, 2 * BP - 1);
}

/* The most urgent hosts of `pool`, most urgent first, by insertion into a short sorted list.
 * Returns how many; `*total` is the number of hosts looked at. */
static uint32_t pick_worst(const struct pl_fleet *fleet, uint32_t pool,
                           uint32_t picked[PL_STATE_HOSTS_MAX], uint32_t *total)
{
    int32_t keys[PL_STATE_HOSTS_MAX];
    uint32_t count = 0;
    *total = 0;
    for (uint32_t i = 0; i < fleet->host_max; i++) {
        const struct pl_host *host = &fleet->hosts[i];
        if (!host->used || (pool != PL_NO_INDEX && host->pool != pool)) continue;
        ++*total;
        int32_t key = urgency(host);
        if (count == PL_STATE_HOSTS_MAX && key <= keys[count - 1]) continue;
        uint32_t at = count < PL_STATE_HOSTS_MAX ? count++ : count - 1;
        for (; at > 0 && keys[at - 1] < key; at--) {
            keys[at] = keys[at - 1];
            picked[at] = picked[at - 1];
        }
        keys[at] = key;
        picked[at] = i;
    }
    return count;
}

static void put_used(struct pl_text *out, const char *key, const struct pl_host *host,
                     enum pl_resource resource)
{
    int32_t used = pl_host_used_bp(host, resource);
    if (used >= 0) pl_json_put_number(out, key, used, BP);
}

void pl_json_state(struct pl_text *out, const struct pl_view *view, uint32_t pool)
{
    const struct pl_fleet *fleet = pl_engine_fleet(view->engine);
    uint32_t picked[PL_STATE_HOSTS_MAX], total;
    uint32_t count = pick_worst(fleet, pool, picked, &total);
    put_now(out, view);
    put_limits(out, pl_engine_rules(view->engine, PL_NO_INDEX));
    put_pools(out, view, 2 * STATE_HOSTS_BYTES);
    pl_json_alert_list(out, view, STATE_HOSTS_BYTES, false);
    pl_json_put_number(out, ",\"hosts_total\":", total, 1);
    struct pl_json_list hosts = pl_json_list_begin(out, ",\"hosts\":", PL_JSON_TAIL_BYTES);
    for (uint32_t n = 0; n < count; n++) {
        const struct pl_host *host = &fleet->hosts[picked[n]];
        pl_json_item_begin(&hosts);
        pl_json_put_name(out, "{\"name\":", &host->name);
        pl_json_put_name(out, ",\"pool\":", &fleet->pools[host->pool].name);
        pl_text_str(out, ",\"state\":\"");
        pl_text_str(out, pl_health_name(host->health));
        pl_text_char(out, '"');
        if (host->service.name[0] != '\0') {
            pl_text_str(out, ",\"service\":");
            pl_text_json(out, pl_span_of(host->service.name));
        }
        if (pl_service_hides(host)) pl_text_str(out, ",\"service_passes_on\":true");
        if (host->has_sample) {
            pl_json_put_number(out, ",\"age_ms\":", age_ms(host, view->now), 1);
            put_used(out, ",\"cpu\":", host, PL_RESOURCE_CPU);
            put_used(out, ",\"memory\":", host, PL_RESOURCE_MEMORY);
            pl_json_put_host_limit(out, host);
        }
        pl_text_char(out, '}');
        if (!pl_json_item_end(&hosts)) break;
    }
    pl_text_str(out, "]}");
}

void pl_json_sample(struct pl_text *out, const struct pl_name *host, const struct pl_sample *sample)
{
    pl_json_put_name(out, "{\"host\":", host);
    pl_json_put_number(out, ",\"t\":", sample->unix_ms, 1);
    pl_text_str(out, ",\"m\":");
    put_metrics(out, sample);
    pl_text_char(out, '}');
}
