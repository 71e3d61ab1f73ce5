/* admit.h - may this peer speak for that host, join, or change its key; and if not, why not.
 *
 * What the peer has shown comes in as a value; the answer is one row of the list below, whose text
 * is sent to the agent and names what its operator can do. */
#pragma once

#include "collector/core/trust/roster.h"
#include "common/wire/session.h"

enum { PL_PEER_NAMES_MAX = 4 };

/* What is known of the other end of a connection. */
struct pl_peer {
    bool is_encrypted;
    bool is_proven;           // it has proved to hold `key` on this connection
    struct pl_public_key key; // of is_proven
    uint8_t name_count; // a certificate that the CA file vouches for names these hosts; 0: none
    struct pl_name names[PL_PEER_NAMES_MAX];
};

/* symbol, code of the REFUSE, name in counters and logs, text for the agent's operator. */
#define PL_ADMISSION_LIST(X)                                                                       \
    X(PLAIN_OUTSIDE, PL_REFUSE_PLAIN, "plain_outside",                                             \
      "plain TCP is taken from the collector's own machine only; run 'plimsoll-agent join' here "  \
      "with a token of 'plimsoll token new'")                                                      \
    X(PLAIN_ENROLLED, PL_REFUSE_PLAIN, "plain_enrolled",                                           \
      "this host name is enrolled with a key, which plain TCP would bypass; use its key, or have " \
      "it forgotten: 'plimsoll host forget'")                                                      \
    X(NO_KEY, PL_REFUSE_KEY, "no_key",                                                             \
      "neither a key nor a client certificate was shown; run 'plimsoll-agent join' with a token")  \
    X(BAD_PROOF, PL_REFUSE_KEY, "bad_proof",                                                       \
      "the signature was not made with that key for this connection; a replayed proof is worth "   \
      "nothing")                                                                                   \
    X(NOT_ENROLLED, PL_REFUSE_KEY, "not_enrolled",                                                 \
      "this host name is not enrolled here; run 'plimsoll-agent join' with a token of "            \
      "'plimsoll token new'")                                                                      \
    X(WRONG_KEY, PL_REFUSE_KEY, "wrong_key",                                                       \
      "this host name belongs to another key; give this host a name of its own, or revoke the "    \
      "old key and join again")                                                                    \
    X(CERTIFICATE_NAME, PL_REFUSE_KEY, "certificate_name",                                         \
      "the client certificate does not name this host: its DNS names, or its CN if it has none, "  \
      "must hold agent.host")                                                                      \
    X(REVOKED, PL_REFUSE_REVOKED, "revoked",                                                       \
      "the key of this host was revoked; to bring it back, run 'plimsoll-agent join' with a new "  \
      "token")                                                                                     \
    X(TOKEN_UNKNOWN, PL_REFUSE_TOKEN, "token_unknown",                                             \
      "this join token was not made by this collector, or is long expired; get one with "          \
      "'plimsoll token new'")                                                                      \
    X(TOKEN_EXPIRED, PL_REFUSE_TOKEN, "token_expired",                                             \
      "this join token has expired; get a new one with 'plimsoll token new'")                      \
    X(TOKEN_POOL, PL_REFUSE_POOL, "token_pool",                                                    \
      "this join token is not good for that pool; set agent.pool to one of its pools, or get "     \
      "another token")                                                                             \
    X(WRONG_POOL, PL_REFUSE_POOL, "wrong_pool",                                                    \
      "this host is enrolled in another pool; set agent.pool back, or join again with a token "    \
      "for the new pool")                                                                          \
    X(NAME_ENROLLED, PL_REFUSE_NAME, "name_enrolled",                                              \
      "this host name is enrolled with another key; choose another agent.host, or have that key "  \
      "revoked first")                                                                             \
    X(ROSTER_FULL, PL_REFUSE_FULL, "roster_full",                                                  \
      "no more hosts can be enrolled; forget old ones with 'plimsoll host forget'")                \
    X(NOT_LOADED, PL_REFUSE_LATER, "not_loaded",                                                   \
      "the collector cannot look up keys yet, because its Redis is away; the agent tries again")   \
    X(NOT_RECORDED, PL_REFUSE_LATER, "not_recorded",                                               \
      "the collector cannot record a key now, because its Redis is away; try again in a moment")

enum pl_admission {
    PL_ADMITTED,
#define PL_ADMISSION_ENUM(symbol, code, name, text) PL_ADMISSION_##symbol,
    PL_ADMISSION_LIST(PL_ADMISSION_ENUM)
#undef PL_ADMISSION_ENUM
        PL_ADMISSION_COUNT
};

struct pl_admission_info {
    enum pl_refuse_code code;
    const char *name;
    const char *text; // at most PL_REFUSE_TEXT_MAX bytes
};
/* Of a refusal, so not of PL_ADMITTED. */
const struct pl_admission_info *pl_admission_info(enum pl_admission admission);

/* May `peer` speak for `host` in `pool`? A plain peer is one on loopback; others never get here. */
enum pl_admission pl_admit_hello(const struct pl_roster *r, const struct pl_peer *peer,
                                 const struct pl_name *host, const struct pl_name *pool);
/* May the key `peer` has proved be enrolled? `secret_hash`: SHA-256 of the secret in `join`. */
enum pl_admission pl_admit_join(const struct pl_roster *r, const struct pl_peer *peer,
                                const struct pl_join *join,
                                const uint8_t secret_hash[PL_TOKEN_HASH_BYTES],
                                int64_t now_unix_ms);
/* Is what `peer` has proved the next key of that host, and so used for the first time? */
bool pl_admit_is_next(const struct pl_roster *r, const struct pl_peer *peer,
                      const struct pl_name *host);
/* May the key `peer` has proved be replaced? That the next key was proved is the caller's part. */
enum pl_admission pl_admit_rotate(const struct pl_roster *r, const struct pl_peer *peer,
                                  const struct pl_rotate *rotate);
