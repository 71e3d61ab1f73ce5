#include "collector/core/oncall/gaps.h"

/* One stretch with nothing but this in it; joined with what is known of the same parties. */
static void note(struct pl_gaps *out, const struct pl_gap *found)
{
    for (uint32_t i = 0; i < out->count; i++) {
        struct pl_gap *g = &out->item[i];
        if (g->kind != found->kind || g->schedule != found->schedule || g->other != found->other ||
            g->person != found->person)
            continue;
        bool goes_on = g->last_unix_s == found->from_unix_s;
        if (goes_on && g->times == 1) g->until_unix_s = found->until_unix_s;
        g->times += goes_on ? 0 : 1;
        g->last_unix_s = found->until_unix_s;
        g->lasts_s += found->until_unix_s - found->from_unix_s;
        return;
    }
    if (out->count == PL_GAPS_MAX) {
        out->dropped++;
        return;
    }
    struct pl_gap *g = &out->item[out->count++];
    *g = *found;
    g->times = 1;
    g->last_unix_s = g->until_unix_s;
    g->lasts_s = g->until_unix_s - g->from_unix_s;
}

/* Overrides that are over each other in the days looked at. */
static void find_overlaps(const struct pl_overrides *all, int64_t from, int64_t until,
                          struct pl_gaps *out)
{
    for (uint32_t i = 0; i < all->count; i++) {
        const struct pl_override *a = &all->item[i];
        for (uint32_t k = 0; k < all->count; k++) {
            const struct pl_override *b = &all->item[k]; // counts, being later
            if (a->schedule != b->schedule || a->number >= b->number || a->person == b->person)
                continue;
            int64_t begin = PL_MAX(PL_MAX(a->from_unix_s, b->from_unix_s), from);
            int64_t end = PL_MIN(PL_MIN(a->until_unix_s, b->until_unix_s), until);
            if (begin < end)
                note(out, &(struct pl_gap){.kind = PL_GAP_OVERLAP,
                                           .schedule = a->schedule,
                                           .other = a->schedule,
                                           .person = a->person,
                                           .from_unix_s = begin,
                                           .until_unix_s = end});
        }
    }
}

/* What is wrong from `from` until `until`, while these people are on call. */
static void look(const struct pl_oncall *o, const struct pl_duty *duties, int64_t from,
                 int64_t until, struct pl_gaps *out)
{
    for (uint16_t s = 0; s < o->schedule_count; s++) {
        struct pl_gap found = {.kind = PL_GAP,
                               .schedule = s,
                               .other = s,
                               .person = duties[s].person,
                               .from_unix_s = from,
                               .until_unix_s = until};
        if (found.person == PL_NOBODY) note(out, &found);
        found.kind = PL_GAP_DOUBLE;
        for (uint16_t k = s + 1; k < o->schedule_count && found.person != PL_NOBODY; k++) {
            if (duties[k].person != found.person) continue;
            found.other = k;
            note(out, &found);
        }
    }
}

void pl_gaps_find(const struct pl_oncall *o, int64_t unix_s, struct pl_gaps *out)
{
    struct pl_duty duties[PL_SCHEDULES_MAX];
    int64_t end = unix_s + PL_GAPS_AHEAD_S, t = unix_s;
    out->count = out->dropped = 0;
    for (uint16_t s = 0; s < o->schedule_count; s++) duties[s] = pl_oncall_duty(o, s, t, end);
    for (int step = 0; step < PL_GAPS_STEPS_MAX && t < end && o->schedule_count > 0; step++) {
        int64_t next = end;
        for (uint16_t s = 0; s < o->schedule_count; s++)
            next = PL_MIN(next, duties[s].until_unix_s);
        look(o, duties, t, next, out);
        t = next;
        for (uint16_t s = 0; s < o->schedule_count; s++) {
            if (duties[s].until_unix_s <= t) duties[s] = pl_oncall_duty(o, s, t, end);
        }
    }
    find_overlaps(&o->overrides, unix_s, end, out);
}
