/* delivery.h - the log of attempts: did Alex get it?
 *
 * One entry per attempt that was answered, and per page that ended without one. A ring of the
 * newest PL_DELIVERIES_MAX; every entry has a place in it, so what is written down is bounded as
 * well. */
#pragma once

#include "collector/core/alert/outbox.h"

enum { PL_DELIVERIES_MAX = 1024 };

enum pl_delivery_end {
    PL_DELIVERED,
    PL_DELIVERY_RETRY,     // refused for now, or unanswered; it will be tried again
    PL_DELIVERY_REJECTED,  // this message will never be taken
    PL_DELIVERY_BROKEN,    // this target will never take anything
    PL_DELIVERY_EXPIRED,   // given up: its time was over
    PL_DELIVERY_WITHDRAWN, // nobody needs it any more: over, acknowledged, silenced, or told
                           // otherwise
    PL_DELIVERY_REFUSED,   // the outbox was full
    PL_DELIVERY_END_COUNT,
};

struct pl_delivery {
    uint64_t number; // of the entry, grows; 0: none
    int64_t at_unix_ms;
    struct pl_name pool; // with `rule`: the alert
    enum pl_rule rule;
    int64_t opened_unix_ms; // of the alert: tells one from the next
    struct pl_name target;  // filled by whoever knows names: empty in the engine
    uint8_t target_index;
    bool resolved; // what it told
    enum pl_delivery_end end;
    uint32_t attempt; // counted from 1; 0: none was made
    int16_t status;   // as in struct pl_page_result
};

struct pl_deliveries {
    uint64_t last_number;
    struct pl_delivery items[PL_DELIVERIES_MAX]; // number % PL_DELIVERIES_MAX is its place
};

/* "delivered", "retry", "rejected", "broken", "expired", "withdrawn", "refused". */
const char *pl_delivery_end_name(enum pl_delivery_end end);

/* Add one; it gets its number. Returns its place. */
uint32_t pl_deliveries_add(struct pl_deliveries *d, const struct pl_delivery *entry);
/* One that was written down. Ignored where a newer one is. */
void pl_deliveries_restore(struct pl_deliveries *d, const struct pl_delivery *entry);
