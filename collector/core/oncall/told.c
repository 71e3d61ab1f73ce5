#include "collector/core/oncall/told.h"

static bool reaches(const struct pl_oncall *o, uint16_t person, uint32_t target)
{
    if (person == PL_NOBODY) return false;
    const struct pl_receiver *contact = &o->people[person].contact;
    for (uint32_t i = 0; i < contact->count; i++)
        if (contact->targets[i] == target) return true;
    return false;
}

/* Whom the entry means at that moment, if that is somebody with the target. */
static struct pl_told look(const struct pl_oncall *o, struct pl_entry entry, uint32_t target,
                           int64_t unix_s)
{
    struct pl_told none = {.person = PL_NOBODY}, told = none;
    if (entry.kind == PL_ENTRY_PERSON) {
        told.person = entry.index;
    } else if (entry.kind == PL_ENTRY_SCHEDULE) {
        told.person = pl_oncall_duty(o, entry.index, unix_s, unix_s + 1).person;
        told.group = o->schedules[entry.index].name;
    } else if (entry.kind == PL_ENTRY_TEAM) {
        const struct pl_team *team = &o->teams[entry.index];
        told.group = team->name;
        for (uint32_t i = 0; i < team->member_count && !reaches(o, told.person, target); i++)
            told.person = team->members[i];
    }
    return reaches(o, told.person, target) ? told : none;
}

static bool is_open(const struct pl_oncall *o, const struct pl_policy *policy,
                    const struct pl_policy_step *step, int64_t unix_s)
{
    int64_t until_unix_s = INT64_MAX;
    return step->when.count == 0 ||
           pl_hours_open(&step->when, &o->zones[policy->zone], unix_s, &until_unix_s);
}

struct pl_told pl_policy_told(const struct pl_oncall *o, uint32_t number, uint32_t target,
                              int64_t unix_ms)
{
    struct pl_told told = {.person = PL_NOBODY};
    if (number == 0 || number > o->policy_count) return told;
    const struct pl_policy *policy = &o->policies[number - 1];
    for (uint32_t i = 0; i < policy->step_count; i++) {
        const struct pl_policy_step *step = &policy->steps[i];
        if (!is_open(o, policy, step, unix_ms / 1000)) continue;
        for (uint32_t k = 0; k < step->entry_count; k++) {
            told = look(o, step->entries[k], target, unix_ms / 1000);
            told.plan = policy->name;
            if (told.person != PL_NOBODY) return told;
        }
    }
    return (struct pl_told){.person = PL_NOBODY};
}
