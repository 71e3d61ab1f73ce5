/* engine_state.h - what is inside the engine, for its own files only:
 *
 *     engine.c          the calls that happen all the time: join, sample, tick, results
 *     engine_judge.c    from counts to verdicts to alerts
 *     engine_tell.c     from alerts to pages
 *     engine_notifier.c targets that take nothing, told through others
 *     engine_handle.c   what people say about alerts: acknowledgements, silences
 *     engine_explain.c  why an alert is as it is
 *     engine_restore.c  what was written down before a restart
 *     engine_change.c   what changed on the hosts
 *     engine_launch.c   what is announced
 *     engine_after.c    what came of it
 *     engine_collide.c  what else there is in its hours
 *     engine_external.c alerts that others found
 *     engine_view.c     what others may look at
 *
 * Every call runs the same way: begin (the clocks; tilt), change state, judge the pools concerned,
 * let the outbox do what is due. Judging looks at levels, never at events, so what is left over
 * because the list of effects is full is done by the next tick. */
#pragma once

#include "collector/core/engine.h"
#include "collector/core/judge/pace.h"
#include "collector/core/judge/rule_collapse.h"
#include "collector/core/judge/rule_no_spare.h"
#include "collector/core/judge/rule_saturation.h"
#include "collector/core/launch/rule_launch.h"

enum {
    PL_ALERT_MAX = PL_POOL_MAX * PL_RULE_COUNT,
    /* Judging stops when less than this is free: no step of it asks for more. An alert: its change,
     * its records, and two effects per target. */
    PL_EFFECT_ROOM = 8 + 2 * PL_TARGET_MAX,
    /* Writing and posting a page takes the shell some 0.1 ms: a call asks for so many at most, so
     * that no sample waits for a thousand of them. The next call goes on. */
    PL_PAGES_PER_CALL_MAX = 8,
};

/* An alert and how far telling people about it has got. */
struct pl_alert_slot {
    struct pl_alert alert;
    bool restored;        // as it is, it comes from a record: nothing has changed it since
    bool seen;            // restored: its trouble was seen since
    bool held;            // by an acknowledgement or a silence
    uint64_t silence;     // number of the silence that keeps it from being told; 0: none
    uint64_t floored;     // who was told before it ended last
    int64_t told_mono_ms; // when somebody was told last that it fires, or PL_NEVER_MS
    struct pl_handling handling;
    uint64_t queued;  // bit t: the outbox holds a page to t about it
    uint64_t refused; // bit t: it did not, because it was full; said once
};

struct pl_engine {
    struct pl_now start;
    struct pl_now now; // of the newest call
    bool tilted;
    int64_t tilt_until_mono_ms;
    int64_t deaf_until_mono_ms; // nobody can be found silent before
    uint32_t target_count;
    uint64_t default_notify;
    uint32_t default_policy;
    uint32_t policies[PL_POOL_MAX]; // by pool; 0: its notify mask
    struct pl_route_source routes;
    struct pl_rules default_rules;      // of a pool nobody configured
    struct pl_rules rules[PL_POOL_MAX]; // by pool
    struct pl_engine_counts counts;
    size_t effect_count;
    struct pl_effect effects[PL_EFFECT_MAX];
    struct pl_alert_slot alerts[PL_ALERT_MAX];    // pool * PL_RULE_COUNT + rule
    struct pl_saturation saturation[PL_POOL_MAX]; // by pool
    struct pl_collapse collapse[PL_POOL_MAX];
    struct pl_no_spare no_spare[PL_POOL_MAX];
    struct pl_pace pace;
    struct pl_outbox outbox;
    struct pl_silences silences;
    struct pl_deliveries deliveries;
    struct pl_externals externals;
    uint32_t group_count;            // pools that are only groups of them
    bool external_news[PL_POOL_MAX]; // of a kind that people who know of the alert do not know of
    struct pl_targets_health health;
    bool names_targets; // else nobody is told of their health
    struct pl_name target_names[PL_TARGET_MAX];
    uint32_t own_like; // the collector's own alerts go where those of this pool go; or PL_NO_INDEX
    struct pl_changes changes;
    struct pl_launch_book launches;
    struct pl_launch_watch launch_watch[PL_POOL_MAX]; // by pool, made every tick
    struct pl_fleet fleet;
};

/* ---- engine.c ---- */

bool pl_engine_has_room(const struct pl_engine *e);
/* A full list refuses and counts; whoever must not lose an effect asks for room first. */
void pl_engine_emit(struct pl_engine *e, const struct pl_effect *effect);
void pl_engine_emit_host(struct pl_engine *e, enum pl_effect_type type, uint32_t host);
/* Move the levels of a host to a sample, taken at that time of our clock; the tiers it holds from
 * here on. */
struct pl_tiers pl_engine_follow(struct pl_engine *e, struct pl_host *h,
                                 const struct pl_sample *sample, int64_t taken_unix_ms);
/* Takes over what a HELLO says. True if something of it must be written down. */
bool pl_engine_introduce(struct pl_engine *e, const struct pl_hello *hello, uint32_t host);
/* Find or make the pool with its alerts, and the host in it. PL_E_FULL as join. */
PL_MUST_CHECK int pl_engine_admit_pool(struct pl_engine *e, const struct pl_name *name,
                                       uint32_t *pool);
PL_MUST_CHECK int pl_engine_admit(struct pl_engine *e, const struct pl_hello *hello, bool *is_new,
                                  uint32_t *host);
/* Every public call begins and ends with these. */
struct pl_now pl_engine_begin(struct pl_engine *e, struct pl_now now);
void pl_engine_end(struct pl_engine *e);

/* ---- engine_change.c ---- */

/* A host that is known says HELLO again: what is different about its machine. */
void pl_engine_compare(struct pl_engine *e, uint32_t host, const struct pl_hello *hello);

/* ---- engine_launch.c ---- */

/* Once a second: each open launch lives on, and each pool is told what its launches make of it. */
void pl_engine_step_launches(struct pl_engine *e);
/* What `saturation` says of a pool, but for what was announced there. */
struct pl_verdict pl_engine_excuse(const struct pl_engine *e, uint32_t pool);
/* Of the PL_RULE_LAUNCH_* rules. */
enum pl_launch_rule pl_engine_launch_rule(enum pl_rule rule);

/* What it adds to that pool, as estimated. */
struct pl_launch_plan pl_engine_plan(const struct pl_engine *e, const struct pl_launch *l,
                                     uint32_t pool);

/* ---- engine_after.c ---- */

/* What happened about an alert, or to a host, for the report of each launch of that pool: somebody
 * was woken; somebody said something; another machine than before. */
void pl_engine_after_page(struct pl_engine *e, uint32_t alert);
void pl_engine_after_said(struct pl_engine *e, uint32_t alert,
                          const struct pl_handle_request *request);
void pl_engine_after_change(struct pl_engine *e, uint32_t host, const struct pl_change *change);
/* Once a second: its curve. */
void pl_engine_follow_launch(struct pl_engine *e, uint32_t launch,
                             const struct pl_launch_sight *sight);

/* ---- engine_external.c ---- */

/* Find or make the pool of that name for alerts of others; when there are too many groups, the one
 * that the rest shares. PL_E_FULL as join. */
PL_MUST_CHECK int pl_engine_admit_group(struct pl_engine *e, const struct pl_name *name,
                                        uint32_t *pool);
/* Once a second: what was not posted again is over, and what is news is told. */
void pl_engine_step_externals(struct pl_engine *e);
/* What `external` says of a group. */
struct pl_verdict pl_engine_ask_external(const struct pl_engine *e, uint32_t pool);

/* ---- engine_judge.c ---- */

/* What a rule says about a pool now. */
struct pl_verdict pl_engine_ask(const struct pl_engine *e, uint32_t pool, enum pl_rule rule);
/* We have just started, and nobody of that pool has said HELLO yet. */
bool pl_engine_is_coming_back(const struct pl_engine *e, uint32_t pool);
/* Ask every rule about one pool; `refresh` also renews the content of what fires. */
void pl_engine_judge_pool(struct pl_engine *e, uint32_t pool, bool refresh);
/* An alert has begun, ended, or changed its tier: what that means for who was told. */
void pl_engine_act(struct pl_engine *e, uint32_t alert, enum pl_alert_action action);
void pl_engine_emit_alert(struct pl_engine *e, enum pl_effect_type type, uint32_t alert);

/* ---- engine_notifier.c ---- */

/* What an attempt at that target says about it. */
void pl_engine_note(struct pl_engine *e, uint8_t target, const struct pl_page_result *result);
/* Never to a target that is broken. */
void pl_engine_own_route(const struct pl_engine *e, struct pl_route *out);
struct pl_verdict pl_engine_ask_notifier(const struct pl_engine *e, uint32_t pool);
void pl_engine_describe_notifier(const struct pl_engine *e, struct pl_finding *out);
/* If it is this alert, what it named is broken still. */
void pl_engine_restore_notifier(struct pl_engine *e, const struct pl_alert *alert);

/* ---- engine_handle.c ---- */

/* Everybody hears of it as if it had begun now. */
void pl_engine_begin_anew(struct pl_engine *e, uint32_t alert);

/* Is it held back from people, and since this call no longer? Then its route begins anew. */
void pl_engine_look_at_holds(struct pl_engine *e, uint32_t alert);
/* Silences end. */
void pl_engine_end_silences(struct pl_engine *e);

/* ---- engine_tell.c ---- */

/* Whom the alerts of that pool go to, by its policy now or its notifiers. */
void pl_engine_route(const struct pl_engine *e, uint32_t pool, struct pl_route *out);
/* Make the outbox agree with the alert: every target that must hear its newest state has a page,
 * and nobody else. */
void pl_engine_tell(struct pl_engine *e, uint32_t alert);
/* The newest state of the alert goes to this target, if there is anything it must hear. */
void pl_engine_tell_target(struct pl_engine *e, uint32_t alert, uint8_t target);
/* Hand out what is due. */
void pl_engine_run_outbox(struct pl_engine *e);
/* An attempt was answered: remember what the target knows now, and go on with what is newer. */
void pl_engine_answered(struct pl_engine *e, struct pl_page *page);
uint32_t pl_engine_alert_index(const struct pl_engine *e, const struct pl_alert *alert);
