#include "agent/config.h"

#include "agent/core/spool.h"
#include "common/base/err.h"
#include "common/base/option_value.h"
#include "common/base/text.h"
#include "common/sys/yaml.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

static const char *check_collector(const void *value)
{
    const struct pl_address *address = value;
    if (address->port == 0) return "has port 0, where nobody can listen";
    if (pl_address_is_loopback(address)) return NULL;
    return "is not on this machine: agents speak plain TCP, which is allowed on loopback only; "
           "encrypted connections arrive with a later version";
}

static const char *const log_levels[] = {"debug", "info", "warn", "error", NULL};

#define ROOT(member) PL_OPTION_STORE(struct pl_agent_config, member)

static const struct pl_option options[] = {
    {"agent.host", PL_OPTION_NAME, ROOT(host),
     .help = "The name of this host in plimsoll. Left out: the machine's own host name."},
    {"agent.pool", PL_OPTION_NAME, ROOT(pool), .fallback = "default",
     .help = "The pool of hosts behind one load balancer that this host belongs to."},
    {"agent.collectors", PL_OPTION_ADDRESSES, ROOT(collectors), .fallback = "127.0.0.1:7410",
     .check = check_collector,
     .help = "Collectors in the order in which they are tried, as HOST:PORT."},
    {"agent.interval", PL_OPTION_DURATION, ROOT(interval_ms), .fallback = "1s", .min = "100ms",
     .max = "60s", .help = "Time from one sample to the next."},
    {"agent.spool", PL_OPTION_DURATION, ROOT(spool_ms), .fallback = "15m", .min = "30s",
     .max = "1h",
     .help = "How much is kept in memory until a collector has stored it; then the oldest samples "
             "are dropped and counted."},
    {"agent.log_level", PL_OPTION_WORD, ROOT(log_level), .fallback = "info", .words = log_levels,
     .help = "The least important lines that are still logged."},
};

static const char *const foreign[] = {"collector", "tls", "redis", "pools", "notifiers", "rules", NULL};

const struct pl_option_table pl_agent_options = {options, PL_LEN(options), NULL, 0, foreign};

static void default_host(struct pl_option_loader *l, struct pl_agent_config *config)
{
    char host[256] = ""; // HOST_NAME_MAX is 64 on Linux
    char problem[PL_OPTION_ERROR_BYTES];
    if (config->host.len > 0) return;
    int err = gethostname(host, sizeof host - 1) < 0 ? -errno : 0;
    if (!err && pl_name_parse(pl_span_of(host), &config->host) == 0) return;
    struct pl_text t = pl_text_init(problem, sizeof problem);
    pl_text_str(&t, "must be given, because this machine's own name ");
    pl_option_value_quote(&t, pl_span_of(host));
    pl_text_str(&t, " is not ");
    pl_text_str(&t, pl_option_value_form(PL_OPTION_NAME));
    pl_option_refuse_key(l, "agent/host", problem);
}

/* A spool has fixed memory, in samples. */
static void check_spool(struct pl_option_loader *l, const struct pl_agent_config *config)
{
    char problem[PL_OPTION_ERROR_BYTES];
    if ((config->spool_ms - 1) / config->interval_ms < PL_SPOOL_SAMPLES_MAX) return;
    struct pl_text t = pl_text_init(problem, sizeof problem);
    pl_text_str(&t, "is more than the spool holds: ");
    pl_text_i64(&t, PL_SPOOL_SAMPLES_MAX);
    pl_text_str(&t, " samples, which at this interval are ");
    pl_text_i64(&t, PL_SPOOL_SAMPLES_MAX * config->interval_ms / 1000);
    pl_text_char(&t, 's');
    pl_option_refuse_key(l, "agent/spool", problem);
}

int pl_agent_config_load(const char *const *paths, size_t n, struct pl_agent_config *out,
                         struct pl_option_errors *errors)
{
    struct pl_agent_config config = {0};
    struct pl_option_loader *loader = malloc(sizeof *loader);
    if (!loader) return -ENOMEM;
    pl_option_init(loader, &pl_agent_options, &config, errors);
    pl_yaml_load(paths, n, loader);
    if (errors->count == 0) default_host(loader, &config);
    if (errors->count == 0) check_spool(loader, &config);
    free(loader);
    if (errors->count > 0) return PL_E_SYNTAX;
    *out = config;
    return 0;
}
