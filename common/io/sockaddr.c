#include "common/io/sockaddr.h"

#include <netinet/in.h>
#include <string.h>
#include <uv.h>

int pl_sockaddr(const struct pl_address *address, struct sockaddr_storage *out)
{
    struct sockaddr_storage made = {0};
    int err = uv_ip4_addr(address->host, address->port, (struct sockaddr_in *)&made);
    if (err != 0) err = uv_ip6_addr(address->host, address->port, (struct sockaddr_in6 *)&made);
    if (err == 0) *out = made;
    return err;
}

bool pl_sockaddr_is_loopback(const struct sockaddr_storage *address)
{
    const uint8_t *ip4 = NULL;
    struct sockaddr_in in4;
    struct sockaddr_in6 in6;
    if (address->ss_family == AF_INET) {
        memcpy(&in4, address, sizeof in4);
        ip4 = (const uint8_t *)&in4.sin_addr;
    } else if (address->ss_family == AF_INET6) {
        memcpy(&in6, address, sizeof in6);
        if (IN6_IS_ADDR_LOOPBACK(&in6.sin6_addr)) return true;
        if (IN6_IS_ADDR_V4MAPPED(&in6.sin6_addr)) ip4 = in6.sin6_addr.s6_addr + 12;
    }
    return ip4 && ip4[0] == IN_LOOPBACKNET;
}
