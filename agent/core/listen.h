/* listen.h - the accept queues of this machine's listening TCP sockets, as sock_diag(7) tells them.
 *
 * One request dumps the listeners of IPv4 and IPv6 together. It asks for TCP_LISTEN only: the
 * kernel then walks its table of listeners and never that of connections, so the price is the same
 * beside ten connections and beside a million. Of a listening socket the kernel reports the
 * connections that wait to be accepted and how many may. Messages are in the byte order of the
 * machine, addresses and ports in that of the network. */
#pragma once

#include "common/base/base.h"
#include "common/base/bytes.h"
#include "common/base/text.h"

enum { PL_LISTEN_REQUEST_BYTES = 76 };

struct pl_raw_listener {
    bool is_ip6;
    uint8_t address[16]; // the first 4 of IPv4; all zero: any
    uint16_t port;
    uint32_t queue_len; // one more than `backlog` when it overflows
    uint32_t backlog;
    uint32_t inode; // of the socket, as in /proc/PID/fd
};

/* What a dump has said so far. Zero it before each. */
struct pl_listen_dump {
    uint32_t count;
    struct pl_raw_listener fullest; // of all; among equals the one with the larger backlog
};

/* The request for a dump, PL_LISTEN_REQUEST_BYTES long; the answers repeat `seq`. */
void pl_listen_request(uint32_t seq, uint8_t *out);
/* Take one datagram of the answer. 0: the dump goes on; 1: it is complete; -errno as the kernel
 * refused it, or PL_E_SYNTAX. Datagrams of another dump are skipped. */
PL_MUST_CHECK int pl_listen_take(struct pl_listen_dump *dump, struct pl_span datagram,
                                 uint32_t seq);
/* How full its queue is, basis points, at most 10,000. */
int32_t pl_listen_fill_bp(const struct pl_raw_listener *listener);
/* "*:443" for any address of either family, "127.0.0.1:80", "[2001:db8::1]:80" (RFC 5952). */
void pl_listen_address_write(const struct pl_raw_listener *listener, struct pl_text *out);
