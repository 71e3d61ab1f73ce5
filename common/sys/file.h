/* file.h - whole small files, with a limit: configurations and secrets. Blocks; for the start of a
 * program and for tools, never on the event loop. */
#pragma once

#include "common/base/base.h"
#include "common/base/span.h"

enum { PL_FILE_SECRET_BYTES_MAX = 4096 };

struct pl_file {
    uint8_t *bytes; // owned; never NULL after a success
    size_t len;
};

/* Read all of `path`. -errno, PL_E_TOO_BIG over `max` bytes; `*out` is untouched then. The caller
 * releases it with pl_file_free. */
PL_MUST_CHECK int pl_file_read(const char *path, size_t max, struct pl_file *out);
/* Releases and forgets the bytes; an empty struct is allowed. */
void pl_file_free(struct pl_file *file);

/* Read a secret: one line of printable ASCII, whose newline is left out, into `secret` of `cap`
 * bytes with a final NUL. `*is_shared` becomes true if group or others may read the file. -errno,
 * PL_E_TOO_BIG if it does not fit, PL_E_SYNTAX if it is empty or not such a line; the outputs are
 * untouched then. */
PL_MUST_CHECK int pl_file_read_secret(const char *path, char *secret, size_t cap, bool *is_shared);

/* Write a file that only its owner may read (mode 0600), so that after a crash it is either the old
 * one or the new one: a temporary file beside it, synced, then renamed. -errno; PL_E_TOO_BIG for a
 * path of over 4,000 bytes. */
PL_MUST_CHECK int pl_file_write_private(const char *path, struct pl_span bytes);
/* Make a directory that only its owner may use (mode 0700), unless it is there. -errno. */
PL_MUST_CHECK int pl_file_make_private_dir(const char *path);
