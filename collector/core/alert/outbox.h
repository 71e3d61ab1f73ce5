/* outbox.h - pages that must reach somebody: written down first, then tried until they arrive.
 *
 *     INTENT --saved, or 100 ms without an answer--> READY --handed out--> SENDING --2xx--> SENT
 *                                                      ^                      |
 *                                                      +---- wait over -------+ retry
 *                                          FAILED <-- reject, broken, time to live over
 *
 * At most one unsent page per (target, alert): a newer state replaces an older one. A resolve is
 * never sent to a target that was never told of the trouble. Retries, waits and time to live follow
 * the result classes of each answer. A page leaves the table (PL_EFFECT_DROP_PAGE) when it is SENT
 * or FAILED. */
#pragma once

#include "collector/core/alert/alert.h"
#include "common/base/backoff.h"
#include "common/base/slots.h"

enum {
    PL_OUTBOX_MAX = 1024, // then a page is refused and counted; alerts stay visible
    PL_TARGET_MAX = 32,
    PL_PAGE_SAVE_WAIT_MS = 100,
    PL_PAGE_TTL_FIRING_MS = 30 * 60 * 1000,
    PL_PAGE_TTL_RESOLVED_MS = 60 * 60 * 1000,
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
    int16_t status;       // HTTP status, 0 without an answer, negative libcurl code
};

struct pl_page {
    struct pl_slot_id id;
    uint64_t number; // unique over restarts, grows: field name in Redis
    uint8_t target;  // index of the configuration's targets
    bool resolved;   // what it tells: firing or resolved
    enum pl_page_state state;
    bool told; // an attempt was made whose request may have arrived
    uint32_t attempts;
    int16_t last_status;
    int64_t created_unix_ms;
    int64_t due_mono_ms;     // INTENT, READY: next step; SENDING: not used
    int64_t expires_mono_ms; // time to live
    struct pl_backoff backoff;
    struct pl_alert alert; // as it was when the page was written
};
