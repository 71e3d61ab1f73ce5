/* The poll handles belong to struct pl_pressure, which belongs to the caller. A trigger lives as
 * long as its file is open; the file is closed once libuv has let go of it.
 *
 *     pl_pressure_start -> on_poll -> on_pressure ... pl_pressure_stop -> on_closed */
#include "agent/io/pressure.h"

#include "common/base/err.h"
#include "common/base/text.h"
#include "common/sys/log.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

/* Tasks wait for a core now and then on any busy machine; for memory they should not. */
static const struct {
    const char *resource, *trigger;
} triggers[PL_PRESSURE_COUNT] = {
    {"cpu", "some 600000 2000000"},
    {"memory", "some 200000 2000000"},
    {"io", "some 600000 2000000"},
};

static void on_closed(uv_handle_t *handle)
{
    struct pl_pressure_watch *w = handle->data;
    (void)close(w->fd); // nothing is lost with it
    w->fd = -1;
}

static void unwatch(struct pl_pressure_watch *w)
{
    if (w->fd >= 0 && !uv_is_closing((uv_handle_t *)&w->poll))
        uv_close((uv_handle_t *)&w->poll, on_closed);
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
    struct pl_pressure_watch *w = poll->data;
    if (status < 0) {
        pl_log(PL_LOG_WARN, "pressure_lost", "resource=%s err=\"%s\"", w->resource,
               pl_err_text(status));
        unwatch(w);
    } else if ((events & UV_PRIORITIZED) != 0) {
        w->pressure->on_pressure(w->pressure->arg, w->resource);
    }
}

static int open_trigger(const char *root, const char *resource, const char *trigger)
{
    char path[256];
    struct pl_text t = pl_text_init(path, sizeof path);
    pl_text_str(&t, root);
    pl_text_str(&t, "/pressure/");
    pl_text_str(&t, resource);
    if (t.overflow) return -ENAMETOOLONG;
    int fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0) return -errno;
    size_t len = strlen(trigger) + 1; // the kernel overwrites the last byte (psi_write)
    if (write(fd, trigger, len) == (ssize_t)len) return fd;
    int err = -errno;
    (void)close(fd); // no trigger was made
    return err;
}

static int watch(struct pl_pressure *p, uv_loop_t *loop, const char *root, int n)
{
    struct pl_pressure_watch *w = &p->watches[n];
    *w = (struct pl_pressure_watch){.fd = -1, .resource = triggers[n].resource, .pressure = p};
    int fd = open_trigger(root, w->resource, triggers[n].trigger);
    if (fd < 0) return fd;
    int err = uv_poll_init(loop, &w->poll, fd);
    if (err < 0) {
        (void)close(fd); // nothing is lost with it
        return err;
    }
    w->fd = fd;
    w->poll.data = w;
    err = uv_poll_start(&w->poll, UV_PRIORITIZED, on_poll);
    if (err < 0) unwatch(w);
    return err;
}

void pl_pressure_start(struct pl_pressure *p, uv_loop_t *loop, const char *root,
                       void (*on_pressure)(void *arg, const char *resource), void *arg)
{
    p->on_pressure = on_pressure;
    p->arg = arg;
    for (int n = 0; n < PL_PRESSURE_COUNT; n++) {
        int err = watch(p, loop, root, n);
        if (err < 0) {
            pl_log(PL_LOG_INFO, "pressure_unwatched", "resource=%s err=\"%s\"",
                   triggers[n].resource, pl_err_text(err));
        } else {
            pl_log(PL_LOG_DEBUG, "pressure_watched", "resource=%s trigger=\"%s\"",
                   triggers[n].resource, triggers[n].trigger);
        }
    }
}

void pl_pressure_stop(struct pl_pressure *p)
{
    for (int n = 0; n < PL_PRESSURE_COUNT; n++) unwatch(&p->watches[n]);
}
