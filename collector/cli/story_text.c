#include "collector/cli/story_text.h"

#include "collector/codec/alert_text.h"
#include "common/base/assert.h"

#include <math.h>

enum { DURATION_BYTES = 48, WHOLE_BP = 10000 };

void pl_story_time_write(char *out, int64_t unix_ms)
{
    enum { TO_SECONDS = 19, DATE_LEN = 10 };
    char buf[PL_STORY_TIME_BYTES];
    struct pl_text t = pl_text_init(buf, sizeof buf);
    struct pl_text whole = pl_text_init(out, PL_STORY_TIME_BYTES);
    pl_text_rfc3339(&t, unix_ms);
    buf[DATE_LEN] = ' ';
    pl_text_span(&whole, (struct pl_span){(const uint8_t *)buf, TO_SECONDS});
    pl_text_str(&whole, " UTC");
}

static const char *duration(char *buf, int64_t ms)
{
    struct pl_text t = pl_text_init(buf, DURATION_BYTES);
    pl_duration_write(ms, &t);
    return buf;
}

static void put_time(FILE *out, const char *before, int64_t unix_ms, const char *after)
{
    char text[PL_STORY_TIME_BYTES];
    pl_story_time_write(text, unix_ms);
    (void)fprintf(out, "%s%s%s", before, text, after);
}

/* A forecast is no finer than this, and a doubling time far away is none. */
static const char *about(char *buf, double seconds)
{
    return duration(buf, llrint(fmin(seconds, 7 * 86400.0)) * 1000);
}

/* ---- the summary ---- */

static void put_crossing(FILE *out, const struct pl_story_crossing *c)
{
    char buf[DURATION_BYTES];
    put_time(out, "    crossing        ", c->unix_ms, ", ");
    if (c->paged_unix_ms == 0)
        (void)fputs("nobody was paged\n", out);
    else if (c->paged_unix_ms == c->unix_ms)
        (void)fputs("paged at that moment\n", out);
    else if (c->paged_unix_ms < c->unix_ms)
        (void)fprintf(out, "paged %s before\n", duration(buf, c->unix_ms - c->paged_unix_ms));
    else
        (void)fprintf(out, "paged %s after\n", duration(buf, c->paged_unix_ms - c->unix_ms));
}

static void put_traffic(FILE *out, const struct pl_story_pool *p)
{
    enum { CROSSINGS_TOLD_MAX = 10 };
    char buf[DURATION_BYTES];
    const char *between = p->unit[0] != '\0' ? " " : "";
    (void)fprintf(out, "    highest traffic %.1f%s%s", p->traffic.value, between, p->unit);
    if (p->capacity > 0)
        (void)fprintf(out, ", %.0f %% of the capacity of %.1f%s%s",
                      100 * p->traffic.value / p->capacity, p->capacity, between, p->unit);
    put_time(out, ", at ", p->traffic.unix_ms, "\n");
    if (p->capacity <= 0) {
        (void)fprintf(out, "    capacity        not known: pools.%s.capacity or --capacity\n",
                      p->name.text);
        return;
    }
    (void)fprintf(out, "    over capacity   %s\n", duration(buf, p->over_ms));
    uint32_t told = PL_MIN(p->crossing_count, (uint32_t)CROSSINGS_TOLD_MAX);
    for (uint32_t i = 0; i < told; i++) put_crossing(out, &p->crossings[i]);
    uint32_t rest = p->crossing_count - told + p->crossings_left_out;
    if (rest > 0) (void)fprintf(out, "    and             %u more crossings\n", rest);
}

void pl_story_summary(const struct pl_story *s, FILE *out)
{
    char buf[DURATION_BYTES];
    if (s->begin_unix_ms == 0) {
        (void)fputs("Nothing was recorded.\n", out);
        return;
    }
    put_time(out, "From ", s->begin_unix_ms, " to ");
    put_time(out, "", s->end_unix_ms, ", ");
    (void)fprintf(out, "%s\n", duration(buf, s->end_unix_ms - s->begin_unix_ms));
    for (uint32_t i = 0; i < s->pool_count; i++) {
        const struct pl_story_pool *p = &s->pools[i];
        (void)fprintf(out, "  pool %s\n    pages           %u\n    warnings        %u\n",
                      p->name.text, p->page_count, p->warn_count);
        if (p->traffic.unix_ms != 0) put_traffic(out, p);
        if (p->resource.unix_ms == 0) continue;
        (void)fprintf(out, "    highest use     %s of %s %.0f %%",
                      pl_resource_name(p->resource_kind), p->resource_host.text,
                      100 * p->resource.value);
        put_time(out, ", at ", p->resource.unix_ms, "\n");
    }
    if (s->pools_left_out > 0)
        (void)fprintf(out, "  and %u more pools that are not told\n", s->pools_left_out);
}

/* ---- why, and why not ---- */

static const char *reason_text(enum pl_surge_reason reason)
{
    switch (reason) {
    case PL_SURGE_NONE: return "no reason";
    case PL_SURGE_OVER: return "over: the traffic has reached that";
    case PL_SURGE_GROWTH: return "growth: an hour more of it would pass that by far";
    case PL_SURGE_SEASON: return "season: the coming hour usually brings as much";
    case PL_SURGE_RECURRING:
        return "recurring: the days before agree that the coming hour brings as much";
    case PL_SURGE_REASON_COUNT: break;
    }
    PL_UNREACHABLE("surge reason");
}

static void put_numbers(FILE *out, const struct pl_story_numbers *n)
{
    char a[DURATION_BYTES], b[DURATION_BYTES], c[DURATION_BYTES];
    (void)fprintf(out,
                  "      numbers  traffic %.1f %% of the capacity, %.1f %% beyond doubt; growth "
                  "%+.0f %% per hour\n               over the last half hour; traffic known for %s",
                  100 * n->traffic / n->capacity, 100 * n->used, 100 * n->growth,
                  about(a, n->known_s));
    if (n->expected > 0)
        (void)fprintf(out,
                      ";\n               the coming hour's usual peak at today's level %.0f %%",
                      100 * n->expected);
    const struct pl_forecast *f = &n->forecast;
    if (f->source == PL_FORECAST_NONE)
        (void)fputs("\n      crossing none foreseen\n", out);
    else if (f->source == PL_FORECAST_NOW)
        (void)fputs("\n      crossing now\n", out);
    else
        (void)fprintf(out, "\n      crossing in %s (%s to %s)\n", about(a, f->seconds),
                      about(b, f->early_s), about(c, f->late_s));
}

static void explain_saturation(const struct pl_story_numbers *n, const struct pl_rules *rules,
                               enum pl_tier tier, FILE *out)
{
    char a[DURATION_BYTES], b[DURATION_BYTES];
    const struct pl_surge_finding *f = &n->finding;
    const struct pl_surge_policy *policy = &rules->saturation;
    double early_s = n->forecast.early_s;
    bool late = n->forecast.source != PL_FORECAST_NONE && early_s > policy->time_to_act_s;
    if (tier == PL_TIER_WARN && !late)
        (void)fprintf(out, "      rule     saturation of %.0f %% of the capacity, %s\n",
                      100 * policy->warn_share, reason_text(f->reason));
    else
        (void)fprintf(out, "      rule     saturation of the capacity, %s\n",
                      reason_text(f->reason));
    put_numbers(out, n);
    if (tier == PL_TIER_WARN && late)
        (void)fprintf(out,
                      "      no page  the crossing cannot be sooner than in %s, and help takes %s "
                      "(rules.saturation.time_to_act)\n",
                      about(a, early_s), about(b, policy->time_to_act_s));
    else if (tier == PL_TIER_WARN)
        (void)fputs("      no page  for all of the capacity there was no reason "
                    "(rules.saturation.warn)\n",
                    out);
}

static void explain_host(const struct pl_alert *a, const struct pl_rules *rules, FILE *out)
{
    char buf[DURATION_BYTES];
    const struct pl_finding *f = &a->finding;
    const struct pl_level_policy *policy = &rules->levels[f->resource];
    (void)fprintf(out, "      rule     %s, %s\n", pl_rule_name(a->rule),
                  pl_resource_name(f->resource));
    (void)fprintf(out, "      numbers  %.2f %%, warns at %.2f %%", f->value_bp / 100.0,
                  policy->warn_bp / 100.0);
    if (policy->page_bp <= WHOLE_BP)
        (void)fprintf(out, ", pages at %.2f %%", policy->page_bp / 100.0);
    (void)fprintf(out, ", held for %s\n", duration(buf, policy->hold_ms));
}

static void explain_silence(const struct pl_alert *a, const struct pl_rules *rules, FILE *out)
{
    const struct pl_finding *f = &a->finding;
    (void)fprintf(out,
                  "      rule     silent, %lld samples missing in a row\n"
                  "      numbers  %u hosts silent, %.0f %% of the pool; load was %srising\n",
                  (long long)rules->silent_intervals, f->host_count, f->value_bp / 100.0,
                  f->load_rising ? "" : "not ");
    if (a->tier == PL_TIER_WARN)
        (void)fputs("      no page  neither was load rising nor is half of the pool gone\n", out);
}

static void explain_collapse(const struct pl_alert *a, const struct pl_rules *rules, FILE *out)
{
    char buf[DURATION_BYTES];
    (void)fprintf(out,
                  "      rule     collapse, the traffic is gone while its hosts are up\n"
                  "      numbers  %.0f %% of what is expected, pages under %.0f %%, held for %s\n",
                  a->finding.value_bp / 100.0, 100 * rules->collapse_share,
                  duration(buf, rules->collapse_hold_ms));
}

static void explain_no_spare(const struct pl_alert *a, const struct pl_rules *rules, FILE *out)
{
    char buf[DURATION_BYTES];
    (void)fprintf(out,
                  "      rule     no_spare, the pool would not survive the loss of a host\n"
                  "      numbers  %.0f %% of what is left without it, held for %s\n",
                  a->finding.value_bp / 100.0, duration(buf, rules->no_spare_hold_ms));
}

/* Every rule but `saturation`, which speaks of the pool's traffic. */
static void explain_alert(const struct pl_alert *a, const struct pl_rules *rules, FILE *out)
{
    switch (a->rule) {
    case PL_RULE_SILENT: explain_silence(a, rules, out); break;
    case PL_RULE_COLLAPSE: explain_collapse(a, rules, out); break;
    case PL_RULE_NO_SPARE: explain_no_spare(a, rules, out); break;
    case PL_RULE_LIMIT:
    case PL_RULE_STALL:
    case PL_RULE_IMBALANCE: explain_host(a, rules, out); break;
    case PL_RULE_EXTERNAL:
    case PL_RULE_LAUNCH_RISK: // a replay knows of no launches, nor of what others found
    case PL_RULE_LAUNCH_OVER:
    case PL_RULE_LAUNCH_ABSENT:
    case PL_RULE_NOTIFIER: // nor of notifiers
    case PL_RULE_SATURATION:
    case PL_RULE_COUNT: PL_UNREACHABLE("rule");
    }
    if (a->hidden)
        (void)fprintf(out, "      no page  it is a consequence of %s\n",
                      pl_rule_name(a->hidden_by));
    if (a->unstable) (void)fputs("      note     it comes and goes\n", out);
}

void pl_story_explain(const struct pl_engine *engine, uint32_t alert, FILE *out)
{
    const struct pl_alert *a = pl_engine_alert(engine, alert);
    const struct pl_rules *rules = pl_engine_rules(engine, alert / PL_RULE_COUNT);
    if (a->rule == PL_RULE_SATURATION) {
        struct pl_story_numbers n;
        pl_story_numbers_take(engine, alert / PL_RULE_COUNT, &n);
        explain_saturation(&n, rules, a->tier, out);
    } else {
        explain_alert(a, rules, out);
    }
}

static void put_miss(const struct pl_story_pool *p, enum pl_rule rule, FILE *out)
{
    const struct pl_rules *rules = &p->rules;
    const struct pl_story_miss *miss = &p->misses[rule];
    char text[PL_ALERT_TEXT_BYTES], buf[DURATION_BYTES];
    struct pl_text t = pl_text_init(text, sizeof text);
    put_time(out, "  ", miss->unix_ms, "");
    (void)fprintf(out, " %s/%s", pl_rule_name(rule), p->name.text);
    if (rule == PL_RULE_SATURATION) {
        const struct pl_surge_finding *f = &miss->numbers.finding;
        (void)fprintf(out, ": traffic at %.0f %% of the pool's capacity\n",
                      100 * miss->numbers.used);
        explain_saturation(&miss->numbers, rules, f->tier, out);
        if (f->tier == PL_TIER_NONE)
            (void)fputs("      no page  nothing told that the rest would be used up\n", out);
        return;
    }
    pl_alert_text_write(&miss->alert, miss->unix_ms, &t);
    (void)fprintf(out, ": %s\n", text);
    explain_alert(&miss->alert, rules, out);
    if (rule != PL_RULE_LIMIT && rule != PL_RULE_STALL) return;
    if (miss->alert.finding.tier == PL_TIER_PAGE)
        (void)fprintf(out, "      no page  it was over for less than %s\n",
                      duration(buf, miss->alert.finding.hold_ms));
    else
        (void)fputs("      no page  it never reached the level that pages\n", out);
}

void pl_story_misses(const struct pl_story *s, FILE *out)
{
    bool any = false;
    for (uint32_t i = 0; i < s->pool_count; i++) {
        for (enum pl_rule rule = 0; rule < PL_RULE_COUNT; rule++) {
            if (!s->pools[i].misses[rule].known) continue;
            if (!any) (void)fputs("Nearest to a page without one:\n", out);
            any = true;
            put_miss(&s->pools[i], rule, out);
        }
    }
    if (!any) (void)fputs("Nothing came near a page without one.\n", out);
}

/* ---- two sets of rules ---- */

/* Is there a page of the same alert that overlaps it in time? */
static const struct pl_story_mark *twin(const struct pl_story_pool *p,
                                        const struct pl_story_mark *mark)
{
    for (uint32_t i = 0; p && i < p->mark_count; i++) {
        const struct pl_story_mark *other = &p->marks[i];
        bool same = other->tier == PL_TIER_PAGE && other->rule == mark->rule;
        bool before = other->closed_unix_ms != 0 && other->closed_unix_ms < mark->opened_unix_ms;
        bool after = mark->closed_unix_ms != 0 && mark->closed_unix_ms < other->opened_unix_ms;
        if (same && !before && !after) return other;
    }
    return NULL;
}

static void put_page(FILE *out, const char *who, const struct pl_story_pool *p,
                     const struct pl_story_mark *mark, int64_t later_ms)
{
    char text[PL_ALERT_TEXT_BYTES], buf[DURATION_BYTES];
    struct pl_text t = pl_text_init(text, sizeof text);
    pl_alert_text_write(&mark->alert, mark->opened_unix_ms, &t);
    put_time(out, "  ", mark->opened_unix_ms, "");
    (void)fprintf(out, "  %-6s %s/%s: %s", who, pl_rule_name(mark->rule), p->name.text, text);
    if (later_ms != 0)
        (void)fprintf(out, " (%s %s)", duration(buf, later_ms < 0 ? -later_ms : later_ms),
                      later_ms < 0 ? "sooner then" : "later then");
    (void)fputc('\n', out);
}

static void put_pages(FILE *out, const struct pl_story *s, const struct pl_story *other,
                      bool is_base)
{
    for (uint32_t i = 0; i < s->pool_count; i++) {
        const struct pl_story_pool *p = &s->pools[i];
        const struct pl_story_pool *q = pl_story_find(other, pl_name_span(&p->name));
        for (uint32_t m = 0; m < p->mark_count; m++) {
            const struct pl_story_mark *mark = &p->marks[m];
            const struct pl_story_mark *same = twin(q, mark);
            if (mark->tier != PL_TIER_PAGE || (same && !is_base)) continue;
            int64_t later_ms = same ? same->opened_unix_ms - mark->opened_unix_ms : 0;
            put_page(out, same ? "both" : is_base ? "gone" : "new", p, mark, later_ms);
        }
    }
}

struct totals {
    uint32_t pages, warnings, crossings, paged_before;
};

static struct totals totals_of(const struct pl_story *s)
{
    struct totals t = {0};
    for (uint32_t i = 0; i < s->pool_count; i++) {
        const struct pl_story_pool *p = &s->pools[i];
        t.pages += p->page_count;
        t.warnings += p->warn_count;
        t.crossings += p->crossing_count;
        for (uint32_t c = 0; c < p->crossing_count; c++) {
            const struct pl_story_crossing *crossing = &p->crossings[c];
            t.paged_before +=
                crossing->paged_unix_ms != 0 && crossing->paged_unix_ms < crossing->unix_ms;
        }
    }
    return t;
}

void pl_story_compare(const struct pl_story *base, const struct pl_story *trial,
                      const char *trial_name, FILE *out)
{
    struct totals a = totals_of(base), b = totals_of(trial);
    (void)fprintf(out,
                  "With %s:\n"
                  "                            without   with\n"
                  "  pages                    %8u %6u\n"
                  "  warnings                 %8u %6u\n"
                  "  crossings paged before   %5u of %u %3u of %u\n",
                  trial_name, a.pages, b.pages, a.warnings, b.warnings, a.paged_before, a.crossings,
                  b.paged_before, b.crossings);
    put_pages(out, base, trial, true);
    put_pages(out, trial, base, false);
}
