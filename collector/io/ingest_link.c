/* Bytes between a socket and a conversation: plain, or through TLS. The first byte decides.
 *
 *     link_take: FIRST_BYTE -> plain --------------------------------------> conn_take
 *                          \-> TLS_FIRST -> (TLS_PARKED) -> TLS -> WAIT_HELLO -> conn_take
 *     link_send: frame -> (TLS) -> uv_try_write -> uv_write -> on_written -> conn_written
 *
 * One input and one output buffer serve all TLS connections: what arose in the output is sent away
 * before anything else can happen to another connection. */
#include "collector/io/ingest_conn.h"

#include "common/base/assert.h"
#include "common/base/err.h"
#include "common/sys/clock.h"

#include <assert.h>
#include <fcntl.h>
#include <unistd.h>

enum { RECORD_HEADER_BYTES = 5 }; // type, version, length (RFC 8446 section 5.1)

/* ---- out ---- */

static void on_written(uv_write_t *request, int status)
{
    struct pl_ingest_conn *c = request->handle->data;
    struct pl_now now = {pl_clock_mono_ms(), pl_clock_unix_ms()};
    c->writing = false;
    if (c->state == PL_CONN_CLOSING) return;
    if (status < 0)
        pl_ingest_conn_close(c, now);
    else
        pl_ingest_conn_written(c, now);
}

/* What the socket does not take at once is kept in `out` until it does. A peer that leaves more
 * than that behind (only a handshake's flight is larger) does not read. */
static void send_bytes(struct pl_ingest_conn *c, struct pl_span bytes, struct pl_now now)
{
    uv_buf_t buf = uv_buf_init((char *)(uintptr_t)bytes.ptr, (unsigned)bytes.len);
    int taken = c->writing ? UV_EAGAIN : uv_try_write((uv_stream_t *)&c->tcp, &buf, 1);
    if (taken == (int)bytes.len) return;
    size_t rest = taken < 0 ? bytes.len : bytes.len - (size_t)taken;
    if (c->writing || rest > sizeof c->out) {
        pl_ingest_conn_cut(c, PL_INGEST_NOT_READING, now);
        return;
    }
    if (taken < 0 && taken != UV_EAGAIN) {
        pl_ingest_conn_close(c, now);
        return;
    }
    memcpy(c->out, bytes.ptr + bytes.len - rest, rest);
    buf = uv_buf_init((char *)c->out, (unsigned)rest);
    c->writing = uv_write(&c->write, (uv_stream_t *)&c->tcp, &buf, 1, on_written) == 0;
    c->write_mono_ms = now.mono_ms;
    if (!c->writing) pl_ingest_conn_close(c, now);
}

/* Send what TLS has to say: flights of the handshake, alerts, frames. */
static void flush_pipe(struct pl_ingest_conn *c, struct pl_now now)
{
    struct pl_tls_pipe *pipe = &c->ingest->pipe;
    struct pl_span bytes = {pipe->out, pipe->len};
    pipe->len = 0;
    if (bytes.len > 0 && c->state != PL_CONN_CLOSING) send_bytes(c, bytes, now);
}

bool pl_ingest_link_send(struct pl_ingest_conn *c, struct pl_span frame, bool is_last,
                         struct pl_now now)
{
    if (c->writing) return false;
    PL_ASSERT(frame.len <= PL_INGEST_FRAME_OUT_BYTES);
    if (!c->tls) {
        send_bytes(c, frame, now);
        return true;
    }
    if (pl_tls_write(c->tls, frame) < 0) {
        pl_ingest_conn_close(c, now);
        return true;
    }
    if (is_last) pl_tls_end(c->tls);
    flush_pipe(c, now);
    return true;
}

/* ---- TLS ---- */

static void end_handshake(struct pl_ingest_conn *c)
{
    if (c->handshaking) c->ingest->handshakes--;
    c->handshaking = false;
}

static void unlink_parked(struct pl_ingest *in, uint32_t index)
{
    uint32_t *link = &in->first_parked, before = PL_INGEST_NO_INDEX;
    while (*link != index) {
        before = *link;
        link = &in->conns[*link].next_parked;
    }
    *link = in->conns[index].next_parked;
    if (in->last_parked == index) in->last_parked = before;
}

void pl_ingest_link_close(struct pl_ingest_conn *c)
{
    end_handshake(c);
    if (c->next_parked != PL_INGEST_NO_INDEX || c->ingest->last_parked == pl_ingest_index_of(c))
        unlink_parked(c->ingest, pl_ingest_index_of(c));
    c->next_parked = PL_INGEST_NO_INDEX;
    pl_tls_free(c->tls);
    c->tls = NULL;
}

static void tls_fail(struct pl_ingest_conn *c, const char *reason, struct pl_now now)
{
    pl_ingest_log_refusal(c, reason, "-", now);
    flush_pipe(c, now); // the alert, if there is one
    if (c->state != PL_CONN_CLOSING) pl_ingest_conn_cut(c, PL_INGEST_TLS, now);
}

/* All the plaintext of what was given. */
static void read_plain(struct pl_ingest_conn *c, struct pl_now now)
{
    struct pl_ingest *in = c->ingest;
    uint8_t *plain = in->plain + PL_FRAME_BYTES_MAX;
    ssize_t len;
    while (c->tls && (len = pl_tls_read(c->tls, plain, PL_INGEST_PLAIN_BYTES)) != 0) {
        if (len == PL_E_CLOSED) {
            pl_ingest_conn_close(c, now);
        } else if (len < 0) {
            tls_fail(c, pl_tls_error(c->tls), now);
        } else if (c->state != PL_CONN_REFUSED) {
            flush_pipe(c, now); // others use the pipe while this frame is being handled
            pl_ingest_conn_take(c, plain, (size_t)len, now);
        }
    }
    flush_pipe(c, now); // an answer to a key update
}

/* The socket goes on under another handle: a duplicate outlives the close of ours. */
static void hand_over(struct pl_ingest_conn *c, struct pl_now now)
{
    const struct pl_ingest_handler *handler = &c->ingest->config.handler;
    uv_os_fd_t fd;
    int own = -1;
    bool is_clear = uv_stream_get_write_queue_size((uv_stream_t *)&c->tcp) == 0; // nothing is lost
    if (is_clear && handler->on_browser && uv_fileno((uv_handle_t *)&c->tcp, &fd) == 0)
        own = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    if (own >= 0 && handler->on_browser(handler->arg, own, c->tls)) {
        c->ingest->counts.browsers++;
        c->tls = NULL; // theirs
        pl_ingest_conn_close(c, now);
        return;
    }
    if (own >= 0) (void)close(own); // nobody waits for it
    pl_ingest_conn_cut(c, PL_INGEST_BROWSER, now);
}

static void take_ciphertext(struct pl_ingest_conn *c, struct pl_span bytes, struct pl_now now)
{
    pl_tls_give(c->tls, bytes);
    if (c->state == PL_CONN_TLS) {
        int done = pl_tls_handshake(c->tls);
        if (done < 0) {
            tls_fail(c, pl_tls_error(c->tls), now);
            return;
        }
        flush_pipe(c, now);
        if (done == 0 || c->state == PL_CONN_CLOSING) return;
        end_handshake(c);
        c->ingest->counts.encrypted++;
        if (!pl_tls_is_agent(c->tls)) {
            hand_over(c, now);
            return;
        }
        c->state = PL_CONN_WAIT_HELLO;
        c->frame_mono_ms = now.mono_ms;
        c->peer.is_encrypted = true;
        c->peer.name_count = (uint8_t)pl_tls_peer_names(c->tls, c->peer.names, PL_PEER_NAMES_MAX);
    }
    read_plain(c, now);
}

/* Its first record is whole, in `partials`, and it is its turn. */
static void begin_handshake(struct pl_ingest_conn *c, struct pl_now now)
{
    struct pl_ingest *in = c->ingest;
    uint8_t *bytes = in->input + PL_FRAME_BYTES_MAX;
    size_t len = c->partial_len;
    memcpy(bytes, pl_ingest_partial_of(c), len);
    c->partial_len = 0;
    c->tls = pl_tls_accept(*in->config.tls, &in->pipe);
    if (!c->tls) {
        pl_ingest_conn_close(c, now);
        return;
    }
    c->state = PL_CONN_TLS;
    c->frame_mono_ms = now.mono_ms;
    c->handshaking = true;
    in->handshakes++;
    take_ciphertext(c, (struct pl_span){bytes, len}, now);
}

static void park(struct pl_ingest_conn *c)
{
    struct pl_ingest *in = c->ingest;
    uint32_t index = pl_ingest_index_of(c);
    c->state = PL_CONN_TLS_PARKED;
    in->counts.handshakes_parked++;
    if (in->last_parked == PL_INGEST_NO_INDEX)
        in->first_parked = index;
    else
        in->conns[in->last_parked].next_parked = index;
    in->last_parked = index;
}

void pl_ingest_link_unpark(struct pl_ingest *in, struct pl_now now)
{
    while (in->first_parked != PL_INGEST_NO_INDEX && in->handshakes < PL_INGEST_HANDSHAKES_MAX) {
        struct pl_ingest_conn *c = &in->conns[in->first_parked];
        unlink_parked(in, in->first_parked);
        c->next_parked = PL_INGEST_NO_INDEX;
        begin_handshake(c, now);
    }
}

/* ---- in ---- */

/* Collect the first TLS record: until it is whole its sender has cost nothing but its slot. */
static void take_first_record(struct pl_ingest_conn *c, struct pl_span bytes, struct pl_now now)
{
    uint8_t *kept = pl_ingest_partial_of(c);
    if (bytes.len > PL_FRAME_BYTES_MAX - c->partial_len) {
        tls_fail(c, "the first TLS message is too long", now);
        return;
    }
    memcpy(kept + c->partial_len, bytes.ptr, bytes.len);
    c->partial_len += (uint32_t)bytes.len;
    if (c->state == PL_CONN_TLS_PARKED || c->partial_len < RECORD_HEADER_BYTES) return;
    size_t need = RECORD_HEADER_BYTES + (size_t)(kept[3] << 8 | kept[4]);
    if (need > PL_FRAME_BYTES_MAX)
        tls_fail(c, "the first TLS message is too long", now);
    else if (c->partial_len >= need && c->ingest->handshakes < PL_INGEST_HANDSHAKES_MAX)
        begin_handshake(c, now);
    else if (c->partial_len >= need)
        park(c);
}

/* A browser that was told http:// for this port. True: it was told better. */
static bool is_plain_http(struct pl_ingest_conn *c, size_t len, struct pl_now now)
{
    static const char *const methods[] = {"GET ", "HEAD ", "POST "};
    static const char reply[] = "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\n"
                                "Connection: close\r\n\r\nhere only https:// is spoken\n";
    static_assert(sizeof reply <= PL_INGEST_FRAME_OUT_BYTES, "it goes out like a frame");
    const uint8_t *bytes = c->ingest->input + PL_FRAME_BYTES_MAX;
    bool is_http = false;
    for (size_t i = 0; i < PL_LEN(methods); i++) {
        size_t method_len = strlen(methods[i]);
        is_http |= len > method_len && memcmp(bytes, methods[i], method_len) == 0;
    }
    if (!is_http) return false;
    c->ingest->counts.refused[PL_INGEST_MAGIC]++;
    pl_ingest_conn_part(c, pl_span_of(reply), now);
    return true;
}

static void take_first_byte(struct pl_ingest_conn *c, size_t len, struct pl_now now)
{
    uint8_t *bytes = c->ingest->input + PL_FRAME_BYTES_MAX;
    if (bytes[0] == PL_TLS_FIRST_BYTE && c->ingest->config.tls) {
        c->state = PL_CONN_TLS_FIRST;
        take_first_record(c, (struct pl_span){bytes, len}, now);
        return;
    }
    if (is_plain_http(c, len, now)) return;
    c->state = PL_CONN_WAIT_HELLO;
    if (c->is_local)
        pl_ingest_conn_take(c, bytes, len, now);
    else
        pl_ingest_not_admitted(c, PL_ADMISSION_PLAIN_OUTSIDE, "-", now);
}

void pl_ingest_link_take(struct pl_ingest_conn *c, size_t len, struct pl_now now)
{
    uint8_t *bytes = c->ingest->input + PL_FRAME_BYTES_MAX;
    if (c->state == PL_CONN_FIRST_BYTE)
        take_first_byte(c, len, now);
    else if (c->state == PL_CONN_TLS_FIRST || c->state == PL_CONN_TLS_PARKED)
        take_first_record(c, (struct pl_span){bytes, len}, now);
    else if (c->tls)
        take_ciphertext(c, (struct pl_span){bytes, len}, now);
    else
        pl_ingest_conn_take(c, bytes, len, now);
}
