#include "common/sys/sdnotify.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { WATCHED_TICKS = 3, FEEDS_PER_PERIOD = 4 };

/* Microseconds in the environment; 0 if there are none, or they are meant for another process. */
static int64_t watchdog_ms(void)
{
    const char *usec = getenv("WATCHDOG_USEC"), *pid = getenv("WATCHDOG_PID");
    if (!usec || (pid && strtol(pid, NULL, 10) != getpid())) return 0;
    return strtoll(usec, NULL, 10) / 1000;
}

void pl_sdnotify_open(struct pl_sdnotify *n)
{
    *n = (struct pl_sdnotify){.fd = -1, .address.sun_family = AF_UNIX, .fed_mono_ms = INT64_MIN};
    const char *path = getenv("NOTIFY_SOCKET");
    size_t len = path ? strlen(path) : 0;
    bool is_path = len > 1 && (path[0] == '/' || path[0] == '@');
    if (is_path && len < sizeof n->address.sun_path) {
        memcpy(n->address.sun_path, path, len);
        if (path[0] == '@') n->address.sun_path[0] = '\0'; // an abstract name (unix(7))
        n->address_len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);
        n->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        n->watchdog_ms = n->fd < 0 ? 0 : watchdog_ms();
    }
    (void)unsetenv("NOTIFY_SOCKET"); // fails only for a name that is none
    (void)unsetenv("WATCHDOG_USEC");
    (void)unsetenv("WATCHDOG_PID");
}

void pl_sdnotify_say(const struct pl_sdnotify *n, const char *assignments)
{
    if (n->fd < 0) return;
    (void)sendto(n->fd, assignments, strlen(assignments), MSG_NOSIGNAL,
                 (const struct sockaddr *)&n->address, n->address_len); // see the header
}

/* An interval longer than the unit's author thought of must not look like a hang. */
static void stretch(struct pl_sdnotify *n, int64_t tick_ms)
{
    char text[64];
    n->watchdog_ms = WATCHED_TICKS * tick_ms;
    (void)snprintf(text, sizeof text, "WATCHDOG_USEC=%" PRId64, n->watchdog_ms * 1000);
    pl_sdnotify_say(n, text);
}

void pl_sdnotify_feed(struct pl_sdnotify *n, int64_t tick_ms, int64_t now_mono_ms)
{
    if (n->watchdog_ms <= 0) return;
    if (n->watchdog_ms < WATCHED_TICKS * tick_ms) stretch(n, tick_ms);
    bool is_first = n->fed_mono_ms == INT64_MIN;
    if (!is_first && now_mono_ms - n->fed_mono_ms < n->watchdog_ms / FEEDS_PER_PERIOD) return;
    n->fed_mono_ms = now_mono_ms;
    pl_sdnotify_say(n, "WATCHDOG=1");
}

void pl_sdnotify_close(struct pl_sdnotify *n)
{
    if (n->fd >= 0) (void)close(n->fd); // nothing is lost with it
    n->fd = -1;
    n->watchdog_ms = 0;
}
