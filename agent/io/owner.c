#include "agent/io/owner.h"

#include "agent/core/watched.h"
#include "common/base/text.h"

#include <dirent.h>
#include <fcntl.h>
#include <stddef.h>
#include <unistd.h>

enum { PATH_BYTES = 64 };

void pl_owner_init(struct pl_owner *o)
{
    *o = (struct pl_owner){.proc_fd = -1};
}

bool pl_owner_is_searching(const struct pl_owner *o)
{
    return o->proc_fd >= 0;
}

void pl_owner_stop(struct pl_owner *o)
{
    if (o->proc_fd >= 0) (void)close(o->proc_fd); // nothing was written to it
    o->proc_fd = -1;
}

void pl_owner_start(struct pl_owner *o, const char *root, uint32_t inode)
{
    pl_owner_stop(o);
    o->inode = inode;
    o->name = NULL;
    o->at = o->len = 0;
    o->pid = 0;
    o->found[0] = '\0';
    if (inode != 0) o->proc_fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

void pl_owner_start_named(struct pl_owner *o, const char *root, const char *name)
{
    pl_owner_start(o, root, 0);
    o->name = name;
    o->proc_fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/* The name of the directory entry at `*at`, which goes on to the next. getdents64(2) fills whole
 * entries with a NUL behind each name. */
static const char *next_name(const uint8_t *entries, size_t *at)
{
    const uint8_t *entry = entries + *at;
    unsigned short len;
    memcpy(&len, entry + offsetof(struct dirent64, d_reclen), sizeof len);
    *at += len;
    return (const char *)entry + offsetof(struct dirent64, d_name);
}

static bool is_number(const char *name)
{
    return name[0] >= '0' && name[0] <= '9';
}

/* "PID/what" below /proc. */
static void join(const char *pid, const char *what, char path[PATH_BYTES])
{
    struct pl_text text = pl_text_init(path, PATH_BYTES);
    pl_text_str(&text, pid);
    pl_text_char(&text, '/');
    pl_text_str(&text, what);
}

/* What /proc/PID/comm says; empty if it has just ended. */
static void read_name(struct pl_owner *o, const char *pid, char out[PL_LISTENER_OWNER_MAX + 1])
{
    char path[PATH_BYTES];
    join(pid, "comm", path);
    int fd = openat(o->proc_fd, path, O_RDONLY | O_CLOEXEC);
    ssize_t len = fd < 0 ? 0 : read(fd, out, PL_LISTENER_OWNER_MAX);
    if (fd >= 0) (void)close(fd); // nothing was written to it
    if (len < 0) len = 0;
    if (len > 0 && out[len - 1] == '\n') len--;
    out[len] = '\0';
    for (char *c = out; *c != '\0'; c++) {
        if (*c < ' ' || *c > '~') *c = '?';
    }
}

/* Does that process hold the socket? `*links` counts the descriptors that were looked at. */
static bool holds(struct pl_owner *o, const char *pid, uint32_t *links)
{
    char path[PATH_BYTES], want[PATH_BYTES], link[PATH_BYTES];
    struct pl_text text = pl_text_init(want, sizeof want);
    pl_text_str(&text, "socket:[");
    pl_text_u64(&text, o->inode);
    pl_text_char(&text, ']');
    join(pid, "fd", path);
    int fd = openat(o->proc_fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    (*links)++;
    if (fd < 0) return false; // of another user, or ended
    ssize_t len = getdents64(fd, o->descriptors, sizeof o->descriptors);
    bool found = false;
    for (size_t at = 0; len > 0 && at < (size_t)len && !found;) {
        const char *name = next_name(o->descriptors, &at);
        ssize_t link_len = is_number(name) ? readlinkat(fd, name, link, sizeof link) : 0;
        found = link_len == (ssize_t)text.len && memcmp(link, want, text.len) == 0;
        (*links)++;
    }
    (void)close(fd); // nothing was written to it
    return found;
}

static bool is_named(struct pl_owner *o, const char *pid, uint32_t *links)
{
    char name[PL_LISTENER_OWNER_MAX + 1];
    *links += 4; // what opening, reading and closing cost
    read_name(o, pid, name);
    return strcmp(name, o->name) == 0;
}

static bool matches(struct pl_owner *o, const char *pid, uint32_t *links)
{
    return o->name ? is_named(o, pid, links) : holds(o, pid, links);
}

static uint32_t parent_of(struct pl_owner *o, const char *pid)
{
    char path[PATH_BYTES];
    struct pl_raw_process process;
    join(pid, "stat", path);
    int fd = openat(o->proc_fd, path, O_RDONLY | O_CLOEXEC);
    ssize_t len = fd < 0 ? 0 : read(fd, o->descriptors, sizeof o->descriptors);
    if (fd >= 0) (void)close(fd); // nothing was written to it
    pl_watched_parse_process((struct pl_span){o->descriptors, len < 0 ? 0 : (size_t)len}, &process);
    return process.parent <= INT32_MAX ? (uint32_t)process.parent : 0;
}

/* `pid` matches: its topmost parent that does, too, is who was searched for. */
static void take_topmost(struct pl_owner *o, const char *pid)
{
    char text[PATH_BYTES], name[PL_LISTENER_OWNER_MAX + 1];
    uint32_t links = 0;
    o->pid = (uint32_t)pl_scan_number(pl_span_of(pid));
    read_name(o, pid, o->found);
    for (int i = 0; i < PL_OWNER_PARENTS_MAX; i++) {
        struct pl_text t = pl_text_init(text, sizeof text);
        uint32_t parent = parent_of(o, pid);
        pl_text_u64(&t, parent);
        if (parent == 0 || !matches(o, text, &links)) return;
        read_name(o, text, name);
        if (parent == 1 && strcmp(name, o->found) != 0) return;
        o->pid = parent;
        memcpy(o->found, name, sizeof name);
        pid = text;
    }
}

bool pl_owner_step(struct pl_owner *o)
{
    uint32_t links = 0;
    bool is_over = false;
    if (o->proc_fd < 0) return false;
    while (!is_over && links < PL_OWNER_STEP_LINKS) {
        if (o->at == o->len) {
            ssize_t len = getdents64(o->proc_fd, o->processes, sizeof o->processes);
            o->at = 0;
            o->len = len > 0 ? (size_t)len : 0;
            if (o->len == 0) break;
        }
        const char *pid = next_name(o->processes, &o->at);
        if (!is_number(pid) || !matches(o, pid, &links)) continue;
        take_topmost(o, pid);
        is_over = strcmp(pid, "1") != 0;
    }
    if (!is_over && links >= PL_OWNER_STEP_LINKS) return false;
    pl_owner_stop(o);
    return true;
}
