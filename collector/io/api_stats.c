/* What the collector says about itself: one list, written as /api/v1/self and as /metrics. */
#include "collector/io/api_private.h"

#include "common/base/assert.h"
#include "common/sys/clock.h"
#include "common/sys/process.h"

struct stats {
    struct pl_stat *items; // borrowed
    size_t count;
};

static struct pl_stat *add(struct stats *s, enum pl_stat_kind kind, const char *path)
{
    PL_ASSERT(s->count < PL_STATS_MAX);
    struct pl_stat *stat = &s->items[s->count++];
    *stat = (struct pl_stat){.kind = kind, .scale = 1};
    struct pl_text text = pl_text_init(stat->path, sizeof stat->path);
    pl_text_str(&text, path);
    PL_ASSERT(!text.overflow);
    return stat;
}

static void add_text(struct stats *s, const char *path, const char *text)
{
    add(s, PL_STAT_TEXT, path)->text = text;
}

/* One row of a group's table. */
struct row {
    const char *path;
    const char *family; // NULL: JSON only
    const char *help;
    int64_t value;
    int32_t scale;
    enum pl_stat_kind kind;
};

static void add_rows(struct stats *s, const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct pl_stat *stat = add(s, rows[i].kind, rows[i].path);
        stat->family = rows[i].family;
        stat->help = rows[i].help;
        stat->value = rows[i].value;
        stat->scale = rows[i].scale;
    }
}

/* path.name, with the name as label. */
static void add_labelled(struct stats *s, const struct row *row, const char *label,
                         const char *name)
{
    struct pl_stat *stat = add(s, row->kind, row->path);
    struct pl_text text = pl_text_init(stat->path, sizeof stat->path);
    pl_text_str(&text, row->path);
    pl_text_char(&text, '.');
    pl_text_str(&text, name);
    PL_ASSERT(!text.overflow);
    stat->family = row->family;
    stat->help = row->help;
    stat->label = label;
    stat->value = row->value;
}

#define COUNTER(path, family, help, value)                                                         \
    {                                                                                              \
        path, family, help, (int64_t)(value), 1, PL_STAT_COUNTER                                   \
    }
#define GAUGE(path, family, help, value)                                                           \
    {                                                                                              \
        path, family, help, (int64_t)(value), 1, PL_STAT_GAUGE                                     \
    }

static void add_agents(struct stats *s, const struct pl_api *api)
{
    const struct pl_ingest_counts *in = pl_ingest_counts(api->config.ingest);
    const struct row rows[] = {
        GAUGE("agents.connected", "plimsoll_agents_connected", "agents' connections open now",
              pl_ingest_connected(api->config.ingest)),
        GAUGE("agents.slots", "plimsoll_agents_slots", "agents' connections possible",
              api->config.agent_slots),
        COUNTER("agents.connections", "plimsoll_agents_connections_total",
                "agents' connections accepted", in->connections),
        COUNTER("agents.parked", "plimsoll_agents_parked_total",
                "connections that had to wait for a slot", in->parked),
        COUNTER("agents.replaced", "plimsoll_agents_replaced_total",
                "connections a newer one of the same host replaced", in->replaced),
        COUNTER("agents.encrypted", "plimsoll_agents_encrypted_total", "TLS handshakes completed",
                in->encrypted),
        COUNTER("agents.browsers", "plimsoll_agents_browsers_total",
                "TLS connections handed over to HTTP", in->browsers),
        COUNTER("agents.handshakes_parked", "plimsoll_agents_handshakes_parked_total",
                "TLS handshakes that had to wait for their turn", in->handshakes_parked),
        COUNTER("agents.frames", "plimsoll_agents_frames_total", "frames received", in->frames),
        COUNTER("agents.frames_skipped", "plimsoll_agents_frames_skipped_total",
                "frames of a type this program does not know", in->unknown_frames),
        COUNTER("agents.bytes", "plimsoll_agents_bytes_total", "bytes received", in->bytes),
        COUNTER("agents.acks", "plimsoll_agents_acks_total", "acknowledgements sent", in->acks),
        COUNTER("agents.directives", "plimsoll_agents_directives_total",
                "times an agent was asked for faster samples", in->directives),
        GAUGE("agents.recording", "plimsoll_agents_recording",
              "1 while everything they send is written to the trace file",
              pl_ingest_recording(api->config.ingest)),
    };
    add_rows(s, rows, PL_LEN(rows));
    for (int i = 0; i < PL_INGEST_REFUSAL_COUNT; i++) {
        struct row row =
            COUNTER("agents.refused", "plimsoll_agents_refused_total",
                    "agents' connections ended by the collector, by reason", in->refused[i]);
        add_labelled(s, &row, "reason", pl_ingest_refusal_name((enum pl_ingest_refusal)i));
    }
    for (int i = PL_ADMITTED + 1; i < PL_ADMISSION_COUNT; i++) {
        struct row row =
            COUNTER("agents.not_admitted", "plimsoll_agents_not_admitted_total",
                    "agents refused for what they showed, by reason", in->not_admitted[i]);
        add_labelled(s, &row, "reason", pl_admission_info((enum pl_admission)i)->name);
    }
}

static void add_engine(struct stats *s, const struct pl_api *api)
{
    const struct pl_engine *e = api->config.engine;
    const struct pl_engine_counts *c = pl_engine_counts(e);
    const struct pl_fleet *fleet = pl_engine_fleet(e);
    const struct row rows[] = {
        COUNTER("samples.accepted", "plimsoll_samples_total", "samples taken in and judged",
                c->samples),
        COUNTER("samples.late", "plimsoll_samples_late_total", "samples too old to be judged",
                c->late),
        COUNTER("samples.duplicate", "plimsoll_samples_duplicate_total",
                "samples that were known already", c->duplicates),
        COUNTER("samples.lost", "plimsoll_samples_lost_total",
                "samples an agent's full spool dropped", c->lost),
        GAUGE("engine.hosts", "plimsoll_hosts", "hosts known", fleet->host_count),
        GAUGE("engine.hosts_max", "plimsoll_hosts_max", "hosts possible", fleet->host_max),
        GAUGE("engine.pools", "plimsoll_pools", "pools known", fleet->pool_count),
        GAUGE("engine.tilt", "plimsoll_tilt", "1 while a clock jump keeps rules from acting",
              pl_engine_in_tilt(e)),
        COUNTER("engine.tilts", "plimsoll_tilts_total", "clock jumps seen", c->tilts),
        COUNTER("engine.effects_refused", "plimsoll_effects_refused_total",
                "effects the shell did not take", c->effects_refused),
        GAUGE("outbox.waiting", "plimsoll_pages_waiting", "pages not delivered yet",
              pl_engine_page_count(e)),
        GAUGE("outbox.under_way", "plimsoll_pages_under_way", "posts to pagers under way",
              pl_webhook_busy_count(api->config.webhook)),
        COUNTER("outbox.sent", "plimsoll_pages_sent_total", "pages delivered", c->pages_sent),
        COUNTER("outbox.retried", "plimsoll_pages_retried_total",
                "attempts to page that are repeated", c->pages_retried),
        COUNTER("outbox.failed", "plimsoll_pages_failed_total",
                "pages given up: refused by the provider", c->pages_failed),
        COUNTER("outbox.expired", "plimsoll_pages_expired_total",
                "pages given up: not delivered in time", c->pages_expired),
        COUNTER("outbox.withdrawn", "plimsoll_pages_withdrawn_total",
                "pages not needed any more before anybody was told", c->pages_withdrawn),
        COUNTER("outbox.refused", "plimsoll_pages_refused_total",
                "pages the full outbox did not take", c->pages_refused),
    };
    add_rows(s, rows, PL_LEN(rows));
}

static void add_store(struct stats *s, const struct pl_api *api)
{
    struct pl_store_view view = pl_store_view(api->config.store);
    const struct pl_store_counts *c = view.counts;
    add_text(s, "redis.state", pl_redis_state_name(view.state));
    add_text(s, "redis.version", view.facts->version);
    const struct row rows[] = {
        GAUGE("redis.up", "plimsoll_redis_up", "1 while Redis answers",
              view.state == PL_REDIS_READY),
        GAUGE("redis.queue_bytes", "plimsoll_redis_queue_bytes", "samples waiting to be durable",
              view.queue_bytes),
        GAUGE("redis.queue_bytes_max", "plimsoll_redis_queue_bytes_max", "room for them",
              view.queue_bytes_max),
        GAUGE("redis.control_waiting", "plimsoll_redis_control_waiting",
              "alerts, pages and hosts waiting to be durable", view.control_waiting),
        COUNTER("redis.samples", "plimsoll_redis_samples_total", "samples taken for storing",
                c->samples),
        COUNTER("redis.ignored", "plimsoll_redis_ignored_total",
                "samples not stored while their host waits to send them again", c->ignored),
        COUNTER("redis.chunks", "plimsoll_redis_chunks_total", "full chunks queued", c->chunks),
        COUNTER("redis.rewrites", "plimsoll_redis_rewrites_total",
                "chunks queued before they were full", c->rewrites),
        COUNTER("redis.rollups", "plimsoll_redis_rollups_total", "chunks of longer rows queued",
                c->rollups),
        COUNTER("redis.rollups_failed", "plimsoll_redis_rollups_failed_total",
                "longer rows not made for now, and chunks that could not be read",
                view.rollup_failures),
        COUNTER("redis.written", "plimsoll_redis_written_total", "chunks confirmed by Redis",
                c->written),
        COUNTER("redis.dropped", "plimsoll_redis_dropped_total",
                "chunks dropped from the full queue", c->dropped_chunks),
        COUNTER("redis.refused", "plimsoll_redis_refused_total",
                "writes Redis answered with an error", c->refused),
        COUNTER("redis.resyncs", "plimsoll_redis_resyncs_total",
                "hosts asked to send their samples again", c->resyncs),
        COUNTER("redis.control_writes", "plimsoll_redis_control_writes_total",
                "alerts, pages and hosts written", c->control_writes),
    };
    add_rows(s, rows, PL_LEN(rows));
    struct row lag = {"redis.durable_lag_s",
                      "plimsoll_redis_durable_lag_seconds",
                      "age of the oldest chunk that is not durable",
                      view.durable_lag_ms,
                      1000,
                      PL_STAT_GAUGE};
    add_rows(s, &lag, 1);
    if (!api->config.redis_server) return; // it is somebody else's
    const struct row server[] = {
        GAUGE("redis.pid", NULL, NULL, pl_redis_server_pid(api->config.redis_server)),
        COUNTER("redis.restarts", "plimsoll_redis_restarts_total",
                "times the private redis-server had to be started again",
                pl_redis_server_restarts(api->config.redis_server)),
    };
    add_rows(s, server, PL_LEN(server));
}

static void add_http(struct stats *s, const struct pl_api *api)
{
    static const char *const classes[] = {NULL, NULL, "2xx", "3xx", "4xx", "5xx"};
    const struct pl_http_counts *http = pl_http_server_counts(api->server);
    const struct pl_stream_counts *stream = pl_stream_counts(api->stream);
    const struct row rows[] = {
        GAUGE("http.connected", "plimsoll_http_connected", "HTTP connections open now",
              pl_http_server_connected(api->server)),
        GAUGE("http.slots", "plimsoll_http_slots", "HTTP connections possible",
              PL_HTTP_CONNECTION_MAX),
        COUNTER("http.connections", "plimsoll_http_connections_total", "HTTP connections accepted",
                http->connections),
        COUNTER("http.parked", "plimsoll_http_parked_total",
                "HTTP connections that had to wait for a slot", http->parked),
        COUNTER("http.requests", "plimsoll_http_requests_total", "well-formed requests",
                http->requests),
        GAUGE("http.streams", "plimsoll_http_streams", "live pages being fed",
              pl_stream_reader_count(api->stream)),
        COUNTER("http.events", "plimsoll_http_events_total", "events pushed to them",
                stream->events),
        COUNTER("http.events_skipped", "plimsoll_http_events_skipped_total",
                "events not pushed to a reader that was behind", stream->skipped),
    };
    add_rows(s, rows, PL_LEN(rows));
    for (size_t i = 2; i < PL_LEN(classes); i++) {
        struct row row = COUNTER("http.answers", "plimsoll_http_answers_total",
                                 "HTTP answers by class of status", http->answers[i]);
        add_labelled(s, &row, "class", classes[i]);
    }
    for (int i = 0; i < PL_HTTP_REFUSAL_COUNT; i++) {
        struct row row =
            COUNTER("http.refused", "plimsoll_http_refused_total",
                    "HTTP connections ended by the collector, by reason", http->refused[i]);
        add_labelled(s, &row, "reason", pl_http_refusal_info((enum pl_http_refusal)i)->name);
    }
}

size_t pl_api_stats(const struct pl_api *api, struct pl_now now, struct pl_stat *items)
{
    struct stats s = {items, 0};
    add_text(&s, "version", PL_VERSION);
    const struct row process[] = {
        GAUGE("uptime_s", "plimsoll_uptime_seconds", "since the start of the collector",
              (now.mono_ms - api->config.started_mono_ms) / 1000),
        {"cpu_s", "process_cpu_seconds_total", "user and system CPU time", pl_clock_cpu_us(),
         1000000, PL_STAT_COUNTER},
        GAUGE("rss_bytes", "process_resident_memory_bytes", "resident memory",
              pl_process_rss_kib() * 1024),
    };
    add_rows(&s, process, PL_LEN(process));
    add_agents(&s, api);
    add_engine(&s, api);
    add_store(&s, api);
    add_http(&s, api);
    return s.count;
}
