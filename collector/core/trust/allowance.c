#include "collector/core/trust/allowance.h"

#include "common/base/assert.h"

int64_t pl_allowance_take(struct pl_allowance *a, const struct pl_allowance_plan *plan,
                          int64_t now_mono_ms)
{
    PL_ASSERT(plan->every_ms > 0 && plan->burst > 0);
    int64_t full_ms = PL_MAX(a->full_mono_ms, now_mono_ms) + plan->every_ms;
    int64_t wait_ms = full_ms - now_mono_ms - plan->burst * plan->every_ms;
    if (wait_ms > 0) return wait_ms;
    a->full_mono_ms = full_ms;
    return 0;
}
