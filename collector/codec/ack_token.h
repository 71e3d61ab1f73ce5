/* ack_token.h - the link of a page (core/alert/link.h) as the 48 characters behind /ack/, short
 * enough for a text message.
 *
 *     | alert 8 | who 4 | issued, unix ms 6 | MAC 18 |     36 bytes, big-endian, in base64url
 *
 * Anybody can write the first 18 bytes; the MAC says that they are ours (io/ack_link.h). */
#pragma once

#include "collector/core/alert/link.h"
#include "common/base/text.h"

enum {
    PL_ACK_PAYLOAD_BYTES = 18,
    PL_ACK_MAC_BYTES = 18, // 144 of HMAC-SHA256's 256 bits
    PL_ACK_TOKEN_BYTES = PL_ACK_PAYLOAD_BYTES + PL_ACK_MAC_BYTES,
    PL_ACK_TOKEN_CHARS = PL_ACK_TOKEN_BYTES / 3 * 4,
};

/* What the MAC is made of. Times are cut to 48 bits. */
void pl_ack_payload_write(const struct pl_link *link, uint8_t out[PL_ACK_PAYLOAD_BYTES]);
void pl_ack_payload_read(const uint8_t payload[PL_ACK_PAYLOAD_BYTES], struct pl_link *out);

/* Payload and MAC, one behind the other. */
void pl_ack_token_write(const uint8_t bytes[PL_ACK_TOKEN_BYTES], struct pl_text *out);
/* PL_E_SYNTAX if `in` is not PL_ACK_TOKEN_CHARS of that alphabet; `out` is of no use then. */
PL_MUST_CHECK int pl_ack_token_read(struct pl_span in, uint8_t out[PL_ACK_TOKEN_BYTES]);

/* Length of a token that follows "/ack/" or "/callbacks/twilio/" where `at` begins so, with those
 * words; 0: none does. Logs leave it out. */
size_t pl_ack_token_find(struct pl_span at);
