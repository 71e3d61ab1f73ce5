#include "collector/cli/cli.h"
#include "collector/cli/csv.h"
#include "collector/cli/replay.h"
#include "collector/core/judge/anomaly.h"
#include "collector/core/observe/traffic.h"
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

struct series {
    FILE *out; // borrowed
    double capacity;
    const struct pl_rules *rules; // borrowed
    int64_t unix_ms;              // of the newest row; the clock of a recording may be set back
    bool started, pages;
    int64_t quiet_since_ms; // while it pages: since when there is no reason to
    struct pl_traffic traffic;
    struct pl_surge surge;
};

/* Judge one value as the engine does, and keep a page until the trouble stayed away. */
static void feed(struct series *s, double value)
{
    pl_traffic_step(&s->traffic, fmax(value, 0), s->unix_ms);
    struct pl_surge_finding f =
        pl_surge_step(&s->surge, &s->rules->saturation, &s->traffic, s->capacity);
    if (f.tier == PL_TIER_PAGE) {
        s->pages = true;
        s->quiet_since_ms = INT64_MAX;
    } else if (s->pages) {
        s->quiet_since_ms = PL_MIN(s->quiet_since_ms, s->unix_ms);
        s->pages = s->unix_ms - s->quiet_since_ms < s->rules->saturation_clear_ms;
    }
}

static void on_capacity_row(void *state, const struct pl_csv_row *row)
{
    struct series *s = state;
    s->unix_ms = s->started ? PL_MAX(s->unix_ms, row->unix_ms) : row->unix_ms;
    s->started = true;
    put_span(s->out, row->time_text);
    if (isnan(row->value)) { // no data never proves recovery
        (void)fprintf(s->out, ",%d,\n", s->pages);
        return;
    }
    feed(s, row->value);
    (void)fprintf(s->out, ",%d,", s->pages);
    struct pl_forecast f = pl_forecast_make(&s->traffic, s->capacity);
    if (f.source != PL_FORECAST_NONE) (void)fprintf(s->out, "%.0f", f.seconds);
    (void)fputc('\n', s->out);
}

int pl_replay_capacity(FILE *in, FILE *out, double capacity, const struct pl_rules *rules)
{
    struct series s = {.out = out, .capacity = capacity, .rules = rules};
    pl_traffic_init(&s.traffic);
    pl_surge_init(&s.surge);
    (void)fputs("timestamp,alert,forecast_seconds_to_capacity\n", out);
    return read_rows(in, on_capacity_row, &s);
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
