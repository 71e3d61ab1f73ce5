/* hmac.h - HMAC (RFC 2104) over several pieces of bytes; no I/O. */
#pragma once

#include "common/base/base.h"
#include "common/base/span.h"

enum pl_hmac_digest { PL_HMAC_SHA1, PL_HMAC_SHA256 };
enum { PL_HMAC_SHA1_BYTES = 20, PL_HMAC_SHA256_BYTES = 32, PL_HMAC_BYTES_MAX = 32 };

/* The MAC of `count` pieces, one behind the other. Returns its length, or PL_E_REFUSED if OpenSSL
 * does not make it. */
PL_MUST_CHECK int pl_hmac(enum pl_hmac_digest digest, struct pl_span key,
                          const struct pl_span *pieces, size_t count,
                          uint8_t out[PL_HMAC_BYTES_MAX]);
/* In a time that does not depend on where they differ. */
bool pl_hmac_equal(struct pl_span a, struct pl_span b);
