/* key.h - a host's own key: made, kept, and proved to hold.
 *
 * Ed25519 (RFC 8032): 32 bytes that identify a host, signatures of 64 bytes, nothing to choose. The
 * private half is a PEM file that only its owner may read. */
#pragma once

#include "common/wire/trust.h"

struct pl_key;

/* A new one. -ENOMEM, or -EIO if the system has no randomness. */
PL_MUST_CHECK int pl_key_make(struct pl_key **out);
/* From a PEM file. -errno; PL_E_SYNTAX if it holds no such key; `*out` is untouched then.
 * `*is_shared` becomes true if group or others may read the file. */
PL_MUST_CHECK int pl_key_read(const char *path, struct pl_key **out, bool *is_shared);
/* To a PEM file of mode 0600, replacing it as a whole. -errno. */
PL_MUST_CHECK int pl_key_write(const struct pl_key *key, const char *path);
void pl_key_free(struct pl_key *key);

/* Proof of holding `key`, bound to the session that `exported` comes from. -ENOMEM. */
PL_MUST_CHECK int pl_key_prove(const struct pl_key *key, const uint8_t exported[PL_EXPORTED_BYTES],
                               struct pl_proof *out);
/* Was it made with the private half of proof->key, for that session? */
bool pl_proof_is_good(const struct pl_proof *proof, const uint8_t exported[PL_EXPORTED_BYTES]);

enum { PL_SHA256_BYTES = 32 };
void pl_sha256(struct pl_span in, uint8_t out[PL_SHA256_BYTES]);
/* Bytes nobody can guess. -EIO. */
PL_MUST_CHECK int pl_random(uint8_t *out, size_t len);
