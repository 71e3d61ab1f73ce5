#include "collector/core/judge/anomaly.h"
#include "common/base/base.h"

#include <math.h>

static const double value_max = 1e100;

/* What a rarity is worth. Two deserve a look together when each is about one in a thousand. Being
 * out of season says most; a jump is mostly one of the others again; many things are stuck or calm
 * for good reasons. */
static const double weights[PL_TRAIT_COUNT] = {
    [PL_TRAIT_HIGH] = 1,    [PL_TRAIT_LOW] = 1,      [PL_TRAIT_SHIFT] = 1,  [PL_TRAIT_STUCK] = 0.5,
    [PL_TRAIT_ROUGH] = 0.9, [PL_TRAIT_SEASON] = 1.4, [PL_TRAIT_JUMP] = 0.7,
};
static const double second_weight = 1.2; // two independent witnesses are better than one
static const double rarity_max = 12;     // beyond this a tail is only extrapolated

/* The jump itself counts weight * log10(1 + (jump / unit)^2), by the interval of the series. Up to
 * 150 s noise makes high ranks common and only large jumps tell something; from 45 min on there are
 * too few rows to rank against; in between ranks say more. */
static const double fine_s = 150, coarse_s = 2700;
static const double fine_weight = 16, fine_unit = 3;
static const double usual_weight = 0.8, coarse_weight = 2.5;

static const double quiet_s = 60000; // how long a surprise covers lesser ones: 200 rows at 5 min
static const double quiet_rows_min = 36;

static const double look = 6.8;         // the surprise that scores 0.5
static const double look_step = 3;      // once it was told, only this much more is news
static const double habit = 0.55;       // taken off for each doubling of earlier surprises as large
static const double habit_margin = 0.2; // or nearly as large
static const double peak_min = 3;       // smaller surprises make no habit

void pl_anomaly_init(struct pl_anomaly *a)
{
    *a = (struct pl_anomaly){0};
    pl_traits_init(&a->traits);
    for (int i = 0; i < PL_TRAIT_COUNT; i++) pl_rarity_init(&a->past[i]);
}

/* The interval creeps towards each new distance by at most a tenth, so that holes and repeated
 * stamps do not matter and a changed interval is learned within some dozen rows. */
static void learn_interval(struct pl_anomaly *a, int64_t unix_s)
{
    const double creep = 1.1;
    double distance_s = a->has_begun ? (double)unix_s - (double)a->last_unix_s : 0;
    a->has_begun = true;
    a->last_unix_s = unix_s;
    if (distance_s <= 0) return;
    if (a->interval_s == 0) a->interval_s = distance_s;
    a->interval_s = fmin(fmax(distance_s, a->interval_s / creep), a->interval_s * creep);
}

static double surprise_of_jump(double jump, double interval_s)
{
    if (interval_s <= fine_s) return fine_weight * log10(1 + jump * jump / (fine_unit * fine_unit));
    return (interval_s < coarse_s ? usual_weight : coarse_weight) * log10(1 + jump * jump);
}

struct two {
    double first, second; // largest first
};

static void take(struct two *t, double weight)
{
    if (weight > t->first)
        *t = (struct two){weight, t->first};
    else if (weight > t->second)
        t->second = weight;
}

/* The surprise in one value's traits, before habit. */
static double surprise_of(struct pl_anomaly *a, const double odd[PL_TRAIT_COUNT])
{
    struct two largest = {0, 0};
    for (int i = 0; i < PL_TRAIT_COUNT; i++) {
        if (odd[i] < 0) continue;
        take(&largest, fmin(pl_rarity_of(&a->past[i], odd[i]), rarity_max) * weights[i]);
        pl_rarity_count(&a->past[i], odd[i]);
    }
    take(&largest, surprise_of_jump(odd[PL_TRAIT_JUMP], a->interval_s));
    return largest.first + second_weight * largest.second;
}

static double habit_of(const struct pl_anomaly *a, double surprise)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < a->peak_count; i++) count += a->peaks[i] >= surprise - habit_margin;
    return habit * log2(1.0 + count);
}

static void keep_peak(struct pl_anomaly *a, double peak)
{
    if (peak <= peak_min) return;
    uint32_t at = 0;
    if (a->peak_count < PL_ANOMALY_PEAKS_MAX) {
        at = a->peak_count++;
    } else {
        for (uint32_t i = 1; i < PL_ANOMALY_PEAKS_MAX; i++)
            if (a->peaks[i] < a->peaks[at]) at = i;
        if (peak <= a->peaks[at]) return;
    }
    a->peaks[at] = peak;
}

/* Whether `surprise` is news, or lies in the shadow of what was told. */
static bool tell(struct pl_anomaly *a, double surprise)
{
    double quiet_rows = fmax(quiet_s / fmax(a->interval_s, 1), quiet_rows_min);
    if (a->told_rows < UINT32_MAX) a->told_rows++;
    if (a->told > 0 && a->told_rows > quiet_rows) {
        keep_peak(a, a->told);
        a->told = 0;
    }
    double step = a->told >= look ? look_step : 0;
    if (surprise <= a->told + step) return false;
    a->told = surprise;
    a->told_rows = 0;
    return true;
}

double pl_anomaly_step(struct pl_anomaly *a, double value, int64_t unix_s)
{
    double odd[PL_TRAIT_COUNT];
    if (isnan(value)) return 0;
    learn_interval(a, unix_s);
    value = fmin(fmax(value, -value_max), value_max);
    if (!pl_traits_step(&a->traits, value, unix_s, a->interval_s, odd)) return 0;
    double surprise = surprise_of(a, odd);
    surprise -= habit_of(a, surprise);
    return tell(a, surprise) ? surprise / (surprise + look) : 0;
}
