/* http_server.h - HTTP/1.1 on libuv: connections, limits and time-outs; it knows no route.
 *
 * Its own listener is plain; connections by TLS come from the agents' port, which does the
 * handshake and hands them over (pl_http_server_adopt).
 *
 * A request that is complete and well-formed goes to one handler, which answers at once or later
 * through pl_http_server_reply(), naming the client by slot, so that an answer for a client that
 * left meanwhile falls on the floor. Requests on one connection are answered one after the other;
 * the next is not even read before the last answer is gone, so a client can neither overtake nor
 * flood. Everything is allocated at start.
 *
 * Limits: PL_HTTP_CONNECTION_MAX connections (a further one waits in the kernel's queue until a
 * slot frees), heads and bodies as codec/http.h, PL_HTTP_OUTGOING_BYTES not yet read by the client.
 * Times: head 10 s, body 30 s, handler 30 s, an answer without progress 30 s, idle 60 s; an event
 * stream may live for ever. All are looked at once a second, in pl_http_server_tick(). */
#pragma once

#include "collector/codec/http.h"
#include "collector/codec/http_reply.h"
#include "collector/core/now.h"
#include "common/base/slots.h"
#include "common/io/tls.h"

#include <uv.h>

enum {
    PL_HTTP_CONNECTION_MAX = 128,
    PL_HTTP_OUTGOING_BYTES = 256 * 1024,
    PL_HTTP_TLS_BYTES = 1024, // what TLS adds to a full queue
    /* An answer as a whole must fit; the rest of the queue is its head and TLS. */
    PL_HTTP_BODY_OUT_MAX = PL_HTTP_OUTGOING_BYTES - PL_HTTP_REPLY_HEAD_MAX - PL_HTTP_TLS_BYTES,
    PL_HTTP_PEER_BYTES = 48,
    PL_HTTP_HEAD_MS = 10 * 1000,
    PL_HTTP_BODY_MS = 30 * 1000,
    PL_HTTP_REPLY_MS = 30 * 1000,
    PL_HTTP_FLUSH_MS = 30 * 1000,
    PL_HTTP_IDLE_MS = 60 * 1000,
    PL_HTTP_LINGER_MS = 2 * 1000, // after the last answer: the client may still be sending
};

/* Called for every good request. `request` is valid during the call. The handler must lead to
 * exactly one pl_http_server_reply() or _stream_begin() for `client`, now or later. */
typedef void pl_http_handler_fn(void *arg, struct pl_slot_id client,
                                const struct pl_http_request *request);

struct pl_http_server_config {
    uint32_t connection_max; // 1 to PL_HTTP_CONNECTION_MAX
    pl_http_handler_fn *handler;
    void *arg; // borrowed, for the handler
    /* HOST or HOST:PORT that requests may name beside localhost and IP addresses; empty: none.
     * Borrowed. */
    const char *host;
};

/* Since the start. */
struct pl_http_counts {
    uint64_t connections;
    uint64_t parked; // connections that had to wait for a slot
    uint64_t requests;
    uint64_t answers[6]; // by the first digit of the status; [0] is not used
    uint64_t refused[PL_HTTP_REFUSAL_COUNT];
};

struct pl_http_server;

/* NULL without memory. `loop` is borrowed and outlives the server. */
struct pl_http_server *pl_http_server_new(uv_loop_t *loop,
                                          const struct pl_http_server_config *config);
/* Only before _start, or after on_stopped. */
void pl_http_server_free(struct pl_http_server *s);

/* Bind and listen. 0 or a libuv code; then call pl_http_server_stop all the same. */
PL_MUST_CHECK int pl_http_server_start(struct pl_http_server *s, const struct sockaddr *address,
                                       struct pl_now now);
/* The bound port, for port 0. */
uint16_t pl_http_server_port(const struct pl_http_server *s);
/* Take over a connection that has finished its handshake, with its socket and its session; bytes of
 * pl_tls_rest() are copied. False: there is no slot, or it stops, and both stay the caller's. */
bool pl_http_server_adopt(struct pl_http_server *s, int fd, struct pl_tls *tls);
/* Accept no more, close what is idle or streaming, let running answers finish for at most
 * PL_HTTP_LINGER_MS of further ticks, then call `on_stopped`, always from the loop. */
void pl_http_server_stop(struct pl_http_server *s, void (*on_stopped)(void *arg), void *arg);
/* Once a second. */
void pl_http_server_tick(struct pl_http_server *s, struct pl_now now);

/* Answer `client`'s request; a client that is gone is ignored. The body is copied or sent before
 * this returns and is at most PL_HTTP_BODY_OUT_MAX long. */
void pl_http_server_reply(struct pl_http_server *s, struct pl_slot_id client,
                          const struct pl_http_reply *reply);

/* Answer `client`'s request with an endless event stream. For HEAD this is a plain answer. False
 * if there is nobody to send events to. */
bool pl_http_server_stream_begin(struct pl_http_server *s, struct pl_slot_id client);
/* Bytes the stream's client has not taken yet; -1 when it is gone. */
int64_t pl_http_server_stream_behind(const struct pl_http_server *s, struct pl_slot_id client);
/* End a live stream; a client that is gone is ignored. */
void pl_http_server_stream_end(struct pl_http_server *s, struct pl_slot_id client);
/* Send to a live stream. A client that cannot take them is cut: PL_HTTP_REFUSED_SLOW_READER. */
void pl_http_server_stream_send(struct pl_http_server *s, struct pl_slot_id client,
                                struct pl_span bytes);

/* The client came by TLS. */
bool pl_http_server_is_tls(const struct pl_http_server *s, struct pl_slot_id client);
/* The client's IP address, without its port, into `text`; "?" when it is gone. */
void pl_http_server_peer(const struct pl_http_server *s, struct pl_slot_id client,
                         char text[PL_HTTP_PEER_BYTES]);
const struct pl_http_counts *pl_http_server_counts(const struct pl_http_server *s);
uint32_t pl_http_server_connected(const struct pl_http_server *s);
