#include "agent/io/cgroup.h"

#include "common/base/text.h"

#include <fcntl.h>
#include <unistd.h>

enum {
    PATH_BYTES = 640,
    LIMIT_BYTES = 1024, // a list of processors may be long
    USAGE_BYTES = 8192, // memory.stat
};

static int open_file(const char *sys, const struct pl_cgroup_place *place, enum pl_cgroup_file file)
{
    char path[PATH_BYTES];
    struct pl_text t = pl_text_init(path, sizeof path);
    pl_text_str(&t, sys);
    pl_text_str(&t, "/fs/cgroup");
    return pl_cgroup_path(place, file, &t) ? open(path, O_RDONLY | O_CLOEXEC) : -1;
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
    for (int i = 0; i < PL_CGROUP_FILES; i++) c->fds[i] = -1;
}

static void read_limits(const char *sys, const struct pl_cgroup_place *place,
                        struct pl_raw_cgroup *out)
{
    uint8_t text[PL_CGROUP_FIRST_USAGE][LIMIT_BYTES];
    struct pl_span spans[PL_CGROUP_FIRST_USAGE];
    for (int i = 0; i < PL_CGROUP_FIRST_USAGE; i++) {
        int fd = open_file(sys, place, (enum pl_cgroup_file)i);
        ssize_t len = fd < 0 ? 0 : read(fd, text[i], LIMIT_BYTES);
        spans[i] = (struct pl_span){text[i], len < 0 ? 0 : (size_t)len};
        if (fd >= 0) (void)close(fd); // nothing was written to it
    }
    pl_cgroup_parse_limits(place->version, spans, out);
}

/* The limits of `place`, of which those count that are less than what /proc shows. */
static void look_at(struct pl_cgroup *c, const char *sys, const struct pl_cgroup_place *place,
                    struct pl_cgroup_whole whole)
{
    c->version = place->version;
    read_limits(sys, place, &c->limits);
    if (whole.cores != PL_RAW_ABSENT && c->limits.cpu_milli >= whole.cores * 1000)
        c->limits.cpu_milli = PL_RAW_ABSENT;
    if (whole.memory_kib != PL_RAW_ABSENT && c->limits.memory_max / 1024 >= whole.memory_kib)
        c->limits.memory_max = PL_RAW_ABSENT;
}

static void open_usage(struct pl_cgroup *c, const char *sys, const struct pl_cgroup_place *place)
{
    for (int i = PL_CGROUP_FIRST_USAGE; i < PL_CGROUP_FILES; i++)
        c->fds[i] = open_file(sys, place, (enum pl_cgroup_file)i);
}

void pl_cgroup_look(struct pl_cgroup *c, const char *sys, struct pl_cgroup_whole whole)
{
    struct pl_cgroup_place root;
    bool is_limited = false;
    close_all(c);
    for (int v = 0; v < PL_CGROUP_VERSIONS && !is_limited; v++) {
        pl_cgroup_root((enum pl_cgroup_version)v, &root);
        look_at(c, sys, &root, whole);
        is_limited = c->limits.cpu_milli != PL_RAW_ABSENT || c->limits.memory_max != PL_RAW_ABSENT;
    }
    if (is_limited) open_usage(c, sys, &root);
}

bool pl_cgroup_look_at(struct pl_cgroup *c, const char *sys, const struct pl_cgroup_place *place,
                       struct pl_cgroup_whole whole)
{
    close_all(c);
    look_at(c, sys, place, whole);
    open_usage(c, sys, place);
    return c->fds[place->version == PL_CGROUP_V1 ? PL_CGROUP_CPU_USAGE : PL_CGROUP_CPU_STAT] >= 0;
}

void pl_cgroup_read(const struct pl_cgroup *c, enum pl_cgroup_file first, enum pl_cgroup_file last,
                    struct pl_raw_cgroup *out)
{
    uint8_t text[USAGE_BYTES];
    for (int i = (int)first; i <= (int)last; i++) {
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
