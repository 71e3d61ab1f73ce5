/* shape.h - a load over time, read from a file: straight lines between points, level before the
 * first and after the last.
 *
 * Two forms, told apart by the first line:
 *
 *     second,load        a load by itself: 1 is all a front end can give. The heading may be
 * missing timestamp,value    recorded traffic, as `plimsoll replay` reads it: seconds count from
 * the first row, an empty value is a gap that a straight line bridges
 *
 * Lines that begin with '#' and empty ones are passed over. */
#pragma once

#include "common/base/base.h"
#include "common/base/span.h"

enum { SHAPE_POINTS_MAX = 100000, SHAPE_LOAD_MAX = 10 };

struct shape {
    uint32_t count; // 1 to SHAPE_POINTS_MAX
    struct {
        double second, load;
    } points[SHAPE_POINTS_MAX]; // seconds rise
};

/* How what is written becomes seconds and load; both above 0. */
struct shape_units {
    double speed; // seconds of the file that pass in one second
    double full;  // the value of the file that is load 1
};

/* The same load for ever. */
void shape_flat(struct shape *shape, double load);
/* NULL, or what is wrong with the line whose number is then in `*line`, from 1 on. */
PL_MUST_CHECK const char *shape_parse(struct pl_span text, const struct shape_units *units,
                                      struct shape *shape, uint32_t *line);
double shape_at(const struct shape *shape, double second);
