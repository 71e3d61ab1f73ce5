#include "collector/core/launch/rule_launch.h"

#include "common/base/assert.h"

enum { WHOLE_BP = 10000 };

static void raise(struct pl_launch_watch *w, enum pl_launch_rule rule, enum pl_tier tier,
                  uint32_t index, int64_t since_unix_ms)
{
    if (tier <= w->rules[rule].tier) return; // the worst one is told
    w->rules[rule].tier = tier;
    w->rules[rule].launch = index;
    w->rules[rule].since_unix_ms = since_unix_ms;
}

/* A verdict is news from a day before on, and wakes somebody in the last hours, while there is time
 * to act; once the crowd is there the pool itself says how it is. */
static enum pl_tier risk_of(const struct pl_launch_entry *e, int64_t now_unix_ms)
{
    const struct pl_launch_course *c = &e->course;
    int64_t lead_ms = pl_launch_begins_unix_ms(&e->launch) - now_unix_ms;
    if (c->judged_unix_ms == 0 || c->onset_unix_ms != 0) return PL_TIER_NONE;
    if (c->state > PL_LAUNCH_LIVE || lead_ms > PL_LAUNCH_PREPARE_MS) return PL_TIER_NONE;
    switch (c->colour) {
    case PL_VERDICT_GREEN: return PL_TIER_NONE;
    case PL_VERDICT_AMBER:
    case PL_VERDICT_UNKNOWN: return PL_TIER_WARN;
    case PL_VERDICT_RED:
    case PL_VERDICT_BLACK: return lead_ms <= PL_LAUNCH_PAGE_LEAD_MS ? PL_TIER_PAGE : PL_TIER_WARN;
    case PL_VERDICT_COUNT: break;
    }
    PL_UNREACHABLE("colour");
}

void pl_launch_watch_add(struct pl_launch_watch *w, const struct pl_launch_book *book,
                         uint32_t index, struct pl_load load, int64_t now_unix_ms)
{
    const struct pl_launch_entry *e = &book->entries[index];
    const struct pl_launch_course *c = &e->course;
    enum pl_tier risk = risk_of(e, now_unix_ms);
    bool is_first = risk > w->rules[PL_LAUNCH_RULE_RISK].tier;
    raise(w, PL_LAUNCH_RULE_RISK, risk, index, c->judged_unix_ms);
    if (is_first)
        w->rules[PL_LAUNCH_RULE_RISK].value_bp = (int32_t)PL_MIN(c->ratio * WHOLE_BP, 1e9);
    if (!pl_launch_is_watched(c->state)) return;
    w->is_watched = true;
    w->added.p50 += load.p50;
    w->added.p90 += load.p90;
    w->most_per_s = PL_MAX(w->most_per_s, c->expected.p90);
    if (c->ceiling <= 0 || c->ratio > PL_RATIO_AMBER) w->does_not_fit = true;
    if (c->state != PL_LAUNCH_LIVE) return;
    w->is_live = true;
    w->rules[PL_LAUNCH_RULE_OVER].launch = index;
    if (pl_launch_is_absent(c, &e->launch, now_unix_ms))
        raise(w, PL_LAUNCH_RULE_ABSENT, PL_TIER_WARN, index, pl_launch_begins_unix_ms(&e->launch));
}

void pl_launch_watch_judge(struct pl_launch_watch *w, double traffic_per_s, double usual_per_s,
                           double headroom, int64_t now_unix_ms)
{
    double announced = usual_per_s + w->added.p90;
    if (!w->is_live || traffic_per_s <= announced || headroom >= PL_LAUNCH_OVER_HEADROOM) return;
    w->rules[PL_LAUNCH_RULE_OVER].tier = PL_TIER_PAGE;
    w->rules[PL_LAUNCH_RULE_OVER].since_unix_ms = now_unix_ms;
    w->rules[PL_LAUNCH_RULE_OVER].value_bp =
        (int32_t)PL_MIN(WHOLE_BP * traffic_per_s / PL_MAX(announced, 1e-3), 1e9);
}

struct pl_verdict pl_launch_watch_ask(const struct pl_launch_watch *w, enum pl_launch_rule rule)
{
    return (struct pl_verdict){.tier = w->rules[rule].tier};
}

void pl_launch_watch_describe(const struct pl_launch_watch *w, const struct pl_launch_book *book,
                              enum pl_launch_rule rule, struct pl_finding *out)
{
    const struct pl_launch *l = &book->entries[w->rules[rule].launch].launch;
    *out = (struct pl_finding){.tier = w->rules[rule].tier,
                               .value_bp = w->rules[rule].value_bp,
                               .level_bp = WHOLE_BP,
                               .since_unix_ms = w->rules[rule].since_unix_ms,
                               .launch = {.id = l->id}};
    /* Cut between characters where it is long. */
    size_t len = strlen(l->title), cut = 0;
    while (cut < len) {
        size_t step = pl_utf8_len((const uint8_t *)l->title + cut, len - cut);
        if (step == 0 || cut + step >= sizeof out->launch.title) break;
        cut += step;
    }
    memcpy(out->launch.title, l->title, cut);
}

bool pl_launch_watch_explains(const struct pl_launch_watch *w, enum pl_surge_reason reason,
                              double traffic_per_s)
{
    return w->is_watched && !w->does_not_fit && reason != PL_SURGE_OVER &&
           traffic_per_s <= w->most_per_s;
}
