#include "collector/core/oncall/schedule.h"

/* Lowers `*until_unix_s` to the moment up to which the answer is the same. */
static bool is_away(const struct pl_absences *absences, uint16_t person, int64_t unix_s,
                    int64_t *until_unix_s)
{
    bool away = false;
    for (uint32_t i = 0; absences && person != PL_NOBODY && i < absences->count; i++) {
        const struct pl_shift *s = &absences->item[i];
        if (s->person != person || s->until_unix_s <= unix_s) continue;
        bool began = s->from_unix_s <= unix_s;
        *until_unix_s = PL_MIN(*until_unix_s, began ? s->until_unix_s : s->from_unix_s);
        away |= began;
    }
    return away;
}

/* At that moment; the answer holds until `until` at least. */
static struct pl_duty duty_at(const struct pl_schedule *s, uint16_t index,
                              const struct pl_overrides *overrides, int64_t unix_s)
{
    struct pl_duty duty = {PL_NOBODY, false, INT64_MAX};
    uint64_t newest = 0;
    for (uint32_t i = 0; i < overrides->count; i++) {
        const struct pl_override *o = &overrides->item[i];
        if (o->schedule != index || o->until_unix_s <= unix_s) continue;
        bool began = o->from_unix_s <= unix_s;
        int64_t edge = began ? o->until_unix_s : o->from_unix_s;
        duty.until_unix_s = PL_MIN(duty.until_unix_s, edge);
        if (!began || (duty.is_override && o->number < newest)) continue;
        newest = o->number;
        duty.person = o->person;
        duty.is_override = true;
    }
    for (uint32_t i = 0; i < s->layer_count && duty.person == PL_NOBODY; i++) {
        int64_t until_unix_s;
        duty.person = pl_layer_person(s->layers[i], unix_s, &until_unix_s);
        if (is_away(s->absences, duty.person, unix_s, &until_unix_s)) duty.person = PL_NOBODY;
        duty.until_unix_s = PL_MIN(duty.until_unix_s, until_unix_s);
    }
    return duty;
}

struct pl_duty pl_schedule_duty(const struct pl_schedule *s, uint16_t index,
                                const struct pl_overrides *overrides, int64_t unix_s,
                                int64_t horizon_unix_s)
{
    struct pl_duty duty = duty_at(s, index, overrides, unix_s);
    for (int step = 0; step < PL_DUTY_STEPS_MAX && duty.until_unix_s < horizon_unix_s; step++) {
        struct pl_duty next = duty_at(s, index, overrides, duty.until_unix_s);
        if (next.person != duty.person || next.is_override != duty.is_override) return duty;
        duty.until_unix_s = next.until_unix_s;
    }
    duty.until_unix_s = PL_MIN(duty.until_unix_s, horizon_unix_s);
    return duty;
}
