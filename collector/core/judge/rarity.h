/* rarity.h - how rare a number is among all the numbers of its kind seen so far.
 *
 * Any measure of oddity ("how far from the median", "how many rows without a change") becomes
 * comparable with any other when it is told as the share of its own past that was at least as
 * extreme: rarity = -log10(share), so 3 is one in a thousand. The past is a histogram with eight
 * bins per octave, plus the largest few exactly; past the maximum a Pareto tail goes on, its index
 * Hill's estimate (Annals of Statistics 3, 1975) drawn towards a prior. Nothing is forgotten, and
 * the memory is fixed. */
#pragma once

#include <stdint.h>

/* Eight bins per octave from 2^-8 to 2^16; what lies outside counts in the first or last one. */
enum { PL_RARITY_BLOCKS = 12, PL_RARITY_BLOCK_BINS = 16, PL_RARITY_TOP_MAX = 8 };

struct pl_rarity {
    uint32_t bins[PL_RARITY_BLOCKS * PL_RARITY_BLOCK_BINS];
    uint32_t blocks[PL_RARITY_BLOCKS]; // sums of the bins, so that counting takes few steps
    uint32_t count;                    // at UINT32_MAX nothing more is counted
    uint32_t top_count;
    double top[PL_RARITY_TOP_MAX]; // largest first
};

void pl_rarity_init(struct pl_rarity *r);
/* The rarity of `number` (>= 0, finite) before it is counted: >= 0, and 0 while fewer than ten
 * have been counted. */
double pl_rarity_of(const struct pl_rarity *r, double number);
void pl_rarity_count(struct pl_rarity *r, double number);
