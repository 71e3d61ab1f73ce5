/* One connection at a time, whose handles live in struct pl_uplink, which belongs to the caller.
 *
 *     on_timer -> open_connection -> on_ready -> on_bytes -> take_frame -> send_turn
 *        ^                                           |                       |
 *        '------- on_closed <------- lose <----------'----- on_drained <-----'
 *
 * end(), mostly by lose(), is the only way from an open connection back; it may be called from any
 * callback. */
#include "agent/io/uplink.h"

#include "common/base/assert.h"
#include "common/base/err.h"
#include "common/base/text.h"

#include <assert.h>

static_assert(PL_UPLINK_OUT_BYTES >= 2 * (int)PL_FRAME_BYTES_MAX, "a PROOF and a HELLO fit");

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

static void on_closed(void *arg)
{
    struct pl_uplink *u = arg;
    if (u->state == PL_UPLINK_STOPPED) {
        pl_link_fini(&u->link);
        return;
    }
    u->state = PL_UPLINK_WAIT;
    start_timer(u, u->wait_ms);
}

/* End the connection, or the attempt at one, and say why. */
static void end(struct pl_uplink *u, const char *reason, enum pl_route_end route_end)
{
    struct pl_uplink_collector *c = present(u);
    uint32_t held = 0;
    PL_ASSERT(is_open(u));
    u->wait_ms = pl_route_fail(&u->route, route_end);
    if (u->state == PL_UPLINK_STREAM) {
        pl_log(PL_LOG_WARN, "disconnected", "reason=\"%s\" collector=%s spooled=%u retry_ms=%lld",
               reason, c->text, pl_spool_count(u->spool), (long long)u->wait_ms);
    } else if (pl_log_allow(&c->log_limit, (int64_t)uv_now(u->loop), PL_UPLINK_LOG_MS, &held)) {
        pl_log(PL_LOG_WARN, "connect_failed", "reason=\"%s\" collector=%s retry_ms=%lld held=%u",
               reason, c->text, (long long)u->wait_ms, held);
    }
    u->state = PL_UPLINK_CLOSE;
    (void)uv_timer_stop(&u->timer); // cannot fail
    pl_link_close(&u->link);
}

static void lose(struct pl_uplink *u, const char *reason)
{
    end(u, reason, u->state == PL_UPLINK_CONNECT ? PL_ROUTE_UNREACHED : PL_ROUTE_ANSWERED);
}

static void on_lost(void *arg, const char *reason, bool distrust)
{
    struct pl_uplink *u = arg;
    if (distrust)
        end(u, reason, PL_ROUTE_ANSWERED);
    else
        lose(u, reason);
    if (distrust && u->handler.on_distrust) u->handler.on_distrust(u->handler.arg);
}

/* True if there are more than a turn takes. */
static bool write_changes(struct pl_uplink *u, struct pl_writer *out)
{
    struct pl_change change;
    if (!u->told) return false;
    for (int i = 0; i < PL_UPLINK_TURN_CHANGES_MAX; i++) {
        if (!pl_told_next(u->told, &u->told_count, &change)) return false;
        pl_agent_session_change(&u->session, &change, out);
    }
    return u->told_count < u->told->count;
}

static void send_turn(struct pl_uplink *u)
{
    struct pl_spool *spool = u->spool;
    struct pl_writer out = pl_writer_init(u->out, sizeof u->out);
    if (pl_link_is_busy(&u->link)) return; // on_drained goes on from here
    if (u->owes_listener) pl_agent_session_listener(&u->session, &u->listener, &out);
    if (u->owes_service) pl_agent_session_service(&u->session, &u->service, &out);
    if (u->owes_rotate) pl_agent_session_rotate(&u->session, &u->rotate, &out);
    u->owes_listener = u->owes_service = u->owes_rotate = false;
    bool has_more = write_changes(u, &out);
    u->send_seq = PL_MAX(u->send_seq, spool->first_seq);
    for (int i = 0; i < PL_UPLINK_TURN_SAMPLES_MAX && u->send_seq < spool->next_seq; i++) {
        struct pl_sample sample;
        pl_spool_get(spool, u->send_seq++, &sample);
        pl_agent_session_sample(&u->session, &sample, &out);
    }
    PL_ASSERT(out.err == 0); // PL_UPLINK_OUT_BYTES has room for a whole turn
    if (out.len > 0)
        pl_link_send(&u->link, u->out, out.len, has_more || u->send_seq < spool->next_seq);
}

static void on_drained(void *arg)
{
    struct pl_uplink *u = arg;
    if (u->state == PL_UPLINK_STREAM) send_turn(u);
}

static void take_welcome(struct pl_uplink *u, const struct pl_welcome *welcome)
{
    if (pl_spool_ack(u->spool, welcome->durable_seq) < 0) {
        lose(u, "it claims to have samples that were never taken");
        return;
    }
    u->state = PL_UPLINK_STREAM;
    u->send_seq = u->spool->first_seq;
    u->told_count = 0;
    u->owes_listener = u->listener.address[0] != '\0';
    u->owes_service = true;         // it may know of one that is no more
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
    case PL_REFUSE_PLAIN:
    case PL_REFUSE_KEY:
    case PL_REFUSE_REVOKED: return "plimsoll-agent join with a token of plimsoll token new";
    case PL_REFUSE_POOL: return "set agent.pool to the pool this host joined, or join again";
    case PL_REFUSE_LATER: return "nothing: another attempt follows";
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
    end(u, "refused by the collector",
        refusal->code == PL_REFUSE_STOPPING ? PL_ROUTE_UNREACHED : PL_ROUTE_ANSWERED);
    bool is_distrust = refusal->code == PL_REFUSE_KEY || refusal->code == PL_REFUSE_REVOKED ||
                       refusal->code == PL_REFUSE_PLAIN;
    if (is_distrust && u->handler.on_distrust) u->handler.on_distrust(u->handler.arg);
}

/* The next key and its proof go out with the next turn; the stream goes on. */
static void take_rekey(struct pl_uplink *u)
{
    uint8_t exported[PL_EXPORTED_BYTES];
    if (!u->link.trust || !u->link.trust->key || !u->handler.on_rekey) return; // there is no key
    const struct pl_key *next = u->handler.on_rekey(u->handler.arg, false);
    if (!next) return; // and the log says why
    u->rotate.host = u->hello.host;
    int err = pl_tls_export(u->link.tls, exported);
    if (err == 0) err = pl_key_prove(next, exported, &u->rotate.next);
    u->owes_rotate = err == 0;
    if (err < 0) pl_log(PL_LOG_ERROR, "rekey_failed", "err=\"%s\"", pl_err_text(err));
}

static void take_event(struct pl_uplink *u, const struct pl_agent_event *event)
{
    switch (event->type) {
    case PL_AGENT_NOTHING: return;
    case PL_AGENT_WELCOMED: take_welcome(u, &event->welcome); return;
    case PL_AGENT_ACKED: take_ack(u, event->acked_seq); return;
    case PL_AGENT_DIRECTED: u->handler.on_directive(u->handler.arg, &event->directive); return;
    case PL_AGENT_REFUSED: take_refusal(u, &event->refusal); return;
    case PL_AGENT_REKEY: take_rekey(u); return;
    case PL_AGENT_JOINED:
        (void)u->handler.on_rekey(u->handler.arg, true); // it was, and NULL is all there is to say
        end(u, "to come back with its new key", PL_ROUTE_UNREACHED);
        return;
    case PL_AGENT_CHECKED: break; // answers only what enrol.h asks
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

static size_t on_bytes(void *arg, struct pl_span bytes)
{
    struct pl_uplink *u = arg;
    struct pl_span in = bytes;
    ssize_t taken = 1;
    u->heard_mono_ms = (int64_t)uv_now(u->loop);
    while (taken > 0) {
        taken = take_frame(u, in);
        if (taken < 0) return bytes.len; // lost: what else came is of no use
        in = (struct pl_span){in.ptr + taken, in.len - (size_t)taken};
    }
    return bytes.len - in.len;
}

/* Show that this TLS session ends at the holder of the key. */
static int prove(struct pl_uplink *u, struct pl_writer *out)
{
    uint8_t exported[PL_EXPORTED_BYTES];
    struct pl_proof proof;
    if (!u->link.trust || !u->link.trust->key) return 0;
    int err = pl_tls_export(u->link.tls, exported);
    if (err == 0) err = pl_key_prove(u->link.trust->key, exported, &proof);
    if (err == 0) pl_proof_write(&proof, out);
    return err;
}

static int64_t greet_ms(const struct pl_uplink *u)
{
    return u->link.trust ? PL_UPLINK_SECURE_MS : PL_UPLINK_GREET_MS;
}

static void on_ready(void *arg)
{
    struct pl_uplink *u = arg;
    struct pl_writer out = pl_writer_init(u->out, sizeof u->out);
    u->state = PL_UPLINK_GREET;
    start_timer(u, greet_ms(u));
    if (prove(u, &out) < 0) {
        lose(u, "this TLS session cannot carry a proof of the key");
        return;
    }
    u->hello.first_seq = u->spool->first_seq;
    u->handler.on_hello(u->handler.arg, &u->hello);
    pl_agent_session_start(&u->session, &u->hello, &out);
    PL_ASSERT(out.err == 0);
    pl_link_send(&u->link, u->out, out.len, false);
}

static void open_connection(struct pl_uplink *u)
{
    u->state = PL_UPLINK_CONNECT;
    u->owes_rotate = false; // its proof was for another session
    if (u->handler.on_connecting) u->handler.on_connecting(u->handler.arg);
    start_timer(u, greet_ms(u));
    int err = pl_link_open(&u->link, &present(u)->address.any, present(u)->host);
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
    c->host = address->host;
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
    const struct pl_link_handler link = {on_ready, on_bytes, on_drained, on_lost, on_closed, u};
    int err = pl_link_init(&u->link, loop, &link, config->trust, sizeof u->out);
    if (err < 0) return err;
    err = uv_timer_init(loop, &u->timer);
    PL_ASSERT(err == 0); // cannot fail
    u->loop = loop;
    u->spool = config->spool;
    u->told = config->told;
    u->told_count = 0;
    u->handler = config->handler;
    u->hello = *config->hello;
    u->owes_listener = u->owes_service = u->owes_rotate = false;
    u->listener = (struct pl_listener){0};
    u->service = (struct pl_service){0};
    u->timer.data = u;
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

void pl_uplink_service(struct pl_uplink *u, const struct pl_service *service)
{
    u->service = *service;
    u->owes_service = true;
}

void pl_uplink_stop(struct pl_uplink *u)
{
    if (u->state == PL_UPLINK_STOPPED) return;
    if (u->state == PL_UPLINK_STREAM) send_turn(u);
    bool was_open = is_open(u), is_closing = u->state == PL_UPLINK_CLOSE;
    u->state = PL_UPLINK_STOPPED;
    if (was_open) pl_link_close(&u->link); // on_closed follows
    if (!was_open && !is_closing) pl_link_fini(&u->link);
    uv_close((uv_handle_t *)&u->timer, NULL);
}
