/* limits.h - the denominators: what the kernel lets this machine use, from small files that hardly
 * ever change.
 *
 * Of network links only those of real devices with a known speed are here: what a virtual
 * interface reports is no limit of anything. */
#pragma once

#include "agent/core/scan.h"
#include "common/base/base.h"

enum { PL_LINKS_MAX = 16, PL_LINK_NAME_BYTES = 16 };

enum pl_limit_file {
    PL_LIMIT_SOMAXCONN,
    PL_LIMIT_FILES,
    PL_LIMIT_CONNTRACK,
    PL_LIMIT_TCP_MEMORY,
    PL_LIMIT_PORTS,
    PL_LIMIT_COUNT
};

struct pl_raw_link {
    char name[PL_LINK_NAME_BYTES]; // padded with NULs
    uint32_t mbit;                 // per second, each way
};

/* PL_RAW_ABSENT in a value: not known, and no share may be made of it. */
struct pl_raw_limits {
    uint64_t value[PL_LIMIT_COUNT]; // connections, files, entries, pages, ports
    uint32_t link_count;
    struct pl_raw_link link[PL_LINKS_MAX]; // further ones are left out
};

/* Path below /proc: "sys/net/core/somaxconn". Static storage. */
const char *pl_limit_path(enum pl_limit_file file);
/* The limit that file states; empty `text` for one that is not there. */
uint64_t pl_limit_parse(enum pl_limit_file file, struct pl_span text);
/* What /sys/class/net/NAME/speed says, Mbit/s; 0 if it does not know (-1, or not readable). */
uint32_t pl_limit_parse_speed(struct pl_span text);
