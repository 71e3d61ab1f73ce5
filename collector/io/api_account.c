/* Accounts: one's own session, and what administrators do with users and API tokens.
 *
 *     POST /session, PUT .../password -> login ... pl_api_login_answered -> reply */
#include "collector/codec/json_account.h"
#include "collector/codec/json_put.h"
#include "collector/io/api_private.h"

#include <openssl/crypto.h>
#include <stdio.h>

enum { SECRET_BODY_BYTES = 512 };

static struct pl_login_try try_of(const struct pl_api_call *c)
{
    return (struct pl_login_try){c->client, &c->caller, c->now};
}

bool pl_api_read_account(struct pl_api_call *c, unsigned required, unsigned optional,
                         struct pl_account_request *out)
{
    static const char type[] = "application/json";
    struct pl_span got = c->request->content_type;
    const char *member = NULL;
    if (!pl_api_read_no_query(c)) return false;
    if (got.len < sizeof type - 1 || memcmp(got.ptr, type, sizeof type - 1) != 0) {
        pl_api_problem(c, 415, PL_API_NO_PARAMETER, "the body must be application/json");
        return false;
    }
    const char *problem =
        pl_account_request_read(c->request->body, required, optional, out, &member);
    if (problem) pl_api_problem(c, 422, member ? pl_span_of(member) : PL_API_NO_PARAMETER, problem);
    return !problem;
}

void pl_api_reply_done(struct pl_api_call *c, const char *problem)
{
    if (problem)
        pl_api_problem(c, 409, PL_API_NO_PARAMETER, problem);
    else
        pl_api_reply_written(c, 204, NULL);
}

bool pl_api_is_missing(struct pl_api_call *c, bool is_there, const char *rest)
{
    if (!is_there) pl_api_problem_value(c, 404, PL_API_NO_PARAMETER, c->name.text, rest);
    return !is_there;
}

/* ---- one's own session ---- */

void pl_api_get_session(struct pl_api_call *c)
{
    if (!pl_api_read_no_query(c)) return;
    pl_json_caller(&c->out, &c->caller.shown.principal, c->caller.csrf, c->caller.expires_unix_ms);
    pl_api_reply_json(c);
}

void pl_api_post_session(struct pl_api_call *c)
{
    struct pl_account_request body = {0};
    struct pl_login_try t = try_of(c);
    unsigned all = PL_ACCOUNT_NAME | PL_ACCOUNT_PASSWORD | PL_ACCOUNT_LINK | PL_ACCOUNT_TOKEN;
    if (!pl_api_read_account(c, 0, all, &body)) return;
    struct pl_span password = {body.password, body.password_len};
    bool by_link = (body.given & PL_ACCOUNT_LINK) != 0;
    if ((body.given & all) == PL_ACCOUNT_TOKEN) {
        pl_login_by_token(c->api->config.login, &t, (struct pl_span){body.token, body.token_len});
    } else if (by_link && (body.given & (PL_ACCOUNT_NAME | PL_ACCOUNT_TOKEN)) == 0) {
        pl_login_by_link(c->api->config.login, &t, (struct pl_span){body.link, body.link_len},
                         password);
    } else if (by_link || (body.given & all) != (PL_ACCOUNT_NAME | PL_ACCOUNT_PASSWORD)) {
        pl_api_problem(
            c, 422, PL_API_NO_PARAMETER,
            "this takes a name and a password, or the link of a login link, or the token "
            "of a customer");
    } else {
        password.len = PL_MIN(password.len, (size_t)PL_PASSWORD_BYTES_MAX); // nobody has that one
        pl_login_by_password(c->api->config.login, &t, &body.name, password);
    }
    OPENSSL_cleanse(&body, sizeof body);
}

void pl_api_delete_session(struct pl_api_call *c)
{
    char cookie[PL_COOKIE_TEXT_BYTES];
    struct pl_text text = pl_text_init(cookie, sizeof cookie);
    if (!pl_api_read_no_query(c)) return;
    pl_login_end(c->api->config.login, &c->caller, c->now);
    pl_http_set_cookie(&text, NULL, c->caller.origin.is_secure, 0);
    struct pl_http_reply r = {.status = 204, .set_cookie = cookie};
    pl_http_server_reply(c->api->server, c->client, &r);
}

void pl_api_put_own_password(struct pl_api_call *c)
{
    struct pl_account_request body = {0};
    struct pl_login_try t = try_of(c);
    if (c->caller.shown.principal.credential != PL_CREDENTIAL_SESSION) {
        pl_api_problem(c, 403, PL_API_NO_PARAMETER, "an API token has no password");
        return;
    }
    if (!pl_api_read_account(c, PL_ACCOUNT_PASSWORD, PL_ACCOUNT_CURRENT, &body)) return;
    struct pl_span current = {body.current,
                              PL_MIN(body.current_len, (size_t)PL_PASSWORD_BYTES_MAX)};
    pl_login_set_password(c->api->config.login, &t, &c->caller.shown.principal.name, &current,
                          (struct pl_span){body.password, body.password_len});
    OPENSSL_cleanse(&body, sizeof body);
}

void pl_api_login_answered(struct pl_api *api, struct pl_slot_id client,
                           const struct pl_login_answer *answer)
{
    char body[SECRET_BODY_BYTES], cookie[PL_COOKIE_TEXT_BYTES];
    if (answer->status != 200) {
        pl_api_refuse_for(
            api, client,
            &(struct pl_http_problem){answer->status, PL_API_NO_PARAMETER, answer->text, NULL},
            answer->wait_ms);
        return;
    }
    struct pl_http_reply r = {.status = 204};
    struct pl_text text = pl_text_init(body, sizeof body);
    struct pl_text set_cookie = pl_text_init(cookie, sizeof cookie);
    if (answer->has_session) {
        const struct pl_caller *caller = &answer->caller;
        pl_json_caller(&text, &caller->shown.principal, caller->csrf, caller->expires_unix_ms);
        pl_http_set_cookie(&set_cookie, answer->secret, caller->origin.is_secure,
                           PL_SESSION_MAX_MS / 1000);
        r = (struct pl_http_reply){.status = 200,
                                   .content_type = "application/json",
                                   .set_cookie = cookie,
                                   .body = pl_text_bytes(&text)};
    }
    pl_http_server_reply(api->server, client, &r);
}

/* ---- users ---- */

static const char no_user[] = "is no user; /api/v1/users lists them";

static bool user_is_there(const struct pl_api_call *c)
{
    return pl_accounts_user(pl_login_accounts(c->api->config.login), &c->name) != NULL;
}

void pl_api_get_users(struct pl_api_call *c)
{
    if (!pl_api_read_no_query(c)) return;
    pl_json_users(&c->out, pl_login_accounts(c->api->config.login));
    pl_api_reply_json(c);
}

static bool is_user_role(struct pl_api_call *c, enum pl_role role)
{
    if (role >= PL_ROLE_READ_ONLY) return true;
    pl_api_problem(c, 422, pl_span_of("role"), "the role metrics is for API tokens only");
    return false;
}

void pl_api_post_user(struct pl_api_call *c)
{
    struct pl_account_request body;
    if (!pl_api_read_account(c, PL_ACCOUNT_NAME | PL_ACCOUNT_ROLE, 0, &body) ||
        !is_user_role(c, body.role))
        return;
    c->name = body.name;
    if (user_is_there(c)) {
        pl_api_problem_value(c, 409, pl_span_of("name"), c->name.text, "is there already");
        return;
    }
    pl_api_reply_done(
        c, pl_login_put_user(c->api->config.login, &c->caller, &body.name, body.role, c->now));
}

void pl_api_put_user(struct pl_api_call *c)
{
    struct pl_account_request body;
    if (!pl_api_read_account(c, PL_ACCOUNT_ROLE, 0, &body) || !is_user_role(c, body.role) ||
        pl_api_is_missing(c, user_is_there(c), no_user))
        return;
    pl_api_reply_done(
        c, pl_login_put_user(c->api->config.login, &c->caller, &c->name, body.role, c->now));
}

void pl_api_delete_user(struct pl_api_call *c)
{
    if (!pl_api_read_no_query(c) || pl_api_is_missing(c, user_is_there(c), no_user)) return;
    pl_api_reply_done(c, pl_login_drop_user(c->api->config.login, &c->caller, &c->name, c->now));
}

void pl_api_put_password(struct pl_api_call *c)
{
    struct pl_account_request body = {0};
    struct pl_login_try t = try_of(c);
    if (!pl_api_read_account(c, PL_ACCOUNT_PASSWORD, 0, &body) ||
        pl_api_is_missing(c, user_is_there(c), no_user))
        return;
    pl_login_set_password(c->api->config.login, &t, &c->name, NULL,
                          (struct pl_span){body.password, body.password_len});
    OPENSSL_cleanse(&body, sizeof body);
}

void pl_api_post_login_link(struct pl_api_call *c)
{
    uint8_t secret[PL_SECRET_BYTES];
    char link[512];
    (void)snprintf(link, sizeof link, "%slogin.html#link=", c->api->config.external_url); // it fits
    const struct pl_accounts *accounts = pl_login_accounts(c->api->config.login);
    bool is_first = accounts->is_complete && pl_accounts_user_count(accounts) == 0;
    if (!pl_api_read_no_query(c) || pl_api_is_missing(c, is_first || user_is_there(c), no_user))
        return;
    const char *problem =
        pl_login_make_link(c->api->config.login, &c->caller, &c->name, c->now, secret);
    if (problem)
        pl_api_reply_done(c, problem);
    else
        pl_api_reply_secret(c, &(struct pl_api_secret){"url", link, "", secret},
                            c->now.unix_ms + PL_LOGIN_LINK_MS);
}

/* ---- API tokens and the audit log ---- */

void pl_api_get_api_tokens(struct pl_api_call *c)
{
    if (!pl_api_read_no_query(c)) return;
    pl_json_api_tokens(&c->out, pl_login_accounts(c->api->config.login));
    pl_api_reply_json(c);
}

void pl_api_post_api_token(struct pl_api_call *c)
{
    struct pl_account_request body;
    uint8_t secret[PL_SECRET_BYTES];
    if (!pl_api_read_account(c, PL_ACCOUNT_NAME | PL_ACCOUNT_ROLE | PL_ACCOUNT_TTL, 0, &body))
        return;
    struct pl_api_token token = {
        .name = body.name, .role = body.role, .expires_unix_ms = c->now.unix_ms + body.ttl_ms};
    const char *problem =
        pl_login_make_token(c->api->config.login, &c->caller, &token, c->now, secret);
    if (problem)
        pl_api_reply_done(c, problem);
    else
        pl_api_reply_secret(c, &(struct pl_api_secret){"token", "", "", secret},
                            token.expires_unix_ms);
}

void pl_api_delete_api_token(struct pl_api_call *c)
{
    bool is_there = pl_accounts_token(pl_login_accounts(c->api->config.login), &c->name) != NULL;
    if (!pl_api_read_no_query(c) ||
        pl_api_is_missing(c, is_there, "is no API token; /api/v1/api-tokens lists them"))
        return;
    pl_api_reply_done(c, pl_login_drop_token(c->api->config.login, &c->caller, &c->name, c->now));
}

void pl_api_get_audit(struct pl_api_call *c)
{
    if (!pl_api_read_no_query(c)) return;
    pl_json_audit(&c->out, pl_login_audit(c->api->config.login));
    pl_api_reply_json(c);
}
