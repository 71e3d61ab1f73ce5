#include "collector/core/trust/admit.h"

#include "common/base/assert.h"

#include <assert.h>

#define FITS(symbol, code, name, text)                                                             \
    static_assert(sizeof(text) - 1 <= PL_REFUSE_TEXT_MAX, "the text of " #symbol " fits a "        \
                                                          "REFUSE");
PL_ADMISSION_LIST(FITS)
#undef FITS

const struct pl_admission_info *pl_admission_info(enum pl_admission admission)
{
    static const struct pl_admission_info infos[] = {
#define INFO(symbol, code, name, text) [PL_ADMISSION_##symbol] = {code, name, text},
        PL_ADMISSION_LIST(INFO)
#undef INFO
    };
    PL_ASSERT(admission > PL_ADMITTED && admission < PL_ADMISSION_COUNT);
    return &infos[admission];
}

static bool is_key_of(const struct pl_enrolled *enrolled, const struct pl_public_key *key)
{
    return pl_public_key_eq(&enrolled->key, key) ||
           (enrolled->has_next && pl_public_key_eq(&enrolled->next, key));
}

bool pl_admit_is_next(const struct pl_roster *r, const struct pl_peer *peer,
                      const struct pl_name *host)
{
    const struct pl_enrolled *enrolled = pl_roster_find(r, host);
    return enrolled && peer->is_proven && enrolled->has_next &&
           pl_public_key_eq(&enrolled->next, &peer->key);
}

/* The key of that host, as far as `peer` has proved it. */
static enum pl_admission admit_key(const struct pl_roster *r, const struct pl_peer *peer,
                                   const struct pl_name *host)
{
    const struct pl_enrolled *enrolled = pl_roster_find(r, host);
    if (!peer->is_proven) return PL_ADMISSION_NO_KEY;
    if (!r->is_complete && !enrolled) return PL_ADMISSION_NOT_LOADED;
    if (!enrolled) return PL_ADMISSION_NOT_ENROLLED;
    if (!is_key_of(enrolled, &peer->key)) return PL_ADMISSION_WRONG_KEY;
    return enrolled->revoked_unix_ms == 0 ? PL_ADMITTED : PL_ADMISSION_REVOKED;
}

enum pl_admission pl_admit_hello(const struct pl_roster *r, const struct pl_peer *peer,
                                 const struct pl_name *host, const struct pl_name *pool)
{
    const struct pl_enrolled *enrolled = pl_roster_find(r, host);
    if (!peer->is_encrypted) return enrolled ? PL_ADMISSION_PLAIN_ENROLLED : PL_ADMITTED;
    if (peer->name_count > 0) {
        for (size_t i = 0; i < peer->name_count; i++)
            if (pl_name_eq(&peer->names[i], host)) return PL_ADMITTED;
        return PL_ADMISSION_CERTIFICATE_NAME;
    }
    enum pl_admission admission = admit_key(r, peer, host);
    if (admission != PL_ADMITTED) return admission;
    return pl_name_eq(&enrolled->pool, pool) ? PL_ADMITTED : PL_ADMISSION_WRONG_POOL;
}

static enum pl_admission admit_token(const struct pl_roster *r, const struct pl_join *join,
                                     const uint8_t *secret_hash, int64_t now_unix_ms)
{
    const struct pl_join_token *token = pl_roster_token(r, join->token_id);
    if (!token || memcmp(token->secret_hash, secret_hash, PL_TOKEN_HASH_BYTES) != 0)
        return PL_ADMISSION_TOKEN_UNKNOWN;
    if (token->expires_unix_ms <= now_unix_ms) return PL_ADMISSION_TOKEN_EXPIRED;
    for (size_t i = 0; i < token->pool_count; i++)
        if (pl_name_eq(&token->pools[i], &join->pool)) return PL_ADMITTED;
    return PL_ADMISSION_TOKEN_POOL;
}

enum pl_admission pl_admit_join(const struct pl_roster *r, const struct pl_peer *peer,
                                const struct pl_join *join,
                                const uint8_t secret_hash[PL_TOKEN_HASH_BYTES], int64_t now_unix_ms)
{
    if (!peer->is_proven) return PL_ADMISSION_NO_KEY;
    if (!r->is_complete) return PL_ADMISSION_NOT_LOADED;
    enum pl_admission admission = admit_token(r, join, secret_hash, now_unix_ms);
    if (admission != PL_ADMITTED) return admission;
    const struct pl_enrolled *enrolled = pl_roster_find(r, &join->host);
    if (!enrolled) return r->host_count < r->host_max ? PL_ADMITTED : PL_ADMISSION_ROSTER_FULL;
    bool is_same = is_key_of(enrolled, &peer->key);
    if (enrolled->revoked_unix_ms != 0) return is_same ? PL_ADMISSION_REVOKED : PL_ADMITTED;
    return is_same ? PL_ADMITTED : PL_ADMISSION_NAME_ENROLLED;
}

enum pl_admission pl_admit_rotate(const struct pl_roster *r, const struct pl_peer *peer,
                                  const struct pl_rotate *rotate)
{
    return admit_key(r, peer, &rotate->host);
}
