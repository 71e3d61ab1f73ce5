/* trouble.h - what is wrong with the collector itself, and since when: beside the engine, which
 * only judges what it watches.
 *
 * The shell says once a second what it sees of Redis and counts; this turns both into states that
 * begin and end. A count that grew is a trouble that lasts PL_TROUBLE_LINGER_MS beyond its last
 * growth: a Redis that refuses a write a second is one trouble, not sixty. */
#pragma once

#include "collector/core/now.h"

#include <stdbool.h>
#include <stdint.h>

/* The gravest first. */
enum pl_trouble {
    PL_TROUBLE_UNHEARD,   // a page reached nobody
    PL_TROUBLE_DISK,      // Redis cannot write its append-only file
    PL_TROUBLE_REFUSED,   // Redis answers writes with errors, for another reason
    PL_TROUBLE_AWAY,      // Redis does not answer
    PL_TROUBLE_DROPPED,   // the queue in front of Redis was full
    PL_TROUBLE_TILT,      // a clock jumped
    PL_TROUBLE_RESTARTED, // the private redis-server had to be started again
    PL_TROUBLE_FORGETS,   // Redis keeps no append-only file
    PL_TROUBLE_HEARTBEAT, // who expects the heartbeat does not take it
    PL_TROUBLE_COUNT
};

enum {
    PL_TROUBLE_LINGER_MS = 60 * 1000,
    PL_TROUBLE_RESTARTED_MS = 15 * 60 * 1000, // a restart is told for so long
};

/* What the shell sees now; the counts only grow. */
struct pl_shell_facts {
    bool redis_answers;
    bool aof_on, aof_writable; // as Redis said last; not looked at while it does not answer
    bool tilted;
    bool unheard;            // pl_engine_is_unheard()
    bool heartbeat_refused;  // struct pl_heartbeat
    uint64_t refused_count;  // writes answered with an error
    uint64_t dropped_count;  // chunks
    uint64_t restarts_count; // of the private server
};

struct pl_troubles {
    int64_t since_unix_ms[PL_TROUBLE_COUNT]; // 0: not now; of RESTARTED: the newest restart
    int64_t until_mono_ms[PL_TROUBLE_COUNT]; // of those that come from counts
    struct pl_shell_facts seen;
};

/* "redis_away"; stable. */
const char *pl_trouble_name(enum pl_trouble trouble);
/* Starts as `(struct pl_troubles){0}`; once a second. */
void pl_troubles_step(struct pl_troubles *t, const struct pl_shell_facts *facts, struct pl_now now);
