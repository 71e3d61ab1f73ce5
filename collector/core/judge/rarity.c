#include "collector/core/judge/rarity.h"
#include "common/base/assert.h"
#include "common/base/base.h"

#include <math.h>

enum { BIN_COUNT = PL_RARITY_BLOCKS * PL_RARITY_BLOCK_BINS, COUNT_MIN = 10 };
_Static_assert((int)COUNT_MIN > (int)PL_RARITY_TOP_MAX, "the top is full when it is asked");

static const double bins_per_octave = 8;
static const double first_octave = -8;

static const double tail_prior = 1.5;          // index of a tail nobody has seen: heavy
static const double tail_prior_strength = 1.4; // worth this many of the largest numbers

static const double tiny = 1e-9; // keeps logarithms and ratios of zeros finite

void pl_rarity_init(struct pl_rarity *r)
{
    *r = (struct pl_rarity){0};
}

/* Where `number` lies, in bins and fractions of one. */
static double position(double number)
{
    double at = (log2(number + tiny) - first_octave) * bins_per_octave;
    return fmin(fmax(at, 0), BIN_COUNT - 1);
}

/* How many were at least as large, the bin of `number` itself split evenly on the log scale. */
static double count_above(const struct pl_rarity *r, double number)
{
    double at = position(number);
    uint32_t bin = (uint32_t)at;
    uint32_t block = bin / PL_RARITY_BLOCK_BINS;
    uint64_t above = 0;
    for (uint32_t i = bin + 1; i < (block + 1) * PL_RARITY_BLOCK_BINS; i++) above += r->bins[i];
    for (uint32_t i = block + 1; i < PL_RARITY_BLOCKS; i++) above += r->blocks[i];
    return (double)above + r->bins[bin] * (1 - (at - bin));
}

static double tail_index(const struct pl_rarity *r)
{
    double least = r->top[PL_RARITY_TOP_MAX - 1] + tiny;
    double logs = 0;
    for (uint32_t i = 0; i + 1 < PL_RARITY_TOP_MAX; i++) logs += log((r->top[i] + tiny) / least);
    return (PL_RARITY_TOP_MAX - 1 + tail_prior_strength) /
           (logs + tail_prior_strength / tail_prior);
}

double pl_rarity_of(const struct pl_rarity *r, double number)
{
    PL_ASSERT(number >= 0 && isfinite(number));
    if (r->count < COUNT_MIN) return 0;
    double above = 0, beyond = 0;
    for (int i = 0; i < PL_RARITY_TOP_MAX; i++) above += r->top[i] >= number;
    if (above == 0)
        beyond = tail_index(r) * log10((number + tiny) / (r->top[0] + tiny));
    else if (above == PL_RARITY_TOP_MAX)
        above = fmax(above, count_above(r, number));
    return fmax(beyond - log10((above + 0.5) / (r->count + 1.0)), 0);
}

static void keep_if_large(struct pl_rarity *r, double number)
{
    if (r->top_count == PL_RARITY_TOP_MAX && number <= r->top[PL_RARITY_TOP_MAX - 1]) return;
    uint32_t at = r->top_count < PL_RARITY_TOP_MAX ? r->top_count++ : PL_RARITY_TOP_MAX - 1;
    for (; at > 0 && r->top[at - 1] < number; at--) r->top[at] = r->top[at - 1];
    r->top[at] = number;
}

void pl_rarity_count(struct pl_rarity *r, double number)
{
    PL_ASSERT(number >= 0 && isfinite(number));
    if (r->count == UINT32_MAX) return;
    uint32_t bin = (uint32_t)position(number);
    r->bins[bin]++;
    r->blocks[bin / PL_RARITY_BLOCK_BINS]++;
    r->count++;
    keep_if_large(r, number);
}
