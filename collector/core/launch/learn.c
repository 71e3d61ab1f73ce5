#include "collector/core/launch/learn.h"

#include <math.h>

/* The newest few, oldest out. */
struct sample {
    uint32_t count;
    int64_t unix_ms[PL_LEARN_EVENTS_MAX];
    double logs[PL_LEARN_EVENTS_MAX];
};

static void take(struct sample *s, double factor, int64_t unix_ms)
{
    uint32_t at = s->count;
    if (s->count < PL_LEARN_EVENTS_MAX) {
        s->count++;
    } else {
        at = 0;
        for (uint32_t i = 1; i < s->count; i++) {
            if (s->unix_ms[i] < s->unix_ms[at]) at = i;
        }
        if (s->unix_ms[at] >= unix_ms) return;
    }
    s->unix_ms[at] = unix_ms;
    s->logs[at] = log(factor);
}

/* Sorts `values`. */
static double median(double *values, uint32_t count)
{
    for (uint32_t i = 1; i < count; i++) {
        double value = values[i];
        uint32_t at = i;
        for (; at > 0 && values[at - 1] > value; at--) values[at] = values[at - 1];
        values[at] = value;
    }
    return (values[(count - 1) / 2] + values[count / 2]) / 2;
}

static struct pl_learned_factor conclude(struct sample *s)
{
    if (s->count == 0) return (struct pl_learned_factor){0};
    double drawn = median(s->logs, s->count) * s->count / (s->count + 1.0);
    double most = log(PL_LEARN_FACTOR_MAX);
    return (struct pl_learned_factor){exp(PL_MAX(PL_MIN(drawn, most), -most)), s->count};
}

/* A crowd that came, and was people. */
static bool is_lesson(const struct pl_launch_entry *e)
{
    const struct pl_launch_course *c = &e->course;
    bool is_test = e->launch.kind == PL_LAUNCH_LOAD_TEST || e->launch.kind == PL_LAUNCH_PEN_TEST ||
                   e->launch.kind == PL_LAUNCH_MAINTENANCE;
    return c->state == PL_LAUNCH_DONE && c->onset_unix_ms != 0 && !is_test &&
           c->peak_per_s > c->usual_per_s;
}

static bool is_theirs(const struct pl_launch *other, const struct pl_launch *l)
{
    if (pl_name_eq(&other->id, &l->id) || !pl_name_eq(&other->customer, &l->customer)) return false;
    return l->customer.len > 0 || pl_name_eq(&other->pools[0], &l->pools[0]);
}

/* A full pool shows at least how many came. */
static bool tells(const struct pl_launch_course *c, double factor)
{
    return factor > 1 || c->least_headroom > 0;
}

void pl_launch_learn(const struct pl_launch_book *b, const struct pl_launch *l,
                     struct pl_launch_learned *out)
{
    struct sample channels[PL_CHANNEL_COUNT], kinds = {0};
    for (int i = 0; i < PL_CHANNEL_COUNT; i++) channels[i].count = 0;
    *out = (struct pl_launch_learned){0};
    for (uint32_t i = 0; i < b->used_max; i++) {
        const struct pl_launch_entry *e = &b->entries[i];
        const struct pl_launch_course *c = &e->course;
        if (!e->used || !is_theirs(&e->launch, l) || !is_lesson(e)) continue;
        double came = c->peak_per_s - c->usual_per_s;
        out->event_count++;
        double of_kind = c->usual_per_s * pl_launch_kind_adds(e->launch.kind).p50;
        if (of_kind > 0 && tells(c, came / of_kind)) take(&kinds, came / of_kind, c->onset_unix_ms);
        if (c->guessed_per_s <= 0 || !tells(c, came / c->guessed_per_s)) continue;
        double shares[PL_CHANNEL_COUNT];
        pl_launch_shares(&e->launch, shares);
        for (int t = 0; t < PL_CHANNEL_COUNT; t++) {
            if (shares[t] >= PL_LEARN_SHARE_MIN)
                take(&channels[t], came / c->guessed_per_s, c->onset_unix_ms);
        }
    }
    out->kind = conclude(&kinds);
    for (int t = 0; t < PL_CHANNEL_COUNT; t++) out->channels[t] = conclude(&channels[t]);
}

double pl_launch_factor_error(const struct pl_launch_course *c)
{
    bool ended = c->state == PL_LAUNCH_DONE && c->onset_unix_ms != 0;
    if (!ended || c->peak_per_s <= 0 || c->foreseen.p50 <= 0) return 0;
    double factor = c->peak_per_s / c->foreseen.p50;
    return PL_MAX(factor, 1 / factor);
}

void pl_launch_score(const struct pl_launch_book *b, struct pl_launch_quality *out)
{
    double factors[PL_LAUNCH_MAX];
    uint32_t count = 0;
    *out = (struct pl_launch_quality){0};
    for (uint32_t i = 0; i < b->used_max; i++) {
        const struct pl_launch_entry *e = &b->entries[i];
        if (!e->used) continue;
        if (e->course.state == PL_LAUNCH_ABSENT) out->absent_count++;
        double factor = pl_launch_factor_error(&e->course);
        if (factor == 0) continue;
        factors[count++] = factor;
        out->worst_factor = PL_MAX(out->worst_factor, factor);
        if (factor <= 2) out->factor_2_count++;
        if (e->course.peak_per_s <= e->course.foreseen.p90) out->p90_count++;
    }
    out->scored_count = count;
    if (count > 0) out->median_factor = median(factors, count);
}
