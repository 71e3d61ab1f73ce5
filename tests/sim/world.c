/* One step of everything, and telling the story. */
#include "tests/engine_memory.h"
#include "tests/sim/sim.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void sim_world_init(struct sim_world *w, uint64_t seed, uint32_t machine_count)
{
    w->rng = pl_rng_init(seed);
    w->machine_count = machine_count;
    w->clock_set_ms = -SIM_LONG_AGO_MS;
    sim_collector_start(w);
    for (uint32_t m = 0; m < machine_count; m++) {
        /* Two pools of several machines, and one machine all alone. */
        sim_machine_init(w, m, m == 0 ? 2 : m % 2);
        w->machines[m].clock_set_ms = -SIM_LONG_AGO_MS;
    }
}

void sim_world_fini(struct sim_world *w)
{
    engine_memory_free(w->memory);
}

void sim_step(struct sim_world *w)
{
    w->now_ms += SIM_STEP_MS;
    for (uint32_t m = 0; m < w->machine_count; m++) sim_machine_step(w, m);
    sim_collector_step(w);
    sim_store_step(w);
    sim_pager_step(w);
    sim_oracle_step(w);
}

bool sim_chance(struct sim_world *w, uint32_t one_in)
{
    return pl_rng_below(&w->rng, one_in) == 0;
}

/* ---- the story ---- */

__attribute__((format(printf, 3, 0))) static void tell(struct sim_world *w, const char *prefix,
                                                       const char *format, va_list args)
{
    char line[512];
    int at = snprintf(line, sizeof line, "%7.1f  %s", (double)w->now_ms / 1000, prefix);
    (void)vsnprintf(line + at, sizeof line - (size_t)at, format, args); // a long line is cut
    w->tell(w->tell_arg, line);
}

void sim_say(struct sim_world *w, const char *format, ...)
{
    if (!w->tell) return;
    va_list args;
    va_start(args, format);
    tell(w, "", format, args);
    va_end(args);
}

void sim_fail(struct sim_world *w, const char *format, ...)
{
    w->oracle.failures++;
    if (!w->tell) return;
    va_list args;
    va_start(args, format);
    tell(w, "WRONG: ", format, args);
    va_end(args);
}

static void describe_finding(const struct pl_alert *a, char *out, size_t cap)
{
    const struct pl_finding *f = &a->finding;
    static const char *const tiers[] = {"", "warn", "page"};
    int at = snprintf(out, cap, "%s", tiers[a->tier]);
    if (a->unstable) at += snprintf(out + at, cap - (size_t)at, ", unstable");
    if (a->hidden) {
        at += snprintf(out + at, cap - (size_t)at, ", hidden by %s", pl_rule_name(a->hidden_by));
    }
    if (a->rule == PL_RULE_LIMIT || a->rule == PL_RULE_STALL) {
        at += snprintf(out + at, cap - (size_t)at, ", %s %d of %d", pl_resource_name(f->resource),
                       f->value_bp, f->level_bp);
    } else if (a->rule == PL_RULE_SATURATION) {
        at += snprintf(out + at, cap - (size_t)at, ", %s at %d %%",
                       pl_surge_reason_name(f->surge.reason), f->value_bp / 100);
    } else if (a->rule != PL_RULE_SILENT) {
        at += snprintf(out + at, cap - (size_t)at, ", %d %%", f->value_bp / 100);
    } else if (f->load_rising) {
        at += snprintf(out + at, cap - (size_t)at, ", load was rising");
    }
    at += snprintf(out + at, cap - (size_t)at, ", %u host%s:", f->host_count,
                   f->host_count == 1 ? "" : "s");
    for (uint32_t i = 0; i < f->named_count; i++) {
        at += snprintf(out + at, cap - (size_t)at, " %s", f->hosts[i].text);
    }
}

void sim_tell_effect(struct sim_world *w, const struct pl_effect *effect)
{
    static const char *const words[] = {
        [PL_EFFECT_DROP_HOST] = "host is forgotten:", [PL_EFFECT_HOST_SILENT] = "host is silent:",
        [PL_EFFECT_HOST_BACK] = "host is back:",      [PL_EFFECT_ALERT_OPENED] = "opened",
        [PL_EFFECT_ALERT_RAISED] = "raised",          [PL_EFFECT_ALERT_LOWERED] = "lowered",
        [PL_EFFECT_ALERT_RESOLVED] = "resolved",      [PL_EFFECT_ALERT_RESUMED] = "resumed",
        [PL_EFFECT_SAVE_PAGE] = "save page",          [PL_EFFECT_SEND_PAGE] = "send page",
        [PL_EFFECT_DROP_PAGE] = "drop page",          [PL_EFFECT_PAGE_REFUSED] = "page refused",
        [PL_EFFECT_PAGE_FAILED] = "page failed",      [PL_EFFECT_TILT_ON] = "tilt begins",
        [PL_EFFECT_TILT_OFF] = "tilt ends",
    };
    bool is_quiet =
        effect->type == PL_EFFECT_SAVE_HOST || effect->type == PL_EFFECT_SAVE_ALERT ||
        effect->type == PL_EFFECT_DIRECT_HOST || effect->type == PL_EFFECT_SAVE_LEARNED ||
        (effect->type >= PL_EFFECT_SAVE_LAUNCH && effect->type <= PL_EFFECT_LAUNCH_STATE) ||
        (effect->type >= PL_EFFECT_SAVE_HANDLING && effect->type <= PL_EFFECT_SAVE_DELIVERY);
    if (!w->tell || is_quiet) return;
    const char *word = words[effect->type];
    if (effect->type <= PL_EFFECT_HOST_BACK) {
        sim_say(w, "  %s %s", word, effect->name.text);
        return;
    }
    if (effect->type >= PL_EFFECT_TILT_ON) {
        sim_say(w, "  %s", word);
        return;
    }
    char id[PL_ALERT_ID_MAX + 1], text[256] = "";
    const struct pl_alert *alert = pl_engine_alert(w->engine, effect->alert);
    pl_alert_id(alert, id);
    if (effect->type <= PL_EFFECT_ALERT_RESUMED) {
        describe_finding(alert, text, sizeof text);
        sim_say(w, "  %s %s (%s)", word, id, text);
        return;
    }
    const struct pl_page *page = pl_engine_page(w->engine, effect->page);
    sim_say(w, "  %s to %u: %s%s", word, effect->target, id,
            !page            ? ""
            : page->resolved ? " is over"
                             : " fires");
}
