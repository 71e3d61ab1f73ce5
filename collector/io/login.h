/* login.h - who is asking: sessions, API tokens, login links and passwords, kept in memory and
 * written down in Redis.
 *
 *     request -> pl_login_look -> pl_gate_judge (core/trust) -> route
 *     name and password -> throttle -> hasher (a thread) -> session -> on_answer
 *     link (and password) ------------> hasher ----------> session -> on_answer
 *     a customer's token ---------------------------------> session -> on_answer
 *
 * The collector's own token lies in <state>/token (mode 0600), so that whoever may read that file
 * is an administrator: the `plimsoll` command on this machine. It is made at the first start and
 * never leaves that file; replacing the file and starting again revokes it.
 *
 * Everything is bounded: core/trust/account.h, PL_LOGIN_OPS_MAX passwords being hashed, two tables
 * of failed logins. While Redis is away logins go on; what they change is written down later. */
#pragma once

#include "collector/codec/http_login.h"
#include "collector/core/now.h"
#include "collector/core/trust/audit.h"
#include "collector/core/trust/customer.h"
#include "collector/core/trust/gate.h"
#include "collector/core/trust/throttle.h"
#include "collector/io/hasher.h"
#include "collector/io/store.h"
#include "common/base/slots.h"

enum { PL_LOGIN_OPS_MAX = PL_HASHER_JOBS_MAX };

/* Where a request comes from. */
struct pl_login_origin {
    bool is_secure; // by TLS, here or at a proxy in front
    char address[PL_AUDIT_ADDRESS_BYTES];
};

/* Who asks, and what it has shown for that. */
struct pl_caller {
    struct pl_login_origin origin;
    struct pl_shown shown;
    uint8_t hash[PL_SECRET_HASH_BYTES]; // of the session or the API token
    char csrf[PL_SECRET_TEXT_BYTES];    // of the session; else empty
    int64_t expires_unix_ms;            // 0: never
};

/* What became of an attempt. */
struct pl_login_answer {
    int status;                      // 200, or the refusal's
    const char *text;                // of a refusal
    int64_t wait_ms;                 // 429: until the next try
    struct pl_caller caller;         // 200: who is logged in now
    bool has_session;                // 200: `secret` is that of a new session
    uint8_t secret[PL_SECRET_BYTES]; // of has_session
};

/* Exactly once for each attempt, at once or later. */
typedef void pl_login_answer_fn(void *arg, struct pl_slot_id client,
                                const struct pl_login_answer *answer);

struct pl_login;

/* NULL without memory. `loop` is borrowed. */
struct pl_login *pl_login_new(uv_loop_t *loop, pl_login_answer_fn *on_answer, void *arg);
/* After the loop has ended. */
void pl_login_free(struct pl_login *l);
/* Read <state>/token, or make it. -errno, -EIO. */
PL_MUST_CHECK int pl_login_start(struct pl_login *l, const char *state);
/* Who they are; none before this call. What it points to is borrowed. */
void pl_login_know_customers(struct pl_login *l, struct pl_customers customers);
/* Where changes are written down from now on; outlives pl_login_stop(). */
void pl_login_use_store(struct pl_login *l, struct pl_store *store);
/* Call nobody and write nothing any more. */
void pl_login_stop(struct pl_login *l);
/* As pl_store_options.on_restore_account. */
void pl_login_restore(struct pl_login *l, enum pl_account_key key, struct pl_span record);
/* Once a second. */
void pl_login_tick(struct pl_login *l, struct pl_now now);

/* Who sent that request? It counts as use of the session. */
void pl_login_look(struct pl_login *l, const struct pl_http_request *request,
                   const struct pl_login_origin *origin, struct pl_now now, struct pl_caller *out);
/* Is that caller still one? It counts as use of the session. */
bool pl_login_is_live(struct pl_login *l, const struct pl_caller *caller, struct pl_now now);

/* A customer asks for something: how long it has to wait before it may; 0: that counts now. */
PL_MUST_CHECK int64_t pl_login_take(struct pl_login *l, const struct pl_caller *caller,
                                    int64_t now_mono_ms);

/* The calendar of that secret, as one of the requests it may make; false: there is none, or
 * (`*wait_ms` above 0) not before so long. */
PL_MUST_CHECK bool pl_login_feed(struct pl_login *l, struct pl_span secret, struct pl_now now,
                                 struct pl_api_token *out, int64_t *wait_ms);

/* ---- attempts; on_answer follows ---- */

struct pl_login_try {
    struct pl_slot_id client;
    const struct pl_caller *caller; // borrowed for the call: who asks, or only from where
    struct pl_now now;
};

void pl_login_by_password(struct pl_login *l, const struct pl_login_try *t,
                          const struct pl_name *name, struct pl_span password);
/* A link is good once. `password`: to be set at the same time; empty: none. */
void pl_login_by_link(struct pl_login *l, const struct pl_login_try *t, struct pl_span link,
                      struct pl_span password);
/* A session for who has a customer's token, as long as that lives. */
void pl_login_by_token(struct pl_login *l, const struct pl_login_try *t, struct pl_span token);
/* Set the password of `user`. With `current` not NULL that must be the one it has, if it has one.
 * Its sessions end, but not the caller's own. */
void pl_login_set_password(struct pl_login *l, const struct pl_login_try *t,
                           const struct pl_name *user, const struct pl_span *current,
                           struct pl_span password);

/* ---- changes by `caller`; NULL, or why not ---- */

/* End the caller's session. */
void pl_login_end(struct pl_login *l, const struct pl_caller *caller, struct pl_now now);
PL_MUST_CHECK const char *pl_login_put_user(struct pl_login *l, const struct pl_caller *caller,
                                            const struct pl_name *name, enum pl_role role,
                                            struct pl_now now);
PL_MUST_CHECK const char *pl_login_drop_user(struct pl_login *l, const struct pl_caller *caller,
                                             const struct pl_name *name, struct pl_now now);
/* A new login link for `name`; the old one is worth nothing then. Without any user `name` becomes
 * the first one, an administrator. */
PL_MUST_CHECK const char *pl_login_make_link(struct pl_login *l, const struct pl_caller *caller,
                                             const struct pl_name *name, struct pl_now now,
                                             uint8_t secret[PL_SECRET_BYTES]);
/* `token`: name, role, customer and expires_unix_ms; the rest is filled here. */
PL_MUST_CHECK const char *pl_login_make_token(struct pl_login *l, const struct pl_caller *caller,
                                              const struct pl_api_token *token, struct pl_now now,
                                              uint8_t secret[PL_SECRET_BYTES]);
PL_MUST_CHECK const char *pl_login_drop_token(struct pl_login *l, const struct pl_caller *caller,
                                              const struct pl_name *name, struct pl_now now);

const struct pl_accounts *pl_login_accounts(const struct pl_login *l);
const struct pl_audit *pl_login_audit(const struct pl_login *l);
/* Into the audit log; `subject` NULL: nobody else. */
void pl_login_record(struct pl_login *l, enum pl_audit_action action,
                     const struct pl_caller *caller, const struct pl_name *subject,
                     struct pl_now now);
