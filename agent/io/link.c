/* The handles live in struct pl_link, which belongs to its owner and stays until on_closed.
 *
 *     open -> on_connect -> (on_read -> shake -> check) -> on_ready
 *     on_read -> plain or decrypt -> hand_on -> on_bytes          send -> transmit -> on_written */
#include "agent/io/link.h"

#include "common/base/assert.h"
#include "common/base/err.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

static void lose(struct pl_link *l, const char *reason, bool distrust)
{
    if (l->is_open) l->handler.on_lost(l->handler.arg, reason, distrust);
}

/* ---- out ---- */

static void transmit(struct pl_link *l, uint8_t *bytes, size_t len, bool in_turns);

static void on_written(uv_write_t *write, int status)
{
    struct pl_link *l = write->data;
    l->is_busy = false;
    if (!l->is_open) return;
    if (status < 0) {
        lose(l, pl_err_text(status), false);
        return;
    }
    if (l->tls) {
        l->pipe.len -= l->writing_len;
        memmove(l->pipe.out, l->pipe.out + l->writing_len, l->pipe.len);
        if (l->pipe.len > 0) transmit(l, l->pipe.out, l->pipe.len, true);
    }
    if (!l->is_busy && l->is_open && l->is_ready) l->handler.on_drained(l->handler.arg);
}

static void transmit(struct pl_link *l, uint8_t *bytes, size_t len, bool in_turns)
{
    uv_stream_t *stream = (uv_stream_t *)&l->tcp;
    size_t done = 0;
    PL_ASSERT(!l->is_busy);
    if (!in_turns) {
        uv_buf_t all = uv_buf_init((char *)bytes, (unsigned)len);
        int n = uv_try_write(stream, &all, 1);
        if (n < 0 && n != UV_EAGAIN) {
            lose(l, pl_err_text(n), false);
            return;
        }
        if (n > 0) done = (size_t)n;
        if (done == len) {
            l->pipe.len = 0;
            return;
        }
    }
    uv_buf_t rest = uv_buf_init((char *)bytes + done, (unsigned)(len - done));
    int err = uv_write(&l->write, stream, &rest, 1, on_written);
    l->is_busy = err == 0;
    l->writing_len = len;
    if (err < 0) lose(l, pl_err_text(err), false);
}

/* What TLS has to say by itself: flights of the handshake, alerts, answers to key updates. */
static void flush(struct pl_link *l)
{
    if (l->pipe.len > 0 && !l->is_busy) transmit(l, l->pipe.out, l->pipe.len, false);
}

void pl_link_send(struct pl_link *l, uint8_t *bytes, size_t len, bool in_turns)
{
    PL_ASSERT(l->is_ready && !l->is_busy);
    if (!l->tls)
        transmit(l, bytes, len, in_turns);
    else if (pl_tls_write(l->tls, (struct pl_span){bytes, len}) < 0)
        lose(l, pl_tls_error(l->tls), false);
    else
        transmit(l, l->pipe.out, l->pipe.len, in_turns);
}

bool pl_link_is_busy(const struct pl_link *l)
{
    return l->is_busy;
}

/* ---- in ---- */

/* `len` further bytes are behind l->in_len. What is left of an unfinished frame is shorter than
 * one, so there is always room for more. */
static void hand_on(struct pl_link *l, size_t len)
{
    struct pl_span bytes = {l->in, l->in_len + len};
    size_t taken = l->handler.on_bytes(l->handler.arg, bytes);
    PL_ASSERT(taken <= bytes.len);
    l->in_len = bytes.len - taken;
    memmove(l->in, l->in + taken, l->in_len);
}

static void check_collector(struct pl_link *l)
{
    struct pl_fingerprint seen;
    char text[PL_FINGERPRINT_TEXT_BYTES], want[PL_FINGERPRINT_TEXT_BYTES], reason[512];
    bool is_right = !l->trust->has_pin;
    if (!is_right && pl_tls_peer_fingerprint(l->tls, &seen) == 0) {
        is_right = memcmp(&seen, &l->trust->pin, sizeof seen) == 0;
        pl_fingerprint_write(&seen, text);
        pl_fingerprint_write(&l->trust->pin, want);
        (void)snprintf(
            reason, sizeof reason,
            "wrong fingerprint: the certificate there has %s, this host joined %s; it is "
            "another collector, a new certificate, or somebody in between",
            text, want);
    }
    if (!is_right) {
        lose(l, reason, true);
        return;
    }
    l->is_ready = true;
    l->handler.on_ready(l->handler.arg);
}

static void shake(struct pl_link *l)
{
    char reason[PL_TLS_ERROR_BYTES + 32];
    int done = pl_tls_handshake(l->tls);
    flush(l);
    if (!l->is_open) return;
    if (done < 0) {
        (void)snprintf(reason, sizeof reason, "TLS failed: %s", pl_tls_error(l->tls));
        lose(l, reason, true);
    } else if (done == 1) {
        check_collector(l);
    }
}

static void decrypt(struct pl_link *l, size_t received_len)
{
    ssize_t len;
    pl_tls_give(l->tls, (struct pl_span){l->received, received_len});
    if (!l->is_ready) shake(l);
    while (l->is_open && l->is_ready) {
        len = pl_tls_read(l->tls, l->in + l->in_len, sizeof l->in - l->in_len);
        if (len == 0) break;
        if (len == PL_E_CLOSED)
            lose(l, "closed by the collector", false);
        else if (len < 0)
            lose(l, pl_tls_error(l->tls), false);
        else
            hand_on(l, (size_t)len);
    }
    if (l->is_open) flush(l);
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
    struct pl_link *l = stream->data;
    (void)buf; // l->in or l->received
    if (n < 0 && l->trust && !l->is_ready)
        lose(l, "closed during the TLS handshake: is it a collector?", false);
    else if (n < 0)
        lose(l, n == UV_EOF ? "closed by the collector" : pl_err_text((int)n), false);
    else if (n > 0 && l->tls)
        decrypt(l, (size_t)n);
    else if (n > 0)
        hand_on(l, (size_t)n);
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
    struct pl_link *l = handle->data;
    (void)suggested;
    if (l->tls)
        *buf = uv_buf_init((char *)l->received, PL_LINK_READ_BYTES);
    else
        *buf = uv_buf_init((char *)l->in + l->in_len, (unsigned)(sizeof l->in - l->in_len));
}

/* ---- life ---- */

static void on_connect(uv_connect_t *connect, int status)
{
    struct pl_link *l = connect->data;
    if (!l->is_open) return; // closed in the meantime
    if (status == 0) status = uv_tcp_nodelay(&l->tcp, 1);
    if (status == 0) status = uv_read_start((uv_stream_t *)&l->tcp, on_alloc, on_read);
    if (status < 0) {
        lose(l, pl_err_text(status), false);
    } else if (l->tls) {
        shake(l); // says hello
    } else {
        l->is_ready = true;
        l->handler.on_ready(l->handler.arg);
    }
}

int pl_link_init(struct pl_link *l, uv_loop_t *loop, const struct pl_link_handler *handler,
                 const struct pl_link_trust *trust, size_t send_bytes_max)
{
    l->loop = loop;
    l->handler = *handler;
    l->trust = trust;
    l->is_open = l->is_ready = l->is_busy = false;
    l->tls = NULL;
    l->received = NULL;
    l->pipe = (struct pl_tls_pipe){0};
    l->connect.data = l->write.data = l;
    if (!trust) return 0;
    l->pipe.cap = send_bytes_max + PL_TLS_FLIGHT_BYTES; // what is sent, and what TLS adds
    l->pipe.out = malloc(l->pipe.cap);
    l->received = malloc(PL_LINK_READ_BYTES);
    if (l->pipe.out && l->received) return 0;
    pl_link_fini(l);
    return -ENOMEM;
}

void pl_link_fini(struct pl_link *l)
{
    free(l->pipe.out);
    free(l->received);
    l->pipe.out = l->received = NULL;
}

int pl_link_open(struct pl_link *l, const struct sockaddr *address, const char *host)
{
    int err = uv_tcp_init(l->loop, &l->tcp);
    PL_ASSERT(err == 0); // opens no socket yet
    l->tcp.data = l;
    l->is_open = true;
    l->is_ready = l->is_busy = false;
    l->in_len = l->pipe.len = 0;
    if (l->trust) l->tls = pl_tls_connect(l->trust->context, &l->pipe, host);
    if (l->trust && !l->tls) return -ENOMEM;
    return uv_tcp_connect(&l->connect, &l->tcp, address, on_connect);
}

static void on_closed(uv_handle_t *handle)
{
    struct pl_link *l = handle->data;
    l->handler.on_closed(l->handler.arg);
}

void pl_link_close(struct pl_link *l)
{
    if (!l->is_open) return;
    l->is_open = l->is_ready = false;
    pl_tls_free(l->tls);
    l->tls = NULL;
    uv_close((uv_handle_t *)&l->tcp, on_closed);
}
