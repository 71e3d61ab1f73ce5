/* Ownership: an operation's slot is taken from its beginning until its one answer.
 *
 *     by_password, by_link, set_password -> hasher -> on_hash -> on_answer
 *     by_token --------------------------------------------------> on_answer */
#include "collector/io/login_private.h"

#include "common/base/assert.h"
#include "common/base/err.h"
#include "common/io/key.h"
#include "common/sys/clock.h"
#include "common/sys/log.h"

#include <arpa/inet.h>
#include <openssl/crypto.h>

static const char too_many[] = "too many logins are being checked; try again in a moment";
static const char no_memory[] = "there is no memory to check a password";
static const char wrong[] = "that name and password do not belong together";

static void answer(struct pl_login *l, struct pl_slot_id client,
                   const struct pl_login_answer *result)
{
    l->on_answer(l->arg, client, result);
}

static void refuse(struct pl_login *l, struct pl_slot_id client, int status, const char *text)
{
    answer(l, client, &(struct pl_login_answer){.status = status, .text = text});
}

/* What there is to compare with is not read yet. */
static void refuse_for_now(struct pl_login *l, struct pl_slot_id client)
{
    refuse(l, client, pl_gate_info(PL_GATE_LATER)->status, pl_gate_info(PL_GATE_LATER)->text);
}

static struct pl_login_op *new_op(struct pl_login *l, enum pl_login_op_kind kind,
                                  const struct pl_login_try *t)
{
    for (size_t i = 0; i < PL_LEN(l->ops); i++) {
        struct pl_login_op *op = &l->ops[i];
        if (op->kind != PL_LOGIN_OP_FREE) continue;
        *op = (struct pl_login_op){.kind = kind, .login = l, .client = t->client};
        op->caller.origin = t->caller->origin;
        return op;
    }
    return NULL;
}

static void free_op(struct pl_login_op *op)
{
    OPENSSL_cleanse(op->next, sizeof op->next);
    op->kind = PL_LOGIN_OP_FREE;
}

/* ---- throttles ---- */

static uint64_t key_of(const char *text)
{
    return pl_hash_bytes(pl_span_of(text));
}

/* Of IPv6 the first half: whoever has an address has all of its /64. */
static uint64_t key_of_address(const char *text)
{
    struct in6_addr in6;
    bool is_own = inet_pton(AF_INET6, text, &in6) == 1 && !IN6_IS_ADDR_V4MAPPED(&in6);
    return is_own ? pl_hash_bytes((struct pl_span){in6.s6_addr, sizeof in6.s6_addr / 2})
                  : key_of(text);
}

/* True: refused, and answered. */
static bool is_throttled(struct pl_login *l, const struct pl_login_try *t,
                         const struct pl_name *name)
{
    int64_t account_ms = pl_throttle_wait_ms(&l->by_account, key_of(name->text), t->now.mono_ms);
    int64_t address_ms = pl_throttle_wait_ms(
        &l->by_address, key_of_address(t->caller->origin.address), t->now.mono_ms);
    if (account_ms == 0 && address_ms == 0) return false;
    struct pl_login_answer result = {.status = 429,
                                     .text = account_ms >= address_ms
                                                 ? "too many failed logins for this account"
                                                 : "too many failed logins from this address",
                                     .wait_ms = PL_MAX(account_ms, address_ms)};
    answer(l, t->client, &result);
    return true;
}

static void begin_attempt(struct pl_login *l, const struct pl_login_try *t,
                          const struct pl_name *name)
{
    pl_throttle_attempt(&l->by_account, key_of(name->text), t->now.mono_ms);
    pl_throttle_attempt(&l->by_address, key_of_address(t->caller->origin.address), t->now.mono_ms);
}

static void end_attempt(struct pl_login *l, const struct pl_login_op *op, bool is_good,
                        struct pl_now now)
{
    if (is_good) {
        pl_throttle_clear(&l->by_account, key_of(op->user.text));
        pl_throttle_clear(&l->by_address, key_of_address(op->caller.origin.address));
    } else {
        pl_login_record(l, PL_AUDIT_LOGIN_FAILED, &op->caller, &op->user, now);
    }
}

/* ---- what a hash is for ---- */

static void on_hash(void *arg, const uint8_t *hash);

/* Is it the password that the user had when this began, and still has? */
static bool is_right(const struct pl_login_op *op, const struct pl_user *user, const uint8_t *hash)
{
    return user && op->had_password && user->has_password &&
           memcmp(user->password.salt, op->known.salt, PL_SALT_BYTES) == 0 &&
           CRYPTO_memcmp(hash, user->password.hash, PL_PASSWORD_HASH_BYTES) == 0;
}

static void finish_login(struct pl_login_op *op, const struct pl_user *user, struct pl_now now)
{
    struct pl_login *l = op->login;
    struct pl_login_answer result = {.status = 200};
    struct pl_session session = {.user = user->name};
    if (!pl_login_open_session(l, &session, &op->caller.origin, now, &result)) {
        refuse(l, op->client, 503, "this system gives no random numbers");
        return;
    }
    pl_login_record(l, op->kind == PL_LOGIN_OP_SET ? PL_AUDIT_LOGIN_LINK : PL_AUDIT_LOGIN,
                    &result.caller, NULL, now);
    answer(l, op->client, &result);
}

static void finish_set(struct pl_login_op *op, const struct pl_user *user, const uint8_t *hash,
                       struct pl_now now)
{
    struct pl_login *l = op->login;
    struct pl_user changed = *user;
    bool is_own = pl_name_eq(&op->caller.shown.principal.name, &op->user) &&
                  op->caller.shown.principal.credential == PL_CREDENTIAL_SESSION;
    changed.has_password = true;
    changed.link_expires_unix_ms = 0; // whoever sets a password has one now
    memcpy(changed.password.salt, op->salt, sizeof op->salt);
    memcpy(changed.password.hash, hash, PL_PASSWORD_HASH_BYTES);
    int err = pl_accounts_put_user(&l->accounts, &changed);
    PL_ASSERT(err == 0); // it has its place
    pl_login_save_user(l, &changed);
    pl_login_end_all(l, &op->user, is_own ? op->caller.hash : NULL);
    pl_login_record(l, PL_AUDIT_PASSWORD, &op->caller, &op->user, now);
    if (op->opens_session) {
        finish_login(op, pl_accounts_user(&l->accounts, &op->user), now);
        return;
    }
    answer(l, op->client, &(struct pl_login_answer){.status = 200, .caller = op->caller});
}

/* The current password was right: hash the next one. */
static bool go_on_with_set(struct pl_login_op *op)
{
    op->kind = PL_LOGIN_OP_SET;
    return pl_hasher_ask(&op->login->hasher, (struct pl_span){op->next, op->next_len}, op->salt,
                         on_hash, op) == 0;
}

static void on_hash(void *arg, const uint8_t *hash)
{
    struct pl_login_op *op = arg;
    struct pl_login *l = op->login;
    struct pl_now now = {pl_clock_mono_ms(), pl_clock_unix_ms()};
    const struct pl_user *user = pl_accounts_user(&l->accounts, &op->user);
    bool compares = op->kind != PL_LOGIN_OP_SET;
    bool is_good = hash && (compares ? is_right(op, user, hash) : user != NULL);
    if (hash && compares) end_attempt(l, op, is_good, now);
    if (!hash) {
        refuse(l, op->client, 503, no_memory);
    } else if (!is_good) {
        refuse(l, op->client, compares ? 401 : 404, compares ? wrong : "there is no such user");
    } else if (op->kind == PL_LOGIN_OP_LOGIN) {
        finish_login(op, user, now);
    } else if (op->kind == PL_LOGIN_OP_SET) {
        finish_set(op, user, hash, now);
    } else if (go_on_with_set(op)) {
        return; // not the end of it
    } else {
        refuse(l, op->client, 503, too_many);
    }
    free_op(op);
}

/* ---- attempts ---- */

/* Compare `password` with what the user has; a name nobody has takes as long. */
static bool ask_compare(struct pl_login_op *op, struct pl_span password)
{
    struct pl_login *l = op->login;
    const struct pl_user *user = pl_accounts_user(&l->accounts, &op->user);
    op->had_password = user && user->has_password;
    if (op->had_password) op->known = user->password;
    return pl_hasher_ask(&l->hasher, password, op->known.salt, on_hash, op) == 0;
}

void pl_login_by_password(struct pl_login *l, const struct pl_login_try *t,
                          const struct pl_name *name, struct pl_span password)
{
    if (!l->accounts.is_complete) {
        refuse_for_now(l, t->client);
        return;
    }
    if (is_throttled(l, t, name)) return;
    struct pl_login_op *op = new_op(l, PL_LOGIN_OP_LOGIN, t);
    if (op) op->user = *name;
    if (op && ask_compare(op, password)) {
        begin_attempt(l, t, name);
        return;
    }
    if (op) free_op(op);
    refuse(l, t->client, 503, too_many);
}

/* Prepare and begin to set a password. False: there is no room, or no randomness. */
static bool begin_set(struct pl_login_op *op, struct pl_span password)
{
    if (pl_random(op->salt, sizeof op->salt) < 0) return false;
    op->next_len = password.len;
    memcpy(op->next, password.ptr, password.len);
    return go_on_with_set(op);
}

void pl_login_by_link(struct pl_login *l, const struct pl_login_try *t, struct pl_span link,
                      struct pl_span password)
{
    uint8_t secret[PL_SECRET_BYTES], hash[PL_SECRET_HASH_BYTES];
    const struct pl_user *user = NULL;
    if (pl_secret_read(link, secret)) {
        pl_sha256((struct pl_span){secret, sizeof secret}, hash);
        user = pl_accounts_user_by_link(&l->accounts, hash, t->now.unix_ms);
    }
    if (!user) {
        refuse(l, t->client, 401,
               "this login link was used already or is over an hour old; get a new one with "
               "'plimsoll login-link'");
        return;
    }
    const char *fault = password.len > 0 ? pl_password_fault(password, &user->name) : NULL;
    if (fault) {
        refuse(l, t->client, 422, fault);
        return;
    }
    struct pl_login_op *op = new_op(l, PL_LOGIN_OP_SET, t);
    struct pl_user used = *user;
    used.link_expires_unix_ms = 0;
    if (op) {
        op->user = used.name;
        op->caller.shown.principal.name = used.name;
        op->opens_session = true;
    }
    if (!op || (password.len > 0 && !begin_set(op, password))) {
        if (op) free_op(op);
        refuse(l, t->client, 503, too_many);
        return;
    }
    int err = pl_accounts_put_user(&l->accounts, &used); // good once, from here on
    PL_ASSERT(err == 0);                                 // it has its place
    pl_login_save_user(l, &used);
    if (password.len > 0) return;
    finish_login(op, pl_accounts_user(&l->accounts, &used.name), t->now);
    free_op(op);
}

void pl_login_set_password(struct pl_login *l, const struct pl_login_try *t,
                           const struct pl_name *user, const struct pl_span *current,
                           struct pl_span password)
{
    const struct pl_user *known = pl_accounts_user(&l->accounts, user);
    const char *fault = pl_password_fault(password, user);
    if (!known || fault) {
        refuse(l, t->client, known ? 422 : 404, known ? fault : "there is no such user");
        return;
    }
    bool compares = current && known->has_password;
    if (compares && is_throttled(l, t, user)) return;
    struct pl_login_op *op = new_op(l, compares ? PL_LOGIN_OP_VERIFY : PL_LOGIN_OP_SET, t);
    bool is_begun = false;
    if (op) {
        op->user = *user;
        op->caller = *t->caller;
        if (!compares) {
            is_begun = begin_set(op, password);
        } else if (pl_random(op->salt, sizeof op->salt) == 0) {
            op->next_len = password.len;
            memcpy(op->next, password.ptr, password.len);
            is_begun = ask_compare(op, *current);
            if (is_begun) begin_attempt(l, t, user);
        }
    }
    if (is_begun) return;
    if (op) free_op(op);
    refuse(l, t->client, 503, too_many);
}

void pl_login_by_token(struct pl_login *l, const struct pl_login_try *t, struct pl_span token)
{
    uint8_t secret[PL_SECRET_BYTES], hash[PL_SECRET_HASH_BYTES];
    const struct pl_api_token *found = NULL;
    if (!l->accounts.is_complete) {
        refuse_for_now(l, t->client);
        return;
    }
    if (pl_secret_read(token, secret)) {
        pl_sha256((struct pl_span){secret, sizeof secret}, hash);
        found = pl_accounts_token_by_hash(&l->accounts, hash);
        OPENSSL_cleanse(secret, sizeof secret);
    }
    bool is_good = found && found->role == PL_ROLE_CUSTOMER &&
                   found->expires_unix_ms > t->now.unix_ms &&
                   pl_customer_find(&l->customers, &found->customer);
    if (!is_good) {
        refuse(l, t->client, 401,
               "this link is not good any more; ask whoever gave it to you for a new one");
        return;
    }
    int64_t wait_ms = pl_accounts_take(&l->accounts, &found->name, true, t->now.mono_ms);
    struct pl_login_answer result = {
        .status = 429, .text = "too many logins with this link", .wait_ms = wait_ms};
    struct pl_session session = {.user = found->name, .is_token = true};
    if (wait_ms == 0) {
        result = (struct pl_login_answer){.status = 200};
        if (!pl_login_open_session(l, &session, &t->caller->origin, t->now, &result)) {
            refuse(l, t->client, 503, "this system gives no random numbers");
            return;
        }
        /* Not into the audit log, which a customer could fill. */
        pl_log(PL_LOG_INFO, "customer_login", "customer=%s token=%s address=%s",
               found->customer.text, found->name.text, t->caller->origin.address);
    }
    answer(l, t->client, &result);
}
