/* What can be seen: the engine, the store and the collector itself, as they are now. */
#include "collector/codec/json_capacity.h"
#include "collector/codec/json_change.h"
#include "collector/io/api_private.h"
#include "collector/io/assets.h"
#include "common/base/assert.h"

static bool redis_ok(const struct pl_api *api)
{
    return pl_store_view(api->config.store).state == PL_REDIS_READY;
}

/* Whether what agents were told is kept survives a death of Redis. */
static const char *durability(const struct pl_redis_facts *facts)
{
    if (!facts->aof_on) return "warning: Redis runs without append-only file";
    return facts->aof_writable ? "on" : "warning: Redis cannot write its append-only file";
}

void pl_api_get_healthz(struct pl_api_call *c)
{
    if (!pl_api_read_no_query(c)) return;
    pl_text_str(&c->out, "ok\n");
    pl_api_reply(c, 200, "text/plain; charset=utf-8");
}

void pl_api_get_readyz(struct pl_api_call *c)
{
    if (!pl_api_read_no_query(c)) return;
    struct pl_store_view store = pl_store_view(c->api->config.store);
    bool ready = redis_ok(c->api) && c->api->ingest_ready;
    pl_text_str(&c->out, ready ? "{\"ready\":true" : "{\"ready\":false");
    pl_text_str(&c->out, ",\"checks\":{\"redis\":\"");
    pl_text_str(&c->out, pl_redis_state_name(store.state));
    pl_text_str(&c->out, "\",\"durability\":\"");
    pl_text_str(&c->out, store.state == PL_REDIS_READY ? durability(store.facts) : "not known");
    pl_text_str(&c->out, "\",\"ingest\":\"");
    pl_text_str(&c->out, c->api->ingest_ready ? "ready" : "restoring");
    pl_text_str(&c->out, "\",\"config\":\"loaded\"}}\n");
    pl_api_reply(c, ready ? 200 : 503, "application/json");
}

void pl_api_get_metrics(struct pl_api_call *c)
{
    if (!pl_api_read_no_query(c)) return;
    struct pl_stat stats[PL_STATS_MAX];
    pl_stats_metrics(&c->out, stats, pl_api_stats(c->api, c->now, stats));
    pl_api_reply(c, 200, "text/plain; version=0.0.4; charset=utf-8");
}

void pl_api_get_self(struct pl_api_call *c)
{
    if (!pl_api_read_no_query(c)) return;
    struct pl_stat stats[PL_STATS_MAX];
    pl_stats_json(&c->out, stats, pl_api_stats(c->api, c->now, stats));
    pl_api_reply_json(c);
}

/* Written by hand; a test compares it with the routes below. */
void pl_api_get_openapi(struct pl_api_call *c)
{
    if (!pl_api_read_no_query(c)) return;
    const struct pl_asset *asset = pl_asset_find(pl_span_of("/openapi.json"));
    PL_ASSERT(asset); // embedded
    struct pl_http_reply r = pl_asset_reply(asset, c->request);
    pl_http_server_reply(c->api->server, c->client, &r);
}

void pl_api_get_pools(struct pl_api_call *c)
{
    if (!pl_api_read_no_query(c)) return;
    pl_json_pools(&c->out, &c->view);
    pl_api_reply_json(c);
}

void pl_api_get_outlook(struct pl_api_call *c)
{
    if (!pl_api_read_no_query(c)) return;
    uint32_t pool = pl_fleet_find_pool(pl_engine_fleet(c->view.engine), &c->name);
    if (pool == PL_NO_INDEX) {
        pl_api_problem_value(c, 404, PL_API_NO_PARAMETER, c->name.text,
                             "is no pool; /api/v1/pools lists them");
        return;
    }
    pl_json_outlook(&c->out, &c->view, pool);
    pl_api_reply_json(c);
}

void pl_api_get_alerts(struct pl_api_call *c)
{
    if (!pl_api_read_no_query(c)) return;
    pl_json_alerts(&c->out, &c->view);
    pl_api_reply_json(c);
}

/* Index of the pool or host that is named, or PL_NO_INDEX if none is. False: there is no such one,
 * and that was answered. */
static bool find_named(struct pl_api_call *c, const struct pl_name *pool_name,
                       const struct pl_name *host_name, struct pl_json_changes *out)
{
    const struct pl_fleet *fleet = pl_engine_fleet(c->view.engine);
    out->pool = out->host = PL_NO_INDEX;
    if (pool_name->len > 0) {
        out->pool = pl_fleet_find_pool(fleet, pool_name);
        if (out->pool == PL_NO_INDEX) {
            pl_api_problem_value(c, 404, pl_span_of("pool"), pool_name->text,
                                 "is no pool; /api/v1/pools lists them");
            return false;
        }
    }
    if (host_name->len == 0) return true;
    out->host = pl_fleet_find_host(fleet, host_name);
    if (out->host != PL_NO_INDEX) return true;
    pl_api_problem_value(c, 404, pl_span_of("host"), host_name->text,
                         "is no host; /api/v1/hosts lists them");
    return false;
}

void pl_api_get_changes(struct pl_api_call *c)
{
    struct pl_query_param params[] = {{.name = "pool"}, {.name = "host"}, {.name = "since"}};
    struct pl_name pool, host;
    struct pl_json_changes wish = {.since_unix_ms = 0};
    if (!pl_api_read_query(c, params, PL_LEN(params)) || !pl_api_read_name(c, &params[0], &pool) ||
        !pl_api_read_name(c, &params[1], &host) || !find_named(c, &pool, &host, &wish))
        return;
    if (params[2].present && pl_query_time(params[2].value, &wish.since_unix_ms) < 0) {
        pl_api_problem_value(c, 422, pl_span_of("since"), params[2].value,
                             "is no time: RFC 3339 or unix seconds");
        return;
    }
    pl_json_changes(&c->out, &c->view, &wish);
    pl_api_reply_json(c);
}

void pl_api_get_hosts(struct pl_api_call *c)
{
    struct pl_query_param params[] = {{.name = "pool"}, {.name = "after"}};
    struct pl_name pool_name, after;
    if (!pl_api_read_query(c, params, PL_LEN(params)) ||
        !pl_api_read_name(c, &params[0], &pool_name) || !pl_api_read_name(c, &params[1], &after))
        return;
    const struct pl_fleet *fleet = pl_engine_fleet(c->view.engine);
    uint32_t pool = PL_NO_INDEX, first = 0;
    if (pool_name.len > 0) {
        pool = pl_fleet_find_pool(fleet, &pool_name);
        if (pool == PL_NO_INDEX) {
            pl_api_problem_value(c, 404, pl_span_of("pool"), pool_name.text,
                                 "is no pool; /api/v1/pools lists them");
            return;
        }
    }
    if (after.len > 0) {
        uint32_t host = pl_fleet_find_host(fleet, &after);
        if (host == PL_NO_INDEX) {
            pl_api_problem_value(c, 404, pl_span_of("after"), after.text,
                                 "is no host any more; begin again without it");
            return;
        }
        first = host + 1;
    }
    pl_json_hosts(&c->out, &c->view, pool, first);
    pl_api_reply_json(c);
}

void pl_api_get_host(struct pl_api_call *c)
{
    if (!pl_api_read_no_query(c)) return;
    uint32_t host = pl_fleet_find_host(pl_engine_fleet(c->view.engine), &c->name);
    if (host == PL_NO_INDEX) {
        pl_api_problem_value(c, 404, PL_API_NO_PARAMETER, c->name.text,
                             "is no host; /api/v1/hosts lists them");
        return;
    }
    pl_json_host(&c->out, &c->view, host);
    pl_text_char(&c->out, '\n');
    pl_api_reply_json(c);
}

void pl_api_get_stream(struct pl_api_call *c)
{
    struct pl_query_param params[] = {{.name = "host"}, {.name = "pool"}};
    struct pl_stream_wish wish;
    if (!pl_api_read_query(c, params, PL_LEN(params)) ||
        !pl_api_read_name(c, &params[0], &wish.host) ||
        !pl_api_read_name(c, &params[1], &wish.pool))
        return;
    pl_stream_subscribe(c->api->stream, c->client, &wish, &c->caller, &c->view);
}
