#include "agent/core/named.h"
#include "agent/core/probe.h"

void pl_probe_meminfo(struct pl_span text, struct pl_raw_meminfo *out)
{
    const struct pl_named table[] = {
        PL_NAMED("MemTotal:", &out->total),
        PL_NAMED("MemAvailable:", &out->available),
        PL_NAMED("SwapTotal:", &out->swap_total),
        PL_NAMED("SwapFree:", &out->swap_free),
    };
    pl_named_lines(text, table, PL_LEN(table));
}
