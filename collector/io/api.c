/* Ownership: the API owns its server, its stream and one buffer in which every answer is written;
 * the server copies it before pl_http_server_reply() returns.
 *
 *     server -> on_request -> route -> get_* -> reply ...... now
 *                                   \-> pl_api_get_series -> store -> on_series -> reply   later */
#include "collector/codec/said_in.h"
#include "collector/core/trust/role.h"
#include "collector/io/api_private.h"
#include "collector/io/assets.h"
#include "common/base/assert.h"
#include "common/sys/clock.h"

#include <stdio.h>
#include <stdlib.h>

enum { SEGMENTS_MAX = 5 };

/* ---- routes ---- */

/* "{}" stands for a name, "{alert}" for an alert's id as one segment: "limit%2Fweb", "{token}" for
 * any text. A route for GET is one for HEAD as well. */
static const struct route {
    enum pl_http_method method;
    enum pl_role role; // the least one that may
    const char *segments[SEGMENTS_MAX];
    void (*serve)(struct pl_api_call *c);
} routes[] = {
    {PL_HTTP_GET, PL_ROLE_NOBODY, {"healthz"}, pl_api_get_healthz},
    {PL_HTTP_GET, PL_ROLE_NOBODY, {"readyz"}, pl_api_get_readyz},
    {PL_HTTP_GET, PL_ROLE_NOBODY, {"-", "healthy"}, pl_api_get_healthz},
    {PL_HTTP_GET, PL_ROLE_NOBODY, {"-", "ready"}, pl_api_get_readyz},
    {PL_HTTP_GET, PL_ROLE_ALERTS_WRITE, {"api", "v2", "status"}, pl_api_get_am_status},
    {PL_HTTP_POST, PL_ROLE_ALERTS_WRITE, {"api", "v2", "alerts"}, pl_api_post_am_alerts},
    {PL_HTTP_GET, PL_ROLE_METRICS, {"metrics"}, pl_api_get_metrics},
    {PL_HTTP_GET, PL_ROLE_READ_ONLY, {"api", "v1", "self"}, pl_api_get_self},
    {PL_HTTP_GET, PL_ROLE_READ_ONLY, {"api", "v1", "openapi.json"}, pl_api_get_openapi},
    {PL_HTTP_GET, PL_ROLE_READ_ONLY, {"api", "v1", "pools"}, pl_api_get_pools},
    {PL_HTTP_GET, PL_ROLE_READ_ONLY, {"api", "v1", "pools", "{}", "outlook"}, pl_api_get_outlook},
    {PL_HTTP_GET, PL_ROLE_READ_ONLY, {"api", "v1", "hosts"}, pl_api_get_hosts},
    {PL_HTTP_GET, PL_ROLE_READ_ONLY, {"api", "v1", "hosts", "{}"}, pl_api_get_host},
    {PL_HTTP_GET, PL_ROLE_READ_ONLY, {"api", "v1", "hosts", "{}", "series"}, pl_api_get_series},
    {PL_HTTP_GET, PL_ROLE_READ_ONLY, {"api", "v1", "alerts"}, pl_api_get_alerts},
    {PL_HTTP_GET,
     PL_ROLE_READ_ONLY,
     {"api", "v1", "alerts", "{alert}", "deliveries"},
     pl_api_get_deliveries},
    {PL_HTTP_GET,
     PL_ROLE_READ_ONLY,
     {"api", "v1", "alerts", "{alert}", "explain"},
     pl_api_get_explain},
    {PL_HTTP_POST, PL_ROLE_ON_CALL, {"api", "v1", "alerts", "{alert}", "ack"}, pl_api_post_ack},
    {PL_HTTP_POST,
     PL_ROLE_ON_CALL,
     {"api", "v1", "alerts", "{alert}", "snooze"},
     pl_api_post_snooze},
    {PL_HTTP_POST,
     PL_ROLE_ON_CALL,
     {"api", "v1", "alerts", "{alert}", "release"},
     pl_api_post_release},
    {PL_HTTP_POST,
     PL_ROLE_ON_CALL,
     {"api", "v1", "alerts", "{alert}", "assign"},
     pl_api_post_assign},
    {PL_HTTP_POST, PL_ROLE_ON_CALL, {"api", "v1", "alerts", "{alert}", "note"}, pl_api_post_note},
    {PL_HTTP_GET, PL_ROLE_READ_ONLY, {"api", "v1", "silences"}, pl_api_get_silences},
    {PL_HTTP_POST, PL_ROLE_ON_CALL, {"api", "v1", "silences"}, pl_api_post_silence},
    {PL_HTTP_DELETE, PL_ROLE_ON_CALL, {"api", "v1", "silences", "{}"}, pl_api_delete_silence},
    {PL_HTTP_GET, PL_ROLE_READ_ONLY, {"api", "v1", "changes"}, pl_api_get_changes},
    {PL_HTTP_GET, PL_ROLE_READ_ONLY, {"api", "v1", "stream"}, pl_api_get_stream},
    {PL_HTTP_GET, PL_ROLE_READ_ONLY, {"api", "v1", "schedules"}, pl_api_get_schedules},
    {PL_HTTP_GET, PL_ROLE_READ_ONLY, {"api", "v1", "schedules", "{}"}, pl_api_get_schedule},
    {PL_HTTP_POST,
     PL_ROLE_OPS,
     {"api", "v1", "schedules", "{}", "overrides"},
     pl_api_post_override},
    {PL_HTTP_DELETE, PL_ROLE_OPS, {"api", "v1", "overrides", "{}"}, pl_api_delete_override},
    {PL_HTTP_GET, PL_ROLE_READ_ONLY, {"api", "v1", "people", "{}"}, pl_api_get_person},
    {PL_HTTP_GET, PL_ROLE_READ_ONLY, {"api", "v1", "launches"}, pl_api_get_launches},
    {PL_HTTP_POST, PL_ROLE_OPS, {"api", "v1", "launches"}, pl_api_post_launch},
    {PL_HTTP_GET,
     PL_ROLE_READ_ONLY,
     {"api", "v1", "launches", "quality"},
     pl_api_get_launch_quality},
    {PL_HTTP_GET, PL_ROLE_READ_ONLY, {"api", "v1", "launches", "{}"}, pl_api_get_launch},
    {PL_HTTP_GET,
     PL_ROLE_READ_ONLY,
     {"api", "v1", "launches", "{}", "report"},
     pl_api_get_launch_report},
    {PL_HTTP_PUT, PL_ROLE_OPS, {"api", "v1", "launches", "{}"}, pl_api_put_launch},
    {PL_HTTP_DELETE, PL_ROLE_OPS, {"api", "v1", "launches", "{}"}, pl_api_delete_launch},
    {PL_HTTP_GET,
     PL_ROLE_READ_ONLY,
     {"api", "v1", "launches", "{}", "forecast"},
     pl_api_get_forecast},
    {PL_HTTP_POST,
     PL_ROLE_OPS,
     {"api", "v1", "launches", "{}", "announce"},
     pl_api_announce_launch},
    {PL_HTTP_GET, PL_ROLE_READ_ONLY, {"api", "v1", "cases"}, pl_api_get_cases},
    {PL_HTTP_POST, PL_ROLE_ON_CALL, {"api", "v1", "cases"}, pl_api_post_case},
    {PL_HTTP_GET, PL_ROLE_READ_ONLY, {"api", "v1", "cases", "{}"}, pl_api_get_case},
    {PL_HTTP_GET, PL_ROLE_READ_ONLY, {"api", "v1", "cases", "{}", "draft"}, pl_api_get_case_draft},
    {PL_HTTP_PUT, PL_ROLE_ON_CALL, {"api", "v1", "cases", "{}", "draft"}, pl_api_put_case_draft},
    {PL_HTTP_POST, PL_ROLE_ON_CALL, {"api", "v1", "cases", "{}", "note"}, pl_api_post_case_note},
    {PL_HTTP_POST, PL_ROLE_ON_CALL, {"api", "v1", "cases", "{}", "owner"}, pl_api_post_case_owner},
    {PL_HTTP_PUT, PL_ROLE_ON_CALL, {"api", "v1", "cases", "{}", "known"}, pl_api_put_case_known},
    {PL_HTTP_POST, PL_ROLE_OPS, {"api", "v1", "cases", "{}", "publish"}, pl_api_post_case_publish},
    {PL_HTTP_POST, PL_ROLE_ON_CALL, {"api", "v1", "cases", "{}", "close"}, pl_api_post_case_close},
    {PL_HTTP_POST,
     PL_ROLE_OPS,
     {"api", "v1", "cases", "{}", "subscribers"},
     pl_api_post_case_subscriber},
    {PL_HTTP_POST,
     PL_ROLE_OPS,
     {"api", "v1", "cases", "{}", "unsubscribe"},
     pl_api_post_case_unsubscribe},
    {PL_HTTP_GET, PL_ROLE_NOBODY, {"updates", "{}"}, pl_api_get_updates},
    {PL_HTTP_GET, PL_ROLE_NOBODY, {"updates", "{}", "incident.json"}, pl_api_get_incident},
    {PL_HTTP_GET,
     PL_ROLE_READ_ONLY,
     {"api", "v1", "launches", "{}", "actions"},
     pl_api_get_actions},
    {PL_HTTP_POST, PL_ROLE_OPS, {"api", "v1", "launches", "{}", "actions"}, pl_api_post_action},
    {PL_HTTP_POST, PL_ROLE_NOBODY, {"api", "v1", "session"}, pl_api_post_session},
    {PL_HTTP_GET, PL_ROLE_METRICS, {"api", "v1", "freeze"}, pl_api_get_freeze},
    {PL_HTTP_GET, PL_ROLE_METRICS, {"api", "v1", "freeze.txt"}, pl_api_get_freeze_text},
    {PL_HTTP_GET, PL_ROLE_METRICS, {"api", "v1", "session"}, pl_api_get_session},
    {PL_HTTP_DELETE, PL_ROLE_READ_ONLY, {"api", "v1", "session"}, pl_api_delete_session},
    {PL_HTTP_PUT, PL_ROLE_READ_ONLY, {"api", "v1", "session", "password"}, pl_api_put_own_password},
    {PL_HTTP_GET, PL_ROLE_ADMIN, {"api", "v1", "users"}, pl_api_get_users},
    {PL_HTTP_POST, PL_ROLE_ADMIN, {"api", "v1", "users"}, pl_api_post_user},
    {PL_HTTP_PUT, PL_ROLE_ADMIN, {"api", "v1", "users", "{}"}, pl_api_put_user},
    {PL_HTTP_DELETE, PL_ROLE_ADMIN, {"api", "v1", "users", "{}"}, pl_api_delete_user},
    {PL_HTTP_PUT, PL_ROLE_ADMIN, {"api", "v1", "users", "{}", "password"}, pl_api_put_password},
    {PL_HTTP_POST,
     PL_ROLE_ADMIN,
     {"api", "v1", "users", "{}", "login-link"},
     pl_api_post_login_link},
    {PL_HTTP_GET, PL_ROLE_READ_ONLY, {"api", "v1", "customers"}, pl_api_get_customers},
    {PL_HTTP_GET, PL_ROLE_READ_ONLY, {"api", "v1", "customers", "{}"}, pl_api_get_customer},
    {PL_HTTP_POST,
     PL_ROLE_ADMIN,
     {"api", "v1", "customers", "{}", "tokens"},
     pl_api_post_customer_token},
    {PL_HTTP_GET, PL_ROLE_ADMIN, {"api", "v1", "api-tokens"}, pl_api_get_api_tokens},
    {PL_HTTP_POST, PL_ROLE_ADMIN, {"api", "v1", "api-tokens"}, pl_api_post_api_token},
    {PL_HTTP_DELETE, PL_ROLE_ADMIN, {"api", "v1", "api-tokens", "{}"}, pl_api_delete_api_token},
    {PL_HTTP_GET, PL_ROLE_ADMIN, {"api", "v1", "audit"}, pl_api_get_audit},
    {PL_HTTP_POST, PL_ROLE_OPS, {"api", "v1", "feeds"}, pl_api_post_feed},
    {PL_HTTP_DELETE, PL_ROLE_OPS, {"api", "v1", "feeds", "{}"}, pl_api_delete_feed},
    {PL_HTTP_GET, PL_ROLE_NOBODY, {"feeds", "{token}"}, pl_api_get_feed},
    {PL_HTTP_GET, PL_ROLE_NOBODY, {"ack", "{token}"}, pl_api_get_link},
    {PL_HTTP_POST, PL_ROLE_NOBODY, {"ack", "{token}"}, pl_api_post_link},
    {PL_HTTP_POST, PL_ROLE_NOBODY, {"callbacks", "twilio", "{token}"}, pl_api_post_call},
    {PL_HTTP_POST, PL_ROLE_NOBODY, {"callbacks", "pagerduty"}, pl_api_post_pagerduty},
    {PL_HTTP_POST, PL_ROLE_NOBODY, {"callbacks", "slack"}, pl_api_post_slack},
};

/* Requests with a proof of their own, which no page of another site can know: they may come from
 * any, and no session counts. */
static bool proves_itself(const struct route *route)
{
    static void (*const proven[])(struct pl_api_call *
                                  c) = {pl_api_get_link, pl_api_post_link, pl_api_post_call,
                                        pl_api_post_pagerduty, pl_api_post_slack};
    for (size_t i = 0; route && i < PL_LEN(proven); i++)
        if (route->serve == proven[i]) return true;
    return false;
}

/* The only routes that customers have. Each of them looks at who asks: pl_api_customer(),
 * pl_api_may_see(). */
static void (*const for_customers[])(struct pl_api_call *c) = {
    pl_api_get_session,     pl_api_delete_session, pl_api_get_launches,      pl_api_post_launch,
    pl_api_get_launch,      pl_api_put_launch,     pl_api_delete_launch,     pl_api_get_forecast,
    pl_api_announce_launch, pl_api_get_customer,   pl_api_get_launch_report, pl_api_post_feed,
    pl_api_delete_feed,     pl_api_get_actions,    pl_api_post_action,
};
/* And the only files, beside those that are open to everybody. */
static const char *const files_for_customers[] = {"/launch.html", "/launch.js", "/report.js"};

static bool segment_matches(struct pl_api_call *c, struct pl_span segment, const char *want)
{
    char text[PL_ALERT_ID_MAX + 1];
    if (want[0] != '{') return pl_span_is(segment, want);
    if (strcmp(want, "{token}") == 0) {
        c->token = segment;
        return segment.len > 0;
    }
    int len = pl_percent_decode(segment, text, sizeof text);
    if (len < 0) return false;
    struct pl_span decoded = {(uint8_t *)text, (size_t)len};
    if (strcmp(want, "{alert}") == 0) return pl_alert_id_parse(decoded, &c->rule, &c->name) == 0;
    return pl_name_parse(decoded, &c->name) == 0;
}

static bool route_matches(struct pl_api_call *c, const struct route *route)
{
    struct pl_span path = c->request->path;
    const uint8_t *at = path.ptr, *end = path.ptr + path.len;
    for (int i = 0; i < SEGMENTS_MAX && route->segments[i]; i++) {
        if (at == end || *at++ != '/') return false;
        const uint8_t *slash = memchr(at, '/', (size_t)(end - at));
        size_t len = (size_t)((slash ? slash : end) - at);
        if (!segment_matches(c, (struct pl_span){at, len}, route->segments[i])) return false;
        at += len;
    }
    return at == end;
}

struct pl_view pl_api_view_of(const struct pl_api *api, struct pl_now now)
{
    struct pl_tls_context *own = api->config.certificate ? *api->config.certificate : NULL;
    int64_t ends_unix_ms = own ? pl_tls_context_ends_unix_ms(own) : 0;
    return (struct pl_view){.engine = api->config.engine,
                            .troubles = &api->troubles,
                            .targets = api->config.targets,
                            .target_count = api->config.target_count,
                            .contacts = api->config.contacts,
                            .oncall = api->config.oncall,
                            .certificate_ends_unix_ms = ends_unix_ms,
                            .now = now};
}

static bool method_matches(const struct route *route, enum pl_http_method method)
{
    return route->method == method || (route->method == PL_HTTP_GET && method == PL_HTTP_HEAD);
}

/* The route of the request; NULL without one, and then c->allow says which methods its path has. */
static const struct route *find_route(struct pl_api_call *c)
{
    struct pl_text allow = pl_text_init(c->allow, sizeof c->allow);
    for (size_t i = 0; i < PL_LEN(routes); i++) {
        if (!route_matches(c, &routes[i])) continue;
        if (method_matches(&routes[i], c->request->method)) return &routes[i];
        if (allow.len > 0) pl_text_str(&allow, ", ");
        pl_text_str(&allow, pl_http_method_name(routes[i].method));
        if (routes[i].method == PL_HTTP_GET) pl_text_str(&allow, ", HEAD");
    }
    PL_ASSERT(!allow.overflow);
    return NULL;
}

static void serve_asset(struct pl_api_call *c, const struct pl_asset *asset)
{
    static const struct route assets = {.method = PL_HTTP_GET};
    if (!method_matches(&assets, c->request->method)) {
        (void)snprintf(c->allow, sizeof c->allow, "GET, HEAD"); // it fits
        pl_api_problem(c, 405, PL_API_NO_PARAMETER, "this path is for GET, HEAD");
        return;
    }
    struct pl_http_reply r = pl_asset_reply(asset, c->request);
    pl_http_server_reply(c->api->server, c->client, &r);
}

/* What is needed to log in, and nothing more. */
static bool is_open_asset(const struct pl_asset *asset)
{
    static const char *const open[] = {"/login.html", "/login.js",   "/style.css",
                                       "/my.html",    "/my.js",      "/launch.css",
                                       "/parts.js",   "/session.js", "/words.js"};
    for (size_t i = 0; i < PL_LEN(open); i++)
        if (strcmp(asset->path, open[i]) == 0) return true;
    return false;
}

static struct pl_gate_need need_of(const struct route *route, const struct pl_asset *asset)
{
    struct pl_gate_need need = {.role = PL_ROLE_READ_ONLY};
    if (route) need.role = route->role;
    if (!route && asset && is_open_asset(asset)) need.role = PL_ROLE_NOBODY;
    for (size_t i = 0; route && i < PL_LEN(for_customers); i++)
        need.for_customers |= route->serve == for_customers[i];
    for (size_t i = 0; !route && asset && i < PL_LEN(files_for_customers); i++)
        need.for_customers |= strcmp(asset->path, files_for_customers[i]) == 0;
    return need;
}

static void refuse(struct pl_api_call *c, enum pl_role role, enum pl_gate gate)
{
    const struct pl_gate_info *info = pl_gate_info(gate);
    char detail[256];
    if (gate == PL_GATE_ROLE)
        (void)snprintf(detail, sizeof detail, "this needs the role %s; '%s' is %s",
                       pl_role_name(role), c->caller.shown.principal.name.text,
                       pl_role_name(c->caller.shown.principal.role)); // it fits
    else
        (void)snprintf(detail, sizeof detail, "%s", info->text); // it fits
    pl_api_problem(c, info->status, PL_API_NO_PARAMETER, detail);
}

/* False: it was refused, and answered; a page by leading to the login. */
static bool admit(struct pl_api_call *c, struct pl_gate_need need, const struct pl_asset *asset)
{
    enum pl_gate gate = pl_gate_judge(need, &c->caller.shown);
    int64_t wait_ms = pl_login_take(c->api->config.login, &c->caller, c->now.mono_ms);
    if (wait_ms > 0) {
        struct pl_http_problem problem = {429, PL_API_NO_PARAMETER, "that was too much at once",
                                          NULL};
        pl_api_refuse_for(c->api, c->client, &problem, wait_ms);
        return false;
    }
    if (gate == PL_GATE_OPEN) return true;
    bool is_front = asset && strcmp(asset->path, "/index.html") == 0;
    if (is_front && (gate == PL_GATE_LOGIN || gate == PL_GATE_CUSTOMER)) {
        bool is_customer = gate == PL_GATE_CUSTOMER;
        struct pl_http_reply r = {.status = 303,
                                  .content_type = "text/plain",
                                  .location = is_customer ? "/my.html" : "/login.html",
                                  .body = pl_span_of("see the page that Location names\n")};
        pl_http_server_reply(c->api->server, c->client, &r);
    } else {
        refuse(c, need.role, gate);
    }
    return false;
}

static void look_at_caller(struct pl_api_call *c)
{
    const struct pl_api_config *config = &c->api->config;
    struct pl_login_origin origin = {
        .is_secure = pl_http_server_is_tls(c->api->server, c->client) ||
                     (config->is_external_https &&
                      pl_http_host_is(c->request->host, config->external_host))};
    pl_http_server_peer(c->api->server, c->client, origin.address);
    pl_login_look(c->api->config.login, c->request, &origin, c->now, &c->caller);
}

static void on_request(void *arg, struct pl_slot_id client, const struct pl_http_request *request)
{
    struct pl_api *api = arg;
    struct pl_now now = {pl_clock_mono_ms(), pl_clock_unix_ms()};
    struct pl_api_call c = {.api = api, .client = client, .request = request, .now = now};
    c.view = pl_api_view_of(api, now);
    c.out = pl_text_init(api->body, sizeof api->body);
    const struct route *route = find_route(&c);
    const struct pl_asset *asset = pl_asset_find(request->path);
    look_at_caller(&c);
    c.view.customer = pl_api_customer(&c);
    if (!proves_itself(route) && !admit(&c, need_of(route, asset), asset)) return;
    if (route) {
        route->serve(&c);
    } else if (c.allow[0] != '\0') {
        char detail[PL_API_ALLOW_BYTES + 32];
        (void)snprintf(detail, sizeof detail, "this path is for %s", c.allow); // it fits
        pl_api_problem(&c, 405, PL_API_NO_PARAMETER, detail);
    } else if (asset) {
        serve_asset(&c, asset);
    } else {
        pl_api_problem(&c, 404, PL_API_NO_PARAMETER, "nothing is here");
    }
}

struct pl_api *pl_api_new(uv_loop_t *loop, const struct pl_api_config *config)
{
    struct pl_api *api = calloc(1, sizeof *api);
    if (!api) return NULL;
    api->config = *config;
    struct pl_http_server_config server = {.connection_max = PL_HTTP_CONNECTION_MAX,
                                           .handler = on_request,
                                           .arg = api,
                                           .host = api->config.external_host};
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

bool pl_api_adopt(struct pl_api *api, int fd, struct pl_tls *tls)
{
    return pl_http_server_adopt(api->server, fd, tls);
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
        .unheard = pl_engine_is_unheard(api->config.engine),
        .heartbeat_refused = api->config.heartbeat->refused,
        .refused_count = store.counts->refused,
        .dropped_count = store.counts->dropped_chunks,
        .restarts_count = server ? pl_redis_server_restarts(server) : 0,
    };
    pl_troubles_step(&api->troubles, &facts, now);
}

void pl_api_tick(struct pl_api *api, struct pl_now now)
{
    watch_itself(api, now);
    struct pl_view view = pl_api_view_of(api, now);
    pl_http_server_tick(api->server, now);
    pl_api_launch_tick(api, now);
    pl_api_case_tick(api, now);
    pl_stream_end_others(api->stream, api->config.login, now);
    pl_stream_tick(api->stream, &view);
}

void pl_api_sample(struct pl_api *api, uint32_t host, const struct pl_sample *sample)
{
    pl_stream_sample(api->stream, &pl_engine_fleet(api->config.engine)->hosts[host].name, sample);
}
