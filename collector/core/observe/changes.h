/* changes.h - what changed on the hosts in the last 24 hours: what an alert is read beside.
 *
 * A host keeps its newest PL_CHANGES_HOST_MAX changes, each in a place of its own (its field in
 * Redis); all hosts together PL_CHANGES_MAX, then the one that was taken first makes room. Nothing
 * is judged by them. A change that is told again is known by wire/change.h and counted once. */
#pragma once

#include "collector/core/observe/fleet.h"
#include "common/wire/change.h"

enum {
    PL_CHANGES_HOST_MAX = 32,
    PL_CHANGES_MAX = 8192,
    PL_CHANGES_KEEP_MS = 24 * 3600 * 1000,
    PL_CHANGES_AHEAD_MS = 60 * 60 * 1000, // a clock that is further ahead is not believed
    PL_CHANGES_START_MS = 2 * 60 * 1000,  // starts of a machine that are less apart are one
    PL_CHANGES_RESTART_MS = 5 * 1000,     // likewise of a service
    PL_CHANGE_GROUPS_MAX = 32,
    PL_CHANGE_NAMED_MAX = 4,
};

struct pl_change_entry {
    struct pl_change change;
    uint32_t host; // whose; PL_NO_INDEX: free
    uint32_t next; // of its host's list: index + 1, 0 at the end
    uint8_t place; // below PL_CHANGES_HOST_MAX, no other of its host has it
};

struct pl_changes {
    uint32_t used_max; // entries ever used
    uint32_t cursor;   // the entry that is taken next
    struct pl_change_entry entries[PL_CHANGES_MAX];
};

/* Zeroed memory is an empty one. */

/* A host told of a change. Index of its entry if that is news and must be written down, or
 * PL_NO_INDEX: known, too old, too far ahead, over before it was known, or older than everything a
 * full host keeps. */
uint32_t pl_changes_take(struct pl_changes *c, struct pl_fleet *f, uint32_t host,
                         const struct pl_change *change, int64_t now_unix_ms);
/* It was written down in that place, below PL_CHANGES_HOST_MAX: leave it there, if that is free. */
void pl_changes_put(struct pl_changes *c, const struct pl_fleet *f, uint32_t entry, uint8_t place);
/* Forget those of a host. */
void pl_changes_drop(struct pl_changes *c, struct pl_fleet *f, uint32_t host);
/* The next entry of a host after `entry` (NULL: its first), in no order; NULL at the end. */
const struct pl_change_entry *pl_changes_next(const struct pl_changes *c,
                                              const struct pl_host *host,
                                              const struct pl_change_entry *entry);
/* Is it something to show: not over, and of the last 24 hours? */
bool pl_change_is_shown(const struct pl_change *change, int64_t now_unix_ms);

/* The same change on several hosts. */
struct pl_change_group {
    struct pl_change change; // of the host where it happened last
    uint32_t host_count;
    uint32_t named_count;
    uint32_t hosts[PL_CHANGE_NAMED_MAX]; // indexes
};

struct pl_change_digest {
    uint32_t group_count;
    uint32_t more_count;                                 // changes that are in none of the groups
    struct pl_change_group groups[PL_CHANGE_GROUPS_MAX]; // newest first
};

/* What changed in a pool in the last 24 hours. */
void pl_changes_digest(const struct pl_changes *c, const struct pl_fleet *f, uint32_t pool,
                       int64_t now_unix_ms, struct pl_change_digest *out);

/* What two HELLOs of a host tell of its machine: it started anew, has other cores, other memory.
 * At most PL_CHANGES_OF_FACTS into `out`; returns how many. `at_unix_ms` is when the second came.
 */
enum { PL_CHANGES_OF_FACTS = 3 };
size_t pl_changes_of_facts(const struct pl_fact_value *before, const struct pl_fact_value *after,
                           int64_t at_unix_ms, struct pl_change out[PL_CHANGES_OF_FACTS]);
