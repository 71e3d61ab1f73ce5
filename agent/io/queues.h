/* queues.h - watches the accept queues: a dump of the listeners when connections have come, and
 * the name of the fullest once it is worth one. Also keeps which listener is the main one.
 *
 *     pl_queues_look -> NETLINK_SOCK_DIAG -> listen.h -> fill, count
 *                    -> half full, and not the one before -> owner.h, a step per look
 *
 * A look is two system calls. The kernel answers a dump while it is asked, so nothing waits. */
#pragma once

#include "agent/core/listen.h"
#include "agent/io/owner.h"

enum {
    PL_QUEUES_RETRY_MS = 60 * 1000, // after the kernel refused
    PL_QUEUES_DATAGRAM_BYTES = PL_SOCKDIAG_DATAGRAM_BYTES,
    PL_QUEUES_BATCH = 2, // datagrams per system call: the listeners, and the end of the dump
    PL_QUEUES_DATAGRAMS_MAX = 64, // some 15,000 listeners; more are refused: nothing is known then
};

struct pl_queues {
    int fd; // owned; -1: not allowed here, or not open
    uint32_t seq;
    struct pl_listen_watch watch;
    uint64_t count, fill_bp; // PL_RAW_ABSENT: not known
    uint32_t inode;          // of the listener that is named
    struct pl_listener name; // no address: none was worth one yet
    uint16_t main_port;      // of the main listener, if it is known; 0: listen.h decides
    bool has_main;
    struct pl_raw_listener main;
    const char *root; // borrowed
    struct pl_owner owner;
    struct pl_span batch[PL_QUEUES_BATCH]; // into `datagrams`
    uint8_t datagrams[PL_QUEUES_BATCH][PL_QUEUES_DATAGRAM_BYTES];
};

/* `root` is "/proc", and stays where it is. A kernel that does not answer is logged. The caller
 * sets `main_port` afterwards, if the main listener is not to be found. */
void pl_queues_init(struct pl_queues *q, const char *root, int64_t now_mono_ms);
/* Look if it is time to; `passive_opens` as for pl_listen_is_due(). True when `name` has changed.
 */
bool pl_queues_look(struct pl_queues *q, uint64_t passive_opens, int64_t now_mono_ms);
/* What was seen of the main listener is no more; look again at the next occasion. */
void pl_queues_forget(struct pl_queues *q, int64_t now_mono_ms);
/* The first `max` listening sockets now: how many, or -errno or PL_E_TOO_BIG. */
PL_MUST_CHECK int pl_queues_list(struct pl_queues *q, struct pl_raw_listener *out, uint32_t max);
void pl_queues_stop(struct pl_queues *q);
