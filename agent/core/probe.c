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
    case PL_SOURCE_COUNT: break;
    }
    PL_UNREACHABLE("source");
}
