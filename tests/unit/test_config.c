/* The configuration files of both programs: defaults, meaning, and mistakes across keys. */
#include "tests/check.h"

#include "agent/config.h"
#include "collector/config.h"
#include "common/base/err.h"
#include "common/base/text.h"
#include "common/sys/file.h"
#include "common/sys/yaml.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[] = "/tmp/plimsoll-test-XXXXXX";
static struct pl_option_errors errors;
static struct pl_collector_config config;
static struct pl_agent_config agent;

/* Write `text` to a file; its path, from now on relative to `folder`. */
static const char *file(const char *name, const char *text)
{
    FILE *f = fopen(name, "we");
    if (!f || fputs(text, f) < 0 || fclose(f) != 0) abort();
    return name;
}

static int load(const char *yaml)
{
    const char *paths[] = {file("f", yaml)};
    return pl_collector_config_load(paths, 1, &config, &errors);
}

static int load_agent(const char *yaml)
{
    const char *paths[] = {file("f", yaml)};
    return pl_agent_config_load(paths, 1, &agent, &errors);
}

/* The smallest configuration of design and README: one file for both programs. */
static const char smallest[] = "collector:\n"
                               "  agents: 127.0.0.1:7410\n"
                               "  http: 127.0.0.1:7411\n"
                               "  state: /var/lib/plimsoll\n"
                               "redis:\n"
                               "  url: \"\"\n"
                               "pools:\n"
                               "  web:\n"
                               "    notify: [oncall]\n"
                               "notifiers:\n"
                               "  oncall:\n"
                               "    type: alertmanager\n"
                               "    url: http://127.0.0.1:9099/hook\n"
                               "agent:\n"
                               "  host: fe1\n"
                               "  pool: web\n"
                               "  collectors: [127.0.0.1:7410]\n";

static void test_collector_defaults(void)
{
    CHECK_INT(pl_collector_config_load(NULL, 0, &config, &errors), 0);
    CHECK_TEXT(config.agents.host, "127.0.0.1");
    CHECK_INT(config.agents.port, 7410);
    CHECK_INT(config.http.port, 7411);
    CHECK_TEXT(config.state, "/var/lib/plimsoll");
    CHECK_INT(config.max_agents, 10000);
    CHECK_INT(config.log_level, PL_LOG_INFO);
    CHECK_INT(config.redis.kind, PL_CONFIG_REDIS_MANAGED);
    CHECK_INT(config.redis.queue_bytes, 64 << 20);
    CHECK_INT(config.rules.limit.warn_ppm, 750000);
    CHECK_INT(config.rules.limit.cpu_ppm, 900000);
    CHECK_INT(config.rules.limit.memory_ppm, 900000);
    CHECK_INT(config.rules.limit.leave_ppm, 50000);
    CHECK_INT(config.rules.limit.hold_ms, 10000);
    CHECK_INT(config.rules.limit.clear_ms, 15000);
    CHECK_INT(config.rules.saturation.warn_ppm, 850000);
    CHECK_INT(config.rules.saturation.time_to_act_ms, 1200000);
    CHECK_INT(config.rules.saturation.clear_ms, 1200000);
    CHECK_INT(config.rules.silent.intervals, 5);
    CHECK_INT(config.silent_grace_ms, 30000);
    CHECK_INT(config.rules.silent.forget_ms, 86400000);
}

static void test_rules_reach_the_engine(void)
{
    struct pl_rules rules;
    CHECK_INT(load("rules:\n"
                   "  limit: {warn: 60%, cpu: 0.8, memory: 0.95, leave: 0.1, hold: 3s, clear: 4s}\n"
                   "  saturation: {warn: 80%, time_to_act: 5m, clear: 6m}\n"
                   "  silent: {intervals: 7, grace: 8s, forget: 9m}\n"),
              0);
    pl_collector_config_rules(&config, NULL, &rules);
    CHECK_INT(rules.levels[PL_RESOURCE_CPU].warn_bp, 6000);
    CHECK_INT(rules.levels[PL_RESOURCE_CPU].page_bp, 8000);
    CHECK_INT(rules.levels[PL_RESOURCE_CPU].leave_bp, 1000);
    CHECK_INT(rules.levels[PL_RESOURCE_CPU].hold_ms, 3000);
    CHECK_INT(rules.levels[PL_RESOURCE_MEMORY].page_bp, 9500);
    CHECK_INT(rules.clear_ms[PL_RULE_LIMIT], 4000);
    CHECK_NEAR(rules.saturation.warn_share, 0.8, 1e-9);
    CHECK_NEAR(rules.saturation.time_to_act_s, 300, 1e-9);
    CHECK_INT(rules.clear_ms[PL_RULE_SATURATION], 360000);
    CHECK_INT(rules.silent_intervals, 7);
    CHECK_INT(rules.silent_grace_ms, 8000);
    CHECK_INT(rules.silent_forget_ms, 540000);
}

/* What a pool does not say is as for all; a later file may say either. */
static void test_rules_of_one_pool(void)
{
    struct pl_rules web, db, all;
    CHECK_INT(load("pools:\n"
                   "  web: {rules: {limit: {cpu: 85%, clear: 20s}, collapse: {share: 0.1}}}\n"
                   "  db: {rules: {silent: {intervals: 9}, unstable: 0}}\n"
                   "rules:\n"
                   "  limit: {warn: 60%, cpu: 0.8}\n"
                   "  stall: {share: 40%, hold: 5s, clear: 6s}\n"
                   "  imbalance: {share: 2, hold: 2m}\n"
                   "  silent: {forget: 10m}\n"),
              0);
    pl_collector_config_rules(&config, &config.pools[0], &web);
    pl_collector_config_rules(&config, &config.pools[1], &db);
    pl_collector_config_rules(&config, NULL, &all);
    CHECK_INT(web.levels[PL_RESOURCE_CPU].page_bp, 8500);
    CHECK_INT(web.levels[PL_RESOURCE_CPU].warn_bp, 6000);
    CHECK_INT(web.clear_ms[PL_RULE_LIMIT], 20000);
    CHECK_NEAR(web.collapse_share, 0.1, 1e-9);
    CHECK_INT(web.unstable_ms, 600000);
    CHECK_INT(db.levels[PL_RESOURCE_CPU].page_bp, 8000);
    CHECK_INT(db.silent_intervals, 9);
    CHECK_INT(db.silent_forget_ms, 600000);
    CHECK_INT(db.unstable_ms, 0);
    CHECK_INT(all.levels[PL_RESOURCE_MEMORY_STALL].page_bp, 4000);
    CHECK_INT(all.levels[PL_RESOURCE_IO_STALL].leave_bp, 2000);
    CHECK_INT(all.levels[PL_RESOURCE_IO_STALL].hold_ms, 5000);
    CHECK_INT(all.clear_ms[PL_RULE_STALL], 6000);
    CHECK_INT(all.levels[PL_RESOURCE_SHARE].warn_bp, 20000);
    CHECK_INT(all.levels[PL_RESOURCE_SHARE].leave_bp, 5000);
    CHECK_INT(all.levels[PL_RESOURCE_SHARE].hold_ms, 120000);
    CHECK_INT(all.silent_intervals, 5);
    const char *paths[] = {file("a.yaml", "pools: {web: {rules: {limit: {cpu: 85%}}}}\n"),
                           file("b.yaml", "rules: {limit: {cpu: 0.95, memory: 0.95}}\n")};
    CHECK_INT(pl_collector_config_load(paths, 2, &config, &errors), 0);
    pl_collector_config_rules(&config, &config.pools[0], &web);
    CHECK_INT(web.levels[PL_RESOURCE_CPU].page_bp, 8500);
    CHECK_INT(web.levels[PL_RESOURCE_MEMORY].page_bp, 9500);
}

/* Nothing configured is what rule.c says. */
static void test_default_rules_are_the_engines(void)
{
    struct pl_rules got, want;
    CHECK_INT(pl_collector_config_load(NULL, 0, &config, &errors), 0);
    pl_collector_config_rules(&config, NULL, &got);
    pl_rules_default(&want);
    for (int r = 0; r < PL_RESOURCE_COUNT; r++) {
        CHECK_INT(got.levels[r].warn_bp, want.levels[r].warn_bp);
        CHECK_INT(got.levels[r].page_bp, want.levels[r].page_bp);
        CHECK_INT(got.levels[r].leave_bp, want.levels[r].leave_bp);
        CHECK_INT(got.levels[r].hold_ms, want.levels[r].hold_ms);
    }
    CHECK(memcmp(got.clear_ms, want.clear_ms, sizeof want.clear_ms) == 0);
    CHECK_NEAR(got.collapse_share, want.collapse_share, 1e-9);
    CHECK_INT(got.collapse_hold_ms, want.collapse_hold_ms);
    CHECK_INT(got.no_spare_hold_ms, want.no_spare_hold_ms);
    CHECK_INT(got.unstable_ms, want.unstable_ms);
}

static void test_who_answers_for_a_pool(void)
{
    CHECK_INT(load("pools: {web: {owner: Web team, runbook: https://wiki/web}, db: {}}\n"), 0);
    CHECK_TEXT(config.pools[0].owner, "Web team");
    CHECK_TEXT(config.pools[0].runbook, "https://wiki/web");
    CHECK_TEXT(config.pools[1].owner, "");
    CHECK_TEXT(config.pools[1].runbook, "");
}

static void test_capacity_of_a_pool(void)
{
    static const struct {
        const char *text;
        enum pl_traffic_source unit;
        double per_s;
    } rows[] = {
        {"1200", PL_SOURCE_CONNECTIONS, 1200},
        {"1200 connections/s", PL_SOURCE_CONNECTIONS, 1200},
        {"4000 requests/s", PL_SOURCE_REQUESTS, 4000},
        {"0", PL_SOURCE_NONE, 0},
    };
    static const char *const wrong[] = {"-1", "1.5", "9 hits/s", "9requests/s", "1000000001"};
    char text[128];
    for (size_t i = 0; i < PL_LEN(rows); i++) {
        (void)snprintf(text, sizeof text, "pools: {web: {capacity: \"%s\"}, db: {}}\n",
                       rows[i].text);
        CHECK_INT(load(text), 0);
        CHECK_INT(config.pools[0].capacity.source,
                  rows[i].per_s > 0 ? PL_CAPACITY_CONFIGURED : PL_CAPACITY_UNKNOWN);
        CHECK_INT(config.pools[0].capacity.unit, rows[i].unit);
        CHECK_NEAR(config.pools[0].capacity.per_s, rows[i].per_s, 0);
    }
    for (size_t i = 0; i < PL_LEN(wrong); i++) {
        (void)snprintf(text, sizeof text, "pools: {web: {capacity: \"%s\"}}\n", wrong[i]);
        CHECK_INT(load(text), PL_E_SYNTAX);
        CHECK(strstr(errors.text[0], "pools.web.capacity") && strstr(errors.text[0], wrong[i]));
    }
}

static void test_agent_defaults(void)
{
    char host[256] = "";
    CHECK_INT(gethostname(host, sizeof host - 1), 0);
    CHECK_INT(pl_agent_config_load(NULL, 0, &agent, &errors), 0);
    CHECK_TEXT(agent.host.text, host);
    CHECK_TEXT(agent.pool.text, "default");
    REQUIRE(agent.collectors.count == 1);
    CHECK_INT(agent.collectors.item[0].port, 7410);
    CHECK_INT(agent.interval_ms, 1000);
    CHECK_INT(agent.spool_ms, 900000);
    CHECK_INT(agent.service.kind, PL_WATCHED_MAIN);
}

static void test_one_file_serves_both_programs(void)
{
    CHECK_INT(load(smallest), 0);
    CHECK_INT(load_agent(smallest), 0);
    CHECK_INT(config.notifier_count, 1);
    CHECK_INT(config.notifiers[0].type, PL_NOTIFY_ALERTMANAGER);
    CHECK_TEXT(config.notifiers[0].url, "http://127.0.0.1:9099/hook");
    REQUIRE(config.pool_count == 1);
    CHECK_INT(config.pools[0].notifier_mask, 1);
    CHECK_TEXT(agent.host.text, "fe1");
}

static void test_files_are_merged(void)
{
    const char *paths[] = {file("a.yaml", smallest),
                           file("b.yaml", "collector: {http: 127.0.0.1:0}\n"
                                          "rules: {limit: {hold: 0}}\n"
                                          "notifiers: {oncall: {url: http://127.0.0.1:1/}}\n")};
    CHECK_INT(pl_collector_config_load(paths, 2, &config, &errors), 0);
    CHECK_INT(config.agents.port, 7410);
    CHECK_INT(config.http.port, 0);
    CHECK_INT(config.rules.limit.hold_ms, 0);
    REQUIRE(config.notifier_count == 1);
    CHECK_TEXT(config.notifiers[0].url, "http://127.0.0.1:1/");
    CHECK_INT(config.notifiers[0].type, PL_NOTIFY_ALERTMANAGER);
}

static void test_who_hears_of_a_pool(void)
{
    struct pl_name stranger;
    CHECK_INT(load("notifiers:\n"
                   "  a: {type: alertmanager, url: http://a/}\n"
                   "  b: {type: alertmanager, url: http://b/}\n"
                   "  c: {type: alertmanager, url: http://c/}\n"
                   "pools: {all: , some: {notify: [c, a]}}\n"),
              0);
    REQUIRE(config.pool_count == 2);
    CHECK_INT(pl_collector_config_notifiers(&config, &config.pools[0].name), 7);
    CHECK_INT(pl_collector_config_notifiers(&config, &config.pools[1].name), 5);
    CHECK_INT(pl_name_parse(pl_span_of("stranger"), &stranger), 0);
    CHECK_INT(pl_collector_config_notifiers(&config, &stranger), 7);
}

static void test_every_bit_of_the_mask(void)
{
    char yaml[4000];
    struct pl_text t = pl_text_init(yaml, sizeof yaml);
    pl_text_str(&t, "notifiers:\n");
    for (uint64_t i = 0; i < PL_CONFIG_NOTIFIERS_MAX; i++) {
        pl_text_str(&t, "  n");
        pl_text_u64(&t, i);
        pl_text_str(&t, ": {type: alertmanager, url: http://a/}\n");
    }
    CHECK_INT(load(yaml), 0);
    CHECK_INT(pl_collector_config_notifiers(&config, NULL), UINT64_MAX);
    pl_text_str(&t, "  more: {type: alertmanager, url: http://a/}\n");
    CHECK_INT(load(yaml), PL_E_SYNTAX);
    CHECK_TEXT(errors.text[0], "f:66:3: notifiers.more: one more than this section may have");
}

static void test_redis_urls(void)
{
    CHECK_INT(load("redis: {url: redis://10.1.2.3:6379/15}\n"), 0);
    CHECK_INT(config.redis.kind, PL_CONFIG_REDIS_TCP);
    CHECK_TEXT(config.redis.address.host, "10.1.2.3");
    CHECK_INT(config.redis.address.port, 6379);
    CHECK_INT(config.redis.database, 15);
    CHECK_INT(load("redis: {url: 'redis://[::1]:1'}\n"), 0);
    CHECK_TEXT(config.redis.address.host, "::1");
    CHECK_INT(config.redis.database, 0);
    CHECK_INT(load("redis: {url: unix:///run/redis.sock}\n"), 0);
    CHECK_INT(config.redis.kind, PL_CONFIG_REDIS_UNIX);
    CHECK_TEXT(config.redis.socket, "/run/redis.sock");
}

static const struct {
    const char *yaml, *want;
} golden[] = {
    {"collector: {agents: watch.example:7410}\n",
     "f:1:21: collector.agents: 'watch.example:7410' is a name, which may mean another machine "
     "tomorrow: give an IP address\n"},
    {"collector: {http: '[::]:7411'}\n",
     "f:1:19: collector.http: '[::]:7411' is not on this machine, and plain HTTP would show "
     "passwords to the network: browsers elsewhere use https:// at collector.agents, which speaks "
     "TLS\n"},
    {"collector: {external_url: plimsoll.example}\n",
     "f:1:27: collector.external_url: 'plimsoll.example' is not an address that begins with "
     "http:// "
     "or https://\n"},
    {"collector: {external_url: \"https://plimsoll.example/sub\"}\n",
     "f:1:27: collector.external_url: 'https://plimsoll.example/sub' has a path: the pages are at "
     "the "
     "root of their host\n"},
    {"collector: {state: ''}\n", "f:1:20: collector.state: '' is no directory\n"},
    {"collector: {record: /nowhere/x}\n",
     "f:1:21: collector.record: '/nowhere/x' is in a directory that does not exist\n"},
    {"collector: {max_agents: 0}\n", "f:1:25: collector.max_agents: '0' is less than 1\n"},
    {"redis: {url: redis://:secret@h:1}\n",
     "f:1:14: redis.url: 'redis://...' is not redis://HOST:PORT, redis://HOST:PORT/DATABASE or "
     "unix:///PATH of a socket\n"},
    {"redis: {url: redis://h:1/16}\n",
     "f:1:14: redis.url: 'redis://h:1/16' is not redis://HOST:PORT, redis://HOST:PORT/DATABASE or "
     "unix:///PATH of a socket\n"},
    {"pools: {web: {rules: {limit: {cpu: 150%}}}}\n",
     "f:1:36: pools.web.rules.limit.cpu: '150%' is more than 1\n"},
    {"pools: {web: {rules: {limt: {cpu: 80%}}}}\n",
     "f:1:23: pools.web.rules: there is no key 'limt' here; did you mean 'limit'?\n"},
    {"pools:\n  web:\n    rules:\n      limit:\n        cpu: 50%\n",
     "f:5:9: pools.web.rules.limit.cpu: is below rules.limit.warn: a warning comes first\n"},
    {"pools: {web: {rules: {silent: {grace: 1s}}}}\n",
     "f:1:32: pools.web.rules.silent: there is no key 'grace' here; did you mean "
     "'rules.silent.grace'?\n"},
    {"pools: {web: {runbook: wiki/web}}\n",
     "f:1:24: pools.web.runbook: 'wiki/web' is not an address that begins with http:// or "
     "https://\n"},
    {"notifiers:\n  a: {type: alertmanager}\n", "f:2:3: notifiers.a.url: is missing\n"},
    {"pools: {web: {notify: [oncal]}}\n"
     "notifiers: {oncall: {type: alertmanager, url: http://h/}}\n",
     "f:1:24: pools.web.notify.oncal: there is no notifier, person, team or schedule of this name; "
     "did you mean 'oncall'?\n"},
    {"rules: {limit: {warn: 0.95}}\n",
     "f:1:9: rules.limit.cpu: is below rules.limit.warn: a warning comes first\n"
     "f:1:9: rules.limit.memory: is below rules.limit.warn: a warning comes first\n"},
    {"rules: {limit: {warn: 0.05}}\n",
     "f:1:9: rules.limit.leave: leaves nothing of rules.limit.warn: no alert would ever let go\n"},
};

static const char *all_errors(void)
{
    static char all[8000];
    struct pl_text t = pl_text_init(all, sizeof all);
    for (uint32_t i = 0; i < errors.count; i++) {
        pl_text_str(&t, errors.text[i]);
        pl_text_char(&t, '\n');
    }
    return all;
}

static void test_every_mistake_in_its_words(void)
{
    for (size_t i = 0; i < PL_LEN(golden); i++) {
        config.max_agents = -5;
        CHECK_INT(load(golden[i].yaml), PL_E_SYNTAX);
        CHECK_TEXT(all_errors(), golden[i].want);
        CHECK_INT(config.max_agents, -5); // untouched
    }
}

static void test_unreadable_files_are_mistakes_too(void)
{
    const char *paths[] = {"nowhere.yaml", ".", file("f", "colector: {}\n")};
    CHECK_INT(pl_collector_config_load(paths, 3, &config, &errors), PL_E_SYNTAX);
    CHECK_TEXT(all_errors(), "nowhere.yaml: cannot be read: No such file or directory\n"
                             ".: cannot be read: Is a directory\n"
                             "f:1:1: there is no key 'colector'; did you mean 'collector'?\n");
}

static void test_errors_are_printed_one_per_line(void)
{
    char *text = NULL;
    size_t len = 0;
    FILE *f = open_memstream(&text, &len);
    REQUIRE(f != NULL);
    errors.count = 2;
    errors.dropped = 3;
    strcpy(errors.text[0], "one");
    strcpy(errors.text[1], "two");
    pl_yaml_print_errors(&errors, f);
    CHECK_INT(fclose(f), 0);
    CHECK_TEXT(text, "one\ntwo\nand 3 more\n");
    free(text);
}

static void test_files(void)
{
    struct pl_file f;
    CHECK_INT(pl_file_read("nowhere", 10, &f), -ENOENT);
    CHECK_INT(pl_file_read(file("f", "0123456789"), 9, &f), PL_E_TOO_BIG);
    REQUIRE(pl_file_read("f", 10, &f) == 0);
    CHECK_INT(f.len, 10);
    CHECK(memcmp(f.bytes, "0123456789", 10) == 0);
    pl_file_free(&f);
    CHECK(f.bytes == NULL);
    REQUIRE(pl_file_read(file("f", ""), 10, &f) == 0);
    CHECK_INT(f.len, 0);
    pl_file_free(&f);
}

static void test_secrets(void)
{
    static const struct {
        const char *content;
        int err;
        const char *secret;
    } cases[] = {
        {"hunter2", 0, "hunter2"},         {"hunter2\n", 0, "hunter2"},
        {"hunter2\r\n", 0, "hunter2"},     {"", PL_E_SYNTAX, ""},
        {"\n", PL_E_SYNTAX, ""},           {"a b\n", PL_E_SYNTAX, ""},
        {"two\nlines\n", PL_E_SYNTAX, ""}, {"12345678", PL_E_TOO_BIG, ""},
    };
    char secret[8];
    for (size_t i = 0; i < PL_LEN(cases); i++) {
        bool is_shared = false;
        strcpy(secret, "old");
        CHECK_INT(chmod(file("s", cases[i].content), i % 2 ? 0640 : 0600), 0);
        CHECK_INT(pl_file_read_secret("s", secret, sizeof secret, &is_shared), cases[i].err);
        CHECK_TEXT(secret, cases[i].err ? "old" : cases[i].secret);
        CHECK(is_shared == (cases[i].err == 0 && i % 2 == 1));
    }
}

int main(void)
{
    if (!mkdtemp(folder) || chdir(folder) < 0) return 1;
    RUN(test_collector_defaults);
    RUN(test_rules_reach_the_engine);
    RUN(test_rules_of_one_pool);
    RUN(test_default_rules_are_the_engines);
    RUN(test_who_answers_for_a_pool);
    RUN(test_capacity_of_a_pool);
    RUN(test_agent_defaults);
    RUN(test_one_file_serves_both_programs);
    RUN(test_files_are_merged);
    RUN(test_who_hears_of_a_pool);
    RUN(test_every_bit_of_the_mask);
    RUN(test_redis_urls);
    RUN(test_every_mistake_in_its_words);
    RUN(test_unreadable_files_are_mistakes_too);
    RUN(test_errors_are_printed_one_per_line);
    RUN(test_files);
    RUN(test_secrets);
    static const char *const left[] = {"f", "a.yaml", "b.yaml", "key", "s"};
    for (size_t i = 0; i < PL_LEN(left); i++) (void)unlink(left[i]);
    (void)rmdir(folder);
    return check_finish();
}
