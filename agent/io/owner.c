#include "agent/io/owner.h"

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

void pl_owner_stop(struct pl_owner *o)
{
    if (o->proc_fd >= 0) (void)close(o->proc_fd); // nothing was written to it
    o->proc_fd = -1;
}

void pl_owner_start(struct pl_owner *o, const char *root, uint32_t inode)
{
    pl_owner_stop(o);
    o->inode = inode;
    o->at = o->len = 0;
    o->found[0] = '\0';
    if (inode != 0) o->proc_fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
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

static void read_name(struct pl_owner *o, const char *pid)
{
    char path[PATH_BYTES];
    join(pid, "comm", path);
    int fd = openat(o->proc_fd, path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return; // it has just ended
    ssize_t len = read(fd, o->found, PL_LISTENER_OWNER_MAX);
    (void)close(fd); // nothing was written to it
    if (len < 0) len = 0;
    if (len > 0 && o->found[len - 1] == '\n') len--;
    o->found[len] = '\0';
    for (char *c = o->found; *c != '\0'; c++) {
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

bool pl_owner_step(struct pl_owner *o)
{
    uint32_t links = 0;
    if (o->proc_fd < 0) return false;
    while (links < PL_OWNER_STEP_LINKS) {
        if (o->at == o->len) {
            ssize_t len = getdents64(o->proc_fd, o->processes, sizeof o->processes);
            o->at = 0;
            o->len = len > 0 ? (size_t)len : 0;
            if (o->len == 0) break;
        }
        const char *pid = next_name(o->processes, &o->at);
        if (!is_number(pid) || !holds(o, pid, &links)) continue;
        read_name(o, pid);
        if (strcmp(pid, "1") != 0) break;
    }
    if (links >= PL_OWNER_STEP_LINKS) return false;
    pl_owner_stop(o);
    return true;
}
