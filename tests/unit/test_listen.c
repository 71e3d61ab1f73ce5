/* Answers of sock_diag(7): built by hand, recorded, cut and hostile. */
#include "tests/check.h"
#include "tests/unit/sockdiag_rig.h"

#include "agent/core/listen.h"
#include "agent/core/scan.h"
#include "common/base/err.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>

static struct inet_diag_msg listener(uint16_t port, uint32_t queue_len, uint32_t backlog)
{
    return (struct inet_diag_msg){
        .idiag_family = AF_INET,
        .idiag_state = 10,
        .id = {.idiag_sport = wire_port(port)},
        .idiag_rqueue = queue_len,
        .idiag_wqueue = backlog,
        .idiag_inode = port + 1000u,
    };
}

static void put_listener(uint16_t port, uint32_t queue_len, uint32_t backlog)
{
    struct inet_diag_msg msg = listener(port, queue_len, backlog);
    put(TCPDIAG_GETSOCK, SEQ, &msg, sizeof msg);
}

static int take(struct pl_listen_dump *dump)
{
    return pl_listen_take(dump, put_end(), SEQ);
}

/* A table of seconds: what PassiveOpens says, how full the fullest queue is, and whether to look.
 */
static void test_when_a_look_is_worth_it(void)
{
    static const struct {
        uint64_t passive_opens, fill_bp;
        bool want;
    } seconds[] = {
        {5, 0, true},
        {5, 0, false},
        {5, 0, false},
        {6, 40, true},
        {6, 10, true},
        {6, 0, true},
        {6, 0, false},
        {6, 0, false},
        {6, 0, false},
        {6, 0, false},
        {6, 0, false},
        {6, 0, false},
        {6, 0, false},
        {6, 0, false},
        {6, 0, false},
        {6, 0, true}, // ten seconds after the last
        {6, 0, false},
        {3, 0, true}, // the counter of another namespace
        {PL_RAW_ABSENT, 0, true},
        {PL_RAW_ABSENT, PL_RAW_ABSENT, true},
        {PL_RAW_ABSENT, 0, true},
    };
    struct pl_listen_watch watch = {0};
    for (size_t i = 0; i < PL_LEN(seconds); i++) {
        int64_t now_mono_ms = (int64_t)i * PL_LISTEN_MS;
        bool due = pl_listen_is_due(&watch, seconds[i].passive_opens, now_mono_ms);
        CHECK_INT(due, seconds[i].want);
        if (!due) continue;
        pl_listen_seen(&watch, seconds[i].passive_opens, seconds[i].fill_bp, now_mono_ms);
        int64_t soon_mono_ms = now_mono_ms + PL_LISTEN_MS - PL_LISTEN_SLACK_MS;
        CHECK(!pl_listen_is_due(&watch, PL_RAW_ABSENT, soon_mono_ms - 1));
        CHECK(pl_listen_is_due(&watch, PL_RAW_ABSENT, soon_mono_ms));
    }
}

/* Samples of every second that are late by a little, now more and now less. */
static void test_a_late_sample_costs_no_dump(void)
{
    static const int late_ms[] = {0, 99, 3, 40, 0, 7, 60, 0};
    struct pl_listen_watch watch = {0};
    for (size_t i = 0; i < PL_LEN(late_ms); i++) {
        int64_t now_mono_ms = 1000 * (int64_t)i + late_ms[i];
        CHECK(pl_listen_is_due(&watch, i, now_mono_ms));
        pl_listen_seen(&watch, i, 0, now_mono_ms);
    }
}

/* Our numbers are those of the kernel's headers. */
static void test_the_request(void)
{
    uint8_t bytes[PL_LISTEN_REQUEST_BYTES];
    struct nlmsghdr head;
    struct inet_diag_req body;
    static_assert(sizeof head + sizeof body == sizeof bytes, "the whole request");
    pl_listen_request(SEQ, bytes);
    memcpy(&head, bytes, sizeof head);
    memcpy(&body, bytes + sizeof head, sizeof body);
    CHECK_INT(head.nlmsg_len, sizeof bytes);
    CHECK_INT(head.nlmsg_type, TCPDIAG_GETSOCK);
    CHECK_INT(head.nlmsg_flags, NLM_F_REQUEST | NLM_F_DUMP);
    CHECK_INT(head.nlmsg_seq, SEQ);
    CHECK_INT(body.idiag_family, AF_INET);
    CHECK_INT(body.idiag_states, 1 << 10); // nothing but listeners is walked
}

static void test_the_fullest(void)
{
    static const struct {
        uint32_t queue[3], backlog[3], want;
        int32_t want_bp;
    } cases[] = {
        {{0, 0, 0}, {128, 511, 4096}, 2, 0}, // all empty: the largest
        {{1, 0, 0}, {128, 511, 4096}, 0, 78},
        {{64, 512, 1000}, {128, 511, 4096}, 1, 10000},
        {{129, 512, 4097}, {128, 511, 4096}, 2, 10000},
        {{0, 1, 0}, {0, 0, 5}, 1, 10000}, // a backlog of 0 lets one wait
    };
    for (size_t i = 0; i < PL_LEN(cases); i++) {
        struct pl_listen_dump dump = {0};
        for (uint16_t n = 0; n < 3; n++) put_listener(n, cases[i].queue[n], cases[i].backlog[n]);
        CHECK_INT(take(&dump), 0);
        CHECK_INT(dump.count, 3);
        CHECK_INT(dump.fullest.port, cases[i].want);
        CHECK_INT(dump.fullest.inode, cases[i].want + 1000);
        CHECK_INT(pl_listen_fill_bp(&dump.fullest), cases[i].want_bp);
    }
}

static void test_several_datagrams(void)
{
    struct pl_listen_dump dump = {0};
    int32_t zero = 0, refused = -EPERM, nonsense = 5;
    put_listener(80, 1, 511);
    CHECK_INT(take(&dump), 0);
    put_listener(443, 2, 511);
    put(NLMSG_DONE, SEQ, &zero, sizeof zero);
    CHECK_INT(take(&dump), 1);
    CHECK_INT(dump.count, 2);
    CHECK_INT(dump.fullest.port, 443);
    put(NLMSG_DONE, SEQ, NULL, 0);
    CHECK_INT(take(&dump), 1);
    put(NLMSG_ERROR, SEQ, &refused, sizeof refused);
    CHECK_INT(take(&dump), -EPERM);
    put(NLMSG_DONE, SEQ, &refused, sizeof refused);
    CHECK_INT(take(&dump), -EPERM);
    put(NLMSG_ERROR, SEQ, &nonsense, sizeof nonsense);
    CHECK_INT(take(&dump), PL_E_SYNTAX);
    put(NLMSG_ERROR, SEQ - 1, &refused, sizeof refused); // of the dump before
    put(NLMSG_NOOP, SEQ, NULL, 0);
    CHECK_INT(take(&dump), 0);
    CHECK_INT(dump.count, 2);
}

static void test_what_is_no_listener(void)
{
    struct pl_listen_dump dump = {0};
    struct inet_diag_msg msg = listener(80, 0, 0);
    msg.idiag_state = 1; // established: nobody asked for that
    put(TCPDIAG_GETSOCK, SEQ, &msg, sizeof msg);
    CHECK_INT(take(&dump), PL_E_SYNTAX);
    put(TCPDIAG_GETSOCK, SEQ, &msg, sizeof msg - 1);
    CHECK_INT(take(&dump), PL_E_SYNTAX);
    CHECK_INT(dump.count, 0);
}

static void test_every_cut(void)
{
    put_listener(80, 1, 511);
    put_listener(443, 2, 511);
    size_t whole = buf_len;
    for (size_t len = 0; len < whole; len++) {
        struct pl_listen_dump dump = {0};
        uint8_t *copy = malloc(len + 1); // its own block, so that a sanitizer sees reading past it
        REQUIRE(copy != NULL);
        memcpy(copy, buf, len);
        bool between = len == 0 || len == whole / 2;
        CHECK_INT(pl_listen_take(&dump, (struct pl_span){copy, len}, SEQ),
                  between ? 0 : PL_E_SYNTAX);
        CHECK(dump.count <= 1);
        free(copy);
    }
    buf_len = 0;
}

static void test_addresses(void)
{
    static const struct {
        bool is_ip6;
        uint8_t address[16];
        const char *want;
    } cases[] = {
        {false, {0}, "*:443"},
        {true, {0}, "*:443"},
        {false, {127, 0, 0, 1}, "127.0.0.1:443"},
        {false, {192, 0, 2, 255}, "192.0.2.255:443"},
        {true, {[15] = 1}, "[::1]:443"},
        {true, {0x20, 1, 0xd, 0xb8}, "[2001:db8::]:443"},
        {true, {0x20, 1, 0xd, 0xb8, [9] = 1, [15] = 1}, "[2001:db8::1:0:0:1]:443"},
        {true, {0, 1, 0, 0, 0, 3, 0, 4, 0, 5, 0, 6, 0, 7, 0, 8}, "[1:0:3:4:5:6:7:8]:443"},
        {true,
         {0xfe, 0x80, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14},
         "[fe80:102:304:506:708:90a:b0c:d0e]:443"},
    };
    for (size_t i = 0; i < PL_LEN(cases); i++) {
        char text[64];
        struct pl_raw_listener l = {.is_ip6 = cases[i].is_ip6, .port = 443};
        struct pl_text out = pl_text_init(text, sizeof text);
        memcpy(l.address, cases[i].address, sizeof l.address);
        pl_listen_address_write(&l, &out);
        CHECK_TEXT(text, cases[i].want);
    }
}

/* Addresses as they are in memory, in either family. */
static void put_at(const char *address, uint16_t port, uint32_t inode)
{
    static const uint8_t ip4[][4] = {{0, 0, 0, 0}, {127, 0, 0, 1}, {192, 0, 2, 1}};
    static const uint8_t loopback_ip6[16] = {[15] = 1};
    struct inet_diag_msg msg = listener(port, 0, 128);
    const char *const names[] = {"any", "loop", "lan"};
    for (size_t i = 0; i < PL_LEN(names); i++) {
        if (strcmp(address, names[i]) == 0) memcpy(msg.id.idiag_src, ip4[i], sizeof ip4[i]);
    }
    if (strcmp(address, "loop6") == 0) {
        msg.idiag_family = AF_INET6;
        memcpy(msg.id.idiag_src, loopback_ip6, sizeof loopback_ip6);
    }
    msg.idiag_inode = inode;
    put(TCPDIAG_GETSOCK, SEQ, &msg, sizeof msg);
}

static void test_the_main_one(void)
{
    static const struct {
        uint16_t wanted_port;
        uint32_t wanted_inode;
        struct {
            const char *address; // NULL: no more
            uint16_t port;
            uint32_t inode;
        } listeners[4];
        uint32_t want; // inode; 0: none
    } cases[] = {
        {0, 0, {{"any", 22, 1}, {"any", 80, 2}, {"lan", 443, 3}, {"any", 9100, 4}}, 3},
        {0, 0, {{"loop", 443, 1}, {"any", 8000, 2}}, 2}, // reachable goes first
        {0, 0, {{"loop", 443, 1}, {"loop6", 80, 2}, {"any", 22, 3}}, 1},
        {0, 0, {{"any", 22, 1}, {"any", 3000, 2}, {"loop", 6379, 3}}, 2},  // the only one
        {0, 0, {{"any", 22, 1}, {"any", 3000, 2}, {"any", 9100, 3}}, 0},   // it or the other?
        {0, 0, {{"any", 3000, 2}, {"lan", 3000, 3}, {"any", 3000, 4}}, 2}, // one port
        {0, 3, {{"any", 3000, 2}, {"lan", 3000, 3}, {"any", 3000, 4}}, 3}, // it stays
        {0, 0, {{"any", 3000, 2}, {"any", 9100, 3}, {"any", 8080, 4}}, 4},
        {0, 0, {{"loop", 6379, 1}, {"any", 22, 2}}, 0},
        {6379, 0, {{"any", 80, 1}, {"loop", 6379, 2}}, 2}, // whatever it is
        {22, 0, {{"any", 22, 9}}, 9},
        {8080, 0, {{"any", 80, 1}}, 0},
        {0, 0, {{NULL, 0, 0}}, 0},
    };
    for (size_t i = 0; i < PL_LEN(cases); i++) {
        struct pl_listen_dump dump = {.wanted_port = cases[i].wanted_port,
                                      .wanted_inode = cases[i].wanted_inode};
        for (size_t n = 0; n < PL_LEN(cases[i].listeners) && cases[i].listeners[n].address; n++)
            put_at(cases[i].listeners[n].address, cases[i].listeners[n].port,
                   cases[i].listeners[n].inode);
        CHECK_INT(take(&dump), 0);
        const struct pl_raw_listener *main = pl_listen_main(&dump);
        printf("# %zu\n", i);
        CHECK_INT(main ? main->inode : 0, cases[i].want);
    }
}

int main(void)
{
    RUN(test_the_request);
    RUN(test_when_a_look_is_worth_it);
    RUN(test_a_late_sample_costs_no_dump);
    RUN(test_the_fullest);
    RUN(test_several_datagrams);
    RUN(test_what_is_no_listener);
    RUN(test_every_cut);
    RUN(test_addresses);
    RUN(test_the_main_one);
    return check_finish();
}
