/* Ownership: the app owns every part; a part is told to stop by stop_next(), reports its end from
 * the loop and frees itself then.
 *
 *     start: redis_server -> trust -> store -> http ... on_restored -> ingest -> event=ready
 *     stop:  admin -> ingest -> http -> webhook -> store -> redis_server -> timers and signals */
#include "collector/app_state.h"
#include "collector/config_notify.h"

#include "common/io/sockaddr.h"
#include "common/sys/clock.h"
#include "common/sys/process.h"

#include <assert.h>
#include <signal.h>
#include <stdlib.h>

enum { TICK_MS = 1000, POST_SLOTS = 64, DRAIN_MS = 3000, DRAIN_POLL_MS = 50 };
enum { TRAFFIC_SAVE_MS = 5 * 60 * 1000 };

struct pl_now pl_app_now(void)
{
    return (struct pl_now){pl_clock_mono_ms(), pl_clock_unix_ms()};
}

/* ---- building ---- */

static int build_engine(struct pl_app *app)
{
    const struct pl_collector_config *config = app->config;
    struct pl_pool_config *pools = calloc(PL_POOL_MAX, sizeof *pools);
    struct pl_rules *rules = calloc(PL_CONFIG_POOLS_MAX, sizeof *rules);
    if (!pools || !rules) {
        free(pools);
        free(rules);
        return -ENOMEM;
    }
    for (uint32_t i = 0; i < config->pool_count; i++) {
        const struct pl_config_pool *pool = &config->pools[i];
        pl_collector_config_rules(config, pool, &rules[i]);
        pools[i] = (struct pl_pool_config){.name = pool->name,
                                           .notify = pool->notifier_mask,
                                           .policy = pool->policy,
                                           .capacity = pool->capacity,
                                           .rules = &rules[i]};
    }
    struct pl_target_pace paces[PL_TARGET_MAX];
    struct pl_name names[PL_TARGET_MAX];
    for (uint32_t i = 0; i < config->notifier_count; i++) {
        const struct pl_notify_provider *provider = pl_notify_provider(config->notifiers[i].type);
        names[i] = config->notifiers[i].name;
        paces[i] = (struct pl_target_pace){provider->per_minute, PL_MAX(provider->burst, 1)};
    }
    struct pl_engine_config engine = {
        .host_max = (uint32_t)config->max_agents,
        .target_count = config->notifier_count,
        .pool_count = config->pool_count,
        .pools = pools,
        .default_notify = pl_collector_config_notifiers(config, NULL),
        .default_policy = config->default_policy,
        .routes = {pl_policy_route, app->oncall},
        .target_names = names,
        .paces = paces,
        .seed = pl_process_seed(),
    };
    pl_collector_config_rules(config, NULL, &engine.rules);
    app->engine_bytes = pl_engine_bytes(&engine);
    void *memory = pl_process_map(app->engine_bytes);
    if (memory) app->engine = pl_engine_init(memory, &engine, pl_app_now());
    free(pools);
    free(rules);
    return memory ? 0 : -ENOMEM;
}

static void build_targets(struct pl_app *app)
{
    for (uint32_t i = 0; i < app->config->pool_count; i++) {
        const struct pl_config_pool *pool = &app->config->pools[i];
        app->contacts[i] = (struct pl_contact){pool->name, pl_span_of(pool->owner),
                                               pl_span_of(pool->runbook), pool->policy};
    }
    static_assert((int)PL_CONFIG_NOTIFIERS_MAX <= (int)PL_TARGET_MAX, "a notifier is a target");
    app->target_count = app->config->notifier_count;
    for (uint32_t i = 0; i < app->target_count; i++) {
        app->target_names[i] = app->config->notifiers[i].name;
        app->targets[i] = pl_config_notifier_target(&app->config->notifiers[i]);
    }
}

int pl_app_new(uv_loop_t *loop, const struct pl_collector_config *config, struct pl_app **out)
{
    struct pl_app *app = calloc(1, sizeof *app);
    if (!app) return -ENOMEM;
    *app = (struct pl_app){.loop = loop, .config = config, .started_mono_ms = pl_clock_mono_ms()};
    app->traffic_due_mono_ms = app->started_mono_ms + TRAFFIC_SAVE_MS;
    app->said.ticket = PL_STORE_NO_TICKET;
    pl_sdnotify_open(&app->systemd); // before there are children
    app->effects = calloc(PL_EFFECT_MAX, sizeof *app->effects);
    app->oncall = malloc(sizeof *app->oncall);
    if (app->oncall) {
        *app->oncall = config->roster;
        pl_oncall_bind(app->oncall);
    }
    int err = app->effects && app->oncall ? build_engine(app) : -ENOMEM;
    if (err != 0) {
        pl_app_free(app);
        return err;
    }
    build_targets(app);
    err = pl_app_case_start(app);
    if (err != 0) {
        pl_app_free(app);
        return err;
    }
    *out = app;
    return 0;
}

/* ---- running ---- */

/* A restart forgets what came after this: a few minutes of weeks. */
static void save_traffic(struct pl_app *app, int64_t now_mono_ms)
{
    const struct pl_fleet *fleet = pl_engine_fleet(app->engine);
    app->traffic_due_mono_ms = now_mono_ms + TRAFFIC_SAVE_MS;
    for (uint32_t pool = 0; pool < fleet->pool_count; pool++) {
        const struct pl_saturation *s = pl_engine_saturation(app->engine, pool);
        if (s->traffic.ladder.started)
            pl_store_put_traffic(app->store, &fleet->pools[pool].name, s->unit, &s->traffic);
    }
}

static void on_tick(uv_timer_t *timer)
{
    struct pl_app *app = timer->data;
    struct pl_now now = pl_app_now();
    pl_sdnotify_feed(&app->systemd, TICK_MS, now.mono_ms);
    if (app->phase >= PL_APP_STOPPING_STORE) return; // nothing may ask the store any more
    pl_engine_tick(app->engine, now);
    pl_app_settle(app, now);
    pl_ingest_tick(app->ingest, now);
    pl_app_said_tick(app, now);
    if (app->restored) pl_app_case_tick(app, now);
    pl_api_tick(app->api, now);
    if (now.mono_ms >= app->traffic_due_mono_ms) save_traffic(app, now.mono_ms);
    pl_login_tick(app->login, now);
    if (app->phase != PL_APP_RUNNING) return;
    pl_app_trust_tick(app, now);
    pl_app_hear_tick(app, now);
    pl_app_action_tick(app, now);
    pl_app_heartbeat_tick(app, now);
    pl_app_freeze_tick(app, now);
    pl_app_news_tick(app, now);
    pl_app_resend_tick(app, now);
}

static void on_signal(uv_signal_t *signal, int number)
{
    pl_log(PL_LOG_INFO, "stopping", "signal=%d", number);
    pl_app_stop(signal->data);
}

static int log_listen_failure(const char *what, const struct pl_address *address, int err)
{
    char text[PL_ADDRESS_TEXT_BYTES];
    pl_address_write(address, text);
    pl_log(PL_LOG_ERROR, "listen_failed", "port=%s address=%s err=\"%s\"", what, text,
           uv_strerror(err));
    return err;
}

static int start_redis_server(struct pl_app *app)
{
    if (app->config->redis.kind != PL_CONFIG_REDIS_MANAGED) return 0;
    char error[PL_REDIS_SERVER_ERROR_BYTES];
    int err = pl_redis_server_start(app->loop, app->config->state, pl_process_seed(),
                                    &app->redis_server, error);
    if (err != 0) pl_log(PL_LOG_ERROR, "redis_server_failed", "err=\"%s\"", error);
    return err;
}

static int start_store(struct pl_app *app)
{
    const struct pl_collector_config *config = app->config;
    struct pl_store_options options = {
        .seed = pl_process_seed(),
        .host_max = (uint32_t)config->max_agents,
        .alert_max = PL_POOL_MAX * PL_RULE_COUNT,
        .queue_bytes = (size_t)config->redis.queue_bytes,
        .target_count = app->target_count,
        .targets = app->target_names,
        .redis.port = config->redis.address.port,
        .redis.database = (uint8_t)config->redis.database,
    };
    const char *socket =
        app->redis_server ? pl_redis_server_socket(app->redis_server) : config->redis.socket;
    struct pl_text path = pl_text_init(options.redis.unix_path, sizeof options.redis.unix_path);
    struct pl_text host = pl_text_init(options.redis.host, sizeof options.redis.host);
    pl_text_str(&path, socket);
    pl_text_str(&host, config->redis.address.host);
    if (path.overflow) {
        pl_log(PL_LOG_ERROR, "redis_path_too_long", "path=%s limit=%zu", socket, path.cap - 1);
        return PL_E_TOO_BIG;
    }
    pl_app_store_callbacks(app, &options);
    int err = pl_store_start(app->loop, &options, &app->store);
    if (err == 0) pl_login_use_store(app->login, app->store);
    return err;
}

static void on_login_answer(void *arg, struct pl_slot_id client,
                            const struct pl_login_answer *answer)
{
    struct pl_app *app = arg;
    pl_api_login_answered(app->api, client, answer);
}

static int start_login(struct pl_app *app)
{
    app->login = pl_login_new(app->loop, on_login_answer, app);
    if (!app->login) return -ENOMEM;
    const struct pl_collector_config *config = app->config;
    pl_login_know_customers(app->login,
                            (struct pl_customers){config->customers, config->customer_count});
    int err = pl_login_start(app->login, config->state);
    return err < 0 ? err : pl_ack_key_start(&app->ack_key, config->state);
}

/* The parts that need no answer from outside to exist. */
static int start_parts(struct pl_app *app)
{
    const struct pl_webhook_config posts = {
        .slot_count = POST_SLOTS,
        .connect_ms = PL_WEBHOOK_CONNECT_MS,
        .total_ms = PL_WEBHOOK_TOTAL_MS,
    };
    int err = pl_webhook_start(app->loop, &posts, &app->webhook);
    if (err != 0) return err;
    pl_app_heartbeat_start(app);
    pl_app_news_start(app);
    const struct pl_ingest_config ingest = {
        .connection_max = (uint32_t)app->config->max_agents + PL_INGEST_SPARE_CONNECTIONS,
        .host_max = (uint32_t)app->config->max_agents,
        .record_path = app->config->record,
        .tls = &app->trust.certificate.context,
        .handler = pl_app_ingest_handler(app),
    };
    app->ingest = pl_ingest_new(app->loop, &ingest);
    if (!app->ingest) return -ENOMEM;
    const struct pl_api_config api = {
        .engine = app->engine,
        .launch_desk = {app->engine, pl_process_seed},
        .oncall = app->oncall,
        .store = app->store,
        .redis_server = app->redis_server,
        .ingest = app->ingest,
        .webhook = app->webhook,
        .heartbeat = &app->heartbeat,
        .login = app->login,
        .targets = app->target_names,
        .notify = app->targets,
        .target_count = app->target_count,
        .contacts = {app->contacts, app->config->pool_count},
        .customers = {app->config->customers, app->config->customer_count},
        .ack_key = &app->ack_key,
        .certificate = &app->trust.certificate.context,
        .door = pl_app_said_door(app),
        .case_desk = pl_app_case_desk(app),
        .action_desk = pl_app_action_desk(app),
        .external_url = app->external_url,
        .external_host = app->external_host,
        .is_external_https = strncmp(app->config->external_url, "https://", 8) == 0,
        .agent_slots = (uint32_t)app->config->max_agents,
        .started_mono_ms = app->started_mono_ms,
    };
    app->api = pl_api_new(app->loop, &api);
    return app->api ? 0 : -ENOMEM;
}

/* How people reach the pages: as configured, else at `http` (HOST:PORT). */
static void write_external_url(struct pl_app *app, const char *http)
{
    const char *configured = app->config->external_url;
    struct pl_text url = pl_text_init(app->external_url, sizeof app->external_url);
    pl_text_str(&url, configured[0] != '\0' ? configured : "http://");
    if (configured[0] == '\0') pl_text_str(&url, http);
    if (url.ptr[url.len - 1] != '/') pl_text_char(&url, '/');
    if (configured[0] == '\0') return;
    const char *host = strstr(configured, "://") + 3;
    struct pl_text text = pl_text_init(app->external_host, sizeof app->external_host);
    for (; *host != '\0' && *host != '/'; host++)
        pl_text_char(&text, *host >= 'A' && *host <= 'Z' ? (char)(*host - 'A' + 'a') : *host);
}

static int start_http(struct pl_app *app)
{
    struct sockaddr_storage address;
    int err = pl_sockaddr(&app->config->http, &address);
    if (err == 0) {
        err = pl_api_start(app->api, (const struct sockaddr *)&address, pl_app_now());
        app->http_open = true;
    }
    if (err != 0) return log_listen_failure("http", &app->config->http, err);
    struct pl_address bound = app->config->http;
    bound.port = pl_api_port(app->api);
    char text[PL_ADDRESS_TEXT_BYTES];
    pl_address_write(&bound, text);
    write_external_url(app, text);
    return 0;
}

void pl_app_open(struct pl_app *app)
{
    struct sockaddr_storage address;
    struct pl_address agents = app->config->agents, http = app->config->http;
    int err = pl_sockaddr(&agents, &address);
    if (err == 0) {
        err = pl_ingest_start(app->ingest, (const struct sockaddr *)&address);
        app->open = true;
    }
    if (err != 0) {
        app->failed = true;
        (void)log_listen_failure("agents", &agents, err); // stopping either way
        pl_app_stop(app);
        return;
    }
    char agents_text[PL_ADDRESS_TEXT_BYTES], http_text[PL_ADDRESS_TEXT_BYTES];
    agents.port = pl_ingest_port(app->ingest);
    http.port = pl_api_port(app->api);
    pl_address_write(&agents, agents_text);
    pl_address_write(&http, http_text);
    pl_api_ingest_ready(app->api);
    pl_sdnotify_say(&app->systemd, "READY=1\nSTATUS=listening");
    pl_log(PL_LOG_INFO, "ready", "agents=%s http=%s", agents_text, http_text);
}

static int start_handles(struct pl_app *app)
{
    (void)uv_timer_init(app->loop, &app->tick); // these three always return 0
    (void)uv_timer_init(app->loop, &app->save_wait);
    (void)uv_timer_init(app->loop, &app->drain);
    app->tick.data = app->save_wait.data = app->drain.data = app;
    app->sigterm.data = app->sigint.data = app;
    int err = uv_signal_init(app->loop, &app->sigterm);
    if (err == 0) err = uv_signal_init(app->loop, &app->sigint);
    app->handles = err == 0;
    if (err == 0) err = uv_signal_start(&app->sigterm, on_signal, SIGTERM);
    if (err == 0) err = uv_signal_start(&app->sigint, on_signal, SIGINT);
    if (err == 0) err = uv_timer_start(&app->tick, on_tick, TICK_MS, TICK_MS);
    return err;
}

int pl_app_start(struct pl_app *app)
{
    int err = start_handles(app); // first: a signal must not leave a redis-server behind
    if (err == 0) err = start_redis_server(app);
    if (err == 0) err = pl_app_trust_start(app);
    if (err != 0) return err;
    err = start_login(app);
    if (err == 0) err = start_store(app);
    if (err == 0) err = start_parts(app);
    if (err != 0) {
        pl_log(PL_LOG_ERROR, "start_failed", "err=\"%s\"", pl_err_text(err));
        return err;
    }
    return start_http(app);
}

/* ---- stopping ---- */

static void stop_next(void *arg);

/* Posts under way get a moment to be answered, so that no page is sent twice for a restart. */
static void on_drain(uv_timer_t *timer)
{
    struct pl_app *app = timer->data;
    bool waiting = pl_webhook_busy_count(app->webhook) > 0;
    if (waiting && pl_clock_mono_ms() < app->drain_until_mono_ms) return;
    (void)uv_timer_stop(timer); // always returns 0
    stop_next(app);
}

static void close_handles(struct pl_app *app)
{
    if (app->trust.has_hangup) uv_close((uv_handle_t *)&app->trust.hangup, NULL);
    if (!app->handles) return;
    uv_close((uv_handle_t *)&app->tick, NULL);
    uv_close((uv_handle_t *)&app->save_wait, NULL);
    uv_close((uv_handle_t *)&app->drain, NULL);
    uv_close((uv_handle_t *)&app->sigterm, NULL);
    uv_close((uv_handle_t *)&app->sigint, NULL);
}

/* Begin one phase of the stop. True if that part will report its end by stop_next(). */
static bool stop_part(struct pl_app *app, enum pl_app_phase phase)
{
    switch (phase) {
    case PL_APP_RUNNING: break;
    case PL_APP_STOPPING_ADMIN:
        if (!app->trust.admin) return false;
        pl_admin_stop(app->trust.admin, stop_next, app);
        return true;
    case PL_APP_STOPPING_INGEST:
        if (!app->open) return false;
        pl_ingest_stop(app->ingest, stop_next, app);
        return true;
    case PL_APP_STOPPING_HTTP:
        if (!app->http_open) return false;
        pl_api_stop(app->api, stop_next, app);
        return true;
    case PL_APP_DRAINING_WEBHOOK:
        if (!app->webhook || pl_webhook_busy_count(app->webhook) == 0) return false;
        app->drain_until_mono_ms = pl_clock_mono_ms() + DRAIN_MS;
        return uv_timer_start(&app->drain, on_drain, DRAIN_POLL_MS, DRAIN_POLL_MS) == 0;
    case PL_APP_STOPPING_WEBHOOK:
        if (!app->webhook) return false;
        pl_webhook_stop(app->webhook, stop_next, app);
        return true;
    case PL_APP_STOPPING_STORE:
        if (app->login) pl_login_stop(app->login);
        if (!app->store) return false;
        save_traffic(app, pl_clock_mono_ms());
        pl_store_stop(app->store, stop_next, app);
        return true;
    case PL_APP_STOPPING_REDIS:
        if (!app->redis_server) return false;
        pl_redis_server_stop(app->redis_server, stop_next, app);
        return true;
    case PL_APP_STOPPED: close_handles(app); return true;
    }
    PL_UNREACHABLE("phase");
}

static void stop_next(void *arg)
{
    struct pl_app *app = arg;
    do app->phase++;
    while (!stop_part(app, app->phase));
}

void pl_app_stop(struct pl_app *app)
{
    if (app->phase != PL_APP_RUNNING) return;
    pl_sdnotify_say(&app->systemd, "STOPPING=1");
    stop_next(app);
}

bool pl_app_failed(const struct pl_app *app)
{
    return app->failed;
}

void pl_app_free(struct pl_app *app)
{
    if (!app) return;
    pl_api_free(app->api);
    pl_ingest_free(app->ingest);
    pl_login_free(app->login);
    pl_app_trust_free(app);
    pl_sdnotify_close(&app->systemd);
    pl_process_unmap(app->engine, app->engine_bytes);
    pl_app_case_free(app);
    free(app->oncall);
    free(app->effects);
    free(app);
}
