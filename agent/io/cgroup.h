/* cgroup.h - reads the limits of core/cgroup.h and, where there are any, the usage behind them.
 *
 * A system without limits costs nothing per sample; one with them five or six preads. */
#pragma once

#include "agent/core/cgroup.h"

struct pl_cgroup {
    enum pl_cgroup_version version;
    struct pl_raw_cgroup limits; // usage absent
    int fds[PL_CGROUP_FILES];    // owned; -1: not open. Only of usage
};

/* What /proc shows of the machine: what is not less than that is no limit. */
struct pl_cgroup_whole {
    uint64_t cores, memory_kib; // or PL_RAW_ABSENT
};

void pl_cgroup_init(struct pl_cgroup *c);
/* Read the limits of the whole system anew, below `sys` ("/sys"). */
void pl_cgroup_look(struct pl_cgroup *c, const char *sys, struct pl_cgroup_whole whole);
/* Read the limits of the group at `place` anew, which has usage even without any. False if it does
 * not tell what processor time it used: there is no such group. */
PL_MUST_CHECK bool pl_cgroup_look_at(struct pl_cgroup *c, const char *sys,
                                     const struct pl_cgroup_place *place,
                                     struct pl_cgroup_whole whole);
/* Fill in `out` what the files from `first` to `last` say now, one pread for each that there is;
 * `out` begins as a copy of the limits. */
void pl_cgroup_read(const struct pl_cgroup *c, enum pl_cgroup_file first, enum pl_cgroup_file last,
                    struct pl_raw_cgroup *out);
void pl_cgroup_stop(struct pl_cgroup *c);
