/* outbox.h - pages that must reach somebody: written down first, then tried until they arrive.
 *
 *     INTENT --saved, or 100 ms without an answer--> READY --handed out--> SENDING --2xx--> SENT
 *                                                      ^                      |
 *                                                      +---- wait over -------+ retry
 *                                          FAILED <-- reject, broken, time to live over
 *
 * At most one unsent page per (target, alert), and it carries the newest state: when the trouble
 * ends before a page got out, the page becomes a resolve if the target may know of the trouble, and
 * is withdrawn if it cannot: nobody is woken for what is over, and nobody hears of a recovery from
 * something they never heard of. The alert stays visible on the page and in the API.
 *
 * Because only the newest state is ever sent, a page that tells of trouble is never stale: it is
 * tried for as long as the trouble lasts, up to PL_PAGE_TTL_FIRING_MS.
 *
 * Each target has a pace: a token bucket in the form of ITU-T I.371's virtual scheduling (GCRA).
 *
 * Waits: what the provider asked for (its other pages wait as well, up to PL_RETRY_AFTER_MAX_MS),
 * else exponential with full jitter from PL_RETRY_BASE_MS to PL_RETRY_CAP_MS. A page leaves the
 * table when it is SENT, FAILED or withdrawn. */
#pragma once

#include "collector/core/alert/alert.h"
#include "collector/core/alert/route.h"
#include "common/base/backoff.h"
#include "common/base/slots.h"

enum {
    PL_OUTBOX_MAX = 1024, // then a page is refused and counted, and asked for again each tick
    PL_OUTBOX_BUCKETS = 2 * PL_OUTBOX_MAX, // of the index by target and alert; a power of two
    /* Under way at once: what the shell has requests for, and less to one target, so that one that
     * hangs does not take them all. Others wait for an answer. */
    PL_PAGES_SENDING_MAX = 48,
    PL_PAGES_SENDING_TARGET_MAX = 4,
    PL_PAGE_SAVE_WAIT_MS = 100,
    PL_PAGE_ANSWER_WAIT_MS = 60 * 1000, // an attempt without an answer counts as RETRY after this
    PL_PAGE_TTL_FIRING_MS = 24 * 3600 * 1000,
    PL_PAGE_TTL_RESOLVED_MS = 60 * 60 * 1000,
    PL_RETRY_BASE_MS = 1000,
    PL_RETRY_CAP_MS = 60 * 1000,
    PL_RETRY_AFTER_MAX_MS = 15 * 60 * 1000,
};

enum pl_page_state {
    PL_PAGE_INTENT,
    PL_PAGE_READY,
    PL_PAGE_SENDING,
    PL_PAGE_SENT,
    PL_PAGE_FAILED,
};

enum pl_result_class {
    PL_RESULT_SENT,   // accepted
    PL_RESULT_RETRY,  // later, the same or a newer state
    PL_RESULT_REJECT, // this content will never be accepted
    PL_RESULT_BROKEN, // this target will never accept anything: key revoked, hook deleted
};

struct pl_page_result {
    enum pl_result_class class;
    bool maybe_delivered; // unknown outcome: the request may have arrived
    int64_t wait_ms;      // the provider said how long to wait; -1: it did not
    bool is_ours;         // nobody was asked: it says nothing about the target
    int16_t status;       // HTTP status, 0 without an answer, negative libcurl code
};

/* How fast a target may be spoken to: a bucket of `burst` pages, filled at that rate. The last one
 * in it is for pages that tell of trouble. 0 per minute: no limit. */
struct pl_target_pace {
    uint32_t per_minute, burst; // burst at least 1
};

struct pl_page {
    struct pl_slot_id id;
    uint64_t number; // unique over restarts, grows: field name in Redis
    uint8_t target;  // index of the configuration's targets
    bool resolved;   // what it tells: firing or resolved (also when the alert was only lowered)
    enum pl_page_state state;
    bool told; // an attempt was made whose request may have arrived
    uint32_t attempts;
    enum pl_result_class last_class; // of the newest answer, if there was one
    int16_t last_status;
    int64_t created_unix_ms;
    int64_t due_mono_ms;     // INTENT, READY: next attempt; SENDING: until then an answer must come
    int64_t expires_mono_ms; // time to live
    struct pl_backoff backoff;
    struct pl_alert alert; // what it tells; in a resolve `resolved_unix_ms` is always set
};

struct pl_outbox {
    struct pl_slots slots;
    uint32_t generation[PL_OUTBOX_MAX]; // of slots
    uint32_t next_free[PL_OUTBOX_MAX];
    uint32_t live[PL_OUTBOX_MAX]; // slots in use, oldest first
    uint32_t live_count;
    /* The index by target and alert: lists of slots, 1 + the slot, 0 at their end. */
    uint16_t buckets[PL_OUTBOX_BUCKETS];
    uint16_t next_in_bucket[PL_OUTBOX_MAX];
    uint32_t sending_count; // pages in state SENDING
    uint8_t sending[PL_TARGET_MAX];
    uint64_t crowded;           // bit t: a page to t waits until another is answered
    bool looking;               // pl_outbox_due() is on its way through `live`
    uint32_t look_from;         // and goes on there
    int64_t look_later_mono_ms; // the soonest of those it has passed
    uint64_t last_number;
    int64_t next_due_mono_ms; // no page needs anything before; INT64_MAX: none at all
    int64_t target_wait_mono_ms[PL_TARGET_MAX]; // the provider asked to be left alone until then
    struct pl_target_pace pace[PL_TARGET_MAX];
    int64_t full_mono_ms[PL_TARGET_MAX]; // when the bucket of that target will be full again
    struct pl_rng rng;
    struct pl_page pages[PL_OUTBOX_MAX];
};

/* `seed` drives the jitter. No target has a limit. */
void pl_outbox_init(struct pl_outbox *o, uint64_t seed);
void pl_outbox_pace(struct pl_outbox *o, uint8_t target, const struct pl_target_pace *pace);

enum pl_tell {
    PL_TELL_NOTHING,   // nothing to do: never told and nothing to tell, or already on its way
    PL_TELL_ADDED,     // a new page in state INTENT: write it down
    PL_TELL_CHANGED,   // its unsent page carries the newest state now: write it down again
    PL_TELL_WITHDRAWN, // its unsent page is of no use any more: delete it, then pl_outbox_remove()
    PL_TELL_FULL,      // refused: no room
};

/* Tell `target` the newest state of `alert`. `*page` is set for ADDED, CHANGED and WITHDRAWN. While
 * an attempt is under way its page is left alone: tell again after its result. */
enum pl_tell pl_outbox_tell(struct pl_outbox *o, uint8_t target, const struct pl_alert *alert,
                            struct pl_now now, struct pl_page **page);
/* Nobody wants that page any more, though its trouble goes on. The page to delete and remove, or
 * NULL: there is none, or an attempt is under way (ask again after its result). */
struct pl_page *pl_outbox_unwanted(struct pl_outbox *o, uint8_t target,
                                   const struct pl_alert *alert);
/* A page written down before a restart: back to INTENT, due at once, perhaps told. NULL if there is
 * no room, or already a page to that target about that alert. */
struct pl_page *pl_outbox_restore(struct pl_outbox *o, const struct pl_page *page,
                                  struct pl_now now);

/* The unsent page to that target about that alert, or NULL. */
struct pl_page *pl_outbox_find(struct pl_outbox *o, uint8_t target, const struct pl_alert *alert);
/* NULL if that page is gone. */
struct pl_page *pl_outbox_get(struct pl_outbox *o, struct pl_slot_id id);

/* The intent is written down: READY at once. False if it is further already. */
bool pl_outbox_saved(struct pl_outbox *o, struct pl_page *page, struct pl_now now);
/* The next page for which something must happen now, or NULL. Either it is SENDING and must be
 * tried, or it is FAILED because its time to live is over: settle it. Costs nothing while none is
 * due. */
struct pl_page *pl_outbox_due(struct pl_outbox *o, struct pl_now now);
/* The answer to an attempt: SENT, FAILED, or READY after a wait. False, and nothing happens, if the
 * page is not SENDING. */
bool pl_outbox_result(struct pl_outbox *o, struct pl_page *page,
                      const struct pl_page_result *result, struct pl_now now);
/* Take it out of the table. Not while it is SENDING. */
void pl_outbox_remove(struct pl_outbox *o, struct pl_page *page);
