/* config.h - what the agent's configuration files say, checked and typed. */
#pragma once

#include "agent/core/watched.h"
#include "common/base/option.h"
#include "common/sys/log.h"

enum {
    PL_AGENT_PATH_BYTES = 256,
    PL_AGENT_LOCAL_MAX = 8,
    PL_AGENT_LOCAL_PATH_BYTES = 101,
    PL_AGENT_LOCAL_URL_BYTES = 192,
    PL_AGENT_LOCAL_SOCKET_BYTES = 108, // a path of a Unix socket is no longer
};

enum pl_config_local_kind {
    PL_CONFIG_LOCAL_HAPROXY,
    PL_CONFIG_LOCAL_NGINX,
    PL_CONFIG_LOCAL_APACHE,
    PL_CONFIG_LOCAL_PHP_FPM,
};

/* A server of this host that says how busy it is: by `url` or by `socket`, one of which is empty.
 */
struct pl_config_local {
    struct pl_name name;
    enum pl_config_local_kind kind;
    char url[PL_AGENT_LOCAL_URL_BYTES];       // http://IP:PORT/PATH
    char socket[PL_AGENT_LOCAL_SOCKET_BYTES]; // a path, or IP:PORT
    char path[PL_AGENT_LOCAL_PATH_BYTES];     // of php-fpm's status behind `socket`
    int64_t workers;                          // 0: the server says how many
};

struct pl_agent_config {
    struct pl_name host; // this machine's name unless given
    struct pl_name pool;
    struct pl_option_addresses collectors;         // tried in order; IP addresses
    bool host_given, pool_given, collectors_given; // by a file; else what it joined goes before
    char state[PL_AGENT_PATH_BYTES];
    char ca_file[PL_AGENT_PATH_BYTES]; // of an existing PKI; empty: none
    char certificate_file[PL_AGENT_PATH_BYTES], key_file[PL_AGENT_PATH_BYTES];
    struct pl_watched_choice service; // what `service_text` says
    char service_text[PL_WATCHED_TEXT_MAX + 1];
    int64_t interval_ms;
    int64_t fast_interval_ms; // while this machine is under pressure; not shorter: never
    int64_t spool_ms;
    enum pl_log_level log_level;
    int find_local; // 1: look for servers of kinds that are not in `local`
    uint32_t local_count;
    struct pl_config_local local[PL_AGENT_LOCAL_MAX];
};

/* The two parts of a URL as `url` above; `*path` borrows from it. False if it is none. */
bool pl_agent_local_url(const char *url, struct pl_address *address, const char **path);

extern const struct pl_option_table pl_agent_options;

/* Read `n` files in order, each merged over the ones before (n 0: the defaults). 0 with `*out`
 * filled, or PL_E_SYNTAX with `errors` holding every mistake found and `*out` untouched; -ENOMEM.
 * `errors` needs no initialisation. */
PL_MUST_CHECK int pl_agent_config_load(const char *const *paths, size_t n,
                                       struct pl_agent_config *out,
                                       struct pl_option_errors *errors);
