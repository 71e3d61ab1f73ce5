#include "collector/core/launch/life.h"

#include "common/base/assert.h"

#include <math.h>

/* How long before the start the verdict is asked for again. */
static const int64_t checks_ms[] = {24 * 3600000, 4 * 3600000, 3600000, 15 * 60000};

struct pl_launch_course pl_launch_course_init(int64_t now_unix_ms)
{
    return (struct pl_launch_course){
        .state = PL_LAUNCH_SCHEDULED, .state_unix_ms = now_unix_ms, .least_headroom = 1};
}

static int64_t begins(const struct pl_launch_course *c, const struct pl_launch *l)
{
    return c->announced_unix_ms > 0 ? c->announced_unix_ms : pl_launch_begins_unix_ms(l);
}

bool pl_launch_is_watched(enum pl_launch_state state)
{
    return state == PL_LAUNCH_ARMED || state == PL_LAUNCH_LIVE || state == PL_LAUNCH_COOLING;
}

int64_t pl_launch_next_look(const struct pl_launch_course *c, const struct pl_launch *l,
                            int64_t now_unix_ms)
{
    if (!pl_launch_is_open(c->state) || pl_launch_is_watched(c->state)) return 0;
    int64_t begin_ms = begins(c, l), next_ms = begin_ms - PL_LAUNCH_ARM_MS;
    for (size_t i = 0; i < PL_LEN(checks_ms); i++) {
        int64_t at_ms = begin_ms - checks_ms[i];
        if (at_ms > now_unix_ms && at_ms < next_ms) next_ms = at_ms;
    }
    return PL_MAX(next_ms, now_unix_ms);
}

/* More than usual by a third, and by a tenth of what is expected: a crowd, not a wobble. */
static bool sees_crowd(const struct pl_launch_sight *s)
{
    return s->is_known && s->traffic_per_s > PL_LAUNCH_ONSET * s->usual_per_s &&
           s->traffic_per_s > s->usual_per_s + s->added.p50 / 10;
}

static uint32_t enter(struct pl_launch_course *c, enum pl_launch_state state, int64_t now_unix_ms)
{
    c->state = state;
    c->state_unix_ms = now_unix_ms;
    return PL_LAUNCH_WANTS_SAVE;
}

static void measure(struct pl_launch_course *c, const struct pl_launch_sight *s,
                    int64_t now_unix_ms)
{
    if (!s->is_known) return;
    if (s->ceiling > 0) c->least_headroom = PL_MIN(c->least_headroom, s->headroom);
    if (s->traffic_per_s <= c->peak_per_s) return;
    c->peak_per_s = s->traffic_per_s;
    c->peak_unix_ms = now_unix_ms;
    c->usual_per_s = s->usual_per_s;
}

/* Since when the load is near the usual, once its peak is over. */
static void look_for_calm(struct pl_launch_course *c, const struct pl_launch_sight *s,
                          int64_t now_unix_ms)
{
    if (sees_crowd(s) || !s->is_known)
        c->calm_unix_ms = 0;
    else if (c->calm_unix_ms == 0)
        c->calm_unix_ms = now_unix_ms;
}

static uint32_t live(struct pl_launch_course *c, const struct pl_launch *l,
                     const struct pl_launch_sight *s, int64_t now_unix_ms)
{
    measure(c, s, now_unix_ms);
    bool came = c->onset_unix_ms != 0;
    if (!came && sees_crowd(s)) {
        c->onset_unix_ms = now_unix_ms;
        return PL_LAUNCH_WANTS_SAVE;
    }
    look_for_calm(c, s, now_unix_ms);
    bool over = now_unix_ms >= l->ends_unix_ms;
    if (over && !came) return enter(c, PL_LAUNCH_ABSENT, now_unix_ms);
    bool past_peak = now_unix_ms > s->peak_unix_ms;
    if (over || (came && past_peak && c->calm_unix_ms != 0))
        return enter(c, PL_LAUNCH_COOLING, now_unix_ms);
    return 0;
}

static uint32_t cooling(struct pl_launch_course *c, const struct pl_launch *l,
                        const struct pl_launch_sight *s, int64_t now_unix_ms)
{
    measure(c, s, now_unix_ms);
    look_for_calm(c, s, now_unix_ms);
    if (c->calm_unix_ms != 0 && now_unix_ms - c->calm_unix_ms >= PL_LAUNCH_COOL_MS)
        return enter(c, PL_LAUNCH_DONE, now_unix_ms);
    bool again = c->calm_unix_ms == 0 && s->is_known && now_unix_ms < l->ends_unix_ms;
    if (again) return enter(c, PL_LAUNCH_LIVE, now_unix_ms); // a second wave
    /* Load that stays high is the new usual: an event does not last for ever. */
    bool stays = now_unix_ms >= l->ends_unix_ms + 8 * (int64_t)PL_LAUNCH_COOL_MS;
    return stays ? enter(c, PL_LAUNCH_DONE, now_unix_ms) : 0;
}

static uint32_t become_live(struct pl_launch_course *c, bool came, int64_t now_unix_ms)
{
    c->live_unix_ms = now_unix_ms;
    if (came) c->onset_unix_ms = now_unix_ms;
    return enter(c, PL_LAUNCH_LIVE, now_unix_ms);
}

/* The moments at which the verdict is asked for again, and a capacity that is another one. */
static uint32_t recheck(struct pl_launch_course *c, const struct pl_launch *l,
                        const struct pl_launch_sight *s, int64_t now_unix_ms)
{
    uint32_t wants = c->judged_unix_ms == 0 ? PL_LAUNCH_WANTS_VERDICT : 0;
    for (uint32_t i = 0; i < PL_LEN(checks_ms); i++) {
        uint32_t bit = 1u << i;
        if ((c->checks & bit) != 0 || now_unix_ms < begins(c, l) - checks_ms[i]) continue;
        c->checks |= bit;
        wants |= PL_LAUNCH_WANTS_VERDICT | PL_LAUNCH_WANTS_SAVE;
    }
    if (fabs(s->ceiling - c->first_ceiling) >
        PL_LAUNCH_MOVED * PL_MAX(c->first_ceiling, s->ceiling))
        wants |= PL_LAUNCH_WANTS_VERDICT;
    return wants;
}

uint32_t pl_launch_step(struct pl_launch_course *c, const struct pl_launch *l,
                        const struct pl_launch_sight *sight, int64_t now_unix_ms)
{
    int64_t begins_ms = begins(c, l);
    uint32_t wants = 0;
    if (c->onset_unix_ms == 0 && sight->is_known && !sees_crowd(sight))
        c->before_per_s = sight->usual_per_s;
    switch (c->state) {
    case PL_LAUNCH_SCHEDULED:
        wants = recheck(c, l, sight, now_unix_ms);
        if (now_unix_ms < begins_ms - PL_LAUNCH_PREPARE_MS) return wants;
        return wants | enter(c, PL_LAUNCH_PREPARING, now_unix_ms);
    case PL_LAUNCH_PREPARING:
        wants = recheck(c, l, sight, now_unix_ms);
        if (now_unix_ms < begins_ms - PL_LAUNCH_ARM_MS) return wants;
        return wants | enter(c, PL_LAUNCH_ARMED, now_unix_ms);
    case PL_LAUNCH_ARMED: {
        wants = recheck(c, l, sight, now_unix_ms);
        bool came = sees_crowd(sight);
        if (now_unix_ms < begins_ms && !came) return wants;
        return wants | become_live(c, came, now_unix_ms);
    }
    case PL_LAUNCH_LIVE: return live(c, l, sight, now_unix_ms);
    case PL_LAUNCH_COOLING: return cooling(c, l, sight, now_unix_ms);
    case PL_LAUNCH_DONE:
    case PL_LAUNCH_ABSENT:
    case PL_LAUNCH_CANCELLED: return 0;
    case PL_LAUNCH_STATE_COUNT: break;
    }
    PL_UNREACHABLE("launch state");
}

void pl_launch_judged(struct pl_launch_course *c, const struct pl_launch_verdict *v,
                      int64_t now_unix_ms)
{
    c->colour = v->colour;
    c->judged_unix_ms = now_unix_ms;
    c->ceiling = v->ceiling;
    c->ratio = v->ratio;
    c->expected = v->expected;
    if (c->onset_unix_ms == 0) c->foreseen = v->expected;
}

bool pl_launch_is_absent(const struct pl_launch_course *c, const struct pl_launch *l,
                         int64_t now_unix_ms)
{
    return c->state == PL_LAUNCH_LIVE && c->onset_unix_ms == 0 &&
           now_unix_ms - begins(c, l) >= PL_LAUNCH_ABSENT_MS;
}
