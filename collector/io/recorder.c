/* The recorder owns itself from pl_recorder_close() on and frees itself in on_file_closed.
 *
 *     flush_filled -> uv_fs_write -> on_written -> (more: flush_filled; closing: uv_fs_close)
 *     -> on_file_closed */
#include "collector/io/recorder.h"

#include "common/base/assert.h"
#include "common/base/err.h"
#include "common/sys/log.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct pl_recorder {
    uv_loop_t *loop; // borrowed
    uv_file file;
    bool running; // the disk has refused nothing yet
    bool writing; // a write or the close is with the file threads
    bool closing;
    int64_t last_unix_ms;
    struct pl_writer filling;
    struct pl_span in_flight; // what the disk has not taken yet of the other buffer
    uint8_t *spare;           // the buffer that is not being filled
    uv_fs_t request;
    void (*on_closed)(void *arg);
    void *arg; // borrowed, for on_closed
    uint8_t buffers[2][PL_RECORDER_BUFFER_BYTES];
};

/* A file that is empty or begins as a trace does; so nothing but our own work is ever moved. */
static bool is_trace(const char *path)
{
    uint8_t begin[sizeof PL_TRACE_MAGIC - 1];
    FILE *file = fopen(path, "rbe");
    if (!file) return false;
    size_t len = fread(begin, 1, sizeof begin, file);
    bool whole =
        !ferror(file) && (len == 0 || pl_trace_parse_begin((struct pl_span){begin, len}) > 0);
    (void)fclose(file); // only read from
    return whole;
}

/* Give the trace at `path` the first number that is free. 0 or -errno. */
static int keep(const char *path)
{
    for (int n = 1; n <= PL_RECORDER_KEPT_MAX; n++) {
        char kept[PATH_MAX];
        int len = snprintf(kept, sizeof kept, "%s.%d", path, n);
        if (len < 0 || (size_t)len >= sizeof kept) return -ENAMETOOLONG;
        if (link(path, kept) == 0) { // unlike rename(2) it never takes the place of another
            pl_log(PL_LOG_INFO, "recording_kept", "file=\"%s\"", kept);
            return unlink(path) == 0 ? 0 : -errno;
        }
        if (errno != EEXIST) return -errno;
    }
    return -EEXIST;
}

int pl_recorder_open(uv_loop_t *loop, const char *path, struct pl_recorder **out)
{
    struct pl_recorder *r = malloc(sizeof *r);
    if (!r) return -ENOMEM;
    /* All of this at start, before anybody waits for the loop. */
    if (is_trace(path)) {
        int err = keep(path);
        if (err < 0) {
            free(r);
            return err;
        }
    }
    int file = uv_fs_open(NULL, &r->request, path, O_WRONLY | O_CREAT | O_EXCL, 0640, NULL);
    uv_fs_req_cleanup(&r->request);
    if (file < 0) {
        free(r);
        return file;
    }
    r->loop = loop;
    r->file = file;
    r->running = true;
    r->writing = r->closing = false;
    r->last_unix_ms = 0;
    r->filling = pl_writer_init(r->buffers[0], PL_RECORDER_BUFFER_BYTES);
    r->spare = r->buffers[1];
    r->request.data = r;
    pl_trace_begin(&r->filling);
    *out = r;
    return 0;
}

static void end_recording(struct pl_recorder *r, const char *why)
{
    if (!r->running) return;
    r->running = false;
    pl_log(PL_LOG_ERROR, "recording_ended", "err=\"%s\"", why);
}

static void on_file_closed(uv_fs_t *request)
{
    struct pl_recorder *r = request->data;
    void (*on_closed)(void *arg) = r->on_closed;
    void *arg = r->arg;
    if (request->result < 0) end_recording(r, pl_err_text((int)request->result));
    uv_fs_req_cleanup(request);
    free(r);
    on_closed(arg);
}

static void on_written(uv_fs_t *request);

static void write_in_flight(struct pl_recorder *r)
{
    uv_buf_t buf = uv_buf_init((char *)(uintptr_t)r->in_flight.ptr, (unsigned)r->in_flight.len);
    r->writing = true;
    int err = uv_fs_write(r->loop, &r->request, r->file, &buf, 1, -1, on_written);
    PL_ASSERT(err == 0); // fails only without a callback
}

/* Hand over what was filled, and fill the other buffer. */
static void flush_filled(struct pl_recorder *r)
{
    r->in_flight = (struct pl_span){r->filling.ptr, r->filling.len};
    uint8_t *next = r->spare;
    r->spare = r->filling.ptr;
    r->filling = pl_writer_init(next, PL_RECORDER_BUFFER_BYTES);
    write_in_flight(r);
}

static void go_on(struct pl_recorder *r)
{
    if (r->running && r->filling.len > 0) {
        flush_filled(r);
    } else if (r->closing) {
        r->writing = true;
        int err = uv_fs_close(r->loop, &r->request, r->file, on_file_closed);
        PL_ASSERT(err == 0); // fails only without a callback
    }
}

static void on_written(uv_fs_t *request)
{
    struct pl_recorder *r = request->data;
    ssize_t written = request->result;
    uv_fs_req_cleanup(request);
    r->writing = false;
    if (written < 0) {
        end_recording(r, pl_err_text((int)written));
    } else if ((size_t)written < r->in_flight.len) {
        r->in_flight.ptr += written;
        r->in_flight.len -= (size_t)written;
        write_in_flight(r);
        return;
    }
    if (r->closing || r->filling.len > PL_RECORDER_BUFFER_BYTES / 2) go_on(r);
}

void pl_recorder_add(struct pl_recorder *r, const struct pl_trace_record *record)
{
    if (!r->running) return;
    if (PL_RECORDER_BUFFER_BYTES - r->filling.len < PL_TRACE_RECORD_BYTES_MAX) {
        if (r->writing) {
            end_recording(r, "the disk is slower than the agents");
            return;
        }
        flush_filled(r);
    }
    pl_trace_write(record, &r->last_unix_ms, &r->filling);
    PL_ASSERT(r->filling.err == 0);
}

void pl_recorder_flush(struct pl_recorder *r)
{
    if (!r->writing && r->running && r->filling.len > 0) flush_filled(r);
}

bool pl_recorder_running(const struct pl_recorder *r)
{
    return r->running;
}

void pl_recorder_close(struct pl_recorder *r, void (*on_closed)(void *arg), void *arg)
{
    PL_ASSERT(!r->closing);
    r->closing = true;
    r->on_closed = on_closed;
    r->arg = arg;
    if (!r->writing) go_on(r);
}
