/* ingest_conn.h - one agent's connection, and what it shares with the others. Private to ingest:
 * its parts are ingest.c (listener, slots, life), ingest_link.c (bytes: plain or TLS),
 * ingest_conn.c (the conversation) and ingest_trust.c (proofs, joins, refusals). */
#pragma once

#include "collector/core/observe/seats.h"
#include "collector/io/ingest.h"
#include "collector/io/recorder.h"
#include "common/sys/log.h"

#define PL_INGEST_NO_INDEX UINT32_MAX

enum {
    PL_INGEST_READ_BYTES = 64 * 1024,
    PL_INGEST_FRAME_OUT_BYTES = 192, // the largest frame to an agent, a REFUSE, is 171
    PL_INGEST_OUT_BYTES = PL_INGEST_FRAME_OUT_BYTES + 2 * PL_TLS_RECORD_OVERHEAD + 2, // farewell
    PL_INGEST_PLAIN_BYTES = 16 * 1024, // one TLS record
    PL_INGEST_PEER_BYTES = 64,         // a peer's address as text
};

enum pl_ingest_conn_state {
    PL_CONN_FREE,
    PL_CONN_FIRST_BYTE, // nothing has come yet
    PL_CONN_TLS_FIRST,  // the first TLS record is incomplete
    PL_CONN_TLS_PARKED, // it is complete and waits for its turn
    PL_CONN_TLS,        // a handshake is in progress
    PL_CONN_WAIT_HELLO,
    PL_CONN_ENROLLING, // JOIN or ROTATE is being recorded
    PL_CONN_STREAMING,
    PL_CONN_REFUSED, // REFUSE is on its way, what still comes is thrown away
    PL_CONN_CLOSING,
};

struct pl_ingest_conn {
    uv_tcp_t tcp;
    struct pl_ingest *ingest;
    enum pl_ingest_conn_state state;
    uint32_t generation;
    uint32_t next_free;
    uint32_t next_parked;
    bool is_local;       // the peer is on this machine
    bool handshaking;    // counts in ingest->handshakes
    struct pl_tls *tls;  // owned; NULL: plain
    struct pl_peer peer; // what it has shown
    uint32_t host;       // PL_INGEST_NO_INDEX until welcomed
    uint32_t silent_max_ms;
    uint64_t stream;         // number in the trace
    uint64_t durable_seq;    // what the agent was told last
    int64_t told_mono_ms;    // when that was
    int64_t frame_mono_ms;   // last whole frame, or state in which one is awaited
    int64_t partial_mono_ms; // first byte of the unfinished frame
    uint32_t partial_len;
    uint32_t lingered; // bytes that came after REFUSE
    struct pl_boot_id boot_id;
    struct pl_collector_session session;
    /* One write at a time; see conn_send. */
    bool writing;
    int64_t write_mono_ms;
    uint64_t waiting_ack;                  // to be sent when the write is done; 0: none
    struct pl_directive waiting_directive; // likewise; an interval of 0: none
    uv_write_t write;
    uv_shutdown_t shutdown;
    uint8_t out[PL_INGEST_OUT_BYTES];
};

struct pl_ingest {
    uv_loop_t *loop; // borrowed
    struct pl_ingest_config config;
    struct pl_ingest_counts counts;
    uv_tcp_t listener;
    uv_timer_t stop_timer;
    unsigned handles_open; // of the two above
    bool accept_waiting;   // the kernel has handed out a connection that has no slot
    bool stopping;
    void (*on_stopped)(void *arg);
    void *arg;                    // borrowed, for on_stopped
    struct pl_ingest_conn *conns; // owned, connection_max items
    uint32_t first_free;
    uint32_t used_max; // slots above have never been used
    uint32_t connected;
    uint64_t streams;
    struct pl_seats seats;
    void *seat_memory;            // owned
    uint32_t *conn_of_host;       // owned, host_max items; PL_INGEST_NO_INDEX: none
    uint8_t *partials;            // owned, PL_FRAME_BYTES_MAX per slot; touched only by half frames
    struct pl_recorder *recorder; // owned; NULL: nothing is recorded
    struct pl_log_limit accept_log, refusal_log;
    uint32_t handshakes;                // in progress
    uint32_t first_parked, last_parked; // who waits for a turn; PL_INGEST_NO_INDEX: nobody
    struct pl_tls_pipe pipe;            // of all TLS connections
    uint8_t pipe_out[4 * PL_TLS_FLIGHT_BYTES];
    uint8_t plain[PL_FRAME_BYTES_MAX + PL_INGEST_PLAIN_BYTES]; // what pl_tls_read gives
    /* What on_read parses: an unfinished frame is put in front of what comes. */
    uint8_t input[PL_FRAME_BYTES_MAX + PL_INGEST_READ_BYTES];
};

static inline uint32_t pl_ingest_index_of(const struct pl_ingest_conn *c)
{
    return (uint32_t)(c - c->ingest->conns);
}

static inline uint8_t *pl_ingest_partial_of(const struct pl_ingest_conn *c)
{
    return c->ingest->partials + (size_t)pl_ingest_index_of(c) * PL_FRAME_BYTES_MAX;
}

/* ---- ingest.c ---- */

/* Slot `index` is free again; the last thing that happens to a connection. */
void pl_ingest_slot_freed(struct pl_ingest *in, uint32_t index);

/* ---- ingest_conn.c ---- */

/* Accept the connection that waits into a free slot; there must be one. */
void pl_ingest_conn_open(struct pl_ingest *in);
/* Idempotent; on_gone is called before it returns, on_conn_closed later. */
void pl_ingest_conn_close(struct pl_ingest_conn *c, struct pl_now now);
/* Count the reason and close, without a word. */
void pl_ingest_conn_cut(struct pl_ingest_conn *c, enum pl_ingest_refusal why, struct pl_now now);
/* Send a last frame, linger, close. Counts nothing. */
void pl_ingest_conn_part(struct pl_ingest_conn *c, struct pl_span frame, struct pl_now now);
/* Part with REFUSE and that reason. Counts nothing. */
void pl_ingest_conn_dismiss(struct pl_ingest_conn *c, enum pl_refuse_code code, const char *text,
                            struct pl_now now);
/* At once, or when what is on its way has gone. */
void pl_ingest_conn_ack(struct pl_ingest_conn *c, uint64_t durable_seq, struct pl_now now);
void pl_ingest_conn_direct(struct pl_ingest_conn *c, const struct pl_directive *directive,
                           struct pl_now now);
/* Once a second. */
void pl_ingest_conn_tick(struct pl_ingest_conn *c, struct pl_now now);
/* Plaintext came: `len` bytes at `bytes`, with room for an unfinished frame in front of them. */
void pl_ingest_conn_take(struct pl_ingest_conn *c, uint8_t *bytes, size_t len, struct pl_now now);

/* ---- ingest_link.c ---- */

/* Bytes came from the socket, in ingest->input behind PL_FRAME_BYTES_MAX of room. */
void pl_ingest_link_take(struct pl_ingest_conn *c, size_t len, struct pl_now now);
/* Send one frame if nothing is on its way; false if something is. `is_last` adds TLS's farewell.
 * A connection that cannot be written to is closed. */
bool pl_ingest_link_send(struct pl_ingest_conn *c, struct pl_span frame, bool is_last,
                         struct pl_now now);
/* What was on its way has gone; ends in ingest_conn.c. */
void pl_ingest_conn_written(struct pl_ingest_conn *c, struct pl_now now);
/* The connection is being closed. */
void pl_ingest_link_close(struct pl_ingest_conn *c);
/* Begin the handshakes for which there is room. Only at the end of a callback of libuv: `input` is
 * overwritten. */
void pl_ingest_link_unpark(struct pl_ingest *in, struct pl_now now);

/* ---- ingest_trust.c ---- */

/* One line per second about who was refused. */
void pl_ingest_log_refusal(struct pl_ingest_conn *c, const char *reason, const char *host,
                           struct pl_now now);
/* Count, log, and part with the text of that refusal. */
void pl_ingest_not_admitted(struct pl_ingest_conn *c, enum pl_admission why, const char *host,
                            struct pl_now now);
/* PROOF, JOIN and ROTATE. */
/* Ask for a new key. False if it has proved none, or its socket is full. */
PL_MUST_CHECK bool pl_ingest_rekey(struct pl_ingest_conn *c, struct pl_now now);
void pl_ingest_take_trust(struct pl_ingest_conn *c, const struct pl_collector_event *event,
                          struct pl_now now);
