#include "agent/core/probe.h"

/* "  eth0: bytes packets errs drop fifo frame compressed multicast bytes packets errs drop ...":
 * eight columns received, then eight sent (net/core/net-procfs.c). Old kernels print no blank
 * after the colon of a long number. False for lo, the two header lines and what is malformed. */
static bool parse_interface(struct pl_span line, struct pl_raw_interface *out)
{
    enum { RX_BYTES = 0, RX_ERRORS = 2, RX_DROPS = 3, TX_BYTES = 8, TX_ERRORS = 10, TX_DROPS = 11 };
    uint64_t column[TX_DROPS + 1];
    const uint8_t *colon = line.len > 0 ? memchr(line.ptr, ':', line.len) : NULL;
    if (!colon) return false;
    struct pl_span name, head = {line.ptr, (size_t)(colon - line.ptr)};
    if (!pl_scan_word(&head, &name) || name.len >= PL_INTERFACE_NAME_BYTES) return false;
    if (pl_span_is(name, "lo")) return false;
    line = (struct pl_span){colon + 1, line.len - (size_t)(colon + 1 - line.ptr)};
    for (size_t i = 0; i < PL_LEN(column); i++) {
        column[i] = pl_scan_next(&line);
        if (column[i] == PL_RAW_ABSENT) return false;
    }
    *out = (struct pl_raw_interface){
        .rx_bytes = column[RX_BYTES],
        .rx_errors = column[RX_ERRORS],
        .rx_drops = column[RX_DROPS],
        .tx_bytes = column[TX_BYTES],
        .tx_errors = column[TX_ERRORS],
        .tx_drops = column[TX_DROPS],
    };
    memcpy(out->name, name.ptr, name.len);
    return true;
}

void pl_probe_netdev(struct pl_span text, struct pl_raw_netdev *out)
{
    struct pl_span line;
    out->count = 0;
    while (out->count < PL_INTERFACES_MAX && pl_scan_line(&text, &line)) {
        if (parse_interface(line, &out->item[out->count])) out->count++;
    }
}
