#include "common/sys/clock.h"

#include <time.h>

static int64_t read_clock(clockid_t id, int64_t per_second)
{
    struct timespec ts;
    (void)clock_gettime(id, &ts); // fails only for an unknown clock id
    return (int64_t)ts.tv_sec * per_second + (int64_t)ts.tv_nsec / (1000000000 / per_second);
}

int64_t pl_clock_mono_ms(void)
{
    return read_clock(CLOCK_MONOTONIC, 1000);
}

int64_t pl_clock_unix_ms(void)
{
    return read_clock(CLOCK_REALTIME, 1000);
}

int64_t pl_clock_cpu_us(void)
{
    return read_clock(CLOCK_PROCESS_CPUTIME_ID, 1000000);
}
