#include "collector/codec/json_series.h"

#include "collector/codec/json_put.h"

static bool single(const struct pl_json_series *series)
{
    return series->step_ms == 1000 && series->resolution_ms == 1000;
}

void pl_json_series_begin(struct pl_text *out, const struct pl_json_series *series)
{
    const struct pl_metric_info *info = pl_metric_info(series->metric);
    pl_json_put_name(out, "{\"host\":", &series->host);
    pl_text_str(out, ",\"metric\":");
    pl_text_json(out, pl_span_of(info->name));
    pl_text_str(out, ",\"unit\":");
    pl_text_json(out, pl_span_of(info->unit));
    pl_json_put_time(out, ",\"from\":", series->from_unix_ms);
    pl_json_put_time(out, ",\"to\":", series->to_unix_ms);
    pl_json_put_number(out, ",\"step_s\":", series->step_ms, 1000);
    pl_json_put_number(out, ",\"resolution_s\":", series->resolution_ms, 1000);
    pl_text_str(out, single(series) ? ",\"columns\":[\"unix_ms\",\"value\"],\"points\":["
                                    : ",\"columns\":[\"unix_ms\",\"avg\",\"min\",\"max\"],"
                                      "\"points\":[");
}

void pl_json_series_point(struct pl_text *out, const struct pl_json_series *series, bool first,
                          const struct pl_json_point *point)
{
    int32_t scale = pl_metric_info(series->metric)->scale;
    pl_json_put_number(out, first ? "[" : ",[", point->unix_ms, 1);
    pl_json_put_number(out, ",", point->avg, scale);
    if (!single(series)) {
        pl_json_put_number(out, ",", point->min, scale);
        pl_json_put_number(out, ",", point->max, scale);
    }
    pl_text_char(out, ']');
}

void pl_json_series_end(struct pl_text *out)
{
    pl_text_str(out, "]}\n");
}
