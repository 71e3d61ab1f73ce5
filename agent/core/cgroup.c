#include "agent/core/cgroup.h"

#include "agent/core/named.h"
#include "common/base/assert.h"
#include "common/base/err.h"

static const struct {
    enum pl_cgroup_controller controller;
    const char *name[PL_CGROUP_VERSIONS]; // NULL: that version has no such file
} files[PL_CGROUP_FILES] = {
    [PL_CGROUP_CPU_MAX] = {PL_CGROUP_CPU, {"cpu.cfs_quota_us", "cpu.max"}},
    [PL_CGROUP_CPU_PERIOD] = {PL_CGROUP_CPU, {"cpu.cfs_period_us", NULL}},
    [PL_CGROUP_CPUSET] = {PL_CGROUP_CPUSETS, {"cpuset.effective_cpus", "cpuset.cpus.effective"}},
    [PL_CGROUP_MEMORY_MAX] = {PL_CGROUP_MEMORY, {"memory.limit_in_bytes", "memory.max"}},
    [PL_CGROUP_CPU_WEIGHT] = {PL_CGROUP_CPU, {"cpu.shares", "cpu.weight"}},
    [PL_CGROUP_CPU_STAT] = {PL_CGROUP_CPU, {"cpu.stat", "cpu.stat"}},
    [PL_CGROUP_CPU_USAGE] = {PL_CGROUP_CPUACCT, {"cpuacct.usage", NULL}},
    [PL_CGROUP_MEMORY_CURRENT] = {PL_CGROUP_MEMORY, {"memory.usage_in_bytes", "memory.current"}},
    [PL_CGROUP_MEMORY_STAT] = {PL_CGROUP_MEMORY, {"memory.stat", "memory.stat"}},
    [PL_CGROUP_OOM] = {PL_CGROUP_MEMORY, {"memory.oom_control", "memory.events"}},
};

/* The trees of version 1, as they are called in /proc/PID/cgroup and below /sys/fs/cgroup. */
static const char *const trees[PL_CGROUP_CONTROLLERS] = {"cpu", "cpuacct", "cpuset", "memory"};

void pl_cgroup_root(enum pl_cgroup_version version, struct pl_cgroup_place *out)
{
    *out = (struct pl_cgroup_place){.version = version, .has = {true, true, true, true}};
}

static bool has_dots(struct pl_span path)
{
    for (size_t i = 0, dots = 0, other = 0; i <= path.len; i++) {
        if (i == path.len || path.ptr[i] == '/') {
            if (other == 0 && (dots == 1 || dots == 2)) return true;
            dots = other = 0;
        } else if (path.ptr[i] == '.') {
            dots++;
        } else {
            other++;
        }
    }
    return false;
}

static int copy_path(struct pl_span path, char out[PL_CGROUP_PATH_MAX + 1])
{
    if (path.len < 2 || path.ptr[0] != '/' || has_dots(path)) return PL_E_SYNTAX;
    if (path.len > PL_CGROUP_PATH_MAX) return PL_E_TOO_BIG;
    for (size_t i = 0; i < path.len; i++) {
        if (path.ptr[i] <= ' ' || path.ptr[i] > '~') return PL_E_SYNTAX;
    }
    memcpy(out, path.ptr, path.len);
    out[path.len] = '\0';
    return 0;
}

int pl_cgroup_named(enum pl_cgroup_version version, struct pl_span path,
                    struct pl_cgroup_place *out)
{
    struct pl_cgroup_place place;
    pl_cgroup_root(version, &place);
    for (int i = 0; i < PL_CGROUP_CONTROLLERS; i++) {
        int err = copy_path(path, place.path[i]);
        if (err < 0) return err;
    }
    *out = place;
    return 0;
}

/* Is `word` in the list "cpu,cpuacct"? The list of version 2 is empty, and so is its word. */
static bool lists(struct pl_span list, struct pl_span word)
{
    for (size_t start = 0, at = 0; at <= list.len; at++) {
        if (at < list.len && list.ptr[at] != ',') continue;
        if (pl_span_eq((struct pl_span){list.ptr + start, at - start}, word)) return true;
        start = at + 1;
    }
    return false;
}

/* The path behind "ID:LIST:", where LIST names that tree; version 2 has an empty one. */
static bool find_tree(struct pl_span text, const char *tree, struct pl_span *path)
{
    struct pl_span line;
    while (pl_scan_line(&text, &line)) {
        const uint8_t *first = line.len > 0 ? memchr(line.ptr, ':', line.len) : NULL;
        if (!first) continue;
        size_t left = (size_t)(line.ptr + line.len - first) - 1;
        const uint8_t *second = left > 0 ? memchr(first + 1, ':', left) : NULL;
        if (!second) continue;
        if (!lists((struct pl_span){first + 1, (size_t)(second - first) - 1}, pl_span_of(tree)))
            continue;
        *path = (struct pl_span){second + 1, (size_t)(line.ptr + line.len - second) - 1};
        return true;
    }
    return false;
}

static bool begins(struct pl_span text, struct pl_span with)
{
    return text.len >= with.len && memcmp(text.ptr, with.ptr, with.len) == 0;
}

static bool ends(struct pl_span text, struct pl_span with)
{
    return text.len >= with.len && memcmp(text.ptr + text.len - with.len, with.ptr, with.len) == 0;
}

/* Its own, and not shared with the agent or with a login session. */
static bool own_path(struct pl_span service, struct pl_span agent, const char *tree, char *out)
{
    struct pl_span path, ours;
    if (!find_tree(service, tree, &path) || !find_tree(agent, tree, &ours)) return false;
    if (copy_path(path, out) < 0) return false;
    bool is_ours = begins(ours, path) && (ours.len == path.len || ours.ptr[path.len] == '/');
    bool is_users = begins(path, pl_span_of("/user.slice/")) && !ends(path, pl_span_of(".service"));
    return !is_ours && !is_users;
}

bool pl_cgroup_own(struct pl_span service, struct pl_span agent, struct pl_cgroup_place *out)
{
    struct pl_span path;
    bool is_v1 = find_tree(service, trees[PL_CGROUP_CPUACCT], &path);
    pl_cgroup_root(is_v1 ? PL_CGROUP_V1 : PL_CGROUP_V2, out);
    for (int i = 0; i < PL_CGROUP_CONTROLLERS; i++)
        out->has[i] = own_path(service, agent, is_v1 ? trees[i] : "", out->path[i]);
    return out->has[PL_CGROUP_CPUACCT];
}

bool pl_cgroup_path(const struct pl_cgroup_place *place, enum pl_cgroup_file file,
                    struct pl_text *out)
{
    PL_ASSERT(place->version < PL_CGROUP_VERSIONS && file < PL_CGROUP_FILES);
    enum pl_cgroup_controller controller = files[file].controller;
    const char *name = files[file].name[place->version];
    if (!name || !place->has[controller]) return false;
    if (place->version == PL_CGROUP_V1) {
        pl_text_char(out, '/');
        pl_text_str(out, trees[controller]);
    }
    pl_text_str(out, place->path[controller]);
    pl_text_char(out, '/');
    pl_text_str(out, name);
    return !out->overflow;
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
    const uint64_t shares_usual = 1024; // of cpu.shares, which is a weight of 100
    uint64_t quota[2], period[2], memory[2], weight[2];
    memset(out, 0xff, sizeof *out);               // PL_RAW_ABSENT in every field
    two_numbers(texts[PL_CGROUP_CPU_MAX], quota); // version 2: "max 100000" or "50000 100000"
    two_numbers(texts[PL_CGROUP_CPU_PERIOD], period);
    two_numbers(texts[PL_CGROUP_MEMORY_MAX], memory);
    two_numbers(texts[PL_CGROUP_CPU_WEIGHT], weight);
    if (version == PL_CGROUP_V1) quota[1] = period[0];
    bool has_quota = quota[0] != PL_RAW_ABSENT && quota[1] != PL_RAW_ABSENT && quota[1] > 0;
    if (has_quota && quota[0] / quota[1] < processors_max)
        out->cpu_milli = (uint64_t)((double)quota[0] * 1000 / (double)quota[1]);
    uint64_t processors = count_list(texts[PL_CGROUP_CPUSET]);
    if (processors != PL_RAW_ABSENT && processors * 1000 < out->cpu_milli)
        out->cpu_milli = processors * 1000;
    if (memory[0] < no_memory_limit) out->memory_max = memory[0];
    out->cpu_weight = weight[0];
    if (version == PL_CGROUP_V1 && weight[0] <= UINT32_MAX)
        out->cpu_weight = PL_MAX((weight[0] * 100 + shares_usual / 2) / shares_usual, 1);
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
