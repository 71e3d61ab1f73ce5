/* external.h - alerts that somebody else found and that we tell people about: a Prometheus posts
 * them, as it would to an Alertmanager.
 *
 * What is one alert is said by its labels: their fingerprint is its identity, here as there. It is
 * posted again at every interval while it fires, with a time at which it is over unless it is
 * posted again. Many of them are one alert to people: those that carry the name of one pool of ours
 * in their label `pool`, else those of one `alertname`. Such a group is the alert
 * external/POOL or external/ALERTNAME of the engine, with everything that an alert has.
 *
 *     severity          tier    the alert of its group
 *     critical, page    PAGE    pages
 *     warning, warn     WARN    shows
 *     anything else     NONE    is counted here, and does not open
 *
 * Times: `ends_unix_ms` is the other one's clock; what counts is how far away it was when it came,
 * on our monotonic clock, so that a clock that is set ends nothing. */
#pragma once

#include "collector/core/judge/rule.h"
#include "collector/core/now.h"
#include "collector/core/observe/fleet.h"

enum {
    PL_EXTERNALS_MAX = 4096, // then one of a lower tier makes room, or a further one is refused
    PL_EXTERNAL_GROUPS_MAX = 256, // groups that are no pool; further ones share one
    PL_EXTERNAL_LABELS_BYTES = 512,
    PL_EXTERNAL_SOURCE_BYTES = 256,
    PL_EXTERNAL_RESOLVE_MS = 5 * 60 * 1000,        // without an end it is over after this, as there
    PL_EXTERNAL_END_MAX_MS = 7 * 24 * 3600 * 1000, // an end further away than this counts as this
    PL_EXTERNAL_GRACE_MS = 2 * 60 * 1000,          // after a restart: time to post it again
    PL_EXTERNAL_SAVE_MS = 60 * 1000,               // an end that moved by less is not written down
};

/* One of them, as it was posted. Texts are cut where they are longer. */
struct pl_external {
    uint64_t fingerprint; // of all its labels; 0: none
    struct pl_name pool;  // its label `pool`; empty: none, or no name
    struct pl_name group; // its alertname, as a name
    struct pl_name host;  // its label `instance` without a port; empty: none, or no name
    enum pl_tier tier;
    int64_t begins_unix_ms, ends_unix_ms; // begins <= ends
    char title[PL_FINDING_TITLE_BYTES];   // its alertname
    char summary[PL_FINDING_SUMMARY_BYTES];
    char labels[PL_EXTERNAL_LABELS_BYTES]; // NAME="VALUE", NAME="VALUE": whole ones, by name
    char source[PL_EXTERNAL_SOURCE_BYTES]; // the URL of what found it; empty: none, or too long
};

struct pl_external_entry {
    struct pl_external alert;
    uint32_t pool;           // the engine's index of its group
    uint32_t next, previous; // of the same group, or PL_NO_INDEX
    int64_t saved_ends_unix_ms;
};

struct pl_externals {
    uint32_t count;
    uint64_t fingerprints[PL_EXTERNALS_MAX]; // 0: a free place
    int64_t ends_mono_ms[PL_EXTERNALS_MAX];  // of places in use
    uint32_t first[PL_POOL_MAX];             // of a group: its place + 1; 0: none
    uint32_t tier_count[PL_POOL_MAX][PL_TIER_COUNT];
    struct pl_external_entry entries[PL_EXTERNALS_MAX];
};

/* Its place, or PL_NO_INDEX. */
uint32_t pl_externals_find(const struct pl_externals *x, uint64_t fingerprint);
/* Keep it in that group until `ends_mono_ms`; one that is known is renewed. Its place, or
 * PL_NO_INDEX: all are taken. */
uint32_t pl_externals_put(struct pl_externals *x, uint32_t pool, const struct pl_external *alert,
                          int64_t ends_mono_ms);
void pl_externals_drop(struct pl_externals *x, uint32_t place);
/* The next one from `place` on whose time is over, or PL_NO_INDEX. */
uint32_t pl_externals_over(const struct pl_externals *x, uint32_t place, int64_t now_mono_ms);
/* One of a lower tier, the lowest there is, or PL_NO_INDEX. */
uint32_t pl_externals_lower(const struct pl_externals *x, enum pl_tier tier);
/* Somebody of that group with that title and tier is there. */
bool pl_externals_has(const struct pl_externals *x, uint32_t pool, const struct pl_external *like);

struct pl_verdict pl_externals_judge(const struct pl_externals *x, uint32_t pool);
/* Of a group with a verdict: the eldest of the highest tier speaks for it. */
void pl_externals_describe(const struct pl_externals *x, uint32_t pool, struct pl_finding *f);
