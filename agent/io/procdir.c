#include "agent/io/procdir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

int pl_procdir_open(struct pl_procdir *d, int at_fd, const char *path)
{
    pl_procdir_close(d);
    d->at = d->len = 0;
    d->fd = openat(at_fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return d->fd < 0 ? -errno : 0;
}

const char *pl_procdir_next(struct pl_procdir *d)
{
    if (d->at == d->len) {
        ssize_t len = d->fd >= 0 ? getdents64(d->fd, d->entries, sizeof d->entries) : 0;
        d->at = 0;
        d->len = len > 0 ? (size_t)len : 0;
        if (d->len == 0) return NULL;
    }
    /* The kernel fills whole entries with a NUL behind each name. */
    const uint8_t *entry = d->entries + d->at;
    unsigned short len;
    memcpy(&len, entry + offsetof(struct dirent64, d_reclen), sizeof len);
    d->at += len;
    return (const char *)entry + offsetof(struct dirent64, d_name);
}

void pl_procdir_close(struct pl_procdir *d)
{
    if (d->fd >= 0) (void)close(d->fd); // nothing was written to it
    d->fd = -1;
}
