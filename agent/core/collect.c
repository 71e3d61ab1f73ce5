#include "agent/core/collect.h"

#include "agent/core/rate.h"
#include "common/base/text.h"

struct source_field {
    enum pl_metric metric;
    size_t offset; // of a uint64_t in struct pl_raw
};

/* Counters that become rates. Linux keeps them as unsigned long: 32 bits in 32-bit kernels. */
static const struct source_field counters[] = {
    {PL_FORKS, offsetof(struct pl_raw, stat.forks)},
    {PL_CONTEXT_SWITCHES, offsetof(struct pl_raw, stat.context_switches)},
    {PL_TCP_ACCEPTED, offsetof(struct pl_raw, snmp.passive_opens)},
    {PL_TCP_OPENED, offsetof(struct pl_raw, snmp.active_opens)},
    {PL_TCP_SEGMENTS_IN, offsetof(struct pl_raw, snmp.segments_in)},
    {PL_TCP_SEGMENTS_OUT, offsetof(struct pl_raw, snmp.segments_out)},
    {PL_TCP_RETRANSMITTED, offsetof(struct pl_raw, snmp.retransmitted)},
    {PL_LISTEN_OVERFLOWS, offsetof(struct pl_raw, netstat.listen_overflows)},
    {PL_LISTEN_DROPS, offsetof(struct pl_raw, netstat.listen_drops)},
    {PL_SYN_COOKIES, offsetof(struct pl_raw, netstat.syncookies_sent)},
    {PL_AGENT_CPU, offsetof(struct pl_raw, agent_cpu_us)},
};

/* Levels whose raw value is already the fixed point of the metric. */
static const struct source_field levels[] = {
    {PL_PROCS_RUNNING, offsetof(struct pl_raw, stat.running)},
    {PL_PROCS_BLOCKED, offsetof(struct pl_raw, stat.blocked)},
    {PL_LOAD1, offsetof(struct pl_raw, loadavg.load1_x100)},
    {PL_TCP_ESTABLISHED, offsetof(struct pl_raw, snmp.established)},
    {PL_TCP_IN_USE, offsetof(struct pl_raw, sockstat.in_use)},
    {PL_TCP_ORPHANS, offsetof(struct pl_raw, sockstat.orphans)},
    {PL_TCP_TIME_WAIT, offsetof(struct pl_raw, sockstat.time_wait)},
    {PL_TCP_MEMORY, offsetof(struct pl_raw, sockstat.memory)},
    {PL_LISTEN_QUEUE, offsetof(struct pl_raw, queues.fill_bp)},
    {PL_LISTENERS, offsetof(struct pl_raw, queues.count)},
};

/* Microseconds of stall that become shares of the elapsed time. */
static const struct source_field stalls[] = {
    {PL_PSI_CPU_SOME, offsetof(struct pl_raw, pressure_cpu.some_us)},
    {PL_PSI_MEMORY_SOME, offsetof(struct pl_raw, pressure_memory.some_us)},
    {PL_PSI_MEMORY_FULL, offsetof(struct pl_raw, pressure_memory.full_us)},
    {PL_PSI_IO_SOME, offsetof(struct pl_raw, pressure_io.some_us)},
    {PL_PSI_IO_FULL, offsetof(struct pl_raw, pressure_io.full_us)},
};

static uint64_t field_of(const struct pl_raw *raw, size_t offset)
{
    uint64_t value;
    memcpy(&value, (const uint8_t *)raw + offset, sizeof value);
    return value;
}

static double scale_of(enum pl_metric metric)
{
    return pl_metric_info(metric)->scale;
}

/* `left` of `total` as the share that is used; absent when the total is not known or 0. */
static int32_t used_share(uint64_t left, uint64_t total)
{
    if (left == PL_RAW_ABSENT || total == PL_RAW_ABSENT) return PL_ABSENT;
    return pl_rate_share(left < total ? total - left : 0, total);
}

static void collect_levels(const struct pl_raw *now, int32_t *values)
{
    const struct pl_raw_meminfo *m = &now->meminfo;
    for (size_t i = 0; i < PL_LEN(levels); i++)
        values[levels[i].metric] = pl_rate_level(field_of(now, levels[i].offset));
    values[PL_MEMORY_USED] = used_share(m->available, m->total);
    values[PL_SWAP_USED] = used_share(m->swap_free, m->swap_total);
    if (m->available != PL_RAW_ABSENT)
        values[PL_MEMORY_AVAILABLE] = pl_rate_level(m->available / 1024);
}

static void collect_network(const struct pl_raw *before, const struct pl_raw *now,
                            int64_t elapsed_us, int32_t *values)
{
    const double kbit = 8.0 / 1000; // per byte
    struct pl_raw_interface sum = pl_rate_interfaces(&before->netdev, &now->netdev);
    uint64_t errors =
        sum.rx_errors == PL_RAW_ABSENT ? PL_RAW_ABSENT : sum.rx_errors + sum.tx_errors;
    const struct {
        enum pl_metric metric;
        uint64_t grown;
        double factor;
    } rates[] = {
        {PL_NET_RX, sum.rx_bytes, kbit},    {PL_NET_TX, sum.tx_bytes, kbit},
        {PL_NET_RX_DROPS, sum.rx_drops, 1}, {PL_NET_TX_DROPS, sum.tx_drops, 1},
        {PL_NET_ERRORS, errors, 1},
    };
    for (size_t i = 0; i < PL_LEN(rates); i++) {
        values[rates[i].metric] = pl_rate_per_second(rates[i].grown, elapsed_us,
                                                     scale_of(rates[i].metric) * rates[i].factor);
    }
}

static void collect_changes(const struct pl_raw *before, const struct pl_raw *now,
                            int64_t elapsed_us, int32_t *values)
{
    for (size_t i = 0; i < PL_LEN(counters); i++) {
        uint64_t grown = pl_rate_grown_32(field_of(before, counters[i].offset),
                                          field_of(now, counters[i].offset));
        values[counters[i].metric] =
            pl_rate_per_second(grown, elapsed_us, scale_of(counters[i].metric));
    }
    for (size_t i = 0; i < PL_LEN(stalls) && elapsed_us > 0; i++) {
        uint64_t grown =
            pl_rate_grown(field_of(before, stalls[i].offset), field_of(now, stalls[i].offset));
        values[stalls[i].metric] = pl_rate_share(grown, (uint64_t)elapsed_us);
    }
    uint64_t fails = pl_rate_grown_32(before->snmp.attempt_fails, now->snmp.attempt_fails);
    uint64_t resets = pl_rate_grown_32(before->snmp.estab_resets, now->snmp.estab_resets);
    if (fails != PL_RAW_ABSENT && resets != PL_RAW_ABSENT) {
        values[PL_TCP_FAILED] =
            pl_rate_per_second(fails + resets, elapsed_us, scale_of(PL_TCP_FAILED));
    }
    struct pl_cpu_shares cpu = pl_rate_cpu(&before->stat, &now->stat);
    values[PL_CPU_BUSY] = cpu.busy;
    values[PL_CPU_USER] = cpu.user;
    values[PL_CPU_SYSTEM] = cpu.system;
    values[PL_CPU_IOWAIT] = cpu.iowait;
    values[PL_CPU_STEAL] = cpu.steal;
}

void pl_collect_values(const struct pl_raw *before, const struct pl_raw *now, int64_t elapsed_us,
                       int32_t *values)
{
    for (size_t i = 0; i < PL_METRIC_COUNT; i++) values[i] = PL_ABSENT;
    collect_levels(now, values);
    if (!before) return;
    collect_changes(before, now, elapsed_us, values);
    collect_network(before, now, elapsed_us, values);
}

static void set_fact(struct pl_fact_value *fact, uint64_t value, const char *source)
{
    struct pl_text text = pl_text_init(fact->source, sizeof fact->source);
    pl_text_str(&text, source);
    fact->value = value > INT64_MAX ? -1 : (int64_t)value; // PL_RAW_ABSENT too
}

/* The number a file of /proc/sys consists of. */
static uint64_t only_number(struct pl_span text)
{
    struct pl_span line;
    return pl_scan_line(&text, &line) ? pl_scan_next(&line) : PL_RAW_ABSENT;
}

void pl_collect_facts(const struct pl_raw *now, struct pl_span somaxconn, struct pl_span file_max,
                      struct pl_fact_value *facts)
{
    set_fact(&facts[PL_FACT_CORES], now->stat.cores, "/proc/stat");
    set_fact(&facts[PL_FACT_MEMORY], now->meminfo.total, "/proc/meminfo");
    set_fact(&facts[PL_FACT_SWAP], now->meminfo.swap_total, "/proc/meminfo");
    set_fact(&facts[PL_FACT_SOMAXCONN], only_number(somaxconn), "/proc/sys/net/core/somaxconn");
    set_fact(&facts[PL_FACT_FILES_MAX], only_number(file_max), "/proc/sys/fs/file-max");
    set_fact(&facts[PL_FACT_STARTED], now->stat.started_unix_s, "/proc/stat");
}
