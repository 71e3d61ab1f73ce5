#include "agent/config.h"

#include "agent/core/spool.h"
#include "common/base/assert.h"
#include "common/base/err.h"
#include "common/base/option_value.h"
#include "common/base/text.h"
#include "common/sys/yaml.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

static const char *check_collector(const void *value)
{
    const struct pl_address *address = value;
    if (address->port == 0) return "has port 0, where nobody can listen";
    struct in6_addr in6;
    bool is_ip = inet_pton(AF_INET, address->host, &in6) == 1 ||
                 inet_pton(AF_INET6, address->host, &in6) == 1;
    return is_ip ? NULL : "is a name, which this agent does not resolve: give an IP address";
}

bool pl_agent_local_url(const char *url, struct pl_address *address, const char **path)
{
    static const char scheme[] = "http://";
    if (strncmp(url, scheme, sizeof scheme - 1) != 0) return false;
    const char *host = url + sizeof scheme - 1;
    *path = strchr(host, '/');
    if (!*path || strlen(*path) >= PL_AGENT_LOCAL_PATH_BYTES) return false;
    struct pl_span where = {(const uint8_t *)host, (size_t)(*path - host)};
    return pl_address_parse(where, address) == 0 && !check_collector(address);
}

static const char *check_request_path(const void *value)
{
    const char *path = value;
    if (path[0] != '/') return "does not begin with /";
    for (const char *c = path; *c != '\0'; c++) {
        if (*c <= ' ' || *c > '~') return "has a character that must be written as %XX";
    }
    return NULL;
}

static const char *check_local_url(const void *value)
{
    const char *url = value, *path;
    struct pl_address address;
    if (url[0] == '\0') return NULL;
    if (!pl_agent_local_url(url, &address, &path))
        return "is not http://IP:PORT/PATH with an IP address and a path of at most 100 bytes";
    return check_request_path(path);
}

static const char *check_local_socket(const void *value)
{
    const char *socket = value;
    struct pl_address address;
    if (socket[0] == '\0' || socket[0] == '/') return NULL;
    if (pl_address_parse(pl_span_of(socket), &address) == 0 && !check_collector(&address))
        return NULL;
    return "is neither the path of a Unix socket, which begins with /, nor IP:PORT";
}

static const char *check_service(const void *value)
{
    struct pl_watched_choice choice;
    int err = pl_watched_choice_parse(pl_span_of(value), &choice);
    if (err == PL_E_RANGE) return "is a number, but no port: those go from 1 to 65535";
    return err < 0 ? "is no path of a control group below its root" : NULL;
}

static const char *const log_levels[] = {"debug", "info", "warn", "error", NULL};

static const char *const no_yes[] = {"no", "yes", NULL};
static const char *const local_kinds[] = {
    [PL_CONFIG_LOCAL_HAPROXY] = "haproxy", [PL_CONFIG_LOCAL_NGINX] = "nginx",
    [PL_CONFIG_LOCAL_APACHE] = "apache",   [PL_CONFIG_LOCAL_PHP_FPM] = "php-fpm",
    [PL_CONFIG_LOCAL_PHP_FPM + 1] = NULL,
};

#define ROOT(member)  PL_OPTION_STORE(struct pl_agent_config, member)
#define LOCAL(member) PL_OPTION_STORE(struct pl_config_local, member)

static const struct pl_option options[] = {
    {"agent.host", PL_OPTION_NAME, ROOT(host),
     .help = "The name of this host in plimsoll. Left out: the machine's own host name."},
    {"agent.pool", PL_OPTION_NAME, ROOT(pool), .fallback = "default",
     .help = "The pool of hosts behind one load balancer that this host belongs to. Left out: the "
             "pool it joined, if it has joined."},
    {"agent.collectors", PL_OPTION_ADDRESSES, ROOT(collectors), .fallback = "127.0.0.1:7410",
     .check = check_collector,
     .help =
         "Collectors in the order in which they are tried, as HOST:PORT. Left out: those of the "
         "token it joined with, if it has joined. A collector on another machine is spoken to "
         "by TLS only, so after `plimsoll-agent join` or with agent.ca_file."},
    {"agent.state", PL_OPTION_PATH, ROOT(state), .fallback = "/var/lib/plimsoll-agent",
     .help = "Directory of this host's key and of what it joined."},
    {"agent.ca_file", PL_OPTION_PATH, ROOT(ca_file), .fallback = "",
     .help = "Certificates of an existing PKI, as PEM: the collector must show a certificate of it "
             "for its address. Empty: the one this host joined is expected."},
    {"agent.certificate_file", PL_OPTION_PATH, ROOT(certificate_file), .fallback = "",
     .help =
         "A client certificate of that PKI, as PEM, whose DNS name is agent.host: shown instead "
         "of a key of its own."},
    {"agent.key_file", PL_OPTION_PATH, ROOT(key_file), .fallback = "",
     .help = "The private key of that certificate, as PEM."},
    {"agent.service", PL_OPTION_TEXT, ROOT(service_text), .fallback = "", .check = check_service,
     .help =
         "The service whose processor time, memory and open files are watched beside the host's: "
         "the name of its program (nginx), the port it listens on (8080), its control group "
         "(/web.slice), or none. Empty: the owner of the main listening socket, which is that "
         "of port 443, 80, 8443, 8080 or 8000, else of the only other port that can be reached "
         "from elsewhere, 22 left out; if that is a program that passes work on, as nginx "
         "does, without its processor time."},
    {"agent.interval", PL_OPTION_DURATION, ROOT(interval_ms), .fallback = "1s", .min = "100ms",
     .max = "60s", .help = "Time from one sample to the next."},
    {"agent.fast_interval", PL_OPTION_DURATION, ROOT(fast_interval_ms), .fallback = "250ms",
     .min = "100ms", .max = "60s",
     .help = "The same while tasks of this machine have to wait for processor, memory or disk, and "
             "for half a minute afterwards. As long as agent.interval: nothing changes then. What "
             "the collector asks for goes before."},
    {"agent.spool", PL_OPTION_DURATION, ROOT(spool_ms), .fallback = "15m", .min = "30s",
     .max = "1h",
     .help = "How much is kept in memory until a collector has stored it; then the oldest samples "
             "are dropped and counted."},
    {"agent.find_local", PL_OPTION_WORD, ROOT(find_local), .fallback = "yes", .words = no_yes,
     .help = "Whether to look for nginx, haproxy, Apache and php-fpm on this host, at the places "
             "where they usually say how busy they are. Kinds named in agent.local are not looked "
             "for."},
    {"agent.local.*.kind", PL_OPTION_WORD, LOCAL(kind), .words = local_kinds,
     .help = "What answers there."},
    {"agent.local.*.url", PL_OPTION_TEXT, LOCAL(url), .fallback = "", .check = check_local_url,
     .help = "Its status page, as http://IP:PORT/PATH: stub_status of nginx, server-status?auto of "
             "Apache, the status page of php-fpm behind either of them."},
    {"agent.local.*.socket", PL_OPTION_TEXT, LOCAL(socket), .fallback = "",
     .check = check_local_socket,
     .help = "The stats socket of haproxy, or where php-fpm listens: the path of a Unix socket, or "
             "IP:PORT. A php-fpm whose workers are all taken answers only at its "
             "pm.status_listen."},
    {"agent.local.*.path", PL_OPTION_TEXT, LOCAL(path), .fallback = "/status",
     .check = check_request_path, .help = "pm.status_path of the php-fpm behind socket."},
    {"agent.local.*.workers", PL_OPTION_INTEGER, LOCAL(workers), .fallback = "0", .min = "0",
     .max = "1000000",
     .help = "How many workers or connections it may have, if it does not say it itself: "
             "pm.max_children of a php-fpm whose pm is not static. 0: what it says."},
    {"agent.log_level", PL_OPTION_WORD, ROOT(log_level), .fallback = "info", .words = log_levels,
     .help = "The least important lines that are still logged."},
};

static const char *const foreign[] = {"collector", "tls",   "redis", "pools",
                                      "notifiers", "rules", NULL};

static const struct pl_option_section sections[] = {
    {"agent.local", offsetof(struct pl_agent_config, local_count),
     offsetof(struct pl_agent_config, local), sizeof(struct pl_config_local), PL_AGENT_LOCAL_MAX,
     .help = "Servers of this host that say how busy they are, each under a name of its own."},
};

const struct pl_option_table pl_agent_options = {options, PL_LEN(options), sections,
                                                 PL_LEN(sections), foreign};

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

static void check_files(struct pl_option_loader *l, const struct pl_agent_config *config)
{
    bool has_certificate = config->certificate_file[0] != '\0';
    bool has_key = config->key_file[0] != '\0';
    if (has_certificate && !has_key)
        pl_option_refuse_key(l, "agent/certificate_file", "needs agent.key_file beside it");
    if (has_key && !has_certificate)
        pl_option_refuse_key(l, "agent/key_file", "needs agent.certificate_file beside it");
    if (has_certificate && config->ca_file[0] == '\0')
        pl_option_refuse_key(l, "agent/certificate_file", "needs agent.ca_file beside it");
}

static void refuse_local(struct pl_option_loader *l, const struct pl_config_local *local,
                         const char *key, const char *problem)
{
    char path[PL_OPTION_PATH_BYTES];
    struct pl_text t = pl_text_init(path, sizeof path);
    pl_text_str(&t, "agent/local/");
    pl_text_str(&t, local->name.text);
    pl_text_char(&t, '/');
    pl_text_str(&t, key);
    pl_option_refuse_key(l, path, problem);
}

static void check_local(struct pl_option_loader *l, const struct pl_config_local *local)
{
    bool has_url = local->url[0] != '\0', has_socket = local->socket[0] != '\0';
    if (has_url && has_socket) refuse_local(l, local, "socket", "is beside url: only one of them");
    if (!has_url && !has_socket) refuse_local(l, local, "kind", "needs url or socket beside it");
    switch (local->kind) {
    case PL_CONFIG_LOCAL_HAPROXY:
        if (has_url) refuse_local(l, local, "url", "is not how haproxy is asked: give its socket");
        return;
    case PL_CONFIG_LOCAL_APACHE:
        if (has_url && !strstr(local->url, "?auto"))
            refuse_local(l, local, "url", "must end in ?auto, the form that programs can read");
        break;
    case PL_CONFIG_LOCAL_NGINX: break;
    case PL_CONFIG_LOCAL_PHP_FPM: return;
    }
    if (has_socket) refuse_local(l, local, "socket", "is for haproxy and php-fpm: give the url");
}

int pl_agent_config_load(const char *const *paths, size_t n, struct pl_agent_config *out,
                         struct pl_option_errors *errors)
{
    struct pl_agent_config config = {0};
    struct pl_option_loader *loader = malloc(sizeof *loader);
    if (!loader) return -ENOMEM;
    pl_option_init(loader, &pl_agent_options, &config, errors);
    pl_yaml_load(paths, n, loader);
    config.host_given = pl_option_was_given(loader, "agent/host");
    config.pool_given = pl_option_was_given(loader, "agent/pool");
    config.collectors_given = pl_option_was_given(loader, "agent/collectors");
    if (errors->count == 0) default_host(loader, &config);
    if (errors->count == 0) check_files(loader, &config);
    if (errors->count == 0) check_spool(loader, &config);
    for (uint32_t i = 0; i < config.local_count && errors->count == 0; i++)
        check_local(loader, &config.local[i]);
    free(loader);
    if (errors->count > 0) return PL_E_SYNTAX;
    int err = pl_watched_choice_parse(pl_span_of(config.service_text), &config.service);
    PL_ASSERT(err == 0); // check_service() took it
    *out = config;
    return 0;
}
