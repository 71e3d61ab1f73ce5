/* Ownership: `struct pl_redis_server` is freed when its last handle is closed (`open_handles`).
 *
 *     spawn -> uv_process -> on_exit -> on_process_closed -> restart timer -> spawn
 *     adopt -> uv_poll on a connection to the adopted server -> on_hangup -> restart timer -> spawn
 *     stop  -> SIGTERM -> (timer: SIGKILL) -> on_exit or on_hangup -> close the rest -> on_stopped
 *
 * An adopted server is no child of ours, so no exit status comes; but the kernel closes our
 * connection to it when it dies, and as long as that connection is open its pid cannot be reused.
 */
#include "collector/io/redis_server.h"

#include "common/base/assert.h"
#include "common/base/backoff.h"
#include "common/base/err.h"
#include "common/base/text.h"
#include "common/sys/clock.h"
#include "common/sys/log.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum {
    HEALTHY_MS = 30000, // a server that lived this long restarts without delay
    PATH_BYTES = 512,
    SOCKET_PATH_BYTES = 108, // sockaddr_un
};

struct pl_redis_server {
    uv_loop_t *loop;
    uv_timer_t timer;
    uv_process_t process; // while `child`
    uv_poll_t hangup;     // while `adopted`
    int hangup_fd;
    int lock_fd;
    int pid; // 0: none runs
    bool child, adopted, stopping;
    uint32_t open_handles;
    uint32_t restarts;
    int64_t started_mono_ms;
    struct pl_backoff backoff;
    struct pl_rng rng;
    void (*on_stopped)(void *ctx);
    void *stopped_ctx;
    char dir[PATH_BYTES];
    char socket[SOCKET_PATH_BYTES];
};

static void on_timer(uv_timer_t *timer);

static void on_handle_closed(uv_handle_t *handle)
{
    struct pl_redis_server *s = handle->data;
    if (--s->open_handles > 0) return;
    void (*on_stopped)(void *ctx) = s->on_stopped;
    void *ctx = s->stopped_ctx;
    if (s->lock_fd >= 0) (void)close(s->lock_fd); // also gives the lock back
    free(s);
    if (on_stopped) on_stopped(ctx);
}

/* The server is gone: start another one later, or finish stopping. */
static void gone(struct pl_redis_server *s)
{
    s->pid = 0;
    s->child = s->adopted = false;
    if (s->stopping) {
        uv_close((uv_handle_t *)&s->timer, on_handle_closed);
        return;
    }
    if (pl_clock_mono_ms() - s->started_mono_ms >= HEALTHY_MS) pl_backoff_reset(&s->backoff);
    int64_t wait_ms = pl_backoff_next_ms(&s->backoff, &s->rng);
    (void)uv_timer_start(&s->timer, on_timer, (uint64_t)wait_ms, 0); // has a callback: cannot fail
}

static void on_exit_status(uv_process_t *process, int64_t status, int signal_number)
{
    struct pl_redis_server *s = process->data;
    if (!s->stopping) {
        pl_log(PL_LOG_ERROR, "redis_server_ended", "pid=%d status=%lld signal=%d log=%s/redis.log",
               s->pid, (long long)status, signal_number, s->dir);
    }
    gone(s);
    uv_close((uv_handle_t *)process, on_handle_closed);
}

/* Half of what this machine, or its container, has: the other half is for the copy that a rewrite
 * of the append-only file makes, and for everybody else. */
static uint64_t memory_max_bytes(void)
{
    uint64_t total = uv_get_total_memory(), allowed = uv_get_constrained_memory();
    return (allowed > 0 && allowed < total ? allowed : total) / 2;
}

static int spawn(struct pl_redis_server *s)
{
    char memory[24];
    struct pl_text t = pl_text_init(memory, sizeof memory);
    pl_text_u64(&t, memory_max_bytes());
    const char *args[] = {
        "redis-server", "--port",    "0",         "--unixsocket", s->socket, "--unixsocketperm",
        "700",          "--dir",     s->dir,      "--appendonly", "yes",     "--appendfsync",
        "everysec",     "--save",    "",          "--maxmemory",  memory,    "--maxmemory-policy",
        "volatile-ttl", "--logfile", "redis.log", "--daemonize",  "no",      NULL,
    };
    uv_process_options_t options = {
        .file = args[0],
        .args = (char **)(uintptr_t)args, // only read, though declared otherwise
        .exit_cb = on_exit_status,
        // A session of its own: the terminal's Ctrl-C is for the collector, which ends it in order.
        .flags = UV_PROCESS_DETACHED,
    };
    s->process.data = s;
    int err = uv_spawn(s->loop, &s->process, &options);
    s->open_handles++; // libuv wants the handle closed even when nothing was started
    if (err < 0) {
        uv_close((uv_handle_t *)&s->process, on_handle_closed);
        return err;
    }
    s->pid = s->process.pid;
    s->child = true;
    s->started_mono_ms = pl_clock_mono_ms();
    pl_log(PL_LOG_INFO, "redis_server_started", "pid=%d socket=%s", s->pid, s->socket);
    return 0;
}

static void on_hangup(uv_poll_t *poll, int status, int events)
{
    (void)status;
    (void)events;
    struct pl_redis_server *s = poll->data;
    if (!s->stopping) pl_log(PL_LOG_ERROR, "redis_server_ended", "pid=%d adopted=yes", s->pid);
    gone(s);
    uv_close((uv_handle_t *)poll, on_handle_closed);
    (void)close(s->hangup_fd);
    s->hangup_fd = -1;
}

static bool is_listening(int fd, const char *path)
{
    struct sockaddr_un addr = {.sun_family = AF_UNIX};
    struct pl_text t = pl_text_init(addr.sun_path, sizeof addr.sun_path);
    pl_text_str(&t, path);
    return connect(fd, (struct sockaddr *)&addr, sizeof addr) == 0;
}

/* 1 if a server of this user listened and was adopted, 0 if nobody listens, or an error. */
static int adopt(struct pl_redis_server *s)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) return -errno;
    struct ucred peer = {0};
    socklen_t len = sizeof peer;
    int err = 0;
    if (!is_listening(fd, s->socket)) goto fail; // nobody: err is 0
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) < 0) {
        err = -errno;
        goto fail;
    }
    if (peer.uid != getuid()) {
        err = -EPERM;
        goto fail;
    }
    err = uv_poll_init(s->loop, &s->hangup, fd);
    if (err < 0) goto fail;
    s->hangup.data = s;
    s->hangup_fd = fd;
    s->open_handles++;
    s->adopted = true;
    s->pid = peer.pid;
    s->started_mono_ms = pl_clock_mono_ms();
    (void)uv_poll_start(&s->hangup, UV_READABLE | UV_DISCONNECT, on_hangup); // fresh: cannot fail
    pl_log(PL_LOG_INFO, "redis_server_adopted", "pid=%d socket=%s", s->pid, s->socket);
    return 1;
fail:
    (void)close(fd);
    return err;
}

static void on_timer(uv_timer_t *timer)
{
    struct pl_redis_server *s = timer->data;
    if (s->stopping) {
        pl_log(PL_LOG_WARN, "redis_server_killed", "pid=%d reason=\"did not end in %d s\"", s->pid,
               PL_REDIS_SERVER_STOP_MS / 1000);
        (void)kill(s->pid, SIGKILL); // gone already: its end is on the way to us
        return;
    }
    // Somebody may still listen: an adopted server whose connection to us was merely cut.
    int err = adopt(s);
    if (err == 0) {
        s->restarts++;
        err = spawn(s);
    }
    if (err >= 0) return;
    pl_log(PL_LOG_ERROR, "redis_server_spawn", "reason=\"%s\"", pl_err_text(err));
    gone(s);
}

/* "<what> '<path>': <why>" into `error`; returns `err`. */
static int refuse(char *error, int err, const char *what, const char *path, const char *why)
{
    struct pl_text t = pl_text_init(error, PL_REDIS_SERVER_ERROR_BYTES);
    pl_text_str(&t, what);
    pl_text_str(&t, " '");
    pl_text_str(&t, path);
    pl_text_str(&t, "': ");
    pl_text_str(&t, why);
    return err;
}

/* `a` + `b` into `out`; false if it does not fit. */
static bool join(char *out, size_t cap, const char *a, const char *b)
{
    struct pl_text t = pl_text_init(out, cap);
    pl_text_str(&t, a);
    pl_text_str(&t, b);
    return !t.overflow;
}

static int make_dir(struct pl_redis_server *s, const char *state_dir, char *error)
{
    char state[PATH_MAX]; // absolute: the server changes its directory
    if (mkdir(state_dir, 0700) < 0 && errno != EEXIST) {
        return refuse(error, -errno, "cannot create state directory", state_dir, strerror(errno));
    }
    if (!realpath(state_dir, state)) {
        return refuse(error, -errno, "cannot use state directory", state_dir, strerror(errno));
    }
    if (!join(s->dir, sizeof s->dir, state, "/redis") ||
        !join(s->socket, sizeof s->socket, s->dir, "/redis.sock")) {
        return refuse(error, PL_E_TOO_BIG, "cannot put a Unix socket into", state,
                      "a socket's whole path may have 107 bytes; choose a shorter state directory");
    }
    if (mkdir(s->dir, 0700) < 0 && errno != EEXIST) {
        return refuse(error, -errno, "cannot create", s->dir, strerror(errno));
    }
    char lock[PATH_BYTES];
    if (!join(lock, sizeof lock, s->dir, "/lock")) return PL_E_TOO_BIG; // the socket's is longer
    s->lock_fd = open(lock, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (s->lock_fd < 0) return refuse(error, -errno, "cannot open", lock, strerror(errno));
    if (flock(s->lock_fd, LOCK_EX | LOCK_NB) < 0) {
        return refuse(error, -errno, "cannot lock", lock,
                      errno == EWOULDBLOCK ? "another collector uses this state directory"
                                           : strerror(errno));
    }
    return 0;
}

static int adopt_or_spawn(struct pl_redis_server *s, char *error)
{
    int err = adopt(s);
    if (err > 0) return 0;
    if (err < 0) {
        return refuse(error, err, "cannot take over the Redis that listens on", s->socket,
                      pl_err_text(err));
    }
    err = spawn(s);
    if (err == UV_ENOENT) {
        return refuse(error, err, "cannot start", "redis-server",
                      "no such program in PATH; install the package redis-server, or set redis.url "
                      "to a server that runs");
    }
    if (err < 0) return refuse(error, err, "cannot start", "redis-server", pl_err_text(err));
    return 0;
}

int pl_redis_server_start(uv_loop_t *loop, const char *state_dir, uint64_t seed,
                          struct pl_redis_server **out, char *error)
{
    struct pl_redis_server *s = calloc(1, sizeof *s);
    if (!s) return refuse(error, -ENOMEM, "cannot start", "redis-server", "out of memory");
    s->loop = loop;
    s->lock_fd = s->hangup_fd = -1;
    s->rng = pl_rng_init(seed);
    s->backoff = (struct pl_backoff){.floor_ms = 50, .base_ms = 200, .cap_ms = 10000};
    (void)uv_timer_init(loop, &s->timer); // always 0
    s->timer.data = s;
    s->open_handles = 1;
    int err = make_dir(s, state_dir, error);
    if (err == 0) err = adopt_or_spawn(s, error);
    if (err < 0) {
        s->stopping = true;
        uv_close((uv_handle_t *)&s->timer, on_handle_closed);
        return err;
    }
    *out = s;
    return 0;
}

void pl_redis_server_stop(struct pl_redis_server *s, void (*on_stopped)(void *ctx), void *ctx)
{
    PL_ASSERT(!s->stopping);
    s->stopping = true;
    s->on_stopped = on_stopped;
    s->stopped_ctx = ctx;
    (void)uv_timer_stop(&s->timer); // always 0
    if (s->pid == 0) {
        uv_close((uv_handle_t *)&s->timer, on_handle_closed);
        return;
    }
    (void)kill(s->pid, SIGTERM); // gone already: its end is on the way to us
    (void)uv_timer_start(&s->timer, on_timer, PL_REDIS_SERVER_STOP_MS, 0); // has a callback
}

const char *pl_redis_server_socket(const struct pl_redis_server *s)
{
    return s->socket;
}

int pl_redis_server_pid(const struct pl_redis_server *s)
{
    return s->pid;
}

uint32_t pl_redis_server_restarts(const struct pl_redis_server *s)
{
    return s->restarts;
}
