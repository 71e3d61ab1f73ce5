/* engine.h - all deciding, as one deterministic value: calls that take `now` in, effects out.
 *
 *     HELLO, samples --> fleet, windows --> rules of that pool, at once --> alerts --> outbox
 *     once a second  --> silence, hold and clear times, retries, time to live
 *
 * The engine sees no clock, socket, file, allocator or JSON. The caller brings the memory, feeds
 * it, and after every call does what pl_engine_effects() lists. The same value decides live, in
 * `plimsoll replay` and in the simulations under tests/sim.
 *
 * Tilt: when the two clocks disagree by more than PL_TILT_JUMP_MS from one call to the next, or
 * nobody called for that long, neither silence nor a level can be judged: for PL_TILT_MS samples
 * are collected and nothing new fires or resolves. Pages already decided go on. A caller that plays
 * recorded time must therefore call pl_engine_tick() for every second of it.
 *
 * Nothing here asserts on input: a full table is an error or a counted refusal. The same calls give
 * the same effects, byte for byte. */
#pragma once

#include "collector/core/alert/delivery.h"
#include "collector/core/alert/external.h"
#include "collector/core/alert/health.h"
#include "collector/core/alert/silence.h"
#include "collector/core/effect.h"
#include "collector/core/judge/rule_saturation.h"
#include "collector/core/launch/collide.h"
#include "collector/core/launch/learn.h"
#include "collector/core/observe/changes.h"
#include "collector/core/observe/fleet.h"

enum {
    PL_TILT_JUMP_MS = 5000,
    PL_TILT_MS = 30000,
    /* The tick comes once a second. When nobody called for longer than this, what arrived in the
     * meantime still waits in sockets: nobody is found silent for as long again (at most
     * PL_TILT_JUMP_MS: beyond is tilt). */
    PL_STALL_MS = 1500,
    PL_LEARNED_SAVE_MS = 10 * 60 * 1000, // as much of what was learned may a restart cost
    PL_HEALTH_CALM_MS = 60000,
    PL_UNHEARD_MS = 2 * 60 * 1000,
    /* Whoever was told of an alert that ended is not told so soon again, however often it returns.
     */
    PL_PAGE_FLOOR_MS = 2 * 60 * 1000,
    /* Whoever was told of one alert of a pool is not told of the next for so long: they look
     * already. */
    PL_PAGE_GROUP_MS = 30 * 1000,
    /* After a restart nobody hears of an alert or a page older than this until its trouble shows.
     */
    PL_PAGE_OLD_MS = 30 * 60 * 1000,
};

struct pl_pool_config {
    struct pl_name name;
    uint64_t notify;              // bit t: target t; all of them at once
    uint32_t policy;              // above 0: instead of `notify`, the route of this policy
    struct pl_capacity capacity;  // all zero: not known
    const struct pl_rules *rules; // borrowed during init; NULL: those of every pool
};

struct pl_engine_config {
    uint32_t host_max;                  // 1 to PL_HOST_MAX
    uint32_t target_count;              // 0 to PL_TARGET_MAX
    uint32_t pool_count;                // of `pools`, at most PL_POOL_MAX
    const struct pl_pool_config *pools; // borrowed during init
    uint64_t default_notify;            // of a pool made by a host's HELLO
    uint32_t default_policy;            // likewise
    struct pl_route_source routes;      // of policies; needed only if there is one
    const struct pl_name *target_names; // target_count of them, borrowed during init; NULL: those
                                        // that take nothing are nobody's alert
    const struct pl_target_pace
        *paces; // target_count of them, borrowed during init; NULL: no limits
    struct pl_rules rules;
    uint64_t seed; // of the retry jitter
};

struct pl_engine;

/* The pool of the collector's own alerts. It has no hosts, and is there once it has an alert. */
#define PL_OWN_POOL "plimsoll"

/* Bytes pl_engine_init() needs; it grows with host_max by sizeof(struct pl_host) + 24. Memory of
 * hosts that never came is not touched after init. */
size_t pl_engine_bytes(const struct pl_engine_config *config);
/* `memory` is that long, zeroed, aligned for any type, and is the engine's until it is freed. */
struct pl_engine *pl_engine_init(void *memory, const struct pl_engine_config *config,
                                 struct pl_now now);

/* ---- what happens ---- */

/* An agent said HELLO. 0 and the host's index, or PL_E_FULL (hosts or pools). */
PL_MUST_CHECK int pl_engine_join(struct pl_engine *e, const struct pl_hello *hello,
                                 struct pl_now now, uint32_t *host);
/* Its connection ended. Not an alarm in itself: the missing samples are. The shell ends a host's
 * old connection before it lets a new one join. */
void pl_engine_leave(struct pl_engine *e, uint32_t host, struct pl_now now);
/* One sample of the boot id of that host's last join. True if it is new (seq above the newest);
 * an old one changes nothing. One that is over PL_AGE_LATE_MS old fills the window, shows that the
 * host is alive, and fires nothing. */
bool pl_engine_sample(struct pl_engine *e, uint32_t host, const struct pl_sample *sample,
                      struct pl_now now);
/* What the fullest accept queue of that host is called: so do findings from its next sample on. */
void pl_engine_listener(struct pl_engine *e, uint32_t host, const struct pl_listener *listener,
                        struct pl_now now);
/* Something changed on that host. What is news is to be written down. */
void pl_engine_change(struct pl_engine *e, uint32_t host, const struct pl_change *change,
                      struct pl_now now);
/* What the watched service of that host is. */
void pl_engine_service(struct pl_engine *e, uint32_t host, const struct pl_service *service,
                       struct pl_now now);
/* What the pool can take, from now on; judged with the next of its samples. */
void pl_engine_capacity(struct pl_engine *e, uint32_t pool, const struct pl_capacity *capacity);
/* A launch that was checked: registered if its id is new, else its next revision. 0 and its place,
 * or PL_E_FULL. The caller writes it down before it answers. */
PL_MUST_CHECK int pl_engine_put_launch(struct pl_engine *e, const struct pl_launch *l,
                                       struct pl_now now, uint32_t *index);
/* What the request that made it was known by, so that the same again makes no second one. */
void pl_engine_remember_request(struct pl_engine *e, uint32_t launch, uint64_t key, uint64_t hash);
/* CANCELLED or ANNOUNCED, by `author`. False if there is nothing to do: it is over. */
bool pl_engine_act_on_launch(struct pl_engine *e, uint32_t launch, enum pl_launch_event event,
                             const char *author, struct pl_now now);
/* Once a second: what arrives by not arriving. */
void pl_engine_tick(struct pl_engine *e, struct pl_now now);
/* The shell wrote a page's intent down (or gave up waiting for that). Ignored for a page that is
 * gone or further already. */
void pl_engine_page_saved(struct pl_engine *e, struct pl_slot_id page, struct pl_now now);
/* The answer to PL_EFFECT_SEND_PAGE. Ignored for a page that is gone. */
void pl_engine_page_result(struct pl_engine *e, struct pl_slot_id page,
                           const struct pl_page_result *result, struct pl_now now);
/* A message that is no page was tried there (somebody tests a notifier): it is well, or it is not.
 */
void pl_engine_target_tried(struct pl_engine *e, uint8_t target,
                            const struct pl_page_result *result, struct pl_now now);

/* ---- what others found ---- */

/* An alert that somebody posted. One that ends by now is over; one that is not known and over is
 * nothing. 0, or PL_E_FULL. Nobody is told before pl_engine_externals_posted(), so that those of
 * one post are one message. */
PL_MUST_CHECK int pl_engine_external(struct pl_engine *e, const struct pl_external *posted,
                                     struct pl_now now);
void pl_engine_externals_posted(struct pl_engine *e, struct pl_now now);

/* ---- what people say ---- */

/* About an alert, by index. 0 and SAVE_HANDLING; PL_E_STATE: it does not fire (or, for a note or an
 * assignment, never did); PL_E_RANGE as pl_handling_apply(). An acknowledgement withdraws what is
 * queued in this call. */
PL_MUST_CHECK int pl_engine_handle(struct pl_engine *e, uint32_t alert,
                                   const struct pl_handle_request *request, struct pl_now now);
/* As pl_silences_put(), with a new number, and SAVE_SILENCE. */
PL_MUST_CHECK int pl_engine_silence(struct pl_engine *e, const struct pl_silence *silence,
                                    struct pl_now now, uint64_t *number);
/* Take one back, with DROP_SILENCE. False: there is no such one. */
bool pl_engine_unsilence(struct pl_engine *e, uint64_t number, struct pl_now now);

/* What must be done now, oldest first; valid until the next call into the engine. The caller
 * copies or runs them all, then calls _done. */
const struct pl_effect *pl_engine_effects(const struct pl_engine *e, size_t *count);
void pl_engine_effects_done(struct pl_engine *e);

/* ---- what was written down before a restart ---- */

/* A host known before: judged silent only after the grace time. PL_E_FULL as join. */
PL_MUST_CHECK int pl_engine_restore_host(struct pl_engine *e, const struct pl_hello *hello,
                                         struct pl_now now, uint32_t *host);
/* Fills the window and brings back what its resources hold, so that an alert which fired before
 * goes on; nothing fires. Oldest first, `boot_id` as stored with the samples. Ignored once the host
 * has joined under another boot id, or has newer samples (Redis came late). */
void pl_engine_restore_sample(struct pl_engine *e, uint32_t host, const struct pl_boot_id *boot_id,
                              const struct pl_sample *sample);
/* A change that was written down in that place, below PL_CHANGES_HOST_MAX. */
void pl_engine_restore_change(struct pl_engine *e, uint32_t host, uint8_t place,
                              const struct pl_change *change);
/* What was learned of a host's capacity goes on from there, unless samples came already. */
void pl_engine_restore_learned(struct pl_engine *e, uint32_t host,
                               const struct pl_capacity_learner *learned, struct pl_now now);
/* What was remembered of the traffic of a pool. Ignored when no host of it was restored and nobody
 * configured it: then nobody needs it. */
void pl_engine_restore_traffic(struct pl_engine *e, const struct pl_name *pool,
                               enum pl_traffic_source unit, const struct pl_traffic *traffic);
/* An alert that was pending, firing or resolved. One that already lives here (Redis came late)
 * stays as it is, but remembers who was told. PL_E_FULL when its pool does not fit, PL_E_RANGE for
 * a rule, state or tier there is not. */
PL_MUST_CHECK int pl_engine_restore_alert(struct pl_engine *e, const struct pl_alert *alert,
                                          struct pl_now now);
/* A page whose delivery was not finished: it is tried again with the newest state of its alert (the
 * alert comes back with it if its own record was lost). Its `id` is given anew. PL_E_FULL as above,
 * PL_E_RANGE for a target that is no longer configured; the record may be deleted then. */
PL_MUST_CHECK int pl_engine_restore_page(struct pl_engine *e, const struct pl_page *page,
                                         struct pl_now now);

/* As it was; one that is known here already stays. PL_E_FULL. */
PL_MUST_CHECK int pl_engine_restore_launch(struct pl_engine *e,
                                           const struct pl_launch_entry *entry);

/* What was said about an alert. Before pages, so that none goes out that somebody stopped.
 * PL_E_FULL as above. */
PL_MUST_CHECK int pl_engine_restore_handling(struct pl_engine *e, const struct pl_name *pool,
                                             enum pl_rule rule, const struct pl_handling *handling);
/* A silence: PL_E_RANGE for one that is over; its record may be deleted then. */
PL_MUST_CHECK int pl_engine_restore_silence(struct pl_engine *e, const struct pl_silence *silence);
/* It is over after PL_EXTERNAL_GRACE_MS at the earliest: time to be posted again. PL_E_FULL. */
PL_MUST_CHECK int pl_engine_restore_external(struct pl_engine *e, const struct pl_external *alert,
                                             struct pl_now now);
void pl_engine_restore_delivery(struct pl_engine *e, const struct pl_delivery *delivery);

/* ---- views, for the API and the codecs; borrowed until the next call ---- */

struct pl_engine_counts {
    uint64_t samples;    // new and in time
    uint64_t late;       // new, but too old to be judged
    uint64_t duplicates; // had already
    uint64_t lost;       // holes in seq since the first sample known: dropped by a full spool
    uint64_t pages_sent;
    uint64_t pages_retried;   // attempts that will be repeated
    uint64_t pages_failed;    // given up: rejected, or the target is broken
    uint64_t pages_expired;   // given up: time to live over
    uint64_t pages_withdrawn; // the trouble was over before anybody was told
    uint64_t pages_refused;   // the outbox was full
    uint64_t effects_refused; // the shell did not take the effects
    uint64_t tilts;
};

const struct pl_fleet *pl_engine_fleet(const struct pl_engine *e);
const struct pl_launch_book *pl_engine_launches(const struct pl_engine *e);
/* What the `nth` of its pools makes of a launch now, registered or not, with every other launch of
 * that time; `*plan` is the load it adds there. */
struct pl_launch_verdict pl_engine_judge_launch(const struct pl_engine *e,
                                                const struct pl_launch *l, uint32_t nth,
                                                int64_t now_unix_ms, struct pl_launch_plan *plan);
/* What the earlier launches of its customer taught. */
void pl_engine_learned(const struct pl_engine *e, const struct pl_launch *l,
                       struct pl_launch_learned *out);
/* What the engine does not know and a launch may collide with. */
struct pl_launch_beside {
    const struct pl_oncall *oncall;   // NULL: nobody says who is on call
    int64_t certificate_ends_unix_ms; // of the collector's own; 0: not known
};
/* What else there is in the hours of a launch, registered or not: its pools first. */
void pl_engine_collisions(const struct pl_engine *e, const struct pl_launch *l,
                          const struct pl_launch_beside *beside, struct pl_collisions *out);
/* They share a pool and a time. */
bool pl_launches_meet(const struct pl_launch *a, const struct pl_launch *b);
const struct pl_changes *pl_engine_changes(const struct pl_engine *e);
/* Of one pool; PL_NO_INDEX: of those that nobody configured. */
const struct pl_rules *pl_engine_rules(const struct pl_engine *e, uint32_t pool);
/* Capacity, traffic and outlook of a pool. */
const struct pl_saturation *pl_engine_saturation(const struct pl_engine *e, uint32_t pool);
/* Alerts by index: pool * PL_RULE_COUNT + rule; `pl_engine_alert_count()` of them. Most are
 * PL_ALERT_OK. */
uint32_t pl_engine_alert_count(const struct pl_engine *e);
const struct pl_alert *pl_engine_alert(const struct pl_engine *e, uint32_t index);
const struct pl_handling *pl_engine_handling(const struct pl_engine *e, uint32_t index);
/* Number of the silence that keeps that alert from being told; 0: none. */
uint64_t pl_engine_silenced(const struct pl_engine *e, uint32_t index);
/* Why an alert is as it is, beside what stands in it. */
struct pl_explanation {
    struct pl_verdict verdict; // what its rule says now
    bool tilted, coming_back;  // the rule is not asked: a clock jumped; we have just started
    uint64_t queued;           // bit t: the outbox holds a page to t about it
    struct pl_route route;     // whom it goes to; no steps unless it pages and is not held
    struct pl_route_look look; // how far along that it is
};
void pl_engine_explain(const struct pl_engine *e, uint32_t alert, struct pl_explanation *out);
const struct pl_silences *pl_engine_silences(const struct pl_engine *e);
const struct pl_externals *pl_engine_externals(const struct pl_engine *e);
const struct pl_deliveries *pl_engine_deliveries(const struct pl_engine *e);
/* Index of an alert, or PL_NO_INDEX where there is no such pool. */
uint32_t pl_engine_find_alert(const struct pl_engine *e, enum pl_rule rule,
                              const struct pl_name *pool);
/* NULL if that page is gone. */
const struct pl_page *pl_engine_page(const struct pl_engine *e, struct pl_slot_id id);
/* All live pages, for listing: the `n`th of pl_engine_page_count(), in no particular order. */
uint32_t pl_engine_page_count(const struct pl_engine *e);
const struct pl_page *pl_engine_page_at(const struct pl_engine *e, uint32_t n);
/* True for the pool of the collector's own alerts. */
bool pl_engine_is_own_pool(const struct pl_engine *e, uint32_t pool);
/* Targets that take nothing (alert/health.h). */
const struct pl_targets_health *pl_engine_targets_health(const struct pl_engine *e);
const struct pl_engine_counts *pl_engine_counts(const struct pl_engine *e);
bool pl_engine_in_tilt(const struct pl_engine *e);
/* Somebody must know of an alert, and for PL_UNHEARD_MS nobody could be told. */
bool pl_engine_is_unheard(const struct pl_engine *e);
/* NO_DATA while no host is live, SILENT when all of them are silent; else the worst of its live
 * hosts and of its traffic, and at least WATCH (ACT from half of the pool on) when some are silent,
 * and WATCH when an alert is pending. What traffic holds it loses PL_HEALTH_CALM_MS after the
 * verdict, so that it does not flicker. */
enum pl_health pl_engine_pool_health(const struct pl_engine *e, uint32_t pool);
/* Utilisation of a resource by the host's newest sample, basis points; -1: not known. */
int32_t pl_host_used_bp(const struct pl_host *host, enum pl_resource resource);
