/* The sampler on a /proc of the test's own making, and what sampling and streaming allocate on the
 * real one: nothing. The first argument is the program agent_sink. */
#include "tests/integration/loop.h"

#include "agent/io/sampler.h"
#include "agent/io/uplink.h"
#include "common/base/err.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/stat.h>

static const char *sink_program;

/* ---- counting allocations: these stand in front of libc's for the whole process ---- */

#if defined(__SANITIZE_ADDRESS__)
#define COUNTS_ALLOCATIONS 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(memory_sanitizer)
#define COUNTS_ALLOCATIONS 0
#endif
#endif
#ifndef COUNTS_ALLOCATIONS
#define COUNTS_ALLOCATIONS 1
#endif

static unsigned long allocations;

#if COUNTS_ALLOCATIONS
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *old, size_t size);

void *malloc(size_t size)
{
    allocations++;
    return __libc_malloc(size);
}

void *calloc(size_t n, size_t size)
{
    allocations++;
    return __libc_calloc(n, size);
}

void *realloc(void *old, size_t size)
{
    allocations++;
    return __libc_realloc(old, size);
}
#endif

/* ---- a /proc of our own ---- */

static char root[64];

static void put(const char *below, const char *text)
{
    char path[128];
    (void)snprintf(path, sizeof path, "%s/%s", root, below);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    CHECK(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
    if (fd >= 0) (void)close(fd);
}

static void make_root(void)
{
    static const char *const folders[] = {
        "net",       "pressure", "sys",       "sys/net",        "sys/net/core",         "fs",
        "fs/cgroup", "class",    "class/net", "class/net/eth0", "class/net/eth0/device"};
    make_dir(root);
    for (size_t i = 0; i < PL_LEN(folders); i++) {
        char path[128];
        (void)snprintf(path, sizeof path, "%s/%s", root, folders[i]);
        CHECK_INT(mkdir(path, 0700), 0);
    }
    put("stat", "cpu  100 0 100 800\ncpu0 100 0 100 800\nprocesses 5\n");
    put("meminfo", "MemTotal: 4096 kB\nMemAvailable: 1024 kB\n");
    put("loadavg", "1.00 0 0\n");
    put("sys/net/core/somaxconn", "512\n");
}

static struct pl_sampler sampler;
static struct pl_sample samples[64];
static size_t sample_count;

static void on_sample(void *arg, struct pl_sample *sample)
{
    (void)arg;
    if (sample_count < PL_LEN(samples)) samples[sample_count] = *sample;
    sample_count++;
}

static bool is_sampled(void *count)
{
    return sample_count >= *(size_t *)count;
}

static bool wait_samples(size_t count)
{
    return run_until(is_sampled, &count, 10000);
}

static void start_sampler(int64_t interval_ms)
{
    sample_count = 0;
    CHECK_INT(pl_sampler_init(&sampler, &loop, root, root), 0);
    pl_sampler_start(&sampler, interval_ms, on_sample, NULL);
}

static void begin(int64_t interval_ms)
{
    loop_begin();
    make_root();
    start_sampler(interval_ms);
}

static void finish(void)
{
    pl_sampler_stop(&sampler);
    pl_sampler_stop(&sampler); // may be called again
    loop_end();
    remove_dir(root);
}

static void test_levels_at_once_then_rates(void)
{
    begin(200);
    CHECK_INT(sample_count, 1); // before anything waited
    CHECK_INT(samples[0].values[PL_CPU_BUSY], PL_ABSENT);
    CHECK_INT(samples[0].values[PL_MEMORY_USED], 7500);
    CHECK_INT(samples[0].values[PL_LOAD1], 100);
    CHECK_INT(samples[0].values[PL_PSI_CPU_SOME], PL_ABSENT); // no such file here
    put("stat", "cpu  130 0 100 870\ncpu0 130 0 100 870\nprocesses 5\n");
    put("loadavg", "2.00 0 0\n"); // looked at every five seconds only
    REQUIRE(wait_samples(2));
    CHECK_INT(samples[1].values[PL_CPU_BUSY], 3000);
    CHECK_INT(samples[1].values[PL_LOAD1], 100);
    CHECK_INT(samples[1].values[PL_FORKS], 0);
    CHECK_INT(samples[1].values[PL_SYN_COOKIES], PL_ABSENT);
    finish();
}

static void test_grid_without_drift(void)
{
    begin(100);
    int64_t first_due_ms = sampler.schedule.due_mono_ms;
    REQUIRE(wait_samples(11));
    int64_t took_ms = samples[10].unix_ms - samples[0].unix_ms;
    CHECK_NEAR((double)took_ms, 1000, 60); // how far a busy machine may be off
    CHECK_INT((sampler.schedule.due_mono_ms - first_due_ms) % 100, 0);
    finish();
}

static void test_a_blocked_loop_makes_one_late_sample(void)
{
    begin(100);
    REQUIRE(wait_samples(2));
    int64_t until_ms = pl_clock_mono_ms() + 450;
    while (pl_clock_mono_ms() < until_ms) continue; // what a busy machine does to us
    uv_run(&loop, UV_RUN_NOWAIT);                   // runs due timers once
    CHECK_INT(sample_count, 3);
    CHECK(samples[2].values[PL_AGENT_LATE] >= 340);
    finish();
}

static void test_directed_interval(void)
{
    begin(60000);
    CHECK_INT(sample_count, 1);
    pl_sampler_direct(&sampler, 100, 3000);
    REQUIRE(wait_samples(4));
    CHECK_INT(sampler.schedule.interval_ms, 100);
    pl_sampler_set_base(&sampler, 100);
    CHECK(wait_samples(6));
    finish();
}

static void test_facts(void)
{
    struct pl_fact_value facts[PL_FACT_COUNT];
    begin(60000);
    pl_sampler_facts(&sampler, facts);
    CHECK_INT(facts[PL_FACT_CORES].value, 1);
    CHECK_INT(facts[PL_FACT_MEMORY].value, 4096);
    CHECK_INT(facts[PL_FACT_SOMAXCONN].value, 512);
    CHECK_INT(facts[PL_FACT_FILES_MAX].value, -1);
    finish();
}

/* What a container may use is the whole, not what the machine has. */
static void test_a_limited_container(void)
{
    struct pl_fact_value facts[PL_FACT_COUNT];
    loop_begin();
    make_root();
    put("fs/cgroup/cpu.max", "50000 100000\n");
    put("fs/cgroup/cpu.stat", "usage_usec 1000\nnr_periods 10\nnr_throttled 0\n");
    put("fs/cgroup/memory.max", "2097152\n");
    put("fs/cgroup/memory.current", "1572864\n");
    put("fs/cgroup/memory.stat", "inactive_file 524288\n");
    put("fs/cgroup/memory.events", "oom_kill 0\n");
    start_sampler(100);
    CHECK_INT(samples[0].values[PL_MEMORY_USED], 5000);
    pl_sampler_facts(&sampler, facts);
    CHECK_INT(facts[PL_FACT_CPU_LIMIT].value, 500);
    CHECK_INT(facts[PL_FACT_MEMORY_LIMIT].value, 2048);
    put("fs/cgroup/cpu.stat", "usage_usec 1000000\nnr_periods 20\nnr_throttled 5\n");
    put("fs/cgroup/memory.events", "oom_kill 1\n");
    REQUIRE(wait_samples(2));
    CHECK_INT(samples[1].values[PL_CPU_BUSY], 10000);
    CHECK_INT(samples[1].values[PL_CPU_THROTTLED], 5000);
    CHECK(samples[1].values[PL_OOM_KILLS] > 0);
    finish();
}

/* Links count whose device is real and says how fast it is. */
static void test_a_link_of_known_speed(void)
{
    loop_begin();
    make_root();
    put("net/dev",
        "eth0: 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0\n br0: 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0\n");
    put("class/net/eth0/device/uevent", "DRIVER=e1000e\n");
    put("class/net/eth0/speed", "1000\n");
    start_sampler(60000);
    CHECK_INT(sampler.limits.link_count, 1);
    CHECK_TEXT(sampler.limits.link[0].name, "eth0");
    CHECK_INT(sampler.limits.link[0].mbit, 1000);
    finish();
}

/* A file that appears is found at the next look, and one that cannot be read is let go. */
static void test_files_come_and_go(void)
{
    begin(100);
    put("net/snmp", "Tcp: CurrEstab\nTcp: 7\n");
    (void)close(sampler.fds[PL_SOURCE_MEMINFO]);
    sampler.fds[PL_SOURCE_MEMINFO] = open(root, O_RDONLY); // a directory: EISDIR
    REQUIRE(wait_samples(2));
    CHECK_INT(samples[1].values[PL_TCP_ESTABLISHED], PL_ABSENT);
    CHECK_INT(samples[1].values[PL_MEMORY_USED], PL_ABSENT);
    CHECK_INT(sampler.fds[PL_SOURCE_MEMINFO], -1);
    sampler.reopen_mono_ms = 0;
    REQUIRE(wait_samples(3));
    CHECK_INT(samples[2].values[PL_TCP_ESTABLISHED], 7);
    CHECK_INT(samples[2].values[PL_MEMORY_USED], 7500);
    finish();
}

/* Overflows are looked for when connections come, not five seconds later. */
static void test_overflows_while_connections_come(void)
{
    enum { LATEST = 12 }; // a look at the queues is due a second after the first
    loop_begin();
    make_root();
    put("net/snmp", "Tcp: PassiveOpens\nTcp: 7\n");
    put("net/netstat", "TcpExt: ListenOverflows\nTcpExt: 0\n");
    start_sampler(100);
    put("net/snmp", "Tcp: PassiveOpens\nTcp: 8\n");
    put("net/netstat", "TcpExt: ListenOverflows\nTcpExt: 50\n");
    REQUIRE(wait_samples(LATEST));
    size_t n = 0;
    while (n < LATEST && samples[n].values[PL_LISTEN_OVERFLOWS] <= 0) n++;
    CHECK(n > 0 && n < LATEST);
    finish();
}

static void test_a_root_too_long(void)
{
    static char path[PL_SAMPLER_PATH_BYTES];
    memset(path, 'x', sizeof path - 1);
    loop_begin();
    CHECK_INT(pl_sampler_init(&sampler, &loop, path, "/sys"), PL_E_TOO_BIG);
    loop_end();
}

/* ---- allocations ---- */

static struct pl_uplink uplink;
static struct pl_spool spool;
static struct pl_spool_slot spool_memory[100];
static unsigned welcomes;

static void on_sample_to_send(void *arg, struct pl_sample *sample)
{
    (void)arg;
    sample_count++;
    pl_spool_push(&spool, sample);
    pl_uplink_flush(&uplink);
}

static void on_hello(void *arg, struct pl_hello *hello)
{
    (void)arg;
    pl_sampler_facts(&sampler, hello->facts);
}

static void on_welcome(void *arg, uint32_t interval_ms)
{
    (void)arg;
    (void)interval_ms;
    welcomes++;
}

static void on_directive(void *arg, const struct pl_directive *directive)
{
    (void)arg;
    (void)directive;
}

/* A sink that acknowledges every third sample and hangs up after every eighth. It ends with us. */
static FILE *start_sink(struct pl_address *address, pid_t *pid)
{
    char command[512], line[64] = "", *end = line;
    (void)snprintf(command, sizeof command, "exec setpriv --pdeathsig TERM '%s' 3 8", sink_program);
    FILE *sink = popen(command, "r");
    if (!sink || !fgets(line, sizeof line, sink) || strncmp(line, "port=", 5) != 0) return NULL;
    *address = (struct pl_address){"127.0.0.1", (uint16_t)strtoul(line + 5, &end, 10)};
    if (strncmp(end, " pid=", 5) == 0) *pid = (pid_t)strtol(end + 5, NULL, 10);
    return sink;
}

static bool is_welcomed_thrice(void *unused)
{
    (void)unused;
    return welcomes >= 3;
}

static void test_nothing_is_allocated_after_the_start(void)
{
    struct pl_address address = {0};
    struct pl_hello hello = {
        .version = PL_PROTOCOL_VERSION, .agent_version = "1", .interval_ms = 100};
    CHECK_INT(pl_name_parse(pl_span_of("fe1"), &hello.host), 0);
    CHECK_INT(pl_name_parse(pl_span_of("web"), &hello.pool), 0);
    pid_t pid = 0;
    FILE *sink = start_sink(&address, &pid);
    REQUIRE(sink != NULL && address.port != 0 && pid > 0);
    loop_begin();
    sample_count = 0;
    pl_spool_init(&spool, spool_memory, PL_LEN(spool_memory));
    struct pl_uplink_config config = {
        .collectors = &address,
        .collector_count = 1,
        .hello = &hello,
        .spool = &spool,
        .seed = 5,
        .handler = {.on_hello = on_hello, .on_welcome = on_welcome, .on_directive = on_directive}};
    CHECK_INT(pl_sampler_init(&sampler, &loop, "/proc", "/sys"), 0);
    CHECK_INT(pl_uplink_start(&uplink, &loop, &config), 0);
    const struct pl_watched_choice choice = {.kind = PL_WATCHED_PROGRAM, .text = "agent_sink"};
    pl_sampler_watch(&sampler, &choice); // and what watching it takes
    pl_sampler_start(&sampler, 100, on_sample_to_send, NULL);
    CHECK(wait_samples(3)); // connected and streaming
    unsigned long before = allocations;
    CHECK(COUNTS_ALLOCATIONS == 0 || before > 0);
    CHECK(wait_samples(20));
    CHECK(run_until(is_welcomed_thrice, NULL, 20000)); // and through two reconnects
    CHECK_INT(allocations - before, 0);
    CHECK_TEXT(sampler.watch.name.name, "agent_sink");
    pl_sampler_stop(&sampler);
    pl_uplink_stop(&uplink);
    loop_end();
    CHECK_INT(kill(pid, SIGTERM), 0);
    CHECK_INT(pclose(sink), 0);
}

int main(int argc, char **argv)
{
    sink_program = argc > 1 ? argv[1] : "agent_sink";
    (void)signal(SIGPIPE, SIG_IGN); // as pl_process_prepare() does
    RUN(test_levels_at_once_then_rates);
    RUN(test_grid_without_drift);
    RUN(test_a_blocked_loop_makes_one_late_sample);
    RUN(test_directed_interval);
    RUN(test_facts);
    RUN(test_a_limited_container);
    RUN(test_a_link_of_known_speed);
    RUN(test_files_come_and_go);
    RUN(test_overflows_while_connections_come);
    RUN(test_a_root_too_long);
    RUN(test_nothing_is_allocated_after_the_start);
    return check_finish();
}
