#include "agent/core/probe.h"

#include "common/base/assert.h"

#include <assert.h>

const char *pl_probe_path(enum pl_source source)
{
    static const char *const paths[] = {
        [PL_SOURCE_STAT] = "stat",
        [PL_SOURCE_MEMINFO] = "meminfo",
        [PL_SOURCE_LOADAVG] = "loadavg",
        [PL_SOURCE_PRESSURE_CPU] = "pressure/cpu",
        [PL_SOURCE_PRESSURE_MEMORY] = "pressure/memory",
        [PL_SOURCE_PRESSURE_IO] = "pressure/io",
        [PL_SOURCE_NETDEV] = "net/dev",
        [PL_SOURCE_SNMP] = "net/snmp",
        [PL_SOURCE_NETSTAT] = "net/netstat",
        [PL_SOURCE_SOCKSTAT] = "net/sockstat",
        [PL_SOURCE_VMSTAT] = "vmstat",
        [PL_SOURCE_FILES] = "sys/fs/file-nr",
        [PL_SOURCE_CONNTRACK] = "sys/net/netfilter/nf_conntrack_count",
    };
    static_assert(PL_LEN(paths) == PL_SOURCE_COUNT, "one path per source");
    PL_ASSERT(source < PL_SOURCE_COUNT);
    return paths[source];
}

void pl_probe_parse(enum pl_source source, struct pl_span text, struct pl_raw *out)
{
    switch (source) {
    case PL_SOURCE_STAT: pl_probe_stat(text, &out->stat); return;
    case PL_SOURCE_MEMINFO: pl_probe_meminfo(text, &out->meminfo); return;
    case PL_SOURCE_LOADAVG: pl_probe_loadavg(text, &out->loadavg); return;
    case PL_SOURCE_PRESSURE_CPU: pl_probe_pressure(text, &out->pressure_cpu); return;
    case PL_SOURCE_PRESSURE_MEMORY: pl_probe_pressure(text, &out->pressure_memory); return;
    case PL_SOURCE_PRESSURE_IO: pl_probe_pressure(text, &out->pressure_io); return;
    case PL_SOURCE_NETDEV: pl_probe_netdev(text, &out->netdev); return;
    case PL_SOURCE_SNMP: pl_probe_snmp(text, &out->snmp); return;
    case PL_SOURCE_NETSTAT: pl_probe_netstat(text, &out->netstat); return;
    case PL_SOURCE_SOCKSTAT: pl_probe_sockstat(text, &out->sockstat); return;
    case PL_SOURCE_VMSTAT: pl_probe_vmstat(text, &out->vmstat); return;
    case PL_SOURCE_FILES: pl_probe_files(text, &out->files); return;
    case PL_SOURCE_CONNTRACK: pl_probe_conntrack(text, &out->conntrack); return;
    case PL_SOURCE_COUNT: break;
    }
    PL_UNREACHABLE("source");
}

int64_t pl_probe_cadence_ms(enum pl_source source)
{
    switch (source) {
    case PL_SOURCE_STAT:
    case PL_SOURCE_MEMINFO:
    case PL_SOURCE_PRESSURE_CPU:
    case PL_SOURCE_PRESSURE_MEMORY:
    case PL_SOURCE_PRESSURE_IO:
    case PL_SOURCE_NETDEV:
    case PL_SOURCE_SNMP:
    case PL_SOURCE_NETSTAT: return 0;
    case PL_SOURCE_LOADAVG: // the kernel's own cadence (LOAD_FREQ in linux/sched/loadavg.h)
    case PL_SOURCE_VMSTAT:  // as dear as two others
    case PL_SOURCE_CONNTRACK: return 5000;
    case PL_SOURCE_FILES: // levels that move slowly, and no rule waits for them
    case PL_SOURCE_SOCKSTAT: return 10000;
    case PL_SOURCE_COUNT: break;
    }
    PL_UNREACHABLE("source");
}

void pl_probe_keep(enum pl_source source, const struct pl_raw *before, struct pl_raw *out)
{
    PL_ASSERT(pl_probe_cadence_ms(source) > 0); // the others are always read
    if (source == PL_SOURCE_LOADAVG) out->loadavg = before->loadavg;
    if (source == PL_SOURCE_VMSTAT) out->vmstat = before->vmstat;
    if (source == PL_SOURCE_FILES) out->files = before->files;
    if (source == PL_SOURCE_SOCKSTAT) out->sockstat = before->sockstat;
    if (source == PL_SOURCE_CONNTRACK) out->conntrack = before->conntrack;
}
