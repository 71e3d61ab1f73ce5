/* telling.h - published updates on their way to subscribers, and the reminder that one is due.
 *
 * What must be told is written down already: a durable update with a number above the subscriber's
 * `told` is owed to them, in order, one at a time. So a crash in between repeats at most the
 * attempt that was under way, under the same message id, which receivers drop. Waits are those of
 * the outbox: what the receiver asked for, else exponential with jitter. After PL_CASE_TELL_TTL_MS,
 * or a refusal for good, it is given up, which the timeline says, and the next update is told.
 *
 * A due time is reminded of once. Contacts are tried in order; after PL_CASE_REMIND_ROUNDS rounds
 * without success it is given up, which the timeline says as well. */
#pragma once

#include "collector/core/alert/outbox.h"
#include "collector/core/incident/case.h"
#include "collector/core/now.h"

enum {
    PL_CASE_TELL_TTL_MS = 24 * 3600 * 1000,
    PL_CASE_REMIND_ROUNDS = 5,
    PL_CASE_REMIND_WAIT_MS = 30 * 1000, // between rounds
};

/* The next subscriber to be told something, whose attempt begins with this call: answer it with
 * pl_case_told(). NULL: nobody now. `*update` is what to tell. Updates whose time is over are given
 * up on the way. */
const struct pl_case_subscriber *pl_case_tell(struct pl_case *c, struct pl_now now,
                                              const struct pl_case_update **update);
/* What became of telling an update. Ignored for a subscriber who is gone. */
struct pl_case_telling {
    uint32_t subscriber, update; // numbers
    struct pl_page_result result;
};
void pl_case_told(struct pl_case *c, const struct pl_case_telling *telling, struct pl_rng *rng,
                  struct pl_now now);

/* The owner is to be reminded now: by contact `*nth`, counted from 0 and modulo however many there
 * are. The attempt begins with this call. */
bool pl_case_remind(struct pl_case *c, struct pl_now now, uint32_t *nth);
/* What became of it. With no contact at all it is given up at once. */
struct pl_case_reminding {
    bool sent;
    struct pl_span contact; // who was asked; borrowed
    uint32_t contact_count; // of these there are
};
void pl_case_reminded(struct pl_case *c, const struct pl_case_reminding *what, struct pl_now now);
