/* stream.h - live pushes as server-sent events (WHATWG HTML, "Server-sent events").
 *
 *     event: state    once a second to everybody: pools, alerts, the worst hosts of the pool asked
 *                     for. Written once per pool asked for, the same bytes go to all.
 *     event: sample   each sample of the one host asked for
 *     : comment       every 15 s, so that proxies and clients see that the line is alive
 *
 * A reader that is behind skips: a state while anything waits for it (the next one replaces it), a
 * sample while PL_STREAM_BEHIND_BYTES wait. One that takes nothing at all is cut by the server.
 * Events carry no id: a client that comes back gets the newest state first and reads what it missed
 * from /series, so Last-Event-ID has nothing to add. */
#pragma once

#include "collector/codec/json_view.h"
#include "collector/io/http_server.h"
#include "collector/io/login.h"

enum {
    PL_STREAM_COMMENT_MS = 15 * 1000,
    PL_STREAM_BEHIND_BYTES = PL_HTTP_OUTGOING_BYTES / 2,
    PL_STREAM_RECONNECT_MS = 2000, // what we ask browsers to wait
};

struct pl_stream_counts {
    uint64_t subscribed; // since the start
    uint64_t events;     // sent, each reader counted
    uint64_t skipped;    // for readers that were behind
};

struct pl_stream;

/* NULL without memory. `server` is borrowed and outlives it; one reader per connection at most. */
struct pl_stream *pl_stream_new(struct pl_http_server *server);
void pl_stream_free(struct pl_stream *s);

/* What a reader wants: samples of one host, hosts of one pool. An empty name: none, or all. */
struct pl_stream_wish {
    struct pl_name host, pool;
};

/* Answer `client`'s request with a stream that begins with the newest state. */
void pl_stream_subscribe(struct pl_stream *s, struct pl_slot_id client,
                         const struct pl_stream_wish *wish, const struct pl_caller *caller,
                         const struct pl_view *view);
/* End the streams of readers who are logged in no more; those of the others count as use. */
void pl_stream_end_others(struct pl_stream *s, struct pl_login *login, struct pl_now now);
/* Once a second. */
void pl_stream_tick(struct pl_stream *s, const struct pl_view *view);
void pl_stream_sample(struct pl_stream *s, const struct pl_name *host,
                      const struct pl_sample *sample);

const struct pl_stream_counts *pl_stream_counts(const struct pl_stream *s);
uint32_t pl_stream_reader_count(const struct pl_stream *s);
