/* Join tokens: there and back, and everything that can happen to them on the way. */
#include "tests/check.h"

#include "common/base/err.h"
#include "common/wire/token.h"

static struct pl_name name_of(const char *text)
{
    struct pl_name name = {0};
    CHECK_INT(pl_name_parse(pl_span_of(text), &name), 0);
    return name;
}

static struct pl_token example(void)
{
    struct pl_token token = {.expires_unix_ms = 1777777777000, .pool_count = 2, .address_count = 2};
    for (uint8_t i = 0; i < PL_TOKEN_SECRET_BYTES; i++) token.secret[i] = (uint8_t)(i * 17);
    memcpy(token.id, "identity", PL_TOKEN_ID_BYTES);
    memset(token.fingerprint.bytes, 0xa5, PL_FINGERPRINT_BYTES);
    token.pools[0] = name_of("web");
    token.pools[1] = name_of("api");
    CHECK_INT(pl_address_parse(pl_span_of("192.0.2.1:7410"), &token.addresses[0]), 0);
    CHECK_INT(pl_address_parse(pl_span_of("[2001:db8::1]:7410"), &token.addresses[1]), 0);
    return token;
}

static void test_a_token_survives_its_journey(void)
{
    struct pl_token token = example(), got = {0};
    char text[PL_TOKEN_TEXT_BYTES + 4];
    pl_token_write(&token, text + 2);
    memcpy(text, " \t", 2);
    memcpy(text + strlen(text), "\r\n", 3);
    CHECK_INT(pl_token_parse(pl_span_of(text), &got), 0);
    CHECK(memcmp(&got.id, &token.id, sizeof got.id) == 0);
    CHECK(memcmp(&got.secret, &token.secret, sizeof got.secret) == 0);
    CHECK(memcmp(&got.fingerprint, &token.fingerprint, sizeof got.fingerprint) == 0);
    CHECK_INT(got.expires_unix_ms, token.expires_unix_ms);
    REQUIRE(got.pool_count == 2 && got.address_count == 2);
    CHECK_TEXT(got.pools[1].text, "api");
    CHECK_TEXT(got.addresses[1].host, "2001:db8::1");
}

static void test_the_largest_token_fits(void)
{
    struct pl_token token = example(), got = {0};
    char text[PL_TOKEN_TEXT_BYTES];
    token.pool_count = PL_TOKEN_POOLS_MAX;
    token.address_count = PL_TOKEN_ADDRESSES_MAX;
    for (int i = 0; i < PL_TOKEN_POOLS_MAX; i++) {
        memset(token.pools[i].text, 'a' + i, PL_NAME_LEN_MAX);
        token.pools[i].len = PL_NAME_LEN_MAX;
    }
    for (int i = 0; i < PL_TOKEN_ADDRESSES_MAX; i++) {
        memset(token.addresses[i].host, 'h', 249); // a str8 holds 255 bytes
        token.addresses[i].port = 65535;
    }
    pl_token_write(&token, text);
    CHECK_INT(pl_token_parse(pl_span_of(text), &got), 0);
    CHECK_INT(got.address_count, PL_TOKEN_ADDRESSES_MAX);
}

static void test_every_cut_and_every_slip_is_seen(void)
{
    struct pl_token token = example(), got;
    char text[PL_TOKEN_TEXT_BYTES];
    pl_token_write(&token, text);
    size_t len = strlen(text);
    for (size_t cut = 4; cut < len; cut++)
        CHECK_INT(pl_token_parse((struct pl_span){(uint8_t *)text, cut}, &got), PL_E_TRUNCATED);
    for (size_t at = 4; at < len; at++) {
        char right = text[at];
        text[at] = right == 'A' ? 'B' : 'A';
        CHECK(pl_token_parse(pl_span_of(text), &got) < 0);
        text[at] = right;
    }
    CHECK_INT(pl_token_parse(pl_span_of(text), &got), 0);
}

static void test_other_texts_are_told_apart(void)
{
    struct pl_token got;
    CHECK_INT(pl_token_parse(pl_span_of(""), &got), PL_E_MAGIC);
    CHECK_INT(pl_token_parse(pl_span_of("hunter2"), &got), PL_E_MAGIC);
    CHECK_INT(pl_token_parse(pl_span_of("pl2.AAAA"), &got), PL_E_VERSION);
    CHECK_INT(pl_token_parse(pl_span_of("pl1."), &got), PL_E_TRUNCATED);
    CHECK_INT(pl_token_parse(pl_span_of("pl1.AA AA"), &got), PL_E_TRUNCATED);
}

int main(void)
{
    RUN(test_a_token_survives_its_journey);
    RUN(test_the_largest_token_fits);
    RUN(test_every_cut_and_every_slip_is_seen);
    RUN(test_other_texts_are_told_apart);
    return check_finish();
}
