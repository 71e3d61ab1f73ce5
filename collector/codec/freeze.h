/* freeze.h - when upgrades and deployments are to stay away: windows, for scripts and for programs.
 *
 * A window stands there before it begins, with its times in Unix seconds, so that a copy that is an
 * hour old is as good as a new one, and one whose collector is gone still keeps its promise. */
#pragma once

#include "collector/codec/json_view.h"

enum {
    PL_FREEZE_WINDOWS_MAX = 256,      // soonest places of the book first; further ones are left out
    PL_FREEZE_TEXT_BYTES = 64 * 1024, // room for that many
};

/* A line "POOL FROM UNTIL LAUNCH" for each pool of each launch whose freeze is not over, after
 * lines that begin with '#'. */
void pl_freeze_text_write(struct pl_text *out, const struct pl_launch_book *book,
                          int64_t now_unix_ms);
/* /api/v1/freeze: of `pool`, or (empty) of all. */
void pl_json_freeze(struct pl_text *out, const struct pl_view *view, const struct pl_name *pool);
