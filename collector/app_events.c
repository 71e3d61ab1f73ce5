/* What the agents' port and the store report, handed to the engine; no decision is made here. */
#include "collector/app_state.h"

/* ---- what agents say ---- */

static int on_hello(void *arg, const struct pl_hello *hello, struct pl_now now, uint32_t *host,
                    struct pl_welcome *welcome)
{
    struct pl_app *app = arg;
    uint32_t index;
    if (pl_engine_join(app->engine, hello, now, &index) != 0) return PL_REFUSE_FULL;
    pl_store_host(app->store, index, &hello->host);
    pl_app_settle(app, now);
    *host = index;
    *welcome = (struct pl_welcome){.durable_seq =
                                       pl_store_durable_seq(app->store, index, &hello->boot_id)};
    pl_log(PL_LOG_INFO, "agent_joined", "host=%s pool=%s version=%s durable_seq=%llu",
           hello->host.text, hello->pool.text, hello->agent_version,
           (unsigned long long)welcome->durable_seq);
    return 0;
}

static bool on_check(void *arg, const struct pl_check *check, uint32_t *host)
{
    const struct pl_app *app = arg;
    const struct pl_fleet *fleet = pl_engine_fleet(app->engine);
    uint32_t known = pl_fleet_find_host(fleet, &check->host);
    bool has_pool =
        fleet->pool_count < PL_POOL_MAX || pl_fleet_find_pool(fleet, &check->pool) != PL_NO_INDEX;
    if (!has_pool || (known == PL_NO_INDEX && fleet->host_count == fleet->host_max)) return false;
    if (known != PL_NO_INDEX) *host = known;
    return true;
}

static void on_sample(void *arg, uint32_t host, const struct pl_boot_id *boot_id,
                      const struct pl_sample *sample, struct pl_now now)
{
    struct pl_app *app = arg;
    bool fresh = pl_engine_sample(app->engine, host, sample, now);
    pl_app_settle(app, now);
    pl_store_sample(app->store, host, boot_id, sample, now); // has a memory of its own
    if (fresh) pl_api_sample(app->api, host, sample);
}

static void on_listener(void *arg, uint32_t host, const struct pl_listener *listener,
                        struct pl_now now)
{
    struct pl_app *app = arg;
    pl_engine_listener(app->engine, host, listener, now);
    pl_app_settle(app, now);
}

static void on_change(void *arg, uint32_t host, const struct pl_change *change, struct pl_now now)
{
    struct pl_app *app = arg;
    pl_engine_change(app->engine, host, change, now);
    pl_app_settle(app, now);
}

static void on_service(void *arg, uint32_t host, const struct pl_service *service,
                       struct pl_now now)
{
    struct pl_app *app = arg;
    pl_engine_service(app->engine, host, service, now);
    pl_app_settle(app, now);
}

static void on_gone(void *arg, uint32_t host, struct pl_now now)
{
    struct pl_app *app = arg;
    pl_engine_leave(app->engine, host, now);
    pl_app_settle(app, now);
}

/* ---- what the store says ---- */

static void on_durable(void *ctx, uint32_t host, const struct pl_boot_id *boot_id, uint64_t seq)
{
    struct pl_app *app = ctx;
    pl_ingest_ack(app->ingest, host, boot_id, seq);
}

static void on_resync(void *ctx, uint32_t host)
{
    struct pl_app *app = ctx;
    pl_ingest_close_host(app->ingest, host, pl_app_now());
}

static void on_page_saved(void *ctx, struct pl_slot_id page)
{
    struct pl_app *app = ctx;
    struct pl_now now = pl_app_now();
    pl_engine_page_saved(app->engine, page, now);
    pl_app_settle(app, now);
}

static uint32_t on_restore_host(void *ctx, const struct pl_hello *hello)
{
    struct pl_app *app = ctx;
    uint32_t host;
    int err = pl_engine_restore_host(app->engine, hello, pl_app_now(), &host);
    if (err == 0) return host;
    pl_log(PL_LOG_WARN, "host_not_restored", "host=%s err=\"%s\"", hello->host.text,
           pl_err_text(err));
    return PL_NO_INDEX;
}

static void on_restore_alert(void *ctx, const struct pl_alert *alert)
{
    struct pl_app *app = ctx;
    int err = pl_engine_restore_alert(app->engine, alert, pl_app_now());
    if (err == 0) return;
    pl_log(PL_LOG_ERROR, "alert_not_restored", "pool=%s err=\"%s\"", alert->pool.text,
           pl_err_text(err));
}

static void on_restore_page(void *ctx, const struct pl_page *page)
{
    struct pl_app *app = ctx;
    int err = pl_engine_restore_page(app->engine, page, pl_app_now());
    if (err == 0) return;
    pl_log(PL_LOG_ERROR, "page_not_restored", "pool=%s err=\"%s\"", page->alert.pool.text,
           pl_err_text(err));
}

static int on_restore_reference(void *ctx, struct pl_span record)
{
    struct pl_app *app = ctx;
    return pl_reference_restore(&app->references, record, app->target_names, app->target_count);
}

static void on_restore_traffic(void *ctx, const struct pl_name *pool, enum pl_traffic_source unit,
                               const struct pl_traffic *traffic)
{
    struct pl_app *app = ctx;
    pl_engine_restore_traffic(app->engine, pool, unit, traffic);
}

static void on_restore_sample(void *ctx, uint32_t host, const struct pl_boot_id *boot_id,
                              const struct pl_sample *sample)
{
    struct pl_app *app = ctx;
    pl_engine_restore_sample(app->engine, host, boot_id, sample);
}

static void on_restore_change(void *ctx, uint32_t host, uint8_t place,
                              const struct pl_change *change)
{
    struct pl_app *app = ctx;
    pl_engine_restore_change(app->engine, host, place, change);
}

static void on_restore_learned(void *ctx, uint32_t host, const struct pl_capacity_learner *learned)
{
    struct pl_app *app = ctx;
    pl_engine_restore_learned(app->engine, host, learned, pl_app_now());
}

static void on_restore_account(void *ctx, enum pl_account_key key, struct pl_span record)
{
    struct pl_app *app = ctx;
    pl_login_restore(app->login, key, record);
}

/* One that is over is forgotten; one for what the configuration does not name any more stays as it
 * is, for a name may come back. */
static void on_restore_override(void *ctx, const struct pl_override_record *record)
{
    struct pl_app *app = ctx;
    struct pl_override override = record->override;
    int64_t now_unix_s = pl_app_now().unix_ms / 1000;
    override.schedule = pl_oncall_schedule(app->oncall, pl_name_span(&record->schedule));
    override.person = pl_oncall_person(app->oncall, pl_name_span(&record->person));
    if (override.until_unix_s <= now_unix_s) {
        pl_store_drop_override(app->store, override.number);
        return;
    }
    int err = override.schedule == PL_NOBODY || override.person == PL_NOBODY
                  ? PL_E_NOT_FOUND
                  : pl_oncall_override(app->oncall, &override, now_unix_s);
    if (err == 0) return;
    pl_log(PL_LOG_WARN, "override_not_restored", "schedule=%s person=%s reason=\"%s\"",
           record->schedule.text, record->person.text, pl_err_text(err));
}

static void on_restore_launch(void *ctx, const struct pl_launch_entry *entry)
{
    struct pl_app *app = ctx;
    int err = pl_engine_restore_launch(app->engine, entry);
    if (err == 0) return;
    pl_log(PL_LOG_ERROR, "launch_not_restored", "launch=%s err=\"%s\"", entry->launch.id.text,
           pl_err_text(err));
}

/* A record that somebody waits for: of a launch, or of who may speak for a host. */
static void on_record_saved(void *ctx, uint32_t ticket)
{
    struct pl_app *app = ctx;
    if ((ticket & PL_API_LAUNCH_TICKET) != 0)
        pl_api_launch_saved(app->api, ticket, pl_app_now());
    else
        pl_app_trust_saved(ctx, ticket);
}

static void on_restored(void *ctx, enum pl_store_restored what)
{
    static const char *const words[] = {
        [PL_STORE_RESTORED_ALL] = "all",
        [PL_STORE_RESTORED_PART] = "part",
        [PL_STORE_RESTORED_NOTHING] = "nothing",
        [PL_STORE_RESTORED_LATE] = "late",
    };
    struct pl_app *app = ctx;
    struct pl_now now = pl_app_now();
    pl_log(what == PL_STORE_RESTORED_ALL ? PL_LOG_INFO : PL_LOG_WARN, "restored",
           "what=%s hosts=%u after_ms=%lld", words[what], pl_engine_fleet(app->engine)->host_count,
           (long long)(now.mono_ms - app->started_mono_ms));
    pl_app_settle(app, now);
    if (app->restored || app->phase != PL_APP_RUNNING) return;
    app->restored = true;
    pl_app_open(app);
}

static bool on_browser(void *arg, int fd, struct pl_tls *tls)
{
    struct pl_app *app = arg;
    return pl_api_adopt(app->api, fd, tls);
}

struct pl_ingest_handler pl_app_ingest_handler(struct pl_app *app)
{
    return (struct pl_ingest_handler){.on_admit = pl_app_on_admit,
                                      .on_enrol = pl_app_on_enrol,
                                      .on_check = on_check,
                                      .on_hello = on_hello,
                                      .on_sample = on_sample,
                                      .on_listener = on_listener,
                                      .on_change = on_change,
                                      .on_service = on_service,
                                      .on_gone = on_gone,
                                      .on_browser = on_browser,
                                      .arg = app};
}

void pl_app_store_callbacks(struct pl_app *app, struct pl_store_options *options)
{
    options->ctx = app;
    options->on_durable = on_durable;
    options->on_resync = on_resync;
    options->on_page_saved = on_page_saved;
    options->on_restore_host = on_restore_host;
    options->on_restore_alert = on_restore_alert;
    options->on_restore_page = on_restore_page;
    options->on_restore_reference = on_restore_reference;
    options->on_restore_traffic = on_restore_traffic;
    options->on_trust_saved = on_record_saved;
    options->on_restore_launch = on_restore_launch;
    options->on_said_saved = pl_app_said_saved;
    options->on_restore_said = pl_app_restore_said;
    options->on_restore_override = on_restore_override;
    options->on_restore_trust = pl_app_restore_trust;
    options->on_restore_account = on_restore_account;
    options->on_restore_sample = on_restore_sample;
    options->on_restore_change = on_restore_change;
    options->on_restore_learned = on_restore_learned;
    options->on_restored = on_restored;
}
