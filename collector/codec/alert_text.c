#include "collector/codec/alert_text.h"

#include "common/base/assert.h"

/* Hosts named in a sentence; the rest is counted. */
enum {
    SILENT_NAMED_MAX = 2,
    STALLED_NAMED_MAX = 1,
    UNFAIR_NAMED_MAX = 2,
    EXTERNAL_NAMED_MAX = 2,
    NOTIFIERS_NAMED_MAX = 2,
};

static void pair_write(int64_t big, const char *big_unit, int64_t small, const char *small_unit,
                       struct pl_text *out)
{
    pl_text_i64(out, big);
    pl_text_str(out, big_unit);
    if (small == 0) return;
    pl_text_char(out, ' ');
    pl_text_i64(out, small);
    pl_text_str(out, small_unit);
}

void pl_duration_write(int64_t ms, struct pl_text *out)
{
    int64_t s = ms > 0 ? ms / 1000 : 0;
    if (s < 60) {
        pair_write(s, " s", 0, "", out);
    } else if (s < 3600) {
        pair_write(s / 60, " min", s % 60, " s", out);
    } else if (s < 86400) {
        pair_write(s / 3600, " h", s / 60 % 60, " min", out);
    } else {
        pair_write(s / 86400, " d", s / 3600 % 24, " h", out);
    }
}

void pl_alert_hosts_write(const struct pl_finding *f, uint32_t named_max, struct pl_text *out)
{
    uint32_t named = PL_MIN(f->named_count, named_max);
    uint32_t others = f->host_count > named ? f->host_count - named : 0;
    for (uint32_t i = 0; i < named; i++) {
        bool last = i + 1 == named && others == 0;
        if (i > 0) pl_text_str(out, last ? " and " : ", ");
        pl_text_span(out, pl_name_span(&f->hosts[i]));
    }
    if (others == 0) return;
    if (named > 0) pl_text_str(out, " and ");
    pl_text_u64(out, others);
    if (named > 0) pl_text_str(out, " other");
    pl_text_str(out, others == 1 ? " host" : " hosts");
}

static void percent_write(int32_t bp, int32_t step_bp, struct pl_text *out)
{
    pl_text_fixed(out, bp - bp % step_bp, 100);
    pl_text_str(out, " %");
}

/* The value is as fine as its limit: "97 %" against "90 %", "97.4 %" against "92.5 %". */
static int32_t step_of(int32_t level_bp)
{
    return level_bp % 100 == 0 ? 100 : level_bp % 10 == 0 ? 10 : 1;
}

/* An alert holds since its rule does; the worst host may have been over its level for the rule's
 * hold time by then. */
static int64_t began_unix_ms(const struct pl_alert *a)
{
    int64_t crossed_unix_ms = a->finding.since_unix_ms;
    return crossed_unix_ms > 0 ? PL_MIN(a->since_unix_ms, crossed_unix_ms) : a->since_unix_ms;
}

/* "cpu of fe1", "accept queue of nginx *:443 on fe1": what is short, and where. */
static void subject_write(const struct pl_finding *f, struct pl_text *out)
{
    if (f->resource == PL_RESOURCE_OOM) {
        pl_text_str(out, "memory of ");
        pl_alert_hosts_write(f, 1, out);
        return;
    }
    bool of_queue =
        f->resource == PL_RESOURCE_ACCEPT_QUEUE || f->resource == PL_RESOURCE_ACCEPT_OVERFLOW;
    pl_text_str(out, of_queue ? "accept queue" : pl_resource_name(f->resource));
    pl_text_str(out, " of ");
    if (f->listener.address[0] != '\0') {
        pl_text_str(out, f->listener.owner);
        if (f->listener.owner[0] != '\0') pl_text_char(out, ' ');
        pl_text_str(out, f->listener.address);
        pl_text_str(out, " on ");
    }
    pl_alert_hosts_write(f, 1, out);
}

/* " full (511 of 511)", " at 80 % of 511 (limit 70 %)". */
static void queue_write(const struct pl_finding *f, struct pl_text *out)
{
    bool is_full = f->value_bp >= 10000, is_named = f->listener.address[0] != '\0';
    pl_text_str(out, is_full ? " full" : " at ");
    if (!is_full) percent_write(f->value_bp, step_of(f->level_bp), out);
    if (is_named) {
        pl_text_str(out, is_full ? " (" : " of ");
        pl_text_u64(out, f->listener.backlog);
    }
    if (is_named && is_full) {
        pl_text_str(out, " of ");
        pl_text_u64(out, f->listener.backlog);
        pl_text_char(out, ')');
    }
    if (is_full) return;
    pl_text_str(out, " (limit ");
    percent_write(f->level_bp, step_of(f->level_bp), out);
    pl_text_char(out, ')');
}

/* " for 4 s", and while it must still last: ", pages at 10 s". */
static void lasted_write(const struct pl_finding *f, int64_t lasted_ms, struct pl_text *out)
{
    if (lasted_ms >= 1000) { // paged at once: there is no duration to tell yet
        pl_text_str(out, " for ");
        pl_duration_write(lasted_ms, out);
    }
    if (f->hold_ms == 0) return;
    pl_text_str(out, f->tier == PL_TIER_PAGE ? ", pages at " : ", warns at ");
    pl_duration_write(f->hold_ms, out);
}

static void limit_write(const struct pl_finding *f, int64_t lasted_ms, struct pl_text *out)
{
    int32_t step_bp = step_of(f->level_bp);
    subject_write(f, out);
    if (f->resource == PL_RESOURCE_ACCEPT_OVERFLOW) {
        pl_text_str(out, " overflows, connections are lost");
        return;
    }
    if (f->resource == PL_RESOURCE_OOM) {
        pl_text_str(out, " ran out, the kernel kills processes");
        return;
    }
    if (f->resource == PL_RESOURCE_ACCEPT_QUEUE) {
        queue_write(f, out);
    } else {
        pl_text_str(out, f->host_count > 1 ? " at up to " : " at ");
        percent_write(f->value_bp, step_bp, out);
        pl_text_str(out, " (limit ");
        percent_write(f->level_bp, step_bp, out);
        pl_text_char(out, ')');
    }
    lasted_write(f, lasted_ms, out);
}

static const char *awaited(const struct pl_finding *f)
{
    return f->resource == PL_RESOURCE_IO_STALL ? "I/O" : "memory";
}

static void stall_write(const struct pl_finding *f, int64_t lasted_ms, struct pl_text *out)
{
    pl_alert_hosts_write(f, STALLED_NAMED_MAX, out);
    pl_text_str(out, " stalled, waiting for ");
    pl_text_str(out, awaited(f));
    pl_text_str(out, f->host_count > 1 ? " up to " : " ");
    percent_write(f->value_bp, step_of(f->level_bp), out);
    pl_text_str(out, " of the time (limit ");
    percent_write(f->level_bp, step_of(f->level_bp), out);
    pl_text_char(out, ')');
    lasted_write(f, lasted_ms, out);
}

static void stall_over(const struct pl_finding *f, struct pl_text *out)
{
    pl_alert_hosts_write(f, STALLED_NAMED_MAX, out);
    pl_text_str(out, f->host_count > 1 ? " do not stall for " : " does not stall for ");
    pl_text_str(out, awaited(f));
    pl_text_str(out, " any more");
}

static void times_write(int32_t bp, struct pl_text *out)
{
    pl_text_fixed(out, bp - bp % 1000, 10000);
}

static void imbalance_write(const struct pl_finding *f, int64_t lasted_ms, struct pl_text *out)
{
    pl_alert_hosts_write(f, UNFAIR_NAMED_MAX, out);
    pl_text_str(out, f->host_count > 1 ? " take up to " : " takes ");
    times_write(f->value_bp, out);
    pl_text_str(out, f->host_count > 1 ? " times their fair share of the traffic (limit "
                                       : " times its fair share of the traffic (limit ");
    times_write(f->level_bp, out);
    pl_text_char(out, ')');
    lasted_write(f, lasted_ms, out);
}

static void imbalance_over(const struct pl_finding *f, struct pl_text *out)
{
    pl_alert_hosts_write(f, UNFAIR_NAMED_MAX, out);
    pl_text_str(out, f->host_count > 1 ? " take their" : " takes its");
    pl_text_str(out, " fair share of the traffic again");
}

static void collapse_write(const struct pl_finding *f, int64_t lasted_ms, struct pl_text *out)
{
    pl_text_str(out, "traffic collapsed to ");
    percent_write(f->value_bp, 100, out);
    pl_text_str(out, " of what is usual now, although ");
    pl_alert_hosts_write(f, 0, out);
    pl_text_str(out, f->host_count == 1 ? " is up" : " are up");
    lasted_write(f, lasted_ms, out);
}

static void no_spare_write(const struct pl_finding *f, int64_t lasted_ms, struct pl_text *out)
{
    pl_text_str(out, "no spare host: traffic at ");
    percent_write(f->value_bp, 100, out);
    pl_text_str(out, " of what the pool could take without ");
    if (f->host_count == 0) pl_text_str(out, "one of its hosts");
    pl_alert_hosts_write(f, 1, out);
    lasted_write(f, lasted_ms, out);
}

static void silent_write(const struct pl_finding *f, int64_t lasted_ms, struct pl_text *out)
{
    pl_alert_hosts_write(f, SILENT_NAMED_MAX, out);
    pl_text_str(out, " silent for ");
    pl_duration_write(lasted_ms, out);
    pl_text_str(out, " (");
    percent_write(f->value_bp, 100, out);
    pl_text_str(out, " of the pool)");
    if (f->load_rising) pl_text_str(out, ", load was rising");
}

/* "12 min", and only as fine as a forecast is. */
static void about_write(int32_t seconds, struct pl_text *out)
{
    enum { MINUTE_S = 60, FINE_S = 5 * MINUTE_S, COARSE_S = 5 };
    int32_t step_s = seconds >= FINE_S ? MINUTE_S : COARSE_S;
    pl_duration_write((int64_t)(seconds + step_s / 2) / step_s * step_s * 1000, out);
}

/* Fifty minutes of nothing are no news: a pool that does not grow has no doubling time to tell. */
enum { DOUBLING_TOLD_S = 3600 };

static void saturation_write(const struct pl_finding *f, struct pl_text *out)
{
    pl_text_str(out, "traffic at ");
    percent_write(f->value_bp, 100, out);
    pl_text_str(out, " of the pool's capacity");
    if (f->surge.left_s > 0) {
        pl_text_str(out, ", full in about ");
        about_write(f->surge.left_s, out);
        pl_text_str(out, " (");
        about_write(f->surge.early_s, out);
        pl_text_str(out, " to ");
        about_write(f->surge.late_s, out);
        pl_text_char(out, ')');
    }
    if (f->surge.double_s <= 0 || f->surge.double_s > DOUBLING_TOLD_S) return;
    pl_text_str(out, ", doubles in ");
    about_write(f->surge.double_s, out);
}

static void saturation_over(const struct pl_finding *f, bool lowered, struct pl_text *out)
{
    pl_text_str(out, lowered ? "traffic at " : "surge over, traffic last at ");
    percent_write(f->value_bp, 100, out);
    pl_text_str(out, " of the pool's capacity");
    if (lowered) pl_text_str(out, ", no page any more");
}

static void limit_over(const struct pl_finding *f, bool lowered, struct pl_text *out)
{
    int32_t step_bp = step_of(f->level_bp);
    subject_write(f, out);
    if (f->resource == PL_RESOURCE_ACCEPT_OVERFLOW) {
        pl_text_str(out, " overflows no more");
    } else if (f->resource == PL_RESOURCE_OOM) {
        pl_text_str(out, " suffices again, no more kills");
    } else if (lowered) {
        pl_text_str(out, " at ");
        percent_write(f->value_bp, step_bp, out);
        pl_text_str(out, ", under the paging level again");
    } else {
        pl_text_str(out, " back under ");
        percent_write(f->level_bp, step_bp, out);
    }
}

static void silent_over(const struct pl_finding *f, bool lowered, struct pl_text *out)
{
    pl_alert_hosts_write(f, SILENT_NAMED_MAX, out);
    pl_text_str(out,
                lowered ? " still silent, no longer enough of the pool to page" : " heard again");
}

/* "launch 'Giveaway' (l-00ff)" */
static void launch_write(const struct pl_finding *f, struct pl_text *out)
{
    pl_text_str(out, "launch '");
    pl_text_str(out, f->launch.title);
    pl_text_str(out, "' (");
    pl_text_span(out, pl_name_span(&f->launch.id));
    pl_text_char(out, ')');
}

static void launch_risk_write(const struct pl_finding *f, struct pl_text *out)
{
    launch_write(f, out);
    if (f->value_bp == 0) {
        pl_text_str(out, ": nobody knows what the pool takes");
        return;
    }
    pl_text_str(out, f->tier == PL_TIER_PAGE ? " is not safe: up to " : ": up to ");
    percent_write(f->value_bp, 100, out);
    pl_text_str(out, " of what the pool takes without one of its hosts");
}

static void launch_over_write(const struct pl_finding *f, struct pl_text *out)
{
    launch_write(f, out);
    pl_text_str(out, " brings more than announced: ");
    percent_write(f->value_bp, 100, out);
    pl_text_str(out, " of the most that was expected by now, and little is left");
}

static void launch_absent_write(const struct pl_finding *f, int64_t lasted_ms, struct pl_text *out)
{
    launch_write(f, out);
    pl_text_str(out, " was announced ");
    pl_duration_write(lasted_ms, out);
    pl_text_str(out, " ago, and nobody has come");
}

static void launch_over(const struct pl_alert *alert, struct pl_text *out)
{
    launch_write(&alert->finding, out);
    pl_text_str(out, alert->rule == PL_RULE_LAUNCH_RISK   ? ": no risk any more"
                     : alert->rule == PL_RULE_LAUNCH_OVER ? " is within what was announced"
                                                          : ": its crowd has come, or is not due");
}

/* "HighErrorRate: 5xx at 12 % and 2 other alerts" */
static void external_write(const struct pl_finding *f, bool is_over, struct pl_text *out)
{
    uint32_t others = f->external.count > 1 ? f->external.count - 1 : 0;
    pl_text_str(out, f->external.title);
    if (!is_over && f->external.summary[0] != '\0') {
        pl_text_str(out, ": ");
        pl_text_str(out, f->external.summary);
    }
    if (others > 0) {
        pl_text_str(out, " and ");
        pl_text_u64(out, others);
        pl_text_str(out, others == 1 ? " other alert" : " other alerts");
    }
    if (f->named_count == 0) return;
    pl_text_str(out, ", on ");
    pl_alert_hosts_write(f, EXTERNAL_NAMED_MAX, out);
}

static void external_over(const struct pl_finding *f, bool lowered, struct pl_text *out)
{
    external_write(f, true, out);
    if (lowered)
        pl_text_str(out, ": no longer critical");
    else
        pl_text_str(out, f->external.count > 1 ? ": all of them are over" : ": it is over");
}

/* "notifiers slack, desk and 2 others", "notifier slack" */
static void notifiers_write(const struct pl_finding *f, struct pl_text *out)
{
    uint32_t named = PL_MIN(f->named_count, NOTIFIERS_NAMED_MAX);
    uint32_t others = f->host_count - PL_MIN(named, f->host_count);
    pl_text_str(out, f->host_count == 1 ? "notifier " : "notifiers ");
    for (uint32_t i = 0; i < named; i++) {
        bool last = i + 1 == named && others == 0;
        if (i > 0) pl_text_str(out, last ? " and " : ", ");
        pl_text_span(out, pl_name_span(&f->hosts[i]));
    }
    if (others == 0) return;
    pl_text_str(out, " and ");
    pl_text_u64(out, others);
    pl_text_str(out, others == 1 ? " other" : " others");
}

static void notifier_write(const struct pl_finding *f, int64_t lasted_ms, struct pl_text *out)
{
    notifiers_write(f, out);
    pl_text_str(out, f->host_count == 1 ? " takes no pages" : " take no pages");
    lasted_write(f, lasted_ms, out);
}

static void notifier_over(const struct pl_finding *f, struct pl_text *out)
{
    notifiers_write(f, out);
    pl_text_str(out, f->host_count == 1 ? " takes pages again" : " take pages again");
}

static void over_write(const struct pl_alert *alert, bool lowered, struct pl_text *out)
{
    switch (alert->rule) {
    case PL_RULE_LIMIT: limit_over(&alert->finding, lowered, out); return;
    case PL_RULE_SATURATION: saturation_over(&alert->finding, lowered, out); return;
    case PL_RULE_SILENT: silent_over(&alert->finding, lowered, out); return;
    case PL_RULE_STALL: stall_over(&alert->finding, out); return;
    case PL_RULE_IMBALANCE: imbalance_over(&alert->finding, out); return;
    case PL_RULE_COLLAPSE: pl_text_str(out, "traffic back to what is usual now"); return;
    case PL_RULE_NO_SPARE: pl_text_str(out, "the pool could do without a host again"); return;
    case PL_RULE_LAUNCH_RISK:
    case PL_RULE_LAUNCH_OVER:
    case PL_RULE_LAUNCH_ABSENT: launch_over(alert, out); return;
    case PL_RULE_EXTERNAL: external_over(&alert->finding, lowered, out); return;
    case PL_RULE_NOTIFIER: notifier_over(&alert->finding, out); return;
    case PL_RULE_COUNT: break;
    }
    PL_UNREACHABLE("rule");
}

void pl_alert_over_write(const struct pl_alert *alert, struct pl_text *out)
{
    over_write(alert, alert->state == PL_ALERT_FIRING, out);
    pl_text_str(out, " after ");
    pl_duration_write(alert->resolved_unix_ms - began_unix_ms(alert), out);
}

/* "14:03:12 UTC", and in front of it the day if that is another one. */
static void moment_write(int64_t unix_ms, int64_t at_unix_ms, struct pl_text *out)
{
    enum { DAY_MS = 86400000, DATE_LEN = 10, CLOCK_AT = 11, CLOCK_LEN = 8 };
    char buf[40];
    struct pl_text whole = pl_text_init(buf, sizeof buf);
    pl_text_rfc3339(&whole, unix_ms);
    if (unix_ms / DAY_MS != at_unix_ms / DAY_MS) {
        pl_text_span(out, (struct pl_span){(const uint8_t *)buf, DATE_LEN});
        pl_text_char(out, ' ');
    }
    pl_text_span(out, (struct pl_span){(const uint8_t *)buf + CLOCK_AT, CLOCK_LEN});
    pl_text_str(out, " UTC");
}

static void trouble_write(const struct pl_alert *alert, int64_t lasted_ms, struct pl_text *out)
{
    const struct pl_finding *f = &alert->finding;
    switch (alert->rule) {
    case PL_RULE_LIMIT: limit_write(f, lasted_ms, out); return;
    case PL_RULE_SATURATION: saturation_write(f, out); return;
    case PL_RULE_SILENT: silent_write(f, lasted_ms, out); return;
    case PL_RULE_STALL: stall_write(f, lasted_ms, out); return;
    case PL_RULE_IMBALANCE: imbalance_write(f, lasted_ms, out); return;
    case PL_RULE_COLLAPSE: collapse_write(f, lasted_ms, out); return;
    case PL_RULE_NO_SPARE: no_spare_write(f, lasted_ms, out); return;
    case PL_RULE_LAUNCH_RISK: launch_risk_write(f, out); return;
    case PL_RULE_LAUNCH_OVER: launch_over_write(f, out); return;
    case PL_RULE_LAUNCH_ABSENT: launch_absent_write(f, lasted_ms, out); return;
    case PL_RULE_EXTERNAL: external_write(f, false, out); return;
    case PL_RULE_NOTIFIER: notifier_write(f, lasted_ms, out); return;
    case PL_RULE_COUNT: break;
    }
    PL_UNREACHABLE("rule");
}

void pl_alert_text_write(const struct pl_alert *alert, int64_t at_unix_ms, struct pl_text *out)
{
    if (alert->state == PL_ALERT_RESOLVED) {
        pl_alert_over_write(alert, out);
        return;
    }
    bool firing = alert->state == PL_ALERT_FIRING;
    if (firing && alert->unstable) pl_text_str(out, "unstable, comes and goes: ");
    if (firing && alert->clear_mono_ms != PL_NEVER_MS) {
        over_write(alert, false, out);
        pl_text_str(out, ", resolves when that lasts");
        return;
    }
    bool blind = firing && alert->unknown_unix_ms != 0;
    int64_t until_unix_ms = blind ? PL_MIN(alert->unknown_unix_ms, at_unix_ms) : at_unix_ms;
    trouble_write(alert, until_unix_ms - began_unix_ms(alert), out);
    if (!blind) return;
    pl_text_str(out, ", nothing known since ");
    moment_write(until_unix_ms, at_unix_ms, out);
}

void pl_alert_title_write(const struct pl_alert *alert, int64_t at_unix_ms, struct pl_text *out)
{
    pl_text_str(out, alert->state == PL_ALERT_RESOLVED ? "[RESOLVED] "
                     : alert->tier == PL_TIER_PAGE     ? "[PAGE] "
                                                       : "[WARN] ");
    pl_text_span(out, pl_name_span(&alert->pool));
    pl_text_str(out, ": ");
    pl_alert_text_write(alert, at_unix_ms, out);
}
