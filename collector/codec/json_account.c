#include "collector/codec/json_account.h"

#include "collector/codec/json_in.h"
#include "collector/codec/json_put.h"
#include "common/base/quantity.h"

static const struct {
    const char *name;
    enum pl_account_member bit;
} members[] = {
    {"name", PL_ACCOUNT_NAME},       {"role", PL_ACCOUNT_ROLE}, {"password", PL_ACCOUNT_PASSWORD},
    {"current", PL_ACCOUNT_CURRENT}, {"link", PL_ACCOUNT_LINK}, {"ttl", PL_ACCOUNT_TTL},
    {"token", PL_ACCOUNT_TOKEN},     {"feed", PL_ACCOUNT_FEED},
};

/* What does not fit is cut at a length that is refused later: no password has it. */
static size_t copy(struct pl_span text, uint8_t out[PL_PASSWORD_BYTES_MAX + 1])
{
    size_t len = PL_MIN(text.len, (size_t)PL_PASSWORD_BYTES_MAX + 1);
    memcpy(out, text.ptr, len);
    return len;
}

static const char *take_member(enum pl_account_member bit, struct pl_span text,
                               struct pl_account_request *out)
{
    out->given |= bit;
    switch (bit) {
    case PL_ACCOUNT_NAME:
        return pl_name_parse(text, &out->name) == 0
                   ? NULL
                   : "a name has 1 to 63 letters, digits, dots, underscores and hyphens";
    case PL_ACCOUNT_ROLE:
        return pl_role_parse(text, &out->role)
                   ? NULL
                   : "a role is read-only, on-call, ops or admin; an API token's may be metrics";
    case PL_ACCOUNT_PASSWORD: out->password_len = copy(text, out->password); return NULL;
    case PL_ACCOUNT_CURRENT: out->current_len = copy(text, out->current); return NULL;
    case PL_ACCOUNT_LINK: out->link_len = copy(text, out->link); return NULL;
    case PL_ACCOUNT_TOKEN: out->token_len = copy(text, out->token); return NULL;
    case PL_ACCOUNT_FEED:
        for (out->feed = 0; out->feed < PL_FEED_COUNT; out->feed++)
            if (pl_span_is(text, pl_feed_word(out->feed))) return NULL;
        return "a calendar is that of a customer, pool, schedule or person";
    case PL_ACCOUNT_TTL:
        if (pl_quantity_duration(text, &out->ttl_ms) == 0 && out->ttl_ms >= PL_API_TOKEN_MS_MIN &&
            out->ttl_ms <= PL_API_TOKEN_MS_MAX)
            return NULL;
        return "an API token lives for 1m to 730d";
    }
    return NULL;
}

static const char *take_item(const cJSON *item, unsigned allowed, struct pl_account_request *out,
                             const char **member)
{
    for (size_t i = 0; i < PL_LEN(members); i++) {
        if (strcmp(item->string, members[i].name) != 0 || (members[i].bit & allowed) == 0) continue;
        *member = members[i].name;
        if (!cJSON_IsString(item)) return "this must be a text";
        return take_member(members[i].bit, pl_span_of(item->valuestring), out);
    }
    *member = NULL;
    return "the body has a member that this route does not take";
}

const char *pl_account_request_read(struct pl_span body, unsigned required, unsigned optional,
                                    struct pl_account_request *out, const char **member)
{
    struct pl_account_request request = {0};
    const char *problem = NULL;
    cJSON *root = pl_json_parse(body);
    *member = NULL;
    if (!cJSON_IsObject(root)) problem = "the body is not a JSON object";
    for (const cJSON *item = root ? root->child : NULL; item && !problem; item = item->next)
        problem = take_item(item, required | optional, &request, member);
    for (size_t i = 0; i < PL_LEN(members) && !problem; i++) {
        if ((members[i].bit & required) == 0 || (members[i].bit & request.given) != 0) continue;
        *member = members[i].name;
        problem = "this is missing";
    }
    cJSON_Delete(root);
    if (!problem) *out = request;
    return problem;
}

void pl_json_caller(struct pl_text *out, const struct pl_principal *principal, const char *csrf,
                    int64_t expires_unix_ms)
{
    bool is_session = principal->credential == PL_CREDENTIAL_SESSION;
    pl_json_put_name(out, "{\"name\":", &principal->name);
    pl_json_put_text(out, ",\"role\":", pl_role_name(principal->role));
    if (principal->role == PL_ROLE_CUSTOMER)
        pl_json_put_name(out, ",\"customer\":", &principal->customer);
    pl_json_put_text(out, ",\"by\":", is_session ? "session" : "token");
    pl_text_str(out, ",\"csrf\":");
    if (is_session)
        pl_text_json(out, pl_span_of(csrf));
    else
        pl_text_str(out, "null");
    pl_json_put_time(out, ",\"expires\":", expires_unix_ms);
    pl_text_str(out, "}\n");
}

void pl_json_users(struct pl_text *out, const struct pl_accounts *accounts)
{
    struct pl_json_list list = pl_json_list_begin(out, "{\"users\":", PL_JSON_TAIL_BYTES);
    for (size_t i = 0; i < PL_LEN(accounts->users); i++) {
        const struct pl_user *user = &accounts->users[i];
        if (user->name.len == 0) continue;
        pl_json_item_begin(&list);
        pl_json_put_name(out, "{\"name\":", &user->name);
        pl_json_put_text(out, ",\"role\":", pl_role_name(user->role));
        pl_json_put_bool(out, ",\"password\":", user->has_password);
        pl_json_put_time(out, ",\"created\":", user->created_unix_ms);
        pl_json_put_time(out, ",\"login_link_expires\":", user->link_expires_unix_ms);
        pl_text_char(out, '}');
        if (!pl_json_item_end(&list)) break;
    }
    pl_text_str(out, "]}\n");
}

void pl_json_api_tokens(struct pl_text *out, const struct pl_accounts *accounts)
{
    struct pl_json_list list = pl_json_list_begin(out, "{\"api_tokens\":", PL_JSON_TAIL_BYTES);
    for (size_t i = 0; i < PL_LEN(accounts->tokens); i++) {
        const struct pl_api_token *token = &accounts->tokens[i];
        if (token->name.len == 0) continue;
        pl_json_item_begin(&list);
        pl_json_put_name(out, "{\"name\":", &token->name);
        pl_json_put_text(out, ",\"role\":", pl_role_name(token->role));
        if (token->role == PL_ROLE_CUSTOMER)
            pl_json_put_name(out, ",\"customer\":", &token->customer);
        if (token->role == PL_ROLE_FEED) {
            pl_json_put_text(out, ",\"feed\":", pl_feed_word(token->feed));
            pl_json_put_name(out, ",\"about\":", &token->about);
        }
        pl_json_put_time(out, ",\"created\":", token->created_unix_ms);
        pl_json_put_time(out, ",\"expires\":", token->expires_unix_ms);
        pl_text_char(out, '}');
        if (!pl_json_item_end(&list)) break;
    }
    pl_text_str(out, "]}\n");
}

void pl_json_audit(struct pl_text *out, const struct pl_audit *audit)
{
    struct pl_json_list list = pl_json_list_begin(out, "{\"audit\":", PL_JSON_TAIL_BYTES);
    const struct pl_audit_entry *entry;
    for (uint64_t n = audit->newest; (entry = pl_audit_get(audit, n)) != NULL; n--) {
        pl_json_item_begin(&list);
        pl_json_put_time(out, "{\"time\":", entry->unix_ms);
        pl_json_put_text(out, ",\"who\":", entry->who.text);
        pl_json_put_text(out, ",\"action\":", pl_audit_action_name(entry->action));
        pl_json_put_text(out, ",\"subject\":", entry->subject.text);
        pl_json_put_text(out, ",\"address\":", entry->address);
        pl_text_char(out, '}');
        if (!pl_json_item_end(&list)) break;
    }
    pl_text_str(out, "]}\n");
}
