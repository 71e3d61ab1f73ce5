/* address.h - a host and a port, as people write them: 127.0.0.1:7410, [::1]:7410, fe1.example:80.
 *
 * Only text is checked here; nothing is resolved. `localhost` is stored as 127.0.0.1, so that the
 * addresses this machine answers on never need a resolver. */
#pragma once

#include "common/base/base.h"
#include "common/base/span.h"

enum { PL_ADDRESS_HOST_LEN_MAX = 253, PL_ADDRESS_TEXT_BYTES = 253 + 2 + 6 + 1 };

struct pl_address {
    char host[PL_ADDRESS_HOST_LEN_MAX + 1]; // IPv4, IPv6 without its brackets, or a name
    uint16_t port;                          // 0: the system picks one
};

/* Check and copy. PL_E_SYNTAX unless `in` is HOST:PORT with a host of the three forms above (four
 * numbers with dots must be a valid IPv4 address), PL_E_RANGE for a port over 65535; `*out` is
 * untouched then. */
PL_MUST_CHECK int pl_address_parse(struct pl_span in, struct pl_address *out);

/* True for 127.0.0.0/8 and ::1: what cannot leave this machine. */
bool pl_address_is_loopback(const struct pl_address *address);

/* HOST:PORT, with brackets around IPv6, into a buffer of PL_ADDRESS_TEXT_BYTES. */
void pl_address_write(const struct pl_address *address, char *text);
