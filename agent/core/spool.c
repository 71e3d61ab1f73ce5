#include "agent/core/spool.h"

#include "common/base/assert.h"
#include "common/base/err.h"

uint32_t pl_spool_capacity(int64_t keep_ms, int64_t interval_ms)
{
    PL_ASSERT(keep_ms > 0 && interval_ms > 0);
    int64_t samples = (keep_ms - 1) / interval_ms + 1;
    return (uint32_t)PL_MIN(samples, PL_SPOOL_SAMPLES_MAX);
}

size_t pl_spool_bytes(uint32_t capacity)
{
    return capacity * sizeof(struct pl_spool_slot);
}

void pl_spool_init(struct pl_spool *s, void *memory, uint32_t capacity)
{
    PL_ASSERT(capacity > 0 && capacity <= PL_SPOOL_SAMPLES_MAX);
    *s = (struct pl_spool){.slots = memory, .capacity = capacity, .first_seq = 1, .next_seq = 1};
}

static uint32_t slot_of(const struct pl_spool *s, uint64_t seq)
{
    uint32_t slot = s->oldest + (uint32_t)(seq - s->first_seq);
    return slot < s->capacity ? slot : slot - s->capacity;
}

/* Let the oldest `count` samples go. */
static void forget(struct pl_spool *s, uint32_t count)
{
    s->oldest = slot_of(s, s->first_seq + count);
    s->first_seq += count;
    if (s->first_seq == s->next_seq) s->oldest = 0; // keeps using the same few pages
}

void pl_spool_push(struct pl_spool *s, struct pl_sample *sample)
{
    if (pl_spool_count(s) == s->capacity) {
        forget(s, 1);
        s->dropped_count++;
    }
    struct pl_spool_slot *slot = &s->slots[slot_of(s, s->next_seq)];
    slot->unix_ms = sample->unix_ms;
    memcpy(slot->values, sample->values, sizeof slot->values);
    sample->seq = s->next_seq++;
}

int pl_spool_ack(struct pl_spool *s, uint64_t seq)
{
    if (seq >= s->next_seq) return PL_E_RANGE;
    if (seq >= s->first_seq) forget(s, (uint32_t)(seq - s->first_seq) + 1);
    return 0;
}

void pl_spool_get(const struct pl_spool *s, uint64_t seq, struct pl_sample *out)
{
    PL_ASSERT(seq >= s->first_seq && seq < s->next_seq);
    const struct pl_spool_slot *slot = &s->slots[slot_of(s, seq)];
    out->seq = seq;
    out->unix_ms = slot->unix_ms;
    memcpy(out->values, slot->values, sizeof slot->values);
}
