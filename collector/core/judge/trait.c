#include "collector/core/judge/trait.h"
#include "common/base/assert.h"

#include <math.h>

/* Averages forget exponentially; a share of s looks back about 1/s rows. */
static const double near_share = 0.028;     // 36 rows: where the value should be now
static const double short_share = 0.06;     // 17 rows: where the series is now
static const double short_step_share = 0.4; // 2 or 3 rows: how rough it is now
static const double long_share = 0.0025;    // 400 rows: what is usual; most of 1.4 days at 5 min

/* The season learns this share of the difference per day and slot. */
static const double season_share = 0.25;
static const double slot_s = 300;
static const int64_t day_s = 86400;

/* Variances never fall under these shares of the variance of the first rows, so that a series that
 * is constant for a while does not make its next ripple infinitely odd. */
static const double floor_jump = 4e-4;
static const double floor_season = 1e-3;
static const double floor_long = 1e-4;

static const uint32_t stuck_rows_min = 36; // a value may well come some dozen times in a row

/* The deviation of a series that began constant: this share of its value, or this if that is 0. */
static const double deviation_min = 1e-9;
static const double odd_max = 1e12; // no answer is larger

void pl_traits_init(struct pl_traits *t)
{
    *t = (struct pl_traits){0};
    for (int i = 0; i < PL_TRAIT_SLOTS; i++) t->season[i] = (double)NAN;
}

static void follow(double *mean, double value, double share)
{
    *mean += (value - *mean) * share;
}

static double square(double x)
{
    return x * x;
}

static double ratio(double distance, double variance)
{
    return fmin(fabs(distance) / sqrt(variance), odd_max);
}

/* Insertion sort, once in the life of a series. */
static double median_of(const double *values, int count)
{
    double sorted[PL_TRAIT_WARM_ROWS];
    for (int i = 0; i < count; i++) {
        int at = i;
        for (; at > 0 && sorted[at - 1] > values[i]; at--) sorted[at] = sorted[at - 1];
        sorted[at] = values[i];
    }
    return sorted[count / 2];
}

/* What is usual, from the first rows. */
static void begin(struct pl_traits *t)
{
    const int count = PL_TRAIT_WARM_ROWS;
    double mean = 0, variance = 0, step_variance = 0;
    for (int i = 0; i < count; i++) mean += t->first[i] / count;
    for (int i = 0; i < count; i++) variance += square(t->first[i] - mean) / count;
    for (int i = 1; i < count; i++) step_variance += square(t->first[i] - t->first[i - 1]) / count;
    t->median = median_of(t->first, count);
    t->deviation = fmax(sqrt(variance), deviation_min * fabs(mean));
    if (t->deviation < deviation_min * deviation_min) t->deviation = deviation_min;
    t->near_mean = t->first[count - 1];
    t->short_mean = t->long_mean = mean;
    t->near_variance = t->short_step_variance = t->long_step_variance = step_variance;
    t->long_variance = t->season_variance = square(t->deviation);
}

/* ---- the questions; each answers first and learns afterwards ---- */

static double ask_shift(struct pl_traits *t, double value)
{
    follow(&t->short_mean, value, short_share);
    follow(&t->long_mean, value, long_share);
    double odd =
        ratio(t->short_mean - t->long_mean, t->long_variance + floor_long * square(t->deviation));
    follow(&t->long_variance, square(value - t->long_mean), long_share);
    return odd;
}

static double ask_stuck(struct pl_traits *t, double value)
{
    if (value != t->last)
        t->stuck_rows = 0;
    else if (t->stuck_rows < stuck_rows_min)
        t->stuck_rows++;
    return t->stuck_rows < stuck_rows_min ? 1 : stuck_rows_min;
}

static double ask_rough(struct pl_traits *t, double value)
{
    double step = square(value - t->last);
    double floor = floor_long * square(t->deviation);
    follow(&t->short_step_variance, step, short_step_share);
    follow(&t->long_step_variance, step, long_share);
    return fabs(log2((t->short_step_variance + floor) / (t->long_step_variance + floor)));
}

static double ask_season(struct pl_traits *t, double value, const double *slot)
{
    if (isnan(*slot)) return -1;
    double distance = value - *slot;
    double odd = ratio(distance, t->season_variance + floor_season * square(t->deviation));
    follow(&t->season_variance, square(distance), long_share);
    return odd;
}

static double ask_jump(struct pl_traits *t, double value)
{
    double distance = value - t->near_mean;
    double odd = ratio(distance, t->near_variance + floor_jump * square(t->deviation));
    follow(&t->near_variance, square(distance), long_share);
    follow(&t->near_mean, value, near_share);
    return odd;
}

static double *slot_at(struct pl_traits *t, int64_t unix_s)
{
    int64_t second = unix_s % day_s;
    if (second < 0) second += day_s;
    return &t->season[second * PL_TRAIT_SLOTS / day_s];
}

static void learn_season(double *slot, double value, double interval_s)
{
    if (isnan(*slot)) *slot = value;
    double rows_per_slot = interval_s > 0 ? fmax(slot_s / interval_s, 1) : 1;
    *slot += (value - *slot) * season_share / rows_per_slot;
}

bool pl_traits_step(struct pl_traits *t, double value, int64_t unix_s, double interval_s,
                    double odd[PL_TRAIT_COUNT])
{
    PL_ASSERT(fabs(value) <= 1e100); // false for NAN
    double *slot = slot_at(t, unix_s);
    bool is_warm = t->first_count == PL_TRAIT_WARM_ROWS;
    double stuck = ask_stuck(t, value); // counts from the first row on
    if (is_warm) {
        double above = (value - t->median) / t->deviation;
        odd[PL_TRAIT_HIGH] = fmin(fmax(above, 0), odd_max);
        odd[PL_TRAIT_LOW] = fmin(fmax(-above, 0), odd_max);
        odd[PL_TRAIT_SHIFT] = ask_shift(t, value);
        odd[PL_TRAIT_STUCK] = stuck;
        odd[PL_TRAIT_ROUGH] = ask_rough(t, value);
        odd[PL_TRAIT_SEASON] = ask_season(t, value, slot);
        odd[PL_TRAIT_JUMP] = ask_jump(t, value);
    } else {
        t->first[t->first_count++] = value;
        if (t->first_count == PL_TRAIT_WARM_ROWS) begin(t);
    }
    t->last = value;
    learn_season(slot, value, interval_s);
    return is_warm;
}
