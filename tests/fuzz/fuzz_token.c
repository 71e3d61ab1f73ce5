/* Join tokens: what is accepted is written back as the same token. */
#include "tests/fuzz/fuzz.h"

#include "common/wire/token.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static struct pl_token token, again;
    char text[PL_TOKEN_TEXT_BYTES];
    if (pl_token_parse((struct pl_span){data, len}, &token) < 0) return 0;
    pl_token_write(&token, text);
    PL_ASSERT(pl_token_parse(pl_span_of(text), &again) == 0);
    PL_ASSERT(again.pool_count == token.pool_count &&
              again.expires_unix_ms == token.expires_unix_ms);
    return 0;
}
