/* sockdiag_rig.h - datagrams as sock_diag(7) makes them, message by message. */
#pragma once

#include "common/base/span.h"

#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <stdint.h>
#include <string.h>

enum { SEQ = 7 }; // of the dump that is read

static uint8_t buf[4096];
static size_t buf_len;

/* One message more in `buf`. */
static inline void put(uint16_t type, uint32_t seq, const void *body, size_t len)
{
    struct nlmsghdr head = {
        .nlmsg_len = (uint32_t)(sizeof head + len), .nlmsg_type = type, .nlmsg_seq = seq};
    memcpy(buf + buf_len, &head, sizeof head);
    if (len > 0) memcpy(buf + buf_len + sizeof head, body, len);
    buf_len += NLMSG_ALIGN(head.nlmsg_len);
}

/* What was put, and an empty `buf` behind it. */
static inline struct pl_span put_end(void)
{
    struct pl_span datagram = {buf, buf_len};
    buf_len = 0;
    return datagram;
}

/* As on the wire; the tests run on little-endian machines. */
static inline uint16_t wire_port(uint16_t port)
{
    return (uint16_t)(port << 8 | port >> 8);
}
