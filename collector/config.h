/* config.h - what the collector's configuration files say, checked and typed.
 *
 * The table in config.c is the one list of keys; this struct is what it fills. Nothing in here
 * changes after loading. */
#pragma once

#include "collector/codec/notify/provider.h"
#include "collector/config_customer.h"
#include "collector/config_hook.h"
#include "collector/config_oncall.h"
#include "collector/core/judge/headroom.h"
#include "common/base/option.h"
#include "common/sys/log.h"

enum {
    PL_CONFIG_PATH_BYTES = 256,
    PL_CONFIG_URL_BYTES = 1024,
    PL_CONFIG_EXTERNAL_URL_BYTES = 256,
    PL_CONFIG_OWNER_BYTES = 128,
    PL_CONFIG_RUNBOOK_BYTES = 512,
    PL_CONFIG_CAPACITY_BYTES = 48,
    PL_CONFIG_POOLS_MAX = 256,
    PL_CONFIG_NOTIFIERS_MAX = 64, // a pool's are the bits of a uint64_t
};

enum pl_config_redis_kind {
    PL_CONFIG_REDIS_MANAGED, // a child process of ours
    PL_CONFIG_REDIS_TCP,
    PL_CONFIG_REDIS_UNIX,
};

struct pl_config_redis {
    char url[PL_CONFIG_URL_BYTES]; // as written; what it means:
    enum pl_config_redis_kind kind;
    struct pl_address address;         // PL_CONFIG_REDIS_TCP
    char socket[PL_CONFIG_PATH_BYTES]; // PL_CONFIG_REDIS_UNIX
    int64_t database;                  // 0-15
    int64_t queue_bytes;
};

/* Paths; empty: the collector's own certificate, no CA. */
struct pl_config_tls {
    char certificate_file[PL_CONFIG_PATH_BYTES];
    char key_file[PL_CONFIG_PATH_BYTES];
    char ca_file[PL_CONFIG_PATH_BYTES];
};

/* Every key has a member: as written, or (with `_file` behind it) where it stands and what stands
 * there, which is secret and never logged. Empty: not given. */
struct pl_config_notifier {
    struct pl_name name;
    enum pl_notify_type type; // never PL_NOTIFY_NONE after loading
#define TEXT(id, member, bytes, key, check, help) char member[bytes];
#define SECRET(id, member, bytes, key, help)                                                       \
    char member##_file[PL_CONFIG_PATH_BYTES];                                                      \
    char member[bytes];
#include "collector/codec/notify/key.def"
#undef TEXT
#undef SECRET
};

/* Shares are parts per million of the resource's capacity. */
struct pl_config_limit_rule {
    int64_t warn_ppm;
    int64_t cpu_ppm, memory_ppm; // paging levels by resource
    int64_t leave_ppm;           // how far below its level an alert lets go
    int64_t hold_ms, clear_ms;
};

struct pl_config_saturation_rule {
    int64_t warn_ppm;       // WARN judges this share of the capacity
    int64_t time_to_act_ms; // what the remedy takes
    int64_t clear_ms;
};

struct pl_config_silent_rule {
    int64_t intervals; // sampling intervals without a sample
    int64_t forget_ms; // then the host leaves the fleet
};

/* A rule that is about one share: of the time, of what is fair, of what is expected. */
struct pl_config_share_rule {
    int64_t share_ppm;
    int64_t hold_ms, clear_ms; // not every rule has a key for both
};

/* Everything that may be said for all pools and for one (rule_option.def). */
struct pl_config_rules {
    int64_t unstable_ms;
    struct pl_config_limit_rule limit;
    struct pl_config_share_rule stall, imbalance, collapse, no_spare;
    struct pl_config_saturation_rule saturation;
    struct pl_config_silent_rule silent;
};

struct pl_config_pool {
    struct pl_name name;
    char owner[PL_CONFIG_OWNER_BYTES];
    char runbook[PL_CONFIG_RUNBOOK_BYTES]; // http:// or https://; empty: none
    struct pl_config_rules rules;          // what the files do not say for this pool is as for all
    struct pl_option_names notify;         // as written
    char escalation[PL_NAME_LEN_MAX + 1];  // likewise; empty: none
    uint64_t notifier_mask; // bit i: notifiers[i]; all of them if `notify` was left out
    uint32_t policy;        // above 0: instead of that, number `policy - 1` of the roster
    char capacity_text[PL_CONFIG_CAPACITY_BYTES]; // as written; what it means:
    struct pl_capacity capacity;                  // UNKNOWN: to be learned
};

/* The dead man's ping. */
struct pl_config_heartbeat {
    char url_file[PL_CONFIG_PATH_BYTES];
    char url[PL_CONFIG_URL_BYTES]; // what stands there; secret; empty: no heartbeat
    int64_t interval_ms;
};

/* Cases: what customers are told. */
struct pl_config_cases {
    int64_t open_after_ms;          // 0: none opens by itself
    char mail[PL_NAME_LEN_MAX + 1]; // the notifier whose mail server updates use; empty: the first
};

struct pl_collector_config {
    struct pl_address agents;                        // an IP address; port 0: the system picks one
    struct pl_address http;                          // likewise, loopback
    char external_url[PL_CONFIG_EXTERNAL_URL_BYTES]; // http:// or https://; empty: that of `http`
    char state[PL_CONFIG_PATH_BYTES];
    int64_t max_agents;
    int64_t fast_interval_ms; // that agents are asked for while something is about to happen
    enum pl_log_level log_level;
    char record[PL_CONFIG_PATH_BYTES]; // trace file to write; empty: none

    struct pl_config_tls tls;
    struct pl_config_redis redis;
    struct pl_config_heartbeat heartbeat;
    struct pl_config_cases cases;

    uint32_t pool_count, notifier_count;
    struct pl_config_pool pools[PL_CONFIG_POOLS_MAX];
    struct pl_config_notifier notifiers[PL_CONFIG_NOTIFIERS_MAX];

    uint32_t hook_count;
    struct pl_config_hook hook_items[PL_HOOKS_MAX]; // as written
    struct pl_hook hooks[PL_HOOKS_MAX];             // what it means, without addresses and secrets

    uint32_t customer_count;
    struct pl_config_customer customer_items[PL_CUSTOMERS_MAX]; // as written
    struct pl_customer customers[PL_CUSTOMERS_MAX];             // what it means

    struct pl_config_oncall oncall; // as written
    struct pl_oncall roster;        // what it means
    uint32_t default_policy;        // of a pool that says nothing, as in struct pl_config_pool

    struct pl_config_rules rules; // of every pool that says nothing else
    int64_t silent_grace_ms;      // after the collector's start
};

extern const struct pl_option_table pl_collector_options;

/* Read `n` files in order, each merged over the ones before (n 0: the defaults). 0 with `*out`
 * filled, or PL_E_SYNTAX with `errors` holding every mistake found and `*out` untouched; -ENOMEM.
 * `errors` needs no initialisation. Logs a warning for a secret that others may read. */
PL_MUST_CHECK int pl_collector_config_load(const char *const *paths, size_t n,
                                           struct pl_collector_config *out,
                                           struct pl_option_errors *errors);

/* The notifiers of a pool, as bits over `notifiers`. A pool the files do not name uses all of them,
 * and so does NULL. */
uint64_t pl_collector_config_notifiers(const struct pl_collector_config *config,
                                       const struct pl_name *pool);

/* Understand a `redis.url`: redis://HOST:PORT[/DATABASE], unix:///PATH, or nothing at all; fills
 * all of `*out` but `url` and `queue_bytes`. False for anything else. */
PL_MUST_CHECK bool pl_collector_config_redis(const char *url, struct pl_config_redis *out);

/* The rules in the words of the engine: of `pool`, or (NULL) of one that the files do not name. */
void pl_collector_config_rules(const struct pl_collector_config *config,
                               const struct pl_config_pool *pool, struct pl_rules *out);
