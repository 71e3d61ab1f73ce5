/* probe.h - what the kernel reports about this machine, as raw counters and levels.
 *
 * One parser per file of /proc, pure: the bytes come in as a span, the numbers go out as a struct
 * of unsigned 64-bit fields. Nothing is interpreted here; shares and rates are made by
 * collect.h from two readings.
 *
 * A parser always fills its whole struct: a field the kernel does not have, a value that is no
 * number and everything behind a cut end is PL_RAW_ABSENT, never 0. Lines and columns nobody asked
 * for are skipped, so newer kernels need no change. Reading stops at the last thing needed. */
#pragma once

#include "agent/core/cgroup.h"
#include "agent/core/limits.h"
#include "agent/core/scan.h"
#include "common/base/base.h"

/* The files of one sample, in the order they are read. */
enum pl_source {
    PL_SOURCE_STAT,
    PL_SOURCE_MEMINFO,
    PL_SOURCE_LOADAVG,
    PL_SOURCE_PRESSURE_CPU,
    PL_SOURCE_PRESSURE_MEMORY,
    PL_SOURCE_PRESSURE_IO,
    PL_SOURCE_NETDEV,
    PL_SOURCE_SNMP,
    PL_SOURCE_NETSTAT,
    PL_SOURCE_SOCKSTAT,
    PL_SOURCE_VMSTAT,
    PL_SOURCE_FILES,
    PL_SOURCE_CONNTRACK,
    PL_SOURCE_COUNT
};

/* /proc/stat (proc(5)). Times are USER_HZ ticks summed over all cores; guest time is already in
 * user and nice. */
struct pl_raw_stat {
    uint64_t user, nice, system, idle;
    uint64_t iowait, irq, softirq; // since Linux 2.6
    uint64_t steal;                // since Linux 2.6.11
    uint64_t cores;                // cpuN lines: processors online
    uint64_t context_switches;
    uint64_t started_unix_s; // btime
    uint64_t forks;
    uint64_t running, blocked; // tasks
};

/* /proc/meminfo (proc(5)), in KiB. */
struct pl_raw_meminfo {
    uint64_t total;
    uint64_t available; // since Linux 3.14
    uint64_t swap_total, swap_free;
};

/* /proc/loadavg (proc(5)), times 100. */
struct pl_raw_loadavg {
    uint64_t load1_x100;
};

/* /proc/pressure/RESOURCE (Documentation/accounting/psi.rst), since Linux 4.20: microseconds in
 * which some task, or all of them, waited. /proc/pressure/cpu has a full line since 5.13 only. */
struct pl_raw_pressure {
    uint64_t some_us, full_us;
};

/* /proc/net/dev (proc(5), rtnl_link_stats64), without lo. */
enum { PL_INTERFACES_MAX = 256, PL_INTERFACE_NAME_BYTES = 16 };
struct pl_raw_interface {
    char name[PL_INTERFACE_NAME_BYTES]; // padded with NULs: compare all bytes
    uint64_t rx_bytes, rx_errors, rx_drops;
    uint64_t tx_bytes, tx_errors, tx_drops;
};
struct pl_raw_netdev {
    uint32_t count;
    struct pl_raw_interface item[PL_INTERFACES_MAX]; // kernel order; further ones are left out
};

/* /proc/net/snmp, "Tcp:" (RFC 4022). */
struct pl_raw_snmp {
    uint64_t active_opens, passive_opens, attempt_fails, estab_resets, established;
    uint64_t segments_in, segments_out, retransmitted;
};

/* /proc/net/netstat, "TcpExt:" (Documentation/networking/snmp_counter.rst). */
struct pl_raw_netstat {
    uint64_t syncookies_sent, listen_overflows, listen_drops;
};

/* /proc/net/sockstat, "TCP:" (proc(5)). Memory in pages. */
struct pl_raw_sockstat {
    uint64_t in_use, orphans, time_wait, memory;
};

/* /proc/vmstat. */
struct pl_raw_vmstat {
    uint64_t oom_kills;               // since Linux 4.13
    uint64_t swapped_in, swapped_out; // pages
};

/* /proc/sys/fs/file-nr (proc(5)). */
struct pl_raw_files {
    uint64_t open, max;
};

/* /proc/sys/net/netfilter/nf_conntrack_count; there is none without connection tracking. */
struct pl_raw_conntrack {
    uint64_t count;
};

/* The accept queues (listen.h); filled by whoever can ask the kernel. */
struct pl_raw_queues {
    uint64_t count;   // of listening sockets
    uint64_t fill_bp; // of the fullest, basis points
};

/* Local ports (ports.h); likewise. */
struct pl_raw_ports {
    uint64_t used; // by the fullest destination when it was counted last
};

/* The watched service (watched.h); filled by whoever looks for it. */
struct pl_raw_service {
    uint64_t generation;        // of another service, or of it begun anew, if this differs
    uint64_t cpu_us;            // used since it was found, or since its group was made
    uint64_t files_bp;          // open files of the process nearest to its limit, basis points
    struct pl_raw_cgroup group; // absent without a group of its own
};

/* One reading of the machine. */
struct pl_raw {
    struct pl_raw_stat stat;
    struct pl_raw_meminfo meminfo;
    struct pl_raw_loadavg loadavg;
    struct pl_raw_pressure pressure_cpu, pressure_memory, pressure_io;
    struct pl_raw_snmp snmp;
    struct pl_raw_netstat netstat;
    struct pl_raw_sockstat sockstat;
    struct pl_raw_vmstat vmstat;
    struct pl_raw_files files;
    struct pl_raw_conntrack conntrack;
    /* Filled by whoever can ask the system. */
    struct pl_raw_queues queues;
    struct pl_raw_ports ports;
    uint64_t agent_cpu_us; // CPU time of the agent itself
    struct pl_raw_limits limits;
    struct pl_raw_cgroup cgroup;
    struct pl_raw_service service;
    /* When each source was read, on one monotonic clock: one that was kept has the time of the
     * reading it was kept from. Last, at PL_READ_SELF, that of agent_cpu_us, and at PL_READ_ALWAYS
     * that of all the rest. */
    int64_t read_us[PL_SOURCE_COUNT + 2];
    struct pl_raw_netdev netdev;
};
enum { PL_READ_SELF = PL_SOURCE_COUNT, PL_READ_ALWAYS };

void pl_probe_stat(struct pl_span text, struct pl_raw_stat *out);
void pl_probe_meminfo(struct pl_span text, struct pl_raw_meminfo *out);
void pl_probe_loadavg(struct pl_span text, struct pl_raw_loadavg *out);
void pl_probe_pressure(struct pl_span text, struct pl_raw_pressure *out);
void pl_probe_netdev(struct pl_span text, struct pl_raw_netdev *out);
void pl_probe_snmp(struct pl_span text, struct pl_raw_snmp *out);
void pl_probe_netstat(struct pl_span text, struct pl_raw_netstat *out);
void pl_probe_sockstat(struct pl_span text, struct pl_raw_sockstat *out);
void pl_probe_vmstat(struct pl_span text, struct pl_raw_vmstat *out);
void pl_probe_files(struct pl_span text, struct pl_raw_files *out);
void pl_probe_conntrack(struct pl_span text, struct pl_raw_conntrack *out);

/* Path below /proc: "net/dev". Static storage. */
const char *pl_probe_path(enum pl_source source);
/* How often that source is worth reading, ms; 0: for every sample. */
int64_t pl_probe_cadence_ms(enum pl_source source);
/* True if the sample being taken at `now_us` is the nearest to when `source`, read last with
 * `before`, is worth reading again; the next sample comes `interval_ms` later. So samples that are
 * a little late skip nothing. */
bool pl_probe_is_due(enum pl_source source, const struct pl_raw *before, int64_t now_us,
                     int64_t interval_ms);
/* Parse what `source` said into its part of `out`; empty `text` for a file that is not there. */
void pl_probe_parse(enum pl_source source, struct pl_span text, struct pl_raw *out);
/* It is not read this time: what the reading before says still holds, and so does its time. */
void pl_probe_keep(enum pl_source source, const struct pl_raw *before, struct pl_raw *out);
