/* The parsers of /proc against recorded kernels, cut and hostile input. */
#include "tests/check.h"

#include "agent/core/collect.h"
#include "agent/core/probe.h"
#include "common/base/text.h"

#include <stdlib.h>

static char file_text[PL_SOURCE_COUNT][8192];

/* A file of the recorded kernel; an empty span if that kernel has none. */
static struct pl_span load(const char *kernel, enum pl_source source)
{
    char path[512];
    (void)snprintf(path, sizeof path, "%s/proc/%s/%s", PL_FIXTURES, kernel, pl_probe_path(source));
    FILE *file = fopen(path, "rb");
    size_t len = file ? fread(file_text[source], 1, sizeof file_text[source], file) : 0;
    if (file) (void)fclose(file);
    return (struct pl_span){(const uint8_t *)file_text[source], len};
}

static void load_all(const char *kernel, struct pl_raw *raw)
{
    memset(raw, 0, sizeof *raw);
    for (int s = 0; s < PL_SOURCE_COUNT; s++)
        pl_probe_parse((enum pl_source)s, load(kernel, (enum pl_source)s), raw);
}

#define ABSENT(value) CHECK((value) == PL_RAW_ABSENT)

static void test_linux_6_18(void)
{
    static struct pl_raw raw;
    load_all("linux-6.18", &raw);
    CHECK_INT(raw.stat.cores, 2);
    CHECK(raw.stat.idle > 0 && raw.stat.idle < raw.stat.started_unix_s);
    CHECK_INT(raw.meminfo.total, 24684096);
    CHECK(raw.meminfo.available < raw.meminfo.total);
    CHECK_INT(raw.meminfo.swap_total, 0);
    CHECK(raw.loadavg.load1_x100 < 10000);
    CHECK(raw.pressure_cpu.some_us > 0);
    CHECK(raw.pressure_io.full_us > 0 && raw.pressure_io.full_us <= raw.pressure_io.some_us);
    CHECK_INT(raw.pressure_memory.full_us, 0);
    CHECK_INT(raw.netdev.count, 3);
    CHECK_TEXT(raw.netdev.item[2].name, "eth0");
    CHECK(raw.netdev.item[2].rx_bytes > 1000000);
    CHECK(raw.snmp.segments_in > 0 && raw.snmp.established < 100);
    CHECK_INT(raw.netstat.listen_overflows, 0);
    CHECK(raw.sockstat.memory < 100000);
}

static void test_linux_3_10(void)
{
    static struct pl_raw raw;
    load_all("linux-3.10", &raw);
    CHECK_INT(raw.stat.user, 84282747);
    CHECK_INT(raw.stat.steal, 318221);
    CHECK_INT(raw.stat.cores, 4);
    CHECK_INT(raw.stat.context_switches, 9812345678);
    CHECK_INT(raw.stat.started_unix_s, 1577836800);
    CHECK_INT(raw.stat.running, 2);
    CHECK_INT(raw.stat.blocked, 1);
    CHECK_INT(raw.meminfo.total, 8010564);
    ABSENT(raw.meminfo.available);
    CHECK_INT(raw.meminfo.swap_free, 2080764);
    CHECK_INT(raw.loadavg.load1_x100, 1207);
    ABSENT(raw.pressure_cpu.some_us);
    ABSENT(raw.pressure_memory.full_us);
    CHECK_INT(raw.netdev.count, 2);
    CHECK_TEXT(raw.netdev.item[0].name, "eth0");
    CHECK_INT(raw.netdev.item[0].rx_bytes, 4294967000);
    CHECK_INT(raw.netdev.item[0].rx_errors, 3);
    CHECK_INT(raw.netdev.item[0].rx_drops, 17);
    CHECK_INT(raw.netdev.item[0].tx_bytes, 912311291);
    CHECK_INT(raw.netdev.item[0].tx_errors, 1);
    CHECK_INT(raw.netdev.item[0].tx_drops, 2);
    CHECK_INT(raw.snmp.passive_opens, 8812003);
    CHECK_INT(raw.snmp.retransmitted, 12033);
    CHECK_INT(raw.netstat.syncookies_sent, 41);
    CHECK_INT(raw.netstat.listen_overflows, 1722);
    CHECK_INT(raw.netstat.listen_drops, 1755);
    CHECK_INT(raw.sockstat.in_use, 231);
    CHECK_INT(raw.sockstat.orphans, 4);
    CHECK_INT(raw.sockstat.time_wait, 1820);
    CHECK_INT(raw.sockstat.memory, 92);
}

static void test_other_orders_and_unfamiliar_lines(void)
{
    static struct pl_raw raw;
    load_all("reordered", &raw);
    const uint64_t snmp[] = {raw.snmp.active_opens, raw.snmp.passive_opens, raw.snmp.attempt_fails,
                             raw.snmp.estab_resets, raw.snmp.established,   raw.snmp.segments_in,
                             raw.snmp.segments_out, raw.snmp.retransmitted};
    for (size_t i = 0; i < PL_LEN(snmp); i++) CHECK_INT(snmp[i], i + 1);
    CHECK_INT(raw.netstat.listen_drops, 31);
    CHECK_INT(raw.netstat.syncookies_sent, 33);
    CHECK_INT(raw.netstat.listen_overflows, 34);
    CHECK_INT(raw.sockstat.in_use, 1);
    CHECK_INT(raw.sockstat.orphans, 2);
    CHECK_INT(raw.sockstat.time_wait, 3);
    CHECK_INT(raw.sockstat.memory, 4);
    CHECK_INT(raw.stat.user, 10);
    CHECK_INT(raw.stat.idle, 40);
    ABSENT(raw.stat.iowait);
    ABSENT(raw.stat.steal);
    CHECK_INT(raw.stat.cores, 1);
    CHECK_INT(raw.stat.context_switches, 1);
    CHECK_INT(raw.stat.blocked, 5);
    CHECK_INT(raw.meminfo.available, 1);
    CHECK_INT(raw.meminfo.swap_free, 3);
    CHECK_INT(raw.pressure_memory.some_us, 11);
    CHECK_INT(raw.pressure_memory.full_us, 22);
    ABSENT(raw.loadavg.load1_x100);
}

/* Every value of `cut` is absent or that of the whole file: a cut never invents one. */
static void check_cut(enum pl_source source, struct pl_span whole_text, size_t len)
{
    static struct pl_raw whole, cut;
    static uint64_t whole_words[sizeof whole / 8], cut_words[sizeof cut / 8];
    uint8_t *copy = malloc(len + 1); // its own block, so that a sanitizer sees reading past it
    REQUIRE(copy != NULL);
    memcpy(copy, whole_text.ptr, len);
    memset(&whole, 0, sizeof whole);
    memset(&cut, 0, sizeof cut);
    pl_probe_parse(source, whole_text, &whole);
    pl_probe_parse(source, (struct pl_span){copy, len}, &cut);
    free(copy);
    if (source == PL_SOURCE_NETDEV) {
        CHECK(cut.netdev.count <= whole.netdev.count);
        CHECK(memcmp(cut.netdev.item, whole.netdev.item,
                     cut.netdev.count * sizeof cut.netdev.item[0]) == 0);
        return;
    }
    memcpy(whole_words, &whole, sizeof whole);
    memcpy(cut_words, &cut, sizeof cut);
    for (size_t i = 0; i < offsetof(struct pl_raw, netdev) / 8; i++)
        CHECK(cut_words[i] == PL_RAW_ABSENT || cut_words[i] == whole_words[i]);
}

static void test_every_cut(void)
{
    static const char *const kernels[] = {"linux-6.18", "linux-3.10", "reordered"};
    for (size_t k = 0; k < PL_LEN(kernels); k++) {
        for (int s = 0; s < PL_SOURCE_COUNT; s++) {
            struct pl_span text = load(kernels[k], (enum pl_source)s);
            for (size_t len = 0; len < text.len; len++) check_cut((enum pl_source)s, text, len);
        }
    }
}

static void parse(enum pl_source source, const char *text, struct pl_raw *raw)
{
    pl_probe_parse(source, pl_span_of(text), raw);
}

static void test_absent_files(void)
{
    static struct pl_raw raw;
    memset(&raw, 0, sizeof raw);
    for (int s = 0; s < PL_SOURCE_COUNT; s++) parse((enum pl_source)s, "", &raw);
    uint64_t words[offsetof(struct pl_raw, netdev) / 8];
    memcpy(words, &raw, sizeof words);
    for (size_t i = 0; i < PL_LEN(words); i++)
        CHECK(words[i] == PL_RAW_ABSENT || i >= offsetof(struct pl_raw, queues) / 8);
    CHECK_INT(raw.netdev.count, 0);
}

static void test_numbers(void)
{
    static const struct {
        const char *text;
        uint64_t want;
    } cases[] = {
        {"MemTotal: 0 kB\n", 0},
        {"MemTotal:\t7\n", 7},
        {"MemTotal: 18446744073709551614 kB\n", UINT64_MAX - 1},
        {"MemTotal: 18446744073709551615 kB\n", PL_RAW_ABSENT},
        {"MemTotal: 18446744073709551616 kB\n", PL_RAW_ABSENT},
        {"MemTotal: 99999999999999999999999999 kB\n", PL_RAW_ABSENT},
        {"MemTotal: -1 kB\n", PL_RAW_ABSENT},
        {"MemTotal: 12x kB\n", PL_RAW_ABSENT},
        {"MemTotal:\n", PL_RAW_ABSENT},
        {"MemTotal: 12", PL_RAW_ABSENT}, // no newline: perhaps the beginning of 123
        {"MemTotals: 12\n", PL_RAW_ABSENT},
        {"MemTotal: 1\nMemTotal: 2\n", 1},
    };
    for (size_t i = 0; i < PL_LEN(cases); i++) {
        static struct pl_raw raw;
        printf("# case %zu\n", i);
        parse(PL_SOURCE_MEMINFO, cases[i].text, &raw);
        CHECK(raw.meminfo.total == cases[i].want);
    }
}

static void test_load(void)
{
    static const struct {
        const char *text;
        uint64_t want;
    } cases[] = {
        {"0.00 0 0\n", 0},
        {"3.05 0 0\n", 305},
        {"184467440737095515.00 0 0\n", UINT64_C(18446744073709551500)},
        {"184467440737095516.00 0 0\n", PL_RAW_ABSENT},
        {"3 0 0\n", PL_RAW_ABSENT},
        {"3.5 0 0\n", PL_RAW_ABSENT},
        {"3.500 0 0\n", PL_RAW_ABSENT},
        {".50 0 0\n", PL_RAW_ABSENT},
        {"nan 0 0\n", PL_RAW_ABSENT},
        {"\n", PL_RAW_ABSENT},
    };
    for (size_t i = 0; i < PL_LEN(cases); i++) {
        static struct pl_raw raw;
        printf("# case %zu\n", i);
        parse(PL_SOURCE_LOADAVG, cases[i].text, &raw);
        CHECK(raw.loadavg.load1_x100 == cases[i].want);
    }
}

static void test_malformed_interfaces_are_left_out(void)
{
    static struct pl_raw raw;
    parse(PL_SOURCE_NETDEV,
          "Inter-|\n"
          "no colon 1 2 3\n"
          "  eth0: 1 2 3 4 5 6 7 8 9 10 11\n"                     // a column too few
          "  eth1: 1 2 3 x 5 6 7 8 9 10 11 12 13 14 15 16\n"      // not a number
          "  : 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16\n"          // no name
          "  sixteencharacter: 1 2 3 4 5 6 7 8 9 10 11 12\n"      // longer than IFNAMSIZ - 1
          "  fifteen-letters: 1 2 3 4 5 6 7 8 9 10 11 12 13 14\n" // the longest, and new columns
          "  lo: 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16\n",
          &raw);
    CHECK_INT(raw.netdev.count, 1);
    CHECK_TEXT(raw.netdev.item[0].name, "fifteen-letters");
    CHECK_INT(raw.netdev.item[0].rx_bytes, 1);
    CHECK_INT(raw.netdev.item[0].tx_drops, 12);
}

static void test_more_interfaces_than_room(void)
{
    static struct pl_raw raw;
    static char buf[64 * 1024];
    struct pl_text text = pl_text_init(buf, sizeof buf);
    for (int i = 0; i < PL_INTERFACES_MAX + 20; i++) {
        pl_text_str(&text, "veth");
        pl_text_i64(&text, i);
        pl_text_str(&text, ": 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16\n");
    }
    REQUIRE(!text.overflow);
    parse(PL_SOURCE_NETDEV, buf, &raw);
    CHECK_INT(raw.netdev.count, PL_INTERFACES_MAX);
    CHECK_TEXT(raw.netdev.item[PL_INTERFACES_MAX - 1].name, "veth255");
}

static void test_two_thousand_cores(void)
{
    static struct pl_raw raw;
    static char buf[128 * 1024];
    struct pl_text text = pl_text_init(buf, sizeof buf);
    pl_text_str(&text, "cpu  1 2 3 4 5 6 7 8 9 10\n");
    for (int i = 0; i < 2000; i++) {
        pl_text_str(&text, "cpu");
        pl_text_i64(&text, i);
        pl_text_str(&text, " 1 2 3 4 5 6 7 8 9 10\n");
    }
    pl_text_str(&text, "intr 1 0 0\nctxt 77\n");
    REQUIRE(!text.overflow);
    parse(PL_SOURCE_STAT, buf, &raw);
    CHECK_INT(raw.stat.cores, 2000);
    CHECK_INT(raw.stat.steal, 8);
    CHECK_INT(raw.stat.context_switches, 77);
}

static void test_facts(void)
{
    static struct pl_raw raw;
    struct pl_fact_value facts[PL_FACT_COUNT];
    load_all("linux-3.10", &raw);
    raw.limits.value[PL_LIMIT_SOMAXCONN] = pl_limit_parse(PL_LIMIT_SOMAXCONN, pl_span_of("128\n"));
    raw.limits.value[PL_LIMIT_FILES] = INT64_MAX;
    raw.limits.value[PL_LIMIT_PORTS] = PL_RAW_ABSENT;
    pl_collect_facts(&raw, facts);
    CHECK_INT(facts[PL_FACT_CORES].value, 4);
    CHECK_TEXT(facts[PL_FACT_CORES].source, "/proc/stat");
    CHECK_INT(facts[PL_FACT_MEMORY].value, 8010564);
    CHECK_INT(facts[PL_FACT_SWAP].value, 2097148);
    CHECK_INT(facts[PL_FACT_SOMAXCONN].value, 128);
    CHECK_TEXT(facts[PL_FACT_SOMAXCONN].source, "/proc/sys/net/core/somaxconn");
    CHECK_INT(facts[PL_FACT_FILES_MAX].value, INT64_MAX);
    CHECK_INT(facts[PL_FACT_STARTED].value, 1577836800);
    pl_probe_parse(PL_SOURCE_STAT, pl_span_of(""), &raw);
    pl_collect_facts(&raw, facts);
    CHECK_INT(facts[PL_FACT_CORES].value, -1);
    CHECK_INT(facts[PL_FACT_PORTS].value, -1);
    CHECK_TEXT(facts[PL_FACT_PORTS].source, "/proc/sys/net/ipv4/ip_local_port_range");
}

static void test_limits(void)
{
    static const struct {
        enum pl_limit_file file;
        const char *text;
        uint64_t want;
    } cases[] = {
        {PL_LIMIT_FILES, "9223372036854775807\n", INT64_MAX},
        {PL_LIMIT_FILES, "12", PL_RAW_ABSENT}, // no newline: cut
        {PL_LIMIT_CONNTRACK, "", PL_RAW_ABSENT},
        {PL_LIMIT_CONNTRACK, "262144\n", 262144},
        {PL_LIMIT_TCP_MEMORY, "283923\t378564\t567846\n", 567846},
        {PL_LIMIT_TCP_MEMORY, "283923\t378564\n", PL_RAW_ABSENT},
        {PL_LIMIT_PORTS, "32768\t60999\n", 28232},
        {PL_LIMIT_PORTS, "60999\t32768\n", PL_RAW_ABSENT},
        {PL_LIMIT_PORTS, "1\t70000\n", PL_RAW_ABSENT},
        {PL_LIMIT_PORTS, "32768\n", PL_RAW_ABSENT},
        {PL_LIMIT_TIME_WAIT_REUSE, "2\n", 2},
        {PL_LIMIT_TIMESTAMPS, "1\n", 1},
    };
    static const struct {
        const char *text;
        uint32_t want;
    } speeds[] = {{"1000\n", 1000}, {"-1\n", 0}, {"", 0}, {"4294967295\n", 0}, {"0\n", 0}};
    for (size_t i = 0; i < PL_LEN(cases); i++) {
        printf("# %s", cases[i].text);
        CHECK(pl_limit_parse(cases[i].file, pl_span_of(cases[i].text)) == cases[i].want);
    }
    for (size_t i = 0; i < PL_LEN(speeds); i++)
        CHECK_INT(pl_limit_parse_speed(pl_span_of(speeds[i].text)), speeds[i].want);
}

static void test_reserved_ports(void)
{
    static const struct {
        const char *text;
        uint64_t want;
    } cases[] = {
        {"\n", 0},
        {"8080,40000\n", 1},
        {"32767-32769,60999-61001\n", 3},
        {"1-65535\n", 28232},
        {"40000", PL_RAW_ABSENT}, // cut
        {"", PL_RAW_ABSENT},
        {"40000,\n", 1},
        {",\n", PL_RAW_ABSENT},
        {"40000-\n", PL_RAW_ABSENT},
        {"40001-40000\n", PL_RAW_ABSENT},
        {"40000-70000\n", PL_RAW_ABSENT},
        {"http\n", PL_RAW_ABSENT},
    };
    const struct pl_sockdiag_ports ports = {32768, 60999};
    for (size_t i = 0; i < PL_LEN(cases); i++) {
        printf("# %s", cases[i].text);
        CHECK(pl_limit_parse_reserved(pl_span_of(cases[i].text), &ports) == cases[i].want);
    }
}

static void test_control_groups(void)
{
    const uint64_t none = PL_RAW_ABSENT;
    const struct {
        enum pl_cgroup_version version;
        const char *texts[PL_CGROUP_FIRST_USAGE]; // cpu, period, cpuset, memory, weight
        uint64_t want_milli, want_bytes, want_weight;
    } cases[] = {
        {PL_CGROUP_V2,
         {"50000 100000\n", "", "0-3\n", "536870912\n", "250\n"},
         500,
         536870912,
         250},
        {PL_CGROUP_V2, {"max 100000\n", "", "0-2,5\n", "max\n", ""}, 4000, none, none},
        {PL_CGROUP_V2, {"800000 100000\n", "", "0\n", "", ""}, 1000, none, none},
        {PL_CGROUP_V2, {"1 0\n", "", "3-1\n", "9", "77"}, none, none, none},
        {PL_CGROUP_V2, {"", "", "0-99999\n", "", ""}, none, none, none},
        {PL_CGROUP_V2, {"", "", "0-1,\n", "", ""}, none, none, none},
        {PL_CGROUP_V1,
         {"-1\n", "100000\n", "0-1\n", "9223372036854771712\n", "1024\n"},
         2000,
         none,
         100},
        {PL_CGROUP_V1, {"20000\n", "100000\n", "", "134217728\n", "2\n"}, 200, 134217728, 1},
    };
    struct pl_raw_cgroup c;
    for (size_t i = 0; i < PL_LEN(cases); i++) {
        struct pl_span texts[PL_CGROUP_FIRST_USAGE];
        for (size_t t = 0; t < PL_LEN(texts); t++) texts[t] = pl_span_of(cases[i].texts[t]);
        pl_cgroup_parse_limits(cases[i].version, texts, &c);
        printf("# %zu\n", i);
        CHECK(c.cpu_milli == cases[i].want_milli);
        CHECK(c.memory_max == cases[i].want_bytes);
        CHECK(c.cpu_weight == cases[i].want_weight);
        ABSENT(c.cpu_us);
    }
    pl_cgroup_parse_usage(PL_CGROUP_V2, PL_CGROUP_CPU_STAT,
                          pl_span_of("usage_usec 77\nnr_periods 5\nnr_throttled 2\n"), &c);
    CHECK(c.cpu_us == 77 && c.periods == 5 && c.throttled == 2);
    pl_cgroup_parse_usage(PL_CGROUP_V1, PL_CGROUP_CPU_USAGE, pl_span_of("78000\n"), &c);
    pl_cgroup_parse_usage(PL_CGROUP_V1, PL_CGROUP_CPU_STAT, pl_span_of("nr_periods 6\n"), &c);
    CHECK(c.cpu_us == 78 && c.periods == 6 && c.throttled == PL_RAW_ABSENT);
    pl_cgroup_parse_usage(PL_CGROUP_V1, PL_CGROUP_MEMORY_STAT,
                          pl_span_of("inactive_file 1\ntotal_inactive_file 2\n"), &c);
    pl_cgroup_parse_usage(PL_CGROUP_V2, PL_CGROUP_OOM, pl_span_of("oom 9\noom_kill 3\n"), &c);
    CHECK(c.inactive_file == 2 && c.oom_kills == 3);
}

static void test_tables_of_the_kernel(void)
{
    static struct pl_raw raw;
    parse(PL_SOURCE_FILES, "1501\t0\t2466183\n", &raw);
    CHECK_INT(raw.files.open, 1501);
    CHECK_INT(raw.files.max, 2466183);
    parse(PL_SOURCE_FILES, "1501\t0\n", &raw);
    ABSENT(raw.files.max);
    parse(PL_SOURCE_CONNTRACK, "77\n", &raw);
    CHECK_INT(raw.conntrack.count, 77);
    parse(PL_SOURCE_VMSTAT, "nr_free_pages 1\npswpin 3\npswpout 4\noom_kill 2\nx 1\n", &raw);
    CHECK_INT(raw.vmstat.oom_kills, 2);
    CHECK_INT(raw.vmstat.swapped_in, 3);
    CHECK_INT(raw.vmstat.swapped_out, 4);
}

/* Read with the sample nearest to when it is due: once a second at ten samples a second, and none
 * left out because a sample was a little late. */
static void test_a_cadence(void)
{
    static const struct {
        enum pl_source source;
        int64_t passed_ms, interval_ms;
        bool due;
    } cases[] = {
        {PL_SOURCE_STAT, 100, 100, true},
        {PL_SOURCE_NETDEV, 900, 100, false},
        {PL_SOURCE_NETDEV, 999, 100, true},
        {PL_SOURCE_NETDEV, 750, 250, false},
        {PL_SOURCE_NETDEV, 998, 250, true},
        {PL_SOURCE_NETDEV, 700, 1000, true}, // the one before was late
        {PL_SOURCE_VMSTAT, 4000, 1000, false},
        {PL_SOURCE_VMSTAT, 4990, 1000, true},
        {PL_SOURCE_VMSTAT, 60000, 60000, true},
    };
    static struct pl_raw before, now;
    for (size_t i = 0; i < PL_LEN(cases); i++) {
        printf("# case %zu\n", i);
        before.read_us[cases[i].source] = 7;
        CHECK_INT(pl_probe_is_due(cases[i].source, &before, 7 + cases[i].passed_ms * 1000,
                                  cases[i].interval_ms),
                  cases[i].due);
    }
    load_all("linux-6.18", &before);
    for (int s = 0; s < PL_SOURCE_COUNT; s++) {
        before.read_us[s] = 11 + s;
        pl_probe_keep((enum pl_source)s, &before, &now);
    }
    now.read_us[PL_READ_ALWAYS] = before.read_us[PL_READ_ALWAYS];
    const uint8_t *kept = (const uint8_t *)&now, *was = (const uint8_t *)&before;
    CHECK(memcmp(kept, was, sizeof now) == 0); // all of it, and nothing beside it
}

int main(void)
{
    RUN(test_linux_6_18);
    RUN(test_a_cadence);
    RUN(test_linux_3_10);
    RUN(test_other_orders_and_unfamiliar_lines);
    RUN(test_every_cut);
    RUN(test_absent_files);
    RUN(test_numbers);
    RUN(test_load);
    RUN(test_malformed_interfaces_are_left_out);
    RUN(test_more_interfaces_than_room);
    RUN(test_two_thousand_cores);
    RUN(test_facts);
    RUN(test_limits);
    RUN(test_reserved_ports);
    RUN(test_control_groups);
    RUN(test_tables_of_the_kernel);
    return check_finish();
}
