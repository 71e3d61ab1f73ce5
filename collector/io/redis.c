/* Ownership: `struct pl_redis` lives until its last handle is closed. The hiredis context belongs
 * to hiredis from the moment it is attached: it frees itself after a failed connect or a lost
 * connection, so `ac` is forgotten in on_connect (failure) and on_disconnect. A context we drop
 * ourselves has `data` cleared first, so that those two do nothing for it. In-flight calls are
 * slots of `calls`; hiredis returns each exactly once, with NULL when the connection dies.
 *
 *     connect_now -> (resolve -> on_resolved) -> attach -> on_connect -> greet -> on_greeting ...
 *       -> READY -> pl_redis_send -> on_reply -> the caller's callback
 *     on_tick (100 ms): reconnect, deadlines, stall, PING
 *     pl_redis_close -> NULL replies -> on_handle_closed -> caller's on_closed */
#include "collector/io/redis.h"

#include "collector/io/redis_hello.h"
#include "collector/io/redis_uv.h"
#include "common/base/assert.h"
#include "common/base/backoff.h"
#include "common/base/err.h"
#include "common/sys/clock.h"
#include "common/sys/log.h"

#include <hiredis.h>
#include <netdb.h>
#include <stdlib.h>

enum {
    TICK_MS = 100,
    FACTS_EVERY_MS = 10000,
    LOADING_POLL_MS = 300,
    LOG_EVERY_MS = 30000,
};

struct call {
    struct pl_redis *r;
    void (*on_reply)(void *ctx, const struct redisReply *reply); // NULL: our own PING
    void *ctx;
    struct call *next_free;
};

struct pl_redis {
    struct pl_redis_options options;
    uv_loop_t *loop;
    uv_timer_t tick;
    uv_getaddrinfo_t resolve;
    bool resolving;
    bool closing, tick_closed;
    void (*on_closed)(void *ctx);
    void *closed_ctx;

    redisAsyncContext *ac; // owned by hiredis; NULL while there is none
    enum pl_redis_state state;
    struct pl_redis_hello hello;
    struct pl_redis_facts facts;
    bool hello_waiting; // the server loads: the step is asked again at `next_mono_ms`

    struct call calls[PL_REDIS_WINDOW_MAX + 1]; // one in reserve for PING
    struct call *free_calls;
    uint32_t in_flight;
    uint32_t silent_ticks; // in a row, with commands in flight and no reply
    bool replied;          // since the last tick

    bool ping_in_flight;
    int64_t ping_mono_ms, alive_mono_ms, facts_mono_ms;
    int64_t next_mono_ms;     // AWAY: next attempt; CONNECTING and loading: next question
    int64_t deadline_mono_ms; // CONNECTING: then give up
    struct pl_backoff backoff;
    struct pl_rng rng;
    struct pl_log_limit away_log;
};

const char *pl_redis_state_name(enum pl_redis_state state)
{
    static const char *const names[] = {"away", "connecting", "ready", "stalled"};
    return names[state];
}

void pl_redis_arg(struct pl_redis_args *args, struct pl_span bytes)
{
    PL_ASSERT(args->count < PL_REDIS_ARGS_MAX);
    args->text[args->count] = (const char *)bytes.ptr;
    args->len[args->count++] = bytes.len;
}

void pl_redis_arg_text(struct pl_redis_args *args, const char *text)
{
    pl_redis_arg(args, pl_span_of(text));
}

static void enter(struct pl_redis *r, enum pl_redis_state state)
{
    if (r->state == state) return;
    r->state = state;
    if (!r->closing && state != PL_REDIS_CONNECTING) r->options.on_state(r->options.ctx, state);
}

/* The connection is gone or never came to be: every call has been returned. */
static void lost(struct pl_redis *r, const char *why)
{
    r->ac = NULL;
    r->ping_in_flight = false;
    int64_t now = pl_clock_mono_ms();
    r->next_mono_ms = now + pl_backoff_next_ms(&r->backoff, &r->rng);
    uint32_t held;
    if (!r->closing && pl_log_allow(&r->away_log, now, LOG_EVERY_MS, &held)) {
        pl_log(PL_LOG_WARN, "redis_away", "while=%s reason=\"%s\" held_back=%u",
               pl_redis_state_name(r->state), why, held);
    }
    if (r->state == PL_REDIS_CONNECTING)
        r->state = PL_REDIS_AWAY; // was reported as AWAY before
    else
        enter(r, PL_REDIS_AWAY);
}

/* Give the connection up ourselves. `why` may live in the context. */
static void drop(struct pl_redis *r, const char *why)
{
    char reason[128];
    struct pl_text t = pl_text_init(reason, sizeof reason);
    pl_text_str(&t, why);
    redisAsyncContext *ac = r->ac;
    r->ac = NULL; // pl_redis_send refuses while the calls come back
    if (ac) {
        ac->data = NULL;
        redisAsyncFree(ac);
    }
    lost(r, reason);
}

static void become_ready(struct pl_redis *r)
{
    pl_log(PL_LOG_INFO, "redis_ready", "version=%s aof=%s client=%lld", r->facts.version,
           r->facts.aof_on ? "on" : "off", (long long)r->facts.client_id);
    r->silent_ticks = 0;
    r->alive_mono_ms = r->facts_mono_ms = r->ping_mono_ms = pl_clock_mono_ms();
    r->away_log = (struct pl_log_limit){0};
    pl_backoff_reset(&r->backoff);
    enter(r, PL_REDIS_READY);
}

static void on_greeting(redisAsyncContext *ac, void *data, void *privdata);

static void greet(struct pl_redis *r)
{
    struct pl_redis_args args = {0};
    pl_redis_hello_command(&r->hello, &args);
    r->hello_waiting = false;
    int err = redisAsyncCommandArgv(r->ac, on_greeting, NULL, args.count, args.text, args.len);
    if (err != REDIS_OK) r->deadline_mono_ms = 0; // the connection is dying: the tick drops it
}

static void on_greeting(redisAsyncContext *ac, void *data, void *privdata)
{
    (void)privdata;
    struct pl_redis *r = ac->data;
    const redisReply *reply = data;
    if (!reply || !r) return; // on_disconnect tells, or we dropped it
    int err = pl_redis_hello_reply(&r->hello, reply, &r->facts);
    if (err < 0) {
        drop(r, reply->type == REDIS_REPLY_ERROR ? reply->str : pl_err_text(err));
        return;
    }
    int64_t now = pl_clock_mono_ms();
    r->deadline_mono_ms = now + PL_REDIS_CONNECT_MS;
    if (r->facts.loading) {
        r->hello_waiting = true;
        r->next_mono_ms = now + LOADING_POLL_MS;
    } else if (r->hello.step == PL_REDIS_HELLO_DONE) {
        become_ready(r);
    } else {
        greet(r);
    }
}

static void on_connect(const redisAsyncContext *ac, int status)
{
    struct pl_redis *r = ac->data;
    if (!r) return;
    if (status != REDIS_OK) {
        lost(r, ac->errstr); // hiredis frees it when we return
        return;
    }
    greet(r);
}

static void on_disconnect(const redisAsyncContext *ac, int status)
{
    (void)status;
    struct pl_redis *r = ac->data;
    if (r) lost(r, ac->err ? ac->errstr : "closed");
}

static void attach(struct pl_redis *r, redisAsyncContext *ac)
{
    if (!ac) {
        lost(r, "out of memory");
        return;
    }
    r->ac = ac;
    if (ac->err) {
        drop(r, ac->errstr);
        return;
    }
    int err = pl_redis_uv_attach(ac, r->loop);
    if (err < 0) {
        drop(r, pl_err_text(err));
        return;
    }
    ac->data = r;
    (void)redisAsyncSetDisconnectCallback(ac, on_disconnect); // fails only when set twice
    (void)redisAsyncSetConnectCallback(ac, on_connect);
}

static void finish_close(struct pl_redis *r)
{
    if (r->resolving || !r->tick_closed) return;
    void (*on_closed)(void *ctx) = r->on_closed;
    void *ctx = r->closed_ctx;
    free(r);
    if (on_closed) on_closed(ctx);
}

static void on_resolved(uv_getaddrinfo_t *req, int status, struct addrinfo *found)
{
    struct pl_redis *r = req->data;
    r->resolving = false;
    if (r->closing) {
        uv_freeaddrinfo(found);
        finish_close(r);
        return;
    }
    char address[INET6_ADDRSTRLEN] = "";
    if (status == 0) {
        void *sa = found->ai_addr;
        if (found->ai_family == AF_INET6)
            status = uv_ip6_name(sa, address, sizeof address);
        else
            status = uv_ip4_name(sa, address, sizeof address);
        uv_freeaddrinfo(found);
    }
    if (status < 0)
        lost(r, uv_strerror(status));
    else
        attach(r, redisAsyncConnect(address, r->options.port));
}

static void connect_now(struct pl_redis *r, int64_t now)
{
    r->state = PL_REDIS_CONNECTING;
    r->deadline_mono_ms = now + PL_REDIS_CONNECT_MS;
    r->hello_waiting = false;
    pl_redis_hello_init(&r->hello, r->options.database);
    if (r->options.unix_path[0]) {
        attach(r, redisAsyncConnectUnix(r->options.unix_path));
        return;
    }
    static const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG};
    r->resolve.data = r;
    int err = uv_getaddrinfo(r->loop, &r->resolve, on_resolved, r->options.host, NULL, &hints);
    if (err < 0)
        lost(r, uv_strerror(err));
    else
        r->resolving = true;
}

static void on_reply(redisAsyncContext *ac, void *data, void *privdata)
{
    struct call *call = privdata;
    struct pl_redis *r = call->r;
    const redisReply *reply = data;
    void (*caller)(void *ctx, const struct redisReply *) = call->on_reply;
    void *ctx = call->ctx;
    call->next_free = r->free_calls;
    r->free_calls = call;
    r->in_flight--;
    if (!reply) {
        if (r->ac == ac) r->ac = NULL; // dying: nothing may be sent on it any more
    } else {
        r->replied = true;
        r->silent_ticks = 0;
        if (r->state == PL_REDIS_STALLED) {
            pl_log(PL_LOG_INFO, "redis_answers", "after=stalled");
            enter(r, PL_REDIS_READY);
        }
    }
    if (caller) {
        caller(ctx, reply);
        return;
    }
    r->ping_in_flight = false;
    if (!reply) return;
    r->alive_mono_ms = r->ping_mono_ms;
    if (reply->type != REDIS_REPLY_STRING) return; // PONG
    int err = pl_redis_facts_persistence(&r->facts, reply);
    (void)err; // a server that answered once keeps its facts until it answers again
}

static int send_call(struct pl_redis *r, struct pl_redis_args *args,
                     void (*caller)(void *ctx, const struct redisReply *reply), void *ctx)
{
    struct call *call = r->free_calls;
    r->free_calls = call->next_free;
    *call = (struct call){.r = r, .on_reply = caller, .ctx = ctx};
    int err = redisAsyncCommandArgv(r->ac, on_reply, call, args->count, args->text, args->len);
    if (err != REDIS_OK) {
        call->next_free = r->free_calls;
        r->free_calls = call;
        return PL_E_STATE;
    }
    if (r->in_flight++ == 0) r->silent_ticks = 0;
    return 0;
}

int pl_redis_send(struct pl_redis *r, struct pl_redis_args *args,
                  void (*on_done)(void *ctx, const struct redisReply *reply), void *ctx)
{
    PL_ASSERT(args->count > 0 && on_done);
    if (r->state != PL_REDIS_READY || !r->ac) return PL_E_STATE;
    if (pl_redis_room(r) == 0) return PL_E_FULL;
    return send_call(r, args, on_done, ctx);
}

/* A PING, or every 10 s the question whether the append-only file is well. Sent while STALLED too:
 * never more than one. */
static void ping(struct pl_redis *r, int64_t now)
{
    if (r->ping_in_flight || !r->ac || now - r->ping_mono_ms < PL_REDIS_PING_MS) return;
    struct pl_redis_args args = {0};
    if (now - r->facts_mono_ms >= FACTS_EVERY_MS) {
        r->facts_mono_ms = now;
        pl_redis_arg_text(&args, "INFO");
        pl_redis_arg_text(&args, "persistence");
    } else {
        pl_redis_arg_text(&args, "PING");
    }
    r->ping_mono_ms = now;
    r->ping_in_flight = send_call(r, &args, NULL, NULL) == 0;
}

static void watch(struct pl_redis *r, int64_t now)
{
    // Counted in ticks: a loop that was held up itself must not blame Redis.
    if (r->in_flight == 0 || r->replied)
        r->silent_ticks = 0;
    else
        r->silent_ticks++;
    r->replied = false;
    if (r->silent_ticks >= PL_REDIS_GIVE_UP_MS / TICK_MS) {
        drop(r, "no answer");
        return;
    }
    if (r->silent_ticks >= PL_REDIS_STALLED_MS / TICK_MS && r->state == PL_REDIS_READY) {
        pl_log(PL_LOG_WARN, "redis_stalled", "in_flight=%u", r->in_flight);
        enter(r, PL_REDIS_STALLED);
    }
    ping(r, now);
}

static void on_tick(uv_timer_t *timer)
{
    struct pl_redis *r = timer->data;
    int64_t now = pl_clock_mono_ms();
    switch (r->state) {
    case PL_REDIS_AWAY:
        if (!r->resolving && now >= r->next_mono_ms) connect_now(r, now);
        return;
    case PL_REDIS_CONNECTING:
        if (now >= r->deadline_mono_ms) {
            if (r->resolving)
                (void)uv_cancel((uv_req_t *)&r->resolve); // on_resolved tells
            else
                drop(r, "no answer");
        } else if (r->hello_waiting && now >= r->next_mono_ms) {
            greet(r);
        }
        return;
    case PL_REDIS_READY:
    case PL_REDIS_STALLED: watch(r, now); return;
    }
    PL_UNREACHABLE("redis state");
}

struct pl_redis *pl_redis_new(uv_loop_t *loop, const struct pl_redis_options *options)
{
    struct pl_redis *r = calloc(1, sizeof *r);
    if (!r) return NULL;
    r->options = *options;
    r->loop = loop;
    r->rng = pl_rng_init(options->seed);
    r->backoff = (struct pl_backoff){.floor_ms = 50, .base_ms = 200, .cap_ms = 5000};
    for (size_t i = 0; i < PL_LEN(r->calls); i++) {
        r->calls[i].next_free = r->free_calls;
        r->free_calls = &r->calls[i];
    }
    int err = uv_timer_init(loop, &r->tick);
    r->tick.data = r;
    if (err == 0) err = uv_timer_start(&r->tick, on_tick, 0, TICK_MS);
    PL_ASSERT(err == 0); // neither can fail for a fresh timer with a callback
    return r;
}

static void on_tick_closed(uv_handle_t *handle)
{
    struct pl_redis *r = handle->data;
    r->tick_closed = true;
    finish_close(r);
}

void pl_redis_close(struct pl_redis *r, void (*on_closed)(void *ctx), void *ctx)
{
    PL_ASSERT(!r->closing);
    r->closing = true;
    r->on_closed = on_closed;
    r->closed_ctx = ctx;
    drop(r, "closed");
    if (r->resolving) (void)uv_cancel((uv_req_t *)&r->resolve); // busy: on_resolved comes anyway
    uv_close((uv_handle_t *)&r->tick, on_tick_closed);
}

enum pl_redis_state pl_redis_state(const struct pl_redis *r)
{
    return r->state;
}

const struct pl_redis_facts *pl_redis_facts(const struct pl_redis *r)
{
    return &r->facts;
}

uint32_t pl_redis_room(const struct pl_redis *r)
{
    // A PING in flight takes one of the window's slots; the reserve covers the next one.
    if (r->state != PL_REDIS_READY || !r->ac || r->in_flight >= PL_REDIS_WINDOW_MAX) return 0;
    return PL_REDIS_WINDOW_MAX - r->in_flight;
}

int64_t pl_redis_alive_mono_ms(const struct pl_redis *r)
{
    return r->state == PL_REDIS_READY ? r->alive_mono_ms : 0;
}
