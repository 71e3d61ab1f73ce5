/* enrol.h - asking a collector to record a key, or only whether this host is welcome: join, rotate
 * and doctor. Blocks; for commands, not for the loop. */
#pragma once

#include "agent/io/link.h"
#include "common/base/address.h"

enum { PL_ENROL_WAIT_MS = 15 * 1000, PL_ENROL_ERROR_BYTES = 640 };

/* Exactly one of join, rotate and check is set; the signature in `rotate` is filled in by the call.
 */
struct pl_enrol_request {
    const struct pl_join *join;
    struct pl_rotate *rotate;
    const struct pl_key *next; // of rotate
    const struct pl_check *check;
    struct pl_checked *checked; // of check: the answer
};

/* Connect to `collector`, prove trust->key, ask, and wait for the answer. A check may also be made
 * without a key, or plainly, without `trust`. 0 when it is recorded, or this host is welcome; else
 * a negative error and why, for people, in `error` of PL_ENROL_ERROR_BYTES: PL_E_REFUSED if the
 * collector said no, with its code in `*refused` (0 otherwise). */
PL_MUST_CHECK int pl_enrol(const struct pl_address *collector, const struct pl_link_trust *trust,
                           const struct pl_enrol_request *request, uint16_t *refused, char *error);
