/* listen.h - the accept queues of this machine's listening TCP sockets, as sock_diag(7) tells them.
 *
 * One request dumps the listeners of IPv4 and IPv6 together. It asks for TCP_LISTEN only: the
 * kernel then walks its table of listeners and never that of connections, so the price is the same
 * beside ten connections and beside a million. Of a listening socket the kernel reports the
 * connections that wait to be accepted and how many may. */
#pragma once

#include "agent/core/sockdiag.h"
#include "common/base/base.h"
#include "common/base/bytes.h"
#include "common/base/text.h"

enum {
    PL_LISTEN_REQUEST_BYTES = PL_SOCKDIAG_REQUEST_BYTES,
    PL_LISTEN_MS = 1000,           // between two dumps at least,
    PL_LISTEN_SLACK_MS = 100,      // less what a sample may be late: the next is not
    PL_LISTEN_IDLE_MS = 10 * 1000, // between two dumps while no connection comes
};

struct pl_raw_listener {
    bool is_ip6;
    uint8_t address[16]; // the first 4 of IPv4; all zero: any
    uint16_t port;
    uint32_t queue_len; // one more than `backlog` when it overflows
    uint32_t backlog;
    uint32_t inode; // of the socket, as in /proc/PID/fd
};

/* What a dump has said so far. Zero it before each, but for what is wanted and where `all`
 * listeners are to go. */
struct pl_listen_dump {
    uint16_t wanted_port;  // the main listener's; 0: to be found
    uint32_t wanted_inode; // among equals this one stays the main listener; 0: the first
    uint32_t count;
    struct pl_raw_listener fullest; // of all; among equals the one with the larger backlog
    uint32_t main_rank;             // below 1: there is no main listener so far
    bool has_rival;                 // of a port as good as the main listener's, and not it
    struct pl_raw_listener main;
    struct pl_raw_listener *all; // borrowed, NULL if `all_max` is 0: the first of them
    uint32_t all_max;
};

/* When a dump is worth its price. A connection enters an accept queue only together with a step of
 * PassiveOpens (tcp_create_openreq_child in the kernel's net/ipv4/tcp_minisocks.c), so while that
 * counter stands still no queue grows; one that holds connections is watched until it is empty. */
struct pl_listen_watch {
    int64_t due_mono_ms, idle_mono_ms;
    uint64_t passive_opens;
    bool has_waiting;
};

/* `passive_opens` as /proc/net/snmp has it now, or PL_RAW_ABSENT. True: dump, then call _seen with
 * how full the fullest queue was, basis points, or PL_RAW_ABSENT. */
bool pl_listen_is_due(const struct pl_listen_watch *watch, uint64_t passive_opens,
                      int64_t now_mono_ms);
void pl_listen_seen(struct pl_listen_watch *watch, uint64_t passive_opens, uint64_t fill_bp,
                    int64_t now_mono_ms);

/* The request for a dump, PL_LISTEN_REQUEST_BYTES long; the answers repeat `seq`. */
void pl_listen_request(uint32_t seq, uint8_t *out);
/* Take one datagram of the answer. 0: the dump goes on; 1: it is complete; -errno as the kernel
 * refused it, or PL_E_SYNTAX. Datagrams of another dump are skipped. */
PL_MUST_CHECK int pl_listen_take(struct pl_listen_dump *dump, struct pl_span datagram,
                                 uint32_t seq);
/* How full its queue is, basis points, at most 10,000. */
int32_t pl_listen_fill_bp(const struct pl_raw_listener *listener);
/* The listener this machine is there for, or NULL. If a port is wanted, the one of that port.
 * Otherwise, of the addresses that can be reached from elsewhere, ports 443, 80, 8443, 8080, 8000,
 * in this order; else the one other port there is, that of ssh (22) left out. With two of them
 * there is none: guessing would be worse. Where nothing can be reached, those five of loopback. */
const struct pl_raw_listener *pl_listen_main(const struct pl_listen_dump *dump);
/* "*:443" for any address of either family, "127.0.0.1:80", "[2001:db8::1]:80" (RFC 5952). */
void pl_listen_address_write(const struct pl_raw_listener *listener, struct pl_text *out);
