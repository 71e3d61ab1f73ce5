/* account.h - who may log in, who is logged in, and which programs may ask: users, sessions, API
 * tokens.
 *
 * A secret (of a session, an API token, a login link) is 32 random bytes and only its SHA-256 is
 * kept, so what lies in Redis opens nothing. A password is kept as its scrypt, made elsewhere.
 *
 * A customer's token is an API token of role CUSTOMER. A person may open a session with it, on a
 * phone, and that ends with the token; PL_TOKEN_SESSIONS_MAX of them, so that nobody's sessions are
 * crowded out by a customer's.
 *
 * Everything is bounded: with all places taken a further user or token is refused (PL_E_FULL), and
 * the session that was used longest ago makes room for a new one. Lookups go through all places:
 * some 100 KiB at most, a few microseconds. */
#pragma once

#include "collector/core/trust/allowance.h"
#include "collector/core/trust/role.h"
#include "common/base/name.h"

enum {
    PL_USERS_MAX = 256,
    PL_SESSIONS_MAX = 1024,
    PL_API_TOKENS_MAX = 512,
    PL_TOKEN_SESSIONS_MAX = 8,
    PL_TOKEN_ASK_EVERY_MS = 250, // a customer's token: 4 a second, and so many at once
    PL_TOKEN_ASK_BURST = 120,
    PL_TOKEN_CHANGE_EVERY_MS = 1000, // what is no GET, dry runs too
    PL_TOKEN_CHANGE_BURST = 30,
    PL_SECRET_BYTES = 32,      // of a session, an API token, a login link
    PL_SECRET_HASH_BYTES = 32, // SHA-256 of it
    PL_SALT_BYTES = 16,
    PL_PASSWORD_HASH_BYTES = 32, // scrypt
};

#define PL_SESSION_IDLE_MS  INT64_C(43200000)    // 12 h without a request: a shift
#define PL_SESSION_MAX_MS   INT64_C(604800000)   // 7 days, however busy
#define PL_SESSION_SAVE_MS  INT64_C(300000)      // its last use is written down this often
#define PL_LOGIN_LINK_MS    INT64_C(3600000)     // 1 h
#define PL_API_TOKEN_MS_MIN INT64_C(60000)       // 1 min
#define PL_API_TOKEN_MS_MAX INT64_C(63072000000) // 2 years

struct pl_password_hash {
    uint8_t salt[PL_SALT_BYTES];
    uint8_t hash[PL_PASSWORD_HASH_BYTES];
};

struct pl_user {
    struct pl_name name; // empty: a free place
    enum pl_role role;   // READ_ONLY to ADMIN
    bool has_password;
    struct pl_password_hash password; // of has_password
    int64_t created_unix_ms;
    int64_t link_expires_unix_ms; // 0: no login link is out
    uint8_t link_hash[PL_SECRET_HASH_BYTES];
};

struct pl_session {
    uint8_t hash[PL_SECRET_HASH_BYTES];
    struct pl_name user; // empty: a free place
    bool is_token;       // `user` is the name of a customer's token
    int64_t opened_unix_ms, used_unix_ms;
    int64_t saved_unix_ms; // of used_unix_ms, what was written down last
};

/* What a calendar is about: kind, word. */
#define PL_FEED_LIST(X)                                                                            \
    X(PL_FEED_CUSTOMER, "customer") /* its launches */                                             \
    X(PL_FEED_POOL, "pool")         /* the launches on it */                                       \
    X(PL_FEED_SCHEDULE, "schedule") /* who is on call */                                           \
    X(PL_FEED_PERSON, "person")     /* when that is on call */

enum pl_feed {
#define PL_FEED_ENUM(feed, word) feed,
    PL_FEED_LIST(PL_FEED_ENUM)
#undef PL_FEED_ENUM
        PL_FEED_COUNT
};
const char *pl_feed_word(enum pl_feed feed);

struct pl_api_token {
    struct pl_name name; // unique; empty: a free place
    enum pl_role role;   // FEED to ADMIN
    uint8_t hash[PL_SECRET_HASH_BYTES];
    int64_t created_unix_ms, expires_unix_ms;
    struct pl_name customer;           // of role CUSTOMER: for whom
    enum pl_feed feed;                 // of role FEED: what it is about,
    struct pl_name about;              // by its name
    struct pl_allowance asks, changes; // of FEED and CUSTOMER; since the start, not recorded
};

/* Whose a session is: one of the two. */
struct pl_session_owner {
    const struct pl_user *user;
    const struct pl_api_token *token;
};

struct pl_accounts {
    bool is_complete; // what was recorded before this process began is known
    struct pl_user users[PL_USERS_MAX];
    struct pl_session sessions[PL_SESSIONS_MAX];
    struct pl_api_token tokens[PL_API_TOKENS_MAX];
};

/* ---- users ---- */

/* NULL if there is none. Valid until that user is dropped. */
const struct pl_user *pl_accounts_user(const struct pl_accounts *a, const struct pl_name *name);
/* Whose login link has that hash and is good at `now`; NULL if nobody's. */
const struct pl_user *pl_accounts_user_by_link(const struct pl_accounts *a,
                                               const uint8_t hash[PL_SECRET_HASH_BYTES],
                                               int64_t now_unix_ms);
uint32_t pl_accounts_user_count(const struct pl_accounts *a);
/* Make, or replace what is known of that name. PL_E_FULL and nothing has changed. */
PL_MUST_CHECK int pl_accounts_put_user(struct pl_accounts *a, const struct pl_user *user);
/* False if there was none. Sessions stay: close them with pl_accounts_close_of(). */
bool pl_accounts_drop_user(struct pl_accounts *a, const struct pl_name *name);

/* ---- sessions ---- */

/* Keep it. `*dropped` is the one that made room; its user is empty if none had to. */
void pl_accounts_open(struct pl_accounts *a, const struct pl_session *session,
                      struct pl_session *dropped);
/* The session of that hash while it and its owner live, and it counts as used now; else NULL.
 * `*owner` is whose it is. */
struct pl_session *pl_accounts_session(struct pl_accounts *a,
                                       const uint8_t hash[PL_SECRET_HASH_BYTES],
                                       int64_t now_unix_ms, struct pl_session_owner *owner);
/* False if there was none. */
bool pl_accounts_close(struct pl_accounts *a, const uint8_t hash[PL_SECRET_HASH_BYTES]);
/* Take out one session of that user other than `kept` (NULL: any). False if there is none left. */
bool pl_accounts_close_of(struct pl_accounts *a, const struct pl_name *user, const uint8_t *kept,
                          struct pl_session *out);
/* Take out one session that was opened with that API token. False if there is none left. */
bool pl_accounts_close_of_token(struct pl_accounts *a, const struct pl_name *token,
                                struct pl_session *out);
/* Take out the session of that API token that was used longest ago, if it has as many as it may.
 * False if there is room for another. */
bool pl_accounts_crowded(struct pl_accounts *a, const struct pl_name *token,
                         struct pl_session *out);
/* Take out one session whose time is over. False if there is none. */
bool pl_accounts_expire(struct pl_accounts *a, int64_t now_unix_ms, struct pl_session *out);
/* A session's last use must be written down again. */
bool pl_session_save_due(const struct pl_session *session);

/* ---- API tokens ---- */

const struct pl_api_token *pl_accounts_token(const struct pl_accounts *a,
                                             const struct pl_name *name);
/* One that has expired is found as well: its caller tells that apart. */
const struct pl_api_token *pl_accounts_token_by_hash(const struct pl_accounts *a,
                                                     const uint8_t hash[PL_SECRET_HASH_BYTES]);
/* How long it has to wait before it may ask, or change something, once more; 0: that counts now.
 * Of an API token of role FEED or CUSTOMER. */
int64_t pl_accounts_take(struct pl_accounts *a, const struct pl_name *token, bool is_change,
                         int64_t now_mono_ms);
/* PL_E_FULL; PL_E_DUPLICATE if the name is taken; nothing has changed then. */
PL_MUST_CHECK int pl_accounts_put_token(struct pl_accounts *a, const struct pl_api_token *token);
bool pl_accounts_drop_token(struct pl_accounts *a, const struct pl_name *name);
