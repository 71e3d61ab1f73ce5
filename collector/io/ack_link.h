/* ack_link.h - links that acknowledge: HMAC-SHA256 with a key of this collector proves that a token
 * (codec/ack_token.h) is one of ours.
 *
 * The key lies in <state>/ack-key (mode 0600). Who removes the file and starts again makes all
 * links worthless. */
#pragma once

#include "collector/codec/ack_token.h"
#include "collector/codec/http_login.h"

struct pl_ack_key {
    uint8_t bytes[PL_SECRET_BYTES];
};

/* Read the key, or make it: as pl_secret_file(). */
PL_MUST_CHECK int pl_ack_key_start(struct pl_ack_key *key, const char *state);
/* The token of `link`, PL_ACK_TOKEN_CHARS. PL_E_REFUSED if OpenSSL does not sign. */
PL_MUST_CHECK int pl_ack_link_write(const struct pl_ack_key *key, const struct pl_link *link,
                                    struct pl_text *out);
/* PL_E_SYNTAX: that is no token; PL_E_REFUSED: it was not made with this key. */
PL_MUST_CHECK int pl_ack_link_read(const struct pl_ack_key *key, struct pl_span token,
                                   struct pl_link *out);
