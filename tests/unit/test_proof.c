/* What proves where a request comes from: HMACs and links, against vectors from elsewhere. */
#include "tests/check.h"

#include "collector/io/ack_link.h"
#include "collector/io/hmac.h"
#include "collector/io/provider_signature.h"
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

/* The example of https://www.twilio.com/docs/usage/security. */
static void test_twilio(void)
{
    static uint8_t buf[512];
    struct pl_form_field fields[PL_FORM_FIELDS_MAX];
    int count = pl_form_parse(pl_span_of("To=%2B18005551212&Digits=1234&Caller=%2B14158675309&"
                                         "From=%2B14158675309&CallSid=CA1234567890ABCDE"),
                              buf, fields);
    REQUIRE(count == 5);
    static const struct {
        const char *token, *url, *signature;
        bool good;
    } cases[] = {
#define URL  "https://mycompany.com/myapp.php?foo=1&bar=2"
#define GOOD "RSOYDt4T1cUTdK1PDd93/VVr8B8="
        {"12345", URL, GOOD, true},
        {"12345", "https://mycompany.com:443/myapp.php?foo=1&bar=2", GOOD, true},
        {"12345", URL, "kvajT1Ptam85bY51eRf/AJRuM3w=", true}, // made with :443
        {"12345", "https://mycompany.com:444/myapp.php?foo=1&bar=2",
         "kvajT1Ptam85bY51eRf/AJRuM3w=", false},
        {"12346", URL, GOOD, false},
        {"", URL, GOOD, false},
        {"12345", "https://mycompany.com/myapp.php?foo=1&bar=3", GOOD, false},
        {"12345", "https://", GOOD, false},
        {"12345", URL, "", false},
        {"12345", URL, "RSOYDt4T1cUTdK1PDd93/VVr8B9=", false},
        {"12345", URL, "RSOYDt4T1cUTdK1PDd93/VVr8B8", false},
    };
    for (size_t i = 0; i < PL_LEN(cases); i++) {
        bool good =
            pl_twilio_signature_is_good(pl_span_of(cases[i].token), pl_span_of(cases[i].url),
                                        fields, count, pl_span_of(cases[i].signature));
        CHECK_INT(good, cases[i].good);
    }
    fields[1].value = pl_span_of("1"); // another key
    CHECK(!pl_twilio_signature_is_good(pl_span_of("12345"), pl_span_of(URL), fields, count,
                                       pl_span_of(GOOD)));
}

static void test_pagerduty(void)
{
#define MAC "1c344979624242a9d686cbeb69409d1fb299fd2b4f9cf949c27dde4a51d3ef0c" // by Python
    static const struct {
        const char *signature;
        bool good;
    } cases[] = {{"v1=" MAC, true},
                 {"v1=00,v1=" MAC, true},
                 {"v1=" MAC ", v1=00", true},
                 {"v2=" MAC, false},
                 {MAC, false},
                 {"v1=" MAC "0", false},
                 {"v1=", false},
                 {",,,", false},
                 {"", false}};
    for (size_t i = 0; i < PL_LEN(cases); i++) {
        struct pl_span secret = pl_span_of("s3cret-of-the-subscription"),
                       body = pl_span_of("{\"event\":{}}"),
                       signature = pl_span_of(cases[i].signature);
        CHECK_INT(pl_pagerduty_signature_is_good(secret, body, signature), cases[i].good);
        body.len--;
        CHECK(!pl_pagerduty_signature_is_good(secret, body, signature));
    }
    CHECK(!pl_pagerduty_signature_is_good((struct pl_span){0}, pl_span_of("x"), pl_span_of(MAC)));
}

/* The example of https://docs.slack.dev/authentication/verifying-requests-from-slack. */
static void test_slack(void)
{
    struct pl_span secret = pl_span_of("8f742231b10e8888abcd99yyyzzz85a5");
    struct pl_span body = pl_span_of(
        "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id="
        "G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-"
        "collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F"
        "397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121."
        "803a0bc887a14d10d2c447fce8b6703c");
    const int64_t at_ms = INT64_C(1531420618) * 1000;
    struct pl_slack_proof proof = {
        pl_span_of("1531420618"),
        pl_span_of("v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503")};
    CHECK(pl_slack_signature_is_good(secret, body, &proof, at_ms));
    CHECK(pl_slack_signature_is_good(secret, body, &proof, at_ms + 300 * 1000));
    CHECK(pl_slack_signature_is_good(secret, body, &proof, at_ms - 300 * 1000));
    CHECK(!pl_slack_signature_is_good(secret, body, &proof, at_ms + 301 * 1000));
    CHECK(!pl_slack_signature_is_good(secret, body, &proof, at_ms - 301 * 1000));
    CHECK(!pl_slack_signature_is_good(pl_span_of("8f74"), body, &proof, at_ms));
    static const char *const times[] = {"", "1531420617", "153142061x", "9999999999999", "-1"};
    for (size_t i = 0; i < PL_LEN(times); i++) {
        proof.timestamp = pl_span_of(times[i]);
        CHECK(!pl_slack_signature_is_good(secret, body, &proof, at_ms));
    }
}

int main(void)
{
    RUN(test_hmac);
    RUN(test_links);
    RUN(test_twilio);
    RUN(test_pagerduty);
    RUN(test_slack);
    return check_finish();
}
