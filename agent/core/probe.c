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
    case PL_SOURCE_SNMP: return 0;
    case PL_SOURCE_NETDEV: return 1000; // dear, when samples come faster than this
    case PL_SOURCE_NETSTAT: // the dearest; and whenever the accept queues are worth a look
    case PL_SOURCE_LOADAVG: // the kernel's own cadence (LOAD_FREQ in linux/sched/loadavg.h)
    case PL_SOURCE_VMSTAT:  // as dear as two others
    case PL_SOURCE_CONNTRACK: return 5000;
    case PL_SOURCE_FILES: // levels that move slowly, and no rule waits for them
    case PL_SOURCE_SOCKSTAT: return 10000;
    case PL_SOURCE_COUNT: break;
    }
    PL_UNREACHABLE("source");
}

bool pl_probe_is_due(enum pl_source source, const struct pl_raw *before, int64_t now_us,
                     int64_t interval_ms)
{
    int64_t wait_us = (pl_probe_cadence_ms(source) - interval_ms / 2) * 1000;
    return now_us - before->read_us[source] >= wait_us;
}

void pl_probe_keep(enum pl_source source, const struct pl_raw *before, struct pl_raw *out)
{
#define PART(member)                                                                               \
    {                                                                                              \
        offsetof(struct pl_raw, member), sizeof(((struct pl_raw *)0)->member)                      \
    }
    static const struct {
        size_t offset, bytes;
    } parts[] = {
        [PL_SOURCE_STAT] = PART(stat),
        [PL_SOURCE_MEMINFO] = PART(meminfo),
        [PL_SOURCE_LOADAVG] = PART(loadavg),
        [PL_SOURCE_PRESSURE_CPU] = PART(pressure_cpu),
        [PL_SOURCE_PRESSURE_MEMORY] = PART(pressure_memory),
        [PL_SOURCE_PRESSURE_IO] = PART(pressure_io),
        [PL_SOURCE_NETDEV] = PART(netdev),
        [PL_SOURCE_SNMP] = PART(snmp),
        [PL_SOURCE_NETSTAT] = PART(netstat),
        [PL_SOURCE_SOCKSTAT] = PART(sockstat),
        [PL_SOURCE_VMSTAT] = PART(vmstat),
        [PL_SOURCE_FILES] = PART(files),
        [PL_SOURCE_CONNTRACK] = PART(conntrack),
    };
#undef PART
    static_assert(PL_LEN(parts) == PL_SOURCE_COUNT, "one part per source");
    PL_ASSERT(source < PL_SOURCE_COUNT);
    size_t offset = parts[source].offset;
    memcpy((uint8_t *)out + offset, (const uint8_t *)before + offset, parts[source].bytes);
    out->read_us[source] = before->read_us[source];
}
