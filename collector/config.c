#include "collector/config.h"

#include "collector/config_notify.h"
#include "collector/config_rules.h"
#include "collector/core/alert/route.h"
#include "common/base/err.h"
#include "common/base/option_value.h"
#include "common/base/quantity.h"
#include "common/base/suggest.h"
#include "common/base/text.h"
#include "common/sys/file.h"
#include "common/sys/yaml.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/un.h>

enum { CAPACITY_MAX = 1000 * 1000 * 1000 };

/* ---- rules of single values ---- */

static const char *check_agents(const void *value)
{
    const struct pl_address *address = value;
    struct in6_addr in6;
    bool is_ip = inet_pton(AF_INET, address->host, &in6) == 1 ||
                 inet_pton(AF_INET6, address->host, &in6) == 1;
    return is_ip ? NULL : "is a name, which may mean another machine tomorrow: give an IP address";
}

static const char *check_http(const void *value)
{
    if (pl_address_is_loopback(value)) return NULL;
    return "is not on this machine, and plain HTTP would show passwords to the network: browsers "
           "elsewhere use https:// at collector.agents, which speaks TLS";
}

static const char *check_record(const void *value)
{
    const char *path = value;
    const char *slash = strrchr(path, '/');
    char dir[PL_CONFIG_PATH_BYTES] = ".";
    struct stat found;
    if (path[0] == '\0') return NULL;
    if (stat(path, &found) == 0 && !S_ISREG(found.st_mode)) return "is there and no plain file";
    if (slash) (void)snprintf(dir, sizeof dir, "%.*s", (int)PL_MAX(slash - path, 1), path);
    if (stat(dir, &found) == 0 && S_ISDIR(found.st_mode)) return NULL;
    return "is in a directory that does not exist";
}

static const char *check_state(const void *value)
{
    return *(const char *)value == '\0' ? "is no directory" : NULL;
}

static const char *check_external_url(const void *value)
{
    const char *url = value, *problem = *url == '\0' ? NULL : pl_config_check_url(value);
    if (problem || *url == '\0') return problem;
    const char *rest = strstr(url, "://") + 3;
    rest += strcspn(rest, "/?#");
    return strcmp(rest, "") == 0 || strcmp(rest, "/") == 0
               ? NULL
               : "has a path: the pages are at the root of their host";
}

static const char *check_runbook(const void *value)
{
    return *(const char *)value == '\0' ? NULL : pl_config_check_url(value);
}

bool pl_collector_config_redis(const char *url, struct pl_config_redis *out)
{
    const size_t socket_len_max = sizeof(((struct sockaddr_un *)0)->sun_path) - 1;
    out->kind = PL_CONFIG_REDIS_MANAGED;
    out->database = 0;
    if (url[0] == '\0') return true;
    if (strncmp(url, "unix:///", 8) == 0) {
        struct pl_text path = pl_text_init(out->socket, sizeof out->socket);
        pl_text_str(&path, url + 7);
        out->kind = PL_CONFIG_REDIS_UNIX;
        return path.len > 1 && path.len <= socket_len_max;
    }
    if (strncmp(url, "redis://", 8) != 0) return false;
    struct pl_span host = {(const uint8_t *)url + 8, strcspn(url + 8, "/")};
    const char *database = url + 8 + host.len;
    out->kind = PL_CONFIG_REDIS_TCP;
    if (database[0] == '/') {
        int err = pl_quantity_integer(pl_span_of(database + 1), &out->database);
        if (err || out->database < 0 || out->database > 15) return false;
    }
    return pl_address_parse(host, &out->address) == 0 && out->address.port > 0;
}

static const char *check_redis_url(const void *value)
{
    struct pl_config_redis meaning;
    if (pl_collector_config_redis(value, &meaning)) return NULL;
    return "is not redis://HOST:PORT, redis://HOST:PORT/DATABASE or unix:///PATH of a socket";
}

/* "1200", "1200 connections/s", "4000 requests/s"; 0: UNKNOWN. False: none of these. */
static bool read_capacity(const char *text, struct pl_capacity *out)
{
    static const enum pl_traffic_source units[] = {PL_SOURCE_CONNECTIONS, PL_SOURCE_REQUESTS};
    const size_t number_len = strcspn(text, " ");
    const char *unit = text[number_len] == ' ' ? text + number_len + 1 : NULL;
    const struct pl_span number = {(const uint8_t *)text, number_len};
    int64_t per_s;
    if (pl_quantity_integer(number, &per_s) < 0 || per_s < 0 || per_s > CAPACITY_MAX) return false;
    enum pl_traffic_source source = unit ? PL_SOURCE_NONE : PL_SOURCE_CONNECTIONS;
    for (size_t i = 0; unit && i < PL_LEN(units); i++) {
        if (strcmp(unit, pl_traffic_unit(units[i])) == 0) source = units[i];
    }
    if (source == PL_SOURCE_NONE) return false;
    *out = (struct pl_capacity){.source = PL_CAPACITY_UNKNOWN};
    if (per_s == 0) return true;
    *out = (struct pl_capacity){
        .source = PL_CAPACITY_CONFIGURED, .per_s = (double)per_s, .unit = source};
    return true;
}

static const char *check_capacity(const void *value)
{
    struct pl_capacity meaning;
    if (read_capacity(value, &meaning)) return NULL;
    return "is not a number from 0 to 1000000000, alone or with connections/s or requests/s behind "
           "a blank";
}

/* ---- the table ---- */

static const char *const log_levels[] = {"debug", "info", "warn", "error", NULL};
#define WORD(id, word) word,
static const char *const hook_kinds[] = {PL_HOOK_KIND_LIST(WORD) NULL};
static const char *const hook_moments[] = {PL_HOOK_ON_LIST(WORD) NULL};
#undef WORD
static const char *const hook_methods[] = {"POST", "PUT", NULL};
static const char *const notifier_types[] = {"",
#define X(id, word, help) #word,
#include "collector/codec/notify/provider.def"
#undef X
                                             NULL};

#define ROOT(member)       PL_OPTION_STORE(struct pl_collector_config, member)
#define POOL(member)       PL_OPTION_STORE(struct pl_config_pool, member)
#define PERSON(member)     PL_OPTION_STORE(struct pl_config_person, member)
#define TEAM(member)       PL_OPTION_STORE(struct pl_config_team, member)
#define SCHEDULE(member)   PL_OPTION_STORE(struct pl_config_schedule, member)
#define LAYER(member)      PL_OPTION_STORE(struct pl_config_layer, member)
#define ESCALATION(member) PL_OPTION_STORE(struct pl_config_escalation, member)
#define CUSTOMER(member)   PL_OPTION_STORE(struct pl_config_customer, member)
#define HOOK(member)       PL_OPTION_STORE(struct pl_config_hook, member)
#define NOTIFIER(member)   PL_OPTION_STORE(struct pl_config_notifier, member)

static const struct pl_option options[] = {
    {"collector.agents", PL_OPTION_ADDRESS, ROOT(agents), .fallback = "127.0.0.1:7410",
     .check = check_agents,
     .help =
         "Where agents connect. From other machines they are taken by TLS only. Port 0 lets the "
         "system pick one, which the log then names."},
    {"collector.http", PL_OPTION_ADDRESS, ROOT(http), .fallback = "127.0.0.1:7411",
     .check = check_http,
     .help = "Where the pages, the API and /metrics are served without TLS, to this machine only. "
             "With TLS they are served to everybody at collector.agents. A Prometheus lists either "
             "address among its alertmanagers, with an API token of the role alerts:write."},
    {"collector.external_url", PL_OPTION_TEXT, ROOT(external_url), .fallback = "",
     .check = check_external_url,
     .help = "How people reach these pages, such as https://plimsoll.example:7410: links in pages "
             "begin with it, and browsers may use its host. With it every page carries a link that "
             "acknowledges without a login. Empty: at collector.http, without such links."},
    {"collector.state", PL_OPTION_PATH, ROOT(state), .fallback = "/var/lib/plimsoll",
     .check = check_state, .help = "Directory of everything the collector keeps on disk."},
    {"collector.max_agents", PL_OPTION_INTEGER, ROOT(max_agents), .fallback = "10000", .min = "1",
     .max = "100000",
     .help =
         "Hosts the collector has room for; their memory is taken at start. Further agents wait "
         "until one leaves."},
    {"collector.fast_interval", PL_OPTION_DURATION, ROOT(fast_interval_ms), .fallback = "250ms",
     .min = "100ms", .max = "60s",
     .help =
         "Agents are asked for a sample this often while a resource of theirs is over the level "
         "of a warning, or the traffic of their pool nears its capacity. As long as their own "
         "interval: they are not."},
    {"collector.log_level", PL_OPTION_WORD, ROOT(log_level), .fallback = "info",
     .words = log_levels, .help = "The least important lines that are still logged."},
    {"collector.record", PL_OPTION_PATH, ROOT(record), .fallback = "", .check = check_record,
     .help = "A file to which every sample is written for `plimsoll replay`; empty: none. One that "
             "is there from before is kept as FILE.1, FILE.2 and so on."},

    {"tls.certificate_file", PL_OPTION_PATH, ROOT(tls.certificate_file), .fallback = "",
     .help = "The certificate that agents see, with its chain, as PEM. Empty: the collector makes "
             "its own one in its state directory. SIGHUP reads the files again."},
    {"tls.key_file", PL_OPTION_PATH, ROOT(tls.key_file), .fallback = "",
     .help = "The private key of that certificate, as PEM."},
    {"tls.ca_file", PL_OPTION_PATH, ROOT(tls.ca_file), .fallback = "",
     .help = "Certificates of an existing PKI, as PEM: an agent with a client certificate of it "
             "speaks for the hosts that certificate names, without joining. Empty: none."},

    {"redis.url", PL_OPTION_TEXT, ROOT(redis.url), .fallback = "", .check = check_redis_url,
     .help = "redis://HOST:PORT[/DATABASE] or unix:///PATH of a socket. Empty: the collector runs "
             "its own redis-server in its state directory."},
    {"redis.queue_bytes", PL_OPTION_SIZE, ROOT(redis.queue_bytes), .fallback = "64MiB",
     .min = "1MiB", .max = "4GiB",
     .help = "What may wait in memory while Redis is away; then the oldest samples are dropped and "
             "counted. Alerts are never dropped."},

    {"heartbeat.url_file", PL_OPTION_PATH, ROOT(heartbeat.url_file), .fallback = "",
     .help = "A file that holds an address elsewhere, which is asked (GET) as long as this "
             "collector works and its pages get through: a service that pages when the requests "
             "stop. Empty: none."},
    {"heartbeat.interval", PL_OPTION_DURATION, ROOT(heartbeat.interval_ms), .fallback = "60s",
     .min = "10s", .max = "1h", .help = "Time from one of these requests to the next."},

    {"cases.open_after", PL_OPTION_DURATION, ROOT(cases.open_after_ms), .fallback = "0", .min = "0",
     .max = "24h",
     .help =
         "A case is opened by itself when an alert has paged for so long and none is open about "
         "its pool. 0: people open cases."},
    {"cases.mail", PL_OPTION_TEXT, ROOT(cases.mail), .fallback = "",
     .help = "The notifier of type email whose server and sender carry published updates to "
             "subscribers. Empty: the first one there is."},

    {"pools.*.notify", PL_OPTION_NAMES, POOL(notify),
     .help =
         "Who hears of this pool's alerts, all at once: notifiers, people, teams and schedules. "
         "Left out: everybody."},
    {"pools.*.escalation", PL_OPTION_TEXT, POOL(escalation), .fallback = "",
     .help = "Who hears of them step by step, instead of `notify`: one of the escalations."},
    {"pools.*.owner", PL_OPTION_TEXT, POOL(owner), .fallback = "",
     .help = "Who answers for this pool, as people call them: named in every page."},
    {"pools.*.runbook", PL_OPTION_TEXT, POOL(runbook), .fallback = "", .check = check_runbook,
     .help = "The address of what to do about this pool: linked in every page."},
    {"pools.*.capacity", PL_OPTION_TEXT, POOL(capacity_text), .fallback = "0",
     .check = check_capacity,
     .help =
         "What all hosts of the pool take together, from a load test or experience: a number of "
         "accepted connections per second, or, where every host's web server is asked for its "
         "requests, such as `4000 requests/s`. Each host counts with its share of the traffic; "
         "silent ones do not count. 0: learned from the traffic. Either is judged by what is "
         "left of it after the loss of the host that hurts most."},

    {"notifiers.*.type", PL_OPTION_WORD, NOTIFIER(type), .words = notifier_types,
     .help = "Who is told."
#define X(id, word, help) " " #word ": " help
#include "collector/codec/notify/provider.def"
#undef X
    },
#define TEXT(id, member, bytes, key, check_value, help_text)                                       \
    {"notifiers.*." key, PL_OPTION_TEXT, NOTIFIER(member), .check = (check_value),                 \
     .help = (help_text)},
#define SECRET(id, member, bytes, key, help_text)                                                  \
    {"notifiers.*." key, PL_OPTION_PATH, NOTIFIER(member##_file), .help = (help_text)},
#include "collector/codec/notify/key.def"
#undef TEXT
#undef SECRET

#include "collector/oncall_option.def"

#include "collector/hook_option.def"

    {"customers.*.title", PL_OPTION_TEXT, CUSTOMER(title), .fallback = "",
     .help = "What people call this customer. Empty: by the name of the section."},
    {"customers.*.pools", PL_OPTION_NAMES, CUSTOMER(pools),
     .help = "The pools that are this customer's: it may announce launches for them, and is told "
             "how they do. A pool may be shared with other customers."},

#define FOR_ALL(key, type, member, fallback_text, min_text, max_text, help_text)                   \
    {"rules." key,      PL_OPTION_##type,  ROOT(rules.member), .fallback = (fallback_text),        \
     .min = (min_text), .max = (max_text), .help = (help_text)},
#define X FOR_ALL
#include "collector/rule_option.def"
#undef X
#define FOR_POOL(key, type, member, fallback_text, min_text, max_text, help_text)                  \
    {"pools.*.rules." key, PL_OPTION_##type, POOL(rules.member), .min = (min_text),                \
     .max = (max_text)},
#define X FOR_POOL
#include "collector/rule_option.def"
#undef X
    {"rules.silent.grace", PL_OPTION_DURATION, ROOT(silent_grace_ms), .fallback = "30s", .min = "0",
     .max = "1h",
     .help = "Time after the collector's start in which nobody counts as silent: agents come back "
             "one by one."},
};

static const struct pl_option_section sections[] =
    {{"pools", offsetof(struct pl_collector_config, pool_count),
      offsetof(struct pl_collector_config, pools), sizeof(struct pl_config_pool),
      PL_CONFIG_POOLS_MAX,
      "Groups of hosts behind one load balancer, by the name their agents give. A pool that is not "
      "listed is accepted with the default rules and told to everybody. Below `rules` of a pool "
      "stands "
      "what is to differ for it alone, with the keys of the section rules further down (all but "
      "silent.grace)."},
     {"notifiers", offsetof(struct pl_collector_config, notifier_count),
      offsetof(struct pl_collector_config, notifiers), sizeof(struct pl_config_notifier),
      PL_CONFIG_NOTIFIERS_MAX, "Who is told about alerts, by a name of your choice."},
     {"hooks", offsetof(struct pl_collector_config, hook_count),
      offsetof(struct pl_collector_config, hook_items), sizeof(struct pl_config_hook), PL_HOOKS_MAX,
      "Calls that may be made for a launch by itself, if it is armed there by one of ours and "
      "whose "
      "launch it is has consented. Each arming is good for one call; what was done is undone when "
      "the launch is over."},
     {"customers", offsetof(struct pl_collector_config, customer_count),
      offsetof(struct pl_collector_config, customer_items), sizeof(struct pl_config_customer),
      PL_CUSTOMERS_MAX,
      "Who may announce launches and watch them, by an id of your choice, of at most 48 "
      "characters. "
      "`plimsoll customer token new ID` makes the link that lets one in."},
#define ONCALL(key, count, items, max)                                                             \
    {                                                                                              \
        (key), offsetof(struct pl_collector_config, oncall.count),                                 \
            offsetof(struct pl_collector_config, oncall.items),                                    \
            sizeof((struct pl_config_oncall *)0)->items[0], (max),
     ONCALL("people", person_count, people,
            PL_PEOPLE_MAX) "Who can be called. Notifiers, people, teams and schedules share one "
                           "set of names."},
                                      ONCALL("teams", team_count, teams,
                                             PL_TEAMS_MAX) "Several people under one name."
}
, ONCALL("schedules", schedule_count, schedules,
         PL_SCHEDULES_MAX) "Who is on call when: at every moment one person, or nobody."
}
, ONCALL("layers", layer_count, layers,
         PL_CONFIG_LAYERS_MAX) "What schedules are made of: people who take turns."
}
, ONCALL("escalations", escalation_count, escalations,
         PL_ESCALATIONS_MAX) "Who is told first, and who when nobody acknowledges."
}
,
#undef ONCALL
}
;

static const char *const foreign[] = {"agent", NULL};

const struct pl_option_table pl_collector_options = {options, PL_LEN(options), sections,
                                                     PL_LEN(sections), foreign};

/* ---- what several keys must be together ---- */

static void finish_heartbeat(struct pl_option_loader *l, struct pl_config_heartbeat *h)
{
    struct pl_config_secret url = {h->url, sizeof h->url};
    if (h->url_file[0] == '\0' || !pl_config_secret(l, "heartbeat/url_file", h->url_file, &url))
        return;
    if (pl_config_check_url(h->url))
        pl_option_refuse_key(l, "heartbeat/url_file",
                             "does not hold an http:// or https:// address");
}

static void finish_cases(struct pl_option_loader *l, const struct pl_collector_config *config)
{
    bool is_mail = config->cases.mail[0] == '\0';
    for (uint32_t i = 0; i < config->notifier_count; i++)
        is_mail |= config->notifiers[i].type == PL_NOTIFY_EMAIL &&
                   strcmp(config->notifiers[i].name.text, config->cases.mail) == 0;
    if (!is_mail) pl_option_refuse_key(l, "cases/mail", "is no notifier of type email");
}

static void finish(struct pl_option_loader *l, struct pl_collector_config *config)
{
    // One that is wrong was refused at its place.
    (void)!pl_collector_config_redis(config->redis.url, &config->redis);
    for (uint32_t i = 0; i < config->notifier_count; i++) {
        pl_config_notifier_finish(l, &config->notifiers[i]);
    }
    pl_config_oncall_finish(l, config);
    pl_config_customers_finish(l, config);
    pl_config_hooks_finish(l, config);
    for (uint32_t i = 0; i < config->pool_count; i++) {
        struct pl_config_pool *pool = &config->pools[i];
        (void)read_capacity(pool->capacity_text, &pool->capacity); // refused at its place
    }
    pl_config_rules_finish(l, config);
    finish_heartbeat(l, &config->heartbeat);
    finish_cases(l, config);
    bool has_certificate = config->tls.certificate_file[0] != '\0';
    bool has_key = config->tls.key_file[0] != '\0';
    if (has_certificate && !has_key)
        pl_option_refuse_key(l, "tls/certificate_file", "needs tls.key_file beside it");
    if (has_key && !has_certificate)
        pl_option_refuse_key(l, "tls/key_file", "needs tls.certificate_file beside it");
}

int pl_collector_config_load(const char *const *paths, size_t n, struct pl_collector_config *out,
                             struct pl_option_errors *errors)
{
    struct pl_option_loader *loader = malloc(sizeof *loader);
    struct pl_collector_config *config = calloc(1, sizeof *config);
    int err = -ENOMEM;
    if (!loader || !config) goto done;
    pl_option_init(loader, &pl_collector_options, config, errors);
    pl_yaml_load(paths, n, loader);
    finish(loader, config);
    err = errors->count > 0 ? PL_E_SYNTAX : 0;
    if (!err) {
        *out = *config;
        pl_oncall_bind(&out->roster);
    }
done:
    free(loader);
    free(config);
    return err;
}

uint64_t pl_collector_config_notifiers(const struct pl_collector_config *config,
                                       const struct pl_name *pool)
{
    for (uint32_t i = 0; pool && i < config->pool_count; i++) {
        if (pl_name_eq(&config->pools[i].name, pool)) return config->pools[i].notifier_mask;
    }
    return pl_targets_below(config->notifier_count);
}
