#include "collector/io/signature.h"

#include "collector/io/hmac.h"
#include "common/base/err.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>

enum { SECRET_TEXT_MAX = 128, PREFIX_LEN = 6 };

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

int pl_signature_add(struct pl_notify_request *request, int64_t now_unix_ms)
{
    uint8_t key[SECRET_TEXT_MAX], mac[PL_HMAC_BYTES_MAX];
    uint8_t base64[4 * ((PL_HMAC_SHA256_BYTES + 2) / 3) + 1];
    char head[PL_NOTIFY_HEADER_BYTES];
    int key_len = decode(request->sign_secret, key);
    if (key_len < 0) return key_len;
    struct pl_text text = pl_text_init(head, sizeof head);
    pl_text_span(&text, request->sign_id);
    pl_text_char(&text, '.');
    pl_text_i64(&text, now_unix_ms / 1000);
    pl_text_char(&text, '.');
    const struct pl_span signed_bytes[] = {pl_text_bytes(&text), pl_text_bytes(&request->body)};
    int len = pl_hmac(PL_HMAC_SHA256, (struct pl_span){key, (size_t)key_len}, signed_bytes,
                      PL_LEN(signed_bytes), mac);
    OPENSSL_cleanse(key, sizeof key);
    if (len < 0) return len;
    (void)EVP_EncodeBlock(base64, mac, len); // cannot fail
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
