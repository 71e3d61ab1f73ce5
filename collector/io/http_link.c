/* Bytes between a socket and a connection: plain, or through TLS.
 *
 *     on_read -> room, take -> fill -> c->in -> parser        write -> (TLS) -> outgoing -> socket
 *
 * All TLS connections share one pipe (that of the agents' port): what arose in it is queued before
 * anything else can happen. Ciphertext that is unread waits in the slot's own buffer, and the
 * socket is not read meanwhile. */
#include "collector/io/http_conn.h"
#include "common/base/assert.h"
#include "common/base/err.h"

#include <assert.h>

enum { RECORD_BYTES = 16384 }; // of plaintext, at most (RFC 8446 section 5.1)

static_assert((PL_HTTP_OUTGOING_BYTES / RECORD_BYTES + PL_OUTGOING_PARTS_MAX + 2) *
                      PL_TLS_RECORD_OVERHEAD <=
                  PL_HTTP_TLS_BYTES,
              "a full answer fits as ciphertext");

/* Queue what TLS has to say. */
static int flush(struct pl_http_conn *c)
{
    struct pl_tls_pipe *pipe = pl_tls_pipe_of(c->tls);
    struct pl_span bytes = {pipe->out, pipe->len};
    pipe->len = 0;
    return bytes.len > 0 ? pl_outgoing_write(&c->out, &bytes, 1) : 0;
}

static int write_part(struct pl_http_conn *c, struct pl_span part)
{
    int err = 0;
    while (part.len > 0 && err == 0) {
        struct pl_span piece = {part.ptr, PL_MIN(part.len, (size_t)RECORD_BYTES)};
        err = pl_tls_write(c->tls, piece);
        if (err == 0) err = flush(c);
        part = (struct pl_span){part.ptr + piece.len, part.len - piece.len};
    }
    return err;
}

int pl_http_link_write(struct pl_http_conn *c, const struct pl_span *parts, size_t count)
{
    if (!c->tls) return pl_outgoing_write(&c->out, parts, count);
    size_t need = 0;
    for (size_t i = 0; i < count; i++)
        need += parts[i].len + (parts[i].len / RECORD_BYTES + 1) * PL_TLS_RECORD_OVERHEAD;
    if (need > c->out.cap - c->out.len) return PL_E_FULL; // before TLS has counted a record
    int err = 0;
    for (size_t i = 0; i < count && err == 0; i++) err = write_part(c, parts[i]);
    return err;
}

void pl_http_link_end(struct pl_http_conn *c)
{
    if (!c->tls) return;
    pl_tls_end(c->tls);
    (void)flush(c); // who does not hear it hears the end of the stream
}

static uint8_t *cipher_of(struct pl_http_conn *c)
{
    return c->server->ciphers + (size_t)c->id.index * PL_HTTP_CIPHER_BYTES;
}

uv_buf_t pl_http_link_room(struct pl_http_conn *c)
{
    if (c->tls) return uv_buf_init((char *)cipher_of(c), PL_HTTP_CIPHER_BYTES);
    return uv_buf_init(c->in, sizeof c->in);
}

void pl_http_link_take(struct pl_http_conn *c, size_t len)
{
    c->in_start = 0;
    c->in_len = c->tls ? 0 : len;
    if (c->tls) pl_tls_give(c->tls, (struct pl_span){cipher_of(c), len});
}

int pl_http_link_fill(struct pl_http_conn *c)
{
    if (!c->tls) return 0;
    ssize_t len = pl_tls_read(c->tls, (uint8_t *)c->in, sizeof c->in);
    int err = flush(c); // an answer to a key update, or an alert
    if (len < 0 || err < 0) return len < 0 ? (int)len : err;
    c->in_start = 0;
    c->in_len = (size_t)len;
    return len > 0;
}

void pl_http_link_adopt(struct pl_http_conn *c, struct pl_tls *tls)
{
    struct pl_span rest = pl_tls_rest(tls);
    PL_ASSERT(rest.len <= PL_HTTP_CIPHER_BYTES); // one read of the agents' port
    c->tls = tls;
    memcpy(cipher_of(c), rest.ptr, rest.len);
    pl_tls_give(tls, (struct pl_span){cipher_of(c), rest.len});
}
