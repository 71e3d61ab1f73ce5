/* census.h - one look at all processes, a few per step: who listens, and who runs from files that
 * an upgrade has taken away.
 *
 *     pl_census_start -> dump of the listeners -> step, step, ... -> pl_census_step says true
 *       per process: exe, its descriptors (for listeners), its maps until an old file is found
 *
 * A pass may miss a process that starts meanwhile; the next one will not. Of other users' processes
 * exe, descriptors and maps can be read with CAP_SYS_PTRACE only; without it they are left out. A
 * listener belongs to the process that has lived longest of those that hold it, and to process 1
 * only if no other does (systemd holds what it passes on). A step costs about two milliseconds:
 * PL_CENSUS_STEP_PARTS processes or parts of maps, of descriptors PL_CENSUS_LINKS_MAX per
 * process. */
#pragma once

#include "agent/core/listen.h"
#include "agent/io/procdir.h"
#include "common/wire/change.h"
#include "common/wire/listener.h"

enum {
    PL_CENSUS_LISTENERS_MAX = 64, // the first of the dump; others are not watched
    PL_CENSUS_OLD_MAX = 8,        // old files told of; further ones are not
    PL_CENSUS_STEP_PARTS = 64,
    PL_CENSUS_LINKS_MAX = 300,
    PL_CENSUS_MAPS_BYTES = 16 * 1024,
    PL_CENSUS_DATAGRAM_BYTES = 32 * 1024,
    PL_CENSUS_DATAGRAMS_MAX = 64,
    PL_CENSUS_PROGRAM_MAX = PL_LISTENER_OWNER_MAX,
};

struct pl_census_listener {
    char address[PL_LISTENER_ADDRESS_MAX + 1];
    uint32_t inode;
    int32_t pid;            // 0: nobody we may see
    uint64_t started_ticks; // of that process
    char program[PL_CENSUS_PROGRAM_MAX + 1];
};

/* Processes that run from the same file that is no longer installed. */
struct pl_census_old {
    char file[PL_CHANGE_VALUE_MAX + 1];       // "libssl.so.3"
    char programs[PL_CHANGE_SUBJECT_MAX + 1]; // "nginx, php-fpm8.2": as many as fit
    int64_t since_unix_ms;                    // when the file that is there now came; 0: none is
    uint32_t count;                           // processes
};

struct pl_census {
    const char *root, *files; // borrowed: "/proc"; "" or what stands before the files it names
    int maps_fd;              // owned; -1: no process in work
    uint32_t seq;
    uint32_t listener_count, old_count;
    struct pl_census_listener listeners[PL_CENSUS_LISTENERS_MAX];
    struct pl_census_old olds[PL_CENSUS_OLD_MAX];
    char program[PL_CENSUS_PROGRAM_MAX + 1]; // of the process in work
    size_t maps_len;                         // of `maps`, a line that was cut
    struct pl_raw_listener list[PL_CENSUS_LISTENERS_MAX];
    struct pl_procdir processes, descriptors; // open while a pass runs, and while looked at
    uint8_t maps[PL_CENSUS_MAPS_BYTES];
    _Alignas(8) uint8_t datagram[PL_CENSUS_DATAGRAM_BYTES];
};

/* `root` is "/proc", `files` "": both stay where they are. */
void pl_census_init(struct pl_census *c, const char *root, const char *files);
/* Begin a pass, and forget what the last one found. */
void pl_census_start(struct pl_census *c);
bool pl_census_is_running(const struct pl_census *c);
/* Go on with the pass. True when it has just ended: `listeners` and `olds` are its result. */
bool pl_census_step(struct pl_census *c);
void pl_census_stop(struct pl_census *c);
