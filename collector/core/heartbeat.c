#include "collector/core/heartbeat.h"

#include "common/base/base.h"

struct pl_heartbeat pl_heartbeat_init(int64_t interval_ms, int64_t now_mono_ms)
{
    return (struct pl_heartbeat){.interval_ms = interval_ms, .due_mono_ms = now_mono_ms};
}

bool pl_heartbeat_step(struct pl_heartbeat *h, bool pages_get_through, int64_t now_mono_ms)
{
    if (h->interval_ms == 0 || h->asking || now_mono_ms < h->due_mono_ms) return false;
    h->withheld = !pages_get_through;
    if (h->withheld) return false; // as soon as it is so again
    h->asking = true;
    h->due_mono_ms = now_mono_ms + h->interval_ms;
    return true;
}

void pl_heartbeat_answered(struct pl_heartbeat *h, bool accepted, int64_t now_mono_ms)
{
    h->asking = false;
    h->refused = !accepted;
    if (!accepted) h->due_mono_ms = PL_MIN(h->due_mono_ms, now_mono_ms + PL_HEARTBEAT_AGAIN_MS);
}
