#include "collector/cli/cli.h"
#include "collector/cli/replay.h"
#include "common/base/err.h"
#include "common/wire/session.h"
#include "common/wire/trace.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

enum {
    HOSTS_MAX = 10000,
    STREAMS_MAX = 1 << 20, // connections of one recording
    BUFFER_BYTES = 1 << 17,
};
static_assert(BUFFER_BYTES >= 2 * PL_TRACE_RECORD_BYTES_MAX, "a record fits behind half of one");

/* One connection of the recording. */
struct stream {
    struct pl_collector_session session;
    bool joined;
    uint32_t host;
};

struct slot {
    struct stream *stream; // owned; NULL: not open
};

struct replay {
    struct pl_simulation simulation;         // engine NULL before the first record
    const struct pl_simulation_setup *setup; // borrowed
    struct pl_replay_view *view;             // borrowed
    struct slot *slots;                      // owned: STREAMS_MAX, by number of the stream
    uint64_t frames_refused; // malformed or out of turn, as the collector refused them
};

/* ---- what is fed ---- */

/* A frame that this collector would refuse is counted, and its stream hears no more. */
static void take_frame(struct replay *r, struct stream *stream, struct pl_span bytes)
{
    struct pl_frame frame;
    struct pl_collector_event event;
    struct pl_simulation *s = &r->simulation;
    ssize_t used = pl_frame_parse(bytes, &frame);
    int err = used < 0 ? (int)used : pl_collector_session_step(&stream->session, &frame, &event);
    if (!err && event.type == PL_COLLECTOR_HELLO) {
        err = pl_engine_join(s->engine, &event.hello, s->now, &stream->host);
        stream->joined = err == 0;
    }
    if (!err && event.type == PL_COLLECTOR_SAMPLE && stream->joined) {
        (void)pl_engine_sample(s->engine, stream->host, &event.sample, s->now); // resent: no news
    }
    if (!err && event.type == PL_COLLECTOR_LISTENER && stream->joined) {
        pl_engine_listener(s->engine, stream->host, &event.listener, s->now);
    }
    if (!err && event.type == PL_COLLECTOR_CHANGE && stream->joined) {
        pl_engine_change(s->engine, stream->host, &event.change, s->now);
    }
    if (!err && event.type == PL_COLLECTOR_SERVICE && stream->joined) {
        pl_engine_service(s->engine, stream->host, &event.service, s->now);
    }
    if (err) r->frames_refused++;
    pl_simulation_drain(s);
}

static void end_stream(struct replay *r, uint64_t number)
{
    struct stream *stream = r->slots[number].stream;
    if (stream->joined) {
        pl_engine_leave(r->simulation.engine, stream->host, r->simulation.now);
        pl_simulation_drain(&r->simulation);
    }
    free(stream);
    r->slots[number].stream = NULL;
}

static int take_record(struct replay *r, const struct pl_trace_record *record)
{
    if (record->stream >= STREAMS_MAX) return PL_E_FULL;
    if (!r->simulation.engine) {
        int err = pl_simulation_init(&r->simulation, r->setup, HOSTS_MAX, record->unix_ms);
        if (err) return err;
        pl_replay_watch(&r->simulation, r->view);
    }
    pl_simulation_advance(&r->simulation, record->unix_ms);
    struct stream *stream = r->slots[record->stream].stream;
    bool is_end = record->frame.len == 0;
    if (!stream && is_end) return 0;
    if (!stream) {
        stream = r->slots[record->stream].stream = calloc(1, sizeof *stream);
        if (!stream) return -ENOMEM;
        pl_collector_session_init(&stream->session);
    }
    if (is_end) {
        end_stream(r, record->stream);
    } else {
        take_frame(r, stream, record->frame);
    }
    return 0;
}

/* ---- the file ---- */

struct buffer {
    uint8_t bytes[BUFFER_BYTES];
    size_t len;
};

/* Take all whole records from the front of the buffer; the rest moves there. */
static int take_records(struct replay *r, struct buffer *buf, int64_t *last_unix_ms)
{
    size_t used = 0;
    int err = 0;
    while (!err) {
        struct pl_trace_record record;
        ssize_t got = pl_trace_parse((struct pl_span){buf->bytes + used, buf->len - used},
                                     last_unix_ms, &record);
        if (got == 0) break;
        err = got < 0 ? (int)got : take_record(r, &record);
        if (!err) used += (size_t)got;
    }
    memmove(buf->bytes, buf->bytes + used, buf->len - used);
    buf->len -= used;
    return err;
}

/* A recording that ends inside a record was cut off by a crash: what came before counts. */
static int replay_file(struct replay *r, FILE *in, struct buffer *buf)
{
    int64_t last_unix_ms = 0;
    bool begun = false;
    for (;;) {
        size_t got = fread(buf->bytes + buf->len, 1, BUFFER_BYTES - buf->len, in);
        if (got == 0) return ferror(in) ? -EIO : begun ? 0 : PL_E_TRUNCATED;
        buf->len += got;
        if (!begun) {
            ssize_t used = pl_trace_parse_begin((struct pl_span){buf->bytes, buf->len});
            if (used < 0) return (int)used;
            if (used == 0) continue;
            memmove(buf->bytes, buf->bytes + used, buf->len - (size_t)used);
            buf->len -= (size_t)used;
            begun = true;
        }
        int err = take_records(r, buf, &last_unix_ms);
        if (err) return err;
    }
}

int pl_replay_trace(const char *path, const struct pl_simulation_setup *setup,
                    struct pl_replay_view *view)
{
    struct replay r = {.setup = setup, .view = view};
    struct buffer *buf = calloc(1, sizeof *buf);
    FILE *in = fopen(path, "rbe");
    int err = in ? -ENOMEM : -errno;
    r.slots = calloc(STREAMS_MAX, sizeof *r.slots);
    if (in && buf && r.slots) err = replay_file(&r, in, buf);
    if (err) pl_cli_complain("the trace '%s' cannot be replayed: %s", path, pl_err_text(err));
    if (r.frames_refused > 0 && view->out) {
        pl_cli_complain("%llu frames were malformed and are left out",
                        (unsigned long long)r.frames_refused);
    }
    for (size_t i = 0; r.slots && i < STREAMS_MAX; i++) free(r.slots[i].stream);
    free(r.slots);
    if (r.simulation.engine) pl_simulation_fini(&r.simulation);
    if (in) (void)fclose(in); // only read from
    free(buf);
    return err ? PL_EXIT_FAILURE : PL_EXIT_OK;
}
