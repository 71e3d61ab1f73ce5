/* agent_sink - the cheapest collector an agent can talk to: welcomes, decodes, acknowledges every
 * Nth sample, keeps nothing. Prints "port=P pid=N", and at SIGTERM what it has seen.
 *
 *   agent_sink [ACK_EVERY [HANG_UP_EVERY]]      in samples; default: 10, never */
#include "common/base/err.h"
#include "common/wire/session.h"

#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static struct {
    unsigned long connections, samples, bytes, reads;
    unsigned long ack_every, hang_up_every;
} sink = {.ack_every = 10};

static volatile sig_atomic_t is_stopping;

static void on_stop(int number)
{
    (void)number;
    is_stopping = 1;
}

static int listen_on_loopback(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct sockaddr *any = (struct sockaddr *)&address;
    socklen_t len = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || bind(fd, any, len) < 0 || listen(fd, 16) < 0 || getsockname(fd, any, &len) < 0) {
        perror("agent_sink");
        exit(1);
    }
    (void)printf("port=%d pid=%d\n", ntohs(address.sin_port), (int)getpid());
    (void)fflush(stdout);
    return fd;
}

/* Answer to one frame; false ends the connection. */
static bool take_frame(int fd, struct pl_collector_session *session, const struct pl_frame *frame)
{
    static struct pl_collector_event event;
    uint8_t buf[64];
    struct pl_writer out = pl_writer_init(buf, sizeof buf);
    int err = pl_collector_session_step(session, frame, &event);
    if (err < 0) {
        (void)fprintf(stderr, "agent_sink: a frame %s\n", pl_err_text(err));
        return false;
    }
    if (event.type == PL_COLLECTOR_HELLO) pl_welcome_write(&(struct pl_welcome){0}, &out);
    if (event.type == PL_COLLECTOR_SAMPLE && ++sink.samples % sink.ack_every == 0)
        pl_ack_write(event.sample.seq, &out);
    if (out.len > 0 && write(fd, out.ptr, out.len) != (ssize_t)out.len) return false;
    return event.type != PL_COLLECTOR_SAMPLE || sink.hang_up_every == 0 ||
           sink.samples % sink.hang_up_every != 0;
}

static void serve(int fd)
{
    static uint8_t buf[1 << 16];
    struct pl_collector_session session;
    size_t len = 0;
    ssize_t n;
    pl_collector_session_init(&session);
    sink.connections++;
    while (!is_stopping && (n = read(fd, buf + len, sizeof buf - len)) > 0) {
        struct pl_span in = {buf, len + (size_t)n};
        struct pl_frame frame;
        ssize_t taken;
        sink.bytes += (unsigned long)n;
        sink.reads++;
        while ((taken = pl_frame_parse(in, &frame)) > 0 && take_frame(fd, &session, &frame))
            in = (struct pl_span){in.ptr + taken, in.len - (size_t)taken};
        if (taken != 0) return;
        memmove(buf, in.ptr, in.len);
        len = in.len;
    }
}

int main(int argc, char **argv)
{
    if (argc > 1) sink.ack_every = strtoul(argv[1], NULL, 10);
    if (argc > 2) sink.hang_up_every = strtoul(argv[2], NULL, 10);
    if (sink.ack_every < 1) return 2;
    struct sigaction stop = {.sa_handler = on_stop}; // no SA_RESTART: ends read and accept
    (void)sigaction(SIGTERM, &stop, NULL);
    (void)signal(SIGPIPE, SIG_IGN);
    int listener = listen_on_loopback();
    while (!is_stopping) {
        int fd = accept(listener, NULL, NULL);
        if (fd < 0) continue;
        serve(fd);
        (void)close(fd);
    }
    (void)printf("connections=%lu samples=%lu bytes=%lu reads=%lu\n", sink.connections,
                 sink.samples, sink.bytes, sink.reads);
    return 0;
}
