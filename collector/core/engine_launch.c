/* Launches: what is announced is judged when it is told, before it begins, and whenever the pool is
 * another one; what was seen of it is written down. */
#include "collector/core/engine_state.h"

#include "common/base/assert.h"
#include "common/base/err.h"

enum {
    OTHERS_MAX = 16, // launches at the same time on one pool; further ones are left out
    JUDGED_MAX = 32, // in one tick; after a restart all of them are due at once
};

static const struct pl_saturation *pool_of(const struct pl_engine *e, const struct pl_name *name,
                                           uint32_t *pool)
{
    *pool = pl_fleet_find_pool(&e->fleet, name);
    return *pool == PL_NO_INDEX ? NULL : &e->saturation[*pool];
}

/* What it adds to that pool; and into `*guess` (unless NULL) what would be guessed without knowing
 * anything. */
static struct pl_launch_plan plan_for(const struct pl_engine *e, const struct pl_launch *l,
                                      const struct pl_saturation *s, double *guess)
{
    struct pl_launch_basis basis = {.unit = s->unit, .traffic = &s->traffic};
    uint32_t past =
        l->past_event.len > 0 ? pl_launch_find(&e->launches, &l->past_event) : PL_NO_INDEX;
    if (past != PL_NO_INDEX) {
        const struct pl_launch_course *c = &e->launches.entries[past].course;
        basis.past_peak_per_s = PL_MAX(c->peak_per_s - c->usual_per_s, 0);
    }
    struct pl_launch_learned learned;
    pl_launch_learn(&e->launches, l, &learned);
    for (int t = 0; t < PL_CHANNEL_COUNT; t++) basis.learned[t] = learned.channels[t].factor;
    basis.learned_kind = learned.kind.factor;
    if (guess) *guess = pl_launch_guess(l, &basis);
    return pl_launch_estimate(l, &basis);
}

bool pl_launches_meet(const struct pl_launch *a, const struct pl_launch *b)
{
    int64_t from_ms, until_ms;
    return pl_launch_shared_pool(a, b) && pl_launch_overlap(a, b, &from_ms, &until_ms);
}

struct pl_launch_plan pl_engine_plan(const struct pl_engine *e, const struct pl_launch *l,
                                     uint32_t pool)
{
    return plan_for(e, l, &e->saturation[pool], NULL);
}

static bool comes_too(const struct pl_launch_entry *other, const struct pl_launch *l,
                      const struct pl_name *pool)
{
    return other->used && pl_launch_is_open(other->course.state) &&
           !pl_name_eq(&other->launch.id, &l->id) && pl_launch_names_pool(&other->launch, pool) &&
           pl_launches_meet(&other->launch, l);
}

struct pl_launch_verdict pl_engine_judge_launch(const struct pl_engine *e,
                                                const struct pl_launch *l, uint32_t nth,
                                                int64_t now_unix_ms, struct pl_launch_plan *plan)
{
    PL_ASSERT(nth < l->pool_count);
    uint32_t pool;
    const struct pl_saturation *s = pool_of(e, &l->pools[nth], &pool);
    *plan = (struct pl_launch_plan){0};
    if (!s)
        return (struct pl_launch_verdict){.colour = PL_VERDICT_UNKNOWN, .tight_host = PL_NO_INDEX};
    struct pl_launch_plan others[OTHERS_MAX];
    const struct pl_launch_plan *borrowed[OTHERS_MAX];
    struct pl_launch_ground ground = {.pool = s,
                                      .fleet = &e->fleet,
                                      .act_ms =
                                          (int64_t)(e->rules[pool].saturation.time_to_act_s * 1000),
                                      .others = borrowed};
    for (uint32_t i = 0; i < e->launches.used_max && ground.other_count < OTHERS_MAX; i++) {
        const struct pl_launch_entry *other = &e->launches.entries[i];
        if (!comes_too(other, l, &l->pools[nth])) continue;
        others[ground.other_count] = plan_for(e, &other->launch, s, NULL);
        borrowed[ground.other_count] = &others[ground.other_count];
        ground.other_count++;
    }
    *plan = plan_for(e, l, s, NULL);
    return pl_launch_judge(l, plan, &ground, now_unix_ms);
}

static void save(struct pl_engine *e, uint32_t index)
{
    e->launches.entries[index].unsaved = false;
    pl_engine_emit(e, &(struct pl_effect){.type = PL_EFFECT_SAVE_LAUNCH, .launch = index});
}

/* What the pool has without the crowd. Where no other day is known it is what was before: the crowd
 * itself is no measure. */
static double usual_now(const struct pl_engine *e, const struct pl_saturation *s, bool *assumed)
{
    double usual = pl_launch_usual(&s->traffic, e->now.unix_ms, assumed);
    return *assumed ? PL_MIN(usual, s->traffic.ladder.level[PL_RUNG_HOUR]) : usual;
}

static struct pl_launch_sight look(const struct pl_engine *e, const struct pl_launch_entry *entry)
{
    uint32_t pool;
    const struct pl_saturation *s = pool_of(e, &entry->launch.pools[0], &pool);
    struct pl_launch_sight sight = {.added = entry->plan.peak,
                                    .peak_unix_ms = entry->plan.peak_unix_ms};
    if (!s || !s->traffic.ladder.started) return sight;
    const struct pl_headroom *h = &s->headroom;
    sight.is_known = true;
    sight.traffic_per_s = s->traffic.ladder.level[PL_RUNG_8S];
    bool assumed;
    sight.usual_per_s = usual_now(e, s, &assumed);
    bool came = entry->course.onset_unix_ms != 0 && entry->course.before_per_s > 0;
    if (assumed && came) sight.usual_per_s = PL_MIN(sight.usual_per_s, entry->course.before_per_s);
    sight.headroom = h->headroom;
    if (h->source != PL_CAPACITY_UNKNOWN)
        sight.ceiling = h->live_count == 1 ? h->whole.p50 : h->spare.p50;
    return sight;
}

/* The verdict of the worst of its pools counts. */
static void judge(struct pl_engine *e, uint32_t index)
{
    struct pl_launch_entry *entry = &e->launches.entries[index];
    struct pl_launch_verdict worst = {.colour = PL_VERDICT_GREEN};
    bool was_known = entry->course.judged_unix_ms != 0;
    for (uint32_t i = 0; i < entry->launch.pool_count; i++) {
        struct pl_launch_plan plan;
        struct pl_launch_verdict v =
            pl_engine_judge_launch(e, &entry->launch, i, e->now.unix_ms, &plan);
        if (i == 0) entry->plan = plan;
        if (i == 0 || v.colour > worst.colour) worst = v;
    }
    enum pl_verdict_colour before = entry->course.colour;
    pl_launch_judged(&entry->course, &worst, e->now.unix_ms);
    entry->course.first_ceiling = look(e, entry).ceiling;
    uint32_t pool;
    const struct pl_saturation *s = pool_of(e, &entry->launch.pools[0], &pool);
    if (s && entry->course.onset_unix_ms == 0)
        (void)plan_for(e, &entry->launch, s, &entry->course.guessed_per_s); // the plan is made
    if (was_known && before == worst.colour) return;
    pl_launch_log(entry, &(struct pl_launch_note){.event = PL_LAUNCH_EVENT_VERDICT,
                                                  .revision = entry->launch.revision,
                                                  .unix_ms = e->now.unix_ms,
                                                  .state = entry->course.state,
                                                  .colour = worst.colour});
    save(e, index);
}

/* After a restart its plan is made anew, once its pool is known again. */
static void plan_again(const struct pl_engine *e, struct pl_launch_entry *entry)
{
    uint32_t pool;
    const struct pl_saturation *s = pool_of(e, &entry->launch.pools[0], &pool);
    if (entry->plan.begin_unix_ms == 0 && s && s->traffic.ladder.started)
        entry->plan = plan_for(e, &entry->launch, s, NULL);
}

/* True if it was judged. */
static bool step(struct pl_engine *e, uint32_t index)
{
    struct pl_launch_entry *entry = &e->launches.entries[index];
    enum pl_launch_state before = entry->course.state;
    plan_again(e, entry);
    struct pl_launch_sight sight = look(e, entry);
    uint32_t wants = pl_launch_step(&entry->course, &entry->launch, &sight, e->now.unix_ms);
    if ((wants & PL_LAUNCH_WANTS_VERDICT) != 0) judge(e, index);
    if (before != entry->course.state) {
        pl_launch_log(entry, &(struct pl_launch_note){.event = PL_LAUNCH_EVENT_STATE,
                                                      .revision = entry->launch.revision,
                                                      .unix_ms = e->now.unix_ms,
                                                      .state = entry->course.state,
                                                      .colour = entry->course.colour});
        pl_engine_emit(e, &(struct pl_effect){.type = PL_EFFECT_LAUNCH_STATE, .launch = index});
    }
    pl_engine_follow_launch(e, index, &sight);
    if ((wants & PL_LAUNCH_WANTS_SAVE) != 0) entry->unsaved = true;
    return (wants & PL_LAUNCH_WANTS_VERDICT) != 0;
}

/* ---- what they make of the pools ---- */

enum pl_launch_rule pl_engine_launch_rule(enum pl_rule rule)
{
    PL_ASSERT(rule >= PL_RULE_LAUNCH_RISK && rule <= PL_RULE_LAUNCH_ABSENT);
    return (enum pl_launch_rule)(rule - PL_RULE_LAUNCH_RISK);
}

struct pl_verdict pl_engine_excuse(const struct pl_engine *e, uint32_t pool)
{
    const struct pl_saturation *s = &e->saturation[pool];
    struct pl_verdict v = pl_rule_saturation_judge(s, &e->fleet.pools[pool]);
    bool explained = pl_launch_watch_explains(&e->launch_watch[pool], s->finding.reason,
                                              s->traffic.ladder.level[PL_RUNG_30S]);
    if (explained && v.tier == PL_TIER_PAGE) v.tier = PL_TIER_WARN;
    return v;
}

/* Every pool of the launch is told. */
static void tell_pools(struct pl_engine *e, uint32_t index)
{
    const struct pl_launch_entry *entry = &e->launches.entries[index];
    for (uint32_t i = 0; i < entry->launch.pool_count; i++) {
        uint32_t pool;
        const struct pl_saturation *s = pool_of(e, &entry->launch.pools[i], &pool);
        if (!s) continue;
        struct pl_load load = {0};
        if (pl_launch_is_watched(entry->course.state)) {
            struct pl_launch_plan plan = plan_for(e, &entry->launch, s, NULL);
            load = pl_launch_load(&plan, e->now.unix_ms);
        }
        pl_launch_watch_add(&e->launch_watch[pool], &e->launches, index, load, e->now.unix_ms);
    }
}

static void judge_pools(struct pl_engine *e)
{
    for (uint32_t pool = 0; pool < e->fleet.pool_count; pool++) {
        const struct pl_saturation *s = &e->saturation[pool];
        const struct pl_headroom *h = &s->headroom;
        bool assumed;
        pl_launch_watch_judge(&e->launch_watch[pool], s->traffic.ladder.level[PL_RUNG_30S],
                              usual_now(e, s, &assumed),
                              h->source == PL_CAPACITY_UNKNOWN ? 1 : h->headroom, e->now.unix_ms);
    }
}

void pl_engine_step_launches(struct pl_engine *e)
{
    if (e->tilted || (e->launches.used_max == 0)) return;
    uint32_t judged = 0;
    for (uint32_t i = 0; i < e->launches.used_max && judged < JUDGED_MAX; i++) {
        const struct pl_launch_entry *entry = &e->launches.entries[i];
        bool is_open = pl_launch_is_open(entry->course.state);
        if (!entry->used || (!is_open && !entry->unsaved)) continue;
        if (!pl_engine_has_room(e)) return; // the next tick looks again
        if (is_open && step(e, i)) judged++;
        if (entry->unsaved) save(e, i);
    }
    memset(e->launch_watch, 0, e->fleet.pool_count * sizeof e->launch_watch[0]);
    for (uint32_t i = 0; i < e->launches.used_max; i++) {
        const struct pl_launch_entry *entry = &e->launches.entries[i];
        if (entry->used && pl_launch_is_open(entry->course.state)) tell_pools(e, i);
    }
    judge_pools(e);
}

/* ---- what people do ---- */

const struct pl_launch_book *pl_engine_launches(const struct pl_engine *e)
{
    return &e->launches;
}

int pl_engine_put_launch(struct pl_engine *e, const struct pl_launch *l, struct pl_now now,
                         uint32_t *index)
{
    now = pl_engine_begin(e, now);
    uint32_t found = pl_launch_find(&e->launches, &l->id);
    struct pl_name dropped = {0};
    int err = found == PL_NO_INDEX ? pl_launch_place(&e->launches, &found, &dropped) : 0;
    if (dropped.len > 0)
        pl_engine_emit(e, &(struct pl_effect){.type = PL_EFFECT_DROP_LAUNCH, .name = dropped});
    if (err == 0) {
        pl_launch_revise(&e->launches.entries[found], l, now.unix_ms);
        judge(e, found);
        *index = found;
    }
    pl_engine_end(e);
    return err;
}

void pl_engine_remember_request(struct pl_engine *e, uint32_t launch, uint64_t key, uint64_t hash)
{
    PL_ASSERT(launch < e->launches.used_max);
    e->launches.entries[launch].idempotency_key = key;
    e->launches.entries[launch].request_hash = hash;
}

bool pl_engine_act_on_launch(struct pl_engine *e, uint32_t launch, enum pl_launch_event event,
                             const char *author, struct pl_now now)
{
    PL_ASSERT(event == PL_LAUNCH_EVENT_CANCELLED || event == PL_LAUNCH_EVENT_ANNOUNCED);
    struct pl_launch_entry *entry = &e->launches.entries[launch];
    if (launch >= e->launches.used_max || !pl_launch_is_open(entry->course.state)) return false;
    now = pl_engine_begin(e, now);
    struct pl_launch_course *c = &entry->course;
    if (event == PL_LAUNCH_EVENT_CANCELLED) {
        c->state = PL_LAUNCH_CANCELLED;
        c->state_unix_ms = now.unix_ms;
    } else if (c->announced_unix_ms == 0) {
        c->announced_unix_ms = now.unix_ms;
        entry->launch.announce_unix_ms = now.unix_ms; // its curve begins here
        c->judged_unix_ms = 0;
    }
    entry->launch.revision++;
    struct pl_launch_note note = {.event = event,
                                  .revision = entry->launch.revision,
                                  .unix_ms = now.unix_ms,
                                  .state = c->state,
                                  .colour = c->colour};
    struct pl_text text = pl_text_init(note.author, sizeof note.author);
    pl_text_str(&text, author);
    pl_launch_log(entry, &note);
    if (event == PL_LAUNCH_EVENT_ANNOUNCED) judge(e, launch);
    pl_engine_end(e);
    return true;
}

int pl_engine_restore_launch(struct pl_engine *e, const struct pl_launch_entry *entry)
{
    if (pl_launch_find(&e->launches, &entry->launch.id) != PL_NO_INDEX) return 0; // newer here
    uint32_t index;
    struct pl_name dropped = {0};
    int err = pl_launch_place(&e->launches, &index, &dropped);
    if (err != 0) return err;
    if (dropped.len > 0)
        pl_engine_emit(e, &(struct pl_effect){.type = PL_EFFECT_DROP_LAUNCH, .name = dropped});
    e->launches.entries[index] = *entry;
    e->launches.entries[index].used = true;
    e->launches.entries[index].course.judged_unix_ms = 0; // by the pool as it is now
    return 0;
}
