/* ports.h - how near the local ports are to running out: the connections to the destination that
 * has most of them.
 *
 * The kernel gives one local port to many connections, as long as no two go from the same address
 * to the same address and port (__inet_hash_connect of the kernel's net/ipv4/inet_hashtables.c). So
 * ports run out per destination, and what counts is the fullest one. A port counts from SYN-SENT
 * to the end of TIME-WAIT; one in TIME-WAIT does not where the kernel hands it out again
 * (tcp_tw_reuse). Connections that others made to this machine hold none: their local port is that
 * of a listening socket.
 *
 * A count is a dump of sock_diag(7), a microsecond per socket, too dear for every sample. It is
 * repeated when it may have changed what people must know: between two counts no destination can
 * have gained more connections than the machine has opened, nor can it have more than there are
 * sockets. Only when that bound passes half of the ports the next count is near. */
#pragma once

#include "agent/core/sockdiag.h"
#include "common/base/text.h"

enum {
    PL_PORTS_DESTINATIONS_MAX = 128, // counted exactly; with more the count is an upper bound
    PL_PORTS_SOCKETS_MAX = 250000,   // on a machine that has more nothing is counted
    PL_PORTS_CALM_MS = 60 * 1000,    // between two counts,
    PL_PORTS_CALM_MAX_MS = 15 * 60 * 1000,
    PL_PORTS_NEAR_MS = 10 * 1000, // and where half of the ports may be taken,
    PL_PORTS_NEAR_MAX_MS = 60 * 1000,
    PL_PORTS_SOCKET_NS = 150,   // what a count costs for each socket there is,
    PL_PORTS_CHOSEN_NS = 800,   // and for each whose port the kernel has chosen;
    PL_PORTS_CALM_REST = 32000, // between two counts as many times that, added to the least: 3 in
    PL_PORTS_NEAR_REST = 2000,  // 100,000 of a processor's time, and 5 in 10,000
};

/* Addresses of IPv4 as IPv6 has them (::ffff:192.0.2.1): a socket of either family takes the same
 * port. */
struct pl_ports_destination {
    uint8_t address[16], peer[16];
    uint16_t peer_port;
    uint32_t count;
};

/* What a dump has said so far. pl_ports_begin() before each. */
struct pl_ports_count {
    bool reuses_all, reuses_loopback; // ports in TIME-WAIT are handed out again
    uint32_t sockets;                 // that the dump told of
    uint32_t dropped;                 // the most that is missing in the count of a destination
    uint32_t destination_count;
    struct pl_ports_destination destinations[PL_PORTS_DESTINATIONS_MAX];
    uint64_t listening[(UINT16_MAX + 1) / 64]; // a bit per port
};

/* `reuse` as tcp_tw_reuse has it (0: never, 1, 2: loopback only), `timestamps` as tcp_timestamps,
 * without which nothing is reused; PL_RAW_ABSENT if not known. */
void pl_ports_begin(struct pl_ports_count *c, uint64_t reuse, uint64_t timestamps);
/* The request that the dump answers. Returns its length, at most PL_SOCKDIAG_REQUEST_BYTES_MAX. */
size_t pl_ports_request(uint32_t seq, const struct pl_sockdiag_ports *ports, uint8_t *out);
/* As pl_listen_take(): 0: the dump goes on; 1: it is complete; -errno, or PL_E_SYNTAX. */
PL_MUST_CHECK int pl_ports_take(struct pl_ports_count *c, struct pl_span datagram, uint32_t seq);
/* Ports that the fullest destination takes. Exact with at most PL_PORTS_DESTINATIONS_MAX
 * destinations; with more never too small, and too large by less than one in 128 of all sockets. */
uint32_t pl_ports_used(const struct pl_ports_count *c);
/* That destination, or NULL if there is none. */
const struct pl_ports_destination *pl_ports_fullest(const struct pl_ports_count *c);
/* Where it goes: "192.0.2.1:9000", "[2001:db8::1]:9000". */
void pl_ports_destination_write(const struct pl_ports_destination *d, struct pl_text *out);

/* When a count is worth its price. Zeroed: at once. */
struct pl_ports_watch {
    bool has_tried;   // to count, until `tried_mono_ms`
    bool was_counted; // then; and the rest is known
    int64_t tried_mono_ms;
    uint64_t used;   // by that count
    uint64_t chosen; // sockets that the kernel told of
    uint64_t opened; // when it began
};

/* The most ports that one destination can have taken: `sockets` is how many there are, TIME-WAIT
 * included, `opened` is ActiveOpens of /proc/net/snmp. PL_RAW_ABSENT: not known, in all three. */
uint64_t pl_ports_most(const struct pl_ports_watch *w, uint64_t sockets, uint64_t opened);
/* Of `ports` there are `most` taken, as above; a count goes through all the `sockets`. */
bool pl_ports_is_due(const struct pl_ports_watch *w, uint64_t sockets, uint64_t most,
                     uint64_t ports, int64_t now_mono_ms);
/* A count of `c` has ended that began when the machine had opened so many connections. */
void pl_ports_counted(struct pl_ports_watch *w, const struct pl_ports_count *c, uint64_t opened,
                      int64_t now_mono_ms);
/* It failed: nothing is known. It is tried again as if no port were taken. */
void pl_ports_failed(struct pl_ports_watch *w, int64_t now_mono_ms);
