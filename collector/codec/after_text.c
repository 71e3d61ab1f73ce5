#include "collector/codec/after_text.h"

#include "collector/codec/launch_text.h"
#include "common/base/assert.h"

static void put_times(struct pl_text *out, double factor)
{
    pl_text_fixed(out, (int64_t)(factor * 10 + 0.5), 10);
}

static void put_percent(struct pl_text *out, double part)
{
    pl_text_i64(out, (int64_t)(part * 100 + (part < 0 ? -0.5 : 0.5)));
    pl_text_str(out, " %");
}

static void put_expected(const struct pl_launch_entry *e, enum pl_traffic_source unit,
                         struct pl_text *out)
{
    const struct pl_launch_course *c = &e->course;
    pl_text_str(out, "We expected ");
    pl_launch_rate_write(c->foreseen.p50, out);
    pl_text_str(out, ", perhaps ");
    pl_launch_rate_write(c->foreseen.p90, out);
    pl_text_char(out, ' ');
    pl_text_str(out, pl_traffic_unit(unit));
}

static void put_came(const struct pl_launch_entry *e, struct pl_text *out)
{
    const struct pl_launch_course *c = &e->course;
    pl_text_str(out, c->state == PL_LAUNCH_DONE ? "; " : "; so far ");
    pl_launch_rate_write(c->peak_per_s, out);
    pl_text_str(out, " came at the most, ");
    pl_launch_rate_write(c->usual_per_s, out);
    pl_text_str(out, " of them as usual. ");
    double factor = c->foreseen.p50 > 0 ? c->peak_per_s / c->foreseen.p50 : 0;
    if (c->state == PL_LAUNCH_DONE && factor > 0) {
        bool more = factor >= 1;
        double off = more ? factor : 1 / factor;
        if (off < 1.1) {
            pl_text_str(out, "That is what we expected. ");
        } else {
            pl_text_str(out, "That is ");
            put_times(out, off);
            pl_text_str(out,
                        more ? " times as many as we expected" : " times fewer than we expected");
            pl_text_str(out,
                        c->peak_per_s > c->foreseen.p90 ? ", and above the worst case. " : ". ");
        }
    }
    if (c->ceiling > 0 || c->least_headroom < 1) {
        if (c->least_headroom <= 0)
            pl_text_str(out,
                        "Nothing was left of what the front ends take with one of them lost. ");
        else
            put_percent(out, c->least_headroom);
        if (c->least_headroom > 0) pl_text_str(out, " was left at the least. ");
    }
}

static void put_pages(const struct pl_launch_entry *e, struct pl_text *out)
{
    uint32_t pages = e->after.page_count;
    if (pages == 0) {
        pl_text_str(out, "Nobody was woken.");
        return;
    }
    pl_text_u64(out, pages);
    pl_text_str(out, pages == 1 ? " page was sent." : " pages were sent.");
}

void pl_after_sentence_write(const struct pl_launch_entry *e, enum pl_traffic_source unit,
                             struct pl_text *out)
{
    switch (e->course.state) {
    case PL_LAUNCH_SCHEDULED:
    case PL_LAUNCH_PREPARING:
    case PL_LAUNCH_ARMED:
        pl_text_str(out, "It has not begun: there is nothing to tell yet.");
        return;
    case PL_LAUNCH_CANCELLED: pl_text_str(out, "It was cancelled."); return;
    case PL_LAUNCH_ABSENT:
        put_expected(e, unit, out);
        pl_text_str(out, ", and nobody came. ");
        break;
    case PL_LAUNCH_LIVE:
    case PL_LAUNCH_COOLING:
    case PL_LAUNCH_DONE:
        put_expected(e, unit, out);
        put_came(e, out);
        break;
    case PL_LAUNCH_STATE_COUNT: PL_UNREACHABLE("launch state");
    }
    put_pages(e, out);
}

void pl_deed_sentence_write(const struct pl_launch_deed *deed, struct pl_text *out)
{
    const char *who = deed->who[0] != '\0' ? deed->who : "somebody";
    switch (deed->kind) {
    case PL_DEED_PAGE: pl_text_str(out, "told of "); break;
    case PL_DEED_ACKNOWLEDGED:
        pl_text_str(out, who);
        pl_text_str(out, " has ");
        break;
    case PL_DEED_NOTE:
        pl_text_str(out, who);
        pl_text_str(out, ": ");
        break;
    case PL_DEED_UPGRADE:
    case PL_DEED_CHANGE: break;
    case PL_DEED_KIND_COUNT: PL_UNREACHABLE("deed");
    }
    pl_text_str(out, deed->text);
    if (deed->count > 1) {
        bool is_machine = deed->kind == PL_DEED_UPGRADE || deed->kind == PL_DEED_CHANGE;
        pl_text_str(out, is_machine ? ", on " : ", ");
        pl_text_u64(out, deed->count);
        pl_text_str(out, is_machine ? " machines" : " times");
    }
    if (deed->headroom < -1 || deed->later_headroom < -1) return;
    pl_text_str(out, "; ");
    put_percent(out, PL_MAX(deed->headroom, 0));
    pl_text_str(out, " was left then, ");
    put_percent(out, PL_MAX(deed->later_headroom, 0));
    pl_text_str(out, " five minutes later");
}

void pl_quality_sentence_write(const struct pl_launch_quality *q, struct pl_text *out)
{
    if (q->scored_count == 0) {
        pl_text_str(out, "No launch is over yet: nobody knows how good our forecasts are.");
        return;
    }
    pl_text_str(out, "Of ");
    pl_text_u64(out, q->scored_count);
    pl_text_str(out, q->scored_count == 1 ? " launch" : " launches");
    pl_text_str(out, " that came, half were forecast within a factor of ");
    put_times(out, q->median_factor);
    pl_text_str(out, "; ");
    pl_text_u64(out, q->factor_2_count);
    pl_text_str(out, " within a factor of 2; ");
    pl_text_u64(out, q->p90_count);
    pl_text_str(out, " stayed below the worst case we named.");
}
