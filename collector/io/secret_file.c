#include "collector/io/secret_file.h"

#include "common/base/err.h"
#include "common/io/key.h"
#include "common/sys/file.h"

#include <openssl/crypto.h>
#include <stdio.h>

int pl_secret_file(const char *state, const char *name, uint8_t secret[PL_SECRET_BYTES])
{
    char path[4096], text[PL_SECRET_TEXT_BYTES + 1] = "";
    bool is_shared = true;
    int len = snprintf(path, sizeof path, "%s/%s", state, name);
    if (len < 0 || (size_t)len >= sizeof path) return PL_E_TOO_BIG;
    int err = pl_file_read_secret(path, text, sizeof text, &is_shared);
    if (err < 0 || is_shared || !pl_secret_read(pl_span_of(text), secret)) {
        err = pl_random(secret, PL_SECRET_BYTES);
        if (err < 0) return err;
        pl_secret_write(secret, text);
        text[PL_SECRET_TEXT_BYTES - 1] = '\n';
        err = pl_file_write_private(path, (struct pl_span){(uint8_t *)text, PL_SECRET_TEXT_BYTES});
    }
    OPENSSL_cleanse(text, sizeof text);
    return err;
}
