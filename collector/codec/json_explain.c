#include "collector/codec/json_explain.h"

#include "collector/codec/alert_text.h"
#include "collector/codec/json_put.h"
#include "collector/codec/json_service.h"
#include "collector/core/judge/rule_host.h"

#include <math.h>

enum { LINE_BYTES = 768, TOLD_MAX = 8 };

/* One sentence at a time, in a buffer of its own; with a trailing comma but for the first. */
struct lines {
    struct pl_text *out; // borrowed
    bool any;
    struct pl_text line;
    char line_bytes[LINE_BYTES];
};

static struct pl_text *begin(struct lines *l)
{
    l->line = pl_text_init(l->line_bytes, sizeof l->line_bytes);
    return &l->line;
}

static void end(struct lines *l, const char *topic)
{
    pl_text_str(l->out, l->any ? ",{\"topic\":\"" : "{\"topic\":\"");
    pl_text_str(l->out, topic);
    pl_text_str(l->out, "\",\"text\":");
    pl_text_json(l->out, pl_text_bytes(&l->line));
    pl_text_char(l->out, '}');
    l->any = true;
}

static void put_percent(struct pl_text *t, int32_t bp)
{
    pl_text_fixed(t, bp, 100);
    pl_text_str(t, " %");
}

/* ---- what the rule wants ---- */

static void put_levels(struct pl_text *t, const struct pl_rules *rules, enum pl_strain strain)
{
    bool any = false;
    for (enum pl_resource r = 0; r < PL_RESOURCE_COUNT; r++) {
        const struct pl_level_policy *p = &rules->levels[r];
        if (pl_resource_strain(r) != strain) continue;
        pl_text_str(t, any ? "; " : "");
        any = true;
        pl_text_str(t, pl_resource_name(r));
        pl_text_str(t, p->page_bp == INT32_MAX ? " warns at " : " pages at ");
        put_percent(t, p->page_bp == INT32_MAX ? p->warn_bp : p->page_bp);
        if (p->hold_ms > 0) pl_text_str(t, " for ");
        if (p->hold_ms > 0) pl_duration_write(p->hold_ms, t);
    }
}

static void put_rule(struct pl_text *t, const struct pl_rules *rules, enum pl_rule rule)
{
    switch (rule) {
    case PL_RULE_LIMIT: put_levels(t, rules, PL_STRAIN_LIMIT); break;
    case PL_RULE_STALL: put_levels(t, rules, PL_STRAIN_STALL); break;
    case PL_RULE_IMBALANCE: put_levels(t, rules, PL_STRAIN_IMBALANCE); break;
    case PL_RULE_SATURATION:
        pl_text_str(t, "pages when the pool is expected to be full within ");
        pl_duration_write((int64_t)(rules->saturation.time_to_act_s * 1000), t);
        break;
    case PL_RULE_SILENT:
        pl_text_str(t, "pages when a host has missed ");
        pl_text_i64(t, rules->silent_intervals);
        pl_text_str(t, " samples");
        break;
    case PL_RULE_COLLAPSE:
        pl_text_str(t, "pages when traffic is under ");
        put_percent(t, (int32_t)lround(rules->collapse_share * 10000));
        pl_text_str(t, " of what is usual now, for ");
        pl_duration_write(rules->collapse_hold_ms, t);
        break;
    case PL_RULE_NO_SPARE:
        pl_text_str(t, "warns when no host could be lost, for ");
        pl_duration_write(rules->no_spare_hold_ms, t);
        break;
    case PL_RULE_LAUNCH_RISK:
        pl_text_str(t, "pages in the last hours before a launch that is not safe");
        break;
    case PL_RULE_LAUNCH_OVER:
        pl_text_str(t, "pages when a launch brings more than announced and little is left");
        break;
    case PL_RULE_LAUNCH_ABSENT:
        pl_text_str(t, "warns when nobody came a quarter of an hour after the announcement");
        break;
    case PL_RULE_EXTERNAL:
        pl_text_str(t, "pages when another program, such as a Prometheus, posts an alert with "
                       "severity critical or page, warns with severity warning");
        break;
    case PL_RULE_NOTIFIER:
        pl_text_str(t,
                    "pages when a notifier says that it will never take a page, refuses three in a "
                    "row, or takes none for ");
        pl_duration_write(PL_HEALTH_FAILING_MS, t);
        pl_text_str(t, "; only others are told. It ends with the first message it takes: plimsoll "
                       "notify test NAME sends one");
        return;
    case PL_RULE_COUNT: break;
    }
    pl_text_str(t, ". It ends when that is over for ");
    pl_duration_write(rules->clear_ms[rule], t);
}

/* ---- what it sees, and what became of the alert ---- */

static const char *tier_name(enum pl_tier tier)
{
    return tier == PL_TIER_PAGE ? "a page" : "a warning";
}

static void put_verdict(struct pl_text *t, const struct pl_explanation *x)
{
    const struct pl_verdict *v = &x->verdict;
    if (x->tilted) {
        pl_text_str(t, "not asked: a clock jumped, and for half a minute no rule acts");
    } else if (x->coming_back) {
        pl_text_str(t, "not asked: the collector has just started and no host is back yet");
    } else if (v->tier != PL_TIER_NONE) {
        pl_text_str(t, "sees reason for ");
        pl_text_str(t, tier_name(v->tier));
    } else if (v->coming != PL_TIER_NONE) {
        pl_text_str(t, "sees what will be reason for ");
        pl_text_str(t, tier_name(v->coming));
        pl_text_str(t, " if it lasts");
    } else if (v->no_data) {
        pl_text_str(t, "cannot tell: not every host of the pool is heard, so the alert stays as it "
                       "is");
    } else {
        pl_text_str(t, "sees nothing wrong");
    }
}

static void put_alert(struct pl_text *t, const struct pl_alert *a, int64_t now_unix_ms)
{
    if (a->state == PL_ALERT_OK) {
        pl_text_str(t, "it has not fired");
        return;
    }
    pl_alert_title_write(a, now_unix_ms, t);
    pl_text_str(t, a->state == PL_ALERT_PENDING ? "; pending since " : "; since ");
    pl_text_rfc3339(t, a->since_unix_ms);
    if (a->state == PL_ALERT_RESOLVED) {
        pl_text_str(t, ", over since ");
        pl_text_rfc3339(t, a->resolved_unix_ms);
    }
}

/* ---- why nobody hears of it ---- */

static void put_until(struct lines *l, const char *by, int64_t until_unix_ms)
{
    pl_text_str(&l->line, by);
    pl_text_str(&l->line, " until ");
    pl_text_rfc3339(&l->line, until_unix_ms);
}

static void put_silence(struct lines *l, const struct pl_silence *silence)
{
    pl_text_str(begin(l), "silenced by ");
    put_until(l, silence->by, silence->ends_unix_ms);
    pl_text_str(&l->line, ": ");
    pl_text_str(&l->line, silence->reason);
    end(l, "silent");
}

static void put_why_silent(struct lines *l, const struct pl_view *view, uint32_t index)
{
    const struct pl_alert *a = pl_engine_alert(view->engine, index);
    const struct pl_handling *h = pl_engine_handling(view->engine, index);
    const struct pl_silence *silence =
        pl_silences_find(pl_engine_silences(view->engine), pl_engine_silenced(view->engine, index));
    if (a->state != PL_ALERT_FIRING) return;
    if (a->tier != PL_TIER_PAGE) {
        pl_text_str(begin(l), "a warning shows on the page and wakes nobody");
        end(l, "silent");
    }
    if (a->hidden) {
        pl_text_str(begin(l), "a consequence of ");
        pl_text_str(&l->line, pl_rule_name(a->hidden_by));
        pl_text_str(&l->line, " of the same pool, which pages");
        end(l, "silent");
    }
    if (silence) put_silence(l, silence);
    if (h->hold != PL_HOLD_NONE) {
        pl_text_str(begin(l), pl_hold_name(h->hold));
        pl_text_str(&l->line, " by ");
        put_until(l, h->by, h->until_unix_ms);
        end(l, "silent");
    }
}

/* ---- whom it goes to ---- */

/* "route_names: a, b"; nothing for an empty set. */
static void put_targets(struct pl_text *t, const struct pl_view *view, const char *what,
                        uint64_t targets)
{
    if (targets == 0) return;
    pl_text_str(t, what);
    bool any = false;
    for (uint32_t target = 0; target < view->target_count; target++) {
        if ((targets & pl_target_bit(target)) == 0) continue;
        pl_text_str(t, any ? ", " : " ");
        pl_text_span(t, pl_name_span(&view->targets[target]));
        any = true;
    }
}

static void put_route(struct lines *l, const struct pl_view *view, const struct pl_alert *a,
                      const struct pl_explanation *x)
{
    if (!pl_alert_pages(a) || (x->route.step_count == 0 && a->paged != 0)) return;
    struct pl_text *t = begin(l);
    bool nobody = true;
    for (uint32_t s = 0; s < x->route.step_count; s++)
        nobody = nobody && x->route.steps[s].receiver_count == 0;
    if (nobody) {
        pl_text_str(t, "it goes to nobody: no notifier of its pool is there now, or it is held");
        end(l, "route");
        return;
    }
    pl_text_str(t, "step ");
    pl_text_u64(t, x->look.step + 1);
    pl_text_str(t, " of ");
    pl_text_u64(t, x->route.step_count);
    if (x->route.repeat > 0) pl_text_str(t, ", round ");
    if (x->route.repeat > 0) pl_text_u64(t, x->look.round + 1);
    put_targets(t, view, "; must know:", x->look.wanted);
    put_targets(t, view, "; know:", a->paged);
    put_targets(t, view, "; waits to be sent:", x->queued);
    put_targets(t, view, "; given up:", a->failed);
    if (x->look.again_mono_ms != INT64_MAX) {
        pl_text_str(t, "; others are asked in ");
        pl_duration_write(x->look.again_mono_ms - view->now.mono_ms, t);
    }
    end(l, "route");
}

static void put_told(struct lines *l, const struct pl_view *view, const struct pl_delivery *d)
{
    struct pl_text *t = begin(l);
    bool is_known = d->target_index < view->target_count;
    pl_text_rfc3339(t, d->at_unix_ms);
    pl_text_char(t, ' ');
    pl_text_span(t, pl_name_span(is_known ? &view->targets[d->target_index] : &d->target));
    pl_text_str(t, d->resolved ? " the end: " : " that it fires: ");
    pl_text_str(t, pl_delivery_end_name(d->end));
    if (d->attempt > 0) pl_text_str(t, ", attempt ");
    if (d->attempt > 0) pl_text_u64(t, d->attempt);
    if (d->status > 0) pl_text_str(t, ", answer ");
    if (d->status > 0) pl_text_i64(t, d->status);
    end(l, "told");
}

static void put_deliveries(struct lines *l, const struct pl_view *view, const struct pl_alert *a)
{
    const struct pl_deliveries *log = pl_engine_deliveries(view->engine);
    uint32_t shown = 0;
    for (uint64_t n = 0; n < PL_DELIVERIES_MAX && n < log->last_number && shown < TOLD_MAX; n++) {
        const struct pl_delivery *d = &log->items[(log->last_number - n) % PL_DELIVERIES_MAX];
        bool is_its = d->number == log->last_number - n && d->rule == a->rule &&
                      pl_name_eq(&d->pool, &a->pool);
        if (!is_its || d->opened_unix_ms != a->opened_unix_ms) continue;
        put_told(l, view, d);
        shown++;
    }
}

/* Hosts of its pool on which a proxy stands before the service; the first of them is an example. */
static void put_hidden(struct lines *l, const struct pl_view *view, uint32_t pool)
{
    const struct pl_fleet *fleet = pl_engine_fleet(view->engine);
    const struct pl_host *first = NULL;
    uint32_t count = 0;
    for (uint32_t i = fleet->pools[pool].first_host; i != PL_NO_INDEX;
         i = fleet->hosts[i].next_peer) {
        const struct pl_host *host = &fleet->hosts[i];
        if (!pl_service_hides(host)) continue;
        if (!first) first = host;
        count++;
    }
    if (!first) return;
    struct pl_text *t = begin(l);
    pl_service_hint_write(first, t);
    if (count > 1) pl_text_str(t, "; likewise on other hosts of this pool: ");
    if (count > 1) pl_text_u64(t, count - 1);
    end(l, "service");
}

void pl_json_explain(struct pl_text *out, const struct pl_view *view, uint32_t alert)
{
    const struct pl_alert *a = pl_engine_alert(view->engine, alert);
    struct pl_explanation x;
    char id[PL_ALERT_ID_MAX + 1];
    pl_engine_explain(view->engine, alert, &x);
    pl_alert_id(a, id);
    pl_json_put_time(out, "{\"now\":", view->now.unix_ms);
    pl_text_str(out, ",\"alert\":");
    pl_text_json(out, pl_span_of(id));
    pl_text_str(out, ",\"lines\":[");
    struct lines l = {.out = out};
    put_rule(begin(&l), pl_engine_rules(view->engine, alert / PL_RULE_COUNT), a->rule);
    end(&l, "rule");
    put_verdict(begin(&l), &x);
    end(&l, "now");
    put_alert(begin(&l), a, view->now.unix_ms);
    end(&l, "alert");
    put_why_silent(&l, view, alert);
    put_route(&l, view, a, &x);
    put_deliveries(&l, view, a);
    put_hidden(&l, view, alert / PL_RULE_COUNT);
    pl_text_str(out, "]}\n");
}
