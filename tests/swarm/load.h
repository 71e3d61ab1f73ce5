/* load.h - what a simulated front end measures, as a function of its load.
 *
 * Load 0 is idle, 1 is all its processor can give; above that requests queue, then the accept queue
 * overflows. All metrics follow from load and a little seeded noise, so a shape makes a whole pool
 * go through a plausible day or launch. */
#pragma once

#include "common/base/rng.h"
#include "common/wire/hello.h"
#include "common/wire/sample.h"

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
