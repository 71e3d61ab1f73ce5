/* keys.h - where everything lives in Redis: every key, field and time to live, in one place.
 *
 *     pl:{<host>}:r1:<bucket>     samples             bucket 15 min  kept  1 h
 *     pl:{<host>}:r10:<bucket>    10 s min/avg/max    bucket  6 h    kept 24 h
 *     pl:{<host>}:r300:<bucket>   5 min min/avg/max   bucket  3 d    kept 30 d
 *     pl:{<host>}:changes         what changed on it  field: its place       kept 30 d
 *     pl:{<host>}:learned         what its capacity was learned from         kept 30 d
 *     pl:hosts  pl:alerts  pl:outbox                  control records: kept until deleted
 *     pl:references                                   what providers call their messages: likewise
 *     pl:traffic                                      what is remembered of a pool: likewise
 *     pl:launches                                     what is announced: likewise
 *     pl:handling  pl:silences  pl:deliveries         what people say, who was told: likewise
 *     pl:externals                                    alerts that others found: likewise
 *     pl:cases  pl:caseupdates                        cases, what was published: likewise
 *     pl:overrides                                    of schedules: likewise
 *     pl:enrolled  pl:tokens                          who may speak for a host: likewise
 *     pl:users  pl:sessions  pl:apitokens  pl:audit   accounts: likewise
 *     pl:writer                                       the connection that may write
 *
 * A metric key is a hash: one field per chunk of up to 60 rows. <bucket> is its start in Unix
 * seconds. The braces are the hash tag: all keys of a host share one slot of a cluster. Only metric
 * keys have a time to live, so `volatile-ttl` eviction takes the oldest samples and never an alert.
 */
#pragma once

#include "common/base/base.h"
#include "common/base/name.h"
#include "common/base/text.h"

enum pl_resolution { PL_R1, PL_R10, PL_R300, PL_RESOLUTION_COUNT };

struct pl_resolution_plan {
    const char *tag;
    int64_t row_ms;    // distance of rows; of samples: their usual one
    int64_t window_ms; // what one chunk covers at most; starts at a multiple of it
    int64_t bucket_ms;
    int64_t keep_ms; // after the end of the bucket
};
const struct pl_resolution_plan *pl_resolution_plan(enum pl_resolution resolution);

#define PL_KEY_HOSTS      "pl:hosts"
#define PL_KEY_ALERTS     "pl:alerts"
#define PL_KEY_OUTBOX     "pl:outbox"
#define PL_KEY_REFERENCES "pl:references"
#define PL_KEY_TRAFFIC    "pl:traffic"
#define PL_KEY_LAUNCHES   "pl:launches"
#define PL_KEY_OVERRIDES  "pl:overrides"
#define PL_KEY_ENROLLED   "pl:enrolled"
#define PL_KEY_TOKENS     "pl:tokens"

/* Hashes of accounts, in the order in which they are read back. */
#define PL_ACCOUNT_KEY_LIST(X)                                                                     \
    X(USERS, "pl:users")                                                                           \
    X(SESSIONS, "pl:sessions")                                                                     \
    X(API_TOKENS, "pl:apitokens")                                                                  \
    X(AUDIT, "pl:audit")

enum pl_account_key {
#define PL_ACCOUNT_KEY_ENUM(id, key) PL_ACCOUNT_KEY_##id,
    PL_ACCOUNT_KEY_LIST(PL_ACCOUNT_KEY_ENUM)
#undef PL_ACCOUNT_KEY_ENUM
        PL_ACCOUNT_KEY_COUNT
};
const char *pl_account_key(enum pl_account_key key);

/* Hashes of what people say about alerts and of what became of telling them, in the order in which
 * they are read back. */
#define PL_SAID_KEY_LIST(X)                                                                        \
    X(HANDLING, "pl:handling")        /* field: id of the alert */                                 \
    X(SILENCES, "pl:silences")        /* field: its number */                                      \
    X(ACTIONS, "pl:actions")          /* field: launch "/" hook */                                 \
    X(EXTERNALS, "pl:externals")      /* field: its fingerprint */                                 \
    X(DELIVERIES, "pl:deliveries")    /* field: its place in the log */                            \
    X(CASES, "pl:cases")              /* field: its id */                                          \
    X(CASE_UPDATES, "pl:caseupdates") /* field: id of the case, its place; after the case */

enum pl_said_key {
#define PL_SAID_KEY_ENUM(id, key) PL_SAID_KEY_##id,
    PL_SAID_KEY_LIST(PL_SAID_KEY_ENUM)
#undef PL_SAID_KEY_ENUM
        PL_SAID_KEY_COUNT
};
const char *pl_said_key(enum pl_said_key key);

enum { PL_KEY_BYTES = 4 + PL_NAME_LEN_MAX + 7 + 20 + 1, PL_FIELD_BYTES = 20 + 1 + 20 + 1 };

/* `unix_ms` rounded down to a multiple of `step_ms`; also before 1970. */
int64_t pl_floor_ms(int64_t unix_ms, int64_t step_ms);
/* Key of the bucket that holds `unix_ms`, into PL_KEY_BYTES bytes. */
void pl_key_metric(char *out, const struct pl_name *host, enum pl_resolution resolution,
                   int64_t unix_ms);
/* Key of a host's changes, into PL_KEY_BYTES bytes, and how long it lives after the last of them.
 */
void pl_key_changes(char *out, const struct pl_name *host);
enum { PL_KEY_CHANGES_TTL_S = 30 * 24 * 3600 };
/* The same for what was learned of it; one field, PL_FIELD_LEARNED. */
void pl_key_learned(char *out, const struct pl_name *host);
enum { PL_KEY_LEARNED_TTL_S = 30 * 24 * 3600 };
#define PL_FIELD_LEARNED "capacity"
/* Seconds to live of that bucket when it is written at `now`: to its end and keep_ms longer. Never
 * below keep_ms (late samples are kept as long as others) and never above what a bucket that began
 * just now gets (a host whose clock is ahead). */
int64_t pl_key_ttl_s(enum pl_resolution resolution, int64_t unix_ms, int64_t now_unix_ms);
/* True while everything that was stored for the window that starts at `unix_ms` is certainly
 * there: none of it has reached its time to live. */
bool pl_key_window_whole(enum pl_resolution resolution, int64_t window_unix_ms,
                         int64_t now_unix_ms);

/* Field of a chunk, into PL_FIELD_BYTES bytes: "<first ms>-<first seq>" for samples, "<first ms>"
 * for rows (seq 0). The seq keeps apart what a clock set back would lay over each other. */
void pl_field_write(char *out, int64_t first_unix_ms, uint64_t first_seq);
/* Reads both forms back. PL_E_SYNTAX, PL_E_RANGE; `*first_unix_ms` is untouched then. */
PL_MUST_CHECK int pl_field_parse(struct pl_span field, int64_t *first_unix_ms);
