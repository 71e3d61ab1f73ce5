/* admin.h - what the `plimsoll` command asks of its collector through the admin socket: one line.
 *
 *     token new ttl_ms=3600000 pool=web [pool=api ...] [address=192.0.2.1:7410 ...]
 *     host list [after=CURSOR]
 *     host revoke NAME
 *     host rotate NAME
 *     host forget NAME
 *     notifier test NAME
 *
 * The answer is a line "ok" or "error <why>", then lines of data, then the end of the stream. */
#pragma once

#include "common/wire/token.h"

enum { PL_ADMIN_LINE_BYTES_MAX = 2048 };

#define PL_ADMIN_TTL_MS_MIN INT64_C(60000)      // a minute
#define PL_ADMIN_TTL_MS_MAX INT64_C(2592000000) // 30 days

enum pl_admin_verb {
    PL_ADMIN_TOKEN_NEW,
    PL_ADMIN_HOST_LIST,
    PL_ADMIN_HOST_REVOKE,
    PL_ADMIN_HOST_ROTATE,
    PL_ADMIN_HOST_FORGET,
    PL_ADMIN_NOTIFIER_TEST,
};

struct pl_admin_request {
    enum pl_admin_verb verb;
    int64_t ttl_ms;     // PL_ADMIN_TTL_MS_MIN to _MAX
    uint8_t pool_count; // at least 1
    struct pl_name pools[PL_TOKEN_POOLS_MAX];
    uint8_t address_count;
    struct pl_address addresses[PL_TOKEN_ADDRESSES_MAX];
    struct pl_name host;     // of revoke, rotate and forget
    struct pl_name notifier; // of test
    uint32_t after;          // of list
};

/* Read a line without its end. NULL and `*out`, or what is wrong with it, as a sentence. */
PL_MUST_CHECK const char *pl_admin_parse(struct pl_span line, struct pl_admin_request *out);
