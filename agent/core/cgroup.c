#include "agent/core/cgroup.h"

#include "agent/core/named.h"
#include "common/base/assert.h"

const char *pl_cgroup_path(enum pl_cgroup_version version, enum pl_cgroup_file file)
{
    static const char *const paths[PL_CGROUP_VERSIONS][PL_CGROUP_FILES] = {
        {"cpu/cpu.cfs_quota_us", "cpu/cpu.cfs_period_us", "cpuset/cpuset.effective_cpus",
         "memory/memory.limit_in_bytes", "cpu/cpu.stat", "cpuacct/cpuacct.usage",
         "memory/memory.usage_in_bytes", "memory/memory.stat", "memory/memory.oom_control"},
        {"cpu.max", NULL, "cpuset.cpus.effective", "memory.max", "cpu.stat", NULL, "memory.current",
         "memory.stat", "memory.events"},
    };
    PL_ASSERT(version < PL_CGROUP_VERSIONS && file < PL_CGROUP_FILES);
    return paths[version][file];
}

/* The first two numbers of the first line. */
static void two_numbers(struct pl_span text, uint64_t out[2])
{
    struct pl_span line = {text.ptr, 0};
    (void)pl_scan_line(&text, &line); // without a line there are no numbers
    out[0] = pl_scan_next(&line);
    out[1] = pl_scan_next(&line);
}

/* How many processors "0-2,5" lists; absent for anything else. */
static uint64_t count_list(struct pl_span text)
{
    uint64_t count = 0;
    struct pl_span line;
    if (!pl_scan_line(&text, &line) || line.len == 0) return PL_RAW_ABSENT;
    for (size_t at = 0; at <= line.len;) {
        uint64_t ends[2];
        for (int i = 0; i < 2; i++) {
            size_t start = at;
            while (at < line.len && line.ptr[at] >= '0' && line.ptr[at] <= '9') at++;
            ends[i] = pl_scan_number((struct pl_span){line.ptr + start, at - start});
            if (i == 0 && at < line.len && line.ptr[at] == '-')
                at++;
            else if (i == 0)
                ends[++i] = ends[0];
        }
        if (ends[0] > ends[1] || ends[1] > UINT16_MAX) return PL_RAW_ABSENT;
        if (at < line.len && line.ptr[at] != ',') return PL_RAW_ABSENT;
        count += ends[1] - ends[0] + 1;
        at++;
    }
    return count;
}

void pl_cgroup_parse_limits(enum pl_cgroup_version version, const struct pl_span *texts,
                            struct pl_raw_cgroup *out)
{
    /* Version 1 says "no limit" with -1, which is no number, or with all the memory there can be.
     */
    const uint64_t no_memory_limit = UINT64_C(1) << 62;
    const uint64_t processors_max = 1 << 16;
    uint64_t quota[2], period[2], memory[2];
    memset(out, 0xff, sizeof *out);               // PL_RAW_ABSENT in every field
    two_numbers(texts[PL_CGROUP_CPU_MAX], quota); // version 2: "max 100000" or "50000 100000"
    two_numbers(texts[PL_CGROUP_CPU_PERIOD], period);
    two_numbers(texts[PL_CGROUP_MEMORY_MAX], memory);
    if (version == PL_CGROUP_V1) quota[1] = period[0];
    bool has_quota = quota[0] != PL_RAW_ABSENT && quota[1] != PL_RAW_ABSENT && quota[1] > 0;
    if (has_quota && quota[0] / quota[1] < processors_max)
        out->cpu_milli = (uint64_t)((double)quota[0] * 1000 / (double)quota[1]);
    uint64_t processors = count_list(texts[PL_CGROUP_CPUSET]);
    if (processors != PL_RAW_ABSENT && processors * 1000 < out->cpu_milli)
        out->cpu_milli = processors * 1000;
    if (memory[0] < no_memory_limit) out->memory_max = memory[0];
}

void pl_cgroup_parse_usage(enum pl_cgroup_version version, enum pl_cgroup_file file,
                           struct pl_span text, struct pl_raw_cgroup *out)
{
    bool v1 = version == PL_CGROUP_V1;
    const struct pl_named cpu[] = {PL_NAMED("nr_periods", &out->periods),
                                   PL_NAMED("nr_throttled", &out->throttled),
                                   PL_NAMED("usage_usec", &out->cpu_us)};
    const struct pl_named stat[] = {PL_NAMED("inactive_file", &out->inactive_file)};
    const struct pl_named stat_v1[] = {PL_NAMED("total_inactive_file", &out->inactive_file)};
    const struct pl_named oom[] = {PL_NAMED("oom_kill", &out->oom_kills)};
    uint64_t number[2];
    two_numbers(text, number);
    if (file == PL_CGROUP_CPU_STAT) pl_named_lines(text, cpu, v1 ? 2 : 3);
    if (file == PL_CGROUP_CPU_USAGE)
        out->cpu_us = number[0] == PL_RAW_ABSENT ? PL_RAW_ABSENT : number[0] / 1000;
    if (file == PL_CGROUP_MEMORY_CURRENT) out->memory = number[0];
    if (file == PL_CGROUP_MEMORY_STAT) pl_named_lines(text, v1 ? stat_v1 : stat, 1);
    if (file == PL_CGROUP_OOM) pl_named_lines(text, oom, 1);
}
