/* process.h - what /proc/PID says of a process: when it started, and whether what it runs from is
 * still the file that is installed.
 *
 * The kernel shows a file that was replaced or removed with " (deleted)" behind its name, in
 * /proc/PID/exe and in /proc/PID/maps (proc(5)). Not everything that looks so was upgraded: memfds,
 * shared memory, and code that a program made itself have no file that anybody installs. So only
 * executable mappings count, and only of files where packages put them. */
#pragma once

#include "common/base/base.h"
#include "common/base/span.h"

/* The file of a line of /proc/PID/maps (without its newline) or of the target of /proc/PID/exe that
 * was upgraded away, without " (deleted)", borrowed; empty: it was not. */
struct pl_span pl_process_old_map(struct pl_span line);
struct pl_span pl_process_old_exe(struct pl_span target);
/* When it started, clock ticks after the machine did, from /proc/PID/stat; UINT64_MAX if it does
 * not say. */
uint64_t pl_process_started(struct pl_span stat);
/* "libssl.so.3" */
struct pl_span pl_process_file_name(struct pl_span file);
