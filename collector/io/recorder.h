/* recorder.h - writes the frames of ingest into a trace file without making anybody wait.
 *
 *     pl_recorder_frame --copy--> buffer being filled --full, or once a second--> libuv's file
 *     threads --> disk;  meanwhile the other buffer fills
 *
 * A disk that refuses, or is slower than the agents for longer than a buffer lasts, ends the
 * recording with one log line; ingest never waits for it. */
#pragma once

#include "common/base/base.h"
#include "common/wire/trace.h"

#include <uv.h>

enum { PL_RECORDER_BUFFER_BYTES = 1024 * 1024 };

struct pl_recorder;

enum { PL_RECORDER_KEPT_MAX = 99 };
/* Make the file. A trace that is there already, of before a restart, is kept as PATH.1, or the
 * first number that is free, up to PL_RECORDER_KEPT_MAX; anything else in the way is left alone:
 * -EEXIST. 0 or -errno (or -ENOMEM). */
PL_MUST_CHECK int pl_recorder_open(uv_loop_t *loop, const char *path, struct pl_recorder **out);
/* One record (wire/trace.h). Nothing happens once the recording has ended. */
void pl_recorder_add(struct pl_recorder *r, const struct pl_trace_record *record);
/* Once a second: what has been added goes to disk. */
void pl_recorder_flush(struct pl_recorder *r);
/* False once the disk has refused. */
bool pl_recorder_running(const struct pl_recorder *r);
/* Write the rest, close the file and free `r`, then call `on_closed` from the loop. */
void pl_recorder_close(struct pl_recorder *r, void (*on_closed)(void *arg), void *arg);
