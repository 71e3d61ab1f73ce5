/* signature.h - the headers that prove to a receiver that a message is ours
 * (https://www.standardwebhooks.com): HMAC-SHA256 over id, time and body. */
#pragma once

#include "collector/codec/notify/provider.h"

/* Add webhook-id, webhook-timestamp and webhook-signature to `request`, which has a `sign_secret`.
 * PL_E_SYNTAX if that is not whsec_ and base64, PL_E_REFUSED if OpenSSL does not sign. */
PL_MUST_CHECK int pl_signature_add(struct pl_notify_request *request, int64_t now_unix_ms);
