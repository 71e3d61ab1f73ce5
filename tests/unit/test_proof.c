/* What proves where a request comes from: HMACs and links, against vectors from elsewhere. */
#include "tests/check.h"

#include "collector/io/ack_link.h"
#include "collector/io/hmac.h"
#include "common/base/err.h"
#include "common/base/hex.h"

static const char *mac_of(enum pl_hmac_digest digest, const char *key, const char *data)
{
    static char hex[2 * PL_HMAC_BYTES_MAX + 1];
    uint8_t mac[PL_HMAC_BYTES_MAX];
    const struct pl_span pieces[] = {{(const uint8_t *)data, 4}, pl_span_of(data + 4)};
    int len = pl_hmac(digest, pl_span_of(key), pieces, 2, mac);
    struct pl_text out = pl_text_init(hex, sizeof hex);
    if (len > 0) pl_hex_write(&out, mac, (size_t)len);
    return hex;
}

static void test_hmac(void)
{
    // RFC 2202 and RFC 4231, test case 2
    CHECK_TEXT(mac_of(PL_HMAC_SHA1, "Jefe", "what do ya want for nothing?"),
               "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79");
    CHECK_TEXT(mac_of(PL_HMAC_SHA256, "Jefe", "what do ya want for nothing?"),
               "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    CHECK(pl_hmac_equal(pl_span_of("same"), pl_span_of("same")));
    CHECK(!pl_hmac_equal(pl_span_of("same"), pl_span_of("samE")));
    CHECK(!pl_hmac_equal(pl_span_of("same"), pl_span_of("sam")));
}

static void test_links(void)
{
    struct pl_ack_key key = {{1, 2, 3}}, other = {{1, 2, 4}};
    const struct pl_link link = {0x0123456789abcdef, 0xfedcba98, INT64_C(1777644192123)};
    struct pl_link back = {0};
    char text[PL_ACK_TOKEN_CHARS + 1];
    struct pl_text out = pl_text_init(text, sizeof text);
    REQUIRE(pl_ack_link_write(&key, &link, &out) == 0);
    // hmac.new(key, b"plimsoll ack 1\n" + payload, "sha256").digest()[:18], by Python
    CHECK_TEXT(text, "ASNFZ4mrze_-3LqYAZ3j2cF72ulDNSJWwBXCv6NL1QasMY-h");
    CHECK_INT(pl_ack_link_read(&key, pl_text_bytes(&out), &back), 0);
    CHECK(back.alert == link.alert && back.who == link.who);
    CHECK_INT(back.issued_unix_ms, link.issued_unix_ms);
    CHECK_INT(pl_ack_link_read(&other, pl_text_bytes(&out), &back), PL_E_REFUSED);
    CHECK_INT(pl_ack_link_read(&key, pl_span_of("nothing"), &back), PL_E_SYNTAX);
    for (size_t i = 0; i < PL_ACK_TOKEN_CHARS; i++) { // no character can be another one
        char kept = text[i];
        text[i] = kept == 'A' ? 'B' : 'A';
        CHECK_INT(pl_ack_link_read(&key, pl_text_bytes(&out), &back), PL_E_REFUSED);
        text[i] = kept;
    }
}

int main(void)
{
    RUN(test_hmac);
    RUN(test_links);
    return check_finish();
}
