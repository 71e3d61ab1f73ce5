#include "agent/core/ports.h"

#include "agent/core/listen.h"
#include "agent/core/rate.h"
#include "common/base/err.h"

static const uint8_t ip4_prefix[12] = {[10] = 0xff, [11] = 0xff};

void pl_ports_begin(struct pl_ports_count *c, uint64_t reuse, uint64_t timestamps)
{
    bool has_timestamps = timestamps != 0 && timestamps != PL_RAW_ABSENT;
    memset(c, 0, sizeof *c);
    c->reuses_all = has_timestamps && reuse == 1;
    c->reuses_loopback = has_timestamps && (reuse == 1 || reuse == 2);
}

/* Connections that come (SYN-RECV) hold no port, and what is closed has none. The kernel tells of
 * listening sockets first. */
size_t pl_ports_request(uint32_t seq, const struct pl_sockdiag_ports *ports, uint8_t *out)
{
    const uint32_t states =
        1u << PL_SOCKET_LISTEN | 1u << PL_SOCKET_SYN_SENT | 1u << PL_SOCKET_ESTABLISHED |
        1u << PL_SOCKET_FIN_WAIT1 | 1u << PL_SOCKET_FIN_WAIT2 | 1u << PL_SOCKET_TIME_WAIT |
        1u << PL_SOCKET_CLOSE_WAIT | 1u << PL_SOCKET_LAST_ACK | 1u << PL_SOCKET_CLOSING;
    return pl_sockdiag_request(seq, states, ports, out);
}

static void write_address(const struct pl_raw_socket *s, const uint8_t *from, uint8_t out[16])
{
    memcpy(out, s->is_ip6 ? from : ip4_prefix, s->is_ip6 ? 16 : sizeof ip4_prefix);
    if (!s->is_ip6) memcpy(out + sizeof ip4_prefix, from, 4);
}

static bool is_loopback(const uint8_t address[16])
{
    static const uint8_t ip6[16] = {[15] = 1};
    bool is_ip4 = memcmp(address, ip4_prefix, sizeof ip4_prefix) == 0;
    return is_ip4 ? address[12] == 127 : memcmp(address, ip6, sizeof ip6) == 0;
}

/* As tcp_twsk_unique() of the kernel's net/ipv4/tcp_ipv4.c has it, but for the first second. */
static bool is_reused(const struct pl_ports_count *c, uint8_t state,
                      const struct pl_ports_destination *d)
{
    if (state != PL_SOCKET_TIME_WAIT) return false;
    return c->reuses_all ||
           (c->reuses_loopback && (is_loopback(d->address) || is_loopback(d->peer)));
}

static bool is_same(const struct pl_ports_destination *a, const struct pl_ports_destination *b)
{
    return a->peer_port == b->peer_port && memcmp(a->peer, b->peer, sizeof a->peer) == 0 &&
           memcmp(a->address, b->address, sizeof a->address) == 0;
}

/* Where all places are taken, one is taken off each count, and those that come to 0 make room: no
 * count is short by more than the number of times that happened (Misra and Gries, "Finding repeated
 * elements", 1982). */
static void count_destination(struct pl_ports_count *c, const struct pl_ports_destination *next)
{
    struct pl_ports_destination *free_place = NULL;
    for (uint32_t i = 0; i < c->destination_count; i++) {
        struct pl_ports_destination *d = &c->destinations[i];
        if (d->count == 0) {
            free_place = d;
        } else if (is_same(d, next)) {
            d->count++;
            return;
        }
    }
    if (!free_place && c->destination_count < PL_PORTS_DESTINATIONS_MAX)
        free_place = &c->destinations[c->destination_count++];
    if (free_place) {
        *free_place = *next;
        free_place->count = 1;
        return;
    }
    c->dropped++;
    for (uint32_t i = 0; i < PL_PORTS_DESTINATIONS_MAX; i++) c->destinations[i].count--;
}

static void take_socket(struct pl_ports_count *c, const struct pl_raw_socket *s)
{
    uint64_t *word = &c->listening[s->port / 64], bit = UINT64_C(1) << s->port % 64;
    struct pl_ports_destination d = {.peer_port = s->peer_port};
    c->sockets++;
    if (s->state == PL_SOCKET_LISTEN) *word |= bit;
    if (*word & bit) return; // it was made from elsewhere
    write_address(s, s->address, d.address);
    write_address(s, s->peer, d.peer);
    if (!is_reused(c, s->state, &d)) count_destination(c, &d);
}

int pl_ports_take(struct pl_ports_count *c, struct pl_span datagram, uint32_t seq)
{
    struct pl_raw_socket socket;
    int next = pl_sockdiag_next(&datagram, seq, &socket);
    for (; next == PL_SOCKDIAG_SOCKET; next = pl_sockdiag_next(&datagram, seq, &socket))
        take_socket(c, &socket);
    return next == PL_SOCKDIAG_DONE ? 1 : next;
}

const struct pl_ports_destination *pl_ports_fullest(const struct pl_ports_count *c)
{
    const struct pl_ports_destination *most = NULL;
    for (uint32_t i = 0; i < c->destination_count; i++) {
        const struct pl_ports_destination *d = &c->destinations[i];
        if (d->count > (most ? most->count : 0)) most = d;
    }
    return most;
}

void pl_ports_destination_write(const struct pl_ports_destination *d, struct pl_text *out)
{
    bool is_ip4 = memcmp(d->peer, ip4_prefix, sizeof ip4_prefix) == 0;
    struct pl_raw_listener peer = {.is_ip6 = !is_ip4, .port = d->peer_port};
    memcpy(peer.address, d->peer + (is_ip4 ? sizeof ip4_prefix : 0), is_ip4 ? 4 : 16);
    pl_listen_address_write(&peer, out);
}

uint32_t pl_ports_used(const struct pl_ports_count *c)
{
    const struct pl_ports_destination *most = pl_ports_fullest(c);
    return c->dropped + (most ? most->count : 0);
}

uint64_t pl_ports_most(const struct pl_ports_watch *w, uint64_t sockets, uint64_t opened)
{
    uint64_t grown = w->was_counted ? pl_rate_grown_32(w->opened, opened) : PL_RAW_ABSENT;
    if (grown == PL_RAW_ABSENT) return sockets;
    return PL_MIN(sockets, w->used + grown);
}

/* What a count costs now, us. */
static int64_t cost_us(const struct pl_ports_watch *w, uint64_t sockets)
{
    uint64_t n = PL_MIN(sockets, (uint64_t)PL_PORTS_SOCKETS_MAX);
    return (int64_t)((n * PL_PORTS_SOCKET_NS + PL_MIN(w->chosen, n) * PL_PORTS_CHOSEN_NS) / 1000);
}

bool pl_ports_is_due(const struct pl_ports_watch *w, uint64_t sockets, uint64_t most,
                     uint64_t ports, int64_t now_mono_ms)
{
    int64_t passed_ms = now_mono_ms - w->tried_mono_ms, us = cost_us(w, sockets);
    int64_t calm_ms = PL_PORTS_CALM_MS + us * PL_PORTS_CALM_REST / 1000;
    int64_t near_ms = PL_PORTS_NEAR_MS + us * PL_PORTS_NEAR_REST / 1000;
    calm_ms = PL_MIN(calm_ms, PL_PORTS_CALM_MAX_MS);
    near_ms = PL_MIN(near_ms, PL_PORTS_NEAR_MAX_MS);
    bool is_near = w->was_counted && most >= ports / 2;
    return !w->has_tried || passed_ms >= (is_near ? near_ms : calm_ms);
}

void pl_ports_counted(struct pl_ports_watch *w, const struct pl_ports_count *c, uint64_t opened,
                      int64_t now_mono_ms)
{
    *w = (struct pl_ports_watch){true, true, now_mono_ms, pl_ports_used(c), c->sockets, opened};
}

void pl_ports_failed(struct pl_ports_watch *w, int64_t now_mono_ms)
{
    *w = (struct pl_ports_watch){.has_tried = true, .tried_mono_ms = now_mono_ms};
}
