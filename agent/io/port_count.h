/* port_count.h - counts the local ports in use, when ports.h finds that worth its price: a dump of
 * the sockets whose local port the kernel chose.
 *
 *     pl_port_count_look -> due? -> NETLINK_SOCK_DIAG -> ports.h, some datagrams per look -> used
 *
 * The kernel makes a dump piece by piece, as it is read, so a long one is spread over several
 * samples. */
#pragma once

#include "agent/core/ports.h"
#include "agent/core/probe.h"

enum {
    PL_PORT_COUNT_LOOK_DATAGRAMS = 16, // per look: some 4,000 sockets, 3 ms
    PL_PORT_COUNT_DATAGRAMS_MAX = 1024,
    PL_PORT_COUNT_LOG_MS = 10 * 60 * 1000, // between two warnings
};

struct pl_port_count {
    int fd; // owned; -1: no count is under way
    uint32_t seq;
    uint32_t datagrams;   // read of this dump
    uint64_t opened;      // ActiveOpens when it began
    uint64_t used;        // by the last one; PL_RAW_ABSENT: not known
    bool has_failed;      // and that was told
    int64_t warn_mono_ms; // when few ports may be told of again
    struct pl_ports_watch watch;
    struct pl_ports_count count;
};

void pl_port_count_init(struct pl_port_count *pc);
/* Begin a count, or go on with one; `now` has everything else that was read. `buf` is used until
 * this returns, PL_SOCKDIAG_DATAGRAM_BYTES. A kernel that refuses is logged once, and a destination
 * that has taken four of five ports. */
void pl_port_count_look(struct pl_port_count *pc, const struct pl_raw *now, uint8_t *buf,
                        int64_t now_mono_ms);
void pl_port_count_stop(struct pl_port_count *pc);
