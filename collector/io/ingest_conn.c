/* One agent's connection. Its slot belongs to the ingest; it is in use from pl_ingest_conn_open
 * until on_conn_closed, the last callback of its socket.
 *
 *     conn_open -> on_read -> link -> conn_take -> take_frame -> handler
 *                     |-> conn_refuse -> REFUSE, shutdown, linger -> conn_close
 *     conn_close -> handler.on_gone -> on_conn_closed -> pl_ingest_slot_freed
 *
 * A handler may close any connection, also the one that called it: whoever called a handler looks
 * at the state again. */
#include "collector/io/ingest_conn.h"

#include "common/base/assert.h"
#include "common/base/err.h"
#include "common/base/text.h"
#include "common/io/sockaddr.h"
#include "common/sys/clock.h"

enum {
    LINGER_BYTES_MAX = 64 * 1024, // that a refused peer may still send
};

static struct pl_now now_of(void)
{
    return (struct pl_now){pl_clock_mono_ms(), pl_clock_unix_ms()};
}

static void record(struct pl_ingest_conn *c, struct pl_span frame, struct pl_now now)
{
    if (!c->ingest->recorder) return;
    pl_recorder_add(c->ingest->recorder, &(struct pl_trace_record){now.unix_ms, c->stream, frame});
}

/* ---- the end of a connection ---- */

static void on_conn_closed(uv_handle_t *handle)
{
    struct pl_ingest_conn *c = handle->data;
    struct pl_ingest *in = c->ingest;
    c->state = PL_CONN_FREE;
    pl_ingest_link_unpark(in, now_of());
    pl_ingest_slot_freed(in, pl_ingest_index_of(c));
}

/* The connection no longer speaks for anybody. */
static void conn_leave(struct pl_ingest_conn *c, struct pl_now now)
{
    struct pl_ingest *in = c->ingest;
    pl_seats_leave(&in->seats, pl_ingest_index_of(c));
    if (c->host == PL_INGEST_NO_INDEX) return;
    uint32_t host = c->host;
    c->host = PL_INGEST_NO_INDEX;
    in->conn_of_host[host] = PL_INGEST_NO_INDEX;
    record(c, (struct pl_span){in->input, 0}, now);
    in->config.handler.on_gone(in->config.handler.arg, host, now);
}

void pl_ingest_conn_close(struct pl_ingest_conn *c, struct pl_now now)
{
    if (c->state == PL_CONN_CLOSING) return;
    c->state = PL_CONN_CLOSING;
    pl_ingest_link_close(c);
    conn_leave(c, now);
    uv_close((uv_handle_t *)&c->tcp, on_conn_closed);
}

void pl_ingest_conn_cut(struct pl_ingest_conn *c, enum pl_ingest_refusal why, struct pl_now now)
{
    c->ingest->counts.refused[why]++;
    pl_ingest_conn_close(c, now);
}

/* ---- towards the agent ---- */

void pl_ingest_conn_ack(struct pl_ingest_conn *c, uint64_t durable_seq, struct pl_now now)
{
    uint8_t buf[PL_INGEST_FRAME_OUT_BYTES];
    struct pl_writer w = pl_writer_init(buf, sizeof buf);
    c->durable_seq = durable_seq;
    c->told_mono_ms = now.mono_ms;
    pl_ack_write(durable_seq, &w);
    if (pl_ingest_link_send(c, (struct pl_span){buf, w.len}, false, now)) {
        c->ingest->counts.acks++;
    } else {
        c->waiting_ack = durable_seq; // a newer one says everything an older one did
    }
}

void pl_ingest_conn_direct(struct pl_ingest_conn *c, const struct pl_directive *directive,
                           struct pl_now now)
{
    uint8_t buf[PL_INGEST_FRAME_OUT_BYTES];
    struct pl_writer w = pl_writer_init(buf, sizeof buf);
    pl_directive_write(directive, &w);
    if (pl_ingest_link_send(c, (struct pl_span){buf, w.len}, false, now))
        c->ingest->counts.directives++;
    else
        c->waiting_directive = *directive;
}

void pl_ingest_conn_written(struct pl_ingest_conn *c, struct pl_now now)
{
    if (c->state != PL_CONN_STREAMING) return;
    uint64_t seq = c->waiting_ack;
    struct pl_directive directive = c->waiting_directive;
    c->waiting_ack = 0;
    c->waiting_directive = (struct pl_directive){0};
    if (seq > 0) pl_ingest_conn_ack(c, seq, now); // it may fill the socket, or end the connection
    if (directive.interval_ms > 0 && c->state == PL_CONN_STREAMING)
        pl_ingest_conn_direct(c, &directive, now);
}

static void on_shutdown(uv_shutdown_t *request, int status)
{
    struct pl_ingest_conn *c = request->handle->data;
    if (status < 0 && c->state != PL_CONN_CLOSING) pl_ingest_conn_close(c, now_of());
}

/* Let the agent read the last frame: a close with unread input would send a reset, which overtakes
 * it. */
void pl_ingest_conn_part(struct pl_ingest_conn *c, struct pl_span frame, struct pl_now now)
{
    c->state = PL_CONN_REFUSED;
    c->frame_mono_ms = now.mono_ms;
    c->lingered = 0;
    conn_leave(c, now);
    if (c->state != PL_CONN_REFUSED) return; // closed from on_gone
    if (!pl_ingest_link_send(c, frame, true, now)) {
        pl_ingest_conn_close(c, now); // it does not even read its acknowledgements
    } else if (c->state == PL_CONN_REFUSED &&
               uv_shutdown(&c->shutdown, (uv_stream_t *)&c->tcp, on_shutdown) != 0) {
        pl_ingest_conn_close(c, now);
    }
}

void pl_ingest_conn_dismiss(struct pl_ingest_conn *c, enum pl_refuse_code code, const char *text,
                            struct pl_now now)
{
    uint8_t buf[PL_INGEST_FRAME_OUT_BYTES];
    struct pl_writer w = pl_writer_init(buf, sizeof buf);
    pl_refuse_write(code, text, &w);
    PL_ASSERT(w.err == 0);
    pl_ingest_conn_part(c, (struct pl_span){buf, w.len}, now);
}

static void conn_refuse(struct pl_ingest_conn *c, enum pl_ingest_refusal why,
                        enum pl_refuse_code code, const char *text, struct pl_now now)
{
    c->ingest->counts.refused[why]++;
    pl_ingest_conn_dismiss(c, code, text, now);
}

/* The refusal that belongs to an error of the parser or the session. */
static void conn_refuse_err(struct pl_ingest_conn *c, int err, struct pl_now now)
{
    static const struct {
        int err;
        enum pl_ingest_refusal why;
        enum pl_refuse_code code;
    } refusals[] = {
        {PL_E_MAGIC, PL_INGEST_MAGIC, PL_REFUSE_PROTOCOL},
        {PL_E_VERSION, PL_INGEST_VERSION, PL_REFUSE_VERSION},
        {PL_E_TOO_BIG, PL_INGEST_TOO_BIG, PL_REFUSE_PROTOCOL},
        {PL_E_STATE, PL_INGEST_OUT_OF_TURN, PL_REFUSE_PROTOCOL},
    };
    bool first = c->state == PL_CONN_WAIT_HELLO;
    enum pl_ingest_refusal why = PL_INGEST_MALFORMED;
    enum pl_refuse_code code = first ? PL_REFUSE_HELLO : PL_REFUSE_PROTOCOL;
    for (size_t i = 0; i < PL_LEN(refusals); i++) {
        if (refusals[i].err != err) continue;
        why = refusals[i].why;
        code = refusals[i].code;
    }
    char buf[PL_REFUSE_TEXT_MAX];
    struct pl_text text = pl_text_init(buf, sizeof buf);
    pl_text_str(&text, first ? "the first frame " : "a frame ");
    pl_text_str(&text, pl_err_text(err));
    pl_ingest_log_refusal(c, pl_ingest_refusal_name(why), "-", now);
    conn_refuse(c, why, code, buf, now);
}

/* ---- from the agent ---- */

/* The handler, or the seats, will not have this agent. */
static void conn_refuse_hello(struct pl_ingest_conn *c, enum pl_refuse_code code,
                              const struct pl_hello *hello, struct pl_now now)
{
    static const struct {
        enum pl_ingest_refusal why;
        const char *text;
    } refusals[] = {
        [PL_REFUSE_VERSION] = {PL_INGEST_VERSION, "this collector does not speak that version"},
        [PL_REFUSE_HELLO] = {PL_INGEST_MALFORMED, "this collector cannot use that HELLO"},
        [PL_REFUSE_FULL] = {PL_INGEST_FULL, "this collector has no room for another host or pool"},
        [PL_REFUSE_TAKEN] = {PL_INGEST_TAKEN, "another live agent uses this host name"},
        [PL_REFUSE_STOPPING] = {PL_INGEST_STOPPING, "this collector is not taking agents now"},
        [PL_REFUSE_PROTOCOL] = {PL_INGEST_MALFORMED, "this collector cannot use that HELLO"},
    };
    PL_ASSERT(code >= PL_REFUSE_VERSION && code < PL_LEN(refusals));
    pl_ingest_log_refusal(c, pl_ingest_refusal_name(refusals[code].why), hello->host.text, now);
    conn_refuse(c, refusals[code].why, code, refusals[code].text, now);
}

/* Take the seat for that host name, from another connection if need be. */
static bool take_seat(struct pl_ingest_conn *c, const struct pl_hello *hello, struct pl_now now)
{
    struct pl_ingest *in = c->ingest;
    uint32_t replaced;
    switch (pl_seats_claim(&in->seats, pl_ingest_index_of(c), hello, now.mono_ms, &replaced)) {
    case PL_SEAT_GIVEN: return true;
    case PL_SEAT_REPLACES:
        in->counts.replaced++;
        pl_ingest_conn_close(&in->conns[replaced], now);
        return c->state == PL_CONN_WAIT_HELLO;
    case PL_SEAT_REFUSED: conn_refuse_hello(c, PL_REFUSE_TAKEN, hello, now); return false;
    }
    PL_UNREACHABLE("seat claim");
}

static void take_hello(struct pl_ingest_conn *c, const struct pl_hello *hello, struct pl_now now)
{
    struct pl_ingest *in = c->ingest;
    const struct pl_ingest_handler *handler = &in->config.handler;
    if (handler->on_admit) {
        enum pl_admission admission = handler->on_admit(handler->arg, &c->peer, hello);
        if (admission != PL_ADMITTED) {
            pl_ingest_not_admitted(c, admission, hello->host.text, now);
            return;
        }
    }
    if (!take_seat(c, hello, now)) return;
    uint32_t host = PL_INGEST_NO_INDEX;
    struct pl_welcome welcome = {0};
    int refused = handler->on_hello(handler->arg, hello, now, &host, &welcome);
    if (refused != 0) {
        conn_refuse_hello(c, (enum pl_refuse_code)refused, hello, now);
        return;
    }
    PL_ASSERT(host < in->config.host_max && in->conn_of_host[host] == PL_INGEST_NO_INDEX);
    uint32_t interval_ms = welcome.interval_ms != 0 ? welcome.interval_ms : hello->interval_ms;
    c->state = PL_CONN_STREAMING;
    c->host = host;
    c->boot_id = hello->boot_id;
    c->durable_seq = welcome.durable_seq;
    c->told_mono_ms = now.mono_ms;
    c->silent_max_ms = (uint32_t)PL_MAX(PL_INGEST_SILENT_MS, (int64_t)3 * interval_ms);
    c->stream = ++in->streams;
    in->conn_of_host[host] = pl_ingest_index_of(c);
    uint8_t buf[PL_INGEST_FRAME_OUT_BYTES];
    struct pl_writer w = pl_writer_init(buf, sizeof buf);
    pl_welcome_write(&welcome, &w);
    (void)pl_ingest_link_send(c, (struct pl_span){buf, w.len}, false, now); // nothing is on its way
}

static void take_check(struct pl_ingest_conn *c, const struct pl_check *check, struct pl_now now)
{
    struct pl_ingest *in = c->ingest;
    const struct pl_ingest_handler *handler = &in->config.handler;
    const struct pl_hello hello = {.host = check->host, .pool = check->pool};
    uint8_t buf[PL_INGEST_FRAME_OUT_BYTES];
    struct pl_writer w = pl_writer_init(buf, sizeof buf);
    uint32_t host = PL_INGEST_NO_INDEX;
    enum pl_admission admission =
        handler->on_admit ? handler->on_admit(handler->arg, &c->peer, &hello) : PL_ADMITTED;
    if (admission != PL_ADMITTED) {
        pl_ingest_not_admitted(c, admission, check->host.text, now);
        return;
    }
    if (handler->on_check && !handler->on_check(handler->arg, check, &host)) {
        conn_refuse_hello(c, PL_REFUSE_FULL, &hello, now);
        return;
    }
    bool is_connected = host != PL_INGEST_NO_INDEX && in->conn_of_host[host] != PL_INGEST_NO_INDEX;
    pl_checked_write(&(struct pl_checked){now.unix_ms, is_connected}, &w);
    pl_ingest_conn_part(c, (struct pl_span){buf, w.len}, now);
}

static void take_frame(struct pl_ingest_conn *c, const struct pl_frame *frame, struct pl_now now)
{
    struct pl_ingest *in = c->ingest;
    struct pl_collector_event event;
    int err = pl_collector_session_step(&c->session, frame, &event);
    if (err != 0) {
        conn_refuse_err(c, err, now);
        return;
    }
    switch (event.type) {
    case PL_COLLECTOR_NOTHING: in->counts.unknown_frames++; return;
    case PL_COLLECTOR_HELLO: take_hello(c, &event.hello, now); return;
    case PL_COLLECTOR_SAMPLE:
        in->counts.samples++;
        pl_seats_heard(&in->seats, pl_ingest_index_of(c), now.mono_ms);
        in->config.handler.on_sample(in->config.handler.arg, c->host, &c->boot_id, &event.sample,
                                     now);
        return;
    case PL_COLLECTOR_LISTENER:
        in->config.handler.on_listener(in->config.handler.arg, c->host, &event.listener, now);
        return;
    case PL_COLLECTOR_CHANGE:
        in->config.handler.on_change(in->config.handler.arg, c->host, &event.change, now);
        return;
    case PL_COLLECTOR_SERVICE:
        in->config.handler.on_service(in->config.handler.arg, c->host, &event.service, now);
        return;
    case PL_COLLECTOR_PROOF:
    case PL_COLLECTOR_JOIN:
    case PL_COLLECTOR_ROTATE: pl_ingest_take_trust(c, &event, now); return;
    case PL_COLLECTOR_CHECK: take_check(c, &event.check, now); return;
    }
    PL_UNREACHABLE("collector event");
}

static bool is_talking(const struct pl_ingest_conn *c)
{
    return c->state == PL_CONN_WAIT_HELLO || c->state == PL_CONN_STREAMING;
}

/* Take every whole frame of `bytes`, keep the unfinished one. */
static void take_bytes(struct pl_ingest_conn *c, struct pl_span bytes, struct pl_now now)
{
    bool fresh = c->partial_len == 0; // what is left over began in these bytes
    c->partial_len = 0;
    while (is_talking(c)) {
        struct pl_frame frame;
        ssize_t used = pl_frame_parse(bytes, &frame);
        if (used == 0) break;
        if (used < 0) {
            conn_refuse_err(c, (int)used, now);
            break;
        }
        c->ingest->counts.frames++;
        c->frame_mono_ms = now.mono_ms;
        take_frame(c, &frame, now);
        if (c->state == PL_CONN_STREAMING)
            record(c, (struct pl_span){bytes.ptr, (size_t)used}, now);
        bytes = (struct pl_span){bytes.ptr + used, bytes.len - (size_t)used};
        fresh = true;
    }
    if (!is_talking(c) || bytes.len == 0) return;
    memcpy(pl_ingest_partial_of(c), bytes.ptr, bytes.len);
    c->partial_len = (uint32_t)bytes.len;
    if (fresh) c->partial_mono_ms = now.mono_ms;
}

void pl_ingest_conn_take(struct pl_ingest_conn *c, uint8_t *bytes, size_t len, struct pl_now now)
{
    uint8_t *start = bytes - c->partial_len;
    if (c->partial_len > 0) memcpy(start, pl_ingest_partial_of(c), c->partial_len);
    take_bytes(c, (struct pl_span){start, c->partial_len + len}, now);
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
    struct pl_ingest_conn *c = handle->data;
    (void)suggested; // libuv's guess; one buffer serves all
    *buf = uv_buf_init((char *)c->ingest->input + PL_FRAME_BYTES_MAX, PL_INGEST_READ_BYTES);
}

static void on_read(uv_stream_t *stream, ssize_t len, const uv_buf_t *buf)
{
    struct pl_ingest_conn *c = stream->data;
    struct pl_ingest *in = c->ingest;
    (void)buf;            // in->input
    if (len == 0) return; // the socket had nothing after all
    struct pl_now now = now_of();
    if (len < 0) {
        pl_ingest_conn_close(c, now);
        return;
    }
    in->counts.bytes += (uint64_t)len;
    if (c->state == PL_CONN_REFUSED) {
        c->lingered += (uint32_t)len;
        if (c->lingered > LINGER_BYTES_MAX) pl_ingest_conn_close(c, now);
        return;
    }
    pl_ingest_link_take(c, (size_t)len, now);
    pl_ingest_link_unpark(in, now);
}

/* ---- beginning and time ---- */

static bool peer_is_local(const uv_tcp_t *tcp)
{
    struct sockaddr_storage address = {0};
    int len = sizeof address;
    return uv_tcp_getpeername(tcp, (struct sockaddr *)&address, &len) == 0 &&
           pl_sockaddr_is_loopback(&address);
}

void pl_ingest_conn_open(struct pl_ingest *in)
{
    struct pl_now now = now_of();
    uint32_t index = in->first_free;
    struct pl_ingest_conn *c = &in->conns[index];
    in->first_free = c->next_free;
    in->used_max = PL_MAX(in->used_max, index + 1);
    *c = (struct pl_ingest_conn){.ingest = in,
                                 .state = PL_CONN_FIRST_BYTE,
                                 .generation = c->generation + 1,
                                 .next_parked = PL_INGEST_NO_INDEX,
                                 .host = PL_INGEST_NO_INDEX,
                                 .frame_mono_ms = now.mono_ms};
    pl_collector_session_init(&c->session);
    int err = uv_tcp_init(in->loop, &c->tcp);
    PL_ASSERT(err == 0); // without flags it only fills the handle
    c->tcp.data = c;
    in->connected++;
    err = uv_accept((uv_stream_t *)&in->listener, (uv_stream_t *)&c->tcp);
    if (err == 0) err = uv_read_start((uv_stream_t *)&c->tcp, on_alloc, on_read);
    c->is_local = err == 0 && peer_is_local(&c->tcp);
    if (err != 0) {
        pl_ingest_conn_close(c, now);
        return;
    }
    in->counts.connections++;
    (void)uv_tcp_nodelay(&c->tcp, 1); // only makes acknowledgements prompter
}

void pl_ingest_conn_tick(struct pl_ingest_conn *c, struct pl_now now)
{
    int64_t quiet_ms = now.mono_ms - c->frame_mono_ms;
    bool is_waited_for = c->ingest->first_parked != PL_INGEST_NO_INDEX;
    if (c->state == PL_CONN_REFUSED) {
        if (quiet_ms >= PL_INGEST_LINGER_MS) pl_ingest_conn_close(c, now);
    } else if (c->writing && now.mono_ms - c->write_mono_ms >= PL_INGEST_WRITE_MS) {
        pl_ingest_conn_cut(c, PL_INGEST_NOT_READING, now);
    } else if (c->state == PL_CONN_TLS_PARKED) {
        return; // not its fault
    } else if (c->state == PL_CONN_TLS_FIRST || c->state == PL_CONN_TLS) {
        bool is_late = quiet_ms >= PL_INGEST_HANDSHAKE_MS ||
                       (is_waited_for && quiet_ms >= PL_INGEST_HANDSHAKE_BUSY_MS);
        if (!is_late) return;
        pl_ingest_log_refusal(c, "tls_timeout", "-", now);
        pl_ingest_conn_cut(c, PL_INGEST_TLS_TIMEOUT, now);
    } else if (c->state == PL_CONN_ENROLLING) {
        if (quiet_ms >= PL_INGEST_ENROL_MS)
            pl_ingest_not_admitted(c, PL_ADMISSION_NOT_RECORDED, "-", now);
    } else if (c->partial_len > 0 && now.mono_ms - c->partial_mono_ms >= PL_INGEST_FRAME_MS) {
        conn_refuse(c, PL_INGEST_FRAME_TIMEOUT, PL_REFUSE_PROTOCOL,
                    "a frame was begun and not finished", now);
    } else if ((c->state == PL_CONN_WAIT_HELLO || c->state == PL_CONN_FIRST_BYTE) &&
               quiet_ms >= PL_INGEST_HELLO_MS) {
        conn_refuse(c, PL_INGEST_HELLO_TIMEOUT, PL_REFUSE_HELLO, "no HELLO came", now);
    } else if (c->state == PL_CONN_STREAMING && quiet_ms >= c->silent_max_ms) {
        pl_ingest_conn_cut(c, PL_INGEST_SILENT, now);
    } else if (c->state == PL_CONN_STREAMING &&
               now.mono_ms - c->told_mono_ms >= PL_INGEST_TELL_MS) {
        pl_ingest_conn_ack(c, c->durable_seq, now);
    }
}
