/* case.h - one incident as people see it: what happened, who has it, and what was said to whom.
 *
 *     opened -> draft -> published -> draft -> published ... -> closed
 *                          |  told to every subscriber once (telling.h)
 *                          +- names when the next one is due; its owner is reminded then
 *
 * Customers hear only what a human has published: a draft is words on our side, an update never
 * changes once it is published, and nothing here publishes by itself. An update counts as published
 * when it is written down (`durable`): before, neither subscribers nor the customers' page see it.
 *
 * Phase and impact are those of the newest update, in the words of Statuspage and cState. A case is
 * closed by a human, and only when customers know the end: after an update that says "resolved", or
 * if they were never told of anything.
 *
 * Times are wall-clock times, because people read them and they outlive the process. */
#pragma once

#include "collector/core/alert/alert.h"
#include "collector/core/alert/handling.h"
#include "common/base/backoff.h"
#include "common/base/base.h"
#include "common/base/name.h"

enum {
    PL_CASE_TITLE_BYTES = 128,
    PL_CASE_TEXT_BYTES = 1024,   // of an update, a draft, and what we know
    PL_CASE_EVENT_BYTES = 160,   // of one line of the timeline
    PL_CASE_ADDRESS_BYTES = 320, // of a subscriber
    PL_CASE_SECRET_BYTES = 64,
    PL_CASE_ALERT_BYTES = 96, // "saturation/NAME"
    PL_CASE_POOLS_MAX = 8,
    PL_CASE_EVENTS_MAX = 64,  // then the oldest that no human said makes room, and is counted
    PL_CASE_UPDATES_MAX = 32, // then the oldest goes
    PL_CASE_SUBSCRIBERS_MAX = 16,
    PL_CASE_FIRST_MS = 10 * 60 * 1000, // the first update is due so long after the opening
    PL_CASE_NEXT_MIN_MS = 5 * 60 * 1000,
    PL_CASE_NEXT_MAX_MS = 7 * 24 * 3600 * 1000,
    PL_CASE_NEXT_MS = 30 * 60 * 1000, // what a draft proposes
};

/* The word stands in the API, in records and on the customers' page. */
#define PL_CASE_PHASE_LIST(X)                                                                      \
    X(INVESTIGATING, "investigating")                                                              \
    X(IDENTIFIED, "identified")                                                                    \
    X(MONITORING, "monitoring")                                                                    \
    X(RESOLVED, "resolved")
#define PL_CASE_IMPACT_LIST(X)                                                                     \
    X(NONE, "none") X(MINOR, "minor") X(MAJOR, "major") X(CRITICAL, "critical")
#define PL_CASE_EVENT_LIST(X)                                                                      \
    X(OPENED, "opened")                                                                            \
    X(ALERT, "alert") /* collected, like the next two */                                           \
    X(CHANGE, "change")                                                                            \
    X(LAUNCH, "launch")                                                                            \
    X(NOTE, "note")                                                                                \
    X(OWNER, "owner")                                                                              \
    X(KNOWN, "known")                                                                              \
    X(PUBLISHED, "published")                                                                      \
    X(SUBSCRIBED, "subscribed")                                                                    \
    X(UNSUBSCRIBED, "unsubscribed")                                                                \
    X(TOLD, "told")                                                                                \
    X(NOT_TOLD, "not_told")                                                                        \
    X(REMINDED, "reminded")                                                                        \
    X(NOT_REMINDED, "not_reminded")                                                                \
    X(CLOSED, "closed")

#define PL_CASE_PHASE_ENUM(id, word)  PL_CASE_##id,
#define PL_CASE_IMPACT_ENUM(id, word) PL_CASE_IMPACT_##id,
#define PL_CASE_EVENT_ENUM(id, word)  PL_CASE_EVENT_##id,
enum pl_case_phase { PL_CASE_PHASE_LIST(PL_CASE_PHASE_ENUM) PL_CASE_PHASE_COUNT };
enum pl_case_impact { PL_CASE_IMPACT_LIST(PL_CASE_IMPACT_ENUM) PL_CASE_IMPACT_COUNT };
enum pl_case_event_kind { PL_CASE_EVENT_LIST(PL_CASE_EVENT_ENUM) PL_CASE_EVENT_COUNT };
#undef PL_CASE_PHASE_ENUM
#undef PL_CASE_IMPACT_ENUM
#undef PL_CASE_EVENT_ENUM

const char *pl_case_phase_word(enum pl_case_phase phase);
const char *pl_case_impact_word(enum pl_case_impact impact);
const char *pl_case_event_word(enum pl_case_event_kind kind);

/* One line of the timeline. */
struct pl_case_event {
    int64_t at_unix_ms;
    enum pl_case_event_kind kind;
    char by[PL_WHO_BYTES]; // empty: nobody said it, it was seen
    char text[PL_CASE_EVENT_BYTES];
};

/* What customers are told, once it is published. */
struct pl_case_words {
    enum pl_case_phase phase;
    enum pl_case_impact impact;
    char title[PL_CASE_TITLE_BYTES];
    char text[PL_CASE_TEXT_BYTES]; // lines end in '\n'
};

struct pl_case_draft {
    uint32_t revision; // grows with every save, also over publications; 0: there never was one
    bool waits;        // false: it was published, or there never was one
    struct pl_case_words words;
    int64_t next_ms; // after its publication the next one is due; 0: none follows
    int64_t at_unix_ms;
    char by[PL_WHO_BYTES];
};

struct pl_case_update {
    uint32_t number; // from 1, grows
    bool durable;    // written down: it may be told
    struct pl_case_words words;
    int64_t at_unix_ms, next_unix_ms; // next: 0: none follows
    char by[PL_WHO_BYTES];
};

enum pl_case_channel { PL_CASE_WEBHOOK, PL_CASE_EMAIL, PL_CASE_CHANNEL_COUNT };
const char *pl_case_channel_word(enum pl_case_channel channel); // "webhook", "email"

struct pl_case_subscriber {
    uint32_t number; // from 1, grows
    enum pl_case_channel channel;
    char address[PL_CASE_ADDRESS_BYTES]; // URL or mailbox
    char secret[PL_CASE_SECRET_BYTES];   // of a webhook: signs what it is sent; never shown again
    char by[PL_WHO_BYTES];
    uint32_t told; // number of the newest update that was told or given up
    /* Of the update being told; nothing of this is written down. */
    bool busy;
    uint32_t attempts;
    int64_t due_mono_ms;
    struct pl_backoff backoff;
};

/* That the next update is due. */
struct pl_case_reminder {
    int64_t for_unix_ms; // the due time that was reminded of, or given up
    /* Of the one being told; nothing of this is written down. */
    bool busy;
    int64_t asked_unix_ms; // the due time being reminded of
    uint32_t tried;        // contacts, for it
    int64_t due_mono_ms;
};

struct pl_case {
    bool used, open;
    bool dirty;              // not all of it was handed over to be written down
    bool unwritten;          // and its newest update is part of that
    struct pl_name id;       // "c-1f0a...": for us
    struct pl_name link;     // of the customers' page: nobody can guess it
    struct pl_name customer; // empty: nobody in particular
    uint32_t pool_count;     // at least 1
    struct pl_name pools[PL_CASE_POOLS_MAX];
    char alert[PL_CASE_ALERT_BYTES];        // from which it was opened; empty: from none
    enum pl_rule rule;                      // of that alert
    int64_t alert_unix_ms;                  // when that alert opened; 0: from none
    int64_t opened_unix_ms, closed_unix_ms; // closed: 0 while it is open
    char title[PL_CASE_TITLE_BYTES];        // ours; customers see that of an update
    char opened_by[PL_WHO_BYTES];           // empty: by itself
    char owner[PL_WHO_BYTES];               // empty: nobody yet
    char known[PL_CASE_TEXT_BYTES];         // what we know: ours as well
    struct pl_case_draft draft;
    uint32_t update_count, event_count, subscriber_count;
    uint32_t last_update, last_subscriber; // the highest numbers ever given
    uint32_t dropped_events;
    struct pl_case_update updates[PL_CASE_UPDATES_MAX];             // oldest first
    struct pl_case_event events[PL_CASE_EVENTS_MAX];                // likewise
    struct pl_case_subscriber subscribers[PL_CASE_SUBSCRIBERS_MAX]; // likewise
    struct pl_case_reminder reminder;
};

/* What somebody who opens a case says of it; spans are borrowed. */
struct pl_case_opening {
    struct pl_name id, link, customer; // customer: may be empty
    const struct pl_name *pools;       // pool_count items, 1 to PL_CASE_POOLS_MAX
    uint32_t pool_count;
    const struct pl_alert *alert; // NULL: it is about none
    struct pl_span title, owner, by;
};

/* Copy what people wrote over several lines: as pl_said_copy(), but '\n' stays. */
void pl_case_copy_lines(char *out, size_t cap, struct pl_span said);

/* A fresh case with its first event. */
void pl_case_init(struct pl_case *c, const struct pl_case_opening *opening, int64_t now_unix_ms);
/* A line in the timeline, also of one that is closed. */
void pl_case_log(struct pl_case *c, enum pl_case_event_kind kind, struct pl_span by,
                 struct pl_span text, int64_t now_unix_ms);

/* All of these: PL_E_STATE, and nothing has changed, once the case is closed. */

PL_MUST_CHECK int pl_case_note(struct pl_case *c, struct pl_span by, struct pl_span text,
                               int64_t now_unix_ms);
/* `owner` empty: nobody any more. */
PL_MUST_CHECK int pl_case_own(struct pl_case *c, struct pl_span by, struct pl_span owner,
                              int64_t now_unix_ms);
PL_MUST_CHECK int pl_case_know(struct pl_case *c, struct pl_span by, struct pl_span text,
                               int64_t now_unix_ms);
/* Keep the words to be published, under a new revision. PL_E_RANGE: no title or text, or `next_ms`
 * is neither PL_CASE_NEXT_MIN_MS to PL_CASE_NEXT_MAX_MS nor, for "resolved" only, 0. */
PL_MUST_CHECK int pl_case_save_draft(struct pl_case *c, struct pl_span by,
                                     const struct pl_case_words *words, int64_t next_ms,
                                     int64_t now_unix_ms);
/* The draft of that revision becomes an update. PL_E_NOT_FOUND: no draft waits; PL_E_DUPLICATE: it
 * is another revision, which nobody has read; PL_E_FULL: the update before is still being written
 * down. */
PL_MUST_CHECK int pl_case_publish(struct pl_case *c, struct pl_span by, uint32_t revision,
                                  int64_t now_unix_ms);
/* Everything that was published up to that number is written down. */
void pl_case_written(struct pl_case *c, uint32_t update);
/* PL_E_STATE also while customers were last told anything but "resolved". */
PL_MUST_CHECK int pl_case_close(struct pl_case *c, struct pl_span by, int64_t now_unix_ms);
/* Tell updates from now on to that address. PL_E_DUPLICATE: it is told already; PL_E_FULL;
 * PL_E_RANGE for an address or secret that does not fit. `*number` is what it is known by. */
PL_MUST_CHECK int pl_case_subscribe(struct pl_case *c, const struct pl_case_subscriber *wanted,
                                    int64_t now_unix_ms, uint32_t *number);
/* PL_E_NOT_FOUND. */
PL_MUST_CHECK int pl_case_unsubscribe(struct pl_case *c, struct pl_span by, uint32_t number,
                                      int64_t now_unix_ms);

/* ---- looking ---- */

/* What customers were told last; NULL: nothing yet. `durable` ones only. */
const struct pl_case_update *pl_case_newest(const struct pl_case *c);
/* NULL: there is none of that number any more. */
const struct pl_case_update *pl_case_update_find(const struct pl_case *c, uint32_t number);
struct pl_case_subscriber *pl_case_subscriber_find(struct pl_case *c, uint32_t number);
/* When customers are to hear something, Unix ms; 0: no time was named, or it is closed. */
int64_t pl_case_next_due(const struct pl_case *c);
bool pl_case_concerns(const struct pl_case *c, const struct pl_name *pool);
