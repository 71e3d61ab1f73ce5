/* tls.h - TLS as a filter between bytes: OpenSSL that never touches a socket.
 *
 *     socket --ciphertext--> pl_tls_give -> pl_tls_handshake, pl_tls_read --plaintext--> caller
 *     socket <--ciphertext-- pipe->out <-- pl_tls_handshake, pl_tls_read, pl_tls_write <-- caller
 *
 * A BIO of our own takes its input straight from the buffer that libuv filled and collects output
 * in a buffer of the caller, so a connection has no buffers of its own here. One pipe may serve any
 * number of connections, one after the other: whoever makes a call that may write sends `out` away
 * before it turns to the next connection.
 *
 * TLS 1.2 or 1.3; no tickets, no resumption (they save nothing with client authentication), no
 * renegotiation. A server asks for a client certificate only agents (ALPN "plimsoll/1"), and only
 * if it has a CA file, so that no browser ever shows a certificate picker. */
#pragma once

#include "common/wire/trust.h"

#include <sys/types.h>

enum {
    PL_TLS_ERROR_BYTES = 256,
    PL_TLS_RECORD_OVERHEAD = 29, // TLS 1.2 with AES-GCM: header 5, nonce 8, tag 16; 1.3 has 22
    PL_TLS_FLIGHT_BYTES = 16384, // `cap` of a pipe: what a handshake step may write
    PL_TLS_FIRST_BYTE = 0x16,    // content type "handshake" (RFC 8446 section 5.1)
};

struct pl_tls_pipe {
    uint8_t *out;    // borrowed; `cap` bytes
    size_t cap, len; // at least PL_TLS_FLIGHT_BYTES; the owner sends `len` bytes and sets 0
};

struct pl_tls_context; // what connections have in common
struct pl_tls;         // one connection

/* Paths of PEM files. */
struct pl_tls_files {
    const char *certificate; // with its chain; NULL: none (clients only)
    const char *key;         // of the certificate
    const char *ca;          // NULL: nobody is vouched for
};

/* Read the files and check that they belong together. 0 and `*out`, or a negative error and an
 * English sentence that names the file, in `error` of PL_TLS_ERROR_BYTES. A server needs a
 * certificate; with a CA file it checks client certificates against it. A client with a CA file
 * checks the server's. */
PL_MUST_CHECK int pl_tls_server_context(const struct pl_tls_files *files,
                                        struct pl_tls_context **out, char *error);
PL_MUST_CHECK int pl_tls_client_context(const struct pl_tls_files *files, bool keep_buffers,
                                        struct pl_tls_context **out, char *error);
/* Connections that are open keep what they need of it. NULL is allowed. */
void pl_tls_context_free(struct pl_tls_context *context);
/* Of a server's own certificate. */
const struct pl_fingerprint *pl_tls_context_fingerprint(const struct pl_tls_context *context);

/* When it ends; 0 without a certificate. */
int64_t pl_tls_context_ends_unix_ms(const struct pl_tls_context *context);

/* One connection, in its beginning. `pipe` outlives it. NULL without memory. A client names in
 * `server` the address it means, which a CA-checked certificate must hold; otherwise NULL. */
struct pl_tls *pl_tls_accept(struct pl_tls_context *context, struct pl_tls_pipe *pipe);
struct pl_tls *pl_tls_connect(struct pl_tls_context *context, struct pl_tls_pipe *pipe,
                              const char *server);
void pl_tls_free(struct pl_tls *tls);

/* The next ciphertext. All of the input before must have been consumed. */
void pl_tls_give(struct pl_tls *tls, struct pl_span in);
/* 1: done; 0: more input is needed; PL_E_REFUSED: it failed, pl_tls_error() says why. Output may be
 * waiting in each case: after a failure it is the alert for the peer. */
PL_MUST_CHECK int pl_tls_handshake(struct pl_tls *tls);
/* Plaintext into `buf`: its length; 0: more input is needed; PL_E_CLOSED: the peer ended the
 * stream in order; PL_E_REFUSED: the stream is broken. */
PL_MUST_CHECK ssize_t pl_tls_read(struct pl_tls *tls, uint8_t *buf, size_t cap);
/* All of `bytes` as ciphertext into the pipe, which has room: their length, plus
 * PL_TLS_RECORD_OVERHEAD for each 16 KiB begun. 0, or PL_E_REFUSED. */
PL_MUST_CHECK int pl_tls_write(struct pl_tls *tls, struct pl_span bytes);
/* The farewell (close_notify) into the pipe. */
void pl_tls_end(struct pl_tls *tls);

/* Why the last call failed, for people; never NULL. */
const char *pl_tls_error(const struct pl_tls *tls);
/* After the handshake: a secret that only the two ends of this session can compute, for the label
 * PL_EXPORTER_LABEL. PL_E_REFUSED if the session cannot promise that (TLS 1.2 without extended
 * master secret). */
PL_MUST_CHECK int pl_tls_export(struct pl_tls *tls, uint8_t out[PL_EXPORTED_BYTES]);
/* After the handshake, at a server: it named the protocol of agents (ALPN). Whoever named
 * "http/1.1" or nothing speaks HTTP. */
bool pl_tls_is_agent(const struct pl_tls *tls);
/* Ciphertext of pl_tls_give() that was not consumed yet. */
struct pl_span pl_tls_rest(const struct pl_tls *tls);
struct pl_tls_pipe *pl_tls_pipe_of(const struct pl_tls *tls);
/* After the handshake: SHA-256 of the peer's certificate; PL_E_NOT_FOUND if it showed none. */
PL_MUST_CHECK int pl_tls_peer_fingerprint(const struct pl_tls *tls, struct pl_fingerprint *out);
/* After the handshake, at a server with a CA file: the names in the client's certificate that are
 * names of hosts, at most `max`: its DNS names, or its CN if it has none. 0 without a certificate.
 */
size_t pl_tls_peer_names(const struct pl_tls *tls, struct pl_name *names, size_t max);

/* "ab:cd:..." in 96 bytes with its NUL. */
enum { PL_FINGERPRINT_TEXT_BYTES = PL_FINGERPRINT_BYTES * 3 };
void pl_fingerprint_write(const struct pl_fingerprint *fingerprint, char *text);
