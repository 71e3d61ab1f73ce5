#include "common/sys/file.h"

#include "common/base/assert.h"
#include "common/base/err.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static void close_fd(int *fd)
{
    if (*fd >= 0) close(*fd);
}

/* Until the end of the file; PL_E_TOO_BIG if that comes after `max` bytes. `buf` has one more. */
static ssize_t read_all(int fd, uint8_t *buf, size_t max)
{
    size_t len = 0;
    for (;;) {
        ssize_t got = read(fd, buf + len, max + 1 - len);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return -errno;
        if (got == 0) return (ssize_t)len;
        len += (size_t)got;
        if (len > max) return PL_E_TOO_BIG;
    }
}

/* Read what `fd` has; the caller closes it. */
static int read_open(int fd, size_t max, struct pl_file *out)
{
    uint8_t *buf = malloc(max + 1);
    if (!buf) return -ENOMEM;
    ssize_t len = read_all(fd, buf, max);
    if (len < 0) {
        free(buf);
        return (int)len;
    }
    *out = (struct pl_file){buf, (size_t)len};
    return 0;
}

int pl_file_read(const char *path, size_t max, struct pl_file *out)
{
    PL_CLEANUP(close_fd) int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return -errno;
    return read_open(fd, max, out);
}

void pl_file_free(struct pl_file *file)
{
    free(file->bytes);
    *file = (struct pl_file){0};
}

/* Length of the secret at the start of `file`: its only line. */
static ssize_t secret_len(const struct pl_file *file)
{
    size_t len = file->len;
    if (len > 0 && file->bytes[len - 1] == '\n') len--;
    if (len > 0 && len < file->len && file->bytes[len - 1] == '\r') len--;
    for (size_t i = 0; i < len; i++) {
        if (file->bytes[i] <= 0x20 || file->bytes[i] >= 0x7f) return PL_E_SYNTAX;
    }
    return len > 0 ? (ssize_t)len : PL_E_SYNTAX;
}

int pl_file_read_secret(const char *path, char *secret, size_t cap, bool *is_shared)
{
    struct pl_file file;
    struct stat info;
    PL_ASSERT(cap >= 1);
    PL_CLEANUP(close_fd) int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &info) < 0) return -errno;
    int err = read_open(fd, PL_FILE_SECRET_BYTES_MAX, &file);
    if (err < 0) return err;
    ssize_t len = secret_len(&file);
    if (len >= (ssize_t)cap) len = PL_E_TOO_BIG;
    if (len > 0) {
        memcpy(secret, file.bytes, (size_t)len);
        secret[len] = '\0';
        *is_shared = (info.st_mode & (S_IRWXG | S_IRWXO)) != 0;
    }
    explicit_bzero(file.bytes, file.len); // malloc would hand it out again as it is
    pl_file_free(&file);
    return len > 0 ? 0 : (int)len;
}

static int write_all(int fd, struct pl_span bytes)
{
    while (bytes.len > 0) {
        ssize_t done = write(fd, bytes.ptr, bytes.len);
        if (done < 0 && errno == EINTR) continue;
        if (done < 0) return -errno;
        bytes = (struct pl_span){bytes.ptr + done, bytes.len - (size_t)done};
    }
    return fsync(fd) < 0 ? -errno : 0;
}

int pl_file_write_private(const char *path, struct pl_span bytes)
{
    char beside[4096];
    int len = snprintf(beside, sizeof beside, "%s.new", path);
    if (len < 0 || (size_t)len >= sizeof beside) return PL_E_TOO_BIG;
    (void)unlink(beside); // of a writer that died
    PL_CLEANUP(close_fd) int fd = open(beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0) return -errno;
    int err = write_all(fd, bytes);
    if (err == 0 && rename(beside, path) < 0) err = -errno;
    if (err < 0) (void)unlink(beside); // what failed is said by err
    return err;
}

int pl_file_make_private_dir(const char *path)
{
    if (mkdir(path, 0700) == 0 || errno == EEXIST) return 0;
    return -errno;
}
