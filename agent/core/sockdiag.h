/* sockdiag.h - what sock_diag(7) is asked about this machine's TCP sockets, and what it answers.
 *
 * One request names the states wanted and, if need be, the local ports; the kernel answers with
 * datagrams of messages, one per socket, IPv4 and IPv6 together. Asked for listening sockets alone
 * it walks its table of listeners only. Messages are in the byte order of the machine, addresses
 * and ports in that of the network. */
#pragma once

#include "common/base/base.h"
#include "common/base/span.h"

enum {
    PL_SOCKDIAG_REQUEST_BYTES = 76,         // without a choice of ports
    PL_SOCKDIAG_REQUEST_BYTES_MAX = 96,     // with one
    PL_SOCKDIAG_DATAGRAM_BYTES = 32 * 1024, // the kernel makes none larger (netlink_recvmsg)
};

/* tcp_states.h of the kernel. */
enum pl_socket_state {
    PL_SOCKET_ESTABLISHED = 1,
    PL_SOCKET_SYN_SENT,
    PL_SOCKET_SYN_RECV,
    PL_SOCKET_FIN_WAIT1,
    PL_SOCKET_FIN_WAIT2,
    PL_SOCKET_TIME_WAIT,
    PL_SOCKET_CLOSE,
    PL_SOCKET_CLOSE_WAIT,
    PL_SOCKET_LAST_ACK,
    PL_SOCKET_LISTEN,
    PL_SOCKET_CLOSING,
};

struct pl_raw_socket {
    uint8_t state; // of enum pl_socket_state, or one that a newer kernel knows
    bool is_ip6;
    uint8_t address[16], peer[16]; // the first 4 of IPv4, the rest 0
    uint16_t port, peer_port;
    uint32_t received; // bytes to be read; of a listener the connections to be accepted,
    uint32_t unsent;   // and how many of them there may be
    uint32_t inode;    // as in /proc/PID/fd; 0: no process holds it
};

/* The local ports wanted. */
struct pl_sockdiag_ports {
    uint16_t first, last;
};

/* The request for a dump of the sockets in `states` (1 << enum pl_socket_state, or-ed); of any
 * local port if `ports` is NULL. The answers repeat `seq`. Returns its length, one of the two
 * above. */
size_t pl_sockdiag_request(uint32_t seq, uint32_t states, const struct pl_sockdiag_ports *ports,
                           uint8_t *out);

/* What stands next in a datagram. */
enum { PL_SOCKDIAG_MORE = 0, PL_SOCKDIAG_SOCKET = 1, PL_SOCKDIAG_DONE = 2 };
/* Take the next message of the answer `seq` off `datagram`, and skip those of another one.
 * _SOCKET: `*out` is filled; _MORE: the datagram is used up and another follows; _DONE: the dump is
 * complete; -errno as the kernel refused it, or PL_E_SYNTAX. */
PL_MUST_CHECK int pl_sockdiag_next(struct pl_span *datagram, uint32_t seq,
                                   struct pl_raw_socket *out);
