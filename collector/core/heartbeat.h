/* heartbeat.h - the dead man's ping: who watches the watcher.
 *
 * A service elsewhere expects a request every interval and pages when none comes. So a request says
 * one thing only, "whoever must be woken would be", and is withheld as soon as that is not so: the
 * collector is dead or stuck (then nobody asks here), its clock jumped and no rule acts, or a page
 * reached nobody. That Redis is away withholds nothing: paging goes on without it.
 *
 *     once a second: pl_heartbeat_step --SEND--> the shell asks --> pl_heartbeat_answered */
#pragma once

#include "collector/core/now.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    PL_HEARTBEAT_AGAIN_MS = 5000, // after a request that was not accepted, if sooner than usual
};

struct pl_heartbeat {
    int64_t interval_ms; // 0: nobody expects any
    int64_t due_mono_ms;
    bool asking;   // a request is under way
    bool refused;  // the newest one was not accepted
    bool withheld; // the newest one was due and not made
};

/* The first one is due at once. */
struct pl_heartbeat pl_heartbeat_init(int64_t interval_ms, int64_t now_mono_ms);
/* True: ask now, and tell how it went. `pages_get_through`: no rule is held back, and no page has
 * reached nobody. */
bool pl_heartbeat_step(struct pl_heartbeat *h, bool pages_get_through, int64_t now_mono_ms);
void pl_heartbeat_answered(struct pl_heartbeat *h, bool accepted, int64_t now_mono_ms);
