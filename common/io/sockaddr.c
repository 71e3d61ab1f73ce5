#include "common/io/sockaddr.h"

#include <uv.h>

int pl_sockaddr(const struct pl_address *address, struct sockaddr_storage *out)
{
    struct sockaddr_storage made = {0};
    int err = uv_ip4_addr(address->host, address->port, (struct sockaddr_in *)&made);
    if (err != 0) err = uv_ip6_addr(address->host, address->port, (struct sockaddr_in6 *)&made);
    if (err == 0) *out = made;
    return err;
}
