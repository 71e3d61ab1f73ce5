/* /api/v1/hosts/{h}/series: asked of the store, answered when its rows are here. */
#include "collector/io/api_private.h"

#include "collector/codec/json_series.h"
#include "common/base/assert.h"
#include "common/base/err.h"
#include "common/base/suggest.h"

enum {
    SPAN_DEFAULT_MS = 3600 * 1000,
    STEP_MAX_S = 86400,
};

static void write_series(struct pl_text *out, const struct pl_series_query *query,
                         const struct pl_series_answer *answer)
{
    struct pl_json_series series = {
        .host = query->host,
        .metric = query->metric,
        .from_unix_ms = query->from_unix_ms,
        .to_unix_ms = query->to_unix_ms,
        .step_ms = query->step_ms,
        .resolution_ms = answer->resolution_ms,
    };
    pl_json_series_begin(out, &series);
    for (size_t i = 0; i < answer->count; i++) {
        const struct pl_series_point *p = &answer->points[i];
        struct pl_json_point point = {p->unix_ms, p->avg, p->min, p->max};
        pl_json_series_point(out, &series, i == 0, &point);
    }
    pl_json_series_end(out);
}

/* Why the store gave no answer, for the person who asked. */
static void series_problem(struct pl_api_call *c, int err)
{
    if (err == PL_E_STATE || err == PL_E_CLOSED)
        pl_api_problem(c, 503, PL_API_NO_PARAMETER,
                       "Redis is away: charts come back with it, paging goes on");
    else if (err == PL_E_FULL)
        pl_api_problem(c, 503, PL_API_NO_PARAMETER,
                       "too many series are being read; ask again or for less");
    else
        pl_api_problem(c, 500, PL_API_NO_PARAMETER, pl_err_text(err));
}

static void on_series(void *ctx, int err, const struct pl_series_answer *answer)
{
    struct pl_api_series *s = ctx;
    struct pl_api_call c = {.api = s->api, .client = s->client};
    c.out = pl_text_init(s->api->body, sizeof s->api->body);
    s->busy = false;
    if (err < 0) {
        series_problem(&c, err);
    } else if (answer->count == 0 && pl_fleet_find_host(pl_engine_fleet(s->api->config.engine),
                                                        &s->query.host) == PL_NO_INDEX) {
        pl_api_problem_value(&c, 404, PL_API_NO_PARAMETER, s->query.host.text,
                             "is no host, neither now nor in this time span");
    } else {
        write_series(&c.out, &s->query, answer);
        pl_api_reply_json(&c);
    }
}

/* ---- the query: all that is wrong with it at once ---- */

enum { PARAM_COUNT = 4, DETAIL_BYTES = PL_QUERY_VALUE_LEN_MAX + 192 };

struct refusals {
    size_t count;
    struct pl_http_problem problems[PARAM_COUNT]; // a chain; at most one for each parameter
    char details[PARAM_COUNT][DETAIL_BYTES];
};

/* Where to write what is wrong with a parameter. */
static struct pl_text refuse(struct refusals *r, const char *parameter)
{
    PL_ASSERT(r->count < PARAM_COUNT);
    size_t at = r->count++;
    r->problems[at] = (struct pl_http_problem){422, pl_span_of(parameter), r->details[at], NULL};
    if (at > 0) r->problems[at - 1].next = &r->problems[at];
    return pl_text_init(r->details[at], DETAIL_BYTES);
}

/* The same, beginning with the value as sent. */
static struct pl_text refuse_value(struct refusals *r, const struct pl_query_param *param)
{
    struct pl_text text = refuse(r, param->name);
    pl_text_char(&text, '\'');
    pl_text_str(&text, param->value);
    pl_text_str(&text, "' ");
    return text;
}

static void read_metric(struct refusals *r, const struct pl_query_param *param, enum pl_metric *out)
{
    struct pl_span name = pl_span_of(param->value);
    *out = pl_metric_by_name(name);
    if (*out != PL_METRIC_COUNT) return;
    struct pl_suggest similar = pl_suggest_init(name);
    for (int m = 0; m < PL_METRIC_COUNT; m++)
        pl_suggest_consider(&similar, pl_span_of(pl_metric_info((enum pl_metric)m)->name));
    if (!param->present) {
        struct pl_text text = refuse(r, param->name);
        pl_text_str(&text, "name a metric, as cpu.busy");
        return;
    }
    struct pl_text text = refuse_value(r, param);
    pl_text_str(&text, "is no metric");
    if (similar.best.len > 0) {
        pl_text_str(&text, "; did you mean '");
        pl_text_span(&text, similar.best);
        pl_text_str(&text, "'?");
    }
}

/* False if it is given and wrong. */
static bool read_time(struct refusals *r, const struct pl_query_param *param, int64_t otherwise,
                      int64_t *out)
{
    *out = otherwise;
    if (!param->present || pl_query_time(param->value, out) == 0) return true;
    struct pl_text text = refuse_value(r, param);
    pl_text_str(&text, "is not a time: write 2026-05-01T14:03:12Z or unix seconds");
    return false;
}

/* [from, to] has at most PL_SERIES_POINTS_MAX steps; else says which step would do. */
static void check_span(struct refusals *r, const struct pl_series_query *q)
{
    if (q->from_unix_ms > q->to_unix_ms) {
        struct pl_text text = refuse(r, "from");
        pl_text_str(&text, "'from' is later than 'to'");
        return;
    }
    int64_t span_ms = q->to_unix_ms - q->from_unix_ms;
    if (span_ms / q->step_ms < PL_SERIES_POINTS_MAX) return;
    int64_t fits_s = span_ms / ((int64_t)PL_SERIES_POINTS_MAX * 1000) + 1;
    struct pl_text text = refuse(r, "step");
    if (fits_s > STEP_MAX_S) {
        pl_text_str(&text, "more than 3600 points even with the largest step of 86400");
        return;
    }
    pl_text_str(&text, "more than 3600 points: a step of ");
    pl_text_i64(&text, fits_s);
    pl_text_str(&text, " would fit");
}

static bool read_series_query(struct pl_api_call *c, struct pl_series_query *q)
{
    struct pl_query_param params[PARAM_COUNT] = {
        {.name = "metric"}, {.name = "from"}, {.name = "to"}, {.name = "step"}};
    struct refusals r = {0};
    uint64_t step_s = 1;
    if (!pl_api_read_query(c, params, PL_LEN(params))) return false;
    read_metric(&r, &params[0], &q->metric);
    bool known = read_time(&r, &params[2], c->now.unix_ms, &q->to_unix_ms);
    int64_t from = PL_MAX(q->to_unix_ms - SPAN_DEFAULT_MS + 1, 0); // 3,600 whole seconds
    known = read_time(&r, &params[1], from, &q->from_unix_ms) && known;
    if (params[3].present && pl_query_u64(params[3].value, 1, STEP_MAX_S, &step_s) < 0) {
        struct pl_text text = refuse_value(&r, &params[3]);
        pl_text_str(&text, "is not a whole number of seconds from 1 to 86400");
        known = false;
    }
    q->step_ms = (int64_t)step_s * 1000;
    if (known) check_span(&r, q);
    if (r.count > 0) pl_api_problems(c, &r.problems[0]);
    return r.count == 0;
}

void pl_api_get_series(struct pl_api_call *c)
{
    struct pl_series_query query = {.host = c->name};
    if (!read_series_query(c, &query)) return;
    query.host_index = pl_fleet_find_host(pl_engine_fleet(c->view.engine), &c->name);
    struct pl_api_series *s = NULL;
    for (size_t i = 0; i < PL_LEN(c->api->series) && !s; i++)
        if (!c->api->series[i].busy) s = &c->api->series[i];
    if (!s) {
        series_problem(c, PL_E_FULL);
        return;
    }
    *s = (struct pl_api_series){true, c->api, c->client, query};
    int err = pl_store_series(c->api->config.store, &s->query, on_series, s);
    if (err == 0) return;
    s->busy = false;
    series_problem(c, err);
}
