/* limits.h - the denominators: what the kernel lets this machine use, from small files that hardly
 * ever change.
 *
 * Of network links only those of real devices with a known speed are here: what a virtual
 * interface reports is no limit of anything. */
#pragma once

#include "agent/core/scan.h"
#include "agent/core/sockdiag.h"
#include "common/base/base.h"

enum { PL_LINKS_MAX = 16, PL_LINK_NAME_BYTES = 16 };

enum pl_limit_file {
    PL_LIMIT_SOMAXCONN,
    PL_LIMIT_FILES,
    PL_LIMIT_CONNTRACK,
    PL_LIMIT_TCP_MEMORY,
    PL_LIMIT_PORTS,
    PL_LIMIT_TIME_WAIT_REUSE, // of no thing: how the kernel treats ports in TIME-WAIT,
    PL_LIMIT_TIMESTAMPS,      // and what that takes (ip-sysctl.rst of the kernel)
    PL_LIMIT_COUNT
};

struct pl_raw_link {
    char name[PL_LINK_NAME_BYTES]; // padded with NULs
    uint32_t mbit;                 // per second, each way
};

/* PL_RAW_ABSENT in a value: not known, and no share may be made of it. */
struct pl_raw_limits {
    uint64_t value[PL_LIMIT_COUNT]; // connections, files, entries, pages, ports
    struct pl_sockdiag_ports ports; // which they are; set if PL_LIMIT_PORTS is known
    uint32_t link_count;
    struct pl_raw_link link[PL_LINKS_MAX]; // further ones are left out
};

/* Path below /proc: "sys/net/core/somaxconn". Static storage. */
const char *pl_limit_path(enum pl_limit_file file);
/* The limit that file states; empty `text` for one that is not there. */
uint64_t pl_limit_parse(enum pl_limit_file file, struct pl_span text);
/* Which local ports the kernel chooses from, as PL_LIMIT_PORTS states it. False: not known. */
PL_MUST_CHECK bool pl_limit_parse_ports(struct pl_span text, struct pl_sockdiag_ports *out);
/* What sys/net/ipv4/ip_local_reserved_ports says ("8080,9148-9150"): how many of `ports` are held
 * back. PL_RAW_ABSENT if it says something else, or was cut. */
uint64_t pl_limit_parse_reserved(struct pl_span text, const struct pl_sockdiag_ports *ports);
/* What /sys/class/net/NAME/speed says, Mbit/s; 0 if it does not know (-1, or not readable). */
uint32_t pl_limit_parse_speed(struct pl_span text);
