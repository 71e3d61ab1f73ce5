/* struct app owns everything and lives as long as the loop runs.
 *
 *     sampler -> on_sample -> spool -> uplink         uplink -> on_welcome, on_directive -> sampler
 *                    \-> local, ledger                pressure -> on_pressure ------------> sampler
 */
#include "agent/app.h"

#include "agent/io/ledger.h"
#include "agent/io/local.h"
#include "agent/io/pressure.h"
#include "agent/io/sampler.h"
#include "agent/io/uplink.h"
#include "agent/sources.h"
#include "agent/trust.h"
#include "common/base/err.h"
#include "common/io/tls_memory.h"
#include "common/sys/clock.h"
#include "common/sys/log.h"
#include "common/sys/process.h"
#include "common/sys/sdnotify.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum { FAST_FOR_MS = 30 * 1000, DESCRIPTORS = 200 };

struct app {
    const struct pl_agent_config *config; // borrowed
    uv_loop_t loop;
    uv_signal_t terminate, interrupt;
    uv_poll_t highest; // see reserve_descriptors
    struct pl_spool spool;
    void *spool_memory; // owned
    struct pl_sampler sampler;
    struct pl_pressure pressure;
    struct pl_local local;
    struct pl_ledger ledger;
    struct pl_uplink uplink;
    struct pl_agent_trust trust;
    struct pl_sdnotify systemd;
    bool was_watched;
    bool has_settled; // what came of locking memory was logged
};

/* Nobody is there to look: faster samples would only make the spool reach less far back. */
static bool is_watched(const struct app *app)
{
    return app->uplink.state == PL_UPLINK_STREAM;
}

static void on_pressure(void *arg, const char *resource)
{
    struct app *app = arg;
    if (!is_watched(app)) return;
    uint32_t fast_ms = (uint32_t)app->config->fast_interval_ms;
    if (pl_sampler_hasten(&app->sampler, fast_ms, FAST_FOR_MS))
        pl_log(PL_LOG_DEBUG, "hastened", "interval_ms=%u pressure=%s", fast_ms, resource);
}

/* The sampler's tick ran. */
static void tell_systemd(struct app *app)
{
    bool watched = is_watched(app);
    pl_sdnotify_feed(&app->systemd, app->sampler.schedule.base_ms, pl_clock_mono_ms());
    if (watched == app->was_watched) return;
    app->was_watched = watched;
    pl_sdnotify_say(&app->systemd, watched ? "STATUS=streaming to a collector"
                                           : "STATUS=no collector: samples are kept");
}

/* Drop what only the start, a handshake and the first look at the past need; hold on to the rest.
 */
static void settle_memory(struct app *app)
{
    pl_process_trim();
    pl_tls_memory_trim();
    int err = pl_process_lock();
    if (app->has_settled) return;
    app->has_settled = true;
    if (err < 0)
        pl_log(PL_LOG_INFO, "memory_unlocked", "err=\"%s\" do=\"raise RLIMIT_MEMLOCK\"",
               pl_err_text(err));
    else
        pl_log(PL_LOG_DEBUG, "memory_locked", "rss_kib=%lld", (long long)pl_process_rss_kib());
}

static void on_sample(void *arg, struct pl_sample *sample)
{
    struct app *app = arg;
    if (!is_watched(app)) pl_sampler_calm(&app->sampler);
    tell_systemd(app);
    pl_local_sample(&app->local, sample->values, app->sampler.schedule.due_mono_ms);
    sample->values[PL_AGENT_SPOOLED] = (int32_t)pl_spool_count(&app->spool);
    sample->values[PL_AGENT_DROPPED] =
        (int32_t)PL_MIN(app->spool.dropped_count, (uint64_t)INT32_MAX);
    struct pl_listener listener;
    if (pl_sampler_new_name(&app->sampler, &listener)) pl_uplink_listener(&app->uplink, &listener);
    struct pl_service service;
    if (pl_sampler_new_service(&app->sampler, &service)) pl_uplink_service(&app->uplink, &service);
    pl_spool_push(&app->spool, sample);
    pl_uplink_flush(&app->uplink);
    if (pl_ledger_tick(&app->ledger, (int64_t)uv_now(&app->loop), sample->unix_ms,
                       pl_sampler_booted_unix_s(&app->sampler))) // told with the next
        settle_memory(app);
}

static void on_hello(void *arg, struct pl_hello *hello)
{
    struct app *app = arg;
    hello->unix_ms = pl_clock_unix_ms();
    pl_sampler_facts(&app->sampler, hello->facts);
}

static void on_welcome(void *arg, uint32_t interval_ms)
{
    struct app *app = arg;
    pl_sampler_set_base(&app->sampler, interval_ms);
    settle_memory(app);
}

static void on_directive(void *arg, const struct pl_directive *directive)
{
    struct app *app = arg;
    pl_sampler_direct(&app->sampler, directive->interval_ms, directive->for_ms);
}

static void on_distrust(void *arg)
{
    struct app *app = arg;
    pl_agent_trust_reload(&app->trust);
}

static void on_connecting(void *arg)
{
    struct app *app = arg;
    pl_agent_trust_refresh(&app->trust);
}

static const struct pl_key *on_rekey(void *arg, bool is_recorded)
{
    struct app *app = arg;
    if (!is_recorded) return pl_agent_trust_make_next(&app->trust);
    pl_agent_trust_take_next(&app->trust);
    return NULL;
}

static void on_signal(uv_signal_t *handle, int number)
{
    struct app *app = handle->data;
    pl_log(PL_LOG_INFO, "stopping", "signal=%d spooled=%u", number, pl_spool_count(&app->spool));
    pl_sdnotify_say(&app->systemd, "STOPPING=1");
    pl_local_stop(&app->local);
    pl_sampler_stop(&app->sampler);
    pl_pressure_stop(&app->pressure);
    pl_ledger_stop(&app->ledger);
    pl_uplink_stop(&app->uplink);
    uv_close((uv_handle_t *)&app->terminate, NULL);
    uv_close((uv_handle_t *)&app->interrupt, NULL);
}

static int watch_signals(struct app *app)
{
    app->terminate.data = app->interrupt.data = app;
    int err = uv_signal_init(&app->loop, &app->terminate);
    if (err == 0) err = uv_signal_init(&app->loop, &app->interrupt);
    if (err == 0) err = uv_signal_start(&app->terminate, on_signal, SIGTERM);
    if (err == 0) err = uv_signal_start(&app->interrupt, on_signal, SIGINT);
    return err;
}

static void on_never(uv_poll_t *poll, int status, int events)
{
    (void)poll;
    (void)status;
    (void)events;
}

/* libuv's table of descriptors grows with the highest one it has watched, and never shrinks: one
 * that is watched and let go now saves an allocation on the day that files are many. */
static void reserve_descriptors(struct app *app)
{
    int fd = eventfd(0, EFD_CLOEXEC), high = fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, DESCRIPTORS);
    if (fd >= 0) (void)close(fd); // was never used
    if (high < 0) return;         // the table grows when it must
    if (uv_poll_init(&app->loop, &app->highest, high) == 0) {
        (void)uv_poll_start(&app->highest, UV_READABLE, on_never); // this is what grows it
        uv_close((uv_handle_t *)&app->highest, NULL);
    }
    (void)close(high);
}

/* What never changes while this process runs. */
static int make_hello(const struct pl_agent_config *config, struct pl_hello *hello)
{
    *hello = (struct pl_hello){.version = PL_PROTOCOL_VERSION,
                               .host = config->host,
                               .pool = config->pool,
                               .agent_version = PL_VERSION,
                               .interval_ms = (uint32_t)config->interval_ms};
    return uv_random(NULL, NULL, hello->boot_id.bytes, PL_BOOT_ID_BYTES, 0, NULL);
}

static int start_uplink(struct app *app, const struct pl_agent_config *config)
{
    struct pl_hello hello;
    int err = make_hello(config, &hello);
    if (err < 0) return err;
    const struct pl_uplink_config uplink = {
        .collectors = config->collectors.item,
        .collector_count = config->collectors.count,
        .hello = &hello,
        .spool = &app->spool,
        .told = &app->ledger.told,
        .seed = pl_process_seed(),
        .handler = {.on_hello = on_hello,
                    .on_welcome = on_welcome,
                    .on_directive = on_directive,
                    .on_distrust = on_distrust,
                    .on_connecting = on_connecting,
                    .on_rekey = on_rekey,
                    .arg = app},
        .trust = app->trust.link.context ? &app->trust.link : NULL,
    };
    return pl_uplink_start(&app->uplink, &app->loop, &uplink);
}

static int start_local(struct app *app, const struct pl_agent_config *config)
{
    struct pl_local_target targets[PL_LOCAL_SOURCES_MAX];
    const struct pl_local_config local = {
        .targets = targets,
        .count = pl_sources_targets(config, targets),
        .finds = config->find_local,
        .queues = &app->sampler.queues,
        .proc_root = "/proc",
        .run_root = "/run",
    };
    return pl_local_init(&app->local, &app->loop, &local);
}

static int start(struct app *app, struct pl_agent_config *config)
{
    int err = pl_agent_trust_load(&app->trust, config);
    if (err < 0) return err;
    app->config = config;
    uint32_t capacity = pl_spool_capacity(config->spool_ms, config->interval_ms);
    app->spool_memory = malloc(pl_spool_bytes(capacity));
    if (!app->spool_memory) return -ENOMEM;
    memset(app->spool_memory, 0, pl_spool_bytes(capacity)); // its pages are ours from here on
    pl_spool_init(&app->spool, app->spool_memory, capacity);
    reserve_descriptors(app);
    err = watch_signals(app);
    if (err == 0) err = pl_sampler_init(&app->sampler, &app->loop, "/proc", "/sys");
    if (err == 0) err = start_local(app, config);
    pl_ledger_init(&app->ledger, "", "/proc", pl_clock_mono_ms());
    if (err == 0) err = start_uplink(app, config);
    if (err < 0) return err;
    pl_sampler_watch(&app->sampler, &config->service);
    pl_sampler_start(&app->sampler, config->interval_ms, on_sample, app);
    pl_pressure_start(&app->pressure, &app->loop, "/proc", on_pressure, app);
    pl_sdnotify_say(&app->systemd, "READY=1\nSTATUS=looking for a collector");
    pl_log(PL_LOG_INFO, "ready", "host=%s pool=%s collectors=%u link=%s interval_ms=%lld spool=%u",
           config->host.text, config->pool.text, config->collectors.count,
           app->trust.link.context ? "tls" : "plain", (long long)config->interval_ms, capacity);
    return 0;
}

int pl_app_run(struct pl_agent_config *config)
{
    struct app *app = calloc(1, sizeof *app); // its large buffers take pages only when used
    if (app) pl_sdnotify_open(&app->systemd);
    int err = app ? uv_loop_init(&app->loop) : -ENOMEM;
    if (err == 0) err = start(app, config);
    if (err == 0) err = uv_run(&app->loop, UV_RUN_DEFAULT);
    if (err < 0) {
        pl_log(PL_LOG_ERROR, "start_failed", "err=\"%s\"", pl_err_text(err));
        return err; // the process ends and takes the half-started loop with it
    }
    err = uv_loop_close(&app->loop);
    pl_sdnotify_close(&app->systemd);
    pl_agent_trust_fini(&app->trust);
    free(app->spool_memory);
    free(app);
    return err;
}
