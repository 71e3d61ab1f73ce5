/* Enrolled hosts, join tokens and the admin command's lines: there and back, and what is refused.
 */
#include "tests/check.h"

#include "collector/codec/admin.h"
#include "collector/codec/trust_records.h"
#include "common/base/err.h"

static struct pl_name name_of(const char *text)
{
    struct pl_name name = {0};
    CHECK_INT(pl_name_parse(pl_span_of(text), &name), 0);
    return name;
}

static void test_records_come_back(void)
{
    struct pl_enrolled enrolled = {.host = name_of("fe1"),
                                   .pool = name_of("web"),
                                   .key = {{0xab, 1}},
                                   .enrolled_unix_ms = 1,
                                   .rotated_unix_ms = 2,
                                   .revoked_unix_ms = 3};
    struct pl_join_token token = {.id = {0xcd},
                                  .secret_hash = {0xef},
                                  .created_unix_ms = 4,
                                  .expires_unix_ms = 5,
                                  .pool_count = 2,
                                  .pools = {name_of("web"), name_of("api")}};
    struct pl_enrolled got_enrolled = {0};
    struct pl_join_token got_token = {0};
    char buf[PL_TRUST_RECORD_BYTES], field[PL_TOKEN_FIELD_BYTES];
    struct pl_text t = pl_text_init(buf, sizeof buf);
    pl_record_enrolled_write(&t, &enrolled);
    CHECK(!t.overflow);
    CHECK_INT(pl_record_enrolled_read(pl_text_bytes(&t), &got_enrolled), 0);
    CHECK_TEXT(got_enrolled.host.text, "fe1");
    CHECK_TEXT(got_enrolled.pool.text, "web");
    CHECK(pl_public_key_eq(&got_enrolled.key, &enrolled.key));
    CHECK_INT(got_enrolled.enrolled_unix_ms, 1);
    CHECK_INT(got_enrolled.rotated_unix_ms, 2);
    CHECK_INT(got_enrolled.revoked_unix_ms, 3);
    CHECK(!got_enrolled.has_next); // as in a record that knows of none
    enrolled.has_next = true;
    enrolled.next.bytes[31] = 7;
    t = pl_text_init(buf, sizeof buf);
    pl_record_enrolled_write(&t, &enrolled);
    CHECK_INT(pl_record_enrolled_read(pl_text_bytes(&t), &got_enrolled), 0);
    CHECK(got_enrolled.has_next && pl_public_key_eq(&got_enrolled.next, &enrolled.next));
    for (size_t cut = 0; cut < t.len; cut++)
        CHECK(pl_record_enrolled_read((struct pl_span){(uint8_t *)buf, cut}, &got_enrolled) < 0);
    t = pl_text_init(buf, sizeof buf);
    pl_record_token_write(&t, &token);
    CHECK(!t.overflow);
    CHECK_INT(pl_record_token_read(pl_text_bytes(&t), &got_token), 0);
    CHECK(memcmp(got_token.id, token.id, sizeof token.id) == 0);
    CHECK(memcmp(got_token.secret_hash, token.secret_hash, sizeof token.secret_hash) == 0);
    CHECK_INT(got_token.created_unix_ms, 4);
    CHECK_INT(got_token.expires_unix_ms, 5);
    CHECK_INT(got_token.pool_count, 2);
    CHECK_TEXT(got_token.pools[1].text, "api");
    for (size_t cut = 0; cut < t.len; cut++)
        CHECK(pl_record_token_read((struct pl_span){(uint8_t *)buf, cut}, &got_token) < 0);
    pl_token_field_write(token.id, field);
    CHECK_TEXT(field, "cd00000000000000");
}

static void test_the_largest_token_fits_its_record(void)
{
    struct pl_join_token token = {.expires_unix_ms = INT64_C(253402300799999), .pool_count = 8};
    char buf[PL_TRUST_RECORD_BYTES];
    struct pl_text t = pl_text_init(buf, sizeof buf);
    for (int i = 0; i < PL_TOKEN_POOLS_MAX; i++) {
        token.pools[i].len = PL_NAME_LEN_MAX;
        memset(token.pools[i].text, 'a', PL_NAME_LEN_MAX);
    }
    pl_record_token_write(&t, &token);
    CHECK(!t.overflow);
}

static void test_lines_of_the_command(void)
{
    static const struct {
        const char *line, *problem; // NULL: good
    } cases[] = {
        {"token new ttl_ms=3600000 pool=web", NULL},
        {"token new pool=web pool=api ttl_ms=60000 address=192.0.2.1:7410", NULL},
        {"token new ttl_ms=59999 pool=web", "a token lives for 1m to 30d"},
        {"token new ttl_ms=9999999999999 pool=web", "a token lives for 1m to 30d"},
        {"token new ttl_ms=3600000", "a token needs a pool it is good for"},
        {"token new pool=web", "a token needs a time to live"},
        {"token new pool=we/b", "a pool's name has 1 to 63 letters, digits, dots, underscores and "
                                "hyphens"},
        {"token new pool=a pool=b pool=c pool=d pool=e pool=f pool=g pool=h pool=i",
         "a token is good for at most 8 pools"},
        {"token new address=192.0.2.1:0", "an address is HOST:PORT with a port of 1 to 65535"},
        {"token new colour=red", "token new takes ttl_ms, pool and address"},
        {"token old", "token takes new"},
        {"host list", NULL},
        {"host list after=7", NULL},
        {"host list after=-1", "host list takes after=CURSOR"},
        {"host revoke fe1", NULL},
        {"host forget fe1", NULL},
        {"host rotate fe1", NULL},
        {"host rotate", "that is no host's name"},
        {"host revoke", "that is no host's name"},
        {"host revoke fe1 fe2", "there is a word too many"},
        {"host paint fe1", "host takes list, revoke, rotate and forget"},
        {"", "there are the nouns token, host and notifier"},
    };
    for (size_t i = 0; i < PL_LEN(cases); i++) {
        struct pl_admin_request request;
        const char *problem = pl_admin_parse(pl_span_of(cases[i].line), &request);
        CHECK_TEXT(problem ? problem : "good", cases[i].problem ? cases[i].problem : "good");
    }
    struct pl_admin_request request;
    REQUIRE(pl_admin_parse(pl_span_of(cases[1].line), &request) == NULL);
    CHECK_INT(request.pool_count, 2);
    CHECK_INT(request.ttl_ms, 60000);
    CHECK_INT(request.addresses[0].port, 7410);
}

int main(void)
{
    RUN(test_records_come_back);
    RUN(test_the_largest_token_fits_its_record);
    RUN(test_lines_of_the_command);
    return check_finish();
}
