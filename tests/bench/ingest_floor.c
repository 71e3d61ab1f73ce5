/* ingest_floor - the least that any collector could spend on N connections: one epoll_wait and one
 * read per packet, nothing decoded, nothing kept; every tenth read of a connection is acknowledged.
 * Prints "port=P pid=N". */
#include "common/wire/session.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum { FD_MAX = 65536, EVENTS_MAX = 256, READS_PER_ACK = 10 };

static uint32_t reads[FD_MAX]; // of each connection
static uint64_t samples[FD_MAX];
static uint8_t buf[65536];

static int listen_on_loopback(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct sockaddr *any = (struct sockaddr *)&address;
    socklen_t len = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || bind(fd, any, len) < 0 || listen(fd, 4096) < 0 ||
        getsockname(fd, any, &len) < 0) {
        perror("ingest_floor");
        exit(1);
    }
    (void)printf("port=%d pid=%d\n", ntohs(address.sin_port), (int)getpid());
    (void)fflush(stdout);
    return fd;
}

/* The length of each frame is all that is looked at. */
static void count_samples(int fd, size_t len)
{
    struct pl_span in = {buf, len};
    struct pl_frame frame;
    for (ssize_t used; (used = pl_frame_parse(in, &frame)) > 0;) {
        if (frame.type == PL_FRAME_KEY || frame.type == PL_FRAME_DELTA) samples[fd]++;
        in = (struct pl_span){in.ptr + used, in.len - (size_t)used};
    }
}

/* False when the connection has ended. */
static bool serve(int fd)
{
    uint8_t answer[64];
    struct pl_writer out = pl_writer_init(answer, sizeof answer);
    ssize_t len = read(fd, buf, sizeof buf);
    if (len <= 0) return false;
    count_samples(fd, (size_t)len);
    if (reads[fd]++ == 0)
        pl_welcome_write(&(struct pl_welcome){0}, &out);
    else if (reads[fd] % READS_PER_ACK == 0 && samples[fd] > 0)
        pl_ack_write(samples[fd], &out);
    return out.len == 0 || write(fd, out.ptr, out.len) == (ssize_t)out.len;
}

static void on_event(int epoll, int listener, int fd)
{
    if (fd != listener) {
        if (!serve(fd)) (void)close(fd); // the agents take what they lost as lost
        return;
    }
    int peer = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    if (peer < 0) return;
    if (peer >= FD_MAX) exit(1);
    reads[peer] = 0;
    samples[peer] = 0;
    struct epoll_event event = {.events = EPOLLIN, .data.fd = peer};
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, peer, &event) < 0) exit(1);
}

int main(void)
{
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) < 0) return 1;
    files.rlim_cur = files.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &files); // or the swarm is smaller
    int listener = listen_on_loopback(), epoll = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event event = {.events = EPOLLIN, .data.fd = listener}, events[EVENTS_MAX];
    if (epoll < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event) < 0) return 1;
    for (;;) {
        int count = epoll_wait(epoll, events, EVENTS_MAX, -1);
        for (int i = 0; i < count; i++) on_event(epoll, listener, events[i].data.fd);
    }
}
