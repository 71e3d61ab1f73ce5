/* Ownership: the server owns its slots; a slot's memory is reused only after on_conn_closed.
 *
 *     pl_http_conn_open -> on_read -> run -> handler ... pl_http_conn_reply
 *             ^               ^        |                         |
 *             |               +--------+----- on_drained <-------+
 *             +-- on_conn_closed <- pl_http_conn_close <- error, end of file, time-out, end */
#include "collector/io/http_conn.h"

#include "common/base/assert.h"
#include "common/base/err.h"

enum {
    STREAM_SEND_BUFFER_BYTES = 64 * 1024,
    LOG_INTERVAL_MS = 10000,
};

static void run(struct pl_http_conn *c);

static void on_conn_closed(uv_handle_t *handle)
{
    struct pl_http_conn *c = handle->data;
    struct pl_http_server *s = c->server;
    pl_tls_free(c->tls);
    c->tls = NULL;
    pl_slots_give(&s->slots, c->id);
    pl_http_server_slot_freed(s);
}

void pl_http_conn_close(struct pl_http_conn *c)
{
    if (c->state == PL_HTTP_CONN_CLOSED)
        return; // a write error, a time-out and the end of file may race
    c->state = PL_HTTP_CONN_CLOSED;
    uv_close((uv_handle_t *)&c->tcp, on_conn_closed);
}

static void enter(struct pl_http_conn *c, enum pl_http_conn_state state)
{
    c->state = state;
    c->stage = c->parser.stage;
    c->since_mono_ms = c->server->now.mono_ms;
}

static void on_shutdown(uv_shutdown_t *request, int status)
{
    struct pl_http_conn *c = request->data;
    if (status < 0) pl_http_conn_close(c);
}

/* The answer is with the kernel: go on with this connection, or end it. */
static void answer_sent(struct pl_http_conn *c)
{
    if (c->keep_alive && !c->server->stopping) {
        enter(c, PL_HTTP_CONN_READ);
        return;
    }
    enter(c, PL_HTTP_CONN_LINGER);
    pl_http_link_end(c);
    c->shutdown.data = c;
    if (uv_shutdown(&c->shutdown, (uv_stream_t *)&c->tcp, on_shutdown) < 0) pl_http_conn_close(c);
}

static void on_drained(void *arg, int status)
{
    struct pl_http_conn *c = arg;
    if (status < 0) {
        pl_http_conn_close(c);
        return;
    }
    if (c->state != PL_HTTP_CONN_FLUSH) return; // a stream: nothing waits for this
    answer_sent(c);
    run(c);
}

/* Queue head and body. False: the connection failed and is closed. */
static bool put_reply(struct pl_http_conn *c, const struct pl_http_reply *reply)
{
    struct pl_http_server *s = c->server;
    char head[PL_HTTP_REPLY_HEAD_MAX];
    struct pl_text text = pl_text_init(head, sizeof head);
    pl_http_reply_head(&text, reply, c->keep_alive && !s->stopping, s->now.unix_ms);
    PL_ASSERT(!text.overflow && reply->body.len <= PL_HTTP_BODY_OUT_MAX);
    s->counts.answers[reply->status / 100]++;
    struct pl_span parts[] = {pl_text_bytes(&text), reply->body};
    bool ok = pl_http_link_write(c, parts, c->head_only ? 1 : 2) == 0;
    if (!ok) pl_http_conn_close(c);
    return ok;
}

static void send_reply(struct pl_http_conn *c, const struct pl_http_reply *reply)
{
    if (!put_reply(c, reply)) return;
    enter(c, PL_HTTP_CONN_FLUSH);
    if (c->out.len == 0) answer_sent(c);
}

static void count_refusal(struct pl_http_server *s, enum pl_http_refusal refusal)
{
    uint32_t held;
    s->counts.refused[refusal]++;
    if (!pl_log_allow(&s->log_limit, s->now.mono_ms, LOG_INTERVAL_MS, &held)) return;
    pl_log(PL_LOG_INFO, "http_refused", "reason=%s held_back=%u",
           pl_http_refusal_info(refusal)->name, held);
}

/* Say why, then end the connection: after a refusal nobody knows where the next request begins. */
static void refuse(struct pl_http_conn *c, enum pl_http_refusal refusal)
{
    const struct pl_http_refusal_info *info = pl_http_refusal_info(refusal);
    count_refusal(c->server, refusal);
    if (info->status == 0) {
        pl_http_conn_close(c);
        return;
    }
    char body[512];
    struct pl_text text = pl_text_init(body, sizeof body);
    struct pl_http_problem problem = {.status = info->status, .detail = info->text};
    pl_http_problem_body(&text, &problem);
    c->keep_alive = c->head_only = false;
    struct pl_http_reply reply = {.status = info->status,
                                  .content_type = "application/problem+json",
                                  .body = pl_text_bytes(&text)};
    send_reply(c, &reply);
}

static void take_request(struct pl_http_conn *c, const struct pl_http_request *request)
{
    struct pl_http_server *s = c->server;
    c->fresh = false;
    c->head_only = request->method == PL_HTTP_HEAD;
    c->keep_alive = request->keep_alive;
    bool is_ours = s->config.host && pl_http_host_is(request->host, s->config.host);
    if (request->host.len > 0 && !is_ours && !pl_http_host_is_local(request->host)) {
        refuse(c, PL_HTTP_REFUSED_FOREIGN_HOST);
        return;
    }
    s->counts.requests++;
    enter(c, PL_HTTP_CONN_REPLY);
    s->config.handler(s->config.arg, c->id, request);
}

/* Parse what has arrived. */
static void parse_some(struct pl_http_conn *c)
{
    struct pl_http_request request;
    enum pl_http_refusal refusal;
    size_t used;
    struct pl_span in = {(const uint8_t *)c->in + c->in_start, c->in_len};
    enum pl_http_result result = pl_http_feed(&c->parser, in, &used, &request, &refusal);
    c->in_start += used;
    c->in_len -= used;
    switch (result) {
    case PL_HTTP_NEED_MORE:
        if (c->parser.stage != c->stage) enter(c, PL_HTTP_CONN_READ);
        return;
    case PL_HTTP_COMPLETE: take_request(c, &request); return;
    case PL_HTTP_REFUSED: refuse(c, refusal); return;
    }
    PL_UNREACHABLE("result of pl_http_feed");
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
    (void)suggested;
    struct pl_http_conn *c = handle->data;
    *buf = pl_http_link_room(c); // empty whenever the connection reads
}

static void on_read(uv_stream_t *stream, ssize_t len, const uv_buf_t *buf)
{
    (void)buf;
    struct pl_http_conn *c = stream->data;
    if (len < 0) { // an end of file with a request half read, between two, or of a stream
        pl_http_conn_close(c);
        return;
    }
    if (c->state != PL_HTTP_CONN_READ) return; // thrown away: streams and lingering connections
    pl_http_link_take(c, (size_t)len);
    run(c);
}

/* There is something to parse. */
static bool has_input(struct pl_http_conn *c)
{
    if (c->in_len > 0) return true;
    int filled = pl_http_link_fill(c);
    if (filled < 0) pl_http_conn_close(c);
    return filled > 0;
}

/* Go on with a connection as far as it goes, then read exactly while there is use for it. */
static void run(struct pl_http_conn *c)
{
    if (c->running) return; // the handler answered at once: the loop below goes on
    c->running = true;
    while (c->state == PL_HTTP_CONN_READ && has_input(c)) parse_some(c);
    c->running = false;
    if (c->state == PL_HTTP_CONN_CLOSED) return;
    bool want = c->state != PL_HTTP_CONN_REPLY && c->state != PL_HTTP_CONN_FLUSH;
    if (want == c->reading) return;
    c->reading = want;
    if (!want)
        (void)uv_read_stop((uv_stream_t *)&c->tcp); // always succeeds
    else if (uv_read_start((uv_stream_t *)&c->tcp, on_alloc, on_read) < 0)
        pl_http_conn_close(c);
}

/* A connection in slot `id`, without a socket. */
static struct pl_http_conn *begin(struct pl_http_server *s, struct pl_slot_id id)
{
    struct pl_http_conn *c = &s->conns[id.index];
    c->server = s;
    c->id = id;
    c->fresh = c->keep_alive = true;
    c->running = c->reading = c->head_only = false;
    c->in_start = c->in_len = 0;
    c->tls = NULL;
    c->out = (struct pl_outgoing){.stream = (uv_stream_t *)&c->tcp,
                                  .ring = s->rings + (size_t)id.index * PL_HTTP_OUTGOING_BYTES,
                                  .cap = PL_HTTP_OUTGOING_BYTES,
                                  .on_drained = on_drained,
                                  .arg = c};
    pl_http_init(&c->parser);
    (void)uv_tcp_init(s->loop, &c->tcp); // cannot fail without a domain
    c->tcp.data = c;
    enter(c, PL_HTTP_CONN_READ);
    return c;
}

static void go(struct pl_http_conn *c)
{
    c->server->counts.connections++;
    (void)uv_tcp_nodelay(&c->tcp, 1); // a delay, not a failure
    run(c);
}

void pl_http_conn_open(struct pl_http_server *s)
{
    struct pl_slot_id id;
    if (!pl_slots_take(&s->slots, &id)) {
        if (!s->accept_waiting) s->counts.parked++;
        s->accept_waiting = true;
        return;
    }
    s->accept_waiting = false;
    struct pl_http_conn *c = begin(s, id);
    if (uv_accept((uv_stream_t *)&s->listener, (uv_stream_t *)&c->tcp) < 0)
        pl_http_conn_close(c);
    else
        go(c);
}

bool pl_http_conn_adopt(struct pl_http_server *s, int fd, struct pl_tls *tls)
{
    struct pl_slot_id id;
    if (!pl_slots_take(&s->slots, &id)) {
        count_refusal(s, PL_HTTP_REFUSED_FULL);
        return false;
    }
    struct pl_http_conn *c = begin(s, id);
    if (uv_tcp_open(&c->tcp, fd) < 0) {
        pl_http_conn_close(c);
        return false;
    }
    pl_http_link_adopt(c, tls);
    go(c);
    return true;
}

void pl_http_conn_tick(struct pl_http_conn *c)
{
    int64_t now_mono_ms = c->server->now.mono_ms;
    bool sending = c->state == PL_HTTP_CONN_FLUSH || c->state == PL_HTTP_CONN_STREAM;
    uint64_t taken = pl_outgoing_taken(&c->out);
    if (sending && (taken != c->taken || c->out.len == 0)) c->since_mono_ms = now_mono_ms;
    c->taken = taken;
    int64_t age_ms = now_mono_ms - c->since_mono_ms;
    enum pl_http_stage stage = c->parser.stage;
    switch (c->state) {
    case PL_HTTP_CONN_READ:
        if (stage == PL_HTTP_STAGE_BODY && age_ms >= PL_HTTP_BODY_MS)
            refuse(c, PL_HTTP_REFUSED_BODY_TIMEOUT);
        else if (stage == PL_HTTP_STAGE_HEAD && age_ms >= PL_HTTP_HEAD_MS)
            refuse(c, PL_HTTP_REFUSED_HEAD_TIMEOUT);
        else if (stage == PL_HTTP_STAGE_IDLE && c->fresh && age_ms >= PL_HTTP_HEAD_MS)
            pl_http_conn_close(c); // browsers open spare connections; that is no offence
        else if (stage == PL_HTTP_STAGE_IDLE && age_ms >= PL_HTTP_IDLE_MS)
            pl_http_conn_close(c);
        break;
    case PL_HTTP_CONN_REPLY:
        if (age_ms >= PL_HTTP_REPLY_MS) refuse(c, PL_HTTP_REFUSED_REPLY_TIMEOUT);
        break;
    case PL_HTTP_CONN_FLUSH:
    case PL_HTTP_CONN_STREAM:
        if (c->out.len > 0 && age_ms >= PL_HTTP_FLUSH_MS) refuse(c, PL_HTTP_REFUSED_SLOW_READER);
        break;
    case PL_HTTP_CONN_LINGER:
        if (age_ms >= PL_HTTP_LINGER_MS) pl_http_conn_close(c);
        break;
    case PL_HTTP_CONN_CLOSED: break;
    }
    run(c);
}

void pl_http_conn_reply(struct pl_http_conn *c, const struct pl_http_reply *reply)
{
    send_reply(c, reply);
    run(c);
}

bool pl_http_conn_stream_begin(struct pl_http_conn *c)
{
    struct pl_http_reply reply = {
        .status = 200, .content_type = "text/event-stream", .stream = true};
    c->keep_alive = false;
    if (c->head_only || c->server->stopping) {
        send_reply(c, &reply);
        run(c);
        return false;
    }
    /* A small kernel buffer: what waits there is old and cannot be skipped. */
    int bytes = STREAM_SEND_BUFFER_BYTES;
    (void)uv_send_buffer_size((uv_handle_t *)&c->tcp, &bytes); // only a hint
    if (!put_reply(c, &reply)) return false;
    enter(c, PL_HTTP_CONN_STREAM);
    run(c);
    return true;
}

void pl_http_conn_stream_send(struct pl_http_conn *c, struct pl_span bytes)
{
    int result = pl_http_link_write(c, &bytes, 1);
    if (result == PL_E_FULL)
        refuse(c, PL_HTTP_REFUSED_SLOW_READER);
    else if (result < 0)
        pl_http_conn_close(c);
}
