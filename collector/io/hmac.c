#include "collector/io/hmac.h"

#include "common/base/err.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>

int pl_hmac(enum pl_hmac_digest digest, struct pl_span key, const struct pl_span *pieces,
            size_t count, uint8_t out[PL_HMAC_BYTES_MAX])
{
    size_t len = 0;
    char sha1[] = "SHA1", sha256[] = "SHA256"; // the parameter's type is not const
    char *name = digest == PL_HMAC_SHA1 ? sha1 : sha256;
    const OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, name, 0),
                                 OSSL_PARAM_construct_end()};
    EVP_MAC *mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    EVP_MAC_CTX *ctx = mac ? EVP_MAC_CTX_new(mac) : NULL;
    bool ok = ctx && EVP_MAC_init(ctx, key.ptr, key.len, params) == 1;
    for (size_t i = 0; ok && i < count; i++)
        ok = EVP_MAC_update(ctx, pieces[i].ptr, pieces[i].len) == 1;
    ok = ok && EVP_MAC_final(ctx, out, &len, PL_HMAC_BYTES_MAX) == 1;
    EVP_MAC_CTX_free(ctx);
    EVP_MAC_free(mac);
    return ok ? (int)len : PL_E_REFUSED;
}

bool pl_hmac_equal(struct pl_span a, struct pl_span b)
{
    return a.len == b.len && CRYPTO_memcmp(a.ptr, b.ptr, a.len) == 0;
}
