/* slots.h - a fixed pool of numbered slots with generations.
 *
 * Something that may die before an answer arrives (a page in flight, a browser's stream) is named
 * by slot + generation instead of by pointer: a late answer for a slot that was reused in the
 * meantime is then recognised and dropped. The caller brings the two arrays. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct pl_slot_id {
    uint32_t index;
    uint32_t generation; // even: free, odd: taken; an id with an even generation names nothing
};

struct pl_slots {
    uint32_t *generation; // borrowed, `count` items
    uint32_t *next_free;  // borrowed, `count` items
    uint32_t count;
    uint32_t first_free; // == count when all are taken
    uint32_t taken_count;
};

/* All slots free. `count` is 1 to 2^31. */
void pl_slots_init(struct pl_slots *s, uint32_t *generation, uint32_t *next_free, uint32_t count);
/* Take the most recently freed slot. False when all are taken; `*out` is untouched then. */
bool pl_slots_take(struct pl_slots *s, struct pl_slot_id *out);
/* Give a taken slot back; the id and every copy of it name nothing from here on. */
void pl_slots_give(struct pl_slots *s, struct pl_slot_id id);
/* True while `id` is taken and has not been reused. */
bool pl_slots_live(const struct pl_slots *s, struct pl_slot_id id);
