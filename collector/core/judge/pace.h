/* pace.h - which hosts are to be heard more often than usual, because something is about to happen.
 *
 * A host is tense while one of its resources is over the level of a warning, held or not yet, or
 * its pool's traffic nears the capacity. Then its agent is asked for PL_PACE_FOR_MS of faster
 * samples, and again before they run out; nobody is told to slow down. A restart, a lost frame or a
 * dead collector so ends in the usual pace, and a host is asked at most once in the difference of
 * the two times below.
 *
 * Everything that goes by time works at either pace: hold times, averages and noise by stamps,
 * silence by the interval of the HELLO (an agent may be back at it any moment), and the row ring
 * spans PL_WINDOW_ROWS samples, at 250 ms still more than the minute its readers look at. */
#pragma once

#include "collector/core/observe/fleet.h"

enum {
    PL_PACE_INTERVAL_MS = 250, // unless configured otherwise
    PL_PACE_FOR_MS = 30 * 1000,
    PL_PACE_RENEW_MS = 10 * 1000, // left of it when it is asked for again
    /* A host that has been tense for so long, with much of its memory in use, say, is not about to
     * anything: it is asked no more until it was calm. */
    PL_PACE_LONGEST_MS = 15 * 60 * 1000,
    /* Hosts that are asked within PL_PACE_FOR_MS - PL_PACE_RENEW_MS; the rest keep their pace, so a
     * whole fleet in trouble does not send its collector four times the load. */
    PL_PACE_HOSTS_MAX = 2000,
};

struct pl_pace {
    int64_t since_mono_ms; // the count below began
    uint32_t host_count;
};

/* What is about to happen to a whole pool. */
struct pl_pace_why {
    enum pl_tier traffic; // what `saturation` says of it
    bool launch;          // one is armed or live: for as long as that, however long
};

/* A sample of `host` came; `why` is about its pool. True if the host is to
 * be asked for `interval_ms`, from now on for PL_PACE_FOR_MS. Remembers that it was. */
bool pl_pace_step(struct pl_pace *p, struct pl_host *host, const struct pl_pace_why *why,
                  uint32_t interval_ms, int64_t now_mono_ms);
