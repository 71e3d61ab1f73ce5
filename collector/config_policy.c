/* Escalations, and what `notify` of a pool means when it names more than notifiers. */
#include "collector/codec/oncall_text.h"
#include "collector/config.h"
#include "common/base/assert.h"
#include "common/base/quantity.h"
#include "common/base/suggest.h"

#include <stdio.h>

enum { STEP_BYTES = PL_OPTION_ITEM_BYTES };

/* An item of a list of those to be told. */
struct listed {
    struct pl_config_place place;
    const char *text;
};

/* What a word in a list of those to be told names. */
static bool find_entry(const struct pl_collector_config *config, const struct pl_name *name,
                       struct pl_entry *out, struct pl_suggest *similar)
{
    const struct pl_config_oncall *o = &config->oncall;
    const struct {
        enum pl_entry_kind kind;
        struct pl_config_named all;
    } kinds[] = {
        {PL_ENTRY_NOTIFIER, {config->notifiers, config->notifier_count, sizeof *config->notifiers}},
        {PL_ENTRY_PERSON, {o->people, o->person_count, sizeof *o->people}},
        {PL_ENTRY_TEAM, {o->teams, o->team_count, sizeof *o->teams}},
        {PL_ENTRY_SCHEDULE, {o->schedules, o->schedule_count, sizeof *o->schedules}},
    };
    for (size_t k = 0; k < PL_LEN(kinds); k++) {
        for (uint32_t i = 0; i < kinds[k].all.count; i++) {
            const struct pl_name *candidate =
                (const void *)((const uint8_t *)kinds[k].all.items + i * kinds[k].all.size);
            pl_suggest_consider(similar, pl_name_span(candidate));
            if (!pl_name_eq(candidate, name)) continue;
            *out = (struct pl_entry){kinds[k].kind, (uint16_t)i};
            return true;
        }
    }
    return false;
}

/* How many receivers a step has at most. */
static uint32_t receivers_of(const struct pl_oncall *roster, const struct pl_policy_step *step)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < step->entry_count; i++) {
        struct pl_entry entry = step->entries[i];
        count += entry.kind == PL_ENTRY_TEAM ? roster->teams[entry.index].member_count : 1;
    }
    return count;
}

static void add_entry(struct pl_option_loader *l, const struct pl_collector_config *config,
                      const struct listed *item, struct pl_span word, struct pl_policy_step *step)
{
    struct pl_name name;
    struct pl_entry entry;
    char what[STEP_BYTES + 64] = "notifier, person, team or schedule";
    struct pl_suggest similar = pl_suggest_init(word);
    if (pl_name_parse(word, &name) < 0 || !find_entry(config, &name, &entry, &similar)) {
        if (!pl_span_is(word, item->text))
            (void)snprintf(what, sizeof what, "notifier, person, team or schedule '%.*s'",
                           (int)word.len, (const char *)word.ptr);
        pl_config_refuse_name(l, item->place, item->text, what, &similar);
        return;
    }
    if (step->entry_count < PL_STEP_ENTRIES_MAX) step->entries[step->entry_count++] = entry;
}

/* ---- escalations ---- */

static struct pl_span trimmed(struct pl_span in)
{
    while (in.len > 0 && in.ptr[0] == ' ') in = (struct pl_span){in.ptr + 1, in.len - 1};
    while (in.len > 0 && in.ptr[in.len - 1] == ' ') in.len--;
    return in;
}

/* Cut `in` at `mark`: what stands before it, or all of it. */
static struct pl_span cut(struct pl_span *in, const char *mark)
{
    const uint8_t *at = memmem(in->ptr, in->len, mark, strlen(mark));
    struct pl_span before = *in;
    if (!at) {
        *in = (struct pl_span){in->ptr + in->len, 0};
        return before;
    }
    before.len = (size_t)(at - in->ptr);
    size_t used = before.len + strlen(mark);
    *in = (struct pl_span){in->ptr + used, in->len - used};
    return before;
}

/* "15m sam, ops-chat at mon-fri 09:00-18:00, sat" */
static void finish_step(struct pl_option_loader *l, const struct pl_collector_config *config,
                        struct pl_config_place place, const char *text, struct pl_policy_step *step)
{
    struct pl_span hours = pl_span_of(text);
    struct pl_span who = trimmed(cut(&hours, " at ")), rest = who;
    struct pl_span time = cut(&rest, " ");
    int64_t after_ms = 0;
    bool has_time = rest.len > 0 && time.len > 0 && time.ptr[time.len - 1] != ',';
    if (has_time && pl_quantity_duration(time, &after_ms) < 0)
        pl_config_refuse_item(l, place, text, "begins with what is no duration such as 5m");
    if (has_time) who = rest;
    step->after_ms = after_ms;
    while (who.len > 0) {
        struct pl_span word = cut(&who, ",");
        add_entry(l, config, &(struct listed){place, text}, trimmed(word), step);
    }
    if (step->entry_count == 0) pl_config_refuse_item(l, place, text, "names nobody");
    while (hours.len > 0) {
        struct pl_span word = trimmed(cut(&hours, ","));
        if (step->when.count == PL_HOURS_MAX ||
            pl_hours_parse(word, &step->when.item[step->when.count]) < 0)
            pl_config_refuse_item(l, place, text,
                                  "has behind `at` what are no hours such as mon-fri 09:00-17:30");
        else
            step->when.count++;
    }
    if (receivers_of(&config->roster, step) > PL_ROUTE_RECEIVERS_MAX)
        pl_config_refuse_item(l, place, text, "tells more than 16 at once");
}

static void finish_escalation(struct pl_option_loader *l, struct pl_collector_config *config,
                              const struct pl_config_escalation *from, struct pl_policy *to)
{
    struct pl_config_place place = {"escalations", &from->name, "steps"};
    struct pl_config_place zone = {"escalations", &from->name, "zone"};
    to->name = from->name;
    to->zone = pl_config_zone(l, &config->roster, zone, from->zone);
    if (from->steps.count == 0) pl_config_refuse_item(l, place, NULL, "is missing: who is told");
    if (from->steps.count > PL_ROUTE_STEPS_MAX)
        pl_config_refuse_item(l, place, NULL, "has more than 8 steps");
    for (uint32_t i = 0; i < from->steps.count && i < PL_ROUTE_STEPS_MAX; i++) {
        struct pl_policy_step *step = &to->steps[to->step_count++];
        finish_step(l, config, place, from->steps.item[i], step);
        if (i > 0 && step->after_ms < step[-1].after_ms)
            pl_config_refuse_item(l, place, from->steps.item[i],
                                  "is earlier than the step before it: times count from the "
                                  "beginning of the page");
        to->round_ms = step->after_ms + from->repeat_after_ms;
    }
    to->repeat = (uint32_t)from->repeat;
}

/* ---- pools ---- */

/* At once, as many steps as it takes. */
static void add_everybody(struct pl_policy *to, enum pl_entry_kind kind, uint32_t index)
{
    uint32_t last = PL_MAX(to->step_count, 1) - 1;
    if (to->steps[last].entry_count == PL_STEP_ENTRIES_MAX) last++;
    if (last == PL_ROUTE_STEPS_MAX) return; // 128 were told
    struct pl_policy_step *step = &to->steps[last];
    step->entries[step->entry_count++] = (struct pl_entry){kind, (uint16_t)index};
    to->step_count = last + 1;
}

/* Everybody there is, for who says nothing: notifiers that are nobody's, and people. */
static void everybody(const struct pl_collector_config *config, struct pl_policy *to)
{
    const struct pl_oncall *roster = &config->roster;
    uint64_t personal = 0;
    for (uint32_t i = 0; i < roster->person_count; i++) {
        const struct pl_receiver *contact = &roster->people[i].contact;
        for (uint32_t k = 0; k < contact->count; k++)
            personal |= pl_target_bit(contact->targets[k]);
    }
    for (uint32_t i = 0; i < config->notifier_count; i++) {
        if ((personal & pl_target_bit(i)) == 0) add_everybody(to, PL_ENTRY_NOTIFIER, i);
    }
    for (uint32_t i = 0; i < roster->person_count; i++) add_everybody(to, PL_ENTRY_PERSON, i);
}

/* A policy of its own for a pool; the number of it, from 1 on. */
static uint32_t new_policy(struct pl_oncall *roster, const struct pl_name *name)
{
    struct pl_policy *policy = &roster->policies[roster->policy_count++];
    policy->name = *name;
    return roster->policy_count;
}

static uint32_t escalation_of(struct pl_option_loader *l, const struct pl_collector_config *config,
                              const struct pl_config_pool *pool)
{
    const struct pl_config_oncall *o = &config->oncall;
    struct pl_suggest similar = pl_suggest_init(pl_span_of(pool->escalation));
    for (uint32_t i = 0; i < o->escalation_count; i++) {
        struct pl_span name = pl_name_span(&o->escalations[i].name);
        if (pl_span_is(name, pool->escalation)) return i + 1;
        pl_suggest_consider(&similar, name);
    }
    struct pl_config_place place = {"pools", &pool->name, "escalation"};
    pl_config_refuse_name(l, place, NULL, "escalation", &similar);
    return 0;
}

static void finish_pool(struct pl_option_loader *l, struct pl_collector_config *config,
                        struct pl_config_pool *pool)
{
    struct pl_config_place place = {"pools", &pool->name, "notify"};
    struct pl_policy_step step = {0};
    for (uint32_t i = 0; i < pool->notify.count; i++) {
        const struct pl_name *name = &pool->notify.item[i];
        add_entry(l, config, &(struct listed){place, name->text}, pl_name_span(name), &step);
    }
    if (pool->escalation[0] != '\0') {
        pool->policy = escalation_of(l, config, pool);
        if (pool->notify.count > 0)
            pl_config_refuse_item(l, place, NULL,
                                  "stands beside escalation: one of them is enough");
        return;
    }
    if (pool->notify.count == 0) {
        pool->policy = config->default_policy;
        pool->notifier_mask = pl_targets_below(config->notifier_count);
        return;
    }
    bool is_plain = true; // notifiers alone
    for (uint32_t i = 0; i < step.entry_count; i++) {
        if (step.entries[i].kind == PL_ENTRY_NOTIFIER)
            pool->notifier_mask |= pl_target_bit(step.entries[i].index);
        else
            is_plain = false;
    }
    if (is_plain) return;
    pool->policy = new_policy(&config->roster, &pool->name);
    struct pl_policy *policy = &config->roster.policies[pool->policy - 1];
    policy->steps[policy->step_count++] = step;
    if (receivers_of(&config->roster, &step) > PL_ROUTE_RECEIVERS_MAX)
        pl_config_refuse_item(l, place, NULL, "tells more than 16 at once");
}

void pl_config_policies_finish(struct pl_option_loader *l, struct pl_collector_config *config)
{
    const struct pl_config_oncall *from = &config->oncall;
    struct pl_oncall *to = &config->roster;
    to->policy_count = from->escalation_count;
    for (uint32_t i = 0; i < from->escalation_count; i++)
        finish_escalation(l, config, &from->escalations[i], &to->policies[i]);
    if (from->person_count > 0) {
        struct pl_name name;
        int err = pl_name_parse(pl_span_of("everybody"), &name);
        PL_ASSERT(err == 0);
        config->default_policy = new_policy(to, &name);
        everybody(config, &to->policies[config->default_policy - 1]);
    }
    for (uint32_t i = 0; i < config->pool_count; i++) finish_pool(l, config, &config->pools[i]);
}
