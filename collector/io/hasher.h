/* hasher.h - passwords to hashes, on libuv's worker threads: some tenths of a second and 32 MiB
 * each, so never on the loop.
 *
 * scrypt (RFC 7914) with N = 2^15, r = 8, p = 3, one of the settings of the OWASP password storage
 * cheat sheet. PL_HASHER_RUNNING_MAX run at a time, so that a flood of logins takes neither all
 * threads nor all memory; PL_HASHER_JOBS_MAX may wait with them, a further one is refused. */
#pragma once

#include "collector/core/trust/account.h"
#include "collector/core/trust/password.h"

#include <uv.h>

enum { PL_HASHER_RUNNING_MAX = 2, PL_HASHER_JOBS_MAX = 16 };

/* From the loop: `hash` of the password that was given; NULL if this system has no memory for it.
 */
typedef void pl_hasher_done_fn(void *arg, const uint8_t hash[PL_PASSWORD_HASH_BYTES]);

struct pl_hasher_job {
    bool taken, running;
    struct pl_hasher *hasher; // borrowed: its owner
    uint64_t number;          // the least of those that wait is next
    uv_work_t work;
    int err;
    size_t len;
    uint8_t password[PL_PASSWORD_BYTES_MAX];
    uint8_t salt[PL_SALT_BYTES];
    uint8_t hash[PL_PASSWORD_HASH_BYTES];
    pl_hasher_done_fn *done;
    void *arg; // borrowed, for done
};

struct pl_hasher {
    uv_loop_t *loop; // borrowed
    bool stopping;
    uint64_t count;
    uint32_t running;
    struct pl_hasher_job jobs[PL_HASHER_JOBS_MAX];
};

void pl_hasher_init(struct pl_hasher *h, uv_loop_t *loop);
/* Hash `password`, at most PL_PASSWORD_BYTES_MAX; both are copied. 0 and `done` follows, unless the
 * hasher is stopped first; PL_E_FULL. */
PL_MUST_CHECK int pl_hasher_ask(struct pl_hasher *h, struct pl_span password,
                                const uint8_t salt[PL_SALT_BYTES], pl_hasher_done_fn *done,
                                void *arg);
/* Call nobody any more. What runs is waited for by the loop; free the memory after that. */
void pl_hasher_stop(struct pl_hasher *h);
