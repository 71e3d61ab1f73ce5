/* Tokens of links: what is taken is written back as the same token, and so is its payload. */
#include "tests/fuzz/fuzz.h"

#include "collector/codec/ack_token.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    uint8_t bytes[PL_ACK_TOKEN_BYTES], payload[PL_ACK_PAYLOAD_BYTES];
    char text[PL_ACK_TOKEN_CHARS + 1];
    struct pl_text out = pl_text_init(text, sizeof text);
    struct pl_link link;
    struct pl_span in = {data, len};
    PL_ASSERT(len == 0 || pl_ack_token_find(in) <= len);
    if (pl_ack_token_read(in, bytes) < 0) return 0;
    pl_ack_token_write(bytes, &out);
    PL_ASSERT(pl_span_eq(pl_text_bytes(&out), in));
    pl_ack_payload_read(bytes, &link);
    pl_ack_payload_write(&link, payload);
    PL_ASSERT(memcmp(payload, bytes, sizeof payload) == 0);
    return 0;
}
