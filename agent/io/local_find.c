#include "agent/io/local_find.h"

#include "common/base/text.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <unistd.h>

enum { NAME_BYTES = 32, PATH_BYTES = 64 };

/* Where a kind shows its status if nothing else is said: what Debian's packages, the servers' own
 * documentation and common monitoring agents use. */
static const struct place {
    enum pl_status_kind kind;
    const char *path;
} places[] = {
    {PL_STATUS_NGINX, "/stub_status"},         {PL_STATUS_NGINX, "/nginx_status"},
    {PL_STATUS_NGINX, "/basic_status"},        {PL_STATUS_NGINX, "/status"},
    {PL_STATUS_APACHE, "/server-status?auto"}, {PL_STATUS_PHP_FPM, "/status"},
};

/* Below /run, which is also /var/run. */
static const char *const haproxy_sockets[] = {"haproxy/admin.sock", "haproxy.sock"};

void pl_local_find_init(struct pl_local_find *f, struct pl_queues *queues, const char *proc_root,
                        const char *run_root, int64_t now_mono_ms)
{
    f->queues = queues;
    f->proc_root = proc_root;
    f->run_root = run_root;
    f->phase = PL_FIND_RESTING;
    f->due_mono_ms = now_mono_ms;
    f->processes.fd = f->entries.fd = -1;
}

void pl_local_find_stop(struct pl_local_find *f)
{
    pl_procdir_close(&f->processes);
    pl_procdir_close(&f->entries);
    f->phase = PL_FIND_RESTING;
}

static bool begins(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

static bool is_number(const char *name)
{
    return name[0] >= '0' && name[0] <= '9';
}

static uint32_t number_of(const char *digits)
{
    return (uint32_t)pl_scan_number(pl_span_of(digits));
}

static enum pl_status_kind kind_of(const char *program)
{
    if (strcmp(program, "nginx") == 0) return PL_STATUS_NGINX;
    if (strcmp(program, "apache2") == 0 || strcmp(program, "httpd") == 0) return PL_STATUS_APACHE;
    return begins(program, "php-fpm") ? PL_STATUS_PHP_FPM : PL_STATUS_KIND_COUNT;
}

/* "PID/what" below /proc. */
static void join(const char *pid, const char *what, char path[PATH_BYTES])
{
    struct pl_text text = pl_text_init(path, PATH_BYTES);
    pl_text_str(&text, pid);
    pl_text_char(&text, '/');
    pl_text_str(&text, what);
}

static enum pl_status_kind program_of(const struct pl_local_find *f, const char *pid)
{
    char path[PATH_BYTES], name[NAME_BYTES];
    join(pid, "comm", path);
    int fd = openat(f->processes.fd, path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return PL_STATUS_KIND_COUNT; // it has just ended
    ssize_t len = read(fd, name, sizeof name - 1);
    (void)close(fd); // nothing was written to it
    if (len > 0 && name[len - 1] == '\n') len--;
    name[PL_MAX(len, 0)] = '\0';
    return kind_of(name);
}

/* The first process that holds a listener has opened it; the others have inherited it. */
static void claim(struct pl_local_find *f, uint32_t inode, enum pl_status_kind kind, uint32_t pid)
{
    for (uint32_t i = 0; i < f->count; i++) {
        if (f->listeners[i].inode != inode || f->owners[i].pid != 0) continue;
        f->owners[i] = (struct pl_local_listener){kind, pid};
    }
}

static void look_at_process(struct pl_local_find *f, const char *pid)
{
    static const char prefix[] = "socket:[";
    char path[PATH_BYTES], link[PATH_BYTES];
    enum pl_status_kind kind = program_of(f, pid);
    if (kind == PL_STATUS_KIND_COUNT) return;
    join(pid, "fd", path);
    if (pl_procdir_open(&f->entries, f->processes.fd, path) < 0) {
        f->hidden_kinds |= 1u << kind;
        return;
    }
    const char *name;
    uint32_t looked = 0;
    while (looked++ < PL_LOCAL_FIND_PROCESSES && (name = pl_procdir_next(&f->entries))) {
        ssize_t len = is_number(name) ? readlinkat(f->entries.fd, name, link, sizeof link - 1) : 0;
        if (len <= 0 || link[len - 1] != ']') continue;
        link[len - 1] = '\0';
        if (begins(link, prefix))
            claim(f, number_of(link + sizeof prefix - 1), kind, number_of(pid));
    }
    pl_procdir_close(&f->entries);
}

/* php-fpm's Unix sockets as Debian names them: /run/php/php8.2-fpm.sock. */
static void look_for_sockets(struct pl_local_find *f)
{
    char folder[PL_LOCAL_SOCKET_BYTES];
    const char *name;
    f->socket_count = 0;
    if (snprintf(folder, sizeof folder, "%s/php", f->run_root) >= (int)sizeof folder) return;
    if (pl_procdir_open(&f->entries, AT_FDCWD, folder) < 0) return;
    while (f->socket_count < PL_LOCAL_SOCKETS_MAX && (name = pl_procdir_next(&f->entries))) {
        size_t len = strlen(name);
        char *socket = f->sockets[f->socket_count];
        if (len < 5 || strcmp(name + len - 5, ".sock") != 0) continue;
        int need = snprintf(socket, PL_LOCAL_SOCKET_BYTES, "%s/%s", folder, name);
        if (need < (int)PL_LOCAL_SOCKET_BYTES) f->socket_count++;
    }
    pl_procdir_close(&f->entries);
}

static void begin(struct pl_local_find *f, int64_t now_mono_ms)
{
    if (now_mono_ms < f->due_mono_ms) return;
    f->due_mono_ms = now_mono_ms + PL_LOCAL_FIND_MS;
    int count = pl_queues_list(f->queues, f->listeners, PL_LOCAL_LISTENERS_MAX);
    f->count = count < 0 ? 0 : (uint32_t)count; // the sockets in /run may still be there
    for (uint32_t i = 0; i < f->count; i++)
        f->owners[i] = (struct pl_local_listener){PL_STATUS_KIND_COUNT, 0};
    f->hidden_kinds = 0;
    if (pl_procdir_open(&f->processes, AT_FDCWD, f->proc_root) == 0) f->phase = PL_FIND_SEARCHING;
}

/* Whose sockets cannot be seen may still be where web servers are. */
static void guess(struct pl_local_find *f)
{
    for (uint32_t i = 0; i < f->count; i++) {
        uint16_t port = f->listeners[i].port;
        if (f->owners[i].pid != 0 || (port != 80 && port != 8080)) continue;
        if ((f->hidden_kinds & 1u << PL_STATUS_NGINX) != 0)
            f->owners[i].kind = PL_STATUS_NGINX;
        else if ((f->hidden_kinds & 1u << PL_STATUS_APACHE) != 0)
            f->owners[i].kind = PL_STATUS_APACHE;
    }
}

void pl_local_find_step(struct pl_local_find *f, int64_t now_mono_ms)
{
    if (f->phase == PL_FIND_RESTING) begin(f, now_mono_ms);
    if (f->phase != PL_FIND_SEARCHING) return;
    for (int i = 0; i < PL_LOCAL_FIND_PROCESSES; i++) {
        const char *name = pl_procdir_next(&f->processes);
        if (name) {
            if (is_number(name)) look_at_process(f, name);
            continue;
        }
        pl_procdir_close(&f->processes);
        guess(f);
        look_for_sockets(f);
        f->next = 0;
        f->phase = PL_FIND_TRYING;
        return;
    }
}

/* Where a listener is reached from this machine. */
static void address_of(const struct pl_raw_listener *listener, struct sockaddr_storage *out)
{
    static const uint8_t any[16];
    bool is_any = memcmp(listener->address, any, sizeof any) == 0;
    *out = (struct sockaddr_storage){0};
    if (listener->is_ip6) {
        struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)out;
        in6->sin6_family = AF_INET6;
        in6->sin6_port = htons(listener->port);
        memcpy(&in6->sin6_addr, listener->address, sizeof in6->sin6_addr);
        if (is_any) in6->sin6_addr = in6addr_loopback;
        return;
    }
    struct sockaddr_in *in4 = (struct sockaddr_in *)out;
    in4->sin_family = AF_INET;
    in4->sin_port = htons(listener->port);
    memcpy(&in4->sin_addr, listener->address, sizeof in4->sin_addr);
    if (is_any) in4->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
}

static void name_target(struct pl_local_target *t, const char *where)
{
    const char *scheme = t->protocol == PL_REPLY_HTTP ? "http://" : "";
    (void)snprintf(t->name, sizeof t->name, "%s%s%s", scheme, where, t->path); // cut if long
}

static bool tcp_target(const struct pl_local_find *f, uint32_t listener, const struct place *place,
                       struct pl_local_target *out)
{
    char where[64];
    if (f->owners[listener].kind != place->kind) return false;
    *out = (struct pl_local_target){.kind = place->kind};
    out->protocol = place->kind == PL_STATUS_PHP_FPM ? PL_REPLY_FASTCGI : PL_REPLY_HTTP;
    (void)snprintf(out->path, sizeof out->path, "%s", place->path); // they fit
    address_of(&f->listeners[listener], &out->address);
    struct pl_text text = pl_text_init(where, sizeof where);
    pl_listen_address_write(&f->listeners[listener], &text);
    name_target(out, where);
    return true;
}

static bool socket_target(const struct pl_local_find *f, uint32_t n, struct pl_local_target *out)
{
    *out = (struct pl_local_target){.kind = PL_STATUS_HAPROXY, .protocol = PL_REPLY_HAPROXY};
    if (n < PL_LEN(haproxy_sockets)) {
        int need =
            snprintf(out->socket, sizeof out->socket, "%s/%s", f->run_root, haproxy_sockets[n]);
        if (need >= (int)sizeof out->socket) return false;
    } else {
        out->kind = PL_STATUS_PHP_FPM;
        out->protocol = PL_REPLY_FASTCGI;
        memcpy(out->socket, f->sockets[n - PL_LEN(haproxy_sockets)], sizeof out->socket);
        (void)snprintf(out->path, sizeof out->path, "/status"); // it fits
    }
    name_target(out, out->socket);
    return access(out->socket, R_OK | W_OK) == 0;
}

/* Places are numbered: the sockets, then each listener with each path. */
bool pl_local_find_next(struct pl_local_find *f, struct pl_local_target *out, uint32_t *pid)
{
    uint32_t sockets = (uint32_t)PL_LEN(haproxy_sockets) + f->socket_count;
    uint32_t all = sockets + f->count * (uint32_t)PL_LEN(places);
    if (f->phase != PL_FIND_TRYING) return false;
    while (f->next < all) {
        uint32_t n = f->next++;
        *pid = 0;
        if (n < sockets) {
            if (socket_target(f, n, out)) return true;
            continue;
        }
        uint32_t listener = (n - sockets) / (uint32_t)PL_LEN(places);
        if (!tcp_target(f, listener, &places[(n - sockets) % PL_LEN(places)], out)) continue;
        *pid = f->owners[listener].pid;
        return true;
    }
    f->phase = PL_FIND_RESTING;
    return false;
}
