#include "collector/codec/launch_text.h"

#include "common/base/assert.h"

enum { MINUTE_MS = 60 * 1000, HOUR_MS = 60 * MINUTE_MS };

void pl_launch_rate_write(double per_s, struct pl_text *out)
{
    double step = 1;
    while (per_s / step >= 1000) step *= 10;
    if (per_s < 10)
        pl_text_fixed(out, (int64_t)(per_s * 10 + 0.5), 10);
    else
        pl_text_i64(out, (int64_t)(per_s / step + 0.5) * (int64_t)step);
}

static void put_time_ahead(struct pl_text *out, int64_t ms)
{
    int64_t minutes = (ms + MINUTE_MS / 2) / MINUTE_MS;
    if (minutes < 120) {
        pl_text_i64(out, minutes);
        pl_text_str(out, minutes == 1 ? " minute" : " minutes");
    } else if (minutes < 48 * 60) {
        pl_text_i64(out, minutes / 60);
        pl_text_str(out, " hours");
    } else {
        pl_text_i64(out, minutes / (24 * 60));
        pl_text_str(out, " days");
    }
}

const char *pl_launch_gap_text(enum pl_capacity_gap gap)
{
    switch (gap) {
    case PL_GAP_NONE:
    case PL_GAP_NEW: return "a few more minutes of traffic will tell";
    case PL_GAP_SOURCE: return "the front ends report no traffic that could be counted";
    case PL_GAP_SPAN: return "traffic has not varied enough yet: a load test, or half a day, tells";
    case PL_GAP_FLAT: return "no resource follows the traffic yet: a load test tells";
    case PL_GAP_FULL: return "a resource is full without any traffic";
    case PL_CAPACITY_GAP_COUNT: break;
    }
    PL_UNREACHABLE("capacity gap");
}

static void put_expected(const struct pl_launch_verdict *v, struct pl_text *out)
{
    pl_text_str(out, "We expect ");
    pl_launch_rate_write(v->expected.p50, out);
    pl_text_str(out, ", perhaps ");
    pl_launch_rate_write(v->expected.p90, out);
    pl_text_char(out, ' ');
    pl_text_str(out, pl_traffic_unit(v->unit));
    pl_text_str(out, " at the peak");
}

void pl_launch_sentence_write(const struct pl_launch_verdict *v, struct pl_text *out)
{
    put_expected(v, out);
    if (v->colour == PL_VERDICT_UNKNOWN) {
        pl_text_str(out, ". Nobody knows yet what the front ends take: ");
        pl_text_str(out, pl_launch_gap_text(v->gap));
        pl_text_char(out, '.');
        return;
    }
    pl_text_str(out, v->single_host ? "; the one front end takes " : "; the front ends take ");
    pl_launch_rate_write(v->ceiling, out);
    if (!v->single_host) pl_text_str(out, " with one of them lost");
    pl_text_str(out, ". ");
    switch (v->colour) {
    case PL_VERDICT_GREEN: pl_text_str(out, "That fits, with room to spare."); break;
    case PL_VERDICT_AMBER:
        pl_text_str(out, v->ratio > PL_RATIO_GREEN ? "That fits, with little to spare."
                                                   : "That fits, but little of it is known well.");
        break;
    case PL_VERDICT_RED: pl_text_str(out, "That is not safe as it is"); break;
    case PL_VERDICT_BLACK:
        pl_text_str(out, v->ratio >= 1 ? "That will not hold" : "That is not safe");
        break;
    case PL_VERDICT_UNKNOWN:
    case PL_VERDICT_COUNT: PL_UNREACHABLE("colour");
    }
    if (v->ratio <= PL_RATIO_AMBER) return;
    if (v->has_limit) {
        pl_text_str(out, ": ");
        pl_text_str(out, pl_learned_name(v->first_limit));
        pl_text_str(out, " is full first");
    }
    if (v->full_unix_ms > 0) {
        int64_t after_ms = v->full_unix_ms - v->begin_unix_ms;
        pl_text_str(out, v->has_limit ? ", " : ": full ");
        if (after_ms < MINUTE_MS) pl_text_str(out, "within ");
        put_time_ahead(out, PL_MAX(after_ms, MINUTE_MS));
        pl_text_str(out, after_ms < MINUTE_MS ? " of the announcement" : " after the announcement");
    }
    pl_text_char(out, '.');
}

void pl_launch_missing_write(const struct pl_launch_verdict *v, struct pl_text *out)
{
    const struct pl_shortfall *s = &v->missing;
    if (!s->known || s->more_hosts == 0) return;
    pl_text_u64(out, s->more_hosts);
    pl_text_str(out, s->more_hosts == 1 ? " more front end" : " more front ends");
    if (s->each_factor <= 1) return;
    pl_text_str(out, ", or ");
    pl_text_fixed(out, (int64_t)(s->each_factor * 10 + 0.9), 10); // rather too much
    pl_text_str(out, " times the ");
    pl_text_str(out, pl_learned_name(s->resource));
    pl_text_str(out, " in each");
}

void pl_launch_advice_write(const struct pl_launch_verdict *v, const struct pl_remedy_option *o,
                            int64_t now_unix_ms, struct pl_text *out)
{
    const struct pl_shortfall *s = &v->missing;
    pl_text_str(out, pl_remedy_text(o->remedy));
    if (o->remedy == PL_REMEDY_SPREAD) {
        pl_text_str(out, ": ");
        pl_text_u64(out, o->parts);
        pl_text_str(out, " parts, an hour apart");
    } else if (o->remedy == PL_REMEDY_HOSTS && s->known) {
        pl_text_str(out, ": ");
        pl_text_u64(out, s->more_hosts);
        pl_text_str(out, " more");
    } else if (o->remedy == PL_REMEDY_LARGER) {
        pl_text_str(out, ": ");
        pl_text_fixed(out, (int64_t)(s->each_factor * 10 + 0.9), 10);
        pl_text_str(out, " times the ");
        pl_text_str(out, pl_learned_name(s->resource));
    } else if (o->remedy == PL_REMEDY_MOVE) {
        pl_text_str(out, ": in ");
        put_time_ahead(out, PL_MAX(v->safe_start_unix_ms - now_unix_ms, 0));
        pl_text_str(out, " at the earliest");
    }
    if (!o->consented) pl_text_str(out, "; you have not agreed to it yet");
    if (!o->suffices) pl_text_str(out, "; not enough alone");
    if (!o->in_time) {
        pl_text_str(out, "; it takes ");
        put_time_ahead(out, o->takes_ms);
        pl_text_str(out, ", so it comes after the start");
    } else if (o->remedy != PL_REMEDY_MOVE) {
        pl_text_str(out, "; decide within ");
        put_time_ahead(out, o->deadline_unix_ms - now_unix_ms);
    }
}
