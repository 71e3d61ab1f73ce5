/* roster.h - which key speaks for which host name, and which join tokens are out.
 *
 * One host name has one key, for a while perhaps a next one beside it, and one pool. A revoked host
 * keeps its place, so that its key is told that it was revoked; a later join with a token may give
 * the name to another key. Of a token only the hash of its secret is known here. Expired tokens
 * stay for PL_ROSTER_TOKEN_KEEP_MS, so that whoever still holds one is told what is wrong with it.
 *
 * Bounds: `host_max` names, then PL_E_FULL until one is forgotten; PL_ROSTER_TOKENS_MAX tokens,
 * then the one that expired first makes room, and PL_E_FULL while all of them are good. */
#pragma once

#include "common/wire/token.h"

enum {
    PL_ROSTER_TOKENS_MAX = 256,
    PL_ROSTER_HOSTS_MAX = 200000,
    PL_TOKEN_HASH_BYTES = 32,
};

#define PL_ROSTER_TOKEN_KEEP_MS INT64_C(604800000) // 7 days
#define PL_ROSTER_NONE          UINT32_MAX

struct pl_enrolled {
    struct pl_name host, pool;
    struct pl_public_key key;
    bool has_next;             // a key that was asked for and was not used yet; until then both
    struct pl_public_key next; // are good
    int64_t enrolled_unix_ms;
    int64_t rotated_unix_ms; // when a next key was asked for; 0: it has its first
    int64_t revoked_unix_ms; // 0: good
};

struct pl_join_token {
    uint8_t id[PL_TOKEN_ID_BYTES];
    uint8_t secret_hash[PL_TOKEN_HASH_BYTES]; // SHA-256
    int64_t created_unix_ms, expires_unix_ms;
    uint8_t pool_count; // 0 only in a free place
    struct pl_name pools[PL_TOKEN_POOLS_MAX];
};

struct pl_roster_place {
    struct pl_enrolled enrolled;
    uint32_t next; // in its chain, or of the free ones
};

struct pl_roster {
    struct pl_roster_place *places; // borrowed; host_max items
    uint32_t *chains;               // borrowed; chain_count items
    uint32_t host_max, host_count, chain_count;
    uint32_t first_free, used_max;
    bool is_complete; // what was recorded before this process began is known
    struct pl_join_token tokens[PL_ROSTER_TOKENS_MAX];
};

/* Memory for pl_roster_init; `host_max` is 1 to PL_ROSTER_HOSTS_MAX. */
size_t pl_roster_bytes(uint32_t host_max);
/* `memory` is zeroed, aligned as malloc does, and outlives the roster. */
struct pl_roster *pl_roster_init(void *memory, uint32_t host_max);

/* NULL if the name is not enrolled. Valid until the next put or forget. */
const struct pl_enrolled *pl_roster_find(const struct pl_roster *r, const struct pl_name *host);
/* Enrol, or replace what is known of that name. PL_E_FULL and nothing has changed. */
PL_MUST_CHECK int pl_roster_put(struct pl_roster *r, const struct pl_enrolled *enrolled);
/* False if the name was not enrolled. */
bool pl_roster_forget(struct pl_roster *r, const struct pl_name *host);
/* The next enrolled host at or after `*cursor` (0 at first), in no order; NULL at the end. */
const struct pl_enrolled *pl_roster_next(const struct pl_roster *r, uint32_t *cursor);

/* NULL if there is no such token. */
const struct pl_join_token *pl_roster_token(const struct pl_roster *r,
                                            const uint8_t id[PL_TOKEN_ID_BYTES]);
/* Keep a token. PL_E_FULL, or 0 and in `*dropped` the token that made room; its pool_count is 0 if
 * none had to. */
PL_MUST_CHECK int pl_roster_put_token(struct pl_roster *r, const struct pl_join_token *token,
                                      int64_t now_unix_ms, struct pl_join_token *dropped);
/* Take out one token whose time to be remembered is over. False if there is none. */
bool pl_roster_expire(struct pl_roster *r, int64_t now_unix_ms, struct pl_join_token *out);
