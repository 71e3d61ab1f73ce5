#include "collector/io/login_private.h"

#include "collector/codec/account_records.h"
#include "collector/io/secret_file.h"
#include "common/base/assert.h"
#include "common/base/err.h"
#include "common/base/hex.h"
#include "common/io/key.h"
#include "common/sys/log.h"

#include <openssl/crypto.h>
#include <stdlib.h>

static const char local_name[] = "local"; // who comes with <state>/token

static void hash_of(const uint8_t secret[PL_SECRET_BYTES], uint8_t hash[PL_SECRET_HASH_BYTES])
{
    pl_sha256((struct pl_span){secret, PL_SECRET_BYTES}, hash);
}

/* ---- writing down ---- */

static void put(struct pl_login *l, enum pl_account_key key, const char *field,
                const struct pl_text *record)
{
    PL_ASSERT(!record || !record->overflow);
    if (l->store)
        pl_store_put_account(l->store, key, field,
                             record ? pl_text_bytes(record) : (struct pl_span){NULL, 0});
}

void pl_login_save_user(struct pl_login *l, const struct pl_user *user)
{
    char buf[PL_ACCOUNT_RECORD_BYTES];
    struct pl_text t = pl_text_init(buf, sizeof buf);
    pl_record_user_write(&t, user);
    put(l, PL_ACCOUNT_KEY_USERS, user->name.text, &t);
}

static void session_field(const uint8_t hash[PL_SECRET_HASH_BYTES],
                          char field[PL_SESSION_FIELD_BYTES])
{
    struct pl_text t = pl_text_init(field, PL_SESSION_FIELD_BYTES);
    pl_hex_write(&t, hash, PL_SECRET_HASH_BYTES);
}

static void save_session(struct pl_login *l, struct pl_session *session)
{
    char buf[PL_ACCOUNT_RECORD_BYTES], field[PL_SESSION_FIELD_BYTES];
    struct pl_text t = pl_text_init(buf, sizeof buf);
    session->saved_unix_ms = session->used_unix_ms;
    pl_record_session_write(&t, session);
    session_field(session->hash, field);
    put(l, PL_ACCOUNT_KEY_SESSIONS, field, &t);
}

static void forget_session(struct pl_login *l, const uint8_t hash[PL_SECRET_HASH_BYTES])
{
    char field[PL_SESSION_FIELD_BYTES];
    session_field(hash, field);
    put(l, PL_ACCOUNT_KEY_SESSIONS, field, NULL);
}

void pl_login_record(struct pl_login *l, enum pl_audit_action action,
                     const struct pl_caller *caller, const struct pl_name *subject,
                     struct pl_now now)
{
    struct pl_audit_entry entry = {
        .unix_ms = now.unix_ms, .action = action, .who = caller->shown.principal.name};
    if (subject) entry.subject = *subject;
    memcpy(entry.address, caller->origin.address, sizeof entry.address);
    const struct pl_audit_entry *kept = pl_audit_add(&l->audit, &entry);
    char buf[PL_ACCOUNT_RECORD_BYTES], field[24];
    struct pl_text t = pl_text_init(buf, sizeof buf);
    struct pl_text place = pl_text_init(field, sizeof field);
    pl_record_audit_write(&t, kept);
    pl_text_u64(&place, kept->number % PL_AUDIT_MAX);
    put(l, PL_ACCOUNT_KEY_AUDIT, field, &t);
    pl_log(PL_LOG_INFO, "account", "action=%s who=%s subject=%s address=%s",
           pl_audit_action_name(action), entry.who.len > 0 ? entry.who.text : "-",
           entry.subject.len > 0 ? entry.subject.text : "-", entry.address);
}

/* ---- who is asking ---- */

static void csrf_of(const uint8_t secret[PL_SECRET_BYTES], char text[PL_SECRET_TEXT_BYTES])
{
    static const char label[] = "plimsoll csrf";
    uint8_t in[sizeof label + PL_SECRET_BYTES], hash[PL_SECRET_HASH_BYTES];
    static_assert((int)PL_SECRET_HASH_BYTES == (int)PL_SECRET_BYTES, "its text is as long");
    memcpy(in, label, sizeof label);
    memcpy(in + sizeof label, secret, PL_SECRET_BYTES);
    pl_sha256((struct pl_span){in, sizeof in}, hash);
    pl_secret_write(hash, text);
}

static bool is_local(const struct pl_login *l, const uint8_t hash[PL_SECRET_HASH_BYTES])
{
    return CRYPTO_memcmp(hash, l->local_hash, PL_SECRET_HASH_BYTES) == 0;
}

static struct pl_name name_of(const char *text)
{
    struct pl_name name = {0};
    int err = pl_name_parse(pl_span_of(text), &name);
    PL_ASSERT(err == 0); // ours
    return name;
}

/* A customer that the configuration does not name any more is nobody. */
static bool is_served(const struct pl_login *l, const struct pl_api_token *token)
{
    return token->role != PL_ROLE_CUSTOMER || pl_customer_find(&l->customers, &token->customer);
}

static void look_at_token(struct pl_login *l, struct pl_caller *c, struct pl_now now)
{
    if (is_local(l, c->hash)) {
        c->shown.principal = (struct pl_principal){
            .credential = PL_CREDENTIAL_TOKEN, .role = PL_ROLE_ADMIN, .name = name_of(local_name)};
        return;
    }
    const struct pl_api_token *token = pl_accounts_token_by_hash(&l->accounts, c->hash);
    c->shown.is_known_later = !token && !l->accounts.is_complete;
    c->shown.is_expired = token && token->expires_unix_ms <= now.unix_ms;
    if (!token || c->shown.is_expired || !is_served(l, token)) return;
    c->shown.principal = (struct pl_principal){.credential = PL_CREDENTIAL_TOKEN,
                                               .role = token->role,
                                               .name = token->name,
                                               .customer = token->customer};
    c->expires_unix_ms = token->expires_unix_ms;
}

static void look_at_session(struct pl_login *l, struct pl_caller *c, struct pl_now now)
{
    struct pl_session_owner owner = {0};
    struct pl_session *s = pl_accounts_session(&l->accounts, c->hash, now.unix_ms, &owner);
    c->shown.is_known_later = !s && !l->accounts.is_complete;
    if (!s || (!owner.user && !(owner.token && is_served(l, owner.token)))) return;
    if (pl_session_save_due(s)) save_session(l, s);
    c->shown.principal =
        (struct pl_principal){.credential = PL_CREDENTIAL_SESSION,
                              .role = owner.user ? owner.user->role : owner.token->role,
                              .name = s->user};
    c->expires_unix_ms = s->opened_unix_ms + PL_SESSION_MAX_MS;
    if (!owner.token) return;
    c->shown.principal.customer = owner.token->customer;
    c->expires_unix_ms = PL_MIN(c->expires_unix_ms, owner.token->expires_unix_ms);
}

void pl_login_look(struct pl_login *l, const struct pl_http_request *request,
                   const struct pl_login_origin *origin, struct pl_now now, struct pl_caller *out)
{
    uint8_t secret[PL_SECRET_BYTES];
    *out = (struct pl_caller){.origin = *origin};
    out->shown.is_change = request->method != PL_HTTP_GET && request->method != PL_HTTP_HEAD;
    out->shown.is_cross_site = !pl_http_same_site(request->origin, request->host);
    if (pl_http_bearer(request->authorization, secret)) {
        hash_of(secret, out->hash);
        look_at_token(l, out, now);
    } else if (pl_http_session_cookie(request->cookie, origin->is_secure, secret)) {
        hash_of(secret, out->hash);
        look_at_session(l, out, now);
        csrf_of(secret, out->csrf);
        out->shown.has_csrf = pl_span_is(request->csrf, out->csrf);
    }
}

bool pl_login_is_live(struct pl_login *l, const struct pl_caller *caller, struct pl_now now)
{
    struct pl_caller fresh = *caller;
    fresh.shown.principal.credential = PL_CREDENTIAL_NONE;
    if (caller->shown.principal.credential == PL_CREDENTIAL_TOKEN)
        look_at_token(l, &fresh, now);
    else
        look_at_session(l, &fresh, now);
    return fresh.shown.principal.credential != PL_CREDENTIAL_NONE;
}

/* ---- sessions ---- */

bool pl_login_open_session(struct pl_login *l, const struct pl_session *of,
                           const struct pl_login_origin *origin, struct pl_now now,
                           struct pl_login_answer *answer)
{
    struct pl_session dropped, session = {.user = of->user,
                                          .is_token = of->is_token,
                                          .opened_unix_ms = now.unix_ms,
                                          .used_unix_ms = now.unix_ms};
    if (pl_random(answer->secret, sizeof answer->secret) < 0) return false;
    hash_of(answer->secret, session.hash);
    save_session(l, &session);
    if (of->is_token && pl_accounts_crowded(&l->accounts, &of->user, &dropped))
        forget_session(l, dropped.hash);
    pl_accounts_open(&l->accounts, &session, &dropped);
    if (dropped.user.len > 0) forget_session(l, dropped.hash);
    answer->has_session = true;
    answer->caller = (struct pl_caller){.origin = *origin};
    memcpy(answer->caller.hash, session.hash, sizeof session.hash);
    look_at_session(l, &answer->caller, now);
    csrf_of(answer->secret, answer->caller.csrf);
    return true;
}

void pl_login_end_all(struct pl_login *l, const struct pl_name *user, const uint8_t *kept)
{
    struct pl_session session;
    while (pl_accounts_close_of(&l->accounts, user, kept, &session))
        forget_session(l, session.hash);
}

static void end_all_of_token(struct pl_login *l, const struct pl_name *token)
{
    struct pl_session session;
    while (pl_accounts_close_of_token(&l->accounts, token, &session))
        forget_session(l, session.hash);
}

void pl_login_end(struct pl_login *l, const struct pl_caller *caller, struct pl_now now)
{
    if (!pl_accounts_close(&l->accounts, caller->hash)) return; // an API token has no session
    forget_session(l, caller->hash);
    pl_login_record(l, PL_AUDIT_LOGOUT, caller, NULL, now);
}

/* ---- life ---- */

struct pl_login *pl_login_new(uv_loop_t *loop, pl_login_answer_fn *on_answer, void *arg)
{
    struct pl_login *l = calloc(1, sizeof *l);
    if (!l) return NULL;
    l->on_answer = on_answer;
    l->arg = arg;
    l->by_account.wait_ms_max = PL_THROTTLE_ACCOUNT_MS;
    l->by_address.wait_ms_max = PL_THROTTLE_ADDRESS_MS;
    pl_hasher_init(&l->hasher, loop);
    for (size_t i = 0; i < PL_LEN(l->ops); i++) l->ops[i].login = l;
    return l;
}

void pl_login_free(struct pl_login *l)
{
    if (!l) return;
    OPENSSL_cleanse(l->ops, sizeof l->ops);
    free(l);
}

int pl_login_start(struct pl_login *l, const char *state)
{
    uint8_t secret[PL_SECRET_BYTES];
    int err = pl_secret_file(state, "token", secret);
    if (err < 0) return err;
    hash_of(secret, l->local_hash);
    OPENSSL_cleanse(secret, sizeof secret);
    return 0;
}

void pl_login_know_customers(struct pl_login *l, struct pl_customers customers)
{
    l->customers = customers;
}

int64_t pl_login_take(struct pl_login *l, const struct pl_caller *caller, int64_t now_mono_ms)
{
    const struct pl_shown *shown = &caller->shown;
    if (shown->principal.role != PL_ROLE_CUSTOMER) return 0;
    return pl_accounts_take(&l->accounts, &shown->principal.name, shown->is_change, now_mono_ms);
}

bool pl_login_feed(struct pl_login *l, struct pl_span secret, struct pl_now now,
                   struct pl_api_token *out, int64_t *wait_ms)
{
    uint8_t bytes[PL_SECRET_BYTES], hash[PL_SECRET_HASH_BYTES];
    if (!pl_secret_read(secret, bytes)) return false;
    hash_of(bytes, hash);
    const struct pl_api_token *token = pl_accounts_token_by_hash(&l->accounts, hash);
    if (!token || token->role != PL_ROLE_FEED || token->expires_unix_ms <= now.unix_ms)
        return false;
    *wait_ms = pl_accounts_take(&l->accounts, &token->name, false, now.mono_ms);
    *out = *token;
    return *wait_ms == 0;
}

void pl_login_use_store(struct pl_login *l, struct pl_store *store)
{
    l->store = store;
}

void pl_login_stop(struct pl_login *l)
{
    l->store = NULL;
    l->stopping = true;
    pl_hasher_stop(&l->hasher);
}

static int restore_session(struct pl_login *l, struct pl_span record)
{
    struct pl_session session, dropped;
    int err = pl_record_session_read(record, &session);
    if (err == 0) pl_accounts_open(&l->accounts, &session, &dropped);
    return err;
}

void pl_login_restore(struct pl_login *l, enum pl_account_key key, struct pl_span record)
{
    struct pl_user user;
    struct pl_api_token token;
    struct pl_audit_entry entry;
    int err = 0;
    switch (key) {
    case PL_ACCOUNT_KEY_USERS:
        err = pl_record_user_read(record, &user);
        if (err == 0) err = pl_accounts_put_user(&l->accounts, &user);
        break;
    case PL_ACCOUNT_KEY_SESSIONS: err = restore_session(l, record); break;
    case PL_ACCOUNT_KEY_API_TOKENS:
        err = pl_record_api_token_read(record, &token);
        if (err == 0) err = pl_accounts_put_token(&l->accounts, &token);
        break;
    case PL_ACCOUNT_KEY_AUDIT:
        err = pl_record_audit_read(record, &entry);
        if (err == 0) pl_audit_restore(&l->audit, &entry);
        break;
    case PL_ACCOUNT_KEY_COUNT:
        l->accounts.is_complete = true;
        if (pl_accounts_user_count(&l->accounts) == 0)
            pl_log(PL_LOG_INFO, "no_users",
                   "do=\"run 'plimsoll login-link' here and open what it prints\"");
        break;
    }
    if (err < 0)
        pl_log(PL_LOG_ERROR, "account_not_restored", "key=%s err=\"%s\"", pl_account_key(key),
               pl_err_text(err));
}

void pl_login_tick(struct pl_login *l, struct pl_now now)
{
    struct pl_session session;
    if (pl_accounts_expire(&l->accounts, now.unix_ms, &session)) forget_session(l, session.hash);
}

const struct pl_accounts *pl_login_accounts(const struct pl_login *l)
{
    return &l->accounts;
}

const struct pl_audit *pl_login_audit(const struct pl_login *l)
{
    return &l->audit;
}

/* ---- changes ---- */

static const char not_yet[] =
    "the collector has not read its accounts from Redis yet; try again in a moment";
static const char no_random[] = "this system gives no random numbers";

const char *pl_login_put_user(struct pl_login *l, const struct pl_caller *caller,
                              const struct pl_name *name, enum pl_role role, struct pl_now now)
{
    const struct pl_user *known = pl_accounts_user(&l->accounts, name);
    struct pl_user user = {.name = *name, .created_unix_ms = now.unix_ms};
    if (!l->accounts.is_complete) return not_yet;
    if (known) user = *known;
    user.role = role;
    if (pl_accounts_put_user(&l->accounts, &user) < 0)
        return "256 users are there already; remove one first";
    pl_login_save_user(l, &user);
    pl_login_record(l, known ? PL_AUDIT_USER_ROLE : PL_AUDIT_USER_ADDED, caller, name, now);
    return NULL;
}

const char *pl_login_drop_user(struct pl_login *l, const struct pl_caller *caller,
                               const struct pl_name *name, struct pl_now now)
{
    if (!l->accounts.is_complete) return not_yet;
    if (!pl_accounts_drop_user(&l->accounts, name)) return "there is no such user";
    put(l, PL_ACCOUNT_KEY_USERS, name->text, NULL);
    pl_login_end_all(l, name, NULL);
    pl_login_record(l, PL_AUDIT_USER_REMOVED, caller, name, now);
    return NULL;
}

const char *pl_login_make_link(struct pl_login *l, const struct pl_caller *caller,
                               const struct pl_name *name, struct pl_now now,
                               uint8_t secret[PL_SECRET_BYTES])
{
    if (!l->accounts.is_complete) return not_yet;
    if (pl_accounts_user_count(&l->accounts) == 0) {
        const char *problem = pl_login_put_user(l, caller, name, PL_ROLE_ADMIN, now);
        if (problem) return problem;
    }
    const struct pl_user *known = pl_accounts_user(&l->accounts, name);
    if (!known) return "there is no such user";
    if (pl_random(secret, PL_SECRET_BYTES) < 0) return no_random;
    struct pl_user user = *known;
    hash_of(secret, user.link_hash);
    user.link_expires_unix_ms = now.unix_ms + PL_LOGIN_LINK_MS;
    int err = pl_accounts_put_user(&l->accounts, &user);
    PL_ASSERT(err == 0); // it has its place
    pl_login_save_user(l, &user);
    pl_login_record(l, PL_AUDIT_LINK_MADE, caller, name, now);
    return NULL;
}

const char *pl_login_make_token(struct pl_login *l, const struct pl_caller *caller,
                                const struct pl_api_token *token, struct pl_now now,
                                uint8_t secret[PL_SECRET_BYTES])
{
    struct pl_api_token kept = *token;
    char buf[PL_ACCOUNT_RECORD_BYTES];
    struct pl_text t = pl_text_init(buf, sizeof buf);
    if (!l->accounts.is_complete) return not_yet;
    if (pl_span_is(pl_name_span(&token->name), local_name))
        return "the name 'local' is that of the collector's own token";
    if (pl_random(secret, PL_SECRET_BYTES) < 0) return no_random;
    hash_of(secret, kept.hash);
    kept.created_unix_ms = now.unix_ms;
    int err = pl_accounts_put_token(&l->accounts, &kept);
    if (err == PL_E_DUPLICATE) return "there is an API token of this name already";
    if (err < 0) return "512 API tokens are there already; revoke one first";
    pl_record_api_token_write(&t, &kept);
    put(l, PL_ACCOUNT_KEY_API_TOKENS, kept.name.text, &t);
    pl_login_record(l, PL_AUDIT_TOKEN_MADE, caller, &kept.name, now);
    return NULL;
}

const char *pl_login_drop_token(struct pl_login *l, const struct pl_caller *caller,
                                const struct pl_name *name, struct pl_now now)
{
    if (!l->accounts.is_complete) return not_yet;
    if (!pl_accounts_drop_token(&l->accounts, name)) return "there is no API token of this name";
    put(l, PL_ACCOUNT_KEY_API_TOKENS, name->text, NULL);
    end_all_of_token(l, name);
    pl_login_record(l, PL_AUDIT_TOKEN_REVOKED, caller, name, now);
    return NULL;
}
