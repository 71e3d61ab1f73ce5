/* config.h - what the agent's configuration files say, checked and typed. */
#pragma once

#include "agent/core/watched.h"
#include "common/base/option.h"
#include "common/sys/log.h"

enum { PL_AGENT_PATH_BYTES = 256 };

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
};

extern const struct pl_option_table pl_agent_options;

/* Read `n` files in order, each merged over the ones before (n 0: the defaults). 0 with `*out`
 * filled, or PL_E_SYNTAX with `errors` holding every mistake found and `*out` untouched; -ENOMEM.
 * `errors` needs no initialisation. */
PL_MUST_CHECK int pl_agent_config_load(const char *const *paths, size_t n,
                                       struct pl_agent_config *out,
                                       struct pl_option_errors *errors);
