/* action.h - what may be done by itself for a launch: a call that ops have defined, armed for this
 * one launch, with the customer's consent.
 *
 *     OFF -arm-> ARMED -its moment, consent and budget-> INTENT -durable-> SENDING -> DONE | FAILED
 *     DONE -launch over, or by hand-> UNDO_INTENT -durable-> UNDOING -> UNDONE | UNDO_FAILED
 *
 * Nothing happens unless both sides said yes: who defines and arms is one of ours, who consents is
 * whose launch it is. An arming is good for one call: it is used up when the intent is written,
 * which is durable before the call is made. An intent that is found after a restart may or may not
 * have become a call: UNKNOWN, and it is never made again by itself. Undoing needs neither consent
 * nor budget. */
#pragma once

#include "collector/core/launch/launch.h"
#include "collector/core/trust/allowance.h"

#define PL_HOOK_KIND_LIST(X)                                                                       \
    X(PL_HOOK_RAISE, "raise_minimum")                                                              \
    X(PL_HOOK_QUEUE, "queue_page")                                                                 \
    X(PL_HOOK_DRAIN, "drain")

enum pl_hook_kind {
#define PL_HOOK_KIND_ENUM(kind, word) kind,
    PL_HOOK_KIND_LIST(PL_HOOK_KIND_ENUM)
#undef PL_HOOK_KIND_ENUM
        PL_HOOK_KIND_COUNT
};
const char *pl_hook_kind_word(enum pl_hook_kind value);

/* The moment at which it is called by itself. */
#define PL_HOOK_ON_LIST(X)                                                                         \
    X(PL_HOOK_BY_HAND, "hand")   /* never */                                                       \
    X(PL_HOOK_ON_ARMED, "armed") /* half an hour before the launch */                              \
    X(PL_HOOK_ON_TIGHT, "tight") /* while it is watched, once the headroom is down to a share */

enum pl_hook_on {
#define PL_HOOK_ON_ENUM(on, word) on,
    PL_HOOK_ON_LIST(PL_HOOK_ON_ENUM)
#undef PL_HOOK_ON_ENUM
        PL_HOOK_ON_COUNT
};
const char *pl_hook_on_word(enum pl_hook_on value);

enum {
    PL_HOOKS_MAX = 32,
    PL_ACTIONS_MAX = 256,
    PL_ACTION_LATE_MS = 60 * 1000, // an intent that became durable later than that is given up
};

/* What ops have defined. */
struct pl_hook {
    struct pl_name name, pool; // launches on that pool
    enum pl_hook_kind kind;
    enum pl_hook_on on;
    int32_t headroom_ppm; // of ON_TIGHT
    bool has_undo;
    struct pl_allowance_plan budget; // of all launches together
};

#define PL_ACTION_STATE_LIST(X)                                                                    \
    X(PL_ACTION_OFF, "off")                                                                        \
    X(PL_ACTION_ARMED, "armed")                                                                    \
    X(PL_ACTION_INTENT, "about_to")                                                                \
    X(PL_ACTION_SENDING, "calling")                                                                \
    X(PL_ACTION_DONE, "done")                                                                      \
    X(PL_ACTION_FAILED, "failed")   /* refused: it was not done */                                 \
    X(PL_ACTION_UNKNOWN, "unknown") /* it may have been done */                                    \
    X(PL_ACTION_UNDO_INTENT, "about_to_undo")                                                      \
    X(PL_ACTION_UNDOING, "undoing")                                                                \
    X(PL_ACTION_UNDONE, "undone")                                                                  \
    X(PL_ACTION_UNDO_FAILED, "undo_failed") /* somebody has to look */

enum pl_action_state {
#define PL_ACTION_STATE_ENUM(state, word) state,
    PL_ACTION_STATE_LIST(PL_ACTION_STATE_ENUM)
#undef PL_ACTION_STATE_ENUM
        PL_ACTION_STATE_COUNT
};
const char *pl_action_state_word(enum pl_action_state value);

/* One hook for one launch. */
struct pl_action {
    struct pl_name launch, hook; // empty: a free place
    bool consented;
    enum pl_action_state state;
    uint32_t arming; // how often it was armed
    int64_t since_unix_ms;
    int16_t status; // of the last answer, as struct pl_page_result; 0: none yet
    char consented_by[PL_LAUNCH_AUTHOR_BYTES], armed_by[PL_LAUNCH_AUTHOR_BYTES];
};

struct pl_actions {
    struct pl_action items[PL_ACTIONS_MAX];
    struct pl_allowance budgets[PL_HOOKS_MAX]; // by hook; since the start
};

/* What is to be seen of its launch. */
struct pl_action_sight {
    enum pl_launch_state state;
    bool is_known; // the headroom
    double headroom;
};

#define PL_ACTION_DEED_LIST(X)                                                                     \
    X(PL_ACTION_CONSENT, "consent")                                                                \
    X(PL_ACTION_WITHDRAW, "withdraw")                                                              \
    X(PL_ACTION_ARM, "arm")                                                                        \
    X(PL_ACTION_DISARM, "disarm")                                                                  \
    X(PL_ACTION_FIRE, "fire") /* now, whatever its moment */                                       \
    X(PL_ACTION_UNDO, "undo")

enum pl_action_deed {
#define PL_ACTION_DEED_ENUM(deed, word) deed,
    PL_ACTION_DEED_LIST(PL_ACTION_DEED_ENUM)
#undef PL_ACTION_DEED_ENUM
        PL_ACTION_DEED_COUNT
};
const char *pl_action_deed_word(enum pl_action_deed value);
/* Consenting and withdrawing are for whose launch it is; the rest is ours. */
bool pl_action_is_consent(enum pl_action_deed deed);

/* PL_NO_INDEX without one. */
uint32_t pl_action_find(const struct pl_actions *a, const struct pl_name *launch,
                        const struct pl_name *hook);
/* The same, made if there is none yet; PL_NO_INDEX: no room. */
uint32_t pl_action_place(struct pl_actions *a, const struct pl_name *launch,
                         const struct pl_name *hook);

/* Somebody does that. NULL: done, write it down; in a state *_INTENT pl_action_saved() follows.
 * Else why not, as a sentence. `budget`: of its hook. */
struct pl_action_order {
    enum pl_action_deed deed;
    const char *by; // borrowed
};
PL_MUST_CHECK const char *pl_action_do(struct pl_action *a, const struct pl_hook *hook,
                                       const struct pl_action_order *order,
                                       struct pl_allowance *budget, struct pl_now now);
/* Once a second. True: it has become an intent, write it down. */
bool pl_action_step(struct pl_action *a, const struct pl_hook *hook,
                    const struct pl_action_sight *sight, struct pl_allowance *budget,
                    struct pl_now now);
/* What was written down last is durable. True: make the call now. An intent that had to wait too
 * long for that is FAILED instead, and to be written down again; undoing is never too late. */
bool pl_action_saved(struct pl_action *a, int64_t now_unix_ms);
enum pl_action_outcome { PL_ACTION_ACCEPTED, PL_ACTION_REFUSED, PL_ACTION_NOT_KNOWN };
/* The call was answered, or could not be made: write it down. */
void pl_action_answered(struct pl_action *a, enum pl_action_outcome outcome, int16_t status,
                        int64_t now_unix_ms);
/* It was read back after a restart. */
void pl_action_restored(struct pl_action *a);
/* The call that is being made is the one that undoes. */
bool pl_action_is_undo(const struct pl_action *a);
