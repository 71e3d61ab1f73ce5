/* loop.h - what the integration tests share: a loop that runs until something came true or a limit
 * passed, and a temporary state directory. No sleeps: every wait names what it waits for. */
#pragma once

#include "common/sys/clock.h"
#include "tests/check.h"

#include <stdlib.h>
#include <unistd.h>
#include <uv.h>

enum { LOOP_WAKE_MS = 5 }; // how often a condition is looked at

static uv_loop_t loop;
static uv_timer_t loop_wake;

static void on_loop_wake(uv_timer_t *timer)
{
    (void)timer;
}

__attribute__((unused)) static void loop_begin(void)
{
    if (uv_loop_init(&loop) < 0 || uv_timer_init(&loop, &loop_wake) < 0 ||
        uv_timer_start(&loop_wake, on_loop_wake, LOOP_WAKE_MS, LOOP_WAKE_MS) < 0) {
        abort();
    }
}

/* Checks that everybody closed what they opened. */
__attribute__((unused)) static void loop_end(void)
{
    uv_close((uv_handle_t *)&loop_wake, NULL);
    CHECK_INT(uv_run(&loop, UV_RUN_DEFAULT), 0);
    CHECK_INT(uv_loop_close(&loop), 0);
}

/* Runs the loop until `done(ctx)` or `limit_ms` passed; whether it came true. */
__attribute__((unused)) static bool run_until(bool (*done)(void *ctx), void *ctx, int64_t limit_ms)
{
    int64_t limit = pl_clock_mono_ms() + limit_ms;
    while (!done(ctx)) {
        if (pl_clock_mono_ms() >= limit) return false;
        uv_run(&loop, UV_RUN_ONCE);
    }
    return true;
}

__attribute__((unused)) static bool is_set(void *flag)
{
    return *(bool *)flag;
}

__attribute__((unused)) static void set_flag(void *flag)
{
    *(bool *)flag = true;
}

/* A fresh directory; `buf` is what remove_dir() takes. */
__attribute__((unused)) static void make_dir(char buf[64])
{
    (void)snprintf(buf, 64, "/tmp/plimsoll-test-XXXXXX");
    if (!mkdtemp(buf)) abort();
}

__attribute__((unused)) static void remove_dir(const char *dir)
{
    char command[128];
    (void)snprintf(command, sizeof command, "rm -rf '%s'", dir);
    if (system(command) != 0) printf("# cannot remove %s\n", dir);
}
