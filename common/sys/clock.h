/* clock.h - the only place that reads the time. Take it once per callback and pass it down. */
#pragma once

#include <stdint.h>

/* CLOCK_MONOTONIC in ms: for durations; never steps. */
int64_t pl_clock_mono_ms(void);
/* CLOCK_REALTIME in ms since 1970-01-01 UTC: for time stamps; may step. */
int64_t pl_clock_unix_ms(void);
/* CPU time this process has used so far (user + system), in microseconds. */
int64_t pl_clock_cpu_us(void);
