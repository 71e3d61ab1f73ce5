/* silence.h - what nobody wants to hear for a while: who said so, why, and until when.
 *
 * A silence has an end, always. It matches by pool, rule and host; what it leaves open matches
 * everything. Two forms: it hides what it matches, or (`raise_bp`) it puts another threshold in the
 * place of the usual one, so that a batch job at 95 % wakes nobody and 99 % still does.
 *
 * A silenced alert lives on and shows; nobody is told that it fires. When the silence is over and
 * it still fires, it is told then. An alert about several hosts is silenced only if every one of
 * them is: nine of ten silenced hosts leave one that somebody must look at. */
#pragma once

#include "collector/core/alert/alert.h"
#include "collector/core/alert/handling.h"

enum {
    PL_SILENCES_MAX = 64, // then a further one is refused
    PL_SILENCE_MAX_S = 30 * 24 * 3600,
    PL_SILENCE_REASON_BYTES = 160,
};

struct pl_silence {
    uint64_t number;     // unique over restarts, grows; 0: no silence
    struct pl_name pool; // empty: every pool
    struct pl_name host; // empty: every host
    bool any_rule;
    enum pl_rule rule; // unless any_rule
    int32_t raise_bp;  // 0: hide; else only what is below this, of a rule with a share of something
    int64_t made_unix_ms, begins_unix_ms, ends_unix_ms;
    char by[PL_WHO_BYTES];
    char reason[PL_SILENCE_REASON_BYTES];
    uint32_t hid_count; // alerts that opened under it, or were told no more because of it
};

struct pl_silences {
    uint32_t count;
    struct pl_silence items[PL_SILENCES_MAX]; // in order of their numbers
};

/* True for rules whose finding is compared with a level from above: a raised threshold means
 * something there. */
bool pl_silence_can_raise(enum pl_rule rule);

/* Take one over; `number` 0 gets one. 0, PL_E_FULL, or PL_E_RANGE: it ends before it begins or
 * now, lasts longer than PL_SILENCE_MAX_S, has no author, or raises a level that its rule does not
 * have. One with a number that is there already replaces it. */
PL_MUST_CHECK int pl_silences_put(struct pl_silences *s, const struct pl_silence *silence,
                                  int64_t now_unix_ms, uint64_t *number);
/* False: there is no such one. */
bool pl_silences_drop(struct pl_silences *s, uint64_t number);
const struct pl_silence *pl_silences_find(const struct pl_silences *s, uint64_t number);
/* The one that is responsible for nobody hearing of that alert now; NULL: none. Of several, the one
 * that ends last. */
struct pl_silence *pl_silences_cover(struct pl_silences *s, const struct pl_alert *alert,
                                     int64_t now_unix_ms);
/* One that is over, or NULL. */
const struct pl_silence *pl_silences_over(const struct pl_silences *s, int64_t now_unix_ms);
