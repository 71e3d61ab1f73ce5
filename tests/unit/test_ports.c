/* Local ports in use: what a dump says of them, and when one is worth its price. */
#include "tests/check.h"
#include "tests/unit/sockdiag_rig.h"

#include "agent/core/ports.h"
#include "agent/core/scan.h"
#include "common/base/err.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>

static struct pl_ports_count count;

static void put_ip4(uint8_t state, uint16_t port, uint32_t peer, uint16_t peer_port)
{
    const uint8_t bytes[4] = {(uint8_t)(peer >> 24), (uint8_t)(peer >> 16), (uint8_t)(peer >> 8),
                              (uint8_t)peer};
    const uint8_t own[4] = {192, 0, 2, 7};
    struct inet_diag_msg msg = {
        .idiag_family = AF_INET,
        .idiag_state = state,
        .id = {.idiag_sport = wire_port(port), .idiag_dport = wire_port(peer_port)},
    };
    memcpy(msg.id.idiag_src, own, sizeof own);
    memcpy(msg.id.idiag_dst, bytes, sizeof bytes);
    put(TCPDIAG_GETSOCK, SEQ, &msg, sizeof msg);
}

static void put_ip6(uint8_t state, uint16_t port, const uint8_t peer[16], uint16_t peer_port)
{
    struct inet_diag_msg msg = {
        .idiag_family = AF_INET6,
        .idiag_state = state,
        .id = {.idiag_sport = wire_port(port), .idiag_dport = wire_port(peer_port)},
    };
    const uint8_t own[16] = {[10] = 0xff, [11] = 0xff, [12] = 192, [14] = 2, [15] = 7};
    memcpy(msg.id.idiag_src, own, sizeof own);
    memcpy(msg.id.idiag_dst, peer, 16);
    put(TCPDIAG_GETSOCK, SEQ, &msg, sizeof msg);
}

static int take(void)
{
    return pl_ports_take(&count, put_end(), SEQ);
}

static const char *fullest(void)
{
    static char text[64];
    struct pl_text t = pl_text_init(text, sizeof text);
    const struct pl_ports_destination *d = pl_ports_fullest(&count);
    if (d) pl_ports_destination_write(d, &t);
    return text;
}

static const uint32_t upstream = 0xc0000209, other = 0xc000020a, home = 0x7f000001;

/* Our numbers are those of the kernel's headers. */
static void test_the_request(void)
{
    uint8_t bytes[PL_SOCKDIAG_REQUEST_BYTES_MAX];
    struct inet_diag_req body;
    struct nlattr attr;
    struct inet_diag_bc_op ops[4];
    const struct pl_sockdiag_ports ports = {32768, 60999};
    size_t len = pl_ports_request(SEQ, &ports, bytes);
    const size_t at = sizeof(struct nlmsghdr) + sizeof body;
    CHECK_INT(len, at + sizeof attr + sizeof ops);
    memcpy(&body, bytes + sizeof(struct nlmsghdr), sizeof body);
    memcpy(&attr, bytes + at, sizeof attr);
    memcpy(ops, bytes + at + sizeof attr, sizeof ops);
    CHECK_INT(body.idiag_states,
              0xfff & ~(1 << 0 | 1 << PL_SOCKET_SYN_RECV | 1 << PL_SOCKET_CLOSE));
    CHECK_INT(attr.nla_type, INET_DIAG_REQ_BYTECODE);
    CHECK_INT(attr.nla_len, sizeof attr + sizeof ops);
    CHECK_INT(ops[0].code, INET_DIAG_BC_S_GE);
    CHECK_INT(ops[1].no, 32768);
    CHECK_INT(ops[2].code, INET_DIAG_BC_S_LE);
    CHECK_INT(ops[3].no, 60999);
    CHECK_INT(ops[0].yes, 8);              // to the second test,
    CHECK_INT(8 + ops[2].yes, sizeof ops); // to the end: this socket,
    CHECK_INT(ops[0].no, sizeof ops + 4);  // or behind it
    CHECK_INT(8 + ops[2].no, sizeof ops + 4);
}

static void test_the_fullest_destination(void)
{
    static const uint8_t mapped[16] = {[10] = 0xff, [11] = 0xff, [12] = 192, [14] = 2, [15] = 9};
    pl_ports_begin(&count, 0, 1);
    CHECK(!pl_ports_fullest(&count));
    CHECK_INT(pl_ports_used(&count), 0);
    put_ip4(PL_SOCKET_ESTABLISHED, 40000, upstream, 9000);
    put_ip4(PL_SOCKET_ESTABLISHED, 40000, other, 9000); // the same port, once more
    put_ip4(PL_SOCKET_SYN_SENT, 40001, upstream, 9000);
    put_ip4(PL_SOCKET_TIME_WAIT, 40002, upstream, 9000);
    put_ip6(PL_SOCKET_FIN_WAIT1, 40003, mapped, 9000); // a socket of the other family
    put_ip4(PL_SOCKET_ESTABLISHED, 40004, upstream, 9001);
    CHECK_INT(take(), 0);
    CHECK_INT(pl_ports_used(&count), 4);
    CHECK_TEXT(fullest(), "192.0.2.9:9000");
    CHECK_INT(count.destination_count, 3);
    put(NLMSG_DONE, SEQ, NULL, 0);
    CHECK_INT(take(), 1);
    CHECK_INT(count.sockets, 6);
}

/* Their local port is the listener's, which happens to lie among those that are chosen from. */
static void test_connections_from_elsewhere(void)
{
    pl_ports_begin(&count, 0, 1);
    put_ip4(PL_SOCKET_LISTEN, 50000, 0, 0);
    put_ip4(PL_SOCKET_ESTABLISHED, 50000, upstream, 33000);
    put_ip4(PL_SOCKET_ESTABLISHED, 50000, upstream, 33000);
    put_ip4(PL_SOCKET_ESTABLISHED, 50001, upstream, 33000);
    CHECK_INT(take(), 0);
    CHECK_INT(pl_ports_used(&count), 1);
}

static void test_time_wait_that_is_handed_out_again(void)
{
    static const struct {
        uint64_t reuse, timestamps;
        uint32_t want_far, want_near;
    } cases[] = {
        {0, 1, 2, 2},
        {1, 1, 1, 1},
        {2, 1, 2, 1},
        {1, 0, 2, 2},
        {2, 0, 2, 2},
        {PL_RAW_ABSENT, 1, 2, 2},
        {1, PL_RAW_ABSENT, 2, 2},
    };
    for (size_t i = 0; i < PL_LEN(cases); i++) {
        printf("# case %zu\n", i);
        for (int is_near = 0; is_near <= 1; is_near++) {
            uint32_t peer = is_near ? home : upstream;
            pl_ports_begin(&count, cases[i].reuse, cases[i].timestamps);
            put_ip4(PL_SOCKET_TIME_WAIT, 40000, peer, 9000);
            put_ip4(PL_SOCKET_FIN_WAIT2, 40001, peer, 9000); // never
            CHECK_INT(take(), 0);
            CHECK_INT(pl_ports_used(&count), is_near ? cases[i].want_near : cases[i].want_far);
        }
    }
}

static void test_loopback_ip6(void)
{
    static const uint8_t loopback[16] = {[15] = 1}, far[16] = {0x20, 1, 0xd, 0xb8, [15] = 1};
    pl_ports_begin(&count, 2, 1);
    put_ip6(PL_SOCKET_TIME_WAIT, 40000, loopback, 9000);
    CHECK_INT(take(), 0);
    CHECK_INT(pl_ports_used(&count), 0);
    put_ip6(PL_SOCKET_TIME_WAIT, 40000, far, 9000);
    CHECK_INT(take(), 0);
    CHECK_INT(pl_ports_used(&count), 1);
    CHECK_TEXT(fullest(), "[2001:db8::1]:9000");
}

/* One destination with a quarter of all connections among thousands with one each. */
static void test_more_destinations_than_places(void)
{
    enum { ROUNDS = 3000 };
    uint32_t sockets = 0, true_count = 0;
    pl_ports_begin(&count, 0, 1);
    for (uint32_t i = 0; i < ROUNDS; i++) {
        put_ip4(PL_SOCKET_ESTABLISHED, 40000, upstream, 9000);
        for (uint32_t n = 0; n < 3; n++)
            put_ip4(PL_SOCKET_ESTABLISHED, 40000, 0x0a000000 + 3 * i + n, 443);
        CHECK_INT(take(), 0);
        sockets += 4;
        true_count++;
    }
    CHECK_INT(count.sockets, sockets);
    CHECK(pl_ports_used(&count) >= true_count);
    CHECK(pl_ports_used(&count) <= true_count + sockets / PL_PORTS_DESTINATIONS_MAX);
    CHECK_TEXT(fullest(), "192.0.2.9:9000");
}

static void test_what_is_no_answer(void)
{
    int32_t refused = -EPERM;
    pl_ports_begin(&count, 0, 1);
    put(NLMSG_ERROR, SEQ, &refused, sizeof refused);
    CHECK_INT(take(), -EPERM);
    put(TCPDIAG_GETSOCK, SEQ, &refused, sizeof refused);
    CHECK_INT(take(), PL_E_SYNTAX);
    put(NLMSG_ERROR, SEQ - 1, &refused, sizeof refused); // of the dump before
    CHECK_INT(take(), 0);
    CHECK_INT(count.sockets, 0);
}

/* Between two counts: what the machine has opened since, and how many sockets there are. */
static void test_the_bound_between_counts(void)
{
    static const struct {
        bool was_counted;
        uint64_t sockets, opened, want;
    } cases[] = {
        {false, 20000, 1000, 20000},         {true, 20000, 1000, 300},
        {true, 20000, 1900, 1200},           {true, 250, 1900, 250},
        {true, 20000, 900, 20000}, // another namespace's counter
        {true, 20000, PL_RAW_ABSENT, 20000}, {true, PL_RAW_ABSENT, 1900, 1200},
    };
    for (size_t i = 0; i < PL_LEN(cases); i++) {
        struct pl_ports_watch w = {
            .was_counted = cases[i].was_counted, .used = 300, .opened = 1000};
        printf("# case %zu\n", i);
        CHECK(pl_ports_most(&w, cases[i].sockets, cases[i].opened) == cases[i].want);
    }
}

static void test_when_a_count_is_worth_it(void)
{
    static const struct {
        uint32_t chosen, sockets;
        int64_t calm_ms, near_ms;
    } cases[] = {
        {0, 0, 60000, 10000},
        {0, 20000, 156000, 16000}, // visitors
        {1000, 20000, 181600, 17600},
        {18500, 20000, 629600, 45600},
        {18500, 1000, 90400, 11900}, // most are gone since
        {250000, 250000, 900000, 60000},
    };
    enum { NOW = 5000, PORTS = 28232, FEW = PORTS / 2 - 1, MANY = PORTS / 2 };
    struct pl_ports_watch w = {0};
    CHECK(pl_ports_is_due(&w, PL_RAW_ABSENT, 0, PORTS, NOW)); // nothing is known yet
    pl_ports_begin(&count, 0, 1);
    for (size_t i = 0; i < PL_LEN(cases); i++) {
        uint64_t n = cases[i].sockets;
        printf("# case %zu\n", i);
        count.sockets = cases[i].chosen;
        pl_ports_counted(&w, &count, 70, NOW);
        CHECK_INT(w.opened, 70);
        CHECK(!pl_ports_is_due(&w, n, FEW, PORTS, NOW + cases[i].calm_ms - 1));
        CHECK(pl_ports_is_due(&w, n, FEW, PORTS, NOW + cases[i].calm_ms));
        CHECK(!pl_ports_is_due(&w, n, MANY, PORTS, NOW + cases[i].near_ms - 1));
        CHECK(pl_ports_is_due(&w, n, MANY, PORTS, NOW + cases[i].near_ms));
    }
    pl_ports_failed(&w, NOW);
    CHECK(pl_ports_most(&w, 100, 70) == 100); // what was counted before is of no use
    CHECK(!pl_ports_is_due(&w, 0, MANY, PORTS, NOW + PL_PORTS_CALM_MS - 1));
    CHECK(pl_ports_is_due(&w, 0, MANY, PORTS, NOW + PL_PORTS_CALM_MS));
    CHECK(pl_ports_is_due(&w, PL_RAW_ABSENT, MANY, PORTS, NOW + PL_PORTS_CALM_MAX_MS));
}

int main(void)
{
    RUN(test_the_request);
    RUN(test_the_fullest_destination);
    RUN(test_connections_from_elsewhere);
    RUN(test_time_wait_that_is_handed_out_again);
    RUN(test_loopback_ip6);
    RUN(test_more_destinations_than_places);
    RUN(test_what_is_no_answer);
    RUN(test_the_bound_between_counts);
    RUN(test_when_a_count_is_worth_it);
    return check_finish();
}
