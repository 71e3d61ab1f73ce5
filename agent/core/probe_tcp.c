#include "agent/core/named.h"
#include "agent/core/probe.h"

void pl_probe_snmp(struct pl_span text, struct pl_raw_snmp *out)
{
    const struct pl_named table[] = {
        PL_NAMED("ActiveOpens", &out->active_opens),
        PL_NAMED("PassiveOpens", &out->passive_opens),
        PL_NAMED("AttemptFails", &out->attempt_fails),
        PL_NAMED("EstabResets", &out->estab_resets),
        PL_NAMED("CurrEstab", &out->established),
        PL_NAMED("InSegs", &out->segments_in),
        PL_NAMED("OutSegs", &out->segments_out),
        PL_NAMED("RetransSegs", &out->retransmitted),
    };
    pl_named_columns(text, "Tcp:", table, PL_LEN(table));
}

void pl_probe_netstat(struct pl_span text, struct pl_raw_netstat *out)
{
    const struct pl_named table[] = {
        PL_NAMED("SyncookiesSent", &out->syncookies_sent),
        PL_NAMED("ListenOverflows", &out->listen_overflows),
        PL_NAMED("ListenDrops", &out->listen_drops),
    };
    pl_named_columns(text, "TcpExt:", table, PL_LEN(table));
}

void pl_probe_sockstat(struct pl_span text, struct pl_raw_sockstat *out)
{
    const struct pl_named table[] = {
        PL_NAMED("inuse", &out->in_use),
        PL_NAMED("orphan", &out->orphans),
        PL_NAMED("tw", &out->time_wait),
        PL_NAMED("mem", &out->memory),
    };
    pl_named_words(text, "TCP:", table, PL_LEN(table));
}
