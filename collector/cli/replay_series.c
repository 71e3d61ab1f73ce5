#include "collector/cli/cli.h"
#include "collector/cli/csv.h"
#include "collector/cli/replay.h"
#include "collector/core/judge/anomaly.h"
#include "common/base/err.h"

#include <math.h>

struct line_reader {
    FILE *in; // borrowed
    uint64_t number;
    char buf[PL_CSV_LINE_LEN_MAX + 1];
};

/* The next line, without its newline. 1, 0 at the end, PL_E_TOO_BIG. */
static int read_line(struct line_reader *r, struct pl_span *line)
{
    size_t len = 0;
    int c = getc(r->in);
    if (c == EOF) return 0;
    r->number++;
    for (; c != EOF && c != '\n'; c = getc(r->in)) {
        if (len == PL_CSV_LINE_LEN_MAX) return PL_E_TOO_BIG;
        r->buf[len++] = (char)c;
    }
    *line = (struct pl_span){(const uint8_t *)r->buf, len};
    return 1;
}

static int refuse_line(const struct line_reader *r, const char *problem)
{
    pl_cli_complain("line %llu %s", (unsigned long long)r->number, problem);
    return PL_EXIT_FAILURE;
}

/* Calls `on_row` for every row. An exit status. */
static int read_rows(FILE *in, void (*on_row)(void *state, const struct pl_csv_row *row),
                     void *state)
{
    struct line_reader reader = {.in = in};
    struct pl_span line;
    for (int got; (got = read_line(&reader, &line)) != 0;) {
        struct pl_csv_row row;
        if (got < 0) return refuse_line(&reader, pl_err_text(got));
        bool is_header = reader.number == 1;
        const char *problem = is_header ? pl_csv_header(line) : pl_csv_row(line, &row);
        if (problem) return refuse_line(&reader, problem);
        if (!is_header) on_row(state, &row);
    }
    if (!ferror(in) && reader.number > 0) return PL_EXIT_OK;
    pl_cli_complain(ferror(in) ? "cannot read the series" : "the series is empty: no header");
    return PL_EXIT_FAILURE;
}

static void put_span(FILE *out, struct pl_span text)
{
    (void)fwrite(text.ptr, 1, text.len, out); // main looks at the stream once, at the end
}

/* ---- against a capacity ---- */

/* A series does not say how often it is sampled and has holes of any length, so its host is never
 * counted as silent nor forgotten. */
enum { SERIES_INTERVAL_MS = PL_INTERVAL_MS_MAX, SERIES_SILENT_INTERVALS = 1 << 20 };

/* The engine counts in tenths of connections; whatever the unit of the series, the capacity is as
 * many of them, so that seven digits of a value at the capacity are kept. */
static const double capacity_per_s = 1e6;

struct series {
    FILE *out; // borrowed
    double capacity;
    struct pl_simulation_setup setup;
    struct pl_replay_view *view;     // borrowed
    struct pl_simulation simulation; // engine NULL before the first row
    uint32_t host;
    uint64_t seq;
    int err;
};

/* One pool called "series" with one host. */
static int begin(struct series *s, int64_t unix_ms)
{
    const struct pl_capacity capacity = {
        .source = PL_CAPACITY_CONFIGURED, .per_s = capacity_per_s, .unit = PL_SOURCE_CONNECTIONS};
    struct pl_hello hello = {.version = PL_PROTOCOL_VERSION,
                             .interval_ms = SERIES_INTERVAL_MS,
                             .first_seq = 1,
                             .unix_ms = unix_ms};
    for (size_t i = 0; i < PL_FACT_COUNT; i++) hello.facts[i].value = -1;
    int err = pl_name_parse(pl_span_of("series"), &hello.pool);
    if (!err) err = pl_name_parse(pl_span_of("series"), &hello.host);
    if (!err) err = pl_simulation_init(&s->simulation, &s->setup, 1, unix_ms);
    if (!err && s->view) pl_replay_watch(&s->simulation, s->view);
    if (!err) err = pl_engine_join(s->simulation.engine, &hello, s->simulation.now, &s->host);
    if (!err) pl_engine_capacity(s->simulation.engine, 0, &capacity);
    return err;
}

static void feed(struct series *s, double value)
{
    struct pl_sample sample = {.seq = ++s->seq, .unix_ms = s->simulation.now.unix_ms};
    for (size_t i = 0; i < PL_METRIC_COUNT; i++) sample.values[i] = PL_ABSENT;
    double traffic = value / s->capacity * capacity_per_s * pl_metric_info(PL_TCP_ACCEPTED)->scale;
    sample.values[PL_TCP_ACCEPTED] = (int32_t)fmin(fmax(traffic + 0.5, 0), INT32_MAX);
    (void)pl_engine_sample(s->simulation.engine, s->host, &sample, s->simulation.now); // always new
    pl_simulation_drain(&s->simulation);
}

static void on_capacity_row(void *state, const struct pl_csv_row *row)
{
    struct series *s = state;
    if (s->err) return;
    if (s->simulation.engine) {
        pl_simulation_advance(&s->simulation, row->unix_ms);
    } else {
        s->err = begin(s, row->unix_ms);
        if (s->err) return;
    }
    bool known = !isnan(row->value);
    if (known) feed(s, row->value);
    const struct pl_engine *engine = s->simulation.engine;
    bool pages = pl_alert_pages(pl_engine_alert(engine, PL_RULE_SATURATION)); // of pool 0
    put_span(s->out, row->time_text);
    (void)fprintf(s->out, ",%d,", pages);
    const struct pl_saturation *saturation = pl_engine_saturation(engine, 0);
    struct pl_forecast f = pl_forecast_make(&saturation->traffic, capacity_per_s);
    if (known && f.source != PL_FORECAST_NONE) (void)fprintf(s->out, "%.0f", f.seconds);
    (void)fputc('\n', s->out);
}

/* Words and charts speak in the unit of the series, not in that of the engine. */
static void rescale(struct pl_story *story, double factor)
{
    for (uint32_t i = 0; i < story->pool_count; i++) pl_story_rescale(&story->pools[i], factor);
}

int pl_replay_capacity(FILE *in, FILE *out, double capacity, const struct pl_rules *rules,
                       struct pl_replay_view *view)
{
    struct series s = {.out = out, .capacity = capacity, .setup.rules = *rules, .view = view};
    s.setup.rules.silent_intervals = SERIES_SILENT_INTERVALS;
    s.setup.rules.silent_forget_ms = (int64_t)SERIES_SILENT_INTERVALS * SERIES_INTERVAL_MS;
    (void)fputs("timestamp,alert,forecast_seconds_to_capacity\n", out);
    int status = read_rows(in, on_capacity_row, &s);
    if (s.simulation.engine && s.simulation.on_moment) {
        s.simulation.on_moment(view, s.simulation.engine, s.simulation.now); // the last row
    }
    if (view && view->story) rescale(view->story, capacity / capacity_per_s);
    if (s.simulation.engine) pl_simulation_fini(&s.simulation);
    if (s.err == 0) return status;
    pl_cli_complain("cannot start the engine: %s", pl_err_text(s.err));
    return PL_EXIT_FAILURE;
}

/* ---- against what was seen before ---- */

struct score {
    FILE *out; // borrowed
    struct pl_anomaly anomaly;
};

static void on_score_row(void *state, const struct pl_csv_row *row)
{
    struct score *s = state;
    put_span(s->out, row->time_text);
    (void)fputc(',', s->out);
    put_span(s->out, row->value_text);
    (void)fprintf(s->out, ",%.6f\n", pl_anomaly_step(&s->anomaly, row->value, row->unix_ms / 1000));
}

int pl_replay_score(FILE *in, FILE *out)
{
    struct score s = {.out = out};
    pl_anomaly_init(&s.anomaly);
    (void)fputs("timestamp,value,anomaly_score\n", out);
    return read_rows(in, on_score_row, &s);
}
