/* Real listening sockets of this process, filled by connections that nobody accepts, and the local
 * ports that such connections take. */
#include "tests/check.h"

#include "agent/core/scan.h"
#include "agent/io/limits.h"
#include "agent/io/port_count.h"
#include "agent/io/queues.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BACKLOG = 8, CONNECTIONS = BACKLOG + 1, STEPS_MAX = 100 };

static struct pl_queues queues;
static int connections[CONNECTIONS];
static int connection_count;

static int listen_on(int family, uint16_t *port)
{
    struct sockaddr_in6 address = {.sin6_family = (sa_family_t)family};
    struct sockaddr_in *ip4 = (struct sockaddr_in *)&address;
    socklen_t len = family == AF_INET ? sizeof *ip4 : sizeof address;
    if (family == AF_INET)
        ip4->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    else
        address.sin6_addr = in6addr_loopback;
    int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK(fd >= 0);
    CHECK_INT(bind(fd, (struct sockaddr *)&address, len), 0);
    CHECK_INT(listen(fd, BACKLOG), 0);
    CHECK_INT(getsockname(fd, (struct sockaddr *)&address, &len), 0);
    *port = ntohs(address.sin6_port); // at the same place in both
    return fd;
}

/* One connection more, into the queue of the listener `fd`. */
static void connect_to(int fd)
{
    struct sockaddr_in6 address;
    socklen_t len = sizeof address;
    CHECK_INT(getsockname(fd, (struct sockaddr *)&address, &len), 0);
    int *c = &connections[connection_count++];
    *c = socket(address.sin6_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK_INT(connect(*c, (struct sockaddr *)&address, len), 0);
}

static void disconnect_all(void)
{
    while (connection_count > 0) (void)close(connections[--connection_count]);
}

/* The look that is due at the `n`th second. */
static bool look(int64_t n)
{
    return pl_queues_look(&queues, PL_RAW_ABSENT, n * PL_LISTEN_MS);
}

static void test_a_queue_that_fills(int family, const char *address)
{
    char want[64];
    uint16_t port;
    int64_t second = 1;
    int fd = listen_on(family, &port);
    pl_queues_init(&queues, "/proc", 0);
    CHECK(!look(0));
    uint64_t before = queues.count;
    CHECK(before >= 1 && before != PL_RAW_ABSENT);
    for (int i = 0; i < BACKLOG / 2 - 1; i++) connect_to(fd);
    CHECK(!look(second)); // not worth a name yet
    CHECK_INT(queues.fill_bp, 3750);
    while (connection_count < CONNECTIONS) connect_to(fd);
    CHECK(!pl_queues_look(&queues, PL_RAW_ABSENT, second * PL_LISTEN_MS + 1)); // not due
    CHECK_INT(queues.fill_bp, 3750);
    CHECK(look(++second));
    CHECK_INT(queues.fill_bp, 10000);
    CHECK_INT(queues.count, before);
    (void)snprintf(want, sizeof want, "%s:%u", address, port);
    CHECK_TEXT(queues.name.address, want);
    CHECK_INT(queues.name.backlog, BACKLOG);
    while (queues.owner.proc_fd >= 0 && second < STEPS_MAX) (void)look(++second);
    CHECK_TEXT(queues.name.owner, "test_integratio"); // comm keeps 15 bytes
    CHECK(!look(++second));                           // nothing new
    disconnect_all();
    (void)close(fd);
    CHECK(!look(++second));
    CHECK_INT(queues.count, before - 1);
    pl_queues_stop(&queues);
}

static void test_ip4(void)
{
    test_a_queue_that_fills(AF_INET, "127.0.0.1");
}

static void test_ip6(void)
{
    int probe = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in6 loopback = {.sin6_family = AF_INET6, .sin6_addr = in6addr_loopback};
    bool has_ip6 = bind(probe, (struct sockaddr *)&loopback, sizeof loopback) == 0;
    (void)close(probe);
    if (has_ip6)
        test_a_queue_that_fills(AF_INET6, "[::1]");
    else
        printf("# this machine has no IPv6 loopback\n");
}

static void test_a_listener_of_nobody_we_may_see(void)
{
    uint16_t port;
    int fd = listen_on(AF_INET, &port);
    pl_queues_init(&queues, "/nowhere", 0);
    for (int i = 0; i < CONNECTIONS; i++) connect_to(fd);
    CHECK(look(1));
    CHECK(!look(2));
    CHECK_TEXT(queues.name.owner, "");
    CHECK_INT(queues.name.backlog, BACKLOG);
    disconnect_all();
    (void)close(fd);
    pl_queues_stop(&queues);
}

/* How many ports connections to that port of loopback take: others may be on this machine. */
static uint32_t ports_to(const struct pl_ports_count *count, uint16_t port)
{
    for (uint32_t i = 0; i < count->destination_count; i++) {
        const struct pl_ports_destination *d = &count->destinations[i];
        if (d->peer_port == port && d->count > 0) return d->count;
    }
    return 0;
}

static void count_ports(struct pl_port_count *pc, int64_t now_mono_ms)
{
    static uint8_t text[PL_SOCKDIAG_DATAGRAM_BYTES];
    static struct pl_raw raw;
    raw.sockstat.in_use = 1000;
    pl_limits_read("/proc", "/sys", &raw.netdev, &raw.limits);
    for (int i = 0; i == 0 || (pc->fd >= 0 && i < STEPS_MAX); i++)
        pl_port_count_look(pc, &raw, text, now_mono_ms);
}

static void test_local_ports(void)
{
    static struct pl_port_count pc;
    uint16_t port;
    int fd = listen_on(AF_INET, &port);
    while (connection_count < CONNECTIONS) connect_to(fd);
    pl_port_count_init(&pc);
    CHECK(pc.used == PL_RAW_ABSENT);
    count_ports(&pc, 0);
    CHECK(pc.fd < 0);
    CHECK(pc.used != PL_RAW_ABSENT && pc.used >= CONNECTIONS);
    if (pc.count.dropped == 0) CHECK_INT(ports_to(&pc.count, port), CONNECTIONS);
    disconnect_all();
    count_ports(&pc, 1); // not due
    if (pc.count.dropped == 0) CHECK_INT(ports_to(&pc.count, port), CONNECTIONS);
    (void)close(fd);
    count_ports(&pc, PL_PORTS_CALM_MAX_MS);
    CHECK_INT(ports_to(&pc.count, port), 0);
    pl_port_count_stop(&pc);
}

int main(void)
{
    RUN(test_local_ports);
    RUN(test_ip4);
    RUN(test_ip6);
    RUN(test_a_listener_of_nobody_we_may_see);
    return check_finish();
}
