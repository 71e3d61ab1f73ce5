/* The admin owns its clients' slots; a slot is free again when its pipe is closed.
 *
 *     on_connection -> on_read -> handler ... pl_admin_reply -> on_written -> client_close
 *     pl_admin_stop -> every client and the listener closed -> on_stopped */
#include "collector/io/admin.h"

#include "common/base/assert.h"
#include "common/base/err.h"
#include "common/base/text.h"
#include "common/sys/clock.h"
#include "common/sys/log.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { BACKLOG = 16 };

enum state { FREE, READING, WORKING, WRITING, CLOSING };

struct client {
    struct pl_admin *admin;
    enum state state;
    uint32_t generation;
    uv_pipe_t pipe;
    uv_write_t write;
    int64_t since_mono_ms;
    size_t line_len;
    char line[PL_ADMIN_LINE_BYTES_MAX];
    uint8_t reply[PL_ADMIN_REPLY_BYTES];
};

struct pl_admin {
    uv_loop_t *loop; // borrowed
    uv_pipe_t listener;
    pl_admin_handler_fn *handler;
    void *arg; // borrowed
    char path[sizeof(((struct sockaddr_un *)0)->sun_path)];
    bool accept_waiting, stopping, listener_closed;
    void (*on_stopped)(void *arg);
    void *stopped_arg;
    uint32_t busy_count;
    struct client clients[PL_ADMIN_CLIENTS_MAX];
};

static struct pl_now now_of(void)
{
    return (struct pl_now){pl_clock_mono_ms(), pl_clock_unix_ms()};
}

static void maybe_stopped(struct pl_admin *a)
{
    if (!a->stopping || !a->listener_closed || a->busy_count > 0) return;
    void (*on_stopped)(void *arg) = a->on_stopped;
    void *arg = a->stopped_arg;
    free(a);
    on_stopped(arg);
}

static void client_open(struct pl_admin *a);

static void on_client_closed(uv_handle_t *handle)
{
    struct client *c = handle->data;
    struct pl_admin *a = c->admin;
    c->state = FREE;
    a->busy_count--;
    if (a->accept_waiting && !a->stopping) client_open(a);
    maybe_stopped(a);
}

static void client_close(struct client *c)
{
    if (c->state == CLOSING) return;
    c->state = CLOSING;
    uv_close((uv_handle_t *)&c->pipe, on_client_closed);
}

static void on_written(uv_write_t *write, int status)
{
    (void)status; // over either way
    client_close(write->handle->data);
}

void pl_admin_reply(struct pl_admin *a, struct pl_slot_id client, struct pl_span answer)
{
    PL_ASSERT(client.index < PL_ADMIN_CLIENTS_MAX && answer.len <= PL_ADMIN_REPLY_BYTES);
    struct client *c = &a->clients[client.index];
    if (c->state != WORKING || c->generation != client.generation) return;
    c->state = WRITING;
    memcpy(c->reply, answer.ptr, answer.len);
    uv_buf_t buf = uv_buf_init((char *)c->reply, (unsigned)answer.len);
    if (uv_write(&c->write, (uv_stream_t *)&c->pipe, &buf, 1, on_written) < 0) client_close(c);
}

static void take_line(struct client *c, size_t len)
{
    struct pl_admin *a = c->admin;
    struct pl_slot_id id = {(uint32_t)(c - a->clients), c->generation};
    struct pl_admin_request request;
    const char *problem = pl_admin_parse((struct pl_span){(uint8_t *)c->line, len}, &request);
    c->state = WORKING;
    if (!problem) {
        a->handler(a->arg, id, &request, now_of());
        return;
    }
    char text[256];
    struct pl_text t = pl_text_init(text, sizeof text);
    pl_text_str(&t, "error ");
    pl_text_str(&t, problem);
    pl_text_char(&t, '\n');
    pl_admin_reply(a, id, pl_text_bytes(&t));
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
    struct client *c = handle->data;
    (void)suggested;
    *buf = uv_buf_init(c->line + c->line_len, (unsigned)(sizeof c->line - c->line_len));
}

static void on_read(uv_stream_t *stream, ssize_t len, const uv_buf_t *buf)
{
    struct client *c = stream->data;
    (void)buf; // c->line
    if (len == 0) return;
    if (len < 0) { // gone, or the line is longer than its limit (UV_ENOBUFS)
        client_close(c);
        return;
    }
    c->line_len += (size_t)len;
    const char *end = c->state == READING ? memchr(c->line, '\n', c->line_len) : NULL;
    if (end) take_line(c, (size_t)(end - c->line));
}

static struct client *free_client(struct pl_admin *a)
{
    for (size_t i = 0; i < PL_LEN(a->clients); i++)
        if (a->clients[i].state == FREE) return &a->clients[i];
    return NULL;
}

static void client_open(struct pl_admin *a)
{
    struct client *c = free_client(a);
    a->accept_waiting = c == NULL; // libuv listens on when it has been accepted
    if (!c) return;
    c->admin = a;
    c->state = READING;
    c->generation++;
    c->line_len = 0;
    c->since_mono_ms = pl_clock_mono_ms();
    (void)uv_pipe_init(a->loop, &c->pipe, 0); // only fills the handle
    c->pipe.data = c;
    a->busy_count++;
    if (uv_accept((uv_stream_t *)&a->listener, (uv_stream_t *)&c->pipe) < 0 ||
        uv_read_start((uv_stream_t *)&c->pipe, on_alloc, on_read) < 0)
        client_close(c);
}

static void on_connection(uv_stream_t *listener, int status)
{
    if (status == 0) client_open(listener->data);
}

int pl_admin_start(uv_loop_t *loop, const char *state, pl_admin_handler_fn *handler, void *arg,
                   struct pl_admin **out)
{
    struct pl_admin *a = calloc(1, sizeof *a);
    if (!a) return -ENOMEM;
    *a = (struct pl_admin){.loop = loop, .handler = handler, .arg = arg};
    int len = snprintf(a->path, sizeof a->path, "%s/admin.socket", state);
    if (len < 0 || (size_t)len >= sizeof a->path) {
        free(a);
        return PL_E_TOO_BIG;
    }
    (void)unlink(a->path); // left by one that was killed
    (void)uv_pipe_init(loop, &a->listener, 0);
    a->listener.data = a;
    *out = a;
    mode_t before = umask(0177); // so that the socket is never open to others
    int err = uv_pipe_bind(&a->listener, a->path);
    (void)umask(before);
    return err == 0 ? uv_listen((uv_stream_t *)&a->listener, BACKLOG, on_connection) : err;
}

static void on_listener_closed(uv_handle_t *handle)
{
    struct pl_admin *a = handle->data;
    a->listener_closed = true;
    maybe_stopped(a);
}

void pl_admin_stop(struct pl_admin *a, void (*on_stopped)(void *arg), void *arg)
{
    a->stopping = true;
    a->on_stopped = on_stopped;
    a->stopped_arg = arg;
    for (size_t i = 0; i < PL_LEN(a->clients); i++)
        if (a->clients[i].state != FREE) client_close(&a->clients[i]);
    uv_close((uv_handle_t *)&a->listener, on_listener_closed); // and removes the socket's file
}

void pl_admin_tick(struct pl_admin *a, struct pl_now now)
{
    for (size_t i = 0; i < PL_LEN(a->clients); i++) {
        struct client *c = &a->clients[i];
        if (c->state != FREE && now.mono_ms - c->since_mono_ms >= PL_ADMIN_CLIENT_MS)
            client_close(c);
    }
}
