/* local_find.h - which servers run here that might say how busy they are: a search in steps.
 *
 *     listeners (queues.h) -> whose are they? (/proc/PID/comm, fd) -> well-known places, one by one
 *
 * Only ports held by a process that is called haproxy, nginx, apache2, httpd or php-fpm are asked,
 * because a question that is not understood is an error to others: a database may lock its host
 * out. haproxy and php-fpm are also looked for behind Unix sockets where Debian puts them. Without
 * the right to see whose a socket is (CAP_SYS_PTRACE) ports 80 and 8080 are asked if such a process
 * runs. A search begins every PL_LOCAL_FIND_MS; one step looks at PL_LOCAL_FIND_PROCESSES. */
#pragma once

#include "agent/core/listen.h"
#include "agent/io/local_source.h"
#include "agent/io/procdir.h"
#include "agent/io/queues.h"

enum {
    PL_LOCAL_FIND_MS = 120 * 1000,
    PL_LOCAL_FIND_PROCESSES = 300,
    PL_LOCAL_LISTENERS_MAX = 128, // further ones are not looked at
    PL_LOCAL_SOCKETS_MAX = 8,     // of php-fpm
};

struct pl_local_listener {
    enum pl_status_kind kind; // PL_STATUS_KIND_COUNT: of nobody who is asked
    uint32_t pid;             // of the first process that holds it
};

struct pl_local_find {
    struct pl_queues *queues; // borrowed
    const char *proc_root, *run_root;
    enum { PL_FIND_RESTING, PL_FIND_SEARCHING, PL_FIND_TRYING } phase;
    int64_t due_mono_ms;
    uint32_t hidden_kinds; // bits: such a process runs, and its sockets cannot be seen
    uint32_t count;        // of the two below
    struct pl_raw_listener listeners[PL_LOCAL_LISTENERS_MAX];
    struct pl_local_listener owners[PL_LOCAL_LISTENERS_MAX];
    uint32_t socket_count;
    char sockets[PL_LOCAL_SOCKETS_MAX][PL_LOCAL_SOCKET_BYTES];
    uint32_t next; // place to be tried
    struct pl_procdir processes;
    struct pl_procdir entries; // of one process, or of a directory of sockets
};

void pl_local_find_init(struct pl_local_find *f, struct pl_queues *queues, const char *proc_root,
                        const char *run_root, int64_t now_mono_ms);
/* Go on with the search. */
void pl_local_find_step(struct pl_local_find *f, int64_t now_mono_ms);
/* The next place that is worth a question, and the process there (0: not known); false while there
 * is none. */
bool pl_local_find_next(struct pl_local_find *f, struct pl_local_target *out, uint32_t *pid);
void pl_local_find_stop(struct pl_local_find *f);
