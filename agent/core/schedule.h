/* schedule.h - when the next sample is due: an absolute grid that neither drifts nor bursts.
 *
 * Each sample is due a whole interval after the one before was *due*, not after it was taken. A
 * machine too busy to run the agent in time makes a sample late, which is reported; ticks missed
 * altogether are not made up for, because readings a few milliseconds apart say nothing new. */
#pragma once

#include <stdint.h>

enum { PL_SCHEDULE_INTERVAL_MIN_MS = 100, PL_SCHEDULE_INTERVAL_MAX_MS = 60000 };

struct pl_schedule {
    int64_t configured_ms; // interval of the configuration
    int64_t base_ms;       // interval while nothing else is directed
    int64_t interval_ms;   // the one in force
    int64_t until_mono_ms; // when a directive ends; INT64_MAX: none in force
    int64_t due_mono_ms;   // of the next sample
};

/* First sample due now. */
void pl_schedule_init(struct pl_schedule *s, int64_t interval_ms, int64_t now_mono_ms);
/* A sample is being taken. Returns how many ms late it is (>= 0) and makes the next one due. */
int64_t pl_schedule_step(struct pl_schedule *s, int64_t now_mono_ms);
/* What the collector asks for, 0 meaning the agent's own interval; ends a directive. Intervals
 * outside the limits above are brought inside. */
void pl_schedule_set_base(struct pl_schedule *s, uint32_t interval_ms, int64_t now_mono_ms);
/* Another interval for `for_ms`, then the base again. */
void pl_schedule_direct(struct pl_schedule *s, uint32_t interval_ms, uint32_t for_ms,
                        int64_t now_mono_ms);
/* This interval for at least `for_ms`, then the base again. Nothing happens while a shorter one is
 * in force; a directive that is in force and ends later does so with this interval. */
void pl_schedule_hasten(struct pl_schedule *s, uint32_t interval_ms, uint32_t for_ms,
                        int64_t now_mono_ms);
/* The base again, now. */
void pl_schedule_calm(struct pl_schedule *s, int64_t now_mono_ms);
