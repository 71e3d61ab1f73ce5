/* The handle lives in struct pl_local_source, which stays where it is until on_closed has run.
 *
 *     pl_local_source_ask -> open -> on_connect -> send -> on_read -> on_answer | fail ->
 * on_failure on_closed <- pl_local_source_close */
#include "agent/io/local_source.h"

#include "common/base/assert.h"
#include "common/base/err.h"

void pl_local_source_init(struct pl_local_source *s, uv_loop_t *loop,
                          const struct pl_local_target *target)
{
    PL_ASSERT(s->state == PL_LOCAL_CLOSED);
    s->loop = loop;
    s->target = *target;
    pl_local_track_init(&s->track, target->kind, target->workers);
}

static void on_closed(uv_handle_t *handle)
{
    struct pl_local_source *s = handle->data;
    s->state = PL_LOCAL_CLOSED;
}

void pl_local_source_close(struct pl_local_source *s)
{
    if (s->state == PL_LOCAL_CLOSED || s->state == PL_LOCAL_CLOSING) return;
    s->state = PL_LOCAL_CLOSING;
    uv_close(&s->handle.any, on_closed);
}

static void fail(struct pl_local_source *s, int err)
{
    if (s->state == PL_LOCAL_CLOSING) return;
    if (err == UV_ECONNREFUSED || err == UV_ENOENT) pl_local_lost(&s->track);
    pl_local_source_close(s);
    s->on_failure(s, err);
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
    struct pl_local_source *s = handle->data;
    (void)suggested; // the room there is counts
    *buf = uv_buf_init((char *)s->answer + s->len, (unsigned)(sizeof s->answer - s->len));
}

static void take_answer(struct pl_local_source *s, bool ended)
{
    struct pl_reply reply;
    struct pl_status status;
    int got = pl_reply_parse(s->target.protocol, s->answer, s->len, ended, &reply);
    if (got == 0 && s->read_count < PL_LOCAL_READS_MAX) return;
    if (got == 0) got = PL_E_TOO_BIG;
    int err = got < 0 ? got : pl_status_parse(s->target.kind, reply.body, &status);
    if (err < 0) {
        fail(s, err);
        return;
    }
    if (reply.keeps)
        s->state = PL_LOCAL_IDLE;
    else
        pl_local_source_close(s);
    s->on_answer(s, &status);
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
    struct pl_local_source *s = stream->data;
    (void)buf; // it is s->answer
    if (n == 0 || s->state == PL_LOCAL_CLOSING) return;
    if (s->state == PL_LOCAL_IDLE) {
        pl_local_source_close(s); // it hangs up between two questions, or says what nobody asked
        return;
    }
    if (n < 0 && n != UV_EOF) {
        fail(s, n == UV_ENOBUFS ? PL_E_TOO_BIG : (int)n);
        return;
    }
    if (n > 0) {
        s->len += (size_t)n;
        s->read_count++;
    }
    take_answer(s, n == UV_EOF);
    if (n == UV_EOF && s->state != PL_LOCAL_CLOSING) fail(s, PL_E_CLOSED);
}

static void on_written(uv_write_t *write, int status)
{
    struct pl_local_source *s = write->data;
    if (status < 0) fail(s, status);
}

static void send_question(struct pl_local_source *s)
{
    size_t len = pl_reply_request(s->target.protocol, s->target.path, s->request);
    uv_buf_t buf = uv_buf_init((char *)s->request, (unsigned)len);
    s->write.data = s;
    s->len = 0;
    s->read_count = 0;
    s->state = PL_LOCAL_ASKING;
    pl_local_asked(&s->track);
    int err = uv_write(&s->write, &s->handle.stream, &buf, 1, on_written);
    if (err < 0) fail(s, err);
}

static void on_connect(uv_connect_t *connect, int status)
{
    struct pl_local_source *s = connect->data;
    if (s->state == PL_LOCAL_CLOSING) return;
    int err = status < 0 ? status : uv_read_start(&s->handle.stream, on_alloc, on_read);
    if (err < 0)
        fail(s, err);
    else
        send_question(s);
}

static void open_connection(struct pl_local_source *s)
{
    bool is_unix = s->target.socket[0] != '\0';
    int err =
        is_unix ? uv_pipe_init(s->loop, &s->handle.pipe, 0) : uv_tcp_init(s->loop, &s->handle.tcp);
    PL_ASSERT(err == 0); // neither takes anything from the system
    s->handle.any.data = s->connect.data = s;
    s->state = PL_LOCAL_CONNECTING;
    if (is_unix) {
        uv_pipe_connect(&s->connect, &s->handle.pipe, s->target.socket, on_connect);
        return;
    }
    const struct sockaddr *address = (const struct sockaddr *)&s->target.address;
    err = uv_tcp_connect(&s->connect, &s->handle.tcp, address, on_connect);
    if (err < 0) fail(s, err);
}

void pl_local_source_ask(struct pl_local_source *s)
{
    int64_t now_mono_ms = (int64_t)uv_now(s->loop);
    switch (s->state) {
    case PL_LOCAL_CLOSED:
        s->asked_mono_ms = now_mono_ms;
        open_connection(s);
        return;
    case PL_LOCAL_IDLE:
        s->asked_mono_ms = now_mono_ms;
        send_question(s);
        return;
    case PL_LOCAL_CONNECTING:
    case PL_LOCAL_ASKING:
        if (now_mono_ms - s->asked_mono_ms >= PL_LOCAL_PATIENCE_MS) fail(s, PL_E_TIMEOUT);
        return;
    case PL_LOCAL_CLOSING: return; // asked again next time
    }
    PL_UNREACHABLE("state of a local source");
}
