/* sdnotify.h - telling systemd how we are: the datagrams of sd_notify(3), without its library.
 *
 * Outside a unit of Type=notify nobody listens, and every call does nothing. What systemd does not
 * take is lost: it asks for nothing that a later datagram does not say again. */
#pragma once

#include <stdint.h>
#include <sys/socket.h>
#include <sys/un.h>

struct pl_sdnotify {
    int fd; // owned; -1: nobody listens
    struct sockaddr_un address;
    socklen_t address_len;
    int64_t watchdog_ms; // systemd restarts us when it was not fed for this long; 0: it does not
    int64_t fed_mono_ms;
};

/* Reads NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID, and takes them out of the environment, so
 * that no child of ours speaks in our name. */
void pl_sdnotify_open(struct pl_sdnotify *n);
/* Send assignments as in sd_notify(3): "READY=1\nSTATUS=listening". */
void pl_sdnotify_say(const struct pl_sdnotify *n, const char *assignments);
/* The loop's tick ran, as it does every `tick_ms`: feed the watchdog, four times as often as
 * needed. A watchdog that does not wait for three ticks is told to. Call it from the tick and from
 * nowhere else: a loop that hangs must starve it. */
void pl_sdnotify_feed(struct pl_sdnotify *n, int64_t tick_ms, int64_t now_mono_ms);
void pl_sdnotify_close(struct pl_sdnotify *n);
