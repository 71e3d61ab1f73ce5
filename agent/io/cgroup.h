/* cgroup.h - reads the limits of core/cgroup.h and, where there are any, the usage behind them.
 *
 * A system without limits costs nothing per sample; one with them five or six preads. */
#pragma once

#include "agent/core/cgroup.h"

struct pl_cgroup {
    enum pl_cgroup_version version;
    struct pl_raw_cgroup limits; // usage absent
    bool is_limited;
    int fds[PL_CGROUP_FILES]; // owned; -1: not open. Only of usage, only while limited
};

void pl_cgroup_init(struct pl_cgroup *c);
/* Read the limits anew below `sys` ("/sys"). `cores` and `memory_kib` of /proc: what is not less
 * than these is no limit. */
void pl_cgroup_look(struct pl_cgroup *c, const char *sys, uint64_t cores, uint64_t memory_kib);
/* Fill `out`: the limits, and what is used of them now. */
void pl_cgroup_read(const struct pl_cgroup *c, struct pl_raw_cgroup *out);
void pl_cgroup_stop(struct pl_cgroup *c);
