/* The ingest owns its connection slots for its whole life; ingest_conn.c says what happens within
 * one.
 *
 *     on_connection -> pl_ingest_conn_open ... pl_ingest_slot_freed -> (somebody is parked:
 *     pl_ingest_conn_open)
 *     pl_ingest_stop -> every connection dismissed -> on_stop_timer -> ... -> maybe_stopped ->
 *     recorder closed -> on_stopped */
#include "collector/io/ingest.h"

#include "collector/io/ingest_conn.h"
#include "common/base/assert.h"
#include "common/base/err.h"
#include "common/sys/clock.h"
#include "common/sys/process.h"

#include <stdlib.h>

enum {
    LISTEN_BACKLOG = 4096,
    STOP_MS = 500, // for the agents to read REFUSE_STOPPING
};

const char *pl_ingest_refusal_name(enum pl_ingest_refusal refusal)
{
    static const char *const names[] = {
#define NAME(symbol, name) name,
        PL_INGEST_REFUSAL_LIST(NAME)
#undef NAME
    };
    PL_ASSERT(refusal < PL_INGEST_REFUSAL_COUNT);
    return names[refusal];
}

static struct pl_now now_of(void)
{
    return (struct pl_now){pl_clock_mono_ms(), pl_clock_unix_ms()};
}

/* ---- the listener ---- */

static void on_connection(uv_stream_t *listener, int status)
{
    struct pl_ingest *in = listener->data;
    uint32_t held;
    if (status < 0) {
        if (pl_log_allow(&in->accept_log, pl_clock_mono_ms(), 10000, &held))
            pl_log(PL_LOG_ERROR, "accept_failed", "port=agents err=\"%s\" held=%u",
                   pl_err_text(status), held);
        return;
    }
    if (in->first_free == in->config.connection_max) {
        in->accept_waiting = true; // libuv listens on when this one has been accepted
        in->counts.parked++;
        return;
    }
    pl_ingest_conn_open(in);
}

void pl_ingest_tick(struct pl_ingest *in, struct pl_now now)
{
    for (uint32_t i = 0; i < in->used_max; i++) {
        struct pl_ingest_conn *c = &in->conns[i];
        if (c->state != PL_CONN_FREE && c->state != PL_CONN_CLOSING) pl_ingest_conn_tick(c, now);
    }
    if (in->recorder) pl_recorder_flush(in->recorder);
}

/* ---- life ---- */

struct pl_ingest *pl_ingest_new(uv_loop_t *loop, const struct pl_ingest_config *config)
{
    uint32_t count = config->connection_max;
    PL_ASSERT(count >= 1 && count <= PL_INGEST_CONNECTION_MAX && config->host_max >= 1);
    struct pl_ingest *in = calloc(1, sizeof *in);
    if (!in) return NULL;
    in->loop = loop;
    in->config = *config;
    in->conns = pl_process_map(count * sizeof *in->conns);
    in->partials = calloc(count, PL_FRAME_BYTES_MAX);
    in->seat_memory = calloc(1, pl_seats_bytes(count));
    in->conn_of_host = malloc(config->host_max * sizeof *in->conn_of_host);
    if (!in->conns || !in->partials || !in->seat_memory || !in->conn_of_host) {
        pl_ingest_free(in);
        return NULL;
    }
    memset(in->conn_of_host, 0xff,
           config->host_max * sizeof *in->conn_of_host); // PL_INGEST_NO_INDEX
    pl_seats_init(&in->seats, in->seat_memory, count);
    in->pipe = (struct pl_tls_pipe){.out = in->pipe_out, .cap = sizeof in->pipe_out};
    in->first_parked = in->last_parked = PL_INGEST_NO_INDEX;
    for (uint32_t i = 0; i < count; i++) in->conns[i].next_free = i + 1;
    return in;
}

void pl_ingest_free(struct pl_ingest *in)
{
    if (!in) return;
    free(in->conn_of_host);
    free(in->seat_memory);
    free(in->partials);
    pl_process_unmap(in->conns, in->config.connection_max * sizeof *in->conns);
    free(in);
}

static void start_recording(struct pl_ingest *in)
{
    const char *path = in->config.record_path;
    if (!path || path[0] == '\0') return;
    int err = pl_recorder_open(in->loop, path, &in->recorder);
    if (err < 0) {
        pl_log(PL_LOG_ERROR, "recording_refused", "file=\"%s\" err=\"%s\"", path, pl_err_text(err));
    } else {
        pl_log(PL_LOG_INFO, "recording", "file=\"%s\"", path);
    }
}

int pl_ingest_start(struct pl_ingest *in, const struct sockaddr *address)
{
    int err = uv_tcp_init(in->loop, &in->listener);
    PL_ASSERT(err == 0); // without flags it only fills the handle
    err = uv_timer_init(in->loop, &in->stop_timer);
    PL_ASSERT(err == 0); // cannot fail
    in->handles_open = 2;
    in->listener.data = in;
    in->stop_timer.data = in;
    err = uv_tcp_bind(&in->listener, address, 0);
    /* Without this libuv sleeps after every accept, in favour of other processes that share the
     * listener. */
    if (err == 0) err = uv_tcp_simultaneous_accepts(&in->listener, 1);
    if (err == 0) err = uv_listen((uv_stream_t *)&in->listener, LISTEN_BACKLOG, on_connection);
    if (err == 0) start_recording(in);
    return err;
}

uint16_t pl_ingest_port(const struct pl_ingest *in)
{
    struct sockaddr_storage address;
    int len = sizeof address;
    int err = uv_tcp_getsockname(&in->listener, (struct sockaddr *)&address, &len);
    PL_ASSERT(err == 0); // it is bound
    const struct sockaddr_in *v4 = (const struct sockaddr_in *)(const void *)&address;
    return ntohs(v4->sin_port); // at the same place in sockaddr_in6
}

static void on_recorder_closed(void *arg)
{
    struct pl_ingest *in = arg;
    in->recorder = NULL;
    in->on_stopped(in->arg);
}

static void maybe_stopped(struct pl_ingest *in)
{
    if (in->connected > 0 || in->handles_open > 0) return;
    if (in->recorder) {
        pl_recorder_close(in->recorder, on_recorder_closed, in);
    } else {
        in->on_stopped(in->arg);
    }
}

void pl_ingest_slot_freed(struct pl_ingest *in, uint32_t index)
{
    in->conns[index].next_free = in->first_free;
    in->first_free = index;
    in->connected--;
    if (in->stopping) {
        maybe_stopped(in);
    } else if (in->accept_waiting) {
        in->accept_waiting = false;
        pl_ingest_conn_open(in);
    }
}

static void on_handle_closed(uv_handle_t *handle)
{
    struct pl_ingest *in = handle->data;
    in->handles_open--;
    maybe_stopped(in);
}

static void on_stop_timer(uv_timer_t *timer)
{
    struct pl_ingest *in = timer->data;
    struct pl_now now = now_of();
    for (uint32_t i = 0; i < in->used_max; i++) {
        if (in->conns[i].state != PL_CONN_FREE) pl_ingest_conn_close(&in->conns[i], now);
    }
    uv_close((uv_handle_t *)timer, on_handle_closed);
}

void pl_ingest_stop(struct pl_ingest *in, void (*on_stopped)(void *arg), void *arg)
{
    struct pl_now now = now_of();
    in->stopping = true;
    in->on_stopped = on_stopped;
    in->arg = arg;
    for (uint32_t i = 0; i < in->used_max; i++) {
        struct pl_ingest_conn *c = &in->conns[i];
        if (c->state == PL_CONN_WAIT_HELLO || c->state == PL_CONN_STREAMING ||
            c->state == PL_CONN_FIRST_BYTE || c->state == PL_CONN_ENROLLING)
            pl_ingest_conn_dismiss(c, PL_REFUSE_STOPPING, "this collector is going down", now);
    }
    uv_close((uv_handle_t *)&in->listener, on_handle_closed);
    int err = uv_timer_start(&in->stop_timer, on_stop_timer, in->connected > 0 ? STOP_MS : 0, 0);
    PL_ASSERT(err == 0); // fails only without a callback
}

void pl_ingest_ack(struct pl_ingest *in, uint32_t host, const struct pl_boot_id *boot_id,
                   uint64_t durable_seq)
{
    PL_ASSERT(host < in->config.host_max);
    if (in->conn_of_host[host] == PL_INGEST_NO_INDEX) return;
    struct pl_ingest_conn *c = &in->conns[in->conn_of_host[host]];
    if (!pl_boot_id_eq(&c->boot_id, boot_id)) return;
    pl_ingest_conn_ack(c, durable_seq, now_of());
}

void pl_ingest_direct(struct pl_ingest *in, uint32_t host, const struct pl_directive *directive)
{
    PL_ASSERT(host < in->config.host_max);
    if (in->conn_of_host[host] == PL_INGEST_NO_INDEX) return;
    pl_ingest_conn_direct(&in->conns[in->conn_of_host[host]], directive, now_of());
}

void pl_ingest_close_host(struct pl_ingest *in, uint32_t host, struct pl_now now)
{
    PL_ASSERT(host < in->config.host_max);
    if (in->conn_of_host[host] != PL_INGEST_NO_INDEX)
        pl_ingest_conn_close(&in->conns[in->conn_of_host[host]], now);
}

void pl_ingest_dismiss_host(struct pl_ingest *in, uint32_t host, enum pl_admission why,
                            struct pl_now now)
{
    PL_ASSERT(host < in->config.host_max);
    if (in->conn_of_host[host] == PL_INGEST_NO_INDEX) return;
    const struct pl_admission_info *info = pl_admission_info(why);
    in->counts.not_admitted[why]++;
    in->counts.refused[PL_INGEST_NOT_ADMITTED]++;
    pl_ingest_conn_dismiss(&in->conns[in->conn_of_host[host]], info->code, info->text, now);
}

bool pl_ingest_rekey_host(struct pl_ingest *in, uint32_t host)
{
    PL_ASSERT(host < in->config.host_max);
    if (in->conn_of_host[host] == PL_INGEST_NO_INDEX) return false;
    return pl_ingest_rekey(&in->conns[in->conn_of_host[host]], now_of());
}

const struct pl_ingest_counts *pl_ingest_counts(const struct pl_ingest *in)
{
    return &in->counts;
}

uint32_t pl_ingest_connected(const struct pl_ingest *in)
{
    return in->connected;
}

bool pl_ingest_recording(const struct pl_ingest *in)
{
    return in->recorder && pl_recorder_running(in->recorder);
}
