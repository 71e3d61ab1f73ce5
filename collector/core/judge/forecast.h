/* forecast.h - how long until the traffic reaches the capacity, and between which bounds.
 *
 * The best pager is not the best clock: paging asks whether the crossing is likely, and carries
 * growth far ahead to find out early; the clock asks when, and believes only what it sees. Two
 * witnesses, the first that has something to say is heard:
 *
 *   growth   the shortest memory on which traffic changes faster than on ordinary days, if it
 *            grows; surges speed up, so the straight line to the capacity is shortened
 *   season   the first slot of the coming hour whose usual value, at today's level, is the capacity
 *
 * Neither: no number is given, because "some time" is not one. */
#pragma once

#include "collector/core/observe/traffic.h"

enum pl_forecast_source {
    PL_FORECAST_NONE,
    PL_FORECAST_NOW,
    PL_FORECAST_GROWTH,
    PL_FORECAST_SEASON
};

struct pl_forecast {
    enum pl_forecast_source source;
    double seconds;  // the middle: as often too early as too late; 0 with PL_FORECAST_NOW
    double early_s;  // one in ten crossings comes before
    double late_s;   // one in ten comes after
    double double_s; // time in which the traffic doubles at today's growth; 0: it does not grow
};

/* `capacity` > 0, in the unit of the traffic. */
struct pl_forecast pl_forecast_make(const struct pl_traffic *t, double capacity);
/* The curve behind it, to be drawn: the traffic `ahead_s` >= 0 after the newest sample. While
 * growth speaks, the straight line that is at `capacity` when `f` says so; else today's level on
 * the course of the usual day. Negative: nothing is foreseen, or nothing more (a line ends at half
 * as much again as the capacity). */
double pl_forecast_at(const struct pl_forecast *f, const struct pl_traffic *t, double capacity,
                      double ahead_s);
