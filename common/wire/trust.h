/* trust.h - how an agent shows who it is: the bodies of PROOF, JOIN, ROTATE and CHECK.
 *
 *     agent                                    collector
 *       | == TLS handshake, certificate pinned == |
 *       | -- PROOF -----------------------------> |   a public key, and that I hold its private
 * half | -- HELLO | JOIN | ROTATE -------------> |   speak for a host | become one | change the key
 *       | <---------- WELCOME | JOINED | REFUSE - |
 *
 * The signature of a PROOF covers a value that only the two ends of this very TLS session can
 * compute (an exporter: RFC 5705, RFC 8446 section 7.5), so a recorded one is worth nothing on any
 * other connection. Signatures are Ed25519 (RFC 8032) over the text PL_PROOF_CONTEXT, a zero byte
 * and the exported value. */
#pragma once

#include "common/base/bytes.h"
#include "common/base/name.h"

enum {
    PL_PUBLIC_KEY_BYTES = 32,
    PL_SIGNATURE_BYTES = 64,
    PL_FINGERPRINT_BYTES = 32,
    PL_EXPORTED_BYTES = 32,
    PL_TOKEN_ID_BYTES = 8,
    PL_TOKEN_SECRET_BYTES = 16,
    PL_ROTATE_FRAME_BYTES_MAX = 8 + 1 + PL_NAME_LEN_MAX + PL_PUBLIC_KEY_BYTES + PL_SIGNATURE_BYTES,
};

#define PL_PROOF_CONTEXT  "plimsoll agent key 1"
#define PL_EXPORTER_LABEL "EXPORTER-plimsoll-agent-key-1"
#define PL_ALPN           "plimsoll/1"

struct pl_public_key {
    uint8_t bytes[PL_PUBLIC_KEY_BYTES];
};

static inline bool pl_public_key_eq(const struct pl_public_key *a, const struct pl_public_key *b)
{
    return memcmp(a->bytes, b->bytes, PL_PUBLIC_KEY_BYTES) == 0;
}

/* SHA-256 of a certificate in its DER form. */
struct pl_fingerprint {
    uint8_t bytes[PL_FINGERPRINT_BYTES];
};

struct pl_proof {
    struct pl_public_key key;
    uint8_t signature[PL_SIGNATURE_BYTES];
};

/* "Let the key I have proved speak for `host` in `pool`; this token allows it." */
struct pl_join {
    uint8_t token_id[PL_TOKEN_ID_BYTES];
    uint8_t token_secret[PL_TOKEN_SECRET_BYTES];
    struct pl_name host, pool;
};

/* "Let `next` speak for `host`, and the key I have proved no longer once it has." */
struct pl_rotate {
    struct pl_name host;
    struct pl_proof next;
};

/* "Would you take me, if I were to come as `host` in `pool`?" */
struct pl_check {
    struct pl_name host, pool;
};

/* "Yes": asking has changed nothing. */
struct pl_checked {
    int64_t unix_ms;   // the collector's clock
    bool is_connected; // an agent of that name is, at this moment
};

/* Bodies; each is consumed to its last byte, or refused with PL_E_TRUNCATED or PL_E_SYNTAX and
 * `*out` untouched. */
PL_MUST_CHECK int pl_proof_parse(struct pl_span body, struct pl_proof *out);
PL_MUST_CHECK int pl_join_parse(struct pl_span body, struct pl_join *out);
PL_MUST_CHECK int pl_rotate_parse(struct pl_span body, struct pl_rotate *out);
PL_MUST_CHECK int pl_check_parse(struct pl_span body, struct pl_check *out);
PL_MUST_CHECK int pl_checked_parse(struct pl_span body, struct pl_checked *out);

/* Whole frames. */
void pl_proof_write(const struct pl_proof *proof, struct pl_writer *out);
void pl_join_write(const struct pl_join *join, struct pl_writer *out);
void pl_rotate_write(const struct pl_rotate *rotate, struct pl_writer *out);
void pl_joined_write(struct pl_writer *out);
void pl_rekey_write(struct pl_writer *out);
void pl_check_write(const struct pl_check *check, struct pl_writer *out);
void pl_checked_write(const struct pl_checked *checked, struct pl_writer *out);
