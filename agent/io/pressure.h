/* pressure.h - the kernel says within a fraction of a second that tasks wait: PSI triggers.
 *
 *     /proc/pressure/memory "some 200000 2000000" -> POLLPRI -> on_pressure(arg, "memory")
 *
 * A trigger names a stall in a window: here, some task waited for the tenth part of two seconds.
 * The kernel looks ten times per window and tells at most once per window, for as long as it lasts
 * (Documentation/accounting/psi.rst, "Monitoring for pressure thresholds"). Windows of two seconds
 * are the ones that programs without CAP_SYS_RESOURCE may ask for, since Linux 6.4. Where the
 * kernel refuses, nothing is reported from here and nothing else changes. */
#pragma once

#include "common/base/base.h"

#include <uv.h>

enum { PL_PRESSURE_COUNT = 3, PL_PRESSURE_WINDOW_MS = 2000 };

struct pl_pressure {
    struct pl_pressure_watch {
        uv_poll_t poll;
        int fd; // owned; -1: not watched
        const char *resource;
        struct pl_pressure *pressure;
    } watches[PL_PRESSURE_COUNT];
    void (*on_pressure)(void *arg, const char *resource);
    void *arg; // borrowed
};

/* Watch "cpu", "memory" and "io" below `root` ("/proc"); which of them, and why not the others, is
 * logged. `on_pressure` is called from the loop. `p` stays where it is until the loop has run the
 * closes of pl_pressure_stop. */
void pl_pressure_start(struct pl_pressure *p, uv_loop_t *loop, const char *root,
                       void (*on_pressure)(void *arg, const char *resource), void *arg);
/* Idempotent after a start. */
void pl_pressure_stop(struct pl_pressure *p);
