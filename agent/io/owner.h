/* owner.h - which process holds a socket, or has a name: a search through /proc, a little at a
 * time.
 *
 * Nothing in the kernel leads from a socket to its process, so the descriptors of all processes are
 * looked through, oldest first; the first that holds the socket is the one that opened it, unless
 * pids have begun again: so its parents are asked, too, and the topmost that holds it counts.
 * Process 1 counts only if no other does, or if it has the same name as its child that does:
 * systemd holds the sockets it passes on, but in a container process 1 may be the server.
 * Descriptors of other users' processes can be read with CAP_SYS_PTRACE only; without it their
 * sockets stay nameless. A search by name is the same with names.
 *
 * A search is one pass and may miss a process that starts meanwhile. One step looks at
 * PL_OWNER_STEP_LINKS descriptors or a few more (about 3 ms), of one process at most as many as
 * PL_OWNER_DIRENTS_BYTES hold (about 300). */
#pragma once

#include "common/base/base.h"
#include "common/wire/listener.h"

enum { PL_OWNER_STEP_LINKS = 2000, PL_OWNER_DIRENTS_BYTES = 8192, PL_OWNER_PARENTS_MAX = 8 };

struct pl_owner {
    int proc_fd;                           // owned; -1 while nothing is searched for
    uint32_t inode;                        // 0: a name is searched for
    const char *name;                      // borrowed; NULL: a socket is searched for
    size_t at, len;                        // of `processes`, what is left of the last read
    uint32_t pid;                          // of who was found; 0: nobody yet
    char found[PL_LISTENER_OWNER_MAX + 1]; // its name; empty: nobody yet
    _Alignas(8) uint8_t processes[PL_OWNER_DIRENTS_BYTES];
    _Alignas(8) uint8_t descriptors[PL_OWNER_DIRENTS_BYTES];
};

void pl_owner_init(struct pl_owner *o);
/* Look for the socket of that inode in `root` ("/proc") from now on, and for no other. */
void pl_owner_start(struct pl_owner *o, const char *root, uint32_t inode);
/* Look for a process of that name likewise; it stays where it is. */
void pl_owner_start_named(struct pl_owner *o, const char *root, const char *name);
bool pl_owner_is_searching(const struct pl_owner *o);
/* Go on with the search. True when it has just ended: `found` is who, or empty. */
bool pl_owner_step(struct pl_owner *o);
void pl_owner_stop(struct pl_owner *o);
