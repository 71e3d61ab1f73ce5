/* Ownership: see http_conn.c; the listener and the slots live in the server. */
#include "collector/io/http_conn.h"

#include "common/base/assert.h"

#include <stdlib.h>

enum { BACKLOG = 128 };

static void maybe_stopped(struct pl_http_server *s)
{
    if (!s->stopping || s->stopped || s->listening || s->slots.taken_count > 0) return;
    s->stopped = true;
    s->on_stopped(s->on_stopped_arg);
}

void pl_http_server_slot_freed(struct pl_http_server *s)
{
    if (s->accept_waiting && !s->stopping) pl_http_conn_open(s);
    maybe_stopped(s);
}

static void on_connection(uv_stream_t *listener, int status)
{
    if (status == 0) pl_http_conn_open(listener->data);
}

void pl_http_server_tick(struct pl_http_server *s, struct pl_now now)
{
    s->now = now;
    bool stop_now = s->stopping && now.mono_ms - s->stop_mono_ms >= PL_HTTP_LINGER_MS;
    for (uint32_t i = 0; i < s->config.connection_max; i++) {
        struct pl_http_conn *c = &s->conns[i];
        if (!pl_slots_live(&s->slots, c->id) || c->state == PL_HTTP_CONN_CLOSED) continue;
        if (stop_now)
            pl_http_conn_close(c);
        else
            pl_http_conn_tick(c);
    }
}

static struct pl_http_conn *find(const struct pl_http_server *s, struct pl_slot_id id,
                                 enum pl_http_conn_state state)
{
    if (!pl_slots_live(&s->slots, id)) return NULL;
    struct pl_http_conn *c = &s->conns[id.index];
    return c->state == state ? c : NULL; // else it was refused meanwhile, or is closing
}

void pl_http_server_reply(struct pl_http_server *s, struct pl_slot_id client,
                          const struct pl_http_reply *reply)
{
    struct pl_http_conn *c = find(s, client, PL_HTTP_CONN_REPLY);
    if (c) pl_http_conn_reply(c, reply);
}

bool pl_http_server_stream_begin(struct pl_http_server *s, struct pl_slot_id client)
{
    struct pl_http_conn *c = find(s, client, PL_HTTP_CONN_REPLY);
    return c && pl_http_conn_stream_begin(c);
}

int64_t pl_http_server_stream_behind(const struct pl_http_server *s, struct pl_slot_id client)
{
    const struct pl_http_conn *c = find(s, client, PL_HTTP_CONN_STREAM);
    return c ? (int64_t)c->out.len : -1;
}

void pl_http_server_stream_send(struct pl_http_server *s, struct pl_slot_id client,
                                struct pl_span bytes)
{
    struct pl_http_conn *c = find(s, client, PL_HTTP_CONN_STREAM);
    if (c) pl_http_conn_stream_send(c, bytes);
}

void pl_http_server_stream_end(struct pl_http_server *s, struct pl_slot_id client)
{
    struct pl_http_conn *c = find(s, client, PL_HTTP_CONN_STREAM);
    if (c) pl_http_conn_close(c);
}

bool pl_http_server_is_tls(const struct pl_http_server *s, struct pl_slot_id client)
{
    return pl_slots_live(&s->slots, client) && s->conns[client.index].tls != NULL;
}

bool pl_http_server_adopt(struct pl_http_server *s, int fd, struct pl_tls *tls)
{
    return s->listening && !s->stopping && pl_http_conn_adopt(s, fd, tls);
}

void pl_http_server_peer(const struct pl_http_server *s, struct pl_slot_id client,
                         char text[PL_HTTP_PEER_BYTES])
{
    struct sockaddr_storage address = {0};
    int len = sizeof address;
    bool is_here =
        pl_slots_live(&s->slots, client) &&
        uv_tcp_getpeername(&s->conns[client.index].tcp, (struct sockaddr *)&address, &len) == 0;
    if (!is_here || uv_ip_name((const struct sockaddr *)&address, text, PL_HTTP_PEER_BYTES) < 0)
        memcpy(text, "?", 2);
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
    s->ciphers = calloc(count, PL_HTTP_CIPHER_BYTES);
    if (!s->conns || !s->generation || !s->next_free || !s->rings || !s->ciphers) {
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
    free(s->ciphers);
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
        struct pl_http_conn *c = &s->conns[i];
        if (!pl_slots_live(&s->slots, c->id)) continue;
        bool idle = c->state == PL_HTTP_CONN_READ && c->parser.stage == PL_HTTP_STAGE_IDLE;
        if (idle || c->state == PL_HTTP_CONN_STREAM) pl_http_conn_close(c);
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
