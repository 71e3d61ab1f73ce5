/* secret_file.h - a secret of the collector itself, in a file of its state directory. */
#pragma once

#include "collector/codec/http_login.h"

/* Read <state>/<name>, 64 hexadecimal digits that only their owner may read (mode 0600); one that
 * is not there, is none, or may be read by others is made anew. For the start: it blocks. -errno,
 * -EIO without random numbers, PL_E_TOO_BIG for a path over its limit. */
PL_MUST_CHECK int pl_secret_file(const char *state, const char *name,
                                 uint8_t secret[PL_SECRET_BYTES]);
