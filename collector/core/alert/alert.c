#include "collector/core/alert/alert.h"

#include "common/base/assert.h"
#include "common/base/text.h"

void pl_alert_init(struct pl_alert *a, enum pl_rule rule, const struct pl_name *pool)
{
    *a = (struct pl_alert){
        .rule = rule, .pool = *pool, .lower_mono_ms = PL_NEVER_MS, .clear_mono_ms = PL_NEVER_MS};
    pl_alert_forget_cycles(a);
}

void pl_alert_forget_cycles(struct pl_alert *a)
{
    for (size_t i = 0; i < PL_LEN(a->cycle_mono_ms); i++) a->cycle_mono_ms[i] = PL_NEVER_MS;
}

/* Another cycle begins: is it one too many? */
static void count_cycle(struct pl_alert *a, const struct pl_alert_policy *policy, struct pl_now now)
{
    const size_t last = PL_LEN(a->cycle_mono_ms) - 1;
    int64_t first_mono_ms = a->cycle_mono_ms[last];
    a->unstable = a->unstable || (policy->unstable_ms > 0 && first_mono_ms != PL_NEVER_MS &&
                                  now.mono_ms - first_mono_ms <= policy->unstable_ms);
    memmove(&a->cycle_mono_ms[1], &a->cycle_mono_ms[0], last * sizeof a->cycle_mono_ms[0]);
    a->cycle_mono_ms[0] = now.mono_ms;
}

static enum pl_alert_action open_alert(struct pl_alert *a, const struct pl_alert_policy *policy,
                                       enum pl_tier tier, struct pl_now now)
{
    a->state = PL_ALERT_FIRING;
    a->unstable = a->lowered = a->hidden = false;
    count_cycle(a, policy, now);
    a->tier = tier;
    a->revision++;
    a->lower_mono_ms = a->clear_mono_ms = PL_NEVER_MS;
    a->opened_unix_ms = now.unix_ms;
    a->resolved_unix_ms = 0;
    return PL_ALERT_OPEN;
}

static enum pl_alert_action step_pending(struct pl_alert *a, const struct pl_alert_policy *policy,
                                         struct pl_verdict verdict, struct pl_now now)
{
    if (verdict.no_data && policy->hold_ms > 0) {
        a->pending_mono_ms = now.mono_ms;
        return PL_ALERT_NONE;
    }
    if (verdict.tier == PL_TIER_NONE && verdict.coming != PL_TIER_NONE) return PL_ALERT_NONE;
    if (verdict.no_data || verdict.tier == PL_TIER_NONE) {
        a->state = a->resolved_unix_ms != 0 ? PL_ALERT_RESOLVED : PL_ALERT_OK;
        return PL_ALERT_NONE;
    }
    if (now.mono_ms - a->pending_mono_ms < policy->hold_ms) return PL_ALERT_NONE;
    return open_alert(a, policy, verdict.tier, now);
}

/* Start the time at `now` if it does not run, stop it if `runs` is false. */
static void run_timer(int64_t *since_mono_ms, bool runs, struct pl_now now)
{
    if (!runs)
        *since_mono_ms = PL_NEVER_MS;
    else if (*since_mono_ms == PL_NEVER_MS)
        *since_mono_ms = now.mono_ms;
}

static bool ran_out(int64_t since_mono_ms, int64_t for_ms, struct pl_now now)
{
    return since_mono_ms != PL_NEVER_MS && now.mono_ms - since_mono_ms >= for_ms;
}

static enum pl_alert_action step_firing(struct pl_alert *a, const struct pl_alert_policy *policy,
                                        struct pl_verdict verdict, struct pl_now now)
{
    if (verdict.no_data) {
        a->lower_mono_ms = a->clear_mono_ms = PL_NEVER_MS;
        if (a->unknown_unix_ms == 0) a->unknown_unix_ms = now.unix_ms;
        return PL_ALERT_NONE;
    }
    int64_t quiet_ms =
        a->unstable ? PL_MAX(policy->unstable_ms, policy->clear_ms) : policy->clear_ms;
    a->unknown_unix_ms = 0;
    run_timer(&a->lower_mono_ms, verdict.tier < a->tier, now);
    run_timer(&a->clear_mono_ms, verdict.tier == PL_TIER_NONE, now);
    if (verdict.tier > a->tier) {
        if (a->lowered) count_cycle(a, policy, now);
        a->hidden = false; // what hid less need not hide this
        a->tier = verdict.tier;
        a->revision++;
        return PL_ALERT_RAISE;
    }
    if (ran_out(a->clear_mono_ms, quiet_ms, now)) {
        a->state = PL_ALERT_RESOLVED;
        if (a->unstable) pl_alert_forget_cycles(a);
        a->resolved_unix_ms = now.unix_ms - (now.mono_ms - a->clear_mono_ms);
        a->revision++;
        return PL_ALERT_CLOSE;
    }
    if (verdict.tier != PL_TIER_NONE && ran_out(a->lower_mono_ms, quiet_ms, now)) {
        a->tier = verdict.tier;
        a->lower_mono_ms = PL_NEVER_MS;
        a->lowered = true;
        a->revision++;
        return PL_ALERT_LOWER;
    }
    return PL_ALERT_NONE;
}

enum pl_alert_action pl_alert_step(struct pl_alert *a, const struct pl_alert_policy *policy,
                                   struct pl_verdict verdict, struct pl_now now)
{
    switch (a->state) {
    case PL_ALERT_OK:
    case PL_ALERT_RESOLVED:
        if (verdict.coming == PL_TIER_NONE && (verdict.no_data || verdict.tier == PL_TIER_NONE))
            return PL_ALERT_NONE;
        a->state = PL_ALERT_PENDING;
        a->pending_mono_ms = now.mono_ms;
        a->since_unix_ms = now.unix_ms;
        return step_pending(a, policy, verdict, now);
    case PL_ALERT_PENDING: return step_pending(a, policy, verdict, now);
    case PL_ALERT_FIRING: return step_firing(a, policy, verdict, now);
    }
    PL_UNREACHABLE("alert state");
}

bool pl_alert_pages(const struct pl_alert *a)
{
    return a->state == PL_ALERT_FIRING && a->tier == PL_TIER_PAGE && !a->hidden;
}

void pl_alert_id(const struct pl_alert *a, char *out)
{
    struct pl_text t = pl_text_init(out, PL_ALERT_ID_MAX + 1);
    pl_text_str(&t, pl_rule_name(a->rule));
    pl_text_char(&t, '/');
    pl_text_span(&t, pl_name_span(&a->pool));
}
