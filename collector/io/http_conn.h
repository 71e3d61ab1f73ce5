/* http_conn.h - one HTTP connection, and what it shares with the others. Private to the server: the
 * two halves are http_server.c (listener, slots, life) and http_conn.c (one connection). */
#pragma once

#include "collector/io/http_server.h"
#include "collector/io/outgoing.h"
#include "common/sys/log.h"

enum { PL_HTTP_READ_BYTES = 8192, PL_HTTP_CIPHER_BYTES = 72 * 1024 };

enum pl_http_conn_state {
    PL_HTTP_CONN_READ,   // a request is awaited or arriving; the parser's stage says which
    PL_HTTP_CONN_REPLY,  // the handler owes an answer; nothing is read
    PL_HTTP_CONN_FLUSH,  // the answer is being written; nothing is read
    PL_HTTP_CONN_STREAM, // events go out; what comes in is thrown away
    PL_HTTP_CONN_LINGER, // our side is closed; reading on, so that no reset eats the answer
    PL_HTTP_CONN_CLOSED,
};

struct pl_http_conn {
    struct pl_http_server *server; // borrowed: its owner
    struct pl_slot_id id;
    enum pl_http_conn_state state;
    enum pl_http_stage stage; // of the parser, when `since_mono_ms` was set
    bool fresh;               // no request yet: the head time-out counts from the connection
    bool running;             // run is on the stack
    bool reading;
    bool head_only;  // the request was a HEAD
    bool keep_alive; // the request allows another one
    int64_t since_mono_ms;
    uint64_t taken; // bytes the kernel had taken at the last tick
    uv_tcp_t tcp;
    uv_shutdown_t shutdown;
    struct pl_outgoing out;
    struct pl_http_parser parser;
    struct pl_tls *tls; // owned; NULL: plain
    size_t in_start, in_len;
    char in[PL_HTTP_READ_BYTES];
};

struct pl_http_server {
    uv_loop_t *loop; // borrowed
    struct pl_http_server_config config;
    struct pl_now now; // of the last tick: time-outs are in whole seconds
    struct pl_http_counts counts;
    struct pl_log_limit log_limit;
    uv_tcp_t listener;
    bool listening;
    bool accept_waiting;
    bool stopping;
    bool stopped; // on_stopped was called
    int64_t stop_mono_ms;
    void (*on_stopped)(void *arg);
    void *on_stopped_arg; // borrowed
    struct pl_slots slots;
    struct pl_http_conn *conns; // owned, connection_max items
    uint32_t *generation;       // owned
    uint32_t *next_free;        // owned
    uint8_t *ciphers;           // owned, PL_HTTP_CIPHER_BYTES likewise, for TLS
    uint8_t *rings; // owned, PL_HTTP_OUTGOING_BYTES for each slot; untouched pages cost nothing
};

/* ---- http_link.c: bytes to and from the socket, plain or through TLS ---- */

/* As pl_outgoing_write(). */
PL_MUST_CHECK int pl_http_link_write(struct pl_http_conn *c, const struct pl_span *parts,
                                     size_t count);
/* Our side says no more after this. */
void pl_http_link_end(struct pl_http_conn *c);
/* Where the next bytes from the socket go. */
uv_buf_t pl_http_link_room(struct pl_http_conn *c);
/* They came; all of what came before was used up. */
void pl_http_link_take(struct pl_http_conn *c, size_t len);
/* Put the next plaintext into c->in, which is empty. 1: there is some; 0: none; negative: the
 * connection is over. */
PL_MUST_CHECK int pl_http_link_fill(struct pl_http_conn *c);
/* Take over a TLS session with what is unread of it. */
void pl_http_link_adopt(struct pl_http_conn *c, struct pl_tls *tls);

/* ---- http_conn.c ---- */

/* Accept one connection into a free slot; without one, remember that somebody waits. */
void pl_http_conn_open(struct pl_http_server *s);
/* The same with a socket and a TLS session; false: there is no slot, or the socket is no good, and
 * both stay the caller's. */
bool pl_http_conn_adopt(struct pl_http_server *s, int fd, struct pl_tls *tls);
/* Idempotent; the slot is free when the handle is closed. */
void pl_http_conn_close(struct pl_http_conn *c);
/* Judge how long the connection has been as it is. */
void pl_http_conn_tick(struct pl_http_conn *c);
/* The answer to a connection in PL_HTTP_CONN_REPLY. */
void pl_http_conn_reply(struct pl_http_conn *c, const struct pl_http_reply *reply);
/* Likewise, with a stream; false: nobody is there to send events to. */
bool pl_http_conn_stream_begin(struct pl_http_conn *c);
/* To a connection in PL_HTTP_CONN_STREAM. */
void pl_http_conn_stream_send(struct pl_http_conn *c, struct pl_span bytes);

/* A slot is free again: let somebody in who waits, or end the stop. */
void pl_http_server_slot_freed(struct pl_http_server *s);
