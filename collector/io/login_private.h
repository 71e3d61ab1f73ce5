/* login_private.h - what the parts of login share; only login*.c include it. */
#pragma once

#include "collector/io/login.h"

/* A password being hashed, and what for. */
enum pl_login_op_kind {
    PL_LOGIN_OP_FREE,
    PL_LOGIN_OP_LOGIN,  // compare, then open a session
    PL_LOGIN_OP_VERIFY, // compare, then go on with SET
    PL_LOGIN_OP_SET,    // keep the hash
};

struct pl_login_op {
    enum pl_login_op_kind kind;
    struct pl_login *login; // borrowed: its owner
    struct pl_slot_id client;
    struct pl_caller caller; // who asks, if that is known
    struct pl_name user;
    bool opens_session; // SET by a link
    bool had_password;  // when it began: `hash` is what was compared with
    struct pl_password_hash known;
    uint8_t salt[PL_SALT_BYTES]; // of the password to be set
    size_t next_len;
    uint8_t next[PL_PASSWORD_BYTES_MAX]; // VERIFY: to be set then
};

struct pl_login {
    struct pl_store *store; // borrowed; NULL: not yet, or no more
    bool stopping;
    pl_login_answer_fn *on_answer;
    void *arg;                                // borrowed, for on_answer
    uint8_t local_hash[PL_SECRET_HASH_BYTES]; // of the token in <state>/token
    struct pl_customers customers;
    struct pl_accounts accounts;
    struct pl_audit audit;
    struct pl_throttle by_account, by_address;
    struct pl_hasher hasher;
    struct pl_login_op ops[PL_LOGIN_OPS_MAX];
};

/* ---- login.c ---- */

void pl_login_save_user(struct pl_login *l, const struct pl_user *user);
/* End sessions of `user` other than `kept` (NULL: all). */
void pl_login_end_all(struct pl_login *l, const struct pl_name *user, const uint8_t *kept);
/* Fill `answer` with a new session of `of->user`, a user or (`of->is_token`) an API token. False:
 * this system gives no random numbers. */
bool pl_login_open_session(struct pl_login *l, const struct pl_session *of,
                           const struct pl_login_origin *origin, struct pl_now now,
                           struct pl_login_answer *answer);
