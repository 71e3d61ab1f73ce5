/* Ownership: the adapter belongs to its hiredis context until hiredis calls on_cleanup; from there
 * on it belongs to the closing poll handle and is freed in on_closed. hiredis may free the context
 * inside any handler, so `ac` is looked at again after each.
 *
 *     hiredis add_read/add_write -> uv_poll -> on_poll -> redisAsyncHandleRead/Write -> replies
 *     hiredis on_cleanup -> uv_close -> on_closed -> free
 *
 * hiredis 1.x has a further hook, scheduleTimer, which stays NULL: it serves hiredis' own timeouts,
 * and ours are kept in redis.c. */
#include "collector/io/redis_uv.h"

#include <errno.h>
#include <stdlib.h>

struct adapter {
    uv_poll_t poll;
    redisAsyncContext *ac; // borrowed; NULL once hiredis has let go
    int events;            // what hiredis waits for
};

static void on_poll(uv_poll_t *poll, int status, int events)
{
    struct adapter *a = poll->data;
    // An error is told by the next read or write; hiredis must come to make it.
    if (status < 0) events = UV_READABLE | UV_WRITABLE;
    if (a->ac && (events & UV_READABLE)) redisAsyncHandleRead(a->ac);
    if (a->ac && (events & UV_WRITABLE)) redisAsyncHandleWrite(a->ac);
}

static void wait_for(struct adapter *a, int events)
{
    if (events == a->events) return;
    a->events = events;
    int err = events ? uv_poll_start(&a->poll, events, on_poll) : uv_poll_stop(&a->poll);
    (void)err; // fails only for a closing handle, and then hiredis has let go already
}

static void add_read(void *data)
{
    struct adapter *a = data;
    wait_for(a, a->events | UV_READABLE);
}

static void del_read(void *data)
{
    struct adapter *a = data;
    wait_for(a, a->events & ~UV_READABLE);
}

static void add_write(void *data)
{
    struct adapter *a = data;
    wait_for(a, a->events | UV_WRITABLE);
}

static void del_write(void *data)
{
    struct adapter *a = data;
    wait_for(a, a->events & ~UV_WRITABLE);
}

static void on_closed(uv_handle_t *handle)
{
    free(handle->data);
}

static void on_cleanup(void *data)
{
    struct adapter *a = data;
    a->ac = NULL;
    uv_close((uv_handle_t *)&a->poll, on_closed);
}

int pl_redis_uv_attach(redisAsyncContext *ac, uv_loop_t *loop)
{
    struct adapter *a = calloc(1, sizeof *a);
    if (!a) return -ENOMEM;
    int err = uv_poll_init(loop, &a->poll, ac->c.fd);
    if (err < 0) {
        free(a);
        return err;
    }
    a->poll.data = a;
    a->ac = ac;
    ac->ev.data = a;
    ac->ev.addRead = add_read;
    ac->ev.delRead = del_read;
    ac->ev.addWrite = add_write;
    ac->ev.delWrite = del_write;
    ac->ev.cleanup = on_cleanup;
    return 0;
}
