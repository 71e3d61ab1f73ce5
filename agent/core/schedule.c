#include "agent/core/schedule.h"

#include "common/base/base.h"

void pl_schedule_init(struct pl_schedule *s, int64_t interval_ms, int64_t now_mono_ms)
{
    *s = (struct pl_schedule){.configured_ms = interval_ms,
                              .base_ms = interval_ms,
                              .interval_ms = interval_ms,
                              .until_mono_ms = INT64_MAX,
                              .due_mono_ms = now_mono_ms};
}

int64_t pl_schedule_step(struct pl_schedule *s, int64_t now_mono_ms)
{
    int64_t late_ms = PL_MAX(now_mono_ms - s->due_mono_ms, 0);
    if (now_mono_ms >= s->until_mono_ms) {
        s->interval_ms = s->base_ms;
        s->until_mono_ms = INT64_MAX;
    }
    s->due_mono_ms += (late_ms / s->interval_ms + 1) * s->interval_ms;
    return late_ms;
}

/* The grid of a new interval begins now, but never puts off a sample that was due earlier. */
static void change(struct pl_schedule *s, int64_t interval_ms, int64_t now_mono_ms)
{
    if (interval_ms == s->interval_ms) return;
    s->interval_ms = interval_ms;
    s->due_mono_ms = PL_MIN(s->due_mono_ms, now_mono_ms + interval_ms);
}

static int64_t within_limits(uint32_t interval_ms)
{
    if (interval_ms < PL_SCHEDULE_INTERVAL_MIN_MS) return PL_SCHEDULE_INTERVAL_MIN_MS;
    return interval_ms > PL_SCHEDULE_INTERVAL_MAX_MS ? PL_SCHEDULE_INTERVAL_MAX_MS : interval_ms;
}

void pl_schedule_calm(struct pl_schedule *s, int64_t now_mono_ms)
{
    s->until_mono_ms = INT64_MAX;
    change(s, s->base_ms, now_mono_ms);
}

void pl_schedule_set_base(struct pl_schedule *s, uint32_t interval_ms, int64_t now_mono_ms)
{
    s->base_ms = interval_ms == 0 ? s->configured_ms : within_limits(interval_ms);
    pl_schedule_calm(s, now_mono_ms);
}

void pl_schedule_direct(struct pl_schedule *s, uint32_t interval_ms, uint32_t for_ms,
                        int64_t now_mono_ms)
{
    s->until_mono_ms = now_mono_ms + for_ms;
    change(s, within_limits(interval_ms), now_mono_ms);
}

void pl_schedule_hasten(struct pl_schedule *s, uint32_t interval_ms, uint32_t for_ms,
                        int64_t now_mono_ms)
{
    int64_t until_mono_ms = now_mono_ms + for_ms;
    if (within_limits(interval_ms) > s->interval_ms) return;
    if (s->until_mono_ms != INT64_MAX) until_mono_ms = PL_MAX(until_mono_ms, s->until_mono_ms);
    s->until_mono_ms = until_mono_ms;
    change(s, within_limits(interval_ms), now_mono_ms);
}
