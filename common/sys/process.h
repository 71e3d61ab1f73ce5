/* process.h - what a daemon asks of its own process: file limit, memory, the signal nobody wants.
 */
#pragma once

#include "common/base/base.h"

#include <stddef.h>
#include <stdint.h>

/* Ignore SIGPIPE (a closed socket is an error code here, not a death) and raise the soft limit of
 * open files to the hard one. Returns the limit now in force. */
uint64_t pl_process_prepare(void);

/* Keep large pieces of memory apart from the heap (mallopt(3)): they cost no pages before they are
 * used, and leave none behind when they are freed. Before the first allocation. */
void pl_process_keep_apart(void);

/* Resident memory in KiB, from /proc/self/statm; -1 when it cannot be read. */
int64_t pl_process_rss_kib(void);

/* A seed for jitter, different in every process: from getrandom(2), or the clock if that fails. */
uint64_t pl_process_seed(void);

/* Keep what is in memory now, and what these mappings bring in later, from being swapped out or
 * dropped: a process that must run while memory runs out cannot wait for a disk. Mappings made
 * later are not locked. 0 or -errno: -ENOMEM and -EPERM where RLIMIT_MEMLOCK does not allow it. */
PL_MUST_CHECK int pl_process_lock(void);

/* Give memory back, and unlock it all: free heap pages, and the clean pages of program and
 * libraries, which come back from the page cache when they are used again. A TLS handshake touches
 * megabytes of code once. */
void pl_process_trim(void);

/* Zeroed memory for a large table that is walked out of every cache, in huge pages where the system
 * gives them: a table of 330 MiB in small pages costs a walk through the page tables at each step.
 * What is never touched costs nothing. NULL when there is none; `bytes` > 0. Give back with
 * pl_process_unmap() and the same `bytes`; that takes NULL, too. */
void *pl_process_map(size_t bytes);
void pl_process_unmap(void *memory, size_t bytes);
