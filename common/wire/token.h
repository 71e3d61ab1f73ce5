/* token.h - a join token: the one line an operator carries from the collector to a new host.
 *
 *     pl1.<base64url of>  id | secret | fingerprint | expiry | pools | addresses | checksum
 *
 * It tells the agent where the collector is and which certificate to accept there, and tells the
 * collector that whoever holds it may join those pools until it expires. The checksum is no
 * protection, only an early answer: a token that was cut or mistyped is told apart from one that
 * was refused. Layout in PROTOCOL.md. */
#pragma once

#include "common/base/address.h"
#include "common/wire/trust.h"

enum {
    PL_TOKEN_POOLS_MAX = 8,
    PL_TOKEN_ADDRESSES_MAX = 4,
    PL_TOKEN_BODY_BYTES = PL_TOKEN_ID_BYTES + PL_TOKEN_SECRET_BYTES + PL_FINGERPRINT_BYTES + 8 + 1 +
                          PL_TOKEN_POOLS_MAX * (1 + PL_NAME_LEN_MAX) + 1 +
                          PL_TOKEN_ADDRESSES_MAX * 256 + 4,
    PL_TOKEN_TEXT_BYTES = 4 + (PL_TOKEN_BODY_BYTES + 2) / 3 * 4 + 1,
};

struct pl_token {
    uint8_t id[PL_TOKEN_ID_BYTES];
    uint8_t secret[PL_TOKEN_SECRET_BYTES];
    struct pl_fingerprint fingerprint;
    int64_t expires_unix_ms;
    uint8_t pool_count; // 1 to PL_TOKEN_POOLS_MAX
    struct pl_name pools[PL_TOKEN_POOLS_MAX];
    uint8_t address_count; // 1 to PL_TOKEN_ADDRESSES_MAX
    struct pl_address addresses[PL_TOKEN_ADDRESSES_MAX];
};

/* The text, with its NUL, into PL_TOKEN_TEXT_BYTES. Any valid token fits. */
void pl_token_write(const struct pl_token *token, char *text);
/* Read a token; blanks around it are ignored. PL_E_MAGIC: something else; PL_E_VERSION: of a later
 * version; PL_E_TRUNCATED: cut or mistyped (the checksum); PL_E_SYNTAX, PL_E_RANGE: a checksum
 * over nonsense. `*out` is untouched then. */
PL_MUST_CHECK int pl_token_parse(struct pl_span text, struct pl_token *out);
