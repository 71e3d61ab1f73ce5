/* handling.h - what people said about an alert: "I have it", "not now", whose it is, notes.
 *
 *     nobody --acknowledge--> held by Alex until 14:30 --the time is over, still firing--> nobody
 *     nobody --snooze-------> the same; nobody has it, and nobody wants to hear of it for a while
 *
 * While an alert is held nobody is told that it fires: what is queued is withdrawn in one step, and
 * the steps of its route stop. When the hold is over and it still fires, its route begins anew:
 * whoever said "I have it" may have fallen asleep over it. Whoever was told hears the end in any
 * case. What was said belongs to one alert from its opening on: the next one starts empty.
 *
 * Times are wall-clock times, because people read them and they outlive the process. */
#pragma once

#include "collector/core/now.h"
#include "common/base/base.h"
#include "common/base/bytes.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    PL_WHO_BYTES = 64,
    PL_NOTE_BYTES = 256,
    PL_NOTES_MAX = 8, // then the oldest goes
    PL_ACK_MS = 30 * 60 * 1000,
    PL_HOLD_MIN_MS = 60 * 1000,
    PL_HOLD_MAX_MS = 24 * 60 * 60 * 1000,
};

enum pl_hold { PL_HOLD_NONE, PL_HOLD_ACKNOWLEDGED, PL_HOLD_SNOOZED, PL_HOLD_COUNT };

struct pl_note {
    int64_t at_unix_ms;
    char by[PL_WHO_BYTES];
    char text[PL_NOTE_BYTES];
};

struct pl_handling {
    enum pl_hold hold; // NONE also when it ran out; then the rest tells of the last one
    char by[PL_WHO_BYTES];
    int64_t since_unix_ms, until_unix_ms; // 0: never held
    char assignee[PL_WHO_BYTES];          // empty: nobody
    uint32_t note_count;
    struct pl_note notes[PL_NOTES_MAX]; // oldest first
};

enum pl_handle_act {
    PL_HANDLE_ACKNOWLEDGE,
    PL_HANDLE_SNOOZE,
    PL_HANDLE_RELEASE, // the opposite of both
    PL_HANDLE_ASSIGN,
    PL_HANDLE_NOTE,
    PL_HANDLE_COUNT,
};

/* Texts are cut at the length that is kept, between two characters (UTF-8); control characters
 * become spaces. All are borrowed. */
struct pl_handle_request {
    enum pl_handle_act act;
    struct pl_span by;       // never empty
    int64_t for_ms;          // of an acknowledgement or snooze; 0: PL_ACK_MS
    struct pl_span assignee; // of an assignment; empty: nobody any more
    struct pl_span note;     // with any act; empty: none
};

/* 0, or PL_E_RANGE: a time outside PL_HOLD_MIN_MS to PL_HOLD_MAX_MS, or nobody who says it. `*h` is
 * untouched then. */
PL_MUST_CHECK int pl_handling_apply(struct pl_handling *h, const struct pl_handle_request *request,
                                    int64_t now_unix_ms);
/* True if a hold has just run out; it is NONE from here on. */
bool pl_handling_expire(struct pl_handling *h, int64_t now_unix_ms);
/* True if there is anything to show or to write down. */
bool pl_handling_any(const struct pl_handling *h);

/* "none", "acknowledged", "snoozed". */
const char *pl_hold_name(enum pl_hold hold);

/* Copy what people wrote: at most `cap` - 1 bytes of it, as pl_handle_request says. */
void pl_said_copy(char *out, size_t cap, struct pl_span said);
