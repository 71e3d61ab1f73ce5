#include "common/sys/log.h"

#include "common/base/text.h"
#include "common/sys/clock.h"

#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

enum { LINE_BYTES_MAX = 1024 };

static enum pl_log_level threshold = PL_LOG_INFO;

void pl_log_set_level(enum pl_log_level level)
{
    threshold = level;
}

void pl_log(enum pl_log_level level, const char *event, const char *format, ...)
{
    static const char *const words[] = {"debug", "info", "warn", "error"};
    if (level < threshold) return;
    char line[LINE_BYTES_MAX];
    struct pl_text t = pl_text_init(line, sizeof line - 1); // one byte for the newline
    pl_text_str(&t, "ts=");
    pl_text_rfc3339(&t, pl_clock_unix_ms());
    pl_text_str(&t, " level=");
    pl_text_str(&t, words[level]);
    pl_text_str(&t, " event=");
    pl_text_str(&t, event);
    pl_text_char(&t, ' ');
    size_t room = t.cap - t.len;
    va_list args;
    va_start(args, format);
    int len = vsnprintf(line + t.len, room, format, args);
    va_end(args);
    if (len > 0) t.len += (size_t)len < room ? (size_t)len : room - 1;
    for (size_t i = 0; i < t.len; i++) {
        if ((unsigned char)line[i] < 0x20 || line[i] == 0x7f) line[i] = '?';
    }
    line[t.len++] = '\n';
    ssize_t written = write(STDERR_FILENO, line, t.len);
    (void)written; // nowhere left to report that stderr is gone
}

bool pl_log_allow(struct pl_log_limit *limit, int64_t now_mono_ms, int64_t interval_ms,
                  uint32_t *held)
{
    if (now_mono_ms < limit->next_mono_ms) {
        limit->held_count++;
        return false;
    }
    *held = limit->held_count;
    limit->held_count = 0;
    limit->next_mono_ms = now_mono_ms + interval_ms;
    return true;
}
