/* sockaddr.h - a checked address in the form the kernel takes. */
#pragma once

#include "common/base/address.h"

#include <sys/socket.h>

/* For an IPv4 or IPv6 literal (a name was mapped or refused when it was read). 0, or UV_EINVAL for
 * a name, which only a resolver could turn into an address. */
PL_MUST_CHECK int pl_sockaddr(const struct pl_address *address, struct sockaddr_storage *out);
