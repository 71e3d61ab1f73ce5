/* chart_svg.h - one pool of a replay as a picture: traffic against capacity, pages and warnings.
 *
 *     class      what it is
 *     line area  traffic: the mean of each cell, and up to its highest value
 *     capacity   the capacity, dashed
 *     page warn  a mark per alert that opened, with its sentence as tooltip
 *
 * A self-contained SVG 1.1 document without scripts; colours follow prefers-color-scheme, and
 * pages and warnings differ in shape, not only in colour. Times are UTC and the axis says so. */
#pragma once

#include "collector/cli/story.h"

#include <stdio.h>

/* `p` NULL: a chart that says that nothing was recorded. The caller looks at the stream. */
void pl_chart_svg(const struct pl_story *s, const struct pl_story_pool *p, FILE *out);
