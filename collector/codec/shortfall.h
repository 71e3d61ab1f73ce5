/* shortfall.h - what is missing in a pool for the most that is foreseen within an hour and the loss
 * of a host, in things one can buy: "1 more host like fe2, or +8 GiB of memory in each". */
#pragma once

#include "collector/core/engine.h"
#include "common/base/text.h"

enum {
    PL_SHORTFALL_AHEAD_MS = 3600 * 1000, // how far is looked ahead
    PL_SHORTFALL_STEP_MS = PL_BASELINE_SLOT_MS,
    PL_SHORTFALL_TEXT_BYTES = 160, // room for every text, its NUL included
};

/* Unknown where the pool's capacity is; nothing else counts then. */
struct pl_shortfall pl_shortfall_of(const struct pl_engine *engine, uint32_t pool);
/* What every host like `like` must have more of, `missing->each_factor` being over 1: "+8 GiB of
 * memory", "+2 cores", or, where the machine does not say how much it has, "1.4 times the workers".
 * Rather too much than too little. */
void pl_shortfall_each_write(const struct pl_shortfall *missing, const struct pl_host *like,
                             struct pl_text *out);
/* What helps; nothing if nothing is missing or known, or if the alert is no lack of capacity. */
void pl_shortfall_text_write(const struct pl_engine *engine, const struct pl_alert *alert,
                             struct pl_text *out);
