/* What must be true, found out in the simplest possible way and compared with the engine. */
#include "tests/sim/sim.h"

enum {
    SILENT_MS = 5000,
    TICK_MS = 1000 + 2 * SIM_STEP_MS,
    HOLD_MS = 10000,
    CLEAR_MS = 15000,
    STUCK_MS = 12000, // the longest a connection is stuck
    SLACK_MS = 1500,  // arrival times are not exact
    SKEW_MS = 45000,  // after its clock was set, a machine's samples may look late for a while
    /* The longest wait between attempts, the longest a pager asks for, whom it spares, and some. */
    OWED_MS = PL_RETRY_CAP_MS + 20000 + PL_PAGE_FLOOR_MS + 15000,
};

static const int32_t page_bp = 9000, leave_bp = 8500, calm_bp = 7000;

void sim_oracle_started(struct sim_world *w)
{
    struct sim_oracle *o = &w->oracle;
    for (size_t m = 0; m < SIM_MACHINES_MAX; m++) {
        o->machines[m] =
            (struct sim_truth){.over_since_ms = PL_NEVER_MS, .calm_since_ms = PL_NEVER_MS};
    }
    memset(o->fires, 0, sizeof o->fires);
    memset(o->pages, 0, sizeof o->pages);
    o->counts = (struct pl_engine_counts){0};
    o->steady_ms = 0;
}

static bool over_for(const struct sim_truth *truth, int64_t ms)
{
    return truth->over_since_ms != PL_NEVER_MS && truth->over_until_ms - truth->over_since_ms >= ms;
}

static void follow_load(struct sim_world *w, uint32_t m, const struct pl_sample *sample,
                        int64_t taken_ms)
{
    struct sim_truth *truth = &w->oracle.machines[m];
    int32_t fullest_bp = PL_MAX(sample->values[PL_CPU_BUSY], sample->values[PL_MEMORY_USED]);
    if (taken_ms - truth->taken_ms > SILENT_MS) truth->over_since_ms = PL_NEVER_MS;
    truth->taken_ms = taken_ms;
    truth->over_until_ms = taken_ms;
    if (fullest_bp < page_bp)
        truth->over_since_ms = PL_NEVER_MS;
    else if (truth->over_since_ms == PL_NEVER_MS)
        truth->over_since_ms = taken_ms;
    if (fullest_bp < leave_bp) truth->held = false;
    if (over_for(truth, HOLD_MS - SLACK_MS)) truth->held = true;
    if (fullest_bp >= calm_bp)
        truth->calm_since_ms = PL_NEVER_MS;
    else if (truth->calm_since_ms == PL_NEVER_MS)
        truth->calm_since_ms = w->now_ms;
}

static void become_known(struct sim_world *w, uint32_t m, int64_t patience_ms)
{
    struct sim_truth *truth = &w->oracle.machines[m];
    if (truth->known) return;
    truth->known = true;
    truth->heard_ms = w->now_ms;
    truth->live_since_ms = INT64_MAX;
    truth->patience_ms = patience_ms;
}

void sim_oracle_hello(struct sim_world *w, uint32_t m)
{
    become_known(w, m, SILENT_MS);
}

static void follow_history(struct sim_world *w, uint32_t m)
{
    const struct sim_record *r = &w->store.hosts[m];
    uint32_t first = r->history_count > SIM_HISTORY ? r->history_count - SIM_HISTORY : 0;
    for (uint32_t i = first; i < r->history_count; i++) {
        uint32_t at = i % SIM_HISTORY;
        follow_load(w, m, &r->history[at], r->history_taken_ms[at]);
    }
    w->oracle.machines[m].calm_since_ms = PL_NEVER_MS;
}

void sim_oracle_restored(struct sim_world *w)
{
    for (uint32_t m = 0; m < w->machine_count; m++) {
        const struct sim_record *r = &w->store.hosts[m];
        struct sim_truth *truth = &w->oracle.machines[m];
        if (!r->saved) continue;
        become_known(w, m, 30000);
        bool same_boot = pl_boot_id_eq(&w->peers[m].boot_id, &r->boot_id);
        if (truth->accepted || (w->peers[m].joined && !same_boot)) continue;
        truth->boot_id = r->boot_id;
        truth->last_seq = r->durable_seq;
        follow_history(w, m);
    }
    w->oracle.steady_ms = 0;
    for (uint32_t a = 0; a < SIM_ALERTS; a++) {
        const struct pl_alert *alert = pl_engine_alert(w->engine, a);
        w->oracle.fires[a] = alert->state == PL_ALERT_FIRING;
        w->oracle.pages[a] = pl_alert_pages(alert);
    }
}

/* ---- samples, accepted ---- */

/* Who sends what is old is neither live nor silent. */
static void check_presence(struct sim_world *w, uint32_t m)
{
    const struct pl_host *host = &pl_engine_fleet(w->engine)->hosts[w->peers[m].host];
    int64_t age_ms = w->now_ms - w->oracle.machines[m].taken_ms;
    if (w->now_ms - w->machines[m].clock_set_ms < SKEW_MS + age_ms) return;
    /* A HELLO that was stuck makes what came with it look younger. */
    bool live = host->presence == PL_LIVE;
    if (live && age_ms > PL_AGE_LATE_MS + STUCK_MS) {
        sim_fail(w, "%s is live by a sample of %lld s ago", w->machines[m].name.text,
                 (long long)age_ms / 1000);
    }
    if (!live && age_ms < PL_AGE_LATE_MS) {
        sim_fail(w, "%s sends in time and is not live", w->machines[m].name.text);
    }
}

void sim_oracle_sample(struct sim_world *w, uint32_t m, const struct pl_sample *sample, bool is_new)
{
    struct sim_truth *truth = &w->oracle.machines[m];
    const struct pl_boot_id *boot_id = &w->peers[m].boot_id;
    bool same_boot = pl_boot_id_eq(&truth->boot_id, boot_id);
    uint64_t last_seq = same_boot ? truth->last_seq : 0;
    if (is_new != (sample->seq > last_seq)) {
        sim_fail(w, "%s: sample %llu after %llu was %s", w->machines[m].name.text,
                 (unsigned long long)sample->seq, (unsigned long long)last_seq,
                 is_new ? "taken" : "refused");
    }
    if (!is_new) {
        w->oracle.counts.duplicates++;
        return;
    }
    w->oracle.counts.samples++;
    if (last_seq > 0) w->oracle.counts.lost += sample->seq - last_seq - 1;
    follow_load(w, m, sample, w->machines[m].taken_ms[sample->seq % SIM_SPOOL]);
    if (!truth->accepted || w->now_ms - truth->heard_ms >= SILENT_MS) {
        truth->live_since_ms = w->now_ms;
    }
    truth->boot_id = *boot_id;
    truth->last_seq = sample->seq;
    truth->accepted = true;
    check_presence(w, m);
    truth->heard_ms = w->now_ms;
    truth->patience_ms = SILENT_MS;
}

/* ---- effects ---- */

static bool overload_is_true(const struct sim_world *w, uint32_t pool)
{
    for (uint32_t m = 0; m < w->machine_count; m++) {
        if (w->machines[m].pool != pool) continue;
        if (w->oracle.machines[m].held) return true;
        /* A clock that gains less than the engine takes for a gap shortens the hold time. */
        if (w->now_ms - w->machines[m].clock_set_ms < SKEW_MS) return true;
    }
    return false;
}

static bool silence_is_true(const struct sim_world *w, uint32_t pool)
{
    for (uint32_t m = 0; m < w->machine_count; m++) {
        const struct sim_truth *truth = &w->oracle.machines[m];
        if (w->machines[m].pool != pool || !truth->known) continue;
        if (w->now_ms - truth->heard_ms >= truth->patience_ms) return true;
    }
    return false;
}

static void check_alert(struct sim_world *w, const struct pl_effect *effect)
{
    struct sim_oracle *o = &w->oracle;
    uint32_t a = effect->alert, pool = a / PL_RULE_COUNT;
    const struct pl_alert *alert = pl_engine_alert(w->engine, a);
    bool opens = effect->type == PL_EFFECT_ALERT_OPENED;
    bool raises = effect->type == PL_EFFECT_ALERT_RAISED;
    bool lowers = effect->type == PL_EFFECT_ALERT_LOWERED;
    if (opens == o->fires[a]) sim_fail(w, "alert %u opens and closes out of turn", a);
    if ((raises && o->pages[a]) || (lowers && !o->pages[a])) {
        sim_fail(w, "alert %u is raised and lowered out of turn", a);
    }
    if (pl_engine_in_tilt(w->engine)) sim_fail(w, "alert %u changes while tilted", a);
    bool pages = pl_alert_pages(alert);
    if (alert->rule == PL_RULE_LIMIT && pages && !overload_is_true(w, pool)) {
        sim_fail(w, "limit pages for pool %u without an overload", pool);
    }
    if (alert->rule == PL_RULE_SILENT && opens && !silence_is_true(w, pool)) {
        sim_fail(w, "silent opens for pool %u although all were heard", pool);
    }
    if (alert->rule == PL_RULE_SILENT && opens && w->now_ms - o->resumed_ms < 500) {
        sim_fail(w, "silent opens for pool %u before what waits was read", pool);
    }
    o->fires[a] = alert->state == PL_ALERT_FIRING;
    o->pages[a] = pages;
}

void sim_oracle_effect(struct sim_world *w, const struct pl_effect *effect)
{
    uint64_t mixed[2] = {w->oracle.hash,
                         pl_hash_bytes((struct pl_span){(const void *)effect, sizeof *effect})};
    w->oracle.hash = pl_hash_bytes((struct pl_span){(const void *)mixed, sizeof mixed});
    bool alert = effect->type >= PL_EFFECT_ALERT_OPENED && effect->type <= PL_EFFECT_ALERT_RESOLVED;
    if (alert) check_alert(w, effect);
    if (effect->type == PL_EFFECT_HOST_SILENT && pl_engine_in_tilt(w->engine)) {
        sim_fail(w, "%s is found silent while tilted", effect->name.text);
    }
    sim_tell_effect(w, effect);
}

/* ---- every step ---- */

static void check_silence(struct sim_world *w)
{
    const struct pl_fleet *fleet = pl_engine_fleet(w->engine);
    for (uint32_t m = 0; m < w->machine_count; m++) {
        const struct sim_truth *truth = &w->oracle.machines[m];
        uint32_t host = pl_fleet_find_host(fleet, &w->machines[m].name);
        if (!truth->known || host == PL_NO_INDEX) continue;
        bool silent = fleet->hosts[host].presence == PL_SILENT;
        int64_t quiet_ms = w->now_ms - truth->heard_ms;
        if (silent && quiet_ms < SILENT_MS) {
            sim_fail(w, "%s sends and is silent", w->machines[m].name.text);
        }
        if (!silent && quiet_ms > truth->patience_ms + TICK_MS &&
            w->oracle.steady_ms > SILENT_MS + TICK_MS) {
            sim_fail(w, "%s is dead and not silent", w->machines[m].name.text);
        }
    }
}

/* A pool in which every machine has been heard and calm for as long as the alert waits. */
static bool all_is_well(const struct sim_world *w, const struct pl_alert *alert, uint32_t pool,
                        bool calm)
{
    const int64_t clear_ms = alert->unstable ? SIM_UNSTABLE_MS : CLEAR_MS;
    const int64_t since_ms = w->now_ms - clear_ms - TICK_MS - SLACK_MS;
    if (w->oracle.steady_ms <= clear_ms + 2 * TICK_MS) return false;
    for (uint32_t m = 0; m < w->machine_count; m++) {
        const struct sim_truth *truth = &w->oracle.machines[m];
        if (w->machines[m].pool != pool || !truth->known) continue;
        if (!truth->accepted || truth->live_since_ms > since_ms) return false;
        if (w->now_ms - truth->taken_ms > 2 * SIM_INTERVAL_MS) return false;
        /* Looking late begins the clear time anew. */
        if (w->now_ms - w->machines[m].clock_set_ms < SKEW_MS + clear_ms - CLEAR_MS) return false;
        if (calm && (truth->calm_since_ms == PL_NEVER_MS || truth->calm_since_ms > since_ms)) {
            return false;
        }
    }
    return true;
}

static bool must_page(const struct sim_world *w, uint32_t m)
{
    const struct sim_truth *truth = &w->oracle.machines[m];
    return truth->accepted && over_for(truth, HOLD_MS + SLACK_MS) &&
           w->now_ms - truth->over_until_ms < 2 * SIM_INTERVAL_MS &&
           w->now_ms - w->machines[m].clock_set_ms > SKEW_MS;
}

static void check_alerts(struct sim_world *w)
{
    const struct sim_oracle *o = &w->oracle;
    for (uint32_t m = 0; m < w->machine_count && o->steady_ms > TICK_MS; m++) {
        uint32_t limit = w->machines[m].pool * PL_RULE_COUNT + PL_RULE_LIMIT;
        if (must_page(w, m) && !o->pages[limit]) {
            sim_fail(w, "%s is overloaded and nobody is paged", w->machines[m].name.text);
        }
    }
    for (uint32_t pool = 0; pool < SIM_POOLS; pool++) {
        uint32_t limit = pool * PL_RULE_COUNT + PL_RULE_LIMIT;
        uint32_t silent = pool * PL_RULE_COUNT + PL_RULE_SILENT;
        if (o->fires[limit] && all_is_well(w, pl_engine_alert(w->engine, limit), pool, true)) {
            sim_fail(w, "limit of pool %u fires although all is calm", pool);
        }
        if (o->fires[silent] && all_is_well(w, pl_engine_alert(w->engine, silent), pool, false)) {
            sim_fail(w, "silent of pool %u fires although all are heard", pool);
        }
    }
}

static void check_outbox(struct sim_world *w)
{
    uint32_t count = pl_engine_page_count(w->engine);
    for (uint32_t i = 0; i < count; i++) {
        const struct pl_page *a = pl_engine_page_at(w->engine, i);
        for (uint32_t k = i + 1; k < count; k++) {
            const struct pl_page *b = pl_engine_page_at(w->engine, k);
            if (a->target == b->target && a->alert.rule == b->alert.rule &&
                pl_name_eq(&a->alert.pool, &b->alert.pool)) {
                sim_fail(w, "two pages to pager %u about one alert", a->target);
            }
        }
    }
}

/* Every pager that is well knows the truth before long. */
static void check_told(struct sim_world *w)
{
    struct sim_oracle *o = &w->oracle;
    for (uint32_t a = 0; a < SIM_ALERTS; a++) {
        const struct pl_alert *alert = pl_engine_alert(w->engine, a);
        uint64_t notify = pl_engine_fleet(w->engine)->pools[a / PL_RULE_COUNT].notify;
        for (uint32_t t = 0; t < SIM_TARGETS; t++) {
            const struct sim_pager *pager = &w->pagers[t];
            bool want = pl_alert_pages(alert) && (notify >> t & 1) != 0;
            bool excused = !w->restored || pager->mood != SIM_WELL ||
                           (alert->failed >> t & 1) != 0 || o->lost[a][t];
            if (excused || pager->believes[a] == want)
                o->owed_ms[a][t] = 0;
            else
                o->owed_ms[a][t] += SIM_STEP_MS;
            if (o->owed_ms[a][t] == OWED_MS) {
                sim_fail(w, "pager %u believes alert %u %s", t, a, want ? "is over" : "fires");
            }
        }
    }
}

static void check_counts(struct sim_world *w)
{
    const struct pl_engine_counts *got = pl_engine_counts(w->engine), *want = &w->oracle.counts;
    if (got->samples + got->late != want->samples || got->duplicates != want->duplicates ||
        got->lost != want->lost) {
        sim_fail(w, "the engine's counts do not add up");
    }
    if (got->effects_refused != 0) sim_fail(w, "effects were refused");
    const struct pl_fleet *fleet = pl_engine_fleet(w->engine);
    for (uint32_t pool = 0; pool < fleet->pool_count; pool++) {
        struct pl_pool sum = {0};
        for (uint32_t i = 0; i < fleet->slot_count; i++) {
            const struct pl_host *h = &fleet->hosts[i];
            if (!h->used || h->pool != pool) continue;
            sum.silent_count += h->presence == PL_SILENT;
            sum.waiting_count += h->presence == PL_WAITING;
            for (size_t s = 0; s < PL_STRAIN_COUNT && h->presence == PL_LIVE; s++) {
                sum.held_count[s][h->tiers.held[s]]++;
                sum.coming_count[s][h->tiers.coming[s]]++;
            }
        }
        const struct pl_pool *p = &fleet->pools[pool];
        if (p->silent_count != sum.silent_count || p->waiting_count != sum.waiting_count ||
            memcmp(p->held_count, sum.held_count, sizeof sum.held_count) != 0 ||
            memcmp(p->coming_count, sum.coming_count, sizeof sum.coming_count) != 0) {
            sim_fail(w, "the counts of pool %u are wrong", pool);
        }
    }
}

void sim_oracle_step(struct sim_world *w)
{
    struct sim_oracle *o = &w->oracle;
    if (!w->running || !w->engine || w->now_ms < w->paused_until_ms) {
        o->steady_ms = 0;
        o->stopped_ms += SIM_STEP_MS;
        if (o->stopped_ms > PL_STALL_MS) o->resumed_ms = w->now_ms + SIM_STEP_MS;
        return;
    }
    o->stopped_ms = 0;
    o->steady_ms = pl_engine_in_tilt(w->engine) ? 0 : o->steady_ms + SIM_STEP_MS;
    int64_t since_jump_ms = w->now_ms - PL_MAX(w->clock_set_ms, w->start_ms);
    bool jumped = w->clock_set_ms > w->start_ms && since_jump_ms < PL_TILT_MS;
    if (jumped && since_jump_ms > TICK_MS && !pl_engine_in_tilt(w->engine)) {
        sim_fail(w, "the clock jumped and nothing is tilted");
    }
    check_silence(w);
    check_alerts(w);
    check_outbox(w);
    check_told(w);
    if (w->now_ms % 1000 == 0) check_counts(w);
}

void sim_oracle_end(struct sim_world *w)
{
    if (pl_engine_page_count(w->engine) != 0) sim_fail(w, "pages are left at the end");
    for (uint32_t a = 0; a < SIM_ALERTS; a++) {
        if (w->oracle.fires[a]) sim_fail(w, "alert %u still fires at the end", a);
    }
    for (uint32_t m = 0; m < w->machine_count; m++) {
        const struct sim_machine *machine = &w->machines[m];
        struct pl_boot_id boot_id = sim_boot_id(machine, m);
        const struct sim_record *r = &w->store.hosts[m];
        if (!pl_boot_id_eq(&r->boot_id, &boot_id) || r->durable_seq + 5 < machine->spool.next_seq) {
            sim_fail(w, "%s: samples are missing in the store", machine->name.text);
        }
    }
}
