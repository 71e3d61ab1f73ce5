#include "collector/io/provider_signature.h"

#include "collector/io/hmac.h"
#include "common/base/hex.h"

#include <openssl/evp.h>

enum {
    URL_BYTES = 1024,
    SHA1_BASE64_BYTES = 4 * ((PL_HMAC_SHA1_BYTES + 2) / 3) + 1,
    SHA256_HEX_BYTES = 2 * PL_HMAC_SHA256_BYTES + 1,
    TIMESTAMP_DIGITS_MAX = 12,
};

/* ---- Twilio ---- */

static int compare_spans(struct pl_span a, struct pl_span b)
{
    size_t len = PL_MIN(a.len, b.len);
    int order = len == 0 ? 0 : memcmp(a.ptr, b.ptr, len);
    if (order != 0) return order;
    return (a.len > b.len) - (a.len < b.len);
}

static bool comes_after(const struct pl_form_field *a, const struct pl_form_field *b)
{
    int order = compare_spans(a->name, b->name);
    return order > 0 || (order == 0 && compare_spans(a->value, b->value) > 0);
}

static void sort(const struct pl_form_field *fields, int count, const struct pl_form_field **sorted)
{
    for (int i = 0; i < count; i++) {
        int at = i;
        for (; at > 0 && comes_after(sorted[at - 1], &fields[i]); at--) sorted[at] = sorted[at - 1];
        sorted[at] = &fields[i];
    }
}

/* `url` with the port that goes without saying, or, if it has one, without it; what follows the
 * authority stays. */
static void other_port(struct pl_span url, struct pl_text *out)
{
    const char *text = (const char *)url.ptr;
    bool is_https = url.len > 8 && memcmp(text, "https://", 8) == 0;
    size_t host = is_https ? 8 : 7, end = host, colon = 0;
    if (url.len <= host) return;
    for (; end < url.len && text[end] != '/' && text[end] != '?'; end++) {
        if (text[end] == ':') colon = end;
        if (text[end] == ']') colon = 0; // those before were of an IPv6 address
    }
    pl_text_span(out, (struct pl_span){url.ptr, colon > 0 ? colon : end});
    if (colon == 0) pl_text_str(out, is_https ? ":443" : ":80");
    pl_text_span(out, (struct pl_span){url.ptr + end, url.len - end});
}

static bool is_twilios(struct pl_span token, struct pl_span *pieces, size_t count,
                       struct pl_span signature)
{
    uint8_t mac[PL_HMAC_BYTES_MAX], base64[SHA1_BASE64_BYTES];
    int len = pl_hmac(PL_HMAC_SHA1, token, pieces, count, mac);
    if (len < 0) return false;
    (void)EVP_EncodeBlock(base64, mac, len); // cannot fail
    return pl_hmac_equal(pl_span_of((const char *)base64), signature);
}

bool pl_twilio_signature_is_good(struct pl_span token, struct pl_span url,
                                 const struct pl_form_field *fields, int count,
                                 struct pl_span signature)
{
    const struct pl_form_field *sorted[PL_FORM_FIELDS_MAX];
    struct pl_span pieces[1 + 2 * PL_FORM_FIELDS_MAX];
    char other[URL_BYTES];
    struct pl_text other_url = pl_text_init(other, sizeof other);
    size_t n = 1;
    if (token.len == 0) return false;
    sort(fields, count, sorted);
    for (int i = 0; i < count; i++) {
        pieces[n++] = sorted[i]->name;
        pieces[n++] = sorted[i]->value;
    }
    pieces[0] = url;
    if (is_twilios(token, pieces, n, signature)) return true;
    other_port(url, &other_url);
    pieces[0] = pl_text_bytes(&other_url);
    return !other_url.overflow && is_twilios(token, pieces, n, signature);
}

/* ---- in hexadecimal digits ---- */

/* True if `signature` is `version` ("v1=") and the MAC of the pieces. */
static bool is_hex_of(struct pl_span signature, const char *version,
                      const uint8_t mac[PL_HMAC_SHA256_BYTES])
{
    char want[8 + SHA256_HEX_BYTES];
    struct pl_text text = pl_text_init(want, sizeof want);
    pl_text_str(&text, version);
    pl_hex_write(&text, mac, PL_HMAC_SHA256_BYTES);
    return pl_hmac_equal(pl_text_bytes(&text), signature);
}

bool pl_pagerduty_signature_is_good(struct pl_span secret, struct pl_span body,
                                    struct pl_span signature)
{
    uint8_t mac[PL_HMAC_BYTES_MAX];
    if (secret.len == 0 || pl_hmac(PL_HMAC_SHA256, secret, &body, 1, mac) < 0) return false;
    while (signature.len > 0) {
        const uint8_t *comma = memchr(signature.ptr, ',', signature.len);
        size_t len = comma ? (size_t)(comma - signature.ptr) : signature.len;
        struct pl_span one = {signature.ptr, len};
        size_t step = len + (comma != NULL);
        while (one.len > 0 && one.ptr[0] == ' ') one = (struct pl_span){one.ptr + 1, one.len - 1};
        if (is_hex_of(one, "v1=", mac)) return true;
        signature = (struct pl_span){signature.ptr + step, signature.len - step};
    }
    return false;
}

/* Digits only; -1: it is no such number. */
static int64_t read_timestamp(struct pl_span text)
{
    int64_t value = 0;
    if (text.len == 0 || text.len > TIMESTAMP_DIGITS_MAX) return -1;
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] < '0' || text.ptr[i] > '9') return -1;
        value = value * 10 + (text.ptr[i] - '0');
    }
    return value;
}

bool pl_slack_signature_is_good(struct pl_span secret, struct pl_span body,
                                const struct pl_slack_proof *proof, int64_t now_unix_ms)
{
    uint8_t mac[PL_HMAC_BYTES_MAX];
    int64_t at_s = read_timestamp(proof->timestamp), away_s = now_unix_ms / 1000 - at_s;
    if (at_s < 0 || away_s > PL_SLACK_WINDOW_S || away_s < -PL_SLACK_WINDOW_S) return false;
    const struct pl_span pieces[] = {pl_span_of("v0:"), proof->timestamp, pl_span_of(":"), body};
    if (secret.len == 0 || pl_hmac(PL_HMAC_SHA256, secret, pieces, PL_LEN(pieces), mac) < 0)
        return false;
    return is_hex_of(proof->signature, "v0=", mac);
}
