/* procdir.h - the names in a directory, read without allocation: getdents64(2) into a fixed buffer.
 */
#pragma once

#include "common/base/base.h"

#include <stddef.h>
#include <stdint.h>

enum { PL_PROCDIR_BYTES = 8192 }; // some 300 names at a time

struct pl_procdir {
    int fd; // owned; -1: not open
    size_t at, len;
    _Alignas(8) uint8_t entries[PL_PROCDIR_BYTES];
};

/* Open `path` below the directory `at_fd` (AT_FDCWD: as it is). 0 or -errno; what was open is
 * closed. */
PL_MUST_CHECK int pl_procdir_open(struct pl_procdir *d, int at_fd, const char *path);
/* The next name, until the call after this one; NULL behind the last. */
const char *pl_procdir_next(struct pl_procdir *d);
void pl_procdir_close(struct pl_procdir *d);
