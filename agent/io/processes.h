/* processes.h - the process tree of the watched service: what it uses, and how near its processes
 * are to their limit of open files.
 *
 *     look    children of the root -> new processes; the CPU clock of each -> core/tree.h
 *     survey  /proc/PID/{stat,task,fd,limits} of all, root first: who belongs to it, times, files
 *
 * A look is one pread and one clock per process (0.3 us each, no file). A survey costs some 25 us
 * per process, so it comes every 10 s and less often with more than five processes. Open files are
 * told by the size of /proc/PID/fd since Linux 6.2; before, they have to be listed, which is done
 * for PL_PROCESSES_LISTED_MAX entries per survey, the processes taking turns. */
#pragma once

#include "agent/core/tree.h"
#include "agent/core/watched.h"

enum {
    PL_PROCESSES_SURVEY_MS = 10 * 1000,      // at least,
    PL_PROCESSES_SURVEY_MS_EACH = 2 * 1000,  // and so much per process,
    PL_PROCESSES_SURVEY_MS_MAX = 60 * 1000,  // but no more
    PL_PROCESSES_THREADS_MAX = 1024,         // asked for children by one survey
    PL_PROCESSES_LISTED_MAX = 2000,          // and entries of fd listed by one
    PL_PROCESSES_LISTED_EACH_MAX = 8 * 1000, // with more entries, its open files are not known
    PL_PROCESSES_CHILDREN_BYTES = 4096,
};

struct pl_processes {
    int proc_fd;     // owned; -1: not watching
    int children_fd; // owned: of the root's main thread; -1: this kernel has none
    uint32_t root;   // pid
    uint64_t started_ticks;
    bool is_whole;   // false: there are more processes than fit, or they could not be listed
    bool has_looked; //
    int64_t looked_us, survey_mono_ms;
    uint32_t threads_asked, listed, list_turn; // of a survey; whose turn it is to be listed
    struct pl_tree tree;
    uint32_t children_len;
    uint8_t children[PL_PROCESSES_CHILDREN_BYTES]; // of the root, as of the last look
    _Alignas(8) uint8_t text[PL_PROCESSES_CHILDREN_BYTES];
};

void pl_processes_init(struct pl_processes *p);
/* Watch the tree below process `pid` of `proc` ("/proc") from now on. 0, or -errno if there is no
 * such process. */
PL_MUST_CHECK int pl_processes_start(struct pl_processes *p, const char *proc, uint32_t pid);
/* Look, and survey if that is due. False when the root has ended: then it has stopped watching. */
PL_MUST_CHECK bool pl_processes_look(struct pl_processes *p, int64_t now_mono_ms, int64_t now_us);
/* What the tree used since pl_processes_start, us; PL_RAW_ABSENT if it is not known whole. */
uint64_t pl_processes_used_us(const struct pl_processes *p);
void pl_processes_stop(struct pl_processes *p);
