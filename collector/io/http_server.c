/* Ownership: the server owns its slots; a slot's memory is reused only after on_conn_closed.
 *
 *     on_connection -> conn_open -> on_read -> conn_run -> handler ... pl_http_server_reply
 *          ^                          ^           |                         |
 *          |                          +-----------+---- on_drained <--------+
 *          +---- on_conn_closed <- conn_close <- error, end of file, time-out, last answer sent */
#include "collector/io/http_server.h"

#include "collector/io/outgoing.h"
#include "common/base/assert.h"
#include "common/base/err.h"
#include "common/sys/log.h"

#include <stdlib.h>

enum {
    BACKLOG = 128,
    READ_BYTES = 8192,
    STREAM_SEND_BUFFER_BYTES = 64 * 1024,
    LOG_INTERVAL_MS = 10000,
};

enum conn_state {
    CONN_READ,   // a request is awaited or arriving; the parser's stage says which
    CONN_REPLY,  // the handler owes an answer; nothing is read
    CONN_FLUSH,  // the answer is being written; nothing is read
    CONN_STREAM, // events go out; what comes in is thrown away
    CONN_LINGER, // our side is closed: throw away what comes in, so that no reset eats the answer
    CONN_CLOSED,
};

struct conn {
    struct pl_http_server *server; // borrowed: its owner
    struct pl_slot_id id;
    enum conn_state state;
    enum pl_http_stage stage; // of the parser, when `since_mono_ms` was set
    bool fresh;               // no request yet: the head time-out counts from the connection
    bool running;             // conn_run is on the stack
    bool reading;
    bool head_only;  // the request was a HEAD
    bool keep_alive; // the request allows another one
    int64_t since_mono_ms;
    uint64_t taken; // bytes the kernel had taken at the last tick
    uv_tcp_t tcp;
    uv_shutdown_t shutdown;
    struct pl_outgoing out;
    struct pl_http_parser parser;
    size_t in_start, in_len;
    char in[READ_BYTES];
};

struct pl_http_server {
    uv_loop_t *loop; // borrowed
    struct pl_http_server_config config;
    struct pl_now now; // of the last tick: time-outs are in whole seconds
    struct pl_http_counts counts;
    struct pl_log_limit log_limit;
    uv_tcp_t listener;
    bool listening;
    bool accept_waiting;
    bool stopping;
    bool stopped; // on_stopped was called
    int64_t stop_mono_ms;
    void (*on_stopped)(void *arg);
    void *on_stopped_arg; // borrowed
    struct pl_slots slots;
    struct conn *conns;   // owned, connection_max items
    uint32_t *generation; // owned
    uint32_t *next_free;  // owned
    uint8_t *rings; // owned, PL_HTTP_OUTGOING_BYTES for each slot; untouched pages cost nothing
};

static void conn_open(struct pl_http_server *s);
static void conn_run(struct conn *c);

static void maybe_stopped(struct pl_http_server *s)
{
    if (!s->stopping || s->stopped || s->listening || s->slots.taken_count > 0) return;
    s->stopped = true;
    s->on_stopped(s->on_stopped_arg);
}

static void on_conn_closed(uv_handle_t *handle)
{
    struct conn *c = handle->data;
    struct pl_http_server *s = c->server;
    pl_slots_give(&s->slots, c->id);
    if (s->accept_waiting && !s->stopping) conn_open(s);
    maybe_stopped(s);
}

static void conn_close(struct conn *c)
{
    if (c->state == CONN_CLOSED) return; // a write error, a time-out and the end of file may race
    c->state = CONN_CLOSED;
    uv_close((uv_handle_t *)&c->tcp, on_conn_closed);
}

static void enter(struct conn *c, enum conn_state state)
{
    c->state = state;
    c->stage = c->parser.stage;
    c->since_mono_ms = c->server->now.mono_ms;
}

static void on_shutdown(uv_shutdown_t *request, int status)
{
    struct conn *c = request->data;
    if (status < 0) conn_close(c);
}

/* The answer is with the kernel: go on with this connection, or end it. */
static void answer_sent(struct conn *c)
{
    if (c->keep_alive && !c->server->stopping) {
        enter(c, CONN_READ);
        return;
    }
    enter(c, CONN_LINGER);
    c->shutdown.data = c;
    if (uv_shutdown(&c->shutdown, (uv_stream_t *)&c->tcp, on_shutdown) < 0) conn_close(c);
}

static void on_drained(void *arg, int status)
{
    struct conn *c = arg;
    if (status < 0) {
        conn_close(c);
        return;
    }
    if (c->state != CONN_FLUSH) return; // a stream: nothing waits for this
    answer_sent(c);
    conn_run(c);
}

/* Queue head and body. False: the connection failed and is closed. */
static bool put_reply(struct conn *c, const struct pl_http_reply *reply)
{
    struct pl_http_server *s = c->server;
    char head[PL_HTTP_REPLY_HEAD_MAX];
    struct pl_text text = pl_text_init(head, sizeof head);
    pl_http_reply_head(&text, reply, c->keep_alive && !s->stopping, s->now.unix_ms);
    PL_ASSERT(!text.overflow && reply->body.len <= PL_HTTP_BODY_OUT_MAX);
    s->counts.answers[reply->status / 100]++;
    struct pl_span parts[] = {pl_text_bytes(&text), reply->body};
    bool ok = pl_outgoing_write(&c->out, parts, c->head_only ? 1 : 2) == 0;
    if (!ok) conn_close(c);
    return ok;
}

static void send_reply(struct conn *c, const struct pl_http_reply *reply)
{
    if (!put_reply(c, reply)) return;
    enter(c, CONN_FLUSH);
    if (c->out.len == 0) answer_sent(c);
}

static void count_refusal(struct pl_http_server *s, enum pl_http_refusal refusal)
{
    uint32_t held;
    s->counts.refused[refusal]++;
    if (!pl_log_allow(&s->log_limit, s->now.mono_ms, LOG_INTERVAL_MS, &held)) return;
    pl_log(PL_LOG_INFO, "http_refused", "reason=%s held=%u", pl_http_refusal_info(refusal)->name,
           held);
}

/* Say why, then end the connection: after a refusal nobody knows where the next request begins. */
static void refuse(struct conn *c, enum pl_http_refusal refusal)
{
    const struct pl_http_refusal_info *info = pl_http_refusal_info(refusal);
    count_refusal(c->server, refusal);
    if (info->status == 0) {
        conn_close(c);
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

static void take_request(struct conn *c, const struct pl_http_request *request)
{
    struct pl_http_server *s = c->server;
    c->fresh = false;
    c->head_only = request->method == PL_HTTP_HEAD;
    c->keep_alive = request->keep_alive;
    if (request->host.len > 0 && !pl_http_host_is_local(request->host)) {
        refuse(c, PL_HTTP_REFUSED_FOREIGN_HOST);
        return;
    }
    s->counts.requests++;
    enter(c, CONN_REPLY);
    s->config.handler(s->config.arg, c->id, request);
}

/* Parse what has arrived; true if the connection may have more to do at once. */
static bool parse_some(struct conn *c)
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
        if (c->parser.stage != c->stage) enter(c, CONN_READ);
        return false;
    case PL_HTTP_COMPLETE: take_request(c, &request); return true;
    case PL_HTTP_REFUSED: refuse(c, refusal); return true;
    }
    PL_UNREACHABLE("result of pl_http_feed");
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
    (void)suggested;
    struct conn *c = handle->data;
    *buf = uv_buf_init(c->in, sizeof c->in); // empty whenever the connection reads
}

static void on_read(uv_stream_t *stream, ssize_t len, const uv_buf_t *buf)
{
    (void)buf;
    struct conn *c = stream->data;
    if (len < 0) { // an end of file with a request half read, between two, or of a stream
        conn_close(c);
        return;
    }
    if (c->state != CONN_READ) return; // thrown away: streams and lingering connections
    c->in_start = 0;
    c->in_len = (size_t)len;
    conn_run(c);
}

/* Go on with a connection as far as it goes, then read exactly while there is use for it. */
static void conn_run(struct conn *c)
{
    if (c->running) return; // the handler answered at once: the loop below goes on
    c->running = true;
    while (c->state == CONN_READ && c->in_len > 0 && parse_some(c)) {
    }
    c->running = false;
    if (c->state == CONN_CLOSED) return;
    bool want = c->state != CONN_REPLY && c->state != CONN_FLUSH;
    if (want == c->reading) return;
    c->reading = want;
    if (!want)
        (void)uv_read_stop((uv_stream_t *)&c->tcp); // always succeeds
    else if (uv_read_start((uv_stream_t *)&c->tcp, on_alloc, on_read) < 0)
        conn_close(c);
}

/* Accept one connection into a free slot; without one, remember that somebody waits. */
static void conn_open(struct pl_http_server *s)
{
    struct pl_slot_id id;
    if (!pl_slots_take(&s->slots, &id)) {
        if (!s->accept_waiting) s->counts.parked++;
        s->accept_waiting = true;
        return;
    }
    s->accept_waiting = false;
    struct conn *c = &s->conns[id.index];
    c->server = s;
    c->id = id;
    c->fresh = c->keep_alive = true;
    c->running = c->reading = c->head_only = false;
    c->in_start = c->in_len = 0;
    c->out = (struct pl_outgoing){.stream = (uv_stream_t *)&c->tcp,
                                  .ring = s->rings + (size_t)id.index * PL_HTTP_OUTGOING_BYTES,
                                  .cap = PL_HTTP_OUTGOING_BYTES,
                                  .on_drained = on_drained,
                                  .arg = c};
    pl_http_init(&c->parser);
    (void)uv_tcp_init(s->loop, &c->tcp); // cannot fail without a domain
    c->tcp.data = c;
    enter(c, CONN_READ);
    if (uv_accept((uv_stream_t *)&s->listener, (uv_stream_t *)&c->tcp) < 0) {
        conn_close(c);
        return;
    }
    s->counts.connections++;
    (void)uv_tcp_nodelay(&c->tcp, 1); // a delay, not a failure
    conn_run(c);
}

static void on_connection(uv_stream_t *listener, int status)
{
    if (status == 0) conn_open(listener->data);
}

/* How long a connection may stay as it is, and what it is refused for then. */
static void judge_age(struct conn *c, int64_t age_ms)
{
    enum pl_http_stage stage = c->parser.stage;
    switch (c->state) {
    case CONN_READ:
        if (stage == PL_HTTP_STAGE_BODY && age_ms >= PL_HTTP_BODY_MS)
            refuse(c, PL_HTTP_REFUSED_BODY_TIMEOUT);
        else if (stage == PL_HTTP_STAGE_HEAD && age_ms >= PL_HTTP_HEAD_MS)
            refuse(c, PL_HTTP_REFUSED_HEAD_TIMEOUT);
        else if (stage == PL_HTTP_STAGE_IDLE && c->fresh && age_ms >= PL_HTTP_HEAD_MS)
            conn_close(c); // browsers open spare connections; that is no offence
        else if (stage == PL_HTTP_STAGE_IDLE && age_ms >= PL_HTTP_IDLE_MS)
            conn_close(c);
        break;
    case CONN_REPLY:
        if (age_ms >= PL_HTTP_REPLY_MS) refuse(c, PL_HTTP_REFUSED_REPLY_TIMEOUT);
        break;
    case CONN_FLUSH:
    case CONN_STREAM:
        if (c->out.len > 0 && age_ms >= PL_HTTP_FLUSH_MS) refuse(c, PL_HTTP_REFUSED_SLOW_READER);
        break;
    case CONN_LINGER:
        if (age_ms >= PL_HTTP_LINGER_MS) conn_close(c);
        break;
    case CONN_CLOSED: break;
    }
    conn_run(c);
}

void pl_http_server_tick(struct pl_http_server *s, struct pl_now now)
{
    s->now = now;
    bool stop_now = s->stopping && now.mono_ms - s->stop_mono_ms >= PL_HTTP_LINGER_MS;
    for (uint32_t i = 0; i < s->config.connection_max; i++) {
        struct conn *c = &s->conns[i];
        if (!pl_slots_live(&s->slots, c->id) || c->state == CONN_CLOSED) continue;
        if (stop_now) {
            conn_close(c);
            continue;
        }
        bool sending = c->state == CONN_FLUSH || c->state == CONN_STREAM;
        uint64_t taken = pl_outgoing_taken(&c->out);
        if (sending && (taken != c->taken || c->out.len == 0)) c->since_mono_ms = now.mono_ms;
        c->taken = taken;
        judge_age(c, now.mono_ms - c->since_mono_ms);
    }
}

static struct conn *find(const struct pl_http_server *s, struct pl_slot_id id,
                         enum conn_state state)
{
    if (!pl_slots_live(&s->slots, id)) return NULL;
    struct conn *c = &s->conns[id.index];
    return c->state == state ? c : NULL; // else it was refused meanwhile, or is closing
}

void pl_http_server_reply(struct pl_http_server *s, struct pl_slot_id client,
                          const struct pl_http_reply *reply)
{
    struct conn *c = find(s, client, CONN_REPLY);
    if (!c) return;
    send_reply(c, reply);
    conn_run(c);
}

bool pl_http_server_stream_begin(struct pl_http_server *s, struct pl_slot_id client)
{
    struct conn *c = find(s, client, CONN_REPLY);
    if (!c) return false;
    struct pl_http_reply reply = {
        .status = 200, .content_type = "text/event-stream", .stream = true};
    c->keep_alive = false;
    if (c->head_only || s->stopping) {
        send_reply(c, &reply);
        conn_run(c);
        return false;
    }
    /* A small kernel buffer: what waits there is old and cannot be skipped. */
    int bytes = STREAM_SEND_BUFFER_BYTES;
    (void)uv_send_buffer_size((uv_handle_t *)&c->tcp, &bytes); // only a hint
    if (!put_reply(c, &reply)) return false;
    enter(c, CONN_STREAM);
    conn_run(c);
    return true;
}

int64_t pl_http_server_stream_behind(const struct pl_http_server *s, struct pl_slot_id client)
{
    const struct conn *c = find(s, client, CONN_STREAM);
    return c ? (int64_t)c->out.len : -1;
}

void pl_http_server_stream_send(struct pl_http_server *s, struct pl_slot_id client,
                                struct pl_span bytes)
{
    struct conn *c = find(s, client, CONN_STREAM);
    if (!c) return;
    int result = pl_outgoing_write(&c->out, &bytes, 1);
    if (result == PL_E_FULL)
        refuse(c, PL_HTTP_REFUSED_SLOW_READER);
    else if (result < 0)
        conn_close(c);
}

struct pl_http_server *pl_http_server_new(uv_loop_t *loop,
                                          const struct pl_http_server_config *config)
{
    uint32_t count = config->connection_max;
    PL_ASSERT(count >= 1 && count <= PL_HTTP_CONNECTION_MAX);
    struct pl_http_server *s = calloc(1, sizeof *s);
    if (!s) return NULL;
    s->loop = loop;
    s->config = *config;
    s->conns = calloc(count, sizeof *s->conns);
    s->generation = calloc(count, sizeof *s->generation);
    s->next_free = calloc(count, sizeof *s->next_free);
    s->rings = calloc(count, PL_HTTP_OUTGOING_BYTES);
    if (!s->conns || !s->generation || !s->next_free || !s->rings) {
        pl_http_server_free(s);
        return NULL;
    }
    pl_slots_init(&s->slots, s->generation, s->next_free, count);
    return s;
}

void pl_http_server_free(struct pl_http_server *s)
{
    if (!s) return;
    PL_ASSERT(!s->listening && s->slots.taken_count == 0);
    free(s->conns);
    free(s->generation);
    free(s->next_free);
    free(s->rings);
    free(s);
}

int pl_http_server_start(struct pl_http_server *s, const struct sockaddr *address,
                         struct pl_now now)
{
    s->now = now;
    s->listening = true;
    (void)uv_tcp_init(s->loop, &s->listener); // cannot fail without a domain
    s->listener.data = s;
    int result = uv_tcp_bind(&s->listener, address, 0);
    return result < 0 ? result : uv_listen((uv_stream_t *)&s->listener, BACKLOG, on_connection);
}

uint16_t pl_http_server_port(const struct pl_http_server *s)
{
    struct sockaddr_storage address;
    int len = sizeof address;
    if (uv_tcp_getsockname(&s->listener, (struct sockaddr *)&address, &len) < 0) return 0;
    return ntohs(address.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&address)->sin6_port
                                               : ((struct sockaddr_in *)&address)->sin_port);
}

static void on_listener_closed(uv_handle_t *handle)
{
    struct pl_http_server *s = handle->data;
    s->listening = false;
    maybe_stopped(s);
}

void pl_http_server_stop(struct pl_http_server *s, void (*on_stopped)(void *arg), void *arg)
{
    PL_ASSERT(s->listening && !s->stopping);
    s->stopping = true;
    s->stop_mono_ms = s->now.mono_ms;
    s->on_stopped = on_stopped;
    s->on_stopped_arg = arg;
    uv_close((uv_handle_t *)&s->listener, on_listener_closed);
    for (uint32_t i = 0; i < s->config.connection_max; i++) {
        struct conn *c = &s->conns[i];
        if (!pl_slots_live(&s->slots, c->id)) continue;
        bool idle = c->state == CONN_READ && c->parser.stage == PL_HTTP_STAGE_IDLE;
        if (idle || c->state == CONN_STREAM) conn_close(c);
    }
}

const struct pl_http_counts *pl_http_server_counts(const struct pl_http_server *s)
{
    return &s->counts;
}

uint32_t pl_http_server_connected(const struct pl_http_server *s)
{
    return s->slots.taken_count;
}
