/* keys.h - simulated agents that join with a token and prove a key, as real ones do. */
#pragma once

#include "agent/io/link.h"
#include "common/wire/token.h"

/* Make a key, have it recorded for `host` by the collector at `collector`, and fill `*out` for the
 * uplink. Blocks. `context` is shared by all and outlives them. A negative error after a line on
 * stderr. */
PL_MUST_CHECK int keys_join(const struct pl_token *token, const struct pl_address *collector,
                            const struct pl_name *host, struct pl_tls_context *context,
                            struct pl_link_trust *out);
