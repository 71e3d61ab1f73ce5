/* Ownership: the API owns its server, its stream and one buffer in which every answer is written;
 * the server copies it before pl_http_server_reply() returns.
 *
 *     server -> on_request -> route -> get_* -> reply ...... now
 *                                   \-> pl_api_get_series -> store -> on_series -> reply   later */
#include "collector/io/api_private.h"

#include "collector/codec/json_capacity.h"
#include "collector/codec/json_change.h"
#include "collector/codec/query.h"
#include "collector/io/assets.h"
#include "common/base/assert.h"
#include "common/base/err.h"
#include "common/sys/clock.h"

#include <stdlib.h>

enum { SEGMENTS_MAX = 5, VALUE_RULE_BYTES = 192 };

static void reply(struct pl_api_call *c, int status, const char *type)
{
    PL_ASSERT(!c->out.overflow); // each writer keeps to the buffer it was given
    struct pl_http_reply r = {
        .status = status, .content_type = type, .body = pl_text_bytes(&c->out)};
    if (status == 405) r.allow = "GET, HEAD";
    pl_http_server_reply(c->api->server, c->client, &r);
}

void pl_api_reply_json(struct pl_api_call *c)
{
    reply(c, 200, "application/json");
}

void pl_api_problem(struct pl_api_call *c, int status, struct pl_span parameter, const char *detail)
{
    struct pl_http_problem p = {status, parameter, detail};
    c->out = pl_text_init(c->api->body, sizeof c->api->body);
    pl_http_problem_body(&c->out, &p);
    reply(c, status, "application/problem+json");
}

void pl_api_problem_value(struct pl_api_call *c, int status, struct pl_span parameter,
                          const char *value, const char *rest)
{
    char detail[PL_QUERY_VALUE_LEN_MAX + VALUE_RULE_BYTES];
    struct pl_text text = pl_text_init(detail, sizeof detail);
    pl_text_char(&text, '\'');
    pl_text_str(&text, value);
    pl_text_str(&text, "' ");
    pl_text_str(&text, rest);
    PL_ASSERT(!text.overflow);
    pl_api_problem(c, status, parameter, detail);
}

/* Says which parameters the route has. */
static void refuse_parameter(struct pl_api_call *c, struct pl_span culprit,
                             const struct pl_query_param *params, size_t count)
{
    char detail[VALUE_RULE_BYTES];
    struct pl_text text = pl_text_init(detail, sizeof detail);
    pl_text_str(&text, "this route has no such parameter; it takes ");
    if (count == 0) pl_text_str(&text, "none");
    for (size_t i = 0; i < count; i++) {
        if (i > 0) pl_text_str(&text, ", ");
        pl_text_str(&text, params[i].name);
    }
    PL_ASSERT(!text.overflow);
    pl_api_problem(c, 400, culprit, detail);
}

bool pl_api_read_query(struct pl_api_call *c, struct pl_query_param *params, size_t count)
{
    struct pl_span culprit = {0};
    switch (pl_query_parse(c->request->query, params, count, &culprit)) {
    case 0: return true;
    case PL_E_NOT_FOUND: refuse_parameter(c, culprit, params, count); break;
    case PL_E_DUPLICATE: pl_api_problem(c, 400, culprit, "the parameter is repeated"); break;
    case PL_E_TOO_BIG: pl_api_problem(c, 400, culprit, "the value is too long"); break;
    default: pl_api_problem(c, 400, culprit, "the value is not correctly percent-encoded"); break;
    }
    return false;
}

static bool read_no_query(struct pl_api_call *c)
{
    return pl_api_read_query(c, NULL, 0);
}

/* A name from the query; `*out` stays empty if it was not given. False: refused and answered. */
static bool read_name(struct pl_api_call *c, const struct pl_query_param *param,
                      struct pl_name *out)
{
    *out = (struct pl_name){0};
    if (!param->present) return true;
    if (pl_name_parse(pl_span_of(param->value), out) == 0) return true;
    pl_api_problem_value(c, 422, pl_span_of(param->name), param->value,
                         "is not a name: 1 to 63 letters, digits, dots, underscores and hyphens");
    return false;
}

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

static void get_healthz(struct pl_api_call *c)
{
    if (!read_no_query(c)) return;
    pl_text_str(&c->out, "ok\n");
    reply(c, 200, "text/plain; charset=utf-8");
}

static void get_readyz(struct pl_api_call *c)
{
    if (!read_no_query(c)) return;
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
    reply(c, ready ? 200 : 503, "application/json");
}

static void get_metrics(struct pl_api_call *c)
{
    if (!read_no_query(c)) return;
    struct pl_stat stats[PL_STATS_MAX];
    pl_stats_metrics(&c->out, stats, pl_api_stats(c->api, c->now, stats));
    reply(c, 200, "text/plain; version=0.0.4; charset=utf-8");
}

static void get_self(struct pl_api_call *c)
{
    if (!read_no_query(c)) return;
    struct pl_stat stats[PL_STATS_MAX];
    pl_stats_json(&c->out, stats, pl_api_stats(c->api, c->now, stats));
    pl_api_reply_json(c);
}

/* Written by hand; a test compares it with the routes below. */
static void get_openapi(struct pl_api_call *c)
{
    if (!read_no_query(c)) return;
    const struct pl_asset *asset = pl_asset_find(pl_span_of("/openapi.json"));
    PL_ASSERT(asset); // embedded
    struct pl_http_reply r = pl_asset_reply(asset, c->request);
    pl_http_server_reply(c->api->server, c->client, &r);
}

static void get_pools(struct pl_api_call *c)
{
    if (!read_no_query(c)) return;
    pl_json_pools(&c->out, &c->view);
    pl_api_reply_json(c);
}

static void get_outlook(struct pl_api_call *c)
{
    if (!read_no_query(c)) return;
    uint32_t pool = pl_fleet_find_pool(pl_engine_fleet(c->view.engine), &c->name);
    if (pool == PL_NO_INDEX) {
        pl_api_problem_value(c, 404, PL_API_NO_PARAMETER, c->name.text,
                             "is no pool; /api/v1/pools lists them");
        return;
    }
    pl_json_outlook(&c->out, &c->view, pool);
    pl_api_reply_json(c);
}

static void get_alerts(struct pl_api_call *c)
{
    if (!read_no_query(c)) return;
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

static void get_changes(struct pl_api_call *c)
{
    struct pl_query_param params[] = {{.name = "pool"}, {.name = "host"}, {.name = "since"}};
    struct pl_name pool, host;
    struct pl_json_changes wish = {.since_unix_ms = 0};
    if (!pl_api_read_query(c, params, PL_LEN(params)) || !read_name(c, &params[0], &pool) ||
        !read_name(c, &params[1], &host) || !find_named(c, &pool, &host, &wish))
        return;
    if (params[2].present && pl_query_time(params[2].value, &wish.since_unix_ms) < 0) {
        pl_api_problem_value(c, 422, pl_span_of("since"), params[2].value,
                             "is no time: RFC 3339 or unix seconds");
        return;
    }
    pl_json_changes(&c->out, &c->view, &wish);
    pl_api_reply_json(c);
}

static void get_hosts(struct pl_api_call *c)
{
    struct pl_query_param params[] = {{.name = "pool"}, {.name = "after"}};
    struct pl_name pool_name, after;
    if (!pl_api_read_query(c, params, PL_LEN(params)) || !read_name(c, &params[0], &pool_name) ||
        !read_name(c, &params[1], &after))
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

static void get_host(struct pl_api_call *c)
{
    if (!read_no_query(c)) return;
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

static void get_stream(struct pl_api_call *c)
{
    struct pl_query_param params[] = {{.name = "host"}, {.name = "pool"}};
    struct pl_stream_wish wish;
    if (!pl_api_read_query(c, params, PL_LEN(params)) || !read_name(c, &params[0], &wish.host) ||
        !read_name(c, &params[1], &wish.pool))
        return;
    pl_stream_subscribe(c->api->stream, c->client, &wish, &c->view);
}

/* ---- routes ---- */

/* "{}" stands for the name of a host or a pool. */
static const struct route {
    const char *segments[SEGMENTS_MAX];
    void (*get)(struct pl_api_call *c);
} routes[] = {
    {{"healthz"}, get_healthz},
    {{"readyz"}, get_readyz},
    {{"metrics"}, get_metrics},
    {{"api", "v1", "self"}, get_self},
    {{"api", "v1", "openapi.json"}, get_openapi},
    {{"api", "v1", "pools"}, get_pools},
    {{"api", "v1", "pools", "{}", "outlook"}, get_outlook},
    {{"api", "v1", "hosts"}, get_hosts},
    {{"api", "v1", "hosts", "{}"}, get_host},
    {{"api", "v1", "hosts", "{}", "series"}, pl_api_get_series},
    {{"api", "v1", "alerts"}, get_alerts},
    {{"api", "v1", "changes"}, get_changes},
    {{"api", "v1", "stream"}, get_stream},
};

static bool segment_matches(struct pl_span segment, const char *want, struct pl_name *name)
{
    char text[PL_NAME_LEN_MAX + 1];
    if (strcmp(want, "{}") != 0) return pl_span_is(segment, want);
    int len = pl_percent_decode(segment, text, sizeof text);
    return len >= 0 && pl_name_parse((struct pl_span){(uint8_t *)text, (size_t)len}, name) == 0;
}

static bool route_matches(const struct route *route, struct pl_span path, struct pl_name *name)
{
    const uint8_t *at = path.ptr, *end = path.ptr + path.len;
    for (int i = 0; i < SEGMENTS_MAX && route->segments[i]; i++) {
        if (at == end || *at++ != '/') return false;
        const uint8_t *slash = memchr(at, '/', (size_t)(end - at));
        size_t len = (size_t)((slash ? slash : end) - at);
        if (!segment_matches((struct pl_span){at, len}, route->segments[i], name)) return false;
        at += len;
    }
    return at == end;
}

static struct pl_view view_of(const struct pl_api *api, struct pl_now now)
{
    return (struct pl_view){.engine = api->config.engine,
                            .troubles = &api->troubles,
                            .targets = api->config.targets,
                            .target_count = api->config.target_count,
                            .contacts = api->config.contacts,
                            .now = now};
}

static void on_request(void *arg, struct pl_slot_id client, const struct pl_http_request *request)
{
    struct pl_api *api = arg;
    struct pl_now now = {pl_clock_mono_ms(), pl_clock_unix_ms()};
    struct pl_api_call c = {.api = api, .client = client, .request = request, .now = now};
    c.view = view_of(api, now);
    c.out = pl_text_init(api->body, sizeof api->body);
    const struct route *route = NULL;
    for (size_t i = 0; i < PL_LEN(routes) && !route; i++)
        if (route_matches(&routes[i], request->path, &c.name)) route = &routes[i];
    const struct pl_asset *asset = route ? NULL : pl_asset_find(request->path);
    if (!route && !asset) {
        pl_api_problem(&c, 404, PL_API_NO_PARAMETER, "nothing is here");
    } else if (request->method == PL_HTTP_OTHER) {
        pl_api_problem(&c, 405, PL_API_NO_PARAMETER, "this route is for GET and HEAD");
    } else if (route) {
        route->get(&c);
    } else {
        struct pl_http_reply r = pl_asset_reply(asset, request);
        pl_http_server_reply(api->server, client, &r);
    }
}

struct pl_api *pl_api_new(uv_loop_t *loop, const struct pl_api_config *config)
{
    struct pl_api *api = calloc(1, sizeof *api);
    if (!api) return NULL;
    api->config = *config;
    struct pl_http_server_config server = {
        .connection_max = PL_HTTP_CONNECTION_MAX, .handler = on_request, .arg = api};
    api->server = pl_http_server_new(loop, &server);
    api->stream = api->server ? pl_stream_new(api->server) : NULL;
    if (api->stream) return api;
    pl_api_free(api);
    return NULL;
}

void pl_api_free(struct pl_api *api)
{
    if (!api) return;
    pl_stream_free(api->stream);
    pl_http_server_free(api->server);
    free(api);
}

int pl_api_start(struct pl_api *api, const struct sockaddr *address, struct pl_now now)
{
    return pl_http_server_start(api->server, address, now);
}

uint16_t pl_api_port(const struct pl_api *api)
{
    return pl_http_server_port(api->server);
}

void pl_api_ingest_ready(struct pl_api *api)
{
    api->ingest_ready = true;
}

void pl_api_stop(struct pl_api *api, void (*on_stopped)(void *arg), void *arg)
{
    pl_http_server_stop(api->server, on_stopped, arg);
}

static void watch_itself(struct pl_api *api, struct pl_now now)
{
    struct pl_store_view store = pl_store_view(api->config.store);
    const struct pl_redis_server *server = api->config.redis_server;
    struct pl_shell_facts facts = {
        .redis_answers = store.state == PL_REDIS_READY,
        .aof_on = store.facts->aof_on,
        .aof_writable = store.facts->aof_writable,
        .tilted = pl_engine_in_tilt(api->config.engine),
        .refused_count = store.counts->refused,
        .dropped_count = store.counts->dropped_chunks,
        .restarts_count = server ? pl_redis_server_restarts(server) : 0,
    };
    pl_troubles_step(&api->troubles, &facts, now);
}

void pl_api_tick(struct pl_api *api, struct pl_now now)
{
    watch_itself(api, now);
    struct pl_view view = view_of(api, now);
    pl_http_server_tick(api->server, now);
    pl_stream_tick(api->stream, &view);
}

void pl_api_sample(struct pl_api *api, uint32_t host, const struct pl_sample *sample)
{
    pl_stream_sample(api->stream, &pl_engine_fleet(api->config.engine)->hosts[host].name, sample);
}
