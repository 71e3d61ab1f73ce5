#include "collector/core/alert/health.h"

#include "common/base/assert.h"

static bool is_broken(const struct pl_target_health *t, enum pl_result_class class,
                      struct pl_now now)
{
    if (class == PL_RESULT_BROKEN || t->rejects >= PL_HEALTH_REJECTS) return true;
    return t->failures >= PL_HEALTH_ATTEMPTS &&
           now.mono_ms - t->failing_mono_ms >= PL_HEALTH_FAILING_MS;
}

bool pl_health_step(struct pl_targets_health *h, uint8_t target, enum pl_result_class class,
                    struct pl_now now)
{
    PL_ASSERT(target < PL_TARGET_MAX);
    struct pl_target_health *t = &h->items[target];
    uint64_t before = h->broken, bit = pl_target_bit(target);
    if (class == PL_RESULT_SENT) {
        *t = (struct pl_target_health){0};
        h->broken &= ~bit;
        return h->broken != before;
    }
    bool goes_on = t->failures > 0 && now.mono_ms - t->last_mono_ms <= PL_HEALTH_APART_MS;
    if (!goes_on && (before & bit) == 0) {
        *t = (struct pl_target_health){.failing_mono_ms = now.mono_ms,
                                       .failing_unix_ms = now.unix_ms};
    }
    t->last_mono_ms = now.mono_ms;
    t->failures++;
    t->rejects = class == PL_RESULT_REJECT ? t->rejects + 1 : 0;
    if (is_broken(t, class, now)) h->broken |= bit;
    return h->broken != before;
}

void pl_health_restore(struct pl_targets_health *h, uint8_t target, int64_t since_unix_ms,
                       struct pl_now now)
{
    PL_ASSERT(target < PL_TARGET_MAX);
    if ((h->broken & pl_target_bit(target)) != 0) return;
    h->broken |= pl_target_bit(target);
    h->items[target] = (struct pl_target_health){.failures = 1,
                                                 .failing_mono_ms = now.mono_ms,
                                                 .last_mono_ms = now.mono_ms,
                                                 .failing_unix_ms = since_unix_ms};
}
