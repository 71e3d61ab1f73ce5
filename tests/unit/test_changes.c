/* What changed on hosts: once each, bounded, and grouped for a pool. */
#include "tests/check.h"

#include "collector/core/observe/changes.h"
#include "common/base/rng.h"
#include "common/base/text.h"

#include <stdlib.h>

#define NOW_MS INT64_C(1777644192000)

enum { HOSTS = 400, MINUTE_MS = 60000, HOUR_MS = 60 * MINUTE_MS };

static struct pl_changes changes;
static struct pl_fleet fleet;
static void *memory;

static struct pl_name name_of(const char *prefix, uint32_t i)
{
    struct pl_name name = {0};
    struct pl_text t = pl_text_init(name.text, sizeof name.text);
    pl_text_str(&t, prefix);
    pl_text_u64(&t, i);
    name.len = (uint8_t)t.len;
    return name;
}

/* `count` hosts h0, h1, ... of one pool. */
static void start(uint32_t count)
{
    uint32_t pool, host;
    struct pl_name web = name_of("web", 1);
    memset(&changes, 0, sizeof changes);
    memset(&fleet, 0, sizeof fleet);
    free(memory);
    memory = calloc(1, pl_fleet_bytes(HOSTS));
    pl_fleet_init(&fleet, memory, HOSTS);
    REQUIRE(pl_fleet_add_pool(&fleet, &web, 0, &pool) == 0);
    for (uint32_t i = 0; i < count; i++) {
        struct pl_name name = name_of("h", i);
        REQUIRE(pl_fleet_add_host(&fleet, &name, pool, &host) == 0 && host == i);
    }
}

static struct pl_change upgrade(const char *subject, int64_t ago_ms)
{
    struct pl_change c = {PL_CHANGE_UPGRADED, NOW_MS - ago_ms, 1, "", "1.0", "1.1"};
    struct pl_text t = pl_text_init(c.subject, sizeof c.subject);
    pl_text_str(&t, subject);
    return c;
}

static bool take(uint32_t host, struct pl_change change)
{
    return pl_changes_take(&changes, &fleet, host, &change, NOW_MS) != PL_NO_INDEX;
}

/* How many a host has; every place is its own. */
static uint32_t count_of(uint32_t host)
{
    const struct pl_change_entry *entry = NULL;
    uint32_t places = 0, count = 0;
    while ((entry = pl_changes_next(&changes, &fleet.hosts[host], entry))) {
        CHECK_INT(entry->host, host);
        CHECK_INT(places >> entry->place & 1, 0);
        places |= 1u << entry->place;
        count++;
    }
    return count;
}

static void test_each_is_taken_once(void)
{
    start(2);
    struct pl_change c = upgrade("openssl", HOUR_MS);
    CHECK(take(0, c));
    CHECK(!take(0, c));
    CHECK(take(1, c)); // of another host
    c.unix_ms++;
    CHECK(take(0, c)); // of another time
    c.kind = PL_CHANGE_INSTALLED;
    CHECK(take(0, c));
    CHECK_INT(count_of(0), 3);
    c.count = 5;
    CHECK(take(0, c)); // more is known of it
    CHECK_INT(count_of(0), 3);
    struct pl_change boot = {PL_CHANGE_BOOTED, NOW_MS - HOUR_MS, 1, "", "", ""};
    CHECK(take(0, boot));
    boot.unix_ms += PL_CHANGES_START_MS; // its clock was set meanwhile
    CHECK(!take(0, boot));
    boot.unix_ms++;
    CHECK(take(0, boot));
    struct pl_change service = {PL_CHANGE_RESTARTED, NOW_MS - HOUR_MS, 1, "nginx *:443", "", ""};
    CHECK(take(1, service));
    service.unix_ms -= PL_CHANGES_RESTART_MS;
    CHECK(!take(1, service));
    service.unix_ms--;
    CHECK(take(1, service));
}

static void test_times_that_are_not_believed(void)
{
    start(1);
    CHECK(!take(0, upgrade("old", PL_CHANGES_KEEP_MS + 1)));
    CHECK(take(0, upgrade("just in time", PL_CHANGES_KEEP_MS)));
    CHECK(!take(0, upgrade("ahead", -PL_CHANGES_AHEAD_MS - 1)));
    CHECK(take(0, upgrade("a little ahead", -PL_CHANGES_AHEAD_MS)));
}

static void test_what_is_over_is_not_shown(void)
{
    start(1);
    struct pl_change c = {PL_CHANGE_OUTDATED, NOW_MS - HOUR_MS, 0, "nginx", "libssl.so.3", ""};
    CHECK(!take(0, c)); // over before it was known
    c.count = 3;
    CHECK(take(0, c));
    CHECK(pl_change_is_shown(&changes.entries[0].change, NOW_MS));
    CHECK(!pl_change_is_shown(&changes.entries[0].change, NOW_MS + PL_CHANGES_KEEP_MS));
    c.count = 0;
    CHECK(take(0, c));
    CHECK(!pl_change_is_shown(&changes.entries[0].change, NOW_MS));
}

static void test_a_full_host_keeps_the_newest(void)
{
    start(1);
    for (uint32_t i = 0; i < PL_CHANGES_HOST_MAX; i++)
        CHECK(take(0, upgrade("p", HOUR_MS - (int64_t)i)));
    CHECK_INT(count_of(0), PL_CHANGES_HOST_MAX);
    CHECK(!take(0, upgrade("older", HOUR_MS + 1)));
    CHECK(take(0, upgrade("newer", 1)));
    CHECK_INT(count_of(0), PL_CHANGES_HOST_MAX);
    const struct pl_change_entry *entry = NULL;
    while ((entry = pl_changes_next(&changes, &fleet.hosts[0], entry)))
        CHECK(entry->change.unix_ms > NOW_MS - HOUR_MS); // the oldest made room
}

static void test_a_full_table_and_hosts_that_go(void)
{
    enum { EACH = PL_CHANGES_HOST_MAX, FULL = PL_CHANGES_MAX / EACH };
    start(FULL + 1);
    for (uint32_t host = 0; host < FULL; host++)
        for (int64_t i = 0; i < EACH; i++) CHECK(take(host, upgrade("p", i)));
    CHECK_INT(count_of(0), EACH);
    CHECK(take(FULL, upgrade("q", 0)));
    CHECK_INT(count_of(0), EACH - 1); // what was taken first made room
    pl_changes_drop(&changes, &fleet, 1);
    CHECK_INT(count_of(1), 0);
    CHECK(take(1, upgrade("again", 0)));
    CHECK_INT(count_of(1), 1);
    for (uint32_t host = 2; host < FULL; host++) CHECK_INT(count_of(host), EACH);
}

/* Random changes, told again and again, against a count of distinct ones. */
static void test_resends_change_nothing(void)
{
    enum { SUBJECTS = 4, TIMES = 5, STEPS = 3000 };
    static const char *const subjects[SUBJECTS] = {"a", "b", "c", "d"};
    for (uint64_t seed = 1; seed <= 5; seed++) {
        bool seen[3][SUBJECTS][TIMES] = {0};
        uint32_t want[3] = {0};
        struct pl_rng rng = pl_rng_init(seed);
        start(3);
        for (int step = 0; step < STEPS; step++) {
            uint32_t host = (uint32_t)(pl_rng_u64(&rng) % 3);
            uint32_t subject = (uint32_t)(pl_rng_u64(&rng) % SUBJECTS);
            uint32_t at = (uint32_t)(pl_rng_u64(&rng) % TIMES);
            bool is_new = !seen[host][subject][at];
            CHECK(take(host, upgrade(subjects[subject], at * MINUTE_MS)) == is_new);
            want[host] += is_new;
            seen[host][subject][at] = true;
        }
        for (uint32_t host = 0; host < 3; host++) CHECK_INT(count_of(host), want[host]);
    }
}

static void test_places_come_back(void)
{
    start(1);
    struct pl_change c = upgrade("a", 5);
    pl_changes_put(&changes, &fleet, pl_changes_take(&changes, &fleet, 0, &c, NOW_MS), 5);
    c = upgrade("b", 6);
    pl_changes_put(&changes, &fleet, pl_changes_take(&changes, &fleet, 0, &c, NOW_MS), 0);
    CHECK(take(0, upgrade("c", 7)));
    CHECK_INT(count_of(0), 3);
    const struct pl_change_entry *entry = NULL;
    while ((entry = pl_changes_next(&changes, &fleet.hosts[0], entry))) {
        char subject = entry->change.subject[0];
        CHECK_INT(entry->place, subject == 'a' ? 5 : subject == 'b' ? 0 : 1);
    }
}

static void test_a_pool_in_groups(void)
{
    struct pl_change_digest d;
    start(8);
    for (uint32_t host = 0; host < 6; host++) CHECK(take(host, upgrade("openssl", HOUR_MS - host)));
    struct pl_change over = upgrade("nginx", 5);
    CHECK(take(6, over));
    over.count = 0;
    CHECK(take(6, over));
    CHECK(take(7, upgrade("newest", 1)));
    CHECK(take(7, upgrade("oldest", 2 * HOUR_MS)));
    pl_changes_digest(&changes, &fleet, 0, NOW_MS, &d);
    REQUIRE(d.group_count == 3);
    CHECK_TEXT(d.groups[0].change.subject, "newest");
    CHECK_TEXT(d.groups[1].change.subject, "openssl");
    CHECK_TEXT(d.groups[2].change.subject, "oldest");
    CHECK_INT(d.groups[1].host_count, 6);
    CHECK_INT(d.groups[1].named_count, PL_CHANGE_NAMED_MAX);
    CHECK_INT(d.groups[1].change.unix_ms, NOW_MS - HOUR_MS + 5); // where it happened last
    CHECK_INT(d.more_count, 0);
    start(2);
    for (uint32_t i = 0; i < PL_CHANGES_HOST_MAX; i++) {
        char subject[16];
        struct pl_text t = pl_text_init(subject, sizeof subject);
        pl_text_u64(&t, i);
        CHECK(take(0, upgrade(subject, 1000 - (int64_t)i)));
    }
    CHECK(take(1, upgrade("x", 5000)));
    CHECK(take(1, upgrade("y", 1)));
    pl_changes_digest(&changes, &fleet, 0, NOW_MS, &d);
    CHECK_INT(d.group_count, PL_CHANGE_GROUPS_MAX);
    CHECK_INT(d.more_count, 2);
    CHECK_TEXT(d.groups[0].change.subject, "y");
}

static void test_facts(void)
{
    enum { GIB = 1024 * 1024 };
    static const struct {
        int64_t started[2], cores[2], cpu_limit[2], memory[2], memory_limit[2];
        const char *want;
    } cases[] = {
        {{1000, 1000}, {4, 4}, {-1, -1}, {GIB, GIB}, {-1, -1}, ""},
        {{1000, 1120}, {4, 4}, {-1, -1}, {GIB, GIB}, {-1, -1}, ""}, // the clock was set
        {{1000, 1121}, {4, 4}, {-1, -1}, {GIB, GIB}, {-1, -1}, "booted > at 1121000;"},
        {{1000, 900}, {4, 4}, {-1, -1}, {GIB, GIB}, {-1, -1}, ""},
        {{-1, 5000}, {-1, 4}, {-1, -1}, {-1, GIB}, {-1, -1}, ""}, // nothing was known
        {{1000, 1000},
         {4, 8},
         {-1, -1},
         {GIB, 4 * GIB},
         {-1, -1},
         "cores 4>8 at 7777;memory 1 GiB>4 GiB at 7777;"},
        {{1000, 2000},
         {4, 2},
         {-1, -1},
         {GIB, GIB / 2},
         {-1, -1},
         "booted > at 2000000;cores 4>2 at 2000000;memory 1 GiB>512 MiB at 2000000;"},
        {{1000, 1000},
         {4, 4},
         {-1, 1500},
         {8 * GIB, 8 * GIB},
         {-1, 2 * GIB},
         "cores 4>1.5 at 7777;memory 8 GiB>2 GiB at 7777;"},
        {{1000, 1000}, {4, 4}, {-1, -1}, {32 * GIB, 31 * GIB}, {-1, -1}, ""}, // another kernel
    };
    for (size_t i = 0; i < PL_LEN(cases); i++) {
        struct pl_fact_value facts[2][PL_FACT_COUNT] = {0};
        struct pl_change got[PL_CHANGES_OF_FACTS];
        char said[256];
        struct pl_text t = pl_text_init(said, sizeof said);
        for (int k = 0; k < 2; k++) {
            facts[k][PL_FACT_STARTED].value = cases[i].started[k];
            facts[k][PL_FACT_CORES].value = cases[i].cores[k];
            facts[k][PL_FACT_CPU_LIMIT].value = cases[i].cpu_limit[k];
            facts[k][PL_FACT_MEMORY].value = cases[i].memory[k];
            facts[k][PL_FACT_MEMORY_LIMIT].value = cases[i].memory_limit[k];
        }
        size_t count = pl_changes_of_facts(facts[0], facts[1], 7777, got);
        for (size_t n = 0; n < count; n++) {
            pl_text_str(&t, pl_change_kind_name(got[n].kind));
            pl_text_char(&t, ' ');
            pl_text_str(&t, got[n].before);
            pl_text_char(&t, '>');
            pl_text_str(&t, got[n].after);
            pl_text_str(&t, " at ");
            pl_text_i64(&t, got[n].unix_ms);
            pl_text_char(&t, ';');
        }
        CHECK_TEXT(said, cases[i].want);
    }
}

int main(void)
{
    RUN(test_each_is_taken_once);
    RUN(test_times_that_are_not_believed);
    RUN(test_what_is_over_is_not_shown);
    RUN(test_a_full_host_keeps_the_newest);
    RUN(test_a_full_table_and_hosts_that_go);
    RUN(test_resends_change_nothing);
    RUN(test_places_come_back);
    RUN(test_a_pool_in_groups);
    RUN(test_facts);
    free(memory);
    return check_finish();
}
