/* book.h - all launches that are known: what was announced, where each stands, and who changed
 * what.
 *
 * PL_LAUNCH_MAX entries; when they are used up the one that ended longest ago makes room, and
 * PL_E_FULL while none has ended. Entries keep their place, so an index stays good until the entry
 * is replaced; whoever waits names it by id. */
#pragma once

#include "collector/core/launch/after.h"
#include "collector/core/launch/life.h"

enum {
    PL_LAUNCH_MAX = 1024,
    PL_LAUNCH_LOG_MAX = 12, // newest events of each; older ones are dropped
};

enum pl_launch_event {
    PL_LAUNCH_EVENT_MADE,
    PL_LAUNCH_EVENT_CHANGED,
    PL_LAUNCH_EVENT_ANNOUNCED,
    PL_LAUNCH_EVENT_CANCELLED,
    PL_LAUNCH_EVENT_STATE,   // `state` from now on
    PL_LAUNCH_EVENT_VERDICT, // `colour` from now on
    PL_LAUNCH_EVENT_COUNT
};
const char *pl_launch_event_word(enum pl_launch_event event);

struct pl_launch_note {
    enum pl_launch_event event;
    uint32_t revision;
    int64_t unix_ms;
    enum pl_launch_state state;
    enum pl_verdict_colour colour;
    char author[PL_LAUNCH_AUTHOR_BYTES]; // empty: this program
    char reason[PL_LAUNCH_REASON_BYTES];
};

struct pl_launch_entry {
    bool used;
    bool unsaved;             // what came of it has changed since it was written down
    uint64_t idempotency_key; // of the request that made it; 0: it had none
    uint64_t request_hash;    // of its body
    struct pl_launch launch;
    struct pl_launch_course course;
    struct pl_launch_plan plan; // of the first pool, made with the newest verdict
    struct pl_launch_after after;
    uint32_t log_count;
    struct pl_launch_note log[PL_LAUNCH_LOG_MAX]; // oldest first
};

struct pl_launch_book {
    uint32_t used_max; // entries ever used are below

    struct pl_launch_entry entries[PL_LAUNCH_MAX];
};

/* Index, or PL_NO_INDEX. */
uint32_t pl_launch_find(const struct pl_launch_book *b, const struct pl_name *id);
/* The entry that a request with that key made; 0 is no key. */
uint32_t pl_launch_find_key(const struct pl_launch_book *b, uint64_t key);
/* A place for a new entry, empty but for `used`. PL_E_FULL, or 0 and in `*dropped` the one that
 * made room; untouched if none had to. */
PL_MUST_CHECK int pl_launch_place(struct pl_launch_book *b, uint32_t *index,
                                  struct pl_name *dropped);
void pl_launch_log(struct pl_launch_entry *e, const struct pl_launch_note *note);
/* Another revision of an entry, or its first; what life has seen of it stays. */
void pl_launch_revise(struct pl_launch_entry *e, const struct pl_launch *l, int64_t now_unix_ms);
