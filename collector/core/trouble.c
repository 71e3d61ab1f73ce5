#include "collector/core/trouble.h"

#include "common/base/base.h"

static const char *const names[PL_TROUBLE_COUNT] = {
    [PL_TROUBLE_UNHEARD] = "page_unheard",        [PL_TROUBLE_DISK] = "redis_disk",
    [PL_TROUBLE_REFUSED] = "redis_refuses",       [PL_TROUBLE_AWAY] = "redis_away",
    [PL_TROUBLE_DROPPED] = "samples_dropped",     [PL_TROUBLE_TILT] = "tilt",
    [PL_TROUBLE_RESTARTED] = "redis_restarted",   [PL_TROUBLE_FORGETS] = "redis_forgets",
    [PL_TROUBLE_HEARTBEAT] = "heartbeat_refused",
};

const char *pl_trouble_name(enum pl_trouble trouble)
{
    return names[trouble];
}

static void set(struct pl_troubles *t, enum pl_trouble trouble, bool is_so, struct pl_now now)
{
    int64_t *since = &t->since_unix_ms[trouble];
    if (!is_so)
        *since = 0;
    else if (*since == 0)
        *since = now.unix_ms;
}

/* True from `grew` on, for `linger_ms` longer. */
static bool lingers(struct pl_troubles *t, enum pl_trouble trouble, bool grew, int64_t linger_ms,
                    struct pl_now now)
{
    if (grew) t->until_mono_ms[trouble] = now.mono_ms + linger_ms;
    return t->until_mono_ms[trouble] != 0 && now.mono_ms < t->until_mono_ms[trouble];
}

void pl_troubles_step(struct pl_troubles *t, const struct pl_shell_facts *facts, struct pl_now now)
{
    bool answers = facts->redis_answers;
    bool disk = answers && facts->aof_on && !facts->aof_writable;
    bool refused = lingers(t, PL_TROUBLE_REFUSED, facts->refused_count > t->seen.refused_count,
                           PL_TROUBLE_LINGER_MS, now);
    bool dropped = lingers(t, PL_TROUBLE_DROPPED, facts->dropped_count > t->seen.dropped_count,
                           PL_TROUBLE_LINGER_MS, now);
    bool restarted = facts->restarts_count > t->seen.restarts_count;
    if (restarted) t->since_unix_ms[PL_TROUBLE_RESTARTED] = 0; // the newest counts
    set(t, PL_TROUBLE_UNHEARD, facts->unheard, now);
    set(t, PL_TROUBLE_HEARTBEAT, facts->heartbeat_refused, now);
    set(t, PL_TROUBLE_AWAY, !answers, now);
    set(t, PL_TROUBLE_DISK, disk, now);
    set(t, PL_TROUBLE_REFUSED, refused && !disk, now); // the disk is why
    set(t, PL_TROUBLE_DROPPED, dropped, now);
    set(t, PL_TROUBLE_TILT, facts->tilted, now);
    set(t, PL_TROUBLE_RESTARTED,
        lingers(t, PL_TROUBLE_RESTARTED, restarted, PL_TROUBLE_RESTARTED_MS, now), now);
    set(t, PL_TROUBLE_FORGETS, answers && !facts->aof_on, now);
    t->seen = *facts;
}
