/* sockaddr.h - a checked address in the form the kernel takes. */
#pragma once

#include "common/base/address.h"

#include <stdbool.h>
#include <sys/socket.h>

/* For an IPv4 or IPv6 literal (a name was mapped or refused when it was read). 0, or UV_EINVAL for
 * a name, which only a resolver could turn into an address. */
PL_MUST_CHECK int pl_sockaddr(const struct pl_address *address, struct sockaddr_storage *out);

/* True for 127.0.0.0/8, also in its IPv6 form, and ::1. */
bool pl_sockaddr_is_loopback(const struct sockaddr_storage *address);
