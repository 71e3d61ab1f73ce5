/* listener.h - which listening socket's accept queue is the fullest one of a host.
 *
 * How full it is travels in every sample (tcp.listen.queue); what it is called changes rarely and
 * travels by itself. Layout in PROTOCOL.md. */
#pragma once

#include "common/base/base.h"
#include "common/base/bytes.h"

enum {
    PL_LISTENER_ADDRESS_MAX = 47,
    PL_LISTENER_OWNER_MAX = 31,
    PL_LISTENER_FRAME_BYTES_MAX = 8 + 4 + 1 + PL_LISTENER_ADDRESS_MAX + 1 + PL_LISTENER_OWNER_MAX,
    PL_LISTENER_NAMED_BP = 5000, // a queue filled less than this is not worth a name
};

struct pl_listener {
    uint32_t backlog;                          // connections its accept queue takes
    char address[PL_LISTENER_ADDRESS_MAX + 1]; // "*:443", "[::1]:80"; empty: no listener
    char owner[PL_LISTENER_OWNER_MAX + 1];     // "nginx"; empty: not known
};

/* Body of a LISTENER frame. Refuses with PL_E_TRUNCATED, PL_E_SYNTAX (left-over bytes, no address,
 * a byte that is no printable ASCII) or PL_E_RANGE (a text too long). `*out` is untouched then. */
PL_MUST_CHECK int pl_listener_parse(struct pl_span body, struct pl_listener *out);
/* The whole frame; there must be an address. */
void pl_listener_write(const struct pl_listener *listener, struct pl_writer *out);
