/* One connection at a time, whose handles live in struct pl_uplink, which belongs to the caller.
 *
 *     on_timer -> open_connection -> on_connect -> greet -> on_read -> take_frame -> send_turn
 *        ^                                                     |                       |
 *        '------- on_closed <------- lose <--------------------'----- on_written <-----'
 *
 * lose() is the only way from an open connection back; it may be called from any callback. */
#include "agent/io/uplink.h"

#include "common/base/assert.h"
#include "common/base/err.h"
#include "common/base/text.h"

#include <assert.h>

static_assert(PL_UPLINK_OUT_BYTES >= (int)PL_FRAME_BYTES_MAX, "a HELLO fits");

static struct pl_uplink_collector *present(struct pl_uplink *u)
{
    return &u->collectors[u->route.index];
}

static bool is_open(const struct pl_uplink *u)
{
    return u->state == PL_UPLINK_CONNECT || u->state == PL_UPLINK_GREET ||
           u->state == PL_UPLINK_STREAM;
}

static void start_timer(struct pl_uplink *u, int64_t wait_ms);

static void on_closed(uv_handle_t *handle)
{
    struct pl_uplink *u = handle->data;
    if (u->state == PL_UPLINK_STOPPED) return;
    u->state = PL_UPLINK_WAIT;
    start_timer(u, u->wait_ms);
}

/* End the connection, or the attempt at one, and say why. */
static void lose(struct pl_uplink *u, const char *reason)
{
    struct pl_uplink_collector *c = present(u);
    uint32_t held = 0;
    PL_ASSERT(is_open(u));
    u->wait_ms = pl_route_fail(&u->route);
    if (u->state == PL_UPLINK_STREAM) {
        pl_log(PL_LOG_WARN, "disconnected", "reason=\"%s\" collector=%s spooled=%u retry_ms=%lld",
               reason, c->text, pl_spool_count(u->spool), (long long)u->wait_ms);
    } else if (pl_log_allow(&c->log_limit, (int64_t)uv_now(u->loop), PL_UPLINK_LOG_MS, &held)) {
        pl_log(PL_LOG_WARN, "connect_failed", "reason=\"%s\" collector=%s retry_ms=%lld held=%u",
               reason, c->text, (long long)u->wait_ms, held);
    }
    u->state = PL_UPLINK_CLOSE;
    (void)uv_timer_stop(&u->timer); // cannot fail
    uv_close((uv_handle_t *)&u->tcp, on_closed);
}

static void send_turn(struct pl_uplink *u);

static void on_written(uv_write_t *write, int status)
{
    struct pl_uplink *u = write->data;
    u->is_writing = false;
    if (!is_open(u)) return;
    if (status < 0)
        lose(u, pl_err_text(status));
    else if (u->state == PL_UPLINK_STREAM)
        send_turn(u);
}

/* Hand `len` bytes of u->out to the kernel. `in_turns` leaves all of it to on_written, which comes
 * back for more once it is gone; otherwise one send(2) is enough, as a rule. */
static void write_out(struct pl_uplink *u, size_t len, bool in_turns)
{
    uv_stream_t *stream = (uv_stream_t *)&u->tcp;
    size_t done = 0;
    PL_ASSERT(!u->is_writing);
    if (!in_turns) {
        uv_buf_t all = uv_buf_init((char *)u->out, (unsigned)len);
        int n = uv_try_write(stream, &all, 1);
        if (n < 0 && n != UV_EAGAIN) {
            lose(u, pl_err_text(n));
            return;
        }
        if (n > 0) done = (size_t)n;
        if (done == len) return;
    }
    uv_buf_t rest = uv_buf_init((char *)u->out + done, (unsigned)(len - done));
    int err = uv_write(&u->write, stream, &rest, 1, on_written);
    u->is_writing = err == 0;
    if (err < 0) lose(u, pl_err_text(err));
}

static void send_turn(struct pl_uplink *u)
{
    struct pl_spool *spool = u->spool;
    struct pl_writer out = pl_writer_init(u->out, sizeof u->out);
    if (u->is_writing) return; // on_written goes on from here
    if (u->owes_listener) pl_agent_session_listener(&u->session, &u->listener, &out);
    u->owes_listener = false;
    u->send_seq = PL_MAX(u->send_seq, spool->first_seq);
    for (int i = 0; i < PL_UPLINK_TURN_SAMPLES_MAX && u->send_seq < spool->next_seq; i++) {
        struct pl_sample sample;
        pl_spool_get(spool, u->send_seq++, &sample);
        pl_agent_session_sample(&u->session, &sample, &out);
    }
    PL_ASSERT(out.err == 0); // PL_UPLINK_OUT_BYTES has room for a whole turn
    if (out.len > 0) write_out(u, out.len, u->send_seq < spool->next_seq);
}

static void take_welcome(struct pl_uplink *u, const struct pl_welcome *welcome)
{
    if (pl_spool_ack(u->spool, welcome->durable_seq) < 0) {
        lose(u, "it claims to have samples that were never taken");
        return;
    }
    u->state = PL_UPLINK_STREAM;
    u->send_seq = u->spool->first_seq;
    u->owes_listener = u->listener.address[0] != '\0';
    (void)uv_timer_stop(&u->timer); // cannot fail
    pl_log(PL_LOG_INFO, "connected", "collector=%s resend=%u", present(u)->text,
           pl_spool_count(u->spool));
    u->handler.on_welcome(u->handler.arg, welcome->interval_ms);
    send_turn(u);
}

static void take_ack(struct pl_uplink *u, uint64_t seq)
{
    /* It may be ahead of what this connection has sent again: what an earlier one sent has become
     * durable since. It may also say nothing new: a collector that waits for Redis is alive. */
    bool is_news = seq >= u->spool->first_seq;
    if (pl_spool_ack(u->spool, seq) < 0)
        lose(u, "it acknowledged samples that were never taken");
    else if (is_news)
        pl_route_prove(&u->route);
}

/* What the operator of this agent can do about a refusal. */
static const char *advice(uint16_t code)
{
    switch (code) {
    case PL_REFUSE_VERSION: return "install the same version of agent and collector";
    case PL_REFUSE_FULL: return "let the collector take more hosts, or name another collector";
    case PL_REFUSE_TAKEN: return "give each host its own agent.host, or stop the other agent";
    case PL_REFUSE_STOPPING: return "nothing: another attempt follows";
    case PL_REFUSE_HELLO:
    case PL_REFUSE_PROTOCOL: return "compare the versions of agent and collector; report it";
    default: return "see the collector's log"; // a newer collector's code
    }
}

static void take_refusal(struct pl_uplink *u, const struct pl_refusal *refusal)
{
    struct pl_uplink_collector *c = present(u);
    uint32_t held = 0;
    if (pl_log_allow(&c->refused_limit, (int64_t)uv_now(u->loop), PL_UPLINK_LOG_MS, &held)) {
        pl_log(PL_LOG_ERROR, "refused", "collector=%s code=%u text=\"%s\" do=\"%s\" held=%u",
               c->text, refusal->code, refusal->text, advice(refusal->code), held);
    }
    lose(u, "refused by the collector");
}

static void take_event(struct pl_uplink *u, const struct pl_agent_event *event)
{
    switch (event->type) {
    case PL_AGENT_NOTHING: return;
    case PL_AGENT_WELCOMED: take_welcome(u, &event->welcome); return;
    case PL_AGENT_ACKED: take_ack(u, event->acked_seq); return;
    case PL_AGENT_DIRECTED: u->handler.on_directive(u->handler.arg, &event->directive); return;
    case PL_AGENT_REFUSED: take_refusal(u, &event->refusal); return;
    case PL_AGENT_JOINED: break; // answers only what agent/io/enroller asks
    }
    PL_UNREACHABLE("session event");
}

/* Take the first frame of `in`. Bytes consumed, 0 when more are needed, -1 after lose(). */
static ssize_t take_frame(struct pl_uplink *u, struct pl_span in)
{
    struct pl_frame frame;
    struct pl_agent_event event;
    ssize_t len = pl_frame_parse(in, &frame);
    int err = len < 0 ? (int)len : 0;
    if (len > 0) err = pl_agent_session_step(&u->session, &frame, &event);
    if (err < 0) {
        char reason[128];
        struct pl_text text = pl_text_init(reason, sizeof reason);
        pl_text_str(&text, "a frame of the collector ");
        pl_text_str(&text, pl_err_text(err));
        lose(u, reason);
        return -1;
    }
    if (len > 0) take_event(u, &event);
    return is_open(u) ? len : -1;
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
    struct pl_uplink *u = stream->data;
    (void)buf; // u->in
    if (n < 0) lose(u, n == UV_EOF ? "closed by the collector" : pl_err_text((int)n));
    if (n <= 0) return;
    u->heard_mono_ms = (int64_t)uv_now(u->loop);
    struct pl_span in = {u->in, u->in_len + (size_t)n};
    ssize_t taken = 1;
    while (taken > 0) {
        taken = take_frame(u, in);
        if (taken < 0) return;
        in = (struct pl_span){in.ptr + taken, in.len - (size_t)taken};
    }
    memmove(u->in, in.ptr, in.len);
    u->in_len = in.len;
}

/* What is left of an unfinished frame is shorter than one, so there is always room. */
static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
    struct pl_uplink *u = handle->data;
    (void)suggested;
    *buf = uv_buf_init((char *)u->in + u->in_len, (unsigned)(sizeof u->in - u->in_len));
}

static void on_connect(uv_connect_t *connect, int status)
{
    struct pl_uplink *u = connect->data;
    if (u->state != PL_UPLINK_CONNECT) return; // closed in the meantime
    if (status == 0) status = uv_tcp_nodelay(&u->tcp, 1);
    if (status == 0) status = uv_read_start((uv_stream_t *)&u->tcp, on_alloc, on_read);
    if (status < 0) {
        lose(u, pl_err_text(status));
        return;
    }
    u->state = PL_UPLINK_GREET;
    start_timer(u, PL_UPLINK_GREET_MS);
    struct pl_writer out = pl_writer_init(u->out, sizeof u->out);
    u->hello.first_seq = u->spool->first_seq;
    u->handler.on_hello(u->handler.arg, &u->hello);
    pl_agent_session_start(&u->session, &u->hello, &out);
    PL_ASSERT(out.err == 0);
    write_out(u, out.len, false);
}

static void open_connection(struct pl_uplink *u)
{
    int err = uv_tcp_init(u->loop, &u->tcp);
    PL_ASSERT(err == 0); // opens no socket yet
    u->tcp.data = u;
    u->state = PL_UPLINK_CONNECT;
    u->in_len = 0;
    start_timer(u, PL_UPLINK_GREET_MS);
    err = uv_tcp_connect(&u->connect, &u->tcp, &present(u)->address.any, on_connect);
    if (err < 0) lose(u, pl_err_text(err));
}

static void on_timer(uv_timer_t *timer)
{
    struct pl_uplink *u = timer->data;
    switch (u->state) {
    case PL_UPLINK_WAIT: open_connection(u); return;
    case PL_UPLINK_CONNECT: lose(u, "no answer to the connection"); return;
    case PL_UPLINK_GREET: lose(u, "connected, but no answer to HELLO: is it a collector?"); return;
    case PL_UPLINK_STREAM:
    case PL_UPLINK_CLOSE:
    case PL_UPLINK_STOPPED: break; // the timer does not run
    }
    PL_UNREACHABLE("uplink state");
}

static void start_timer(struct pl_uplink *u, int64_t wait_ms)
{
    int err = uv_timer_start(&u->timer, on_timer, (uint64_t)wait_ms, 0);
    PL_ASSERT(err == 0); // fails only for a timer that is being closed
}

static int set_collector(struct pl_uplink_collector *c, const struct pl_address *address)
{
    memset(c, 0, sizeof *c);
    pl_address_write(address, c->text);
    if (uv_ip4_addr(address->host, address->port, &c->address.ip4) == 0) return 0;
    return uv_ip6_addr(address->host, address->port, &c->address.ip6);
}

int pl_uplink_start(struct pl_uplink *u, uv_loop_t *loop, const struct pl_uplink_config *config)
{
    PL_ASSERT(config->collector_count > 0 && config->collector_count <= PL_UPLINK_COLLECTORS_MAX);
    for (uint32_t i = 0; i < config->collector_count; i++) {
        int err = set_collector(&u->collectors[i], &config->collectors[i]);
        if (err < 0) return err;
    }
    int err = uv_timer_init(loop, &u->timer);
    if (err < 0) return err;
    u->loop = loop;
    u->spool = config->spool;
    u->handler = config->handler;
    u->hello = *config->hello;
    u->is_writing = u->owes_listener = false;
    u->listener = (struct pl_listener){0};
    u->timer.data = u->connect.data = u->write.data = u;
    pl_route_init(&u->route, config->collector_count, config->seed);
    open_connection(u);
    return 0;
}

void pl_uplink_flush(struct pl_uplink *u)
{
    int64_t now_mono_ms = (int64_t)uv_now(u->loop);
    if (u->state != PL_UPLINK_STREAM) return;
    if (u->send_seq <= u->spool->first_seq) u->heard_mono_ms = now_mono_ms; // nothing to answer
    if (now_mono_ms - u->heard_mono_ms > PL_UPLINK_SILENT_MS)
        lose(u, "no acknowledgement for a minute");
    else
        send_turn(u);
}

void pl_uplink_listener(struct pl_uplink *u, const struct pl_listener *listener)
{
    u->listener = *listener;
    u->owes_listener = true;
}

void pl_uplink_stop(struct pl_uplink *u)
{
    if (u->state == PL_UPLINK_STOPPED) return;
    if (u->state == PL_UPLINK_STREAM) send_turn(u);
    if (is_open(u)) uv_close((uv_handle_t *)&u->tcp, on_closed);
    u->state = PL_UPLINK_STOPPED;
    uv_close((uv_handle_t *)&u->timer, NULL);
}
