/* The rules over one pool: verdicts from counts, findings from hosts. */
#include "tests/check.h"

#include "collector/core/judge/rule_host.h"
#include "collector/core/judge/rule_silent.h"
#include "common/base/text.h"

#include <assert.h>
#include <stdlib.h>

enum { HOSTS = 2000 };

static struct pl_fleet fleet; // too large for a stack frame
static struct pl_rules rules;
static void *memory;
static uint32_t pool;
static int32_t overflows = PL_ABSENT, queue = PL_ABSENT; // of every host's next samples

static struct pl_name name_of(const char *prefix, uint32_t i)
{
    struct pl_name name = {0};
    struct pl_text t = pl_text_init(name.text, sizeof name.text);
    pl_text_str(&t, prefix);
    pl_text_u64(&t, i);
    name.len = (uint8_t)t.len;
    return name;
}

/* A pool of `count` waiting hosts fe0, fe1, ... whose index is their number. */
static void start(uint32_t count)
{
    pl_rules_default(&rules);
    for (size_t r = 0; r < PL_RESOURCE_COUNT; r++) rules.levels[r].hold_ms = 0;
    memset(memory, 0, pl_fleet_bytes(HOSTS));
    pl_fleet_init(&fleet, memory, HOSTS);
    struct pl_name web = name_of("web", 0);
    CHECK_INT(pl_fleet_add_pool(&fleet, &web, 1, &pool), 0);
    for (uint32_t i = 0; i < count; i++) {
        struct pl_name name = name_of("fe", i);
        uint32_t index;
        CHECK_INT(pl_fleet_add_host(&fleet, &name, pool, &index), 0);
        CHECK_INT(index, i);
    }
}

static void use(uint32_t host, int32_t cpu_bp, int32_t memory_bp)
{
    struct pl_host *h = &fleet.hosts[host];
    h->last.values[PL_CPU_BUSY] = cpu_bp;
    h->last.values[PL_MEMORY_USED] = memory_bp;
    h->last.values[PL_LISTEN_OVERFLOWS] = overflows;
    h->last.values[PL_LISTEN_QUEUE] = queue;
    h->last.unix_ms = 1000 + host;
    struct pl_tiers tiers = pl_rule_host_step(&rules, h, &h->last, 5000 + host);
    pl_fleet_set(&fleet, host, PL_LIVE, &tiers);
}

static void silence(uint32_t host, int64_t since_ms, bool rising)
{
    fleet.hosts[host].arrived_mono_ms = since_ms;
    fleet.hosts[host].arrived_unix_ms = 70000 + since_ms;
    fleet.hosts[host].load_rising = rising;
    pl_fleet_set(&fleet, host, PL_SILENT, &fleet.hosts[host].tiers);
}

static char verdict(struct pl_verdict v)
{
    return v.no_data ? '?' : "-wp"[v.tier];
}

#define CHECK_LIMIT(want)                                                                          \
    CHECK_INT(verdict(pl_rule_host_judge(&fleet.pools[pool], PL_STRAIN_LIMIT)), want)
#define CHECK_SILENT(want) CHECK_INT(verdict(pl_rule_silent_judge(&fleet.pools[pool])), want)

static void test_names_and_defaults(void)
{
    CHECK_TEXT(pl_rule_name(PL_RULE_LIMIT), "limit");
    CHECK_TEXT(pl_rule_name(PL_RULE_SATURATION), "saturation");
    CHECK_TEXT(pl_rule_name(PL_RULE_SILENT), "silent");
    CHECK_TEXT(pl_resource_name(PL_RESOURCE_CPU), "cpu");
    CHECK_TEXT(pl_resource_name(PL_RESOURCE_MEMORY), "memory");
    struct pl_rules defaults;
    pl_rules_default(&defaults);
    CHECK_TEXT(pl_resource_name(PL_RESOURCE_ACCEPT_QUEUE), "accept queue");
    for (enum pl_resource r = PL_RESOURCE_CPU; r <= PL_RESOURCE_MEMORY; r++) {
        CHECK_INT(defaults.levels[r].warn_bp, 7500);
        CHECK_INT(defaults.levels[r].page_bp, 9000);
    }
    CHECK_INT(pl_metric_info(PL_CPU_BUSY)->scale, 10000); // basis points
    CHECK_INT(pl_metric_info(PL_MEMORY_USED)->scale, 10000);
    CHECK_TEXT(pl_resource_name(PL_RESOURCE_ACCEPT_OVERFLOW), "accept overflow");
    CHECK_INT(defaults.levels[PL_RESOURCE_ACCEPT_OVERFLOW].hold_ms, 0); // pages at once
    CHECK_INT(pl_rule_silent_after_ms(&defaults, 1000), 5000);
    CHECK_INT(pl_rule_silent_after_ms(&defaults, 60000), 300000);
    CHECK_INT(pl_rule_silent_after_ms(&defaults, 100), PL_SILENT_MIN_MS);
}

static void test_limit_verdicts(void)
{
    start(0);
    CHECK_LIMIT('-'); // no hosts, no trouble
    start(3);
    CHECK_LIMIT('?');
    use(0, 1000, 1000);
    CHECK_LIMIT('?'); // the others may be in trouble
    use(1, 1000, 1000);
    use(2, 1000, 1000);
    CHECK_LIMIT('-');
    use(1, 1000, 7600);
    CHECK_LIMIT('w');
    use(2, 9100, 1000);
    CHECK_LIMIT('p');
    use(2, 8600, 1000);
    CHECK_LIMIT('p');
    use(2, PL_ABSENT, PL_ABSENT);
    CHECK_LIMIT('p');
    use(2, 1000, 1000);
    CHECK_LIMIT('w');
    silence(1, 0, false);
    CHECK_LIMIT('?'); // it was over when last heard
    use(2, 9100, 1000);
    CHECK_LIMIT('p');
    use(2, 1000, 1000);
    use(1, 1000, 1000);
    CHECK_LIMIT('-');
    silence(1, 0, false);
    CHECK_LIMIT('-'); // it was fine when last heard
}

/* model.md: an accept queue that overflows pages at once, whatever cpu and memory say. */
static void test_an_overflow_pages_at_once(void)
{
    static const struct {
        int32_t overflows; // per second, fixed point
        char want;
    } story[] = {{0, '-'}, {PL_ABSENT, '-'}, {10, 'p'}, {PL_ABSENT, 'p'}, {1, 'p'}, {0, '-'}};
    start(1);
    pl_rules_default(&rules);
    for (size_t i = 0; i < PL_LEN(story); i++) {
        overflows = story[i].overflows;
        use(0, 1000, 1000);
        CHECK_LIMIT(story[i].want);
    }
    overflows = 10;
    use(0, 1000, 1000);
    struct pl_finding f;
    pl_rule_host_describe(&rules, &fleet, pool, PL_STRAIN_LIMIT, &f);
    CHECK_INT(f.resource, PL_RESOURCE_ACCEPT_OVERFLOW);
    CHECK_INT(f.value_bp, 10000);
    overflows = PL_ABSENT;
}

/* model.md: 70 % of a backlog, whatever cpu says; two seconds let a burst be accepted. */
static void test_a_filling_accept_queue(void)
{
    static const struct {
        int64_t at_ms;
        int32_t queue_bp;
        char want;
    } story[] = {{0, 4900, '-'},    {1000, 10000, '-'}, {2000, 10000, '-'}, {3000, 7000, 'p'},
                 {4000, 6000, 'p'}, {5000, 5900, 'w'},  {6000, 3000, '-'},  {7000, 10000, '-'},
                 {8000, 0, '-'},    {9000, 10000, '-'}, {10000, 10000, '-'}};
    struct pl_host *h = &fleet.hosts[0];
    start(1);
    pl_rules_default(&rules);
    for (size_t i = 0; i < PL_LEN(story); i++) {
        for (size_t m = 0; m < PL_METRIC_COUNT; m++) h->last.values[m] = PL_ABSENT;
        h->last.values[PL_LISTEN_QUEUE] = story[i].queue_bp;
        h->last.unix_ms = story[i].at_ms;
        struct pl_tiers tiers = pl_rule_host_step(&rules, h, &h->last, h->last.unix_ms);
        pl_fleet_set(&fleet, 0, PL_LIVE, &tiers);
        CHECK_LIMIT(story[i].want);
    }
}

/* What the other resources read: the metric, and from which of its values on they page. */
static void test_every_resource_pages(void)
{
    static const struct {
        enum pl_metric metric;
        int32_t fine, pages;
    } cases[] = {
        {PL_CPU_BUSY, 8999, 9000},
        {PL_MEMORY_USED, 8999, 9000},
        {PL_LISTEN_QUEUE, 6999, 7000},
        {PL_LISTEN_OVERFLOWS, 0, 1},
        {PL_OOM_KILLS, 0, 17}, // one a minute
        {PL_FILES_USED, 8499, 8500},
        {PL_CONNTRACK_USED, 8499, 8500},
        {PL_NET_USED, 8499, 8500},
        {PL_WORKERS_USED, 8499, 8500},
        {PL_PSI_MEMORY_FULL, 1999, 2000},
        {PL_PSI_IO_FULL, 1999, 2000},
    };
    static_assert(PL_LEN(cases) == PL_RESOURCE_SHARE, "one case for each that a sample tells");
    for (size_t i = 0; i < PL_LEN(cases); i++) {
        struct pl_host *h = &fleet.hosts[0];
        printf("# %s\n", pl_metric_info(cases[i].metric)->name);
        start(1);
        for (int page = 0; page < 2; page++) {
            for (size_t m = 0; m < PL_METRIC_COUNT; m++) h->last.values[m] = PL_ABSENT;
            h->last.values[cases[i].metric] = page ? cases[i].pages : cases[i].fine;
            struct pl_tiers tiers = pl_rule_host_step(&rules, h, &h->last, 5000);
            for (enum pl_strain s = 0; s < PL_STRAIN_COUNT; s++) {
                bool mine = s == pl_resource_strain((enum pl_resource)i);
                CHECK((tiers.held[s] == PL_TIER_PAGE) == (mine && page == 1));
            }
        }
    }
}

/* The name of the fullest queue is told only while it is that one. */
static void test_which_listener(void)
{
    static const struct {
        int32_t queue_bp, overflows, cpu_bp;
        enum pl_resource want;
        bool is_named;
    } cases[] = {
        {10000, 0, 1000, PL_RESOURCE_ACCEPT_QUEUE, true},
        {10000, 10, 1000, PL_RESOURCE_ACCEPT_QUEUE, true},
        {5000, 10, 1000, PL_RESOURCE_ACCEPT_OVERFLOW, true},
        {4999, 10, 1000, PL_RESOURCE_ACCEPT_OVERFLOW, false},
        {PL_ABSENT, 10, 1000, PL_RESOURCE_ACCEPT_OVERFLOW, false},
        {7000, 0, 9900, PL_RESOURCE_CPU, false},
    };
    for (size_t i = 0; i < PL_LEN(cases); i++) {
        struct pl_finding f;
        start(1);
        fleet.hosts[0].listener = (struct pl_listener){511, "*:443", "nginx"};
        queue = cases[i].queue_bp;
        overflows = cases[i].overflows;
        use(0, cases[i].cpu_bp, 1000);
        pl_rule_host_describe(&rules, &fleet, pool, PL_STRAIN_LIMIT, &f);
        CHECK_INT(f.resource, cases[i].want);
        CHECK_TEXT(f.listener.owner, cases[i].is_named ? "nginx" : "");
        CHECK_INT(f.listener.backlog, cases[i].is_named ? 511 : 0);
    }
    queue = overflows = PL_ABSENT;
}

static void test_limit_names_the_worst(void)
{
    start(12);
    struct pl_finding f;
    for (uint32_t i = 0; i < 12; i++) use(i, 9100 + (int32_t)(i * 37 % 12) * 10, 1000);
    use(3, 1000, 9900);
    use(4, 8000, 1000);
    pl_rule_host_describe(&rules, &fleet, pool, PL_STRAIN_LIMIT, &f);
    CHECK_INT(f.tier, PL_TIER_PAGE);
    CHECK_INT(f.host_count, 11); // fe4 only holds WARN
    CHECK_INT(f.named_count, PL_FINDING_HOSTS_MAX);
    CHECK_INT(f.resource, PL_RESOURCE_MEMORY);
    CHECK_INT(f.value_bp, 9900);
    CHECK_INT(f.level_bp, 9000);
    CHECK_INT(f.since_unix_ms, 5003);
    CHECK_TEXT(f.hosts[0].text, "fe3");
    for (uint32_t n = 2; n < f.named_count; n++) {
        uint32_t worse = pl_fleet_find_host(&fleet, &f.hosts[n - 1]);
        uint32_t better = pl_fleet_find_host(&fleet, &f.hosts[n]);
        CHECK(fleet.hosts[worse].last.values[PL_CPU_BUSY] >=
              fleet.hosts[better].last.values[PL_CPU_BUSY]);
    }
}

static void test_limit_description_is_bounded(void)
{
    start(HOSTS);
    struct pl_finding f;
    for (uint32_t i = 0; i < HOSTS; i++) use(i, 7600, 1000);
    use(1999, 9500, 1000); // the last to be troubled, and yet looked at first
    pl_rule_host_describe(&rules, &fleet, pool, PL_STRAIN_LIMIT, &f);
    CHECK_INT(f.host_count, 1);
    CHECK_TEXT(f.hosts[0].text, "fe1999");
    use(1999, 7600, 1000);
    use(1999, 1000, 1000);
    pl_rule_host_describe(&rules, &fleet, pool, PL_STRAIN_LIMIT, &f);
    CHECK_INT(f.host_count, HOSTS - 1);
    CHECK_INT(f.named_count, PL_FINDING_HOSTS_MAX);
}

static void test_silent_verdicts(void)
{
    start(0);
    CHECK_SILENT('-');
    start(5);
    CHECK_SILENT('?');
    for (uint32_t i = 0; i < 5; i++) use(i, 1000, 1000);
    CHECK_SILENT('-');
    silence(0, 10, false);
    CHECK_SILENT('w');
    silence(1, 10, false);
    CHECK_SILENT('w'); // two of five
    silence(2, 10, false);
    CHECK_SILENT('p');
    use(2, 1000, 1000);
    use(1, 1000, 1000);
    CHECK_SILENT('w');
    silence(3, 10, true);
    CHECK_SILENT('p');
    use(3, 1000, 1000);
    use(0, 1000, 1000);
    CHECK_SILENT('-');
    start(2);
    use(0, 1000, 1000);
    silence(1, 10, false);
    CHECK_SILENT('p'); // half of two
}

static void test_silent_names_the_longest_silent(void)
{
    start(30);
    struct pl_finding f;
    for (uint32_t i = 0; i < 30; i++) use(i, 1000, 1000);
    for (uint32_t i = 0; i < 20; i++) silence(i, 1000 + i * 7 % 20, i == 5);
    use(29, 9900, 1000); // troubled, not silent
    pl_rule_silent_describe(&fleet, pool, &f);
    CHECK_INT(f.tier, PL_TIER_PAGE);
    CHECK_INT(f.host_count, 20);
    CHECK_INT(f.named_count, PL_FINDING_HOSTS_MAX);
    CHECK_INT(f.value_bp, 6666);
    CHECK_INT(f.since_unix_ms, 71000);
    CHECK(f.load_rising);
    for (uint32_t n = 0; n < f.named_count; n++) {
        uint32_t host = pl_fleet_find_host(&fleet, &f.hosts[n]);
        CHECK_INT(fleet.hosts[host].arrived_mono_ms, 1000 + n);
    }
}

/* The last minute of a host: cpu and traffic go from one value to the other in a straight line. */
static bool rising(int32_t cpu_from, int32_t cpu_to, int32_t traffic_from, int32_t traffic_to)
{
    static struct pl_window w;
    pl_window_init(&w);
    for (int i = 0; i <= 60; i++) {
        struct pl_sample s = {.unix_ms = 1000 * i};
        for (size_t m = 0; m < PL_METRIC_COUNT; m++) s.values[m] = PL_ABSENT;
        if (cpu_from >= 0) s.values[PL_CPU_BUSY] = cpu_from + (cpu_to - cpu_from) * i / 60;
        if (traffic_from >= 0) {
            s.values[PL_TCP_ACCEPTED] = traffic_from + (traffic_to - traffic_from) * i / 60;
        }
        pl_window_push(&w, &s);
    }
    return pl_rule_silent_rising(&w);
}

static void test_rising_load(void)
{
    static const struct {
        int32_t cpu_from, cpu_to, traffic_from, traffic_to; // traffic in tenths
        bool want;
    } cases[] = {
        {3000, 3000, 1000, 1000, false}, // steady
        {3000, 4100, 1000, 1000, true},  // cpu by 11 points
        {3000, 3900, 1000, 1000, false}, // by nine
        {9000, 3000, 1000, 1000, false}, // falling
        {3000, 3000, 1000, 1300, true},  // traffic by a quarter
        {3000, 3000, 1000, 1100, false}, // by a tenth
        {3000, 3000, 10, 40, false},     // next to none
        {-1, -1, 1000, 2000, true},      // no cpu known
        {-1, -1, -1, -1, false},         // nothing known
    };
    for (size_t i = 0; i < PL_LEN(cases); i++) {
        printf("# case %zu\n", i);
        CHECK_INT(
            rising(cases[i].cpu_from, cases[i].cpu_to, cases[i].traffic_from, cases[i].traffic_to),
            cases[i].want);
    }
    static struct pl_window empty;
    pl_window_init(&empty);
    CHECK(!pl_rule_silent_rising(&empty));
}

int main(void)
{
    memory = malloc(pl_fleet_bytes(HOSTS));
    RUN(test_names_and_defaults);
    RUN(test_limit_verdicts);
    RUN(test_an_overflow_pages_at_once);
    RUN(test_a_filling_accept_queue);
    RUN(test_every_resource_pages);
    RUN(test_which_listener);
    RUN(test_limit_names_the_worst);
    RUN(test_limit_description_is_bounded);
    RUN(test_silent_verdicts);
    RUN(test_silent_names_the_longest_silent);
    RUN(test_rising_load);
    free(memory);
    return check_finish();
}
