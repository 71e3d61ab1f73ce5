/* ingest.h - the agents' port: connections in, hellos and samples out.
 *
 *     accept --first byte--> TLS handshake or plain --HELLO in 10 s--> on_admit --> on_hello
 *        \                                                                \            |
 *         \-- refused: REFUSE with a reason, then closed, counted by reason-'         WELCOME
 *                                                                                     |
 *                       JOIN, ROTATE --> on_enrol        on_gone <-- on_sample, on_sample, ...
 *
 * Plain TCP is taken from loopback only. At most PL_INGEST_HANDSHAKES_MAX handshakes are in
 * progress; whoever comes then waits with its first message unread, oldest first, and costs nothing
 * meanwhile. A peer that has not sent that whole message takes no place among them.
 *
 * Bounds: everything is allocated at start. Beyond `connection_max` connections a further one waits
 * in the kernel's queue until a slot frees (and counts as parked). A connection keeps at most one
 * unfinished frame; complete ones are taken straight from a read buffer that all share. Towards
 * the agent nothing queues: acknowledgements are cumulative, so while the socket is full only the
 * newest waits, and the newest directive, and a peer that takes nothing for PL_INGEST_WRITE_MS is
 * cut.
 *
 * Times are looked at once a second, in pl_ingest_tick(). One host name has one connection: who
 * may take it over is decided in core/observe/seats.h. */
#pragma once

#include "collector/core/now.h"
#include "collector/core/trust/admit.h"
#include "common/base/base.h"
#include "common/base/slots.h"
#include "common/io/tls.h"
#include "common/wire/session.h"

#include <uv.h>

enum {
    /* Connections beyond the hosts there is room for: agents that are back before their old
     * connection is known to be dead, and peers that are just being refused. */
    PL_INGEST_SPARE_CONNECTIONS = 64,
    PL_INGEST_CONNECTION_MAX = 100000 + PL_INGEST_SPARE_CONNECTIONS,
    PL_INGEST_HELLO_MS = 10 * 1000,  // from accept to a whole HELLO
    PL_INGEST_FRAME_MS = 10 * 1000,  // from the first byte of a frame to its last
    PL_INGEST_SILENT_MS = 60 * 1000, // without a frame; or 3 intervals, if that is longer
    PL_INGEST_WRITE_MS = 10 * 1000,  // without the agent taking what we send
    PL_INGEST_TELL_MS = 20 * 1000,   // then the last acknowledgement is repeated: we are alive
    PL_INGEST_LINGER_MS = 2 * 1000,  // after REFUSE, for the agent to read it
    PL_INGEST_ENROL_MS = 10 * 1000,  // for Redis to record a key
    PL_INGEST_HANDSHAKES_MAX = 64,
    PL_INGEST_HANDSHAKE_MS = 10 * 1000,     // from accept, or from its turn, to the end of it
    PL_INGEST_HANDSHAKE_BUSY_MS = 3 * 1000, // the same while others wait for their turn
};

/* Why a connection was ended by us: reason, name at /api/v1/self. */
#define PL_INGEST_REFUSAL_LIST(X)                                                                  \
    X(MAGIC, "not_plimsoll")          /* the first bytes are not a frame */                        \
    X(VERSION, "version")             /* of frame or protocol */                                   \
    X(TOO_BIG, "too_big")             /* frame over PL_FRAME_BODY_MAX */                           \
    X(MALFORMED, "malformed")         /* the body of a frame */                                    \
    X(OUT_OF_TURN, "out_of_turn")     /* a frame that may not come now */                          \
    X(FULL, "full")                   /* no room for another host */                               \
    X(TAKEN, "taken")                 /* another live agent speaks for that host */                \
    X(STOPPING, "stopping")           /* the handler takes nobody now */                           \
    X(TLS, "tls_failed")              /* the handshake, or the stream after it */                  \
    X(TLS_TIMEOUT, "tls_timeout")     /* half a handshake */                                       \
    X(BROWSER, "browser")             /* it speaks HTTP, and there is no place for it */           \
    X(NOT_ADMITTED, "not_admitted")   /* see on_admit and on_enrol; counted by reason beside */    \
    X(HELLO_TIMEOUT, "hello_timeout") /* nobody introduced himself */                              \
    X(FRAME_TIMEOUT, "frame_timeout") /* half a frame */                                           \
    X(SILENT, "silent")               /* no frame for too long */                                  \
    X(NOT_READING, "not_reading")     /* the peer takes nothing */

enum pl_ingest_refusal {
#define PL_INGEST_REFUSAL_ENUM(symbol, name) PL_INGEST_##symbol,
    PL_INGEST_REFUSAL_LIST(PL_INGEST_REFUSAL_ENUM)
#undef PL_INGEST_REFUSAL_ENUM
        PL_INGEST_REFUSAL_COUNT
};
const char *pl_ingest_refusal_name(enum pl_ingest_refusal refusal);

/* A key asks to be recorded: exactly one of join and rotate is set. */
struct pl_ingest_enrol {
    const struct pl_peer *peer;
    const struct pl_join *join;
    const struct pl_rotate *rotate; // its signature was checked
};

/* Called from the loop. All may call pl_ingest_ack(), pl_ingest_direct() and
 * pl_ingest_close_host(). */
struct pl_ingest_handler {
    /* May this peer speak for that host? NULL: everybody may. */
    enum pl_admission (*on_admit)(void *arg, const struct pl_peer *peer,
                                  const struct pl_hello *hello);
    /* PL_ADMITTED, and pl_ingest_enrolled() follows for `conn`; or the refusal. NULL with on_admit.
     */
    enum pl_admission (*on_enrol)(void *arg, struct pl_slot_id conn,
                                  const struct pl_ingest_enrol *enrol, struct pl_now now);
    /* Would there be room for that host, which on_admit lets in? True, and its index in `*host`, if
     * it is known; else `*host` is untouched. NULL with on_admit. */
    bool (*on_check)(void *arg, const struct pl_check *check, uint32_t *host);
    /* A good HELLO. 0 with `*host` (an index below `host_max`) and `*welcome` filled, or the
     * enum pl_refuse_code to answer with. */
    int (*on_hello)(void *arg, const struct pl_hello *hello, struct pl_now now, uint32_t *host,
                    struct pl_welcome *welcome);
    void (*on_sample)(void *arg, uint32_t host, const struct pl_boot_id *boot_id,
                      const struct pl_sample *sample, struct pl_now now);
    /* What the host's fullest accept queue is called from here on. */
    void (*on_listener)(void *arg, uint32_t host, const struct pl_listener *listener,
                        struct pl_now now);
    /* Something changed on the host; perhaps told before. */
    void (*on_change)(void *arg, uint32_t host, const struct pl_change *change, struct pl_now now);
    /* What its watched service is from here on; no name: it has none. */
    void (*on_service)(void *arg, uint32_t host, const struct pl_service *service,
                       struct pl_now now);
    /* The connection of a host that was welcomed has ended. Exactly once per 0 of on_hello, and
     * before the on_hello of a connection that takes its place. */
    void (*on_gone)(void *arg, uint32_t host, struct pl_now now);
    /* A browser, or whoever else speaks HTTP over TLS: the socket and the session are the handler's
     * from here on, also what of its ciphertext is unread (pl_tls_rest, valid during the call).
     * False: they are not, and the connection is closed. NULL: nobody but agents is wanted. */
    bool (*on_browser)(void *arg, int fd, struct pl_tls *tls);
    void *arg; // borrowed
};

struct pl_ingest_config {
    uint32_t connection_max; // 1 to PL_INGEST_CONNECTION_MAX
    uint32_t host_max;       // on_hello gives indexes below this
    const char *record_path; // write every frame into this trace file; NULL or "": no
    /* NULL: TLS is refused. The pointer it points to may be exchanged between two calls. Borrowed.
     */
    struct pl_tls_context *const *tls;
    struct pl_ingest_handler handler;
};

/* Since the start. */
struct pl_ingest_counts {
    uint64_t connections; // accepted
    uint64_t parked;      // of these, had to wait for a slot
    uint64_t frames, bytes;
    uint64_t samples;
    uint64_t acks, directives;
    uint64_t unknown_frames; // of a type this program does not know, skipped
    uint64_t replaced;       // connections whose place a newer one of the same host took
    uint64_t refused[PL_INGEST_REFUSAL_COUNT];
    uint64_t not_admitted[PL_ADMISSION_COUNT]; // by reason; [PL_ADMITTED] is not used
    uint64_t encrypted;                        // handshakes completed
    uint64_t browsers;                         // of these, handed over to HTTP
    uint64_t handshakes_parked;                // handshakes that had to wait
};

struct pl_ingest;

/* NULL without memory. `loop` is borrowed and outlives it; `config` is copied. */
struct pl_ingest *pl_ingest_new(uv_loop_t *loop, const struct pl_ingest_config *config);
/* Only before _start, or after on_stopped. */
void pl_ingest_free(struct pl_ingest *in);

/* Bind and listen; open the trace file, if any (a file that is in the way, or cannot be written, is
 * logged and nothing is recorded). 0 or a libuv code; then call pl_ingest_stop all the same. */
PL_MUST_CHECK int pl_ingest_start(struct pl_ingest *in, const struct sockaddr *address);
/* The bound port, for port 0. */
uint16_t pl_ingest_port(const struct pl_ingest *in);
/* Accept no more, tell every agent REFUSE_STOPPING, close all, then call `on_stopped` from the
 * loop. on_gone is called for every host first. */
void pl_ingest_stop(struct pl_ingest *in, void (*on_stopped)(void *arg), void *arg);
/* Once a second: time limits, and the recording goes to disk. */
void pl_ingest_tick(struct pl_ingest *in, struct pl_now now);

/* Samples of `boot_id` up to `durable_seq` are durable: tell the host's agent, if it is here and
 * still the one of that boot id. */
void pl_ingest_ack(struct pl_ingest *in, uint32_t host, const struct pl_boot_id *boot_id,
                   uint64_t durable_seq);
/* Ask the host's agent, if it is here, for another interval. What its socket does not take at once
 * follows later; a newer directive takes the place of one that waits. */
void pl_ingest_direct(struct pl_ingest *in, uint32_t host, const struct pl_directive *directive);
/* Close the host's connection, if there is one: its agent comes back, and resends what is not
 * durable. on_gone is called before this returns. */
void pl_ingest_close_host(struct pl_ingest *in, uint32_t host, struct pl_now now);

/* The same, telling its agent why. */
void pl_ingest_dismiss_host(struct pl_ingest *in, uint32_t host, enum pl_admission why,
                            struct pl_now now);
/* Ask the host's agent to take a new key. False if it is not here, or has proved none. */
PL_MUST_CHECK bool pl_ingest_rekey_host(struct pl_ingest *in, uint32_t host);
/* The answer to on_enrol: JOINED, or a refusal. Ignored if the peer has gone meanwhile. */
void pl_ingest_enrolled(struct pl_ingest *in, struct pl_slot_id conn, enum pl_admission result,
                        struct pl_now now);

const struct pl_ingest_counts *pl_ingest_counts(const struct pl_ingest *in);
/* Connections now, those without a HELLO included. */
uint32_t pl_ingest_connected(const struct pl_ingest *in);
/* True while frames go into the trace file. */
bool pl_ingest_recording(const struct pl_ingest *in);
