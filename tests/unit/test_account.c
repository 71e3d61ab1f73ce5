/* Accounts without a clock or a socket: who is in, for how long, what failing costs, who may. */
#include "collector/core/trust/account.h"
#include "collector/core/trust/audit.h"
#include "collector/core/trust/customer.h"
#include "collector/core/trust/gate.h"
#include "collector/core/trust/password.h"
#include "collector/core/trust/throttle.h"
#include "common/base/err.h"
#include "tests/check.h"

#define HOUR_MS INT64_C(3600000)

static struct pl_accounts accounts;
static struct pl_throttle throttle;
static struct pl_audit audit;

static struct pl_name name_of(const char *text)
{
    struct pl_name name = {0};
    CHECK_INT(pl_name_parse(pl_span_of(text), &name), 0);
    return name;
}

static struct pl_name numbered(const char *prefix, int number)
{
    char text[32];
    (void)snprintf(text, sizeof text, "%s%d", prefix, number);
    return name_of(text);
}

static void add_user(const char *name, enum pl_role role)
{
    struct pl_user user = {.name = name_of(name), .role = role};
    CHECK_INT(pl_accounts_put_user(&accounts, &user), 0);
}

static void open_session(const char *user, uint8_t hash, int64_t now)
{
    struct pl_session dropped,
        s = {.user = name_of(user), .opened_unix_ms = now, .used_unix_ms = now};
    s.hash[0] = hash;
    pl_accounts_open(&accounts, &s, &dropped);
    CHECK_INT(dropped.user.len, 0);
}

static struct pl_session *look(uint8_t first, int64_t now)
{
    uint8_t hash[PL_SECRET_HASH_BYTES] = {first};
    struct pl_session_owner owner = {0};
    struct pl_session *s = pl_accounts_session(&accounts, hash, now, &owner);
    if (s) CHECK(owner.user && !owner.token && pl_name_eq(&owner.user->name, &s->user));
    return s;
}

static void test_users_are_found_changed_and_dropped(void)
{
    struct pl_name nobody = {0}, alex = name_of("alex");
    accounts = (struct pl_accounts){0};
    CHECK(!pl_accounts_user(&accounts, &alex));
    CHECK(!pl_accounts_user(&accounts, &nobody)); // not the first free place
    add_user("alex", PL_ROLE_OPS);
    add_user("kim", PL_ROLE_READ_ONLY);
    add_user("alex", PL_ROLE_ADMIN);
    CHECK_INT(pl_accounts_user_count(&accounts), 2);
    CHECK_INT(pl_accounts_user(&accounts, &alex)->role, PL_ROLE_ADMIN);
    CHECK(pl_accounts_drop_user(&accounts, &alex));
    CHECK(!pl_accounts_drop_user(&accounts, &alex));
    CHECK(!pl_accounts_drop_user(&accounts, &nobody));
    CHECK_INT(pl_accounts_user_count(&accounts), 1);
}

static void test_a_full_house_of_users_refuses(void)
{
    accounts = (struct pl_accounts){0};
    for (int i = 0; i < PL_USERS_MAX; i++) {
        struct pl_user user = {.name = numbered("user", i), .role = PL_ROLE_OPS};
        CHECK_INT(pl_accounts_put_user(&accounts, &user), 0);
    }
    struct pl_user late = {.name = name_of("late"), .role = PL_ROLE_OPS};
    CHECK_INT(pl_accounts_put_user(&accounts, &late), PL_E_FULL);
    late.name = name_of("user7"); // one that is there can still be changed
    CHECK_INT(pl_accounts_put_user(&accounts, &late), 0);
}

static void test_a_login_link_is_good_until_its_end(void)
{
    uint8_t hash[PL_SECRET_HASH_BYTES] = {7}, none[PL_SECRET_HASH_BYTES] = {0};
    struct pl_user user = {.name = name_of("alex"), .role = PL_ROLE_OPS};
    accounts = (struct pl_accounts){0};
    CHECK_INT(pl_accounts_put_user(&accounts, &user), 0);
    CHECK(!pl_accounts_user_by_link(&accounts, none, 0)); // without a link there is no hash
    user.link_hash[0] = 7;
    user.link_expires_unix_ms = 1000;
    CHECK_INT(pl_accounts_put_user(&accounts, &user), 0);
    CHECK(pl_accounts_user_by_link(&accounts, hash, 999) != NULL);
    CHECK(!pl_accounts_user_by_link(&accounts, hash, 1000));
    CHECK(!pl_accounts_user_by_link(&accounts, none, 999));
}

static void test_sessions_end_by_idling_and_by_age(void)
{
    static const int64_t t0 = 1000000;
    accounts = (struct pl_accounts){0};
    add_user("alex", PL_ROLE_OPS);
    open_session("alex", 1, t0);
    CHECK(look(1, t0 + PL_SESSION_IDLE_MS - 1) != NULL);
    CHECK(look(1, t0 + 2 * PL_SESSION_IDLE_MS - 2) != NULL); // looking is using
    CHECK(!look(1, t0 + 3 * PL_SESSION_IDLE_MS));
    CHECK(!look(2, t0));
    open_session("alex", 2, t0);
    for (int64_t t = t0; t < t0 + PL_SESSION_MAX_MS; t += HOUR_MS) CHECK(look(2, t) != NULL);
    CHECK(!look(2, t0 + PL_SESSION_MAX_MS)); // however busy
    struct pl_session gone;
    CHECK(pl_accounts_expire(&accounts, t0 + PL_SESSION_MAX_MS, &gone));
    CHECK(pl_accounts_expire(&accounts, t0 + PL_SESSION_MAX_MS, &gone));
    CHECK(!pl_accounts_expire(&accounts, t0 + PL_SESSION_MAX_MS, &gone));
}

static void test_a_clock_set_back_gives_no_session_more_time(void)
{
    accounts = (struct pl_accounts){0};
    add_user("alex", PL_ROLE_OPS);
    open_session("alex", 1, 50 * HOUR_MS);
    CHECK(look(1, 1 * HOUR_MS) != NULL);
    CHECK_INT(look(1, 2 * HOUR_MS)->used_unix_ms, 50 * HOUR_MS);
}

static void test_a_session_dies_with_its_user(void)
{
    struct pl_name alex = name_of("alex");
    accounts = (struct pl_accounts){0};
    add_user("alex", PL_ROLE_OPS);
    open_session("alex", 1, 0);
    CHECK(look(1, 1) != NULL);
    CHECK(pl_accounts_drop_user(&accounts, &alex));
    CHECK(!look(1, 1));
}

static void test_all_sessions_of_a_user_but_one_end(void)
{
    uint8_t kept[PL_SECRET_HASH_BYTES] = {2};
    struct pl_name alex = name_of("alex");
    struct pl_session gone;
    int count = 0;
    accounts = (struct pl_accounts){0};
    add_user("alex", PL_ROLE_OPS);
    add_user("kim", PL_ROLE_OPS);
    for (uint8_t i = 1; i <= 3; i++) open_session("alex", i, 0);
    open_session("kim", 4, 0);
    while (pl_accounts_close_of(&accounts, &alex, kept, &gone)) count++;
    CHECK_INT(count, 2);
    CHECK(look(2, 1) && look(4, 1) && !look(1, 1) && !look(3, 1));
    CHECK(pl_accounts_close(&accounts, kept));
    CHECK(!pl_accounts_close(&accounts, kept));
}

static void test_the_session_used_longest_ago_makes_room(void)
{
    struct pl_session dropped, s = {.user = name_of("alex")};
    accounts = (struct pl_accounts){0};
    add_user("alex", PL_ROLE_OPS);
    for (int i = 0; i < PL_SESSIONS_MAX; i++) {
        s.hash[0] = (uint8_t)i;
        s.hash[1] = (uint8_t)(i / 256);
        s.used_unix_ms = i == 500 ? 1 : 1000 + i;
        pl_accounts_open(&accounts, &s, &dropped);
        CHECK_INT(dropped.user.len, 0);
    }
    s.hash[2] = 1;
    pl_accounts_open(&accounts, &s, &dropped);
    CHECK_INT(dropped.used_unix_ms, 1);
}

static void test_api_tokens(void)
{
    struct pl_api_token token = {.name = name_of("prom"), .role = PL_ROLE_METRICS, .hash = {9}};
    struct pl_name other = name_of("other");
    accounts = (struct pl_accounts){0};
    CHECK_INT(pl_accounts_put_token(&accounts, &token), 0);
    CHECK_INT(pl_accounts_put_token(&accounts, &token), PL_E_DUPLICATE);
    CHECK(pl_accounts_token_by_hash(&accounts, token.hash) ==
          pl_accounts_token(&accounts, &token.name));
    CHECK(!pl_accounts_drop_token(&accounts, &other));
    CHECK(pl_accounts_drop_token(&accounts, &token.name));
    CHECK(!pl_accounts_token_by_hash(&accounts, token.hash));
    for (int i = 0; i < PL_API_TOKENS_MAX; i++) {
        token.name = numbered("t", i);
        CHECK_INT(pl_accounts_put_token(&accounts, &token), 0);
    }
    CHECK_INT(pl_accounts_put_token(&accounts,
                                    &(struct pl_api_token){.name = other, .role = PL_ROLE_OPS}),
              PL_E_FULL);
}

static void test_failing_costs_more_each_time(void)
{
    static const int64_t want_s[] = {0, 0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 60, 60, 60};
    throttle = (struct pl_throttle){.wait_ms_max = 60000};
    int64_t now = 1000;
    for (size_t i = 0; i < PL_LEN(want_s); i++) {
        CHECK_INT(pl_throttle_wait_ms(&throttle, 1, now), want_s[i] * 1000);
        now += want_s[i] * 1000;
        CHECK_INT(pl_throttle_wait_ms(&throttle, 1, now), 0);
        CHECK_INT(pl_throttle_wait_ms(&throttle, 2, now), 0); // another key
        pl_throttle_attempt(&throttle, 1, now);
    }
    CHECK_INT(pl_throttle_wait_ms(&throttle, 1, now + PL_THROTTLE_FORGET_MS), 0);
    pl_throttle_attempt(&throttle, 1, now + PL_THROTTLE_FORGET_MS);
    CHECK_INT(pl_throttle_wait_ms(&throttle, 1, now + PL_THROTTLE_FORGET_MS), 0); // begins anew
}

static void test_a_good_login_is_no_failure(void)
{
    throttle = (struct pl_throttle){.wait_ms_max = 60000};
    for (int i = 0; i < 100; i++) {
        pl_throttle_attempt(&throttle, 1, i);
        pl_throttle_clear(&throttle, 1);
        CHECK_INT(pl_throttle_wait_ms(&throttle, 1, i), 0);
    }
    for (int i = 0; i < 9; i++) pl_throttle_attempt(&throttle, 1, 100);
    CHECK(pl_throttle_wait_ms(&throttle, 1, 100) > 0);
    pl_throttle_clear(&throttle, 1);
    CHECK_INT(pl_throttle_wait_ms(&throttle, 1, 100), 0);
}

static void test_a_spray_of_names_throws_out_the_oldest_only(void)
{
    throttle = (struct pl_throttle){.wait_ms_max = 60000};
    for (int i = 0; i < 9; i++) pl_throttle_attempt(&throttle, 1, 1000 + i);
    for (uint64_t key = 100; key < 100 + PL_THROTTLE_ENTRIES_MAX - 1; key++)
        pl_throttle_attempt(&throttle, key, 2000);
    CHECK(pl_throttle_wait_ms(&throttle, 1, 2000) > 0);
    pl_throttle_attempt(&throttle, 99, 3000);
    CHECK_INT(pl_throttle_wait_ms(&throttle, 1, 3000), 0);
}

static void test_passwords(void)
{
    static const struct {
        const char *password;
        bool is_good;
    } cases[] = {
        {"", false},
        {"short", false},
        {"ninechars", false},
        {"tencharsxx", true},
        {"\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xb6", false}, // ten bytes, five characters
        {"correct horse battery staple", true},
        {"aaaaaaaaaaaaaaa", false},
        {"Password123", false},
        {"1234567890", false},
        {"ALEXANDERTHEGREAT", false}, // the user's name
        {"          x", true},        // no rule about characters
    };
    struct pl_name user = name_of("alexanderthegreat");
    for (size_t i = 0; i < PL_LEN(cases); i++)
        CHECK_INT(pl_password_fault(pl_span_of(cases[i].password), &user) == NULL,
                  cases[i].is_good);
    char longest[PL_PASSWORD_BYTES_MAX + 1];
    for (size_t i = 0; i < sizeof longest; i++) longest[i] = (char)('a' + i % 26);
    CHECK(!pl_password_fault((struct pl_span){(uint8_t *)longest, PL_PASSWORD_BYTES_MAX}, &user));
    CHECK(pl_password_fault((struct pl_span){(uint8_t *)longest, sizeof longest}, &user) != NULL);
}

static void test_the_audit_log_keeps_the_newest(void)
{
    struct pl_audit_entry entry = {.action = PL_AUDIT_LOGIN};
    audit = (struct pl_audit){0};
    CHECK(!pl_audit_get(&audit, 0));
    for (uint64_t i = 1; i <= PL_AUDIT_MAX + 10; i++)
        CHECK_INT(pl_audit_add(&audit, &entry)->number, i);
    CHECK(!pl_audit_get(&audit, 10));
    CHECK(pl_audit_get(&audit, 11) && pl_audit_get(&audit, PL_AUDIT_MAX + 10));
    CHECK(!pl_audit_get(&audit, PL_AUDIT_MAX + 11));
    audit = (struct pl_audit){0};
    entry.number = 5000;
    pl_audit_restore(&audit, &entry);
    entry.number = 5000 - PL_AUDIT_MAX; // of the same place, left by a crash: older
    pl_audit_restore(&audit, &entry);
    CHECK(pl_audit_get(&audit, 5000) != NULL);
    CHECK_INT(pl_audit_add(&audit, &entry)->number, 5001);
}

/* One row per kind of request: what it shows, what it wants, what becomes of it. */
static void test_the_gate(void)
{
    static const struct {
        enum pl_role needs;
        struct pl_shown shown;
        enum pl_gate want;
    } cases[] = {
        {PL_ROLE_NOBODY, {.is_change = false}, PL_GATE_OPEN},
        {PL_ROLE_NOBODY, {.is_change = true}, PL_GATE_OPEN},
        {PL_ROLE_NOBODY, {.is_change = true, .is_cross_site = true}, PL_GATE_CROSS_SITE},
        {PL_ROLE_READ_ONLY, {.is_change = false}, PL_GATE_LOGIN},
        {PL_ROLE_READ_ONLY, {.is_known_later = true}, PL_GATE_LATER},
        {PL_ROLE_READ_ONLY, {.is_expired = true}, PL_GATE_EXPIRED},
        {PL_ROLE_METRICS,
         {.principal = {.credential = PL_CREDENTIAL_TOKEN, .role = PL_ROLE_METRICS}},
         PL_GATE_OPEN},
        {PL_ROLE_READ_ONLY,
         {.principal = {.credential = PL_CREDENTIAL_TOKEN, .role = PL_ROLE_METRICS}},
         PL_GATE_ROLE},
        {PL_ROLE_METRICS,
         {.principal = {.credential = PL_CREDENTIAL_SESSION, .role = PL_ROLE_READ_ONLY}},
         PL_GATE_OPEN},
        {PL_ROLE_ADMIN,
         {.principal = {.credential = PL_CREDENTIAL_SESSION, .role = PL_ROLE_OPS}},
         PL_GATE_ROLE},
        {PL_ROLE_OPS,
         {.principal = {.credential = PL_CREDENTIAL_SESSION, .role = PL_ROLE_OPS},
          .is_change = true},
         PL_GATE_CSRF},
        {PL_ROLE_OPS,
         {.principal = {.credential = PL_CREDENTIAL_SESSION, .role = PL_ROLE_OPS},
          .is_change = true,
          .has_csrf = true},
         PL_GATE_OPEN},
        {PL_ROLE_OPS,
         {.principal = {.credential = PL_CREDENTIAL_SESSION, .role = PL_ROLE_OPS},
          .is_change = true,
          .has_csrf = true,
          .is_cross_site = true},
         PL_GATE_CROSS_SITE},
        {PL_ROLE_OPS,
         {.principal = {.credential = PL_CREDENTIAL_SESSION, .role = PL_ROLE_OPS},
          .is_cross_site = true},
         PL_GATE_OPEN}, // looking changes nothing
        {PL_ROLE_OPS,
         {.principal = {.credential = PL_CREDENTIAL_TOKEN, .role = PL_ROLE_OPS}, .is_change = true},
         PL_GATE_OPEN}, // no browser sends it by itself
    };
    for (size_t i = 0; i < PL_LEN(cases); i++) {
        CHECK_INT(pl_gate_judge((struct pl_gate_need){.role = cases[i].needs}, &cases[i].shown),
                  cases[i].want);
        if (cases[i].want != PL_GATE_OPEN) CHECK(pl_gate_info(cases[i].want)->status >= 400);
    }
}

/* Deny by default: for a customer what is not marked for customers is closed, whatever it needs. */
static void test_the_gate_for_customers(void)
{
    struct pl_shown shown = {
        .principal = {.credential = PL_CREDENTIAL_TOKEN, .role = PL_ROLE_CUSTOMER}};
    for (enum pl_role role = PL_ROLE_CUSTOMER; role < PL_ROLE_COUNT; role++) {
        CHECK_INT(pl_gate_judge((struct pl_gate_need){.role = role}, &shown), PL_GATE_CUSTOMER);
        CHECK_INT(pl_gate_judge((struct pl_gate_need){role, true}, &shown), PL_GATE_OPEN);
    }
    shown.principal.credential = PL_CREDENTIAL_SESSION;
    shown.is_change = true;
    CHECK_INT(pl_gate_judge((struct pl_gate_need){PL_ROLE_OPS, true}, &shown), PL_GATE_CSRF);
    shown.has_csrf = true;
    CHECK_INT(pl_gate_judge((struct pl_gate_need){PL_ROLE_OPS, true}, &shown), PL_GATE_OPEN);
    /* What customers have is no way in for a program that reads /metrics. */
    shown.principal.role = PL_ROLE_METRICS;
    CHECK_INT(pl_gate_judge((struct pl_gate_need){PL_ROLE_OPS, true}, &shown), PL_GATE_ROLE);
}

static struct pl_customer customer_of(const char *id, const char *first, const char *second)
{
    struct pl_customer customer = {.id = name_of(id), .pool_count = 1};
    customer.pools[0] = name_of(first);
    if (second) customer.pools[customer.pool_count++] = name_of(second);
    return customer;
}

static void test_customers_see_what_is_their_own(void)
{
    const struct pl_customer items[] = {customer_of("acme", "web", "shop"),
                                        customer_of("globex", "api", "shop")};
    const struct pl_customers customers = {items, PL_LEN(items)};
    struct pl_launch l = {.customer = name_of("acme"), .pool_count = 2};
    l.pools[0] = name_of("web");
    l.pools[1] = name_of("shop");
    struct pl_principal who = {.role = PL_ROLE_CUSTOMER, .customer = name_of("acme")};
    CHECK(pl_customer_may_see(&customers, &who, &l));
    who.customer = name_of("globex"); // a pool is shared, the launch is not
    CHECK(!pl_customer_may_see(&customers, &who, &l));
    who.customer = name_of("initech"); // not in the configuration any more
    CHECK(!pl_customer_may_see(&customers, &who, &l));
    who.customer = name_of("acme");
    l.pools[1] = name_of("api"); // misnamed by somebody
    CHECK(!pl_customer_may_see(&customers, &who, &l));
    l.pool_count = 1;
    l.customer = (struct pl_name){0}; // nobody's in particular
    CHECK(!pl_customer_may_see(&customers, &who, &l));
    for (enum pl_role role = PL_ROLE_NOBODY; role < PL_ROLE_COUNT; role++) {
        who = (struct pl_principal){.role = role};
        CHECK_INT(pl_customer_may_see(&customers, &who, &l), role > PL_ROLE_CUSTOMER);
    }
    CHECK(!pl_customer_find(&customers, &l.customer));
    CHECK(pl_span_is(pl_customer_title(&items[0]), "acme"));
}

static void test_what_a_customers_token_may_ask(void)
{
    struct pl_allowance a = {0};
    const struct pl_allowance_plan plan = {.every_ms = 100, .burst = 3};
    for (int i = 0; i < 3; i++) CHECK_INT(pl_allowance_take(&a, &plan, 1000), 0);
    CHECK_INT(pl_allowance_take(&a, &plan, 1000), 100);
    CHECK_INT(pl_allowance_take(&a, &plan, 1099), 1); // asking costs nothing
    CHECK_INT(pl_allowance_take(&a, &plan, 1100), 0);
    CHECK_INT(pl_allowance_take(&a, &plan, 1100), 100);
    for (int i = 0; i < 3; i++) CHECK_INT(pl_allowance_take(&a, &plan, 9000), 0);
    CHECK_INT(pl_allowance_take(&a, &plan, 9000), 100);
    /* Whatever came before: over any time no more than the burst and one each so often. */
    uint32_t taken = 0;
    for (int64_t at = 10000; at < 20000; at += 7) taken += pl_allowance_take(&a, &plan, at) == 0;
    CHECK(taken >= 100 && taken <= 103);

    struct pl_api_token token = {
        .name = name_of("acme-1"), .role = PL_ROLE_CUSTOMER, .customer = name_of("acme")};
    accounts = (struct pl_accounts){0};
    CHECK_INT(pl_accounts_put_token(&accounts, &token), 0);
    for (int i = 0; i < PL_TOKEN_CHANGE_BURST; i++)
        CHECK_INT(pl_accounts_take(&accounts, &token.name, true, 5000), 0);
    CHECK_INT(pl_accounts_take(&accounts, &token.name, true, 5000), PL_TOKEN_CHANGE_EVERY_MS);
    CHECK_INT(pl_accounts_take(&accounts, &token.name, false, 5000), 0); // looking goes on
}

static void test_sessions_of_a_token(void)
{
    struct pl_api_token token = {.name = name_of("acme-1"),
                                 .role = PL_ROLE_CUSTOMER,
                                 .customer = name_of("acme"),
                                 .expires_unix_ms = HOUR_MS};
    struct pl_session gone, dropped,
        s = {.user = token.name, .is_token = true, .opened_unix_ms = 1, .used_unix_ms = 1};
    struct pl_session_owner owner = {0};
    accounts = (struct pl_accounts){0};
    CHECK_INT(pl_accounts_put_token(&accounts, &token), 0);
    add_user("acme-1", PL_ROLE_ADMIN); // of the same name, and somebody else
    open_session("acme-1", 200, 1);
    for (uint8_t i = 0; i < PL_TOKEN_SESSIONS_MAX; i++) {
        CHECK(!pl_accounts_crowded(&accounts, &token.name, &gone));
        s.hash[0] = (uint8_t)(i + 1);
        s.used_unix_ms = 100 - i;
        pl_accounts_open(&accounts, &s, &dropped);
    }
    CHECK(pl_accounts_crowded(&accounts, &token.name, &gone));
    CHECK_INT(gone.hash[0], PL_TOKEN_SESSIONS_MAX); // used longest ago
    CHECK(pl_accounts_session(&accounts, (uint8_t[PL_SECRET_HASH_BYTES]){1}, 200, &owner));
    CHECK(owner.token && !owner.user);
    /* Not once the token has expired. */
    CHECK(!pl_accounts_session(&accounts, (uint8_t[PL_SECRET_HASH_BYTES]){1}, HOUR_MS, &owner));
    struct pl_name name = token.name;
    CHECK(pl_accounts_close_of(&accounts, &name, NULL, &gone)); // the user's own
    CHECK_INT(gone.hash[0], 200);
    CHECK(!pl_accounts_close_of(&accounts, &name, NULL, &gone));
    uint32_t count = 0;
    while (pl_accounts_close_of_token(&accounts, &name, &gone)) count++;
    CHECK_INT(count, PL_TOKEN_SESSIONS_MAX - 1);
}

static void test_roles_by_name(void)
{
    enum pl_role role = PL_ROLE_NOBODY;
    for (enum pl_role i = PL_ROLE_METRICS; i < PL_ROLE_COUNT; i++) {
        bool posts = i == PL_ROLE_ALERTS_WRITE || i >= PL_ROLE_OPS;
        CHECK_INT(pl_role_may(i, PL_ROLE_ALERTS_WRITE), posts);
        CHECK_INT(pl_role_may(i, PL_ROLE_METRICS), i != PL_ROLE_ALERTS_WRITE);
        CHECK(pl_role_may(i, PL_ROLE_NOBODY));
        CHECK(pl_role_parse(pl_span_of(pl_role_name(i)), &role));
        CHECK_INT(role, i);
    }
    CHECK(!pl_role_parse(pl_span_of("nobody"), &role));
    CHECK(!pl_role_parse(pl_span_of("customer"), &role)); // that needs to be said whose
    CHECK(!pl_role_parse(pl_span_of("root"), &role));
}

int main(void)
{
    RUN(test_users_are_found_changed_and_dropped);
    RUN(test_a_full_house_of_users_refuses);
    RUN(test_a_login_link_is_good_until_its_end);
    RUN(test_sessions_end_by_idling_and_by_age);
    RUN(test_a_clock_set_back_gives_no_session_more_time);
    RUN(test_a_session_dies_with_its_user);
    RUN(test_all_sessions_of_a_user_but_one_end);
    RUN(test_the_session_used_longest_ago_makes_room);
    RUN(test_api_tokens);
    RUN(test_failing_costs_more_each_time);
    RUN(test_a_good_login_is_no_failure);
    RUN(test_a_spray_of_names_throws_out_the_oldest_only);
    RUN(test_passwords);
    RUN(test_the_audit_log_keeps_the_newest);
    RUN(test_the_gate);
    RUN(test_the_gate_for_customers);
    RUN(test_customers_see_what_is_their_own);
    RUN(test_what_a_customers_token_may_ask);
    RUN(test_sessions_of_a_token);
    RUN(test_roles_by_name);
    return check_finish();
}
