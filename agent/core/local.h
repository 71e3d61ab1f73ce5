/* local.h - from what the local servers say to the traffic of this host.
 *
 * Several servers of one host stand in line: a request passes haproxy, then nginx, then php-fpm,
 * and must count once. So
 *
 *     traffic.requests, traffic.active   the sum over the servers of the outermost kind that counts
 *                                        requests (haproxy before nginx before apache before
 *                                        php-fpm; haproxy without an HTTP frontend does not count)
 *     traffic.waiting                    the sum over all: a request waits in one queue at a time
 *     workers.*                          those of the pool that is the fullest
 *
 * If one of the outermost did not answer for a sample, requests have no value in it: those of the
 * next kind inwards would look like a jump. The agent's own questions are subtracted. */
#pragma once

#include "agent/core/status.h"

enum {
    PL_LOCAL_SOURCES_MAX = 8,
    PL_LOCAL_APART_US = 10 * 1000 * 1000, // between two answers: their rate says nothing of now
};

/* One server, as far as it has answered. */
struct pl_local_track {
    enum pl_status_kind kind;
    uint32_t workers; // there may be so many, says the configuration; 0: the server says it
    bool is_fresh;    // it answered for the sample that comes next
    bool has_last;
    bool answers_apart; // it is not busy with the question: php-fpm's pm.status_listen
    uint32_t asked;     // questions since the answer in `last`
    int64_t last_us;    // when that came
    int32_t rate;       // of requests, fixed point; PL_ABSENT
    struct pl_status last;
};

void pl_local_track_init(struct pl_local_track *t, enum pl_status_kind kind, uint32_t workers);
/* It was asked. */
void pl_local_asked(struct pl_local_track *t);
/* It answered, at `now_us` of a monotonic clock. */
void pl_local_answered(struct pl_local_track *t, const struct pl_status *status, int64_t now_us);
/* Nobody is there any more: what comes back has counted anew. */
void pl_local_lost(struct pl_local_track *t);

/* Fill the metrics of `values` that are traffic, workers and local.missed from `count` tracks, each
 * of which is stale from then on; PL_ABSENT where nothing is known. */
void pl_local_values(struct pl_local_track *const *tracks, size_t count, int32_t *values);
