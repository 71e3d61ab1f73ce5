/* json_view.h - what the API shows of the engine, as JSON.
 *
 * Every list is written item by item; one that would not fit is taken back whole, and the answer
 * says how much is missing, so the output is always complete JSON. Numbers are real (already
 * divided by their scale), times RFC 3339 in UTC, chart points [unix_ms, value]; what a host does
 * not have is left out. */
#pragma once

#include "collector/codec/contact.h"
#include "collector/core/engine.h"
#include "collector/core/trouble.h"
#include "common/base/text.h"

/* What a view is made of; borrowed for the call. */
struct pl_customer;
struct pl_oncall;
struct pl_view {
    const struct pl_engine *engine;
    const struct pl_troubles *troubles;
    const struct pl_name *targets; // names of the configuration's notifiers, by target
    uint32_t target_count;
    struct pl_contacts contacts; // of the configured pools
    struct pl_now now;
    const struct pl_oncall *oncall;     // NULL: nobody is said to be
    int64_t certificate_ends_unix_ms;   // of the collector's own; 0: not known
    const struct pl_customer *customer; // who reads it; NULL: one of ours
};

/* "ok", "watch", "act", "silent", "nodata". */
const char *pl_health_name(enum pl_health health);

/* /api/v1/pools */
void pl_json_pools(struct pl_text *out, const struct pl_view *view);
/* /api/v1/hosts: the hosts of `pool` (PL_NO_INDEX: of all) from index `first` on, as many as fit;
 * "next" is the name to ask with ?after= for the rest, or null. */
void pl_json_hosts(struct pl_text *out, const struct pl_view *view, uint32_t pool, uint32_t first);
/* One host, with its newest sample and its capacity facts. */
void pl_json_host(struct pl_text *out, const struct pl_view *view, uint32_t index);
/* /api/v1/alerts: all but those that are OK. */
void pl_json_alerts(struct pl_text *out, const struct pl_view *view);
/* The list inside it, with its key and how many there are in all; at least `reserve` bytes of the
 * buffer stay free. `with_changes`: and what changed in the pool of each. */
void pl_json_alert_list(struct pl_text *out, const struct pl_view *view, size_t reserve,
                        bool with_changes);

enum { PL_STATE_HOSTS_MAX = 200 };

/* Data of a `state` event: pools, alerts and the PL_STATE_HOSTS_MAX worst hosts of `pool`
 * (PL_NO_INDEX: of all), worst first. */
void pl_json_state(struct pl_text *out, const struct pl_view *view, uint32_t pool);
/* Data of a `sample` event. */
void pl_json_sample(struct pl_text *out, const struct pl_name *host,
                    const struct pl_sample *sample);
