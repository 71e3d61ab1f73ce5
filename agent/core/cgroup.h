/* cgroup.h - what a control group lets its processes use, and what they use of it: that of the
 * whole system, and that of the watched service.
 *
 * In a container the root of /sys/fs/cgroup is the container's own group, and what limits it there
 * limits everything the agent sees: /proc knows nothing of that. On a machine of its own the root
 * has no limits, and no files for them (version 2) or files that say "none" (version 1). So for the
 * whole only the root is asked, never the group of the agent's own unit, whose limits are the
 * agent's.
 *
 * Documentation/admin-guide/cgroup-v2.rst, cgroup-v1/memory.rst and scheduler/sched-bwc.rst. */
#pragma once

#include "agent/core/scan.h"
#include "common/base/base.h"
#include "common/base/text.h"

enum pl_cgroup_version { PL_CGROUP_V1, PL_CGROUP_V2, PL_CGROUP_VERSIONS };

enum { PL_CGROUP_PATH_MAX = 255 };

/* Each has a tree of its own in version 1; version 2 has one tree for all. */
enum pl_cgroup_controller {
    PL_CGROUP_CPU,
    PL_CGROUP_CPUACCT,
    PL_CGROUP_CPUSETS,
    PL_CGROUP_MEMORY,
    PL_CGROUP_CONTROLLERS
};

/* Where a group is. */
struct pl_cgroup_place {
    enum pl_cgroup_version version;
    bool has[PL_CGROUP_CONTROLLERS]; // false: nothing is known of what this controller says
    char path[PL_CGROUP_CONTROLLERS][PL_CGROUP_PATH_MAX + 1]; // "/a/b"; empty: the root
};

/* Limits are read seldom, usage with every sample or every few. */
enum pl_cgroup_file {
    PL_CGROUP_CPU_MAX,
    PL_CGROUP_CPU_PERIOD, // version 1 only
    PL_CGROUP_CPUSET,
    PL_CGROUP_MEMORY_MAX,
    PL_CGROUP_CPU_WEIGHT,
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
    uint64_t cpu_weight;         // among its siblings; 100 unless somebody changed it
    uint64_t cpu_us;             // used
    uint64_t periods, throttled; // enforcement periods, and those in which it was held back
    uint64_t memory;             // bytes used,
    uint64_t inactive_file;      // of which page cache that can be had back cheaply
    uint64_t oom_kills;
};

/* The root of that version. */
void pl_cgroup_root(enum pl_cgroup_version version, struct pl_cgroup_place *out);
/* The group of that path, the same in all trees. PL_E_SYNTAX unless it begins with '/', names a
 * group below the root and has no "." or ".." in it; PL_E_TOO_BIG. */
PL_MUST_CHECK int pl_cgroup_named(enum pl_cgroup_version version, struct pl_span path,
                                  struct pl_cgroup_place *out);
/* Which group a process has to itself, from /proc/PID/cgroup of it and of the agent (cgroups(7)).
 * A group is no service's own if it is the root, if the agent is in it or below it, or if it is a
 * login session (/user.slice, unless it is a unit of the user's own): shells and builds share that.
 * False if processor time is not counted for a group of its own: `*out` is undefined then. */
PL_MUST_CHECK bool pl_cgroup_own(struct pl_span service, struct pl_span agent,
                                 struct pl_cgroup_place *out);
/* Path of a file below /sys/fs/cgroup. False: there is no such file at that place. */
PL_MUST_CHECK bool pl_cgroup_path(const struct pl_cgroup_place *place, enum pl_cgroup_file file,
                                  struct pl_text *out);
/* The limits: texts of the files before PL_CGROUP_FIRST_USAGE, by their number; empty for those
 * that are not there. Usage becomes absent. */
void pl_cgroup_parse_limits(enum pl_cgroup_version version, const struct pl_span *texts,
                            struct pl_raw_cgroup *out);
/* What one of the files from PL_CGROUP_FIRST_USAGE on says. */
void pl_cgroup_parse_usage(enum pl_cgroup_version version, enum pl_cgroup_file file,
                           struct pl_span text, struct pl_raw_cgroup *out);
