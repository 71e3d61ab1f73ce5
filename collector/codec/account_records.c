#include "collector/codec/account_records.h"

#include "collector/codec/json_in.h"
#include "collector/codec/json_put.h"
#include "common/base/err.h"
#include "common/wire/sample.h"

static void put_role(struct pl_text *t, enum pl_role role)
{
    pl_text_str(t, ",\"role\":");
    pl_text_json(t, pl_span_of(pl_role_name(role)));
}

static void put_feed(struct pl_text *t, const struct pl_api_token *token)
{
    pl_text_str(t, ",\"feed\":");
    pl_text_json(t, pl_span_of(pl_feed_word(token->feed)));
    pl_json_put_name(t, ",\"about\":", &token->about);
}

void pl_record_user_write(struct pl_text *t, const struct pl_user *user)
{
    pl_json_put_name(t, "{\"name\":", &user->name);
    put_role(t, user->role);
    pl_json_put_number(t, ",\"created\":", user->created_unix_ms, 1);
    if (user->has_password) {
        pl_json_put_hex(t, ",\"salt\":", user->password.salt, PL_SALT_BYTES);
        pl_json_put_hex(t, ",\"scrypt\":", user->password.hash, PL_PASSWORD_HASH_BYTES);
    }
    if (user->link_expires_unix_ms > 0) {
        pl_json_put_hex(t, ",\"link\":", user->link_hash, PL_SECRET_HASH_BYTES);
        pl_json_put_number(t, ",\"link_expires\":", user->link_expires_unix_ms, 1);
    }
    pl_text_char(t, '}');
}

void pl_record_session_write(struct pl_text *t, const struct pl_session *session)
{
    pl_json_put_hex(t, "{\"hash\":", session->hash, PL_SECRET_HASH_BYTES);
    pl_json_put_name(t, session->is_token ? ",\"token\":" : ",\"user\":", &session->user);
    pl_json_put_number(t, ",\"opened\":", session->opened_unix_ms, 1);
    pl_json_put_number(t, ",\"used\":", session->used_unix_ms, 1);
    pl_text_char(t, '}');
}

void pl_record_api_token_write(struct pl_text *t, const struct pl_api_token *token)
{
    pl_json_put_name(t, "{\"name\":", &token->name);
    if (token->role == PL_ROLE_CUSTOMER)
        pl_json_put_name(t, ",\"customer\":", &token->customer);
    else if (token->role == PL_ROLE_FEED)
        put_feed(t, token);
    else
        put_role(t, token->role);
    pl_json_put_hex(t, ",\"hash\":", token->hash, PL_SECRET_HASH_BYTES);
    pl_json_put_number(t, ",\"created\":", token->created_unix_ms, 1);
    pl_json_put_number(t, ",\"expires\":", token->expires_unix_ms, 1);
    pl_text_char(t, '}');
}

void pl_record_audit_write(struct pl_text *t, const struct pl_audit_entry *entry)
{
    pl_text_str(t, "{\"number\":\"");
    pl_text_u64(t, entry->number);
    pl_json_put_number(t, "\",\"time\":", entry->unix_ms, 1);
    pl_text_str(t, ",\"action\":");
    pl_text_json(t, pl_span_of(pl_audit_action_name(entry->action)));
    if (entry->who.len > 0) pl_json_put_name(t, ",\"who\":", &entry->who);
    if (entry->subject.len > 0) pl_json_put_name(t, ",\"subject\":", &entry->subject);
    pl_text_str(t, ",\"address\":");
    pl_text_json(t, pl_span_of(entry->address));
    pl_text_char(t, '}');
}

/* ---- reading ---- */

static bool has(const struct pl_json_reader *r, const char *member)
{
    return cJSON_GetObjectItemCaseSensitive(r->object, member) != NULL;
}

static int64_t get_time(struct pl_json_reader *r, const char *member)
{
    return pl_json_i64(r, member, 0, PL_UNIX_MS_MAX);
}

static enum pl_role get_role(struct pl_json_reader *r, enum pl_role least)
{
    char text[16] = "";
    enum pl_role role = PL_ROLE_NOBODY;
    pl_json_text(r, "role", text, sizeof text);
    if (r->err == 0 && (!pl_role_parse(pl_span_of(text), &role) || role < least))
        r->err = PL_E_RANGE;
    return role;
}

int pl_record_user_read(struct pl_span in, struct pl_user *out)
{
    cJSON *root = pl_json_parse(in);
    struct pl_json_reader r = pl_json_reader_init(root);
    struct pl_user user = {0};
    pl_json_name(&r, "name", &user.name);
    user.role = get_role(&r, PL_ROLE_READ_ONLY);
    user.created_unix_ms = get_time(&r, "created");
    if (has(&r, "scrypt")) {
        user.has_password = true;
        pl_json_hex(&r, "salt", user.password.salt, PL_SALT_BYTES);
        pl_json_hex(&r, "scrypt", user.password.hash, PL_PASSWORD_HASH_BYTES);
    }
    if (has(&r, "link")) {
        pl_json_hex(&r, "link", user.link_hash, PL_SECRET_HASH_BYTES);
        user.link_expires_unix_ms = get_time(&r, "link_expires");
    }
    cJSON_Delete(root);
    if (r.err == 0) *out = user;
    return r.err;
}

int pl_record_session_read(struct pl_span in, struct pl_session *out)
{
    cJSON *root = pl_json_parse(in);
    struct pl_json_reader r = pl_json_reader_init(root);
    struct pl_session session = {0};
    pl_json_hex(&r, "hash", session.hash, PL_SECRET_HASH_BYTES);
    session.is_token = has(&r, "token");
    pl_json_name(&r, session.is_token ? "token" : "user", &session.user);
    session.opened_unix_ms = get_time(&r, "opened");
    session.used_unix_ms = session.saved_unix_ms = get_time(&r, "used");
    cJSON_Delete(root);
    if (r.err == 0) *out = session;
    return r.err;
}

int pl_record_api_token_read(struct pl_span in, struct pl_api_token *out)
{
    cJSON *root = pl_json_parse(in);
    struct pl_json_reader r = pl_json_reader_init(root);
    struct pl_api_token token = {0};
    pl_json_name(&r, "name", &token.name);
    if (has(&r, "customer")) {
        token.role = PL_ROLE_CUSTOMER;
        pl_json_name(&r, "customer", &token.customer);
    } else if (has(&r, "feed")) {
        const char *words[PL_FEED_COUNT];
        for (enum pl_feed i = 0; i < PL_FEED_COUNT; i++) words[i] = pl_feed_word(i);
        token.role = PL_ROLE_FEED;
        token.feed = (enum pl_feed)pl_json_word(&r, "feed", words, PL_LEN(words));
        pl_json_name(&r, "about", &token.about);
    } else {
        token.role = get_role(&r, PL_ROLE_METRICS);
    }
    pl_json_hex(&r, "hash", token.hash, PL_SECRET_HASH_BYTES);
    token.created_unix_ms = get_time(&r, "created");
    token.expires_unix_ms = get_time(&r, "expires");
    cJSON_Delete(root);
    if (r.err == 0) *out = token;
    return r.err;
}

int pl_record_audit_read(struct pl_span in, struct pl_audit_entry *out)
{
    cJSON *root = pl_json_parse(in);
    struct pl_json_reader r = pl_json_reader_init(root);
    struct pl_audit_entry entry = {0};
    const char *words[PL_AUDIT_ACTION_COUNT];
    for (enum pl_audit_action i = 0; i < PL_AUDIT_ACTION_COUNT; i++)
        words[i] = pl_audit_action_name(i);
    entry.number = pl_json_u64(&r, "number");
    if (r.err == 0 && entry.number == 0) r.err = PL_E_RANGE;
    entry.unix_ms = get_time(&r, "time");
    entry.action = (enum pl_audit_action)pl_json_word(&r, "action", words, PL_LEN(words));
    if (has(&r, "who")) pl_json_name(&r, "who", &entry.who);
    if (has(&r, "subject")) pl_json_name(&r, "subject", &entry.subject);
    pl_json_text(&r, "address", entry.address, sizeof entry.address);
    cJSON_Delete(root);
    if (r.err == 0) *out = entry;
    return r.err;
}
