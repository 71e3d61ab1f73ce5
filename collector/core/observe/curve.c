#include "collector/core/observe/curve.h"

#include "common/base/base.h"

#include <math.h>

enum { MINUTE_MS = 60 * 1000, FIRST_VALUES = 8 };

/* Values are basis points: a resource that never moved is known as exactly as that. */
static const double spread_min = 1e-4;
static const double spread_clip = 4; // deviations that one value may count as
/* Half a deviation decides: three of ten values lie nearer. A step must be larger by as much, or an
 * average would settle more slowly than the values' own noise (Robbins and Monro's condition). */
static const double level_clip = 0.5, level_step = 3.2;
static const double empty_weight = 0.5;  // forgotten
static const double seldom_weight = 6;   // a load that was not seen for long
static const float inside_counts = 0.1F; // against those outside
static const double load_min = 1.0 / 16; // per second; less is none

double pl_curve_weight(const struct pl_curve_bin *bin, int64_t unix_ms)
{
    int64_t age_ms = unix_ms - (int64_t)bin->unix_minute * MINUTE_MS;
    if (age_ms <= MINUTE_MS || bin->weight <= 0) return (double)bin->weight;
    return (double)bin->weight * exp(-(double)age_ms / (double)PL_CURVE_MEMORY_MS);
}

/* floor(8 log2 load), by the exponent and where the mantissa is among the eighths of an octave. */
static int32_t number_of(double load)
{
    /* 2^(n/8) / 2, for n = 1 to 7 */
    static const double steps[] = {0.5452538663326288, 0.5946035575013605, 0.6484197773255048,
                                   0.7071067811865476, 0.7711054127039704, 0.8408964152537145,
                                   0.9170040432046712};
    int exponent;
    double mantissa = frexp(PL_MAX(load, load_min), &exponent); // 0.5 to 1
    int32_t number = (exponent - 1) * PL_CURVE_BINS_PER_OCTAVE;
    for (size_t i = 0; i < PL_LEN(steps); i++) number += mantissa >= steps[i];
    return number;
}

static bool has_lasted(const struct pl_curve *c)
{
    return c->outside >= PL_CURVE_OUTSIDE_MAX;
}

/* Renumber the bins: what was in bins[i + by] is in bins[i]. What falls off the lower end is
 * forgotten: it has the least to say about the upper. False if it is too early for that. */
static bool move_up(struct pl_curve *c, int32_t by, int64_t unix_ms)
{
    bool loses = false;
    for (int32_t i = 0; i < PL_MIN(by, PL_CURVE_BINS); i++)
        loses = loses || pl_curve_weight(&c->bins[i], unix_ms) >= empty_weight;
    if (loses && !has_lasted(c)) return false;
    for (int32_t i = 0; i < PL_CURVE_BINS; i++) {
        bool known = by < PL_CURVE_BINS && i + by < PL_CURVE_BINS;
        c->bins[i] = known ? c->bins[i + by] : (struct pl_curve_bin){0};
    }
    c->lowest += by;
    c->outside = 0;
    return true;
}

/* What was the lowest bin took all that lay below it: it belongs where its mean load is. */
static void put_right(struct pl_curve *c, int32_t was_lowest)
{
    struct pl_curve_bin bin = c->bins[was_lowest];
    int32_t at = PL_MAX(number_of((double)bin.load) - c->lowest, 0);
    if (bin.weight <= 0 || at == was_lowest) return;
    c->bins[was_lowest] = (struct pl_curve_bin){0};
    if (at < PL_CURVE_BINS && c->bins[at].weight <= 0) c->bins[at] = bin; // else it is no loss
}

/* As far down as the upper bins are empty, or nearly so after some time. */
static void move_down(struct pl_curve *c, int32_t by, int64_t unix_ms)
{
    int32_t top = PL_CURVE_BINS;
    double enough = has_lasted(c) ? seldom_weight : empty_weight;
    while (top > 0 && pl_curve_weight(&c->bins[top - 1], unix_ms) < enough) top--;
    by = PL_MIN(by, PL_CURVE_BINS - top);
    if (by <= 0) return;
    for (int32_t i = PL_CURVE_BINS - 1; i >= 0; i--) {
        c->bins[i] = i >= by ? c->bins[i - by] : (struct pl_curve_bin){0};
    }
    c->lowest -= by;
    c->outside = 0;
    if (by < PL_CURVE_BINS) put_right(c, by);
}

void pl_curve_fetch(const struct pl_curve *c, double load)
{
    int32_t at = number_of(load) - c->lowest;
    __builtin_prefetch(&c->bins[PL_MAX(PL_MIN(at, PL_CURVE_BINS - 1), 0)], 1);
}

/* NULL: above all of them. */
static struct pl_curve_bin *bin_of(struct pl_curve *c, double load, int64_t unix_ms)
{
    int32_t number = number_of(load);
    if (!c->started) {
        c->started = true;
        c->lowest = number - PL_CURVE_BINS / 2;
    }
    int32_t above = number - (c->lowest + PL_CURVE_BINS - 1), below = c->lowest - number;
    c->outside = above > 0 || below > 0 ? PL_MIN(c->outside + 1, PL_CURVE_OUTSIDE_MAX)
                                        : PL_MAX(c->outside - inside_counts, 0);
    if (above > 0 && !move_up(c, above, unix_ms)) return NULL;
    if (below > 0) move_down(c, below, unix_ms);
    return &c->bins[PL_MAX(number - c->lowest, 0)];
}

void pl_curve_step(struct pl_curve *c, double load, double used, int64_t unix_ms)
{
    struct pl_curve_bin *bin = bin_of(c, load, unix_ms);
    if (!bin) return;
    double weight = pl_curve_weight(bin, unix_ms);
    if (weight < empty_weight) {
        *bin = (struct pl_curve_bin){0};
        weight = 0;
    }
    weight += 1;
    double gain = 1 / weight;
    double level = (double)bin->used, spread = (double)bin->spread;
    double off = used - level;
    double size = fabs(off), clip = PL_MAX(spread, spread_min);
    if (weight > FIRST_VALUES) {
        size = PL_MIN(size, spread_clip * clip);
        off = level_step * PL_MAX(PL_MIN(off, level_clip * clip), -level_clip * clip);
    } else if (weight < 1 + empty_weight) {
        size = 0; // the first: there is no level yet to be away from
    }
    bin->load += (float)((load - (double)bin->load) * gain);
    bin->used = (float)(level + off * gain);
    bin->spread = (float)(spread + (size - spread) * gain);
    bin->weight = (float)weight;
    bin->unix_minute = (uint32_t)(PL_MAX(unix_ms, 0) / MINUTE_MS);
}

void pl_curve_rescale(struct pl_curve *c, double factor)
{
    for (int i = 0; i < PL_CURVE_BINS; i++) {
        c->bins[i].used *= (float)factor;
        c->bins[i].spread *= (float)factor;
    }
}
