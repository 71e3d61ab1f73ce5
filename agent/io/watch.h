/* watch.h - finds the watched service and reads what it uses.
 *
 *     main listener (queues.h) or a name -> owner.h, a step per look -> root process
 *         -> its control group, if it has one to itself (cgroup.h)
 *         -> else its process tree (processes.h), which tells open files in both cases
 *
 * It is looked for when nothing is known, when its root process has ended or another socket has
 * become the main one, at most every PL_WATCH_RETRY_MS. A search costs some 5 us per descriptor of
 * the machine, so the holder of a socket that cannot be seen (another user's, another container's)
 * is looked for again after PL_WATCH_MISSED_MS only. Each time it is found, its numbers begin
 * anew: no rate reaches over that. The processor time of one that was found by itself and that may
 * pass work on is not told: taken for all of the work it would promise a capacity nobody has. A
 * sample costs two preads (a group of version 2) or three (version 1), or one and a clock per
 * process (a tree). How much of the memory is page cache that can go is dearer to know (10 us) and
 * read every PL_WATCH_SLOW_MS, limits every PL_WATCH_LIMITS_MS. */
#pragma once

#include "agent/core/listen.h"
#include "agent/core/probe.h"
#include "agent/io/cgroup.h"
#include "agent/io/owner.h"
#include "agent/io/processes.h"
#include "common/wire/service.h"

enum {
    PL_WATCH_RETRY_MS = 10 * 1000,       // between two searches,
    PL_WATCH_MISSED_MS = 10 * 60 * 1000, // and for the holder of a socket that was not found
    PL_WATCH_SLOW_MS = 10 * 1000,
    PL_WATCH_LIMITS_MS = 60 * 1000,
};

struct pl_watch {
    struct pl_watched_choice choice;
    const char *proc, *sys; // borrowed
    struct pl_owner owner;
    struct pl_processes processes; // of what was found, but by the name of a group
    struct pl_cgroup group;
    struct pl_cgroup_place place; // of `group`
    bool is_found, has_group;
    bool passes_on;                  // nobody said that this is it, and others may do its work
    uint64_t generation;             // counts what was found
    uint32_t missed_inode;           // of the listener nobody was found for; 0: none
    int64_t missed_mono_ms;          // until then not again for that one
    int64_t search_mono_ms;          // not looked for before
    int64_t slow_mono_ms;            // when page cache is read again,
    int64_t limits_mono_ms;          // and limits
    struct pl_raw_cgroup slow;       // what was read then
    struct pl_raw_listener wanted;   // by which it is looked for
    struct pl_raw_listener listener; // by which it was found; port 0: by none
    struct pl_service name;          // empty: not found
};

/* `proc` ("/proc") and `sys` ("/sys") stay where they are. */
void pl_watch_init(struct pl_watch *w, const struct pl_watched_choice *choice, const char *proc,
                   const char *sys);
/* Look for it, or at it, and fill `out`. `main` is the main listener of the last look at the
 * queues, or NULL. True when `name` has changed. */
bool pl_watch_look(struct pl_watch *w, const struct pl_raw_listener *main,
                   struct pl_cgroup_whole whole, int64_t now_us, struct pl_raw_service *out);
void pl_watch_stop(struct pl_watch *w);
