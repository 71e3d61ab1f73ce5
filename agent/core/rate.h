/* rate.h - from counters to rates and shares, and when not to.
 *
 * Two readings of a counter give a rate only if the counter ran on between them. Three things break
 * that, and each is a case of its own here: there is no reading before (the first sample), the
 * counter wrapped (32 bits in 32-bit kernels and in some network cards), or it began again at zero
 * (reboot of a container, another network namespace, a reloaded driver). A wrap is undone; after a
 * new beginning one sample has no value. Nothing of that may ever look like a spike. */
#pragma once

#include "agent/core/probe.h"

/* How much a 64-bit counter grew; PL_RAW_ABSENT if either reading is, or if it went back. */
uint64_t pl_rate_grown(uint64_t before, uint64_t now);

/* The same for a counter that may be 32 bits wide. One that went back is taken for wrapped if the
 * way around is less than a quarter of 32 bits, which at one sample per second is 8 Gbit/s;
 * otherwise it began again. */
uint64_t pl_rate_grown_32(uint64_t before, uint64_t now);

/* `grown` over `elapsed_us` as units per second times `scale`, rounded, saturating. PL_ABSENT if
 * `grown` is absent or no time has passed. */
int32_t pl_rate_per_second(uint64_t grown, int64_t elapsed_us, double scale);

/* part / whole in ten-thousandths, rounded, never over 10,000. PL_ABSENT if either is absent or
 * `whole` is 0. */
int32_t pl_rate_share(uint64_t part, uint64_t whole);

/* A level as a sample value: saturating; PL_ABSENT if absent. */
int32_t pl_rate_level(uint64_t level);

/* Where the time of all cores went, in ten-thousandths. */
struct pl_cpu_shares {
    int32_t busy, user, system, iowait, steal; // user with nice, system with interrupts
};
/* All PL_ABSENT if user, nice, system or idle time is missing or one of the busy times went back.
 * Idle and iowait may go back without a reset (proc(5): "the value will decrease in certain
 * conditions"), and so may steal after a live migration: that counts as no time. */
struct pl_cpu_shares pl_rate_cpu(const struct pl_raw_stat *before, const struct pl_raw_stat *now);

/* Traffic of all interfaces. An interface counts if it is in both readings and none of its
 * counters began again: one that comes, goes or is renamed adds nothing for one sample. All
 * PL_RAW_ABSENT if none counts. Only the six counters of `*out` are filled. */
struct pl_raw_interface pl_rate_interfaces(const struct pl_raw_netdev *before,
                                           const struct pl_raw_netdev *now);

/* What passed the link over `elapsed_us`, of what its speed lets pass: the busier direction, in
 * ten-thousandths. PL_ABSENT if its interface does not count, or no time has passed. */
int32_t pl_rate_link(const struct pl_raw_netdev *before, const struct pl_raw_netdev *now,
                     const struct pl_raw_link *link, int64_t elapsed_us);
