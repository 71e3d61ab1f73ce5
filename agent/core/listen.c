#include "agent/core/listen.h"

#include "agent/core/scan.h"
#include "common/base/err.h"

/* Where web servers listen, the likeliest first. */
static const uint16_t web_ports[] = {443, 80, 8443, 8080, 8000};

void pl_listen_request(uint32_t seq, uint8_t *out)
{
    (void)pl_sockdiag_request(seq, 1u << PL_SOCKET_LISTEN, NULL, out); // of the length it says
}

static bool is_fuller(const struct pl_raw_listener *a, const struct pl_raw_listener *b)
{
    int32_t a_bp = pl_listen_fill_bp(a), b_bp = pl_listen_fill_bp(b);
    return a_bp > b_bp || (a_bp == b_bp && a->backlog > b->backlog);
}

static bool is_loopback(const struct pl_raw_listener *l)
{
    static const uint8_t loopback_ip6[16] = {[15] = 1};
    return l->is_ip6 ? memcmp(l->address, loopback_ip6, sizeof loopback_ip6) == 0
                     : l->address[0] == 127;
}

/* How much it looks like what the machine is there for; 0: not at all. */
static uint32_t rank_of(const struct pl_raw_listener *l, uint16_t wanted_port)
{
    enum { SSH = 22, LONE = PL_LEN(web_ports) + 1 };
    if (wanted_port != 0) return l->port == wanted_port ? 1 : 0;
    for (uint32_t i = 0; i < PL_LEN(web_ports); i++) {
        if (l->port == web_ports[i])
            return (is_loopback(l) ? 0 : LONE) + (uint32_t)PL_LEN(web_ports) - i;
    }
    return l->port == SSH || is_loopback(l) ? 0 : LONE;
}

static void rate_main(struct pl_listen_dump *dump, const struct pl_raw_listener *next)
{
    uint32_t rank = rank_of(next, dump->wanted_port);
    if (rank < PL_MAX(dump->main_rank, 1u)) return;
    if (rank > dump->main_rank) dump->has_rival = false;
    if (rank == dump->main_rank && next->port != dump->main.port) dump->has_rival = true;
    if (rank > dump->main_rank || next->inode == dump->wanted_inode) dump->main = *next;
    dump->main_rank = rank;
}

const struct pl_raw_listener *pl_listen_main(const struct pl_listen_dump *dump)
{
    return dump->main_rank > 0 && !dump->has_rival ? &dump->main : NULL;
}

static int take_listener(struct pl_listen_dump *dump, const struct pl_raw_socket *socket)
{
    if (socket->state != PL_SOCKET_LISTEN) return PL_E_SYNTAX;
    struct pl_raw_listener next = {
        .is_ip6 = socket->is_ip6,
        .port = socket->port,
        .queue_len = socket->received,
        .backlog = socket->unsent,
        .inode = socket->inode,
    };
    memcpy(next.address, socket->address, sizeof next.address);
    if (dump->count < dump->all_max) dump->all[dump->count] = next;
    rate_main(dump, &next);
    if (dump->count++ == 0 || is_fuller(&next, &dump->fullest)) dump->fullest = next;
    return 0;
}

int pl_listen_take(struct pl_listen_dump *dump, struct pl_span datagram, uint32_t seq)
{
    struct pl_raw_socket socket;
    int next = pl_sockdiag_next(&datagram, seq, &socket);
    for (; next == PL_SOCKDIAG_SOCKET; next = pl_sockdiag_next(&datagram, seq, &socket)) {
        int err = take_listener(dump, &socket);
        if (err < 0) return err;
    }
    return next == PL_SOCKDIAG_DONE ? 1 : next;
}

int32_t pl_listen_fill_bp(const struct pl_raw_listener *listener)
{
    /* A backlog of 0 still lets one connection wait (sk_acceptq_is_full of include/net/sock.h). */
    uint64_t room = PL_MAX(listener->backlog, 1u);
    return (int32_t)PL_MIN(listener->queue_len * UINT64_C(10000) / room, UINT64_C(10000));
}

/* The longest run of zero groups, the first of equals; one group alone is not shortened. */
static void find_zeros(const uint16_t group[8], int *start, int *len)
{
    *start = -1;
    *len = 1;
    for (int i = 0, run = 0; i < 8; i++) {
        run = group[i] == 0 ? run + 1 : 0;
        if (run <= *len) continue;
        *len = run;
        *start = i - run + 1;
    }
}

static void hex_write(uint16_t value, struct pl_text *out)
{
    int width = value > 0xfff ? 4 : value > 0xff ? 3 : value > 0xf ? 2 : 1;
    pl_text_hex(out, value, width);
}

static void ip6_write(const uint8_t *address, struct pl_text *out)
{
    uint16_t group[8];
    int start, len;
    for (int i = 0; i < 8; i++) group[i] = (uint16_t)(address[2 * i] << 8 | address[2 * i + 1]);
    find_zeros(group, &start, &len);
    pl_text_char(out, '[');
    for (int i = 0; i < 8; i++) {
        if (i == start) {
            pl_text_str(out, "::");
            i += len - 1;
            continue;
        }
        if (i > 0 && i != start + len) pl_text_char(out, ':');
        hex_write(group[i], out);
    }
    pl_text_char(out, ']');
}

void pl_listen_address_write(const struct pl_raw_listener *listener, struct pl_text *out)
{
    static const uint8_t any[16];
    const uint8_t *address = listener->address;
    if (memcmp(address, any, sizeof any) == 0) {
        pl_text_char(out, '*');
    } else if (listener->is_ip6) {
        ip6_write(address, out);
    } else {
        for (int i = 0; i < 4; i++) {
            if (i > 0) pl_text_char(out, '.');
            pl_text_u64(out, address[i]);
        }
    }
    pl_text_char(out, ':');
    pl_text_u64(out, listener->port);
}

bool pl_listen_is_due(const struct pl_listen_watch *watch, uint64_t passive_opens,
                      int64_t now_mono_ms)
{
    bool may_have_grown = passive_opens == PL_RAW_ABSENT || passive_opens != watch->passive_opens;
    if (now_mono_ms < watch->due_mono_ms) return false;
    return may_have_grown || watch->has_waiting || now_mono_ms >= watch->idle_mono_ms;
}

void pl_listen_seen(struct pl_listen_watch *watch, uint64_t passive_opens, uint64_t fill_bp,
                    int64_t now_mono_ms)
{
    *watch =
        (struct pl_listen_watch){.due_mono_ms = now_mono_ms + PL_LISTEN_MS - PL_LISTEN_SLACK_MS,
                                 .idle_mono_ms = now_mono_ms + PL_LISTEN_IDLE_MS,
                                 .passive_opens = passive_opens,
                                 .has_waiting = fill_bp != 0};
}
