#include "collector/core/oncall/oncall.h"

#include "common/base/err.h"

void pl_oncall_bind(struct pl_oncall *o)
{
    for (uint32_t i = 0; i < o->layer_count; i++) {
        struct pl_layer *l = &o->layers[i];
        l->zone = &o->zones[l->zone_index];
        l->shifts = l->is_calendar ? &o->shifts[l->first_shift] : NULL;
    }
    for (uint32_t i = 0; i < o->schedule_count; i++) {
        struct pl_schedule *s = &o->schedules[i];
        s->zone = &o->zones[s->zone_index];
        s->absences = &o->absences;
        for (uint32_t k = 0; k < s->layer_count; k++) s->layers[k] = &o->layers[s->layer_index[k]];
    }
}

uint16_t pl_oncall_person(const struct pl_oncall *o, struct pl_span name)
{
    for (uint16_t i = 0; i < o->person_count; i++) {
        if (pl_span_eq(pl_name_span(&o->people[i].name), name)) return i;
    }
    return PL_NOBODY;
}

uint16_t pl_oncall_owner(const struct pl_oncall *o, uint32_t target)
{
    uint16_t found = PL_NOBODY;
    for (uint16_t i = 0; i < o->person_count; i++) {
        const struct pl_receiver *contact = &o->people[i].contact;
        bool is_theirs = false;
        for (uint32_t t = 0; t < contact->count; t++) is_theirs |= contact->targets[t] == target;
        if (is_theirs && found != PL_NOBODY) return PL_NOBODY;
        if (is_theirs) found = i;
    }
    return found;
}

uint16_t pl_oncall_schedule(const struct pl_oncall *o, struct pl_span name)
{
    for (uint16_t i = 0; i < o->schedule_count; i++) {
        if (pl_span_eq(pl_name_span(&o->schedules[i].name), name)) return i;
    }
    return PL_NOBODY;
}

struct pl_duty pl_oncall_duty(const struct pl_oncall *o, uint16_t schedule, int64_t unix_s,
                              int64_t horizon_unix_s)
{
    return pl_schedule_duty(&o->schedules[schedule], schedule, &o->overrides, unix_s,
                            horizon_unix_s);
}

int pl_oncall_override(struct pl_oncall *o, const struct pl_override *override, int64_t now_unix_s)
{
    struct pl_overrides *all = &o->overrides;
    bool is_full = all->count == PL_OVERRIDES_MAX;
    for (uint32_t i = 0; i < all->count; i++) {
        if (all->item[i].number != override->number) continue;
        all->item[i] = *override;
        return 0;
    }
    for (uint32_t i = all->count; is_full && i-- > 0;) {
        if (all->item[i].until_unix_s <= now_unix_s) all->item[i] = all->item[--all->count];
    }
    if (all->count == PL_OVERRIDES_MAX) return PL_E_FULL;
    all->item[all->count++] = *override;
    return 0;
}

bool pl_oncall_override_drop(struct pl_oncall *o, uint64_t number)
{
    struct pl_overrides *all = &o->overrides;
    for (uint32_t i = 0; i < all->count; i++) {
        if (all->item[i].number != number) continue;
        all->item[i] = all->item[--all->count];
        return true;
    }
    return false;
}
