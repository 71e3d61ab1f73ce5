#include "collector/core/judge/line.h"

#include "common/base/base.h"

#include <math.h>

static const double bin_weight_min = 1; // values; a bin with fewer says nothing
static const double end_weight = 6;     // values that must lie beyond to call a load seen
static const int bins_min = 3;
/* However often a bin was seen: no curve is straight to better than this. */
static const double misfit = 0.002, misfit_share = 0.01;
static const double median_loss = M_PI / 2;       // variance of a median over that of a mean
static const double deviation_of_spread = 1.2533; // sqrt(pi / 2): mean distance to deviation
static const double huber = 1.5;                  // deviations
static const int rounds = 4;
static const double slope_deviations = 4; // a slope of less may be chance
static const double follows_min = 0.02;   // of the resource must be due to the load seen
static const double drift_follows_min = 0.03;
static const double drift_min = -0.5, drift_max = 1;
/* Doubt for each time the largest load seen must be added to reach the answer. */
static const double beyond_doubt = 0.025;
/* A request that finds its server asleep also pays for waking it, and those that wait in a queue
 * are taken several at a time: real services cost less per unit of load when full than under half
 * of it, every one that was measured, by 5 to 10 % (tests/bench/service_capacity). Nothing seen
 * under half load tells by how much: over such a span the bend is smaller than what a bin is
 * believed to. So the middle takes the lesser part of it (processors that share a core lose some of
 * it again when all are busy), and the upper bound all. */
static const double busy_saving = 0.04, busy_saving_most = 0.1;
static const double tenth = 1.2816; // deviations: one in ten lies beyond

struct point {
    double load, used, variance, trust; // trust: Huber's weight, at most 1
};

struct sums {
    double w, x, y, xx, xy; // about the means: xx, xy
};

/* How far values usually are from the level of their bin: a bin of few values cannot tell itself.
 */
static double usual_spread(const struct pl_curve *c, const double *weights)
{
    double sum = 0, weight = 0;
    for (int i = 0; i < PL_CURVE_BINS; i++) {
        sum += weights[i] * (double)c->bins[i].spread;
        weight += weights[i];
    }
    return weight > 0 ? sum / weight : 0;
}

/* The loads that were seen for long enough at either end, so that one odd value is no end. */
static void find_ends(const struct pl_curve *c, const double *weights, struct pl_line *line)
{
    double below = 0, above = 0;
    for (int i = 0; i < PL_CURVE_BINS && below < end_weight; i++) {
        below += weights[i];
        if (weights[i] > 0) line->load_min = (double)c->bins[i].load;
    }
    for (int i = PL_CURVE_BINS - 1; i >= 0 && above < end_weight; i--) {
        above += weights[i];
        if (weights[i] > 0) line->load_max = (double)c->bins[i].load;
    }
}

static int collect(const struct pl_curve *c, int64_t unix_ms, struct point *points,
                   struct pl_line *line)
{
    int count = 0;
    double weights[PL_CURVE_BINS];
    for (int i = 0; i < PL_CURVE_BINS; i++) {
        weights[i] = pl_curve_weight(&c->bins[i], unix_ms);
        line->weight += weights[i];
    }
    double usual = usual_spread(c, weights);
    find_ends(c, weights, line);
    for (int i = 0; i < PL_CURVE_BINS; i++) {
        const struct pl_curve_bin *bin = &c->bins[i];
        double weight = weights[i];
        if (weight < bin_weight_min) continue;
        double deviation = deviation_of_spread * PL_MAX((double)bin->spread, usual);
        double off = misfit + misfit_share * (double)bin->used;
        points[count++] = (struct point){
            .load = (double)bin->load,
            .used = (double)bin->used,
            .variance = median_loss * deviation * deviation / weight + off * off,
            .trust = 1,
        };
    }
    return count;
}

static struct sums sum(const struct point *points, int count)
{
    struct sums s = {0};
    for (int i = 0; i < count; i++) {
        double w = points[i].trust / points[i].variance;
        s.w += w;
        s.x += w * points[i].load;
        s.y += w * points[i].used;
    }
    s.x /= s.w;
    s.y /= s.w;
    for (int i = 0; i < count; i++) {
        double w = points[i].trust / points[i].variance;
        double x = points[i].load - s.x;
        s.xx += w * x * x;
        s.xy += w * x * (points[i].used - s.y);
    }
    return s;
}

/* Trust each point by its distance from the line. Returns how much wider than expected they lie,
 * as a variance, at least 1. */
static double doubt(struct point *points, int count, const struct sums *s)
{
    double slope = s->xy / s->xx, wide = 0;
    for (int i = 0; i < count; i++) {
        struct point *p = &points[i];
        double off = fabs(p->used - s->y - slope * (p->load - s->x)) / sqrt(p->variance);
        p->trust = off <= huber ? 1 : huber / off;
        wide += p->trust * off * off;
    }
    return PL_MAX(wide / (count - 2), 1);
}

struct pl_line pl_line_fit(const struct pl_curve *c, int64_t unix_ms)
{
    struct point points[PL_CURVE_BINS];
    struct pl_line line = {.gap = PL_LINE_NEW};
    int count = collect(c, unix_ms, points, &line);
    if (count == 0 || line.weight < PL_LINE_WEIGHT_MIN) return line;
    line.gap = PL_LINE_SPAN;
    if (count < bins_min || line.load_max < PL_LINE_SPAN_MIN * line.load_min) return line;
    struct sums s = {0};
    double wide = 1;
    for (int i = 0; i < rounds; i++) {
        s = sum(points, count);
        wide = doubt(points, count, &s);
    }
    line.mean_load = s.x;
    line.level_variance = wide / s.w;
    line.slope_variance = wide / s.xx;
    double slope = s.xy / s.xx;
    bool follows = slope > slope_deviations * sqrt(line.slope_variance) &&
                   slope * line.load_max >= follows_min;
    line.gap = follows ? PL_LINE_KNOWN : PL_LINE_FLAT;
    line.slope = follows ? slope : 0;
    line.base = s.y - line.slope * s.x;
    return line;
}

void pl_line_drift(struct pl_line *line, double load, double used)
{
    double follows = line->slope * load;
    if (line->gap != PL_LINE_KNOWN || follows < drift_follows_min) return;
    double drift = (used - line->base - follows) / follows;
    line->drift = PL_MAX(PL_MIN(drift, drift_max), drift_min);
}

struct pl_estimate pl_line_reach(const struct pl_line *line, double level)
{
    if (line->gap != PL_LINE_KNOWN || level <= line->base) return (struct pl_estimate){0};
    /* The truth lies between the two memories: in the middle, and either is within the range. */
    double slope = line->slope * (1 + line->drift / 2);
    double load = (level - line->base) / slope;
    double away = load - line->mean_load;
    double error = sqrt(line->level_variance + away * away * line->slope_variance) / (slope * load);
    double further = PL_MAX(load / line->load_max - 1, 0);
    double beyond = beyond_doubt * further;
    double drift = line->drift / 2;
    double deviation = sqrt(error * error + beyond * beyond + drift * drift);
    double factor = exp(tenth * deviation);
    double bend = PL_MIN(further, 1);
    return (struct pl_estimate){load / factor, load * (1 + busy_saving * bend),
                                load * factor * (1 + busy_saving_most * bend)};
}
