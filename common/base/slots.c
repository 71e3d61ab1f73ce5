#include "common/base/slots.h"

#include "common/base/assert.h"

void pl_slots_init(struct pl_slots *s, uint32_t *generation, uint32_t *next_free, uint32_t count)
{
    PL_ASSERT(count > 0 && count <= 1u << 31);
    *s = (struct pl_slots){.generation = generation, .next_free = next_free, .count = count};
    for (uint32_t i = 0; i < count; i++) {
        generation[i] = 0;
        next_free[i] = i + 1;
    }
}

bool pl_slots_take(struct pl_slots *s, struct pl_slot_id *out)
{
    uint32_t index = s->first_free;
    if (index == s->count) return false;
    s->first_free = s->next_free[index];
    s->taken_count++;
    *out = (struct pl_slot_id){index, ++s->generation[index]};
    return true;
}

bool pl_slots_live(const struct pl_slots *s, struct pl_slot_id id)
{
    return id.index < s->count && (id.generation & 1) != 0 &&
           s->generation[id.index] == id.generation;
}

void pl_slots_give(struct pl_slots *s, struct pl_slot_id id)
{
    PL_ASSERT(pl_slots_live(s, id));
    s->generation[id.index]++;
    s->next_free[id.index] = s->first_free;
    s->first_free = id.index;
    s->taken_count--;
}
