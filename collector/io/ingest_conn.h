/* ingest_conn.h - one agent's connection, and what it shares with the others. Private to ingest:
 * the two halves are ingest.c (listener, slots, life) and ingest_conn.c (one connection). */
#pragma once

#include "collector/core/observe/seats.h"
#include "collector/io/ingest.h"
#include "collector/io/recorder.h"
#include "common/sys/log.h"

#define PL_INGEST_NO_INDEX UINT32_MAX

enum {
    PL_INGEST_READ_BYTES = 64 * 1024,
    PL_INGEST_OUT_BYTES = 192, // the largest frame to an agent, a REFUSE, is 171
};

enum pl_ingest_conn_state {
    PL_CONN_FREE,
    PL_CONN_WAIT_HELLO,
    PL_CONN_STREAMING,
    PL_CONN_REFUSED, // REFUSE is on its way, what still comes is thrown away
    PL_CONN_CLOSING,
};

struct pl_ingest_conn {
    uv_tcp_t tcp;
    struct pl_ingest *ingest;
    enum pl_ingest_conn_state state;
    uint32_t next_free;
    uint32_t host; // PL_INGEST_NO_INDEX until welcomed
    uint32_t silent_max_ms;
    uint64_t stream;         // number in the trace
    uint64_t durable_seq;    // what the agent was told last
    int64_t told_mono_ms;    // when that was
    int64_t frame_mono_ms;   // last whole frame; accepted or refused, if none
    int64_t partial_mono_ms; // first byte of the unfinished frame
    uint32_t partial_len;
    uint32_t lingered; // bytes that came after REFUSE
    struct pl_boot_id boot_id;
    struct pl_collector_session session;
    /* One write at a time; see conn_send. */
    bool writing;
    int64_t write_mono_ms;
    uint64_t waiting_ack; // to be sent when the write is done; 0: none
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
    /* What on_read parses: an unfinished frame is put in front of what comes. */
    uint8_t input[PL_FRAME_BYTES_MAX + PL_INGEST_READ_BYTES];
};

/* Accept the connection that waits into a free slot; there must be one. */
void pl_ingest_conn_open(struct pl_ingest *in);
/* Idempotent; on_gone is called before it returns, on_conn_closed of ingest.c later. */
void pl_ingest_conn_close(struct pl_ingest_conn *c, struct pl_now now);
/* REFUSE with that reason, linger, close. Counts nothing. */
void pl_ingest_conn_dismiss(struct pl_ingest_conn *c, enum pl_refuse_code code, const char *text,
                            struct pl_now now);
/* At once, or when what is on its way has gone. */
void pl_ingest_conn_ack(struct pl_ingest_conn *c, uint64_t durable_seq, struct pl_now now);
/* Once a second. */
void pl_ingest_conn_tick(struct pl_ingest_conn *c, struct pl_now now);
/* Slot `index` is free again; the last thing that happens to a connection. In ingest.c. */
void pl_ingest_slot_freed(struct pl_ingest *in, uint32_t index);
