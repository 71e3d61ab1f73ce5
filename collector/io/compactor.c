/* A job is a slot from its start to its on_done. The mark moves on when a job starts; whatever
 * comes late, or fails, moves it back.
 *
 *     tick -> start -> ranges -> on_chunk ... -> on_done -> lane push -> (written) -> touch */
#include "collector/io/compactor.h"

#include "collector/codec/rollup.h"
#include "common/base/assert.h"
#include "common/base/err.h"
#include "common/sys/clock.h"
#include "common/sys/log.h"

#include <stdlib.h>

enum {
    STEPS = 2, // into r10, into r300
    SPREAD_R10_MS = 4 * 60 * 1000,
    SPREAD_R300_MS = 30 * 60 * 1000,
    EXPIRY_MARGIN_MS = 2 * 60 * 1000, // read well before the time to live ends
    HOSTS_PER_START = 1000,           // one job per tick and this many hosts
    LOG_EVERY_MS = 60000,
};

struct marks {
    bool used;
    uint32_t generation; // counts adds: a job of a former host of this index is recognised
    int64_t next_unix_ms[STEPS];
};

struct job {
    bool busy;
    struct pl_compactor *compactor;
    uint32_t host, generation;
    struct pl_name name;
    int step;
    struct pl_rollup_job rollup;
};

struct pl_compactor {
    struct pl_compactor_options options;
    struct marks *marks; // host_max items
    uint32_t cursor;     // the host to look at next
    int64_t paused_until_mono_ms;
    uint64_t failures;
    struct pl_log_limit log;
    uint8_t *buf; // PL_CHUNK_BYTES_MAX
    struct job jobs[PL_COMPACTOR_JOBS_MAX];
};

struct pl_compactor *pl_compactor_new(const struct pl_compactor_options *options)
{
    struct pl_compactor *c = calloc(1, sizeof *c);
    if (!c) return NULL;
    c->options = *options;
    c->marks = calloc(options->host_max, sizeof c->marks[0]);
    c->buf = malloc(PL_CHUNK_BYTES_MAX);
    for (size_t i = 0; i < PL_LEN(c->jobs); i++) c->jobs[i].compactor = c;
    if (c->marks && c->buf) return c;
    pl_compactor_free(c);
    return NULL;
}

void pl_compactor_free(struct pl_compactor *c)
{
    if (!c) return;
    for (size_t i = 0; i < PL_LEN(c->jobs); i++) PL_ASSERT(!c->jobs[i].busy);
    free(c->marks);
    free(c->buf);
    free(c);
}

static enum pl_resolution from_of(int step)
{
    return step == 0 ? PL_R1 : PL_R10;
}

static enum pl_resolution into_of(int step)
{
    return step == 0 ? PL_R10 : PL_R300;
}

static int64_t window_ms(int step)
{
    return pl_resolution_plan(into_of(step))->window_ms;
}

/* The first window from `unix_ms` on that is certainly complete in Redis. */
static int64_t first_whole(int step, int64_t unix_ms, int64_t now_unix_ms)
{
    enum pl_resolution from = from_of(step);
    int64_t kept = pl_resolution_plan(from)->keep_ms + pl_resolution_plan(from)->bucket_ms;
    int64_t window = pl_floor_ms(PL_MAX(unix_ms, now_unix_ms - kept), window_ms(step));
    while (!pl_key_window_whole(from, window, now_unix_ms + EXPIRY_MARGIN_MS)) {
        window += window_ms(step);
    }
    return window;
}

void pl_compactor_add(struct pl_compactor *c, uint32_t host, bool known, int64_t now_unix_ms)
{
    struct marks *m = &c->marks[host];
    m->used = true;
    m->generation++;
    for (int step = 0; step < STEPS; step++) {
        m->next_unix_ms[step] =
            known ? first_whole(step, 0, now_unix_ms) : pl_floor_ms(now_unix_ms, window_ms(step));
    }
}

void pl_compactor_drop(struct pl_compactor *c, uint32_t host)
{
    c->marks[host].used = false;
}

static void move_back(struct pl_compactor *c, uint32_t host, int step, int64_t window_unix_ms)
{
    struct marks *m = &c->marks[host];
    m->next_unix_ms[step] = PL_MIN(m->next_unix_ms[step], window_unix_ms);
}

void pl_compactor_touch(struct pl_compactor *c, uint32_t host, enum pl_resolution written,
                        int64_t unix_ms)
{
    if (written == PL_R300) return; // nothing is made of these
    int step = written == PL_R1 ? 0 : 1;
    move_back(c, host, step, pl_floor_ms(unix_ms, window_ms(step)));
}

static void fail(struct job *j, int err)
{
    struct pl_compactor *c = j->compactor;
    int64_t now = pl_clock_mono_ms();
    uint32_t held;
    c->failures++;
    c->paused_until_mono_ms = now + PL_COMPACTOR_PAUSE_MS;
    if (c->marks[j->host].generation == j->generation) {
        move_back(c, j->host, j->step, j->rollup.window_unix_ms);
    }
    if (pl_log_allow(&c->log, now, LOG_EVERY_MS, &held)) {
        pl_log(PL_LOG_WARN, "compact_failed", "host=%s into=%s reason=\"%s\" held_back=%u",
               j->name.text, pl_resolution_plan(into_of(j->step))->tag, pl_err_text(err), held);
    }
}

static void on_chunk(void *ctx, struct pl_span chunk)
{
    struct job *j = ctx;
    int err = pl_rollup_add(&j->rollup, chunk);
    if (err < 0) j->compactor->failures++; // a damaged chunk will not get better: go on without
}

static int write_rows(struct job *j)
{
    struct pl_compactor *c = j->compactor;
    struct pl_writer w = pl_writer_init(c->buf, PL_CHUNK_BYTES_MAX);
    if (pl_rollup_write(&j->rollup, &w) == 0) return 0; // the host was silent
    if (w.err < 0) return w.err;
    int64_t window = j->rollup.window_unix_ms;
    char key[PL_KEY_BYTES], field[PL_FIELD_BYTES];
    pl_key_metric(key, &j->name, into_of(j->step), window);
    pl_field_write(field, window, 0);
    struct pl_write write = {
        .kind = PL_WRITE_ROLLUP,
        .owner = PL_WRITE_NONE,
        .host = j->host,
        .ttl_s = (uint32_t)pl_key_ttl_s(into_of(j->step), window, pl_clock_unix_ms()),
        .resolution = into_of(j->step),
        .first_unix_ms = window,
        .page = {PL_WRITE_NONE, 0},
        .key = pl_span_of(key),
        .field = pl_span_of(field),
        .value = {c->buf, w.len},
    };
    return pl_write_queue_push(&c->options.lane->queue, &write, pl_clock_mono_ms(), NULL);
}

static void on_done(void *ctx, int err)
{
    struct job *j = ctx;
    if (err == 0) err = write_rows(j);
    if (err < 0) fail(j, err);
    j->busy = false;
}

/* Roll up the next window of this host and step. */
static int start(struct pl_compactor *c, uint32_t host, int step)
{
    struct job *j = NULL;
    for (size_t i = 0; i < PL_LEN(c->jobs) && !j; i++) {
        if (!c->jobs[i].busy) j = &c->jobs[i];
    }
    if (!j) return PL_E_FULL;
    struct marks *m = &c->marks[host];
    int64_t window = m->next_unix_ms[step];
    j->host = host;
    j->generation = m->generation;
    j->step = step;
    j->name = *c->options.host_name(c->options.ctx, host);
    pl_rollup_begin(&j->rollup, into_of(step), window);
    struct pl_range range = {.host = j->name,
                             .resolution = from_of(step),
                             .from_unix_ms = window,
                             .to_unix_ms = window + window_ms(step) - 1,
                             .on_chunk = on_chunk,
                             .on_done = on_done,
                             .ctx = j};
    int err = pl_ranges_read(c->options.ranges, &range);
    if (err < 0) return err;
    j->busy = true;
    m->next_unix_ms[step] = window + window_ms(step);
    return 0;
}

/* Whether the window at the mark is over, the host's own delay included. */
static bool is_due(struct pl_compactor *c, uint32_t host, int step, int64_t now_unix_ms)
{
    struct marks *m = &c->marks[host];
    int64_t grace = step == 0 ? PL_COMPACTOR_GRACE_R10_MS : PL_COMPACTOR_GRACE_R300_MS;
    int64_t spread = step == 0 ? SPREAD_R10_MS : SPREAD_R300_MS;
    int64_t own = (int64_t)((uint64_t)host * 2654435761u % (uint64_t)spread); // Knuth's hash
    if (m->next_unix_ms[step] + window_ms(step) + grace + own > now_unix_ms) return false;
    m->next_unix_ms[step] = first_whole(step, m->next_unix_ms[step], now_unix_ms);
    return m->next_unix_ms[step] + window_ms(step) + grace + own <= now_unix_ms;
}

void pl_compactor_tick(struct pl_compactor *c, uint32_t host_count, struct pl_now now)
{
    // Rows need room that samples do not: they can be made again at any time.
    const struct pl_write_queue *q = &c->options.lane->queue;
    if (now.mono_ms < c->paused_until_mono_ms) return;
    if (pl_write_queue_bytes(q) > pl_write_queue_bytes_max(q) / 2) return;
    uint32_t starts = 1 + host_count / HOSTS_PER_START;
    uint32_t looks = PL_MIN(c->options.host_max, 100 + c->options.host_max / 10);
    for (; looks > 0 && starts > 0; looks--) {
        uint32_t host = c->cursor;
        for (int step = 0; step < STEPS && c->marks[host].used; step++) {
            if (!is_due(c, host, step, now.unix_ms)) continue;
            if (start(c, host, step) < 0) return; // busy: this host comes first next time
            starts -= PL_MIN(starts, 1u);
        }
        c->cursor = (host + 1) % c->options.host_max;
    }
}

uint64_t pl_compactor_failures(const struct pl_compactor *c)
{
    return c->failures;
}
