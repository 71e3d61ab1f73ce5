#include "collector/core/oncall/policy.h"

#include "common/base/assert.h"

static bool is_same(const struct pl_receiver *a, const struct pl_receiver *b)
{
    return a->count == b->count && memcmp(a->targets, b->targets, a->count) == 0;
}

/* Once per step. What does not fit is left out: configurations that could need more are refused. */
static void add(struct pl_route_step *step, const struct pl_receiver *receiver)
{
    for (uint32_t i = 0; i < step->receiver_count; i++) {
        if (is_same(&step->receivers[i], receiver)) return;
    }
    if (receiver->count > 0 && step->receiver_count < PL_ROUTE_RECEIVERS_MAX)
        step->receivers[step->receiver_count++] = *receiver;
}

static bool is_quiet(const struct pl_oncall *o, const struct pl_person *person, int64_t unix_s)
{
    int64_t until_unix_s = INT64_MAX;
    return pl_hours_open(&person->quiet, &o->zones[person->zone], unix_s, &until_unix_s);
}

static void add_team(const struct pl_oncall *o, const struct pl_team *team, int64_t unix_s,
                     struct pl_route_step *step)
{
    uint32_t before = step->receiver_count;
    for (uint32_t i = 0; i < team->member_count; i++) {
        const struct pl_person *person = &o->people[team->members[i]];
        if (!is_quiet(o, person, unix_s)) add(step, &person->contact);
    }
    if (step->receiver_count > before) return;
    for (uint32_t i = 0; i < team->member_count; i++)
        add(step, &o->people[team->members[i]].contact);
}

static void add_everybody(const struct pl_oncall *o, const struct pl_schedule *schedule,
                          struct pl_route_step *step)
{
    for (uint32_t i = 0; i < schedule->layer_count; i++) {
        const struct pl_layer *layer = schedule->layers[i];
        for (uint32_t k = 0; k < layer->person_count; k++)
            add(step, &o->people[layer->people[k]].contact);
        for (uint32_t k = 0; k < layer->shift_count; k++)
            add(step, &o->people[layer->shifts[k].person].contact);
    }
}

static void add_entry(const struct pl_oncall *o, struct pl_entry entry, int64_t unix_s,
                      struct pl_route_step *step)
{
    switch (entry.kind) {
    case PL_ENTRY_NOTIFIER:
        add(step, &(struct pl_receiver){.count = 1, .targets = {(uint8_t)entry.index}});
        return;
    case PL_ENTRY_PERSON: add(step, &o->people[entry.index].contact); return;
    case PL_ENTRY_TEAM: add_team(o, &o->teams[entry.index], unix_s, step); return;
    case PL_ENTRY_SCHEDULE: {
        uint16_t person = pl_oncall_duty(o, entry.index, unix_s, unix_s + 1).person;
        if (person != PL_NOBODY) add(step, &o->people[person].contact);
        return;
    }
    }
    PL_UNREACHABLE("entry");
}

/* The steps that are left, in order; a step that reaches nobody is left out. */
static void add_steps(const struct pl_oncall *o, const struct pl_policy *policy, int64_t unix_s,
                      struct pl_route *out)
{
    for (uint32_t i = 0; i < policy->step_count; i++) {
        const struct pl_policy_step *from = &policy->steps[i];
        struct pl_route_step *step = &out->steps[out->step_count];
        int64_t until_unix_s = INT64_MAX;
        bool always = from->when.count == 0;
        if (!always && !pl_hours_open(&from->when, &o->zones[policy->zone], unix_s, &until_unix_s))
            continue;
        step->after_ms = from->after_ms;
        for (uint32_t k = 0; k < from->entry_count; k++)
            add_entry(o, from->entries[k], unix_s, step);
        if (step->receiver_count > 0) out->step_count++;
    }
}

void pl_policy_route(const void *oncall, uint32_t number, int64_t unix_ms, struct pl_route *out)
{
    const struct pl_oncall *o = oncall;
    PL_ASSERT(number > 0 && number <= o->policy_count);
    const struct pl_policy *policy = &o->policies[number - 1];
    add_steps(o, policy, unix_ms / 1000, out);
    out->repeat = policy->repeat;
    out->round_ms = policy->round_ms;
    if (out->step_count > 0) return;
    out->steps[0] = (struct pl_route_step){0};
    for (uint32_t i = 0; i < policy->step_count; i++) {
        for (uint32_t k = 0; k < policy->steps[i].entry_count; k++) {
            struct pl_entry entry = policy->steps[i].entries[k];
            if (entry.kind == PL_ENTRY_SCHEDULE)
                add_everybody(o, &o->schedules[entry.index], &out->steps[0]);
            else
                add_entry(o, entry, unix_ms / 1000, &out->steps[0]);
        }
    }
    out->step_count = out->steps[0].receiver_count > 0;
}

/* The one person an entry means at that time; PL_NOBODY: a team, a chat, or a gap. */
static uint16_t person_of(const struct pl_oncall *o, struct pl_entry entry, int64_t unix_s)
{
    if (entry.kind == PL_ENTRY_PERSON) return entry.index;
    if (entry.kind != PL_ENTRY_SCHEDULE) return PL_NOBODY;
    return pl_oncall_duty(o, entry.index, unix_s, unix_s + 1).person;
}

uint16_t pl_policy_watcher(const struct pl_oncall *o, uint32_t number, int64_t unix_s)
{
    const struct pl_policy *p = number > 0 ? &o->policies[number - 1] : NULL;
    for (uint32_t i = 0; p && i < p->step_count; i++) {
        for (uint32_t k = 0; k < p->steps[i].entry_count; k++) {
            uint16_t person = person_of(o, p->steps[i].entries[k], unix_s);
            if (person != PL_NOBODY) return person;
        }
    }
    return PL_NOBODY;
}

uint32_t pl_policy_people(const struct pl_oncall *oncall, uint32_t number, int64_t unix_s,
                          uint16_t *people, uint32_t max)
{
    PL_ASSERT(number > 0 && number <= oncall->policy_count);
    const struct pl_policy *policy = &oncall->policies[number - 1];
    uint32_t count = 0;
    for (uint32_t i = 0; policy->step_count > 0 && i < policy->steps[0].entry_count; i++) {
        uint16_t person = person_of(oncall, policy->steps[0].entries[i], unix_s);
        if (person != PL_NOBODY && count < max) people[count++] = person;
    }
    return count;
}
