#include "agent/io/cgroup.h"

#include "common/base/text.h"

#include <fcntl.h>
#include <unistd.h>

enum {
    PATH_BYTES = 320,
    LIMIT_BYTES = 1024, // a list of processors may be long
    USAGE_BYTES = 8192, // memory.stat
};

static int open_file(const char *sys, enum pl_cgroup_version version, enum pl_cgroup_file file)
{
    char path[PATH_BYTES];
    struct pl_text t = pl_text_init(path, sizeof path);
    const char *below = pl_cgroup_path(version, file);
    if (!below) return -1;
    pl_text_str(&t, sys);
    pl_text_str(&t, "/fs/cgroup/");
    pl_text_str(&t, below);
    return t.overflow ? -1 : open(path, O_RDONLY | O_CLOEXEC);
}

static void close_all(struct pl_cgroup *c)
{
    for (int i = 0; i < PL_CGROUP_FILES; i++) {
        if (c->fds[i] >= 0) (void)close(c->fds[i]); // nothing was written to it
        c->fds[i] = -1;
    }
}

void pl_cgroup_init(struct pl_cgroup *c)
{
    memset(&c->limits, 0xff, sizeof c->limits); // PL_RAW_ABSENT in every field
    c->is_limited = false;
    for (int i = 0; i < PL_CGROUP_FILES; i++) c->fds[i] = -1;
}

static void read_limits(const char *sys, enum pl_cgroup_version version, struct pl_raw_cgroup *out)
{
    uint8_t text[PL_CGROUP_FIRST_USAGE][LIMIT_BYTES];
    struct pl_span spans[PL_CGROUP_FIRST_USAGE];
    for (int i = 0; i < PL_CGROUP_FIRST_USAGE; i++) {
        int fd = open_file(sys, version, (enum pl_cgroup_file)i);
        ssize_t len = fd < 0 ? 0 : read(fd, text[i], LIMIT_BYTES);
        spans[i] = (struct pl_span){text[i], len < 0 ? 0 : (size_t)len};
        if (fd >= 0) (void)close(fd); // nothing was written to it
    }
    pl_cgroup_parse_limits(version, spans, out);
}

void pl_cgroup_look(struct pl_cgroup *c, const char *sys, uint64_t cores, uint64_t memory_kib)
{
    close_all(c);
    c->is_limited = false;
    for (int v = 0; v < PL_CGROUP_VERSIONS && !c->is_limited; v++) {
        c->version = (enum pl_cgroup_version)v;
        read_limits(sys, c->version, &c->limits);
        if (cores != PL_RAW_ABSENT && c->limits.cpu_milli >= cores * 1000)
            c->limits.cpu_milli = PL_RAW_ABSENT;
        if (memory_kib != PL_RAW_ABSENT && c->limits.memory_max / 1024 >= memory_kib)
            c->limits.memory_max = PL_RAW_ABSENT;
        c->is_limited =
            c->limits.cpu_milli != PL_RAW_ABSENT || c->limits.memory_max != PL_RAW_ABSENT;
    }
    for (int i = PL_CGROUP_FIRST_USAGE; i < PL_CGROUP_FILES && c->is_limited; i++)
        c->fds[i] = open_file(sys, c->version, (enum pl_cgroup_file)i);
}

void pl_cgroup_read(const struct pl_cgroup *c, struct pl_raw_cgroup *out)
{
    uint8_t text[USAGE_BYTES];
    *out = c->limits;
    for (int i = PL_CGROUP_FIRST_USAGE; i < PL_CGROUP_FILES; i++) {
        ssize_t len = c->fds[i] < 0 ? 0 : pread(c->fds[i], text, sizeof text, 0);
        if (len <= 0) continue; // absent, as the limits have it
        pl_cgroup_parse_usage(c->version, (enum pl_cgroup_file)i,
                              (struct pl_span){text, (size_t)len}, out);
    }
}

void pl_cgroup_stop(struct pl_cgroup *c)
{
    close_all(c);
}
