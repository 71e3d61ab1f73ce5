/* Who may speak for which host: the roster against a naive list, and every refusal. */
#include "tests/check.h"

#include "collector/core/trust/admit.h"
#include "common/base/assert.h"
#include "common/base/err.h"
#include "common/base/rng.h"
#include "common/base/text.h"

#include <stdlib.h>

enum { HOSTS = 8, NOW = 1000000 };

static struct pl_name name_of(const char *text)
{
    struct pl_name name = {0};
    CHECK_INT(pl_name_parse(pl_span_of(text), &name), 0);
    return name;
}

static struct pl_public_key key_of(char c)
{
    struct pl_public_key key;
    memset(key.bytes, c, sizeof key.bytes);
    return key;
}

static struct pl_roster *new_roster(void)
{
    void *memory = calloc(1, pl_roster_bytes(HOSTS));
    PL_ASSERT(memory);
    return pl_roster_init(memory, HOSTS);
}

static void enrol(struct pl_roster *r, const char *host, const char *pool, char key,
                  int64_t revoked)
{
    struct pl_enrolled enrolled = {.host = name_of(host),
                                   .pool = name_of(pool),
                                   .key = key_of(key),
                                   .enrolled_unix_ms = 1,
                                   .revoked_unix_ms = revoked};
    CHECK_INT(pl_roster_put(r, &enrolled), 0);
}

static struct pl_join_token token_of(uint8_t id, int64_t expires_unix_ms)
{
    struct pl_join_token token = {.id = {id},
                                  .secret_hash = {id, 1},
                                  .expires_unix_ms = expires_unix_ms,
                                  .pool_count = 2,
                                  .pools = {name_of("web"), name_of("api")}};
    return token;
}

static void keep(struct pl_roster *r, struct pl_join_token token)
{
    struct pl_join_token dropped;
    CHECK_INT(pl_roster_put_token(r, &token, NOW, &dropped), 0);
}

/* One roster for the tables below: fe1 has key a, fe2 key b, old had key c. */
static struct pl_roster *example(void)
{
    struct pl_roster *r = new_roster();
    r->is_complete = true;
    enrol(r, "fe1", "web", 'a', 0);
    enrol(r, "fe2", "web", 'b', 0);
    enrol(r, "old", "web", 'c', 7);
    keep(r, token_of(1, NOW + 1));
    keep(r, token_of(2, NOW));
    return r;
}

static void test_hello(void)
{
    static const struct {
        char key; // proved; 0: none, -1: plain
        const char *certificate, *host, *pool;
        enum pl_admission want;
    } cases[] = {
        {'a', NULL, "fe1", "web", PL_ADMITTED},
        {'a', NULL, "fe1", "api", PL_ADMISSION_WRONG_POOL},
        {'a', NULL, "fe2", "web", PL_ADMISSION_WRONG_KEY},
        {'x', NULL, "fe1", "web", PL_ADMISSION_WRONG_KEY},
        {'a', NULL, "fe9", "web", PL_ADMISSION_NOT_ENROLLED},
        {0, NULL, "fe1", "web", PL_ADMISSION_NO_KEY},
        {0, NULL, "fe9", "web", PL_ADMISSION_NO_KEY},
        {'c', NULL, "old", "web", PL_ADMISSION_REVOKED},
        {'x', NULL, "old", "web", PL_ADMISSION_WRONG_KEY},
        {0, "fe7", "fe7", "any", PL_ADMITTED},
        {0, "fe1", "fe1", "any", PL_ADMITTED},
        {'a', "fe7", "fe1", "web", PL_ADMISSION_CERTIFICATE_NAME},
        {-1, NULL, "fe9", "web", PL_ADMITTED},
        {-1, NULL, "fe1", "web", PL_ADMISSION_PLAIN_ENROLLED},
        {-1, NULL, "old", "web", PL_ADMISSION_PLAIN_ENROLLED},
    };
    struct pl_roster *r = example();
    for (size_t i = 0; i < PL_LEN(cases); i++) {
        struct pl_name host = name_of(cases[i].host), pool = name_of(cases[i].pool);
        struct pl_peer peer = {.is_encrypted = cases[i].key != -1, .is_proven = cases[i].key > 0};
        peer.key = key_of(cases[i].key);
        if (cases[i].certificate) peer.names[peer.name_count++] = name_of(cases[i].certificate);
        CHECK_INT(pl_admit_hello(r, &peer, &host, &pool), cases[i].want);
    }
    free(r);
}

static void test_join(void)
{
    static const struct {
        char key;
        uint8_t token, secret;
        const char *host, *pool;
        enum pl_admission want;
    } cases[] = {
        {'n', 1, 1, "fe9", "web", PL_ADMITTED},
        {'n', 1, 1, "fe9", "api", PL_ADMITTED},
        {'n', 1, 1, "fe9", "db", PL_ADMISSION_TOKEN_POOL},
        {'n', 1, 2, "fe9", "web", PL_ADMISSION_TOKEN_UNKNOWN},
        {'n', 3, 3, "fe9", "web", PL_ADMISSION_TOKEN_UNKNOWN},
        {'n', 2, 2, "fe9", "web", PL_ADMISSION_TOKEN_EXPIRED},
        {'n', 1, 1, "fe1", "web", PL_ADMISSION_NAME_ENROLLED},
        {'a', 1, 1, "fe1", "api", PL_ADMITTED}, // again, into another pool
        {'n', 1, 1, "old", "web", PL_ADMITTED},
        {'c', 1, 1, "old", "web", PL_ADMISSION_REVOKED},
        {0, 1, 1, "fe9", "web", PL_ADMISSION_NO_KEY},
    };
    struct pl_roster *r = example();
    for (size_t i = 0; i < PL_LEN(cases); i++) {
        struct pl_peer peer = {.is_encrypted = true, .is_proven = cases[i].key != 0};
        struct pl_join join = {.token_id = {cases[i].token},
                               .host = name_of(cases[i].host),
                               .pool = name_of(cases[i].pool)};
        uint8_t hash[PL_TOKEN_HASH_BYTES] = {cases[i].secret, 1};
        peer.key = key_of(cases[i].key);
        CHECK_INT(pl_admit_join(r, &peer, &join, hash, NOW), cases[i].want);
    }
    struct pl_peer peer = {.is_encrypted = true, .is_proven = true, .key = key_of('n')};
    struct pl_join join = {.token_id = {1}, .host = name_of("fe9"), .pool = name_of("web")};
    uint8_t hash[PL_TOKEN_HASH_BYTES] = {1, 1};
    for (char host[] = "h0"; r->host_count < HOSTS; host[1]++) enrol(r, host, "web", 'z', 0);
    CHECK_INT(pl_admit_join(r, &peer, &join, hash, NOW), PL_ADMISSION_ROSTER_FULL);
    r->is_complete = false;
    CHECK_INT(pl_admit_join(r, &peer, &join, hash, NOW), PL_ADMISSION_NOT_LOADED);
    CHECK_INT(pl_admit_hello(r, &peer, &join.host, &join.pool), PL_ADMISSION_NOT_LOADED);
    free(r);
}

static void test_rotate(void)
{
    struct pl_roster *r = example();
    struct pl_rotate rotate = {.host = name_of("fe1")};
    struct pl_peer peer = {.is_encrypted = true, .is_proven = true, .key = key_of('a')};
    CHECK_INT(pl_admit_rotate(r, &peer, &rotate), PL_ADMITTED);
    CHECK(!pl_admit_is_next(r, &peer, &rotate.host));
    /* Asked for and not used yet: both keys are good, and a third is not. */
    struct pl_enrolled enrolled = *pl_roster_find(r, &rotate.host);
    struct pl_name pool = enrolled.pool;
    enrolled.has_next = true;
    enrolled.next = key_of('z');
    CHECK_INT(pl_roster_put(r, &enrolled), 0);
    CHECK_INT(pl_admit_hello(r, &peer, &rotate.host, &pool), PL_ADMITTED);
    CHECK(!pl_admit_is_next(r, &peer, &rotate.host));
    peer.key = key_of('z');
    CHECK_INT(pl_admit_hello(r, &peer, &rotate.host, &pool), PL_ADMITTED);
    CHECK_INT(pl_admit_rotate(r, &peer, &rotate), PL_ADMITTED);
    CHECK(pl_admit_is_next(r, &peer, &rotate.host));
    peer.is_proven = false;
    CHECK(!pl_admit_is_next(r, &peer, &rotate.host));
    peer.is_proven = true;
    peer.key = key_of('b');
    CHECK_INT(pl_admit_rotate(r, &peer, &rotate), PL_ADMISSION_WRONG_KEY);
    rotate.host = name_of("old");
    peer.key = key_of('c');
    CHECK_INT(pl_admit_rotate(r, &peer, &rotate), PL_ADMISSION_REVOKED);
    peer.is_proven = false;
    CHECK_INT(pl_admit_rotate(r, &peer, &rotate), PL_ADMISSION_NO_KEY);
    free(r);
}

static void test_refusals_say_what_to_do(void)
{
    for (enum pl_admission a = PL_ADMITTED + 1; a < PL_ADMISSION_COUNT; a++) {
        const struct pl_admission_info *info = pl_admission_info(a);
        CHECK(info->code >= PL_REFUSE_VERSION && info->code <= PL_REFUSE_LATER);
        CHECK(strlen(info->text) > 40 && strlen(info->name) > 3);
    }
}

static void test_the_roster_against_a_list(void)
{
    enum { NAMES = 12, STEPS = 20000 };
    struct pl_roster *r = new_roster();
    struct pl_rng rng = pl_rng_init(42);
    char key[NAMES] = {0}; // 0: not enrolled
    uint32_t count = 0;
    for (int step = 0; step < STEPS; step++) {
        uint32_t i = pl_rng_below(&rng, NAMES);
        char text[] = {'h', (char)('a' + i), '\0'};
        struct pl_enrolled enrolled = {.host = name_of(text), .key = key_of((char)(1 + step % 99))};
        if (pl_rng_below(&rng, 2) == 0) {
            bool fits = key[i] != 0 || count < HOSTS;
            CHECK_INT(pl_roster_put(r, &enrolled), fits ? 0 : PL_E_FULL);
            if (fits && key[i] == 0) count++;
            if (fits) key[i] = (char)enrolled.key.bytes[0];
        } else {
            CHECK_INT(pl_roster_forget(r, &enrolled.host), key[i] != 0);
            if (key[i] != 0) count--;
            key[i] = 0;
        }
        const struct pl_enrolled *found = pl_roster_find(r, &enrolled.host);
        CHECK_INT(found ? found->key.bytes[0] : 0, key[i]);
        uint32_t cursor = 0, seen = 0;
        while (pl_roster_next(r, &cursor)) seen++;
        CHECK_INT(seen, count);
    }
    free(r);
}

static void test_tokens_make_room_when_they_have_expired(void)
{
    struct pl_roster *r = new_roster();
    struct pl_join_token dropped, late = token_of(0, NOW + 5);
    for (uint32_t i = 0; i < PL_ROSTER_TOKENS_MAX; i++) {
        struct pl_join_token token = token_of((uint8_t)i, NOW + 1 + (i == 9 ? 0 : 1));
        token.id[1] = 1;
        CHECK_INT(pl_roster_put_token(r, &token, NOW, &dropped), 0);
        CHECK_INT(dropped.pool_count, 0);
    }
    CHECK_INT(pl_roster_put_token(r, &late, NOW, &dropped), PL_E_FULL);
    CHECK_INT(pl_roster_put_token(r, &late, NOW + 1, &dropped), 0);
    CHECK_INT(dropped.id[0], 9);
    CHECK(pl_roster_token(r, late.id) && !pl_roster_token(r, dropped.id));
    CHECK(!pl_roster_expire(r, NOW + 1 + PL_ROSTER_TOKEN_KEEP_MS, &dropped));
    CHECK(pl_roster_expire(r, NOW + 2 + PL_ROSTER_TOKEN_KEEP_MS, &dropped));
    free(r);
}

int main(void)
{
    RUN(test_hello);
    RUN(test_join);
    RUN(test_rotate);
    RUN(test_refusals_say_what_to_do);
    RUN(test_the_roster_against_a_list);
    RUN(test_tokens_make_room_when_they_have_expired);
    return check_finish();
}
