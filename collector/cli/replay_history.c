/* A pool's stored samples, played in the order they were taken.
 *
 *     the day before `from`: 5 min rows -> 10 s rows -> samples    learned from, not told
 *     `from` to `to`:        the finest that is still kept -> finer ones, as far as rows reach
 *
 * Coarse rows are made minutes to hours after their samples, so each resolution goes on where the
 * coarser one ended. Samples are played as they were judged; a row of many stands for its mean, and
 * for the highest value of what must not happen at all. */
#include "collector/cli/cli.h"
#include "collector/cli/history.h"
#include "collector/cli/replay.h"
#include "collector/codec/rollup.h"
#include "common/base/assert.h"
#include "common/base/err.h"
#include "common/sys/clock.h"

#include <stdlib.h>

enum {
    WARM_UP_MS = 86400000,
    SETTLED_MS = 15000, // what is younger may not be stored yet, of some hosts and not of others
    CHUNKS_MAX = 1024,  // of one host in a bucket
};

struct chunk {
    int64_t first_unix_ms;
    uint8_t *bytes; // owned
    size_t len;
};

/* One host: the chunks of the running bucket, and the samples of the running chunk. */
struct source {
    struct pl_hello hello;
    struct chunk *chunks; // owned, CHUNKS_MAX items
    uint32_t chunk_count, next_chunk;
    struct pl_sample samples[PL_CHUNK_ROWS_MAX];
    uint32_t sample_count, next_sample;
    struct pl_boot_id boot_id; // of these samples
    bool joined;
    uint32_t index;                   // in the engine
    struct pl_boot_id played_boot_id; // and of the newest one that was played
    uint64_t played_seq;
    int64_t played_unix_ms;
};

struct player {
    struct pl_history *history;              // borrowed
    const struct pl_simulation_setup *setup; // borrowed
    struct pl_replay_view *view;             // borrowed
    struct pl_simulation simulation;         // engine NULL before the first sample
    struct source *sources;                  // owned
    uint32_t source_count;
    enum pl_resolution resolution;
    int64_t from_unix_ms, to_unix_ms; // of what is being played, inclusive
    uint64_t damaged;                 // chunks
};

/* ---- chunks to samples ---- */

static int64_t row_ms(const struct player *p)
{
    return pl_resolution_plan(p->resolution)->row_ms;
}

/* What counts of a row of many samples. */
static enum pl_rollup rollup_of(enum pl_metric metric)
{
    bool must_not_happen = metric == PL_LISTEN_OVERFLOWS || metric == PL_OOM_KILLS;
    return must_not_happen ? PL_ROLLUP_MAX : PL_ROLLUP_AVG;
}

/* The metric a column is a value of; PL_METRIC_COUNT for one that is passed over. */
static enum pl_metric metric_of(const struct pl_chunk_reader *cr, uint16_t id)
{
    enum pl_metric metric;
    enum pl_rollup what;
    if (cr->head.kind == PL_CHUNK_SAMPLES) return pl_metric_by_id(id);
    if (!pl_rollup_of_column(id, &metric, &what)) return PL_METRIC_COUNT;
    return what == rollup_of(metric) ? metric : PL_METRIC_COUNT;
}

/* False for a damaged chunk, or one of another kind. */
static bool decode(const struct player *p, struct source *s, struct pl_span bytes)
{
    struct pl_chunk_reader cr;
    bool is_rows = p->resolution != PL_R1;
    if (pl_chunk_open(&cr, bytes) < 0 || (cr.head.kind != PL_CHUNK_SAMPLES) != is_rows)
        return false;
    for (size_t i = 0; i < cr.head.row_count; i++) {
        struct pl_sample *sample = &s->samples[i];
        int64_t unix_ms = cr.head.unix_ms[i];
        /* A row is known when it is over. */
        sample->unix_ms = is_rows ? unix_ms + row_ms(p) : unix_ms;
        sample->seq = is_rows ? (uint64_t)(unix_ms / row_ms(p)) + 1 : cr.head.first_seq + i;
        for (size_t m = 0; m < PL_METRIC_COUNT; m++) sample->values[m] = PL_ABSENT;
    }
    uint16_t id;
    int32_t values[PL_CHUNK_ROWS_MAX] = {0};
    int got;
    while ((got = pl_chunk_next(&cr, &id, values)) == 1) {
        enum pl_metric metric = metric_of(&cr, id);
        if (metric == PL_METRIC_COUNT) continue;
        for (size_t i = 0; i < cr.head.row_count; i++) s->samples[i].values[metric] = values[i];
    }
    s->boot_id = cr.head.boot_id;
    if (is_rows) s->boot_id = (struct pl_boot_id){{(uint8_t)p->resolution}};
    s->sample_count = got < 0 ? 0 : cr.head.row_count;
    s->next_sample = 0;
    return got == 0;
}

/* Is this one played already, or outside of what is asked for? Chunks may overlap. */
static bool passes(const struct player *p, const struct source *s, const struct pl_sample *sample)
{
    if (sample->unix_ms < p->from_unix_ms || sample->unix_ms > p->to_unix_ms) return false;
    if (s->played_seq == 0) return true;
    bool same = pl_boot_id_eq(&s->boot_id, &s->played_boot_id);
    return same ? sample->seq > s->played_seq : sample->unix_ms > s->played_unix_ms;
}

/* The host's next sample, or NULL at the end of the bucket. */
static const struct pl_sample *peek(struct player *p, struct source *s)
{
    for (;;) {
        for (; s->next_sample < s->sample_count; s->next_sample++) {
            if (passes(p, s, &s->samples[s->next_sample])) return &s->samples[s->next_sample];
        }
        if (s->next_chunk == s->chunk_count) return NULL;
        const struct chunk *chunk = &s->chunks[s->next_chunk++];
        if (!decode(p, s, (struct pl_span){chunk->bytes, chunk->len})) p->damaged++;
    }
}

/* ---- playing ---- */

static int join(struct player *p, struct source *s, const struct pl_sample *sample)
{
    struct pl_engine *engine = p->simulation.engine;
    if (s->joined) pl_engine_leave(engine, s->index, p->simulation.now);
    s->hello.boot_id = s->boot_id;
    s->hello.unix_ms = sample->unix_ms;
    s->hello.first_seq = sample->seq;
    if (p->resolution != PL_R1) s->hello.interval_ms = (uint32_t)row_ms(p);
    int err = pl_engine_join(engine, &s->hello, p->simulation.now, &s->index);
    s->joined = err == 0;
    return err;
}

static int play_sample(struct player *p, struct source *s, const struct pl_sample *sample)
{
    struct pl_simulation *sim = &p->simulation;
    int err = 0;
    if (!sim->engine) {
        err = pl_simulation_init(sim, p->setup, p->source_count, sample->unix_ms);
        if (err) return err;
        pl_replay_watch(sim, p->view);
    }
    pl_simulation_advance(sim, sample->unix_ms);
    if (!s->joined || !pl_boot_id_eq(&s->boot_id, &s->played_boot_id)) err = join(p, s, sample);
    if (err) return err;
    s->played_boot_id = s->boot_id;
    s->played_seq = sample->seq;
    s->played_unix_ms = sample->unix_ms;
    (void)pl_engine_sample(sim->engine, s->index, sample, sim->now); // always new
    pl_simulation_drain(sim);
    return 0;
}

/* All samples of the bucket that was read, over all hosts, by time. */
static int play_bucket(struct player *p)
{
    for (;;) {
        struct source *first = NULL;
        const struct pl_sample *sample = NULL;
        for (uint32_t i = 0; i < p->source_count; i++) {
            const struct pl_sample *next = peek(p, &p->sources[i]);
            if (!next || (sample && next->unix_ms >= sample->unix_ms)) continue;
            first = &p->sources[i];
            sample = next;
        }
        if (!first) return 0;
        int err = play_sample(p, first, sample);
        if (err) return err;
        first->next_sample++;
    }
}

/* ---- reading ---- */

static void drop_chunks(struct source *s)
{
    for (uint32_t i = 0; i < s->chunk_count; i++) free(s->chunks[i].bytes);
    s->chunk_count = s->next_chunk = s->sample_count = s->next_sample = 0;
}

/* Kept in order of time; what does not fit into memory is a hole. */
static void on_chunk(void *ctx, int64_t first_unix_ms, struct pl_span bytes)
{
    struct source *s = ctx;
    uint8_t *copy = malloc(PL_MAX(bytes.len, 1u));
    if (!copy || s->chunk_count == CHUNKS_MAX) {
        free(copy);
        return;
    }
    if (bytes.len > 0) memcpy(copy, bytes.ptr, bytes.len);
    uint32_t at = s->chunk_count++;
    for (; at > 0 && s->chunks[at - 1].first_unix_ms > first_unix_ms; at--)
        s->chunks[at] = s->chunks[at - 1];
    s->chunks[at] = (struct chunk){first_unix_ms, copy, bytes.len};
}

static int read_bucket(struct player *p, int64_t unix_ms)
{
    for (uint32_t i = 0; i < p->source_count; i++) {
        struct source *s = &p->sources[i];
        drop_chunks(s);
        const struct pl_history_bucket bucket = {&s->hello.host, p->resolution, unix_ms};
        int status = pl_history_read(p->history, &bucket, on_chunk, s);
        if (status != PL_EXIT_OK) return status;
    }
    return PL_EXIT_OK;
}

static int64_t newest_of(const struct player *p)
{
    int64_t newest = 0;
    for (uint32_t i = 0; i < p->source_count; i++)
        newest = PL_MAX(newest, p->sources[i].played_unix_ms);
    return newest;
}

/* From `from` to `to`, first in rows of `coarsest`, and finer where those end. */
static int play_span(struct player *p, enum pl_resolution coarsest, int64_t from, int64_t to)
{
    for (int level = (int)coarsest; level >= (int)PL_R1 && from <= to; level--) {
        p->resolution = (enum pl_resolution)level;
        const struct pl_resolution_plan *plan = pl_resolution_plan(p->resolution);
        p->from_unix_ms = from;
        p->to_unix_ms = to;
        int64_t first = pl_floor_ms(from - plan->window_ms, plan->bucket_ms);
        for (int64_t at = first; at <= to; at += plan->bucket_ms) {
            int status = read_bucket(p, at);
            if (status != PL_EXIT_OK) return status;
            int err = play_bucket(p);
            if (err == 0) continue;
            pl_cli_complain("cannot play what is stored: %s", pl_err_text(err));
            return PL_EXIT_FAILURE;
        }
        from = PL_MAX(from, newest_of(p) + 1);
    }
    return PL_EXIT_OK;
}

/* The finest resolution that reaches back to `from`. */
static enum pl_resolution kept_since(int64_t from_unix_ms, int64_t now_unix_ms)
{
    enum pl_resolution r = PL_R1;
    while (r < PL_R300 && from_unix_ms < now_unix_ms - pl_resolution_plan(r)->keep_ms) r++;
    return r;
}

static int play(struct player *p, const struct pl_replay_span *span)
{
    int64_t now = pl_clock_unix_ms(), from = span->from_unix_ms;
    int64_t to = PL_MIN(span->to_unix_ms, now - SETTLED_MS);
    int status = play_span(p, PL_R300, from - WARM_UP_MS, from - 1);
    if (status == PL_EXIT_OK) status = play_span(p, kept_since(from, now), from, to);
    if (status == PL_EXIT_OK && p->damaged > 0 && p->view->out)
        pl_cli_complain("%llu chunks are damaged and left out", (unsigned long long)p->damaged);
    return status;
}

int pl_replay_history(struct pl_history *history, const struct pl_replay_span *span,
                      const struct pl_simulation_setup *setup, struct pl_replay_view *view)
{
    struct player p = {.history = history, .setup = setup, .view = view};
    struct pl_hello *hosts = calloc(PL_HISTORY_HOSTS_MAX, sizeof *hosts);
    int status =
        hosts ? pl_history_hosts(history, &span->pool, hosts, &p.source_count) : PL_EXIT_FAILURE;
    if (status == PL_EXIT_OK) p.sources = calloc(p.source_count, sizeof *p.sources);
    bool fits = p.sources != NULL;
    for (uint32_t i = 0; p.sources && i < p.source_count; i++) {
        p.sources[i].hello = hosts[i];
        p.sources[i].chunks = calloc(CHUNKS_MAX, sizeof *p.sources[i].chunks);
        fits = fits && p.sources[i].chunks;
    }
    if (status == PL_EXIT_OK && !fits) pl_cli_complain("there is not enough memory");
    if (status == PL_EXIT_OK) status = fits ? play(&p, span) : PL_EXIT_FAILURE;
    for (uint32_t i = 0; p.sources && i < p.source_count; i++) {
        if (p.sources[i].chunks) drop_chunks(&p.sources[i]);
        free(p.sources[i].chunks);
    }
    if (p.simulation.engine) pl_simulation_fini(&p.simulation);
    free(p.sources);
    free(hosts);
    return status;
}
