#include "collector/io/signature.h"

#include "common/base/err.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>

enum { SECRET_TEXT_MAX = 128, SHA256_BYTES = 32, PREFIX_LEN = 6 };

/* Decoded length, or PL_E_SYNTAX. `out` has room for SECRET_TEXT_MAX bytes. */
static int decode(struct pl_span text, uint8_t *out)
{
    if (text.len <= PREFIX_LEN || text.len > SECRET_TEXT_MAX) return PL_E_SYNTAX;
    struct pl_span base64 = {text.ptr + PREFIX_LEN, text.len - PREFIX_LEN};
    int len = EVP_DecodeBlock(out, base64.ptr, (int)base64.len); // counts the padding as zeros
    if (len < 0) return PL_E_SYNTAX;
    for (size_t i = base64.len; i > 0 && base64.ptr[i - 1] == '='; i--) len--;
    return len;
}

/* HMAC-SHA256 of "ID.TIMESTAMP.BODY". */
static bool sign(const uint8_t *key, size_t key_len, struct pl_span head, struct pl_span body,
                 uint8_t out[SHA256_BYTES])
{
    size_t len = 0;
    char digest[] = "SHA256"; // the parameter's type is not const
    const OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
                                 OSSL_PARAM_construct_end()};
    EVP_MAC *mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    EVP_MAC_CTX *ctx = mac ? EVP_MAC_CTX_new(mac) : NULL;
    bool ok = ctx && EVP_MAC_init(ctx, key, key_len, params) == 1 &&
              EVP_MAC_update(ctx, head.ptr, head.len) == 1 &&
              EVP_MAC_update(ctx, body.ptr, body.len) == 1 &&
              EVP_MAC_final(ctx, out, &len, SHA256_BYTES) == 1 && len == SHA256_BYTES;
    EVP_MAC_CTX_free(ctx);
    EVP_MAC_free(mac);
    return ok;
}

int pl_signature_add(struct pl_notify_request *request, int64_t now_unix_ms)
{
    uint8_t key[SECRET_TEXT_MAX], mac[SHA256_BYTES];
    uint8_t base64[4 * ((SHA256_BYTES + 2) / 3) + 1];
    char head[PL_NOTIFY_HEADER_BYTES];
    int key_len = decode(request->sign_secret, key);
    if (key_len < 0) return key_len;
    struct pl_text text = pl_text_init(head, sizeof head);
    pl_text_span(&text, request->sign_id);
    pl_text_char(&text, '.');
    pl_text_i64(&text, now_unix_ms / 1000);
    pl_text_char(&text, '.');
    bool ok = sign(key, (size_t)key_len, pl_text_bytes(&text), pl_text_bytes(&request->body), mac);
    OPENSSL_cleanse(key, sizeof key);
    if (!ok) return PL_E_REFUSED;
    (void)EVP_EncodeBlock(base64, mac, sizeof mac); // cannot fail
    struct pl_text *header = pl_notify_request_header(request);
    pl_text_str(header, "webhook-id: ");
    pl_text_span(header, request->sign_id);
    header = pl_notify_request_header(request);
    pl_text_str(header, "webhook-timestamp: ");
    pl_text_i64(header, now_unix_ms / 1000);
    header = pl_notify_request_header(request);
    pl_text_str(header, "webhook-signature: v1,");
    pl_text_str(header, (const char *)base64);
    return 0;
}
