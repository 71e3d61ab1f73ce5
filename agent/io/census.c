#include "agent/io/census.h"

#include "agent/core/process.h"
#include "agent/core/scan.h"
#include "common/base/text.h"

#include <fcntl.h>
#include <linux/netlink.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH_BYTES = 64, TARGET_BYTES = 512, STAT_BYTES = 1024 };

void pl_census_init(struct pl_census *c, const char *root, const char *files)
{
    c->root = root;
    c->files = files;
    c->processes.fd = c->descriptors.fd = c->maps_fd = -1;
    c->seq = 0;
    c->listener_count = c->old_count = 0;
}

bool pl_census_is_running(const struct pl_census *c)
{
    return c->processes.fd >= 0;
}

static void close_fd(int *fd)
{
    if (*fd >= 0) (void)close(*fd); // nothing was written to it
    *fd = -1;
}

void pl_census_stop(struct pl_census *c)
{
    close_fd(&c->maps_fd);
    pl_procdir_close(&c->processes);
}

/* ---- listeners ---- */

static void dump_listeners(struct pl_census *c, struct pl_listen_dump *dump)
{
    uint8_t request[PL_LISTEN_REQUEST_BYTES];
    int taken = 0, fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
    if (fd < 0) return;
    pl_listen_request(++c->seq, request);
    if (send(fd, request, sizeof request, 0) < 0) taken = -1;
    for (int i = 0; i < PL_CENSUS_DATAGRAMS_MAX && taken == 0; i++) {
        ssize_t len = recv(fd, c->datagram, sizeof c->datagram, MSG_DONTWAIT);
        taken =
            len < 0 ? -1 : pl_listen_take(dump, (struct pl_span){c->datagram, (size_t)len}, c->seq);
    }
    if (taken < 0) dump->count = 0; // not allowed here: nobody is known to listen
    (void)close(fd);                // nothing is lost with it
}

static void list_listeners(struct pl_census *c)
{
    struct pl_listen_dump dump = {.all = c->list, .all_max = PL_CENSUS_LISTENERS_MAX};
    dump_listeners(c, &dump);
    c->listener_count = PL_MIN(dump.count, (uint32_t)PL_CENSUS_LISTENERS_MAX);
    for (uint32_t i = 0; i < c->listener_count; i++) {
        struct pl_census_listener *l = &c->listeners[i];
        *l = (struct pl_census_listener){.inode = c->list[i].inode, .started_ticks = UINT64_MAX};
        struct pl_text address = pl_text_init(l->address, sizeof l->address);
        pl_listen_address_write(&c->list[i], &address);
    }
}

void pl_census_start(struct pl_census *c)
{
    pl_census_stop(c);
    c->old_count = 0;
    if (pl_procdir_open(&c->processes, AT_FDCWD, c->root) == 0) list_listeners(c);
}

/* ---- one process ---- */

/* "PID/what" below /proc. */
static void join(const char *pid, const char *what, char path[PATH_BYTES])
{
    struct pl_text text = pl_text_init(path, PATH_BYTES);
    pl_text_str(&text, pid);
    pl_text_char(&text, '/');
    pl_text_str(&text, what);
}

/* The start of a small file; empty if it cannot be read: the process has just ended. */
static struct pl_span read_small(const struct pl_census *c, const char *pid, const char *what,
                                 uint8_t buf[STAT_BYTES])
{
    char path[PATH_BYTES];
    join(pid, what, path);
    int fd = openat(c->processes.fd, path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return (struct pl_span){buf, 0};
    ssize_t len = read(fd, buf, STAT_BYTES);
    (void)close(fd); // nothing was written to it
    return (struct pl_span){buf, len > 0 ? (size_t)len : 0};
}

static void read_program(struct pl_census *c, const char *pid)
{
    uint8_t buf[STAT_BYTES];
    struct pl_span name = read_small(c, pid, "comm", buf);
    size_t len = 0;
    for (; len < PL_MIN(name.len, (size_t)PL_CENSUS_PROGRAM_MAX) && name.ptr[len] != '\n'; len++) {
        char byte = (char)name.ptr[len];
        c->program[len] = byte > ' ' && byte <= '~' && byte != ',' ? byte : '?';
    }
    c->program[len] = '\0';
}

static void hold(struct pl_census *c, const char *pid, uint32_t inode)
{
    uint8_t buf[STAT_BYTES];
    int32_t number = (int32_t)strtol(pid, NULL, 10);
    for (uint32_t i = 0; i < c->listener_count; i++) {
        struct pl_census_listener *l = &c->listeners[i];
        if (l->inode != inode || (number == 1 && l->pid != 0)) continue;
        uint64_t started = pl_process_started(read_small(c, pid, "stat", buf));
        if (l->pid > 1 && started >= l->started_ticks) return;
        l->pid = number;
        l->started_ticks = started;
        memcpy(l->program, c->program, sizeof l->program);
        return;
    }
}

/* "socket:[123]": 123; else 0. */
static uint32_t socket_inode(struct pl_span target)
{
    const char start[] = "socket:[";
    size_t len = sizeof start - 1;
    if (target.len <= len + 1 || memcmp(target.ptr, start, len) != 0) return 0;
    uint64_t inode = pl_scan_number((struct pl_span){target.ptr + len, target.len - len - 1});
    return inode > UINT32_MAX ? 0 : (uint32_t)inode;
}

static void look_at_descriptors(struct pl_census *c, const char *pid)
{
    char path[PATH_BYTES], target[PATH_BYTES];
    const char *name;
    join(pid, "fd", path);
    if (c->listener_count == 0) return;
    if (pl_procdir_open(&c->descriptors, c->processes.fd, path) < 0) return; // ended, or not ours
    for (int i = 0; i < PL_CENSUS_LINKS_MAX && (name = pl_procdir_next(&c->descriptors)); i++) {
        if (name[0] < '0' || name[0] > '9') continue;
        ssize_t len = readlinkat(c->descriptors.fd, name, target, sizeof target);
        if (len <= 0) continue;
        uint32_t inode = socket_inode((struct pl_span){(const uint8_t *)target, (size_t)len});
        if (inode != 0) hold(c, pid, inode);
    }
    pl_procdir_close(&c->descriptors);
}

/* When the file that is there now came: its change time is when it was renamed into its place. */
static int64_t replaced_unix_ms(const struct pl_census *c, struct pl_span file)
{
    char path[TARGET_BYTES];
    struct stat now;
    struct pl_text t = pl_text_init(path, sizeof path);
    pl_text_str(&t, c->files);
    pl_text_span(&t, file);
    if (t.overflow || stat(path, &now) < 0) return 0;
    return (int64_t)now.st_ctim.tv_sec * 1000;
}

/* Is it one of "nginx, php-fpm8.2"? */
static bool is_named(const char *programs, const char *program)
{
    size_t len = strlen(program);
    for (const char *at = programs; (at = strstr(at, program)); at += len) {
        bool begins = at == programs || at[-1] == ' ';
        if (begins && (at[len] == '\0' || at[len] == ',')) return true;
    }
    return false;
}

static void note_old(struct pl_census *c, struct pl_span file)
{
    char name[PL_CHANGE_VALUE_MAX + 1];
    struct pl_text t = pl_text_init(name, sizeof name);
    struct pl_span last = pl_process_file_name(file);
    for (size_t i = 0; i < last.len; i++)
        pl_text_char(&t, last.ptr[i] > ' ' && last.ptr[i] <= '~' ? (char)last.ptr[i] : '?');
    uint32_t i = 0;
    while (i < c->old_count && strcmp(c->olds[i].file, name) != 0) i++;
    if (i == PL_CENSUS_OLD_MAX) return;
    struct pl_census_old *old = &c->olds[i];
    if (i == c->old_count) {
        *old = (struct pl_census_old){.since_unix_ms = replaced_unix_ms(c, file)};
        memcpy(old->file, name, sizeof old->file);
        c->old_count++;
    }
    old->count++;
    size_t used = strlen(old->programs);
    if (c->program[0] == '\0' || is_named(old->programs, c->program)) return;
    if (used + 2 + strlen(c->program) > PL_CHANGE_SUBJECT_MAX) return;
    struct pl_text programs = {old->programs, sizeof old->programs, used, false};
    if (used > 0) pl_text_str(&programs, ", ");
    pl_text_str(&programs, c->program);
}

static void visit(struct pl_census *c, const char *pid)
{
    char path[PATH_BYTES];
    uint8_t target[TARGET_BYTES];
    join(pid, "exe", path);
    ssize_t len = readlinkat(c->processes.fd, path, (char *)target, sizeof target);
    if (len <= 0) return; // a thread of the kernel, of another user, or ended
    read_program(c, pid);
    look_at_descriptors(c, pid);
    struct pl_span file = pl_process_old_exe((struct pl_span){target, (size_t)len});
    if (file.len > 0) {
        note_old(c, file);
        return;
    }
    join(pid, "maps", path);
    c->maps_fd = openat(c->processes.fd, path, O_RDONLY | O_CLOEXEC);
    c->maps_len = 0;
}

/* Read a part of the maps of the process in work; close them at their end or the first old file. */
static void read_maps(struct pl_census *c)
{
    ssize_t len = read(c->maps_fd, c->maps + c->maps_len, sizeof c->maps - c->maps_len);
    struct pl_span text = {c->maps, c->maps_len + (len > 0 ? (size_t)len : 0)}, line;
    bool is_over = len <= 0;
    while (!is_over && pl_scan_line(&text, &line)) {
        struct pl_span file = pl_process_old_map(line);
        if (file.len == 0) continue;
        note_old(c, file);
        is_over = true;
    }
    c->maps_len = text.len == sizeof c->maps ? 0 : text.len; // no line is that long
    memmove(c->maps, text.ptr, c->maps_len);
    if (is_over) close_fd(&c->maps_fd);
}

/* False at the end of the processes. */
static bool visit_next(struct pl_census *c)
{
    const char *pid = pl_procdir_next(&c->processes);
    if (pid && pid[0] >= '0' && pid[0] <= '9') visit(c, pid);
    return pid != NULL;
}

bool pl_census_step(struct pl_census *c)
{
    if (c->processes.fd < 0) return false;
    for (int part = 0; part < PL_CENSUS_STEP_PARTS; part++) {
        if (c->maps_fd >= 0) {
            read_maps(c);
        } else if (!visit_next(c)) {
            pl_census_stop(c);
            return true;
        }
    }
    return false;
}
