#include "agent/core/limits.h"

#include "common/base/assert.h"

#include <assert.h>

const char *pl_limit_path(enum pl_limit_file file)
{
    static const char *const paths[] = {
        [PL_LIMIT_SOMAXCONN] = "sys/net/core/somaxconn",
        [PL_LIMIT_FILES] = "sys/fs/file-max",
        [PL_LIMIT_CONNTRACK] = "sys/net/netfilter/nf_conntrack_max",
        [PL_LIMIT_TCP_MEMORY] = "sys/net/ipv4/tcp_mem",
        [PL_LIMIT_PORTS] = "sys/net/ipv4/ip_local_port_range",
        [PL_LIMIT_TIME_WAIT_REUSE] = "sys/net/ipv4/tcp_tw_reuse",
        [PL_LIMIT_TIMESTAMPS] = "sys/net/ipv4/tcp_timestamps",
    };
    static_assert(PL_LEN(paths) == PL_LIMIT_COUNT, "one path per file");
    PL_ASSERT(file < PL_LIMIT_COUNT);
    return paths[file];
}

/* Numbers of the first line; those that are not there are absent. */
static void numbers(struct pl_span text, uint64_t *out, size_t count)
{
    struct pl_span line = {text.ptr, 0};
    (void)pl_scan_line(&text, &line); // without a line there are no numbers
    for (size_t i = 0; i < count; i++) out[i] = pl_scan_next(&line);
}

bool pl_limit_parse_ports(struct pl_span text, struct pl_sockdiag_ports *out)
{
    uint64_t n[2]; // first, last (ip(7))
    numbers(text, n, PL_LEN(n));
    if (n[0] > n[1] || n[1] > UINT16_MAX) return false;
    *out = (struct pl_sockdiag_ports){(uint16_t)n[0], (uint16_t)n[1]};
    return true;
}

static uint64_t count_ports(const struct pl_sockdiag_ports *ports)
{
    return (uint64_t)ports->last - ports->first + 1;
}

/* "PORT" or "PORT-PORT". False for anything else. */
static bool parse_item(struct pl_span item, struct pl_sockdiag_ports *out)
{
    const uint8_t *dash = item.len > 0 ? memchr(item.ptr, '-', item.len) : NULL;
    size_t len = dash ? (size_t)(dash - item.ptr) : item.len;
    uint64_t first = pl_scan_number((struct pl_span){item.ptr, len}), last = first;
    if (dash) last = pl_scan_number((struct pl_span){dash + 1, item.len - len - 1});
    if (first > last || last > UINT16_MAX) return false;
    *out = (struct pl_sockdiag_ports){(uint16_t)first, (uint16_t)last};
    return true;
}

uint64_t pl_limit_parse_reserved(struct pl_span text, const struct pl_sockdiag_ports *ports)
{
    struct pl_span line;
    uint64_t count = 0;
    if (!pl_scan_line(&text, &line)) return PL_RAW_ABSENT;
    while (line.len > 0) {
        const uint8_t *comma = memchr(line.ptr, ',', line.len);
        size_t len = comma ? (size_t)(comma - line.ptr) : line.len;
        struct pl_sockdiag_ports held;
        if (!parse_item((struct pl_span){line.ptr, len}, &held)) return PL_RAW_ABSENT;
        held.first = PL_MAX(held.first, ports->first);
        held.last = PL_MIN(held.last, ports->last);
        if (held.first <= held.last) count += count_ports(&held);
        len += comma ? 1 : 0;
        line = (struct pl_span){line.ptr + len, line.len - len};
    }
    return count;
}

uint64_t pl_limit_parse(enum pl_limit_file file, struct pl_span text)
{
    uint64_t n[3];
    struct pl_sockdiag_ports ports;
    numbers(text, n, PL_LEN(n));
    switch (file) {
    case PL_LIMIT_SOMAXCONN:
    case PL_LIMIT_FILES:
    case PL_LIMIT_CONNTRACK:
    case PL_LIMIT_TIME_WAIT_REUSE:
    case PL_LIMIT_TIMESTAMPS: return n[0];
    case PL_LIMIT_TCP_MEMORY: return n[2]; // low, pressure, high (tcp(7))
    case PL_LIMIT_PORTS:
        return pl_limit_parse_ports(text, &ports) ? count_ports(&ports) : PL_RAW_ABSENT;
    case PL_LIMIT_COUNT: break;
    }
    PL_UNREACHABLE("limit");
}

uint32_t pl_limit_parse_speed(struct pl_span text)
{
    uint64_t mbit;
    numbers(text, &mbit, 1);
    return mbit <= INT32_MAX ? (uint32_t)mbit : 0; // some drivers say 2^32 - 1 for "unknown"
}
