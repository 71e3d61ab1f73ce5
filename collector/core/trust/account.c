#include "collector/core/trust/account.h"

#include "common/base/assert.h"
#include "common/base/err.h"

static bool hash_eq(const uint8_t *a, const uint8_t *b)
{
    return memcmp(a, b, PL_SECRET_HASH_BYTES) == 0;
}

/* ---- users ---- */

/* The place of that name; NULL without one. An empty name finds a free place. */
static struct pl_user *user_place(const struct pl_accounts *a, const struct pl_name *name)
{
    for (size_t i = 0; i < PL_LEN(a->users); i++)
        if (pl_name_eq(&a->users[i].name, name)) return (struct pl_user *)(uintptr_t)&a->users[i];
    return NULL;
}

const struct pl_user *pl_accounts_user(const struct pl_accounts *a, const struct pl_name *name)
{
    return name->len > 0 ? user_place(a, name) : NULL;
}

const struct pl_user *pl_accounts_user_by_link(const struct pl_accounts *a,
                                               const uint8_t hash[PL_SECRET_HASH_BYTES],
                                               int64_t now_unix_ms)
{
    for (size_t i = 0; i < PL_LEN(a->users); i++) {
        const struct pl_user *user = &a->users[i];
        if (user->name.len > 0 && user->link_expires_unix_ms > now_unix_ms &&
            hash_eq(user->link_hash, hash))
            return user;
    }
    return NULL;
}

uint32_t pl_accounts_user_count(const struct pl_accounts *a)
{
    uint32_t count = 0;
    for (size_t i = 0; i < PL_LEN(a->users); i++) count += a->users[i].name.len > 0;
    return count;
}

int pl_accounts_put_user(struct pl_accounts *a, const struct pl_user *user)
{
    static const struct pl_name nobody = {0};
    PL_ASSERT(user->name.len > 0 && user->role >= PL_ROLE_READ_ONLY);
    struct pl_user *place = user_place(a, &user->name);
    if (!place) place = user_place(a, &nobody);
    if (!place) return PL_E_FULL;
    *place = *user;
    return 0;
}

bool pl_accounts_drop_user(struct pl_accounts *a, const struct pl_name *name)
{
    struct pl_user *place = name->len > 0 ? user_place(a, name) : NULL;
    if (place) *place = (struct pl_user){0};
    return place != NULL;
}

/* ---- sessions ---- */

static bool is_over(const struct pl_session *s, int64_t now_unix_ms)
{
    return now_unix_ms - s->used_unix_ms >= PL_SESSION_IDLE_MS ||
           now_unix_ms - s->opened_unix_ms >= PL_SESSION_MAX_MS;
}

static struct pl_session *session_place(struct pl_accounts *a, const uint8_t *hash)
{
    for (size_t i = 0; i < PL_LEN(a->sessions); i++)
        if (a->sessions[i].user.len > 0 && hash_eq(a->sessions[i].hash, hash))
            return &a->sessions[i];
    return NULL;
}

void pl_accounts_open(struct pl_accounts *a, const struct pl_session *session,
                      struct pl_session *dropped)
{
    PL_ASSERT(session->user.len > 0);
    struct pl_session *place = session_place(a, session->hash);
    if (!place) place = &a->sessions[0];
    for (size_t i = 1; i < PL_LEN(a->sessions) && place->user.len > 0; i++) {
        struct pl_session *other = &a->sessions[i];
        if (other->user.len == 0 || other->used_unix_ms < place->used_unix_ms) place = other;
    }
    *dropped = *place;
    *place = *session;
}

struct pl_session *pl_accounts_session(struct pl_accounts *a,
                                       const uint8_t hash[PL_SECRET_HASH_BYTES],
                                       int64_t now_unix_ms, const struct pl_user **user)
{
    struct pl_session *s = session_place(a, hash);
    if (!s || is_over(s, now_unix_ms)) return NULL;
    const struct pl_user *owner = pl_accounts_user(a, &s->user);
    if (!owner) return NULL;
    s->used_unix_ms = PL_MAX(s->used_unix_ms, now_unix_ms); // a clock set back expires nobody later
    *user = owner;
    return s;
}

bool pl_accounts_close(struct pl_accounts *a, const uint8_t hash[PL_SECRET_HASH_BYTES])
{
    struct pl_session *s = session_place(a, hash);
    if (s) *s = (struct pl_session){0};
    return s != NULL;
}

bool pl_accounts_close_of(struct pl_accounts *a, const struct pl_name *user, const uint8_t *kept,
                          struct pl_session *out)
{
    for (size_t i = 0; i < PL_LEN(a->sessions); i++) {
        struct pl_session *s = &a->sessions[i];
        if (s->user.len == 0 || !pl_name_eq(&s->user, user)) continue;
        if (kept && hash_eq(s->hash, kept)) continue;
        *out = *s;
        *s = (struct pl_session){0};
        return true;
    }
    return false;
}

bool pl_accounts_expire(struct pl_accounts *a, int64_t now_unix_ms, struct pl_session *out)
{
    for (size_t i = 0; i < PL_LEN(a->sessions); i++) {
        struct pl_session *s = &a->sessions[i];
        if (s->user.len == 0 || !is_over(s, now_unix_ms)) continue;
        *out = *s;
        *s = (struct pl_session){0};
        return true;
    }
    return false;
}

bool pl_session_save_due(const struct pl_session *session)
{
    return session->used_unix_ms - session->saved_unix_ms >= PL_SESSION_SAVE_MS;
}

/* ---- API tokens ---- */

const struct pl_api_token *pl_accounts_token(const struct pl_accounts *a,
                                             const struct pl_name *name)
{
    for (size_t i = 0; i < PL_LEN(a->tokens) && name->len > 0; i++)
        if (pl_name_eq(&a->tokens[i].name, name)) return &a->tokens[i];
    return NULL;
}

const struct pl_api_token *pl_accounts_token_by_hash(const struct pl_accounts *a,
                                                     const uint8_t hash[PL_SECRET_HASH_BYTES])
{
    for (size_t i = 0; i < PL_LEN(a->tokens); i++)
        if (a->tokens[i].name.len > 0 && hash_eq(a->tokens[i].hash, hash)) return &a->tokens[i];
    return NULL;
}

int pl_accounts_put_token(struct pl_accounts *a, const struct pl_api_token *token)
{
    PL_ASSERT(token->name.len > 0 && token->role >= PL_ROLE_METRICS);
    if (pl_accounts_token(a, &token->name)) return PL_E_DUPLICATE;
    for (size_t i = 0; i < PL_LEN(a->tokens); i++) {
        if (a->tokens[i].name.len > 0) continue;
        a->tokens[i] = *token;
        return 0;
    }
    return PL_E_FULL;
}

bool pl_accounts_drop_token(struct pl_accounts *a, const struct pl_name *name)
{
    for (size_t i = 0; i < PL_LEN(a->tokens) && name->len > 0; i++) {
        if (!pl_name_eq(&a->tokens[i].name, name)) continue;
        a->tokens[i] = (struct pl_api_token){0};
        return true;
    }
    return false;
}
