/* cgroup.h - what a control group lets this system use, and what it uses of it.
 *
 * In a container the root of /sys/fs/cgroup is the container's own group, and what limits it there
 * limits everything the agent sees: /proc knows nothing of that. On a machine of its own the root
 * has no limits, and no files for them (version 2) or files that say "none" (version 1). So only
 * the root is asked, never the group of the agent's own service, whose limits are the agent's.
 *
 * Documentation/admin-guide/cgroup-v2.rst, cgroup-v1/memory.rst and scheduler/sched-bwc.rst. */
#pragma once

#include "agent/core/scan.h"
#include "common/base/base.h"

enum pl_cgroup_version { PL_CGROUP_V1, PL_CGROUP_V2, PL_CGROUP_VERSIONS };

/* Limits are read seldom, usage with every sample. */
enum pl_cgroup_file {
    PL_CGROUP_CPU_MAX,
    PL_CGROUP_CPU_PERIOD, // version 1 only
    PL_CGROUP_CPUSET,
    PL_CGROUP_MEMORY_MAX,
    PL_CGROUP_CPU_STAT,
    PL_CGROUP_CPU_USAGE, // version 1 only
    PL_CGROUP_MEMORY_CURRENT,
    PL_CGROUP_MEMORY_STAT,
    PL_CGROUP_OOM,
    PL_CGROUP_FILES,
    PL_CGROUP_FIRST_USAGE = PL_CGROUP_CPU_STAT
};

/* PL_RAW_ABSENT: no limit, or not known. */
struct pl_raw_cgroup {
    uint64_t cpu_milli;          // limits: processors times 1,000,
    uint64_t memory_max;         // and bytes
    uint64_t cpu_us;             // used
    uint64_t periods, throttled; // enforcement periods, and those in which it was held back
    uint64_t memory;             // bytes used,
    uint64_t inactive_file;      // of which page cache that can be had back cheaply
    uint64_t oom_kills;
};

/* Path below /sys/fs/cgroup, static storage; NULL: that version has no such file. */
const char *pl_cgroup_path(enum pl_cgroup_version version, enum pl_cgroup_file file);
/* The limits: texts of the files before PL_CGROUP_FIRST_USAGE, by their number; empty for those
 * that are not there. Usage becomes absent. */
void pl_cgroup_parse_limits(enum pl_cgroup_version version, const struct pl_span *texts,
                            struct pl_raw_cgroup *out);
/* What one of the files from PL_CGROUP_FIRST_USAGE on says. */
void pl_cgroup_parse_usage(enum pl_cgroup_version version, enum pl_cgroup_file file,
                           struct pl_span text, struct pl_raw_cgroup *out);
