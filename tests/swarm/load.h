/* load.h - what a simulated front end measures, as a function of its load.
 *
 * Load 0 is idle, 1 is all its processor can give; above that requests queue, then the accept queue
 * overflows. All metrics follow from load and a little seeded noise, so a shape file makes a whole
 * pool go through a plausible day or launch. */
#pragma once

#include "common/base/rng.h"
#include "common/wire/hello.h"
#include "common/wire/sample.h"

enum { LOAD_POINTS_MAX = 4096 };

/* A load over time: straight lines between points, level before the first and after the last. */
struct load_shape {
    uint32_t count; // 1 to LOAD_POINTS_MAX
    struct {
        double second, load;
    } points[LOAD_POINTS_MAX]; // seconds rise
};

/* The same load for ever. */
void load_shape_flat(struct load_shape *shape, double load);
/* Text "second,load" per line; a first line that is no number is a heading. Returns 0, or the
 * number of the first line that is wrong (seconds must rise, load is 0 to 10). */
uint32_t load_shape_parse(struct pl_span text, struct load_shape *shape);
double load_shape_at(const struct load_shape *shape, double second);

/* What one front end remembers from sample to sample. */
struct load_host {
    struct pl_rng rng;
    double load_average, established, time_wait, memory;
};

void load_host_init(struct load_host *host, uint64_t seed);
/* Its machine: PL_FACT_COUNT facts. */
void load_host_facts(struct pl_fact_value *facts);
/* Advance by `elapsed_s` under `load` and fill `values` (PL_METRIC_COUNT of them). */
void load_host_step(struct load_host *host, double load, double elapsed_s, int32_t *values);
