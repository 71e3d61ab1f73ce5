/* Counters to rates and shares: wrap, reset, first sample, and everything that must not spike. */
#include "tests/check.h"

#include "agent/core/collect.h"
#include "agent/core/rate.h"
#include "common/base/rng.h"

static const uint64_t none = PL_RAW_ABSENT;

static void test_grown(void)
{
    static const struct {
        uint64_t before, now, want, want_32;
    } cases[] = {
        {5, 7, 2, 2},
        {5, 5, 0, 0},
        {none, 7, none, none},
        {5, none, none, none},
        {7, 5, none, none},                   // began again
        {0xffffff00, 0x10, none, 0x110},      // wrapped
        {0xffffffff, 0, none, 1},             // wrapped at the very end
        {0xc0000000, 0, none, none},          // a quarter is too far
        {0xc0000001, 0, none, 0x3fffffff},    // just under a quarter
        {0xbfffffff, 5, none, none},          // not in the last quarter: began again
        {0xf0000000, 0xe0000000, none, none}, // went back a little
        {0x100000000, 5, none, none},         // wider than 32 bits: began again
        {0xffffffff, 0x100000000, 1, 1},      // 64 bits wide, no wrap
        {0, UINT64_MAX - 1, UINT64_MAX - 1, UINT64_MAX - 1},
    };
    for (size_t i = 0; i < PL_LEN(cases); i++) {
        printf("# case %zu\n", i);
        CHECK(pl_rate_grown(cases[i].before, cases[i].now) == cases[i].want);
        CHECK(pl_rate_grown_32(cases[i].before, cases[i].now) == cases[i].want_32);
    }
}

static void test_per_second(void)
{
    static const struct {
        uint64_t grown;
        int64_t elapsed_us;
        double scale;
        int32_t want;
    } cases[] = {
        {10, 1000000, 1, 10},
        {10, 1000000, 10, 100},
        {10, 2000000, 1, 5},
        {1, 3000000, 10, 3},
        {1, 300000, 1, 3},
        {0, 1000000, 10, 0},
        {5, 0, 1, PL_ABSENT},
        {5, -1, 1, PL_ABSENT},
        {none, 1000000, 1, PL_ABSENT},
        {UINT64_MAX - 1, 1, 1, INT32_MAX},
        {INT32_MAX, 1000000, 1, INT32_MAX},
        {INT32_MAX - 1, 1000000, 1, INT32_MAX - 1},
    };
    for (size_t i = 0; i < PL_LEN(cases); i++) {
        printf("# case %zu\n", i);
        CHECK_INT(pl_rate_per_second(cases[i].grown, cases[i].elapsed_us, cases[i].scale),
                  cases[i].want);
    }
}

static void test_share_and_level(void)
{
    CHECK_INT(pl_rate_share(0, 5), 0);
    CHECK_INT(pl_rate_share(1, 3), 3333);
    CHECK_INT(pl_rate_share(2, 3), 6667);
    CHECK_INT(pl_rate_share(3, 3), 10000);
    CHECK_INT(pl_rate_share(4, 3), 10000);
    CHECK_INT(pl_rate_share(0, 0), PL_ABSENT);
    CHECK_INT(pl_rate_share(none, 5), PL_ABSENT);
    CHECK_INT(pl_rate_share(5, none), PL_ABSENT);
    CHECK_INT(pl_rate_level(7), 7);
    CHECK_INT(pl_rate_level(INT32_MAX), INT32_MAX);
    CHECK_INT(pl_rate_level((uint64_t)INT32_MAX + 1), INT32_MAX);
    CHECK_INT(pl_rate_level(none), PL_ABSENT);
}

static struct pl_raw_stat times(uint64_t user, uint64_t system, uint64_t idle, uint64_t iowait,
                                uint64_t steal)
{
    return (struct pl_raw_stat){
        .user = user, .system = system, .idle = idle, .iowait = iowait, .steal = steal};
}

static void test_cpu(void)
{
    const struct {
        const char *name;
        struct pl_raw_stat before, now;
        struct pl_cpu_shares want;
    } cases[] = {
        {"plain",
         times(100, 100, 100, 100, 100),
         times(110, 120, 130, 140, 100),
         {3000, 1000, 2000, 4000, 0}},
        {"all steal", times(0, 0, 0, 0, 0), times(0, 0, 0, 0, 9), {10000, 0, 0, 0, 10000}},
        {"iowait back", times(0, 0, 0, 50, 0), times(20, 0, 80, 40, 0), {2000, 2000, 0, 0, 0}},
        {"idle back", times(0, 0, 50, 0, 0), times(20, 0, 40, 0, 0), {10000, 10000, 0, 0, 0}},
        {"steal back", times(0, 0, 0, 0, 9), times(1, 0, 3, 0, 0), {2500, 2500, 0, 0, 0}},
        {"no tick passed",
         times(1, 2, 3, 4, 5),
         times(1, 2, 3, 4, 5),
         {PL_ABSENT, PL_ABSENT, PL_ABSENT, PL_ABSENT, PL_ABSENT}},
        {"user back: reset",
         times(50, 0, 0, 0, 0),
         times(5, 1, 9, 0, 0),
         {PL_ABSENT, PL_ABSENT, PL_ABSENT, PL_ABSENT, PL_ABSENT}},
        {"an old kernel",
         times(0, 0, 0, none, none),
         times(1, 1, 2, none, none),
         {5000, 2500, 2500, PL_ABSENT, PL_ABSENT}},
        {"idle missing",
         times(0, 0, none, 0, 0),
         times(1, 1, none, 0, 0),
         {PL_ABSENT, PL_ABSENT, PL_ABSENT, PL_ABSENT, PL_ABSENT}},
        {"user missing",
         times(none, 0, 1, 0, 0),
         times(1, 1, 2, 0, 0),
         {PL_ABSENT, PL_ABSENT, PL_ABSENT, PL_ABSENT, PL_ABSENT}},
    };
    for (size_t i = 0; i < PL_LEN(cases); i++) {
        struct pl_cpu_shares got = pl_rate_cpu(&cases[i].before, &cases[i].now);
        printf("# %s\n", cases[i].name);
        CHECK_INT(got.busy, cases[i].want.busy);
        CHECK_INT(got.user, cases[i].want.user);
        CHECK_INT(got.system, cases[i].want.system);
        CHECK_INT(got.iowait, cases[i].want.iowait);
        CHECK_INT(got.steal, cases[i].want.steal);
    }
}

static bool share_or_absent(int32_t value)
{
    return value == PL_ABSENT || (value >= 0 && value <= 10000);
}

/* Whatever the kernel prints, no share leaves 0 to 1. */
static void test_shares_stay_shares(void)
{
    struct pl_rng rng = pl_rng_init(7);
    for (int i = 0; i < 20000; i++) {
        struct pl_raw_stat stat[2];
        uint64_t words[sizeof stat / 8];
        for (size_t w = 0; w < PL_LEN(words); w++) {
            uint32_t form = pl_rng_below(&rng, 8);
            words[w] = form == 0 ? none : pl_rng_u64(&rng) >> pl_rng_below(&rng, 64);
        }
        memcpy(stat, words, sizeof stat);
        struct pl_cpu_shares got = pl_rate_cpu(&stat[0], &stat[1]);
        CHECK(share_or_absent(got.busy) && share_or_absent(got.user) &&
              share_or_absent(got.system) && share_or_absent(got.iowait) &&
              share_or_absent(got.steal));
    }
}

static struct pl_raw_interface interface(const char *name, uint64_t rx_bytes, uint64_t tx_bytes)
{
    struct pl_raw_interface i = {.rx_bytes = rx_bytes, .tx_bytes = tx_bytes};
    memcpy(i.name, name, strlen(name));
    return i;
}

static void test_interfaces(void)
{
    static struct pl_raw_netdev before, now;
    before.count = now.count = 2;
    before.item[0] = interface("eth0", 1000, 100);
    before.item[1] = interface("eth1", 50, 5);
    now.item[0] = interface("eth0", 1500, 150);
    now.item[1] = interface("eth1", 60, 6);
    struct pl_raw_interface sum = pl_rate_interfaces(&before, &now);
    CHECK_INT(sum.rx_bytes, 510);
    CHECK_INT(sum.tx_bytes, 51);

    printf("# eth1 goes, a busy veth comes in front: neither counts\n");
    now.item[0] = interface("veth7", 1 << 30, 1 << 30);
    now.item[1] = interface("eth0", 1500, 150);
    sum = pl_rate_interfaces(&before, &now);
    CHECK_INT(sum.rx_bytes, 500);
    CHECK_INT(sum.tx_bytes, 50);

    printf("# eth0 begins again at zero, eth1 runs on\n");
    now.item[0] = interface("eth0", 3, 1);
    now.item[1] = interface("eth1", 60, 6);
    sum = pl_rate_interfaces(&before, &now);
    CHECK_INT(sum.rx_bytes, 10);
    CHECK_INT(sum.tx_bytes, 1);

    printf("# all renamed: not known, rather than zero\n");
    now.item[0] = interface("ens3", 1500, 150);
    now.item[1] = interface("ens4", 60, 6);
    CHECK(pl_rate_interfaces(&before, &now).rx_bytes == none);
    now.count = 0;
    CHECK(pl_rate_interfaces(&before, &now).tx_drops == none);

    printf("# a 32-bit counter of a network card wraps\n");
    now.count = 2;
    before.item[0] = interface("eth0", 0xfffffff0, 0);
    now.item[0] = interface("eth0", 0x10, 0);
    now.item[1] = before.item[1];
    CHECK_INT(pl_rate_interfaces(&before, &now).rx_bytes, 0x20);
}

static struct pl_raw before_raw, now_raw;

/* All of `now_raw` was read so long after all of `before_raw`. */
static void elapse(int64_t us)
{
    for (size_t i = 0; i < PL_LEN(now_raw.read_us); i++)
        now_raw.read_us[i] = before_raw.read_us[i] + us;
}

/* A machine on which everything is known and stands still. */
static void still_machine(void)
{
    memset(&before_raw, 0, sizeof before_raw);
    before_raw.meminfo = (struct pl_raw_meminfo){4096000, 1024000, 1000, 250};
    before_raw.netdev.count = 1;
    before_raw.netdev.item[0] = interface("eth0", 0, 0);
    before_raw.files.max = 1000;
    for (size_t i = 0; i < PL_LIMIT_COUNT; i++) before_raw.limits.value[i] = 1000;
    before_raw.limits.link_count = 1;
    before_raw.limits.link[0] = (struct pl_raw_link){"eth0", 100};
    memset(&before_raw.cgroup, 0xff, sizeof before_raw.cgroup); // no limits
    before_raw.stat.cores = 2;
    before_raw.service =
        (struct pl_raw_service){1, 7000000, 2500, {500, 400 << 20, 300, 0, 5, 1, 300 << 20, 0, 0}};
    now_raw = before_raw;
    elapse(1000000);
    now_raw.stat.idle = 200;
}

/* What is no reading of the kernel. */
static bool is_of_the_program(enum pl_metric m)
{
    return m == PL_AGENT_SPOOLED || m == PL_AGENT_DROPPED || m == PL_AGENT_LATE ||
           (m >= PL_TRAFFIC_REQUESTS && m <= PL_LOCAL_MISSED);
}

static void test_first_sample_has_levels_only(void)
{
    int32_t values[PL_METRIC_COUNT];
    still_machine();
    pl_collect_values(NULL, &now_raw, values);
    for (int m = 0; m < PL_METRIC_COUNT; m++) {
        bool level = pl_metric_info((enum pl_metric)m)->kind == PL_GAUGE || m == PL_MEMORY_USED ||
                     m == PL_SWAP_USED || m == PL_LISTEN_QUEUE || m == PL_FILES_USED ||
                     m == PL_CONNTRACK_USED || m == PL_TCP_MEMORY_USED || m == PL_PORTS_USED ||
                     m == PL_SERVICE_CPU_LIMIT || m == PL_SERVICE_MEMORY || m == PL_SERVICE_FILES;
        bool agents = is_of_the_program((enum pl_metric)m);
        printf("# %s\n", pl_metric_info((enum pl_metric)m)->name);
        CHECK((values[m] != PL_ABSENT) == (level && !agents));
    }
}

static void test_second_sample_has_everything(void)
{
    int32_t values[PL_METRIC_COUNT];
    still_machine();
    pl_collect_values(&before_raw, &now_raw, values);
    for (int m = 0; m < PL_METRIC_COUNT; m++) {
        bool agents = is_of_the_program((enum pl_metric)m);
        printf("# %s\n", pl_metric_info((enum pl_metric)m)->name);
        CHECK((values[m] != PL_ABSENT) == (!agents && m != PL_CPU_THROTTLED));
    }
}

static void test_fixed_points(void)
{
    int32_t values[PL_METRIC_COUNT];
    still_machine();
    now_raw.stat.user = 100;
    now_raw.stat.idle = 100;
    now_raw.stat.forks = 3;
    now_raw.stat.running = 4;
    now_raw.loadavg.load1_x100 = 213;
    now_raw.pressure_cpu.some_us = 123456;
    now_raw.pressure_io.full_us = 3000000; // more than has passed: its clock is not ours
    now_raw.netdev.item[0].rx_bytes = 1000000;
    now_raw.netdev.item[0].rx_drops = 7;
    now_raw.netdev.item[0].rx_errors = 2;
    now_raw.netdev.item[0].tx_errors = 3;
    now_raw.snmp.attempt_fails = 2;
    now_raw.snmp.estab_resets = 4;
    now_raw.snmp.passive_opens = 240;
    now_raw.netstat.listen_drops = 1;
    now_raw.sockstat.time_wait = 99;
    now_raw.agent_cpu_us = 500;
    now_raw.vmstat.oom_kills = 1;
    now_raw.vmstat.swapped_out = 700;
    now_raw.files.open = 910;
    now_raw.conntrack.count = 250;
    now_raw.sockstat.in_use = 300;
    now_raw.ports.used = 200;
    elapse(2000000);
    pl_collect_values(&before_raw, &now_raw, values);
    static const struct {
        enum pl_metric metric;
        int32_t want;
    } cases[] = {
        {PL_CPU_BUSY, 5000},
        {PL_CPU_USER, 5000},
        {PL_FORKS, 15},
        {PL_PROCS_RUNNING, 4},
        {PL_LOAD1, 213},
        {PL_PSI_CPU_SOME, 617},
        {PL_PSI_IO_FULL, 10000},
        {PL_NET_RX, 4000},
        {PL_NET_RX_DROPS, 35},
        {PL_NET_ERRORS, 25},
        {PL_TCP_FAILED, 30},
        {PL_TCP_ACCEPTED, 1200},
        {PL_LISTEN_DROPS, 5},
        {PL_TCP_TIME_WAIT, 99},
        {PL_AGENT_CPU, 250},
        {PL_MEMORY_USED, 7500},
        {PL_MEMORY_AVAILABLE, 1000},
        {PL_SWAP_USED, 7500},
        {PL_OOM_KILLS, 500},
        {PL_SWAP_OUT, 350},
        {PL_FILES_USED, 9100},
        {PL_CONNTRACK_USED, 2500},
        {PL_PORTS_USED, 2000},
        {PL_NET_USED, 400}, // 1 MB of 25 MB
    };
    for (size_t i = 0; i < PL_LEN(cases); i++) {
        printf("# %s\n", pl_metric_info(cases[i].metric)->name);
        CHECK_INT(values[cases[i].metric], cases[i].want);
    }
}

/* A source that is read less often than samples are taken: its rates span the time between its own
 * readings and stay in between. */
static void test_rates_of_sources_with_a_cadence(void)
{
    int32_t values[PL_METRIC_COUNT];
    still_machine();
    elapse(250000);
    now_raw.netstat.listen_drops = 1;
    now_raw.vmstat.swapped_in = 700;
    now_raw.netdev.item[0].rx_bytes = 1000;
    now_raw.snmp.passive_opens = 1;
    now_raw.read_us[PL_SOURCE_NETSTAT] = 1000000;
    now_raw.read_us[PL_SOURCE_NETDEV] = 1000000;
    now_raw.read_us[PL_SOURCE_VMSTAT] = 5000000;
    for (int turn = 0; turn < 3; turn++) { // read once, then kept twice
        printf("# turn %d\n", turn);
        pl_collect_values(&before_raw, &now_raw, values);
        CHECK_INT(values[PL_LISTEN_DROPS], 10);
        CHECK_INT(values[PL_SWAP_IN], 140);
        CHECK_INT(values[PL_NET_RX], 8);
        CHECK_INT(values[PL_NET_USED], 1);
        CHECK_INT(values[PL_TCP_ACCEPTED], turn == 0 ? 40 : 0);
        before_raw = now_raw;
        now_raw.read_us[PL_SOURCE_STAT] += 250000;
        now_raw.read_us[PL_SOURCE_SNMP] += 250000;
        now_raw.read_us[PL_READ_ALWAYS] += 250000;
    }
    now_raw.read_us[PL_SOURCE_NETSTAT] += 1000000;
    now_raw.netstat.listen_drops = PL_RAW_ABSENT; // the file is gone: nothing stays
    pl_collect_values(&before_raw, &now_raw, values);
    CHECK_INT(values[PL_LISTEN_DROPS], PL_ABSENT);
    CHECK_INT(values[PL_SYN_COOKIES], 0);
    CHECK_INT(values[PL_NET_RX], 8);
}

/* A share of a link is only made where the link, its speed and its traffic are known. */
static void test_links(void)
{
    static const struct {
        const char *name;
        uint32_t mbit;
        uint64_t rx, tx;
        int64_t elapsed_us;
        int32_t want;
    } cases[] = {
        {"eth0", 100, 6250000, 0, 1000000, 5000},
        {"eth0", 100, 0, 6250000, 1000000, 5000}, // each way by itself
        {"eth0", 100, 6250000, 6250000, 1000000, 5000},
        {"eth0", 10000, 625000000, 0, 500000, 10000},
        {"eth0", 10, 6250000, 0, 1000000, 10000}, // a burst out of a buffer
        {"eth0", 100, 6250000, 0, 0, PL_ABSENT},
        {"eth1", 100, 6250000, 0, 1000000, PL_ABSENT},
    };
    for (size_t i = 0; i < PL_LEN(cases); i++) {
        struct pl_raw_link link = {.mbit = cases[i].mbit};
        (void)snprintf(link.name, sizeof link.name, "%s", cases[i].name);
        still_machine();
        now_raw.netdev.item[0].rx_bytes = cases[i].rx;
        now_raw.netdev.item[0].tx_bytes = cases[i].tx;
        CHECK_INT(pl_rate_link(&before_raw.netdev, &now_raw.netdev, &link, cases[i].elapsed_us),
                  cases[i].want);
    }
}

/* A count is some time old: what is gone since is not in use, and without a count nothing is. */
static void test_ports_in_use(void)
{
    static const struct {
        uint64_t used, in_use, time_wait, ports;
        int32_t want;
    } cases[] = {
        {400, 900, 101, 1000, 4000},     {400, 200, 100, 1000, 3000},
        {1000, 9000, 0, 1000, 10000},    {none, 10, 0, 1000, PL_ABSENT},
        {400, none, 0, 1000, PL_ABSENT}, {400, 900, 101, none, PL_ABSENT},
    };
    int32_t values[PL_METRIC_COUNT];
    for (size_t i = 0; i < PL_LEN(cases); i++) {
        still_machine();
        now_raw.ports.used = cases[i].used;
        now_raw.sockstat.in_use = cases[i].in_use;
        now_raw.sockstat.time_wait = cases[i].time_wait;
        now_raw.limits.value[PL_LIMIT_PORTS] = cases[i].ports;
        pl_collect_values(NULL, &now_raw, values);
        printf("# case %zu\n", i);
        CHECK_INT(values[PL_PORTS_USED], cases[i].want);
    }
}

/* A container of 1.5 processors and 512 MiB on a machine that is full of others. */
static void test_limits_of_a_control_group(void)
{
    int32_t values[PL_METRIC_COUNT];
    still_machine();
    now_raw.stat.user = 1000;
    before_raw.cgroup = (struct pl_raw_cgroup){1500, 512 << 20, 100, 0, 10, 1, 0, 0, 3};
    now_raw.cgroup =
        (struct pl_raw_cgroup){1500, 512 << 20, 100, 750000, 20, 6, 300 << 20, 44 << 20, 4};
    pl_collect_values(&before_raw, &now_raw, values);
    CHECK_INT(values[PL_CPU_BUSY], 5000);
    CHECK_INT(values[PL_CPU_THROTTLED], 5000);
    CHECK_INT(values[PL_MEMORY_USED], 5000);
    CHECK_INT(values[PL_MEMORY_AVAILABLE], 256);
    CHECK_INT(values[PL_OOM_KILLS], 1000);
    now_raw.cgroup.cpu_us = now_raw.cgroup.memory = PL_RAW_ABSENT;
    pl_collect_values(&before_raw, &now_raw, values);
    CHECK_INT(values[PL_CPU_BUSY], PL_ABSENT); // rather than the machine's
    CHECK_INT(values[PL_MEMORY_USED], PL_ABSENT);
}

static void test_unknown_denominators(void)
{
    int32_t values[PL_METRIC_COUNT];
    still_machine();
    now_raw.meminfo = (struct pl_raw_meminfo){4096000, none, 0, 0};
    pl_collect_values(&before_raw, &now_raw, values);
    CHECK_INT(values[PL_MEMORY_USED], PL_ABSENT);
    CHECK_INT(values[PL_MEMORY_AVAILABLE], PL_ABSENT);
    CHECK_INT(values[PL_SWAP_USED], PL_ABSENT); // no swap: not 0 % of it
    now_raw.meminfo = (struct pl_raw_meminfo){none, 5, 10, 20};
    pl_collect_values(&before_raw, &now_raw, values);
    CHECK_INT(values[PL_MEMORY_USED], PL_ABSENT);
    CHECK_INT(values[PL_SWAP_USED], 0); // more free than there is
}

int main(void)
{
    RUN(test_grown);
    RUN(test_per_second);
    RUN(test_share_and_level);
    RUN(test_cpu);
    RUN(test_shares_stay_shares);
    RUN(test_interfaces);
    RUN(test_first_sample_has_levels_only);
    RUN(test_second_sample_has_everything);
    RUN(test_fixed_points);
    RUN(test_rates_of_sources_with_a_cadence);
    RUN(test_links);
    RUN(test_limits_of_a_control_group);
    RUN(test_ports_in_use);
    RUN(test_unknown_denominators);
    return check_finish();
}
