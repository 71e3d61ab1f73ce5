/* limits.h - reads the denominators of core/limits.h: five small files and the speeds of links. */
#pragma once

#include "agent/core/probe.h"

/* Fill `out`. `proc` and `sys` are "/proc" and "/sys"; the links looked for are those of `netdev`.
 * Some 5 + 4 calls per file and link; nothing is allocated. */
void pl_limits_read(const char *proc, const char *sys, const struct pl_raw_netdev *netdev,
                    struct pl_raw_limits *out);
