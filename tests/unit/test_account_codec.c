/* Accounts as bytes: Redis records, bodies of requests, cookies and headers. */
#include "collector/codec/account_records.h"
#include "collector/codec/http_login.h"
#include "collector/codec/json_account.h"
#include "common/base/err.h"
#include "tests/check.h"

static char buf[PL_ACCOUNT_RECORD_BYTES];

static struct pl_name longest_name(void)
{
    struct pl_name name = {.len = PL_NAME_LEN_MAX};
    memset(name.text, 'a', PL_NAME_LEN_MAX);
    return name;
}

/* Every truncation of what was written is refused. */
#define CHECK_CUTS(read, type)                                                                     \
    for (size_t cut = 0; cut < t.len; cut++) {                                                     \
        type got_cut = {0};                                                                        \
        CHECK(read((struct pl_span){(uint8_t *)buf, cut}, &got_cut) < 0);                          \
    }

static void test_users_come_back(void)
{
    struct pl_user got, user = {.name = longest_name(),
                                .role = PL_ROLE_ON_CALL,
                                .has_password = true,
                                .password = {{1, 2}, {3, 4}},
                                .created_unix_ms = INT64_C(253402300799999),
                                .link_expires_unix_ms = INT64_C(253402300799998),
                                .link_hash = {5}};
    struct pl_text t = pl_text_init(buf, sizeof buf);
    pl_record_user_write(&t, &user);
    CHECK(!t.overflow); // the largest there is
    CHECK_INT(pl_record_user_read(pl_text_bytes(&t), &got), 0);
    CHECK(pl_name_eq(&got.name, &user.name) && got.role == user.role && got.has_password);
    CHECK(memcmp(&got.password, &user.password, sizeof got.password) == 0);
    CHECK_INT(got.link_expires_unix_ms, user.link_expires_unix_ms);
    CHECK_INT(got.link_hash[0], 5);
    CHECK_CUTS(pl_record_user_read, struct pl_user)
    user.has_password = false;
    user.link_expires_unix_ms = 0;
    t = pl_text_init(buf, sizeof buf);
    pl_record_user_write(&t, &user);
    CHECK(!strstr(buf, "scrypt") && !strstr(buf, "link"));
    CHECK_INT(pl_record_user_read(pl_text_bytes(&t), &got), 0);
    CHECK(!got.has_password && got.link_expires_unix_ms == 0);
}

static void test_sessions_tokens_and_the_audit_log_come_back(void)
{
    struct pl_session got,
        session = {
            .hash = {0xab}, .user = longest_name(), .opened_unix_ms = 10, .used_unix_ms = 20};
    struct pl_text t = pl_text_init(buf, sizeof buf);
    pl_record_session_write(&t, &session);
    CHECK_INT(pl_record_session_read(pl_text_bytes(&t), &got), 0);
    CHECK(got.hash[0] == 0xab && got.used_unix_ms == 20 && got.saved_unix_ms == 20);
    CHECK_CUTS(pl_record_session_read, struct pl_session)

    struct pl_api_token got_token, token = {.name = longest_name(),
                                            .role = PL_ROLE_METRICS,
                                            .hash = {7},
                                            .created_unix_ms = 30,
                                            .expires_unix_ms = 40};
    t = pl_text_init(buf, sizeof buf);
    pl_record_api_token_write(&t, &token);
    CHECK_INT(pl_record_api_token_read(pl_text_bytes(&t), &got_token), 0);
    CHECK(got_token.role == PL_ROLE_METRICS && got_token.hash[0] == 7);
    CHECK_INT(got_token.expires_unix_ms, 40);
    CHECK_CUTS(pl_record_api_token_read, struct pl_api_token)

    session.is_token = true;
    t = pl_text_init(buf, sizeof buf);
    pl_record_session_write(&t, &session);
    CHECK_INT(pl_record_session_read(pl_text_bytes(&t), &got), 0);
    CHECK(got.is_token && pl_name_eq(&got.user, &session.user));
    token.role = PL_ROLE_CUSTOMER;
    token.customer = longest_name();
    t = pl_text_init(buf, sizeof buf);
    pl_record_api_token_write(&t, &token);
    CHECK(!t.overflow);
    CHECK_INT(pl_record_api_token_read(pl_text_bytes(&t), &got_token), 0);
    CHECK(got_token.role == PL_ROLE_CUSTOMER && pl_name_eq(&got_token.customer, &token.customer));
    CHECK_CUTS(pl_record_api_token_read, struct pl_api_token)
    token = (struct pl_api_token){.name = longest_name(),
                                  .role = PL_ROLE_FEED,
                                  .feed = PL_FEED_PERSON,
                                  .about = longest_name()};
    t = pl_text_init(buf, sizeof buf);
    pl_record_api_token_write(&t, &token);
    CHECK_INT(pl_record_api_token_read(pl_text_bytes(&t), &got_token), 0);
    CHECK(got_token.role == PL_ROLE_FEED && got_token.feed == PL_FEED_PERSON);
    CHECK(pl_name_eq(&got_token.about, &token.about));
    CHECK_CUTS(pl_record_api_token_read, struct pl_api_token)
    CHECK_INT(
        pl_record_api_token_read(pl_span_of("{\"name\":\"x\",\"role\":\"customer\"}"), &got_token),
        PL_E_RANGE); // whose, it does not say

    struct pl_audit_entry got_entry,
        entry = {UINT64_MAX, 50, PL_AUDIT_LOGIN_FAILED, longest_name(), longest_name(), ""};
    memset(entry.address, '9', sizeof entry.address - 1);
    t = pl_text_init(buf, sizeof buf);
    pl_record_audit_write(&t, &entry);
    CHECK(!t.overflow);
    CHECK_INT(pl_record_audit_read(pl_text_bytes(&t), &got_entry), 0);
    CHECK(got_entry.number == UINT64_MAX && got_entry.action == PL_AUDIT_LOGIN_FAILED);
    CHECK_TEXT(got_entry.address, entry.address);
    CHECK_CUTS(pl_record_audit_read, struct pl_audit_entry)
}

static void test_bad_records_are_refused(void)
{
    static const char *const bad[] = {
        "{\"name\":\"a\",\"role\":\"metrics\",\"created\":1}", // no role of a user
        "{\"name\":\"a\",\"role\":\"root\",\"created\":1}",
        "{\"name\":\"a/b\",\"role\":\"ops\",\"created\":1}",
        "{\"name\":\"a\",\"role\":\"ops\",\"created\":-1}",
        "{\"name\":\"a\",\"role\":\"ops\",\"created\":1,\"scrypt\":\"00\"}",
        "{\"name\":\"a\",\"role\":\"ops\",\"created\":1,\"link\":\"XY\"}",
    };
    struct pl_user user;
    for (size_t i = 0; i < PL_LEN(bad); i++)
        CHECK(pl_record_user_read(pl_span_of(bad[i]), &user) < 0);
    struct pl_audit_entry entry;
    CHECK(pl_record_audit_read(pl_span_of("{\"number\":\"0\",\"time\":1,\"action\":\"login\","
                                          "\"address\":\"\"}"),
                               &entry) < 0);
}

static void test_bodies(void)
{
    static const struct {
        const char *body;
        unsigned required, optional;
        const char *member, *problem; // problem NULL: good
    } cases[] = {
        {"{\"name\":\"alex\",\"password\":\"secret\"}", PL_ACCOUNT_NAME | PL_ACCOUNT_PASSWORD, 0,
         NULL, NULL},
        {"{\"link\":\"ab\"}", 0, PL_ACCOUNT_LINK | PL_ACCOUNT_PASSWORD, NULL, NULL},
        {"{}", 0, PL_ACCOUNT_LINK, NULL, NULL},
        {"{}", PL_ACCOUNT_NAME, 0, "name", "this is missing"},
        {"", 0, 0, NULL, "the body is not a JSON object"},
        {"[]", 0, 0, NULL, "the body is not a JSON object"},
        {"{\"name\":\"a\",\"name\":\"b\"}", PL_ACCOUNT_NAME, 0, NULL,
         "the body is not a JSON object"},
        {"{\"name\":7}", PL_ACCOUNT_NAME, 0, "name", "this must be a text"},
        {"{\"name\":\"a b\"}", PL_ACCOUNT_NAME, 0, "name",
         "a name has 1 to 63 letters, digits, dots, underscores and hyphens"},
        {"{\"role\":\"root\"}", PL_ACCOUNT_ROLE, 0, "role",
         "a role is read-only, on-call, ops or admin; an API token's may be metrics"},
        {"{\"ttl\":\"59s\"}", PL_ACCOUNT_TTL, 0, "ttl", "an API token lives for 1m to 730d"},
        {"{\"ttl\":\"731d\"}", PL_ACCOUNT_TTL, 0, "ttl", "an API token lives for 1m to 730d"},
        {"{\"ttl\":\"730d\"}", PL_ACCOUNT_TTL, 0, NULL, NULL},
        {"{\"colour\":\"red\"}", 0, PL_ACCOUNT_NAME, NULL,
         "the body has a member that this route does not take"},
        {"{\"role\":\"ops\"}", 0, PL_ACCOUNT_NAME, NULL, // known, but not here
         "the body has a member that this route does not take"},
    };
    for (size_t i = 0; i < PL_LEN(cases); i++) {
        struct pl_account_request request;
        const char *member = NULL;
        const char *problem = pl_account_request_read(pl_span_of(cases[i].body), cases[i].required,
                                                      cases[i].optional, &request, &member);
        CHECK_TEXT(problem ? problem : "good", cases[i].problem ? cases[i].problem : "good");
        if (problem) CHECK_TEXT(member ? member : "-", cases[i].member ? cases[i].member : "-");
    }
}

static void test_a_password_that_is_too_long_shows(void)
{
    char body[1024];
    struct pl_account_request request;
    const char *member;
    (void)snprintf(body, sizeof body, "{\"password\":\"%0300d\"}", 7);
    CHECK(!pl_account_request_read(pl_span_of(body), PL_ACCOUNT_PASSWORD, 0, &request, &member));
    CHECK_INT(request.password_len, PL_PASSWORD_BYTES_MAX + 1);
}

/* 63 and 60 times an a, in base64. */
#define AAAA_63 AAAA_60 "YWFh"
#define AAAA_60 "YWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFh"
#define HEX_A   "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define HEX_B   "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

static void test_credentials_in_headers(void)
{
    static const struct {
        const char *cookie;
        bool is_tls;
        int want; // first byte of the secret; -1: none
    } cookies[] = {
        {"plimsoll=" HEX_A, false, 0xaa},
        {"plimsoll=" HEX_A, true, -1}, // given without TLS: not taken with it
        {"__Host-plimsoll=" HEX_A, true, 0xaa},
        {"__Host-plimsoll=" HEX_A, false, -1},
        {"a=b; plimsoll=" HEX_A "; c=d", false, 0xaa},
        {"plimsoll=; plimsoll=" HEX_B, false, 0xbb},
        {"xplimsoll=" HEX_A, false, -1},
        {"plimsollx=" HEX_A, false, -1},
        {"plimsoll=" HEX_A "0", false, -1},
        {"plimsoll=\"" HEX_A "\"", false, -1},
        {"plimsoll", false, -1},
        {";;;; ;", false, -1},
        {"", false, -1},
    };
    uint8_t secret[PL_SECRET_BYTES];
    for (size_t i = 0; i < PL_LEN(cookies); i++) {
        bool found =
            pl_http_session_cookie(pl_span_of(cookies[i].cookie), cookies[i].is_tls, secret);
        CHECK_INT(found ? secret[0] : -1, cookies[i].want);
    }
    CHECK(pl_http_bearer(pl_span_of("Bearer " HEX_A), secret));
    CHECK(pl_http_bearer(pl_span_of("bEARER " HEX_A), secret));
    CHECK(!pl_http_bearer(pl_span_of("Basic " HEX_A), secret));
    CHECK(!pl_http_bearer(pl_span_of("Bearer  " HEX_A), secret));
    /* RFC 7617: NAME:aaaa..., of any length, with and without the padding */
    memset(secret, 0, sizeof secret);
    CHECK(pl_http_bearer(pl_span_of("Basic cHJvbTph" AAAA_63), secret));
    CHECK_INT(secret[31], 0xaa);
    CHECK(pl_http_bearer(pl_span_of("basic OmFh" AAAA_60 "YWE"), secret));
    CHECK(!pl_http_bearer(pl_span_of("Basic " AAAA_63 "YQ=="), secret)); // no colon
    CHECK(!pl_http_bearer(pl_span_of("Basic OmFh" AAAA_63 "Y*=="), secret));
    CHECK(!pl_http_bearer(pl_span_of("Basic OmFh" AAAA_63 AAAA_63 AAAA_63 AAAA_63), secret));
    CHECK(!pl_http_bearer(pl_span_of("Basic "), secret));
    CHECK(!pl_http_bearer(pl_span_of("Bearer " HEX_A "a"), secret));
    CHECK(!pl_http_bearer(pl_span_of(""), secret));
}

static void test_the_cookie_that_is_given(void)
{
    uint8_t secret[PL_SECRET_BYTES];
    memset(secret, 0xaa, sizeof secret);
    char text[PL_COOKIE_TEXT_BYTES];
    struct pl_text t = pl_text_init(text, sizeof text);
    pl_http_set_cookie(&t, secret, false, 60);
    CHECK_TEXT(text, "plimsoll=" HEX_A "; Path=/; Max-Age=60; HttpOnly; SameSite=Strict");
    t = pl_text_init(text, sizeof text);
    pl_http_set_cookie(&t, secret, true, 60);
    CHECK_TEXT(text,
               "__Host-plimsoll=" HEX_A "; Path=/; Max-Age=60; HttpOnly; SameSite=Strict; Secure");
    t = pl_text_init(text, sizeof text);
    pl_http_set_cookie(&t, secret, false, 0);
    CHECK_TEXT(text, "plimsoll=; Path=/; Max-Age=0; HttpOnly; SameSite=Strict");
}

static void test_same_site(void)
{
    struct pl_span host = pl_span_of("plimsoll.example:7410");
    CHECK(pl_http_same_site(pl_span_of(""), host));
    CHECK(pl_http_same_site(pl_span_of("https://plimsoll.example:7410"), host));
    CHECK(pl_http_same_site(pl_span_of("http://plimsoll.example:7410"), host));
    CHECK(!pl_http_same_site(pl_span_of("null"), host));
    CHECK(!pl_http_same_site(pl_span_of("https://plimsoll.example"), host));
    CHECK(!pl_http_same_site(pl_span_of("https://plimsoll.example:7410.attacker.example"), host));
    CHECK(!pl_http_same_site(pl_span_of("https://attacker.example"), host));
    CHECK(!pl_http_same_site(pl_span_of("ftp://plimsoll.example:7410"), host));
}

static void test_what_is_shown_holds_no_secret(void)
{
    static struct pl_accounts accounts;
    static char out[4096];
    struct pl_user user = {.name = {4, "alex"}, .role = PL_ROLE_OPS, .has_password = true};
    struct pl_api_token token = {.name = {4, "prom"}, .role = PL_ROLE_METRICS};
    memset(&user.password, 0xaa, sizeof user.password);
    memset(token.hash, 0xaa, sizeof token.hash);
    CHECK_INT(pl_accounts_put_user(&accounts, &user), 0);
    CHECK_INT(pl_accounts_put_token(&accounts, &token), 0);
    struct pl_text t = pl_text_init(out, sizeof out);
    pl_json_users(&t, &accounts);
    CHECK_TEXT(out,
               "{\"users\":[{\"name\":\"alex\",\"role\":\"ops\",\"password\":true,\"created\":null,"
               "\"login_link_expires\":null}]}\n");
    t = pl_text_init(out, sizeof out);
    pl_json_api_tokens(&t, &accounts);
    CHECK_TEXT(out, "{\"api_tokens\":[{\"name\":\"prom\",\"role\":\"metrics\",\"created\":null,"
                    "\"expires\":null}]}\n");
}

int main(void)
{
    RUN(test_users_come_back);
    RUN(test_sessions_tokens_and_the_audit_log_come_back);
    RUN(test_bad_records_are_refused);
    RUN(test_bodies);
    RUN(test_a_password_that_is_too_long_shows);
    RUN(test_credentials_in_headers);
    RUN(test_the_cookie_that_is_given);
    RUN(test_same_site);
    RUN(test_what_is_shown_holds_no_secret);
    return check_finish();
}
