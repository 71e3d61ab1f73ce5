#include "agent/io/port_count.h"

#include "common/base/err.h"
#include "common/sys/log.h"

#include <errno.h>
#include <linux/netlink.h>
#include <sys/socket.h>
#include <unistd.h>

void pl_port_count_stop(struct pl_port_count *pc)
{
    if (pc->fd >= 0) (void)close(pc->fd); // with what is left of the dump
    pc->fd = -1;
}

void pl_port_count_init(struct pl_port_count *pc)
{
    pc->fd = -1;
    pc->seq = 0;
    pc->used = PL_RAW_ABSENT;
    pc->has_failed = false;
    pc->warn_mono_ms = 0;
    pc->watch = (struct pl_ports_watch){0};
}

/* TIME-WAIT is not in use, for the kernel. */
static uint64_t count_sockets(const struct pl_raw_sockstat *s)
{
    if (s->in_use == PL_RAW_ABSENT || s->time_wait == PL_RAW_ABSENT) return PL_RAW_ABSENT;
    return s->in_use + s->time_wait;
}

static int begin(struct pl_port_count *pc, const struct pl_raw *now)
{
    uint8_t request[PL_SOCKDIAG_REQUEST_BYTES_MAX];
    const uint64_t *limit = now->limits.value;
    uint64_t sockets = count_sockets(&now->sockstat);
    if (limit[PL_LIMIT_PORTS] == PL_RAW_ABSENT || sockets == PL_RAW_ABSENT) return -ENOENT;
    if (sockets > PL_PORTS_SOCKETS_MAX) return PL_E_TOO_BIG;
    pl_ports_begin(&pc->count, limit[PL_LIMIT_TIME_WAIT_REUSE], limit[PL_LIMIT_TIMESTAMPS]);
    pc->opened = now->snmp.active_opens;
    pc->datagrams = 0;
    size_t len = pl_ports_request(++pc->seq, &now->limits.ports, request);
    pc->fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
    if (pc->fd < 0 || send(pc->fd, request, len, 0) < 0) return -errno;
    return 0;
}

/* As pl_ports_take(). */
static int read_some(struct pl_port_count *pc, uint8_t *buf)
{
    for (int i = 0; i < PL_PORT_COUNT_LOOK_DATAGRAMS; i++) {
        ssize_t len = recv(pc->fd, buf, PL_SOCKDIAG_DATAGRAM_BYTES, MSG_DONTWAIT);
        if (len < 0) return -errno;
        int taken = pl_ports_take(&pc->count, (struct pl_span){buf, (size_t)len}, pc->seq);
        if (taken != 0) return taken;
        if (++pc->datagrams >= PL_PORT_COUNT_DATAGRAMS_MAX) return PL_E_TOO_BIG;
    }
    return 0;
}

static void fail(struct pl_port_count *pc, int err, int64_t now_mono_ms)
{
    if (!pc->has_failed) pl_log(PL_LOG_WARN, "ports_unknown", "err=\"%s\"", pl_err_text(err));
    pc->has_failed = true;
    pc->used = PL_RAW_ABSENT;
    pl_port_count_stop(pc);
    pl_ports_failed(&pc->watch, now_mono_ms);
}

static void warn(struct pl_port_count *pc, uint64_t ports, int64_t now_mono_ms)
{
    char text[64];
    struct pl_text t = pl_text_init(text, sizeof text);
    const struct pl_ports_destination *most = pl_ports_fullest(&pc->count);
    if (!most || pc->used < ports / 5 * 4 || now_mono_ms < pc->warn_mono_ms) return;
    pl_ports_destination_write(most, &t);
    pc->warn_mono_ms = now_mono_ms + PL_PORT_COUNT_LOG_MS;
    pl_log(
        PL_LOG_WARN, "ports_scarce",
        "destination=%s used=%llu of=%llu do=\"keep connections to it open, or give this machine "
        "another address or more ports (net.ipv4.ip_local_port_range)\"",
        text, (unsigned long long)pc->used, (unsigned long long)ports);
}

static void finish(struct pl_port_count *pc, uint64_t ports, int64_t now_mono_ms)
{
    pl_port_count_stop(pc);
    pl_ports_counted(&pc->watch, &pc->count, pc->opened, now_mono_ms);
    pc->used = pc->watch.used;
    pc->has_failed = false;
    warn(pc, ports, now_mono_ms);
}

void pl_port_count_look(struct pl_port_count *pc, const struct pl_raw *now, uint8_t *buf,
                        int64_t now_mono_ms)
{
    uint64_t ports = now->limits.value[PL_LIMIT_PORTS];
    uint64_t sockets = count_sockets(&now->sockstat);
    uint64_t most = pl_ports_most(&pc->watch, sockets, now->snmp.active_opens);
    int step = 0;
    if (pc->fd < 0 && !pl_ports_is_due(&pc->watch, sockets, most, ports, now_mono_ms)) return;
    if (pc->fd < 0) step = begin(pc, now);
    if (step == 0) step = read_some(pc, buf);
    if (step < 0)
        fail(pc, step, now_mono_ms);
    else if (step == 1)
        finish(pc, ports, now_mono_ms);
}
