/* <state>/freeze: when packages are to stay as they are, for scripts on this machine.
 *
 *     tick -> text differs from what is written -> worker: write beside, sync, rename -> on_written
 *
 * One write at a time, off the loop; what changes meanwhile is seen by a later tick. Before the
 * store has told what is announced the file of before stays. */
#include "collector/app_state.h"

#include "common/sys/file.h"

#include <stdio.h>

static void write_file(uv_work_t *work)
{
    struct pl_app_freeze *f = work->data;
    f->err = pl_file_write_private(f->path, (struct pl_span){(uint8_t *)f->bytes, f->len});
}

static void on_written(uv_work_t *work, int status)
{
    struct pl_app_freeze *f = work->data;
    f->busy = false;
    if (status == 0 && f->err == 0) return;
    f->hash = 0; // again with a later tick
    pl_log(PL_LOG_ERROR, "freeze_not_written", "file=\"%s\" err=\"%s\"", f->path,
           pl_err_text(f->err));
}

void pl_app_freeze_tick(struct pl_app *app, struct pl_now now)
{
    struct pl_app_freeze *f = &app->freeze;
    bool known = app->restored && pl_store_view(app->store).state == PL_REDIS_READY;
    if (!known || f->busy || now.mono_ms < f->due_mono_ms) return;
    f->due_mono_ms = now.mono_ms + PL_APP_FREEZE_MS;
    struct pl_text text = pl_text_init(f->bytes, sizeof f->bytes);
    pl_freeze_text_write(&text, pl_engine_launches(app->engine), now.unix_ms);
    PL_ASSERT(!text.overflow);
    uint64_t hash = pl_hash_bytes(pl_text_bytes(&text)) | 1;
    if (hash == f->hash) return;
    int len = snprintf(f->path, sizeof f->path, "%s/freeze", app->config->state);
    if (len < 0 || (size_t)len >= sizeof f->path) return; // no such path is read
    f->len = text.len;
    f->work.data = f;
    f->busy = uv_queue_work(app->loop, &f->work, write_file, on_written) == 0;
    if (f->busy) f->hash = hash;
}
