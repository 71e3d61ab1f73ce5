/* health.h - which targets take nothing any more: a pager that is broken tells nobody so itself.
 *
 * A target is broken when it said that it will never take anything (its key is revoked, its hook
 * deleted), when it refused PL_HEALTH_REJECTS messages in a row, or when nothing it was sent in
 * PL_HEALTH_FAILING_MS arrived. The first message it takes heals it. Attempts that lie further
 * apart than PL_HEALTH_APART_MS say nothing about the time between them. */
#pragma once

#include "collector/core/alert/outbox.h"

enum {
    PL_HEALTH_REJECTS = 3,
    PL_HEALTH_ATTEMPTS = 3, // in that time, at least
    PL_HEALTH_FAILING_MS = 5 * 60 * 1000,
    PL_HEALTH_APART_MS = 20 * 60 * 1000, // longer than any wait between two attempts
};

struct pl_target_health {
    uint32_t failures, rejects;            // since it last took something
    int64_t failing_mono_ms, last_mono_ms; // the first and the last of them
    int64_t failing_unix_ms;               // the first
};

struct pl_targets_health {
    uint64_t broken; // bit t: target t
    struct pl_target_health items[PL_TARGET_MAX];
};

/* An attempt was answered, or was not. True if `broken` is another set now. */
bool pl_health_step(struct pl_targets_health *h, uint8_t target, enum pl_result_class class,
                    struct pl_now now);
/* It was broken before a restart, since then. */
void pl_health_restore(struct pl_targets_health *h, uint8_t target, int64_t since_unix_ms,
                       struct pl_now now);
