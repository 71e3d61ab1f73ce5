#include "collector/core/observe/age.h"

void pl_age_hello(struct pl_age *a, int64_t stamp_unix_ms, int64_t now_mono_ms)
{
    *a = (struct pl_age){.known = true, .base_ms = now_mono_ms - stamp_unix_ms};
}

/* Followed while samples are late: believe the new difference once it has stopped shrinking. */
static bool settled(struct pl_age *a, int64_t difference_ms, int64_t now_mono_ms)
{
    if (!a->late || difference_ms < a->late_ms - PL_AGE_CATCH_UP_MS) {
        a->late = true;
        a->late_ms = difference_ms;
        a->late_since_ms = now_mono_ms;
    }
    return now_mono_ms - a->late_since_ms >= PL_AGE_SETTLE_MS;
}

int64_t pl_age_step(struct pl_age *a, int64_t stamp_unix_ms, int64_t now_mono_ms)
{
    int64_t difference_ms = now_mono_ms - stamp_unix_ms;
    if (!a->known || difference_ms < a->base_ms) {
        *a = (struct pl_age){.known = true, .base_ms = difference_ms};
        return 0;
    }
    int64_t age_ms = difference_ms - a->base_ms;
    if (age_ms <= PL_AGE_LATE_MS) {
        a->late = false;
        return age_ms;
    }
    if (!settled(a, difference_ms, now_mono_ms)) return age_ms;
    *a = (struct pl_age){.known = true, .base_ms = difference_ms};
    return 0;
}
