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

uint64_t pl_limit_parse(enum pl_limit_file file, struct pl_span text)
{
    uint64_t n[3];
    numbers(text, n, PL_LEN(n));
    switch (file) {
    case PL_LIMIT_SOMAXCONN:
    case PL_LIMIT_FILES:
    case PL_LIMIT_CONNTRACK: return n[0];
    case PL_LIMIT_TCP_MEMORY: return n[2]; // low, pressure, high (tcp(7))
    case PL_LIMIT_PORTS:                   // first, last (ip(7))
        return n[0] <= n[1] && n[1] <= UINT16_MAX ? n[1] - n[0] + 1 : PL_RAW_ABSENT;
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
