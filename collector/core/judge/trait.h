/* trait.h - in how many ways one value of a series is odd, each as a plain distance >= 0.
 *
 * Seven questions are asked of every value, against what the series did before: is it higher or
 * lower than it ever is, has its level moved, is it stuck, has it become rougher or calmer, does it
 * not fit the time of day, did it jump. The answers are in deviations
 * or octaves and cannot be compared with each other; rarity.h makes them comparable. Nothing is
 * answered for the first PL_TRAIT_WARM_ROWS values: they tell what is usual. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum pl_trait {
    PL_TRAIT_HIGH,   // above the median of the first rows, in their standard deviations
    PL_TRAIT_LOW,    // below it
    PL_TRAIT_SHIFT,  // short average away from the long one, in deviations from the long one
    PL_TRAIT_STUCK,  // 36 from the 36th row without a change on, else 1
    PL_TRAIT_ROUGH,  // octaves between the recent variance of the steps and its long average
    PL_TRAIT_SEASON, // away from what this time of day has, in deviations of the same
    PL_TRAIT_JUMP,   // away from the average of the last rows, in deviations of the same
    PL_TRAIT_COUNT,
};

enum { PL_TRAIT_WARM_ROWS = 100, PL_TRAIT_SLOTS = 288 }; // slots: one day in steps of five minutes

struct pl_traits {
    double first[PL_TRAIT_WARM_ROWS]; // the first values
    uint32_t first_count;
    double median, deviation; // of the first values
    double last;
    uint32_t stuck_rows;             // values equal to the one before
    double near_mean, near_variance; // of the last rows, and of the distances from it
    double short_mean;
    double long_mean, long_variance;                // and of the distances from it
    double short_step_variance, long_step_variance; // of the steps from row to row
    double season_variance;                         // of the distances from the season
    double season[PL_TRAIT_SLOTS];                  // NAN: nothing seen at that time of day
};

void pl_traits_init(struct pl_traits *t);
/* One more value, finite and at most 1e100 in magnitude, taken at `unix_s` in a series that has
 * about one value every `interval_s` (0: not known). Returns false during the first rows, else
 * true with `odd` filled, one answer per trait: 0 to 1e12, or -1 for SEASON where nothing was seen
 * yet at that time of day. */
bool pl_traits_step(struct pl_traits *t, double value, int64_t unix_s, double interval_s,
                    double odd[PL_TRAIT_COUNT]);
