#include "collector/io/stream.h"

#include "common/base/assert.h"

#include <stdlib.h>

struct reader {
    struct pl_slot_id client;
    struct pl_stream_wish wish;
    struct pl_caller caller;
    bool served; // in the tick that is running
};

struct pl_stream {
    struct pl_http_server *server; // borrowed
    struct pl_stream_counts counts;
    int64_t comment_mono_ms; // when the last comments went out
    uint32_t reader_count;
    struct reader readers[PL_HTTP_CONNECTION_MAX]; // the first `reader_count`, in no order
    char event[PL_HTTP_BODY_OUT_MAX];              // the event being written
};

struct pl_stream *pl_stream_new(struct pl_http_server *server)
{
    struct pl_stream *s = calloc(1, sizeof *s);
    if (s) s->server = server;
    return s;
}

void pl_stream_free(struct pl_stream *s)
{
    free(s);
}

/* Forget the readers whose connection is gone. */
static void sweep(struct pl_stream *s)
{
    for (uint32_t i = 0; i < s->reader_count;) {
        if (pl_http_server_stream_behind(s->server, s->readers[i].client) < 0)
            s->readers[i] = s->readers[--s->reader_count];
        else
            i++;
    }
}

/* Send unless more than `behind_max` bytes wait for this reader already. */
static void push(struct pl_stream *s, const struct reader *r, struct pl_span event,
                 int64_t behind_max)
{
    int64_t behind = pl_http_server_stream_behind(s->server, r->client);
    if (behind < 0) return; // gone; the next sweep forgets it
    if (behind > behind_max) {
        s->counts.skipped++;
        return;
    }
    s->counts.events++;
    pl_http_server_stream_send(s->server, r->client, event);
}

static struct pl_span write_state(struct pl_stream *s, const struct pl_name *pool_name,
                                  const struct pl_view *view)
{
    /* One byte less for JSON, so that the blank line behind it always fits. */
    struct pl_text out = pl_text_init(s->event, sizeof s->event - 2);
    uint32_t pool = PL_NO_INDEX;
    if (pool_name->len > 0) {
        pool = pl_fleet_find_pool(pl_engine_fleet(view->engine), pool_name);
        if (pool == PL_NO_INDEX) pool = PL_POOL_MAX; // no such pool yet: no host is in it
    }
    pl_text_str(&out, "event: state\ndata: ");
    pl_json_state(&out, view, pool);
    out.cap += 2;
    pl_text_str(&out, "\n\n");
    PL_ASSERT(!out.overflow);
    return pl_text_bytes(&out);
}

void pl_stream_subscribe(struct pl_stream *s, struct pl_slot_id client,
                         const struct pl_stream_wish *wish, const struct pl_caller *caller,
                         const struct pl_view *view)
{
    sweep(s);
    if (!pl_http_server_stream_begin(s->server, client)) return;
    PL_ASSERT(s->reader_count < PL_HTTP_CONNECTION_MAX); // one per connection
    struct reader *r = &s->readers[s->reader_count++];
    *r = (struct reader){.client = client, .wish = *wish, .caller = *caller};
    s->counts.subscribed++;
    char hello[32];
    struct pl_text out = pl_text_init(hello, sizeof hello);
    pl_text_str(&out, "retry: ");
    pl_text_i64(&out, PL_STREAM_RECONNECT_MS);
    pl_text_str(&out, "\n\n");
    pl_http_server_stream_send(s->server, client, pl_text_bytes(&out));
    push(s, r, write_state(s, &wish->pool, view), PL_STREAM_BEHIND_BYTES);
}

void pl_stream_end_others(struct pl_stream *s, struct pl_login *login, struct pl_now now)
{
    for (uint32_t i = 0; i < s->reader_count; i++)
        if (!pl_login_is_live(login, &s->readers[i].caller, now))
            pl_http_server_stream_end(s->server, s->readers[i].client);
}

static void send_comments(struct pl_stream *s, int64_t now_mono_ms)
{
    if (now_mono_ms - s->comment_mono_ms < PL_STREAM_COMMENT_MS) return;
    s->comment_mono_ms = now_mono_ms;
    for (uint32_t i = 0; i < s->reader_count; i++)
        push(s, &s->readers[i], pl_span_of(": still here\n\n"), 0);
}

void pl_stream_tick(struct pl_stream *s, const struct pl_view *view)
{
    sweep(s);
    send_comments(s, view->now.mono_ms);
    for (uint32_t i = 0; i < s->reader_count; i++) s->readers[i].served = false;
    for (uint32_t i = 0; i < s->reader_count; i++) {
        if (s->readers[i].served) continue;
        const struct pl_name *pool = &s->readers[i].wish.pool;
        struct pl_span event = write_state(s, pool, view);
        for (uint32_t j = i; j < s->reader_count; j++) {
            struct reader *r = &s->readers[j];
            if (r->served || !pl_name_eq(&r->wish.pool, pool)) continue;
            r->served = true;
            push(s, r, event, 0);
        }
    }
}

void pl_stream_sample(struct pl_stream *s, const struct pl_name *host,
                      const struct pl_sample *sample)
{
    struct pl_span event = {0}; // written when the first reader wants it
    for (uint32_t i = 0; i < s->reader_count; i++) {
        struct reader *r = &s->readers[i];
        if (!pl_name_eq(&r->wish.host, host)) continue;
        if (event.len == 0) {
            struct pl_text out = pl_text_init(s->event, sizeof s->event);
            pl_text_str(&out, "event: sample\ndata: ");
            pl_json_sample(&out, host, sample);
            pl_text_str(&out, "\n\n");
            PL_ASSERT(!out.overflow);
            event = pl_text_bytes(&out);
        }
        push(s, r, event, PL_STREAM_BEHIND_BYTES);
    }
}

const struct pl_stream_counts *pl_stream_counts(const struct pl_stream *s)
{
    return &s->counts;
}

uint32_t pl_stream_reader_count(const struct pl_stream *s)
{
    return s->reader_count;
}
