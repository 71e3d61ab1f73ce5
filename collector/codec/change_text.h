/* change_text.h - what changed, in words: beside an alert, on a phone and on the live page.
 *
 *     changed in 24 h: openssl 3.0.15→3.0.17 on fe1, fe2 (2 h ago); nginx on fe2 still runs the
 *     old libssl.so.3 (2 h ago); and 3 more
 *
 * Newest first. The texts of a change are printable ASCII since they came in (wire/change.h). */
#pragma once

#include "collector/core/observe/changes.h"
#include "common/base/text.h"

/* Room for every text below, its NUL included. */
enum { PL_CHANGE_TEXT_BYTES = 320, PL_CHANGES_TEXT_BYTES = 3200, PL_CHANGES_TOLD_MAX = 6 };

/* "openssl 3.0.15→3.0.17", "1500 packages upgraded (libc6, bash, …)", "booted", "nginx *:443
 * started": without host and time. */
void pl_change_text_write(const struct pl_change *change, struct pl_text *out);
/* The sentence about a pool: at most PL_CHANGES_TOLD_MAX changes and how many more. Nothing if
 * nothing changed. */
void pl_changes_text_write(const struct pl_change_digest *digest, const struct pl_fleet *fleet,
                           int64_t now_unix_ms, struct pl_text *out);
