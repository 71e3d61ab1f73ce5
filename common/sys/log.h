/* log.h - one event per line on stderr, logfmt: ts=… level=info event=alert_open pool=web …
 *
 * Event names are stable: people and tests search for them. Values with a blank, quote or control
 * byte are quoted and escaped. Nothing secret is ever logged. A repeated failure goes through a
 * pl_log_limit, which lets one line per interval pass and says how many it held back. */
#pragma once

#include "common/base/base.h"

#include <stdbool.h>
#include <stdint.h>

enum pl_log_level {
    PL_LOG_DEBUG,
    PL_LOG_INFO,
    PL_LOG_WARN,
    PL_LOG_ERROR,
    PL_LOG_NONE, // only for pl_log_set_level: no line passes
};

/* Lines below `level` are dropped. Default: PL_LOG_INFO. */
void pl_log_set_level(enum pl_log_level level);

/* One line. `format` is the part after the event name: "host=%s err=\"%s\"". Lines are cut at
 * 1,024 bytes; control bytes in the result become '?', so a hostile name cannot forge a line. */
void pl_log(enum pl_log_level level, const char *event, const char *format, ...) PL_PRINTF(3, 4);

struct pl_log_limit {
    int64_t next_mono_ms;
    uint32_t held_count;
};

/* True if a line may be written now; then at most one per `interval_ms`. `*held` receives the
 * number of lines refused since the last one that passed. */
bool pl_log_allow(struct pl_log_limit *limit, int64_t now_mono_ms, int64_t interval_ms,
                  uint32_t *held);
