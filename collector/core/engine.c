#include "collector/core/engine_state.h"

#include "collector/core/judge/rule_host.h"
#include "collector/core/judge/rule_imbalance.h"
#include "collector/core/judge/rule_silent.h"
#include "common/base/assert.h"
#include "common/base/err.h"

enum { SAVE_APART_MS = 7919 }; // prime: neighbours in the table are far apart

/* ---- effects ---- */

bool pl_engine_has_room(const struct pl_engine *e)
{
    return e->effect_count + PL_EFFECT_ROOM <= PL_EFFECT_MAX;
}

void pl_engine_emit(struct pl_engine *e, const struct pl_effect *effect)
{
    if (e->effect_count == PL_EFFECT_MAX) {
        e->counts.effects_refused++;
        return;
    }
    e->effects[e->effect_count++] = *effect;
}

void pl_engine_emit_host(struct pl_engine *e, enum pl_effect_type type, uint32_t host)
{
    pl_engine_emit(
        e, &(struct pl_effect){.type = type, .host = host, .name = e->fleet.hosts[host].name});
}

const struct pl_effect *pl_engine_effects(const struct pl_engine *e, size_t *count)
{
    *count = e->effect_count;
    return e->effects;
}

void pl_engine_effects_done(struct pl_engine *e)
{
    e->effect_count = 0;
}

/* ---- time ---- */

static void tilt(struct pl_engine *e, bool on)
{
    if (e->tilted == on) return;
    e->tilted = on;
    e->counts.tilts += on;
    pl_engine_emit(e, &(struct pl_effect){.type = on ? PL_EFFECT_TILT_ON : PL_EFFECT_TILT_OFF});
}

struct pl_now pl_engine_begin(struct pl_engine *e, struct pl_now now)
{
    /* A callback may have begun before the one that called last. */
    now.mono_ms = PL_MAX(now.mono_ms, e->now.mono_ms);
    int64_t passed_ms = now.mono_ms - e->now.mono_ms;
    int64_t jump_ms = now.unix_ms - e->now.unix_ms - passed_ms;
    if (passed_ms > PL_STALL_MS) {
        e->deaf_until_mono_ms = now.mono_ms + PL_MIN(passed_ms, PL_TILT_JUMP_MS);
    }
    if (passed_ms > PL_TILT_JUMP_MS || jump_ms > PL_TILT_JUMP_MS || jump_ms < -PL_TILT_JUMP_MS) {
        e->tilt_until_mono_ms = now.mono_ms + PL_TILT_MS;
        tilt(e, true);
    } else if (now.mono_ms >= e->tilt_until_mono_ms) {
        tilt(e, false);
    }
    e->now = now;
    return now;
}

void pl_engine_end(struct pl_engine *e)
{
    pl_engine_run_outbox(e);
}

/* ---- start ---- */

size_t pl_engine_bytes(const struct pl_engine_config *config)
{
    return sizeof(struct pl_engine) + pl_fleet_bytes(config->host_max);
}

struct pl_engine *pl_engine_init(void *memory, const struct pl_engine_config *config,
                                 struct pl_now now)
{
    PL_ASSERT(config->target_count <= PL_TARGET_MAX && config->pool_count <= PL_POOL_MAX);
    struct pl_engine *e = memory;
    e->start = e->now = now;
    e->tilt_until_mono_ms = e->deaf_until_mono_ms = PL_NEVER_MS;
    e->target_count = config->target_count;
    e->default_rules = config->rules;
    e->routes = config->routes;
    e->own_like = PL_NO_INDEX;
    e->names_targets = config->target_names != NULL;
    for (uint32_t t = 0; e->names_targets && t < config->target_count; t++)
        e->target_names[t] = config->target_names[t];
    pl_outbox_init(&e->outbox, config->seed);
    for (uint8_t t = 0; config->paces && t < config->target_count; t++) {
        pl_outbox_pace(&e->outbox, t, &config->paces[t]);
    }
    pl_fleet_init(&e->fleet, e + 1, config->host_max);
    for (uint32_t i = 0; i < config->pool_count; i++) {
        uint32_t pool;
        e->default_notify = config->pools[i].notify;
        e->default_policy = config->pools[i].policy;
        int err = pl_engine_admit_pool(e, &config->pools[i].name, &pool);
        PL_ASSERT(err == 0); // there is room for PL_POOL_MAX
        pl_saturation_set(&e->saturation[pool], &config->pools[i].capacity);
        if (config->pools[i].rules) e->rules[pool] = *config->pools[i].rules;
    }
    e->default_notify = config->default_notify;
    e->default_policy = config->default_policy;
    return e;
}

/* ---- hosts ---- */

int pl_engine_admit_pool(struct pl_engine *e, const struct pl_name *name, uint32_t *pool)
{
    uint32_t before = e->fleet.pool_count;
    int err = pl_fleet_add_pool(&e->fleet, name, e->default_notify, pool);
    if (err != 0 || e->fleet.pool_count == before) return err;
    pl_saturation_init(&e->saturation[*pool]);
    pl_collapse_init(&e->collapse[*pool]);
    e->rules[*pool] = e->default_rules;
    e->policies[*pool] = e->default_policy;
    for (enum pl_rule rule = 0; rule < PL_RULE_COUNT; rule++) {
        struct pl_alert_slot *slot = &e->alerts[*pool * PL_RULE_COUNT + rule];
        pl_alert_init(&slot->alert, rule, name);
        slot->told_mono_ms = PL_NEVER_MS;
    }
    return 0;
}

int pl_engine_admit(struct pl_engine *e, const struct pl_hello *hello, bool *is_new, uint32_t *host)
{
    uint32_t pool;
    int err = pl_engine_admit_pool(e, &hello->pool, &pool);
    if (err != 0) return err;
    uint32_t before = e->fleet.host_count;
    e->group_count -= e->fleet.pools[pool].is_group;
    e->fleet.pools[pool].is_group = false; // from here on it is one of ours
    err = pl_fleet_add_host(&e->fleet, &hello->host, pool, host);
    *is_new = e->fleet.host_count != before;
    return err;
}

bool pl_engine_introduce(struct pl_engine *e, const struct pl_hello *hello, uint32_t host)
{
    struct pl_host *h = &e->fleet.hosts[host];
    bool changed = h->interval_ms != hello->interval_ms ||
                   !pl_boot_id_eq(&h->boot_id, &hello->boot_id) ||
                   strcmp(h->agent_version, hello->agent_version) != 0;
    for (size_t i = 0; i < PL_FACT_COUNT; i++) {
        const struct pl_fact_value *was = &h->facts[i], *is = &hello->facts[i];
        changed = changed || was->value != is->value || strcmp(was->source, is->source) != 0;
    }
    if (!pl_boot_id_eq(&h->boot_id, &hello->boot_id)) h->last_seq = 0;
    h->boot_id = hello->boot_id;
    h->interval_ms = hello->interval_ms;
    memcpy(h->agent_version, hello->agent_version, sizeof h->agent_version);
    pl_capacity_resize(&h->capacity, e->rules[h->pool].levels, h->facts, hello->facts,
                       e->now.unix_ms);
    memcpy(h->facts, hello->facts, sizeof h->facts);
    pl_fleet_weigh(&e->fleet, host, pl_rule_imbalance_weight(h->facts));
    return changed;
}

int pl_engine_join(struct pl_engine *e, const struct pl_hello *hello, struct pl_now now,
                   uint32_t *host)
{
    now = pl_engine_begin(e, now);
    bool is_new;
    uint32_t index;
    uint32_t known = pl_fleet_find_host(&e->fleet, &hello->host);
    uint32_t old_pool = known == PL_NO_INDEX ? PL_NO_INDEX : e->fleet.hosts[known].pool;
    int err = pl_engine_admit(e, hello, &is_new, &index);
    if (err != 0) return err;
    struct pl_host *h = &e->fleet.hosts[index];
    uint32_t old_interval_ms = h->interval_ms;
    if (!is_new) pl_engine_compare(e, index, hello);
    bool changed = pl_engine_introduce(e, hello, index);
    h->connected = h->joined = true;
    h->fast_until_mono_ms = 0; // the WELCOME that follows sets its usual pace
    pl_age_hello(&h->age, hello->unix_ms, now.mono_ms);
    int64_t due_mono_ms = now.mono_ms + pl_rule_silent_after_ms(&e->rules[h->pool], h->interval_ms);
    if (is_new) {
        h->arrived_mono_ms = now.mono_ms;
        h->arrived_unix_ms = now.unix_ms;
        h->judged_stamp_ms = PL_NEVER_MS;
        e->fleet.due_mono_ms[index] = due_mono_ms;
    } else if (h->presence != PL_SILENT && h->interval_ms > old_interval_ms) {
        /* It will not come sooner. A HELLO alone is no sign of life: an agent that dies after
         * each one must be found silent. */
        e->fleet.due_mono_ms[index] = PL_MAX(e->fleet.due_mono_ms[index], due_mono_ms);
    }
    if (is_new || changed || h->pool != old_pool) {
        pl_engine_emit_host(e, PL_EFFECT_SAVE_HOST, index);
    }
    if (!is_new && h->pool != old_pool) pl_engine_judge_pool(e, old_pool, false);
    *host = index;
    pl_engine_end(e);
    return 0;
}

void pl_engine_leave(struct pl_engine *e, uint32_t host, struct pl_now now)
{
    (void)pl_engine_begin(e, now);
    if (host < e->fleet.slot_count && e->fleet.hosts[host].used) {
        e->fleet.hosts[host].connected = false;
    }
    pl_engine_end(e);
}

/* ---- samples ---- */

struct pl_tiers pl_engine_follow(struct pl_engine *e, struct pl_host *h,
                                 const struct pl_sample *sample, int64_t taken_unix_ms)
{
    int64_t gap_ms = pl_rule_silent_after_ms(&e->rules[h->pool], h->interval_ms);
    bool follows = h->judged_stamp_ms != PL_NEVER_MS && h->judged_stamp_ms <= sample->unix_ms &&
                   sample->unix_ms - h->judged_stamp_ms <= gap_ms;
    for (size_t r = 0; r < PL_RESOURCE_COUNT && !follows; r++) pl_level_gap(&h->levels[r]);
    if (!follows) pl_rule_imbalance_gap(h);
    struct pl_tiers tiers = pl_rule_host_step(&e->rules[h->pool], h, sample, taken_unix_ms);
    h->judged_stamp_ms = sample->unix_ms;
    return tiers;
}

/* True if the pool's traffic is to be judged differently from here on. */
static bool follow_traffic(struct pl_engine *e, struct pl_host *h, int64_t taken_unix_ms)
{
    const struct pl_pool *p = &e->fleet.pools[h->pool];
    const struct pl_rules *rules = &e->rules[h->pool];
    struct pl_saturation *s = &e->saturation[h->pool];
    uint32_t live_count = p->host_count - p->waiting_count - p->silent_count;
    enum pl_traffic_source unit = s->unit;
    pl_saturation_survey(s, &e->fleet, h->pool, taken_unix_ms);
    if (s->unit != unit) pl_collapse_init(&e->collapse[h->pool]); // what was usual is not known
    uint32_t round = s->round;
    bool surged = pl_rule_saturation_step(s, rules, h, live_count, taken_unix_ms);
    pl_rule_imbalance_step(h, p, s->unit, s->traffic.ladder.level[PL_RUNG_30S]);
    if (s->round == round) return surged;
    bool hosts_up = 2 * live_count > p->host_count;
    bool fell =
        pl_rule_collapse_step(&e->collapse[h->pool], rules, &s->traffic, hosts_up, taken_unix_ms);
    bool bare = pl_rule_no_spare_step(&e->no_spare[h->pool], rules, s, taken_unix_ms);
    return surged || fell || bare;
}

/* Now and then, each host at its own time: after a restart all of them join at once. */
static void save_learned(struct pl_engine *e, struct pl_host *h)
{
    uint32_t host = (uint32_t)(h - e->fleet.hosts);
    int64_t apart_ms = (int64_t)host * SAVE_APART_MS % PL_LEARNED_SAVE_MS;
    if (h->learned_mono_ms == PL_NEVER_MS) h->learned_mono_ms = e->now.mono_ms - apart_ms;
    if (e->now.mono_ms - h->learned_mono_ms < PL_LEARNED_SAVE_MS || !pl_engine_has_room(e)) return;
    h->learned_mono_ms = e->now.mono_ms;
    pl_engine_emit_host(e, PL_EFFECT_SAVE_LEARNED, host);
}

/* What the host can take is learned from late samples too: nothing of it is urgent. */
static void learn(struct pl_engine *e, struct pl_host *h, int64_t taken_unix_ms)
{
    enum pl_traffic_source best = pl_traffic_best(&h->last);
    (void)pl_settled_step(&h->traffic_source, (uint8_t)best, taken_unix_ms); // the survey looks
    bool news = pl_capacity_step(&h->capacity, e->rules[h->pool].levels,
                                 e->saturation[h->pool].unit, &h->last, taken_unix_ms);
    if (news) save_learned(e, h);
}

/* Look closer while something is about to happen. */
static void watch_closely(struct pl_engine *e, uint32_t host)
{
    struct pl_host *h = &e->fleet.hosts[host];
    uint32_t interval_ms = e->rules[h->pool].fast_interval_ms;
    const struct pl_pace_why why = {.traffic = e->saturation[h->pool].finding.tier,
                                    .launch = e->launch_watch[h->pool].is_watched};
    if (!pl_engine_has_room(e)) return; // the next sample asks again
    if (!pl_pace_step(&e->pace, h, &why, interval_ms, e->now.mono_ms)) return;
    pl_engine_emit(e, &(struct pl_effect){.type = PL_EFFECT_DIRECT_HOST,
                                          .host = host,
                                          .interval_ms = interval_ms,
                                          .for_ms = PL_PACE_FOR_MS});
}

/* With thousands of hosts this one is in no cache: its parts are asked for at once, not one after
 * the other as they are needed. */
static void fetch(const struct pl_host *h)
{
    enum { LINE = 64 };
    const char *from = (const char *)&h->capacity, *to = (const char *)&h->capacity.drawn_unix_ms;
    for (; from <= to; from += LINE) __builtin_prefetch(from, 1);
    __builtin_prefetch(&h->age, 1);
    __builtin_prefetch(&h->traffic_unix_ms, 1);
    /* Where the next row is must be read first. */
    const struct pl_window_row *row = &h->window.rows[h->window.next];
    __builtin_prefetch(row, 1);
    __builtin_prefetch(&row->values[PL_WINDOW_COLUMNS - 1], 1);
}

static void take(struct pl_engine *e, uint32_t host, const struct pl_sample *sample,
                 struct pl_now now)
{
    struct pl_host *h = &e->fleet.hosts[host];
    int64_t age_ms = pl_age_step(&h->age, sample->unix_ms, now.mono_ms);
    bool late = age_ms > PL_AGE_LATE_MS;
    if (late)
        e->counts.late++;
    else
        e->counts.samples++;
    if (h->last_seq > 0) e->counts.lost += sample->seq - h->last_seq - 1;
    h->last_seq = sample->seq;
    h->last = *sample;
    h->has_sample = true;
    h->arrived_mono_ms = now.mono_ms;
    h->arrived_unix_ms = now.unix_ms;
    e->fleet.due_mono_ms[host] =
        now.mono_ms + pl_rule_silent_after_ms(&e->rules[h->pool], h->interval_ms);
    pl_window_push(&h->window, sample);

    struct pl_tiers tiers = pl_engine_follow(e, h, sample, now.unix_ms - age_ms);
    enum pl_presence presence = late ? PL_WAITING : PL_LIVE;
    bool moved = presence != h->presence || memcmp(&tiers, &h->tiers, sizeof tiers) != 0;
    if (moved && h->presence == PL_SILENT) pl_engine_emit_host(e, PL_EFFECT_HOST_BACK, host);
    if (moved) pl_fleet_set(&e->fleet, host, presence, &tiers);
    learn(e, h, now.unix_ms - age_ms);
    bool surged = !late && follow_traffic(e, h, now.unix_ms - age_ms);
    if (moved || surged) pl_engine_judge_pool(e, h->pool, false);
    if (!late) watch_closely(e, host);
}

bool pl_engine_sample(struct pl_engine *e, uint32_t host, const struct pl_sample *sample,
                      struct pl_now now)
{
    if (host < e->fleet.slot_count) fetch(&e->fleet.hosts[host]);
    now = pl_engine_begin(e, now);
    bool known = host < e->fleet.slot_count && e->fleet.hosts[host].used;
    bool is_new = known && sample->seq > e->fleet.hosts[host].last_seq;
    if (is_new)
        take(e, host, sample, now);
    else
        e->counts.duplicates += known;
    pl_engine_end(e);
    return is_new;
}

void pl_engine_capacity(struct pl_engine *e, uint32_t pool, const struct pl_capacity *capacity)
{
    PL_ASSERT(pool < e->fleet.pool_count);
    pl_saturation_set(&e->saturation[pool], capacity);
}

void pl_engine_listener(struct pl_engine *e, uint32_t host, const struct pl_listener *listener,
                        struct pl_now now)
{
    (void)pl_engine_begin(e, now);
    if (host < e->fleet.slot_count && e->fleet.hosts[host].used) {
        e->fleet.hosts[host].listener = *listener;
    }
    pl_engine_end(e);
}

void pl_engine_service(struct pl_engine *e, uint32_t host, const struct pl_service *service,
                       struct pl_now now)
{
    (void)pl_engine_begin(e, now);
    if (host < e->fleet.slot_count && e->fleet.hosts[host].used)
        e->fleet.hosts[host].service = *service;
    pl_engine_end(e);
}

/* ---- the tick ---- */

static void fall_silent(struct pl_engine *e, uint32_t host)
{
    struct pl_host *h = &e->fleet.hosts[host];
    h->load_rising = pl_rule_silent_rising(&h->window);
    pl_fleet_set(&e->fleet, host, PL_SILENT, &h->tiers);
    e->fleet.due_mono_ms[host] = e->now.mono_ms + e->rules[h->pool].silent_forget_ms;
    pl_engine_emit_host(e, PL_EFFECT_HOST_SILENT, host);
}

static void forget(struct pl_engine *e, uint32_t host)
{
    pl_engine_emit_host(e, PL_EFFECT_DROP_HOST, host);
    pl_changes_drop(&e->changes, &e->fleet, host);
    pl_fleet_drop_host(&e->fleet, host);
}

/* Hosts that were not heard for too long fall silent, and are forgotten much later. A connected one
 * is never forgotten: its session names it by index. */
static void look_for_silence(struct pl_engine *e)
{
    if (e->tilted || e->now.mono_ms < e->deaf_until_mono_ms) return;
    const int64_t *due_mono_ms = e->fleet.due_mono_ms;
    for (uint32_t host = 0; host < e->fleet.slot_count; host++) {
        if (due_mono_ms[host] > e->now.mono_ms) continue;
        if (!pl_engine_has_room(e)) return;
        const struct pl_host *h = &e->fleet.hosts[host];
        if (h->presence != PL_SILENT)
            fall_silent(e, host);
        else if (!h->connected)
            forget(e, host);
    }
}

void pl_engine_tick(struct pl_engine *e, struct pl_now now)
{
    (void)pl_engine_begin(e, now);
    look_for_silence(e);
    pl_engine_end_silences(e);
    pl_engine_step_launches(e);
    pl_engine_step_externals(e);
    for (uint32_t pool = 0; pool < e->fleet.pool_count; pool++) {
        pl_engine_judge_pool(e, pool, true);
    }
    pl_engine_end(e);
}

/* ---- answers about pages ---- */

void pl_engine_page_saved(struct pl_engine *e, struct pl_slot_id page, struct pl_now now)
{
    now = pl_engine_begin(e, now);
    struct pl_page *p = pl_outbox_get(&e->outbox, page);
    if (p) (void)pl_outbox_saved(&e->outbox, p, now); // it may be further already
    pl_engine_end(e);
}

void pl_engine_page_result(struct pl_engine *e, struct pl_slot_id page,
                           const struct pl_page_result *result, struct pl_now now)
{
    now = pl_engine_begin(e, now);
    struct pl_page *p = pl_outbox_get(&e->outbox, page);
    if (p && pl_outbox_result(&e->outbox, p, result, now)) {
        uint8_t target = p->target;
        pl_engine_answered(e, p);
        pl_engine_note(e, target, result);
    }
    pl_engine_end(e);
}
