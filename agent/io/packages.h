/* packages.h - follows the logs of package managers: runs of them become changes.
 *
 *     var/log/dpkg.log, dnf.rpm.log -> a part per tick -> core/package_log -> told
 *
 * At the start the last 24 hours are read, with the log before the newest rotation: so nothing need
 * be remembered across a restart, and who is told twice takes it once. Then a log that grew is read
 * on, and one that was rotated is read to its end before the next. Missing logs are looked for
 * again every PL_PACKAGES_LOOK_MS; of one that is larger than PL_PACKAGES_TAIL_BYTES its end is
 * read. */
#pragma once

#include "agent/core/package_log.h"
#include "agent/core/told.h"

enum {
    PL_PACKAGES_LOOK_MS = 10 * 1000,
    PL_PACKAGES_STEP_BYTES = 32 * 1024,
    PL_PACKAGES_TAIL_BYTES = 4 * 1024 * 1024,
    PL_PACKAGES_KEEP_MS = 24 * 3600 * 1000,
};

struct pl_package_log {
    int fd; // owned; -1: not open
    uint64_t inode;
    int64_t at;          // where the next read begins
    bool has_looked;     // for the rotated one
    int64_t due_mono_ms; // when it is looked at again
    struct pl_package_run run;
};

struct pl_packages {
    const char *root; // borrowed
    struct pl_package_log logs[PL_PACKAGE_FORMAT_COUNT];
    uint8_t buf[PL_PACKAGES_STEP_BYTES];
};

/* `root` is "/", and stays where it is. */
void pl_packages_init(struct pl_packages *p, const char *root);
/* Read on, at most PL_PACKAGES_STEP_BYTES of each log. True if a run has ended: programs may run
 * from what it replaced. */
bool pl_packages_tick(struct pl_packages *p, struct pl_told *told, int64_t now_mono_ms,
                      int64_t now_unix_ms);
/* All there is was read, as of the last tick. */
bool pl_packages_is_read(const struct pl_packages *p, int64_t now_mono_ms);
void pl_packages_stop(struct pl_packages *p);
