/* session.h - both ends of the conversation as pure state machines: frames in, events out.
 *
 *     agent                                   collector
 *       | -- HELLO ------------------------------> |   who, boot id, metric table, facts
 *       | <------------------- WELCOME or REFUSE - |   last durable seq of that boot id, interval
 *       | -- KEY, DELTA, DELTA, ... -------------> |   from the first sample after that seq
 *       | <------------------------------- ACK --- |   durable up to seq: may leave the spool
 *       | <------------------------- DIRECTIVE --- |   sample faster for a while
 *
 * A frame out of turn ends the conversation; one of an unknown type is ignored. */
#pragma once

#include "common/wire/change.h"
#include "common/wire/frame.h"
#include "common/wire/hello.h"
#include "common/wire/listener.h"
#include "common/wire/sample.h"
#include "common/wire/service.h"
#include "common/wire/trust.h"

enum {
    PL_REFUSE_TEXT_MAX = 160,
    PL_DIRECTIVE_INTERVAL_MS_MIN = 100,
    PL_DIRECTIVE_INTERVAL_MS_MAX = 60000,
    PL_DIRECTIVE_FOR_MS_MAX = 3600000,
};

enum pl_refuse_code {
    PL_REFUSE_VERSION = 1,  // the collector does not speak this protocol version
    PL_REFUSE_HELLO = 2,    // HELLO is malformed
    PL_REFUSE_FULL = 3,     // no host slot left
    PL_REFUSE_TAKEN = 4,    // another live connection speaks for this host name
    PL_REFUSE_STOPPING = 5, // the collector is going down; try the next one
    PL_REFUSE_PROTOCOL = 6, // a frame is malformed, too big or out of turn
    PL_REFUSE_PLAIN = 7,    // this must come encrypted
    PL_REFUSE_KEY = 8,      // no proof, or not the key of that host name
    PL_REFUSE_REVOKED = 9,  // the key was revoked
    PL_REFUSE_TOKEN = 10,   // the join token is not known, or expired
    PL_REFUSE_POOL = 11,    // the key or token is not good for that pool
    PL_REFUSE_NAME = 12,    // the host name is enrolled with another key
    PL_REFUSE_LATER = 13,   // cannot be looked up or recorded now
};

struct pl_welcome {
    uint64_t durable_seq; // 0: none of this boot id
    uint32_t interval_ms; // what the agent should use; 0: its own
};

struct pl_directive {
    uint32_t interval_ms; // PL_DIRECTIVE_INTERVAL_MS_MIN to _MAX
    uint32_t for_ms;      // then back to the agent's own; at most PL_DIRECTIVE_FOR_MS_MAX
};

struct pl_refusal {
    uint16_t code;                     // enum pl_refuse_code, or one this program does not know
    char text[PL_REFUSE_TEXT_MAX + 1]; // for a person; control bytes replaced
};

/* ---- the agent's side ---- */

enum pl_agent_session_state {
    PL_AGENT_WAIT_WELCOME,
    PL_AGENT_WAIT_JOINED,
    PL_AGENT_WAIT_CHECKED,
    PL_AGENT_STREAMING
};

struct pl_agent_session {
    enum pl_agent_session_state state;
    bool rotates; // ROTATE was sent while streaming, JOINED has not come
    struct pl_sample_codec codec;
};

enum pl_agent_event_type {
    PL_AGENT_NOTHING, // frame of an unknown type, ignored
    PL_AGENT_WELCOMED,
    PL_AGENT_ACKED,
    PL_AGENT_DIRECTED,
    PL_AGENT_REFUSED,
    PL_AGENT_JOINED, // what pl_agent_session_join or _rotate asked for is recorded
    PL_AGENT_CHECKED,
    PL_AGENT_REKEY, // an operator wants this host to take a new key
};

struct pl_agent_event {
    enum pl_agent_event_type type;
    union {
        struct pl_welcome welcome;
        uint64_t acked_seq;
        struct pl_directive directive;
        struct pl_refusal refusal;
        struct pl_checked checked;
    };
};

/* Start a conversation on a fresh connection: writes the HELLO frame. */
void pl_agent_session_start(struct pl_agent_session *s, const struct pl_hello *hello,
                            struct pl_writer *out);
/* Instead of a conversation: ask for a key to be recorded. A PROOF goes before. ROTATE may also
 * come in the middle of one, which goes on. */
void pl_agent_session_join(struct pl_agent_session *s, const struct pl_join *join,
                           struct pl_writer *out);
void pl_agent_session_rotate(struct pl_agent_session *s, const struct pl_rotate *rotate,
                             struct pl_writer *out);
/* Or only ask whether HELLO would be answered with WELCOME; REFUSE answers that, too. */
void pl_agent_session_check(struct pl_agent_session *s, const struct pl_check *check,
                            struct pl_writer *out);
/* Take one frame. 0 and `*event`; or PL_E_STATE, or the refusal of a malformed body, and `*event`
 * untouched. After a refusal, and after PL_AGENT_REFUSED, the caller closes the connection. */
PL_MUST_CHECK int pl_agent_session_step(struct pl_agent_session *s, const struct pl_frame *frame,
                                        struct pl_agent_event *event);
/* Write one sample frame; only after PL_AGENT_WELCOMED. A writer that is full fails with
 * PL_E_FULL in `out->err`; the session must then be closed. */
void pl_agent_session_sample(struct pl_agent_session *s, const struct pl_sample *sample,
                             struct pl_writer *out);
/* Say what the host's fullest accept queue is called; only after PL_AGENT_WELCOMED. */
void pl_agent_session_listener(struct pl_agent_session *s, const struct pl_listener *listener,
                               struct pl_writer *out);
/* Tell of a change; only after PL_AGENT_WELCOMED. */
void pl_agent_session_change(struct pl_agent_session *s, const struct pl_change *change,
                             struct pl_writer *out);
/* Say what the host's watched service is; only after PL_AGENT_WELCOMED. */
void pl_agent_session_service(struct pl_agent_session *s, const struct pl_service *service,
                              struct pl_writer *out);

/* ---- the collector's side ---- */

enum pl_collector_session_state {
    PL_COLLECTOR_WAIT_HELLO, // or PROOF
    PL_COLLECTOR_PROVEN,     // HELLO, JOIN or ROTATE comes next
    PL_COLLECTOR_ENROLLING,  // after JOIN, ROTATE or CHECK: nothing may follow
    PL_COLLECTOR_STREAMING,
};

struct pl_collector_session {
    enum pl_collector_session_state state;
    uint8_t map[PL_METRIC_MAX]; // position in the peer's samples -> our metric
    struct pl_sample_codec codec;
};

enum pl_collector_event_type {
    PL_COLLECTOR_NOTHING, // frame of an unknown type, or change of an unknown kind: ignored
    PL_COLLECTOR_HELLO,
    PL_COLLECTOR_SAMPLE,
    PL_COLLECTOR_LISTENER,
    PL_COLLECTOR_CHANGE,
    PL_COLLECTOR_SERVICE,
    PL_COLLECTOR_PROOF, // the caller checks its signature
    PL_COLLECTOR_JOIN,
    PL_COLLECTOR_ROTATE,
    PL_COLLECTOR_CHECK,
};

struct pl_collector_event {
    enum pl_collector_event_type type;
    union {
        struct pl_hello hello;
        struct pl_sample sample;
        struct pl_listener listener;
        struct pl_change change;
        struct pl_service service;
        struct pl_proof proof;
        struct pl_join join;
        struct pl_rotate rotate;
        struct pl_check check;
    };
};

void pl_collector_session_init(struct pl_collector_session *s);
/* Take one frame. 0 and `*event`; PL_E_STATE for a frame out of turn (a sample, LISTENER, CHANGE or
 * SERVICE before HELLO, a second HELLO or PROOF, a JOIN or ROTATE without PROOF); or the refusal of
 * a malformed body, and `event->type` untouched. After PL_COLLECTOR_HELLO the caller answers
 * WELCOME or REFUSE; after a refusal it closes the connection. */
PL_MUST_CHECK int pl_collector_session_step(struct pl_collector_session *s,
                                            const struct pl_frame *frame,
                                            struct pl_collector_event *event);
void pl_welcome_write(const struct pl_welcome *welcome, struct pl_writer *out);
void pl_ack_write(uint64_t durable_seq, struct pl_writer *out);
void pl_directive_write(const struct pl_directive *directive, struct pl_writer *out);
/* `text` tells the agent's operator what to do; cut at PL_REFUSE_TEXT_MAX bytes. */
void pl_refuse_write(enum pl_refuse_code code, const char *text, struct pl_writer *out);
