#include "agent/core/collect.h"

#include "agent/core/rate.h"
#include "common/base/text.h"

struct source_field {
    enum pl_metric metric;
    size_t offset; // of a uint64_t in struct pl_raw
};

/* Counters that become rates. Linux keeps them as unsigned long: 32 bits in 32-bit kernels. */
static const struct {
    enum pl_metric metric;
    int source; // of pl_raw.read_us
    size_t offset;
} counters[] = {
    {PL_FORKS, PL_SOURCE_STAT, offsetof(struct pl_raw, stat.forks)},
    {PL_CONTEXT_SWITCHES, PL_SOURCE_STAT, offsetof(struct pl_raw, stat.context_switches)},
    {PL_TCP_ACCEPTED, PL_SOURCE_SNMP, offsetof(struct pl_raw, snmp.passive_opens)},
    {PL_TCP_OPENED, PL_SOURCE_SNMP, offsetof(struct pl_raw, snmp.active_opens)},
    {PL_TCP_SEGMENTS_IN, PL_SOURCE_SNMP, offsetof(struct pl_raw, snmp.segments_in)},
    {PL_TCP_SEGMENTS_OUT, PL_SOURCE_SNMP, offsetof(struct pl_raw, snmp.segments_out)},
    {PL_TCP_RETRANSMITTED, PL_SOURCE_SNMP, offsetof(struct pl_raw, snmp.retransmitted)},
    {PL_LISTEN_OVERFLOWS, PL_SOURCE_NETSTAT, offsetof(struct pl_raw, netstat.listen_overflows)},
    {PL_LISTEN_DROPS, PL_SOURCE_NETSTAT, offsetof(struct pl_raw, netstat.listen_drops)},
    {PL_SYN_COOKIES, PL_SOURCE_NETSTAT, offsetof(struct pl_raw, netstat.syncookies_sent)},
    {PL_OOM_KILLS, PL_SOURCE_VMSTAT, offsetof(struct pl_raw, vmstat.oom_kills)},
    {PL_SWAP_IN, PL_SOURCE_VMSTAT, offsetof(struct pl_raw, vmstat.swapped_in)},
    {PL_SWAP_OUT, PL_SOURCE_VMSTAT, offsetof(struct pl_raw, vmstat.swapped_out)},
    {PL_AGENT_CPU, PL_READ_SELF, offsetof(struct pl_raw, agent_cpu_us)},
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

/* The busiest link of those whose speed is known. */
static int32_t busiest_link(const struct pl_raw *before, const struct pl_raw *now,
                            int64_t passed_us)
{
    int32_t most = PL_ABSENT;
    for (uint32_t i = 0; i < now->limits.link_count; i++) {
        int32_t share =
            pl_rate_link(&before->netdev, &now->netdev, &now->limits.link[i], passed_us);
        if (share > most) most = share;
    }
    return most;
}

/* Of what was counted some time ago no more can be left than there are sockets now. */
static int32_t ports_used(const struct pl_raw *now)
{
    uint64_t ports = now->limits.value[PL_LIMIT_PORTS];
    const struct pl_raw_sockstat *s = &now->sockstat;
    bool is_known = now->ports.used != PL_RAW_ABSENT && s->in_use != PL_RAW_ABSENT &&
                    s->time_wait != PL_RAW_ABSENT;
    if (!is_known) return PL_ABSENT;
    return pl_rate_share(PL_MIN(now->ports.used, s->in_use + s->time_wait), ports);
}

static void collect_limits(const struct pl_raw *now, int32_t *values)
{
    const uint64_t *limit = now->limits.value;
    values[PL_FILES_USED] = pl_rate_share(now->files.open, now->files.max);
    values[PL_CONNTRACK_USED] = pl_rate_share(now->conntrack.count, limit[PL_LIMIT_CONNTRACK]);
    values[PL_TCP_MEMORY_USED] = pl_rate_share(now->sockstat.memory, limit[PL_LIMIT_TCP_MEMORY]);
    values[PL_PORTS_USED] = ports_used(now);
}

/* Time between the two readings of a source; 0: it was kept. */
static int64_t elapsed_us(const struct pl_raw *before, const struct pl_raw *now, int source)
{
    return now->read_us[source] - before->read_us[source];
}

static void collect_network(const struct pl_raw *before, const struct pl_raw *now, int32_t *values)
{
    int64_t passed_us = elapsed_us(before, now, PL_SOURCE_NETDEV);
    if (passed_us == 0) return;
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
        values[rates[i].metric] = pl_rate_per_second(rates[i].grown, passed_us,
                                                     scale_of(rates[i].metric) * rates[i].factor);
    }
    values[PL_NET_USED] = busiest_link(before, now, passed_us);
}

static void collect_counters(const struct pl_raw *before, const struct pl_raw *now, int32_t *values)
{
    for (size_t i = 0; i < PL_LEN(counters); i++) {
        int64_t passed_us = elapsed_us(before, now, counters[i].source);
        if (passed_us == 0) continue;
        uint64_t grown = pl_rate_grown_32(field_of(before, counters[i].offset),
                                          field_of(now, counters[i].offset));
        values[counters[i].metric] =
            pl_rate_per_second(grown, passed_us, scale_of(counters[i].metric));
    }
}

static void collect_changes(const struct pl_raw *before, const struct pl_raw *now, int32_t *values)
{
    int64_t passed_us = elapsed_us(before, now, PL_READ_ALWAYS);
    for (size_t i = 0; i < PL_LEN(stalls) && passed_us > 0; i++) {
        uint64_t grown =
            pl_rate_grown(field_of(before, stalls[i].offset), field_of(now, stalls[i].offset));
        values[stalls[i].metric] = pl_rate_share(grown, (uint64_t)passed_us);
    }
    uint64_t fails = pl_rate_grown_32(before->snmp.attempt_fails, now->snmp.attempt_fails);
    uint64_t resets = pl_rate_grown_32(before->snmp.estab_resets, now->snmp.estab_resets);
    if (fails != PL_RAW_ABSENT && resets != PL_RAW_ABSENT) {
        values[PL_TCP_FAILED] =
            pl_rate_per_second(fails + resets, passed_us, scale_of(PL_TCP_FAILED));
    }
    struct pl_cpu_shares cpu = pl_rate_cpu(&before->stat, &now->stat);
    values[PL_CPU_BUSY] = cpu.busy;
    values[PL_CPU_USER] = cpu.user;
    values[PL_CPU_SYSTEM] = cpu.system;
    values[PL_CPU_IOWAIT] = cpu.iowait;
    values[PL_CPU_STEAL] = cpu.steal;
}

/* Where a control group limits the memory, that is the whole; page cache that can be had back
 * counts as free, as in MemAvailable. Without the usage there is no share. */
static void limit_memory(const struct pl_raw_cgroup *c, int32_t *values)
{
    if (c->memory_max == PL_RAW_ABSENT) return;
    values[PL_MEMORY_USED] = values[PL_MEMORY_AVAILABLE] = PL_ABSENT;
    if (c->memory == PL_RAW_ABSENT || c->inactive_file == PL_RAW_ABSENT) return;
    uint64_t used = c->memory > c->inactive_file ? c->memory - c->inactive_file : 0;
    uint64_t left = used < c->memory_max ? c->memory_max - used : 0;
    values[PL_MEMORY_USED] = pl_rate_share(used, c->memory_max);
    values[PL_MEMORY_AVAILABLE] = pl_rate_level(left >> 20);
}

static int32_t throttled_share(const struct pl_raw_cgroup *before, const struct pl_raw_cgroup *now)
{
    uint64_t periods = pl_rate_grown(before->periods, now->periods);
    uint64_t throttled = pl_rate_grown(before->throttled, now->throttled);
    return periods == 0 ? 0 : pl_rate_share(throttled, periods); // nobody ran: nobody waited
}

/* Likewise the processor time; and kills inside the group only, because those that /proc counts
 * may be a neighbour's. */
static void limit_changes(const struct pl_raw_cgroup *before, const struct pl_raw_cgroup *now,
                          int64_t passed_us, int32_t *values)
{
    if (now->cpu_milli != PL_RAW_ABSENT && passed_us > 0) {
        uint64_t allowed_us = (uint64_t)((double)now->cpu_milli * (double)passed_us / 1000);
        values[PL_CPU_BUSY] = pl_rate_share(pl_rate_grown(before->cpu_us, now->cpu_us), allowed_us);
        values[PL_CPU_THROTTLED] = throttled_share(before, now);
    }
    if (now->cpu_milli != PL_RAW_ABSENT || now->memory_max != PL_RAW_ABSENT) {
        uint64_t kills = pl_rate_grown(before->oom_kills, now->oom_kills);
        values[PL_OOM_KILLS] = pl_rate_per_second(kills, passed_us, scale_of(PL_OOM_KILLS));
    }
}

/* What the processors, or the system's control group, can give; absent if not known. */
static uint64_t whole_milli(const struct pl_raw *now)
{
    if (now->cgroup.cpu_milli != PL_RAW_ABSENT) return now->cgroup.cpu_milli;
    return now->stat.cores > UINT16_MAX ? PL_RAW_ABSENT : now->stat.cores * 1000;
}

static uint64_t whole_memory(const struct pl_raw *now)
{
    uint64_t total_kib = now->meminfo.total;
    if (now->cgroup.memory_max != PL_RAW_ABSENT) return now->cgroup.memory_max;
    return total_kib > UINT64_MAX / 1024 ? PL_RAW_ABSENT : total_kib * 1024;
}

/* Levels of the watched service. Page cache that can be had back is not used, as in
 * limit_memory(). */
static void collect_service(const struct pl_raw *now, int32_t *values)
{
    const struct pl_raw_cgroup *group = &now->service.group;
    values[PL_SERVICE_FILES] = pl_rate_level(now->service.files_bp);
    values[PL_SERVICE_CPU_WEIGHT] = pl_rate_level(group->cpu_weight);
    if (group->cpu_milli != PL_RAW_ABSENT)
        values[PL_SERVICE_CPU_LIMIT] = pl_rate_share(group->cpu_milli, whole_milli(now));
    if (group->memory == PL_RAW_ABSENT || group->inactive_file == PL_RAW_ABSENT) return;
    uint64_t used = group->memory > group->inactive_file ? group->memory - group->inactive_file : 0;
    uint64_t whole = PL_MIN(group->memory_max, whole_memory(now));
    values[PL_SERVICE_MEMORY] = pl_rate_share(used, whole);
    if (whole != PL_RAW_ABSENT)
        values[PL_SERVICE_MEMORY_LIMIT] = pl_rate_level(whole / 1024 * 10 / 1024);
}

/* The whole is that of cpu.busy, so that the rest of cpu.busy is what others use. */
static void collect_service_changes(const struct pl_raw *before, const struct pl_raw *now,
                                    int64_t passed_us, int32_t *values)
{
    const struct pl_raw_service *a = &before->service, *b = &now->service;
    uint64_t milli = whole_milli(now);
    if (a->generation != b->generation || milli == PL_RAW_ABSENT || passed_us <= 0) return;
    uint64_t whole_us = (uint64_t)((double)milli * (double)passed_us / 1000);
    values[PL_SERVICE_CPU] = pl_rate_share(pl_rate_grown(a->cpu_us, b->cpu_us), whole_us);
    if (b->group.cpu_milli != PL_RAW_ABSENT)
        values[PL_SERVICE_CPU_THROTTLED] = throttled_share(&a->group, &b->group);
}

/* Rates of sources with a cadence stay until their source is read again. */
static void keep_rates(const struct pl_raw *before, const struct pl_raw *now, const int32_t *last,
                       int32_t *values)
{
    static const enum pl_metric network[] = {PL_NET_RX,       PL_NET_TX,     PL_NET_RX_DROPS,
                                             PL_NET_TX_DROPS, PL_NET_ERRORS, PL_NET_USED};
    for (size_t i = 0; i < PL_LEN(counters); i++) {
        if (elapsed_us(before, now, counters[i].source) == 0)
            values[counters[i].metric] = last[counters[i].metric];
    }
    if (elapsed_us(before, now, PL_SOURCE_NETDEV) != 0) return;
    for (size_t i = 0; i < PL_LEN(network); i++) values[network[i]] = last[network[i]];
}

void pl_collect_values(const struct pl_raw *before, const struct pl_raw *now, int32_t *values)
{
    int32_t last[PL_METRIC_COUNT];
    memcpy(last, values, sizeof last);
    for (size_t i = 0; i < PL_METRIC_COUNT; i++) values[i] = PL_ABSENT;
    collect_levels(now, values);
    collect_limits(now, values);
    limit_memory(&now->cgroup, values);
    collect_service(now, values);
    if (!before) return;
    keep_rates(before, now, last, values);
    collect_counters(before, now, values);
    collect_changes(before, now, values);
    collect_network(before, now, values);
    limit_changes(&before->cgroup, &now->cgroup, elapsed_us(before, now, PL_READ_ALWAYS), values);
    collect_service_changes(before, now, elapsed_us(before, now, PL_READ_ALWAYS), values);
}

static void set_fact(struct pl_fact_value *fact, uint64_t value, const char *source)
{
    struct pl_text text = pl_text_init(fact->source, sizeof fact->source);
    pl_text_str(&text, source);
    fact->value = value > INT64_MAX ? -1 : (int64_t)value; // PL_RAW_ABSENT too
}

static void set_limit(struct pl_fact_value *fact, const struct pl_raw *now, enum pl_limit_file file)
{
    char path[PL_FACT_SOURCE_LEN_MAX + 1];
    struct pl_text text = pl_text_init(path, sizeof path);
    pl_text_str(&text, "/proc/");
    pl_text_str(&text, pl_limit_path(file));
    set_fact(fact, now->limits.value[file], path);
}

void pl_collect_facts(const struct pl_raw *now, struct pl_fact_value *facts)
{
    set_fact(&facts[PL_FACT_CORES], now->stat.cores, "/proc/stat");
    set_fact(&facts[PL_FACT_MEMORY], now->meminfo.total, "/proc/meminfo");
    set_fact(&facts[PL_FACT_SWAP], now->meminfo.swap_total, "/proc/meminfo");
    set_limit(&facts[PL_FACT_SOMAXCONN], now, PL_LIMIT_SOMAXCONN);
    set_limit(&facts[PL_FACT_FILES_MAX], now, PL_LIMIT_FILES);
    set_limit(&facts[PL_FACT_CONNTRACK_MAX], now, PL_LIMIT_CONNTRACK);
    set_limit(&facts[PL_FACT_TCP_MEMORY_MAX], now, PL_LIMIT_TCP_MEMORY);
    set_limit(&facts[PL_FACT_PORTS], now, PL_LIMIT_PORTS);
    uint64_t memory_max = now->cgroup.memory_max;
    set_fact(&facts[PL_FACT_CPU_LIMIT], now->cgroup.cpu_milli, "cgroup cpu quota or cpuset");
    set_fact(&facts[PL_FACT_MEMORY_LIMIT],
             memory_max == PL_RAW_ABSENT ? PL_RAW_ABSENT : memory_max / 1024,
             "cgroup memory limit");
    set_fact(&facts[PL_FACT_STARTED], now->stat.started_unix_s, "/proc/stat");
}
