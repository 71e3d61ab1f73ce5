/* throttle.h - failed logins slow down whoever fails: per account and per address.
 *
 * PL_THROTTLE_FREE failures cost nothing; each one after them doubles the wait until the next try,
 * up to the limit of its kind. An hour of quiet forgets. An attempt counts as failed when it
 * begins, so that a hundred at once are a hundred failures; a good password forgives all of them.
 *
 * One table per kind holds PL_THROTTLE_ENTRIES_MAX keys; a further one takes the place of the key
 * that failed longest ago. */
#pragma once

#include "common/base/base.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    PL_THROTTLE_ENTRIES_MAX = 512,
    PL_THROTTLE_FREE = 5,
    PL_THROTTLE_FORGET_MS = 60 * 60 * 1000,
    /* At the account's limit some hundred guesses a day are left; NIST SP 800-63B section 5.2.2
     * asks for no more than 100 in a row. An address may be that of a whole office. */
    PL_THROTTLE_ACCOUNT_MS = 15 * 60 * 1000,
    PL_THROTTLE_ADDRESS_MS = 60 * 1000,
};

struct pl_throttle_entry {
    uint64_t key;
    uint32_t failures; // 0: a free place
    int64_t last_mono_ms;
};

struct pl_throttle {
    int64_t wait_ms_max; // PL_THROTTLE_ACCOUNT_MS or _ADDRESS_MS
    struct pl_throttle_entry entries[PL_THROTTLE_ENTRIES_MAX];
};

/* 0: try; else how long until the next try is let through. */
int64_t pl_throttle_wait_ms(const struct pl_throttle *t, uint64_t key, int64_t now_mono_ms);
/* An attempt begins. */
void pl_throttle_attempt(struct pl_throttle *t, uint64_t key, int64_t now_mono_ms);
/* It was a good one: nothing that was before counts any more. */
void pl_throttle_clear(struct pl_throttle *t, uint64_t key);
