/* watched.h - the watched service: what an operator may call it, and what /proc says of its
 * processes.
 *
 * A host's service is the process tree, or the control group, behind its main listening socket.
 * Which socket that is, is decided in listen.h; which group, in cgroup.h; what the tree used, in
 * tree.h. */
#pragma once

#include "agent/core/scan.h"
#include "common/base/base.h"

enum {
    PL_WATCHED_TEXT_MAX = 255,
    PL_WATCHED_PROGRAM_MAX = 15, // what the kernel keeps of a program's name (TASK_COMM_LEN)
};

enum pl_watched_kind {
    PL_WATCHED_NONE,    // do not watch any
    PL_WATCHED_MAIN,    // behind the main listening socket
    PL_WATCHED_PORT,    // behind the socket of that port
    PL_WATCHED_PROGRAM, // the first process of that name
    PL_WATCHED_GROUP,   // a control group
};

struct pl_watched_choice {
    enum pl_watched_kind kind;
    uint16_t port;
    char text[PL_WATCHED_TEXT_MAX + 1]; // the program, or the group's path "/web.slice"
};

/* What `agent.service` may say: "" is the main one; "none"; a port, "8080"; a path that begins with
 * '/', a control group; anything else is the name of a program, of which the first
 * PL_WATCHED_PROGRAM_MAX characters count. PL_E_RANGE for a number that is no port, PL_E_TOO_BIG
 * for a text too long, PL_E_SYNTAX for a path that pl_cgroup_named() refuses. */
PL_MUST_CHECK int pl_watched_choice_parse(struct pl_span text, struct pl_watched_choice *out);

/* /proc/PID/stat (proc(5)); PL_RAW_ABSENT for what it does not say. */
struct pl_raw_process {
    uint64_t parent;        // pid
    uint64_t used_us;       // processor time of its own and of the children it has waited for
    uint64_t threads;       //
    uint64_t started_ticks; // after boot; with its pid this is who it is
    bool has_ended;         // a zombie
};
/* A name with blanks, parentheses or line ends in it is no obstacle. */
void pl_watched_parse_process(struct pl_span text, struct pl_raw_process *out);
/* Take the next pid off the text of /proc/PID/task/TID/children, "12 345 ". A pid without the blank
 * behind it was cut and does not count. False when there is none. */
PL_MUST_CHECK bool pl_watched_next_child(struct pl_span *text, uint32_t *pid);
/* The soft limit of open files in /proc/PID/limits; PL_RAW_ABSENT for none or unlimited. */
uint64_t pl_watched_parse_files_limit(struct pl_span text);
