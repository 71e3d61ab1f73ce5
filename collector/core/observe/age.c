#include "collector/core/observe/age.h"

void pl_age_hello(struct pl_age *a, int64_t stamp_unix_ms, int64_t now_mono_ms)
{
    *a = (struct pl_age){.known = true, .base_ms = now_mono_ms - stamp_unix_ms};
}

/* Followed while samples are behind: believe the new difference once it has stopped shrinking. */
static bool settled(struct pl_age *a, int64_t difference_ms, int64_t now_mono_ms)
{
    if (!a->behind || difference_ms < a->behind_ms - PL_AGE_CATCH_UP_MS) {
        a->behind = true;
        a->behind_ms = difference_ms;
        a->behind_since_mono_ms = now_mono_ms;
    }
    return now_mono_ms - a->behind_since_mono_ms >= PL_AGE_SETTLE_MS;
}

int64_t pl_age_step(struct pl_age *a, int64_t stamp_unix_ms, int64_t now_mono_ms)
{
    int64_t difference_ms = now_mono_ms - stamp_unix_ms;
    if (!a->known) *a = (struct pl_age){.known = true, .base_ms = difference_ms};
    int64_t age_ms = difference_ms - a->base_ms;
    if (age_ms <= PL_AGE_CATCH_UP_MS) {
        a->behind = false;
        return age_ms > 0 ? age_ms : 0;
    }
    if (!settled(a, difference_ms, now_mono_ms)) return age_ms;
    *a = (struct pl_age){.known = true, .base_ms = difference_ms};
    return 0;
}
