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
                                       int64_t now_unix_ms, struct pl_session_owner *owner)
{
    struct pl_session *s = session_place(a, hash);
    if (!s || is_over(s, now_unix_ms)) return NULL;
    struct pl_session_owner found = {0};
    if (s->is_token)
        found.token = pl_accounts_token(a, &s->user);
    else
        found.user = pl_accounts_user(a, &s->user);
    bool is_expired = found.token && found.token->expires_unix_ms <= now_unix_ms;
    if ((!found.user && !found.token) || is_expired) return NULL;
    s->used_unix_ms = PL_MAX(s->used_unix_ms, now_unix_ms); // a clock set back expires nobody later
    *owner = found;
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
        if (s->user.len == 0 || s->is_token || !pl_name_eq(&s->user, user)) continue;
        if (kept && hash_eq(s->hash, kept)) continue;
        *out = *s;
        *s = (struct pl_session){0};
        return true;
    }
    return false;
}

/* The session of that token that was used longest ago, and how many it has; NULL without one. */
static struct pl_session *oldest_of_token(struct pl_accounts *a, const struct pl_name *token,
                                          uint32_t *count)
{
    struct pl_session *oldest = NULL;
    *count = 0;
    for (size_t i = 0; i < PL_LEN(a->sessions); i++) {
        struct pl_session *s = &a->sessions[i];
        if (!s->is_token || !pl_name_eq(&s->user, token)) continue;
        if (!oldest || s->used_unix_ms < oldest->used_unix_ms) oldest = s;
        (*count)++;
    }
    return oldest;
}

static bool close_oldest(struct pl_accounts *a, const struct pl_name *token, uint32_t least,
                         struct pl_session *out)
{
    uint32_t count;
    struct pl_session *s = oldest_of_token(a, token, &count);
    if (count < least) return false;
    *out = *s;
    *s = (struct pl_session){0};
    return true;
}

bool pl_accounts_close_of_token(struct pl_accounts *a, const struct pl_name *token,
                                struct pl_session *out)
{
    return close_oldest(a, token, 1, out);
}

bool pl_accounts_crowded(struct pl_accounts *a, const struct pl_name *token, struct pl_session *out)
{
    return close_oldest(a, token, PL_TOKEN_SESSIONS_MAX, out);
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

const char *pl_feed_word(enum pl_feed feed)
{
    static const char *const words[] = {
#define WORD(feed, word) word,
        PL_FEED_LIST(WORD)
#undef WORD
    };
    PL_ASSERT(feed < PL_FEED_COUNT);
    return words[feed];
}

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

int64_t pl_accounts_take(struct pl_accounts *a, const struct pl_name *token, bool is_change,
                         int64_t now_mono_ms)
{
    static const struct pl_allowance_plan asks = {PL_TOKEN_ASK_EVERY_MS, PL_TOKEN_ASK_BURST};
    static const struct pl_allowance_plan changes = {PL_TOKEN_CHANGE_EVERY_MS,
                                                     PL_TOKEN_CHANGE_BURST};
    for (size_t i = 0; i < PL_LEN(a->tokens); i++) {
        struct pl_api_token *t = &a->tokens[i];
        if (t->role > PL_ROLE_CUSTOMER || !pl_name_eq(&t->name, token)) continue;
        return is_change ? pl_allowance_take(&t->changes, &changes, now_mono_ms)
                         : pl_allowance_take(&t->asks, &asks, now_mono_ms);
    }
    return 0;
}

int pl_accounts_put_token(struct pl_accounts *a, const struct pl_api_token *token)
{
    PL_ASSERT(token->name.len > 0 && token->role >= PL_ROLE_FEED);
    PL_ASSERT((token->role == PL_ROLE_FEED) == (token->about.len > 0));
    PL_ASSERT((token->role == PL_ROLE_CUSTOMER) == (token->customer.len > 0));
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
