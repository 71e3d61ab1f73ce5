/* agent_floor - what an agent costs that does nothing but the unavoidable: wake up, read the same
 * files of /proc through open descriptors, find the numbers in them, send one packet.
 *
 *   agent_floor INTERVAL_MS      runs until it is ended
 *
 * The packet goes by UDP to a socket of this same process that nobody reads, which is less than any
 * agent with a connection can do. */
#include "common/base/base.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

static const char *const paths[] = {
    "/proc/stat",         "/proc/meminfo",         "/proc/loadavg",
    "/proc/pressure/cpu", "/proc/pressure/memory", "/proc/pressure/io",
    "/proc/net/dev",      "/proc/net/snmp",        "/proc/net/netstat",
    "/proc/net/sockstat",
};

static struct {
    int fds[PL_LEN(paths)];
    char text[1 << 16];
    uint64_t packet[8]; // about the size of an agent's delta
} self;

static void fail(const char *what)
{
    perror(what);
    exit(1);
}

/* A connected UDP socket whose packets end in the queue of another one. */
static int open_sender(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct sockaddr *any = (struct sockaddr *)&address;
    socklen_t len = sizeof address;
    int receiver = socket(AF_INET, SOCK_DGRAM, 0);
    int sender = socket(AF_INET, SOCK_DGRAM, 0);
    if (receiver < 0 || bind(receiver, any, len) < 0 || getsockname(receiver, any, &len) < 0 ||
        sender < 0 || connect(sender, any, len) < 0) {
        fail("socket");
    }
    return sender;
}

static int open_timer(long interval_ms)
{
    struct timespec interval = {interval_ms / 1000, interval_ms % 1000 * 1000000};
    struct itimerspec setting = {interval, interval};
    int fd = timerfd_create(CLOCK_MONOTONIC, 0);
    if (fd < 0 || timerfd_settime(fd, 0, &setting, NULL) < 0) fail("timer");
    return fd;
}

/* Every number of the text, folded into one so that none is optimised away. */
static uint64_t scan(const char *text, size_t len)
{
    uint64_t sum = 0, value = 0;
    for (size_t i = 0; i < len; i++) {
        unsigned digit = (unsigned)text[i] - '0';
        if (digit <= 9) {
            value = value * 10 + digit;
        } else {
            sum += value;
            value = 0;
        }
    }
    return sum;
}

int main(int argc, char **argv)
{
    long interval_ms = argc == 2 ? strtol(argv[1], NULL, 10) : 0;
    uint64_t ticks;
    if (interval_ms <= 0) return 2;
    for (size_t i = 0; i < PL_LEN(paths); i++) self.fds[i] = open(paths[i], O_RDONLY);
    int sender = open_sender();
    int timer = open_timer(interval_ms);
    while (read(timer, &ticks, sizeof ticks) == (ssize_t)sizeof ticks) {
        for (size_t i = 0; i < PL_LEN(paths); i++) {
            ssize_t len = self.fds[i] < 0 ? 0 : pread(self.fds[i], self.text, sizeof self.text, 0);
            if (len > 0) self.packet[i % PL_LEN(self.packet)] += scan(self.text, (size_t)len);
        }
        if (send(sender, self.packet, sizeof self.packet, MSG_DONTWAIT) < 0) fail("send");
    }
    return 0;
}
